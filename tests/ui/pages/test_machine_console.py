"""The console of the machine's page, over screens in memory."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QAction, QGuiApplication, QImage
from PySide6.QtWidgets import QApplication, QMenu, QPushButton
from pytestqt.qtbot import QtBot

from tests.fakes.screen import ALL, FakeBackend, FakeDoors
from tests.ui.console.test_keyboard import LEFTALT, LEFTCTRL, A, event
from tests.ui.desk import FakeAsk, parts_of
from tests.ui.machines import machine, store_of
from vmdesk.console.screen import Power
from vmdesk.core.screen_state import Phase
from vmdesk.model.display import Channel, Display, Displays, TextDevice
from vmdesk.model.domain import State
from vmdesk.model.errors import Problem
from vmdesk.model.text import text
from vmdesk.ui.console.bar import menu_of
from vmdesk.ui.console.place import ConsolePlace
from vmdesk.ui.console.transform import Mode
from vmdesk.ui.pages.machine_console import MachineConsole

KEY = machine(0).key
Run = Callable[[Coroutine[Any, Any, Any]], Any]
Test = Callable[["Bench"], Coroutine[Any, Any, None]]


class Bench:
    def __init__(self, folder: Path, qtbot: QtBot) -> None:
        self.parts = parts_of(folder, store_of(6))
        self.doors: FakeDoors = self.parts.screens.doors
        self.doors.displays = replace(ALL, texts=(TextDevice("serial0", "serial"),))
        self.place = ConsolePlace(lambda: MachineConsole(self.parts, KEY), lambda: "web-0")
        qtbot.addWidget(self.place)
        self.place.resize(1000, 700)

    @property
    def page(self) -> MachineConsole:
        page: MachineConsole = self.place.console
        return page

    @property
    def pane(self) -> Any:
        return self.page.pane

    @property
    def backend(self) -> FakeBackend:
        return self.doors.last

    async def until(self, what: Callable[[], object]) -> None:
        for _ in range(4000):
            if what():
                return
            await asyncio.sleep(0.005)
        raise AssertionError("did not come")

    async def live(self) -> None:
        self.place.show()
        await self.until(lambda: self.pane.screen_status.phase is Phase.LIVE and self.pane.view.has_picture)

    async def focus(self) -> None:
        self.page.window().activateWindow()
        self.pane.view.setFocus()
        await self.until(lambda: self.pane.view.hasFocus())

    def put(self, **values: Any) -> None:
        self.parts.store.update([replace(self.parts.store.domains[KEY], **values)])

    def button(self, place: int = 0) -> QPushButton:
        buttons = [one for one in self.pane.card.findChildren(QPushButton) if one.isVisibleTo(self.pane.card)]
        return buttons[place]

    def entry(self, button: Any, name: str) -> QAction:
        menu = menu_of(button)
        menu.aboutToShow.emit()
        return next(one for one in menu.actions() if one.objectName() == name)

    def layouts(self) -> QMenu:
        menu = menu_of(self.page.bar.keys)
        menu.aboutToShow.emit()
        return next(one for one in menu.findChildren(QMenu, "console-layouts") if one.menuAction() in menu.actions())


@pytest.fixture
def bench(tmp_path: Path, qtbot: QtBot, run_async: Run) -> Callable[[Test], None]:
    def run(test: Test) -> None:
        async def whole() -> None:
            standing = Bench(tmp_path, qtbot)
            try:
                await test(standing)
            finally:
                if standing.place.window_ is not None:
                    standing.place.window_.close()
                standing.place.hide()
                standing.parts.screens.close()
                await standing.parts.jobs.close()

        run_async(whole())

    return run


def test_nothing_is_opened_before_it_is_seen(bench: Callable[[Test], None]) -> None:
    async def test(on: Bench) -> None:
        await asyncio.sleep(0.05)
        assert on.page is None and not on.doors.made
        await on.live()
        assert on.backend.protocol == "dbus"
        assert on.page.foot.over.text() == "D-Bus · 640 × 480"
        assert on.pane.card.isHidden()
        on.place.hide()
        assert on.backend.paused[-1] is True
        on.place.show()
        assert on.backend.paused[-1] is False

    bench(test)


def test_connection_goes_with_the_page(bench: Callable[[Test], None]) -> None:
    async def test(on: Bench) -> None:
        await on.live()
        on.place.hide()
        page = on.page
        page.setParent(None)
        page.deleteLater()
        on.place.console = None
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        assert on.backend.closes == 1

    bench(test)


def test_off_grey_and_started(bench: Callable[[Test], None]) -> None:
    async def test(on: Bench) -> None:
        await on.live()
        on.put(state=State.SHUTOFF, reason="shutdown", live_id=-1)
        on.backend.end()
        await on.until(lambda: on.pane.card.kind == "off")
        assert on.pane.view.is_old, "the last picture stays"
        on.button().click()
        assert on.parts.shell.ran == [("domain.start", (KEY,))]
        on.put(state=State.RUNNING, reason="booted", live_id=5)
        await on.until(lambda: on.pane.screen_status.phase is Phase.LIVE and not on.pane.view.is_old)
        assert on.pane.card.isHidden()

    bench(test)


def test_failed_and_tried_again(bench: Callable[[Test], None]) -> None:
    async def test(on: Bench) -> None:
        problem = Problem(text("The password is wrong."), name="auth")
        on.doors.prepare = lambda backend: setattr(backend, "fails", problem)
        on.place.show()
        await on.until(lambda: on.pane.card.kind == "failed")
        assert on.pane.card.accessibleName() == "The password is wrong."
        on.doors.prepare = lambda backend: None
        on.button().click()
        await on.until(lambda: on.pane.screen_status.phase is Phase.LIVE)

    bench(test)


def test_taken_and_back(bench: Callable[[Test], None]) -> None:
    async def test(on: Bench) -> None:
        await on.live()
        on.backend.end("taken")
        await on.until(lambda: on.pane.screen_status.protocol == "vnc")
        assert "Another viewer took this display" in on.pane.strip.text
        assert "Another viewer took the D-Bus display." in on.page.foot.over.text()
        on.pane.strip.findChild(QPushButton).click()
        await on.until(lambda: on.pane.screen_status.protocol == "dbus")
        assert on.pane.strip.text == ""

    bench(test)


def test_a_taken_display_names_the_one_that_is_shared(bench: Callable[[Test], None]) -> None:
    async def test(on: Bench) -> None:
        await on.live()
        on.page._on_wish("dbus")
        await on.until(lambda: on.pane.wish == "dbus" and on.pane.screen_status.phase is Phase.LIVE)
        on.backend.end("taken")
        await on.until(lambda: on.pane.card.kind == "taken")
        assert "Over VNC several can look at once" in on.pane.card.accessibleDescription()
        bar = on.page.bar
        for button in (bar.keys, bar.type, bar.view_only, bar.record):
            assert not button.isEnabled() and button.toolTip() == "Another viewer took this display."
        await on.until(lambda: on.pane.card.findChildren(QPushButton))
        assert on.button().text() == "Show it over VNC"
        on.button().click()
        await on.until(lambda: on.pane.screen_status.protocol == "vnc")
        assert bar.keys.isEnabled() and bar.keys.toolTip() == "Key combinations for the guest"
        bar.view_only.click()
        assert not bar.keys.isEnabled() and "View only" in bar.keys.toolTip()

    bench(test)


def test_a_taken_display_without_another(bench: Callable[[Test], None]) -> None:
    async def test(on: Bench) -> None:
        on.doors.displays = replace(ALL, graphics=(Display("dbus", 0, p2p=True),))
        await on.live()
        on.backend.end("taken")
        await on.until(lambda: on.pane.card.kind == "taken")
        assert "no display that is shared" in on.pane.card.accessibleDescription()

    bench(test)


def test_no_graphics_leads_to_the_text_console(bench: Callable[[Test], None]) -> None:
    async def test(on: Bench) -> None:
        on.doors.displays = Displays(texts=(TextDevice("serial0", "serial"),))
        on.place.show()
        await on.until(lambda: on.pane.card.kind == "no-graphics")
        await on.until(lambda: bool(on.pane.card.findChildren(QPushButton)))
        shown: list[str] = []
        on.page.show_text = shown.append  # type: ignore[method-assign]
        on.button().click()
        assert shown == ["serial0"]

    bench(test)


def test_protocol_and_size_are_remembered(bench: Callable[[Test], None]) -> None:
    async def test(on: Bench) -> None:
        await on.live()
        on.entry(on.page.bar.display, "console-wish-vnc").trigger()
        await on.until(lambda: on.pane.screen_status.protocol == "vnc")
        on.entry(on.page.bar.mode, "console-mode-one").trigger()
        assert on.pane.view.mode is Mode.ONE and on.page.bar.mode.text() == "1:1"
        again = MachineConsole(on.parts, KEY)
        assert again.pane.wish == "vnc" and again.pane.view.mode is Mode.ONE
        again.deleteLater()

    bench(test)


def test_keys_are_sent_and_typed(bench: Callable[[Test], None]) -> None:
    async def test(on: Bench) -> None:
        await on.live()
        on.parts.settings.set(send_keys=("ctrl-alt-f9", "nonsense"))
        on.entry(on.page.bar.keys, "send-ctrl-alt-f9").trigger()
        await on.until(lambda: len(on.backend.keys) == 6)
        assert [qnum for qnum, _ in on.backend.keys[:3]] == [0x1D, 0x38, 0x43]
        assert not on.entry(on.page.bar.keys, "send-nonsense").isEnabled()
        on.backend.keys.clear()
        QGuiApplication.clipboard().setText("Hi")
        on.page.bar.type.click()
        await on.until(lambda: len(on.backend.keys) == 6 and on.page.bar.type.text() == "Type the clipboard")
        QGuiApplication.clipboard().setText("日")
        on.page.bar.type.click()
        assert "日" in str(on.parts.shell.notices[-1].problem)

    bench(test)


def test_power_through_vnc(bench: Callable[[Test], None]) -> None:
    """Offered where the display's server does; a reset asks first."""

    async def test(on: Bench) -> None:
        on.parts.context = SimpleNamespace(ask=FakeAsk())
        asked = on.parts.context.ask
        await on.live()

        def offered() -> list[str]:
            menu = menu_of(on.page.bar.keys)
            menu.aboutToShow.emit()
            return [one.text() for one in menu.actions() if one.objectName().startswith("vnc-")]

        assert offered() == []
        on.backend.powers = (Power.SHUTDOWN, Power.RESET)
        assert offered() == ["Shut down", "Reset…"]
        on.entry(on.page.bar.keys, "vnc-shutdown").trigger()
        await on.until(lambda: on.backend.powered == [Power.SHUTDOWN])
        assert "asked through VNC" in str(on.parts.shell.notices[-1].problem) and not asked.asked
        asked.agree = False
        on.entry(on.page.bar.keys, "vnc-reset").trigger()
        await on.until(lambda: asked.asked)
        assert asked.asked[0].id == "domain.reset" and on.backend.powered == [Power.SHUTDOWN]
        asked.agree = True
        on.entry(on.page.bar.keys, "vnc-reset").trigger()
        await on.until(lambda: on.backend.powered == [Power.SHUTDOWN, Power.RESET])
        on.parts.settings.set(confirmations={"domain.reset": False})
        on.entry(on.page.bar.keys, "vnc-reset").trigger()
        await on.until(lambda: len(on.backend.powered) == 3)
        assert len(asked.asked) == 2

    bench(test)


