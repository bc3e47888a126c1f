"""Statistics of machines and of the host, on the stats wire, each call with a watchdog.

A call that asks a machine's monitor may never return (its hypervisor process hangs): after `WATCHDOG` seconds it
is left behind, counted in Connection.outstanding until it is back.
"""

import asyncio
import functools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import libvirt

from vmdesk.model.domain import Definition, State
from vmdesk.model.errors import VirtError
from vmdesk.model.host import Feature
from vmdesk.model.stats import DiskCounters, DomainCounters, HostCounters, NicCounters
from vmdesk.model.text import text
from vmdesk.virt import acting, errors, listing, words
from vmdesk.virt.connection import Connection
from vmdesk.virt.wire import Wire

T = TypeVar("T")
WATCHDOG = 2.0
_AGAIN = 0.1  # seconds until a machine whose monitor was just occupied is asked again
_CHUNK = 50  # machines a call where each is asked by itself
_REST = 0.006  # seconds between two such calls: a worker that goes on and on takes every other thread's turns

_GROUPS = (
    libvirt.VIR_DOMAIN_STATS_STATE
    | libvirt.VIR_DOMAIN_STATS_CPU_TOTAL
    | libvirt.VIR_DOMAIN_STATS_BALLOON
    | libvirt.VIR_DOMAIN_STATS_VCPU
    | libvirt.VIR_DOMAIN_STATS_INTERFACE
    | libvirt.VIR_DOMAIN_STATS_BLOCK
)
# Machines whose monitor another job holds give what they can without it, instead of 30 s of waiting.
_FLAGS = libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT


async def bulk(connection: Connection, uuids: Sequence[str]) -> dict[str, DomainCounters]:
    """The counters of these machines by one call. Those that are off or gone are left out.

    Raises VirtError "timeout" after 2 s.
    """
    doing = text("Reading statistics")
    wire = connection.stats
    if _has_bulk(connection):
        try:
            return await wire.call(lambda conn: _bulk(connection, wire, conn, uuids), doing, WATCHDOG)
        except VirtError as error:
            if error.problem.name != "no-support":
                raise
            connection.lacks(Feature.BULK_STATS)
    found: dict[str, DomainCounters] = {}
    for first in range(0, len(uuids), _CHUNK):
        if first:
            await asyncio.sleep(_REST)
        ask = functools.partial(_each, connection, wire, uuids=uuids[first : first + _CHUNK])
        found |= await wire.call(ask, doing, WATCHDOG)
    return found


async def single(connection: Connection, uuid: str) -> DomainCounters:
    """The counters of one machine, asked alone.

    Raises VirtError "timeout" after 2 s, or at once if a call on it (ours or another's) has waited that long already;
    "busy" if libvirt is at work on it; "gone" if it is off.
    """
    doing = text("Reading statistics of {name}", name=acting.name(connection, uuid))
    wire = connection.stats

    def ask(domain: "libvirt.virDomain") -> tuple[DomainCounters | None, str]:
        read = _bulk if _has_bulk(connection) else _each
        until = time.monotonic() + WATCHDOG - 2 * _AGAIN
        while True:
            found = read(connection, wire, domain.connect(), (uuid,)).get(uuid)
            if found is None or found.busy != "call" or time.monotonic() > until:
                return found, words.job(words.state(*domain.state())[1]) if found and found.busy == "job" else ""
            time.sleep(_AGAIN)

    found, job = await acting.ask_monitor(connection, uuid, ask, doing, WATCHDOG)
    if found is None:
        raise errors.refused(doing, text("The machine is off."), None, "gone")
    if found.busy == "hung":
        raise errors.timeout(doing, WATCHDOG)
    if found.busy == "job":
        raise errors.refused(
            doing, text("Something else is at work on the machine: {holder}.", holder=job), None, "busy"
        )
    return found


async def states(connection: Connection) -> dict[str, tuple[State, str]]:
    """State and reason of all machines, without asking any monitor. Raises VirtError "timeout" after 2 s."""

    def ask(conn: "libvirt.virConnect") -> dict[str, tuple[State, str]]:
        return listing.all_states(conn) or listing.each_state(conn)

    return await connection.stats.call(ask, text("Reading states"), WATCHDOG)


async def host(connection: Connection) -> HostCounters:
    """CPU time and memory of the host; -1 where its driver does not tell. Raises VirtError "timeout" after 2 s."""
    return await connection.stats.call(lambda conn: _host(connection, conn), text("Reading host statistics"), WATCHDOG)


def _has_bulk(connection: Connection) -> bool:
    """Libvirt's test driver has the call, but it tells the state only."""
    return connection.capabilities.can(Feature.BULK_STATS) and connection.capabilities.driver.upper() != "TEST"


