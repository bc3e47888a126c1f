"""The VNC console on real QEMUs."""

import asyncio
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import libvirt
import pytest

from tests.fakes.listener import Recorder
from tests.live.looking import image_of, is_menu, rgb, screenshot_rgb
from tests.testbed.guests import Guest, Guests, wait_for
from tests.unit.console.vnc.authority import Authority
from vmdesk.console import keys
from vmdesk.console.screen import Power
from vmdesk.console.vnc.client import VncBackend, Where
from vmdesk.console.vnc.security import Login, Tls
from vmdesk.core.typist import PAUSE
from vmdesk.model.errors import VirtError

SKIP = libvirt.VIR_DOMAIN_OPEN_GRAPHICS_SKIPAUTH


def graphics(guest: Guest, flags: int = SKIP) -> socket.socket:
    """Its screen, through libvirt."""
    return socket.socket(fileno=guest.ask(lambda domain: domain.openGraphicsFD(0, flags)))


@contextmanager
def console(
    where: Where, login: Login | None = None, tls: Tls | None = None, local: bool = True
) -> Iterator["Console"]:
    opened = Console(where, login, tls, local)
    try:
        asyncio.run(opened.backend.open())
        yield opened
    finally:
        opened.backend.close()
        opened.told.wait(lambda told: told.ends)


class Console:
    def __init__(self, where: Where, login: Login | None, tls: Tls | None, local: bool) -> None:
        self.told = Recorder()
        self.backend = VncBackend(self.told, where, login=login, tls=tls, local=local, name="live")

    def press(self, names: str) -> None:
        for qnum, down in keys.chord(keys.parse(names)):
            self.backend.key(qnum, down)

    def type(self, text: str) -> None:
        plan = keys.plan(text)
        assert not plan.missing
        for qnum, down in plan.strokes:
            self.backend.key(qnum, down)
            time.sleep(PAUSE)

    def shows(self) -> bytes:
        """R G B, without what no colour is."""
        return rgb(self.told.surfaces[-1])


def at_menu(guest: Guest, opened: Console) -> None:
    """GRUB has drawn its menu, and counts no more."""

    def bar() -> bool:
        """The chosen entry's light bar, at the right end of the fifth line of text."""
        surface = opened.told.surfaces[-1]
        spot = 72 * surface.stride + 650 * 4
        return surface.width == 720 and surface.data[spot] > 100

    wait_for(bar, "GRUB's menu", 60)
    opened.press("down")
    wait_for(lambda: not bar(), "the next entry is chosen")


def test_the_picture_is_libvirts(make_guest: Guests, rescue_cd: Path) -> None:
    guest = make_guest("grub", iso=rescue_cd, graphics="vnc", memory=64, paused=True)
    with console(graphics(guest)) as local, console(graphics(guest), local=False) as packed:
        guest.ask(lambda domain: domain.resume())
        at_menu(guest, local)
        for key in ("", "c", "esc"):
            if key:
                local.press(key)
                time.sleep(1)
            wait_for(lambda: local.shows() == screenshot_rgb(guest), "the same picture, unpacked")
            wait_for(lambda: packed.shows() == screenshot_rgb(guest), "the same picture, packed")
        assert len(local.told.surfaces) > 1  # the firmware's text mode came before


def test_every_character_reaches_the_guest(make_guest: Guests, rescue_cd: Path) -> None:
    guest = make_guest("grub", iso=rescue_cd, graphics="vnc", memory=64)
    with console(graphics(guest)) as opened:
        at_menu(guest, opened)
        opened.press("c")
        wait_for(lambda: not is_menu(image_of(opened.told.surfaces[-1])), "GRUB's menu goes")
        for command in ("serial --unit=0 --speed=115200\n", "terminal_output serial console\n"):
            time.sleep(1)  # its prompt: the screen is all there is to see it by, and its cursor blinks
            opened.type(command)
        prompts = prompt_after(guest, 0)
        text = "".join(chr(code) for code in range(32, 127) if chr(code) != "'")
        half = len(text) // 2  # a line that is longer than the screen is broken
        for part in (f"'{text[:half]}'", f"'{text[half:]}'", '"\'"'):
            opened.type(f"echo {part}\n")
            wait_for(lambda line=part[1:-1]: f"\n{line}\n" in guest.serial().replace("\r", ""), f"GRUB says {part}")
            prompts = prompt_after(guest, prompts)


def prompt_after(guest: Guest, count: int) -> int:
    """How many prompts of GRUB's there are on the serial port, once there are more than `count`."""
    return wait_for(
        lambda: found if (found := guest.serial().count("grub>")) > count else 0, "GRUB's prompt on the serial port"
    )


def test_again_and_again(make_guest: Guests, reps: Callable[[int], int]) -> None:
    guest = make_guest("again", graphics="vnc")
    guest.wait_until_booted()

    def look() -> None:
        with console(graphics(guest)) as opened:
            assert len(opened.shows()) > 1000

    look()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(reps(50)):
        look()
    assert len(os.listdir("/proc/self/fd")) <= before


def test_the_machine_pauses_and_ends(make_guest: Guests) -> None:
    guest = make_guest("ends", graphics="vnc")
    with console(graphics(guest)) as opened:
        guest.ask(lambda domain: domain.suspend())
        with console(graphics(guest)) as other:
            assert other.shows() == opened.shows()
        guest.ask(lambda domain: domain.resume())
        guest.ask(lambda domain: domain.destroy())
        opened.told.wait(lambda told: told.ends)
        assert opened.told.ends[0] and opened.told.ends[0].name == "eof"


