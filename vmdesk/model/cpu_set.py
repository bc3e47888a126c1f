"""Sets of a host's CPUs or nodes, as libvirt writes them: "0-3,^2,8"."""

from collections.abc import Iterable

MOST = 16_384  # numbers below it are believed
ALL = -1  # in the place of a virtual CPU's number: all of them
EMULATOR = -2  # the threads that work for the machine


def parse(words: str) -> frozenset[int]:
    """The numbers. What cannot be read is left out: libvirt wrote it, so it is a set all the same."""
    chosen: set[int] = set()
    for part in words.replace(" ", "").split(","):
        first, _, last = part.removeprefix("^").partition("-")
        try:
            numbers = range(int(first), min(int(last or first), MOST) + 1)
        except ValueError:
            continue
        chosen = chosen.difference(numbers) if part.startswith("^") else chosen.union(numbers)
    return frozenset(chosen)


def write(numbers: Iterable[int]) -> str:
    """The shortest way to write them: "0-2,8"; "" for none."""
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)
