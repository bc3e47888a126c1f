"""`vmdesk network`: what is done."""

import argparse
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from vmdesk.cli.deleting import agreed
from vmdesk.cli.output import emit, emit_json, say
from vmdesk.cli.session import Session
from vmdesk.cli.working import DONE, FAILED, machine, only_host
from vmdesk.core import networks as wishes
from vmdesk.core import networks_work, plain
from vmdesk.core.networks import Wanted
from vmdesk.model.network import DnsHost, NetworkDetails, StaticLease
from vmdesk.model.text import Text, text, tr
from vmdesk.virt import networks, nwfilters
from vmdesk.virt.connection import Connection
from vmdesk.virt.network_changes import Changed
from vmdesk.virtxml import networks as networks_xml
from vmdesk.virtxml.document import XmlError


async def network(session: Session, options: argparse.Namespace) -> int:
    connection = only_host(session)
    if connection is None:
        return FAILED
    match options.what:
        case "list":
            return await _list(session, connection)
        case "create":
            return await _create(session, options, connection)
        case "edit":
            return await _edit(session, options, connection)
        case "leases":
            return await _leases(session, options, connection)
        case "filters":
            return await _filters(session, connection)
        case "filter":
            return await _filter(session, options)
        case "start":
            await networks.start_network(connection, options.name)
        case "stop":
            found = await networks_work.details(connection, options.name)
            for name in await _running(session, connection, found):
                say(tr("{name} runs and loses its network.", name=plain.clean(name)))
            await networks.stop_network(connection, options.name)
            if not found.network.persistent:
                return _gone(session, options.name)
        case "autostart":
            await networks.set_network_autostart(connection, options.name, options.on == "on")
        case "delete":
            return await _delete(session, options, connection)
    return _shown(session, await networks_work.details(connection, options.name))


async def _machines(session: Session, connection: Connection) -> Any:
    """The host's machines by UUID, and their cards."""
    await session.read()
    domains = {key.uuid: domain for key, domain in session.store.domains.items()}
    return domains, await nwfilters.cards(connection)


async def _running(session: Session, connection: Connection, found: NetworkDetails) -> list[str]:
    domains, cards = await _machines(session, connection)
    return [one.name for one in wishes.machines_on(found, cards, domains) if one.active]


async def _delete(session: Session, options: argparse.Namespace, connection: Connection) -> int:
    found = await networks_work.details(connection, options.name)
    domains, cards = await _machines(session, connection)
    users = wishes.machines_on(found, cards, domains)
    for one in users:
        name = plain.clean(one.name)
        if one.active:
            say(tr("{name} runs and loses its network.", name=name))
        else:
            say(tr("{name} does not start until it gets another network.", name=name))
    question = tr("Delete {network}?", network=plain.clean(options.name))
    if users and not options.yes and not agreed(tr("{question} yes/no: ", question=question)):
        session.complain(tr("Nothing was deleted. To delete it without being asked: --yes"))
        return FAILED
    await networks_work.delete(connection, options.name)
    return _gone(session, options.name)


async def _list(session: Session, connection: Connection) -> int:
    found = await networks.detailed(connection)
    domains, cards = await _machines(session, connection)
    users = {one.network.name: [who.name for who in wishes.machines_on(one, cards, domains)] for one in found}
    if session.shared.json:
        emit_json([_record(one) | {"machines": users[one.network.name]} for one in found])
        return DONE
    rows = [
        (
            one.network.name,
            str(wishes.kind_words(one.kind)),
            tr("on") if one.network.active else tr("off"),
            tr("with the host") if one.network.autostart else "",
            ", ".join(word for word in (one.network.bridge, *one.devices) if word),
            ", ".join(addresses.address for addresses in one.addresses),
            str(len(users[one.network.name]) or ""),
        )
        for one in found
    ]
    titles = (tr("Name"), tr("Kind"), tr("State"), tr("Starts"), tr("Bridge"), tr("Address"), tr("Machines"))
    for line in plain.table(titles, rows, frozenset({6})) if rows else ():
        emit(line)
    return DONE


def _record(details: NetworkDetails) -> dict[str, Any]:
    """For --json: libvirt's facts first, then what is in it."""
    return (
        asdict(details.network)
        | {name: value for name, value in asdict(details).items() if name not in ("network", "hosts")}
        | {"dns": [asdict(host) for host in details.hosts]}
    )


