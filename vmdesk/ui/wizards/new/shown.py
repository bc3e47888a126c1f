"""The definition of what is going to be made, which can be changed by hand, and the lines that make the same."""

import asyncio
from dataclasses import replace

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QToolButton, QVBoxLayout, QWidget

from vmdesk.core.creating.draft import Draft
from vmdesk.core.creating.edited import Edited, carry_over, merge
from vmdesk.core.creating.preview import preview
from vmdesk.core.recipe import Recipe, vmdesk_create
from vmdesk.core.virt_install import virt_install
from vmdesk.model import names
from vmdesk.model.errors import VirtError
from vmdesk.model.text import tr
from vmdesk.ui.icons import icon
from vmdesk.ui.plain import PlainLabel
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.facts import breakable
from vmdesk.ui.widgets.form import Heading, Muted, Section
from vmdesk.ui.widgets.inner_tabs import InnerTabs
from vmdesk.ui.wizards.new.desk import Desk
from vmdesk.ui.wizards.new.fields import Notes, combo
from vmdesk.ui.wizards.new.xml_view import XmlView
from vmdesk.virtxml import review
from vmdesk.virtxml.build.prepared import Definitions
from vmdesk.virtxml.document import XmlError, root

_TYPING = 600  # ms after the last key before the schema is asked


