"""The kinds of places where a machine can come from, in words, and which of them a host has."""

from dataclasses import dataclass

from vmdesk.model.abilities import HostAbilities
from vmdesk.model.text import Text, text
from vmdesk.model.wish import From

_TEST = "TEST"
_LXC = "LXC"


@dataclass(frozen=True, slots=True)
class Source:
    """One card. `medium`: what is asked for below it; `why_not`: why this host cannot have it, None if it can."""

    source: From
    title: Text
    what: Text
    icon: str
    medium: Text | None = None
    why_not: Text | None = None


_ALL = (
    Source(
        From.CDROM,
        text("ISO or CD image"),
        text("Install a system from a file"),
        "disc",
        text("CD image"),
    ),
    Source(
        From.CLOUD,
        text("Cloud image"),
        text("A ready system, set up at its first start"),
        "cloud",
        text("Cloud image"),
    ),
    Source(
        From.DISK,
        text("Existing disk"),
        text("qcow2, raw, VMDK, VDI, VHD(X)"),
        "disk",
        text("Disk image"),
    ),
    Source(
        From.LOCATION,
        text("Network installer"),
        text("From a distribution's server"),
        "web",
        text("Address (URL)"),
    ),
    Source(From.EMPTY, text("Empty machine"), text("A new disk with nothing on it"), "shape-plus"),
    Source(From.PXE, text("Network boot"), text("By PXE: the network says what to start"), "server-network"),
    Source(From.KERNEL, text("Kernel and initrd"), text("Start a Linux kernel directly"), "chip"),
    Source(
        From.XML,
        text("Definition (XML)"),
        text("A machine's description from a file"),
        "code",
        text("File with the definition"),
    ),
)
_CONTAINER = Source(
    From.CONTAINER, text("Container"), text("A folder of the host as its root"), "package", text("Root folder")
)


def sources(host: HostAbilities | None) -> tuple[Source, ...]:
    """The cards for a host; None: it has not been looked at yet."""
    driver = host.driver.upper() if host is not None else ""
    if driver == _LXC:
        xml = next(one for one in _ALL if one.source is From.XML)
        return (_CONTAINER, xml)
    if driver != _TEST:
        return _ALL
    why = text("Files cannot be copied to the practice host: its disks are only names.")
    return tuple(
        Source(one.source, one.title, one.what, one.icon, one.medium, why)
        if one.source in (From.CLOUD, From.LOCATION)
        else one
        for one in _ALL
    )


def first(host: HostAbilities | None) -> From:
    """The source that is chosen in the beginning."""
    return sources(host)[0].source


def of_file(path: str) -> From:
    """What a file that was dropped is most likely for."""
    name = path.lower()
    if name.endswith(".iso"):
        return From.CDROM
    if name.endswith(".xml"):
        return From.XML
    if any(word in name for word in ("cloud", "generic", "genericcloud", "-kvm")) and name.endswith(
        (".qcow2", ".img", ".raw")
    ):
        return From.CLOUD
    return From.DISK
