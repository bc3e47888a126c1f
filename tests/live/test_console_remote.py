"""Screens of machines on another computer: through the host's one ssh login, with passwords, and directly."""

import asyncio
import os
import re
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import libvirt
import pytest

from tests.live.looking import rgb, screenshot_rgb
from tests.live.test_ssh import Person, address, logins, trust
from tests.testbed.client import KeeperClient, Ssh
from tests.testbed.guests import Guest, Guests, wait_for
from tests.unit.console.vnc.authority import Authority
from vmdesk.core import sharing
from vmdesk.core.calls import Calls
from vmdesk.core.doors import RealDoors
from vmdesk.core.jobs import Jobs
from vmdesk.core.paths import Paths
from vmdesk.core.practice import Practice
from vmdesk.core.screen import Screen
from vmdesk.core.screen_state import Phase
from vmdesk.core.screens import Screens
from vmdesk.core.sessions import Sessions
from vmdesk.core.store import Store
from vmdesk.core.ways import Ways
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import VirtError
from vmdesk.model.host import HostConfig, Link
from vmdesk.virt import domains
from vmdesk.virt.connection import Connection
from vmdesk.virt.consoles import open_text
from vmdesk.virt.ssh import Tunnel

pytestmark = pytest.mark.live
PORT = "<graphics type='vnc' port='-1' autoport='yes' listen='127.0.0.1'{more}/><video><model type='vga'/></video>"


class Desk:
    """A host over ssh, and its screens."""

    def __init__(self, uri: str, folder: Path, person: Person | None) -> None:
        self.bugs: list[BaseException] = []
        self.store, self.jobs = Store(), Jobs(self.bugs.append)
        ways = Ways(folder, person, Practice(Paths(folder, folder)))
        self.sessions = Sessions(self.store, self.jobs, calls=Calls(way=ways.way))
        self.session = self.sessions.add(HostConfig("lab", "lab", uri))
        self.doors = RealDoors(self.sessions, asker=person)
        self.screens = Screens(self.store, self.jobs, self.doors, folder / "screens")
        self.watched: list[Screen] = []

    async def look(self, guest: Guest, wish: str = "") -> Screen:
        screen = self.screens.hold(DomainKey("lab", guest.uuid), wish)
        screen.attach(Onlooker())
        self.watched.append(screen)
        async with asyncio.timeout(30):
            while screen.status.phase not in (Phase.LIVE, Phase.LOST) or (
                screen.status.phase is Phase.LIVE and screen.surface is None
            ):
                await asyncio.sleep(0.02)
        return screen


class Onlooker:
    seen = True

    def __getattr__(self, _name: str) -> Callable[..., None]:
        return lambda *_: None


@asynccontextmanager
async def desk(uri: str, folder: Path, person: Person | None = None) -> AsyncIterator[Desk]:
    opened = Desk(uri, folder, person)
    try:
        await opened.session.open()
        assert opened.store.hosts["lab"].link is Link.UP, opened.store.hosts["lab"].problem
        yield opened
        assert not opened.bugs
    finally:
        opened.screens.close()
        await opened.sessions.close()
        await opened.jobs.close()


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(work())


@pytest.fixture
def known(tmp_path: Path) -> Path:
    return tmp_path / "known hosts"


@pytest.fixture
def short() -> Path:
    """A runtime folder: a unix socket's path has a limit."""
    return Path(os.environ["XDG_RUNTIME_DIR"]) / "vmdesk-test"


@pytest.fixture
def host(keeper: KeeperClient, known: Path) -> Ssh:
    server = keeper.ssh_start("key")
    trust(server, known)
    return server


async def only_what_stays(folder: Path) -> None:
    """A channel's way in is closed again as soon as it has been gone through."""
    end = asyncio.get_running_loop().time() + 20
    while (found := sorted(one.name for one in folder.iterdir())) != ["ask", "ctl", "libvirt", "log"]:
        assert asyncio.get_running_loop().time() < end, found
        await asyncio.sleep(0.05)


def test_vnc_through_the_one_login(make_guest: Guests, host: Ssh, known: Path, short: Path) -> None:
    guest = make_guest("far", devices=PORT.format(more=""))
    guest.wait_until_booted()

    async def work() -> None:
        async with desk(address(host, known), short) as on:
            screen = await on.look(guest)
            assert (screen.status.phase, screen.status.protocol) == (Phase.LIVE, "vnc"), screen.status
            assert screen.surface is not None
            picture = await asyncio.to_thread(screenshot_rgb, guest)
            async with asyncio.timeout(20):
                while rgb(screen.surface) != picture:
                    await asyncio.sleep(0.1)
            # Nothing is left that others could go through.
            (folder,) = (short / "ssh").iterdir()
            assert sorted(one.name for one in folder.iterdir()) == ["ctl", "libvirt", "log"]
            again = await on.look(guest, "vnc")
            assert again.status.phase is Phase.LIVE

    run(work)
    assert logins(host) == 1


