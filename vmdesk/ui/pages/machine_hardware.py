"""The machine's page, tab "Hardware": what it has, each thing with its page; changed, added, removed."""

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QHideEvent, QKeySequence, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from vmdesk.core.command import Confirm
from vmdesk.core.commands import questions
from vmdesk.core.hardware import applying, pages, reading
from vmdesk.core.hardware.reading import Offers, Seen
from vmdesk.core.hardware.sheet import Sheet, Value, Wish
from vmdesk.core.jobs import Job
from vmdesk.core.store import Changes
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.host import Link
from vmdesk.model.text import Text, text, tr
from vmdesk.ui.dialogs import hardware as dialogs
from vmdesk.ui.heard import Heard
from vmdesk.ui.icons import icon
from vmdesk.ui.pages.hardware.bar import ChangesBar
from vmdesk.ui.pages.hardware.listing import HardwareList
from vmdesk.ui.parts import Level, Notice, Parts
from vmdesk.ui.plain import plain_tip
from vmdesk.ui.subject import Subject
from vmdesk.ui.tasks import Tasks
from vmdesk.ui.theme import GRID, muted
from vmdesk.ui.widgets.empty import Emptiness, EmptyView, of_problem
from vmdesk.ui.widgets.fields_form import FieldsForm, in_tab_order
from vmdesk.ui.widgets.form import Heading, Muted
from vmdesk.ui.widgets.glyph import Glyph
from vmdesk.ui.widgets.scroll_bar import thin
from vmdesk.ui.wizards.new.system import SystemSearch
from vmdesk.virt.connection import is_local
from vmdesk.virtxml.edit import EditError

FOLLOW = 5000  # ms between two looks at what somebody else may have changed
WIDTH = 32 * GRID  # of the list


