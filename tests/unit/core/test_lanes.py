"""The tree of snapshots as lanes: every child is joined to its parent by one unbroken line."""

from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.layers import line, tree
from vmdesk.core.snapshots.lanes import Row, rows
from vmdesk.model.snapshot import Snapshot


def names(found: tuple[Row, ...]) -> list[str]:
    return [row.snapshot.name if row.snapshot else "" for row in found]


def parents_by_lines(found: tuple[Row, ...]) -> dict[str, str]:
    """Who is whose parent, read from the picture alone."""
    open_lanes: dict[int, str] = {}
    told: dict[str, str] = {}
    for row in found:
        name = row.snapshot.name if row.snapshot else ""
        for lane in row.joins:
            for child in open_lanes.pop(lane).split("\n"):
                told[child] = name
        assert set(open_lanes) == set(row.passing), "a line breaks off or comes from nowhere"
        assert row.lane not in open_lanes
        if row.down:
            open_lanes[row.lane] = name
    assert not open_lanes
    return told


def test_without_snapshots_there_is_only_now() -> None:
    assert rows(()) == (Row(None, 0),)


def test_a_chain_stays_in_one_lane_with_now_at_the_top() -> None:
    chain = tuple(Snapshot(f"s{n}", f"s{n - 1}" if n else "", n, current=n == 499) for n in range(500))
    found = rows(chain)
    assert names(found) == ["", *(f"s{n}" for n in reversed(range(500)))]
    assert {row.lane for row in found} == {0} and not any(row.passing for row in found)


def test_a_branch_begins_a_lane() -> None:
    found = rows(tree(0.0))
    assert names(found) == ["", "try-nginx", "before-certificate", "try-php", "patched", "fresh"]
    assert [row.lane for row in found] == [0, 1, 0, 2, 0, 0]
    assert parents_by_lines(found) == {
        "": "before-certificate",
        "before-certificate": "patched",
        "try-php": "patched",
        "patched": "fresh",
        "try-nginx": "fresh",
    }


def test_free_lanes_are_used_again() -> None:
    assert max(row.lane for row in rows(line(500))) < 4


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 5)), max_size=30), st.integers(0, 30))
def test_any_tree_can_be_read_from_its_picture(given_: list[tuple[int, int]], current: int) -> None:
    """Also where the clock of the host went backwards."""
    found = tuple(
        Snapshot(f"s{n}", f"s{parent % n}" if n and parent < 25 else "", float(time), current=n == current)
        for n, (parent, time) in enumerate(given_)
    )
    picture = rows(found)
    assert sorted(names(picture)) == sorted(["", *(one.name for one in found)])
    want = {one.name: one.parent for one in found if one.parent}
    if current < len(found):
        want[""] = f"s{current}"
    assert parents_by_lines(picture) == want
