"""What is so: rows of label and value in sections; everything can be selected and copied."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QContextMenuEvent, QEnterEvent, QGuiApplication, QIcon, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QGridLayout, QMenu, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from vmdesk.model.text import tr
from vmdesk.ui.icons import icon
from vmdesk.ui.plain import PlainLabel, plain_tip
from vmdesk.ui.theme import GRID, figure_font
from vmdesk.ui.widgets.form import Section

_BREAK = "\u200b"  # a place to break without a width
_LONG = re.compile(r"\S{19,}")
_PIECE = re.compile(r"[^-/_.:@]{1,8}[-/_.:@]{0,3}|[-/_.:@]{1,8}")


@dataclass(frozen=True, slots=True)
class Fact:
    """`copy`: what goes to the clipboard if that is not the value; `hint`: the tooltip."""

    label: str
    value: str
    copy: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class FactGroup:
    """Facts under one heading ("" for none)."""

    title: str
    facts: tuple[Fact, ...]


def short(words: str, most: int = 24) -> str:
    """A long word (path, label, key) without its middle; give the whole as `copy` and `hint`."""
    return words if len(words) <= most else f"{words[: most // 2 - 1]}…{words[-(most - most // 2) :]}"


class CopyButton(QToolButton):
    """Copies a text. Shown only while the pointer is on its row or it has the focus; its place is always kept."""

    def __init__(self, name: str, text: Callable[[], str], copy: Callable[[str], None] | None = None) -> None:
        super().__init__()
        self._text = text
        self._copy = copy or (lambda words: QGuiApplication.clipboard().setText(words))
        self._wanted = False
        self._glyph = icon("copy")
        self.setAutoRaise(True)
        self.setIconSize(QSize(14, 14))
        self.setFixedSize(22, 22)
        self.setToolTip(tr("Copy"))
        self.setAccessibleName(tr("Copy {name}", name=name))
        self.clicked.connect(lambda: self._copy(self._text()))

    def show_glyph(self, wanted: bool) -> None:
        self._wanted = wanted
        self.setIcon(self._glyph if wanted or self.hasFocus() else QIcon())

    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            result = super().event(event)
            self.show_glyph(self._wanted)
            return result
        return super().event(event)


def breakable(words: str) -> str:
    """With places to break a line in what has none: Qt would cut a path or a UUID off at the edge."""
    return _LONG.sub(lambda found: _BREAK.join(_PIECE.findall(found[0])), words)


class _Value(PlainLabel):
    """A value that breaks anywhere if it must, and is copied as it is."""

    def show_value(self, words: str) -> None:
        self.setText(breakable(words))

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText((self.selectedText() or self.text()).replace(_BREAK, ""))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self._copy()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(icon("copy"), tr("Copy"), self._copy)
        menu.popup(event.globalPos())


class _Row(QWidget):
    """One fact; every row has its labels as wide as the others, so this is only their frame for the pointer."""

    def __init__(self, fact: Fact, copy: Callable[[str], None] | None, width: int) -> None:
        super().__init__()
        self.fact = fact
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setHorizontalSpacing(GRID)
        layout.setColumnMinimumWidth(0, width)
        layout.setColumnStretch(1, 1)
        self._label = PlainLabel(fact.label)
        self._label.setForegroundRole(self.palette().ColorRole.PlaceholderText)
        self._label.setWordWrap(True)
        self._label.setFixedWidth(width)
        self._value = _Value()
        self._value.setFont(figure_font(self._value.font()))
        self._value.setWordWrap(True)
        self._value.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self._value.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._value.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self._value.setSizePolicy(policy)
        self._button = CopyButton(fact.label, lambda: self.fact.copy or self.fact.value, copy)
        top = Qt.AlignmentFlag.AlignTop
        for column, widget in enumerate((self._label, self._value)):
            widget.setContentsMargins(0, 3, 0, 3)
            layout.addWidget(widget, 0, column, *((top,) if column == 0 else ()))
        layout.addWidget(self._button, 0, 2, top)
        self.set_fact(fact)

    def set_fact(self, fact: Fact) -> None:
        self.fact = fact
        self._value.show_value(fact.value)
        self._value.setAccessibleName(f"{fact.label}: {fact.value}")
        self._label.setToolTip(plain_tip(fact.hint))
        self._value.setToolTip(plain_tip(fact.hint))

    def enterEvent(self, event: QEnterEvent) -> None:
        self._button.show_glyph(True)

    def leaveEvent(self, event: QEvent) -> None:
        self._button.show_glyph(False)


class Facts(QWidget):
    """Groups of facts under each other. `label_width`: pixels for what the facts are called."""

    def __init__(
        self,
        copy: Callable[[str], None] | None = None,
        parent: QWidget | None = None,
        label_width: int = 13 * GRID,
    ) -> None:
        super().__init__(parent)
        self._copy = copy
        self._label_width = label_width
        self._groups: tuple[FactGroup, ...] = ()
        self._rows: list[_Row] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
        self.setAccessibleName(tr("Facts"))

    def set_groups(self, groups: Sequence[FactGroup]) -> None:
        """Show these; where only values changed, only they are written anew."""
        groups = tuple(groups)
        if groups == self._groups:
            return
        if _shape(groups) == _shape(self._groups):
            facts = [fact for group in groups for fact in group.facts]
            for row, fact in zip(self._rows, facts, strict=True):
                if row.fact != fact:
                    row.set_fact(fact)
        else:
            self._rebuild(groups)
        self._groups = groups

    def text(self) -> str:
        """All of it as lines."""
        lines: list[str] = []
        for group in self._groups:
            lines += [group.title] if group.title else []
            lines += [f"{fact.label}: {fact.copy or fact.value}" for fact in group.facts]
        return "\n".join(lines)

    def _rebuild(self, groups: Sequence[FactGroup]) -> None:
        while item := self._layout.takeAt(0):
            if widget := item.widget():
                widget.hide()
                widget.deleteLater()
        self._rows = []
        for place, group in enumerate(groups):
            if group.title:
                heading = Section(group.title)
                heading.setContentsMargins(0, 2 * GRID if place else 0, 0, GRID // 2)
                self._layout.addWidget(heading)
            for fact in group.facts:
                row = _Row(fact, self._copy, self._label_width)
                self._rows.append(row)
                self._layout.addWidget(row)


def _shape(groups: Sequence[FactGroup]) -> list[tuple[str, tuple[str, ...]]]:
    return [(group.title, tuple(fact.label for fact in group.facts)) for group in groups]
