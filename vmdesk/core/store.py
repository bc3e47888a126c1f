"""The one mutable truth: hosts and machines as they are now.

Only sessions write it. Listeners hear of a whole batch at once, so that a thousand changes are one repaint.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from vmdesk.model.domain import Domain, DomainKey
from vmdesk.model.host import Feature, Host, Link
from vmdesk.model.text import Text, text


@dataclass(frozen=True, slots=True)
class Changes:
    """What one write changed. A key stands in one of the three domain sets only.

    grown     machines with a disk that was written beyond its mark
    pools     hosts whose storage pools are not as they were; the store does not keep those: who shows them reads again
    networks  the same for networks; devices: for the host's own devices
    """

    added: frozenset[DomainKey] = frozenset()
    changed: frozenset[DomainKey] = frozenset()
    removed: frozenset[DomainKey] = frozenset()
    hosts: frozenset[str] = frozenset()
    pools: frozenset[str] = frozenset()
    grown: frozenset[DomainKey] = frozenset()
    networks: frozenset[str] = frozenset()
    devices: frozenset[str] = frozenset()


Listener = Callable[[Changes], None]


def away(host: Host | None, host_id: str) -> Text | None:
    """Why a host cannot be asked now; None if it can."""
    if host is not None and host.link is Link.UP:
        return None
    return text("{host} is not connected.", host=host.config.name if host else host_id)


def read_only(host: Host | None) -> Text | None:
    """Why nothing of a host can be changed; None if it can, as far as the connection goes."""
    if host and (host.config.readonly or (host.capabilities and host.capabilities.readonly)):
        return text("{host} is connected read-only.", host=host.config.name)
    return None


def unable(host: Host | None, feature: Feature) -> Text | None:
    """Why a host's driver cannot do that; None if it can, as far as is known."""
    if host is None or host.capabilities is None or host.capabilities.can(feature):
        return None
    driver = host.capabilities.driver or host.config.name
    return text("{driver} cannot do this ({call}).", driver=driver, call=feature.value)


class Store:
    """Hosts by id and machines by key; `domains` and `hosts` are read-only views."""

    def __init__(self) -> None:
        self._domains: dict[DomainKey, Domain] = {}
        self._hosts: dict[str, Host] = {}
        self._listeners: list[Listener] = []
        self.domains: Mapping[DomainKey, Domain] = MappingProxyType(self._domains)
        self.hosts: Mapping[str, Host] = MappingProxyType(self._hosts)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Hear every change; returns the function that ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def update(self, put: Iterable[Domain] = (), drop: Iterable[DomainKey] = ()) -> Changes:
        """Write machines in one batch. What equals the old value is silent."""
        added: set[DomainKey] = set()
        changed: set[DomainKey] = set()
        removed: set[DomainKey] = set()
        for domain in put:
            old = self._domains.get(domain.key)
            if old == domain:
                continue
            self._domains[domain.key] = domain
            (changed if old else added).add(domain.key)
        for key in drop:
            if self._domains.pop(key, None):
                removed.add(key)
        return self._tell(Changes(frozenset(added - removed), frozenset(changed - removed), frozenset(removed)))

    def put_host(self, host: Host) -> None:
        """Write one host."""
        if self._hosts.get(host.id) != host:
            self._hosts[host.id] = host
            self._tell(Changes(hosts=frozenset((host.id,))))

    def drop_host(self, host_id: str) -> None:
        """Forget a host and its machines."""
        keys = [key for key in self._domains if key.host == host_id]
        for key in keys:
            del self._domains[key]
        if self._hosts.pop(host_id, None) or keys:
            self._tell(Changes(removed=frozenset(keys), hosts=frozenset((host_id,))))

    def stir_disks(self, keys: Iterable[DomainKey]) -> None:
        """Tell that disks of these machines grew beyond their marks."""
        self._tell(Changes(grown=frozenset(keys)))

    def stir_pools(self, host_id: str) -> None:
        """Tell that something changed in the storage pools of a host."""
        self._tell(Changes(pools=frozenset((host_id,))))

    def stir_networks(self, host_id: str) -> None:
        """Tell that something changed in the networks of a host."""
        self._tell(Changes(networks=frozenset((host_id,))))

    def stir_devices(self, host_id: str) -> None:
        """Tell that a device of a host came or went."""
        self._tell(Changes(devices=frozenset((host_id,))))

    def of_host(self, host_id: str) -> list[Domain]:
        """The machines of one host, in no order."""
        return [domain for key, domain in self._domains.items() if key.host == host_id]

    def away(self, host_id: str) -> Text | None:
        """Why a host cannot be asked now; None if it can."""
        return away(self._hosts.get(host_id), host_id)

    def read_only(self, host_id: str) -> Text | None:
        """Why nothing of a host can be changed; None if it can, as far as the connection goes."""
        return read_only(self._hosts.get(host_id))

    def _tell(self, changes: Changes) -> Changes:
        if changes != Changes():
            for listener in tuple(self._listeners):
                listener(changes)
        return changes
