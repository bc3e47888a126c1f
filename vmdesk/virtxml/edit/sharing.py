"""What may pass between guest and desktop, and what people say about the machine."""

from lxml import etree

from vmdesk.model.domain import Labels
from vmdesk.virtxml import metadata
from vmdesk.virtxml.edit.tree import Definition, add, drop, put

_AGENT = "com.redhat.spice.0"  # the channel's name for spice-vdagent, whatever it is connected to


def seal(xml: str) -> str:
    """Let neither the clipboard nor files pass, over any display. Raises XmlError."""
    definition = Definition(xml)
    domain = definition.domain
    for graphics in domain.findall("devices/graphics[@type='spice']"):
        put(graphics, "clipboard", "copypaste", "no")
        put(graphics, "filetransfer", "enable", "no")
    for channel in domain.findall("devices/channel[@type='qemu-vdagent']"):
        source = channel.find("source")
        put(add(channel, "source", first=True) if source is None else source, "clipboard", "copypaste", "no")
    return definition.text


def unseal(xml: str) -> str:
    """The opposite: they may pass as soon as a viewer is told to. Raises XmlError."""
    definition = Definition(xml)
    domain = definition.domain
    for graphics in domain.findall("devices/graphics[@type='spice']"):
        _allow(graphics, "clipboard", "copypaste")
        _allow(graphics, "filetransfer", "enable")
    for channel in domain.findall("devices/channel[@type='qemu-vdagent']"):
        # Here nothing said means no.
        source = channel.find("source")
        put(add(channel, "source", first=True) if source is None else source, "clipboard", "copypaste", "yes")
    return definition.text


def is_sealed(xml: str) -> bool:
    """Whether neither clipboard nor files can pass. Raises XmlError."""
    definition = Definition(xml)
    domain = definition.domain
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
    definition = Definition(xml)
    domain = definition.domain
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
    channel = add(devices, "channel", after=like[-1] if like else None)
    channel.set("type", "qemu-vdagent" if own else "spicevmc")
    if own:
        put(add(channel, "source"), "clipboard", "copypaste", "yes")
    target = add(channel, "target")
    target.set("type", "virtio")
    target.set("name", _AGENT)
    return definition.text


def label(xml: str, labels: Labels) -> str:
    """Write what people say about the machine: title, description and our own element. Raises XmlError."""
    definition = Definition(xml)
    domain = definition.domain
    for name, value in (("description", labels.description), ("title", labels.title)):
        element = domain.find(name)
        if value:
            element = add(domain, name, after=domain.find("name")) if element is None else element
            element.text = metadata.clean(value)
        elif element is not None:
            drop(element)
    around, ours = domain.find("metadata"), metadata.element(labels)
    old = None if around is None else around.find(ours.tag)
    if around is None:
        around = add(domain, "metadata", after=domain.find("name"))
    if old is not None:
        drop(old)
    if len(ours):
        place = add(around, "place")
        ours.tail = place.tail
        around.replace(place, ours)
    elif not len(around):
        drop(around)
    return definition.text


def _allow(parent: etree._Element, name: str, attribute: str) -> None:
    """Take a "no" away. An element that said nothing else goes with it."""
    element = parent.find(name)
    if element is not None and element.get(attribute) == "no":
        put(parent, name, attribute, None)
