"""Snapshots and deletion for the window, on libvirt's own test driver."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import libvirt
import pytest

from vmdesk.core.jobs import Jobs
from vmdesk.core.layers import Layers
from vmdesk.core.paths import Paths
from vmdesk.core.sessions import Sessions
from vmdesk.core.snapshots.taking import Wish
from vmdesk.core.store import Store
from vmdesk.core.trace import Trace
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import VirtError
from vmdesk.model.host import HostConfig
from vmdesk.model.snapshot import Snapshot
from vmdesk.model.text import Text
from vmdesk.virt import domains


class World:
    """The machine "test" of a practice host."""

    def __init__(self, folder: Path) -> None:
        self.bugs: list[BaseException] = []
        self.jobs, self.store, self.trace = Jobs(self.bugs.append), Store(), Trace()
        self.paths = Paths.of(folder)
        self.sessions = Sessions(self.store, self.jobs)
        self.layers = Layers(self.sessions, self.store, self.trace, self.paths)
        self.notes: list[str] = []

    async def open(self) -> DomainKey:
        await self.sessions.add(HostConfig("h", "practice", "test:///default")).open()
        return next(key for key, domain in self.store.domains.items() if domain.name == "test")

    def report(self, progress: float | None, note: Text | None = None) -> None:
        self.notes.append(str(note or ""))

    async def names(self, key: DomainKey) -> dict[str, Snapshot]:
        return {one.name: one for one in await self.layers.listed(key)}


def run(folder: Path, story: Callable[[World, DomainKey], Awaitable[None]]) -> World:
    async def whole() -> World:
        world = World(folder)
        await story(world, await world.open())
        await world.sessions.close()
        await world.jobs.close()
        assert world.bugs == [] and not list(world.paths.journal_folder.glob("*"))
        return world

    return asyncio.run(whole())


def test_a_snapshots_life(tmp_path: Path) -> None:
    async def story(world: World, key: DomainKey) -> None:
        assert await world.layers.listed(key) == []
        for name in ("first", "second", "third"):
            assert await world.layers.take(key, Wish(name, f"the {name}"), world.report) == name
        found = await world.names(key)
        assert [(one.name, one.parent, one.note, one.current) for one in found.values()] == [
            ("first", "", "the first", False),
            ("second", "first", "the second", False),
            ("third", "second", "the third", True),
        ]
        await world.layers.set_note(key, "second", "another")
        assert (await world.names(key))["second"].note == "another"
        await world.layers.revert(key, "first", False, world.report)
        assert (await world.names(key))["first"].current
        assert await world.layers.delete_snapshot(key, "second", True, world.report) == ("third", "second")
        assert list(await world.names(key)) == ["first"]

    world = run(tmp_path, story)
    steps = [(step.call, step.virsh, step.worked) for step in world.trace.entries]
    assert steps[0] == (
        "virDomainSnapshotCreateXML",
        "virsh -c test:///default snapshot-create-as test first --description 'the first'",
        True,
    )
    assert steps[-1][1] == "virsh -c test:///default snapshot-delete test second --children"
    assert len(steps) == 6


def test_a_name_twice_is_refused_and_stands_in_the_trace(tmp_path: Path) -> None:
    async def story(world: World, key: DomainKey) -> None:
        await world.layers.take(key, Wish("same"), world.report)
        with pytest.raises(VirtError, match="already"):
            await world.layers.take(key, Wish("same"), world.report)
        assert not world.trace.entries[-1].worked and len(await world.names(key)) == 1

    run(tmp_path, story)


def test_a_machine_is_deleted_when_it_is_off(tmp_path: Path) -> None:
    async def story(world: World, key: DomainKey) -> None:
        with pytest.raises(VirtError, match="not off"):
            await world.layers.delete(key, "test", (), world.report)
        connection = world.sessions.of(key).require()
        await domains.destroy(connection, key.uuid)
        with pytest.raises(VirtError, match="is called"):
            await world.layers.delete(key, "another", (), world.report)
        seen = await world.layers.look(key)
        assert seen.domain.name == "test" and not seen.domain.active
        done = await world.layers.delete(key, "test", (), world.report)
        assert (done.name, done.gone) == ("test", ())
        assert (await domains.read(connection, [key.uuid]))[0] == []

    run(tmp_path, story)


def test_a_picture_is_kept_with_each_snapshot_and_goes_with_it(tmp_path: Path) -> None:
    async def story(world: World, key: DomainKey) -> None:
        for name in ("on", "../evil/.."):
            try:
                await world.layers.take(key, Wish(name), world.report)
            except VirtError:
                assert "/" in name
        assert world.layers.picture(key, "on").startswith(b"\x89PNG")
        assert world.layers.picture(key, "another") == b"" == world.layers.picture(key, "../evil/..")
        await domains.destroy(world.sessions.of(key).require(), key.uuid)
        await world.layers.take(key, Wish("off"), world.report)
        assert world.layers.picture(key, "off") == b""
        await world.layers.listed(key)
        assert world.layers.picture(key, "on")
        await world.layers.delete_snapshot(key, "on", False, world.report)
        await world.layers.listed(key)
        assert not list(world.paths.pictures_folder.rglob("*.png"))

    run(tmp_path, story)


VOLUME = """<volume><name>{name}</name><capacity>2000</capacity><allocation>1000</allocation>
  <target><path>/default-pool/{name}</path><format type="qcow2"/></target></volume>"""


def test_a_file_goes_only_if_nobody_needs_it(tmp_path: Path) -> None:
    async def story(world: World, key: DomainKey) -> None:
        connection = world.sessions.of(key).require()

        def make(conn: "libvirt.virConnect") -> list[str]:
            pool = conn.storagePoolLookupByName("default-pool")
            made = [pool.createXML(VOLUME.format(name=name), 0).path() for name in ("mine", "nobodys")]
            machine = conn.lookupByName("test")
            disk = f"<disk type='file'><source file='{made[0]}'/><target dev='vdz'/></disk>"
            conn.defineXML(machine.XMLDesc(0).replace("<devices>", f"<devices>{disk}"))
            return made

        mine, nobodys = await connection.long.call(make)
        with pytest.raises(VirtError, match="needed by the machine test"):
            await world.layers.delete_file(key, mine)
        await world.layers.delete_file(key, nobodys)
        with pytest.raises(VirtError, match="no storage pool"):
            await world.layers.delete_file(key, nobodys)
        files = (await world.layers.look(key)).files
        assert mine in files.images and nobodys not in files.images

    run(tmp_path, story)