async def _create(session: Session, options: argparse.Namespace, connection: Connection) -> int:
    subnet = options.subnet
    if subnet is None and options.mode == "nat":
        subnet = await networks.free_subnet(connection)
    subnet6 = networks.some_subnet6() if options.ipv6 == "auto" else options.ipv6
    taken = await networks_work.taken(connection)
    for one in (subnet, subnet6):
        if one is not None and (why := wishes.subnet_problem(one, taken)):
            session.complain(str(why))
            return FAILED
    try:
        ranges = wishes.ranges_of(",".join(options.range))
        xml = networks_xml.build(
            options.name,
            options.mode,
            subnet,
            dhcp=not options.no_dhcp,
            bridge=options.bridge,
            device=options.device,
            ranges=ranges,
            subnet6=subnet6,
            domain=options.domain,
        )
    except XmlError:
        session.complain(tr("This cannot be a name."))
        return FAILED
    except ValueError as error:
        session.complain(_no_range(error))
        return FAILED
    made = networks_xml.details(xml)
    four = made.of(4)
    wanted = replace(wishes.wanted_of(made), ranges=ranges or (four.ranges if four else ()))
    if why := wishes.problem(made, wanted):
        session.complain(str(why))
        return FAILED
    name = await networks_work.make(connection, xml, not options.no_autostart)
    return _shown(session, await networks_work.details(connection, name))


def _no_range(error: ValueError) -> str:
    return tr("{words} is no range: write two addresses with a dash between them.", words=plain.clean(str(error)))


# ---------------------------------------------------------------- edit


async def _edit(session: Session, options: argparse.Namespace, connection: Connection) -> int:
    began = await networks_work.details(connection, options.name)
    try:
        wanted = _wanted(began, options)
    except ValueError as error:
        session.complain(_no_range(error))
        return FAILED
    why = _missing(began, options) or wishes.problem(began, wanted)
    if why is not None:
        session.complain(str(why))
        return FAILED
    done = await networks_work.change(connection, began, wanted)
    if options.restart:
        for name in await _running(session, connection, began):
            say(_cut_off(name))
        await networks_work.restart(connection, options.name)
        done = tuple(replace(one, live=True, later=None) for one in done)
    now = await networks_work.details(connection, options.name)
    if session.shared.json:
        emit_json(_record(now) | {"changes": [_told(one) for one in done]})
        return DONE
    for one in done:
        emit(plain.clean(_line(one)))
    if not done:
        emit(tr("Nothing was changed."))
    return DONE


def _cut_off(name: str) -> str:
    return tr(
        "{name} runs and is cut off until it is restarted, or its network card is taken out and put in again.",
        name=plain.clean(name),
    )


def _told(one: Changed) -> dict[str, Any]:
    later = str(one.later) if one.later is not None else None
    return {"what": str(wishes.change_words(one.change)), "live": one.live, "stored": one.stored, "later": later}


def _line(one: Changed) -> str:
    words = str(wishes.change_words(one.change))
    return tr("{what}. {why}", what=words, why=str(one.later)) if one.later is not None else words


def _wanted(began: NetworkDetails, options: argparse.Namespace) -> Wanted:
    """Raises ValueError with what is no range."""
    wanted = wishes.wanted_of(began)
    if options.range or options.no_range:
        ranges = wishes.ranges_of(",".join(options.range))
        four = tuple(one for one in ranges if ":" not in one.start)
        six = tuple(one for one in ranges if ":" in one.start)
        wanted = replace(wanted, ranges=four, ranges6=six if six or options.no_range else wanted.ranges6)
    leases = {lease.mac: lease for lease in wanted.leases}
    for mac in options.no_lease:
        leases.pop(mac.lower(), None)
    for words in options.lease:
        mac, _, rest = words.partition("=")
        ip, _, name = rest.partition(",")
        leases[mac.lower()] = StaticLease(mac.lower(), ip, name)
    hosts = {host.ip: host for host in wanted.hosts}
    for ip in options.no_dns:
        hosts.pop(ip, None)
    for words in options.dns:
        ip, _, names = words.partition("=")
        hosts[ip] = DnsHost(ip, tuple(name for name in names.split(",") if name))
    domain = wanted.domain if options.domain is None else options.domain
    local = wanted.local if options.local is None else options.local == "on"
    return replace(
        wanted,
        leases=tuple(leases.values()),
        hosts=tuple(hosts.values()),
        domain=domain,
        local=local and bool(domain),
        nat_ports=_ports(options.nat_ports) if options.nat_ports else wanted.nat_ports,
    )


