"""A definition to be read and changed, in colours that are worked out from the palette."""

import re

from PySide6.QtGui import QColor, QFontDatabase, QPalette, QSyntaxHighlighter, QTextCharFormat, QTextDocument
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from vmdesk.ui.colors import line_color
from vmdesk.ui.theme import is_dark, muted

_TAG = re.compile(r"</?[\w:.-]+|/?>")
_ATTRIBUTE = re.compile(r"\b([\w:.-]+)=")
_VALUE = re.compile(r"\"[^\"]*\"|'[^']*'")
_COMMENT = re.compile(r"<!--.*?-->")


def _ink(palette: QPalette, index: int) -> QColor:
    """For words: darker than a line on a light ground."""
    color = line_color(palette, index)
    return color if is_dark(palette) else color.darker(135)


class _Colors(QSyntaxHighlighter):
    def __init__(self, document: QTextDocument, widget: QWidget) -> None:
        super().__init__(document)
        self._widget = widget

    def highlightBlock(self, line: str) -> None:
        palette: QPalette = self._widget.palette()
        for pattern, color, group in (
            (_TAG, _ink(palette, 0), 0),
            (_ATTRIBUTE, _ink(palette, 2), 1),
            (_VALUE, _ink(palette, 1), 0),
            (_COMMENT, muted(palette), 0),
        ):
            look = QTextCharFormat()
            look.setForeground(color)
            for found in pattern.finditer(line):
                self.setFormat(found.start(group), found.end(group) - found.start(group), look)


class XmlView(QPlainTextEdit):
    def __init__(self, name: str, title: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(title)
        self.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setTabChangesFocus(True)
        self._colors = _Colors(self.document(), self)

    def show_text(self, words: str) -> None:
        """Without telling that it changed, and without moving where one looks."""
        if self.toPlainText() != words:
            self.blockSignals(True)
            self.setPlainText(words)
            self.blockSignals(False)
