"""The first page: where the machine comes from, what was found there, and whether the hypervisor can read it."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QButtonGroup, QFileDialog, QPushButton, QVBoxLayout, QWidget

from vmdesk.core.creating import draft as drafts
from vmdesk.core.creating.draft import Draft, complaints
from vmdesk.core.creating.sources import sources
from vmdesk.core.creating.summary import system_words
from vmdesk.model.abilities import HostAbilities
from vmdesk.model.errors import VirtError
from vmdesk.model.system import Certainty
from vmdesk.model.text import Text, text, tr
from vmdesk.model.wish import From, Reach
from vmdesk.ui.parts import Level, Notice
from vmdesk.ui.plain import PlainLabel
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.form import Heading, Muted
from vmdesk.ui.widgets.radio_button import RadioButton
from vmdesk.ui.wizards.new.card import Card, Cards
from vmdesk.ui.wizards.new.desk import Desk
from vmdesk.ui.wizards.new.fields import Fields, Note, Notes
from vmdesk.ui.wizards.new.line import Line
from vmdesk.ui.wizards.new.place import PlaceChooser
from vmdesk.ui.wizards.new.system import SystemSearch
from vmdesk.virtxml.build.complaint import in_words

_COLUMNS = 4
_FILES = (From.CDROM, From.CLOUD, From.DISK, From.XML, From.CONTAINER)


class WherePage(QWidget):
    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self.setObjectName("where-page")
        self.cards = Cards("sources", tr("Where the machine comes from"), _COLUMNS)
        self._group = QButtonGroup(self)
        self._why_not = Muted()
        self._by_source: dict[From, Card] = {}
        self.media = PlaceChooser(desk, "media", tr("CD image"))
        self.kernel = PlaceChooser(desk, "kernel", tr("Kernel"))
        self.initrd = PlaceChooser(desk, "initrd", tr("Initrd"))
        self.append = Line("append")
        self.append.setPlaceholderText("console=ttyS0 quiet")
        self.system = SystemSearch("system", desk.parts.jobs.spawn, lambda: desk.workshop.systems())
        self._fields = Fields()
        self._media = self._fields.add(tr("&File"), self.media)
        self._kernel = self._fields.add(tr("&Kernel"), self.kernel)
        self._initrd = self._fields.add(tr("&Initrd"), self.initrd)
        self._append = self._fields.add(tr("Command &line"), self.append)
        self._found = Notes()
        self._found.setObjectName("found")
        self._blocked = _Blocked(desk)
        self._renew = QPushButton(tr("Bring a newer OS database…"))
        self._renew.setObjectName("renew")
        self._renew.setToolTip(tr("A file osinfo-db-DATE.tar.xz from libosinfo.org; for you alone."))
        self._system = self._fields.add(tr("&System"), self.system)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(2 * GRID)
        box.addWidget(Heading(tr("Where does the machine come from?")))
        cards = QVBoxLayout()
        cards.setSpacing(GRID // 2)
        cards.addWidget(self.cards)
        cards.addWidget(self._why_not)
        for card_of in sources(None):
            self._add_card(card_of.source, str(card_of.title), str(card_of.what), card_of.icon)
        container = next(iter(sources(HostAbilities(driver="LXC"))))
        self._add_card(container.source, str(container.title), str(container.what), container.icon)
        self._by_source[container.source].hide()
        box.addLayout(cards)
        box.addLayout(self._fields)
        box.addWidget(self._found)
        box.addWidget(self._renew, 0, Qt.AlignmentFlag.AlignLeft)
        box.addWidget(self._blocked)
        box.addStretch(1)
        self.media.chosen.connect(lambda place, typing: desk.put(drafts.with_media(desk.draft, place), typing))
        self.kernel.chosen.connect(lambda place, _typing: desk.wish(kernel=place))
        self.initrd.chosen.connect(lambda place, _typing: desk.wish(initrd=place))
        self.append.typed.connect(lambda words: desk.wish(append=words.strip()))
        self.system.chosen.connect(lambda short: desk.wish(os=short))
        self._renew.clicked.connect(self._on_renew)

    def focus_first(self) -> None:
        """Where one begins to type."""
        shown = [one for one in (self.media, self.kernel) if one.isVisibleTo(self)]
        (shown[0].line if shown else self._by_source[self._desk.draft.wish.source]).setFocus()

    def show_draft(self, draft: Draft) -> None:
        host = draft.found.host if draft.found is not None else None
        shown = {one.source: one for one in sources(host)}
        for source, card in self._by_source.items():
            one = shown.get(source)
            card.setVisible(one is not None)
            card.forbid(str(one.why_not or "") if one is not None else "")
        why = next((one.why_not for one in shown.values() if one.why_not is not None), None)
        self._why_not.setText(tr("Grey: {why}", why=why) if why is not None else "")
        self._why_not.setVisible(why is not None)
        source = draft.wish.source
        self._by_source[source].setChecked(True)
        self._show_media(draft, source)
        self._show_found(draft)
        self._blocked.show_draft(draft)

    def _show_media(self, draft: Draft, source: From) -> None:
        asked = next((one for one in sources(draft.abilities) if one.source is source), None)
        medium = asked.medium if asked is not None else None
        self._fields.show_row(self._media, medium is not None)
        if medium is not None:
            hint = tr("Type a path, drop a file here, or browse") if source in _FILES else "https://…/dists/…"
            self._fields.rename(self._media, tr("&File") if source in _FILES else tr("&Address"))
            self.media.ask_for(str(medium), hint)
            self.media.show_ways(source in _FILES, source in (From.CDROM, From.CLOUD, From.DISK))
            self.media.show_place(draft.wish.media)
            self.media.offer(self._desk.workshop.templates.media(source))
            self._media.explain(_EXPLAINED.get(source))
        kernel = source is From.KERNEL
        for field in (self._kernel, self._initrd):
            self._fields.show_row(field, kernel)
        self._fields.show_row(self._append, kernel or source is From.LOCATION)
        self._fields.show_row(self._system, source not in (From.XML, From.CONTAINER))
        if kernel:
            self.kernel.show_place(draft.wish.kernel)
            self.initrd.show_place(draft.wish.initrd)
            self._kernel.complain(complaints(draft, "kernel") if draft.wish.kernel else ())
            self._initrd.complain(complaints(draft, "initrd"))
        if self.append.text().strip() != draft.wish.append:
            self.append.show_text(draft.wish.append)
        self._append.complain(complaints(draft, "append"))
        self.system.show_system(draft.wish.os)

    def _show_found(self, draft: Draft) -> None:
        notes: list[tuple[str, str]] = []
        self._renew.hide()
        if draft.problem is not None:
            parts = (draft.problem.what, draft.problem.why, draft.problem.what_next)
            notes.append((" ".join(str(part) for part in parts if part), "error"))
        elif draft.wish.media is not None or draft.wish.os:
            notes += self._notes(draft)
        if (problem := self._desk.workshop.problem) is not None:
            notes.append((f"{problem.what} {problem.what_next or ''}", "warning"))
        self._found.show_notes(notes)

    def _notes(self, draft: Draft) -> list[tuple[str, str]]:
        if self._desk.looking:
            return [(tr("Looking at it …"), "work")]
        notes = [(str(one.what), one.weight.value) for one in complaints(draft, "media")]
        found, system = draft.found, system_words(draft)
        if notes or found is None or draft.wish.source in (From.XML, From.CONTAINER):
            return notes
        about = [found.medium.architecture, in_words(found.medium.bytes) if found.medium.bytes else ""]
        if found.image is not None:
            about.insert(0, found.image.format)
        more = ", ".join(filter(None, about))
        if system is None:
            label = found.medium.label or found.medium.info
            words = tr("No known system ({label}): set up so that nearly everything runs.", label=label or more or "?")
            return [(words, "info")]
        certain = draft.system.certainty is not Certainty.RELATIVE
        self._renew.setVisible(not certain)
        return [(f"{system} ({more})" if more else str(system), "good" if certain else "info")]

    def _add_card(self, source: From, title: str, what: str, picture: str) -> None:
        card = Card(f"source-{source.value}", title, what, picture)
        self._by_source[source] = card
        self._group.addButton(card)
        self.cards.add(card)
        # Not clicked: who chooses it by a screen reader's means toggles it.
        card.toggled.connect(lambda on: self._on_source(source) if on else None)

    def _on_source(self, source: From) -> None:
        if source is self._desk.draft.wish.source:
            return
        self._desk.put(drafts.checked(drafts.with_source(self._desk.draft, source)))

    def _on_renew(self) -> None:
        dialog = QFileDialog(self, tr("Bring a newer OS database"))
        dialog.setNameFilter("osinfo-db (*.tar.xz *.zip)")
        dialog.fileSelected.connect(lambda path: self._desk.parts.jobs.spawn("OS database", self._bring(path)))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    async def _bring(self, path: str) -> None:
        try:
            await self._desk.workshop.renew(path)
        except VirtError as error:
            self._desk.parts.shell.notify(Notice(error.problem, Level.ERROR))
            return
        self.system.read_again()
        self._desk.look_again()


class _Blocked(QWidget):
    """The hypervisor cannot read the file: what to do about that."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._showing = False
        self.setObjectName("blocked")
        self.why = Note()
        self.copy = RadioButton(tr("&Copy it into a storage pool"))
        self.copy.setObjectName("reach-copy")
        self.copy.setAccessibleName(tr("Copy it into a storage pool"))
        self.grant = RadioButton(tr("&Let the hypervisor in"))
        self.grant.setObjectName("reach-grant")
        self.grant.setAccessibleName(tr("Let the hypervisor in"))
        self.lines = PlainLabel()
        self.lines.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.lines.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.lines.setWordWrap(True)
        self.lines.setContentsMargins(3 * GRID, 0, 0, 0)
        self.hint = Muted()
        self.hint.setContentsMargins(3 * GRID, 0, 0, 0)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(GRID // 2)
        for widget in (self.why, self.copy, self.grant, self.lines, self.hint):
            box.addWidget(widget)
        # Not `clicked`: a screen reader toggles.
        self.copy.toggled.connect(lambda on: self._set(Reach.COPY) if on else None)
        self.grant.toggled.connect(lambda on: self._set(Reach.GRANT) if on else None)
        self.hide()

    def show_draft(self, draft: Draft) -> None:
        known = draft.found is not None and draft.problem is None
        blocked = draft.found.in_the_way(draft.wish) if draft.found is not None and known else None
        self.setVisible(blocked is not None)
        if blocked is None:
            return
        self.why.say(str(blocked.why), "warning")
        can = bool(blocked.commands)
        for widget in (self.grant, self.lines, self.hint):
            widget.setVisible(can)
        self.grant.setEnabled(blocked.ours)
        self.lines.setText("\n".join(blocked.lines))
        self.hint.setText(
            tr("This is run for you; others on this computer still cannot look into the folder.")
            if blocked.ours
            else tr("Not all of the folders are yours: run it yourself, then choose the file again.")
        )
        self._showing = True
        (self.grant if draft.wish.reach is Reach.GRANT and blocked.ours else self.copy).setChecked(True)
        self._showing = False

    def _set(self, reach: Reach) -> None:
        if not self._showing:
            self._desk.wish(reach=reach)


_EXPLAINED: dict[From, Text] = {
    From.CLOUD: text("Such as debian-12-genericcloud-amd64.qcow2: made to be set up by cloud-init."),
    From.LOCATION: text(
        "The folder of a distribution's installer, such as https://deb.debian.org/debian/dists/stable/main/installer-amd64"
    ),
    From.DISK: text("qcow2 and raw can be used where they are; other formats are converted."),
    From.XML: text("It is looked through first, and never started by itself."),
    From.CONTAINER: text("A folder on the host with a whole system in it; empty: the host's own."),
}
