"""A text console to look at and to type in."""

import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QClipboard,
    QContextMenuEvent,
    QFocusEvent,
    QFont,
    QFontDatabase,
    QGuiApplication,
    QHideEvent,
    QInputMethodEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QFrame,
    QMenu,
    QWidget,
)

from vmdesk.console.text import SCROLLBACK, SIZE, Mods, Place, Span, Terminal
from vmdesk.model.text import tr
from vmdesk.ui import theme
from vmdesk.ui.widgets import terminal_access
from vmdesk.ui.widgets.scroll_bar import thin
from vmdesk.ui.widgets.terminal_drawing import Drawing
from vmdesk.ui.widgets.terminal_keys import held, key_bytes
from vmdesk.ui.widgets.terminal_marks import Finds, Selecting, marks
from vmdesk.ui.widgets.terminal_menu import terminal_menu
from vmdesk.ui.widgets.terminal_reading import Reading

FRAME = 16  # ms between two pictures
FLOODED = 33  # the same while more comes than can be shown
HIDDEN = 250  # ms between two looks at what came while nobody sees it
BUDGET = 0.01  # seconds of a turn of the main thread
SMALLEST_FONT, LARGEST_FONT = 6.0, 32.0
_EDGE = theme.GRID // 2

_K = Qt.Key
_CTRL_SHIFT = Mods.CTRL | Mods.SHIFT


