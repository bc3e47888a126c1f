"""What a page of one machine is about."""

from vmdesk.core.store import Store
from vmdesk.model.domain import Domain, DomainKey
from vmdesk.model.host import Host


class Subject:
    """The machine of that key and its host, as the store has them at the moment; None where it has none (any more)."""

    def __init__(self, store: Store, key: DomainKey) -> None:
        self._store, self._key = store, key

    @property
    def domain(self) -> Domain | None:
        return self._store.domains.get(self._key)

    @property
    def host(self) -> Host | None:
        return self._store.hosts.get(self._key.host)

    @property
    def name(self) -> str:
        """The machine's; its UUID where it is gone."""
        domain = self.domain
        return domain.name if domain else self._key.uuid
