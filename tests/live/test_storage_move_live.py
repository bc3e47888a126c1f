"""A running disk moves to another storage pool while its guest writes: nothing is lost, done or given up."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import libvirt
import pytest

from tests.live.chain_bed import MIB, Bed, blocks, check, digest, disk, off, write, written
from tests.live.test_chain_cli import Line
from tests.testbed.guests import Guests, wait_for
from vmdesk.core.chains import orphans
from vmdesk.core.journal import Entry
from vmdesk.core.snapshots.desk import Desk
from vmdesk.core.storage.moving import MOVE, Moved, move
from vmdesk.core.tidying import left_behind, recover
from vmdesk.model.text import Text
from vmdesk.virt import chains, secrets, storage
from vmdesk.virt.connection import Connection
from vmdesk.virtxml import layers

pytestmark = pytest.mark.live
COPY = libvirt.VIR_DOMAIN_BLOCK_COPY_REUSE_EXT | libvirt.VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB


@pytest.fixture
def beds(make_session_guest: Guests, session_uri: str, tmp_path: Path) -> Iterator[tuple[Bed, Bed]]:
    """Two pools with one journal."""
    made = tuple(Bed(make_session_guest, session_uri, tmp_path / name, tmp_path / "settings") for name in ("a", "b"))
    yield made[0], made[1]
    make_session_guest.remove()
    for bed in made:
        bed.close()


def begun(bed: Bed, desk: Desk, old: str, volume: str, other: Bed) -> Entry:
    data = {"uuid": desk.uuid, "target": "vdb", "old": old, "pool": other.pool, "volume": volume, "keep": False}
    return bed.journal.begin(MOVE, desk.connection.config_uri, "chain", **data)


async def tidied(desk: Desk) -> Text:
    """As the next start does."""
    ((record, entry),) = left_behind(desk.journal, desk.connection.config_uri)
    return await recover(desk.connection, record, entry)


def test_a_running_disk_moves(beds: tuple[Bed, Bed], capfd: pytest.CaptureFixture[str]) -> None:
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

    async def killed(desk: Desk) -> str:
        """What a program that ends in the midst of it leaves, and what the next start makes of it."""
        entry = begun(bed, desk, old, "left.qcow2", other)
        pool = await storage.pool(desk.connection, other.pool)
        made = await storage.create_volume(desk.connection, pool, "left.qcow2", 64 * MIB, format="qcow2")
        entry.step("copy", path=made.path)
        guest.ask(lambda domain: domain.blockCopy("vdb", layers.mirror(made), {}, COPY))
        entry.leave()
        in_sight = await chains.files(desk.connection)
        assert made.path not in {image.path for image in orphans(in_sight)}  # a job writes into it
        return str(await tidied(desk))

    assert "where it was" in bed.at(guest, killed)
    assert disk(guest, live=True) == old and list(other.folder.iterdir()) == [] and not bed.journals()

    done: Moved = bed.at(guest, lambda desk: move(desk, "vdb", other.pool, keep=True))
    assert Path(done.path).parent == other.folder and done.gone == () and Path(old).exists()

    async def killed_late(desk: Desk) -> str:
        """It is over there already, and the old file was to go."""
        entry = begun(bed, desk, old, Path(done.path).name, other)
        entry.step("copy", path=done.path)
        entry.leave()
        return str(await tidied(desk))

    assert "had been done" in bed.at(guest, killed_late)
    assert not Path(old).exists() and Path(done.path).exists() and not bed.journals()
    assert disk(guest, live=True) == disk(guest) == done.path  # the stored definition, too
    written(guest)
    back = Line(bed, capfd).json("volume", "move", other.pool, Path(done.path).name, bed.pool)
    assert back["deleted"] == [done.path] and not Path(done.path).exists()
    assert disk(guest, live=True) == disk(guest) == back["path"]
    written(guest)
    off(guest)
    check(back["path"])
    assert blocks(back["path"]) > 5
    assert not bed.journals()


def test_a_disk_of_a_machine_that_is_off_moves(beds: tuple[Bed, Bed], capfd: pytest.CaptureFixture[str]) -> None:
    """Byte for byte, as small as it was; a program that is killed while it copies leaves it where it is."""
    bed, other = beds
    guest = bed.guest(mib=256, start=False)
    old = disk(guest)
    for block in (1, 900, 7000):
        write(old, block, block % 250 + 1)
    before, size = digest(old), Path(old).stat().st_blocks
    line = [sys.executable, "-m", "vmdesk", "--connect", bed.uri, "--settings-dir", str(bed.settings)]
    words = ["volume", "move", bed.pool, Path(old).name, other.pool]
    program = subprocess.Popen([*line, *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    wait_for(lambda: bed.journals() or program.poll() is not None, "it has begun", 30)
    program.kill()
    program.wait()
    run = Line(bed, capfd)
    run("list")  # the next start
    where = disk(guest)
    assert not bed.journals() and digest(where) == before
    assert list(other.folder.iterdir()) == ([] if where == old else [Path(where)])
    if where == old:
        moved = run.json(*words)
        assert moved["deleted"] == [old] and disk(guest) == moved["path"]
    new = Path(disk(guest))
    assert new.parent == other.folder and not Path(old).exists()
    check(new)
    assert digest(new) == before and new.stat().st_blocks <= size + 64
    guest.start()
    guest.wait_until_booted()
    off(guest)


def test_passphrases_are_kept(beds: tuple[Bed, Bed]) -> None:
    """Not the volume itself: QEMU measures how long a passphrase takes, and gives up on a busy computer."""
    bed, _other = beds

    async def work(connection: Connection) -> None:
        assert await secrets.able(connection)
        uuid = await secrets.keep(connection, "correct horse battery", "locked.qcow2")
        known = await connection.long.call(lambda conn: conn.secretLookupByUUIDString(uuid).XMLDesc())
        assert "private='yes'" in known and "locked.qcow2" in known and "horse" not in known
        await secrets.drop(connection, uuid)
        await secrets.drop(connection, uuid)  # nothing if it is gone

    bed.run(work)