class TerminalView(QAbstractScrollArea):
    """The console itself. All keys go to the guest but those below.

    Ctrl+Shift+C and V copy and paste, Ctrl+Shift+F finds, Ctrl+Shift+A selects all; Shift+Page Up and Down, Home and
    End look back; Ctrl+Shift+Plus, Minus, 0 change the size of the letters; Ctrl+Tab leaves.

    send       types bytes in the guest; False if it does not take them
    searching  Ctrl+Shift+F was pressed
    changed    what is shown has changed (once a picture)
    failed     words: something did not work
    rang       the bell, once a second at most
    """

    searching = Signal()
    changed = Signal()
    failed = Signal(str)
    rang = Signal()

    def __init__(
        self, send: Callable[[bytes], bool], scrollback: int = SCROLLBACK, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._send = send
        self.terminal = Terminal(*SIZE, scrollback, self._reply, self._on_bell)
        self._fixed: tuple[int, int] | None = SIZE
        self._usual = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        self._font = QFont(self._usual)
        self._drawing = Drawing(self._font, self.palette())
        self._anchor: int | None = None  # the number of the line at the top; None: the screen, whatever comes
        self._drawn: tuple[int, Place, int] = (0, Place(0, 0), 0)  # top, cursor, first of the last picture
        self._selection: Span | None = None
        self._selecting = Selecting(self.terminal)
        self._finds = Finds(self.terminal)
        self._composed = ""
        self.reading = Reading(self)
        self._readonly = False
        self._last_bell = 0.0
        self._last_turn = 0.0
        self._pace = QTimer(self)
        self._pace.setSingleShot(True)
        self._pace.timeout.connect(self._on_turn)
        self._pulling = QTimer(self)
        self._pulling.setInterval(60)
        self._pulling.timeout.connect(self._on_pull)
        self._menu: QMenu | None = None
        self.setObjectName("terminal")
        self.setAccessibleName(tr("Text console"))
        self.setAccessibleDescription(tr("Keys go to the machine. Ctrl+Tab leaves, Ctrl+Shift+F finds."))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled)
        self.viewport().setCursor(Qt.CursorShape.IBeamCursor)
        self.viewport().setBackgroundRole(QPalette.ColorRole.Base)
        thin(self)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        self.horizontalScrollBar().valueChanged.connect(lambda _value: self.viewport().update())
        terminal_access.install("TerminalView")
        self._lay_out()

    # -- what comes from the guest

    def feed(self, data: bytes) -> None:
        """What the guest printed. Cheap: it is shown at the next picture."""
        self.terminal.feed(data)
        if not self._pace.isActive():
            wait = HIDDEN if not self.isVisible() else FRAME - int((time.monotonic() - self._last_turn) * 1000)
            self._pace.start(max(0, min(wait, HIDDEN)))

    def flush(self) -> None:
        """Show all that came, now (tests, tour)."""
        self._pace.stop()
        self.terminal.advance()
        self._refresh()

    def begin_again(self) -> None:
        """The console was opened anew."""
        self.terminal.begin_again()

    def _on_turn(self) -> None:
        more = self.terminal.advance(BUDGET)
        if more:
            self._pace.start(4)  # others have their turn in between
        if self.isVisible() and (not more or (time.monotonic() - self._last_turn) * 1000 >= FLOODED):
            self._last_turn = time.monotonic()
            self._refresh()

    def _reply(self, data: bytes) -> None:
        if not self._readonly:
            self._send(data)

    def _on_bell(self) -> None:
        if time.monotonic() - self._last_bell > 1:
            self._last_bell = time.monotonic()
            self.rang.emit()

    # -- size

    @property
    def fixed_size(self) -> tuple[int, int] | None:
        return self._fixed

    def set_fixed_size(self, size: tuple[int, int] | None) -> None:
        """Columns and lines; None: as many as there is room for.

        A guest on a serial port believes in 80 x 24 unless somebody tells it otherwise (`tell_size`).
        """
        self._fixed = size
        self._lay_out()

    def tell_size(self) -> None:
        """Type the command that tells a Unix guest how large the terminal is."""
        self.type_bytes(f"stty cols {self.terminal.columns} rows {self.terminal.lines}\r".encode())

    def zoom(self, steps: int) -> None:
        """Larger or smaller letters; 0: as usual."""
        size = self._usual.pointSizeF() if not steps else self._font.pointSizeF() + steps
        self._font.setPointSizeF(min(max(size, SMALLEST_FONT), LARGEST_FONT))
        self._drawing.set_font(QFont(self._font))
        self._lay_out()

    def set_scrollback(self, lines: int) -> None:
        self.terminal.set_scrollback(lines)
        self._refresh(everything=True)

    def sizeHint(self) -> QSize:
        columns, lines = self._fixed or SIZE
        bar = self.verticalScrollBar().sizeHint().width()
        drawing = self._drawing
        return QSize(columns * drawing.cell_width + 2 * _EDGE + bar, lines * drawing.cell_height + 2 * _EDGE)

    def minimumSizeHint(self) -> QSize:
        return QSize(20 * self._drawing.cell_width, 4 * self._drawing.cell_height)

    def _room(self) -> tuple[int, int]:
        size = self.viewport().size()
        return (
            max(1, (size.width() - 2 * _EDGE) // self._drawing.cell_width),
            max(1, (size.height() - 2 * _EDGE) // self._drawing.cell_height),
        )

    def _lay_out(self) -> None:
        columns, lines = self._fixed or self._room()
        self.terminal.resize(columns, lines)
        width = self.terminal.columns * self._drawing.cell_width + 2 * _EDGE
        bar = self.horizontalScrollBar()
        bar.setRange(0, max(0, width - self.viewport().width()))
        bar.setPageStep(self.viewport().width())
        bar.setSingleStep(self._drawing.cell_width)
        self._refresh(everything=True)

    @property
    def rows(self) -> int:
        """Lines seen at once."""
        return min(self._room()[1], self.terminal.lines)

    @property
    def _lowest(self) -> int:
        """The number of the line at the top when the end is seen."""
        terminal = self.terminal
        if self.rows >= terminal.lines:
            return terminal.top
        # There is room for a part of the screen only: that with the cursor.
        return min(terminal.end - self.rows, max(terminal.top, terminal.cursor.line - self.rows + 1))

    @property
    def top(self) -> int:
        return self._lowest if self._anchor is None else max(self.terminal.first, min(self._anchor, self._last_top))

    @property
    def _last_top(self) -> int:
        return max(self.terminal.first, self.terminal.end - self.rows)

    # -- painting

    def _refresh(self, everything: bool = False) -> None:
        """Have what changed painted."""
        terminal = self.terminal
        dirty = terminal.take_dirty()
        if self._selection and self._selection.end.line < terminal.first:
            self._selection = None
        before = self._drawn
        self._drawn = now = (self.top, terminal.cursor, terminal.top)
        bar = self.verticalScrollBar()
        bar.blockSignals(True)
        bar.setRange(0, self._last_top - terminal.first)
        bar.setPageStep(self.rows)
        bar.setValue(self.top - terminal.first)
        bar.blockSignals(False)
        if everything or before[0] != now[0] or before[2] != now[2]:
            self.viewport().update()
        else:
            for line in {terminal.top + y for y in dirty} | (
                {before[1].line, now[1].line} if before[1] != now[1] else set()
            ):
                self._update_line(line)
        if dirty or everything:
            self.changed.emit()
            self.reading.tell(self)

    def _update_line(self, number: int) -> None:
        row = number - self.top
        if 0 <= row < self.rows:
            height = self._drawing.cell_height
            self.viewport().update(0, _EDGE + row * height, self.viewport().width(), height)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        drawing, terminal = self._drawing, self.terminal
        painter.fillRect(event.rect(), drawing.ground)
        left = _EDGE - self.horizontalScrollBar().value()
        height, top = drawing.cell_height, self.top
        first = max(0, (event.rect().top() - _EDGE) // height)
        last = min(self.rows, (event.rect().bottom() - _EDGE) // height + 1)
        painter.translate(left, _EDGE)
        cursor = terminal.cursor
        for row in range(first, last):
            number = top + row
            line = terminal.line(number)
            marked = marks(self._finds, self._selection, number, terminal.columns, self.palette(), self.hasFocus())
            drawing.paint_line(painter, row * height, line, terminal.columns, marked, terminal.reversed)
            if number == cursor.line and not terminal.cursor_hidden:
                self._paint_cursor(painter, row * height, cursor)
        painter.resetTransform()
        self._paint_edge(painter, left)
        painter.end()

    def _paint_cursor(self, painter: QPainter, y: int, cursor: Place) -> None:
        line, column = self.terminal.line(cursor.line), cursor.column
        if self._composed:
            column = min(
                column + self._drawing.paint_words(painter, y, column, self._composed), self.terminal.columns - 1
            )
        color = self._drawing.ground if self.terminal.reversed else self._drawing.ink
        self._drawing.paint_cursor(painter, y, column, line, self.hasFocus() and not self._readonly, color)

    def _paint_edge(self, painter: QPainter, left: int) -> None:
        """Where a screen ends that is smaller than the window."""
        width = left + self.terminal.columns * self._drawing.cell_width + _EDGE
        height = self.rows * self._drawing.cell_height + 2 * _EDGE
        color = self.palette().color(QPalette.ColorRole.Midlight)
        size = self.viewport().size()
        if self._fixed and width + 1 < size.width():
            painter.fillRect(width, 0, 1, min(height, size.height()), color)
        if self._fixed and height + 1 < size.height():
            painter.fillRect(0, height, min(width + 1, size.width()), 1, color)

    # -- looking back

    def scroll_to(self, line: int | None) -> None:
        """Have the line of that number at the top; None: the screen, and stay with it."""
        self._anchor = None if line is None or line >= self._lowest else max(line, self.terminal.first)
        self._refresh(everything=True)

    def _on_scrolled(self, value: int) -> None:
        self.scroll_to(self.terminal.first + value)

    def reveal(self, line: int) -> None:
        """Scroll only if that line is not seen."""
        if not self.top <= line < self.top + self.rows:
            self.scroll_to(line - self.rows // 2)

    # -- typing

    @property
    def readonly(self) -> bool:
        return self._readonly

    def set_readonly(self, readonly: bool) -> None:
        """View only: nothing goes to the guest."""
        self._readonly = readonly
        self.viewport().update()

    def type_bytes(self, data: bytes) -> None:
        """Send it; what is looked at is the screen again."""
        if not data or self._readonly:
            return
        if self._anchor is not None:
            self.scroll_to(None)
        if not self._send(data):
            self.failed.emit(tr("The machine does not take what is typed."))

    def focusNextPrevChild(self, forward: bool) -> bool:
        return False  # Tab is the guest's

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            # Without this the window's shortcuts would take Ctrl+W, F5, Delete ... from the guest.
            mods = held(event)
            if not (mods & Mods.META or (mods & Mods.CTRL and event.key() in (_K.Key_Tab, _K.Key_Backtab))):
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, mods = _K(event.key()), held(event)
        if mods & Mods.CTRL and key in (_K.Key_Tab, _K.Key_Backtab):
            super().focusNextPrevChild(not mods & Mods.SHIFT)
        elif not self._own_key(key, mods):
            self.type_bytes(key_bytes(self.terminal, event))
        event.accept()

    def _own_key(self, key: Qt.Key, mods: Mods) -> bool:
        """The keys that are not the guest's."""
        mods &= ~Mods.META
        if mods == Mods.SHIFT and not self.terminal.second:
            page = {_K.Key_PageUp: -self.rows, _K.Key_PageDown: self.rows}.get(key)
            if page is not None:
                self.scroll_to(self.top + page)
            elif key in (_K.Key_Home, _K.Key_End):
                self.scroll_to(self.terminal.first if key == _K.Key_Home else None)
            elif key == _K.Key_Insert:
                self.paste(selection=True)
            else:
                return False
            return True
        if mods == _CTRL_SHIFT:
            acts: dict[Qt.Key, Callable[[], object]] = {
                _K.Key_C: self.copy,
                _K.Key_V: self.paste,
                _K.Key_A: self.select_all,
                _K.Key_F: self.searching.emit,
                _K.Key_Plus: lambda: self.zoom(1),
                _K.Key_Equal: lambda: self.zoom(1),
                _K.Key_Minus: lambda: self.zoom(-1),
                _K.Key_Underscore: lambda: self.zoom(-1),
                _K.Key_0: lambda: self.zoom(0),
                _K.Key_ParenRight: lambda: self.zoom(0),
            }
            if act := acts.get(key):
                act()
                return True
        return False

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        if event.commitString():
            self.type_bytes(self.terminal.typed(event.commitString()))
        self._composed = event.preeditString()
        self._update_line(self.terminal.cursor.line)
        event.accept()

    def inputMethodQuery(self, query: Qt.InputMethodQuery) -> object:
        if query == Qt.InputMethodQuery.ImCursorRectangle:
            return self.cell_rect(self.terminal.cursor)
        if query == Qt.InputMethodQuery.ImHints:
            return Qt.InputMethodHint.ImhNoPredictiveText | Qt.InputMethodHint.ImhNoAutoUppercase
        if query == Qt.InputMethodQuery.ImEnabled:
            return not self._readonly
        return super().inputMethodQuery(query)

    # -- selecting, copying, pasting

    @property
    def selection(self) -> Span | None:
        return self._selection

    @property
    def selected_text(self) -> str:
        return self.terminal.text(self._selection) if self._selection else ""

    def select(self, span: Span | None) -> None:
        if span != self._selection:
            self._selection = span
            self.viewport().update()

    def select_all(self) -> None:
        self.select(self.terminal.everything)

    def copy(self) -> None:
        if text := self.selected_text:
            QGuiApplication.clipboard().setText(text)

    def paste(self, selection: bool = False) -> None:
        """Type what is on the clipboard (selection: what was marked last, where the desktop has that)."""
        clipboard = QGuiApplication.clipboard()
        primary = selection and clipboard.supportsSelection()
        text = clipboard.text(QClipboard.Mode.Selection if primary else QClipboard.Mode.Clipboard)
        self.type_bytes(self.terminal.paste(text))

    def _place_at(self, point: QPoint) -> Place:
        """The cell border nearest to a point of the viewport: a selection begins and ends between cells."""
        drawing = self._drawing
        column = round((point.x() - _EDGE + self.horizontalScrollBar().value()) / drawing.cell_width - 0.1)
        row = (point.y() - _EDGE) // drawing.cell_height
        number = min(max(self.top + row, self.terminal.first), self.terminal.end - 1)
        if row < 0 or number < self.top + row:
            column = 0 if row < 0 else self.terminal.columns
        return Place(number, min(max(column, 0), self.terminal.columns))

    def cell_at(self, point: QPoint) -> Place:
        half = QPoint(self._drawing.cell_width // 2, 0)
        place = self._place_at(point - half)
        return Place(place.line, min(place.column, self.terminal.columns - 1))

    def cell_rect(self, place: Place) -> QRect:
        drawing = self._drawing
        left = _EDGE - self.horizontalScrollBar().value() + place.column * drawing.cell_width
        top = _EDGE + (place.line - self.top) * drawing.cell_height
        return QRect(left, top, drawing.cell_width, drawing.cell_height)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        point = event.position().toPoint()
        if event.button() == Qt.MouseButton.MiddleButton:
            if QGuiApplication.clipboard().supportsSelection():
                self.paste(selection=True)
        elif event.button() == Qt.MouseButton.LeftButton:
            place = self._place_at(point)
            if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and self._selecting.begun:
                self.select(self._selecting.extend(place))
            elif self._selecting.is_word(self.cell_at(point)):
                self.select(self._selecting.begin(place, "line"))  # the third click
            else:
                self.select(self._selecting.begin(place))
        else:
            super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.select(self._selecting.begin(self.cell_at(event.position().toPoint()), "word"))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton and self._selecting.begun:
            point = event.position().toPoint()
            self.select(self._selecting.extend(self._place_at(point)))
            outside = not 0 <= point.y() < self.viewport().height()
            if outside != self._pulling.isActive():
                (self._pulling.start if outside else self._pulling.stop)()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pulling.stop()
        clipboard = QGuiApplication.clipboard()
        if self._selection and clipboard.supportsSelection():
            clipboard.setText(self.selected_text, QClipboard.Mode.Selection)

    def _on_pull(self) -> None:
        """The mouse is held above or below: go on selecting there."""
        point = self.viewport().mapFromGlobal(self.cursor().pos())
        self.scroll_to(self.top + (-1 if point.y() < 0 else 1))
        if self._selecting.begun:
            self.select(self._selecting.extend(self._place_at(point)))

    def wheelEvent(self, event: QWheelEvent) -> None:
        turn = event.angleDelta().y()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            if turn:
                self.zoom(1 if turn > 0 else -1)
        elif self.terminal.second and turn:
            # A program that has the screen for itself has no history here: it scrolls by itself.
            self.type_bytes(self.terminal.key("up" if turn > 0 else "down") * max(1, abs(turn) // 40))
        else:
            super().wheelEvent(event)
            return
        event.accept()

    # -- finding

    @property
    def found(self) -> tuple[int, int]:
        """(place of the current one from 1, 0 if there is none; how many)."""
        return self._finds.count

    def look_for(self, words: str, match_case: bool = False) -> None:
        """Mark all places of the words and go to the youngest."""
        self._finds.look_for(words, match_case)
        self._go_to_current()

    def refind(self, words: str, match_case: bool) -> None:
        """The same words in what is there now; the current place stays."""
        self._finds.refind(words, match_case)
        self.viewport().update()

    def step(self, by: int) -> None:
        self._finds.step(by)
        self._go_to_current()

    def _go_to_current(self) -> None:
        if self._finds.current:
            self.reveal(self._finds.current.start.line)
        self.viewport().update()

    # -- menu

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu().popup(event.globalPos())

    def menu(self) -> QMenu:
        if self._menu:
            self._menu.deleteLater()
        self._menu = terminal_menu(self, self)
        return self._menu

    def clear_history(self) -> None:
        """Forget what scrolled away."""
        self.terminal.clear_history()
        self.scroll_to(None)

    def log_to(self, file: Path | None) -> None:
        """Write what comes to a file, too; None: no more."""
        try:
            self.terminal.log_to(file)
        except OSError as error:
            words = tr("{file} cannot be written: {why}", file=str(file), why=error.strerror or str(error))
            self.failed.emit(words)

    # -- the rest

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._pace.isActive():
            self._pace.start(0)
        self._refresh(everything=True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._pulling.stop()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._composed = ""
        self.viewport().update()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.ApplicationPaletteChange):
            self._drawing.set_palette(self.palette())
            self.viewport().update()
