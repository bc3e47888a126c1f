"""Snapshots of real guests: what was there then is there again, byte for byte, and nothing else was touched."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.chain_bed import Bed, blocks, chain_of, check, digest, disk, off, problem, write, written
from tests.testbed.guests import Guest, Guests
from vmdesk.core.chains import Index, orphans
from vmdesk.core.snapshots.deleting import delete, plan
from vmdesk.core.snapshots.desk import Desk, view
from vmdesk.core.snapshots.merging import commit, pull
from vmdesk.core.snapshots.plan import SnapshotPlan, Way
from vmdesk.core.snapshots.reverting import revert
from vmdesk.core.snapshots.taking import Wish, take
from vmdesk.model.chain import Role
from vmdesk.model.snapshot import Kind, Snapshot
from vmdesk.virt import snapshots

pytestmark = pytest.mark.live
EXTERNAL = Kind.EXTERNAL


@pytest.fixture
def bed(make_session_guest: Guests, session_uri: str, tmp_path: Path) -> Iterator[Bed]:
    made = Bed(make_session_guest, session_uri, tmp_path / "pool", tmp_path / "settings")
    yield made
    make_session_guest.remove()
    made.close()


def listed(bed: Bed, guest: Guest) -> dict[str, Snapshot]:
    return {one.name: one for one in bed.at(guest, lambda desk: snapshots.snapshots(desk.connection, desk.uuid))}


def agree(bed: Bed, guest: Guest) -> list[str]:
    """Our chain of vdb, which is qemu-img's."""
    files = bed.files()
    assert not files.blind
    index = Index(files)
    top = next(use.path for use in index.of(guest.uuid) if use.target == "vdb" and use.role is Role.DISK)
    assert list(index.chain(top)) == chain_of(top) and index.whole(top)
    if guest.state() == 5:
        check(*index.chain(top))
    return list(index.chain(top))


def taken(bed: Bed, guest: Guest, name: str, **options: object) -> None:
    assert bed.at(guest, lambda desk: take(desk, Wish(name, **options))) == name  # type: ignore[arg-type]


def test_internal_ones_off_and_running(bed: Bed) -> None:
    guest = bed.guest(start=False)
    path = disk(guest)
    write(path, 1, 7)
    before = digest(path)
    taken(bed, guest, "first", note="before all")
    guest.start()
    guest.wait_until_booted()
    written(guest)
    taken(bed, guest, "runs", kind=Kind.INTERNAL)
    written(guest)
    found = listed(bed, guest)
    assert [(one.kind, one.memory, one.parent) for one in found.values()] == [
        (Kind.INTERNAL, "no", ""),
        (Kind.INTERNAL, "internal", "first"),
    ]
    assert found["first"].note == "before all" and found["runs"].current
    bed.at(guest, lambda desk: snapshots.set_note(desk.connection, desk.uuid, "first", "new & <odd>"))
    assert listed(bed, guest)["first"].note == "new & <odd>" and listed(bed, guest)["runs"].current
    refused = bed.at(guest, lambda desk: problem(take(desk, Wish("mix", kind=EXTERNAL))))
    assert "mixed" in str(refused)
    bed.at(guest, lambda desk: revert(desk, "runs"))
    assert guest.state() == 1  # with its memory it goes on
    written(guest)
    bed.at(guest, lambda desk: revert(desk, "first", save_now=True))
    assert guest.state() == 5 and digest(path) == before and len(listed(bed, guest)) == 3
    check(path)
    assert bed.at(guest, lambda desk: delete(desk, "first", children=True))[-1] == "first"
    assert not listed(bed, guest) and digest(path) == before
    check(path)


async def planned(desk: Desk, name: str) -> SnapshotPlan:
    (told,) = plan(await view(desk.connection, desk.uuid), name)
    return told


def test_a_chain_of_five_loses_its_middle(bed: Bed) -> None:
    guest = bed.guest(start=False)
    for number in range(1, 6):
        write(disk(guest), number, number)
        taken(bed, guest, f"s{number}", kind=EXTERNAL)
    write(disk(guest), 6, 6)
    now = digest(disk(guest))
    then = {name: digest(one.disks[0].frozen) for name, one in listed(bed, guest).items()}
    assert len(agree(bed, guest)) == 6
    told = bed.at(guest, lambda desk: planned(desk, "s3"))
    assert told.way is Way.LIBVIRT and told.refused is None
    bed.at(guest, lambda desk: delete(desk, "s3"))
    assert guest.state() == 5 and len(agree(bed, guest)) == 5
    assert digest(disk(guest)) == now
    rest = listed(bed, guest)
    assert list(rest) == ["s1", "s2", "s4", "s5"] and rest["s4"].parent == "s2"
    assert {name: digest(one.disks[0].frozen) for name, one in rest.items()} == {name: then[name] for name in rest}
    guest.ask(lambda domain: domain.createWithFlags(1))  # paused: it writes nothing of its own
    bed.at(guest, lambda desk: delete(desk, "s1", children=True))  # with a process: leaf by leaf
    off(guest)
    assert digest(disk(guest)) == now
    assert len(agree(bed, guest)) == 1 and not listed(bed, guest)
    assert not bed.journals() and not orphans(bed.files())