def test_typed_for_the_guests_keyboard(bench: Callable[[Test], None]) -> None:
    """What it believes to be a German keyboard has Z where an English one has Y. Remembered per machine."""

    async def test(on: Bench) -> None:
        await on.live()

        async def typed() -> int:
            on.backend.keys.clear()
            on.page.bar.type.click()
            await on.until(lambda: len(on.backend.keys) == 2 and on.page.bar.type.text() == "Type the clipboard")
            return on.backend.keys[0][0]

        QGuiApplication.clipboard().setText("y")
        assert await typed() == 0x15
        layouts = on.layouts()
        assert layouts.title() == "The guest's keyboard: English (US)"
        layouts.findChild(QAction, "layout-de").trigger()
        assert await typed() == 0x2C
        assert on.layouts().title() == "The guest's keyboard: German"
        QGuiApplication.clipboard().setText("ç")
        on.page.bar.type.click()
        assert "German: ç" in str(on.parts.shell.notices[-1].problem)
        on.layouts().findChild(QAction, "layout-fr").trigger()
        assert await typed() == 0x0A

    bench(test)


def test_typing_can_be_stopped(bench: Callable[[Test], None]) -> None:
    async def test(on: Bench) -> None:
        await on.live()
        QGuiApplication.clipboard().setText("A" * 500)
        on.page.bar.type.click()
        await on.until(lambda: len(on.backend.keys) > 4)
        on.page.bar.type.click()
        await on.until(lambda: on.page.bar.type.text() == "Type the clipboard")
        held = {qnum for qnum, down in on.backend.keys if down} - {qnum for qnum, down in on.backend.keys if not down}
        assert not held and len(on.backend.keys) < 500

    bench(test)


