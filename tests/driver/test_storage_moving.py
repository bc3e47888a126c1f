"""The disk of a machine that is off moves to another storage pool, on libvirt's own test driver: done, refused, given
up, and cut off before each step.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.testbed.connecting import PRACTICE, opened, problem
from vmdesk.core.journal import Entry, Journal
from vmdesk.core.snapshots.desk import Desk
from vmdesk.core.storage.moving import move
from vmdesk.core.tidying import left_behind, recover
from vmdesk.model.chain import Role, Use
from vmdesk.model.storage import Pool, Volume
from vmdesk.model.text import Text
from vmdesk.virt import chains, pools, volumes
from vmdesk.virt.connection import Connection

NAME, FROM, TO = "web-staging", "images", "archive"
FILE = "web-staging.qcow2"
STEPS = ("volume", "copy", "switch", "tidy")
Story = Callable[["Bench"], Coroutine[Any, Any, None]]


class Killed(BaseException):
    """The program ends here."""


class Bench:
    """A machine of the practice host, off."""

    def __init__(self, connection: Connection, folder: Path) -> None:
        self.connection, self.journal = connection, Journal(folder)
        self.desk = Desk(self.journal, connection, "", self.report)
        self.told: list[tuple[float | None, str]] = []

    def report(self, progress: float | None, note: Text | None = None) -> None:
        self.told.append((progress, str(note)))

    async def begin(self) -> None:
        files = await chains.files(self.connection)
        owner = next(one for one in files.owners.values() if one.name == NAME)
        if owner.active:
            await self.connection.control.call(lambda conn: conn.lookupByName(NAME).destroy())
        self.desk = replace(self.desk, uuid=owner.uuid)

    async def disk(self) -> str:
        """Where its disk is, by its definition: POOL/NAME."""
        files = await chains.files(self.connection)
        (path,) = {use.path for use in files.uses if use.machine == self.desk.uuid and use.role is Role.DISK}
        return f"{files.images[path].pool}/{files.images[path].volume}"

    async def there(self, pool: str) -> bool:
        return FILE in {one.name for one in await volumes.volumes(self.connection, pool)}

    async def text(self) -> str:
        return await self.connection.control.call(lambda conn: str(conn.lookupByName(NAME).XMLDesc(2)))


async def copied(
    connection: Connection,
    pool: Pool,
    name: str,
    source: Volume,
    *,
    format: str,  # noqa: A002 - the word for it
    progress: Any,
) -> Volume:
    """This driver copies within one pool only: made anew."""
    progress(1, 1)
    return await volumes.create_volume(connection, pool, name, source.capacity, format=format)


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Story], None]:
    monkeypatch.setattr(volumes, "copy_volume", copied)

    def run(story: Story) -> None:
        async def whole() -> None:
            async with opened(PRACTICE) as connection:
                bench = Bench(connection, tmp_path)
                await bench.begin()
                await story(bench)
                assert not list(tmp_path.glob("*"))  # the journal is empty

        asyncio.run(whole())

    return run


def test_moved_with_nothing_else_changed(play: Callable[[Story], None]) -> None:
    async def story(bench: Bench) -> None:
        before = await bench.text()
        done = await move(bench.desk, "vda", TO)
        assert done.path.endswith(f"/{FILE}") and len(done.gone) == 1
        assert await bench.disk() == f"{TO}/{FILE}" and not await bench.there(FROM)
        assert await bench.text() == before.replace(done.gone[0], done.path)
        assert bench.told[-1][1].startswith("Switching")
        back = await move(bench.desk, "vda", FROM, keep=True)
        assert back.gone == () and await bench.there(TO) and await bench.disk() == f"{FROM}/{FILE}"
        assert await bench.text() == before

    play(story)


@pytest.mark.parametrize("step", STEPS)
def test_cut_off_before_each_step(play: Callable[[Story], None], monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """As by kill -9: nothing of the program runs any more. The next start ends it: done, or as it was."""

    async def story(bench: Bench) -> None:
        with monkeypatch.context() as patch:
            real = Entry.step

            def cut(entry: Entry, what: str, **data: Any) -> int:
                if what == step:
                    entry.leave()
                    raise Killed
                return real(entry, what, **data)

            async def nothing(_moving: object) -> None:
                pass

            patch.setattr(Entry, "step", cut)
            patch.setattr("vmdesk.core.storage.moving._Moving.take_back", nothing)
            with pytest.raises(Killed):
                await move(bench.desk, "vda", TO)
        ((record, entry),) = left_behind(bench.journal, bench.connection.config_uri)
        said = str(await recover(bench.connection, record, entry))
        moved = step == "tidy"
        assert ("had been done" if moved else "where it was") in said
        assert await bench.disk() == f"{TO if moved else FROM}/{FILE}"
        assert await bench.there(FROM) is not moved and await bench.there(TO) is moved

    play(story)


def test_given_up_while_it_is_copied(play: Callable[[Story], None], monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(bench: Bench) -> None:
        async def slow(*some: Any, **more: Any) -> Any:
            await copied(*some, **more)
            await asyncio.sleep(60)

        monkeypatch.setattr(volumes, "copy_volume", slow)
        task = asyncio.ensure_future(move(bench.desk, "vda", TO))
        while not task.done() and not await bench.there(TO):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await bench.disk() == f"{FROM}/{FILE}" and not await bench.there(TO)

    play(story)


@pytest.mark.parametrize("late", [False, True])
def test_a_machine_that_is_started_meanwhile_stays_where_it_is(
    play: Callable[[Story], None], monkeypatch: pytest.MonkeyPatch, late: bool
) -> None:
    """Started by somebody else before the definition is switched, or at that very moment, with the old disk."""

    async def story(bench: Bench) -> None:
        before = await bench.text()
        real = chains.files
        looked: list[Use] = []

        async def files(*some: Any, **more: Any) -> Any:
            found = await real(*some, **more)
            use = next(use for use in found.uses if use.machine == bench.desk.uuid and use.role is Role.DISK)
            looked.append(use)
            if len(looked) == (3 if late else 2):
                found = replace(found, uses=(*found.uses, replace(looked[0], live=True)))
            return found

        monkeypatch.setattr(chains, "files", files)
        assert await problem(move(bench.desk, "vda", TO)) == "changed"
        assert await bench.text() == before
        assert await bench.there(FROM) and not await bench.there(TO)

    play(story)


def test_somebody_was_quicker_with_the_name(play: Callable[[Story], None], monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(bench: Bench) -> None:
        async def free(_connection: Connection, _pool: str, stem: str, suffix: str = "") -> str:
            return stem + suffix

        place: Pool = await pools.pool(bench.connection, TO)
        await volumes.create_volume(bench.connection, place, FILE, 1 << 20, format="qcow2")
        monkeypatch.setattr(volumes, "free_name", free)
        assert await problem(move(bench.desk, "vda", TO)) == "taken"
        assert await bench.there(TO) and await bench.disk() == f"{FROM}/{FILE}"  # theirs is not ours to delete

    play(story)
