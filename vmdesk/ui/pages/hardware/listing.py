"""The list of what a machine has: an icon, what it is called, a line about it; under headings."""

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPalette
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from vmdesk.core.hardware.sheet import Sheet
from vmdesk.model.text import tr
from vmdesk.ui import theme
from vmdesk.ui.icons import icon
from vmdesk.ui.plain import plain_tip
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.scroll_bar import thin

_KEY = int(Qt.ItemDataRole.UserRole)
_SUMMARY, _CHANGED = _KEY + 1, _KEY + 2
_ICON = 20
Index = QModelIndex | QPersistentModelIndex


class _Delegate(QStyledItemDelegate):
    """Two lines; a dot where something was written and not applied."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        high = option.fontMetrics.height()
        if index.data(_KEY) is None:
            return QSize(10 * GRID, high + GRID + (GRID if index.row() else 0))
        return QSize(10 * GRID, 2 * high + GRID)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        palette = option.palette
        rect = option.rect
        if index.data(_KEY) is None:
            painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
            painter.setFont(theme.caption_font(option.font))
            bottom = rect.adjusted(GRID, 0, -GRID, -GRID // 4)
            painter.drawText(bottom, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft, str(index.data()))
            painter.restore()
            return
        widget = option.widget
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        if widget is not None:
            widget.style().drawPrimitive(QStyle.PrimitiveElement.PE_PanelItemViewItem, option, painter, widget)
        role = QPalette.ColorRole.HighlightedText if chosen else QPalette.ColorRole.Text
        inner = rect.adjusted(GRID, GRID // 2, -GRID, -GRID // 2)
        picture = index.data(Qt.ItemDataRole.DecorationRole)
        mode = picture.Mode.Selected if chosen else picture.Mode.Normal
        picture.paint(
            painter,
            QRect(inner.left(), inner.top() + (inner.height() - _ICON) // 2, _ICON, _ICON),
            Qt.AlignmentFlag.AlignCenter,
            mode,
        )
        left = inner.left() + _ICON + GRID + GRID // 2
        right = inner.right()
        if index.data(_CHANGED):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(palette.color(role if chosen else QPalette.ColorRole.Accent))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.drawEllipse(QRect(right - GRID + 1, inner.center().y() - GRID // 2, GRID, GRID))
            right -= 2 * GRID
        high = option.fontMetrics.height()
        painter.setPen(palette.color(role))
        elide = Qt.TextElideMode.ElideRight
        words = option.fontMetrics.elidedText(str(index.data()), elide, right - left)
        painter.drawText(QRect(left, inner.top(), right - left, high), Qt.AlignmentFlag.AlignVCenter, words)
        font = theme.caption_font(option.font)
        painter.setFont(font)
        if not chosen:
            painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
        words = painter.fontMetrics().elidedText(str(index.data(_SUMMARY)), elide, right - left)
        painter.drawText(QRect(left, inner.top() + high, right - left, high), Qt.AlignmentFlag.AlignVCenter, words)
        painter.restore()


class HardwareList(QListWidget):
    """chosen(key): another entry is the current one."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: tuple[tuple[object, ...], ...] = ()
        self.setObjectName("hardware-list")
        self.setAccessibleName(tr("Hardware"))
        self.setItemDelegate(_Delegate(self))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        thin(self)
        self.currentItemChanged.connect(self._on_current)
        self.itemSelectionChanged.connect(self._on_selected)

    def key(self) -> str:
        """Of the current entry, "" for none."""
        item = self.currentItem()
        return str(item.data(_KEY) or "") if item is not None else ""

    def choose(self, key: str) -> bool:
        """Whether there is such an entry."""
        item = next((one for one in self._items() if one.data(_KEY) == key), None)
        if item is not None:
            self.setCurrentItem(item)
        return item is not None

    def show_sheets(self, sheets: Sequence[Sheet], changed: frozenset[str]) -> None:
        """The current entry stays the current one, if it is still there."""
        rows = tuple(
            (one.key, str(one.title), one.icon, _line(one), str(one.group), one.key in changed) for one in sheets
        )
        if rows == self._shown:
            return
        old, places = self.key(), [row[0] for row in rows]
        if [row[:2] for row in rows] == [row[:2] for row in self._shown]:
            for item in self._items():
                if item.data(_KEY) is not None:
                    self._fill(item, rows[places.index(item.data(_KEY))])
        else:
            self.blockSignals(True)
            self.clear()
            group = ""
            for row in rows:
                if row[4] != group:
                    group = str(row[4])
                    heading = QListWidgetItem(group)
                    heading.setFlags(Qt.ItemFlag.NoItemFlags)
                    self.addItem(heading)
                item = QListWidgetItem()
                self._fill(item, row)
                self.addItem(item)
            self.blockSignals(False)
            if not self.choose(old):
                self.setCurrentRow(-1)
        self._shown = rows

    def _fill(self, item: QListWidgetItem, row: tuple[object, ...]) -> None:
        key, title, picture, summary, _group, changed = row
        item.setText(str(title))
        item.setIcon(icon(str(picture)))
        item.setData(_KEY, key)
        item.setData(_SUMMARY, summary)
        item.setData(_CHANGED, changed)
        item.setToolTip(plain_tip(f"{title}\n{summary}"))
        words = f"{title}, {summary}"
        item.setData(Qt.ItemDataRole.AccessibleTextRole, words)
        if changed:
            item.setData(Qt.ItemDataRole.AccessibleDescriptionRole, tr("Changed, not applied"))
        else:
            item.setData(Qt.ItemDataRole.AccessibleDescriptionRole, "")

    def _items(self) -> list[QListWidgetItem]:
        return [self.item(row) for row in range(self.count())]

    def _on_selected(self) -> None:
        """By accessibility something is selected without being the current entry."""
        selected = self.selectedItems()
        if selected and selected[0] is not self.currentItem():
            self.setCurrentItem(selected[0])

    def _on_current(self, item: QListWidgetItem | None) -> None:
        key = item.data(_KEY) if item is not None else None
        if key:
            self.chosen.emit(key)


def _line(sheet: Sheet) -> str:
    return str(sheet.state) if sheet.state is not None else str(sheet.summary)
