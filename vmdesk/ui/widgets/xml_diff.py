"""What is different between two texts, line by line: with signs, and with a tint that the signs do not need."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import (
    QFontDatabase,
    QGuiApplication,
    QPalette,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
)
from PySide6.QtWidgets import QAbstractItemView, QFrame, QListWidget, QPlainTextEdit, QWidget

from vmdesk.model.text import tr
from vmdesk.ui import theme
from vmdesk.ui.colors import faded
from vmdesk.ui.widgets.scroll_bar import thin
from vmdesk.ui.widgets.xml_colors import readable
from vmdesk.ui.widgets.xml_text import for_qt

TINT = 0.16


class DiffView(QPlainTextEdit):
    """Shows what `diff -u` writes."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(tr("Line by line"))
        self.setReadOnly(True)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setTabChangesFocus(True)
        self.setUndoRedoEnabled(False)
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPointSizeF(self.font().pointSizeF())
        self.setFont(font)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        thin(self)
        self._lines = ""
        self._take_palette()

    def show_diff(self, lines: str) -> None:
        if lines != self._lines:
            self._lines = lines
            self._fill()

    def _fill(self) -> None:
        palette = self.palette()
        base = palette.color(QPalette.ColorRole.Base)
        colors = {"+": theme.good_color(palette), "-": theme.error_color(palette)}
        self.clear()
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        for number, line in enumerate(self._lines.split("\n")):
            block, words = QTextBlockFormat(), QTextCharFormat()
            head = line.startswith(("+++", "---")) and number < 2
            if head or line.startswith("@@"):
                words.setForeground(readable(theme.muted(palette), base))
            elif line[:1] in colors:
                block.setBackground(faded(colors[line[:1]], TINT))
            if number:
                cursor.insertBlock(block, words)
            else:
                cursor.setBlockFormat(block)
            cursor.insertText(for_qt(line), words)
        cursor.endEditBlock()
        self.moveCursor(QTextCursor.MoveOperation.Start)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        kinds = (QEvent.Type.PaletteChange, QEvent.Type.ApplicationPaletteChange)
        if event.type() in kinds and hasattr(self, "_lines"):
            self._take_palette()

    def _take_palette(self) -> None:
        ground = QGuiApplication.palette().color(QPalette.ColorRole.Base)
        palette = self.palette()
        if palette.color(QPalette.ColorRole.Base) != ground:
            palette.setColor(QPalette.ColorRole.Base, ground)
            self.setPalette(palette)
        self._fill()


class WordsList(QListWidget):
    """What is different in plain words, a line each; as high as it needs, up to `most` lines."""

    def __init__(self, name: str, title: str, most: int = 6, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._most = most
        self.setObjectName(name)
        self.setAccessibleName(title)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setWordWrap(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)
        thin(self)

    def show_words(self, words: Sequence[object]) -> None:
        self.clear()
        self.addItems([f"• {one}" for one in words])
        self.setVisible(bool(words))
        rows = range(min(len(words), self._most))
        if not words:
            self.setFixedHeight(0)
            return
        self.setFixedHeight(sum(self.sizeHintForRow(row) for row in rows) + 2 * self.frameWidth() + 2)

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self.height())
