"""A definition from a file: what in it reaches for the host, each thing off unless it is ticked. Never started."""

import asyncio
import hashlib
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from vmdesk.core.creating.draft import Draft, Reviewed
from vmdesk.model import names
from vmdesk.model.errors import VirtError
from vmdesk.model.text import tr
from vmdesk.model.wish import From, Here
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.check_box import CheckBox
from vmdesk.ui.widgets.facts import breakable
from vmdesk.ui.widgets.form import Heading, Muted
from vmdesk.ui.wizards.new.desk import Desk
from vmdesk.ui.wizards.new.fields import Fields, Notes
from vmdesk.ui.wizards.new.line import Line
from vmdesk.ui.wizards.new.xml_view import XmlView
from vmdesk.virtxml import review
from vmdesk.virtxml.document import XmlError, root


class ReviewPage(QWidget):
    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._path = ""
        self._xml = ""
        self._allowed: set[str] = set()
        self._task: asyncio.Task[None] | None = None
        self.wrong = tr("Reading …")
        self.setObjectName("review-page")
        self.name = Line("review-name")
        fields = Fields()
        self._name = fields.add(tr("&Name"), self.name)
        self.notes = Notes()
        self._list = QVBoxLayout()
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(GRID)
        holder = QWidget()
        inner = QVBoxLayout(holder)
        inner.setContentsMargins(GRID, GRID, GRID, GRID)
        inner.addLayout(self._list)
        inner.addStretch(1)
        self.area = QScrollArea()
        self.area.setObjectName("findings")
        self.area.setAccessibleName(tr("What reaches for the host"))
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setWidget(holder)
        self.area.setMinimumHeight(14 * GRID)
        self.xml = XmlView("reviewed-xml", tr("The definition"))
        self.xml.setReadOnly(True)
        self.xml.setMinimumHeight(14 * GRID)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(3 * GRID // 2)
        box.addWidget(Heading(tr("What does the file ask for?")))
        box.addLayout(fields)
        box.addWidget(self.notes)
        box.addWidget(self.area, 1)
        box.addWidget(self.xml, 1)
        self.name.textChanged.connect(lambda _words: self._renew())

    def focus_first(self) -> None:
        self.name.setFocus()

    @property
    def definition(self) -> str:
        """What is to be defined."""
        return review.apply(self._xml, frozenset(self._allowed), fresh=True, name=self.name.text().strip())

    def show_draft(self, draft: Draft) -> None:
        media = draft.wish.media
        if draft.wish.source is From.XML and isinstance(media, Here) and media.path != self._path:
            self._path = media.path
            self._task = self._desk.parts.jobs.spawn("definition", self._read(media.path))

    def go_on_from(self, other: "ReviewPage") -> None:
        """With the file as it was read there; what was ticked, and the name, are the draft's."""
        if not other._xml:
            return
        self._path, self._xml = other._path, other._xml
        self._show(review.review(self._xml))

    def read_again(self) -> None:
        """The file may be another one by now."""
        self._path = ""
        self.show_draft(self._desk.draft)

    async def _read(self, path: str) -> None:
        self._xml = ""
        try:
            xml = await self._desk.workshop.text_of(path)
            findings = review.review(xml)
            self._xml = xml
            self._show(findings)
        except VirtError as error:
            self._refuse(" ".join(str(one) for one in (error.problem.what, error.problem.why) if one))
        except XmlError as error:
            self._refuse(tr("This is not a definition of a machine: {error}", error=str(error)))

    def _refuse(self, words: str) -> None:
        self.wrong = words
        self._clear()
        self.notes.show_notes([(words, "error")])
        self.xml.show_text("")
        self._desk.changed.emit()

    def _show(self, findings: tuple[review.Finding, ...]) -> None:
        self._clear()
        said = self._desk.draft.reviewed
        if said is not None and said.digest != _digest(self._xml):
            said = None  # of another text; a tick there is none here
        self._allowed = {one.id for one in findings if said is not None and one.id in said.allowed}
        for number, found in enumerate(findings):
            self._list.addWidget(self._finding(number, found))
        if said is not None:
            self.name.show_text(said.name)
            self._renew()
            return
        own = (root(self._xml).findtext("name") or "").strip()
        free = own
        while free in self._desk.draft.taken:
            free = f"{own}-{int(free.removeprefix(own + '-') if free != own else 1) + 1}"
        self.name.show_text(free)
        self._renew()

    def _finding(self, number: int, found: review.Finding) -> QWidget:
        row = QWidget()
        box = CheckBox(str(found.what).replace("&", "&&"))
        box.setObjectName(f"finding-{number}")
        box.setAccessibleName(str(found.what))
        box.setAccessibleDescription(f"{found.value} {found.why}")
        box.setChecked(found.id in self._allowed)
        box.toggled.connect(lambda on: self._allow(found.id, on))
        words = Muted(breakable(f"{found.value}\n{found.why}" if found.value else str(found.why)))
        words.setContentsMargins(3 * GRID, 0, 0, 0)
        lines = QVBoxLayout(row)
        lines.setContentsMargins(0, 0, 0, 0)
        lines.setSpacing(GRID // 4)
        lines.addWidget(box, 0, Qt.AlignmentFlag.AlignLeft)
        lines.addWidget(words)
        return row

    def _allow(self, finding: str, on: bool) -> None:
        self._allowed = self._allowed | {finding} if on else self._allowed - {finding}
        self._renew()

    def _renew(self) -> None:
        """What comes of it as it is ticked now."""
        if not self._xml:
            return
        name = self.name.text().strip()
        wrong = [str(one) for one in ((names.problem(name),) if names.problem(name) else ())]
        if name in self._desk.draft.taken:
            wrong.append(tr("There is a machine called {name} on this host already.", name=name))
        try:
            definition = self.definition
            wrong += [str(one) for one in review.problems(definition)]
            self.xml.show_text(definition)
        except XmlError as error:
            wrong.append(tr("This is not a definition of a machine: {error}", error=str(error)))
        self.wrong = wrong[0] if wrong else ""
        count = self._list.count()
        hint = (
            tr("Nothing in it reaches for the host.")
            if not count
            else tr("These reach for the host and are left out, unless you tick them. The machine is not started.")
        )
        self.notes.show_notes([*((one, "error") for one in wrong[:3]), (hint, "info" if count else "good")])
        self.area.setVisible(bool(count))
        draft, said = self._desk.draft, Reviewed(_digest(self._xml), name, frozenset(self._allowed))
        if said != draft.reviewed:
            self._desk.put(replace(draft, reviewed=said))
        else:
            self._desk.changed.emit()

    def _clear(self) -> None:
        while item := self._list.takeAt(0):
            if widget := item.widget():
                widget.hide()
                widget.deleteLater()


def _digest(xml: str) -> str:
    return hashlib.sha256(xml.encode()).hexdigest()
