"""Run by test_console_on_x.py on a real X display: mouse and keys as hardware makes them, and what the guest got."""

import asyncio
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from tests.fakes.screen import FakeBackend
from tests.ui.desk import parts_of
from tests.ui.machines import machine, store_of
from vmdesk.ui.console.transform import Mode
from vmdesk.ui.pages.machine_console import MachineConsole

SIZE = (640, 480)
CORNERS = ((0, 0), (639, 0), (639, 479), (0, 479), (320, 240))


async def xdotool(*words: str) -> None:
    await asyncio.to_thread(subprocess.run, ["xdotool", *words], capture_output=True)
    await asyncio.sleep(0.15)


async def until(what: Any) -> None:
    for _ in range(1000):
        if what():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("did not come")


class Page:
    def __init__(self, folder: Path) -> None:
        self.parts = parts_of(folder, store_of(6))
        self.page = MachineConsole(self.parts, machine(0).key)
        self.page.resize(700, 560)
        self.page.move(20, 20)
        self.page.show()

    @property
    def view(self) -> Any:
        return self.page.pane.view

    @property
    def backend(self) -> FakeBackend:
        made: FakeBackend = self.parts.screens.doors.last
        return made

    def on_screen(self, x: int, y: int) -> tuple[str, str]:
        """The X display's pixel in which the middle of a guest's pixel is."""
        place, corner = self.view.transform, self.view.mapToGlobal(self.view.rect().topLeft())
        across = corner.x() * place.ratio - place.shift_x + place.left + (x + 0.5) * place.width / SIZE[0]
        down = corner.y() * place.ratio - place.shift_y + place.top + (y + 0.5) * place.height / SIZE[1]
        return str(int(across)), str(int(down))

    async def take_keyboard(self) -> None:
        await xdotool("mousemove", *self.on_screen(320, 240))
        # There is no window manager to do it.
        await xdotool("getmouselocation", "windowfocus")
        await xdotool("click", "1")
        await until(lambda: self.view.capturing)

    async def keys(self, *words: str) -> list[tuple[int, bool]]:
        self.backend.keys.clear()
        for word in words:
            await xdotool(*word.split())
        return list(self.backend.keys)


async def main() -> None:
    told: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        on = Page(Path(name))
        await until(lambda: on.view.has_picture)
        told["ratio"] = on.view.devicePixelRatioF()
        await on.take_keyboard()
        told["click"] = on.backend.pointers[-2:]
        told["corners"] = []
        for mode in (Mode.FIT, Mode.ONE):
            on.page.pane.set_mode(mode)
            await asyncio.sleep(0.3)
            if mode is Mode.ONE and on.view.height() > on.page.pane.area.viewport().height():
                continue  # its corners are scrolled away
            for corner in CORNERS:
                await xdotool("mousemove", *on.on_screen(*corner))
                told["corners"].append((mode.value, corner, on.backend.pointers[-1][:2]))
        told["keys"] = await on.keys("key a", "key Tab", "key ctrl+w")
        told["held"] = len(await on.keys("keydown a", "sleep 1", "keyup a"))
        subprocess.run(["setxkbmap", "de"], check=False)
        told["german"] = await on.keys("key z")
        subprocess.run(["setxkbmap", "us"], check=False)
        on.backend.pointers.clear()
        await xdotool("click", "4", "click", "5")
        told["wheel"] = [buttons for _, _, buttons in on.backend.pointers]
        await on.keys("keydown Control_L", "keydown Alt_L", "keyup Alt_L", "keyup Control_L")
        told["released"] = not on.view.hasFocus()
        await on.take_keyboard()
        on.backend.listener.pointer_mode(False)
        await asyncio.sleep(0.6)
        await xdotool("click", "1")
        told["grabbed"] = on.view.holds_pointer
        on.backend.motions.clear()
        await xdotool("mousemove_relative", "--", "30", "-18")
        await xdotool("mousemove_relative", "--", "30", "-18")
        told["motions"] = on.backend.motions
        await on.keys("keydown Control_L", "keydown Alt_L", "keyup Alt_L", "keyup Control_L")
        told["let_go"] = not on.view.holds_pointer
        on.parts.screens.close()
        await on.parts.jobs.close()
        on.page.close()
    print(json.dumps(told))


if __name__ == "__main__":
    application = QApplication([])
    with asyncio.Runner(loop_factory=lambda: QEventLoop(application)) as runner:
        runner.run(main())
    sys.stdout.flush()
