"""The hosts a person has: which are there at the start, added, edited, removed, connected."""

from collections.abc import Sequence
from dataclasses import replace

from vmdesk.core import first_start, host_names, practice
from vmdesk.core.practice import Practice
from vmdesk.core.sessions import Sessions
from vmdesk.core.settings import Settings, SettingsFile, new_host_id
from vmdesk.core.ways import Ways
from vmdesk.model import uri as uris
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.host import HostConfig, Link
from vmdesk.model.text import Text


class Hosts:
    """Settings and sessions kept in step. `notices` are problems of the start, for the notice bar."""

    def __init__(self, settings: SettingsFile, sessions: Sessions, practice: Practice, ways: Ways) -> None:
        self.notices: list[Problem] = []
        self._settings, self._sessions, self._practice, self._ways = settings, sessions, practice, ways
        self._names = host_names.standard()
        self._passing: set[str] = set()  # hosts of this run only (--connect, --demo)

    @property
    def all(self) -> tuple[HostConfig, ...]:
        return tuple(session.config for session in self._sessions.all)

    async def start(self, only: Sequence[HostConfig] = ()) -> None:
        """Add the hosts and begin to connect.

        only  these and no others, for this run (--connect, --demo); empty: the remembered ones, the practice host
              always among them. Somebody who has never chosen gets this computer, and a notice if not all of it.
        """
        for config in only:
            self._passing.add(config.id)
            self._sessions.add(config)
            self._sessions.connect(config.id)
        if only:
            return
        remembered = self._settings.current.hosts
        for config in remembered:
            self._sessions.add(self._present(config))
            if config.connect_at_start:
                self._sessions.connect(config.id)
        if all(config.id == practice.ID for config in remembered):
            await self._first_start()
        if self._sessions.get(practice.ID) is None:
            self._sessions.add(self._practice.config())

    def new_id(self, name: str) -> str:
        """An id for a host that is to be added."""
        return new_host_id(name, (*self.all, *self._settings.current.hosts))

    def add(self, config: HostConfig) -> None:
        """Remember a new host and connect to it. Raises VirtError "refused-uri"."""
        uris.check(config.uri, allow_no_verify=True)  # the dialog has asked for that consent
        self._sessions.add(config)
        self._remember(config)
        self._sessions.connect(config.id)

    def add_practice(self) -> None:
        """Add the practice host to a window that shows given hosts only, for this run."""
        config = self._practice.config()
        self._passing.add(config.id)
        self._sessions.add(config)
        self._sessions.connect(config.id)

    async def edit(self, config: HostConfig) -> None:
        """Take new settings of a host; with another URI it is connected anew. Raises VirtError "refused-uri"."""
        uris.check(config.uri, allow_no_verify=True)
        await self._sessions.change(config)
        if config.id not in self._passing:
            self._remember(config)

    async def remove(self, host_id: str) -> None:
        """Disconnect and forget. The practice host stays on offer."""
        await self._save_practice(host_id)
        await self._sessions.remove(host_id)
        self._passing.discard(host_id)
        self._settings.save(
            lambda settings: replace(settings, hosts=tuple(one for one in settings.hosts if one.id != host_id))
        )
        if host_id == practice.ID:
            self._sessions.add(self._practice.config())

    async def speak(self) -> None:
        """Another language is spoken: hosts that nobody named have another name."""
        old, self._names = self._names, host_names.standard()
        for config in self.all:
            if config.id in old and config.name == old[config.id]:
                await self._sessions.change(replace(config, name=self._names[config.id]))

    def connect(self, host_id: str) -> None:
        """Connect in the background."""
        self._sessions.connect(host_id)

    async def disconnect(self, host_id: str) -> None:
        await self._save_practice(host_id)
        if session := self._sessions.get(host_id):
            await session.close()

    async def reset_practice(self) -> None:
        """The practice host as it was in the beginning."""
        session = self._sessions.get(practice.ID)
        if session is None:
            return
        await session.close()
        self._practice.reset()
        self._sessions.connect(practice.ID)

    async def probe(self, config: HostConfig) -> Text:
        """Whether a host works (the dialog's "Test connection"): what was found. Raises VirtError."""
        return await self._ways.probe(config)

    async def close(self) -> None:
        """Save the practice host and disconnect all."""
        await self._save_practice(practice.ID)
        await self._sessions.close()

    async def _first_start(self) -> None:
        async def probe(config: HostConfig) -> None:
            session = self._sessions.add(config)
            await session.open()
            host = session.host
            if host.link is not Link.UP:
                await self._sessions.remove(config.id)
                if host.problem:
                    raise VirtError(host.problem)

        chosen = await first_start.choose(probe)
        if chosen.problem:
            self.notices.append(chosen.problem)
            self._sessions.add(chosen.host)
            self._sessions.connect(chosen.host.id)
        if chosen.lasting:
            self._remember(chosen.host)

    async def _save_practice(self, host_id: str) -> None:
        """Before it is disconnected. What cannot be saved is told and does not hold up anything."""
        session = self._sessions.get(practice.ID) if host_id == practice.ID else None
        if session is None or session.connection is None:
            return
        try:
            await self._practice.save(session.connection)
        except VirtError as error:
            self.notices.append(error.problem)

    def _present(self, config: HostConfig) -> HostConfig:
        """A remembered host; the practice host's file may have moved since."""
        config = host_names.spoken(config)
        return replace(config, uri=self._practice.config().uri) if config.id == practice.ID else config

    def _remember(self, config: HostConfig) -> None:
        """Write it to the settings, with those that are there without having been chosen."""
        shown = {one.id: one for one in self.all if one.id not in self._passing and one.id != practice.ID}
        shown[config.id] = config

        def change(settings: Settings) -> Settings:
            hosts = {one.id: one for one in settings.hosts}
            return replace(settings, hosts=tuple(host_names.stored(one) for one in (hosts | shown).values()))

        self._settings.save(change)
