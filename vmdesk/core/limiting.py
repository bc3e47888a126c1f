"""What a machine may use, read and changed from the window: figures by their names, one job for several of them.

A figure is what stands beside a slider: a quota as percent of one processor, a period in microseconds, memory and
network in KiB, disks in bytes, pins as a list of the host's processors. None: no limit.
"""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vmdesk.core.command import Context, Links, reference
from vmdesk.core.jobs import Job, Report
from vmdesk.model import cpu_set
from vmdesk.model.domain import Domain
from vmdesk.model.hardware import CpuLimits, Hardware, IoTune
from vmdesk.model.limits import LIMITS, NO_GROUPS, Setting, Unit, named
from vmdesk.model.text import Text, text
from vmdesk.virt import defining, domains, hardware
from vmdesk.virt.hardware import Applied, Change
from vmdesk.virtxml import hardware as definition
from vmdesk.virtxml.document import XmlError
from vmdesk.virtxml.edit.limits import PERIOD

Figure = int | float | str | None
GIVEN = "memory.given"  # what the balloon leaves to the guest; no limit, but it stands among them
_UNLIMITED_KIB = 9_007_199_254_740_991
_CPU = {
    "cpu.shares": "shares",
    "cpu.period": "period",
    "cpu.quota": "quota",
    "cpu.total-period": "global_period",
    "cpu.total-quota": "global_quota",
    "cpu.emulator-period": "emulator_period",
    "cpu.emulator-quota": "emulator_quota",
    "cpu.io-period": "io_period",
    "cpu.io-quota": "io_quota",
}
_NIC = {"": "average", "-peak": "peak", "-burst": "burst"}
_WAYS = ("read", "write", "total")
_UNLIMITED_NICS = ("user", "server", "client", "mcast", "udp", "internal", "hostdev", "vdpa", "null")


@dataclass(frozen=True, slots=True)
class Known:
    """A machine as it runs (None: it is off) and as it is stored (None: it is not)."""

    running: Hardware | None
    stored: Hardware | None

    @property
    def shown(self) -> Hardware:
        """The one that holds now."""
        return self.running or self.stored or Hardware()


async def read(links: Links, domain: Domain) -> Known:
    """Both. VirtError."""
    connection, uuid = links.of(domain.key).require(), domain.uuid
    try:
        running = definition.parse(await domains.xml(connection, uuid)) if domain.active else None
        stored = definition.parse(await domains.xml(connection, uuid, inactive=True)) if domain.persistent else None
    except XmlError as error:
        raise defining.unreadable(error) from None
    return Known(running, stored)


def figures(found: Hardware, cpus: int = 0) -> dict[str, Figure]:
    """Every limit that is set, by its key; `cpus`: how many the host has, so that "on all of them" is no limit."""
    values: dict[str, Figure] = {GIVEN: found.memory.given_kib} if found.memory.given_kib else {}
    limits = found.limits
    for key, field in _CPU.items():
        value = getattr(limits.cpu, field)
        if value is None or value <= 0 or value >= LIMITS[key].high:
            continue
        values[key] = share(value, _period(limits.cpu, key)) if LIMITS[key].percent else value
    values |= {f"cpu.pin.{place}": pins for place, pins in limits.cpu.pins}
    values |= {f"cpu.io-pin.{place}": pins for place, pins in limits.cpu.io_pins}
    values["cpu.emulator-pin"] = limits.cpu.emulator_pin
    for key, kib in (("hard", limits.memory.hard), ("soft", limits.memory.soft), ("swap", limits.memory.swap)):
        if kib and kib < _UNLIMITED_KIB:
            values[f"memory.{key}"] = kib
    if limits.disk_weight:
        values["disk.weight"] = limits.disk_weight
    for disk in found.disks:
        values |= {f"disk.{disk.target}.{name}": value for name, value in _of_disk(disk.iotune).items()}
    for nic in found.nics:
        for way, bandwidth in (("in", nic.inbound), ("out", nic.outbound)):
            for ending, field in _NIC.items():
                values[f"nic.{nic.mac}.{way}{ending}"] = getattr(bandwidth, field)
    return {key: value for key, value in values.items() if value and not _everywhere(key, value, cpus)}


