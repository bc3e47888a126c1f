"""Machines by hand, for tests and pictures without a hypervisor."""

import math
import random
from uuid import UUID

from vmdesk.core.store import Store
from vmdesk.model.domain import Definition, Disk, Domain, DomainKey, Labels, Nic, State
from vmdesk.model.host import Capabilities, Host, HostConfig, Link
from vmdesk.model.stats import Figures

LAPTOP = HostConfig("laptop", "laptop", "qemu:///system")
LAB = HostConfig("lab", "lab-2", "qemu+ssh://admin@lab-2/system")
_STATES = (
    (State.RUNNING, "booted"),
    (State.RUNNING, "booted"),
    (State.RUNNING, "unpaused"),
    (State.SHUTOFF, "shutdown"),
    (State.PAUSED, "user"),
    (State.SHUTOFF, "destroyed"),
)


def machine(number: int, host: str = "laptop", name: str = "", **values: object) -> Domain:
    """One of many believable machines."""
    state, reason = _STATES[number % len(_STATES)]
    gib = (1, 2, 4, 8)[number % 4]
    given: dict[str, object] = {
        "state": state,
        "reason": reason,
        "addresses": (f"192.168.122.{number % 250 + 2}",) if state is State.RUNNING else (),
        "autostart": number % 3 == 0,
        "labels": Labels(group=("shop", "lab", "")[number % 3], tags=(("web", "prod"), ("db",), ())[number % 3]),
        "definition": Definition(
            vcpus=(1, 2, 4)[number % 3],
            memory_kib=gib * 1024 * 1024,
            max_memory_kib=gib * 1024 * 1024,
            os_name=("Debian 12", "Fedora 41", "Windows 11")[number % 3],
            disks=(Disk("vda", "disk", f"/var/lib/libvirt/images/{number}.qcow2", "qcow2", False),),
            nics=(Nic(f"52:54:00:00:00:{number % 256:02x}", "network", "default", "virtio", ""),),
        ),
    }
    given.update(values)
    return Domain(
        DomainKey(host, str(UUID(int=number))), name or f"{('web', 'db', 'build')[number % 3]}-{number}", **given
    )  # type: ignore[arg-type]


def store_of(count: int, hosts: tuple[HostConfig, ...] = (LAPTOP, LAB)) -> Store:
    """A store with `count` machines spread over the hosts."""
    store = Store()
    for host in hosts:
        store.put_host(Host(host, Link.UP, capabilities=Capabilities(driver="QEMU", hostname=host.name)))
    store.update(machine(number, hosts[number % len(hosts)].id) for number in range(count))
    return store


class Curves:
    """Stands in for the history: figures and sparklines that look alive."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def figures(self, key: DomainKey) -> Figures:
        domain = self._store.domains[key]
        if not domain.active:
            return Figures()
        chance = random.Random(key.uuid)
        given = float(domain.definition.memory_kib)
        return Figures(
            cpu=chance.random() ** 2 * 100,
            wait=0.1,
            given=given,
            used=given * (0.3 + chance.random() * 0.5),
            rss=given * 0.7,
            read=chance.random() ** 4 * 5e7,
            write=chance.random() ** 4 * 9e7,
            rx=chance.random() ** 6 * 2e7,
            tx=chance.random() ** 6 * 2e7,
        )

    def recent(self, key: DomainKey, name: str, count: int, step: float = 10.0) -> list[float]:
        domain = self._store.domains[key]
        if not domain.active:
            return []
        now = getattr(self.figures(key), name)
        chance = random.Random(key.uuid + name)
        values = [max(0.0, now * (1 + 0.5 * math.sin(step / 5 + chance.random() * 0.8))) for step in range(count)]
        return [*values[:-1], now]
