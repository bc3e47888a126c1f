"""What was defined is kept without its secrets, and brought back with those of today."""

import asyncio
import os
import stat
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from vmdesk.core.definitions import MOST, Definitions, go_back, plan_back, time_line
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.host import HostConfig
from vmdesk.virt import defining, making
from vmdesk.virt.connection import Connection
from vmdesk.virt.lane import Lane
from vmdesk.virtxml.edit import machine

KEY = DomainKey("h", "5d5ef1f5-6d5b-4c93-8d9c-8c0a5a8fd1d5")
DEMO = Path(__file__).parents[3] / "resources" / "demo.xml"
XML = f"""<domain type='test'>
  <name>web</name>
  <uuid>{KEY.uuid}</uuid>
  <memory unit='KiB'>1048576</memory>
  <vcpu>1</vcpu>
  <os><type>hvm</type></os>
  <devices>
    <disk type='file' device='disk'><source file='/nowhere/web.qcow2'/><target dev='vda' bus='virtio'/></disk>
    <interface type='network'><mac address='52:54:00:00:00:01'/><source network='forgotten'/></interface>
    <graphics type='vnc' port='-1' passwd='sesame'/>
  </devices>
</domain>
"""


def run(tmp_path: Path, work: Callable[[Definitions, Connection], Coroutine[Any, Any, None]]) -> None:
    async def whole() -> None:
        problems: list[Problem] = []
        lane = Lane(1, "definitions")
        now = iter(range(1000, 100_000))
        definitions = Definitions(tmp_path / "s" / "definitions.sqlite", lane, problems.append, lambda: next(now))
        connection = await Connection.open(HostConfig("h", "h", f"test://{DEMO}"), 1, lambda _event: None)
        try:
            await work(definitions, connection)
        finally:
            await connection.close()
            await definitions.close()
            lane.shutdown()
        assert not problems

    asyncio.run(whole())


def test_kept_once_without_secrets_for_its_owner_only(tmp_path: Path) -> None:
    async def work(definitions: Definitions, _connection: Connection) -> None:
        assert await definitions.saw(KEY, "web", XML)
        assert not await definitions.saw(KEY, "web", XML)
        assert not await definitions.saw(KEY, "web", XML.replace("sesame", "another"))
        (kept,) = await definitions.all_of(KEY)
        assert "passwd='***'" in kept.xml and kept.complete and kept.time == 1000
        assert await definitions.all_of(DomainKey("other", KEY.uuid)) == ()

    run(tmp_path, work)
    for file in (tmp_path / "s").iterdir():
        assert b"sesame" not in file.read_bytes()
        assert stat.S_IMODE(os.stat(file).st_mode) == 0o600, file


def test_the_last_fifty(tmp_path: Path) -> None:
    async def work(definitions: Definitions, _connection: Connection) -> None:
        for n in range(1, MOST + 11):
            await definitions.saw(KEY, "web", machine.vcpus(XML, n, n))
        kept = await definitions.all_of(KEY)
        assert len(kept) == MOST and "<vcpu>60</vcpu>" in kept[0].xml and "<vcpu>11</vcpu>" in kept[-1].xml
        line = time_line(kept)
        assert [str(one) for one in line[0].differences] == ["Virtual processors: 59 → 60"]
        assert line[-1].differences == ()

    run(tmp_path, work)


def test_the_same_seen_by_one_who_may_not_read_secrets(tmp_path: Path) -> None:
    plain = XML.replace(" passwd='sesame'", "")

    async def work(definitions: Definitions, _connection: Connection) -> None:
        assert await definitions.saw(KEY, "web", plain, complete=False)
        assert not await definitions.saw(KEY, "web", XML)
        assert not await definitions.saw(KEY, "web", plain, complete=False)
        (kept,) = await definitions.all_of(KEY)
        assert kept.complete and "***" in kept.xml

    run(tmp_path, work)


def test_the_way_back(tmp_path: Path) -> None:
    async def work(definitions: Definitions, connection: Connection) -> None:
        first = XML
        await making.define(connection, first)
        await definitions.saw(KEY, "web", (await defining.hidden(connection, KEY.uuid))[0])
        # Later: more memory, another password, no disk, no card, another name.
        now = machine.memory(first, 4 << 20).replace("sesame", "better")
        for line in first.splitlines():
            if "<disk" in line or "<interface" in line:
                now = now.replace(line + "\n", "")
        await making.redefine_stored(connection, KEY.uuid, now)
        (kept,) = await definitions.all_of(KEY)
        way = await plan_back(connection, KEY.uuid, kept)
        assert way.files == ("/nowhere/web.qcow2",) and way.networks == ("forgotten",) and way.asked == ()
        assert "Memory: 4 GiB → 1 GiB" in [str(one) for one in way.differences]
        assert await go_back(connection, KEY.uuid, way)
        after = await defining.whole(connection, KEY.uuid)
        assert "passwd='better'" in after and "1048576" in after and KEY.uuid in after and "vda" in after

    run(tmp_path, work)


def test_a_secret_that_nobody_knows_any_more_is_asked_for(tmp_path: Path) -> None:
    async def work(definitions: Definitions, connection: Connection) -> None:
        await making.define(connection, XML)
        await definitions.saw(KEY, "web", (await defining.hidden(connection, KEY.uuid))[0])
        graphics = "<graphics type='vnc' port='-1' passwd='sesame'/>"
        await making.redefine_stored(connection, KEY.uuid, XML.replace(graphics, ""))
        (kept,) = await definitions.all_of(KEY)
        way = await plan_back(connection, KEY.uuid, kept)
        assert [str(one) for one in way.asked] == ["the password of the VNC screen"]
        with pytest.raises(ValueError, match="zip"):
            await go_back(connection, KEY.uuid, way)
        assert await go_back(connection, KEY.uuid, way, ("fresh",))
        assert "passwd='fresh'" in await defining.whole(connection, KEY.uuid)

    run(tmp_path, work)


def test_somebody_was_faster(tmp_path: Path) -> None:
    async def work(definitions: Definitions, connection: Connection) -> None:
        await making.define(connection, XML)
        await definitions.saw(KEY, "web", (await defining.hidden(connection, KEY.uuid))[0])
        await making.redefine_stored(connection, KEY.uuid, machine.vcpus(XML, 3))
        (kept,) = await definitions.all_of(KEY)
        way = await plan_back(connection, KEY.uuid, kept)
        await making.redefine_stored(connection, KEY.uuid, machine.vcpus(XML, 5))
        with pytest.raises(VirtError) as error:
            await go_back(connection, KEY.uuid, way)
        problem = error.value.problem
        assert problem.name == "changed" and "sesame" not in problem.details
        assert "--- before" in problem.details and "+++ yours" in problem.details and "+++ theirs" in problem.details

    run(tmp_path, work)