def test_clipboard_is_off_until_switched_on(bench: Callable[[Test], None]) -> None:
    async def test(on: Bench) -> None:
        await on.live()
        assert on.page.bar.clipboard.text() == "Clipboard: off" and on.backend.allowed == []
        on.place.activateWindow()
        QGuiApplication.clipboard().setText("secret")
        assert on.backend.copied == []
        on.page.bar.to_guest.trigger()
        assert on.backend.allowed == [(True, False)] and on.page.bar.clipboard.text() == "Clipboard: to the guest"
        QGuiApplication.clipboard().setText("for the guest")
        assert on.backend.copied == ["for the guest"]
        on.backend.listener.clipboard("not for us")
        await asyncio.sleep(0.02)
        assert QGuiApplication.clipboard().text() == "for the guest"
        on.page.bar.from_guest.trigger()
        on.backend.listener.clipboard("for us")
        await on.until(lambda: QGuiApplication.clipboard().text() == "for us")
        assert on.backend.copied == ["for the guest"], "no echo"

    bench(test)


def test_clipboard_locked_by_the_definition(bench: Callable[[Test], None]) -> None:
    async def test(on: Bench) -> None:
        locked = Channel("qemu-vdagent", "com.redhat.spice.0", True, False)
        on.doors.displays = Displays((Display("vnc", 0),), channels=(locked,))
        await on.live()
        assert on.page.bar.clipboard.text() == "Clipboard: locked" and not on.page.bar.to_guest.isEnabled()
        assert "copypaste='no'" in on.page.bar.clipboard.toolTip()

    bench(test)


