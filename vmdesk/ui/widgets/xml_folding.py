"""Folding: elements of several lines are shown as one."""

from PySide6.QtGui import QTextBlock, QTextCursor
from PySide6.QtWidgets import QPlainTextDocumentLayout, QPlainTextEdit

from vmdesk.virtxml.source import Source


def ranges(source: Source) -> dict[int, int]:
    """First line -> last line of each element that can be folded, from 0; the outermost of those that begin a line."""
    found: dict[int, int] = {}
    words, line, at = source.text, 0, 0
    ends: list[tuple[int, int]] = []  # (offset of the end, first line) of elements of which the end is to come
    for element in sorted(source.elements, key=lambda one: one.start):
        line += words.count("\n", at, element.start)
        at = element.start
        if element.close >= 0 and words.find("\n", element.start, element.close) >= 0:
            ends.append((element.end, line))
    line = at = 0
    for end, first in sorted(ends):
        line += words.count("\n", at, end)
        at = end
        rest = words[end : _line_end(words, end)].strip()
        last = line - 1 if rest else line  # what follows on the same line stays to be seen
        if last > first:
            found[first] = max(last, found.get(first, 0))
    return found


def _line_end(words: str, offset: int) -> int:
    end = words.find("\n", offset)
    return end if end >= 0 else len(words)


class Folding:
    """Which elements of an editor are folded. What is folded is not gone: it is found, copied and saved."""

    def __init__(self, area: QPlainTextEdit) -> None:
        self._area = area
        self._ranges: dict[int, int] = {}
        self._folded: list[QTextCursor] = []  # cursors go with their lines

    @property
    def ranges(self) -> dict[int, int]:
        return self._ranges

    @property
    def folded(self) -> set[int]:
        """First lines of what is folded."""
        return {cursor.blockNumber() for cursor in self._folded}

    def take(self, source: Source) -> None:
        """The text is another one."""
        self._ranges = ranges(source)
        self._folded = [cursor for cursor in self._folded if cursor.blockNumber() in self._ranges]
        self._show()

    def clear(self) -> None:
        self._ranges, self._folded = {}, []

    def toggle(self, line: int) -> bool:
        """Fold or unfold what begins there; whether there was something."""
        if line not in self._ranges:
            return False
        if line in self.folded:
            self._folded = [cursor for cursor in self._folded if cursor.blockNumber() != line]
        else:
            self._folded.append(QTextCursor(self._area.document().findBlockByNumber(line)))
            self._leave(line, self._ranges[line])
        self._show()
        return True

    def fold_around(self, line: int) -> None:
        """The innermost element around a line."""
        around = [first for first, last in self._ranges.items() if first <= line <= last and first not in self.folded]
        if around:
            self.toggle(max(around))

    def unfold_at(self, line: int) -> None:
        if line in self.folded:
            self.toggle(line)

    def fold_all(self) -> None:
        """All that stands right below the outermost element."""
        outer = min(self._ranges, default=0)
        at = outer
        for first in sorted(self._ranges):
            if first > at and first != outer and first not in self.folded:
                self._folded.append(QTextCursor(self._area.document().findBlockByNumber(first)))
            if first > at and first != outer:
                at = self._ranges[first]
        self._leave_hidden()
        self._show()

    def unfold_all(self) -> None:
        self._folded = []
        self._show()

    def reveal(self, line: int) -> None:
        """Unfold whatever hides a line."""
        around = {first for first, last in self._ranges.items() if first < line <= last}
        if around & self.folded:
            self._folded = [cursor for cursor in self._folded if cursor.blockNumber() not in around]
            self._show()

    def _leave(self, first: int, last: int) -> None:
        """The cursor does not stay where it would not be seen."""
        cursor = self._area.textCursor()
        if first < cursor.blockNumber() <= last:
            block = self._area.document().findBlockByNumber(first)
            cursor.setPosition(block.position() + block.length() - 1)
            self._area.setTextCursor(cursor)

    def _leave_hidden(self) -> None:
        for first in sorted(self.folded, reverse=True):
            self._leave(first, self._ranges[first])

    def _show(self) -> None:
        """Each line seen or not, as it should be."""
        document = self._area.document()
        hidden = sorted((first + 1, self._ranges[first]) for first in self.folded)
        changed = False
        block, place, until = document.firstBlock(), 0, -1
        at = 0
        while block.isValid():
            while place < len(hidden) and hidden[place][0] <= at:
                until = max(until, hidden[place][1])
                place += 1
            changed |= _set_visible(block, at > until)
            block, at = block.next(), at + 1
        if changed:
            document.markContentsDirty(0, document.characterCount())
            layout = document.documentLayout()
            if isinstance(layout, QPlainTextDocumentLayout):
                layout.requestUpdate()
            layout.documentSizeChanged.emit(layout.documentSize())
            self._area.viewport().update()


def _set_visible(block: QTextBlock, visible: bool) -> bool:
    """Whether that is a change."""
    if block.isVisible() == visible:
        return False
    block.setVisible(visible)
    block.setLineCount(max(1, block.layout().lineCount()) if visible else 0)
    return True
