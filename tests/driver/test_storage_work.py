"""Pools and volumes as the window works with them, on libvirt's own test driver and the practice host."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from vmdesk.core.jobs import Jobs
from vmdesk.core.paths import Paths
from vmdesk.core.practice import DEMO
from vmdesk.core.sessions import Sessions
from vmdesk.core.storage.kinds import Field, PoolWish
from vmdesk.core.storage.work import Storage, VolumeWish
from vmdesk.core.store import Store
from vmdesk.core.trace import Trace
from vmdesk.model.errors import VirtError
from vmdesk.model.host import HostConfig
from vmdesk.model.text import Text

GIB = 1024**3
HOST = "h"


class World:
    """The storage of a practice host."""

    def __init__(self, folder: Path) -> None:
        self.bugs: list[BaseException] = []
        self.jobs, self.store, self.trace = Jobs(self.bugs.append), Store(), Trace()
        self.paths = Paths.of(folder)
        self.paths.make()
        self.sessions = Sessions(self.store, self.jobs)
        self.storage = Storage(self.sessions, self.store, self.trace, self.paths)

    def report(self, progress: float | None, note: Text | None = None) -> None:
        pass

    async def problem(self, work: Awaitable[object]) -> str:
        with pytest.raises(VirtError) as told:
            await work
        return told.value.problem.name


@pytest.fixture
def play(tmp_path: Path) -> Callable[[Callable[[World], Awaitable[None]]], World]:
    def run(story: Callable[[World], Awaitable[None]]) -> World:
        async def whole() -> World:
            world = World(tmp_path)
            await world.sessions.add(HostConfig(HOST, "practice", f"test://{DEMO}")).open()
            await story(world)
            await world.sessions.close()
            await world.jobs.close()
            assert world.bugs == [] and not list(world.paths.journal_folder.glob("*"))
            return world

        return asyncio.run(whole())

    return run


def test_looking(play: Callable[..., World]) -> None:
    async def story(world: World) -> None:
        seen = await world.storage.look(HOST)
        assert seen.pools == await world.storage.pools(HOST) and not seen.blind
        images = {row.name: row for row in seen.of("images")}
        assert {user.machine for user in images["accounting-data.qcow2"].users} == {"accounting"}
        assert seen.rows == tuple(sorted(seen.rows, key=lambda row: row.key))
        able = await world.storage.able(HOST)
        assert (
            "dir" in {one.kind for one in able.pools if one.supported} and not able.encrypts
        )  # this driver keeps no secrets

    play(story)


def test_a_pools_life(play: Callable[..., World]) -> None:
    async def story(world: World) -> None:
        storage = world.storage
        wish = PoolWish("new one", "dir", ((Field.TARGET, "/srv/new"),))
        await storage.make_pool(HOST, wish)
        assert await world.problem(storage.make_pool(HOST, wish)) == "taken"

        async def now() -> object:
            return next(pool for pool in await storage.pools(HOST) if pool.name == "new one")

        assert (await now()).active and (await now()).autostart
        await storage.set_autostart(HOST, "new one", False)
        await storage.refresh_pool(HOST, "new one")
        await storage.stop_pool(HOST, "new one")
        assert not (await now()).active and not (await now()).autostart
        await storage.start_pool(HOST, "new one")
        await storage.forget_pool(HOST, await now())
        assert "new one" not in {pool.name for pool in await storage.pools(HOST)}

    world = play(story)
    lines = [step.virsh for step in world.trace.entries if step.virsh]
    assert f"virsh -c test://{DEMO} pool-autostart 'new one' --disable" in lines
    assert [step.worked for step in world.trace.entries].count(False) == 1


def test_a_volumes_life(play: Callable[..., World]) -> None:
    async def story(world: World) -> None:
        storage = world.storage
        pool = next(one for one in await storage.pools(HOST) if one.name == "images")
        made = await storage.make(HOST, pool, VolumeWish("new.qcow2", GIB, "qcow2"), world.report)
        assert made.capacity == GIB
        rows = {row.name: row for row in (await storage.look(HOST)).of("images")}
        row = rows["new.qcow2"]
        assert row.orphan and not row.used
        copy = await storage.copy(HOST, row, pool, "copy.qcow2", "qcow2", world.report)
        assert copy.capacity == GIB
        used = rows["accounting-data.qcow2"]
        assert await world.problem(storage.delete(HOST, [row, used], world.report)) == "needed"
        assert "new.qcow2" in {one.name for one in (await storage.look(HOST)).of("images")}  # all or nothing
        assert await storage.delete(HOST, [row], world.report) == row.allocation
        assert "new.qcow2" not in {one.name for one in (await storage.look(HOST)).of("images")}

    play(story)


def test_an_upload_that_fails_leaves_nothing(play: Callable[..., World], tmp_path: Path) -> None:
    """The test driver has no streams: the volume that was made for it goes again."""
    file = tmp_path / "image.raw"
    file.write_bytes(b"x" * 1000)

    async def story(world: World) -> None:
        pool = next(one for one in await world.storage.pools(HOST) if one.name == "images")
        before = (await world.storage.look(HOST)).of("images")
        await world.problem(world.storage.upload(HOST, pool, "image.raw", file, world.report))
        await world.problem(world.storage.upload(HOST, pool, "none", tmp_path / "none", world.report))
        secret = VolumeWish("secret.qcow2", GIB, "qcow2", passphrase="correct horse")
        await world.problem(world.storage.make(HOST, pool, secret, world.report))
        assert (await world.storage.look(HOST)).of("images") == before

    play(story)
