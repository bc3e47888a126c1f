"""All that is seen of a running VMDesk: the window, its look and language, the tray icon, what is asked at the end."""

import asyncio
from collections.abc import Callable
from typing import Any

from PySide6.QtWidgets import QApplication

from vmdesk.core import language
from vmdesk.core.command import Confirm
from vmdesk.core.hosts import Hosts
from vmdesk.core.notify import Announcement
from vmdesk.core.settings import Settings, SettingsFile
from vmdesk.core.single import Message
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import Problem
from vmdesk.model.text import text
from vmdesk.ui import takeover
from vmdesk.ui.hosts import HostActions
from vmdesk.ui.later import load
from vmdesk.ui.main_window import MainWindow
from vmdesk.ui.parts import Level, Notice, Parts
from vmdesk.ui.qt_words import QtWords
from vmdesk.ui.remembered import Remembered
from vmdesk.ui.theme import Theme
from vmdesk.ui.tray import Tray
from vmdesk.ui.visits import Visits
from vmdesk.ui.widgets import scroll_bar
from vmdesk.ui.widgets.inspector import Fetch

LATER = 0.5  # seconds until it is tried again to do what a dialog is in the way of


class Front:
    """Built by the App while the hosts are being opened. `end` ends the program; `window` changes with the language."""

    def __init__(
        self,
        qt: QApplication,
        parts: Parts,
        hosts: Hosts,
        settings: SettingsFile,
        remembered: Remembered,
        fetch: Fetch,
        end: Callable[[], None],
    ) -> None:
        self._parts, self._settings, self._remembered = parts, settings, remembered
        self._jobs, self._fetch, self._end = parts.jobs, fetch, end
        self._closed = False
        self._crash: Any = None
        self._language = settings.current.language
        self._words = QtWords(qt)
        self._words.speak(language.use(self._language))
        self.theme = Theme(qt)
        self.theme.apply(settings.current.theme)
        self._host_list = hosts
        self._hosts = HostActions(hosts, parts.store, lambda: self.window, parts.jobs.spawn)
        self.window = self._make_window()
        self.visits = Visits(lambda: self.window, parts.store, parts.sessions, settings, self._hosts, self.tell)
        self._tray = Tray(self._show, end)
        settings.subscribe(self._on_settings)

    def _make_window(self) -> MainWindow:
        window = MainWindow(self._parts, self._remembered, self._hosts, self._fetch)
        window.close_wanted.connect(self._on_close_wanted)
        window.quit_wanted.connect(self._on_close_wanted)
        return window

    def show(self) -> None:
        """For the first time: drawn once, with all that is known by now."""
        self.window.machines.settle()
        self.window.sidebar_model.settle()
        self.window.show()
        self.window.machines.settle()  # the inspector is filled when it is seen
        scroll_bar.settle(self.window)

    def follow_storage(self) -> None:
        """Tell of storage pools that run out of room, and of disks that grow until there is none."""
        for title, what in (("room in storage pools", "low-space"), ("growing disks", "growing-disks")):
            self._jobs.spawn(title, load(what)(self._parts, lambda note: self.window.notify(note)))

    def follow_devices(self) -> None:
        """Give running machines the USB devices that their rules are about, and tell why one is not given."""

        def tell(key: DomainKey, problem: Problem) -> None:
            self.window.notify(Notice(problem, Level.WARNING, (), f"usb:{key.host}/{key.uuid}"))

        parts = self._parts
        self._jobs.spawn("USB devices", load("replug")(parts.context, parts.activity, tell))

    def close(self) -> None:
        """Nothing more can be done; what the window looks like is written down."""
        self._closed = True
        self.window.remember()
        self.window.setEnabled(False)
        self._tray.go()

    def tell(self, problem: Problem) -> None:
        """In the notice bar."""
        self.window.notify(Notice(problem, Level.WARNING))

    def tell_notices(self) -> None:
        """What the keeper of the hosts has to say."""
        self._hosts.tell_notices()

    def announce(self, announcement: Announcement) -> None:
        """To the desktop, if nobody looks at the window."""
        if not self.window.isActiveWindow():
            load("announce")(announcement, self._tray.icon)

    def on_message(self, message: Message) -> None:
        """A second start, or the command line."""
        self._show()
        self.visits.take(message)

    def confess(self, error: BaseException) -> None:
        """A mistake of the program: one dialog, however many there are."""
        if self._crash is None:
            self._crash = load("crash-dialog")(self.window, error)
            self._crash.finished.connect(self._on_crash_read)
            self._crash.show()
        else:
            self._crash.add(error)

    def _on_crash_read(self, _result: int) -> None:
        self._crash = None

    def _show(self) -> None:
        self._tray.go()
        self.window.come_forward()

    # ---------------------------------------------------------------- closing

    def _on_close_wanted(self) -> None:
        self._jobs.spawn("closing", self._ask_closing())

    async def _ask_closing(self) -> None:
        tray = self._tray.there()
        decided = (
            (await load("closing")(self.window, self._jobs, self._settings, tray)).value
            if self._jobs.running
            else "wait"
        )
        if decided == "wait" and not await self._may_lose():
            return
        if decided == "tray":
            self.window.hide()
            self._tray.enter()
        elif decided == "wait":
            if self._jobs.running:
                self.tell(Problem(text("VMDesk closes when the work is done.")))
                self._jobs.subscribe(lambda job: None if self._jobs.running else self._end())
            else:
                self._end()

    async def _may_lose(self) -> bool:
        """Whether what was written on some page and not applied may be lost; asks if there is something."""
        unsaved = [page for page in self.window.tabs.pages() if getattr(page, "unsaved", False)]
        if not unsaved:
            return True
        confirm = Confirm(
            "window.unsaved",
            text("Close VMDesk and lose changes?"),
            text("What you wrote there is not applied yet:"),
            text("Close and lose them"),
            tuple(str(page.title) for page in unsaved),
            always=True,
        )
        return bool(await self._parts.context.ask.confirm(confirm))

    # ---------------------------------------------------------------- look and language

    def _on_settings(self, settings: Settings) -> None:
        if settings.language != self._language:
            self._language = settings.language
            self._words.speak(language.use(settings.language))
            self._jobs.spawn("names of hosts", self._host_list.speak())
            # Not in the midst of what the person does in the old window: its list of languages is still open.
            asyncio.get_running_loop().call_soon(self._renew)
        if settings.theme != self.theme.choice:
            self.theme.apply(settings.theme)

    def _renew(self) -> None:
        """A window that speaks the new language, in the place of the old one."""
        if self._closed:
            return
        if self._crash is not None or takeover.is_busy(self.window):
            asyncio.get_running_loop().call_later(LATER, self._renew)
            return
        old = self.window
        old.remember()
        self.window = self._make_window()
        takeover.take_over(self.window, old)