def _bulk(
    connection: Connection, wire: Wire, conn: "libvirt.virConnect", uuids: Sequence[str]
) -> dict[str, DomainCounters]:
    domains = _look_up(wire, conn, uuids)
    if not domains:
        return {}
    records = conn.domainListGetStats(domains, _GROUPS, _FLAGS)
    now = time.monotonic()
    monitored = connection.capabilities.driver.upper() == "QEMU"
    found: dict[str, DomainCounters] = {}
    for domain, values in records:
        if words.state(values.get("state.state", 0), 0)[0].active:
            # Without NOWAIT's job, what comes from the monitor is missing.
            busy = _occupied(domain) if monitored and "balloon.rss" not in values else ""
            found[domain.UUIDString()] = counters(values, now, busy)
    return found


def _occupied(domain: "libvirt.virDomain") -> str:
    """Who has the machine's monitor, see DomainCounters.busy. Asks libvirtd only, never the monitor."""
    try:
        state, _details, milliseconds = domain.controlInfo(0)
    except libvirt.libvirtError as error:
        listing.only_gone(error)
        return "call"
    if state == libvirt.VIR_DOMAIN_CONTROL_JOB:
        return "job"
    if state == libvirt.VIR_DOMAIN_CONTROL_OCCUPIED:
        return "hung" if milliseconds >= WATCHDOG * 1000 else "call"
    return "hung" if state == libvirt.VIR_DOMAIN_CONTROL_ERROR else "call"


def _look_up(wire: Wire, conn: "libvirt.virConnect", uuids: Sequence[str]) -> list["libvirt.virDomain"]:
    """Objects for the UUIDs, without those that are gone. One listing when several are new."""
    unknown = [uuid for uuid in uuids if uuid not in wire.remembered]
    if len(unknown) > 1:
        wire.remember(conn.listAllDomains(0))
    found = []
    for uuid in uuids:
        try:
            found.append(wire.domain(conn, uuid))
        except libvirt.libvirtError as error:
            listing.only_gone(error)
    return found


def counters(values: Mapping[str, Any], now: float, busy: str = "") -> DomainCounters:
    """One record of virDomainListGetStats."""
    vcpus = [n for n in range(values.get("vcpu.maximum", 0)) if f"vcpu.{n}.time" in values]
    vcpu_ns = tuple(values[f"vcpu.{n}.time"] for n in vcpus)
    available = values.get("balloon.available", -1)
    # What the guest could still use counts as not used; older balloon drivers only tell what lies idle.
    spare = values.get("balloon.usable", values.get("balloon.unused", -1))
    return DomainCounters(
        time=now,
        vcpus=values.get("vcpu.current") or len(vcpus) or 1,
        # Without cgroups (session hosts) libvirt 9 has no total.
        cpu_ns=values.get("cpu.time", sum(vcpu_ns) if vcpu_ns else -1),
        vcpu_ns=vcpu_ns,
        wait_ns=_waited(values, vcpus),
        given_kib=values.get("balloon.current", -1),
        used_kib=max(0, available - spare) if available >= 0 and spare >= 0 else -1,
        rss_kib=values.get("balloon.rss", -1),
        disks=tuple(_disk(values, n) for n in range(values.get("block.count", 0))),
        nics=tuple(_nic(values, n) for n in range(values.get("net.count", 0))),
        busy=busy,
        swap_in_kib=values.get("balloon.swap_in", -1),
        swap_out_kib=values.get("balloon.swap_out", -1),
        major_faults=values.get("balloon.major_fault", -1),
    )


def _waited(values: Mapping[str, Any], vcpus: Sequence[int]) -> int:
    for name in ("wait", "delay"):
        found = [values[f"vcpu.{n}.{name}"] for n in vcpus if f"vcpu.{n}.{name}" in values]
        if any(found):
            return sum(found)
    return 0 if any(f"vcpu.{n}.{name}" in values for n in vcpus for name in ("wait", "delay")) else -1


def _disk(values: Mapping[str, Any], n: int) -> DiskCounters:
    return DiskCounters(
        values.get(f"block.{n}.name", str(n)),
        *(values.get(f"block.{n}.{part}", 0) for part in ("rd.bytes", "wr.bytes", "rd.reqs", "wr.reqs")),
        *(values.get(f"block.{n}.{part}", 0) for part in ("rd.times", "wr.times")),
    )


def _nic(values: Mapping[str, Any], n: int) -> NicCounters:
    return NicCounters(
        values.get(f"net.{n}.name", str(n)),
        *(values.get(f"net.{n}.{part}", 0) for part in ("rx.bytes", "tx.bytes", "rx.pkts", "tx.pkts")),
        *(values.get(f"net.{n}.{part}", 0) for part in ("rx.drop", "tx.drop")),
    )


