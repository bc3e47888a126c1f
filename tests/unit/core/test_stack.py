"""The picture of a backing chain: every file once, children above their parents, lanes without gaps."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.layers import POOL, files_of, needed_by_clone, tree, view_of
from tests.ui.machines import machine
from vmdesk.core.snapshots.lanes import Mark
from vmdesk.core.snapshots.stack import Layer, doings, hanging, layers
from vmdesk.model.chain import Files, Image, Owner, Role, Use
from vmdesk.model.domain import State
from vmdesk.model.text import text

NOW = 1_700_000_000.0
MACHINE = machine(0, "laptop", "web-01", state=State.RUNNING)
OFF = replace(MACHINE, state=State.SHUTOFF)


def names(found: tuple[Layer, ...]) -> list[str]:
    return [one.path.rpartition("/")[2].removesuffix(".qcow2") for one in found]


def test_the_machines_own_line_and_its_neighbours() -> None:
    found = layers(files_of(MACHINE, tree(NOW)), MACHINE.uuid)
    assert names(found) == [
        "web-01.before-certificate",
        "web-01.try-php",
        "web-01.patched",
        "web-01.try-nginx",
        "web-01.fresh",
        "web-01",
        "db-01",
        "debian-12",
    ]
    by_name = dict(zip(names(found), found, strict=True))
    assert by_name["web-01.before-certificate"].target == "vda"
    assert [by_name[one].mark for one in ("web-01.before-certificate", "web-01.fresh", "db-01", "debian-12")] == [
        Mark.NOW,
        Mark.DOT,
        Mark.OTHER,
        Mark.DOT,
    ]
    assert [one.lane for one in found] == [0, 1, 0, 1, 0, 0, 1, 0]
    assert by_name["debian-12"].joins == (0, 1) and not by_name["debian-12"].down


@given(st.data())
def test_any_forest_is_drawn_whole(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 12))
    backing = [data.draw(st.integers(-1, n - 1)) for n in range(count)]
    images = {
        f"f{n}": Image(f"f{n}", "qcow2", 10, 1, f"f{below}" if below >= 0 else "") for n, below in enumerate(backing)
    }
    mine = data.draw(st.sets(st.integers(0, count - 1), min_size=1))
    uses = tuple(Use(f"f{n}", Role.DISK, "m", f"vd{n}", writable=True) for n in mine)
    files = Files(images, uses, {"m": Owner("m", "m")})
    found = layers(files, "m")
    place = {one.path: row for row, one in enumerate(found)}
    assert len(place) == len(found)

    def root(path: str) -> str:
        while images[path].backing:
            path = images[path].backing
        return path

    roots = {root(f"f{n}") for n in mine}
    assert set(place) == {path for path in images if root(path) in roots}
    running: dict[int, str] = {}  # lane -> where it goes
    for row in found:
        assert tuple(sorted(lane for lane, wanted in running.items() if wanted == row.path)) == row.joins
        running = {lane: wanted for lane, wanted in running.items() if wanted != row.path}
        assert tuple(sorted(running)) == row.passing and row.lane not in running
        assert row.down == bool(row.image.backing)
        if row.down:
            assert place[row.image.backing] > place[row.path]
            running[row.lane] = row.image.backing
    assert not running


def test_five_hundred_in_one_lane() -> None:
    images = {f"f{n}": Image(f"f{n}", "qcow2", 10, 1, f"f{n - 1}" if n else "") for n in range(500)}
    found = layers(Files(images, (Use("f499", Role.DISK, "m", "vda", writable=True),), {"m": Owner("m", "m")}), "m")
    assert [one.path for one in found] == [f"f{n}" for n in reversed(range(500))]
    assert {one.lane for one in found} == {0}


def test_what_deleting_one_breaks() -> None:
    files = files_of(MACHINE)
    can = doings(files, view_of(MACHINE).domain, f"{POOL}/debian-12.qcow2")
    assert {one.machine for one in can.told.breaks} == {MACHINE.name, "db-01"} and can.told.frees == 3_000_000_000
    assert can.delete is not None and "db-01" in str(can.delete)
    alone = f"{POOL}/left.qcow2"
    more = replace(files, images={**files.images, alone: Image(alone, "qcow2", 10, 7, pool="p", volume="left.qcow2")})
    can = doings(more, MACHINE, alone)
    assert can.delete is None and can.told.frees == 7 and can.told.breaks == ()
    assert can.commit is not None and "stands on it now" in str(can.commit)
    blind = replace(more, blind=(text("The storage pool {pool} cannot be read.", pool="x"),))
    assert doings(blind, MACHINE, alone).delete is not None
    elsewhere = replace(more, images={**more.images, alone: Image(alone, "qcow2", 10, 7)})
    assert "no storage pool" in str(doings(elsewhere, MACHINE, alone).delete)


def chain(*, clone: bool = False) -> Files:
    """base <- middle <- top of the running machine; with `clone`, somebody on middle."""
    images = {
        "base": Image("base", "qcow2", 10, 5, pool="p", volume="base"),
        "middle": Image("middle", "qcow2", 10, 5, "base", "qcow2", pool="p", volume="middle"),
        "top": Image("top", "qcow2", 10, 5, "middle", "qcow2", pool="p", volume="top"),
    }
    uses = [Use("top", Role.DISK, MACHINE.uuid, "vda", "qcow2", writable=True, live=live) for live in (False, True)]
    owners = {MACHINE.uuid: Owner(MACHINE.uuid, MACHINE.name, True), "c": Owner("c", "clone")}
    if clone:
        images["over"] = Image("over", "qcow2", 10, 5, "middle", "qcow2", pool="p", volume="over")
        uses.append(Use("over", Role.DISK, "c", "vda", "qcow2", writable=True))
    return Files(images, tuple(uses), owners)


def test_merging_where_nobody_else_needs_it() -> None:
    can = doings(chain(), MACHINE, "middle")
    assert (can.commit, can.target, can.below) == (None, "vda", "base")
    assert can.pull is not None and can.base == "middle"  # nothing lies between
    can = doings(chain(), MACHINE, "top")
    assert (can.commit, can.pull, can.below, can.base, can.pulled) == (None, None, "middle", "", ("middle", "base"))
    can = doings(chain(), MACHINE, "base")
    assert "stands on nothing" in str(can.commit) and can.pull is None and can.pulled == ("middle",)


def test_merging_is_refused_where_it_would_break_a_clone() -> None:
    files = chain(clone=True)
    assert "clone" in str(doings(files, MACHINE, "middle").commit)
    assert "clone" in str(doings(files, MACHINE, "top").commit)
    assert doings(files, MACHINE, "top").pull is None  # copies, and leaves what is below
    assert "not running" in str(doings(files, OFF, "top").commit)


def test_snapshots_need_their_layers() -> None:
    can = doings(files_of(MACHINE, tree(NOW)), MACHINE, f"{POOL}/web-01.before-certificate.qcow2")
    assert "snapshot" in str(can.commit) and "snapshot" in str(can.pull)


def test_linked_clones_are_named() -> None:
    assert hanging(needed_by_clone(files_of(MACHINE), MACHINE), MACHINE.uuid) == ("shop-02",)
    assert hanging(files_of(MACHINE), MACHINE.uuid) == ()
