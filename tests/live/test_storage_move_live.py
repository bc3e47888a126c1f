"""A running disk moves to another storage pool while its guest writes: nothing is lost, done or given up."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.chain_bed import Bed, blocks, check, disk, off, written
from tests.testbed.guests import Guests
from vmdesk.core.snapshots.desk import Desk
from vmdesk.core.storage.moving import Moved, move
from vmdesk.model.text import Text

pytestmark = pytest.mark.live


@pytest.fixture
def beds(make_session_guest: Guests, session_uri: str, tmp_path: Path) -> Iterator[tuple[Bed, Bed]]:
    """Two pools with one journal."""
    made = tuple(Bed(make_session_guest, session_uri, tmp_path / name, tmp_path / "settings") for name in ("a", "b"))
    yield made[0], made[1]
    make_session_guest.remove()
    for bed in made:
        bed.close()


def test_a_running_disk_moves(beds: tuple[Bed, Bed]) -> None:
    bed, other = beds
    guest = bed.guest()
    guest.wait_until_booted()
    written(guest)
    old = disk(guest)

    def give_up(_progress: float | None, _note: Text | None = None) -> None:
        raise asyncio.CancelledError  # as a person does while it copies

    async def given_up(desk: Desk) -> None:
        with pytest.raises(asyncio.CancelledError):
            await move(Desk(desk.journal, desk.connection, desk.uuid, give_up), "vdb", other.pool)

    bed.at(guest, given_up)
    assert disk(guest, live=True) == old and list(other.folder.iterdir()) == [] and not bed.journals()
    done: Moved = bed.at(guest, lambda desk: move(desk, "vdb", other.pool))
    assert Path(done.path).parent == other.folder and done.gone == (old,) and not Path(old).exists()
    assert disk(guest, live=True) == disk(guest) == done.path  # the stored definition, too
    written(guest)
    off(guest)
    check(done.path)
    assert blocks(done.path) > 5
    assert not bed.journals()
