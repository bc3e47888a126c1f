"""Below the page of a device: what was written, when each change would hold, and the two buttons."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QListWidget, QListWidgetItem, QPushButton, QVBoxLayout, QWidget

from vmdesk.model.text import Text, tr, trn
from vmdesk.ui.icons import icon
from vmdesk.ui.plain import PlainLabel, plain_tip
from vmdesk.ui.theme import GRID, error_color
from vmdesk.ui.widgets.glyph import Glyph
from vmdesk.ui.widgets.primary import PrimaryButton
from vmdesk.ui.widgets.scroll_bar import thin

MOST = 5  # lines seen at once


class ChangesBar(QFrame):
    """apply_wanted(), undo_wanted()."""

    apply_wanted = Signal()
    undo_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("hardware-changes-bar")
        self.lines = QListWidget()
        self.lines.setObjectName("hardware-changes")
        self.lines.setAccessibleName(tr("What was changed, and when it holds"))
        self.lines.setSelectionMode(QListWidget.SelectionMode.NoSelection)
        self.lines.setFrameShape(QFrame.Shape.NoFrame)
        self.lines.setWordWrap(True)
        self.lines.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.lines.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.lines.setIconSize(QSize(16, 16))
        self.lines.viewport().setAutoFillBackground(False)
        thin(self.lines, self.palette().ColorRole.Window)
        self._wrong = QWidget()
        self._wrong_words = PlainLabel()
        self._wrong_words.setObjectName("hardware-wrong")
        self._wrong_words.setWordWrap(True)
        row = QHBoxLayout(self._wrong)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID)
        row.addWidget(Glyph("alert-circle", 2 * GRID, error_color), 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._wrong_words, 1)
        self.title = PlainLabel()
        self.title.setObjectName("hardware-changes-title")
        self.title.setWordWrap(True)
        self.undo = QPushButton(tr("Undo"))
        self.undo.setObjectName("hardware-undo")
        self.undo.clicked.connect(self.undo_wanted)
        self.apply = PrimaryButton(tr("Apply"))
        self.apply.setObjectName("hardware-apply")
        self.apply.clicked.connect(self.apply_wanted)
        bottom = QHBoxLayout()
        bottom.setSpacing(GRID)
        bottom.addWidget(self.title, 1)
        bottom.addWidget(self.undo)
        bottom.addWidget(self.apply)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, GRID, 0, 0)
        box.setSpacing(GRID)
        line = QFrame()
        line.setFrameShape(QFrame.Shape.HLine)
        line.setForegroundRole(self.palette().ColorRole.Mid)
        line.setFrameShadow(QFrame.Shadow.Plain)
        box.addWidget(line)
        box.addWidget(self.lines)
        box.addWidget(self._wrong)
        box.addLayout(bottom)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """As high as what is written there, up to a limit."""
        rows = range(min(self.lines.count(), MOST))
        wide = max(self.width() - 7 * GRID, 10 * GRID)  # the icon, the sides, a scroll bar
        metrics = self.lines.fontMetrics()
        flags = int(Qt.TextFlag.TextWordWrap)
        line = max(metrics.height(), 16)
        high = [
            max(metrics.boundingRect(0, 0, wide, 1000, flags, self.lines.item(row).text()).height(), line)
            for row in rows
        ]
        self.lines.setFixedHeight(sum(high) + 2 * len(high) + GRID // 2)

    def show_changes(
        self, changes: Sequence[tuple[Text, Text, bool]], wrong: Text | None, why: Text | None, written: bool
    ) -> None:
        """(what, when, at once) of each. wrong: why they make no sense; why: why nothing can be applied now."""
        lines = [tr("{what}: {value}", what=str(what), value=str(when)) for what, when, _ in changes]
        if lines != [self.lines.item(row).text() for row in range(self.lines.count())]:
            self.lines.clear()
            for words, (_what, _when, now) in zip(lines, changes, strict=True):
                item = QListWidgetItem(icon("check" if now else "clock"), words)
                item.setToolTip(plain_tip(words))
                self.lines.addItem(item)
        self.lines.setVisible(bool(lines))
        self._fit()
        self._wrong.setVisible(wrong is not None)
        self._wrong_words.setText(str(wrong or ""))
        n = len(lines)
        self.title.setText(
            str(why)
            if why is not None
            else trn("{n} change", "{n} changes", n)
            if n
            else ""
            if written
            else tr("Nothing has been changed yet.")
        )
        nothing = tr("Nothing has been changed yet.")
        self.undo.setEnabled(written)
        self.undo.setToolTip("" if written else nothing)
        self.apply.setEnabled(n > 0 and wrong is None and why is None)
        self.apply.setToolTip(plain_tip(str(why or wrong or ("" if n else nothing))))
