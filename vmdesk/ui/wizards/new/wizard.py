"""The wizard for new machines: a tab like any other. Nothing is made before its last page, and nothing waits for it."""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QKeySequence, QPalette, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from vmdesk.core.command import Confirm
from vmdesk.core.creating import draft as drafts
from vmdesk.core.creating import kept
from vmdesk.core.creating.create import Created
from vmdesk.core.creating.draft import Draft, Page
from vmdesk.core.creating.sources import of_file
from vmdesk.core.jobs import Job, JobState, Report
from vmdesk.core.store import Changes
from vmdesk.model import names
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import Problem
from vmdesk.model.text import Text, text, tr
from vmdesk.model.wish import From, Here
from vmdesk.ui.parts import Level, Notice, Parts
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.form import Muted
from vmdesk.ui.widgets.mnemonics import settle
from vmdesk.ui.widgets.primary import PrimaryButton
from vmdesk.ui.widgets.scroll_bar import thin, thin_all
from vmdesk.ui.wizards.new.desk import Desk
from vmdesk.ui.wizards.new.details import DetailsPage
from vmdesk.ui.wizards.new.fields import Note, combo, fill
from vmdesk.ui.wizards.new.machine import MachinePage
from vmdesk.ui.wizards.new.offer import Offer
from vmdesk.ui.wizards.new.review import ReviewPage
from vmdesk.ui.wizards.new.running import RunningPage
from vmdesk.ui.wizards.new.shown import ShownPage
from vmdesk.ui.wizards.new.steps import Steps
from vmdesk.ui.wizards.new.summary import SummaryPage
from vmdesk.ui.wizards.new.where import WherePage
from vmdesk.virtxml.document import XmlError

WIDTH = 100 * GRID  # a form wider than that is hard to read
LOW = 50 * GRID  # below that cards have names only: else what is asked for below them could not be seen
NARROW = 90 * GRID  # below that why one cannot go on stands above the buttons
KEEPING = 1000  # ms after the last change before the draft is kept
PATIENCE = 10.0  # seconds in which a machine that was made appears in the table
_ASIDE = (Page.DETAILS, Page.SHOWN)
_TITLES: dict[Page, Text] = {
    Page.WHERE: text("Where from"),
    Page.MACHINE: text("Machine"),
    Page.REVIEW: text("Review"),
    Page.SUMMARY: text("Summary"),
}


