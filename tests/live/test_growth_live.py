"""A disk that grows while its guest writes: QEMU tells, we look, tell, and are told again at the next mark."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.chain_bed import MIB, Bed, off
from tests.testbed.guests import Guests
from vmdesk.core.jobs import Jobs
from vmdesk.core.sessions import Sessions
from vmdesk.core.storage import growth
from vmdesk.core.storage.growth import GrowthWatch
from vmdesk.core.store import Store
from vmdesk.model.errors import Problem
from vmdesk.model.host import HostConfig
from vmdesk.virt import pools

pytestmark = pytest.mark.live


@pytest.fixture
def bed(make_session_guest: Guests, session_uri: str, tmp_path: Path) -> Iterator[Bed]:
    made = Bed(make_session_guest, session_uri, tmp_path / "a", tmp_path / "settings")
    yield made
    make_session_guest.remove()
    made.close()


def test_a_disk_that_grows_is_told_at_each_mark(bed: Bed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "STEPS", (0.25, 0.95))  # far from each other: the guest writes on meanwhile
    monkeypatch.setattr(growth, "REST", 0.1)
    guest = bed.guest(mib=4)

    async def whole() -> list[Problem]:
        bugs: list[BaseException] = []
        told: asyncio.Queue[Problem] = asyncio.Queue()
        jobs, store = Jobs(bugs.append), Store()
        sessions = Sessions(store, jobs)
        session = sessions.add(HostConfig("h", "here", bed.uri))
        await session.open()
        watch = GrowthWatch(
            sessions,
            store,
            lambda _host: pools.pools(session.require()),
            lambda key, target, problem: told.put_nowait(problem) if key.uuid == guest.uuid else None,
        )
        task = jobs.spawn("growing disks", watch.run())
        try:
            async with asyncio.timeout(60):
                found = [await told.get(), await told.get()]
        finally:
            task.cancel()
            await sessions.close()
            await jobs.close()
        assert bugs == []
        return found

    for problem in asyncio.run(whole()):
        assert str(problem.what) == f"vdb of {guest.name} is almost as large as it can become."
        assert bed.pool in str(problem.why) and "of 4.2 MB" in str(problem.why)
    off(guest)
    assert next(bed.folder.iterdir()).stat().st_size > 0.95 * 4 * MIB
