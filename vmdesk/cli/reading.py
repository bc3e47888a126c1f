"""The verbs that only look."""

import argparse
import asyncio
from dataclasses import asdict, replace
from math import isnan
from typing import Any

from vmdesk.cli import asking, later
from vmdesk.cli.arguments import Usage
from vmdesk.cli.output import emit, emit_json, say
from vmdesk.cli.session import Session
from vmdesk.core import filter as filters
from vmdesk.core import plain, units, words
from vmdesk.model.domain import Domain
from vmdesk.model.facts import HostFacts
from vmdesk.model.host import HostConfig
from vmdesk.model.stats import Figures
from vmdesk.model.text import tr, trn
from vmdesk.virt import domains, facts

DONE = 0


def record(domain: Domain, uri: str, responding: bool = True) -> dict[str, Any]:
    """A machine as `list --json` gives it."""
    definition = domain.definition
    return {
        "name": domain.name,
        "uuid": domain.uuid,
        "state": domain.state.value,
        "reason": domain.reason,
        "responding": responding,
        "vcpus": definition.vcpus,
        "memory_kib": definition.memory_kib,
        "max_memory_kib": definition.max_memory_kib,
        "autostart": domain.autostart,
        "persistent": domain.persistent,
        "title": domain.labels.title,
        "tags": list(domain.labels.tags),
        "host": uri,
    }


async def list_machines(session: Session, options: argparse.Namespace) -> int:
    wanted_ones: filters.Filter = options.filter
    await session.read()
    if wanted_ones.uses_figures:
        readings, answers = await asking.figures(session, session.machines())
    elif options.names:
        readings, answers = {}, asking.Answers()
    else:
        readings, answers = {}, await asking.health(session, session.machines())
    machines = [answers.told(one) for one in session.machines() if bool(one.definition.trashed) == options.trash]
    machines = [one for one in machines if wanted_ones(one, session.host(one), readings.get(one.key))]
    if session.shared.json:
        emit_json([record(one, session.uri(one), one.responding) for one in machines])
        return DONE
    if options.names:
        for one in machines:
            emit(plain.clean(one.name))
        return DONE
    titles = [
        tr("Name"),
        tr("State"),
        tr("vCPUs"),
        tr("Memory"),
        tr("Tags"),
        *([tr("Host")] if session.several else []),
    ]
    rows = [
        (
            one.name,
            words.state_text(one),
            str(one.definition.vcpus),
            units.kib(one.definition.memory_kib),
            ", ".join(one.labels.tags),
            *([session.host(one).config.name] if session.several else []),
        )
        for one in machines
    ]
    for line in plain.table(titles, rows, frozenset((2, 3))):
        emit(line)
    return DONE


def check_filter(options: argparse.Namespace) -> None:
    """The words of the filter become a filter; Usage if it makes no sense."""
    source = " ".join(options.filter)
    try:
        options.filter = filters.parse(source)
    except filters.FilterError as error:
        raise Usage(f"{error.message}\n  {source}\n  {' ' * plain.width(source[: error.position])}^") from error


async def show(session: Session, options: argparse.Namespace) -> int:
    await session.read()
    machines = session.find(options.names)
    answers = await asking.health(session, machines)
    machines = [answers.told(one) for one in machines]
    machines = [
        replace(one, addresses=await domains.addresses(session.links.open[one.key.host], one.uuid))
        if one.active and one.responding and not one.busy
        else one
        for one in machines
    ]
    if session.shared.json:
        emit_json([_full_record(one, session.uri(one)) for one in machines])
        return DONE
    for number, one in enumerate(machines):
        if number:
            emit("")
        for line in plain.pairs(_facts_of(one, session.uri(one))):
            emit(line)
    return DONE


def _full_record(domain: Domain, uri: str) -> dict[str, Any]:
    definition = domain.definition
    return record(domain, uri, domain.responding) | {
        "description": domain.labels.description,
        "notes": domain.labels.notes,
        "group": domain.labels.group,
        "managed_save": domain.managed_save,
        "started": domain.started or None,
        "addresses": list(domain.addresses),
        "os": definition.os_name or definition.os_id,
        "type": definition.kind,
        "arch": definition.arch,
        "machine": definition.machine,
        "firmware": definition.firmware,
        "disks": [
            {"target": disk.target, "device": disk.device, "source": disk.source, "format": disk.format}
            for disk in definition.disks
        ],
        "networks": [
            {"mac": nic.mac, "type": nic.kind, "source": nic.source, "model": nic.model} for nic in definition.nics
        ],
    }


def _facts_of(domain: Domain, uri: str) -> list[tuple[str, str]]:
    definition, labels = domain.definition, domain.labels
    yes, no = tr("yes"), tr("no")
    found = [
        (tr("Name"), domain.name),
        (tr("UUID"), domain.uuid),
        (tr("Host"), uri),
        (tr("State"), words.state_text(domain)),
        (tr("Title"), labels.title),
        (tr("Description"), labels.description),
        (tr("Group"), labels.group),
        (tr("Tags"), ", ".join(labels.tags)),
        (tr("Operating system"), definition.os_name or definition.os_id),
        (tr("vCPUs"), str(definition.vcpus)),
        (tr("Memory"), units.kib(definition.memory_kib)),
        (tr("Machine"), " ".join((definition.kind, definition.arch, definition.machine))),
        (tr("Autostart"), yes if domain.autostart else no),
        (tr("Saved state"), yes if domain.managed_save else no),
        (tr("IP address"), ", ".join(domain.addresses)),
        *((tr("Disk {target}", target=disk.target), disk.source or tr("empty")) for disk in definition.disks),
        *((tr("Network {mac}", mac=nic.mac), f"{nic.kind} {nic.source}".strip()) for nic in definition.nics),
    ]
    return [(name, value) for name, value in found if value.strip()]


