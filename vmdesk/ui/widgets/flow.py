"""A layout that puts its items side by side and begins a new line where the width ends."""

from PySide6.QtCore import QMargins, QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget


class Flow(QLayout):
    """Left to right, top to bottom; items of one line are centred on it."""

    def __init__(self, parent: QWidget | None = None, spacing: int = 8) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self.setSpacing(spacing)
        self.setContentsMargins(QMargins(0, 0, 0, 0))

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._place(QRect(0, 0, width, 0), move=False)

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        self._place(rect, move=True)

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        size = QSize()
        for item in self._items:
            size = size.expandedTo(item.minimumSize())
        return size.grownBy(self.contentsMargins())

    def _place(self, rect: QRect, move: bool) -> int:
        """Lay out within `rect`; returns the height it takes."""
        inner = rect.marginsRemoved(self.contentsMargins())
        x, y = inner.x(), inner.y()
        line: list[tuple[QLayoutItem, int]] = []
        height = 0

        def finish() -> None:
            for item, left in line if move else ():
                size = item.sizeHint()
                item.setGeometry(QRect(QPoint(left, y + (height - size.height()) // 2), size))

        for item in self._items:
            widget = item.widget()
            if widget is not None and widget.isHidden():
                continue
            size = item.sizeHint()
            if line and x + size.width() > inner.right() + 1:
                finish()
                x, y, height = inner.x(), y + height + self.spacing(), 0
                line.clear()
            line.append((item, x))
            x += size.width() + self.spacing()
            height = max(height, size.height())
        finish()
        bottom = self.contentsMargins().bottom()
        return y + height - rect.y() + bottom