def test_what_the_guest_prints_through_the_one_login(
    make_guest: Guests,
    host: Ssh,
    known: Path,
    short: Path,
) -> None:
    guest = make_guest("prints")
    guest.wait_until_booted()

    async def work() -> None:
        async with desk(address(host, known), short) as on:
            heard = bytearray()
            stream = await open_text(on.session.require(), guest.uuid, "", heard.extend)
            stream.send(b"xyz")
            async with asyncio.timeout(10):
                while b"xyz" not in heard:
                    await asyncio.sleep(0.02)
            await stream.close()

    run(work)
    assert logins(host) == 1


def protect(guest: Guest, password: str) -> None:
    def change(domain: libvirt.virDomain) -> None:
        xml = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_SECURE | libvirt.VIR_DOMAIN_XML_INACTIVE)
        domain.connect().defineXML(re.sub("<graphics type='vnc'", f"<graphics type='vnc' passwd='{password}'", xml))

    guest.ask(change)


def test_a_password_is_asked_for(make_guest: Guests, host: Ssh, known: Path, short: Path) -> None:
    guest = make_guest("secret", devices=PORT.format(more=""), start=False)
    protect(guest, "sesame")
    guest.start()

    async def work() -> None:
        person = Person("wrong", "sesame")
        async with desk(address(host, known), short, person) as on:
            screen = await on.look(guest)
            assert screen.status.phase is Phase.LIVE, screen.status
            asked = [prompt for prompt in person.asked if guest.uuid in prompt.subject]
            assert [prompt.again for prompt in asked] == [False, True]
            assert guest.name in asked[0].host and "sesame" not in repr(asked)
            assert person.endings[-2:] == [False, True]
            # Known from now on, for this run.
            again = await on.look(guest, "vnc")
            assert again.status.phase is Phase.LIVE and len(person.asked) == len(asked)
            for file in short.rglob("*"):
                assert not file.is_file() or b"sesame" not in file.read_bytes()

    run(work)


def test_why_there_is_no_screen(make_guest: Guests, host: Ssh, known: Path, short: Path) -> None:
    nowhere = make_guest("nowhere", devices="<graphics type='vnc'><listen type='none'/></graphics>")
    hidden = make_guest("hidden", graphics="vnc")

    async def work() -> None:
        async with desk(address(host, known), short) as on:
            screen = await on.look(nowhere)
            assert "no port" in str(screen.status.problem), screen.status
            # QEMU's folder is its own: this user may ask libvirt for everything, and open nothing there.
            screen = await on.look(hidden)
            assert "may not open the display's socket" in str(screen.status.problem), screen.status

    run(work)


def test_a_socket_over_there(host: Ssh, known: Path, short: Path, tmp_path: Path) -> None:
    path = tmp_path / "a:b 50%"

    async def work() -> None:
        async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"RFB")
            await writer.drain()
            writer.close()

        server = await asyncio.start_unix_server(greet, path)
        tunnel = Tunnel(address(host, known), short, None)
        with pytest.raises(VirtError) as error:
            await tunnel.connect(str(path), greets=True)
        assert error.value.problem.name == "closed"
        await tunnel.up()
        for _ in range(3):
            with await tunnel.connect(str(path), greets=True) as sock:
                assert await asyncio.to_thread(sock.recv, 3) == b"RFB"
        server.close()
        await server.wait_closed()
        with pytest.raises(VirtError) as error:
            await tunnel.connect(str(path), greets=True)
        assert error.value.problem.name == "refused" and "open failed" in error.value.problem.details
        with pytest.raises(VirtError) as error:
            await tunnel.connect("127.0.0.1:1", greets=True)
        assert "Nothing answers at 127.0.0.1:1" in str(error.value.problem)
        await tunnel.close()
        await tunnel.up()  # as after "disconnect" and "connect"
        await tunnel.close()

    run(work)
    assert logins(host) == 2


SPICE = "<graphics type='spice' port='-1' autoport='yes' listen='127.0.0.1'/><video><model type='vga'/></video>"


def test_spice_through_the_one_login(make_guest: Guests, host: Ssh, known: Path, short: Path) -> None:
    guest = make_guest("spice", devices=SPICE, start=False)

    def change(domain: libvirt.virDomain) -> None:
        xml = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_SECURE | libvirt.VIR_DOMAIN_XML_INACTIVE)
        domain.connect().defineXML(xml.replace("<graphics type='spice'", "<graphics type='spice' passwd='sesame'"))

    guest.ask(change)
    guest.start()
    guest.wait_until_booted()

    async def work() -> None:
        person = Person("wrong", "sesame")
        async with desk(address(host, known), short, person) as on:
            screen = await on.look(guest)
            assert (screen.status.phase, screen.status.protocol) == (Phase.LIVE, "spice"), screen.status
            assert [prompt.again for prompt in person.asked] == [False, True]
            (folder,) = (short / "ssh").iterdir()
            await only_what_stays(folder)
            assert b"open failed" not in (folder / "log").read_bytes()

    run(work)
    assert logins(host) == 1


