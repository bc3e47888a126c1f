"""New machines: defined and never over another one, put right in store, removed again."""

import hashlib
import re
import secrets
import uuid as uuids
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import libvirt
from lxml import etree

from vmdesk.model.errors import VirtError
from vmdesk.model.host import Feature
from vmdesk.model.text import Text, text
from vmdesk.virt import errors
from vmdesk.virt.acting import act, look
from vmdesk.virt.connection import Connection
from vmdesk.virt.domains import start
from vmdesk.virt.removing import undefine_whole
from vmdesk.virt.things import UNKNOWN_FLAG, leniently, unreadable
from vmdesk.virtxml import networks as networks_xml
from vmdesk.virtxml.document import XmlError, root

__all__ = [
    "Standing",
    "Taken",
    "define",
    "free_mac",
    "free_uuid",
    "in_use",
    "redefine_stored",
    "remove",
    "standing",
    "start",
    "taken",
]

_PREFIX = (0x52, 0x54, 0x00)  # the addresses of QEMU's and KVM's cards
_MAC = re.compile(r"<mac\s+address=['\"]([0-9A-Fa-f:]{17})['\"]")


@dataclass(frozen=True, slots=True)
class Taken:
    """What the host's machines have: none of it is given out again. MACs in small letters."""

    names: frozenset[str] = frozenset()
    uuids: frozenset[str] = frozenset()
    macs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Standing:
    """How a machine stands.

    mark  of its stored definition; another one is another definition
    held  a run of it is kept: as saved state, or in snapshots
    """

    name: str
    runs: bool
    mark: str
    held: bool = False


async def taken(connection: Connection) -> Taken:
    """Names, UUIDs and MACs of all machines, as they run and as they are stored; MACs that networks reserve, too."""
    return await connection.long.call(_taken, text("Reading the machines"))


def free_mac(known: Taken, also: frozenset[str] = frozenset()) -> str:
    """A fresh address of a network card; `also`: given out a moment ago."""
    while True:
        found = ":".join(f"{part:02x}" for part in (*_PREFIX, *secrets.token_bytes(3)))
        if found not in known.macs and found not in also:
            return found


def free_uuid(known: Taken) -> str:
    """A fresh UUID."""
    while (found := str(uuids.uuid4())) in known.uuids:
        pass
    return found


async def define(connection: Connection, xml: str) -> str:
    """Define a new machine or container; its UUID. VirtError "taken" if the name or UUID is: nothing is replaced."""
    called, wanted = _identity(xml)
    doing = text("Defining {name}", name=called)
    connection.may_write(doing, Feature.DEFINE)

    def work(conn: "libvirt.virConnect") -> str:
        # libvirt refuses a taken name by itself, but would replace a machine of the same name and UUID.
        _refuse_if_there(doing, called, wanted, conn)
        uuid = str(_define(conn, xml).UUIDString())
        connection.names[uuid] = called
        return uuid

    return await connection.actions.call(work, doing)


async def redefine_stored(connection: Connection, uuid: str, xml: str) -> None:
    """Put another stored definition in place; a running machine goes on as it is. Name and UUID must be the same."""
    called, wanted = _identity(xml)
    doing = text("Changing the stored definition of {name}", name=called)

    def work(domain: "libvirt.virDomain") -> None:
        if wanted != uuid or domain.name() != called:
            raise errors.refused(doing, text("The definition is of another machine."), name="changed")
        _define(domain.connect(), xml)

    await act(connection, uuid, work, doing, Feature.DEFINE)


async def standing(connection: Connection, uuid: str) -> Standing | None:
    """How it stands; None if there is none."""

    def work(domain: "libvirt.virDomain") -> Standing:
        xml = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
        return Standing(domain.name(), bool(domain.isActive()), _mark(xml), _held(domain))

    try:
        return await look(connection, uuid, work, text("Looking at a machine"))
    except VirtError as error:
        if error.problem.name != "gone":
            raise
        return None


async def in_use(connection: Connection) -> frozenset[str]:
    """What the definitions of all machines name: paths, and volumes as POOL/VOLUME."""
    return await connection.long.call(_in_use, text("Reading the machines"))


async def remove(connection: Connection, uuid: str, called: str) -> bool:
    """Force a machine off that was made a moment ago, and delete its definition, firmware variables and TPM state.

    Its disks stay. False if it was not there. VirtError "changed" if it has another name by now: somebody wants it.
    """
    doing = text("Removing {name}", name=called)

    def work(domain: "libvirt.virDomain") -> None:
        if domain.name() != called:
            raise errors.refused(doing, text("The machine was renamed meanwhile."), name="changed")
        if domain.isActive():
            try:
                domain.destroy()
            except libvirt.libvirtError:
                if domain.isActive():  # else it ended by itself in that moment
                    raise
        if domain.isPersistent():
            undefine_whole(domain)

    try:
        await act(connection, uuid, work, doing, Feature.DEFINE)
    except VirtError as error:
        if error.problem.name != "gone":
            raise
        return False
    return True


