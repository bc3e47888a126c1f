"""Changes of two people in one text."""

import random

from vmdesk.virtxml.merge import Conflict, merge, unified

BASE = "".join(f"line {n}\n" for n in range(10))


def test_changes_in_different_places() -> None:
    found = merge(BASE, BASE.replace("line 2\n", "mine\n"), BASE.replace("line 7\n", "").replace("line 9", "theirs"))
    assert found.clean
    assert found.text == BASE.replace("line 2", "mine").replace("line 7\n", "").replace("line 9", "theirs")


def test_only_one_changed_or_both_the_same() -> None:
    other = BASE.replace("line 4\n", "new\nand more\n")
    assert merge(BASE, other, BASE).text == merge(BASE, BASE, other).text == merge(BASE, other, other).text == other
    assert merge(BASE, BASE, BASE).text == BASE and merge("", "", "").text == ""


def test_the_same_line() -> None:
    found = merge(BASE, BASE.replace("line 4", "mine"), BASE.replace("line 4", "theirs").replace("line 8", "too"))
    assert found.conflicts == (Conflict((4, 5), (4, 5), (4, 5)),)
    assert found.text == BASE.replace("line 4", "mine").replace("line 8", "too")


def test_beside_each_other_is_not_the_same() -> None:
    found = merge(BASE, BASE.replace("line 4", "mine"), BASE.replace("line 5", "theirs"))
    assert found.clean and found.text == BASE.replace("line 4", "mine").replace("line 5", "theirs")
    mine, theirs = BASE.replace("line 4\nline 5", "mine\nmine"), BASE.replace("line 5\nline 6", "theirs\ntheirs")
    assert merge(BASE, mine, theirs).conflicts == (Conflict((5, 6), (5, 6), (5, 6)),)


def test_both_added_at_the_same_place() -> None:
    found = merge("a\nb\n", "a\nmine\nb\n", "a\ntheirs\nb\n")
    assert not found.clean and found.text == "a\nmine\nb\n"


def test_removed_here_changed_there() -> None:
    assert not merge(BASE, BASE.replace("line 5\n", ""), BASE.replace("line 5", "kept")).clean


def _edited(lines: list[str], chance: random.Random, word: str, where: range) -> list[str]:
    place = chance.choice(where)
    new = [f"{word} {chance.random()}"] * chance.randrange(3)
    return lines[:place] + new + lines[place + chance.randrange(2) :]


def test_edits_apart_always_merge() -> None:
    chance = random.Random(3)
    for _ in range(300):
        lines = [chance.choice("abcdefgh") + str(n) for n in range(chance.randrange(12, 40))]
        half = len(lines) // 2
        mine = _edited(lines, chance, "mine", range(half - 3))
        theirs = _edited(lines, chance, "theirs", range(half + 3, len(lines)))
        both = mine[: len(mine) - (len(lines) - half)] + theirs[half:]
        found = merge("\n".join(lines), "\n".join(mine), "\n".join(theirs))
        assert found.clean and found.text == "\n".join(both)


def test_line_by_line() -> None:
    assert unified("a\nb\n", "a\nc\n", "old", "new") == "--- old\n+++ new\n@@ -1,2 +1,2 @@\n a\n-b\n+c"
    assert unified(BASE, BASE, "", "") == ""


def test_line_by_line_whatever_the_indentation() -> None:
    old, new = "<a>\n      <b/>\n  <c/>\n</a>", "<a>\n  <b/>\n  <d/>\n</a>"
    assert "<b/>\n-  <c/>\n+  <d/>" in unified(old, new, "", "", indented=False)
    assert "-      <b/>" in unified(old, new, "", "")
    assert unified(old, old.replace("      <b", "<b"), "", "", indented=False) == ""
