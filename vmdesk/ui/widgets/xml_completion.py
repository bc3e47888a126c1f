"""What may be written here: a list under the cursor, by libvirt's schema."""

import re
from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, QStringListModel, Qt
from PySide6.QtGui import QKeyEvent, QTextCursor
from PySide6.QtWidgets import QCompleter, QListView

from vmdesk.model.text import tr
from vmdesk.ui import theme
from vmdesk.ui.plain import PlainLabel
from vmdesk.ui.widgets.xml_area import XmlArea
from vmdesk.virtxml.schema import Proposal
from vmdesk.virtxml.source import Place, place

Propose = Callable[[Place], Sequence[Proposal]]
MOST_SEEN = 10
_GOES_ON = re.compile(r"/?>|\s+[\w:.-]+\s*=")  # what follows the name of a tag
_CHOOSE = (Qt.Key.Key_Tab, Qt.Key.Key_Return, Qt.Key.Key_Enter)


class Completion(QObject):
    """`propose` says what may be written at a place; None: nothing is known."""

    def __init__(self, area: XmlArea) -> None:
        super().__init__(area)
        self._area = area
        self.propose: Propose | None = None
        self._here = Place("")
        self._proposals: dict[str, Proposal] = {}
        self._model = QStringListModel(self)
        # No child of ours: destroyed with the area, between its other children, it crashes (Qt 6.11).
        self._completer = QCompleter(self._model)
        self._completer.setWidget(area)
        self._completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        self._completer.setFilterMode(Qt.MatchFlag.MatchStartsWith)
        self._completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._completer.setMaxVisibleItems(MOST_SEEN)
        self._completer.activated.connect(self._on_chosen)
        self._popup = QListView()
        self._completer.setPopup(self._popup)
        self._popup.setObjectName("xml-proposals")
        self._popup.setAccessibleName(tr("What may be written here"))
        self._popup.setUniformItemSizes(True)
        self._popup.installEventFilter(self)
        self._nothing = PlainLabel(parent=area)
        self._nothing.setObjectName("xml-nothing")
        self._nothing.setMargin(theme.GRID // 2)
        self._nothing.setAutoFillBackground(True)
        self._nothing.setBackgroundRole(area.palette().ColorRole.ToolTipBase)
        self._nothing.setForegroundRole(area.palette().ColorRole.ToolTipText)
        self._nothing.hide()
        area.cursorPositionChanged.connect(self._nothing.hide)

    @property
    def shown(self) -> list[str]:
        """What is proposed now."""
        if not self._popup.isVisible():
            return []
        model = self._completer.completionModel()
        return [str(model.index(row, 0).data()) for row in range(model.rowCount())]

    def open(self, asked: bool = True) -> None:
        """Show what there is; if a person `asked` and there is nothing, say so."""
        area = self._area
        if self.propose is None or area.isReadOnly():
            return
        self._here = place(area.text(), area.offset)
        found = sorted(self.propose(self._here), key=lambda one: (not one.needed, one.words)) if self._here.kind else []
        self._proposals = {one.words: one for one in found}
        self._model.setStringList(list(self._proposals))
        self._completer.setCompletionPrefix(self._here.written)
        count = self._completer.completionCount()
        if not count:
            self._popup.hide()
            if asked:
                self._say_nothing()
            return
        if asked and count == 1 and self._here.written == self._completer.currentCompletion():
            return
        self._popup.setFont(area.font())
        rect = area.cursorRect()
        rect.translate(area.viewport().x() - area.fontMetrics().horizontalAdvance(self._here.written), 0)
        bar = self._popup.verticalScrollBar().sizeHint().width()
        rect.setWidth(self._popup.sizeHintForColumn(0) + bar + 4 * theme.GRID)
        self._completer.complete(rect)
        self._popup.setCurrentIndex(self._completer.completionModel().index(0, 0))

    def _say_nothing(self) -> None:
        self._nothing.setText(tr("Nothing is known that could stand here."))
        self._nothing.adjustSize()
        rect = self._area.cursorRect()
        self._nothing.move(self._area.viewport().x() + rect.left(), rect.bottom() + 2)
        self._nothing.show()
        self._nothing.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """While the list is open: Tab chooses, too, Escape closes only it; what is typed narrows it."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() in _CHOOSE and self._popup.currentIndex().isValid():
                chosen = str(self._popup.currentIndex().data())
                self._popup.hide()
                self._on_chosen(chosen)
                return True
            if event.key() == Qt.Key.Key_Escape:
                self._popup.hide()
                return True  # Qt would hand it on to the text, which would be left
            if event.text() and event.key() != Qt.Key.Key_Tab:
                self._area.keyPressEvent(event)
                self._narrow()
                return True
        return super().eventFilter(watched, event)

    def _narrow(self) -> None:
        here = place(self._area.text(), self._area.offset)
        same = (here.kind, here.start) == (self._here.kind, self._here.start)
        if not same or not here.kind:
            if self._popup.isVisible() and here.kind not in ("element", "value"):
                self._popup.hide()
            return
        self.open(asked=False)

    def _on_chosen(self, words: str) -> None:
        proposal = self._proposals.get(words)
        if proposal is None:
            return
        area, here = self._area, self._here
        before, after = self._spelled(proposal)
        cursor = area.textCursor()
        cursor.beginEditBlock()
        cursor.setPosition(area.mirror.to_qt(here.start))
        cursor.setPosition(area.textCursor().position(), QTextCursor.MoveMode.KeepAnchor)
        cursor.insertText(before)
        place_ = cursor.position()
        cursor.insertText(after)
        cursor.endEditBlock()
        cursor.setPosition(place_)
        area.setTextCursor(cursor)
        if before.endswith("='"):
            self.open(asked=False)

    def _spelled(self, proposal: Proposal) -> tuple[str, str]:
        """What is written before and after the cursor."""
        area, here, words = self._area, self._here, proposal.words
        rest = area.text()[area.offset :]
        if here.kind == "element":
            if _GOES_ON.match(rest):
                return words, ""  # a tag that is there already
            inside = (*here.path, (words, ()))
            found = self.propose(Place("attribute", inside)) if self.propose else ()
            needed = [one.words for one in found if one.needed]
            end = "/>" if proposal.leaf else f"></{words}>"
            if needed:
                more = "".join(f" {name}=''" for name in needed[1:])
                return f"{words} {needed[0]}='", f"'{more}{end}"
            return (words, end) if proposal.leaf else (f"{words}>", f"</{words}>")
        if here.kind == "attribute":
            return (f"{words}='", "'") if not rest.startswith("=") else (words, "")
        if here.kind == "close":
            return (words + ("" if rest.startswith(">") else ">")), ""
        return words, ""