def _held(domain: "libvirt.virDomain") -> bool:
    with leniently():
        if domain.hasManagedSaveImage():
            return True
    with leniently():
        return bool(domain.snapshotNum())
    return False


def _identity(xml: str) -> tuple[str, str]:
    """Name and UUID ("" if there is none) of a `<domain>`."""
    try:
        domain = root(xml)
        wanted = (domain.findtext("uuid") or "").strip()
        return (domain.findtext("name") or "").strip(), str(uuids.UUID(wanted)) if wanted else ""
    except XmlError as error:
        raise unreadable(error) from None
    except ValueError:
        why = text("{uuid} is not a UUID.", uuid=wanted)
        raise errors.refused(text("Defining a machine"), why, name="invalid") from None


def _refuse_if_there(doing: Text, called: str, wanted: str, conn: "libvirt.virConnect") -> None:
    if called and _there(conn.lookupByName, called):
        why = text("There is a machine called {name} on this host already.", name=called)
        raise errors.refused(doing, why, text("Choose another name."), "taken")
    if wanted and (other := _there(conn.lookupByUUIDString, wanted)):
        why = text("The machine {name} has the same UUID.", name=other)
        raise errors.refused(doing, why, text("Leave the UUID out: then a fresh one is chosen."), "taken")


def _there(look_up: Callable[[str], "libvirt.virDomain"], what: str) -> str:
    """The name of the machine that is found so, "" for none."""
    try:
        return str(look_up(what).name())
    except libvirt.libvirtError as error:
        if error.get_error_code() != libvirt.VIR_ERR_NO_DOMAIN:
            raise
        return ""


def _define(conn: "libvirt.virConnect", xml: str) -> "libvirt.virDomain":
    try:
        # Without VALIDATE a wrong definition can end the daemon of Debian 12.
        return conn.defineXMLFlags(xml, libvirt.VIR_DOMAIN_DEFINE_VALIDATE)
    except libvirt.libvirtError as error:
        # Drivers that never heard of it (vbox, esx, openvz) read the definition in this process or in none of ours.
        if conn.getType() in ("QEMU", "LXC", "TEST") or error.get_error_code() not in UNKNOWN_FLAG:
            raise
    return conn.defineXML(xml)


def _taken(conn: "libvirt.virConnect") -> Taken:
    names, known, macs = set[str](), set[str](), set[str]()
    for domain in conn.listAllDomains(0):
        names.add(domain.name())
        known.add(domain.UUIDString())
        for flags in (0, libvirt.VIR_DOMAIN_XML_INACTIVE):
            with leniently():
                macs.update(mac.lower() for mac in _MAC.findall(domain.XMLDesc(flags)))
    with leniently():
        for network in conn.listAllNetworks(0):
            with leniently():
                macs.update(networks_xml.macs(network.XMLDesc(0)))
    return Taken(frozenset(names), frozenset(known), frozenset(macs))


def _mark(xml: str) -> str:
    """libvirt fills in the firmware's files by itself at the first start: they are no difference."""
    try:
        domain = root(xml)
    except XmlError as error:
        raise unreadable(error) from None
    for element in domain.findall("os/loader") + domain.findall("os/nvram"):
        domain.find("os").remove(element)  # type: ignore[union-attr]
    words = (word.strip() for element in domain.iter("*") for word in _all_words(element))
    return hashlib.sha256("\0".join(words).encode()).hexdigest()


def _all_words(element: etree._Element) -> Iterator[str]:
    yield element.tag
    yield element.text or ""
    for name in sorted(map(str, element.keys())):
        yield f"{name}={element.get(name)}"


def _in_use(conn: "libvirt.virConnect") -> frozenset[str]:
    found = set[str]()
    for domain in conn.listAllDomains(0):
        for flags in (0, libvirt.VIR_DOMAIN_XML_INACTIVE):
            with leniently():
                found.update(_named_in(domain.XMLDesc(flags)))
    return frozenset(found)


def _named_in(xml: str) -> Iterator[str]:
    for element in root(xml).iter("*"):
        for value in (element.text or "", *map(str, element.values())):
            if value.strip().startswith("/"):
                yield value.strip()
        if element.get("pool") and element.get("volume"):
            yield f"{element.get('pool')}/{element.get('volume')}"
