"""The tiles of a wall side by side, as large as the window allows."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QPalette, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from vmdesk.ui.console.tile import FORM, ScreenTile
from vmdesk.ui.theme import GRID

SMALLEST = 16 * GRID  # a tile's width; where they do not fit then, they are scrolled
GAP = GRID
EDGE = 2 * GRID


def columns(count: int, width: int, height: int, caption: int) -> tuple[int, int]:
    """(how many side by side, a tile's width): as large as possible with all of them seen, if that can be."""
    best = (1, 0)
    for side in range(1, count + 1):
        lines = -(-count // side)
        by_width = (width - 2 * EDGE - (side - 1) * GAP) // side
        by_height = int(((height - 2 * EDGE - (lines - 1) * GAP) / lines - caption) / FORM)
        wide = min(by_width, by_height)
        if wide > best[1]:
            best = (side, wide)
    if best[1] >= SMALLEST:
        return best
    side = max(1, min(count, (width - 2 * EDGE + GAP) // (SMALLEST + GAP)))
    return side, max(GRID, (width - 2 * EDGE - (side - 1) * GAP) // side)


class TileGrid(QScrollArea):
    """opened(tile): go to its console. chosen: other tiles have a mark. menu_wanted(tile, where)."""

    opened = Signal(object)
    chosen = Signal()
    menu_wanted = Signal(object, QPoint)

    def __init__(self, make: Callable[[QWidget], Sequence[ScreenTile]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("tile-grid")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._ground = QWidget()
        self._ground.setBackgroundRole(QPalette.ColorRole.Window)
        self.setWidget(self._ground)
        self.viewport().setBackgroundRole(QPalette.ColorRole.Window)
        self.tiles = tuple(make(self._ground))
        self._side = 1
        self._current: ScreenTile | None = None
        self._turn = QTimer(self)  # once, however often it is scrolled
        self._turn.setSingleShot(True)
        self._turn.setInterval(0)
        self._turn.timeout.connect(self._look)
        for tile in self.tiles:
            tile.opened.connect(lambda tile=tile: self.opened.emit(tile))
            tile.steered.connect(lambda key, tile=tile: self._steer(tile, key))
            tile.toggled.connect(lambda _on: self.chosen.emit())
            tile.menu_wanted.connect(lambda where, tile=tile: self.menu_wanted.emit(tile, where))
            tile.installEventFilter(self)
            tile.show()
        self.verticalScrollBar().valueChanged.connect(lambda _value: self._turn.start())
        if self.tiles:
            self._make_current(self.tiles[0])

    @property
    def side(self) -> int:
        """Tiles in a line."""
        return self._side

    @property
    def current(self) -> ScreenTile | None:
        return self._current

    def set_choosing(self, on: bool) -> None:
        """Off: tiles take neither clicks nor focus."""
        for tile in self.tiles:
            tile.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents, not on)
            tile.setFocusPolicy(Qt.FocusPolicy.ClickFocus if on else Qt.FocusPolicy.NoFocus)
        if on and self._current is not None:
            self._make_current(self._current)

    # ---------------------------------------------------------------- where they are

    def _place(self) -> None:
        if not self.tiles:
            return
        caption = ScreenTile.caption_height(self)
        view = self.viewport()
        self._side, wide = columns(len(self.tiles), view.width(), view.height(), caption)
        high = round(wide * FORM) + caption
        lines = -(-len(self.tiles) // self._side)
        total = lines * high + (lines - 1) * GAP + 2 * EDGE
        self._ground.resize(view.width(), max(total, view.height()))
        left = (view.width() - self._side * wide - (self._side - 1) * GAP) // 2
        top = max(EDGE, (view.height() - total) // 2 + EDGE)
        for place, tile in enumerate(self.tiles):
            line, column = divmod(place, self._side)
            tile.setGeometry(QRect(left + column * (wide + GAP), top + line * (high + GAP), wide, high))
        self._turn.start()

    def _look(self) -> None:
        """Tell the tiles which of them are on the screen: the others cost nothing."""
        seen = QRect(QPoint(0, -self._ground.y()), self.viewport().size()) if self.isVisible() else QRect()
        for tile in self.tiles:
            tile.look(seen.intersects(tile.geometry()))
        if not self._ground.updatesEnabled():
            self._ground.setUpdatesEnabled(True)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._ground.setUpdatesEnabled(False)  # until all are in their place: forty tiles are painted once, not twice
        self._place()
        self._turn.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._turn.stop()
        self._look()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._place()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._turn.start()
        return super().event(event)

    # ---------------------------------------------------------------- by keyboard

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusIn and isinstance(watched, ScreenTile):
            self._make_current(watched)
        return super().eventFilter(watched, event)

    def _make_current(self, tile: ScreenTile) -> None:
        """Tab comes to one tile only; the arrows lead to the others."""
        if self._current is not None:
            self._current.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._current = tile
        tile.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFocusProxy(tile)

    def _steer(self, tile: ScreenTile, key: int) -> None:
        place, last = self.tiles.index(tile), len(self.tiles) - 1
        to = {
            Qt.Key.Key_Left: place - 1,
            Qt.Key.Key_Right: place + 1,
            Qt.Key.Key_Up: place - self._side,
            Qt.Key.Key_Down: place + self._side,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }[Qt.Key(key)]
        if Qt.Key(key) == Qt.Key.Key_Down and to > last and place // self._side < last // self._side:
            to = last
        if 0 <= to <= last:
            self.tiles[to].setFocus(Qt.FocusReason.OtherFocusReason)
            self.ensureWidgetVisible(self.tiles[to], EDGE, EDGE)
