"""The tree of snapshots as a time line: one row each, the newest first, in lanes that run down to their parents. Pure.

A chain of five hundred stays in one lane; only a branch begins another.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from vmdesk.model.snapshot import Snapshot


class Mark(Enum):
    """What stands at a row's place in its lane."""

    NOW = "now"  # what is written now
    CURRENT = "current"
    DOT = "dot"
    OTHER = "other"  # somebody else's


@dataclass(frozen=True, slots=True)
class Row:
    """One row. Lanes are counted from the left, from 0.

    snapshot  None: what the machine is now, always the first row
    lane      where its dot is
    joins     lanes that end here, from children further up; `lane` is one of them unless it begins here
    passing   lanes that go past
    down      whether its lane goes on, to its parent
    """

    snapshot: Snapshot | None
    lane: int
    joins: tuple[int, ...] = ()
    passing: tuple[int, ...] = ()
    down: bool = False

    @property
    def mark(self) -> Mark:
        if self.snapshot is None:
            return Mark.NOW
        return Mark.CURRENT if self.snapshot.current else Mark.DOT


class Lanes:
    """Lays rows out one below the other: children must come before their parents."""

    def __init__(self) -> None:
        self._waiting: list[str] = []  # by lane: whose row it runs to, "" for a free lane

    def put(self, name: str, parent: str) -> tuple[int, tuple[int, ...], tuple[int, ...], bool]:
        """The next row: its lane, what joins, what passes, whether it goes on.

        name    "": nothing runs to it; parent: "" for none
        """
        waiting = self._waiting
        joins = tuple(lane for lane, wanted in enumerate(waiting) if name and wanted == name)
        if joins:
            lane = joins[0]
        else:
            lane = waiting.index("") if "" in waiting else len(waiting)
        if lane == len(waiting):
            waiting.append("")
        for one in joins:
            waiting[one] = ""
        passing = tuple(one for one, wanted in enumerate(waiting) if wanted)
        waiting[lane] = parent
        return lane, joins, passing, bool(parent)


def rows(snapshots: Sequence[Snapshot]) -> tuple[Row, ...]:
    """The whole picture; without snapshots there is only now."""
    names = {one.name for one in snapshots}
    lanes = Lanes()
    found = [Row(None, *lanes.put("", next((one.name for one in snapshots if one.current), "")))]
    for one in _children_first(snapshots, names):
        found.append(Row(one, *lanes.put(one.name, one.parent if one.parent in names else "")))
    return tuple(found)


def _children_first(snapshots: Sequence[Snapshot], names: set[str]) -> list[Snapshot]:
    """The newest first, but no parent above a child of it, whatever the host's clock said."""
    children = dict.fromkeys(names, 0)
    for one in snapshots:
        if one.parent in children:
            children[one.parent] += 1
    by_name = {one.name: one for one in snapshots}
    ready = [(-one.created, one.name) for one in snapshots if not children[one.name]]
    heapq.heapify(ready)
    found = []
    while ready:
        one = by_name[heapq.heappop(ready)[1]]
        found.append(one)
        if one.parent in children:
            children[one.parent] -= 1
            if not children[one.parent]:
                parent = by_name[one.parent]
                heapq.heappush(ready, (-parent.created, parent.name))
    return found
