"""Which way leads to a screen, from which kind of host."""

import asyncio
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from vmdesk.core import doors
from vmdesk.core.doors import RealDoors
from vmdesk.model.display import Display
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import VirtError
from vmdesk.model.prompt import Kind, Prompt
from vmdesk.virt import domains

KEY = DomainKey("lab", "u-1")
LOOPBACK = "<graphics type='vnc' port='5901' listen='127.0.0.1'/>"
EVERYWHERE = "<graphics type='vnc' port='5901' listen='0.0.0.0'/>"
NOWHERE = "<graphics type='vnc'><listen type='none'/></graphics>"
SOCKET = "<graphics type='vnc'><listen type='socket' socket='/run/x.sock'/></graphics>"
BUS = "<graphics type='dbus' p2p='yes'/>"
SPICE = "<graphics type='spice' tlsPort='5902' listen='0.0.0.0'/>"


class Tunnel:
    def __init__(self) -> None:
        self.targets: list[tuple[str, bool]] = []

    async def connect(self, target: str, greets: bool = False) -> Any:
        self.targets.append((target, greets))
        raise VirtError(SimpleNamespace(name="asked"))  # type: ignore[arg-type]


class Person:
    def __init__(self, *answers: str | None) -> None:
        self.answers = list(answers)
        self.asked: list[Prompt] = []
        self.endings: list[tuple[str, bool]] = []

    async def ask(self, prompt: Prompt) -> str | None:
        self.asked.append(prompt)
        return self.answers.pop(0)

    async def ended(self, host: str, success: bool) -> None:
        self.endings.append((host, success))


def host(uri: str, driver: str = "QEMU", tunnel: Any = None) -> Any:
    connection = SimpleNamespace(
        local="+" not in uri and "://h" not in uri,
        config_uri=uri,
        tunnel=tunnel or (Tunnel() if "+ssh" in uri else None),
        capabilities=SimpleNamespace(driver=driver),
        names={"u-1": "web"},
    )
    return SimpleNamespace(of=lambda _key: SimpleNamespace(require=lambda: connection), connection=connection)


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    def look(uri: str, xml: str, driver: str = "QEMU") -> tuple[list[str], str]:
        async def give(*_: Any, **__: Any) -> str:
            return f"<domain><devices>{xml}</devices></domain>"

        monkeypatch.setattr(domains, "xml", give)
        got = asyncio.run(RealDoors(host(uri, driver)).find(KEY))
        return [one.kind for one in got.doors], " ".join(str(one) for one in got.why)

    return look


@pytest.mark.parametrize(
    ("uri", "xml", "kinds", "why"),
    [
        ("qemu:///system", LOOPBACK + BUS + NOWHERE + SPICE, ["dbus", "vnc", "vnc", "spice"], ""),
        ("qemu+ssh://h/system", LOOPBACK + BUS, ["vnc"], "D-Bus display works only on the host itself"),
        ("qemu+ssh://h/system", SOCKET, ["vnc"], ""),
        ("qemu+ssh://h/system", NOWHERE, [], "has no port"),
        ("qemu+tls://h/system", EVERYWHERE, ["vnc"], ""),
        ("qemu://h/system", EVERYWHERE + SPICE, ["vnc", "spice"], ""),
        ("qemu+tls://h/system", LOOPBACK, [], "reach the host by ssh"),
        ("qemu+tcp://h/system", SOCKET, [], "reach the host by ssh"),
        ("qemu+tls://h/system", "<graphics type='rdp' port='3389'/>", [], "VMDesk does not speak it"),
    ],
)
def test_what_opens_from_here(found: Callable[..., Any], uri: str, xml: str, kinds: list[str], why: str) -> None:
    got, said = found(uri, xml)
    assert got == kinds and why in said and bool(why) == bool(said)


def test_a_host_that_hands_nothing_over(found: Callable[..., Any]) -> None:
    assert found("xen:///system", LOOPBACK + BUS, "Xen") == (
        ["vnc"],
        "This host's libvirt cannot hand the screen over.",
    )


