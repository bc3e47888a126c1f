"""Changes to a domain's definition that touch nothing else: comments, order, unknown elements and spaces stay."""

from lxml import etree

from vmdesk.model.domain import Labels
from vmdesk.virtxml import metadata
from vmdesk.virtxml.document import XmlError, root

_AGENT = "com.redhat.spice.0"  # the channel's name for spice-vdagent, whatever it is connected to
_STEP = "  "  # libvirt's indentation


def seal(xml: str) -> str:
    """Let neither the clipboard nor files pass, over any display. Raises XmlError."""
    domain = _domain(xml)
    for graphics in domain.findall("devices/graphics[@type='spice']"):
        _put(graphics, "clipboard", "copypaste", "no")
        _put(graphics, "filetransfer", "enable", "no")
    for channel in domain.findall("devices/channel[@type='qemu-vdagent']"):
        source = channel.find("source")
        _put(_add(channel, "source", first=True) if source is None else source, "clipboard", "copypaste", "no")
    return _text(domain, xml)


def unseal(xml: str) -> str:
    """The opposite: they may pass as soon as a viewer is told to. Raises XmlError."""
    domain = _domain(xml)
    for graphics in domain.findall("devices/graphics[@type='spice']"):
        _allow(graphics, "clipboard", "copypaste")
        _allow(graphics, "filetransfer", "enable")
    for channel in domain.findall("devices/channel[@type='qemu-vdagent']"):
        # Here nothing said means no.
        source = channel.find("source")
        _put(_add(channel, "source", first=True) if source is None else source, "clipboard", "copypaste", "yes")
    return _text(domain, xml)


def is_sealed(xml: str) -> bool:
    """Whether neither clipboard nor files can pass. Raises XmlError."""
    domain = _domain(xml)
    doors = [
        (graphics.find(name), attribute, "yes")
        for graphics in domain.findall("devices/graphics[@type='spice']")
        for name, attribute in (("clipboard", "copypaste"), ("filetransfer", "enable"))
    ]
    doors += [
        (channel.find("source/clipboard"), "copypaste", "no")
        for channel in domain.findall("devices/channel[@type='qemu-vdagent']")
    ]
    return bool(doors) and all(
        (unsaid if element is None else element.get(attribute, unsaid)) == "no" for element, attribute, unsaid in doors
    )


def add_agent(xml: str) -> str:
    """Add the channel that carries the clipboard, if there is none: for D-Bus and VNC qemu-vdagent, else SPICE's.

    Never both: QEMU would refuse to start. Raises XmlError.
    """
    domain = _domain(xml)
    devices = domain.find("devices")
    if devices is None or any(target.get("name") == _AGENT for target in devices.findall("channel/target")):
        return xml
    if any(channel.get("type") in ("spicevmc", "qemu-vdagent") for channel in devices.findall("channel")):
        return xml
    kinds = {graphics.get("type") for graphics in devices.findall("graphics")}
    if not kinds & {"dbus", "vnc", "spice"}:
        return xml
    own = "spice" not in kinds
    like = devices.findall("channel") or devices.findall("console") or devices.findall("serial")
    channel = _add(devices, "channel", after=like[-1] if like else None)
    channel.set("type", "qemu-vdagent" if own else "spicevmc")
    if own:
        _put(_add(channel, "source"), "clipboard", "copypaste", "yes")
    target = _add(channel, "target")
    target.set("type", "virtio")
    target.set("name", _AGENT)
    return _text(domain, xml)


def label(xml: str, labels: Labels) -> str:
    """Write what people say about the machine: title, description and our own element. Raises XmlError."""
    domain = _domain(xml)
    for name, value in (("description", labels.description), ("title", labels.title)):
        element = domain.find(name)
        if value:
            element = _add(domain, name, after=domain.find("name")) if element is None else element
            element.text = metadata.clean(value)
        elif element is not None:
            _drop(domain, element)
    around, ours = domain.find("metadata"), metadata.element(labels)
    old = None if around is None else around.find(ours.tag)
    if around is None:
        around = _add(domain, "metadata", after=domain.find("name"))
    if old is not None:
        _drop(around, old)
    if len(ours):
        place = _add(around, "place")
        ours.tail = place.tail
        around.replace(place, ours)
    elif not len(around):
        _drop(domain, around)
    return _text(domain, xml)


def _domain(xml: str) -> etree._Element:
    found = root(xml)
    if found.tag != "domain":
        raise XmlError("not a <domain>")
    return found


def _text(domain: etree._Element, xml: str) -> str:
    """The document, with the comments around the root element; `xml` itself if nothing is different."""
    new = _written(domain)
    if new == _written(_domain(xml)):
        return xml
    return new + ("\n" if xml.endswith("\n") else "")


def _written(domain: etree._Element) -> str:
    around = [*reversed(list(domain.itersiblings(preceding=True))), domain, *domain.itersiblings()]
    return "\n".join(etree.tostring(one, encoding="unicode", with_tail=False) for one in around)


def _put(parent: etree._Element, name: str, attribute: str, value: str) -> None:
    element = parent.find(name)
    if element is None:
        element = _add(parent, name)
    element.set(attribute, value)


def _allow(parent: etree._Element, name: str, attribute: str) -> None:
    """Take a "no" away. An element that said nothing else goes with it."""
    element = parent.find(name)
    if element is None or element.get(attribute) != "no":
        return
    del element.attrib[attribute]
    if not element.attrib and not len(element) and not (element.text or "").strip():
        _drop(parent, element)


def _add(
    parent: etree._Element, name: str, *, first: bool = False, after: etree._Element | None = None
) -> etree._Element:
    """A new child, indented like its place: the last one, the `first`, or `after` another."""
    element = etree.Element(name)
    depth = len(list(parent.iterancestors())) + 1
    place = 0 if first else len(parent) if after is None else parent.index(after) + 1
    if not len(parent):
        indented = _indented(parent)
        parent.text = f"\n{_STEP * depth}" if indented else parent.text
        element.tail = f"\n{_STEP * (depth - 1)}" if indented else None
        parent.insert(0, element)
        return element
    if place == 0:
        element.tail = parent.text
        parent.insert(0, element)
        return element
    before = parent[place - 1]
    element.tail = before.tail
    if place == len(parent):
        before.tail = parent.text if (parent.text or "").isspace() else before.tail
    parent.insert(place, element)
    return element


def _indented(element: etree._Element) -> bool:
    """Whether the document puts elements on lines of their own, here."""
    above = element.getparent()
    return above is not None and "\n" in (above.text or "")


def _drop(parent: etree._Element, element: etree._Element) -> None:
    """Remove it with the line it stands on."""
    before, tail = element.getprevious(), element.tail
    if before is not None:
        before.tail = tail if element.getnext() is None else before.tail
    elif element.getnext() is None:
        parent.text = None
    parent.remove(element)
