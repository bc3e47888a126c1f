"""What new machines of a host may have. What does not change is asked once a connection."""

import asyncio
import re
import secrets
import shutil
from collections.abc import Awaitable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import libvirt

from vmdesk.model.abilities import HostAbilities, MachineAbilities, Processor
from vmdesk.model.errors import VirtError
from vmdesk.model.facts import DomainAbilities
from vmdesk.model.text import text
from vmdesk.virt.connection import Connection
from vmdesk.virt.kvm import prove_kvm
from vmdesk.virt.networks import interfaces, networks
from vmdesk.virt.pools import first_room, is_session, pools, preferred
from vmdesk.virt.things import leniently
from vmdesk.virtxml import abilities as abilities_xml
from vmdesk.virtxml import capabilities

T = TypeVar("T")
_MEMINFO = Path("/proc/meminfo")
_PASST_SINCE = (9, 0, 0)
_PASST = """<domain type='{kind}'><name>vmdesk-passt-{ending}</name><memory unit='MiB'>16</memory>
<os><type arch='{arch}'>hvm</type></os>
<devices><interface type='user'><backend type='passt'/><model type='virtio'/></interface></devices></domain>"""
_ABSENT = ("no-support", "no-driver")  # the host has no storage or networks of libvirt's


async def host_abilities(connection: Connection) -> HostAbilities:
    """All of one host: what it is, and its pools, networks, interfaces and free memory as they are now.

    The first call tries KVM by a start and passt by a definition, and may take seconds: libvirt asks each QEMU.
    On a read-only connection neither is tried.
    """
    known: HostAbilities | None = connection.known.get(HostAbilities)
    if known is None:
        proof = await prove_kvm(connection)
        doing = text("Asking what the host can do")
        lasting = await connection.long.call(lambda conn: _lasting(connection, conn), doing)
        known = connection.known[HostAbilities] = replace(lasting, kvm_works=proof.works)
    found_pools, found_networks, found_interfaces, free = await asyncio.gather(
        _or_none(pools(connection)),
        _or_none(networks(connection)),
        _or_none(interfaces(connection)),
        connection.long.call(lambda conn: _free_memory(connection, conn), text("Reading the host's memory")),
    )
    room = 0
    if preferred(found_pools) is None:
        doing = text("Looking for a place for disks")
        room = await connection.long.call(lambda conn: first_room(connection, conn), doing)
    return replace(
        known,
        room=room,
        free_memory=min(free, known.memory) if known.memory else free,
        pools=tuple(found_pools),
        networks=tuple(found_networks),
        interfaces=tuple(found_interfaces),
    )


async def machine_abilities(connection: Connection, kind: str, arch: str, machine: str = "") -> MachineAbilities:
    """What a machine run by `kind` (kvm, qemu, ...) may have there; machine "": libvirt's default of that processor.

    A driver that does not tell (LXC, the test driver before 9.8) leaves all empty: nothing is known, nothing refused.
    """
    key = MachineAbilities, kind, arch, machine
    known: MachineAbilities | None = connection.known.get(key)
    if known is None:
        doing = text("Asking what machines of {arch} can have", arch=arch)
        known = await connection.long.call(lambda conn: _of_machine(conn, kind, arch, machine), doing)
        connection.known[key] = known
    return known


async def _or_none(listing: Awaitable[list[T]]) -> list[T]:
    """[] where the host has no such thing at all."""
    try:
        return await listing
    except VirtError as error:
        if error.problem.name not in _ABSENT:
            raise
        return []


def _lasting(connection: Connection, conn: "libvirt.virConnect") -> HostAbilities:
    record = connection.capabilities
    xml = ""
    described, processors = capabilities.HostCapabilities(), tuple[Processor, ...]()
    with leniently():
        xml = str(conn.getCapabilities())
        described, processors = capabilities.parse(xml), abilities_xml.processors(xml)
    cpus = memory = 0
    native = described.arch
    with leniently():
        arch, mebibytes, cpus, *_rest = conn.getInfo()
        native, memory = native or arch, mebibytes * 1024**2
    return HostAbilities(
        driver=record.driver,
        native=native,
        libvirt_version=record.libvirt_version,
        hypervisor_version=record.hypervisor_version,
        processors=processors,
        cpus=cpus,
        memory=memory,
        passt=_passt(connection, conn, native, processors),
        session=is_session(connection),
        local=connection.local,
    )


def _of_machine(conn: "libvirt.virConnect", kind: str, arch: str, machine: str) -> MachineAbilities:
    with leniently():
        return abilities_xml.machine(conn.getDomainCapabilities(None, arch, machine or None, kind, 0))
    return MachineAbilities(arch, kind, machine, DomainAbilities(kind=kind, machine=machine))


def _free_memory(connection: Connection, conn: "libvirt.virConnect") -> int:
    """Bytes that a new machine can have: what caches hold counts as free, as the kernel gives it up."""
    if connection.local and connection.capabilities.driver != "TEST":
        try:
            if found := re.search(r"^MemAvailable:\s+(\d+) kB", _MEMINFO.read_text(), re.MULTILINE):
                return int(found.group(1)) * 1024
        except OSError:
            pass
    with leniently():
        told = conn.getMemoryStats(libvirt.VIR_NODE_MEMORY_STATS_ALL_CELLS, 0)
        if sum_of := sum(told.get(part, 0) for part in ("free", "buffers", "cached")):
            return int(sum_of) * 1024
    with leniently():
        return int(conn.getFreeMemory())
    return 0


def _passt(connection: Connection, conn: "libvirt.virConnect", native: str, processors: tuple[Processor, ...]) -> bool:
    """Whether a user-mode card may have passt behind it: told by newer libvirt, else tried by defining one."""
    own = next((one for one in processors if one.arch == native and one.os_type == "hvm"), None)
    record = connection.capabilities
    if own is None or not own.kinds or record.driver.upper() != "QEMU" or record.libvirt_version < _PASST_SINCE:
        return False
    if connection.local and shutil.which("passt", path="/usr/bin:/usr/local/bin:/bin") is None:
        return False  # libvirt would notice at the start only
    kind = own.kinds[0]
    with leniently():
        told = abilities_xml.passt(conn.getDomainCapabilities(None, own.arch, None, kind, 0))
        if told is not None:
            return told
    if connection.readonly:
        return False
    with leniently():
        xml = _PASST.format(kind=kind, arch=own.arch, ending=secrets.token_hex(6))
        conn.defineXMLFlags(xml, libvirt.VIR_DOMAIN_DEFINE_VALIDATE).undefine()
        return True
    return False