def test_a_password(make_guest: Guests) -> None:
    guest = make_guest("secret", graphics="vnc", start=False)

    def protect(domain: libvirt.virDomain) -> None:
        xml = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_SECURE)
        domain.connect().defineXML(xml.replace("<graphics type='vnc'", "<graphics type='vnc' passwd='secret'"))

    guest.ask(protect)
    guest.start()
    with console(graphics(guest)):
        pass  # libvirt lets its own users in
    with console(graphics(guest, 0), Login("secret")):
        pass
    wrong, none = "The password is wrong, or it has expired.", "It asks for a password."
    for login, words in ((Login("wrong"), wrong), (None, none)):
        with pytest.raises(VirtError) as refused, console(graphics(guest, 0), login):
            pass
        assert (refused.value.problem.name, str(refused.value.problem.why)) == ("auth", words)


# ---------------------------------------------------------------- QEMU without libvirt


@contextmanager
def qemu(folder: Path, options: str = "", *more: str) -> Iterator[Path]:
    """The socket of a QEMU that shows its firmware."""
    path = folder / "vnc"
    vnc = f"unix:{path}{options}"
    program = ["qemu-system-x86_64", "-accel", "tcg", "-m", "32", "-nodefaults", "-display", "none", "-vga", "std"]
    process = subprocess.Popen([*program, "-vnc", vnc, *more], stderr=subprocess.PIPE)
    try:
        wait_for(path.exists, "QEMU's socket")
        yield path
    finally:
        process.kill()
        process.communicate()


def test_a_socket_of_ones_own_power_and_sound(tmp_path: Path) -> None:
    with (
        qemu(tmp_path, ",power-control=on,audiodev=a", "-audiodev", "none,id=a", "-no-reboot") as path,
        console(path) as opened,
    ):
        opened.told.wait(lambda told: told.lights)
        wait_for(lambda: opened.backend.powers == (Power.SHUTDOWN, Power.RESET), "power control")
        wait_for(lambda: opened.backend.can_resize, "sizes")
        opened.backend.resize(1000, 700)  # this graphics card cannot: nothing happens, nothing breaks
        time.sleep(0.3)
        assert not opened.told.ends
        opened.backend.power(Power.RESET)  # with -no-reboot the end of QEMU
        opened.told.wait(lambda told: told.ends)


def test_power_of_a_machine(make_guest: Guests) -> None:
    """libvirt's powerControl: whoever looks on may reset the machine."""
    control = "<graphics type='vnc' powerControl='yes'><listen type='socket'/></graphics>"
    ends = "<on_reboot>destroy</on_reboot>"
    guest = make_guest("power", devices=f"{control}<video><model type='vga'/></video>", extra=ends)
    with console(graphics(guest)) as opened:
        wait_for(lambda: opened.backend.powers == (Power.SHUTDOWN, Power.RESET), "power control")
        opened.backend.power(Power.RESET)
        wait_for(lambda: guest.state() == libvirt.VIR_DOMAIN_SHUTOFF, "the machine was reset")
    plain = make_guest("plain", graphics="vnc")
    with console(graphics(plain)) as opened:
        opened.told.wait(lambda told: told.lights)
        assert opened.backend.powers == ()


def test_the_clipboard_between_two_viewers(tmp_path: Path) -> None:
    text = "Xin chào 🌏\nzwei"
    with qemu(tmp_path) as path, console(path) as here, console(path) as there:
        here.backend.clipboard_allow(True, False)
        here.backend.clipboard_set("too early for the other")
        time.sleep(0.3)
        assert there.told.texts == []
        there.backend.clipboard_allow(False, True)
        here.backend.clipboard_set(text)
        there.told.wait(lambda told: told.texts == [text])
        here.backend.clipboard_allow(False, False)
        here.backend.clipboard_set("not any more")
        time.sleep(0.3)
        assert there.told.texts == [text] and here.told.texts == []


@pytest.mark.parametrize("password", [False, True])
def test_encrypted(tmp_path: Path, password: bool) -> None:
    authority = Authority(tmp_path)
    authority.server(folder=tmp_path)
    options = ",tls-creds=t" + (",password-secret=s" if password else "")
    more = ["-object", f"tls-creds-x509,id=t,dir={tmp_path},endpoint=server,verify-peer=no"]
    if password:
        more += ["-object", "secret,id=s,data=secret"]
    login = Login("secret") if password else None
    with qemu(tmp_path, options, *more) as path:
        trusted = Tls("host.example", (authority.file,))
        with console(path, login, trusted) as local, console(path, login, trusted, local=False) as packed:
            wait_for(lambda: len(local.shows()) > 1000 and local.shows() == packed.shows(), "the same picture")
        for tls, words in (
            (Tls("host.example", ()), "was not signed by anybody"),
            (Tls("other.example", (authority.file,)), "belongs to another host"),
        ):
            with pytest.raises(VirtError) as refused, console(path, login, tls):
                pass
            assert refused.value.problem.name == "certificate" and words in str(refused.value.problem.why)
        if password:
            with pytest.raises(VirtError) as refused, console(path, Login("wrong"), trusted):
                pass
            assert refused.value.problem.name == "auth"


def test_an_expired_certificate(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    authority.server((-20, -10), folder=tmp_path)
    more = ["-object", f"tls-creds-x509,id=t,dir={tmp_path},endpoint=server,verify-peer=no,sanity-check=no"]
    with (
        qemu(tmp_path, ",tls-creds=t", *more) as path,
        pytest.raises(VirtError) as refused,
        console(path, None, Tls("host.example", (authority.file,))),
    ):
        pass
    assert "has expired" in str(refused.value.problem.why)
