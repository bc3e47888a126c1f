"""Text for terminals: aligned columns, and nothing in it that a terminal would obey."""

import unicodedata
from collections.abc import Iterable, Sequence


def clean(value: str) -> str:
    """`value` on one line, control characters made visible: names come from other people."""
    return "".join(char if char.isprintable() else "·" for char in value)


def width(value: str) -> int:
    """How many columns a terminal takes for it."""
    if value.isascii():
        return len(value)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in value
    )


def table(titles: Sequence[str], rows: Iterable[Sequence[str]], right: frozenset[int] = frozenset()) -> list[str]:
    """Lines with aligned columns, two blanks between them; the columns in `right` are right-aligned."""
    lines = [titles, *([clean(cell) for cell in row] for row in rows)]
    widths = [max(width(line[column]) for line in lines) for column in range(len(titles))]

    def cell(column: int, value: str) -> str:
        blanks = " " * (widths[column] - width(value))
        return blanks + value if column in right else value + blanks

    return ["  ".join(cell(column, value) for column, value in enumerate(line)).rstrip() for line in lines]


def pairs(facts: Iterable[tuple[str, str]]) -> list[str]:
    """`Name:   web-01`, one a line, the values aligned."""
    known = [(name + ":", clean(value)) for name, value in facts]
    longest = max((width(name) for name, _value in known), default=0)
    return [f"{name}{' ' * (longest - width(name))}  {value}".rstrip() for name, value in known]
