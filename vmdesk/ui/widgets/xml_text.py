"""The text of an editor beside what Qt makes of it: Qt counts in UTF-16, and has signs of its own for ends of lines."""

from PySide6.QtGui import QTextDocument

from vmdesk.ui.widgets.xml_colors import units
from vmdesk.virtxml.source import Source, read

# Qt would take them for the ends of lines or of its own structures. In XML a reference is the same.
_ENDS = {"\u2029": "&#x2029;", "\u2028": "&#x2028;", "\ufdd0": "&#xfdd0;", "\ufdd1": "&#xfdd1;", "\r": "&#13;"}
_TABLE = str.maketrans(_ENDS)


def for_qt(words: str) -> str:
    """What can be given to a QTextDocument without a sign being changed."""
    return words.replace("\r\n", "\n").translate(_TABLE)


def text_of(document: QTextDocument) -> str:
    """All of it; unlike toPlainText it leaves no-break spaces what they are."""
    return document.toRawText().replace("\u2029", "\n").replace("\u2028", "\n")


class Mirror:
    """A document's text, taken apart once for each of its states."""

    def __init__(self, document: QTextDocument) -> None:
        self.version = 0  # another number after each change
        self._document = document
        self._stale = True
        self._text = ""
        self._source: Source | None = None
        self._wide = False
        # Not the document's revision: it is another one before the text is.
        document.contentsChange.connect(self._on_change)

    def _on_change(self, _place: int, removed: int, added: int) -> None:
        if removed or added:
            self.version += 1
            self._stale = True

    @property
    def text(self) -> str:
        if self._stale:
            self._stale = False
            self._text, self._source = text_of(self._document), None
            self._wide = not self._text.isascii() and max(self._text) > "\uffff"
        return self._text

    @property
    def source(self) -> Source:
        words = self.text
        if self._source is None:
            self._source = read(words)
        return self._source

    def to_qt(self, offset: int) -> int:
        """Where Qt has the sign at `offset`."""
        words = self.text
        return units(words[:offset]) if self._wide else offset

    def from_qt(self, position: int) -> int:
        """The opposite."""
        words = self.text
        if not self._wide:
            return position
        return len(words.encode("utf-16-le", "surrogatepass")[: 2 * position].decode("utf-16-le", "ignore"))
