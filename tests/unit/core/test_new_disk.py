"""A disk that is added: wherever the program is killed, the next start leaves no volume that nobody uses."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from vmdesk.core.hardware import new_disk
from vmdesk.core.hardware.new_disk import DiskWish
from vmdesk.core.journal import Journal
from vmdesk.core.tidying import left_behind, recover
from vmdesk.model.errors import VirtError
from vmdesk.model.host import HostConfig
from vmdesk.model.text import text
from vmdesk.virt import hardware, making, volumes
from vmdesk.virt.connection import Connection
from vmdesk.virtxml.edit import devices

UUID = "5d5ef1f5-6d5b-4c93-8d9c-8c0a5a8fd1d5"
NODE = """<node><pool type="dir"><name>default</name><target><path>/nowhere/pool</path></target></pool></node>"""
XML = f"""<domain type='test'><name>web</name><uuid>{UUID}</uuid><memory>65536</memory>
<os><type>hvm</type></os></domain>"""
WISH = DiskWish(1 << 30)


def run(tmp_path: Path, work: Callable[[Journal, Connection], Coroutine[Any, Any, None]]) -> None:
    (tmp_path / "node.xml").write_text(NODE)

    async def whole() -> None:
        uri = f"test://{tmp_path / 'node.xml'}"
        connection = await Connection.open(HostConfig("h", "h", uri), 1, lambda _event: None)
        try:
            await making.define(connection, XML)
            await work(Journal(tmp_path / "journal"), connection)
            assert list((tmp_path / "journal").iterdir()) == []
        finally:
            await connection.close()

    asyncio.run(whole())


async def there(connection: Connection) -> list[str]:
    return [one.name for one in await volumes.volumes(connection, "default")]


async def next_start(journal: Journal, connection: Connection) -> list[str]:
    found = list(left_behind(journal, connection.config_uri))
    return [str(await recover(connection, record, entry)) for record, entry in found]


class Killed(BaseException):
    pass


def test_all_is_well(tmp_path: Path) -> None:
    async def work(journal: Journal, connection: Connection) -> None:
        made = await new_disk.make(journal, connection, "web", WISH)
        assert (made.volume.path, made.volume.format) == ("/nowhere/pool/web.qcow2", "qcow2")
        made.finish()
        assert await next_start(journal, connection) == []
        assert await there(connection) == ["web.qcow2"]

    run(tmp_path, work)


def test_killed_before_it_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def killed(*_words: object, **_more: object) -> None:
        raise Killed

    async def work(journal: Journal, connection: Connection) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(volumes, "create_volume", killed)
            with pytest.raises(Killed):
                await new_disk.make(journal, connection, "web", WISH)
        assert await next_start(journal, connection) == [
            "Adding a disk to web had only just begun when VMDesk ended: nothing was left."
        ]

    run(tmp_path, work)


def test_killed_before_the_machine_has_it(tmp_path: Path) -> None:
    async def work(journal: Journal, connection: Connection) -> None:
        made = await new_disk.make(journal, connection, "web", WISH)
        made._entry.leave()  # as the end of a process does
        (said,) = await next_start(journal, connection)
        assert said == "Adding a disk to web was cut off when VMDesk ended. Removed: the volume web.qcow2."
        assert await there(connection) == []

    run(tmp_path, work)


def test_killed_when_the_machine_has_it(tmp_path: Path) -> None:
    async def work(journal: Journal, connection: Connection) -> None:
        made = await new_disk.make(journal, connection, "web", WISH)
        fragment = devices.disk_fragment("vda", "virtio", file=made.volume.path, format="qcow2")
        await hardware.apply(connection, UUID, [hardware.add_device(text("Disk"), fragment)], hardware.Affect.CONFIG)
        made._entry.leave()
        (said,) = await next_start(journal, connection)
        assert said == "Adding a disk to web was cut off when VMDesk ended. In use, and kept: the volume web.qcow2."
        assert await there(connection) == ["web.qcow2"]

    run(tmp_path, work)


def test_taken_back(tmp_path: Path) -> None:
    async def work(journal: Journal, connection: Connection) -> None:
        made = await new_disk.make(journal, connection, "web", WISH)
        await made.take_back()
        assert await there(connection) == []

    run(tmp_path, work)


def test_one_of_that_name_is_there(tmp_path: Path) -> None:
    async def work(journal: Journal, connection: Connection) -> None:
        (await new_disk.make(journal, connection, "web", WISH)).finish()
        with pytest.raises(VirtError):
            await new_disk.make(journal, connection, "web", DiskWish(1 << 30, name="web.qcow2"))
        assert await there(connection) == ["web.qcow2"]
        (await new_disk.make(journal, connection, "web", WISH)).finish()  # else the next free name
        assert len(await there(connection)) == 2

    run(tmp_path, work)
