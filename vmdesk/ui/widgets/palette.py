"""The command palette: everything the program can do, by typing a part of its name."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QKeyEvent, QPainter, QPalette
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from vmdesk.model.text import tr
from vmdesk.ui import theme
from vmdesk.ui.models.palette import Choice, PaletteModel
from vmdesk.ui.models.roles import Role
from vmdesk.ui.plain import PlainLabel
from vmdesk.ui.widgets.scroll_bar import thin

_TEXT = Qt.TextFlag.TextSingleLine | Qt.AlignmentFlag.AlignVCenter
_KEYS = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)


class _Lines(QStyledItemDelegate):
    """Icon, title, and at the right what it is."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(40 * theme.GRID, option.fontMetrics.height() + theme.GRID + theme.GRID // 2)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        palette = option.palette
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        enabled = bool(index.flags() & Qt.ItemFlag.ItemIsEnabled)
        rect = option.rect.adjusted(theme.GRID, 0, -theme.GRID, 0)
        if selected:
            painter.fillRect(option.rect, palette.brush(QPalette.ColorRole.Highlight))
        group = QPalette.ColorGroup.Active if enabled else QPalette.ColorGroup.Disabled
        ink = palette.color(group, QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Text)
        second = ink if selected else palette.color(group, QPalette.ColorRole.PlaceholderText)
        picture = index.data(Qt.ItemDataRole.DecorationRole)
        mode = picture.Mode.Selected if selected else picture.Mode.Normal if enabled else picture.Mode.Disabled
        picture.paint(painter, rect.left(), rect.center().y() - 8, 16, 16, Qt.AlignmentFlag.AlignCenter, mode)
        painter.setPen(second)
        kind = str(index.data(Role.KIND))
        painter.drawText(rect, _TEXT | Qt.AlignmentFlag.AlignRight, kind)
        painter.setPen(ink)
        words = rect.adjusted(3 * theme.GRID, 0, -option.fontMetrics.horizontalAdvance(kind) - theme.GRID, 0)
        title = option.fontMetrics.elidedText(str(index.data()), Qt.TextElideMode.ElideRight, words.width())
        painter.drawText(words, _TEXT | Qt.AlignmentFlag.AlignLeft, title)


class Palette(QFrame):
    """A frame over the window, not a window: nothing to place, nothing to grab. Escape or a click beside closes it."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._back: QWidget | None = None
        self.setObjectName("palette")
        self.setAccessibleName(tr("Command palette"))
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        self._model = PaletteModel(self)
        self._line = QLineEdit(self)
        self._line.setObjectName("palette-line")
        self._line.setAccessibleName(tr("Search commands, pages and machines"))
        self._line.setPlaceholderText(tr("Commands, pages and machines"))
        self._list = QListView(self)
        self._list.setObjectName("palette-list")
        self._list.setAccessibleName(tr("Found"))
        self._list.setModel(self._model)
        self._list.setItemDelegate(_Lines(self))
        self._list.setUniformItemSizes(True)
        thin(self._list)
        self._list.setFrameShape(QFrame.Shape.NoFrame)
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._nothing = PlainLabel(parent=self._list)
        self._nothing.setObjectName("palette-nothing")
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._nothing.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._nothing.setText(tr("Nothing is called that."))
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        box = QVBoxLayout(self)
        box.setContentsMargins(theme.GRID, theme.GRID, theme.GRID, theme.GRID)
        box.setSpacing(theme.GRID)
        box.addWidget(self._line)
        box.addWidget(self._list)
        self._line.textChanged.connect(self._on_text)
        self._line.installEventFilter(self)
        self._list.clicked.connect(self._on_clicked)
        self.hide()

    def open(self, choices: Sequence[Choice]) -> None:
        """Offer these."""
        self._back = QApplication.focusWidget()
        self._model.offer(choices)
        self._line.clear()
        self._choose_first()
        self.place()
        self.show()
        self.raise_()
        self._line.setFocus()

    def place(self) -> None:
        """In the upper middle of the window."""
        window = self._window
        width = min(76 * theme.GRID, window.width() - 4 * theme.GRID)
        height = min(52 * theme.GRID, window.height() - 12 * theme.GRID)
        self.setGeometry((window.width() - width) // 2, 8 * theme.GRID, width, height)
        self._nothing.setGeometry(0, theme.GRID, width - 2 * theme.GRID, 6 * theme.GRID)

    def type(self, text: str) -> None:
        """As if the person typed it (tour)."""
        self._line.setText(text)

    def leave(self) -> None:
        self.hide()
        if self._back is not None:
            self._back.setFocus()
            self._back = None

    def _choose_first(self) -> None:
        self._list.setCurrentIndex(self._model.index(0, 0))
        self._nothing.setVisible(not self._model.rowCount())
        self._line.setAccessibleDescription("" if self._model.rowCount() else self._nothing.text())

    def _on_text(self, text: str) -> None:
        self._model.search(text)
        self._choose_first()

    def _on_clicked(self, index: QModelIndex) -> None:
        choice = self._model.choice_at(index.row())
        if choice and not choice.why_not:
            self.leave()
            choice.do()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusOut and self.isVisible():
            self.hide()
            self._back = None
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() == Qt.Key.Key_Escape:
                self.leave()
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._on_clicked(self._list.currentIndex())
                return True
            if event.key() in _KEYS:
                QApplication.sendEvent(self._list, event)
                return True
        return super().eventFilter(watched, event)
