"""The machine as it runs beside its stored definition: thing by thing, and line by line."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from vmdesk.core import redefining
from vmdesk.core.pending import Item
from vmdesk.core.redefining import Definitions
from vmdesk.model.text import Text, tr
from vmdesk.ui.dialogs.dialog import Dialog
from vmdesk.ui.plain import PlainLabel, plain_tip
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.form import Heading, Muted, Section
from vmdesk.ui.widgets.xml_diff import DiffView
from vmdesk.virtxml.document import XmlError

MOST_ROWS = 34 * GRID  # pixels of rows that are seen without scrolling


class PendingDialog(Dialog):
    """Stays open while things are applied or dropped one by one."""

    now_wanted = Signal(object)  # an Item
    drop_wanted = Signal(object)

    def __init__(self, parent: QWidget | None, name: str) -> None:
        super().__init__(parent, tr("{name}: now and after a restart", name=name), tr("Close"), cancel=False)
        self.setMinimumWidth(104 * GRID)
        self._shown: tuple[tuple[Item, ...], str, bool] | None = None
        self.body.addWidget(Heading(self.windowTitle()))
        self.body.addWidget(
            Muted(
                tr("The machine runs on as it was started or changed since. What is stored holds from its next start."),
                caption=False,
            )
        )
        self._scroll = QScrollArea()
        self._scroll.setObjectName("pending-items")
        self._scroll.setAccessibleName(tr("What is different"))
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.body.addWidget(self._scroll)
        self.body.addWidget(Section(tr("Line by line")))
        self.lines = DiffView("pending-lines")
        self.lines.setMinimumHeight(26 * GRID)
        self.body.addWidget(self.lines, 1)

    def show_definitions(self, found: Definitions) -> None:
        """Both texts, without secrets."""
        try:
            self.lines.show_diff(redefining.compare(found)[1] if found.running and found.stored else "")
        except XmlError as error:
            self.lines.show_diff(str(error))

    def show_items(self, items: Sequence[Item], why: Text | None, working: bool) -> None:
        """What there is now. `why` nothing can be changed."""
        shown = (tuple(items), str(why or ""), working)
        if shown == self._shown:
            return
        self._shown = shown
        body = QWidget()
        grid = QGridLayout(body)
        grid.setContentsMargins(0, 0, GRID, 0)
        grid.setHorizontalSpacing(2 * GRID)
        grid.setVerticalSpacing(GRID // 2)
        for column, words in enumerate((tr("What"), tr("Now"), tr("After restart"))):
            grid.addWidget(Section(words), 0, column)
            grid.setColumnStretch(column, (3, 2, 2)[column])
        for row, item in enumerate(items, 1):
            now, then = item.sides
            for column, words in enumerate((str(item.difference.what), str(now), str(then))):
                label = PlainLabel(words)
                label.setWordWrap(True)
                label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
                grid.addWidget(label, row, column)
            for column, button in enumerate(self._buttons(item, row, why, working), 3):
                grid.addWidget(button, row, column)
        if not items:
            grid.addWidget(Muted(tr("Nothing is different any more."), caption=False), 1, 0, 1, 3)
        whole = QWidget()
        box = QVBoxLayout(whole)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(body)
        box.addStretch(1)
        self._scroll.setWidget(whole)
        self._scroll.setFixedHeight(min(whole.sizeHint().height() + GRID, MOST_ROWS))

    def _buttons(self, item: Item, row: int, why: Text | None, working: bool) -> list[QPushButton]:
        now, drop = QPushButton(tr("Apply now")), QPushButton(tr("Drop…"))
        for button, name, reason in ((now, "now", why or item.why_not), (drop, "drop", why)):
            button.setObjectName(f"item-{name}-{row}")
            button.setAccessibleName(f"{button.text()}: {item.difference.what}")
            button.setAutoDefault(False)
            button.setEnabled(reason is None and not working)
            button.setToolTip(plain_tip(str(reason)) if reason else "")
        now.clicked.connect(lambda: self.now_wanted.emit(item))
        drop.clicked.connect(lambda: self.drop_wanted.emit(item))
        return [now, drop]
