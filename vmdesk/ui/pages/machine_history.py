"""The machine's page, tab "History": every definition that was seen, what changed each time, and the way back."""

import asyncio
import difflib

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QSplitter,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from vmdesk.core import definitions, redefining
from vmdesk.core.definitions import Kept, Moment, WayBack
from vmdesk.model.domain import Domain, DomainKey
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import Text, text, tr, trn
from vmdesk.ui.dialogs.way_back import WayBackDialog
from vmdesk.ui.heard import Heard
from vmdesk.ui.models.activity import stamp
from vmdesk.ui.parts import Level, Notice, Parts
from vmdesk.ui.plain import plain_tip
from vmdesk.ui.subject import Subject
from vmdesk.ui.tasks import Tasks
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.empty import Emptiness, EmptyView
from vmdesk.ui.widgets.form import Muted, Section
from vmdesk.ui.widgets.primary import PrimaryButton
from vmdesk.ui.widgets.scroll_bar import thin
from vmdesk.ui.widgets.xml_diff import DiffView, WordsList
from vmdesk.virtxml import difference
from vmdesk.virtxml.document import XmlError

NAMED = 2  # differences that are named in the list
LOOK = 5000  # ms between two looks at the stored definition: libvirt tells of few changes
BEFORE, NOW = "before", "now"


