"""The practice host's state as one XML file, which libvirt's test driver reads at its next start.

What that format has no place for (autostart, networks and pools that are off) stands in an element of our own, which
the driver passes over; `settle` brings it back after the open.
"""

from collections.abc import Iterable
from typing import Any

import libvirt
from lxml import etree

from vmdesk.model.text import text
from vmdesk.virt.connection import Connection
from vmdesk.virtxml import document

TEST = "http://libvirt.org/schemas/domain/test/1.0"
OURS = "https://vmdesk.org/xmlns/practice/1"
Element = etree._Element

# Automatic start and activity are asked in the same words of a domain, a network and a pool.
_KINDS = ("domain", "network", "pool")


async def dump(connection: Connection) -> str:
    """Everything on a test driver connection as the text of a file for it."""
    return await connection.control.call(_dump, text("Saving the practice host"))


async def settle(connection: Connection, state: str) -> None:
    """Bring back what the file format could not hold. `state` is the text that the connection was opened with."""
    await connection.control.call(lambda wire: _settle(wire, state), text("Restoring the practice host"))


def _dump(wire: libvirt.virConnect) -> str:
    node = etree.Element("node", nsmap={"vmdesk": OURS})
    _add_hardware(node, wire.getInfo())
    networks, pools, domains = (
        sorted(things, key=_name)
        for things in (wire.listAllNetworks(), wire.listAllStoragePools(), wire.listAllDomains())
    )
    for network in networks:
        node.append(document.root(network.XMLDesc()))
    for interface in sorted(wire.listAllInterfaces(), key=_name):
        node.append(document.root(interface.XMLDesc()))
    for pool in pools:
        node.append(_pool(pool))
    for domain in domains:
        node.append(_domain(domain))
    for kind, things in zip(_KINDS, (domains, networks, pools), strict=True):
        _add_states(node, kind, things)
    for child in node:
        child.tail = "\n"
    return etree.tostring(node, encoding="unicode") + "\n"


def _settle(wire: libvirt.virConnect, state: str) -> None:
    find = {
        "domain": wire.lookupByName,
        "network": wire.networkLookupByName,
        "pool": wire.storagePoolLookupByName,
    }
    for note in document.root(state).iterfind(f"{{{OURS}}}thing"):
        try:
            thing = find[note.get("kind", "")](note.get("name"))
            if note.get("autostart"):
                thing.setAutostart(1)
            if note.get("off") and thing.isActive():
                thing.destroy()
        except (KeyError, libvirt.libvirtError):
            continue  # one thing less restored is no reason to refuse the rest


def _name(thing: Any) -> str:
    return str(thing.name())


def _add_hardware(node: Element, info: list[int]) -> None:
    """`info` is virNodeInfo: model, MiB, CPUs, MHz, NUMA nodes, sockets, cores, threads."""
    model, memory, active, mhz, nodes, sockets, cores, threads = info
    cpu = etree.SubElement(node, "cpu")
    values = {"mhz": mhz, "model": model, "active": active, "nodes": nodes}
    for name, value in (values | {"sockets": sockets, "cores": cores, "threads": threads}).items():
        etree.SubElement(cpu, name).text = str(value)
    etree.SubElement(node, "memory").text = str(memory * 1024)


def _pool(pool: libvirt.virStoragePool) -> Element:
    element = document.root(pool.XMLDesc())
    asleep = not pool.isActive()
    if asleep:
        pool.create()  # a pool that is off does not tell its volumes
    try:
        for volume in sorted(pool.listAllVolumes(), key=_name):
            element.append(document.root(volume.XMLDesc()))
    finally:
        if asleep:
            pool.destroy()
    return element


def _domain(domain: libvirt.virDomain) -> Element:
    flags = libvirt.VIR_DOMAIN_XML_SECURE | (libvirt.VIR_DOMAIN_XML_INACTIVE if domain.isPersistent() else 0)
    read = document.root(domain.XMLDesc(flags))
    element = etree.Element("domain", type=read.get("type") or "test", nsmap={"test": TEST})
    state = domain.state()[0] or libvirt.VIR_DOMAIN_RUNNING
    etree.SubElement(element, f"{{{TEST}}}runstate").text = str(state)
    if not domain.isPersistent():
        etree.SubElement(element, f"{{{TEST}}}transient")
    if domain.hasManagedSaveImage():
        etree.SubElement(element, f"{{{TEST}}}hasmanagedsave")
    element.extend(_snapshots(domain))
    element.extend(list(read))
    return element


def _snapshots(domain: libvirt.virDomain) -> Iterable[Element]:
    for snapshot in domain.listAllSnapshots(libvirt.VIR_DOMAIN_SNAPSHOT_LIST_TOPOLOGICAL):
        read = document.root(snapshot.getXMLDesc(libvirt.VIR_DOMAIN_SNAPSHOT_XML_SECURE))
        element = etree.Element(f"{{{TEST}}}domainsnapshot", nsmap={"test": TEST})
        element.extend(list(read))
        etree.SubElement(element, "active").text = str(int(snapshot.isCurrent()))
        yield element


def _add_states(node: Element, kind: str, things: Iterable[Any]) -> None:
    """`things` are virDomains, virNetworks or virStoragePools."""
    for thing in things:
        autostart, off = bool(thing.isPersistent() and thing.autostart()), kind != "domain" and not thing.isActive()
        if autostart or off:
            note = etree.SubElement(node, f"{{{OURS}}}thing", kind=kind, name=thing.name())
            if autostart:
                note.set("autostart", "1")
            if off:
                note.set("off", "1")
