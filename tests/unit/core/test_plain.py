"""Text for terminals."""

from vmdesk.core.plain import clean, pairs, table, width


def test_columns_are_aligned() -> None:
    lines = table(["Name", "CPU"], [["a", "5"], ["Máy chủ", "100"], ["名前", "7"]], frozenset((1,)))
    assert lines == ["Name     CPU", "a          5", "Máy chủ  100", "名前       7"]
    assert table(["Name"], []) == ["Name"]


def test_nothing_that_a_terminal_would_obey() -> None:
    assert clean("a\x1b[31mb\nc\x9bd\u202e") == "a·[31mb·c·d·"
    assert table(["N"], [["x\ty"]])[1] == "x·y"


def test_width() -> None:
    assert (width("abc"), width("ủ"), width("u\u0309"), width("名")) == (3, 1, 1, 2)


def test_pairs() -> None:
    assert pairs([("Name", "web"), ("vCPUs", "4")]) == ["Name:   web", "vCPUs:  4"]
    assert pairs([]) == []