class NewPage(QWidget):
    """finished: its machine is there, or the person does not want one: it can go.

    Its key changes when the work begins, so that the next "New" opens another wizard.
    """

    title_changed = Signal(str)
    finished = Signal()

    icon = "add"

    def __init__(self, parts: Parts, host: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.key = "new"
        self.title = tr("New machine")
        self._parts = parts
        self.desk = desk = Desk(parts, host)
        self.setObjectName("new-page")
        self.setAccessibleName(self.title)
        self._page = Page.WHERE
        self._seen = 0  # the furthest page, by its place on the way
        self._task: asyncio.Task[Job] | None = None
        self._created: list[Created] = []
        self._started = False
        self._done = False  # made, or carried over to another wizard: nothing is left half-way
        self._eager: tuple[object, ...] = ()  # what was looked at when one wanted to go on
        self._going: Page | None = None  # where a kept draft was left, until its medium has been looked at
        self._left: dict[str, Any] = {}  # what this wizard has kept
        self.offer = Offer(desk.workshop.templates.left)
        self._keeping = QTimer(self)
        self._keeping.setSingleShot(True)
        self._keeping.setInterval(KEEPING)
        self.steps = Steps()
        self.host = combo("host", 20)
        self.host.setAccessibleName(tr("Host"))
        self.pages: dict[Page, Any] = {Page.WHERE: WherePage(self.desk)}
        self.stack = QStackedWidget()
        self.running = running = RunningPage()
        # Plain names, for self is gone by then.
        self.destroyed.connect(lambda: desk.close())
        self.destroyed.connect(lambda: running.leave())
        self._areas: dict[Page, QScrollArea] = {}
        self.problem = Note()
        self.problem.setObjectName("problem")
        self.why_not = Muted()
        self.why_not.setObjectName("why-not")
        self.details = _button("details", tr("&Details…"), tr("All choices"))
        self.shown = _button("show", tr("Sho&w XML"), tr("Show XML and command"))
        self.shown.setToolTip(tr("The definition as it is so far, and the command that does the same"))
        self._behind: list[Page] = []  # where one came from, beside the way
        self.back = _button("back", tr("Bac&k"), tr("Back"))
        self.next = PrimaryButton()
        self.next.setObjectName("next")
        self.next.setMinimumWidth(14 * GRID)
        self._build()
        self._connect()
        self._add(Page.WHERE)
        self.show_page(Page.WHERE)

    def watched(self) -> set[DomainKey]:
        return set()

    def take_file(self, path: str) -> None:
        """A file was dropped on the window: begin with it."""
        draft = drafts.with_source(self.desk.draft, of_file(path))
        self.desk.put(drafts.with_media(draft, Here(path)))
        self.show_page(Page.WHERE)

    def take_host(self, host: str) -> None:
        """Asked for on a certain host."""
        if host:
            self.desk.move(host)

    def go_on_from(self, other: "NewPage") -> None:
        """Where the other one was left, with all that was typed there."""
        other._done = True
        self.offer.values = other.offer.values
        self._left = other._left
        self.desk.put(other.desk.draft)
        self._seen = other._seen
        for page in other.pages:
            self._add(page)
        if Page.REVIEW in other.pages:
            self.pages[Page.REVIEW].go_on_from(other.pages[Page.REVIEW])
        if Page.SUMMARY in other.pages:
            self.pages[Page.SUMMARY].confirm.setChecked(other.pages[Page.SUMMARY].confirm.isChecked())
        self._behind = list(other._behind)
        self.show_page(other.page)

    @property
    def at_work(self) -> bool:
        """Whether a machine is being made here."""
        return self._task is not None

    @property
    def page(self) -> Page:
        return self._page

    # ---------------------------------------------------------------- left half-way

    @property
    def unsaved(self) -> bool:
        """Whether closing it loses something that is not kept either."""
        return not self._done and self._task is None and kept.lost(self.desk.draft)

    def keeps_open(self, close: Callable[[], None]) -> bool:
        """True: the person is asked first, and `close` is called if that is the answer."""
        if self._done or self._task is not None:
            return False
        self._keep()
        if self.unsaved:
            self._parts.jobs.spawn("close the wizard", self._ask_closing(close))
            return True
        if self._left:
            self._parts.shell.notify(
                Notice(Problem(text("What was filled in is kept: New goes on with it.")), Level.INFO)
            )
        return False

    async def _ask_closing(self, close: Callable[[], None]) -> None:
        confirm = Confirm(
            "new.lost",
            text("Close the new machine?"),
            text("What is filled in is kept, but not what may hold a password:"),
            text("Close and lose that"),
            tuple(_not_kept(self.desk.draft)),
            always=True,
        )
        if await self._parts.context.ask.confirm(confirm):
            close()

    def _keep(self) -> None:
        """So that it can be gone on with, whatever ends the wizard."""
        self._keeping.stop()
        if self._done or self.desk.closed or self._going is not None:
            return
        templates, draft = self.desk.workshop.templates, self.desk.draft
        if not self.desk.touched:
            self._forget()
            return
        page = self._page if self._page in self.way else next(iter(self._behind), Page.WHERE)
        values = {**kept.written(draft), "host": draft.host, "page": page.value}
        if values != {name: value for name, value in self._left.items() if name != "at"}:
            self._left = {**values, "at": int(time.time())}
            templates.leave(self._left)

    def _forget(self) -> None:
        """What this wizard kept; another one's stays."""
        templates = self.desk.workshop.templates
        if self._left and templates.left == self._left:
            templates.leave({})
        self._left = {}

    def _take_up(self, values: dict[str, Any]) -> None:
        self._left = values
        self._going = kept.page(values)
        self.desk.take_up(values)
        if values.get("secrets"):
            self.problem.say(tr("Passwords are not kept: type them again."), "info")

    def _arrive(self) -> None:
        """The page where it was left, or the first one on the way there on which something is wrong."""
        wanted, self._going = self._going, None
        for page in self.way:
            self.show_page(page)
            if page is wanted or self._why_not(self.desk.draft):
                return

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._keep()

    # ---------------------------------------------------------------- building

    def _build(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(GRID)
        head.addWidget(self.steps, 1)
        head.addWidget(self.host)
        foot = self._foot = QHBoxLayout()
        foot.setSpacing(GRID)
        foot.addWidget(self.details)
        foot.addWidget(self.shown)
        foot.addWidget(self.why_not, 1)
        foot.addWidget(self.back)
        foot.addWidget(self.next)
        bottom = QFrame()
        bottom.setFrameShape(QFrame.Shape.NoFrame)
        inner = self._inner = QVBoxLayout(bottom)
        inner.setContentsMargins(3 * GRID, GRID, 3 * GRID, GRID * 3 // 2)
        inner.setSpacing(GRID)
        inner.addWidget(self.problem)
        inner.addLayout(foot)
        top = QWidget()
        row = QVBoxLayout(top)
        row.setContentsMargins(5 * GRID // 2, 3 * GRID // 2, 3 * GRID, GRID)
        row.addLayout(head)
        line = QFrame()
        line.setFrameShape(QFrame.Shape.HLine)
        line.setForegroundRole(QPalette.ColorRole.Mid)
        line.setFixedHeight(1)
        self._top, self._bottom = top, bottom
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(top)
        box.addWidget(self.offer)
        box.addWidget(self.stack, 1)
        box.addWidget(line)
        box.addWidget(bottom)
        self.stack.addWidget(self.running)

    def _connect(self) -> None:
        self.desk.changed.connect(self._on_changed)
        self.desk.changed.connect(self._keeping.start)
        self._keeping.timeout.connect(self._keep)
        self.offer.wanted.connect(self._take_up)
        self.offer.refused.connect(lambda: self.desk.workshop.templates.leave({}))
        self.steps.chosen.connect(self._on_step)
        self.host.currentIndexChanged.connect(self._on_host)
        self.details.clicked.connect(lambda: self._look_aside(Page.DETAILS))
        self.shown.clicked.connect(lambda: self._look_aside(Page.SHOWN))
        self.back.clicked.connect(self.go_back)
        self.next.clicked.connect(self.go_on)
        self.running.cancelled.connect(self._on_cancelled)
        for keys, do in (("Alt+Right", self.go_on), ("Ctrl+Return", self.go_on), ("Alt+Left", self.go_back)):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(do)

    def _add(self, page: Page) -> None:
        """A page, the first time it is seen."""
        if page not in self.pages:
            self.pages[page] = {
                Page.MACHINE: MachinePage,
                Page.DETAILS: DetailsPage,
                Page.SHOWN: ShownPage,
                Page.SUMMARY: SummaryPage,
                Page.REVIEW: ReviewPage,
            }[page](self.desk)
        if page not in self._areas:
            area = _area(self.pages[page])
            thin_all(area)
            self._areas[page] = area
            self.stack.addWidget(area)
            # By Tab: the page, what can be done with it, then the host.
            before: QWidget = area
            for button in (self.details, self.shown, self.back, self.next, self.host):
                self.setTabOrder(before, button)
                before = button

    # ---------------------------------------------------------------- going about

    @property
    def way(self) -> tuple[Page, ...]:
        return drafts.pages(self.desk.draft.wish.source)

    def show_page(self, page: Page) -> None:
        self._add(page)
        self._page = page
        if page in self.way:
            self._behind = []
            self._seen = max(self._seen, self.way.index(page))
        self._on_changed()
        self.stack.setCurrentWidget(self._areas[page])
        self._share_letters()
        self.pages[page].focus_first()
        if page is Page.SUMMARY and self.pages[page].confirm.hasFocus():
            self._areas[page].ensureWidgetVisible(self.pages[page].confirm)

    def go_on(self) -> None:
        """The next page; from the last one: make it. While something is looked at: as soon as that is done."""
        if self._task is not None:
            return
        if not self.next.isEnabled():
            self._eager = drafts.search_key(self.desk.draft) if self.desk.looking else ()
            return
        self._eager = ()
        if self._behind:
            self.show_page(self._behind.pop())
        elif self._page is self.way[-1]:
            self._create()
        else:
            self.show_page(self.way[self.way.index(self._page) + 1])

    def go_back(self) -> None:
        if self._task is not None:
            return
        if self._behind:
            self.show_page(self._behind.pop())
        elif self._page is not Page.WHERE:
            self.show_page(self.way[self.way.index(self._page) - 1])

    def _look_aside(self, page: Page) -> None:
        self._behind.append(self._page)
        self.show_page(page)

    def _on_step(self, place: int) -> None:
        self.show_page(self.way[place])

    def _on_host(self, _place: int) -> None:
        host = self.host.currentData()
        if host:
            self.desk.move(str(host))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers():
            self.go_on()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.pages[Page.WHERE].cards.compact(self.height() < LOW)
        narrow = self.width() < NARROW
        if narrow != (self._foot.indexOf(self.why_not) < 0):
            # Between the buttons there is no room for a sentence.
            (self._foot if narrow else self._inner).removeWidget(self.why_not)
            if narrow:
                self._foot.insertStretch(2, 1)
                self._inner.insertWidget(1, self.why_not)
            else:
                self._foot.takeAt(2)
                self._foot.insertWidget(2, self.why_not, 1)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._started:
            self._started = True
            self.desk.start()
            self.pages[self._page].focus_first()

    # ---------------------------------------------------------------- showing

    def _on_changed(self) -> None:
        draft = self.desk.draft
        if self._going is not None and draft.found is not None and not self.desk.looking:
            self._arrive()
            return
        if self._page is not Page.WHERE and self._page not in (*self.way, *_ASIDE):
            self.show_page(Page.WHERE)
            return
        self._show_hosts(draft)
        self.offer.show_on(self._page is Page.WHERE)
        self.pages[self._page].show_draft(draft)
        at = self.way.index(self._page) if self._page in self.way else -1
        why = self._why_not(draft)
        self.steps.show_steps([str(_TITLES[one]) for one in self.way], at, at if why else self._seen)
        self.why_not.setText(why)
        self.why_not.setVisible(bool(why) or self._foot.indexOf(self.why_not) >= 0)
        last = self._page is self.way[-1]
        self.next.setText(self._next_words(draft, last))
        self.next.setAccessibleName(self.next.text().replace("&", ""))
        self.next.setAccessibleDescription(why)
        self.next.setEnabled(not why)
        self.back.setVisible(self._page not in (Page.WHERE, *_ASIDE))
        self.details.setVisible(self._page in (Page.MACHINE, Page.SUMMARY))
        # The last page has it in its tabs; a definition from a file is all XML.
        self.shown.setVisible(self._page not in (Page.SUMMARY, Page.SHOWN) and draft.wish.source is not From.XML)
        for one in (self.details, self.shown):
            one.setEnabled(draft.found is not None)
        self._share_letters()
        if self._eager and not self.desk.looking:
            wanted, self._eager = self._eager, ()
            if self._page is Page.WHERE and wanted == drafts.search_key(draft):
                self.go_on()

    def _share_letters(self) -> None:
        settle(self, (self.next, self.back, self.details, self.shown))

    def _next_words(self, draft: Draft, last: bool) -> str:
        if self._page in _ASIDE:
            return tr("D&one")
        if not last:
            return tr("Ne&xt")
        count = len(names.names(draft.wish))
        return tr("&Create {n} machines", n=count) if count > 1 and draft.wish.source is not From.XML else tr("&Create")

    def _why_not(self, draft: Draft) -> str:
        """Why one cannot go on from here, "" if one can."""
        if self.desk.waiting:
            return self.desk.waiting
        if self.desk.looking and (draft.found is None or self._page is Page.WHERE):
            return tr("Looking …") if draft.found is not None else tr("The host is being looked at …")
        if self._page is Page.SHOWN:
            return ""
        if self._page is Page.DETAILS:
            return str(self.pages[Page.DETAILS].wrong)  # the rest stands there, and stops the last page
        if draft.wish.source is From.XML:
            if draft.wish.media is None:
                return tr("Choose the file with the definition.")
            return str(self.pages[Page.REVIEW].wrong) if self._page is Page.REVIEW else ""
        why = drafts.stopping(draft, self._page)
        if why is None and self._page is Page.SUMMARY:
            return str(self.pages[Page.SUMMARY].stopping)
        return str(why or "")

    def _show_hosts(self, draft: Draft) -> None:
        entries: list[tuple[str, object]] = [(host.config.name, host.id) for host in self.desk.hosts()]
        with QSignalBlocker(self.host):
            fill(self.host, entries, draft.host)
        self.host.setVisible(len(entries) > 1)

    # ---------------------------------------------------------------- making

    def _create(self) -> None:
        self.problem.say("")
        self._created = []
        draft = self.desk.draft
        if draft.wish.source is From.XML:
            self._define()
            return
        edited = draft.edited

        async def work(report: Report) -> None:
            assert draft.found is not None
            self._created.append(await self.desk.workshop.create(draft.host, draft.wish, draft.found, report, edited))

        self.desk.workshop.templates.remember(draft)
        self._run(text("Making {name}", name=draft.wish.name), work)

    def _define(self) -> None:
        """Of the machine's own definition; it is not started."""
        page, draft = self.pages[Page.REVIEW], self.desk.draft
        try:
            definition = page.definition
        except XmlError as error:
            self.problem.say(str(error), "error")
            return
        name = page.name.text().strip()

        async def work(_report: Report) -> None:
            uuid = await self.desk.workshop.define(draft.host, definition)
            self._created.append(Created(((name, uuid),)))

        if draft.wish.media is not None:
            self.desk.workshop.templates.remember_medium(From.XML, draft.wish.media)
        self._run(text("Defining {name}", name=name), work)

    def _run(self, title: Text, work: Any) -> None:
        self._task = self._parts.jobs.start(title, work)
        job = self._parts.jobs.all[-1]
        self.key = f"making:{job.id}"
        self.title = str(title)
        self.title_changed.emit(self.title)
        self.running.follow(self._parts.jobs, job)
        self.stack.setCurrentWidget(self.running)
        self._top.setEnabled(False)
        self._bottom.hide()
        self._parts.jobs.spawn("after a new machine", self._wait(self._task))

    def _on_cancelled(self) -> None:
        self._parts.jobs.cancel(self.running.job_id)

    async def _wait(self, task: "asyncio.Task[Job]") -> None:
        desk, running = self.desk, self.running
        job = await task
        self._task = None
        running.leave()
        if desk.closed:
            if job.state is JobState.DONE and self._left and desk.workshop.templates.left == self._left:
                desk.workshop.templates.leave({})
            return  # the tab was closed meanwhile: the bar of jobs says what came of it
        if job.state is JobState.DONE and self._created:
            self._forget()
            self._done = True
            await self._show_made(self._created[0])
            if not self.desk.closed:
                self.finished.emit()
            return
        self.key = "new"
        self.title = tr("New machine")
        self.title_changed.emit(self.title)
        self._top.setEnabled(True)
        self._bottom.show()
        self.stack.setCurrentWidget(self._areas[self._page])
        if job.state is JobState.CANCELLED:
            self.problem.say(tr("Cancelled: nothing of it is left."), "info")
        elif job.problem is not None:
            parts = (job.problem.what, job.problem.why, job.problem.what_next)
            self.problem.say(" ".join(str(one) for one in parts if one), "error")
        self.desk.look_again()
        self.pages[self._page].focus_first()

    async def _show_made(self, created: Created) -> None:
        """Its console; of several, all of them in the table."""
        host = self.desk.draft.host
        keys = [DomainKey(host, uuid) for _, uuid in created.machines]
        await self._seen_in_store(keys[-1])
        shell = self._parts.shell
        for said in created.set_up:
            shell.notify(Notice(Problem(said), Level.INFO))
        if len(keys) > 1:
            shell.open_page("machines")
        elif self._has_console():
            shell.open_console(keys[0])
        else:
            shell.open_machine(keys[0])

    def _has_console(self) -> bool:
        """Whether there is something to be seen of it: it runs, and not on the practice host."""
        draft = self.desk.draft
        return draft.wish.start and draft.wish.source is not From.XML and draft.abilities.driver.upper() != "TEST"

    async def _seen_in_store(self, key: DomainKey) -> None:
        """Until the machine is known here: its host tells of it by an event."""
        there = asyncio.Event()

        def look(_changes: Changes | None) -> None:
            domain = self._parts.store.domains.get(key)
            if domain is not None and (domain.active or not self.desk.draft.wish.start):
                there.set()

        leave = self._parts.store.subscribe(look)
        look(None)
        try:
            async with asyncio.timeout(PATIENCE):
                await there.wait()
        except TimeoutError:
            pass
        finally:
            leave()


def _not_kept(draft: Draft) -> Iterator[Text]:
    cloud = draft.wish.cloud
    if cloud is not None and cloud.user_data:
        yield text("your own cloud-init data")
    if draft.edited is not None:
        yield text("your changes of the definition")


def _area(page: QWidget) -> QScrollArea:
    """The page at the left, not wider than it can be read."""
    holder = QWidget()
    page.setMaximumWidth(WIDTH)
    row = QHBoxLayout(holder)
    row.setContentsMargins(3 * GRID, GRID, 3 * GRID, 2 * GRID)
    row.addWidget(page, 1)
    row.addStretch(0)
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(holder)
    thin(area, QPalette.ColorRole.Window)
    return area


def _button(name: str, words: str, tells: str) -> QPushButton:
    button = QPushButton(words)
    button.setObjectName(name)
    button.setAccessibleName(tells)
    button.setMinimumWidth(12 * GRID)
    return button
