"""What core asks of virt, in one record, so that tests can put fake hosts in its place."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from vmdesk.model.domain import Domain, State
from vmdesk.model.host import HostConfig
from vmdesk.model.stats import DomainCounters, HostCounters
from vmdesk.virt import domains, listing, stats
from vmdesk.virt.connection import Connection, Post


class Way(Protocol):
    """How one host is reached; virt.reach.Reach is the one with ssh logins and passwords."""

    async def open(self, generation: int, post: Post) -> Connection: ...
    def forgive(self) -> None: ...
    async def close(self) -> None: ...


class Straight:
    """Without a tunnel and without asking for passwords."""

    def __init__(self, config: HostConfig) -> None:
        self._config = config

    async def open(self, generation: int, post: Post) -> Connection:
        return await Connection.open(self._config, generation, post)

    def forgive(self) -> None:
        """Nothing is remembered."""

    async def close(self) -> None:
        """Nothing is kept open."""


@dataclass(frozen=True, slots=True)
class Calls:
    """`way` is the one that the window and the command line replace, to ask for passwords and go through ssh."""

    way: Callable[[HostConfig], Way] = Straight
    list_all: Callable[[Connection], Awaitable[list[Domain]]] = listing.list_all
    read: Callable[[Connection, Sequence[str]], Awaitable[tuple[list[Domain], list[str]]]] = listing.read
    addresses: Callable[[Connection, str], Awaitable[tuple[str, ...]]] = domains.addresses
    bulk: Callable[[Connection, Sequence[str]], Awaitable[dict[str, DomainCounters]]] = stats.bulk
    single: Callable[[Connection, str], Awaitable[DomainCounters]] = stats.single
    job: Callable[[Connection, str], Awaitable[str]] = domains.job
    states: Callable[[Connection], Awaitable[dict[str, tuple[State, str]]]] = stats.states
    host: Callable[[Connection], Awaitable[HostCounters]] = stats.host