class MachineHardware(QWidget):
    """Reads while it is visible. What was written stays until it is applied or undone, on all pages of the list.

    xml_wanted(): the person wants to see the definition itself.
    """

    xml_wanted = Signal()

    def __init__(self, parts: Parts, key: DomainKey, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts, self._machine = parts, key
        self._subject = Subject(parts.store, key)
        self._seen: Seen | None = None
        self._offers: Offers | None = None
        self._sheets: tuple[Sheet, ...] = ()
        self._drafts: dict[str, dict[str, Value]] = {}
        self._working = False  # a question is open, or libvirt is at work
        self._reading = self._once_more = False
        self._revealed = ""  # the key of a page that is to be shown as soon as it is there
        self._heard = Heard()
        self._tasks = Tasks(parts.jobs)
        self.destroyed.connect(self._tasks.end)
        self.setObjectName("machine-hardware")
        self.setAccessibleName(tr("Hardware"))
        self._follow = QTimer(self)
        self._follow.setInterval(FOLLOW)
        self._follow.timeout.connect(self.refresh)
        self._build()

    # ---------------------------------------------------------------- how it is built

    def _build(self) -> None:
        self.list = HardwareList()
        self.list.chosen.connect(lambda _key: self._show_sheet())
        self.add = QPushButton(icon("add"), tr("Add hardware…"))
        self.add.setObjectName("hardware-add")
        self.add.clicked.connect(self._on_add)
        for keys, do in (("Ins", self._on_add), ("Del", self._on_remove)):
            action = QAction(self.list)
            action.setShortcut(QKeySequence(keys))
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            action.triggered.connect(lambda _checked=False, do=do: do())
            self.list.addAction(action)
        left = QWidget()
        box = QVBoxLayout(left)
        box.setContentsMargins(0, 0, GRID, 0)
        box.setSpacing(GRID)
        box.addWidget(self.list, 1)
        box.addWidget(self.add)
        self.form = FieldsForm("hardware", self._is_local(), self._choose_volume, self._search_system)
        self.form.changed.connect(self._on_written)
        self.form.built.connect(self._set_tab_order)
        self._bar = ChangesBar()
        self._bar.apply_wanted.connect(self._on_apply)
        self._bar.undo_wanted.connect(self._on_undo)
        self.apply, self.undo, self.changes = self._bar.apply, self._bar.undo, self._bar.lines
        right = QWidget()
        box = QVBoxLayout(right)
        box.setContentsMargins(2 * GRID, 0, 0, 0)
        box.setSpacing(GRID)
        box.addLayout(self._make_head())
        box.addWidget(self._state)
        box.addWidget(self._make_area(), 1)
        box.addWidget(self._bar)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setObjectName("hardware-split")
        split.setChildrenCollapsible(False)
        split.addWidget(left)
        split.addWidget(right)
        split.setStretchFactor(1, 1)
        split.setSizes([WIDTH, 80 * GRID])
        left.setMinimumWidth(22 * GRID)
        right.setMinimumWidth(46 * GRID)
        self.empty = EmptyView()
        self.stack = QStackedWidget()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(split)
        self._split = split
        outer = QVBoxLayout(self)
        outer.setContentsMargins(2 * GRID, 2 * GRID, 3 * GRID, 2 * GRID)
        outer.addWidget(self.stack)
        self.setFocusProxy(self.list)

    def _set_tab_order(self) -> None:
        stops = (self.list, self.add, self.xml, self.remove, *self.form.stops(), self.changes, self.undo, self.apply)
        in_tab_order(stops)

    def _make_head(self) -> QHBoxLayout:
        self._picture = Glyph("", 3 * GRID, muted)
        self.title = Heading()
        self.title.setObjectName("hardware-title")
        self.xml = QToolButton()
        self.xml.setObjectName("hardware-xml")
        self.xml.setIcon(icon("code"))
        self.xml.setText(tr("Edit XML"))
        self.xml.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.xml.setAutoRaise(True)
        self.xml.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.xml.setToolTip(tr("The whole definition, with what has no field here"))
        self.xml.clicked.connect(self.xml_wanted)
        self.remove = QToolButton()
        self.remove.setObjectName("hardware-remove")
        self.remove.setIcon(icon("delete"))
        self.remove.setText(tr("Remove…"))
        self.remove.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.remove.setAutoRaise(True)
        self.remove.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.remove.clicked.connect(self._on_remove)
        for button in (self.xml, self.remove):
            button.setIconSize(QSize(18, 18))
            button.setAccessibleName(button.text())
        self._state = Muted("", caption=False)
        self._state.setObjectName("hardware-state")
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(self._picture)
        row.addWidget(self.title, 1)
        row.addWidget(self.xml)
        row.addWidget(self.remove)
        return row

    def _make_area(self) -> QScrollArea:
        inner = QWidget()
        box = QVBoxLayout(inner)
        box.setContentsMargins(0, GRID, 2 * GRID, GRID)
        box.addWidget(self.form)
        box.addStretch(1)
        inner.setMaximumWidth(100 * GRID)
        self._area = QScrollArea()
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.setWidget(inner)
        thin(self._area, self.palette().ColorRole.Window)
        return self._area

    # ---------------------------------------------------------------- what there is

    def _is_local(self) -> bool:
        host = self._subject.host
        return host is not None and is_local(host.config.uri)

    @property
    def unsaved(self) -> bool:
        """Whether something was written that is not applied."""
        return bool(self._drafts)

    async def may_lose(self) -> bool:
        """Whether what was written and not applied may be lost; asks if there is something."""
        if not self.unsaved:
            return True
        message = text("You have changed the hardware of {name} and not applied it.", name=self._subject.name)
        return bool(await self._parts.context.ask.confirm(questions.lose_unapplied("hardware.discard", message)))

    def refresh(self) -> None:
        """Read again, in the background."""
        if self._working or not self.isVisible():
            return
        if self._reading:
            self._once_more = True
            return
        if self._cannot_be_read() is not None:
            self._show()
            return
        self._reading = True
        self._tasks.spawn("read hardware", self._read())

    async def _read(self) -> None:
        try:
            await self._read_now()
        finally:
            self._reading = False
        if self._once_more and isValid(self):
            self._once_more = False
            self.refresh()

    async def _read_now(self, sizes: bool = False) -> None:
        domain, links = self._subject.domain, self._parts.context.sessions
        if domain is None:
            return
        old = self._seen
        try:
            seen = await reading.read(links, domain, self._subject.host)
            if self._offers is None:
                self._offers = await reading.offers(links, domain)
            known = old.sizes if old is not None and old.stored.disks == seen.stored.disks and not sizes else ()
            if not known:
                known = await reading.disk_sizes(links, domain, seen.stored)
        except VirtError as error:
            if self._seen is None:
                self._show_problem(error.problem)
            return
        self._take(replace(seen, sizes=known))

    def _take(self, seen: Seen) -> None:
        if self._working:
            return
        if seen != self._seen:
            self._seen = seen
            self._sheets = pages.sheets(seen, self._offers or Offers())
            self._prune()
        self._show()

    def _prune(self) -> None:
        """What was written about things that are gone goes with them."""
        known = {sheet.key: {one.name: one.value for one in sheet.fields} for sheet in self._sheets}
        for key, values in tuple(self._drafts.items()):
            kept = {
                name: value
                for name, value in values.items()
                if key in known and name in known[key] and known[key][name] != value
            }
            if kept:
                self._drafts[key] = kept
            else:
                del self._drafts[key]

    def _cannot_be_read(self) -> Text | None:
        host = self._subject.host
        if host is None or host.link is not Link.UP:
            return text("{host} is not connected.", host=host.config.name if host else self._machine.host)
        if self._subject.domain is None:
            return text("The machine is not there any more.")
        return None

    def _cannot_be_changed(self) -> Text | None:
        """Why nothing can be changed now; None: it can."""
        seen, domain = self._seen, self._subject.domain
        why = self._cannot_be_read()
        if why is not None or seen is None or domain is None:
            return why
        if seen.why is not None:
            return seen.why
        if not domain.responding:
            return text("{name} does not answer. Only Force off works.", name=domain.name)
        if domain.busy:
            return text("{name} is busy: {busy}. Wait until that has ended.", name=domain.name, busy=domain.busy)
        for job in self._parts.jobs.running:
            if self._machine in job.keys:
                return text("Wait until this has ended: {doing}", doing=str(job.title))
        return None

    # ---------------------------------------------------------------- what is shown

    def _show_problem(self, problem: Problem) -> None:
        self.empty.show_state(of_problem(problem, self.refresh))
        self.stack.setCurrentWidget(self.empty)

    def _show(self) -> None:
        if self._seen is None:
            why = self._cannot_be_read()
            title = tr("The hardware cannot be shown") if why else tr("Looking at the hardware")
            kind = "unreadable" if why else "reading"
            picture = "alert-circle" if why else "clock"
            self.empty.show_state(Emptiness(kind, picture, title, str(why or "")))
            self.stack.setCurrentWidget(self.empty)
            return
        self.stack.setCurrentWidget(self._split)
        self.list.show_sheets(self._sheets, frozenset(self._drafts))
        if self._revealed and self.list.choose(self._revealed):
            self._revealed = ""
        if not self.list.key():
            self.list.choose("overview")
        self._show_sheet()

    def reveal(self, key: str) -> None:
        """Show the page of that key, as soon as it is there."""
        self._revealed = "" if self.list.choose(key) else key

    @property
    def sheet(self) -> Sheet | None:
        """The one whose page is seen."""
        key = self.list.key()
        return next((one for one in self._sheets if one.key == key), None)

    def _show_sheet(self) -> None:
        sheet, seen = self.sheet, self._seen
        if sheet is None or seen is None:
            return
        new = self.title.text() != str(sheet.title)
        self.title.setText(str(sheet.title))
        self._picture.show_glyph(sheet.icon, muted)
        words = [str(one) for one in (sheet.state, sheet.note) if one is not None]
        if not any(one.name for one in sheet.fields) and sheet.note is None:
            words.append(tr("There is nothing to be changed here but in the XML."))
        self._state.setText(" ".join(words))
        self._state.setVisible(bool(words))
        self.form.show_fields(sheet.key, sheet.rows, self._drafts.get(sheet.key), str(seen.why or ""))
        if new:
            self._area.verticalScrollBar().setValue(0)
        self._show_changes()

    def _show_changes(self) -> None:
        sheet, seen = self.sheet, self._seen
        if seen is None or sheet is None:
            return
        wishes, wrong = self._wishes(seen)
        why = self._cannot_be_changed()
        lines = [(one.change.what, pages.when(one, seen), pages.at_once(one, seen)) for one in wishes]
        held = next((one for one in (self.apply, self.undo) if one.hasFocus()), None)
        if held is not None:
            self.list.setFocus()  # a button that goes off hands the keyboard on to the next: out of this page
        self._bar.show_changes(lines, wrong, why, self.unsaved)
        if held is not None and held.isEnabled():
            held.setFocus()
        self.remove.setVisible(sheet.device)
        stuck = why or sheet.fixed
        self.remove.setEnabled(stuck is None)
        self.remove.setToolTip(plain_tip(str(stuck or "")))
        self.add.setEnabled(why is None)
        self.add.setToolTip(plain_tip(str(why or "")))

    def _wishes(self, seen: Seen) -> tuple[tuple[Wish, ...], Text | None]:
        """What was written means; and what is wrong with it."""
        try:
            made = pages.wishes(self._sheets, self._drafts, seen)
        except EditError as error:
            return (), error.why
        return made, pages.problem(made, seen) if made else None

    # ---------------------------------------------------------------- writing

    def _on_written(self, name: str, value: Value) -> None:
        sheet = self.sheet
        if sheet is None:
            return
        field = next((one for one in sheet.fields if one.name == name), None)
        values = self._drafts.setdefault(sheet.key, {})
        values.pop(name, None)
        if field is not None and field.value != value:
            values[name] = value
        if not values:
            del self._drafts[sheet.key]
        self.list.show_sheets(self._sheets, frozenset(self._drafts))
        self._show_changes()

    def _on_undo(self) -> None:
        self._drafts.clear()
        self._show_anew()

    def _show_anew(self) -> None:
        """With the values that are there."""
        self.form.forget_written()
        self._show()

    def _on_apply(self) -> None:
        seen = self._seen
        if seen is None or self._working or self._cannot_be_changed() is not None:
            return
        wishes, wrong = self._wishes(seen)
        if wishes and wrong is None:
            self._working = True
            self._tasks.spawn("apply hardware", self._apply(seen, wishes))

    async def _apply(self, seen: Seen, wishes: tuple[Wish, ...]) -> None:
        try:
            done = await applying.apply(self._parts.context, seen, [one.change for one in wishes])
            self._reading = True  # at once, below
        finally:
            self._working = False
        if not isinstance(done, Problem):
            self._drafts.clear()
            self._tell(applying.told(done, seen))
        await self._reread()

    async def _reread(self) -> None:
        if not isValid(self):
            return
        self._reading = True
        try:
            await self._read_now(sizes=True)
        finally:
            self._reading = False
        self._show_anew()

    def _tell(self, words: Text | None) -> None:
        if words is not None:
            self._parts.shell.notify(Notice(Problem(words), Level.INFO))

    # ---------------------------------------------------------------- added, removed

    def _on_add(self) -> None:
        if self._seen is not None and not self._working:
            self._tasks.spawn("add hardware", self._add(self._seen))

    async def _add(self, seen: Seen) -> None:
        added = await dialogs.add(self._parts, seen, self._offers or Offers(), self._is_local())
        if added is not None:
            self._tell(applying.told(added.done, seen))
            await self._reread()
            if added.key:
                self.list.choose(added.key)

    def _on_remove(self) -> None:
        sheet, seen = self.sheet, self._seen
        if sheet is None or seen is None or not self.remove.isEnabled():
            return
        if sheet.device and not self._working:
            self._tasks.spawn("remove hardware", self._remove(sheet, seen))

    async def _remove(self, sheet: Sheet, seen: Seen) -> None:
        name = seen.domain.name
        confirm = Confirm(
            "hardware.remove",
            text("Remove {device} from {name}?", device=sheet.title, name=name),
            _what_goes(sheet, seen),
            text("Remove"),
            (f"{sheet.title}: {sheet.summary}",),
            always=True,
        )
        if not await self._parts.context.ask.confirm(confirm):
            return
        self._working = True
        try:
            done = await applying.apply(self._parts.context, seen, [pages.removal(sheet, seen)])
        finally:
            self._working = False
        if not isinstance(done, Problem):
            self._drafts.pop(sheet.key, None)
            self._tell(applying.told(done, seen))
        await self._reread()

    def _choose_volume(self, take: Callable[[str], None]) -> None:
        self._tasks.spawn("choose a volume", dialogs.choose_volume(self._parts, self._machine, take))

    def _search_system(self, name: str, os_id: str, tell: Callable[[str], object]) -> SystemSearch:
        line = SystemSearch(name, self._tasks.spawn, lambda: self._parts.workshop.systems(), whole=True)
        line.show_system(os_id)
        line.chosen.connect(tell)
        return line

    # ---------------------------------------------------------------- being seen

    def _on_changes(self, changes: Changes) -> None:
        if self._machine in changes.changed | changes.added | changes.removed:
            self.refresh()
        if self._machine.host in changes.hosts:
            self._show_changes()
            if self._seen is None:
                self.refresh()

    def _on_job(self, job: Job) -> None:
        if self._machine in job.keys:
            self._show_changes()
            if not job.running:
                self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._heard.begin(
            lambda: (self._parts.store.subscribe(self._on_changes), self._parts.jobs.subscribe(self._on_job))
        )
        self._follow.start()
        self._show()
        self.refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._follow.stop()
        self._heard.end()


def _what_goes(sheet: Sheet, seen: Seen) -> Text:
    """What that means, and when."""
    file = sheet.icon in ("disk", "disc")
    if not seen.active:
        if file:
            return text("It is gone from the next start on. Its file stays where it is.")
        return text("It is gone from the next start on.")
    if file:
        return text("It is unplugged now, if the guest lets go of it. Its file stays where it is.")
    return text("It is unplugged now, if host and guest can; else it is gone from the next start on.")