def _ports(words: str) -> tuple[int, int] | None:
    if words == "auto":
        return None
    first, dash, last = words.partition("-")
    try:
        return int(first), int(last if dash else first)
    except ValueError:
        raise ValueError(words) from None


def _missing(began: NetworkDetails, options: argparse.Namespace) -> Text | None:
    """What is to be taken away must be there."""
    macs, ips = {lease.mac for lease in began.leases}, {host.ip for host in began.hosts}
    if mac := next((one for one in options.no_lease if one.lower() not in macs), None):
        return text("The network has no fixed address for {mac}.", mac=mac)
    if ip := next((one for one in options.no_dns if one not in ips), None):
        return text("The network has no names for {ip}.", ip=ip)
    if options.nat_ports and began.kind != "nat":
        return text("Only a network behind address translation (NAT) has such ports.")
    return None


# ---------------------------------------------------------------- addresses and filters


async def _leases(session: Session, options: argparse.Namespace, connection: Connection) -> int:
    found = await networks_work.details(connection, options.name)
    given = await networks.leases(connection, options.name) if found.network.active else []
    domains, cards = await _machines(session, connection)
    rows = wishes.lease_rows(found, given, cards, domains)
    if session.shared.json:
        emit_json([asdict(row) for row in rows])
        return DONE
    lines = [(row.ip, row.machine, row.name, row.mac, _until(row.expires, row.fixed)) for row in rows]
    titles = (tr("Address"), tr("Machine"), tr("Calls itself"), tr("Card"), tr("Kept until"))
    for line in plain.table(titles, lines) if lines else ():
        emit(line)
    return DONE


def _until(expires: float | None, fixed: bool) -> str:
    if fixed:
        return tr("always") if expires is not None else tr("always; not in use now")
    return datetime.fromtimestamp(expires).strftime("%Y-%m-%d %H:%M") if expires else tr("no end")


async def _filters(session: Session, connection: Connection) -> int:
    found = await nwfilters.filters(connection)
    domains, cards = await _machines(session, connection)
    users: dict[str, list[str]] = {}
    for card in cards:
        if card.filter and card.machine in domains:
            users.setdefault(card.filter, []).append(domains[card.machine].name)
    if session.shared.json:
        emit_json([asdict(one) | {"used_by": users.get(one.name, [])} for one in found])
        return DONE
    rows = [(one.name, one.chain, str(one.rules or ""), ", ".join(users.get(one.name, ()))) for one in found]
    titles: Sequence[str] = (tr("Filter"), tr("Chain"), tr("Rules"), tr("Used by"))
    for line in plain.table(titles, rows, frozenset({2})) if rows else ():
        emit(line)
    return DONE


async def _filter(session: Session, options: argparse.Namespace) -> int:
    found = await machine(session, options.machine)
    if found is None:
        return FAILED
    domain, connection = found
    name = "" if options.filter == "none" else options.filter
    cards = [one for one in await nwfilters.cards(connection) if one.machine == domain.uuid]
    card = next((one for one in cards if one.mac == options.mac.lower()), None)
    if card is None:
        session.complain(tr("The machine has no device {word}.", word=plain.clean(options.mac)))
        return FAILED
    if name and name not in {one.name for one in await nwfilters.filters(connection)}:
        session.complain(tr("There is no packet filter {name}.", name=plain.clean(name)))
        return FAILED
    done = await networks_work.set_filter(connection, card, name)
    if session.shared.json:
        emit_json(
            [
                {"what": str(one.what), "live": one.live, "stored": one.stored, "later": one.later and str(one.later)}
                for one in done
            ]
        )
        return DONE
    for one in done:
        emit(plain.clean(f"{one.what}. {one.later}" if one.later is not None and domain.active else str(one.what)))
    return DONE


def _shown(session: Session, details: NetworkDetails) -> int:
    if session.shared.json:
        emit_json(_record(details))
    else:
        emit(plain.clean(details.network.name))
    return DONE


def _gone(session: Session, name: str) -> int:
    if session.shared.json:
        emit_json({"name": name, "deleted": True})
    else:
        emit(plain.clean(name))
    return DONE
