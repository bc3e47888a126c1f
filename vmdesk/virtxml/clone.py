"""The definition of a clone: another machine with the same hardware."""

import re
from collections.abc import Mapping, Sequence

from lxml import etree

from vmdesk.model.text import Text, text
from vmdesk.virtxml import marks, replug
from vmdesk.virtxml.document import XmlError, root
from vmdesk.virtxml.snapshots import on_disks

_OWN_PATHS = re.compile(r"/domain-\d+-[^/]*/")


def definition(
    xml: str,
    *,
    name: str,
    uuid: str,
    macs: Sequence[str],
    disks: Mapping[str, tuple[str, str]],
    nvram: str = "",
) -> str:
    """A clone of a stored definition. Raises XmlError.

    macs   one for each network card
    disks  target -> (path, format) of those that are its own; the others are shared
    nvram  its own firmware variables; "": libvirt makes fresh ones
    What libvirt chooses by itself (addresses on the host, sockets, ports) it chooses anew.
    """
    domain = root(xml)
    if domain.tag != "domain":
        raise XmlError("not a <domain>")
    _without(domain, "id")
    _text(domain, "name", name)
    _text(domain, "uuid", uuid)
    for genid in domain.findall("genid"):
        genid.text = None
    for entry in domain.findall("sysinfo/system/entry[@name='uuid']"):
        entry.text = uuid  # libvirt refuses another one
    _metadata(domain)
    _nvram(domain, nvram)
    cards = domain.findall("devices/interface")
    if len(macs) < len(cards):
        raise XmlError("not enough addresses for its network cards")
    for card, mac in zip(cards, macs):
        _mac(card, mac)
    for graphics in domain.findall("devices/graphics"):
        _graphics(graphics)
    for source in domain.findall("devices/channel/source"):
        if _OWN_PATHS.search(source.get("path") or ""):
            source.attrib.pop("path")
    for log in domain.findall("devices/*/log"):
        log.getparent().remove(log)  # type: ignore[union-attr]
    for label in domain.findall("seclabel[@type='dynamic']"):
        for element in list(label):
            label.remove(element)
    return etree.tostring(on_disks(domain, dict(disks)), encoding="unicode")


def cards(xml: str) -> int:
    """How many network cards it has. Raises XmlError."""
    return len(root(xml).findall("devices/interface"))


def nvram(xml: str) -> str:
    """The path of its firmware variables, "" if it has none of its own. Raises XmlError."""
    return (root(xml).findtext("os/nvram") or "").strip()


def shared(xml: str) -> tuple[Text, ...]:
    """What a clone has in common with its source, besides disks. Raises XmlError."""
    domain, found = root(xml), list[Text]()
    for device in domain.findall("devices/hostdev"):
        kind = device.get("type") or "pci"
        found.append(text("A device of the host ({kind}): only one of them can have it at a time.", kind=kind))
    for rule in replug.parse(domain):
        called = rule.called
        found.append(text("The rule about the USB device {what}: only one of them can have it at a time.", what=called))
    for folder in domain.findall("devices/filesystem/source"):
        path = folder.get("dir") or folder.get("name") or ""
        found.append(text("The folder {path}, which both of them see.", path=path))
    if domain.find("devices/tpm/backend[@type='emulator']") is not None:
        found.append(
            text("Nothing of its TPM: the clone gets an empty one, and what is sealed to the old one stays locked.")
        )
    found.append(text("What is inside the guest: host name, SSH host keys, machine ID, saved passwords."))
    return tuple(found)


def _without(element: etree._Element, attribute: str) -> None:
    if attribute in element.attrib:
        del element.attrib[attribute]


def _text(domain: etree._Element, tag: str, words: str) -> None:
    element = domain.find(tag)
    if element is None:
        element = etree.Element(tag)
        domain.insert(0, element)
    try:
        element.text = words
    except ValueError as error:  # control characters
        raise XmlError(str(error)) from None


def _metadata(domain: etree._Element) -> None:
    around = domain.find("metadata")
    ours = None if around is None else around.find(marks.TAG)
    if around is not None and ours is not None:
        around.remove(ours)


def _nvram(domain: etree._Element, path: str) -> None:
    found = domain.find("os/nvram")
    if found is None:
        return
    found.text = path or None
    if not path:
        for source in found.findall("source"):
            found.remove(source)
        _without(found, "type")


def _mac(card: etree._Element, mac: str) -> None:
    element = card.find("mac")
    if element is None:
        element = etree.Element("mac")
        card.insert(0, element)
    element.attrib.clear()
    element.set("address", mac)
    target = card.find("target")
    if target is not None and re.match(r"(vnet|tap|macvtap)\d", target.get("dev") or ""):
        card.remove(target)


def _graphics(graphics: etree._Element) -> None:
    if graphics.get("port") not in (None, "-1"):
        graphics.set("port", "-1")
        graphics.set("autoport", "yes")
    if graphics.get("tlsPort") not in (None, "-1"):
        graphics.attrib.pop("tlsPort")
    if graphics.get("websocket") not in (None, "-1"):
        graphics.set("websocket", "-1")
    for listen in graphics.findall("listen[@type='socket']"):
        _without(listen, "socket")
    _without(graphics, "socket")
