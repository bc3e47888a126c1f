"""A page with a real guest's screen over each protocol: other sizes again and again, reboots, pauses, starts."""

import asyncio
import contextlib
import gc
import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import libvirt
import pytest
from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from tests.live.looking import image_of, is_menu, screenshot
from tests.live.test_console_refused import Window, window
from tests.live.test_installer import bench
from tests.testbed.guests import Guest, Guests, System
from vmdesk.console import keys
from vmdesk.console.screen import Surface
from vmdesk.core import typist
from vmdesk.core.screen_state import Phase
from vmdesk.virt import loop

DEVICES = "<graphics type='dbus' p2p='yes'/><graphics type='spice'><listen type='none'/></graphics>"
SIZES = "640x480", "800x600", "1024x768"
# For GRUB, which then changes the size some ten times a second.
SCRIPT = (
    "insmod all_video\n"
    f"while true; do for m in {' '.join(SIZES)}; do gfxmode=$m; terminal_output console; terminal_output gfxterm; "
    "done; done\n"
)
START = "source (hd0)/s\n"
DISK = (
    "<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{file}'/>"
    "<target dev='vdb' bus='virtio'/><readonly/><boot order='2'/></disk>"
)
MIB = 1024


class Cost(NamedTuple):
    """What is open; KiB that are ours alone; frame buffers not given back."""

    files: int
    memory: int
    pictures: int


def cost() -> Cost:
    gc.collect()
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return Cost(
        len(os.listdir("/proc/self/fd")),
        sum(int(line.split()[1]) for line in lines if line.startswith("Private")),
        sum(type(one) is Surface and not one.released for one in gc.get_objects()),
    )


async def least(times: int = 8) -> Cost:
    """Between two pictures: while the guest goes on, some are always on their way."""
    found = []
    for _ in range(times):
        found.append(cost())
        await asyncio.sleep(0.2)
    return Cost(*(min(one) for one in zip(*found, strict=True)))


class Seat:
    """Somebody at the page, who counts the sizes that it had."""

    def __init__(self, guest: Guest, seen: Window) -> None:
        self.guest, self.seen, self.pane = guest, seen, seen.page.pane
        self.sizes: list[tuple[int, int] | None] = []
        self.pane.changed.connect(self._on_changed)

    def _on_changed(self) -> None:
        size = self.pane.size_shown
        if not self.sizes or self.sizes[-1] != size:
            self.sizes.append(size)

    def bar(self) -> bool:
        """GRUB's first entry is chosen: a light bar at the right end of the fifth line of text."""
        surface = self.pane.screen_held.surface if self.pane.screen_held else None
        return (
            self.pane.screen_status.phase is Phase.LIVE
            and surface is not None
            and surface.width == 720
            and surface.data[72 * surface.stride + 650 * 4] > 100
        )

    def menu(self) -> bool:
        """GRUB's menu, whatever is chosen in it."""
        surface = self.pane.screen_held.surface if self.pane.screen_held else None
        return surface is not None and is_menu(image_of(surface))

    async def at_menu(self) -> None:
        await self.seen.until(self.bar, 60)
        await self.press("down")  # it counts no more
        await self.seen.until(lambda: not self.bar())

    async def press(self, names: str) -> None:
        assert self.pane.backend
        await typist.press(self.pane.backend.key, names)

    async def same(self) -> None:
        """Our picture is libvirt's."""
        for _ in range(100):
            theirs = await asyncio.to_thread(screenshot, self.guest)
            held = self.pane.screen_held
            if held and held.surface and image_of(held.surface) == theirs:
                assert not self.pane.view.is_old
                return
            await asyncio.sleep(0.1)
        raise AssertionError(f"not libvirt's picture: {self.pane.screen_status}")

    async def do(self, what: Callable[[libvirt.virDomain], object]) -> None:
        await asyncio.to_thread(self.guest.ask, what)

    async def live(self) -> None:
        await self.seen.until(lambda: self.pane.screen_status.phase is Phase.LIVE and not self.pane.view.is_old)


