"""The last page: what is going to be made, the definition behind it, the lines that do the same in a terminal."""

import asyncio
from dataclasses import replace

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QFontDatabase, QPalette
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from vmdesk.core.creating import draft as drafts
from vmdesk.core.creating.draft import Draft
from vmdesk.core.creating.edited import Edited, merge
from vmdesk.core.creating.preview import preview
from vmdesk.core.creating.summary import lines, set_up
from vmdesk.core.recipe import Recipe, vmdesk_create
from vmdesk.core.virt_install import virt_install
from vmdesk.model import names
from vmdesk.model.text import tr
from vmdesk.ui.icons import icon
from vmdesk.ui.plain import PlainLabel
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.check_box import CheckBox
from vmdesk.ui.widgets.facts import breakable
from vmdesk.ui.widgets.form import Heading, Muted, Section
from vmdesk.ui.widgets.inner_tabs import InnerTabs
from vmdesk.ui.widgets.scroll_bar import thin
from vmdesk.ui.wizards.new.desk import Desk
from vmdesk.ui.wizards.new.fields import Notes
from vmdesk.ui.wizards.new.xml_view import XmlView
from vmdesk.virtxml import review
from vmdesk.virtxml.document import XmlError, root

_TYPING = 600  # ms after the last key before the schema is asked


class SummaryPage(QWidget):
    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self.setObjectName("summary-page")
        self.tabs = InnerTabs("summary-tabs")
        self._overview = _Overview(desk)
        self._definition = _Definition(desk)
        self._commands = _Commands(desk)
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
        return self._definition.wrong

    @property
    def edited(self) -> Edited | None:
        return self._definition.edited

    def focus_first(self) -> None:
        self.start.setFocus()

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
        if draft.edited:
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


class _Definition(QWidget):
    """The XML; what is changed here is carried over to the machine as it is made."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._base = ""  # what the person's changes are changes of
        self._dropped = False
        self._task: asyncio.Task[None] | None = None
        self.wrong = ""
        self.edit = XmlView("xml", tr("The definition"))
        self.words = Muted()
        self.undo = QPushButton(tr("Undo my changes"))
        self.undo.setObjectName("xml-undo")
        self.notes = Notes()
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING)
        self._typing.timeout.connect(self._ask)
        row = QHBoxLayout()
        row.addWidget(self.words, 1)
        row.addWidget(self.undo)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, GRID, 0, 0)
        box.setSpacing(GRID)
        box.addWidget(self.edit, 1)
        box.addLayout(row)
        box.addWidget(self.notes)
        self.edit.setMinimumHeight(20 * GRID)
        self.edit.textChanged.connect(self._on_changed)
        self.undo.clicked.connect(self._on_undo)

    @property
    def edited(self) -> Edited | None:
        text_ = self._desk.draft.edited
        return Edited(self._base, text_) if text_ and text_ != self._base else None

    def show_draft(self, draft: Draft) -> None:
        if draft.found is None:
            return
        several = len(names.names(draft.wish)) > 1
        now = preview(draft.wish, draft.found).first
        if draft.edited and now != self._base:
            self._carry_over(draft, now, several)
            return
        if not draft.edited:
            if now != self._base or self.edit.toPlainText() != now:
                self._base = now
                self.edit.show_text(now)
                self.wrong = ""
                self.notes.show_notes([])
            if self._dropped:
                self._dropped = False
                self.notes.show_notes([(tr("Other choices changed the same lines: your changes are gone."), "warning")])
        self.edit.setReadOnly(several)
        self.undo.setVisible(bool(draft.edited))
        self.words.setText(
            tr("The first of them. Several machines cannot be changed here.")
            if several
            else tr("What you change here is what is defined. UUID and MAC address are filled in when it is made.")
        )

    def _carry_over(self, draft: Draft, now: str, several: bool) -> None:
        """Other choices were made since: the person's changes are made to what comes of those."""
        mine = None if several else merge(self._base, draft.edited, now)
        self._base, self._dropped = now, mine is None
        words = mine if mine is not None else now
        self.edit.show_text(words)
        self.wrong = _mistake(words, draft)
        self.notes.show_notes([(self.wrong, "error")] if self.wrong else [])
        self._desk.put(replace(draft, edited=words if words != now else ""))

    def _on_changed(self) -> None:
        words = self.edit.toPlainText()
        self.wrong = _mistake(words, self._desk.draft)
        self.notes.show_notes([(self.wrong, "error")] if self.wrong else [])
        self._desk.put(replace(self._desk.draft, edited="" if words == self._base else words))
        if not self.wrong:
            self._typing.start()

    def _on_undo(self) -> None:
        self._desk.put(replace(self._desk.draft, edited=""))

    def _ask(self) -> None:
        if self._task is not None:
            self._task.cancel()
        self._task = self._desk.parts.jobs.spawn("schema", self._check(self.edit.toPlainText()))

    async def _check(self, words: str) -> None:
        """libvirt's schema is slower; what it says is told, and libvirt itself decides."""
        mistakes = await self._desk.workshop.mistakes(words)
        if words == self.edit.toPlainText() and not self.wrong:
            self.notes.show_notes([(tr("Line {mistake}", mistake=one), "warning") for one in mistakes])


