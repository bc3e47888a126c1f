"""Screens of machines on another computer: through the host's one ssh login, with passwords, and directly."""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import libvirt
import pytest

from tests.live.test_console_vnc import rgb, screenshot
from tests.live.test_ssh import Person, address, logins, trust
from tests.testbed.client import KeeperClient, Ssh
from tests.testbed.guests import Guest, Guests
from vmdesk.core.calls import Calls
from vmdesk.core.doors import RealDoors
from vmdesk.core.jobs import Jobs
from vmdesk.core.paths import Paths
from vmdesk.core.practice import Practice
from vmdesk.core.screens import Phase, Screen, Screens
from vmdesk.core.sessions import Sessions
from vmdesk.core.store import Store
from vmdesk.core.ways import Ways
from vmdesk.model.domain import DomainKey
from vmdesk.model.host import HostConfig, Link
from vmdesk.virt.consoles import open_text

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


def test_vnc_through_the_one_login(make_guest: Guests, host: Ssh, known: Path, short: Path) -> None:
    guest = make_guest("far", devices=PORT.format(more=""))
    guest.wait_until_booted()

    async def work() -> None:
        async with desk(address(host, known), short) as on:
            screen = await on.look(guest)
            assert (screen.status.phase, screen.status.protocol) == (Phase.LIVE, "vnc"), screen.status
            assert screen.surface is not None
            picture = await asyncio.to_thread(screenshot, guest)
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
    socket = make_guest("socket", graphics="vnc")

    async def work() -> None:
        async with desk(address(host, known), short) as on:
            screen = await on.look(nowhere)
            assert "no port" in str(screen.status.problem), screen.status
            # QEMU's folder is its own: this user may ask libvirt for everything, and open nothing there.
            screen = await on.look(socket)
            assert "may not open the display's socket" in str(screen.status.problem), screen.status

    run(work)
