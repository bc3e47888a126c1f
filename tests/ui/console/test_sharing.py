"""The menu "Share" of the console, over a SPICE connection in memory."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from tests.fakes.screen import FakeDoors
from tests.ui.desk import parts_of
from tests.ui.machines import machine, store_of
from vmdesk.core import permissions
from vmdesk.core.jobs import JobState
from vmdesk.core.permissions import Permissions
from vmdesk.core.screen_state import Phase
from vmdesk.model.display import Display, Displays
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import text
from vmdesk.ui.pages.machine_console import MachineConsole

KEY = machine(0).key
Run = Callable[[Coroutine[Any, Any, Any]], Any]


@dataclass
class Stick:
    id: str = "1"
    text: str = "A stick"
    connected: bool = False
    why_not: str = ""


@dataclass
class FakeSession:
    """An open SPICE connection."""

    sent: list[Path] = field(default_factory=list)
    folders: list[tuple[Path | None, bool]] = field(default_factory=list)
    sticks: list[Stick] = field(
        default_factory=lambda: [Stick(), Stick("2", "A key", why_not="Its filter forbids it.")]
    )
    fails: VirtError | None = None
    slow: bool = False
    cancelled: bool = False
    usb_changed: Callable[[], None] = lambda: None

    async def send_files(self, paths: Any, progress: Any = None) -> None:
        try:
            progress(1, 2)
            await asyncio.sleep(60 if self.slow else 0.01)
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        if self.fails:
            raise self.fails
        self.sent += paths

    def share_folder(self, folder: Path | None, *, writable: bool = False) -> None:
        self.folders.append((folder, writable))

    async def usb_devices(self) -> list[Stick]:
        return self.sticks

    async def usb_connect(self, device: str) -> None:
        if self.fails:
            raise self.fails
        self.sticks[int(device) - 1].connected = True

    async def usb_disconnect(self, device: str) -> None:
        self.sticks[int(device) - 1].connected = False


class Bench:
    def __init__(self, folder: Path, qtbot: QtBot) -> None:
        self.parts = parts_of(folder, store_of(6))
        self.doors: FakeDoors = self.parts.screens.doors
        self.doors.displays = Displays((Display("vnc", 0), Display("spice", 1)))
        self.session = FakeSession()
        self.doors.prepare = self._prepare
        self.page = MachineConsole(self.parts, KEY)
        qtbot.addWidget(self.page)
        self.page.resize(1000, 700)
        self.share = self.page.sharing

    def _prepare(self, backend: Any) -> None:
        if backend.protocol == "spice":
            backend.display = self.session

    async def until(self, what: Callable[[], object]) -> None:
        for _ in range(400):
            if what():
                return
            await asyncio.sleep(0.005)
        raise AssertionError("did not come")

    async def live(self, wish: str = "spice") -> None:
        self.page.pane.choose(wish)
        self.page.show()
        await self.until(lambda: self.page.pane.screen_status.phase is Phase.LIVE)

    def drag(self, *files: Path) -> bool:
        """Whether it would be taken."""
        self.mime = QMimeData()
        self.mime.setUrls([QUrl.fromLocalFile(str(file)) for file in files])
        at, buttons, no = QPointF(5, 5), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        enter = QDragEnterEvent(at.toPoint(), Qt.DropAction.CopyAction, self.mime, buttons, no)
        QApplication.sendEvent(self.page.pane, enter)
        return enter.isAccepted()

    def drop(self, *files: Path) -> None:
        self.drag(*files)
        at, buttons, no = QPointF(5, 5), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        QApplication.sendEvent(self.page.pane, QDropEvent(at, Qt.DropAction.CopyAction, self.mime, buttons, no))


Test = Callable[[Bench], Coroutine[Any, Any, None]]


@pytest.fixture
def bench(tmp_path: Path, qtbot: QtBot, run_async: Run) -> Callable[[Test], None]:
    def run(test: Test) -> None:
        async def whole() -> None:
            standing = Bench(tmp_path, qtbot)
            try:
                await test(standing)
            finally:
                standing.page.hide()
                standing.parts.screens.close()
                await standing.parts.jobs.close()

        run_async(whole())

    return run


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    file = tmp_path / "paper.txt"
    file.write_text("x")
    return file


def test_only_over_spice(bench: Callable[[Test], None], paper: Path) -> None:
    async def test(on: Bench) -> None:
        await on.live("vnc")
        for action in (on.share.drop, on.share.send, on.share.usb, on.share.folder, on.share.writable):
            assert not action.isEnabled()
        assert "SPICE" in on.share.folder.toolTip() and "SPICE" in on.share.note.text()
        assert not on.drag(paper)
        on.doors.last.end("refused")
        await on.until(lambda: on.share.folder.toolTip() == "The screen is being connected.")

    bench(test)


def test_files_go_when_it_is_switched_on(bench: Callable[[Test], None], paper: Path, tmp_path: Path) -> None:
    async def test(on: Bench) -> None:
        await on.live()
        assert on.share.drop.isEnabled() and not on.share.drop.isChecked() and not on.share.send.isEnabled()
        assert not on.drag(paper)
        on.drop(paper)
        on.share.take([paper])
        assert not on.parts.jobs.all
        on.share.drop.trigger()
        assert on.share.send.isEnabled() and on.drag(paper)
        on.drop(paper, tmp_path)
        await on.until(lambda: on.session.sent == [paper])
        (job,) = on.parts.jobs.all
        await on.until(lambda: on.parts.jobs.all[0].state is JobState.DONE)
        assert job.keys == (KEY,) and "paper.txt" in str(job.title)

    bench(test)


def test_a_copy_is_told_and_cancelled(bench: Callable[[Test], None], paper: Path) -> None:
    async def test(on: Bench) -> None:
        await on.live()
        on.session.slow = True
        on.share.drop.trigger()
        on.drop(paper)
        await on.until(lambda: on.parts.jobs.all and on.parts.jobs.all[0].progress == 0.5)
        on.parts.jobs.cancel(on.parts.jobs.all[0].id)
        await on.until(lambda: on.parts.jobs.all[0].state is JobState.CANCELLED)
        assert on.session.cancelled and not on.session.sent

    bench(test)


def test_a_folder_is_shared_read_only_until_said_otherwise(bench: Callable[[Test], None], tmp_path: Path) -> None:
    async def test(on: Bench) -> None:
        await on.live()
        on.share.folder.trigger()
        dialog = on.page.findChild(QFileDialog, "console-folder-dialog")
        assert dialog is not None and not on.share.folder.isChecked() and not on.session.folders
        dialog.fileSelected.emit(str(tmp_path))
        dialog.close()
        assert on.session.folders == [(tmp_path, False)] and on.share.folder.isChecked()
        assert str(tmp_path) in on.share.folder.text()
        on.share.writable.trigger()
        on.share.folder.trigger()
        assert on.session.folders[1:] == [(tmp_path, True), (None, False)]
        assert not on.share.folder.isChecked() and not on.share.writable.isChecked()

    bench(test)


def test_a_new_connection_shares_nothing(bench: Callable[[Test], None], tmp_path: Path) -> None:
    async def test(on: Bench) -> None:
        await on.live()
        on.share.share(tmp_path)
        on.page.pane.choose("vnc")
        await on.until(lambda: on.page.pane.screen_status.protocol == "vnc")
        assert not on.share.folder.isChecked() and not on.share.writable.isEnabled()

    bench(test)


def test_usb_devices_are_chosen(bench: Callable[[Test], None]) -> None:
    async def test(on: Bench) -> None:
        await on.live()
        on.share.usb.trigger()
        dialog = on.share._usb
        assert dialog is not None and not dialog.isModal()
        await on.until(lambda: dialog.devices.count() == 2)
        stick, key = dialog.devices.item(0), dialog.devices.item(1)
        assert stick.checkState() is Qt.CheckState.Unchecked
        assert "filter" in key.text() and not key.flags() & Qt.ItemFlag.ItemIsEnabled
        stick.setCheckState(Qt.CheckState.Checked)
        await on.until(
            lambda: dialog.devices.isEnabled() and dialog.devices.item(0).checkState() is Qt.CheckState.Checked
        )
        assert on.session.sticks[0].connected
        on.session.sticks.pop()
        on.session.usb_changed()
        await on.until(lambda: dialog.devices.count() == 1)
        on.session.sticks[0].connected = False
        on.session.fails = VirtError(Problem(text("It is broken.")))
        dialog.devices.item(0).setCheckState(Qt.CheckState.Unchecked)
        await on.until(lambda: dialog.devices.isEnabled())
        dialog.devices.item(0).setCheckState(Qt.CheckState.Checked)
        await on.until(lambda: "It is broken." in dialog.note.text())
        assert dialog.devices.item(0).checkState() is Qt.CheckState.Unchecked
        on.session.sticks.clear()
        on.session.usb_changed()
        await on.until(lambda: dialog.devices.isHidden())
        assert "Plug one in" in dialog.note.text()
        dialog.close()
        await on.until(lambda: on.share._usb is None)
        on.session.usb_changed()

    bench(test)


def test_sealing_says_that_a_cold_start_is_needed(
    bench: Callable[[Test], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = Permissions(False, False, True, False)
    done: list[Any] = []

    async def read(_links: Any, _key: Any) -> Permissions:
        return said

    async def seal(_links: Any, _key: Any, on: bool) -> bool:
        nonlocal said
        said = Permissions(False, on, True, False)
        done.append(on)
        return True

    async def add(_links: Any, _key: Any) -> bool:
        raise VirtError(Problem(text("Somebody was faster.")))

    monkeypatch.setattr(permissions, "read", read)
    monkeypatch.setattr(permissions, "seal", seal)
    monkeypatch.setattr(permissions, "add_agent", add)

    async def test(on: Bench) -> None:
        await on.live()
        assert not on.share.seal.isEnabled()
        on.page.bar.share.menu().aboutToShow.emit()
        await on.until(lambda: on.share.seal.isEnabled())
        assert on.share.agent.isVisible() and not on.share.seal.isChecked()
        on.share.seal.trigger()
        await on.until(lambda: "cold start" in on.share.note.text())
        assert done == [True] and on.share.seal.isChecked()
        on.share.seal.trigger()
        await on.until(lambda: done == [True, False] and not on.share.note.text())
        on.share.agent.trigger()
        await on.until(lambda: any("faster" in str(note.problem) for note in on.parts.shell.notices))

    bench(test)