def _mistake(words: str, draft: Draft) -> str:
    """What must not be shown to libvirt, in a sentence; "" if nothing."""
    try:
        domain = root(words)
        problems = review.problems(words)
    except XmlError as error:
        return tr("This is not a definition of a machine: {error}", error=str(error))
    if problems:
        return str(problems[0])
    if (domain.findtext("name") or "") != names.names(draft.wish)[0]:
        return tr("The name is changed on the page Machine.")
    if domain.find("uuid") is not None and not draft.wish.uuid:
        return tr("The UUID is filled in when the machine is made: leave it out.")
    return ""


class _Commands(QWidget):
    """The same from a terminal."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._ours = _Line(desk, "command-vmdesk", tr("With VMDesk"))
        self._theirs = _Line(desk, "command-virt-install", tr("With virt-install"))
        box = QVBoxLayout(self)
        box.setContentsMargins(GRID, 2 * GRID, GRID, GRID)
        box.setSpacing(2 * GRID)
        box.addWidget(self._ours)
        box.addWidget(self._theirs)
        box.addStretch(1)

    def show_draft(self, draft: Draft) -> None:
        if draft.found is None:
            return
        uri = self._desk.uri
        self._ours.show_recipe(vmdesk_create(draft.wish, uri))
        self._theirs.show_recipe(virt_install(draft.wish, draft.system, draft.found.host, draft.found.machine, uri))


class _Line(QWidget):
    def __init__(self, desk: Desk, name: str, title: str) -> None:
        super().__init__()
        self.line = PlainLabel()
        self.line.setObjectName(name)
        self.line.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.line.setWordWrap(True)
        self.line.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        copy = QToolButton()
        copy.setObjectName(f"{name}-copy")
        copy.setIcon(icon("copy"))
        copy.setText(tr("Copy"))
        copy.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        copy.setAccessibleName(tr("Copy the line: {title}", title=title))
        copy.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._notes = Notes()
        head = QHBoxLayout()
        head.addWidget(Section(title), 1)
        head.addWidget(copy)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(GRID)
        box.addLayout(head)
        box.addWidget(self.line)
        box.addWidget(self._notes)
        self._words = ""
        copy.clicked.connect(lambda: desk.parts.shell.copy(self._words))

    def show_recipe(self, recipe: Recipe) -> None:
        self._words = recipe.line
        self.line.setText(breakable(recipe.line))
        self.line.setAccessibleName(recipe.line)
        self._notes.show_notes([(str(one), "info") for one in recipe.notes])
