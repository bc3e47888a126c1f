"""A running machine's device as a definition has it: without what libvirt chose for the run, with all that somebody
has written."""

from lxml import etree

from vmdesk.virtxml.document import root

_RUN_ELEMENTS = ("alias", "backingStore", "mirror", "privateData", "reservations")
_CHARACTER = ("serial", "parallel", "console", "channel")
_OWN_CARDS = ("vnet", "macvtap", "macvlan")  # names of taps that libvirt gives
_OWN_PATHS = ("/libvirt/qemu/", "/libvirt/channel/")  # where libvirt puts sockets of a run
_PORTS = ("port", "tlsPort", "websocket")


def as_stored(device: str, place: str = "") -> str:
    """`place`: another device, whose address on its bus this one takes. Raises XmlError."""
    element = root(device)
    for name in _RUN_ELEMENTS:
        for one in list(element.iter(name)):
            if one.getparent() is not None:
                _remove(one)
    for one in element.iter("source"):
        _forget(one, "index")
    tag, kind = str(element.tag), element.get("type")
    if tag == "interface":
        _card(element, kind)
    elif tag in _CHARACTER:
        _character(element, kind)
    elif tag == "graphics":
        _screen(element)
    elif tag == "vsock" and element.find("cid[@auto='yes']") is not None:
        _forget(element.find("cid"), "address")
    for one in element.findall("address"):
        _remove(one)  # what was plugged in has another place than it will have
    address = root(place).find("address") if place else None
    if address is not None:
        element.append(address)
    return str(etree.tostring(element, encoding="unicode"))


def _card(element: etree._Element, kind: str | None) -> None:
    source, target = element.find("source"), element.find("target")
    _forget(source, "portid")
    if kind == "network":
        _forget(source, "bridge")
    if target is not None and (target.get("dev") or "").startswith(_OWN_CARDS):
        _forget(target, "dev")
        if not target.attrib:
            _remove(target)


def _character(element: etree._Element, kind: str | None) -> None:
    source = element.find("source")
    path = "" if source is None else source.get("path") or ""
    _forget(element.find("target"), "state")
    _forget(element, "tty")
    if source is not None and (kind == "pty" or any(one in path for one in _OWN_PATHS)):
        for name in ("path", "mode"):
            _forget(source, name)
        if not source.attrib and not len(source):
            _remove(source)


def _screen(element: etree._Element) -> None:
    if element.get("autoport") == "yes":
        for name in _PORTS:
            if element.get(name) is not None:
                element.set(name, "-1")
    for one in (element, *element.findall("listen")):
        if any(own in (one.get("socket") or "") for own in _OWN_PATHS):
            _forget(one, "socket")


def _forget(element: etree._Element | None, name: str) -> None:
    if element is not None and name in element.attrib:
        del element.attrib[name]


def _remove(element: etree._Element) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)