class MachineHistory(QWidget):
    """Reads while it is visible."""

    def __init__(self, parts: Parts, key: DomainKey, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts, self._machine = parts, key
        self._subject = Subject(parts.store, key)
        self.moments: tuple[Moment, ...] | None = None
        self._against = BEFORE
        self._working = False
        self._heard = Heard()
        self._tasks = Tasks(parts.jobs)
        self.destroyed.connect(self._tasks.end)
        self.setObjectName("machine-history")
        self.setAccessibleName(tr("History"))
        self._look = QTimer(self)
        self._look.setInterval(LOOK)
        self._look.timeout.connect(self._look_at)
        self._build()

    # ---------------------------------------------------------------- how it is built

    def _build(self) -> None:
        self.list = QListWidget()
        self.list.setObjectName("history-list")
        self.list.setAccessibleName(tr("Definitions, newest first"))
        self.list.setWordWrap(True)
        self.list.setSpacing(2)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setFrameShape(QFrame.Shape.StyledPanel)
        thin(self.list)
        self.list.currentRowChanged.connect(self._show_chosen)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setObjectName("history-split")
        split.setChildrenCollapsible(False)
        split.setHandleWidth(2 * GRID)
        split.addWidget(self.list)
        split.addWidget(self._make_detail())
        split.setStretchFactor(0, 2)
        split.setStretchFactor(1, 3)
        split.setSizes([320, 560])
        whole = QWidget()
        box = QVBoxLayout(whole)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(GRID)
        box.addWidget(
            Muted(
                tr("Each definition that VMDesk has seen of this machine, without passwords; the last {n} are kept.",
                   n=definitions.MOST),
                caption=False,
            )
        )  # fmt: skip
        box.addWidget(split, 1)
        self.empty = EmptyView()
        self.stack = QStackedWidget()
        self.stack.addWidget(whole)
        self.stack.addWidget(self.empty)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(3 * GRID, 2 * GRID, 3 * GRID, 2 * GRID)
        outer.addWidget(self.stack)
        self._show_empty()

    def _make_detail(self) -> QWidget:
        self.title = Section("")
        self.title.setObjectName("history-title")
        self.back = PrimaryButton(tr("Go back to this…"))
        self.back.setObjectName("history-back")
        self.back.clicked.connect(self._on_back)
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.back)
        self.words = WordsList("history-words", tr("What changed"), most=8)
        self.lines = DiffView("history-lines")
        self._group = QButtonGroup(self)
        self.sides: dict[str, QToolButton] = {}
        switch = QHBoxLayout()
        switch.setSpacing(0)
        for name, words in ((BEFORE, tr("Beside the one before")), (NOW, tr("Beside the one of now"))):
            button = QToolButton()
            button.setText(words)
            button.setAccessibleName(words)
            button.setObjectName(f"history-{name}")
            button.setCheckable(True)
            button.setAutoRaise(True)
            button.setMinimumHeight(3 * GRID + GRID // 2)
            button.setChecked(name == BEFORE)
            button.clicked.connect(lambda _checked=False, name=name: self.compare_with(name))
            self._group.addButton(button)
            self.sides[name] = button
            switch.addWidget(button)
        switch.addStretch(1)
        detail = QWidget()
        box = QVBoxLayout(detail)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(GRID)
        box.addLayout(head)
        box.addLayout(switch)
        box.addWidget(self.words)
        box.addWidget(self.lines, 1)
        return detail

    # ---------------------------------------------------------------- what there is

    def refresh(self) -> None:
        """Read what is kept."""
        if self._parts.watcher is not None:
            self._tasks.spawn("read history", self._read())

    async def _read(self) -> None:
        kept = await self._parts.watcher.definitions.all_of(self._machine)
        if self.moments is not None and [one.kept.id for one in self.moments] == [one.id for one in kept]:
            self._show_state()
            return
        moments: list[Moment] = []
        for place in range(len(kept)):  # one at a time: fifty comparisons are noticed
            moments += definitions.time_line(kept[place : place + 2])[:1]
            await asyncio.sleep(0)
        chosen = self._chosen()
        self.moments = tuple(moments)
        self._fill(chosen)

    def _look_at(self) -> None:
        if self._subject.domain is not None and self._subject.domain.persistent:
            self._parts.watcher.look_at((self._machine,))

    # ---------------------------------------------------------------- what is shown

    def _fill(self, chosen: Moment | None) -> None:
        """The one that was looked at stays so, wherever it is now."""
        moments = self.moments or ()
        if not moments:
            self._show_empty()
            return
        self.list.blockSignals(True)
        self.list.clear()
        for place, one in enumerate(moments):
            self.list.addItem(_item(one, place == 0 and self._has_definition(), place == len(moments) - 1))
        ids = [one.kept.id for one in moments]
        self.list.setCurrentRow(ids.index(chosen.kept.id) if chosen and chosen.kept.id in ids else 0)
        self.list.blockSignals(False)
        self.stack.setCurrentIndex(0)
        self._show_chosen()

    def _has_definition(self) -> bool:
        domain = self._subject.domain
        return domain is not None and domain.persistent

    def _show_empty(self) -> None:
        if self._has_definition():
            title, body = tr("Nothing is kept yet"), tr("The definition is being read. It will be here in a moment.")
        else:
            title = tr("No stored definition")
            body = tr("The machine is gone once it is switched off. To keep it, define it from its XML.")
        self.empty.show_state(Emptiness("nothing", "clock", title, body))
        self.stack.setCurrentWidget(self.empty)

    def _chosen(self) -> Moment | None:
        row = self.list.currentRow()
        moments = self.moments or ()
        return moments[row] if 0 <= row < len(moments) else None

    def compare_with(self, name: str) -> None:
        """BEFORE or NOW."""
        self._against = name
        self.sides[name].setChecked(True)
        self._show_chosen()

    def _show_chosen(self) -> None:
        one = self._chosen()
        if one is None or self.moments is None:
            return
        self.title.setText(stamp(one.kept.time))
        row = self.list.currentRow()
        self.sides[NOW].setEnabled(row > 0)
        self.sides[NOW].setToolTip("" if row > 0 else tr("This is the one of now."))
        if row == 0 and self._against == NOW:
            self._against = BEFORE
            self.sides[BEFORE].setChecked(True)
        if self._against == NOW:
            old, new = one.kept, self.moments[0].kept
            words: list[str] = _differences(old, new)
        else:
            new = one.kept
            if row + 1 < len(self.moments):
                old = self.moments[row + 1].kept
                words = [str(difference.plain(found)) for found in one.differences]
                words = words or [tr("Nothing that has a name: see line by line.")]
            else:
                old, words = new, [tr("The first that was seen: there is nothing before it.")]
        self.words.show_words(words)
        self.lines.show_diff(_unified(old, new) or new.xml)
        self._show_state()

    def _show_state(self) -> None:
        why: Text | None = redefining.why_not_stored(self._subject.domain, self._subject.host)
        if why is None and self.list.currentRow() == 0:
            why = text("This is the one of now.")
        self.back.setEnabled(why is None and not self._working)
        self.back.setToolTip(plain_tip(str(why)) if why else tr("First you see what that would change"))

    # ---------------------------------------------------------------- going back

    def _on_back(self) -> None:
        one = self._chosen()
        if one is not None and not self._working:
            self._tasks.spawn("go back", self._go_back(one.kept))

    async def _go_back(self, kept: Kept) -> None:
        domain = self._subject.domain
        if domain is None:
            return
        self._working = True
        self._show_state()
        try:
            connection = self._parts.context.sessions.of(self._machine).require()
            way = await definitions.plan_back(connection, domain.uuid, kept)
            dialog = WayBackDialog(self.window(), domain, kept, way)
            answers = dialog.answers
            if await dialog.answer():
                await self._define(domain, way, answers())
        except VirtError as error:
            self._parts.shell.notify(Notice(error.problem))
        finally:
            self._working = False
            self._show_state()

    async def _define(self, domain: Domain, way: WayBack, answers: tuple[str, ...]) -> None:
        if await redefining.go_back(self._parts.context, domain, way, answers):
            what = text("{name} has its older definition again.", name=domain.name)
            self._parts.shell.notify(Notice(Problem(what), Level.INFO))
            self._parts.watcher.look_at((self._machine,))

    # ---------------------------------------------------------------- being seen

    def _on_kept(self, key: DomainKey) -> None:
        if key == self._machine:
            self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._parts.watcher is not None and not self._heard.on:
            self._heard.begin(lambda: (self._parts.watcher.subscribe(self._on_kept),))
            self._look.start()
            self._look_at()
        self._show_state()
        self.refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._look.stop()
        self._heard.end()


def _item(one: Moment, now: bool, first: bool) -> QListWidgetItem:
    words = [str(difference.plain(found)) for found in one.differences]
    head = stamp(one.kept.time)
    if now:
        head = tr("{time}, now", time=head)
    shown = words[:NAMED]
    if len(words) > NAMED:
        shown.append(trn("one more", "{n} more", len(words) - NAMED))
    if not shown:
        shown.append(tr("First seen") if first else tr("Nothing that has a name: see line by line."))
    item = QListWidgetItem("\n".join([head, *(f"  {line}" for line in shown)]))
    item.setToolTip(plain_tip("\n".join(words)))
    return item


def _differences(old: Kept, new: Kept) -> list[str]:
    try:
        words = [str(difference.plain(one)) for one in difference.differences(old.xml, new.xml)]
    except XmlError as error:
        return [str(error)]
    return words or [tr("Nothing is different.")]


def _unified(old: Kept, new: Kept) -> str:
    lines = difflib.unified_diff(
        old.xml.splitlines(), new.xml.splitlines(), stamp(old.time), stamp(new.time), lineterm=""
    )
    return "\n".join(lines)