async def other_sizes(seat: Seat, times: int) -> str:
    """So many sizes, after a few to begin with; what they cost."""
    assert seat.pane.backend
    await seat.press("c")
    await seat.seen.until(lambda: not seat.menu())
    first = len(seat.sizes)
    for words in (START, *[f"\n{START}"] * 5):
        # Nothing but the screen tells when its command line hears, and on a busy computer that takes a while.
        await asyncio.sleep(0.5)
        await typist.type_strokes(seat.pane.backend.key, keys.plan(words).strokes)
        with contextlib.suppress(AssertionError):
            await seat.seen.until(lambda: len(seat.sizes) > first, 15)
            break
    wanted = {tuple(map(int, size.split("x"))) for size in SIZES}
    await seat.seen.until(lambda: wanted <= set(seat.sizes) and len(seat.sizes) > 12, 60)
    before = await least()
    begin = len(seat.sizes)
    await seat.seen.until(lambda: len(seat.sizes) >= begin + times, 60 + times)
    after = await least()
    assert after.files <= before.files
    assert after.pictures <= before.pictures + 2
    assert after.memory < before.memory + 16 * MIB, (before, after)  # one picture has up to 3 MiB
    return f"{len(seat.sizes) - begin} sizes cost {after.memory - before.memory} KiB"


async def ups_and_downs(seat: Seat, times: int) -> None:
    """Paused, resumed, rebooted, switched off and on, connected anew."""
    await seat.do(lambda domain: domain.reset())
    await seat.at_menu()
    await seat.same()
    for _ in range(times):
        await seat.do(lambda domain: domain.suspend())
        await seat.same()
        await seat.do(lambda domain: domain.resume())
        await seat.press("up")
        await seat.seen.until(seat.bar)
        await seat.press("down")
        await seat.seen.until(lambda: not seat.bar())
        held, old = seat.pane.screen_held, seat.pane.backend
        assert held is not None
        held.retry()  # as if the connection had broken
        await seat.seen.until(lambda: seat.pane.backend not in (None, old))  # noqa: B023 - awaited here
        await seat.live()
        await seat.same()
        await seat.do(lambda domain: domain.destroy())
        await seat.seen.until(lambda: seat.pane.screen_status.phase is Phase.OFF)
        assert seat.pane.view.is_old, "the last picture stays, grey"
        assert "Start" in seat.seen.buttons
        await seat.do(lambda domain: domain.create())
        await seat.live()
        await seat.at_menu()
        await seat.same()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("protocol", ["vnc", "dbus", "spice"])
def test_a_long_day(
    make_guest: Guests,
    rescue_cd: Path,
    system_uri: str,
    tmp_path: Path,
    reps: Callable[[int], int],
    qapp: QApplication,
    protocol: str,
) -> None:
    disk = System.folder / "sizes.tar"  # GRUB reads it as a file system
    disk.unlink(missing_ok=True)  # libvirt gave it to QEMU's user
    with tarfile.open(disk, "w") as tar:
        member = tarfile.TarInfo("s")
        member.size = len(SCRIPT)
        tar.addfile(member, io.BytesIO(SCRIPT.encode()))
    devices = DEVICES + DISK.format(file=disk)
    guest = make_guest("day", iso=rescue_cd, memory=64, graphics="vnc", devices=devices)

    async def whole() -> None:
        async with bench(tmp_path, system_uri) as on, window(on, guest, tmp_path, protocol) as seen:
            seat = Seat(guest, seen)
            await seat.at_menu()
            assert seat.pane.screen_status.protocol == protocol
            print(f"{protocol}: {await other_sizes(seat, max(20, 2 * reps(50)))}")  # there and back
            await ups_and_downs(seat, max(1, reps(50) // 10))
            assert seat.pane.screen_status.protocol == protocol

    loop.start()
    qapp.setQuitOnLastWindowClosed(False)
    with asyncio.Runner(loop_factory=lambda: QEventLoop(qapp, already_running=False)) as runner:
        runner.run(whole())
