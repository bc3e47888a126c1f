"""Two people changed the same text: both changes in one, where they are not in the same lines."""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Conflict:
    """Both changed the same lines. Each is the first line and the one after the last, from 0."""

    base: tuple[int, int]
    mine: tuple[int, int]
    theirs: tuple[int, int]


_AROUND = 3  # lines shown around what is different
NOWHERE = Conflict((0, 0), (0, 0), (0, 0))  # no line in particular


@dataclass(frozen=True, slots=True)
class Merge:
    """text: both changes; where they conflict, mine."""

    text: str
    conflicts: tuple[Conflict, ...] = ()

    @property
    def clean(self) -> bool:
        return not self.conflicts


def merge(base: str, mine: str, theirs: str) -> Merge:
    """What both made of `base`, line by line."""
    ours, others, first = (words.splitlines(keepends=True) for words in (mine, theirs, base))
    lines: list[str] = []
    conflicts = []
    for stays, there in _steps(first, ours, others):
        was, own, other = first[slice(*there.base)], ours[slice(*there.mine)], others[slice(*there.theirs)]
        if stays or own in (was, other):
            lines += other
        elif other == was:
            lines += own
        else:
            clash = _line_by_line(was, own, other, there, lines)
            conflicts += clash
    return Merge("".join(lines), tuple(conflicts))


def _line_by_line(
    was: Sequence[str], own: Sequence[str], other: Sequence[str], there: Conflict, lines: list[str]
) -> list[Conflict]:
    """Changes beside each other, none of them in the same line, are no conflict: a line is one setting."""
    if not len(was) == len(own) == len(other):
        lines += own
        return [there]
    found = []
    for place, (before, mine, theirs) in enumerate(zip(was, own, other)):
        lines.append(theirs if mine == before else mine)
        if before not in (mine, theirs) and mine != theirs:
            at = (there.base[0] + place, there.mine[0] + place, there.theirs[0] + place)
            found.append(Conflict(*((line, line + 1) for line in at)))
    return found


def unified(old: str, new: str, old_name: str, new_name: str, *, indented: bool = True) -> str:
    """What is different, as `diff -u` has it; "" if nothing is.

    indented  False: lines that are only indented otherwise are the same
    """
    first, second = old.splitlines(), new.splitlines()
    keys = (first, second) if indented else ([one.strip() for one in first], [one.strip() for one in second])
    lines = [f"--- {old_name}", f"+++ {new_name}"]
    for group in difflib.SequenceMatcher(None, *keys).get_grouped_opcodes(_AROUND):
        (_, a, _, c, _), (_, _, b, _, d) = group[0], group[-1]
        lines.append(f"@@ -{a + 1},{b - a} +{c + 1},{d - c} @@")
        for kind, start, end, other, last in group:
            if kind == "equal":
                lines += [f" {line}" for line in second[other:last]]
            else:
                lines += [f"-{line}" for line in first[start:end]] + [f"+{line}" for line in second[other:last]]
    return "\n".join(lines) if len(lines) > 2 else ""


def _steps(base: Sequence[str], mine: Sequence[str], theirs: Sequence[str]) -> Iterator[tuple[bool, Conflict]]:
    """The texts in pieces: what is the same in all three, and what is between."""
    at = (0, 0, 0)
    for start, end, own, other in _common(base, mine, theirs):
        if (start, own, other) != at:
            yield False, Conflict((at[0], start), (at[1], own), (at[2], other))
        size = end - start
        yield True, Conflict((start, end), (own, own + size), (other, other + size))
        at = (end, own + size, other + size)
    ends = (len(base), len(mine), len(theirs))
    if at != ends:
        yield False, Conflict((at[0], ends[0]), (at[1], ends[1]), (at[2], ends[2]))


def _common(base: Sequence[str], mine: Sequence[str], theirs: Sequence[str]) -> Iterator[tuple[int, int, int, int]]:
    """Where lines of `base` are in both: first line, the one after the last, and where they are in the other two."""
    left, right = _blocks(base, mine), _blocks(base, theirs)
    one = two = 0
    while one < len(left) and two < len(right):
        (a, b, n), (c, d, m) = left[one], right[two]
        start, end = max(a, c), min(a + n, c + m)
        if start < end:
            yield start, end, b + start - a, d + start - c
        if a + n < c + m:
            one += 1
        else:
            two += 1


def _blocks(one: Sequence[str], other: Sequence[str]) -> list[tuple[int, int, int]]:
    """Runs of lines that are the same; quick where little is different."""
    most = min(len(one), len(other))
    head = next((n for n in range(most) if one[n] != other[n]), most)
    tail = next((n for n in range(most - head) if one[-1 - n] != other[-1 - n]), most - head)
    matcher = difflib.SequenceMatcher(None, one[head : len(one) - tail], other[head : len(other) - tail])
    middle = [(a + head, b + head, size) for a, b, size in matcher.get_matching_blocks() if size]
    found = [(0, 0, head), *middle, (len(one) - tail, len(other) - tail, tail)]
    return [block for block in found if block[2]]