def test_disconnected_and_connected_again(make_guest: Guests, host: Ssh, known: Path, short: Path) -> None:
    guest = make_guest("lost", devices=PORT.format(more=""))
    guest.wait_until_booted()

    async def work() -> None:
        async with desk(address(host, known), short) as on:
            screen = await on.look(guest)
            assert screen.status.phase is Phase.LIVE
            await on.session.close()
            async with asyncio.timeout(10):
                while screen.status.phase is Phase.LIVE:
                    await asyncio.sleep(0.02)
            await on.session.open()
            async with asyncio.timeout(20):
                while screen.status.phase is not Phase.LIVE:
                    await asyncio.sleep(0.02)

    run(work)


def test_forwarding_forbidden_over_there(make_guest: Guests, host: Ssh, short: Path) -> None:
    """libvirt still comes through, by its own ssh; the screen cannot."""
    guest = make_guest("forbidden", devices=PORT.format(more=""))
    own = Path(host.key).with_name("known_hosts")  # libvirt's ssh takes no other
    trust(host, own)
    keys = Path(host.key).with_name("authorized_keys")
    before = keys.read_text()
    keys.write_text("no-port-forwarding " + before)

    async def work() -> None:
        async with desk(address(host, own), short) as on:
            screen = await on.look(guest)
            assert "does not allow forwarding" in str(screen.status.problem), screen.status

    try:
        run(work)
    finally:
        keys.write_text(before)
        own.unlink()


# ---------------------------------------------------------------- directly


@contextmanager
def encrypted(folder: Path) -> Iterator[int]:
    """The port of a QEMU that shows its screen to those only who encrypt."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    if port < 5900:
        pytest.skip("no port that QEMU can count from 5900")
    program = ["qemu-system-x86_64", "-accel", "tcg", "-m", "32", "-nodefaults", "-display", "none", "-vga", "std"]
    program += ["-object", f"tls-creds-x509,id=t,dir={folder},endpoint=server,verify-peer=no"]
    process = subprocess.Popen([*program, "-vnc", f"127.0.0.1:{port - 5900},tls-creds=t"], stderr=subprocess.PIPE)

    def listens() -> bool:
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", port)) == 0

    try:
        wait_for(listens, "QEMU listens")
        yield port
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("known_authority", [True, False])
def test_directly_with_a_certificate(
    make_guest: Guests, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known_authority: bool
) -> None:
    """A tls host: libvirt is the local one here, the display is a QEMU of our own that says it is far away."""
    guest = make_guest("direct", graphics="vnc")
    authority = Authority(tmp_path)
    authority.server(folder=tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    trusted = tmp_path / "home/.pki/CA/cacert.pem"
    trusted.parent.mkdir(parents=True)
    if known_authority:
        trusted.write_bytes(authority.file.read_bytes())
    real = socket.getaddrinfo

    def resolve(name: Any, *more: Any, **others: Any) -> Any:
        return real("127.0.0.1" if name == "host.example" else name, *more, **others)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)

    async def work() -> None:
        config = HostConfig("lab", "lab", "qemu+tls://host.example/system")
        connection = await Connection.open(config, 1, lambda _event: None, "qemu:///system")
        on = Desk("qemu:///system", tmp_path, None)
        on.doors = RealDoors(One(connection))
        on.screens.doors = on.doors
        on.store.update([one for one in await domains.list_all(connection) if one.uuid == guest.uuid])
        try:
            with encrypted(tmp_path) as port:

                async def xml(*_: Any, **__: Any) -> str:
                    graphics = (
                        f"<graphics type='vnc' port='{port}' listen='0.0.0.0'/><graphics type='spice' port='-1'/>"
                    )
                    return f"<domain><devices>{graphics}</devices></domain>"

                monkeypatch.setattr(domains, "xml", xml)
                screen = await on.look(guest)
                if known_authority:
                    assert screen.status.phase is Phase.LIVE, screen.status
                    assert "no port" in str(screen.status.why[0])
                else:
                    assert screen.status.problem and screen.status.problem.name == "certificate", screen.status
                on.screens.close()
        finally:
            await on.sessions.close()
            await on.jobs.close()
            await connection.close()

    run(work)


class One:
    """The one host."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, _key: DomainKey) -> "One":
        return self

    def require(self) -> Connection:
        return self._connection


def test_what_spice_carries_on_a_guest_without_an_agent(make_guest: Guests, tmp_path: Path) -> None:
    """Files end as a failed job with words; the list of USB devices comes; a folder can be shared and taken back."""
    guest = make_guest("bare", devices=SPICE)
    file = tmp_path / "paper.txt"
    file.write_text("x")

    async def work() -> None:
        async with desk("qemu:///system", tmp_path) as on:
            screen = await on.look(guest, "spice")
            assert screen.status.phase is Phase.LIVE, screen.status
            session = sharing.session_of(screen.backend)
            assert session is not None
            job = await sharing.send(on.jobs, session, [file], DomainKey("lab", guest.uuid), guest.name)
            assert job.problem is not None and job.problem.name == "no-agent", job
            session.share_folder(tmp_path)
            session.share_folder(None)
            with suppress(VirtError):  # where nothing can list devices, as in a sandbox
                assert isinstance(await session.usb_devices(), tuple)
            assert screen.status.phase is Phase.LIVE

    run(work)
