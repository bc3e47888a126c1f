"""Which device is meant: keys that are the same in the running definition and in the stored one."""

from lxml import etree

from vmdesk.virtxml.document import number

_ADDRESSES = ("domain", "bus", "slot", "function")


def keyed(domain: etree._Element) -> list[tuple[str, etree._Element]]:
    """All devices of a `<domain>` with their keys, in the order of the text. Each key once."""
    devices = domain.find("devices")
    found: list[tuple[str, etree._Element]] = []
    known: set[str] = set()
    ordinals: dict[str, int] = {}
    for element in devices.iterchildren("{*}*") if devices is not None else ():
        tag = str(element.tag)
        if tag == "emulator":
            continue
        own = _own(tag, element)
        key = f"{tag}/{own}" if own else ""
        while not key or key in known:
            place = ordinals.get(tag, 0)
            ordinals[tag] = place + 1
            key = f"{tag}/{own}/{place}" if own else f"{tag}/{place}"
        known.add(key)
        found.append((key, element))
    return found


def find(domain: etree._Element, word: str) -> list[tuple[str, etree._Element]]:
    """The devices that are called so: by key, target, MAC or alias; none or several where it is not clear."""
    devices = keyed(domain)
    for called in (
        lambda key, _element: key == word,
        lambda _key, element: word.lower() in (_target(element), mac(element)),
        lambda _key, element: alias(element) == word,
    ):
        if found := [(key, element) for key, element in devices if called(key, element)]:
            return found
    return []


def alias(element: etree._Element) -> str:
    return _at(element, "alias", "name")


def mac(element: etree._Element) -> str:
    return _at(element, "mac", "address").lower()


def _target(element: etree._Element) -> str:
    return _at(element, "target", "dev").lower()


def _own(tag: str, element: etree._Element) -> str:
    """What makes it that device, "" where nothing does."""
    match tag:
        case "disk":
            return _at(element, "target", "dev")
        case "interface":
            return mac(element)
        case "controller":
            return f"{element.get('type') or ''}/{element.get('index') or 0}/{_master(element)}".rstrip("/")
        case "graphics":
            return element.get("type") or ""
        case "filesystem":
            return _at(element, "target", "dir")
        case "hostdev":
            return f"{element.get('type') or element.get('mode') or ''}/{host_address(element)}".rstrip("/")
        case "channel":
            return _at(element, "target", "name")
        case "input":
            return "/".join(filter(None, (element.get("type"), element.get("bus"))))
        case "serial" | "console" | "parallel":
            return _at(element, "target", "port")
        case "shmem":
            return element.get("name") or ""
        case "audio":
            return element.get("id") or ""
        case "watchdog" | "panic":
            return element.get("model") or ""
        case "memballoon" | "tpm" | "vsock" | "iommu" | "nvram":
            return tag
    return ""


def _master(element: etree._Element) -> str:
    """USB 2's companions have the index of their controller: their model tells them apart."""
    return (element.get("model") or "") if element.find("master") is not None else ""


def host_address(element: etree._Element) -> str:
    """Where a host device is: "046d:c52b", "usb1-4" by bus and device, "0000:65:00.0", an mdev's UUID."""
    source = element.find("source")
    if source is None:
        return ""
    vendor, product = source.find("vendor"), source.find("product")
    if vendor is not None and product is not None:
        return f"{_hex(vendor.get('id'))}:{_hex(product.get('id'))}"
    address = source.find("address")
    if address is None:
        adapter = source.find("adapter")
        return (adapter.get("name") or "") if adapter is not None else source.get("wwpn") or source.get("dev") or ""
    if uuid := address.get("uuid"):
        return uuid
    if element.get("type") == "usb":
        return f"{address.get('bus') or 0}-{address.get('device') or address.get('port') or 0}"
    if address.get("target") is not None:
        return ":".join(address.get(name) or "0" for name in ("bus", "target", "unit"))
    domain, bus, slot, function = (_digits(address.get(name)) for name in _ADDRESSES)
    return f"{domain:04x}:{bus:02x}:{slot:02x}.{function:x}"


def _hex(value: str | None) -> str:
    return (value or "").lower().removeprefix("0x")


def _digits(value: str | None) -> int:
    words = (value or "0").strip()
    try:
        return int(words, 16) if words.lower().startswith("0x") else number(words)
    except ValueError:
        return 0


def _at(element: etree._Element, path: str, attribute: str) -> str:
    found = element.find(path)
    return (found.get(attribute) or "") if found is not None else ""
