"""The D-Bus console on real QEMUs, as an unprivileged user of the system's libvirtd."""

import asyncio
import ctypes
import gc
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import libvirt
import pytest

from tests.fakes.listener import Recorder
from tests.live.looking import rgb, screenshot_rgb
from tests.testbed.client import KeeperClient
from tests.testbed.guests import Guest, Guests, wait_for
from vmdesk.console import keys
from vmdesk.console.dbus import DBusBackend, Display
from vmdesk.console.vnc.client import VncBackend
from vmdesk.model.errors import VirtError

DBUS = "<graphics type='dbus' p2p='yes'/>"  # the second <graphics>: the first is VNC
THREE_HEADS = "<video><model type='vga'/></video><video><model type='virtio' heads='2'/></video>"
SOUND = "<sound model='ich6'><audio id='1'/></sound><audio id='1' type='dbus'/>"


def display(guest: Guest) -> Display:
    return Display(guest.ask(lambda domain: domain.openGraphicsFD(1, 0)))


class Console:
    def __init__(self, shared: Display, head: int = 0) -> None:
        self.told = Recorder()
        self.backend = DBusBackend(shared, self.told, head)

    def press(self, names: str) -> None:
        for qnum, down in keys.chord(keys.parse(names)):
            self.backend.key(qnum, down)

    def type(self, text: str) -> None:
        plan = keys.plan(text)
        assert not plan.missing
        for qnum, down in plan.strokes:
            self.backend.key(qnum, down)
            time.sleep(0.005)  # the guest's keyboard holds 16

    def shows(self) -> bytes:
        return rgb(self.told.surfaces[-1])


@contextmanager
def console(guest: Guest) -> Iterator[Console]:
    opened = Console(display(guest))
    try:
        asyncio.run(opened.backend.open())
        yield opened
    finally:
        opened.backend.close()
        opened.told.wait(lambda told: told.ends)


def at_menu(opened: Console) -> None:
    """GRUB has drawn its menu: the picture no more changes, and is in graphics mode."""

    def still() -> bool:
        first = opened.shows()
        time.sleep(0.3)
        return len(set(first)) > 4 and len(first) > 700_000 and opened.shows() == first

    wait_for(still, "GRUB's menu", 60)


def files() -> int:
    return len(os.listdir("/proc/self/fd"))


