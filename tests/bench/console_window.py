"""VMDesk's own console pane on a guest of the bench, in a window at 1:1: what `python -m tests.bench.console` looks at.

python -m tests.bench.console_window PROTOCOL FOLDER     (FOLDER of the guest: console_guest.Guest)

Says "open SECONDS" once the first picture has been painted, from when the pane was shown. Hears on standard input:
"hide", "show"; "frames" is answered with how many were painted so far. With BENCH_PROFILE=FILE the GUI thread is
profiled while it runs.
"""

import asyncio
import cProfile
import os
import socket
import sys
import time
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget
from qasync import QEventLoop

from tests.bench.console_guest import HEIGHT, WIDTH, ask
from vmdesk.app import LOCK
from vmdesk.console.screen import Backend, Listener
from vmdesk.core.jobs import Jobs
from vmdesk.core.screen_state import Found
from vmdesk.core.screens import Screens
from vmdesk.core.store import Store
from vmdesk.model.display import Display, Displays
from vmdesk.model.domain import Domain, DomainKey, State
from vmdesk.ui.console.pane import ConsolePane
from vmdesk.ui.console.transform import Mode
from vmdesk.ui.console.words import Deeds
from vmdesk.virt import loop


class GuestDoors:
    """core.screens.Doors to one QEMU, without libvirt between."""

    def __init__(self, protocol: str, folder: Path) -> None:
        self._display = Display(protocol, 0, p2p=True)
        self._folder = folder

    async def find(self, key: DomainKey) -> Found:
        return Found((self._display,), (), Displays((self._display,)))

    async def backend(
        self, key: DomainKey, display: Display, head: int, listener: Listener, beside: Backend | None
    ) -> Backend:
        # As core/doors.py: only what is opened is loaded.
        if display.kind == "vnc":
            from vmdesk.console.vnc.client import VncBackend

            return VncBackend(listener, self._connected(), local=True, name="bench")
        if display.kind == "spice":
            from vmdesk.console import spice

            async def channel() -> int:
                return self._connected().detach()

            return spice.SpiceBackend(spice.Display(channel, local=True), listener, head)
        from vmdesk.console import dbus

        ours, theirs = socket.socketpair()
        with theirs:
            ask(self._folder / "monitor", "add_client", {"protocol": "@dbus-display", "fdname": "fd"}, theirs.fileno())
        return dbus.DBusBackend(dbus.Display(ours.detach()), listener, head)

    async def ask(self, key: DomainKey, display: Display) -> bool:
        return False

    async def answered(self, key: DomainKey, display: Display, right: bool) -> None:
        """There is no password."""

    def _connected(self) -> socket.socket:
        line = socket.socket(socket.AF_UNIX)
        line.connect(str(self._folder / "display"))
        return line


class Painted(QObject):
    """Counts the view's paints, and tells the first one with a picture."""

    def __init__(self, pane: ConsolePane) -> None:
        super().__init__(pane)
        self.count = 0
        self._view = pane.view
        self._began = time.monotonic()
        self._told = False
        pane.view.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and self._view.has_picture:
            self.count += 1
            # A black frame buffer is no picture yet: the guest's is nowhere black.
            if not self._told and self._view.still().pixel(WIDTH // 2, HEIGHT // 2) & 0xFFFFFF:
                self._told = True
                print(f"open {time.monotonic() - self._began:.4f}", flush=True)
        return False


def _nothing() -> None:
    """No button is pressed here."""


async def show(protocol: str, folder: Path) -> None:
    store, jobs = Store(), Jobs(print)
    key = DomainKey("bench", "00000000-0000-0000-0000-000000000001")
    store.update([Domain(key, "bench", State.RUNNING, live_id=1)])
    screens = Screens(store, jobs, GuestDoors(protocol, folder), folder / "locks")
    window = QWidget()
    window.setWindowTitle("vmdesk-bench")
    box = QVBoxLayout(window)
    box.setContentsMargins(0, 0, 0, 0)
    pane = ConsolePane(screens, key, Deeds(_nothing, _nothing, _nothing, _nothing, lambda protocol: None))
    pane.set_mode(Mode.ONE)
    box.addWidget(pane)
    pane.hide()
    window.setGeometry(0, 0, WIDTH, HEIGHT)
    window.setWindowFlag(Qt.WindowType.FramelessWindowHint)
    window.show()
    await asyncio.sleep(0.5)  # the window is there; what follows is a click on the console's tab
    painted = Painted(pane)
    pane.show()
    pane.view.setFocus()
    over = asyncio.Event()

    def complain() -> None:
        if pane.screen_status.problem:
            print(pane.screen_status.problem, file=sys.stderr, flush=True)

    pane.changed.connect(complain)

    def hear() -> None:
        for word in os.read(0, 4096).decode().split() or ["end"]:
            if word == "frames":
                print(f"frames {painted.count}", flush=True)
            elif word in ("hide", "show"):
                pane.setVisible(word == "show")
            else:
                asyncio.get_running_loop().remove_reader(0)
                over.set()

    asyncio.get_running_loop().add_reader(0, hear)
    profile = cProfile.Profile() if os.environ.get("BENCH_PROFILE") else None
    if profile:
        profile.enable()
    await over.wait()
    if profile:
        profile.disable()
        profile.dump_stats(os.environ["BENCH_PROFILE"])
    pane.close_screen()
    screens.close()
    window.close()


def main() -> int:
    os.environ["QT_NO_GLIB"] = "1"  # as vmdesk/app.py does
    sys.setswitchinterval(LOCK)
    loop.start()  # SPICE's library lives on libvirt's thread
    qt = QApplication(["vmdesk-bench"])
    with asyncio.Runner(loop_factory=lambda: QEventLoop(qt)) as runner:
        runner.run(show(sys.argv[1], Path(sys.argv[2])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
