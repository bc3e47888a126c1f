"""Which way to a screen."""

import pytest

from vmdesk.console import choice
from vmdesk.console.choice import DBUS, SHARED, SPICE, TEXT, VNC, Place, Route, Way, best, nothing, ways
from vmdesk.model.display import Display, Displays, TextDevice
from vmdesk.model.text import text

FULL = Displays(
    (
        Display("spice", 0, "address", "127.0.0.1", 5900, 5901),
        Display("vnc", 1, "address", "0.0.0.0", 5902),
        Display("dbus", 2, p2p=True),
    ),
    (TextDevice("serial0", "serial"),),
)


def protocols(found: tuple[Way, ...], usable: bool = True) -> list[str]:
    return [way.protocol for way in found if way.usable is usable]


def why(found: tuple[Way, ...], protocol: str) -> str:
    return next(str(way.reason or "") for way in found if way.protocol == protocol)


def test_local() -> None:
    found = ways(FULL, Place())
    assert protocols(found) == [DBUS, VNC, SPICE, TEXT]
    assert {way.route for way in found} == {Route.FD, Route.STREAM}
    assert [way.display.index for way in found if way.display] == [2, 1, 0]
    assert found[-1].device == FULL.texts[0]
    assert best(found) is found[0] and nothing(FULL, found) is None


def test_remote_by_ssh() -> None:
    found = ways(FULL, Place("ssh", "lab-2"))
    assert protocols(found) == [VNC, SPICE, TEXT] and protocols(found, False) == [DBUS]
    vnc, spice, _text, _dbus = found
    assert (vnc.route, vnc.target) == (Route.SSH, "127.0.0.1:5902")
    assert (spice.target, spice.tls_target) == ("127.0.0.1:5900", "127.0.0.1:5901")
    assert "only on the host itself" in why(found, DBUS)
    on_socket = Displays((Display("vnc", 0, "socket", socket="/run/vnc.sock"),))
    assert ways(on_socket, Place("ssh", "lab-2"))[0].target == "/run/vnc.sock"
    six = Displays((Display("vnc", 0, "address", "fe80::1", 5900),))
    assert ways(six, Place("ssh", "lab-2"))[0].target == "[fe80::1]:5900"


def test_remote_by_tls() -> None:
    found = ways(FULL, Place("tls", "lab-2"))
    vnc = found[0]
    assert (vnc.protocol, vnc.route, vnc.target) == (VNC, Route.DIRECT, "lab-2:5902")
    assert "by ssh" in why(found, SPICE)  # it listens on the host's own loopback
    for display in (Display("vnc", 0, "socket", socket="/run/x"), Display("vnc", 0, "none")):
        assert not ways(Displays((display,)), Place("tls", "lab-2"))[0].usable
    named = Displays((Display("vnc", 0, "address", "192.0.2.7", 5900),))
    assert ways(named, Place("tcp", "lab-2"))[0].target == "192.0.2.7:5900"


def test_a_display_without_a_port() -> None:
    displays = Displays((Display("vnc", 0, "none"), Display("dbus", 1, p2p=True)))
    assert protocols(ways(displays, Place())) == [DBUS, VNC]
    assert "no port" in why(ways(displays, Place("ssh", "lab-2")), VNC)
    assert "no port" in why(ways(displays, Place(hands_fds=False)), VNC)


def test_a_host_that_hands_nothing_over() -> None:
    found = ways(FULL, Place(hands_fds=False))
    assert protocols(found) == [VNC, SPICE, TEXT]
    assert (found[0].route, found[0].target) == (Route.DIRECT, "127.0.0.1:5902")
    assert "hand the screen over" in why(found, DBUS)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ((SPICE,), [SPICE, DBUS, VNC, TEXT]),
        ((TEXT, VNC), [TEXT, VNC, DBUS, SPICE]),
        (SHARED, [VNC, SPICE, DBUS, TEXT]),
        ((), [DBUS, VNC, SPICE, TEXT]),
        (("nonsense", VNC, VNC), [VNC, DBUS, SPICE, TEXT]),
    ],
)
def test_order(order: tuple[str, ...], expected: list[str]) -> None:
    assert protocols(ways(FULL, Place(), order)) == expected
    assert set(choice.whole_order(order)) == set(choice.ORDER)


def test_what_is_missing_here() -> None:
    found = ways(FULL, Place(), lacking={SPICE: text("Install {package}.", package="gir1.2-spiceclientglib-2.0")})
    assert protocols(found) == [DBUS, VNC, TEXT]
    assert why(found, SPICE) == "Install gir1.2-spiceclientglib-2.0."


def test_reasons_that_hold_for_all() -> None:
    off = ways(FULL, Place(), running=False)
    assert protocols(off) == [] and str(nothing(FULL, off)) == "The machine is off."
    readonly = ways(FULL, Place(), readonly=True)
    assert protocols(readonly) == [] and "read-only" in str(nothing(FULL, readonly))
    assert protocols(ways(FULL, Place("tls", "lab-2"), readonly=True)) == [VNC]


def test_what_the_definition_does_not_have() -> None:
    none = Displays()
    found = ways(none, Place())
    assert protocols(found) == [] and len(found) == 4
    assert str(nothing(none, found)) == "This machine has neither a screen nor a text console."
    assert why(found, VNC) == "The machine has no screen."
    only_text = Displays(texts=(TextDevice("serial0", "serial"), TextDevice("serial1", "serial", source="file")))
    found = ways(only_text, Place())
    assert protocols(found) == [TEXT]
    assert nothing(only_text, found) is None
    assert [str(way.reason) for way in found if way.device and not way.usable] == [
        "This port is connected to something else (file)."
    ]
    window = Displays((Display("sdl", 0),))
    found = ways(window, Place())
    assert "sdl" in why(found, VNC)
    assert nothing(window, found) is not None
    on_a_bus = Displays((Display("dbus", 0),))
    assert "peer to peer" in why(ways(on_a_bus, Place()), DBUS)
    assert why(ways(on_a_bus, Place()), SPICE) == "The machine has no SPICE display."
