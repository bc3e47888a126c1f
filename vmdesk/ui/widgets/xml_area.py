"""The text of an XML editor: numbers, colours, folding, what is wrong; and keys that know XML."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QRect, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFontDatabase,
    QFontMetricsF,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QPalette,
    QResizeEvent,
    QTextCharFormat,
    QTextCursor,
    QTextFormat,
    QWheelEvent,
)
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QWidget

from vmdesk.ui import theme
from vmdesk.ui.colors import faded
from vmdesk.ui.widgets import xml_typing
from vmdesk.ui.widgets.xml_colors import XmlColors
from vmdesk.ui.widgets.xml_folding import Folding
from vmdesk.ui.widgets.xml_gutter import Gutter
from vmdesk.ui.widgets.xml_text import Mirror, for_qt
from vmdesk.virtxml.source import Mistake

SETTLE = 150  # ms without a change until what can be folded is worked out again
SMALLEST, LARGEST = 5.0, 40.0  # points
_LAYERS = ("line", "tag", "found", "wrong")  # painted in this order
Selection = QTextEdit.ExtraSelection
Keys = Qt.Key
_CONTROL = Qt.KeyboardModifier.ControlModifier


class XmlArea(QPlainTextEdit):
    """wanted(name): a key asked for "find", "replace", "next", "previous", "go", "complete", "leave"."""

    wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.mirror = Mirror(self.document())
        self.folding = Folding(self)
        self._layers: dict[str, list[Selection]] = {name: [] for name in _LAYERS}
        self._wrong: list[tuple[QTextCursor, str]] = []
        self._wrong_lines: tuple[int, dict[int, str]] = (-1, {})
        self._taking = False
        self.quiet = False  # neither the cursor's line nor its pair of tags is marked
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPointSizeF(self.font().pointSizeF())
        self._usual = font.pointSizeF()
        self.setFont(font)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setFrameShape(QPlainTextEdit.Shape.NoFrame)
        self._take_palette()
        self.colors = XmlColors(self.document(), self.palette())
        self._gutter = Gutter(self, self)
        self._settling = QTimer(self)
        self._settling.setSingleShot(True)
        self._settling.setInterval(SETTLE)
        self._settling.timeout.connect(self.settle)
        self._pairing = QTimer(self)
        self._pairing.setSingleShot(True)
        self._pairing.setInterval(60)
        self._pairing.timeout.connect(self._show_pair)
        self.blockCountChanged.connect(self._on_count)
        self.updateRequest.connect(self._on_update)
        self.cursorPositionChanged.connect(self._on_cursor)
        self.document().contentsChange.connect(self._on_change)
        self._on_count(1)
        self._on_cursor()

    # ---------------------------------------------------------------- text

    def text(self) -> str:
        return self.mirror.text

    def take_text(self, words: str) -> None:
        """Another text, as if it had never been another: nothing to undo. The place stays where it can."""
        line, column = self.textCursor().blockNumber(), self.textCursor().positionInBlock()
        top = self.verticalScrollBar().value()
        self._taking = True
        self.folding.clear()
        self._wrong = []
        self.setPlainText(for_qt(words))
        self._taking = False
        self.settle()
        block = self.document().findBlockByNumber(min(line, self.blockCount() - 1))
        cursor = self.textCursor()
        cursor.setPosition(block.position() + min(column, block.length() - 1))
        self.setTextCursor(cursor)
        self.verticalScrollBar().setValue(top)

    def replace_text(self, words: str) -> None:
        """The same as one step that can be undone."""
        cursor = QTextCursor(self.document())
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.insertText(for_qt(words))

    def select(self, start: int, end: int) -> None:
        """Select from `start` to `end` of the text, and show it."""
        cursor = self.textCursor()
        cursor.setPosition(self.mirror.to_qt(start))
        line = cursor.blockNumber()
        cursor.setPosition(self.mirror.to_qt(end), QTextCursor.MoveMode.KeepAnchor)
        self.folding.reveal(line)
        self.setTextCursor(cursor)
        self.centerCursor()

    def go_to(self, line: int) -> None:
        """To a line, from 1."""
        block = self.document().findBlockByNumber(max(0, min(line, self.blockCount()) - 1))
        cursor = self.textCursor()
        indent = len(block.text()) - len(block.text().lstrip())
        cursor.setPosition(block.position() + indent)
        self.folding.reveal(block.blockNumber())
        self.setTextCursor(cursor)
        self.centerCursor()

    @property
    def offset(self) -> int:
        """Where the cursor is in the text."""
        return self.mirror.from_qt(self.textCursor().position())

    def settle(self) -> None:
        """Work out now what follows from the text."""
        self._settling.stop()
        self.folding.take(self.mirror.source)
        self._show_pair()
        self._gutter.update()

    def _on_change(self, _place: int, _removed: int, _added: int) -> None:
        if not self._taking:
            self._settling.start()

    # ---------------------------------------------------------------- what is marked

    def set_marks(self, layer: str, selections: list[Selection]) -> None:
        """One layer of marks: "line", "tag", "found" or "wrong"."""
        self._layers[layer] = selections
        self.setExtraSelections([one for name in _LAYERS for one in self._layers[name]])

    def mark(self, start: int, end: int, form: QTextCharFormat) -> Selection:
        """A mark from `start` to `end` of the text."""
        selection = Selection()
        selection.format = form
        selection.cursor = QTextCursor(self.document())
        selection.cursor.setPosition(self.mirror.to_qt(start))
        selection.cursor.setPosition(self.mirror.to_qt(end), QTextCursor.MoveMode.KeepAnchor)
        return selection

    def show_mistakes(self, mistakes: Sequence[Mistake]) -> None:
        """Underline them, mark their lines."""
        form = QTextCharFormat()
        form.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
        form.setUnderlineColor(theme.error_color(self.palette()))
        size = len(self.text())
        marks, self._wrong = [], []
        for one in mistakes:
            start = min(one.start, size)
            selection = self.mark(start, min(max(one.end, start + 1), size), form)
            marks.append(selection)
            head = QTextCursor(self.document())
            head.setPosition(self.mirror.to_qt(start))
            self._wrong.append((head, str(one.what)))
        self._wrong_lines = (-1, {})
        self.set_marks("wrong", marks)
        self._gutter.update()

    def wrong_in(self, line: int) -> str:
        """What is wrong in a line, from 0; "" for nothing."""
        version = self.mirror.version
        if self._wrong_lines[0] != version:
            found: dict[int, str] = {}
            for cursor, words in self._wrong:
                number = cursor.blockNumber()
                found[number] = f"{found[number]}\n{words}" if number in found else words
            self._wrong_lines = (version, found)
        return self._wrong_lines[1].get(line, "")

    def _on_cursor(self) -> None:
        self.folding.reveal(self.textCursor().blockNumber())
        line = Selection()
        form = QTextCharFormat()
        form.setBackground(faded(self.palette().color(QPalette.ColorRole.Accent), 0.09))
        form.setProperty(QTextFormat.Property.FullWidthSelection, True)
        line.format = form
        line.cursor = self.textCursor()
        line.cursor.clearSelection()
        self._layers["tag"] = []
        self.set_marks("line", [] if self.quiet else [line])
        self._gutter.update()
        self._pairing.start()

    def _show_pair(self) -> None:
        if self.quiet:
            return
        found = self.mirror.source.tags_at(self.offset)
        form = QTextCharFormat()
        form.setBackground(faded(self.palette().color(QPalette.ColorRole.Accent), 0.3))
        self.set_marks("tag", [self.mark(start, end, form) for start, end in found or ()])

    # ---------------------------------------------------------------- the gutter and its lines

    def lines_seen(self) -> list[tuple[int, QRect]]:
        """Number from 0 and place of each line that is on the screen."""
        found = []
        block = self.firstVisibleBlock()
        bottom = self.viewport().height()
        while block.isValid():
            if block.isVisible():
                rect = self.blockBoundingGeometry(block).translated(self.contentOffset()).toAlignedRect()
                if rect.top() > bottom:
                    break
                found.append((block.blockNumber(), rect))
            block = block.next()
        return found

    def line_at(self, y: int) -> int:
        """The line at a height in the window; -1 asks for the cursor's."""
        if y < 0:
            return self.textCursor().blockNumber()
        return next((line for line, rect in self.lines_seen() if rect.top() <= y <= rect.bottom()), -1)

    def _on_count(self, count: int) -> None:
        self._gutter.set_lines(count)
        self.setViewportMargins(self._gutter.sizeHint().width(), 0, 0, 0)
        self._place_gutter()

    def _place_gutter(self) -> None:
        box = self.contentsRect()
        self._gutter.setGeometry(box.left(), box.top(), self._gutter.sizeHint().width(), self.viewport().height())

    def _on_update(self, rect: QRect, dy: int) -> None:
        if dy:
            self._gutter.scroll(0, dy)
        else:
            self._gutter.update(0, rect.y(), self._gutter.width(), rect.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_gutter()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        folded = self.folding.folded
        if not folded:
            return
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = QFontMetricsF(self.font())
        color = theme.muted(self.palette())
        for line, rect in self.lines_seen():
            if line in folded:
                words = self.document().findBlockByNumber(line).text()
                left = rect.left() + self.document().documentMargin() + metrics.horizontalAdvance(words + " ")
                box = QRect(round(left), rect.top() + 2, round(metrics.horizontalAdvance("···")) + 8, rect.height() - 4)
                painter.setPen(color)
                painter.drawRoundedRect(box, 3, 3)
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, "···")

    # ---------------------------------------------------------------- keys

    def event(self, event: QEvent) -> bool:
        # The window has other uses for some keys.
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride and self._key(event):
            event.accept()
            return True
        return super().event(event)

    def _key(self, event: QKeyEvent) -> Callable[[], None] | None:
        """What a key does here that it does not do in other text fields."""
        key, modifiers = event.key(), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if event.matches(QKeySequence.StandardKey.Find):
            return lambda: self.wanted.emit("find")
        control = {
            Keys.Key_H: lambda: self.wanted.emit("replace"),
            Keys.Key_G: lambda: self.wanted.emit("go"),
            Keys.Key_Space: lambda: self.wanted.emit("complete"),
            Keys.Key_Plus: lambda: self.zoom(1),
            Keys.Key_Equal: lambda: self.zoom(1),
            Keys.Key_Minus: lambda: self.zoom(-1),
            Keys.Key_0: lambda: self.zoom(0),
            Keys.Key_BracketLeft: lambda: self.folding.fold_around(self.textCursor().blockNumber()),
            Keys.Key_BracketRight: lambda: self.folding.unfold_at(self.textCursor().blockNumber()),
        }
        if modifiers == _CONTROL and key in control:
            return control[Keys(key)]
        # With Shift, keyboards call the brackets braces.
        if modifiers == _CONTROL | Qt.KeyboardModifier.ShiftModifier:
            if key in (Keys.Key_BracketLeft, Keys.Key_BraceLeft):
                return self.folding.fold_all
            if key in (Keys.Key_BracketRight, Keys.Key_BraceRight):
                return self.folding.unfold_all
        if key == Keys.Key_F3:
            back = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
            return lambda: self.wanted.emit("previous" if back else "next")
        return None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        do = self._key(event)
        if do is not None:
            do()
            return
        if self.isReadOnly():
            super().keyPressEvent(event)
            return
        key, plain = (
            event.key(),
            event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier),
        )
        if key == Keys.Key_Escape:
            self.wanted.emit("leave")
        elif key in (Keys.Key_Return, Keys.Key_Enter) and plain:
            self._new_line()
        elif key == Keys.Key_Tab and plain:
            self._indent()
        elif key == Keys.Key_Backtab:
            self._outdent()
        elif event.text() in ("'", '"') and self._quote(event.text()):
            pass
        else:
            super().keyPressEvent(event)
            self._after_typing(event.text())

    def _after_typing(self, sign: str) -> None:
        offset = self.offset
        if sign == ">":
            self._add(xml_typing.closing_tag(self.text(), offset), before=False)
        elif sign == "/" and self.text()[offset - 2 : offset] == "</":
            self._add(xml_typing.closing_name(self.text(), offset), before=True)
        elif sign == "<":
            self.wanted.emit("complete")

    def _add(self, words: str, before: bool) -> None:
        """Write something at the cursor, `before` it or after it, undone together with what was typed."""
        if not words:
            return
        cursor = self.textCursor()
        place = cursor.position()
        cursor.joinPreviousEditBlock()
        cursor.insertText(words)
        cursor.endEditBlock()
        if not before:
            cursor.setPosition(place)
        self.setTextCursor(cursor)

    def _new_line(self) -> None:
        cursor = self.textCursor()
        cursor.beginEditBlock()
        cursor.removeSelectedText()
        before, after = xml_typing.new_line(cursor.block().text(), cursor.positionInBlock())
        cursor.insertText(before)
        place = cursor.position()
        cursor.insertText(after)
        cursor.endEditBlock()
        cursor.setPosition(place)
        self.setTextCursor(cursor)
        self.ensureCursorVisible()

    def _quote(self, sign: str) -> bool:
        """A quotation mark after = brings its other half; one before its other half goes past it."""
        cursor = self.textCursor()
        line, at = cursor.block().text(), cursor.positionInBlock()
        if cursor.hasSelection():
            return False
        if line[at : at + 1] == sign and not line[:at].rstrip().endswith("="):
            cursor.movePosition(QTextCursor.MoveOperation.NextCharacter)
            self.setTextCursor(cursor)
            return True
        if line[:at].endswith("=") and line[at : at + 1] != sign:
            cursor.insertText(2 * sign)
            cursor.movePosition(QTextCursor.MoveOperation.PreviousCharacter)
            self.setTextCursor(cursor)
            self.wanted.emit("complete")
            return True
        return False

    def _lines_selected(self) -> range:
        cursor = self.textCursor()
        first = self.document().findBlock(cursor.selectionStart()).blockNumber()
        end = self.document().findBlock(cursor.selectionEnd())
        last = end.blockNumber()
        if last > first and cursor.selectionEnd() == end.position():
            last -= 1
        return range(first, last + 1)

    def _indent(self) -> None:
        lines, cursor = self._lines_selected(), self.textCursor()
        if len(lines) == 1:
            cursor.insertText(xml_typing.STEP)
            return
        cursor.beginEditBlock()
        for line in lines:
            place = QTextCursor(self.document().findBlockByNumber(line))
            if place.block().text().strip():
                place.insertText(xml_typing.STEP)
        cursor.endEditBlock()

    def _outdent(self) -> None:
        cursor = self.textCursor()
        cursor.beginEditBlock()
        for line in self._lines_selected():
            block = self.document().findBlockByNumber(line)
            place = QTextCursor(block)
            place.setPosition(block.position() + xml_typing.outdent(block.text()), QTextCursor.MoveMode.KeepAnchor)
            place.removeSelectedText()
        cursor.endEditBlock()

    # ---------------------------------------------------------------- look

    def zoom(self, steps: int) -> None:
        """Larger or smaller letters; 0 is the usual size."""
        font = self.font()
        size = self._usual if not steps else min(max(font.pointSizeF() + steps, SMALLEST), LARGEST)
        font.setPointSizeF(size)
        self.setFont(font)
        self._gutter.setFont(font)
        self._on_count(self.blockCount())

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & _CONTROL:
            turned = event.angleDelta().y()
            if turned:
                self.zoom(1 if turned > 0 else -1)
            event.accept()
            return
        super().wheelEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        kinds = (QEvent.Type.PaletteChange, QEvent.Type.ApplicationPaletteChange)
        if event.type() in kinds and hasattr(self, "_gutter"):
            self._take_palette()
            self.colors.set_palette(self.palette())
            self._on_cursor()
            self._gutter.update()

    def _take_palette(self) -> None:
        """A page of text has the ground of a page, not that of a field to fill in."""
        ground = _application_base()
        palette = self.palette()
        if palette.color(QPalette.ColorRole.Base) != ground:
            palette.setColor(QPalette.ColorRole.Base, ground)
            self.setPalette(palette)


def _application_base() -> QColor:
    return QGuiApplication.palette().color(QPalette.ColorRole.Base)
