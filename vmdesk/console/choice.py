"""By which way a machine's screen is reached: what there is, in which order, and why the rest is not to be had."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from vmdesk.model.display import Display, Displays, TextDevice
from vmdesk.model.text import Text, text

DBUS, VNC, SPICE, TEXT = "dbus", "vnc", "spice", "text"
ORDER = (DBUS, VNC, SPICE, TEXT)  # the fastest first
SHARED = (VNC, SPICE, DBUS, TEXT)  # for those who only look: VNC has room for many, the others throw somebody out
_NAMES = {DBUS: "D-Bus", VNC: "VNC", SPICE: "SPICE", TEXT: "text"}
_EVERY_ADDRESS = ("", "0.0.0.0", "::", "*")  # noqa: S104 - compared with, not listened on
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Route(Enum):
    """How the bytes travel."""

    FD = "fd"  # libvirt hands a socket over (virt.consoles.open_graphics_fd)
    DIRECT = "direct"  # a connection of our own to `target`
    SSH = "ssh"  # to `target` as the host sees it, through the host's one ssh login
    STREAM = "stream"  # libvirt's text console (virt.consoles.TextConsole)


@dataclass(frozen=True, slots=True)
class Place:
    """The host as far as it matters here.

    transport  "" or "unix": this computer; ssh, tls, tcp
    host       its address when it is another computer
    hands_fds  its libvirt can hand sockets over (QEMU's can)
    """

    transport: str = ""
    host: str = ""
    hands_fds: bool = True

    @property
    def local(self) -> bool:
        return self.transport in ("", "unix")


@dataclass(frozen=True, slots=True)
class Way:
    """One way to a machine's screen, or why it is not to be had (`reason`).

    target      "host:port", "[::1]:5900" or the path of a socket, for DIRECT and SSH; "" otherwise
    tls_target  the same with encryption (SPICE), "" if there is none
    device      the text console, for TEXT
    """

    protocol: str
    route: Route
    display: Display | None = None
    target: str = ""
    tls_target: str = ""
    device: TextDevice | None = None
    reason: Text | None = None

    @property
    def usable(self) -> bool:
        return self.reason is None


def ways(
    displays: Displays,
    place: Place,
    order: Sequence[str] = ORDER,
    lacking: Mapping[str, Text] | None = None,
    running: bool = True,
    readonly: bool = False,
) -> tuple[Way, ...]:
    """Every way, the usable ones first, each part in `order`.

    order    the person's for this machine; protocols that it leaves out come last
    lacking  protocols that this computer cannot speak, and why ("spice": the package that is missing)
    """
    rank = {protocol: number for number, protocol in enumerate(whole_order(order))}
    found = [*_screens(displays.graphics, place), *_texts(displays.texts)]
    found += _none_there(displays, {way.protocol for way in found})
    # What holds for all goes before what is wrong with one.
    checked = [_checked(way, lacking or {}, running, readonly) for way in found]
    return tuple(sorted(checked, key=lambda way: (not way.usable, rank.get(way.protocol, len(rank)))))


def whole_order(order: Iterable[str]) -> tuple[str, ...]:
    """`order` without what nobody knows, completed by what it leaves out."""
    known = [protocol for protocol in dict.fromkeys(order) if protocol in ORDER]
    return (*known, *(protocol for protocol in ORDER if protocol not in known))


def best(found: Sequence[Way]) -> Way | None:
    """The first one that is usable."""
    return next((way for way in found if way.usable), None)


def nothing(displays: Displays, found: Sequence[Way]) -> Text | None:
    """What to say where the screen would be; None if there is a way."""
    if best(found):
        return None
    if not displays.graphics and not any(device.streams for device in displays.texts):
        return text("This machine has neither a screen nor a text console.")
    # The one that would have been the best tells the most.
    told = [way.reason for way in found if way.display or way.device] or [way.reason for way in found]
    return told[0] if told else None


def _checked(way: Way, lacking: Mapping[str, Text], running: bool, readonly: bool) -> Way:
    reason = way.reason
    if way.display is None and way.device is None:
        return way  # it is not in the definition at all: that is what to say
    if readonly and way.route in (Route.FD, Route.STREAM):
        reason = text("The connection to the host is read-only: libvirt opens no console.")
    elif not running and (reason is None or way.protocol != DBUS):
        reason = text("The machine is off.")
    elif way.protocol in lacking:
        reason = lacking[way.protocol]
    return replace(way, reason=reason)


def _screens(graphics: Iterable[Display], place: Place) -> Iterable[Way]:
    for display in graphics:
        if display.kind == DBUS:
            yield Way(DBUS, Route.FD, display, reason=_dbus_reason(display, place))
        elif display.kind in (VNC, SPICE):
            if place.local:
                yield _local(display, place)
            else:
                yield _remote(display, place)


def _dbus_reason(display: Display, place: Place) -> Text | None:
    if not place.local:
        return text("The D-Bus display works only on the host itself.")
    if not display.p2p:
        return text("The D-Bus display of this machine is on a bus, not peer to peer.")
    if not place.hands_fds:
        return text("This host's libvirt cannot hand the screen over.")
    return None


def _local(display: Display, place: Place) -> Way:
    if place.hands_fds:
        return Way(display.kind, Route.FD, display)
    return _at(display, Route.DIRECT, _near(display, "127.0.0.1"))


def _remote(display: Display, place: Place) -> Way:
    if place.transport == "ssh":
        return _at(display, Route.SSH, _near(display, "127.0.0.1"))
    if display.listens == "socket" or display.socket:
        return Way(
            display.kind,
            Route.DIRECT,
            display,
            reason=text("The display is on a socket of the host: reach the host by ssh."),
        )
    if display.listen in _LOOPBACK:
        why = text("The display answers only on the host itself: reach the host by ssh.")
        return Way(display.kind, Route.DIRECT, display, reason=why)
    return _at(display, Route.DIRECT, _near(display, place.host))


def _near(display: Display, everywhere: str) -> str:
    """The address to go to: `everywhere` if it listens on all."""
    return everywhere if display.listen in _EVERY_ADDRESS else display.listen


def _at(display: Display, route: Route, host: str) -> Way:
    if display.socket:
        return Way(display.kind, route, display, display.socket)
    if not display.port and not display.tls_port:
        name = _NAMES[display.kind]
        why = text("The {protocol} display has no port: it can be reached only on the host itself.", protocol=name)
        return Way(display.kind, route, display, reason=why)
    return Way(display.kind, route, display, _address(host, display.port), _address(host, display.tls_port))


def _address(host: str, port: int) -> str:
    if not port:
        return ""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _texts(texts: Iterable[TextDevice]) -> Iterable[Way]:
    for device in texts:
        reason = None
        if not device.streams:
            reason = text("This port is connected to something else ({what}).", what=device.source or "?")
        yield Way(TEXT, Route.STREAM, device=device, reason=reason)


def _none_there(displays: Displays, there: set[str]) -> Iterable[Way]:
    """Protocols that the definition does not have."""
    others = sorted({display.kind for display in displays.graphics} - set(ORDER) - {""})
    for protocol in ORDER:
        if protocol in there:
            continue
        if protocol == TEXT:
            why = text("The machine has no serial port and no text console.")
        elif not displays.graphics:
            why = text("The machine has no screen.")
        elif others and not there & {DBUS, VNC, SPICE}:
            why = text("The machine's screen is of a kind that VMDesk does not show ({what}).", what=", ".join(others))
        else:
            why = text("The machine has no {protocol} display.", protocol=_NAMES[protocol])
        yield Way(protocol, Route.STREAM if protocol == TEXT else Route.FD, reason=why)
