"""What a person can do to hosts, with the dialogs that belong to it."""

from collections.abc import Callable, Coroutine
from typing import Any

from vmdesk.core import practice
from vmdesk.core.command import Confirm
from vmdesk.core.hosts import Hosts
from vmdesk.core.store import Store
from vmdesk.model.errors import VirtError
from vmdesk.model.host import HostConfig
from vmdesk.model.text import text
from vmdesk.ui.later import load
from vmdesk.ui.parts import Notice, Shell

Spawn = Callable[[str, Coroutine[Any, Any, None]], Any]


class HostActions:
    """`shell` is asked for when needed: the window is made after this."""

    def __init__(self, hosts: Hosts, store: Store, shell: Callable[[], Shell], spawn: Spawn) -> None:
        self._hosts, self._store, self._shell, self._spawn = hosts, store, shell, spawn

    def is_practice(self, host_id: str) -> bool:
        return host_id == practice.ID

    def add(self) -> None:
        self._spawn("add host", self._add())

    def edit(self, host_id: str) -> None:
        self._spawn("edit host", self._edit(host_id))

    def remove(self, host_id: str) -> None:
        self._spawn("remove host", self._remove(host_id))

    def connect(self, host_id: str) -> None:
        if host_id in self._store.hosts:
            self._hosts.connect(host_id)

    def disconnect(self, host_id: str) -> None:
        self._spawn("disconnect", self._told(self._hosts.disconnect(host_id)))

    def open_practice(self) -> None:
        """Connect to the practice host; it is always there, but for a window that shows given hosts only."""
        if practice.ID in self._store.hosts:
            self._hosts.connect(practice.ID)
        else:
            self._hosts.add_practice()

    def reset_practice(self) -> None:
        self._spawn("reset practice host", self._reset_practice())

    async def _add(self) -> None:
        dialog = load("host-dialog")(self._shell().widget(), None, self._hosts.probe, self._spawn)
        if await dialog.answer():
            draft = dialog.draft
            await self._told(self._add_now(draft.config(self._hosts.new_id(draft.shown_name))))

    async def _add_now(self, config: HostConfig) -> None:
        self._hosts.add(config)

    async def _edit(self, host_id: str) -> None:
        config = next((one for one in self._hosts.all if one.id == host_id), None)
        if config is None:
            return
        dialog = load("host-dialog")(self._shell().widget(), config, self._hosts.probe, self._spawn)
        if await dialog.answer():
            await self._told(self._hosts.edit(dialog.draft.config(host_id)))

    async def _remove(self, host_id: str) -> None:
        host = self._store.hosts.get(host_id)
        if host is None:
            return
        confirm = Confirm(
            "host.remove",
            text("Remove {name} from the list?", name=host.config.name),
            text("VMDesk disconnects and forgets the host. Nothing is changed on it, its machines run on."),
            text("Remove"),
            danger=False,
            always=True,
        )
        if await load("confirm-dialog")(self._shell().widget(), confirm).answer():
            await self._told(self._hosts.remove(host_id))

    async def _reset_practice(self) -> None:
        confirm = Confirm(
            "practice.reset",
            text("Reset the practice host?"),
            text("Everything on it becomes as it was in the beginning. No real machine is touched."),
            text("Reset"),
            always=True,
        )
        if await load("confirm-dialog")(self._shell().widget(), confirm).answer():
            await self._told(self._hosts.reset_practice())

    async def _told(self, work: Coroutine[Any, Any, None]) -> None:
        """What goes wrong stands in the notice bar."""
        try:
            await work
        except VirtError as error:
            self._shell().notify(Notice(error.problem))
        self.tell_notices()

    def tell_notices(self) -> None:
        """What the hosts' keeper has to say."""
        while self._hosts.notices:
            self._shell().notify(Notice(self._hosts.notices.pop(0)))
