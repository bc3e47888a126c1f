"""From a domain's XML to its doors: screens, text consoles, channels."""

from lxml import etree

from vmdesk.model.display import Channel, Display, Displays, TextDevice
from vmdesk.virtxml.document import XmlError, number, root


def parse(xml: str) -> Displays:
    """What `xml` (a `<domain>`) has. Raises XmlError. Ports and aliases are known only while it runs."""
    domain = root(xml)
    if domain.tag != "domain":
        raise XmlError("not a <domain>")
    devices = domain.find("devices")
    if devices is None:
        return Displays()
    videos = [model for model in devices.findall("video/model") if model.get("type") != "none"]
    return Displays(
        graphics=tuple(_display(element, index) for index, element in enumerate(devices.findall("graphics"))),
        texts=_texts(devices),
        channels=tuple(_channel(element) for element in devices.findall("channel")),
        heads=sum(max(1, number(model.get("heads"), 1)) for model in videos),
        sound=devices.find("sound") is not None,
    )


def _display(graphics: etree._Element, index: int) -> Display:
    listen = graphics.find("listen")
    listens = (listen.get("type") or "") if listen is not None else ""
    address = graphics.get("listen") or ""
    socket = graphics.get("socket") or ""
    if listen is not None:
        address = listen.get("address") or ("" if listens in ("socket", "none") else address)
        socket = listen.get("socket") or socket
    elif socket:
        listens = "socket"
    elif address:
        listens = "address"
    gl = graphics.find("gl")
    return Display(
        kind=graphics.get("type") or "",
        index=index,
        listens=listens,
        listen=address,
        # -1 stands for "one will be chosen at start".
        port=max(0, number(graphics.get("port"))),
        tls_port=max(0, number(graphics.get("tlsPort"))),
        socket=socket,
        p2p=graphics.get("p2p") == "yes",
        gl=gl is not None and gl.get("enable", "yes") == "yes",
        copy_paste=not _says_no(graphics.find("clipboard"), "copypaste"),
        file_transfer=not _says_no(graphics.find("filetransfer"), "enable"),
    )


def _says_no(element: etree._Element | None, name: str) -> bool:
    return element is not None and element.get(name) == "no"


def _texts(devices: etree._Element) -> tuple[TextDevice, ...]:
    """Serial ports, then consoles that are not one of them seen twice, then parallel ports."""
    serials = [_text(element, "serial", place) for place, element in enumerate(devices.findall("serial"))]
    consoles = [_text(element, "console", place) for place, element in enumerate(devices.findall("console"))]
    # libvirt writes the first serial port a second time, as <console><target type='serial'/>, with the same alias.
    own = [device for device in consoles if not (serials and device.target == "serial")]
    parallels = [_text(element, "parallel", place) for place, element in enumerate(devices.findall("parallel"))]
    return (*serials, *own, *parallels)


def _text(element: etree._Element, kind: str, place: int) -> TextDevice:
    target, alias = element.find("target"), element.find("alias")
    model = element.find("target/model")
    what = (model.get("name") if model is not None else None) or (target.get("type") if target is not None else None)
    return TextDevice(
        name=(alias.get("name") if alias is not None else None) or f"{kind}{place}",
        kind=kind,
        target=what or "",
        number=max(0, number(target.get("port"), place)) if target is not None else place,
        source=element.get("type") or "",
    )


def _channel(element: etree._Element) -> Channel:
    target, clipboard = element.find("target"), element.find("source/clipboard")
    state = target.get("state") if target is not None else None
    return Channel(
        kind=element.get("type") or "",
        name=(target.get("name") or "") if target is not None else "",
        connected=None if state is None else state == "connected",
        copy_paste=clipboard is not None and clipboard.get("copypaste") == "yes",
    )
