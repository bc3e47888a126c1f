"""Run by test_installer.py on a real X display: a pointer in the corners of a real guest's screen, and what QEMU got.

Arguments: libvirt's URI, the guest's UUID, its name. What QEMU got is read from its log, where a trace leaves it.
"""

import asyncio
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from tests.live.test_screens_live import Bench
from tests.testbed.client import KeeperClient
from tests.ui.desk import parts_of
from vmdesk.core.screen_state import Phase
from vmdesk.model.domain import DomainKey
from vmdesk.model.host import HostConfig
from vmdesk.ui.console.transform import Mode
from vmdesk.ui.pages.machine_console import MachineConsole
from vmdesk.virt import loop

SIZE = (1280, 800)
SPOTS = ((0, 0), (1279, 0), (1279, 799), (0, 799), (640, 400))
ROOMS = {"large": (1600, 1200), "small": (1100, 800)}  # device pixels; the second is smaller than the guest
FULL = 0x7FFF  # QEMU's own scale
EVENT = re.compile(r"input_event_abs con \S+ axis ([xy]), value (0x[0-9a-f]+)")


class Trace:
    """Where QEMU has the pointer."""

    def __init__(self, name: str) -> None:
        self._path = f"/var/log/libvirt/qemu/{name}.log"
        self._keeper = KeeperClient()

    def last(self) -> tuple[int, int]:
        found = dict(EVENT.findall(self._keeper.read(self._path) or ""))
        return (int(found["x"], 16), int(found["y"], 16)) if len(found) == 2 else (-1, -1)


async def until(what: Any, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "did not come"
        await asyncio.sleep(0.01)


async def move(page: MachineConsole, x: int, y: int) -> None:
    """Put the display's pointer into the middle of a guest's pixel, scrolled to where that is."""
    area, view = page.pane.area, page.pane.view
    for bar, end in ((area.horizontalScrollBar(), x), (area.verticalScrollBar(), y)):
        bar.setValue(bar.maximum() if end > 600 or (bar is area.verticalScrollBar() and end > 300) else 0)
    await asyncio.sleep(0.05)
    place, corner = view.transform, view.mapToGlobal(view.rect().topLeft())
    assert place is not None
    across = corner.x() * place.ratio - place.shift_x + place.left + (x + 0.5) * place.width / SIZE[0]
    down = corner.y() * place.ratio - place.shift_y + place.top + (y + 0.5) * place.height / SIZE[1]
    await asyncio.to_thread(subprocess.run, ["xdotool", "mousemove", str(int(across)), str(int(down))], check=True)


async def look(page: MachineConsole, trace: Trace, protocol: str) -> list[dict[str, object]]:
    seen: list[dict[str, object]] = []
    pane = page.pane
    pane.choose(protocol)
    await until(lambda: pane.screen_status.phase is Phase.LIVE and pane.screen_status.protocol == protocol)
    await until(lambda: pane.size_shown == SIZE and pane.view.has_picture)
    ratio = pane.view.devicePixelRatioF()
    for room, size in ROOMS.items():
        page.resize(int(size[0] / ratio), int(size[1] / ratio))
        for mode in (Mode.FIT, Mode.ONE):
            pane.set_mode(mode)
            await asyncio.sleep(0.3)
            for x, y in SPOTS:
                await move(page, x, y)
                # QEMU rounds down.
                wanted = x * FULL // SIZE[0], y * FULL // SIZE[1]
                end = time.monotonic() + 3
                while (got := trace.last()) != wanted and time.monotonic() < end:
                    await asyncio.sleep(0.03)
                seen.append(
                    {
                        "protocol": protocol,
                        "room": room,
                        "mode": mode.value,
                        "spot": (x, y),
                        "wanted": wanted,
                        "got": got,
                    }
                )
    return seen


async def main(uri: str, uuid: str, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        on = Bench(Path(folder))
        on.sessions.add(HostConfig("bed", "bed", uri))
        await on.sessions.connect("bed")
        parts = parts_of(Path(folder), on.store)
        parts.jobs, parts.screens, parts.sessions = on.jobs, on.screens, on.sessions
        page = MachineConsole(parts, DomainKey("bed", uuid))
        page.move(10, 10)
        page.show()
        told: dict[str, object] = {"ratio": page.devicePixelRatioF()}
        trace = Trace(name)
        told["seen"] = [one for protocol in ("vnc", "dbus", "spice") for one in await look(page, trace, protocol)]
        page.pane.close_screen()
        page.close()
        on.screens.close()
        await on.sessions.close()
        await on.jobs.close()
        assert not on.bugs, on.bugs
    print(json.dumps(told))


if __name__ == "__main__":
    loop.start()
    application = QApplication([])
    application.setQuitOnLastWindowClosed(False)
    with asyncio.Runner(loop_factory=lambda: QEventLoop(application)) as runner:
        runner.run(main(*sys.argv[1:]))
    sys.stdout.flush()
