"""Alt and a letter: each letter of what is seen means one thing only.

A form of many rows has no hand-made set of letters that holds in each language and in each state: what a translation
asks for is kept where it is free, else another letter of the same words is taken, else none.
"""

import re
from collections.abc import Iterable, Sequence

from PySide6.QtWidgets import QAbstractButton, QLabel, QMenuBar, QWidget

_MARK = re.compile(r"&(?!&)(.)")
_ASKED = "mnemonic"  # the property of a control that asked for a letter, whether it has one now or not


def letter(words: str) -> str:
    """The letter after the mark, in small; "" if there is none."""
    found = _MARK.search(words.replace("&&", "\0\0"))
    return found.group(1).lower() if found else ""


def share_out(wanted: Sequence[str], taken: Iterable[str] = ()) -> list[str]:
    """The same words with marks of which no two are equal. Earlier ones come first; `taken`: letters of others."""
    used = set(taken)
    shared = list[str | None]([None] * len(wanted))
    for place, words in enumerate(wanted):
        own = letter(words)
        if _can_be_typed(own) and own not in used:
            used.add(own)
            shared[place] = words
    for place, words in enumerate(wanted):
        if shared[place] is None:
            shared[place] = _marked(_bare(words), used)
    return [words or "" for words in shared]


def settle(page: QWidget, first: Sequence[QWidget] = ()) -> None:
    """Give out the letters of what is seen on the page; what else is seen in its window keeps its own.

    first: controls that keep theirs whatever comes and goes
    """
    window = page.window()
    mine, taken = list[QLabel | QAbstractButton](), set[str]()
    for one in window.findChildren(QLabel) + window.findChildren(QAbstractButton):
        if not one.isVisibleTo(window) or (isinstance(one, QLabel) and one.buddy() is None):
            continue
        if page.isAncestorOf(one):
            if letter(one.text()) or one.property(_ASKED):
                mine.append(one)
        else:
            taken.add(letter(one.text()))
    for bar in window.findChildren(QMenuBar):
        taken |= {letter(action.text()) for action in bar.actions() if action.isVisible()}
    mine.sort(key=lambda one: one not in first)  # stable: else as they were made, which is from above
    for one, words in zip(mine, share_out([one.text() for one in mine], taken - {""}), strict=True):
        one.setProperty(_ASKED, True)
        if one.text() != words:
            one.setText(words)


def _can_be_typed(key: str) -> bool:
    """By every keyboard, without a dead key or an input method."""
    return len(key) == 1 and key.isascii() and key.isalnum()


def _bare(words: str) -> str:
    return _MARK.sub(r"\1", words.replace("&&", "\0\0")).replace("\0\0", "&&")


def _marked(words: str, used: set[str]) -> str:
    """With a mark before the first letter of a word that is free, else before any that is; `used` learns of it."""
    starts = [found.start() for found in re.finditer(r"\w+", words)]
    for place in (*starts, *range(len(words))):
        key = words[place].lower()
        if _can_be_typed(key) and key not in used:
            used.add(key)
            return f"{words[:place]}&{words[place:]}"
    return words