def memory() -> int:
    """KiB that are ours alone, without what only waits to be used again."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private"))


def test_the_picture_is_libvirts(make_guest: Guests, rescue_cd: Path) -> None:
    guest = make_guest("grub", iso=rescue_cd, graphics="vnc", devices=DBUS, memory=64)
    with console(guest) as opened:
        at_menu(opened)
        for key in ("", "c", "esc"):
            if key:
                opened.press(key)
                time.sleep(1)
            wait_for(lambda: opened.shows() == screenshot_rgb(guest), "the same picture")
        assert len({surface.width for surface in opened.told.surfaces}) > 1  # it began in text mode


def test_text_mode_is_libvirts_too(make_guest: Guests) -> None:
    """Text mode sends no whole pictures: the new size is noticed nevertheless."""
    guest = make_guest("text", graphics="vnc", devices=DBUS, start=False)
    guest.start()
    with console(guest) as opened:
        guest.wait_until_booted()
        wait_for(lambda: opened.shows() == screenshot_rgb(guest), "the same picture")
        assert opened.told.surfaces[-1].width == 720


def test_every_character_reaches_the_guest(make_guest: Guests, rescue_cd: Path) -> None:
    guest = make_guest("grub", iso=rescue_cd, graphics="vnc", devices=DBUS, memory=64)
    with console(guest) as opened:
        at_menu(opened)
        opened.press("c")
        time.sleep(0.5)
        opened.type("serial --unit=0 --speed=115200\nterminal_output serial console\n")
        wait_for(lambda: "grub>" in guest.serial(), "GRUB's command line on the serial port")
        text = "".join(chr(code) for code in range(32, 127) if chr(code) != "'")
        half = len(text) // 2  # a line that is longer than the screen is broken
        for part in (f"'{text[:half]}'", f"'{text[half:]}'", '"\'"'):
            opened.type(f"echo {part}\n")
            wait_for(lambda line=part[1:-1]: f"\n{line}\n" in guest.serial().replace("\r", ""), f"GRUB says {part}")


def test_again_and_again(make_guest: Guests, reps: Callable[[int], int]) -> None:
    guest = make_guest("again", graphics="vnc", devices=DBUS)
    guest.wait_until_booted()

    def look() -> None:
        with console(guest) as opened:
            assert len(opened.shows()) > 1000

    def look_often(times: int) -> tuple[int, int, int]:
        for number in range(times):
            look()
            if number % 20 == 19:
                gc.collect()  # in the program core/garbage.py does so
        return files(), memory(), len(gc.get_objects())

    half = reps(500) // 2
    first = look_often(max(half, 20))  # what is made once, and the heap's own way to its size
    second = look_often(half)
    assert second[0] <= first[0]
    assert second[1] < first[1] + 2048
    assert second[2] < first[2] + 20  # a console that stays is a hundred
    assert guest.state() == libvirt.VIR_DOMAIN_RUNNING


def test_first_picture_comes_soon(make_guest: Guests) -> None:
    guest = make_guest("soon", graphics="vnc", devices=DBUS)
    guest.wait_until_booted()
    times = []
    for _ in range(5):
        opened = Console(display(guest))
        began = time.monotonic()
        asyncio.run(opened.backend.open())
        times.append(time.monotonic() - began)
        opened.backend.close()
        opened.told.wait(lambda told: told.ends)
    assert min(times) < 0.15


def test_hidden_costs_nothing_and_comes_back(make_guest: Guests, reps: Callable[[int], int]) -> None:
    guest = make_guest("hidden", graphics="vnc", devices=DBUS)
    guest.wait_until_booted()
    with console(guest) as opened:
        for _ in range(reps(100)):
            opened.backend.pause_updates(True)
            time.sleep(0.02)
            before = len(opened.told.damaged)
            opened.backend.pause_updates(False)
            opened.told.wait(lambda told, before=before: len(told.damaged) > before)
        assert not opened.told.ends
        wait_for(lambda: opened.shows() == screenshot_rgb(guest), "the same picture")


def test_a_newer_viewer_takes_over(make_guest: Guests) -> None:
    guest = make_guest("taken", graphics="vnc", devices=DBUS)
    guest.wait_until_booted()
    with console(guest) as first, console(guest) as second:
        first.told.wait(lambda told: told.ends)
        assert problem(first) == "taken"
        time.sleep(0.2)
        assert not second.told.ends
        with console(guest) as third:
            second.told.wait(lambda told: told.ends)
            assert problem(second) == "taken"
            assert not third.told.ends


@pytest.mark.parametrize("how", ["destroy", "kill"])
def test_the_machine_ends(make_guest: Guests, keeper: KeeperClient, how: str) -> None:
    guest = make_guest("ends", graphics="vnc", devices=DBUS)
    with console(guest) as opened:
        if how == "destroy":
            guest.ask(lambda domain: domain.destroy())
        else:
            keeper.guest_kill(guest.name)
        opened.told.wait(lambda told: told.ends)
        assert problem(opened) == "eof"


def test_a_hung_machine(make_guest: Guests, keeper: KeeperClient) -> None:
    guest = make_guest("hung", graphics="vnc", devices=DBUS)
    guest.wait_until_booted()
    with console(guest) as opened:
        shared = display(guest)  # handed over while it still can be
        late = Console(shared)
        keeper.guest_stop(guest.name)
        began = time.monotonic()
        for step in range(5000):
            opened.backend.key(0x1E, step % 2 == 0)
            opened.backend.pointer(step % 600, 5, 0)
        assert time.monotonic() - began < 2
        with pytest.raises(VirtError) as error:
            asyncio.run(late.backend.open())
        assert error.value.problem.name in ("timeout", "no-frame")
        assert time.monotonic() - began < 6
        keeper.guest_continue(guest.name)


def test_a_paused_machine_still_has_its_picture(make_guest: Guests) -> None:
    guest = make_guest("paused", graphics="vnc", devices=DBUS)
    guest.wait_until_booted()
    guest.ask(lambda domain: domain.suspend())
    with console(guest) as opened:
        wait_for(lambda: opened.shows() == screenshot_rgb(guest), "the same picture")


def test_several_monitors_at_once(make_guest: Guests, reps: Callable[[int], int]) -> None:
    guest = make_guest("heads", graphics="vnc", devices=DBUS + THREE_HEADS)
    guest.wait_until_booted()
    for _ in range(reps(500)):
        look_at_all(guest)


def look_at_all(guest: Guest) -> None:
    shared = display(guest)
    consoles = [Console(shared, number) for number in range(3)]

    async def open_all() -> None:
        began = time.monotonic()
        await asyncio.gather(*(one.backend.open() for one in consoles))
        assert time.monotonic() - began < 1

    asyncio.run(open_all())
    assert [head.number for head in shared.heads] == [0, 1, 2]
    assert [one.told.surfaces[-1].width > 0 for one in consoles] == [True] * 3
    consoles[1].backend.resize(1024, 768)
    consoles[0].backend.close()
    consoles[0].told.wait(lambda told: told.ends)
    time.sleep(0.05)
    assert not consoles[2].told.ends
    for one in consoles[1:]:
        one.backend.close()
        one.told.wait(lambda told: told.ends)


def test_sound_does_not_crash_an_old_qemu(make_guest: Guests) -> None:
    guest = make_guest("sound", graphics="vnc", devices=DBUS + SOUND)
    with console(guest) as opened:
        time.sleep(0.5)
        assert not opened.told.ends
    assert guest.state() == libvirt.VIR_DOMAIN_RUNNING


def test_clipboard_goes_through_qemu(make_guest: Guests) -> None:
    """The guest has no agent: a VNC viewer of the same QEMU plays its part."""
    guest = make_guest("clipboard", graphics="vnc", devices=DBUS)
    guest.wait_until_booted()
    told = Recorder()
    fd = guest.ask(lambda domain: domain.openGraphicsFD(0, libvirt.VIR_DOMAIN_OPEN_GRAPHICS_SKIPAUTH))
    other = VncBackend(told, socket.socket(fileno=fd), name="other")
    asyncio.run(other.open())
    other.clipboard_allow(False, True)
    try:
        for turn in range(3):  # a viewer that has gone leaves nothing behind that keeps the next from it
            with console(guest) as opened:
                opened.backend.clipboard_set("not allowed")
                opened.backend.clipboard_allow(True, False)
                time.sleep(0.2)
                opened.backend.clipboard_set(f"Xin chào {turn}")
                told.wait(lambda heard, turn=turn: f"Xin chào {turn}" in heard.texts)
        assert "not allowed" not in told.texts
    finally:
        other.close()
        told.wait(lambda heard: heard.ends)


def problem(opened: Console) -> str:
    (end,) = opened.told.ends
    return end.name if end else ""
