"""What a host is made of, from libvirt; on this computer also from the kernel, where libvirt does not say."""

import contextlib
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import libvirt

from vmdesk.model.facts import HostFacts, Ksm
from vmdesk.model.host import Feature
from vmdesk.model.text import text
from vmdesk.virt.connection import Connection
from vmdesk.virt.kvm import prove_kvm
from vmdesk.virtxml import capabilities
from vmdesk.virtxml.capabilities import NESTING, HostCapabilities
from vmdesk.virtxml.document import XmlError, root

__all__ = ["facts", "prove_kvm"]

T = TypeVar("T")
_CPUINFO = Path("/proc/cpuinfo")
_NESTED = ("/sys/module/kvm_intel/parameters/nested", "/sys/module/kvm_amd/parameters/nested")
# Where the test driver tells of nothing real.
_MADE_UP = ("TEST",)


async def facts(connection: Connection) -> HostFacts:
    """Everything that the host page shows. What is not told is None."""
    return await connection.long.call(lambda conn: _facts(connection, conn), text("Reading the facts of the host"))


async def memory_kib(connection: Connection) -> int:
    """All that the host has, in KiB."""
    return await connection.long.call(lambda conn: int(conn.getInfo()[1]) << 10, text("Reading the facts of the host"))


def _facts(connection: Connection, conn: "libvirt.virConnect") -> HostFacts:
    record = connection.capabilities
    described = _parsed(_try(conn.getCapabilities), capabilities.parse) or HostCapabilities()
    info: list[Any] | None = _try(conn.getInfo)
    abilities = _parsed(_try(lambda: conn.getDomainCapabilities(None, None, None, None, 0)), capabilities.parse_domain)
    memory: Mapping[str, int] = {}
    if record.can(Feature.HOST_MEMORY):
        memory = _try(lambda: conn.getMemoryStats(libvirt.VIR_NODE_MEMORY_STATS_ALL_CELLS, 0)) or {}
    cells = tuple(capabilities.with_free(described.cells, *_free(conn, described)))
    found = HostFacts(
        uri=_try(conn.getURI) or connection.uri,
        hostname=record.hostname,
        driver=record.driver,
        libvirt_version=_version(record.libvirt_version),
        hypervisor_version=_version(record.hypervisor_version),
        arch=described.arch or (info[0] if info else ""),
        cpu_model=described.cpu_model,
        cpu_vendor=described.cpu_vendor,
        cells=cells,
        ksm=_ksm(connection, conn, described),
        security=described.security,
        virtualization=_virtualization(conn, described),
        kvm=any("kvm" in guest.kinds for guest in described.guests) if described.guests else None,
        nested=abilities.nested if abilities else None,
        iommu=described.iommu,
        guests=described.guests,
        abilities=abilities,
        memory_kib=memory.get("total"),
        memory_free_kib=memory.get("free"),
    )
    if info:
        _arch, megabytes, cpus, mhz, nodes, sockets, cores, threads = info
        found = replace(
            found,
            cpus=cpus,
            mhz=mhz or None,
            # libvirt counts sockets per NUMA cell.
            sockets=sockets * max(1, nodes),
            cores=cores,
            threads=threads,
            memory_kib=found.memory_kib or megabytes * 1024 or None,
        )
    if connection.local and record.driver.upper() not in _MADE_UP:
        found = _from_kernel(found)
    return found


def _try(call: Callable[[], T]) -> T | None:
    """What a driver does not tell is None; so is what it tells wrongly."""
    try:
        return call()
    except libvirt.libvirtError as error:
        if error.get_error_domain() == libvirt.VIR_FROM_RPC:
            raise  # the connection is gone, which is no fact about the host
        return None


def _parsed(xml: str | None, parse: Callable[[str], T]) -> T | None:
    try:
        return parse(xml) if xml else None
    except XmlError:
        return None


def _version(version: tuple[int, int, int]) -> tuple[int, int, int] | None:
    return version if any(version) else None


def _free(conn: "libvirt.virConnect", described: HostCapabilities) -> tuple[dict[int, int], dict[int, dict[int, int]]]:
    """Free KiB by cell, and free pages by cell and size."""
    if not described.cells:
        return {}, {}
    ids = [cell.id for cell in described.cells]
    sizes = sorted({page.size_kib for cell in described.cells for page in cell.pages})
    count = max(ids) - min(ids) + 1
    free: list[int] = _try(lambda: conn.getCellsFreeMemory(min(ids), count)) or []
    pages: dict[int, dict[int, int]] = (_try(lambda: conn.getFreePages(sizes, min(ids), count)) or {}) if sizes else {}
    return {min(ids) + n: amount // 1024 for n, amount in enumerate(free)}, pages


def _ksm(connection: Connection, conn: "libvirt.virConnect", described: HostCapabilities) -> Ksm | None:
    if not connection.capabilities.can(Feature.KSM):
        return None
    values: dict[str, int] = _try(lambda: conn.getMemoryParameters(0)) or {}
    if not values:
        return None
    sizes = [page.size_kib for cell in described.cells for page in cell.pages]
    return Ksm(
        page_kib=min(sizes, default=4),
        shared=values.get("shm_pages_shared"),
        sharing=values.get("shm_pages_sharing"),
        unshared=values.get("shm_pages_unshared"),
        volatile=values.get("shm_pages_volatile"),
        full_scans=values.get("shm_full_scans"),
    )


def _virtualization(conn: "libvirt.virConnect", described: HostCapabilities) -> str | None:
    """vmx or svm, from the host's CPU with its model spelled out into features; None if it is not described."""
    if not described.cpu:
        return None
    names = set(described.features)
    expanded = _try(lambda: conn.baselineCPU([described.cpu], libvirt.VIR_CONNECT_BASELINE_CPU_EXPAND_FEATURES))
    if expanded is not None:
        with contextlib.suppress(XmlError):
            names.update(capabilities.features(root(expanded)))
    elif not names & set(NESTING):
        return None  # the model may hide it
    return next((name for name in NESTING if name in names), "")


def _from_kernel(found: HostFacts) -> HostFacts:
    """What this computer's kernel knows better: the processor's name and flags, nested virtualization."""
    with contextlib.suppress(OSError):
        words = _CPUINFO.read_text(errors="replace")
        if name := re.search(r"^model name\s*:\s*(.+)$", words, re.MULTILINE):
            found = replace(found, cpu_name=name.group(1).strip())
        if flags := re.search(r"^flags\s*:\s*(.+)$", words, re.MULTILINE):
            present = set(flags.group(1).split())
            found = replace(found, virtualization=next((flag for flag in NESTING if flag in present), ""))
    for path in _NESTED:
        with contextlib.suppress(OSError):
            found = replace(found, nested=Path(path).read_text().strip() in ("1", "Y"))
    return found
