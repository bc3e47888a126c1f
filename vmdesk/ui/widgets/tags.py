"""Tags as chips: shown, and edited with completion."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QAbstractButton, QCompleter, QLineEdit, QSizePolicy, QWidget

from vmdesk.core.labels import tags_of
from vmdesk.model.text import tr
from vmdesk.ui.theme import GRID, caption_font
from vmdesk.ui.widgets.flow import Flow


class Chip(QAbstractButton):
    """One tag; a click on it does what its owner connects (filter by it, or take it away)."""

    def __init__(self, tag: str, removable: bool = False, note: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tag = tag
        self._removable = removable
        self.setText(f"{tag} {note}" if note else tag)
        self.setFont(caption_font(self.font()))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr("Remove the tag {tag}", tag=tag) if removable else tr("Tag {tag}", tag=tag))
        self.setToolTip(self.accessibleName() if removable else "")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if removable else Qt.FocusPolicy.NoFocus)

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        cross = metrics.horizontalAdvance(" ×") if self._removable else 0
        return QSize(metrics.horizontalAdvance(self.text()) + cross + 2 * GRID, metrics.height() + GRID // 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        ground = palette.color(QPalette.ColorRole.Accent)
        ground.setAlphaF(0.3 if self._removable and self.underMouse() else 0.16)
        painter.setBrush(ground)
        accent = QPen(palette.color(QPalette.ColorRole.Accent), 1.5)
        painter.setPen(accent if self.hasFocus() else Qt.PenStyle.NoPen)
        box = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter.drawRoundedRect(box, box.height() / 2, box.height() / 2)
        painter.setPen(palette.color(QPalette.ColorRole.WindowText))
        words = f"{self.text()} ×" if self._removable else self.text()
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, words)


class TagRow(QWidget):
    """Tags to be read."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._flow = Flow(self, GRID // 2)
        self._tags: tuple[str, ...] = ()
        self.setAccessibleName(tr("Tags"))

    def set_tags(self, tags: Sequence[str]) -> None:
        if tuple(tags) == self._tags:
            return
        self._tags = tuple(tags)
        while item := self._flow.takeAt(0):
            if widget := item.widget():
                widget.deleteLater()
        for tag in self._tags:
            self._flow.addWidget(Chip(tag))
        self.setVisible(bool(self._tags))


class TagEditor(QWidget):
    """Tags to be edited: Enter, comma or blank ends one, Backspace in the empty line takes the last away.

    `notes` stand behind a tag ("2 of 5" when not all of the machines have it).
    """

    changed = Signal()

    def __init__(
        self,
        tags: Sequence[str],
        known: Sequence[str] = (),
        notes: dict[str, str] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._tags = list(tags)
        self._notes = notes or {}
        self._flow = Flow(self, GRID // 2)
        self._line = QLineEdit()
        self._line.setObjectName("tag-line")
        self._line.setPlaceholderText(tr("add a tag"))
        self._line.setAccessibleName(tr("New tag"))
        self._line.setMinimumWidth(20 * GRID)
        completer = QCompleter(sorted(known, key=str.casefold), self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.activated.connect(self._take, Qt.ConnectionType.QueuedConnection)
        self._line.setCompleter(completer)
        self._line.textEdited.connect(self._on_edited)
        self._line.installEventFilter(self)
        self._chips: list[Chip] = []
        self._flow.addWidget(self._line)
        self._rebuild()
        self.setFocusProxy(self._line)

    @property
    def tags(self) -> tuple[str, ...]:
        """What stands there, a word still being typed included."""
        return tags_of(",".join([*self._tags, self._line.text()]))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._line and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
            if enter and self._line.text().strip():
                self._take()
                return True  # Enter ends the tag, not the dialog
            if event.key() == Qt.Key.Key_Backspace and not self._line.text() and self._tags:
                self._remove(self._tags[-1])
                return True
        return super().eventFilter(watched, event)

    def _on_edited(self, words: str) -> None:
        if words.endswith((",", " ")):
            self._take()

    def _take(self) -> None:
        self._tags = list(self.tags)
        self._line.clear()
        self._rebuild()
        self.changed.emit()

    def _remove(self, tag: str) -> None:
        self._tags.remove(tag)
        self._rebuild()
        self._line.setFocus()
        self.changed.emit()

    def _rebuild(self) -> None:
        while self._flow.takeAt(0):
            pass
        for chip in self._chips:
            chip.hide()
            chip.deleteLater()
        self._chips = [Chip(tag, removable=True, note=self._notes.get(tag, ""), parent=self) for tag in self._tags]
        for chip in self._chips:
            chip.clicked.connect(lambda _=False, tag=chip.tag: self._remove(tag))
            self._flow.addWidget(chip)
            chip.show()
        self._flow.addWidget(self._line)
        self.updateGeometry()
