"""An installer's answers go when its run has ended, and never while somebody needs them."""

import asyncio
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.testbed.connecting import PRACTICE, run
from vmdesk.core.creating.spent import Spending, note, take_away, waiting
from vmdesk.core.jobs import Jobs
from vmdesk.core.journal import Journal
from vmdesk.core.store import Store
from vmdesk.model.domain import Domain, DomainKey, State
from vmdesk.model.host import Host, HostConfig, Link
from vmdesk.model.storage import Volume
from vmdesk.virt import domains, making, pools, saving, volumes
from vmdesk.virt.connection import Connection

UUID = "5d5ef1f5-6d5b-4c93-8d9c-8c0a5a8fd1d5"
OTHER = "6e6ef1f5-6d5b-4c93-8d9c-8c0a5a8fd1d6"
NAME = "new-answers.iso"


def definition(name: str = "new", uuid: str = UUID, cd: str = "") -> str:
    disk = f"<disk type='file' device='cdrom'><source file='{cd}'/><target dev='sda' bus='sata'/></disk>" if cd else ""
    return (
        f"<domain type='test'><name>{name}</name><uuid>{uuid}</uuid><memory>65536</memory>"
        f"<os><type>hvm</type></os><devices>{disk}</devices></domain>"
    )


async def made(connection: Connection) -> Volume:
    return await volumes.create_volume(connection, await pools.pool(connection, "images"), NAME, 1 << 20, format="raw")


async def noted(connection: Connection, journal: Journal) -> Volume:
    """As it is when a machine has been made and started: the stored definition does not name it."""
    volume = await made(connection)
    await making.define(connection, definition(cd=volume.path))
    await making.start(connection, UUID)
    await making.redefine_stored(connection, UUID, definition())
    note(journal, connection.config_uri, "new", UUID, volume).leave()
    return volume


async def there(connection: Connection) -> bool:
    return NAME in {one.name for one in await volumes.volumes(connection, "images")}


async def look(connection: Connection, journal: Journal) -> list[str]:
    found = [await take_away(connection, *one) for one in waiting(journal, connection.config_uri)]
    return [str(one) for one in found if one is not None]


def left(journal: Journal) -> int:
    return len(list(journal.folder.glob("*.journal")))


def test_with_the_run_that_read_them(tmp_path: Path) -> None:
    async def work(connection: Connection) -> None:
        journal = Journal(tmp_path)
        await noted(connection, journal)
        assert await look(connection, journal) == [] and await there(connection)
        await saving.managed_save(connection, UUID)  # its memory goes on with the CD in the drive
        assert await look(connection, journal) == [] and await there(connection)
        await saving.managed_save_remove(connection, UUID)
        ((said),) = await look(connection, journal)
        assert "new has ended" in said and "deleted" in said
        assert not await there(connection) and not left(journal)

    run(PRACTICE, work)


def test_what_a_machine_names_stays(tmp_path: Path) -> None:
    async def work(connection: Connection) -> None:
        journal = Journal(tmp_path)
        volume = await noted(connection, journal)
        await domains.destroy(connection, UUID)
        await making.define(connection, definition("other", OTHER, volume.path))
        assert await look(connection, journal) == [] and await there(connection) and left(journal) == 1
        await making.remove(connection, OTHER, "other")
        await making.remove(connection, UUID, "new")  # deleted in the middle of it: nobody needs them either
        assert len(await look(connection, journal)) == 1 and not await there(connection)

    run(PRACTICE, work)


def test_another_file_of_that_name_stays(tmp_path: Path) -> None:
    async def work(connection: Connection) -> None:
        journal = Journal(tmp_path)
        volume = await noted(connection, journal)
        await domains.destroy(connection, UUID)
        await volumes.delete_volume(connection, "images", NAME, volume.path)
        pool = await pools.pool(connection, "images")
        await volumes.create_volume(connection, pool, NAME, 2 << 20, format="raw")
        assert await look(connection, journal) == [] and await there(connection) and not left(journal)

    run(PRACTICE, work)


def test_one_that_is_being_made_is_nobody_elses(tmp_path: Path) -> None:
    async def work(connection: Connection) -> None:
        journal = Journal(tmp_path)
        held = note(journal, connection.config_uri, "new", UUID, await made(connection))
        assert await look(connection, journal) == [] and await there(connection)
        held.leave()
        assert await look(connection, Journal(tmp_path)) and not await there(connection)  # its program was killed

    run(PRACTICE, work)


def test_the_window_hears_of_the_end(tmp_path: Path) -> None:
    async def work(connection: Connection) -> None:
        journal, store, bugs = Journal(tmp_path), Store(), list[Any]()
        await noted(connection, journal)
        jobs = Jobs(bugs.append)
        sessions: Any = SimpleNamespace(get=lambda _host: SimpleNamespace(connection=connection))
        store.put_host(Host(HostConfig("h", "h", PRACTICE), Link.UP))
        domain = Domain(DomainKey("h", UUID), "new", State.RUNNING)
        store.update([domain])
        spending = Spending(journal, store, sessions, jobs)
        await asyncio.sleep(0.05)
        assert await there(connection) and not jobs.all
        await domains.destroy(connection, UUID)
        store.update([replace(domain, state=State.SHUTOFF)])
        for _ in range(500):
            if not left(journal):
                break
            await asyncio.sleep(0.01)
        assert not await there(connection) and len(jobs.all) == 1 and not bugs
        spending.close()
        await jobs.close()

    run(PRACTICE, work)
