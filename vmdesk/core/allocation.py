"""What of a host is promised to machines, what they use of it, and what is promised more than once. Pure.

Units: CPUs, KiB of memory, bytes of disk space.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan

from vmdesk.core.history import Share
from vmdesk.core.storage.rows import Row
from vmdesk.model.chain import Role
from vmdesk.model.domain import Domain, DomainKey
from vmdesk.model.stats import NAN
from vmdesk.model.storage import Pool

_GROWS = (Role.DISK, Role.OVERLAY)  # what is written into


@dataclass(frozen=True, slots=True)
class Portion:
    """What one has of it. `key` None: nobody's, or several machines' together. `used` NaN: not told."""

    key: DomainKey | None
    name: str
    promised: float
    used: float = NAN
    active: bool = True


@dataclass(frozen=True, slots=True)
class Allocation:
    """One kind of thing.

    name      of a storage pool; "" for CPU and memory
    capacity  what there is; 0: not told
    portions  of machines, the largest first
    shared    what images take that no machine writes into
    beside    what else takes room there: the host itself, other files of the same file system
    """

    capacity: float
    portions: tuple[Portion, ...] = ()
    shared: float = 0.0
    beside: float = 0.0
    name: str = ""

    @property
    def promised(self) -> float:
        return sum(one.promised for one in self.portions)

    @property
    def used(self) -> float:
        """By machines, as far as it is told."""
        return sum(one.used for one in self.portions if not isnan(one.used))

    @property
    def wanted(self) -> float:
        """All that would be taken if everybody took what they were promised."""
        return self.promised + self.shared + self.beside

    @property
    def over(self) -> float:
        """How much of that there is not."""
        return max(self.wanted - self.capacity, 0.0) if self.capacity > 0 else 0.0

    @property
    def times(self) -> float:
        """What was promised to machines as a multiple of what there is."""
        return self.promised / self.capacity if self.capacity > 0 else NAN


def cpus(domains: Iterable[Domain], shares: Iterable[Share], count: int, off: bool = False) -> Allocation:
    """Virtual CPUs; `off`: also of machines that do not run."""
    used = {share.key: share.cpu * count / 100 for share in shares}
    found = (_portion(one, float(one.definition.vcpus), used) for one in domains if one.active or off)
    return Allocation(float(count), _ordered(found))


def memory(
    domains: Iterable[Domain], shares: Iterable[Share], total: float, host_used: float = NAN, off: bool = False
) -> Allocation:
    """Memory: what each may come to have while it runs. `host_used`: of the whole host, with the machines."""
    used = {share.key: share.memory for share in shares}
    found = (_portion(one, _promise(one), used) for one in domains if one.active or off)
    portions = _ordered(found)
    taken = sum(one.used for one in portions if not isnan(one.used))
    return Allocation(total, portions, beside=0.0 if isnan(host_used) else max(host_used - taken, 0.0))


def _promise(domain: Domain) -> float:
    return float(max(domain.definition.max_memory_kib, domain.definition.memory_kib))


def _portion(domain: Domain, promised: float, used: Mapping[DomainKey, float]) -> Portion:
    unknown = NAN if domain.active else 0.0
    return Portion(domain.key, domain.name, promised, used.get(domain.key, unknown), domain.active)


def _ordered(portions: Iterable[Portion]) -> tuple[Portion, ...]:
    return tuple(sorted((one for one in portions if one.promised > 0), key=lambda one: (-one.promised, one.name)))


def disks(host: str, pools: Iterable[Pool], rows: Sequence[Row]) -> tuple[Allocation, ...]:
    """Of each pool that is on: capacities of what machines write into, the most promised first."""
    there: dict[str, list[Row]] = {}
    for row in rows:
        there.setdefault(row.image.pool, []).append(row)
    found = [_pool(host, pool, there.get(pool.name, ())) for pool in pools if pool.active]
    told = (one for one in found if one.capacity > 0)
    return tuple(sorted(told, key=lambda one: (-one.wanted / one.capacity, one.name)))


def _pool(host: str, pool: Pool, rows: Sequence[Row]) -> Allocation:
    owned: dict[str, list[float]] = {}
    names: dict[str, tuple[str, bool]] = {}
    shared = 0.0
    for row in rows:
        users = () if row.above else row.users
        owner = next((user for user in users if user.role in _GROWS and not user.snapshot), None)
        if owner is None:
            shared += row.allocation
            continue
        names[owner.uuid] = owner.machine, owner.active
        sums = owned.setdefault(owner.uuid, [0.0, 0.0])
        sums[0] += max(row.image.capacity or 0, row.allocation)
        sums[1] += row.allocation
    portions = (
        Portion(DomainKey(host, uuid), names[uuid][0], promised, used, names[uuid][1])
        for uuid, (promised, used) in owned.items()
    )
    known = shared + sum(used for _, used in owned.values())
    return Allocation(float(pool.capacity), _ordered(portions), shared, max(pool.allocation - known, 0.0), pool.name)
