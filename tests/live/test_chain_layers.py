"""What the page of disk files offers for a running machine, done: the guest writes on, and nothing of it is lost."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.chain_bed import Bed, chain_of, disk, quiet, written
from tests.testbed.guests import Guests
from vmdesk.core.jobs import Jobs
from vmdesk.core.layers import Layers
from vmdesk.core.paths import Paths
from vmdesk.core.sessions import Sessions
from vmdesk.core.snapshots.desk import View
from vmdesk.core.snapshots.stack import doings, layers
from vmdesk.core.snapshots.taking import Wish
from vmdesk.core.store import Store
from vmdesk.core.trace import Trace
from vmdesk.model.domain import DomainKey
from vmdesk.model.host import HostConfig
from vmdesk.model.snapshot import Kind

pytestmark = pytest.mark.live


@pytest.fixture
def bed(make_session_guest: Guests, session_uri: str, tmp_path: Path) -> Iterator[Bed]:
    made = Bed(make_session_guest, session_uri, tmp_path / "pool", tmp_path / "settings")
    yield made
    make_session_guest.remove()
    made.close()


def line(view: View) -> list[str]:
    """The files of the disk that the guest writes, the written one first."""
    rows = {one.path: one for one in layers(view.files, view.domain.uuid)}
    path = next(one.path for one in rows.values() if one.target == "vdb")
    found = []
    while path:
        found.append(path)
        path = rows[path].image.backing
    return found


def test_layers_are_merged_and_taken_in(bed: Bed) -> None:
    guest = bed.guest(graphics="vnc")
    base = disk(guest)
    guest.wait_until_booted()
    written(guest)

    async def whole() -> None:
        bugs: list[BaseException] = []
        store, jobs, trace = Store(), Jobs(bugs.append), Trace()
        sessions = Sessions(store, jobs)
        desk = Layers(sessions, store, trace, Paths.of(bed.settings))
        key = DomainKey("h", guest.uuid)
        try:
            await sessions.add(HostConfig("h", "h", bed.uri)).open()
            for name in ("one", "two"):
                await desk.take(key, Wish(name, kind=Kind.EXTERNAL), quiet)
            assert desk.picture(key, "one").startswith(b"\x89PNG")
            view = await desk.look(key)
            top, middle, last = line(view)
            assert last == base and doings(view.files, view.domain, top).commit is not None  # the snapshots need them
            for name in ("two", "one"):  # forgotten, not merged: only their layers stay
                await asyncio.to_thread(
                    guest.ask, lambda domain, name=name: domain.snapshotLookupByName(name).delete(2)
                )
            view = await desk.look(key)
            can = doings(view.files, view.domain, middle)
            assert (can.commit, can.below) == (None, base)
            await desk.commit(key, can.target, middle, can.below, quiet)
            view = await desk.look(key)
            assert line(view) == [top, base]
            assert not Path(middle).exists()
            can = doings(view.files, view.domain, top)
            assert can.pull is None and can.base == "" and can.pulled == (base,)
            await desk.pull(key, can.target, can.base, quiet)
            view = await desk.look(key)
            assert line(view) == [top]
            can = doings(view.files, view.domain, base)
            assert can.delete is None
            await desk.delete_file(key, base)
            assert not Path(base).exists() and bugs == []
        finally:
            await sessions.close()
            await jobs.close()

    asyncio.run(whole())
    written(guest)
    assert len(chain_of(disk(guest))) == 1 and bed.journals() == []
