"""The wizard's desk: the draft that lies on it, and the questions to host and files that it needs answered."""

import asyncio
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, Signal

from vmdesk.core.creating import answering, kept
from vmdesk.core.creating import draft as drafts
from vmdesk.core.creating.draft import Draft
from vmdesk.core.creating.findings import Findings
from vmdesk.core.creating.sources import first, sources
from vmdesk.core.store import Changes
from vmdesk.media.unattended import Answers
from vmdesk.model import names
from vmdesk.model.errors import VirtError
from vmdesk.model.host import Host, Link
from vmdesk.model.text import tr
from vmdesk.model.wish import From, Wish
from vmdesk.ui.parts import Parts

TYPING = 350  # ms after the last key before files and hosts are asked


class Desk(QObject):
    """changed: the draft is another one, or more is known of it. It has no parent: it is closed before it goes."""

    changed = Signal()

    def __init__(self, parts: Parts, host: str) -> None:
        super().__init__()
        self.parts = parts
        self.workshop: Any = parts.workshop
        self.looking = False
        self._task: asyncio.Task[None] | None = None
        self._key: tuple[object, ...] = ()
        self._typing: asyncio.TimerHandle | None = None
        self._keys: asyncio.Task[None] | None = None
        self.answers: Answers | None = None  # what the installer is told, as far as it was asked for
        self.no_answers = ""  # why there are none
        self._answers_key: tuple[object, ...] = ()
        self._answering: asyncio.Task[None] | None = None
        self.closed = False
        self._started = False
        self._up: frozenset[str] = frozenset()
        self._leave = parts.store.subscribe(self._on_store)
        self.draft: Draft = self.workshop.templates.last(self._fresh(host))
        self._begun = kept.chosen(kept.written(self.draft))

    def start(self) -> None:
        """Look at the host, and at the keys of this account."""
        self._started = True
        self._keys = self.parts.jobs.spawn("SSH keys", self._read_keys())
        self._on_store(Changes(hosts=frozenset(self.parts.store.hosts)))
        self._ask_again(0)

    def hosts(self) -> list[Host]:
        """Where machines can be made: hosts that are connected and not only to be looked at."""
        return [one for one in self.parts.store.hosts.values() if one.link is Link.UP and not one.config.readonly]

    @property
    def host_name(self) -> str:
        host = self.parts.store.hosts.get(self.draft.host)
        return host.config.name if host is not None else self.draft.host

    @property
    def uri(self) -> str:
        host = self.parts.store.hosts.get(self.draft.host)
        return host.config.uri if host is not None else ""

    def put(self, draft: Draft, typing: bool = False) -> None:
        """Another draft. typing: more of it is coming, so nobody is asked yet."""
        if draft is self.draft:
            return
        self.draft = draft
        self._ask_again(TYPING if typing else 0)
        self.changed.emit()

    def wish(self, **fields: Any) -> None:
        """Another choice in the wish."""
        if all(getattr(self.draft.wish, name) == value for name, value in fields.items()):
            return
        self.put(drafts.checked(replace(self.draft, wish=replace(self.draft.wish, **fields))))

    @property
    def waiting(self) -> str:
        """Why there is no host to make it on; "" if there is one."""
        if self.draft.host in self._up:
            return ""
        coming = [one.config.name for one in self.parts.store.hosts.values() if one.link is Link.CONNECTING]
        if coming:
            return tr("Connecting to {name} …", name=", ".join(coming))
        return tr("Connect to a host first.")

    def move(self, host: str) -> None:
        """To another host: what was chosen stays, what was found does not."""
        if host != self.draft.host:
            taken = self._taken(host)
            self.put(replace(self.draft, host=host, found=None, taken=taken, networked=False, edited=None))

    @property
    def touched(self) -> bool:
        """Whether the person has chosen anything."""
        return kept.chosen(kept.written(self.draft)) != self._begun

    def take_up(self, values: dict[str, Any]) -> None:
        """A draft that was kept, on its host if that is there."""
        wanted = values.get("host")
        host = wanted if isinstance(wanted, str) and wanted in self._up else self.draft.host
        self._key = ()
        self.put(kept.read(values, replace(self._fresh(host), keys=self.draft.keys)))

    def look_again(self) -> None:
        """Something outside has changed."""
        self._key = ()
        self._ask_again(0)

    def close(self) -> None:
        """Hear no more, ask no more; may be said twice."""
        leave, self._leave = self._leave, lambda: None
        leave()
        for task in (self._task, self._keys, self._answering):
            if task is not None:
                task.cancel()
        self.closed = True
        if self._typing is not None:
            self._typing.cancel()

    def _on_store(self, changes: Changes) -> None:
        """A host came or went: a draft without one takes the first, one whose host is back looks again."""
        if not changes.hosts or not self._started:
            return
        before, self._up = self._up, frozenset(one.id for one in self.hosts())
        if before == self._up:
            return
        host = self.draft.host
        if host not in self._up and self._up and (not host or self.draft.found is None):
            self.move(next(one.id for one in self.hosts()))
        elif host in self._up - before:
            self.look_again()
        self.changed.emit()

    # ---------------------------------------------------------------- asking

    def _fresh(self, host: str) -> Draft:
        return Draft(host=host, wish=Wish(name="machine"), taken=self._taken(host))

    def _taken(self, host: str) -> frozenset[str]:
        return frozenset(one.name for key, one in self.parts.store.domains.items() if key.host == host)

    def _ask_again(self, wait: int) -> None:
        key = drafts.search_key(self.draft)
        if key == self._key or self.draft.host not in self._up:
            return
        self._key = key
        self.looking = True
        if self._typing is not None:
            self._typing.cancel()
        self._typing = asyncio.get_running_loop().call_later(wait / 1000, self._look)

    def _look(self) -> None:
        if self._task is not None:
            self._task.cancel()
        self._task = self.parts.jobs.spawn("new machine", self._find(self._key))

    async def _find(self, key: tuple[object, ...]) -> None:
        draft = replace(self.draft, taken=self._taken(self.draft.host))
        untouched = not self.touched
        try:
            found = await self.workshop.find(draft.host, draft.wish)
            answer: Draft = drafts.take(self._allowed(self.draft, found.host), found)
        except VirtError as error:
            answer = drafts.refuse(await self._bare(), error.problem)
        if key == self._key:
            self.looking = False
            self.draft = answer
            self._key = drafts.search_key(answer)
            if untouched:
                self._begun = kept.chosen(kept.written(answer))
            self.changed.emit()

    async def _bare(self) -> Draft:
        """The draft with what is known of the host alone."""
        draft = self.draft
        try:
            found: Findings = await self.workshop.find(
                draft.host, replace(draft.wish, source=From.EMPTY, media=None, os="")
            )
        except VirtError:
            return draft
        return drafts.take(draft, found)

    def _allowed(self, draft: Draft, host: Any) -> Draft:
        """A source that this host has."""
        known = {one.source for one in sources(host) if one.why_not is None}
        return draft if draft.wish.source in known else drafts.with_source(draft, first(host))

    def want_answers(self) -> bool:
        """Have worked out what the installer is told; True once `answers` are those of the draft."""
        draft = self.draft
        if draft.found is None or draft.wish.unattended is None:
            self.answers, self.no_answers, self._answers_key = None, "", ()
            return True
        name = next(iter(names.names(draft.wish)), draft.wish.name)
        key = answering.key(draft.wish, draft.found, name)
        if key != self._answers_key:
            self._answers_key = key
            if self._answering is not None:
                self._answering.cancel()
            self._answering = self.parts.jobs.spawn("answers", self._answer(draft.wish, draft.found, name))
        return self._answering is None or self._answering.done()

    async def _answer(self, wish: Wish, found: Findings, name: str) -> None:
        try:
            self.answers, self.no_answers = await self.workshop.answers(wish, found, name), ""
        except VirtError as error:
            self.answers, self.no_answers = None, str(error.problem.why or error.problem.what)
        self._answering = None
        self.changed.emit()

    async def _read_keys(self) -> None:
        keys = await self.workshop.keys()
        cloud = self.draft.wish.cloud
        draft = replace(self.draft, keys=keys)
        if cloud is not None and not cloud.ssh_keys:
            draft = replace(draft, wish=replace(draft.wish, cloud=replace(cloud, ssh_keys=keys)))
        self.put(drafts.checked(draft))
