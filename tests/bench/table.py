"""Tables for people to read."""

from collections.abc import Iterable, Sequence


def draw(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table that is also readable as it stands; the second to fourth column are figures."""
    lines = [header, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]

    def line_of(line: Sequence[str]) -> str:
        cells = (cell.rjust(w) if 1 <= n <= 3 else cell.ljust(w) for n, (cell, w) in enumerate(zip(line, widths)))
        return "| " + " | ".join(cells) + " |"

    rule = "|" + "|".join("-" * (w + 1) + (":" if 1 <= n <= 3 else "-") for n, w in enumerate(widths)) + "|"
    return "\n".join([line_of(lines[0]), rule, *(line_of(line) for line in lines[1:])])
