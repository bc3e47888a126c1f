"""Words that come from a host are shown as they are: what looks like HTML in them stays letters."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget


class PlainLabel(QLabel):
    """A label that never takes its words for HTML. All labels of the window are one."""

    def __init__(self, words: str = "", parent: QWidget | None = None) -> None:
        super().__init__(words, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)


def plain_tip(words: str) -> str:
    """A tooltip's text. Tooltips guess; what could be taken for HTML is escaped."""
    if "<" not in words:
        return words
    escaped = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f"<p style='white-space:pre-wrap'>{escaped}</p>"
