"""The wizard for new machines: a tab like any other. Nothing is made before its last page, and nothing waits for it."""

import asyncio
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from vmdesk.core.creating import draft as drafts
from vmdesk.core.creating.create import Created
from vmdesk.core.creating.draft import Draft, Page
from vmdesk.core.creating.sources import of_file
from vmdesk.core.jobs import Job, JobState, Report
from vmdesk.model import names
from vmdesk.model.domain import DomainKey
from vmdesk.model.text import Text, text, tr
from vmdesk.model.wish import From, Here
from vmdesk.ui.parts import Parts
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.mnemonics import settle
from vmdesk.ui.widgets.scroll_bar import thin_all
from vmdesk.ui.wizards.new import frame
from vmdesk.ui.wizards.new.desk import Desk
from vmdesk.ui.wizards.new.details import DetailsPage
from vmdesk.ui.wizards.new.fields import fill
from vmdesk.ui.wizards.new.keeping import Keeping
from vmdesk.ui.wizards.new.machine import MachinePage
from vmdesk.ui.wizards.new.made import show_made
from vmdesk.ui.wizards.new.offer import Offer
from vmdesk.ui.wizards.new.review import ReviewPage
from vmdesk.ui.wizards.new.running import RunningPage
from vmdesk.ui.wizards.new.shown import ShownPage
from vmdesk.ui.wizards.new.summary import SummaryPage
from vmdesk.ui.wizards.new.where import WherePage
from vmdesk.virtxml.document import XmlError

LOW = 50 * GRID  # below that cards have names only: else what is asked for below them could not be seen
NARROW = 90 * GRID  # below that why one cannot go on stands above the buttons
_ASIDE = (Page.DETAILS, Page.SHOWN)
_TITLES: dict[Page, Text] = {
    Page.WHERE: text("Where from"),
    Page.MACHINE: text("Machine"),
    Page.REVIEW: text("Review"),
    Page.SUMMARY: text("Summary"),
}
_AHEAD = 200  # milliseconds of looking at a page, after which the next one is built


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
        self._eager: tuple[object, ...] = ()  # what was looked at when one wanted to go on
        self.offer = Offer(desk.workshop.templates.left)
        self.keeping = Keeping(parts, desk, self._left_on, self)
        self._head, self._foot = frame.Head(), frame.Foot()
        self.steps, self.host = self._head.steps, self._head.host
        self.problem, self.why_not = self._foot.problem, self._foot.why_not
        self.details, self.shown, self.back, self.next = self._foot.buttons
        self.pages: dict[Page, Any] = {Page.WHERE: WherePage(self.desk)}
        self.stack = QStackedWidget()
        self.running = running = RunningPage()
        # Plain names, for self is gone by then.
        self.destroyed.connect(lambda: desk.close())
        self.destroyed.connect(lambda: running.leave())
        self._areas: dict[Page, QScrollArea] = {}
        self._behind: list[Page] = []  # where one came from, beside the way
        self._build()
        self._connect()
        self._add(Page.WHERE)
        self.show_page(Page.WHERE)
        self._ahead = QTimer(self)
        self._ahead.setInterval(_AHEAD)
        self._ahead.timeout.connect(self._build_ahead)
        self._ahead.start()

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
        self.keeping.go_on_from(other.keeping)
        self.offer.values = other.offer.values
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
        return self._task is None and self.keeping.unsaved

    def keeps_open(self, close: Callable[[], None]) -> bool:
        """True: the person is asked first, and `close` is called if that is the answer."""
        return self._task is None and self.keeping.keeps_open(close)

    def _left_on(self) -> Page:
        """Where one would go on."""
        return self._page if self._page in self.way else next(iter(self._behind), Page.WHERE)

    def _take_up(self, values: dict[str, Any]) -> None:
        self.keeping.take_up(values)
        if values.get("secrets"):
            self.problem.say(tr("Passwords are not kept: type them again."), "info")

    def _arrive(self) -> None:
        """The page where it was left, or the first one on the way there on which something is wrong."""
        wanted, self.keeping.going = self.keeping.going, None
        for page in self.way:
            self.show_page(page)
            if page is wanted or self._why_not(self.desk.draft):
                return

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.keeping.keep()

    # ---------------------------------------------------------------- building

    def _build(self) -> None:
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self._head)
        box.addWidget(self.offer)
        box.addWidget(self.stack, 1)
        box.addWidget(frame.line())
        box.addWidget(self._foot)
        self.stack.addWidget(self.running)

    def _connect(self) -> None:
        self.desk.changed.connect(self._on_changed)
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
            area = frame.area(self.pages[page])
            thin_all(area)
            self._areas[page] = area
            self.stack.addWidget(area)
            # By Tab: the page, what can be done with it, then the host.
            before: QWidget = area
            for button in (*self._foot.buttons, self.host):
                self.setTabOrder(before, button)
                before = button

    def _build_ahead(self) -> None:
        """One of the pages that come, while the first is looked at: building takes longer than a page change should."""
        page = next((one for one in self.way if one not in self._areas), None)
        if page is None or self._page is not Page.WHERE:
            self._ahead.stop()
        else:
            self._add(page)

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
        self._foot.fold(self.width() < NARROW)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._started:
            self._started = True
            self.desk.start()
            self.pages[self._page].focus_first()

    # ---------------------------------------------------------------- showing

    def _on_changed(self) -> None:
        draft = self.desk.draft
        if self.keeping.going is not None and draft.found is not None and not self.desk.looking:
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
        self._foot.say_why_not(why)
        self._foot.call_next(self._next_words(draft, self._page is self.way[-1]))
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
        self._task = self._parts.jobs.start(title, work, host=self.desk.draft.host)
        job = self._parts.jobs.all[-1]
        self.key = f"making:{job.id}"
        self.title = str(title)
        self.title_changed.emit(self.title)
        self.running.follow(self._parts.jobs, job)
        self.stack.setCurrentWidget(self.running)
        self._head.setEnabled(False)
        self._foot.hide()
        self._parts.jobs.spawn("after a new machine", self._wait(self._task))

    def _on_cancelled(self) -> None:
        self._parts.jobs.cancel(self.running.job_id)

    async def _wait(self, task: "asyncio.Task[Job]") -> None:
        desk, running = self.desk, self.running
        job = await task
        self._task = None
        running.leave()
        if desk.closed:
            if job.state is JobState.DONE:
                self.keeping.forget()
            return  # the tab was closed meanwhile: the bar of jobs says what came of it
        if job.state is JobState.DONE and self._created:
            self.keeping.forget()
            self.keeping.ended = True
            await show_made(self._parts, self.desk.draft, self._created[0])
            if not self.desk.closed:
                self.finished.emit()
            return
        self.key = "new"
        self.title = tr("New machine")
        self.title_changed.emit(self.title)
        self._head.setEnabled(True)
        self._foot.show()
        self.stack.setCurrentWidget(self._areas[self._page])
        if job.state is JobState.CANCELLED:
            self.problem.say(tr("Cancelled: nothing of it is left."), "info")
        elif job.problem is not None:
            parts = (job.problem.what, job.problem.why, job.problem.what_next)
            self.problem.say(" ".join(str(one) for one in parts if one), "error")
        self.desk.look_again()
        self.pages[self._page].focus_first()
