"""An editor for XML: `XmlEditor`. For definitions, but it knows only what it is told of them.

    editor = XmlEditor("my-xml", tr("Definition"))
    editor.set_text(xml)
    editor.changed.connect(...)         # the person changed something
    editor.show_mistakes(mistakes)      # virtxml.source.Mistake: from, to, words
    editor.set_read_only(True)

With a checker (core/checker.py) it finds mistakes and proposes by itself: `editor.check_with(checker, jobs)`.
"""

import bisect
from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QPalette, QTextCharFormat
from PySide6.QtWidgets import QFrame, QHBoxLayout, QListWidget, QListWidgetItem, QToolButton, QVBoxLayout, QWidget

from vmdesk.core.checker import Also, Checker
from vmdesk.core.jobs import Jobs
from vmdesk.model.text import Text, tr, trn
from vmdesk.ui import theme
from vmdesk.ui.colors import faded
from vmdesk.ui.icons import tinted
from vmdesk.ui.plain import PlainLabel
from vmdesk.ui.tasks import Tasks
from vmdesk.ui.widgets.scroll_bar import thin
from vmdesk.ui.widgets.xml_area import XmlArea
from vmdesk.ui.widgets.xml_completion import Completion, Propose
from vmdesk.ui.widgets.xml_search import FindBar, LineBar
from vmdesk.virtxml.source import Mistake

DEBOUNCE = 400  # ms without a change until the text is checked
MOST_MARKED = 1000  # words found that are marked
LISTED = 5  # lines of problems seen without scrolling


