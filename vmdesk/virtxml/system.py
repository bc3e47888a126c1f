"""A short readable name from a libosinfo id, without loading libosinfo (which takes a second)."""

import copy
from urllib.parse import urlsplit

from lxml import etree

from vmdesk.virtxml.document import root

PREFIX = "libosinfo"
# virt-manager, GNOME Boxes and we write the first; older virt-manager the second.
OSINFO = (
    "{http://libosinfo.org/xmlns/libvirt/domain/1.0}",
    "{http://libosinfo.org/linux/libvirt/domain/1.0}",
)
# The word libosinfo's id carries, and how the system's makers write it. Others are capitalised.
_NAMES = {
    "almalinux": "AlmaLinux",
    "alpinelinux": "Alpine Linux",
    "altlinux": "ALT Linux",
    "archlinux": "Arch Linux",
    "asianux": "Asianux",
    "centos": "CentOS",
    "centos-stream": "CentOS Stream",
    "circle": "Circle Linux",
    "cirros": "CirrOS",
    "clearlinux": "Clear Linux",
    "coreos": "Fedora CoreOS",
    "dragonflybsd": "DragonFly BSD",
    "elementary": "elementary OS",
    "endlessos": "Endless OS",
    "eos": "Endless OS",
    "fedora-coreos": "Fedora CoreOS",
    "freebsd": "FreeBSD",
    "freedos": "FreeDOS",
    "freenix": "Freenix",
    "ghostbsd": "GhostBSD",
    "gnome": "GNOME OS",
    "guix": "Guix",
    "haiku": "Haiku",
    "hyperbola": "Hyperbola",
    "linux": "Linux",
    "macosx": "macOS",
    "msdos": "MS-DOS",
    "netbsd": "NetBSD",
    "nixos": "NixOS",
    "ol": "Oracle Linux",
    "openbsd": "OpenBSD",
    "opensuse": "openSUSE",
    "openSUSE": "openSUSE",
    "pop": "Pop!_OS",
    "pureos": "PureOS",
    "rhel": "RHEL",
    "rhel-atomic": "RHEL Atomic Host",
    "rhl": "Red Hat Linux",
    "rocky": "Rocky Linux",
    "scientificlinux": "Scientific Linux",
    "silverblue": "Fedora Silverblue",
    "sled": "SLED",
    "sles": "SLES",
    "sle": "SUSE Linux Enterprise",
    "slem": "SLE Micro",
    "smartos": "SmartOS",
    "trisquel": "Trisquel",
    "ubuntu": "Ubuntu",
    "voidlinux": "Void Linux",
    "win": "Windows",
}

_WINDOWS = {
    "2k": "Windows 2000",
    "2k3": "Windows Server 2003",
    "2k3r2": "Windows Server 2003 R2",
    "2k8": "Windows Server 2008",
    "2k8r2": "Windows Server 2008 R2",
    "2k12": "Windows Server 2012",
    "2k12r2": "Windows Server 2012 R2",
    "2k16": "Windows Server 2016",
    "2k19": "Windows Server 2019",
    "2k22": "Windows Server 2022",
    "2k25": "Windows Server 2025",
    "vista": "Windows Vista",
    "xp": "Windows XP",
    "me": "Windows Me",
    "nt": "Windows NT",
}


def elements(domain: etree._Element) -> list[tuple[str, etree._Element]]:
    """libosinfo's elements in <metadata> and the namespaces they are in: no more than one each."""
    found = [(space, domain.find(f"metadata/{space}libosinfo")) for space in OSINFO]
    return [(space, one) for space, one in found if one is not None]


def told(xml: str) -> dict[str, str]:
    """libosinfo's elements by their namespaces, as virDomainSetMetadata takes them. Raises XmlError."""
    return {space.strip("{}"): _bare(space, one) for space, one in elements(root(xml))}


def _bare(space: str, element: etree._Element) -> str:
    """Without its own namespace, which libvirt adds itself; it would refuse the prefix a second time."""

    def into(parent: etree._Element | None, one: etree._Element) -> etree._Element:
        if not isinstance(one.tag, str) or not one.tag.startswith(space):
            made = copy.deepcopy(one)
            assert parent is not None
            parent.append(made)
            return made
        tag = one.tag.removeprefix(space)
        made = etree.Element(tag) if parent is None else etree.SubElement(parent, tag)
        for key, value in one.attrib.items():
            made.set(key, value)
        made.text, made.tail = one.text, one.tail if parent is not None else None
        for child in one:
            into(made, child)
        return made

    made = into(None, element)
    etree.cleanup_namespaces(made)
    return etree.tostring(made, encoding="unicode")


def name(os_id: str) -> str:
    """`http://debian.org/debian/12` -> `Debian 12`; "" for what is no such id."""
    parts = [part for part in urlsplit(os_id).path.split("/") if part]
    if not parts or "://" not in os_id:
        return ""
    product, version = parts[0], " ".join(parts[1:])
    if product == "win" and version in _WINDOWS:
        return _WINDOWS[version]
    title = _NAMES.get(product) or " ".join(word.capitalize() for word in product.split("-"))
    return f"{title} {version}" if version and version not in ("unknown", "rolling") else title
