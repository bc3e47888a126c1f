"""What a second start of VMDesk and the command line ask of the window that is open."""

import asyncio
from collections.abc import Callable

from vmdesk.core import choice, practice
from vmdesk.core.sessions import Sessions
from vmdesk.core.settings import SettingsFile
from vmdesk.core.single import Message
from vmdesk.core.store import Changes, Store
from vmdesk.model.errors import Problem, VirtError
from vmdesk.ui.hosts import HostActions
from vmdesk.ui.main_window import MainWindow

OPENING = 20.0  # seconds in which a machine that is to be opened may appear


class Visits:
    """`take` is called with each message; the window is raised by then."""

    def __init__(
        self,
        window: Callable[[], MainWindow],
        store: Store,
        sessions: Sessions,
        settings: SettingsFile,
        hosts: HostActions,
        tell: Callable[[Problem], None],
    ) -> None:
        self._window, self._store, self._sessions = window, store, sessions
        self._settings, self._hosts, self._tell = settings, hosts, tell

    def take(self, message: Message) -> None:
        """Connect to what is asked for, and open a machine's page."""
        for word in message.get("connect", ()):
            self._connect(str(word))
        if message.get("do") == "open":
            uri, uuid = str(message.get("uri", "")), str(message.get("uuid", ""))
            if uri and not any(host.config.uri == uri for host in self._store.hosts.values()):
                self._connect(uri)
            self.open_when_there(uuid)

    def open_when_there(self, uuid: str) -> None:
        """Open a machine's page as soon as its host has been listed."""

        def look(_changes: Changes | None) -> bool:
            found = next((key for key in self._store.domains if key.uuid == uuid), None)
            if found is not None:
                self._window().reveal(found)
                self._window().open_machine(found)
            return found is not None

        if look(None):
            return
        waiting: list[Callable[[], None]] = []

        def stop() -> None:
            while waiting:
                waiting.pop()()

        waiting.append(self._store.subscribe(lambda changes: stop() if look(changes) else None))
        asyncio.get_running_loop().call_later(OPENING, stop)

    def _connect(self, word: str) -> None:
        try:
            config = choice.host(word, self._settings.current)
        except VirtError as error:
            self._tell(error.problem)
            return
        if config.id == practice.ID:
            self._hosts.open_practice()
            return
        known = next((host.id for host in self._store.hosts.values() if host.config.uri == config.uri), None)
        if known is None:
            self._sessions.add(config)
        self._sessions.connect(known or config.id)