@pytest.mark.parametrize(
    ("display", "target"),
    [
        (Display("vnc", 0, "address", "127.0.0.1", 5901), "127.0.0.1:5901"),
        (Display("vnc", 0, "address", "0.0.0.0", 5901), "127.0.0.1:5901"),
        (Display("vnc", 0, "address", "::1", 5901), "[::1]:5901"),
        (Display("vnc", 0, "socket", socket="/run/x.sock"), "/run/x.sock"),
    ],
)
def test_through_ssh_it_is_near(display: Display, target: str) -> None:
    links = host("qemu+ssh://h/system")
    with pytest.raises(VirtError):
        asyncio.run(RealDoors(links).backend(KEY, display, 0, None, None))  # type: ignore[arg-type]
    assert links.connection.tunnel.targets == [(target, True)]


def test_directly_the_certificate_must_be_the_hosts() -> None:
    async def open_() -> Any:
        display = Display("vnc", 0, "address", "0.0.0.0", 5901)
        return await RealDoors(host("qemu+tls://h.example/system")).backend(KEY, display, 0, None, None)  # type: ignore[arg-type]

    backend = asyncio.run(open_())
    assert str(backend._where) == "h.example:5901" and backend._tls.host == "h.example" and not backend._local


def test_encrypted_only_does_not_go_through_ssh() -> None:
    async def open_() -> None:
        display = Display("spice", 0, "address", "127.0.0.1", 0, 5902)
        way = doors._way(display, doors._place(host("qemu+ssh://h/system").connection))
        with pytest.raises(VirtError) as error:
            await doors._through(host("qemu+ssh://h/system").connection, way)
        assert "encrypted connections only" in str(error.value.problem)

    asyncio.run(open_())


def test_a_display_that_went_away() -> None:
    with pytest.raises(VirtError) as error:
        doors._way(Display("vnc", 0), doors._place(host("qemu+ssh://h/system").connection))
    assert error.value.problem.name == "no-door"


def test_passwords_are_asked_and_known_for_this_run() -> None:
    async def work() -> None:
        person = Person("wrong", "right", None)
        here = RealDoors(host("qemu+ssh://h/system"), asker=person)
        display = Display("vnc", 0)
        assert await here.ask(KEY, display)
        await here.answered(KEY, display, False)
        assert await here.ask(KEY, display)
        await here.answered(KEY, display, True)
        assert here._passwords == {(KEY, "vnc"): "right"}
        assert not await here.ask(KEY, display) and not here._passwords
        first, second, third = person.asked
        assert (first.kind, first.subject, first.host) == (Kind.PASSWORD, "vnc u-1", "web (VNC)")
        assert [one.again for one in (first, second, third)] == [False, True, True]
        assert [one for _, one in person.endings] == [False, True, False]
        assert "right" not in repr(person.asked)

    asyncio.run(work())


def test_nobody_to_ask() -> None:
    assert not asyncio.run(RealDoors(host("qemu+ssh://h/system")).ask(KEY, Display("vnc", 0)))


def test_what_a_screen_needs_is_loaded_ahead_for_the_first_way_only(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    said: threading.Event = threading.Event()

    class Spice:
        @staticmethod
        def load() -> None:
            done.append(f"library, {threading.current_thread() is not threading.main_thread()}")
            said.set()
            raise VirtError(SimpleNamespace(name="library"))  # type: ignore[arg-type]

    def load(name: str) -> Any:
        done.append(name)
        if name != "screen-spice":
            said.set()
        return Spice

    monkeypatch.setattr(doors, "load", load)
    for kinds, expected in (
        ({"spice"}, ["screen-spice", "library, True"]),
        ({"vnc", "spice"}, ["screen-vnc"]),
        ({"rdp"}, []),
    ):
        done.clear()
        said.clear()
        doors.load_ahead(kinds)
        assert not expected or said.wait(10)
        assert done == expected
