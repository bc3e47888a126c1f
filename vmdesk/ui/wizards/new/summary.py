"""The last page: what is going to be made, the definition behind it, the lines that do the same in a terminal."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QGridLayout, QScrollArea, QVBoxLayout, QWidget

from vmdesk.core.creating import draft as drafts
from vmdesk.core.creating.draft import Draft
from vmdesk.core.creating.summary import lines, set_up
from vmdesk.model import names
from vmdesk.model.text import tr
from vmdesk.ui.plain import PlainLabel
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.check_box import CheckBox
from vmdesk.ui.widgets.facts import breakable
from vmdesk.ui.widgets.form import Heading, Muted, Section
from vmdesk.ui.widgets.inner_tabs import InnerTabs
from vmdesk.ui.widgets.scroll_bar import thin
from vmdesk.ui.wizards.new.desk import Desk
from vmdesk.ui.wizards.new.fields import Notes
from vmdesk.ui.wizards.new.shown import CommandsView, DefinitionView, mistake


class SummaryPage(QWidget):
    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self.setObjectName("summary-page")
        self.tabs = InnerTabs("summary-tabs")
        self.tabs.setMinimumHeight(20 * GRID)
        self._overview = _Overview(desk)
        self._definition = DefinitionView(desk)
        self._commands = CommandsView(desk)
        self.tabs.addTab(self._overview, tr("Overview"))
        self.tabs.addTab(self._definition, tr("Show XML"))
        self.tabs.addTab(self._commands, tr("Show command"))
        self.start = CheckBox(tr("&Start it"))
        self.start.setObjectName("start")
        self.start.setAccessibleName(tr("Start it"))
        self.confirm = CheckBox(tr("Make it &nevertheless"))
        self.confirm.setObjectName("confirm")
        self.confirm.setAccessibleName(tr("Make it nevertheless"))
        self.notes = Notes()
        self.notes.setObjectName("warnings")
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(GRID)
        box.addWidget(Heading(tr("Is this right?")))
        box.addWidget(self.tabs, 1)
        box.addWidget(self.notes)
        box.addWidget(self.confirm)
        box.addWidget(self.start)
        self.start.toggled.connect(lambda on: desk.wish(start=on))
        self.confirm.toggled.connect(lambda _on: desk.changed.emit())
        self.tabs.currentChanged.connect(lambda _place: self.show_draft(desk.draft))

    @property
    def stopping(self) -> str:
        """Why it cannot be made, besides what the other pages say."""
        if drafts.to_confirm(self._desk.draft) and not self.confirm.isChecked():
            return tr("Say first that it is to be made nevertheless.")
        return mistake(self._desk.draft)

    def focus_first(self) -> None:
        """What has to be answered before it is made, else the last question."""
        (self.start if self.confirm.isHidden() or self.confirm.isChecked() else self.confirm).setFocus()

    def show_draft(self, draft: Draft) -> None:
        if draft.found is None:
            return
        confirm = drafts.to_confirm(draft)
        self.notes.show_notes(
            [*((str(one), "confirm") for one in confirm), *((str(one), "warning") for one in drafts.warnings(draft))]
        )
        self.confirm.setVisible(bool(confirm))
        several = len(names.names(draft.wish)) > 1
        self.start.setText(tr("&Start them") if several else tr("&Start it"))
        self.start.setChecked(draft.wish.start)
        page = self.tabs.currentWidget()
        if draft.edited is not None:
            self._definition.show_draft(draft)
        if page is self._overview:
            self._overview.show_draft(draft)
        elif page is self._definition:
            self._definition.show_draft(draft)
        else:
            self._commands.show_draft(draft)


class _Overview(QScrollArea):
    """Lines of what it is, and what is done to the host."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._shown: list[tuple[str, str]] = []
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(2 * GRID)
        self._grid.setVerticalSpacing(GRID * 3 // 4)
        self._grid.setColumnStretch(1, 1)
        self._title = Section(tr("On the host, and it stays"))
        self._host = Notes()
        self._host.setObjectName("set-up")
        holder = QWidget()
        self.setObjectName("overview")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        thin(self, QPalette.ColorRole.Window)
        box = QVBoxLayout(holder)
        box.setContentsMargins(GRID, 2 * GRID, GRID, GRID)
        box.setSpacing(GRID)
        box.addLayout(self._grid)
        box.addSpacing(GRID)
        box.addWidget(self._title)
        box.addWidget(self._host)
        box.addStretch(1)
        self.setWidget(holder)

    def show_draft(self, draft: Draft) -> None:
        shown = [(str(one.label), str(one.value)) for one in lines(draft, self._desk.host_name)]
        if shown != self._shown:
            self._shown = shown
            while item := self._grid.takeAt(0):
                if widget := item.widget():
                    widget.hide()
                    widget.deleteLater()
            for row, (label, value) in enumerate(shown):
                words = PlainLabel(breakable(value))
                words.setWordWrap(True)
                words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
                words.setAccessibleName(f"{label}: {value}")
                name = Muted(label, caption=False)
                name.setWordWrap(False)
                top = Qt.AlignmentFlag.AlignTop
                self._grid.addWidget(name, row, 0, top | Qt.AlignmentFlag.AlignRight)
                self._grid.addWidget(words, row, 1, top)
        doings = set_up(draft)
        self._title.setVisible(bool(doings))
        self._host.show_notes([(str(one), "info") for one in doings])
