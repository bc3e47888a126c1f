"""A list in an order that the person gives it: by dragging, by Alt+Up and Alt+Down, by two buttons; ticked or not."""

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPalette
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from vmdesk.model.text import Text, tr
from vmdesk.ui.icons import icon
from vmdesk.ui.plain import plain_tip
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.check_box import paint_square
from vmdesk.ui.widgets.scroll_bar import thin

_KEY = Qt.ItemDataRole.UserRole
_BOX = QStyle.SubElement.SE_ItemViewItemCheckIndicator
# The current entry is shown by a shade: a tick in the accent would vanish on the accent.
_GROUND, _INK = QPalette.ColorRole.Midlight, QPalette.ColorRole.Text


class _Delegate(QStyledItemDelegate):
    """Squares that can be seen on a dark ground, too."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        super().initStyleOption(option, index)
        option.palette.setColor(option.palette.ColorRole.Highlight, option.palette.color(_GROUND))
        option.palette.setColor(option.palette.ColorRole.HighlightedText, option.palette.color(_INK))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().paint(painter, option, index)
        widget = option.widget
        self.initStyleOption(option, index)
        box = QRectF(widget.style().subElementRect(_BOX, option, widget)).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.save()
        on = option.checkState == Qt.CheckState.Checked
        paint_square(painter, box, widget.palette(), on, widget.isEnabled())
        painter.restore()


class _List(QListWidget):
    """`moved()` after an entry has got another place."""

    moved = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setSpacing(2)
        self.setItemDelegate(_Delegate(self))
        self.setDragDropMode(QListWidget.DragDropMode.InternalMove)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.setUniformItemSizes(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        thin(self)
        self.model().rowsMoved.connect(lambda *_: self.moved.emit())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        if steps and event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self.move_current(steps)
        else:
            super().keyPressEvent(event)

    def move_current(self, steps: int) -> None:
        row = self.currentRow()
        if row < 0 or not 0 <= row + steps < self.count():
            return
        self.insertItem(row + steps, self.takeItem(row))
        self.setCurrentRow(row + steps)
        self.moved.emit()


class OrderList(QWidget):
    """changed(keys): those that are ticked, in their order."""

    changed = Signal(object)

    def __init__(self, name: str, title: str) -> None:
        super().__init__()
        self.list = _List()
        self.list.setObjectName(name)
        self.list.setAccessibleName(title)
        self.list.setIconSize(QSize(16, 16))
        self.list.moved.connect(self._tell)
        self.list.itemChanged.connect(lambda _item: self._tell())
        self.setFocusProxy(self.list)
        buttons = QVBoxLayout()
        buttons.setSpacing(GRID // 2)
        self.buttons: list[QToolButton] = []
        for picture, words, steps in (("chevron-up", tr("Earlier"), -1), ("chevron-down", tr("Later"), 1)):
            button = QToolButton()
            button.setObjectName(f"{name}-{picture}")
            button.setIcon(icon(picture))
            button.setToolTip(words)
            button.setAccessibleName(words)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(lambda _checked=False, steps=steps: self.list.move_current(steps))
            buttons.addWidget(button)
            self.buttons.append(button)
        buttons.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID)
        row.addWidget(self.list, 1)
        row.addLayout(buttons)

    def show_order(self, chosen: Sequence[str], entries: Sequence[tuple[str, Text | str]]) -> None:
        """The chosen ones first, the others below, not ticked."""
        named = dict(entries)
        keys = [key for key in chosen if key in named]
        self.list.blockSignals(True)
        self.list.clear()
        for key in [*keys, *(key for key in named if key not in keys)]:
            item = QListWidgetItem(str(named[key]))
            item.setData(_KEY, key)
            item.setToolTip(plain_tip(str(named[key])))
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsDropEnabled)
            item.setCheckState(Qt.CheckState.Checked if key in keys else Qt.CheckState.Unchecked)
            self.list.addItem(item)
        self.list.blockSignals(False)
        high = self.list.fontMetrics().height() + GRID // 2 + 4
        self.list.setFixedHeight(min(max(self.list.count(), 3), 8) * high + GRID)

    def order(self) -> tuple[str, ...]:
        items = [self.list.item(row) for row in range(self.list.count())]
        return tuple(item.data(_KEY) for item in items if item.checkState() is Qt.CheckState.Checked)

    def _tell(self) -> None:
        self.changed.emit(self.order())
