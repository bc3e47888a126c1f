"""Which scheduled snapshots stay."""

from hypothesis import given
from hypothesis import strategies as st

from vmdesk.core.snapshots.keeping import is_label, name_now, own, surplus
from vmdesk.model.snapshot import Snapshot


def snap(name: str, created: float, current: bool = False) -> Snapshot:
    return Snapshot(name, created=created, current=current)


def test_only_its_own_go() -> None:
    there = [
        snap("auto-daily-2026-01-01-000000", 1),
        snap("auto-daily-2026-01-02-000000-2", 2),
        snap("auto-daily-2026-01-03-000000", 3),
        snap("auto-weekly-2026-01-01-000000", 0),
        snap("auto-daily-before-update", 0),
        snap("auto-daily-2026-01-01-000000 by hand", 0),
        snap("mine", 0),
    ]
    assert surplus(there, "daily", 1) == ("auto-daily-2026-01-01-000000", "auto-daily-2026-01-02-000000-2")
    assert surplus(there, "daily", 3) == () and surplus(there, "hourly", 1) == ()
    assert surplus(there, "weekly", 1) == ()


def test_the_current_one_stays_and_one_always_does() -> None:
    there = [snap("auto-a-2026-01-01-000000", 1, current=True), snap("auto-a-2026-01-02-000000", 2)]
    assert surplus(there, "a", 1) == ()
    assert surplus(there[1:], "a", 0) == ()


@given(st.lists(st.floats(0, 4e9), max_size=12), st.integers(1, 8))
def test_the_newest_stay(times: list[float], keep: int) -> None:
    there: list[Snapshot] = []
    for moment in times:
        there.append(snap(name_now("daily", there, moment), moment))
    assert len({one.name for one in there}) == len(there) == len(own(there, "daily"))
    gone = set(surplus(there, "daily", keep))
    left = [one for one in there if one.name not in gone]
    assert len(left) == min(keep, len(there))
    assert max((one.created for one in there if one.name in gone), default=0) <= min(
        (one.created for one in left), default=0
    )


def test_labels() -> None:
    assert all(map(is_label, ("daily", "at-1f2e3d4c", "x")))
    assert not any(map(is_label, ("", "-a", "A", "a b", "ä", "a/b", "x" * 32, "a\n")))
