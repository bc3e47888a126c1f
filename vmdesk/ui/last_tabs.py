"""The tabs of the last time: each is opened as soon as what it shows is there."""

from collections.abc import Iterator, Sequence
from typing import Any

from vmdesk.core.store import Store
from vmdesk.model.domain import DomainKey
from vmdesk.model.host import Link
from vmdesk.ui.later import load

_NOT_KEPT = ("machines", "new", "making")  # always there, or begun anew


def kept(keys: Sequence[str]) -> list[str]:
    """Those of a window's tabs that are opened again at the next start."""
    return [key for key in keys if key.partition(":")[0] not in _NOT_KEPT]


class LastTabs:
    """`keys` are those that still wait."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.keys: list[str] = []

    def ready(self) -> Iterator[tuple[str, str, tuple[Any, ...]]]:
        """Key, kind and arguments of each page that can be opened now; it waits no longer."""
        for key in tuple(self.keys):
            kind = key.partition(":")[0]
            arguments = self._arguments(key)
            if arguments is not None:
                self.keys.remove(key)
                yield key, kind, arguments

    def _arguments(self, key: str) -> tuple[Any, ...] | None:
        """What the page is made with; None: what it shows is not there (yet)."""
        kind, _, rest = key.partition(":")
        host_id, _, uuid = rest.rpartition("/")  # a host that is not in the settings goes by its URI
        if kind == "machine" and DomainKey(host_id, uuid) in self._store.domains:
            return (DomainKey(host_id, uuid),)
        if kind == "host" and rest in self._store.hosts:
            return (rest,)
        if kind == "wall" and (keys := self._there(load("wall-keys")(key))):
            return (keys,)
        return () if kind in ("activity", "preferences", "trash") else None

    def _there(self, keys: Sequence[DomainKey]) -> Sequence[DomainKey]:
        """All of them as soon as each is known or its host has answered; () before."""
        hosts = self._store.hosts
        known = [key in self._store.domains for key in keys]
        waiting = [
            not there and key.host in hosts and hosts[key.host].link in (Link.CONNECTING, Link.OFF)
            for key, there in zip(keys, known, strict=True)
        ]
        return keys if any(known) and not any(waiting) else ()
