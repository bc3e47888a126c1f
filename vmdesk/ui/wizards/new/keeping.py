"""A wizard that is left half-way: what was filled in is kept, and asked about where it cannot be."""

import time
from collections.abc import Callable, Iterator
from typing import Any

from PySide6.QtCore import QObject, QTimer

from vmdesk.core.command import Confirm
from vmdesk.core.creating import kept
from vmdesk.core.creating.draft import Draft, Page
from vmdesk.model.errors import Problem
from vmdesk.model.text import Text, text
from vmdesk.ui.parts import Level, Notice, Parts
from vmdesk.ui.wizards.new.desk import Desk

_PAUSE = 1000  # ms after the last change before the draft is kept


class Keeping(QObject):
    """Of one wizard.

    ended  its machine is being made or there, or another wizard goes on: nothing is left half-way
    going  the page on which a kept draft was left, until its medium has been looked at
    """

    def __init__(self, parts: Parts, desk: Desk, page: Callable[[], Page], parent: QObject) -> None:
        super().__init__(parent)
        self._parts, self._desk, self._page = parts, desk, page
        self._left: dict[str, Any] = {}  # what this wizard has kept
        self.ended = False
        self.going: Page | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PAUSE)
        self._timer.timeout.connect(self.keep)
        desk.changed.connect(self._timer.start)

    @property
    def unsaved(self) -> bool:
        """Whether closing it loses something that is not kept either."""
        return not self.ended and kept.lost(self._desk.draft)

    def keeps_open(self, close: Callable[[], None]) -> bool:
        """True: the person is asked first, and `close` is called if that is the answer."""
        if self.ended:
            return False
        self.keep()
        if self.unsaved:
            self._parts.jobs.spawn("close the wizard", self._ask(close))
            return True
        if self._left:
            said = Problem(text("What was filled in is kept: New goes on with it."))
            self._parts.shell.notify(Notice(said, Level.INFO))
        return False

    def keep(self) -> None:
        """So that it can be gone on with, whatever ends the wizard."""
        self._timer.stop()
        if self.ended or self._desk.closed or self.going is not None:
            return
        if not self._desk.touched:
            self.forget()
            return
        draft = self._desk.draft
        values = {**kept.written(draft), "host": draft.host, "page": self._page().value}
        if values != {name: value for name, value in self._left.items() if name != "at"}:
            self._left = {**values, "at": int(time.time())}
            self._desk.workshop.templates.leave(self._left)

    def forget(self) -> None:
        """What this wizard kept; another one's stays."""
        templates = self._desk.workshop.templates
        if self._left and templates.left == self._left:
            templates.leave({})
        self._left = {}

    def take_up(self, values: dict[str, Any]) -> None:
        """Go on with what was kept."""
        self._left = values
        self.going = kept.page(values)
        self._desk.take_up(values)

    def go_on_from(self, other: "Keeping") -> None:
        """The other one's wizard goes; this one has what was kept there."""
        other.ended = True
        self._left = other._left

    async def _ask(self, close: Callable[[], None]) -> None:
        confirm = Confirm(
            "new.lost",
            text("Close the new machine?"),
            text("What is filled in is kept, but not what may hold a password:"),
            text("Close and lose that"),
            tuple(_not_kept(self._desk.draft)),
            always=True,
        )
        if await self._parts.context.ask.confirm(confirm):
            close()


def _not_kept(draft: Draft) -> Iterator[Text]:
    cloud = draft.wish.cloud
    if cloud is not None and cloud.user_data:
        yield text("your own cloud-init data")
    if draft.edited is not None:
        yield text("your changes of the definition")