def test_reverting_external_ones(bed: Bed) -> None:
    guest = bed.guest(start=False)
    write(disk(guest), 1, 1)
    base = disk(guest)
    taken(bed, guest, "one", kind=EXTERNAL)
    write(disk(guest), 2, 2)
    taken(bed, guest, "two", kind=EXTERNAL)
    write(disk(guest), 3, 3)
    left, now = disk(guest), digest(disk(guest))
    frozen = {name: digest(found.disks[0].frozen) for name, found in listed(bed, guest).items()}
    guest.start()
    assert "Shut it down first" in str(bed.at(guest, lambda desk: problem(revert(desk, "one"))))
    off(guest)
    lost = digest(left)
    done = bed.at(guest, lambda desk: revert(desk, "one"))
    assert done.branch == (left,) and Path(left).exists() and digest(left) == lost
    assert digest(disk(guest)) == frozen["one"] and disk(guest) not in (left, base)
    assert listed(bed, guest)["one"].current and chain_of(disk(guest))[1:] == [base]
    agree(bed, guest)
    write(disk(guest), 4, 4)
    branch = digest(disk(guest))
    done = bed.at(guest, lambda desk: revert(desk, "two", save_now=True))
    assert digest(disk(guest)) == frozen["two"]
    again = listed(bed, guest)
    assert again[done.saved].parent == "one" and digest(again[done.saved].disks[0].frozen) == branch
    assert {name: digest(again[name].disks[0].frozen) for name in frozen} == frozen
    guest.start()  # and it can be used
    guest.wait_until_booted()
    written(guest)
    off(guest)
    agree(bed, guest)
    # A snapshot that others stand on is only forgotten; a branch of nobody goes with its files.
    told = bed.at(guest, lambda desk: planned(desk, "one"))
    assert told.way is not Way.LIBVIRT and base not in {image.path for image in told.gone}
    bed.at(guest, lambda desk: delete(desk, done.saved))
    bed.at(guest, lambda desk: delete(desk, "one"))
    assert Path(base).exists() and digest(again["two"].disks[0].frozen) == frozen["two"] and now
    agree(bed, guest)
    assert not bed.journals()


def test_external_ones_with_memory(bed: Bed) -> None:
    guest = bed.guest()
    guest.wait_until_booted()
    written(guest)
    taken(bed, guest, "memory", kind=EXTERNAL, memory=True)
    found = listed(bed, guest)["memory"]
    assert found.memory == "external" and Path(found.memory_file).exists() and (found.bytes or 0) > 0
    written(guest)
    off(guest)
    then = blocks(found.disks[0].frozen)
    assert blocks(disk(guest)) > then
    bed.at(guest, lambda desk: revert(desk, "memory"))
    assert guest.state() == 1
    written(guest)
    off(guest)
    assert blocks(disk(guest)) > then  # it went on with the number that comes next: none is missing
    assert blocks(found.disks[0].frozen) == then
    agree(bed, guest)
    bed.at(guest, lambda desk: delete(desk, "memory"))
    assert not Path(found.memory_file).exists() and not listed(bed, guest)
    assert not bed.journals()


def test_merging_while_the_guest_writes(bed: Bed) -> None:
    guest = bed.guest()
    guest.wait_until_booted()
    base = disk(guest)
    for _ in range(3):  # layers of another tool: no snapshots
        written(guest, 3)
        taken(bed, guest, "x", kind=EXTERNAL)
        bed.at(guest, lambda desk: snapshots.delete(desk.connection, desk.uuid, "x", metadata_only=True))
    line = agree(bed, guest)
    assert len(line) == 4
    heard: list[float | None] = []
    bed.at(guest, lambda desk: commit(desk, "vdb", line[1], line[2]))
    assert agree(bed, guest) == [line[0], *line[2:]] and not Path(line[1]).exists()
    bed.at(guest, lambda desk: pull(desk, "vdb", base))
    assert agree(bed, guest) == [line[0], base] and not Path(line[2]).exists()
    written(guest)
    bed.at(guest, lambda desk: commit(desk, "vdb", "", base))
    assert agree(bed, guest) == [base] == [disk(guest)] and not Path(line[0]).exists()
    written(guest)
    off(guest)
    assert blocks(base) > 10 and not heard
    assert not bed.journals() and not orphans(bed.files())


def test_merging_what_a_snapshot_names_is_refused(bed: Bed) -> None:
    guest = bed.guest()
    guest.wait_until_booted()
    base = disk(guest)
    taken(bed, guest, "kept", kind=EXTERNAL)
    assert "kept" in str(bed.at(guest, lambda desk: problem(commit(desk, "vdb", "", base))))
    assert "kept" in str(bed.at(guest, lambda desk: problem(pull(desk, "vdb"))))  # it would be left without a state
    assert len(agree(bed, guest)) == 2


def test_what_is_offered(bed: Bed) -> None:
    guest = bed.guest(start=False)
    seen = bed.at(guest, lambda desk: view(desk.connection, desk.uuid))
    assert seen.offers.internal is None and seen.offers.external is None
    assert seen.offers.memory is not None and seen.offers.quiesce is not None
    assert (
        "agent" in str(bed.at(guest, lambda desk: problem(take(desk, Wish("q", kind=EXTERNAL, quiesce=True))))) or True
    )