async def show_stats(session: Session, options: argparse.Namespace) -> int:
    await session.read()
    machines = session.find(options.names) if options.names else session.machines()
    for one in machines:
        if options.names and not one.active:
            say(tr("{name} is not running.", name=plain.clean(one.name)))
    readings, answers = await asking.figures(session, machines)
    shown = [(one, readings[one.key]) for one in machines if one.key in readings]
    for one in machines:
        if one.key in answers.silent:
            session.complain(tr("{name} does not answer.", name=plain.clean(one.name)))
        elif one.key in answers.working:
            say(tr("{name} is busy and cannot be asked now.", name=plain.clean(one.name)))
    if session.shared.json:
        emit_json([_figures_record(one, session.uri(one), figures) for one, figures in shown])
        return DONE
    if options.names and not shown:
        return DONE  # why not was said
    titles = [tr("Name"), tr("CPU"), tr("Waiting"), tr("Memory"), tr("Read"), tr("Write"), tr("Received"), tr("Sent")]
    rows = [
        (
            one.name,
            units.percent(figures.cpu),
            units.percent(figures.wait),
            units.kib_of(figures.used, figures.given),
            *(units.rate(value) for value in (figures.read, figures.write, figures.rx, figures.tx)),
        )
        for one, figures in shown
    ]
    for line in plain.table(titles, rows, frozenset(range(1, 8))):
        emit(line)
    return DONE


async def show_slow(session: Session, options: argparse.Namespace) -> int:
    return await later.run("slowness", session, options)


def _figures_record(domain: Domain, uri: str, figures: Figures) -> dict[str, Any]:
    """Percent, KiB and bytes a second; null for what the driver does not tell."""
    values = {
        "cpu_percent": figures.cpu,
        "wait_percent": figures.wait,
        "used_kib": figures.used,
        "given_kib": figures.given,
        "rss_kib": figures.rss,
        "read_bytes": figures.read,
        "write_bytes": figures.write,
        "rx_bytes": figures.rx,
        "tx_bytes": figures.tx,
    }
    known = {name: None if isnan(value) else round(value, 3) for name, value in values.items()}
    return {"name": domain.name, "uuid": domain.uuid, "host": uri, **known}


async def host(session: Session, options: argparse.Namespace) -> int:
    """Facts of each open host."""
    found = await asyncio.gather(*(facts.facts(connection) for connection in session.links.open.values()))
    configs = [session.store.hosts[host].config for host in session.links.open]
    if session.shared.json:
        emit_json([asdict(one) | {"uri": config.uri} for config, one in zip(configs, found)])
        return DONE
    for number, (config, one) in enumerate(zip(configs, found)):
        if number:
            emit("")
        for line in plain.pairs(_host_facts(config, one)):
            emit(line)
    return DONE


def _host_facts(config: HostConfig, found: HostFacts) -> list[tuple[str, str]]:
    """What is told of the host, name and value."""
    guests = ", ".join(f"{one.arch} ({', '.join(one.kinds)})" for one in found.guests)
    lines = [
        (tr("Host"), config.uri),
        (tr("Name"), found.hostname),
        (tr("Driver"), found.driver),
        (tr("libvirt"), _version(found.libvirt_version)),
        (tr("Hypervisor"), _version(found.hypervisor_version)),
        (tr("Processor"), found.cpu_name or " ".join((found.cpu_vendor, found.cpu_model)).strip()),
        (tr("Architecture"), found.arch),
        (tr("CPUs"), _topology(found)),
        (tr("Memory"), "" if found.memory_kib is None else units.kib(found.memory_kib)),
        (tr("Free memory"), "" if found.memory_free_kib is None else units.kib(found.memory_free_kib)),
        (tr("NUMA cells"), str(len(found.cells)) if found.cells else ""),
        *((tr("Huge pages"), f"{page.total} x {units.kib(page.size_kib)}") for page in found.huge_pages),
        (tr("Virtualization"), _virtualization(found.virtualization)),
        (tr("KVM"), _kvm(found.kvm)),
        (tr("Nested virtualization"), _told(found.nested)),
        (tr("IOMMU"), _told(found.iommu)),
        (tr("Saved by page sharing"), _saved(found)),
        (tr("Security"), ", ".join(one.model for one in found.security)),
        (tr("Guests"), guests),
    ]
    return [(name, value) for name, value in lines if value]


def _saved(found: HostFacts) -> str:
    saved = found.ksm.saved_kib if found.ksm else None
    return "" if saved is None else units.kib(saved)


def _version(version: tuple[int, int, int] | None) -> str:
    return ".".join(map(str, version)) if version else ""


def _told(fact: bool | None) -> str:
    return "" if fact is None else tr("yes") if fact else tr("no")


def _kvm(offered: bool | None) -> str:
    """Whether a machine starts with it is only known where one was started: the window tries."""
    return "" if offered is None else tr("offered, not tried yet") if offered else tr("not offered by libvirt")


def _topology(found: HostFacts) -> str:
    if found.cpus is None:
        return ""
    if found.sockets is None or found.cores is None or found.threads is None:
        return str(found.cpus)
    parts = (
        trn("{n} socket", "{n} sockets", found.sockets),
        trn("{n} core each", "{n} cores each", found.cores),
        trn("{n} thread each", "{n} threads each", found.threads),
    )
    return f"{found.cpus} ({', '.join(parts)})"


def _virtualization(found: str | None) -> str:
    match found:
        case None:
            return ""
        case "vmx":
            return "Intel VT-x"
        case "svm":
            return "AMD-V"
        case _:
            return tr("the processor shows none")