def test_capture_is_told_and_ends(bench: Callable[[Test], None]) -> None:
    async def test(on: Bench) -> None:
        await on.live()
        assert "Click the screen" in on.page.foot.keys.text()
        await on.focus()
        assert on.page.foot.keys.text() == "Keys go to the guest. Ctrl+Alt takes them back."
        assert "Keys go to the guest" in on.pane.view.accessibleName()
        on.parts.settings.set(release_keys="rightctrl")
        assert "Rightctrl" in on.page.foot.keys.text()
        on.parts.settings.set(release_keys="ctrl-alt")
        for down, key in ((True, LEFTCTRL), (True, LEFTALT), (False, LEFTCTRL)):
            QApplication.sendEvent(on.pane.view, event(down, key))
        assert on.page.bar.display.hasFocus() and "Click the screen" in on.page.foot.keys.text()

    bench(test)


def test_view_only(bench: Callable[[Test], None]) -> None:
    async def test(on: Bench) -> None:
        await on.live()
        on.page.bar.view_only.click()
        await on.focus()
        QApplication.sendEvent(on.pane.view, event(True, A))
        assert on.backend.keys == [] and "View only" in on.page.foot.keys.text()
        assert not on.page.bar.keys.isEnabled()

    bench(test)


def test_screenshots(bench: Callable[[Test], None], tmp_path: Path) -> None:
    async def test(on: Bench) -> None:
        await on.live()
        on.page.bar.shot_copy.trigger()
        assert QGuiApplication.clipboard().image().size().toTuple() == (640, 480)
        file = tmp_path / "shot.png"
        await on.page.save(on.pane.still(), str(file))
        assert QImage(str(file)).convertToFormat(QImage.Format.Format_RGB32) == on.pane.still()
        await on.page.save(on.pane.still(), str(tmp_path / "not" / "there.png"))
        assert "could not be saved" in str(on.parts.shell.notices[-1].problem)

    bench(test)


def test_speed_is_shown(bench: Callable[[Test], None]) -> None:
    async def test(on: Bench) -> None:
        await on.live()
        on.page.bar.speed.click()
        assert on.pane.speed.isVisible() and "pictures a second" in on.pane.speed.text()
        on.page.bar.speed.click()
        assert not on.pane.speed.isVisible()

    bench(test)


def test_own_window_and_back_over_one_connection(bench: Callable[[Test], None]) -> None:
    async def test(on: Bench) -> None:
        await on.live()
        on.page.bar.own.click()
        window = on.place.window_
        assert window is not None and window.isVisible() and on.page.window() is window
        assert on.place._card.kind == "elsewhere"
        await on.until(lambda: on.pane.is_seen)
        on.place.hide()
        assert on.pane.is_seen
        on.place.show()
        window.close()
        assert on.page.window() is on.place and on.page.isVisible() and on.place.window_ is None
        assert len(on.doors.made) == 1 and not on.backend.closes

    bench(test)


