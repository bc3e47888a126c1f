"""A terminal for screen readers: its lines as text, its cursor, its selection, and what is new."""

from collections.abc import Sequence
from typing import Protocol, cast

from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QAccessible, QAccessibleTextInterface
from PySide6.QtWidgets import QAccessibleWidget, QWidget
from shiboken6 import isValid


class Readable(Protocol):
    """What is asked of the terminal. Offsets count characters of `text`."""

    def text(self) -> str: ...
    def cursor(self) -> int: ...
    def selection(self) -> tuple[int, int]: ...
    def rect(self, offset: int) -> QRect: ...
    def offset(self, point: QPoint) -> int: ...
    def select(self, start: int, end: int) -> None: ...


class View(Protocol):
    """A widget that can be read."""

    @property
    def reading(self) -> Readable: ...


class _Text(QAccessibleTextInterface):
    def __init__(self, view: View) -> None:
        super().__init__()
        self._view = view

    def text(self, start: int, end: int) -> str:
        return self._view.reading.text()[max(start, 0) : end if end >= 0 else None]

    def characterCount(self) -> int:
        return len(self._view.reading.text())

    def cursorPosition(self) -> int:
        return self._view.reading.cursor()

    def setCursorPosition(self, position: int) -> None:
        """The guest moves its cursor, nobody else."""

    def selectionCount(self) -> int:
        start, end = self._view.reading.selection()
        return int(start < end)

    def selection(self, index: int) -> object:
        return self._view.reading.selection() if index == 0 else (0, 0)

    def addSelection(self, start: int, end: int) -> None:
        self._view.reading.select(start, end)

    def setSelection(self, index: int, start: int, end: int) -> None:
        if index == 0:
            self._view.reading.select(start, end)

    def removeSelection(self, index: int) -> None:
        self._view.reading.select(0, 0)

    def characterRect(self, offset: int) -> QRect:
        return self._view.reading.rect(offset)

    def offsetAtPoint(self, point: QPoint) -> int:
        return self._view.reading.offset(point)

    def scrollToSubstring(self, start: int, end: int) -> None:
        """What can be read is what is on the screen."""

    def attributes(self, offset: int) -> object:
        return ("", 0, self.characterCount())


class _Accessible(QAccessibleWidget):
    def __init__(self, widget: QWidget, view: View) -> None:
        super().__init__(widget, QAccessible.Role.Terminal)
        self._text = _Text(view)

    def interface_cast(self, kind: QAccessible.InterfaceType) -> int:
        if kind == QAccessible.InterfaceType.TextInterface:
            return cast(int, self._text)  # what the stub calls int is a pointer
        return super().interface_cast(kind)

    def text(self, kind: QAccessible.Text) -> str:
        if kind == QAccessible.Text.Value:
            return self._text.text(0, -1)
        return super().text(kind)


# Qt keeps the pointer and deletes it with the widget; until then Python must keep the object.
_kept: list[_Accessible] = []
_installed: list[str] = []


def difference(old: Sequence[str], new: Sequence[str]) -> tuple[int, str, str]:
    """(offset, what was removed there, what was put there) that makes the new lines of the old ones."""
    before, after = "\n".join(old), "\n".join(new)
    start = end = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    most = min(len(before), len(after)) - start
    while end < most and before[-1 - end] == after[-1 - end]:
        end += 1
    return start, before[start : len(before) - end], after[start : len(after) - end]


def install(class_name: str) -> None:
    """From now on Qt asks here for the accessible side of widgets of that class, which can be read."""
    if class_name in _installed:
        return
    if not _installed:
        QAccessible.installFactory(_make)
    _installed.append(class_name)


def _make(class_name: str, widget: object) -> _Accessible | None:
    if class_name not in _installed or not isinstance(widget, QWidget):
        return None
    _kept[:] = [kept for kept in _kept if isValid(kept)]
    made = _Accessible(widget, cast(View, widget))
    _kept.append(made)
    return made
