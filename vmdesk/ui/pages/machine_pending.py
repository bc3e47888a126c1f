"""Over the machine's tabs: what the stored definition has otherwise than the machine runs, and what to do about it."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QTimer
from PySide6.QtGui import QPalette, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget
from shiboken6 import isValid

from vmdesk.core import pending, redefining
from vmdesk.core.command import Confirm
from vmdesk.core.jobs import Job
from vmdesk.core.pending import Dropped, Item
from vmdesk.core.redefining import Definitions
from vmdesk.core.store import Changes
from vmdesk.model.domain import Domain, DomainKey
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import Text, text, tr, trn
from vmdesk.ui.dialogs.pending import PendingDialog
from vmdesk.ui.heard import Heard
from vmdesk.ui.parts import Level, Notice, Parts
from vmdesk.ui.plain import PlainLabel, plain_tip
from vmdesk.ui.subject import Subject
from vmdesk.ui.tasks import Tasks
from vmdesk.ui.theme import GRID, warning_color
from vmdesk.ui.widgets.glyph import Glyph
from vmdesk.virtxml.document import XmlError

FOLLOW = 5000  # ms between two looks: libvirt tells of few changes
TOLD = 2  # changes that are named in the bar, where it is
WIDE = 96 * GRID  # or wider; else one


class PendingBar(QWidget):
    """Not there while nothing waits. Reads while `watch(True)` and the page is visible."""

    def __init__(self, parts: Parts, key: DomainKey, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts, self._machine = parts, key
        self._subject = Subject(parts.store, key)
        self._found: Definitions | None = None
        self.items: tuple[Item, ...] = ()
        self._watching = True
        self._working = False
        self._heard = Heard()
        self._dialog: PendingDialog | None = None
        self._tasks = Tasks(parts.jobs)
        self.destroyed.connect(self._tasks.end)
        self.setObjectName("pending-place")
        self._build()
        self._follow = QTimer(self)
        self._follow.setInterval(FOLLOW)
        self._follow.timeout.connect(self.refresh)
        self._show()

    def _build(self) -> None:
        self.frame = QFrame()
        self.frame.setObjectName("pending-bar")
        self.frame.setFrameShape(QFrame.Shape.StyledPanel)
        self.frame.setAutoFillBackground(True)
        self.frame.setBackgroundRole(QPalette.ColorRole.Base)
        self._words = PlainLabel()
        self._words.setObjectName("pending-words")
        self._words.setWordWrap(True)
        self.compare = QPushButton(tr("Compare…"))
        self.compare.setObjectName("pending-compare")
        self.compare.setToolTip(tr("The machine as it runs beside its stored definition"))
        self.compare.clicked.connect(self.open_dialog)
        self.now = QPushButton(tr("Apply now"))
        self.now.setObjectName("pending-now")
        self.now.clicked.connect(lambda: self.apply_now(self.items))
        self.drop = QPushButton(tr("Drop…"))
        self.drop.setObjectName("pending-drop")
        self.drop.clicked.connect(lambda: self.drop_items(self.items))
        row = QHBoxLayout(self.frame)
        row.setContentsMargins(GRID + GRID // 2, GRID // 2, GRID, GRID // 2)
        row.setSpacing(GRID)
        row.addWidget(Glyph("alert", 2 * GRID, warning_color, self.frame))
        row.addWidget(self._words, 1)
        for button in (self.compare, self.now, self.drop):
            row.addWidget(button)
        box = QVBoxLayout(self)
        box.setContentsMargins(3 * GRID, GRID, 3 * GRID, GRID // 2)
        box.addWidget(self.frame)

    # ---------------------------------------------------------------- what there is

    def watch(self, on: bool) -> None:
        """Whether it is of interest to what is on the screen."""
        self._watching = on
        if on:
            self.refresh()
        self._show()

    def refresh(self) -> None:
        """Read again, in the background."""
        if self._watching and not self._working and self._subject.domain is not None and self._heard.on:
            self._tasks.spawn("read what is pending", self._read())

    async def _read(self) -> None:
        domain = self._subject.domain
        if domain is None:
            return
        try:
            found = await pending.read(self._parts.context.sessions, domain)
            if found == self._found:
                return
            # libvirt does not tell of each change of a definition, and this is one.
            if self._found is not None and self._parts.watcher is not None:
                self._parts.watcher.look_at((self._machine,))
            self.items = pending.items(found)
            self._found = found
        except (VirtError, XmlError):
            return  # it is told where definitions are shown
        self._show()

    # ---------------------------------------------------------------- what is shown

    def _show(self) -> None:
        host = self._subject.host
        why = redefining.why_not(self._subject.domain, host)
        self.frame.setVisible(self._watching and bool(self.items))
        self.setVisible(self._watching and bool(self.items))
        self._words.setText(self._sentence())
        self.frame.setAccessibleName(self._words.text())
        able = [one for one in self.items if one.why_not is None]
        reason = why or (None if able or not self.items else self.items[0].why_not)
        self._enable(self.now, reason, tr("Change the running machine, as far as that can be"))
        self._enable(self.drop, why, tr("Store what runs now; the machine itself is not changed"))
        if self._dialog is not None:
            self._dialog.show_items(self.items, why, self._working)

    def _enable(self, button: QPushButton, why: Text | None, tip: str) -> None:
        button.setEnabled(why is None and not self._working)
        button.setToolTip(plain_tip(str(why)) if why else tip)

    def _sentence(self) -> str:
        words = [str(one.words) for one in self.items]
        if len(words) == 1:
            return words[0]
        head = trn("{n} change waits for a restart:", "{n} changes wait for a restart:", len(words))
        room = TOLD if self.width() >= WIDE else 1
        told = words[:room]
        if len(words) > room:
            told.append(trn("one more", "{n} more", len(words) - room))
        return f"{head} {'; '.join(told)}"

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._words.setText(self._sentence())

    # ---------------------------------------------------------------- what is done

    def open_dialog(self) -> None:
        """The two side by side."""
        if self._dialog is None and self._found is not None:
            self._tasks.spawn("compare", self._compare())

    async def _compare(self) -> None:
        domain = self._subject.domain
        self._dialog = PendingDialog(self.window(), domain.name if domain else "")
        self._dialog.now_wanted.connect(lambda item: self.apply_now((item,)))
        self._dialog.drop_wanted.connect(lambda item: self.drop_items((item,)))
        self._dialog.show_definitions(self._found or Definitions("", ""))
        self._show()
        try:
            await self._dialog.answer()
        finally:
            self._dialog = None

    def apply_now(self, items: Sequence[Item]) -> None:
        """Bring the running machine to what is stored."""
        able = tuple(one for one in items if one.why_not is None)
        if able and not self._working:
            self._tasks.spawn("apply now", self._work(lambda domain: self._apply(domain, able)))

    async def _apply(self, domain: Domain, items: Sequence[Item]) -> None:
        await pending.apply_now(self._parts.context, domain, items)

    def drop_items(self, items: Sequence[Item]) -> None:
        """Store what runs, after asking."""
        if items and not self._working:
            self._tasks.spawn("drop", self._work(lambda domain: self._drop(domain, tuple(items))))

    async def _drop(self, domain: Domain, items: tuple[Item, ...]) -> None:
        confirm = Confirm(
            "pending.drop",
            text("Drop what waits for a restart?"),
            text("The definition of {name} is stored as the machine runs now, in this:", name=domain.name),
            text("Drop"),
            tuple(one.words for one in items),
            always=True,
        )
        if not await self._parts.context.ask.confirm(confirm):
            return
        dropped = await pending.drop(self._parts.context, domain, items)
        if dropped is not None:
            what = text("What waited for a restart of {name} is dropped.", name=domain.name)
            undo = (tr("Undo"), lambda: self._undo(dropped))
            self._parts.shell.notify(Notice(Problem(what), Level.INFO, (undo,)))

    def _undo(self, dropped: Dropped) -> None:
        if isValid(self):
            self._tasks.spawn("undo drop", self._work(lambda domain: self._take_back(domain, dropped)))

    async def _take_back(self, domain: Domain, dropped: Dropped) -> None:
        await pending.take_back(self._parts.context, domain, dropped)

    async def _work(self, work: Callable[[Domain], object]) -> None:
        domain = self._subject.domain
        if domain is None:
            return
        self._working = True
        self._show()
        try:
            await work(domain)  # type: ignore[misc]
        finally:
            self._working = False
        await self._read()
        self._show()
        if self._dialog is not None and self._found is not None:
            self._dialog.show_definitions(self._found)

    # ---------------------------------------------------------------- being seen

    def _on_changes(self, changes: Changes) -> None:
        if self._machine in changes.changed or self._machine in changes.added:
            self.refresh()
        if self._machine.host in changes.hosts:
            self._show()

    def _on_job(self, job: Job) -> None:
        if self._machine in job.keys and not job.running:
            self.refresh()  # it may have changed a definition

    def follow(self, on: bool) -> None:
        """Called by the page, which is there even while the bar is not."""
        if on and not self._heard.on and self._parts.watcher is not None:
            self._heard.begin(
                lambda: (self._parts.store.subscribe(self._on_changes), self._parts.jobs.subscribe(self._on_job))
            )
            self._follow.start()
            self._parts.watcher.look_at((self._machine,))  # before anything is changed
            self.refresh()
        elif not on:
            self._follow.stop()
            self._heard.end()
