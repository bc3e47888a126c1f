"""A text console to look at and to type in."""

import time
from bisect import bisect_left
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleTextCursorEvent,
    QAccessibleTextInsertEvent,
    QAccessibleTextRemoveEvent,
    QAction,
    QActionGroup,
    QClipboard,
    QContextMenuEvent,
    QFocusEvent,
    QFont,
    QFontDatabase,
    QGuiApplication,
    QHideEvent,
    QInputMethodEvent,
    QKeyEvent,
    QKeySequence,
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
    QFileDialog,
    QFrame,
    QMenu,
    QWidget,
)

from vmdesk.console.text import SCROLLBACK, SIZE, Mods, Place, Span, Terminal
from vmdesk.model.text import tr
from vmdesk.ui import theme
from vmdesk.ui.colors import faded
from vmdesk.ui.icons import icon
from vmdesk.ui.widgets import terminal_access
from vmdesk.ui.widgets.scroll_bar import thin
from vmdesk.ui.widgets.terminal_drawing import Drawing, Mark
from vmdesk.ui.widgets.terminal_keys import held, key_bytes

FRAME = 16  # ms between two pictures
FLOODED = 33  # the same while more comes than can be shown
HIDDEN = 250  # ms between two looks at what came while nobody sees it
BUDGET = 0.01  # seconds of a turn of the main thread
SIZES = ((80, 24), (100, 30), (132, 43))
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
        self._pivot: tuple[Span, str] | None = None  # where the selection began, and whether by words or lines
        self._found: list[Span] = []
        self._current = -1
        self._composed = ""
        self._told: list[str] = []  # what screen readers know, and the number of its first line
        self._told_top = 0
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
    def _rows(self) -> int:
        """Lines seen at once."""
        return min(self._room()[1], self.terminal.lines)

    @property
    def _lowest(self) -> int:
        """The number of the line at the top when the end is seen."""
        terminal = self.terminal
        if self._rows >= terminal.lines:
            return terminal.top
        # There is room for a part of the screen only: that with the cursor.
        return min(terminal.end - self._rows, max(terminal.top, terminal.cursor.line - self._rows + 1))

    @property
    def _top(self) -> int:
        return self._lowest if self._anchor is None else max(self.terminal.first, min(self._anchor, self._last_top))

    @property
    def _last_top(self) -> int:
        return max(self.terminal.first, self.terminal.end - self._rows)

    # -- painting

    def _refresh(self, everything: bool = False) -> None:
        """Have what changed painted."""
        terminal = self.terminal
        dirty = terminal.take_dirty()
        if self._selection and self._selection.end.line < terminal.first:
            self._selection = None
        before = self._drawn
        self._drawn = now = (self._top, terminal.cursor, terminal.top)
        bar = self.verticalScrollBar()
        bar.blockSignals(True)
        bar.setRange(0, self._last_top - terminal.first)
        bar.setPageStep(self._rows)
        bar.setValue(self._top - terminal.first)
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
            self._tell_readers()

    def _update_line(self, number: int) -> None:
        row = number - self._top
        if 0 <= row < self._rows:
            height = self._drawing.cell_height
            self.viewport().update(0, _EDGE + row * height, self.viewport().width(), height)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        drawing, terminal = self._drawing, self.terminal
        painter.fillRect(event.rect(), drawing.ground)
        left = _EDGE - self.horizontalScrollBar().value()
        height, top = drawing.cell_height, self._top
        first = max(0, (event.rect().top() - _EDGE) // height)
        last = min(self._rows, (event.rect().bottom() - _EDGE) // height + 1)
        painter.translate(left, _EDGE)
        cursor = terminal.cursor
        for row in range(first, last):
            number = top + row
            line = terminal.line(number)
            drawing.paint_line(painter, row * height, line, terminal.columns, self._marks(number), terminal.reversed)
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
        height = self._rows * self._drawing.cell_height + 2 * _EDGE
        color = self.palette().color(QPalette.ColorRole.Midlight)
        size = self.viewport().size()
        if self._fixed and width + 1 < size.width():
            painter.fillRect(width, 0, 1, min(height, size.height()), color)
        if self._fixed and height + 1 < size.height():
            painter.fillRect(0, height, min(width + 1, size.width()), 1, color)

    def _marks(self, number: int) -> list[Mark]:
        """What is found and what is selected on a line."""
        palette, columns = self.palette(), self.terminal.columns
        marks = []
        for place in range(bisect_left(self._found, number, key=lambda span: span.end.line), len(self._found)):
            span = self._found[place]
            if span.start.line > number:
                break
            if part := span.on(number, columns):
                strong = place == self._current
                ground = theme.warning_color(palette)
                ink = palette.color(QPalette.ColorRole.Base if strong else QPalette.ColorRole.Text)
                marks.append(Mark(*part, ground if strong else faded(ground, 0.3), ink))
        if self._selection and (part := self._selection.on(number, columns)):
            group = QPalette.ColorGroup.Active if self.hasFocus() else QPalette.ColorGroup.Inactive
            ground = palette.color(group, QPalette.ColorRole.Highlight)
            marks.append(Mark(*part, ground, palette.color(group, QPalette.ColorRole.HighlightedText)))
        return marks

    # -- looking back

    def scroll_to(self, line: int | None) -> None:
        """Have the line of that number at the top; None: the screen, and stay with it."""
        self._anchor = None if line is None or line >= self._lowest else max(line, self.terminal.first)
        self._refresh(everything=True)

    def _on_scrolled(self, value: int) -> None:
        self.scroll_to(self.terminal.first + value)

    def reveal(self, line: int) -> None:
        """Scroll only if that line is not seen."""
        if not self._top <= line < self._top + self._rows:
            self.scroll_to(line - self._rows // 2)

    # -- typing

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
            page = {_K.Key_PageUp: -self._rows, _K.Key_PageDown: self._rows}.get(key)
            if page is not None:
                self.scroll_to(self._top + page)
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
            return self._cell_rect(self.terminal.cursor)
        if query == Qt.InputMethodQuery.ImHints:
            return Qt.InputMethodHint.ImhNoPredictiveText | Qt.InputMethodHint.ImhNoAutoUppercase
        if query == Qt.InputMethodQuery.ImEnabled:
            return not self._readonly
        return super().inputMethodQuery(query)

    # -- selecting, copying, pasting

    @property
    def selected_text(self) -> str:
        return self.terminal.text(self._selection) if self._selection else ""

    def select(self, span: Span | None) -> None:
        if span != self._selection:
            self._selection = span
            self.viewport().update()

    def select_all(self) -> None:
        terminal = self.terminal
        self.select(Span(Place(terminal.first, 0), Place(terminal.end - 1, terminal.columns)))

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
        number = min(max(self._top + row, self.terminal.first), self.terminal.end - 1)
        if row < 0 or number < self._top + row:
            column = 0 if row < 0 else self.terminal.columns
        return Place(number, min(max(column, 0), self.terminal.columns))

    def _cell_at(self, point: QPoint) -> Place:
        half = QPoint(self._drawing.cell_width // 2, 0)
        place = self._place_at(point - half)
        return Place(place.line, min(place.column, self.terminal.columns - 1))

    def _cell_rect(self, place: Place) -> QRect:
        drawing = self._drawing
        left = _EDGE - self.horizontalScrollBar().value() + place.column * drawing.cell_width
        top = _EDGE + (place.line - self._top) * drawing.cell_height
        return QRect(left, top, drawing.cell_width, drawing.cell_height)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        point = event.position().toPoint()
        if event.button() == Qt.MouseButton.MiddleButton:
            if QGuiApplication.clipboard().supportsSelection():
                self.paste(selection=True)
        elif event.button() == Qt.MouseButton.LeftButton:
            place = self._place_at(point)
            if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and self._pivot:
                self._extend(place)
            elif (
                self._pivot and self._pivot[1] == "word" and self._pivot[0] == self.terminal.word(self._cell_at(point))
            ):
                self._begin(self.terminal.paragraph(place.line), "line")  # the third click
            else:
                self._begin(Span(place, place), "cell")
        else:
            super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._begin(self.terminal.word(self._cell_at(event.position().toPoint())), "word")

    def _begin(self, span: Span, by: str) -> None:
        self._pivot = (span, by)
        self.select(span if span.start != span.end else None)

    def _extend(self, place: Place) -> None:
        if self._pivot is None:
            return
        pivot, by = self._pivot
        there = Span(place, place)
        if by == "word":
            there = self.terminal.word(Place(place.line, min(place.column, self.terminal.columns - 1)))
        elif by == "line":
            there = self.terminal.paragraph(place.line)
        span = Span(min(pivot.start, there.start), max(pivot.end, there.end))
        self.select(span if span.start != span.end else None)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton and self._pivot:
            point = event.position().toPoint()
            self._extend(self._place_at(point))
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
        self.scroll_to(self._top + (-1 if point.y() < 0 else 1))
        self._extend(self._place_at(point))

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
        return self._current + 1, len(self._found)

    def look_for(self, words: str, match_case: bool = False) -> None:
        """Mark all places of the words and go to the youngest."""
        self._found = self.terminal.find(words, match_case)
        self._current = len(self._found) - 1
        self._go_to_current()

    def refind(self, words: str, match_case: bool) -> None:
        """The same words in what is there now; the current place stays."""
        current = self._found[self._current] if self._found else None
        self._found = self.terminal.find(words, match_case)
        self._current = self._found.index(current) if current in self._found else len(self._found) - 1
        self.viewport().update()

    def step(self, by: int) -> None:
        if self._found:
            self._current = (self._current + by) % len(self._found)
            self._go_to_current()

    def _go_to_current(self) -> None:
        if self._found:
            self.reveal(self._found[self._current].start.line)
        self.viewport().update()

    # -- menu

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu().popup(event.globalPos())

    def menu(self) -> QMenu:
        """Made anew each time: what it offers depends."""
        if self._menu:
            self._menu.deleteLater()
        self._menu = menu = QMenu(self)
        menu.setObjectName("terminal-menu")
        self._add(menu, tr("Copy"), "Ctrl+Shift+C", self.copy, bool(self._selection), "copy")
        self._add(menu, tr("Paste"), "Ctrl+Shift+V", self.paste, not self._readonly, "clipboard-text-outline")
        self._add(menu, tr("Select all"), "Ctrl+Shift+A", self.select_all)
        menu.addSeparator()
        self._add(menu, tr("Find ..."), "Ctrl+Shift+F", self.searching.emit, picture="search")
        only = self._add(menu, tr("View only"), "", lambda: self.set_readonly(not self._readonly), picture="eye")
        only.setCheckable(True)
        only.setChecked(self._readonly)
        self._add(menu, tr("Clear what scrolled away"), "", self._on_clear)
        if self.terminal.log_file:
            words = tr("Stop writing to {file}", file=self.terminal.log_file.name)
            self._add(menu, words, "", lambda: self.log_to(None))
        else:
            self._add(menu, tr("Write to a file ..."), "", self._on_log, picture="save")
        menu.addSeparator()
        sizes = menu.addMenu(tr("Size"))
        group = QActionGroup(sizes)
        for size in (*SIZES, None):
            words = tr("{columns} x {lines}", columns=size[0], lines=size[1]) if size else tr("As the window")
            action = self._add(sizes, words, "", partial(self.set_fixed_size, size))
            action.setCheckable(True)
            action.setChecked(size == self._fixed)
            group.addAction(action)
        sizes.addSeparator()
        self._add(sizes, tr("Tell the machine (types stty)"), "", self.tell_size, not self._readonly)
        letters = menu.addMenu(tr("Letters"))
        self._add(letters, tr("Larger"), "Ctrl+Shift++", lambda: self.zoom(1))
        self._add(letters, tr("Smaller"), "Ctrl+Shift+-", lambda: self.zoom(-1))
        self._add(letters, tr("As usual"), "Ctrl+Shift+0", lambda: self.zoom(0))
        return menu

    def _add(
        self, menu: QMenu, words: str, keys: str, act: Callable[[], object], enabled: bool = True, picture: str = ""
    ) -> QAction:
        action = menu.addAction(words)
        if keys:
            # Shown only: the view reads its keys itself.
            action.setShortcut(QKeySequence(keys))
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        if picture:
            action.setIcon(icon(picture))
        action.setEnabled(enabled)
        action.triggered.connect(lambda _checked=False: act())
        return action

    def _on_clear(self) -> None:
        self.terminal.clear_history()
        self.scroll_to(None)

    def _on_log(self) -> None:
        dialog = QFileDialog(self, tr("Write to a file"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("log")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda name: self.log_to(Path(name)))
        dialog.open()

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

    # -- for screen readers: what is on the screen now, without the blanks at the ends of lines

    def readable_text(self) -> str:
        return "\n".join(self._seen())

    def _seen(self) -> list[str]:
        return [self.terminal.line(self._top + row).text for row in range(self._rows)]

    def readable_cursor(self) -> int:
        return self._offset(self.terminal.cursor)

    def readable_selection(self) -> tuple[int, int]:
        if self._selection is None:
            return 0, 0
        return self._offset(self._selection.start), self._offset(self._selection.end)

    def readable_rect(self, offset: int) -> QRect:
        rect = self._cell_rect(self._place(offset))
        return QRect(self.viewport().mapToGlobal(rect.topLeft()), rect.size())

    def readable_offset(self, point: QPoint) -> int:
        return self._offset(self._cell_at(self.viewport().mapFromGlobal(point)))

    def select_readable(self, start: int, end: int) -> None:
        self.select(Span(self._place(start), self._place(end)) if start < end else None)

    def _offset(self, place: Place) -> int:
        row = min(max(place.line - self._top, 0), self._rows)
        lines = self._seen()
        before = sum(len(line) + 1 for line in lines[:row])
        if row >= len(lines):
            return max(0, before - 1)
        return before + len(self.terminal.line(place.line).between(0, place.column))

    def _place(self, offset: int) -> Place:
        for row, line in enumerate(self._seen()):
            if offset <= len(line):
                return Place(self._top + row, self.terminal.line(self._top + row).column(offset))
            offset -= len(line) + 1
        return Place(self.terminal.end - 1, self.terminal.columns)

    def _tell_readers(self) -> None:
        """Only what is new is read out."""
        if not QAccessible.isActive() or not self.isVisible():
            return
        old, new = self._told, self._seen()
        scrolled, self._told, self._told_top = self._top - self._told_top, new, self._top
        place, removed, inserted = terminal_access.difference(old[max(0, scrolled) :], new)
        if removed:
            QAccessible.updateAccessibility(QAccessibleTextRemoveEvent(self, place, removed))
        if inserted:
            QAccessible.updateAccessibility(QAccessibleTextInsertEvent(self, place, inserted))
        QAccessible.updateAccessibility(QAccessibleTextCursorEvent(self, self.readable_cursor()))