def _each(
    connection: Connection, wire: Wire, conn: "libvirt.virConnect", uuids: Sequence[str]
) -> dict[str, DomainCounters]:
    """For drivers without bulk statistics: machine by machine, call by call."""
    found: dict[str, DomainCounters] = {}
    for domain in _look_up(wire, conn, uuids):
        uuid = domain.UUIDString()
        try:
            if domain.isActive():
                found[uuid] = one = _ask_one(domain, listing.definition(connection, domain))
                if connection.capabilities.driver == "TEST" and domain.state()[0] == libvirt.VIR_DOMAIN_PAUSED:
                    # The test driver makes its figures of the clock: a paused machine would go on working.
                    found[uuid] = replace(one, cpu_ns=-1, vcpu_ns=(), disks=(), nics=())
        except libvirt.libvirtError as error:
            listing.only_gone(error)
    return found


def _ask_one(domain: "libvirt.virDomain", definition: Definition) -> DomainCounters:
    now = time.monotonic()
    _state, _maximum, given, vcpus, cpu_ns = domain.info()
    memory: dict[str, int] = _try(domain.memoryStats, {})
    available, spare = memory.get("available", -1), memory.get("usable", memory.get("unused", -1))
    running: list[tuple[int, int, int, int]] = _try(lambda: domain.vcpus()[0], [])  # number, state, time, CPU
    return DomainCounters(
        time=now,
        vcpus=vcpus or 1,
        cpu_ns=cpu_ns,
        vcpu_ns=tuple(vcpu[2] for vcpu in running),
        given_kib=given,
        used_kib=max(0, available - spare) if available >= 0 and spare >= 0 else -1,
        rss_kib=memory.get("rss", -1),
        disks=tuple(_each_disk(domain, disk.target) for disk in definition.disks if disk.device != "cdrom"),
        nics=tuple(_each_nic(domain, nic.target or nic.mac) for nic in definition.nics),
        swap_in_kib=memory.get("swap_in", -1),
        swap_out_kib=memory.get("swap_out", -1),
        major_faults=memory.get("major_fault", -1),
    )


def _each_disk(domain: "libvirt.virDomain", target: str) -> DiskCounters:
    # requests read, bytes read, requests written, bytes written, errors; -1 for what the driver does not tell
    reads, read, writes, written, _errors = (max(0, n) for n in _try(lambda: domain.blockStats(target), (0,) * 5))
    return DiskCounters(target, read, written, reads, writes)


def _each_nic(domain: "libvirt.virDomain", device: str) -> NicCounters:
    # received: bytes, packets, errors, drops; then the same sent
    values = [max(0, n) for n in _try(lambda: domain.interfaceStats(device), (0,) * 8)]
    return NicCounters(device, values[0], values[4], values[1], values[5], values[3], values[7])


def _try(call: Callable[[], T], otherwise: T) -> T:
    """What the driver does not tell is not an error; that the machine is gone is one."""
    try:
        return call()
    except libvirt.libvirtError as error:
        if error.get_error_code() in (libvirt.VIR_ERR_NO_DOMAIN, libvirt.VIR_ERR_RPC):
            raise
        return otherwise


def _host(connection: Connection, conn: "libvirt.virConnect") -> HostCounters:
    cpu: Mapping[str, int] = {}
    memory: Mapping[str, int] = {}
    can = connection.capabilities.can
    if can(Feature.HOST_CPU):
        cpu = _learn(connection, Feature.HOST_CPU, lambda: conn.getCPUStats(libvirt.VIR_NODE_CPU_STATS_ALL_CPUS))
    if can(Feature.HOST_MEMORY):
        ask = functools.partial(conn.getMemoryStats, libvirt.VIR_NODE_MEMORY_STATS_ALL_CELLS)
        memory = _learn(connection, Feature.HOST_MEMORY, ask)
    info: list[Any] = _try(conn.getInfo, ["", 0, 1])
    free = memory.get("free", -1)
    return HostCounters(
        time=time.monotonic(),
        cpus=info[2] or 1,
        user_ns=cpu.get("user", -1),
        system_ns=cpu.get("kernel", -1),
        idle_ns=cpu.get("idle", -1),
        iowait_ns=cpu.get("iowait", -1),
        memory_total_kib=memory.get("total", info[1] * 1024 or -1),
        # What caches hold is given back when needed.
        memory_free_kib=free + memory.get("buffers", 0) + memory.get("cached", 0) if free >= 0 else -1,
    )


def _learn(connection: Connection, feature: Feature, call: Callable[[], Mapping[str, int]]) -> Mapping[str, int]:
    try:
        return call()
    except libvirt.libvirtError as error:
        if error.get_error_code() != libvirt.VIR_ERR_NO_SUPPORT:
            raise
        connection.lacks(feature)
        return {}
