"""Limits of a running machine, set while it runs."""

import libvirt

from vmdesk.model import cpu_set
from vmdesk.model.hardware import Hardware
from vmdesk.model.limits import Limit, Setting
from vmdesk.model.text import Text, text
from vmdesk.virt import errors
from vmdesk.virtxml import hardware
from vmdesk.virtxml.edit import Definition, ranges
from vmdesk.virtxml.edit import limits as edits

_LIVE = libvirt.VIR_DOMAIN_AFFECT_LIVE
_UNLIMITED = 9_007_199_254_740_991  # KiB: VIR_DOMAIN_MEMORY_PARAM_UNLIMITED
NOT_LIVE = "not-live"  # the problem's name where a change cannot be made while the machine runs
_SCHEDULER = {
    "shares": "cpu_shares",
    "period": "vcpu_period",
    "quota": "vcpu_quota",
    "global_period": "global_period",
    "global_quota": "global_quota",
    "emulator_period": "emulator_period",
    "emulator_quota": "emulator_quota",
    "iothread_period": "iothread_period",
    "iothread_quota": "iothread_quota",
}
_MEMORY = {"hard_limit": "hard_limit", "soft_limit": "soft_limit", "swap_hard_limit": "swap_hard_limit"}
_DOING = text("Changing a limit")


def why_not_live(limit: Limit, value: object) -> Text | None:
    """Why such a change waits for the next start, as far as that is known before."""
    if limit.name == "memory.mode":
        return text("Which way memory is spread over nodes is chosen at the start.")
    if limit.name == "cpu.shares" and value is None:
        return text("What the host gives without shares is chosen at the start.")
    return None


def set_live(domain: "libvirt.virDomain", xml: str, setting: Setting) -> None:
    """Set one limit; `xml` is the running definition. Raises libvirtError, EditError, VirtError."""
    after = edits.limit(xml, setting)
    limit = setting.limit
    if why := why_not_live(limit, setting.value):
        raise errors.refused(_DOING, why, name=NOT_LIVE)
    found = hardware.parse(after)
    if limit.path == "memtune/hard_limit":
        why = ranges.too_tight(found.memory.given_kib, found.limits.memory.hard or 0)
        if why is not None:
            raise errors.refused(_DOING, why, name="range")
    match limit.owner:
        case "disk":
            _disk(domain, found, setting.device)
        case "nic":
            _nic(domain, found, setting.device)
        case "vcpu":
            domain.pinVcpuFlags(int(setting.device), _cpus(domain, setting), _LIVE)
        case "iothread":
            domain.pinIOThread(int(setting.device), _cpus(domain, setting), _LIVE)
        case _:
            _machine(domain, after, setting)


def _machine(domain: "libvirt.virDomain", after: str, setting: Setting) -> None:
    section, _, name = setting.limit.path.partition("/")
    value = edits.resolved(Definition(after).domain, setting) if isinstance(setting.value, int | float) else None
    if section == "cputune" and name in _SCHEDULER:
        none = edits.PERIOD if name.endswith("period") else -1
        domain.setSchedulerParametersFlags({_SCHEDULER[name]: none if value is None else value}, _LIVE)
    elif name == "emulatorpin":
        domain.pinEmulator(_cpus(domain, setting), _LIVE)
    elif section == "memtune":
        domain.setMemoryParameters({_MEMORY[name]: _UNLIMITED if value is None else value}, _LIVE)
    elif section == "blkiotune":
        domain.setBlkioParameters({"weight": 500 if value is None else value}, _LIVE)
    elif section == "numatune":
        if hardware.parse(after).limits.numa_mode not in ("strict", "restrictive"):
            why = text("Only with the mode strict can the nodes be changed while the machine runs.")
            raise errors.refused(_DOING, why, name=NOT_LIVE)
        nodes = str(setting.value or f"0-{domain.connect().getInfo()[4] - 1}")
        domain.setNumaParameters({"numa_nodeset": nodes}, _LIVE)
    else:
        _io_threads(domain, value or 0)


def _disk(domain: "libvirt.virDomain", found: Hardware, word: str) -> None:
    disk = next(one for one in found.disks if word in (one.target, one.key, one.alias))
    # All of them: what is not given of a group is taken away by libvirt.
    values = {theirs: int(getattr(disk.iotune, ours)) for theirs, ours in hardware.IOTUNE.items()}
    values = {name: value for name, value in values.items() if value or not name.endswith("_length")}
    if domain.connect().getType() == "TEST" and any(values.values()):
        # WORKAROUND libvirt 9.0: its test driver takes a limit only if there is a burst above it.
        why = text("This kind of host cannot do that while a machine runs.")
        raise errors.refused(_DOING, why, name=NOT_LIVE)
    domain.setBlockIoTune(disk.target, values, _LIVE)


def _nic(domain: "libvirt.virDomain", found: Hardware, word: str) -> None:
    nic = next(one for one in found.nics if word in (one.key, one.alias, one.target) or word.lower() == one.mac)
    values = {
        f"{way}.{name}": getattr(bandwidth, name)
        for way, bandwidth in (("inbound", nic.inbound), ("outbound", nic.outbound))
        for name in ("average", "peak", "burst")
    }
    domain.setInterfaceParameters(nic.mac, values, _LIVE)


def _io_threads(domain: "libvirt.virDomain", wanted: int) -> None:
    ids = sorted(int(one[0]) for one in domain.ioThreadInfo(_LIVE))
    for number in ids[wanted:][::-1]:
        domain.delIOThread(number, _LIVE)
    fresh = (number for number in range(1, wanted + len(ids) + 1) if number not in ids)
    for _ in range(wanted - len(ids)):
        domain.addIOThread(next(fresh), _LIVE)


def _cpus(domain: "libvirt.virDomain", setting: Setting) -> tuple[bool, ...]:
    """A list of numbers as one switch for each of the host's processors; None: all of them."""
    count = int(domain.connect().getInfo()[2])
    if setting.value is None:
        return (True,) * count
    chosen = cpu_set.parse(str(setting.value))
    if not chosen or max(chosen) >= count:
        raise errors.refused(_DOING, text("The host has processors 0 to {n} only.", n=count - 1), name="range")
    return tuple(number in chosen for number in range(count))
