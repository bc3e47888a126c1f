"""Somebody else changed the same definition: theirs, what both began with, and mine, side by side."""

import difflib
from collections.abc import Iterator

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QPalette, QTextCharFormat, QTextCursor, QTextFormat
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QSplitter, QTextEdit, QVBoxLayout, QWidget

from vmdesk.core.redefining import ThreeWay
from vmdesk.model.text import tr, trn
from vmdesk.ui import theme
from vmdesk.ui.colors import faded
from vmdesk.ui.widgets.form import Heading, Muted, Section
from vmdesk.ui.widgets.primary import PrimaryButton
from vmdesk.ui.widgets.scroll_bar import thin
from vmdesk.ui.widgets.xml_area import XmlArea
from vmdesk.ui.widgets.xml_diff import WordsList

TINT = 0.16
SIDES = ("theirs", "base", "mine")


class XmlThreeWay(QWidget):
    """theirs_wanted: mine is given up. merge_wanted: both changes. mine_wanted: go on with mine. left: decide later."""

    theirs_wanted = Signal()
    merge_wanted = Signal()
    mine_wanted = Signal()
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("xml-three-way")
        self.setAccessibleName(tr("Changed by somebody else"))
        self._shown: ThreeWay | None = None
        self._state = Muted("", caption=False)
        self._state.setObjectName("xml-three-way-state")
        self.areas: dict[str, XmlArea] = {}
        self.words: dict[str, WordsList] = {}
        columns = QSplitter(Qt.Orientation.Horizontal)
        columns.setChildrenCollapsible(False)
        columns.setHandleWidth(theme.GRID)
        for side, title in zip(SIDES, (tr("Theirs: as it is stored now"), tr("Before"), tr("Mine: not applied yet"))):
            columns.addWidget(self._column(side, title))
        self.theirs = QPushButton(tr("Take theirs"))
        self.theirs.setToolTip(tr("Give up what I changed"))
        self.mine = QPushButton(tr("Go on with mine"))
        self.mine.setToolTip(tr("Edit on; applying it will undo what they changed, after showing that"))
        self.merge = PrimaryButton(tr("Put mine on top of theirs"))
        later = QPushButton(tr("Decide later"))
        for button, signal, name in (
            (self.theirs, self.theirs_wanted, "xml-take-theirs"),
            (self.mine, self.mine_wanted, "xml-go-on"),
            (self.merge, self.merge_wanted, "xml-merge"),
            (later, self.left, "xml-later"),
        ):
            button.setObjectName(name)
            button.clicked.connect(signal)
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.GRID)
        buttons.addWidget(self._state, 1)
        for button in (later, self.mine, self.theirs, self.merge):
            buttons.addWidget(button)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(theme.GRID)
        box.addWidget(Heading(tr("Somebody else changed the definition while you did")))
        box.addWidget(columns, 1)
        box.addLayout(buttons)

    def _column(self, side: str, title: str) -> QWidget:
        area = XmlArea()
        area.setObjectName(f"xml-{side}")
        area.setAccessibleName(title)
        area.quiet = True
        area.setReadOnly(True)
        area.setFrameShape(QFrame.Shape.StyledPanel)
        area.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        area.setTabChangesFocus(True)
        thin(area)
        area.verticalScrollBar().valueChanged.connect(self._scroll)
        area.horizontalScrollBar().valueChanged.connect(self._scroll_aside)
        self.areas[side] = area
        self.words[side] = WordsList(f"xml-{side}-words", title, most=4)
        part = QWidget()
        box = QVBoxLayout(part)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(theme.GRID // 2)
        box.addWidget(Section(title))
        box.addWidget(self.words[side])
        box.addWidget(area, 1)
        return part

    def show_texts(self, found: ThreeWay) -> None:
        """And lead to the first change."""
        self._shown = found
        texts = {"theirs": found.theirs, "base": found.base, "mine": found.mine}
        for side, words in texts.items():
            self.areas[side].take_text(words)
        self.words["theirs"].show_words(found.their_words)
        self.words["mine"].show_words(found.my_words)
        self.words["base"].show_words(())
        height = max(one.height() if not one.isHidden() else 0 for one in self.words.values())
        for one in self.words.values():  # the texts begin at the same height
            one.setFixedHeight(height)
            one.setVisible(bool(height))
        self._mark()
        clean = found.merged.clean
        self.merge.setEnabled(clean)
        count = len(found.merged.conflicts)
        why = trn(
            "Both of you changed the same place: it takes a person to decide.",
            "Both of you changed the same {n} places: it takes a person to decide.",
            count,
        )
        self._state.setText(tr("The changes are in different places: both can be kept.") if clean else why)
        self.merge.setToolTip("" if clean else why)
        self.setAccessibleDescription(self._state.text())

    def _mark(self) -> None:
        """What each changed, where both did, and what became of it in the others."""
        assert self._shown is not None
        found, palette = self._shown, self.palette()
        base = found.base.splitlines()
        marks: dict[str, list[tuple[int, int, QColor]]] = {side: [] for side in SIDES}
        for side, words, color in (
            ("theirs", found.theirs, theme.warning_color(palette)),
            ("mine", found.mine, palette.color(QPalette.ColorRole.Accent)),
        ):
            for first, last, start, end in _changes(base, words.splitlines()):
                marks[side].append((start, end, color))
                marks["base"].append((first, last, color))
        for side, some in marks.items():
            area = self.areas[side]
            colors = {line: color for start, end, color in some for line in range(start, end)}
            for one in found.merged.conflicts:
                lines = {"theirs": one.theirs, "base": one.base, "mine": one.mine}[side]
                colors.update(dict.fromkeys(range(*lines), theme.error_color(palette)))
            area.set_marks("wrong", [_mark(area, line, color) for line, color in colors.items()])
        first = min((start for start, _end, _color in marks["base"]), default=0)
        for area in self.areas.values():
            area.go_to(first + 1)

    def _scroll(self, line: int) -> None:
        """All three together."""
        for area in self.areas.values():
            area.verticalScrollBar().setValue(line)

    def _scroll_aside(self, pixels: int) -> None:
        for area in self.areas.values():
            area.horizontalScrollBar().setValue(pixels)

    def changeEvent(self, event: "object") -> None:
        super().changeEvent(event)  # type: ignore[arg-type]
        if getattr(self, "_shown", None) is not None:
            self._mark()


def _changes(base: list[str], other: list[str]) -> Iterator[tuple[int, int, int, int]]:
    for kind, first, last, start, end in difflib.SequenceMatcher(None, base, other).get_opcodes():
        if kind != "equal":
            yield first, last, start, end


def _mark(area: XmlArea, line: int, color: QColor) -> QTextEdit.ExtraSelection:
    """A line, over the whole width: Qt's marks of several lines are only as wide as the words."""
    form = QTextCharFormat()
    form.setBackground(faded(color, TINT))
    form.setProperty(QTextFormat.Property.FullWidthSelection, True)
    selection = QTextEdit.ExtraSelection()
    selection.cursor = QTextCursor(area.document().findBlockByNumber(min(line, area.blockCount() - 1)))
    selection.format = form
    return selection