class XmlEditor(QFrame):
    """changed: the person (or undo) changed the text. checked: `mistakes` and `note` are those of the text as it is."""

    changed = Signal()
    checked = Signal()

    def __init__(self, name: str, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.area = XmlArea(self)
        self.area.setObjectName(f"{name}-text")
        self.area.setAccessibleName(title)
        thin(self.area)
        self.find_bar = FindBar(self)
        self.line_bar = LineBar(self)
        self.completion = Completion(self.area)
        self.problems = _Problems(self)
        self.mistakes: tuple[Mistake, ...] = ()
        self.note: Text | None = None
        self._found: list[int] = []
        self._checker: Checker | None = None
        self._tasks: Tasks | None = None
        self._also: Also | None = None
        self._quiet = False
        self._version = -1
        self._checking = QTimer(self)
        self._checking.setSingleShot(True)
        self._checking.setInterval(DEBOUNCE)
        self._checking.timeout.connect(self.check_now)
        self._build()
        self.find_bar.hide()
        self.line_bar.hide()
        self._connect()
        self._show_state()

    def _build(self) -> None:
        self.problems.setObjectName(f"{self.objectName()}-problems")
        self.problems.setAccessibleName(tr("Problems"))
        self.problems.setFrameShape(QFrame.Shape.NoFrame)
        self.problems.setWordWrap(True)
        self.problems.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.problems.hide()
        thin(self.problems)
        self._sign = PlainLabel(parent=self)
        self._state = PlainLabel(parent=self)
        self._state.setObjectName(f"{self.objectName()}-state")
        self._position = QToolButton(self)
        self._position.setObjectName(f"{self.objectName()}-position")
        self._position.setAutoRaise(True)
        self._position.setToolTip(tr("Go to a line (Ctrl+G)"))
        self._position.clicked.connect(self._open_line_bar)
        foot = QHBoxLayout()
        foot.setContentsMargins(theme.GRID, 2, theme.GRID, 2)
        foot.setSpacing(theme.GRID)
        foot.addWidget(self._sign)
        foot.addWidget(self._state, 1)
        foot.addWidget(self._position)
        box = QVBoxLayout(self)
        box.setContentsMargins(1, 1, 1, 1)
        box.setSpacing(0)
        for widget in (self.find_bar, self.line_bar):
            box.addWidget(widget)
        box.addWidget(self.area, 1)
        box.addWidget(_Rule(self))
        box.addWidget(self.problems)
        box.addLayout(foot)
        self.setFocusProxy(self.area)

    def _connect(self) -> None:
        area, find = self.area, self.find_bar
        area.document().contentsChanged.connect(self._on_changed)
        area.cursorPositionChanged.connect(self._show_position)
        area.wanted.connect(self._on_wanted)
        find.changed.connect(self._on_find_changed)
        find.stepped.connect(self.step)
        find.replaced.connect(self._on_replace)
        find.closed.connect(self._close_bars)
        self.line_bar.chosen.connect(area.go_to)
        self.line_bar.closed.connect(self._close_bars)
        self.problems.itemClicked.connect(self._on_problem)
        self.problems.itemActivated.connect(self._on_problem)

    # ---------------------------------------------------------------- what others say

    def text(self) -> str:
        return self.area.text()

    def set_text(self, words: str) -> None:
        """Another text; `changed` is not told, nothing can be undone, the cursor stays where it can."""
        if words == self.text():
            return
        self._quiet = True
        self.area.take_text(words)
        self._after_change()
        self._quiet = False

    def replace_text(self, words: str) -> None:
        """The same as a step that the person can undo; `changed` is told."""
        if words != self.text():
            self.area.replace_text(words)
            self.area.settle()

    def set_read_only(self, on: bool) -> None:
        area = self.area
        area.setReadOnly(on)
        flags = Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        area.setTextInteractionFlags(flags if on else Qt.TextInteractionFlag.TextEditorInteraction)
        area.setTabChangesFocus(on)
        area.setAccessibleDescription(
            "" if on else tr("Ctrl+Space: what may be written here. Escape: leave the text. Ctrl+F: find.")
        )
        if on:
            self.find_bar.show_replacing(False)

    @property
    def read_only(self) -> bool:
        return self.area.isReadOnly()

    def set_proposer(self, propose: Propose | None) -> None:
        """Who knows what may be written at a place."""
        self.completion.propose = propose

    def show_mistakes(self, mistakes: Sequence[Mistake], note: Text | None = None) -> None:
        """What is wrong, or `note` what could not be checked; clicks on the list lead to the place."""
        self.mistakes, self.note = tuple(mistakes), note
        self.area.show_mistakes(mistakes)
        self.problems.clear()
        for one in self.mistakes:
            line = self.area.mirror.source.line(min(one.start, len(self.text())))
            item = QListWidgetItem(tr("Line {line}: {what}", line=line, what=str(one.what)))
            item.setData(Qt.ItemDataRole.UserRole, (one.start, one.end))
            self.problems.addItem(item)
        self.problems.setVisible(bool(self.mistakes))
        if self.mistakes:
            rows = range(min(len(self.mistakes), LISTED))
            self.problems.setFixedHeight(sum(self.problems.sizeHintForRow(row) for row in rows) + 2 * _Problems.EDGE)
        self._show_state()
        self.checked.emit()

    def go_to(self, line: int) -> None:
        """To a line, from 1."""
        self.area.go_to(line)

    # ---------------------------------------------------------------- checking by itself

    def check_with(self, checker: Checker, jobs: Jobs, also: Also | None = None) -> None:
        """Look for mistakes, and propose, from now on. `also`: see Checker.mistakes."""
        if self._tasks is None:
            self._tasks = Tasks(jobs)
            self.destroyed.connect(self._tasks.end)
        self._checker, self._also = checker, also
        self.set_proposer(checker.proposals)
        self._checking.start(0)

    def check_now(self) -> None:
        """In the background; `show_mistakes` follows."""
        self._checking.stop()
        if self._checker is not None and self._tasks is not None:
            self._tasks.spawn("check XML", self._check())

    async def _check(self) -> None:
        assert self._checker is not None
        words = self.text()
        mistakes = await self._checker.mistakes(words, self._also)
        if words == self.text():
            self.show_mistakes(mistakes, self._checker.note)

    # ---------------------------------------------------------------- what happens in it

    def _on_changed(self) -> None:
        # Qt tells of changes that are none: an undo without anything to be undone.
        if not self._quiet and self.area.mirror.version != self._version:
            self._after_change()

    def _after_change(self) -> None:
        self._version = self.area.mirror.version
        if self._checker is not None:
            self._checking.start()
        if not self.find_bar.isHidden():
            self._look()
        self._show_state()
        if not self._quiet:
            self.changed.emit()

    def _on_wanted(self, what: str) -> None:
        if what in ("find", "replace"):
            self.open_find(what == "replace")
        elif what in ("next", "previous"):
            self.step(1 if what == "next" else -1)
        elif what == "go":
            self._open_line_bar()
        elif what == "complete":
            self.completion.open(asked=True)
        elif what == "leave":
            if self.find_bar.isHidden() and self.line_bar.isHidden():
                self.focusNextChild()
            else:
                self._close_bars()

    def _open_line_bar(self) -> None:
        self.find_bar.hide()
        self.line_bar.open(self.area.textCursor().blockNumber() + 1, self.area.blockCount())

    def _close_bars(self) -> None:
        self.find_bar.hide()
        self.line_bar.hide()
        self._found = []
        self.area.set_marks("found", [])
        self.area.setFocus()

    # ---------------------------------------------------------------- finding

    def open_find(self, replacing: bool = False) -> None:
        """With what is selected, if that is one line."""
        bar = self.find_bar
        self.line_bar.hide()
        chosen = self.area.textCursor().selectedText()
        if chosen and "\u2029" not in chosen:
            bar.line.setText(chosen)
        bar.show_replacing(replacing and not self.read_only)
        bar.show()
        bar.line.selectAll()
        bar.line.setFocus()
        self._look()

    def _on_find_changed(self) -> None:
        self._look()
        if self._found:
            start = self.area.mirror.from_qt(self.area.textCursor().selectionStart())
            self._choose(bisect.bisect_left(self._found, start) % len(self._found))

    def _look(self) -> None:
        """Where the words are; all are marked."""
        words, bar = self.area.text(), self.find_bar
        wanted = bar.line.text()
        self._found = _places(words, wanted, bar.case.isChecked())
        form = QTextCharFormat()
        form.setBackground(faded(theme.warning_color(self.palette()), 0.35))
        size = len(wanted)
        marks = [self.area.mark(start, start + size, form) for start in self._found[:MOST_MARKED]]
        self.area.set_marks("found", marks)
        self._show_count()

    def step(self, by: int) -> None:
        """To the next place, or the one before."""
        if self.find_bar.isHidden() and not self.find_bar.line.text():
            self.open_find()
            return
        self._look()
        if not self._found:
            return
        cursor = self.area.textCursor()
        if by > 0:
            at = bisect.bisect_left(self._found, self.area.mirror.from_qt(cursor.selectionEnd()))
        else:
            at = bisect.bisect_left(self._found, self.area.mirror.from_qt(cursor.selectionStart())) - 1
        self._choose(at % len(self._found))

    def _choose(self, place: int) -> None:
        start = self._found[place]
        self.area.select(start, start + len(self.find_bar.line.text()))
        self._show_count()

    def _show_count(self) -> None:
        start = self.area.mirror.from_qt(self.area.textCursor().selectionStart())
        chosen = self.area.textCursor().hasSelection() and start in self._found
        self.find_bar.show_count(self._found.index(start) + 1 if chosen else 0, len(self._found))

    def _on_replace(self, everywhere: bool) -> None:
        if self.read_only or not self._found:
            return
        wanted, instead = self.find_bar.line.text(), self.find_bar.instead.text()
        if everywhere:
            words, parts, at = self.text(), [], 0
            for start in self._found:
                parts += [words[at:start], instead]
                at = start + len(wanted)
            self.replace_text("".join([*parts, words[at:]]))
            self._look()
            return
        cursor = self.area.textCursor()
        if cursor.hasSelection() and self.area.mirror.from_qt(cursor.selectionStart()) in self._found:
            cursor.insertText(instead)
        self.step(1)

    # ---------------------------------------------------------------- the foot

    def _on_problem(self, item: QListWidgetItem) -> None:
        start, end = item.data(Qt.ItemDataRole.UserRole)
        size = len(self.text())
        self.area.select(min(start, size), min(end, size))
        self.area.setFocus()

    def _show_position(self) -> None:
        cursor = self.area.textCursor()
        line, column = cursor.blockNumber() + 1, cursor.positionInBlock() + 1
        self._position.setText(tr("Line {line}, column {column}", line=line, column=column))
        self._position.setAccessibleName(self._position.text())

    def _show_state(self) -> None:
        """How the text stands."""
        count = len(self.mistakes)
        waiting = self._checking.isActive()
        picture = ""
        if self._checker is None and not count:
            words = ""
        elif count:
            words = trn("{n} problem", "{n} problems", count)
            picture, color = "close-circle", theme.error_color(self.palette())
        elif waiting:
            words = tr("Checking…")
        elif self.note is not None:
            words = str(self.note)
            picture, color = "info", theme.muted(self.palette())
        else:
            words = tr("Valid by libvirt's schema")
            picture, color = "check-circle", theme.good_color(self.palette())
        self._sign.setVisible(bool(picture))
        if picture:
            self._sign.setPixmap(tinted(picture, color, 2 * theme.GRID, self.devicePixelRatioF()))
        self._state.setText(words)
        self._show_position()

    def closeEvent(self, event: QCloseEvent) -> None:
        self._checking.stop()
        super().closeEvent(event)


class _Problems(QListWidget):
    """With some room around, so that its words stand below each other with those of the foot."""

    EDGE = theme.GRID // 2

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self.setViewportMargins(theme.GRID // 2, self.EDGE, theme.GRID // 2, self.EDGE)


class _Rule(QWidget):
    """A line between text and foot."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFixedHeight(1)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Midlight)


def _places(words: str, wanted: str, case: bool) -> list[int]:
    """Where `wanted` begins in `words`, without overlapping."""
    if not wanted:
        return []
    if not case:
        folded = words.lower()
        if len(folded) == len(words):  # a letter can become two, and everything would be elsewhere
            words, wanted = folded, wanted.lower()
    found, at = [], words.find(wanted)
    while at >= 0:
        found.append(at)
        at = words.find(wanted, at + len(wanted))
    return found