def _of_disk(tune: IoTune) -> dict[str, int]:
    names = (f"{way}_{what}{more}" for way in _WAYS for what in ("bytes", "requests") for more in _MORE)
    return {name.replace("_", "-"): getattr(tune, name) for name in names if _is_said(tune, name)}


_MORE = ("", "_burst", "_burst_seconds")


def _is_said(tune: IoTune, name: str) -> bool:
    """libvirt gives each a burst of one second; without a burst that is nothing."""
    return not name.endswith("_seconds") or bool(getattr(tune, name.removesuffix("_seconds")))


def share(quota: int, period: int) -> float:
    """A quota as percent of one processor, as exact as one would write it."""
    return round(quota * 100 / period, 1)


def _period(limits: CpuLimits, key: str) -> int:
    return int(getattr(limits, _CPU[key.replace("quota", "period")]) or PERIOD)


def _everywhere(key: str, value: object, cpus: int) -> bool:
    """A pin on all processors is none."""
    return "pin" in key and cpus > 0 and len(cpu_set.parse(str(value))) >= cpus


# ---------------------------------------------------------------- what can be


def blocked(key: str, values: Mapping[str, Figure], found: Hardware, session: bool = False) -> Text | None:
    """Why this one cannot be set, here or beside the others; None: it can. What is set can always be taken away."""
    if values.get(key):
        return None
    if session and key != GIVEN and named(key)[0].system:
        return NO_GROUPS
    area, _, rest = key.partition(".")
    if key in ("cpu.io-quota", "cpu.io-period") and not found.limits.io_threads:
        return text("The machine has no I/O threads.")
    if key == GIVEN and found.memory.balloon == "none":
        return text("It has no balloon device to give memory back with.")
    device, _, name = rest.rpartition(".")
    if area == "disk" and device:
        return _blocked_on_disk(f"disk.{device}", name, values)
    if area == "nic":
        return _blocked_on_nic(device, name, values, found)
    return None


def _blocked_on_nic(mac: str, name: str, values: Mapping[str, Figure], found: Hardware) -> Text | None:
    if any(one.mac == mac and one.kind in _UNLIMITED_NICS for one in found.nics):
        return text("libvirt cannot limit a card that is joined like this.")
    if name.endswith(("-peak", "-burst")) and not values.get(f"nic.{mac}.{name.partition('-')[0]}"):
        return text("It goes beyond an average: limit that first.")
    return None


def _blocked_on_disk(start: str, name: str, values: Mapping[str, Figure]) -> Text | None:
    way, _, what = name.partition("-")
    others = ("read", "write") if way == "total" else ("total",)
    if any(values.get(f"{start}.{other}-{what}") for other in others):
        if way == "total":
            return text("Reading and writing are limited each by itself: take those limits away first.")
        return text("Reading and writing are limited together: take that limit away first.")
    base = name.removesuffix("-seconds") if name.endswith("-seconds") else name.removesuffix("-burst")
    if base != name and not values.get(f"{start}.{base}"):
        if name.endswith("-seconds"):
            return text("There is no burst that could last so long: set that first.")
        return text("It goes beyond a limit: set that first.")
    return None


# ---------------------------------------------------------------- changing


def change_of(key: str, value: Figure, most_kib: int | None = None) -> Change:
    """The wish for one figure; `most_kib`: what the machine is built with. Raises LimitError for an unknown key."""
    if key == GIVEN:
        return hardware.memory(int(value or 0), most_kib)
    return hardware.limit(setting(key, value))


def setting(key: str, value: Figure) -> Setting:
    limit, device = named(key)
    percent = limit.percent and value is not None
    if isinstance(value, float) and not percent:
        value = round(value)
    return Setting(limit, value, device, percent)