def test_full_screen_and_back(bench: Callable[[Test], None]) -> None:
    async def test(on: Bench) -> None:
        await on.live()
        on.page.bar.full.click()
        assert on.place.window_ is not None and on.place.window_.isFullScreen()
        assert on.page.bar.isHidden() and on.page.foot.isHidden()
        await on.focus()
        for down, key in ((True, LEFTCTRL), (True, LEFTALT), (False, LEFTCTRL)):
            QApplication.sendEvent(on.pane.view, event(down, key))
        assert on.page.bar.isVisible(), "the bar comes out with the keyboard"
        on.page.bar.full.click()
        assert on.place.window_ is None and on.page.bar.isVisible() and on.page.foot.isVisible()
        assert on.page.window() is on.place

    bench(test)


def test_everything_has_a_name(bench: Callable[[Test], None]) -> None:
    async def test(on: Bench) -> None:
        await on.live()
        for widget in on.page.bar.findChildren(type(on.page.bar.keys)):
            assert widget.objectName() and widget.accessibleName(), widget
            assert widget.focusPolicy() & Qt.FocusPolicy.TabFocus

    bench(test)


def test_a_narrow_window_loses_words_not_buttons(bench: Callable[[Test], None]) -> None:
    async def test(on: Bench) -> None:
        await on.live()
        for width in (1400, 700, 500):
            on.place.resize(width, 500)
            await asyncio.sleep(0.05)
            assert on.place.width() == width
            shown = [one for one in on.page.bar.findChildren(type(on.page.bar.keys)) if one.isVisible()]
            assert all(one.x() >= 0 and one.geometry().right() < width for one in shown)
        style = Qt.ToolButtonStyle.ToolButtonIconOnly
        assert on.page.bar.type.toolButtonStyle() == style != on.page.bar.clipboard.toolButtonStyle()

    bench(test)


def test_sound_is_switched_and_remembered(bench: Callable[[Test], None]) -> None:
    async def test(on: Bench) -> None:
        on.doors.displays = replace(ALL, sound=True)
        await on.live()
        bar = on.page.bar
        assert bar.sound.text() == "Sound" and on.backend.sounds[-1]
        assert on.backend.microphones[-1] is False
        on.entry(bar.sound, "console-sound-play").trigger()
        assert bar.sound.text() == "Sound: off" and not on.backend.sounds[-1]
        kept = on.parts.settings.current.screens[KEY.uuid]
        assert kept["sound"] == "off" and "microphone" not in kept
        on.page.sound.volume.slider.setValue(40)
        assert bar.sound.text() == "Sound" and on.backend.sounds[-1]
        on.page.sound.volume.slider.sliderReleased.emit()
        assert on.parts.settings.current.screens[KEY.uuid]["volume"] == "40"
        on.entry(bar.sound, "console-microphone").trigger()
        assert on.backend.microphones[-1] and bar.sound.text() == "Microphone: on"
        assert "ends" in on.page.sound.note.text()
        on.page.sound.recall({})
        assert on.page.sound.microphone.isChecked(), "what was chosen at another time says nothing about it"

    bench(test)


def test_why_nothing_is_heard(bench: Callable[[Test], None]) -> None:
    async def test(on: Bench) -> None:
        await on.live()
        assert on.page.bar.sound.text() == "Sound: none"
        assert "no sound card" in on.page.bar.sound.toolTip()
        on.doors.displays = replace(ALL, sound=True)
        on.backend.deaf = text("VNC carries no microphone.")
        on.pane.screen_held.found = replace(on.pane.screen_held.found, displays=on.doors.displays)
        assert not on.entry(on.page.bar.sound, "console-microphone").isEnabled()
        assert on.page.bar.sound.text() == "Sound"
        assert on.page.sound.note.text() == "VNC carries no microphone."

    bench(test)


def test_on_wayland_it_is_said_what_the_desktop_keeps(
    bench: Callable[[Test], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(on: Bench) -> None:
        await on.live()
        await on.focus()
        assert "Alt+Tab" not in on.page.foot.keys.text()
        monkeypatch.setattr(QApplication, "platformName", lambda: "wayland")
        on.page._show_captured(True)
        assert "Alt+Tab" in on.page.foot.keys.text() and "Send keys" in on.page.foot.keys.text()

    bench(test)