class ShownPage(QWidget):
    """Beside the way: reached from every page."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self.setObjectName("shown-page")
        self._definition = DefinitionView(desk, "shown-xml")
        self._commands = CommandsView(desk, "shown-command")
        self.tabs = InnerTabs("shown-tabs")
        self.tabs.addTab(self._definition, tr("XML"))
        self.tabs.addTab(self._commands, tr("Command"))
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(GRID)
        box.addWidget(Heading(tr("What comes of it so far")))
        box.addWidget(self.tabs, 1)
        self.tabs.currentChanged.connect(lambda _place: self.show_draft(desk.draft))

    def focus_first(self) -> None:
        self._definition.edit.setFocus()

    def show_draft(self, draft: Draft) -> None:
        if self.tabs.currentWidget() is self._definition:
            self._definition.show_draft(draft)
        else:
            self._commands.show_draft(draft)


class DefinitionView(QWidget):
    """The XML; what is changed here is carried over to the machine as it is made."""

    def __init__(self, desk: Desk, name: str = "xml") -> None:
        super().__init__()
        self._desk = desk
        self._now = ""  # the definition without the person's changes
        self._dropped = False
        self._task: asyncio.Task[None] | None = None
        self.edit = XmlView(name, tr("The definition"))
        self.words = Muted()
        self.undo = QPushButton(tr("Undo my changes"))
        self.undo.setObjectName(f"{name}-undo")
        self.notes = Notes()
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING)
        self._typing.timeout.connect(self._ask)
        self.stage = combo(f"{name}-stage", 20)
        self.stage.setAccessibleName(tr("Which definition"))
        self.stage.addItem(tr("For the installation"), False)
        self.stage.addItem(tr("Afterwards"), True)
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(self.stage)
        row.addWidget(self.words, 1)
        row.addWidget(self.undo)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, GRID, 0, 0)
        box.setSpacing(GRID)
        box.addLayout(row)
        box.addWidget(self.edit, 1)
        box.addWidget(self.notes)
        self.edit.setMinimumHeight(20 * GRID)
        self.stage.currentIndexChanged.connect(lambda _place: self.show_draft(desk.draft))
        self.edit.textChanged.connect(self._on_changed)
        self.undo.clicked.connect(lambda: desk.put(replace(desk.draft, edited=None)))

    def show_draft(self, draft: Draft) -> None:
        if draft.found is None:
            return
        every = names.names(draft.wish)
        several = len(every) > 1
        answered = self._desk.want_answers()
        try:
            both = preview(draft.wish, draft.found, self._desk.answers) if every else Definitions("", "")
        except ValueError:  # signs that no XML can hold: what is wrong stands beside its field
            both = Definitions("", "")
        now = both.first
        if draft.edited is not None and now != draft.edited.shown:
            self._carry_over(draft, draft.edited, now, several)
            return
        self.stage.setVisible(both.first != both.stored)
        later = both.first != both.stored and bool(self.stage.currentData())
        shown = draft.edited.text if draft.edited is not None else now
        if later:
            shown = _stored(draft, both)
        if now != self._now or self.edit.toPlainText() != shown:
            self._now = now
            self.edit.show_text(shown)
            self._tell(draft)
        if self._dropped:
            self._dropped = False
            self.notes.show_notes([(tr("Other choices changed the same lines: your changes are gone."), "warning")])
        self.edit.setReadOnly(several or later or not now)
        self.undo.setVisible(draft.edited is not None)
        self.words.setText(self._explained(several, later, bool(now), answered))

    def _explained(self, several: bool, later: bool, there: bool, answered: bool) -> str:
        if not there:
            return tr("With this name there is no definition yet.")
        if later:
            return tr("This stays: it holds from the first start after the installation.")
        if not answered:
            return tr("What the installer is told is being worked out …")
        if self._desk.no_answers:
            return tr("Without the installer's answers yet: {why}", why=self._desk.no_answers)
        if several:
            return tr("The first of them. Several machines cannot be changed here.")
        return tr("What you change here is what is defined. UUID and MAC address are filled in when it is made.")

    def _carry_over(self, draft: Draft, edited: Edited, now: str, several: bool) -> None:
        """Other choices were made since: the person's changes are made to what comes of those."""
        mine = None if several or not now else merge(edited.shown, edited.text, now)
        self._dropped = mine is None
        again = Edited(now, mine) if mine is not None and mine != now else None
        self._desk.put(replace(draft, edited=again))

    def _tell(self, draft: Draft) -> None:
        wrong = mistake(draft)
        self.notes.show_notes([(wrong, "error")] if wrong else [])

    def _on_changed(self) -> None:
        words = self.edit.toPlainText()
        edited = Edited(self._now, words) if words != self._now else None
        self._desk.put(replace(self._desk.draft, edited=edited))
        self._tell(self._desk.draft)
        if not mistake(self._desk.draft):
            self._typing.start()

    def _ask(self) -> None:
        if self._task is not None:
            self._task.cancel()
        self._task = self._desk.parts.jobs.spawn("schema", self._check(self.edit.toPlainText()))

    async def _check(self, words: str) -> None:
        """libvirt's schema is slower; what it says is told, and libvirt itself decides."""
        mistakes = await self._desk.workshop.mistakes(words)
        if words == self.edit.toPlainText() and not mistake(self._desk.draft):
            self.notes.show_notes([(tr("Line {mistake}", mistake=one), "warning") for one in mistakes])


def _stored(draft: Draft, both: Definitions) -> str:
    """What stays, with the person's changes."""
    if draft.edited is None:
        return both.stored
    try:
        return carry_over(draft.edited, both).stored
    except VirtError:
        return both.stored


def mistake(draft: Draft) -> str:
    """What is wrong with the person's changes, in a sentence; "" if nothing."""
    return _mistake(draft.edited.text, draft) if draft.edited is not None else ""


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


class CommandsView(QWidget):
    """The same from a terminal."""

    def __init__(self, desk: Desk, name: str = "command") -> None:
        super().__init__()
        self._desk = desk
        self._ours = _Line(desk, f"{name}-vmdesk", tr("With VMDesk"))
        self._theirs = _Line(desk, f"{name}-virt-install", tr("With virt-install"))
        box = QVBoxLayout(self)
        box.setContentsMargins(GRID, 2 * GRID, GRID, GRID)
        box.setSpacing(2 * GRID)
        box.addWidget(self._ours)
        box.addWidget(self._theirs)
        box.addStretch(1)

    def show_draft(self, draft: Draft) -> None:
        if draft.found is None or not names.names(draft.wish):
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