async def apply(ctx: Context, domain: Domain, known: Known, wishes: Mapping[str, Figure]) -> dict[str, Applied]:
    """Make them, as one job; what came of each by its key, {} if it failed (which the job has told)."""
    most = (known.stored or known.shown).memory.most_kib or None
    changes = {key: change_of(key, value, most) for key, value in wishes.items()}
    said = [str(one.what) for one in changes.values()]
    what = said[0] if len(said) == 1 else text("{n} limits", n=len(said))
    doing = text("{name}: {what}", name=domain.name, what=what)
    done: dict[str, Applied] = {}

    async def work(_report: Report) -> None:
        host = ctx.store.hosts.get(domain.key.host)
        uri = host.config.uri if host else ""
        shown = "\n".join(shlex.join(("virsh", "-c", uri, *line)) for line in virsh(domain, wishes))
        with ctx.trace.noting(domain.key, domain.name, doing, _call(next(iter(wishes))), shown):
            connection = ctx.sessions.of(domain.key).require()
            made = await hardware.apply(connection, domain.uuid, tuple(changes.values()))
            done.update(zip(changes, made))

    job: Job = await ctx.jobs.start(doing, work, (domain.key,), cancellable=False)
    return done if job.problem is None else {}


# ---------------------------------------------------------------- the same in a shell


def _call(key: str) -> str:
    area, _, rest = key.partition(".")
    if key == GIVEN:
        return "virDomainSetMemoryFlags"
    if area == "cpu":
        if "pin" in rest:
            kinds = {"pin": "virDomainPinVcpuFlags", "emulator-pin": "virDomainPinEmulator"}
            return kinds.get(rest.partition(".")[0], "virDomainPinIOThread")
        return "virDomainSetSchedulerParametersFlags"
    if key in ("memory.nodes", "memory.mode"):
        return "virDomainSetNumaParameters"
    if area == "memory":
        return "virDomainSetMemoryParameters"
    if area == "nic":
        return "virDomainSetInterfaceParameters"
    return "virDomainSetBlkioParameters" if key == "disk.weight" else "virDomainSetBlockIoTune"


def virsh(domain: Domain, wishes: Mapping[str, Figure]) -> Sequence[Sequence[str]]:
    """The lines for a terminal that do the same."""
    flags = [*(["--live"] if domain.active else []), *(["--config"] if domain.persistent else [])]
    lines = [_words(reference(domain), key, value) for key, value in wishes.items()]
    return [[*line, *(flags if line[0] != "edit" else ())] for line in lines]


_SCHEDULER = {
    "cpu.shares": "cpu_shares",
    "cpu.period": "vcpu_period",
    "cpu.quota": "vcpu_quota",
    "cpu.total-period": "global_period",
    "cpu.total-quota": "global_quota",
    "cpu.emulator-period": "emulator_period",
    "cpu.emulator-quota": "emulator_quota",
    "cpu.io-period": "iothread_period",
    "cpu.io-quota": "iothread_quota",
}
_MEMORY = {"memory.hard": "--hard-limit", "memory.soft": "--soft-limit", "memory.swap": "--swap-hard-limit"}


def _words(name: str, key: str, value: Figure) -> list[str]:
    area = key.partition(".")[0]
    limit, device = (None, "") if key == GIVEN else named(key)
    said = "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
    if limit is None:
        return ["setmem", name, said]
    if key in _SCHEDULER:
        if limit.percent:
            said = str(round(float(value) * PERIOD / 100)) if value else "-1"
        return ["schedinfo", name, f"{_SCHEDULER[key]}={said or (PERIOD if limit.unit is Unit.TIME else 1024)}"]
    if limit.path == "numatune/memory":
        option = "--nodeset" if limit.unit is Unit.CPUS else "--mode"
        return ["numatune", name, option, said] if said else ["edit", name]
    if limit.unit is Unit.CPUS and area == "cpu":
        verb = {"cpu.pin": "vcpupin", "cpu.emulator-pin": "emulatorpin", "cpu.io-pin": "iothreadpin"}[limit.name]
        return [verb, name, *([device] if device else []), said or "r"]
    if key in _MEMORY:
        return ["memtune", name, _MEMORY[key], said or "-1"]
    if key == "disk.weight":
        return ["blkiotune", name, "--weight", said or "500"]
    if limit.owner == "disk":
        option = limit.path.removeprefix("iotune/").replace("_", "-")
        return ["blkdeviotune", name, device, f"--{option}", said or "0"]
    way = "--inbound" if limit.path.startswith("bandwidth/inbound") else "--outbound"
    place = ("average", "peak", "burst").index(limit.path.rpartition("/")[2])
    return ["domiftune", name, device, way, "," * place + (said or "0")]
