"""The machine's page, tab "Console": its screen, and everything that can be done with it."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QBuffer, QIODevice, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QGuiApplication, QHideEvent, QImage, QShowEvent
from PySide6.QtWidgets import QFileDialog, QMenu, QStackedWidget, QVBoxLayout, QWidget

from vmdesk.console import keys
from vmdesk.console.screen import Power, Powers
from vmdesk.core import own_files, typist
from vmdesk.core.command import reason
from vmdesk.core.commands.domain import BY_ID
from vmdesk.core.commands.questions import confirm_reset
from vmdesk.core.screen_state import Phase, protocol_name
from vmdesk.core.screens import Screens
from vmdesk.core.settings import Settings
from vmdesk.core.store import Changes
from vmdesk.model.display import Displays
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import Problem
from vmdesk.model.text import Text, text, tr
from vmdesk.ui.console.bar import ConsoleBar, ConsoleFoot, menu_of
from vmdesk.ui.console.clipboard import ClipboardLink, locked, not_yet, state_words
from vmdesk.ui.console.filming import Filming
from vmdesk.ui.console.pane import ConsolePane
from vmdesk.ui.console.send_keys import LAYOUTS, fill, fill_layouts, fill_power, written
from vmdesk.ui.console.sharing import Sharing
from vmdesk.ui.console.sound import SoundMenu
from vmdesk.ui.console.transform import Mode
from vmdesk.ui.console.window import FullBar
from vmdesk.ui.console.words import Deeds, shown_over, text_name, why_not_live
from vmdesk.ui.heard import Heard
from vmdesk.ui.later import load
from vmdesk.ui.parts import Level, Notice, Parts
from vmdesk.ui.subject import Subject

LONGEST = 4000  # characters that are typed at most: more would take minutes


class MachineConsole(QWidget):
    """Costs nothing while it is hidden; connects when it is first seen.

    window_wanted, full_wanted: the person wants it in its own window, or over the whole screen.
    """

    window_wanted = Signal()
    full_wanted = Signal()

    def __init__(self, parts: Parts, key: DomainKey, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts, self._machine = parts, key
        self._subject = Subject(parts.store, key)
        self._heard = Heard()
        self._typing: asyncio.Task[None] | None = None
        self.setObjectName("machine-console")
        self.setAccessibleName(tr("Console"))
        screens: Screens = parts.screens
        deeds = Deeds(self._on_start, self._on_retry, self._on_take_back, self._on_text_console, self._on_wish)
        self.pane = ConsolePane(screens, key, deeds)
        self.clipboard = ClipboardLink(screens, key, lambda: self.pane.backend, self)
        self.bar = ConsoleBar()
        self.sharing = Sharing(parts, key, self.pane, menu_of(self.bar.share))
        self.sound = SoundMenu(screens, key, self.pane, self.bar.sound, self._keep)
        self.filming = Filming(parts, key, self.bar.record, self._shown_way, self._file_name, self)
        self.foot = ConsoleFoot()
        self.stack = QStackedWidget()
        self.stack.addWidget(self.pane)
        self._texts: dict[str, Any] = {}  # device -> its TextSide, once it was looked at
        self.setFocusProxy(self.pane.view)
        self._full_bar: FullBar | None = None
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(0)
        self._box.addWidget(self.bar)
        self._box.addWidget(self.stack, 1)
        self._box.addWidget(self.foot)
        self._connect()
        self._recall()
        self._on_settings(parts.settings.current)
        self._show_machine()
        self._show_status()

    def _connect(self) -> None:
        bar, pane = self.bar, self.pane
        pane.changed.connect(self._show_status)
        pane.captured.connect(self._show_captured)
        pane.left.connect(self._on_left)
        pane.copied.connect(self.clipboard.take)
        menu_of(bar.display).aboutToShow.connect(self._fill_displays)
        bar.modes.triggered.connect(lambda action: self._on_mode(action.data()))
        menu_of(bar.keys).aboutToShow.connect(self._fill_keys)
        bar.type.clicked.connect(self._on_type)
        menu_of(bar.clipboard).aboutToShow.connect(self._show_clipboard)
        bar.to_guest.triggered.connect(self._on_clipboard)
        bar.from_guest.triggered.connect(self._on_clipboard)
        bar.view_only.clicked.connect(self._on_view_only)
        bar.shot_file.triggered.connect(self._on_shot_file)
        bar.shot_copy.triggered.connect(self._on_shot_copy)
        bar.speed.clicked.connect(lambda on: pane.set_speed(on))
        bar.own.clicked.connect(self.window_wanted)
        bar.full.clicked.connect(self.full_wanted)

    # ---------------------------------------------------------------- what it shows

    @property
    def _displays(self) -> Displays | None:
        """What the definition has, once it was asked."""
        screen = self.pane.screen_held
        return screen.found.displays if screen is not None else None

    def _show_machine(self) -> None:
        domain = self._subject.domain
        host = self._subject.host
        why = reason(BY_ID["domain.start"], domain, host) if domain else None
        found = self._displays
        self.pane.show_machine(domain, why, found is not None and any(one.streams for one in found.texts))

    def _show_status(self) -> None:
        status, view = self.pane.screen_status, self.pane.view
        live = status.phase is Phase.LIVE
        why = why_not_live(status)
        no_keys = why or (text("View only: nothing goes to the guest.") if view.view_only else None)
        self.bar.allow(self.bar.keys, no_keys)
        self.bar.allow(self.bar.type, no_keys)
        self.bar.allow(self.bar.view_only, None if view.view_only else why)
        self.bar.allow(self.bar.shot, None if view.has_picture else why or text("No picture has come yet."))
        self.filming.allow(why)
        screen = self.stack.currentWidget() is self.pane
        self.bar.display.setText(protocol_name(status.protocol) if live and screen else tr("Display"))
        words = shown_over(status, self.pane.size_shown) if screen else ""
        self.foot.show_over(words)
        view.setAccessibleDescription(words)
        self._show_captured(view.capturing)
        self._show_clipboard()
        if status.phase is Phase.LOST:
            self._show_machine()

    def _show_captured(self, capturing: bool) -> None:
        release = written(self._parts.settings.current.release_keys)
        view = self.pane.view
        if self.stack.currentWidget() is not self.pane:
            words = ""
        elif view.holds_pointer:
            words = tr("Keys and pointer go to the guest. {keys} takes them back.", keys=release)
        elif capturing and view.desktop_keeps_keys:
            words = tr(
                "Keys go to the guest. {keys} takes them back. What the desktop keeps for itself (Alt+Tab, Super) is "
                "under Send keys.",
                keys=release,
            )
        elif capturing:
            words = tr("Keys go to the guest. {keys} takes them back.", keys=release)
        elif view.view_only:
            words = tr("View only: nothing goes to the guest.")
        elif self.pane.screen_status.phase is Phase.LIVE:
            words = tr("Click the screen to type into the guest.")
        else:
            words = ""
        self.foot.show_keys(words, capturing)
        view.setAccessibleName(tr("Screen. {state}", state=words) if words else tr("Screen"))

    def _show_clipboard(self) -> None:
        allowed, found, protocol = self.clipboard.allowed, self._displays, self.pane.screen_status.protocol
        why = locked(found, protocol) if found is not None and protocol else None
        for action, on in zip((self.bar.to_guest, self.bar.from_guest), allowed):
            action.setChecked(on and why is None)
            action.setEnabled(why is None)
            action.setToolTip(str(why) if why else action.text())
        note = why or (not_yet(found) if found is not None and any(allowed) else None)
        self.bar.show_clipboard(
            tr("Clipboard: locked") if why else state_words(allowed),
            "lock" if why else "clipboard-text-outline" if any(allowed) else "clipboard-off-outline",
            str(why) if why else tr("What may pass between the clipboards"),
            str(note) if note else tr("Off again when VMDesk ends."),
        )

    def _fill_displays(self) -> None:
        menu = menu_of(self.bar.display)
        menu.clear()
        found = self._displays
        shown = self.stack.currentWidget()
        pane = self.pane
        ways = QActionGroup(menu)
        kinds = tuple(dict.fromkeys(one.kind for one in found.graphics)) if found else ()
        for wish, words in (("", tr("The best there is")), *((kind, protocol_name(kind)) for kind in kinds)):
            action = _choice(menu, ways, f"console-wish-{wish or 'best'}", words, shown is pane and wish == pane.wish)
            action.triggered.connect(lambda _checked=False, wish=wish: self._on_wish(wish))
        heads = found.heads if found else 1
        monitors = QActionGroup(menu)
        for head in range(heads if heads > 1 else 0):
            name = tr("Monitor {n}", n=head + 1)
            action = _choice(menu, monitors, f"console-head-{head}", name, shown is pane and head == pane.head)
            action.triggered.connect(lambda _checked=False, head=head: self._on_head(head))
        texts = QActionGroup(menu)
        for device in found.texts if found else ():
            if menu.actions() and not texts.actions():
                menu.addSeparator()
            on = isinstance(shown, QWidget) and shown is self._texts.get(device.name)
            action = _choice(menu, texts, f"console-text-{device.name}", text_name(device), on)
            action.setEnabled(device.streams)
            if not device.streams:
                tip = tr("On the host it is connected to {source}: VMDesk cannot show that.", source=device.source)
                action.setToolTip(tip)
            action.triggered.connect(lambda _checked=False, name=device.name: self.show_text(name))

    @property
    def _layout(self) -> str:
        """The guest's keyboard layout, as far as somebody has said."""
        chosen = self._parts.settings.current.screens.get(self._machine.uuid, {}).get("layout", "")
        return chosen if chosen in LAYOUTS else "us"

    def _fill_keys(self) -> None:
        own = self._parts.settings.current.send_keys
        menu = menu_of(self.bar.keys)
        fill(menu, own, self._on_send, self._on_own_keys)
        fill_layouts(menu, self._layout, lambda layout: self._keep("layout", layout))
        fill_power(menu, powered.powers if (powered := self._powered) else (), self._on_power)

    # ---------------------------------------------------------------- what the person does

    def _on_start(self) -> None:
        self._parts.shell.run("domain.start", (self._machine,))

    def _on_retry(self) -> None:
        if self.pane.screen_held:
            self.pane.screen_held.retry()

    def _on_take_back(self) -> None:
        if self.pane.screen_held:
            self.pane.screen_held.take_back()

    def _on_text_console(self) -> None:
        """The first text console instead of the screen."""
        found = self._displays
        device = next((one for one in found.texts if one.streams), None) if found else None
        if device is not None:
            self.show_text(device.name)

    def show_text(self, device: str) -> None:
        """A text console instead of the screen; the screen's connection is kept, unseen."""
        side = self._texts.get(device)
        if side is None:
            side = self._texts[device] = load("text-console")(
                self._parts.sessions, self._parts.jobs, self._machine, device
            )
            self.stack.addWidget(side)
        self._show_side(side)

    def _show_side(self, side: QWidget) -> None:
        self.stack.setCurrentWidget(side)
        self.setFocusProxy(self.pane.view if side is self.pane else side)
        for widget in self.bar.for_screens:
            widget.setVisible(side is self.pane)
        self._show_status()
        side.setFocus()

    def _on_wish(self, wish: str) -> None:
        self._show_side(self.pane)
        self.pane.choose(wish, self.pane.head)
        self._keep("wish", wish)

    def _on_head(self, head: int) -> None:
        self._show_side(self.pane)
        self.pane.choose(self.pane.wish, head)

    def _on_mode(self, mode: Mode) -> None:
        self.pane.set_mode(mode)
        self.bar.show_mode(mode)
        self._keep("mode", mode.value)

    def _on_own_keys(self) -> None:
        self._parts.shell.open_page("preferences")

    def _on_send(self, names: str) -> None:
        backend = self.pane.backend
        if backend is not None:
            self._parts.jobs.spawn(f"keys {names}", typist.press(backend.key, names))
        self.pane.view.setFocus()

    @property
    def _powered(self) -> Powers | None:
        backend: object = self.pane.backend
        return backend if isinstance(backend, Powers) else None

    def _on_power(self, power: Power) -> None:
        self._parts.jobs.spawn(f"power {power.name}", self._do_power(power))

    async def _do_power(self, power: Power) -> None:
        powered, domain, context = self._powered, self._subject.domain, self._parts.context
        if powered is None or domain is None:
            return
        asks = power is Power.RESET and self._parts.settings.current.confirms("domain.reset")
        if asks and not await context.ask.confirm(await confirm_reset(context, (domain,))):
            return
        powered.power(power)
        if power is not Power.RESET:
            self._tell(text("The guest was asked through VNC. It may take its time, or not listen."))
        self.pane.view.setFocus()

    def _on_type(self) -> None:
        """Again while it types: stop."""
        if self._typing is not None:
            self._typing.cancel()
            return
        words, backend = QGuiApplication.clipboard().text(), self.pane.backend
        if backend is None or not words:
            self._tell(text("There is no text on the clipboard."))
            return
        if len(words) > LONGEST:
            self._tell(text("The text is longer than {n} characters: too long to be typed.", n=LONGEST))
            return
        plan = keys.plan(words, self._layout)
        if plan.missing:
            self._tell(
                text(
                    "These characters cannot be typed on the guest's keyboard, {layout}: {chars} Another one can be "
                    "chosen under Send keys.",
                    layout=LAYOUTS[self._layout],
                    chars=plan.missing,
                )
            )
            return
        self._typing = self._parts.jobs.spawn("typing", typist.type_strokes(backend.key, plan.strokes))
        self._typing.add_done_callback(lambda _task: self._on_typed())
        self.bar.type.setText(tr("Stop typing"))
        self.pane.view.setFocus()

    def _on_typed(self) -> None:
        self._typing = None
        self.bar.type.setText(tr("Type the clipboard"))

    def _on_clipboard(self) -> None:
        self.clipboard.allow(self.bar.to_guest.isChecked(), self.bar.from_guest.isChecked())
        self._show_clipboard()

    def _on_view_only(self, on: bool) -> None:
        self.pane.view.set_view_only(on)
        self._show_status()

    def set_full(self, on: bool) -> None:
        """Nothing but the screen; the bar comes out at the upper edge."""
        self.bar.show_full(on)
        self.foot.setHidden(on)
        if on and self._full_bar is None:
            self._box.removeWidget(self.bar)
            self._full_bar = FullBar(self.bar, self.pane.view, self)
        elif not on and self._full_bar is not None:
            self._full_bar.end()
            self._full_bar = None
            self._box.insertWidget(0, self.bar)

    def set_own_window(self, on: bool) -> None:
        self.bar.show_own(on)

    def _on_left(self) -> None:
        """The keyboard was taken back: on to the first button."""
        if self._full_bar is not None:
            self._full_bar.show()
        self.bar.display.setFocus(Qt.FocusReason.OtherFocusReason)

    # ---------------------------------------------------------------- pictures

    def _on_shot_copy(self) -> None:
        QGuiApplication.clipboard().setImage(self.pane.still())
        self._tell(text("The picture is on the clipboard."))

    def _shown_way(self) -> tuple[str, int]:
        """How the screen is reached, and which monitor it is."""
        return self.pane.wish, self.pane.head

    def _file_name(self) -> str:
        domain = self._subject.domain
        return domain.name.replace("/", "-") if domain else self._machine.uuid

    def _on_shot_file(self) -> None:
        image = self.pane.still()
        dialog = QFileDialog(self, tr("Save the picture"), f"{self._file_name()}.png", tr("PNG pictures (*.png)"))
        dialog.setObjectName("console-shot-dialog")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("png")
        dialog.fileSelected.connect(lambda file: self._parts.jobs.spawn("screenshot", self.save(image, file)))
        dialog.open()

    async def save(self, image: QImage, file: str) -> None:
        """Write a picture, and say so."""
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        image.save(buffer, "PNG")  # type: ignore[call-overload]
        try:
            await own_files.write(Path(file), bytes(buffer.data().data()))
        except OSError as error:
            what = text("The picture could not be saved as {file}.", file=file)
            self._parts.shell.notify(Notice(Problem(what, details=error.strerror or str(error))))
            return
        self._tell(text("The picture is saved as {file}.", file=file))

    def _tell(self, words: Text) -> None:
        self._parts.shell.notify(Notice(Problem(words), Level.INFO))

    # ---------------------------------------------------------------- remembered

    def _recall(self) -> None:
        chosen = dict(self._parts.settings.current.screens.get(self._machine.uuid, {}))
        modes = {mode.value: mode for mode in Mode}
        mode = modes.get(chosen.get("mode", ""), Mode.FIT)
        self.pane.set_mode(mode)
        self.bar.show_mode(mode)
        self.pane.choose(chosen.get("wish", ""))
        self.sound.recall(chosen)

    def _keep(self, name: str, value: str) -> None:
        uuid = self._machine.uuid
        if self._parts.settings.current.screens.get(uuid, {}).get(name) == value:
            return

        def change(settings: Settings) -> Settings:
            chosen = {**settings.screens.get(uuid, {}), name: value}
            return replace(settings, screens={**settings.screens, uuid: chosen})

        problem = self._parts.settings.save(change)
        if problem is not None:
            self._parts.shell.notify(Notice(problem, Level.WARNING))

    def _on_settings(self, settings: Settings) -> None:
        self.pane.view.keyboard.configure(settings.release_keys, settings.passed_keys)
        self._show_captured(self.pane.view.capturing)

    def _on_changes(self, changes: Changes) -> None:
        if self._machine in changes.changed | changes.added | changes.removed or self._machine.host in changes.hosts:
            self._show_machine()
            for side in self._texts.values():
                side.wake()

    # ---------------------------------------------------------------- the widget

    def showEvent(self, event: QShowEvent) -> None:
        self._heard.begin(
            lambda: (self._parts.store.subscribe(self._on_changes), self._parts.settings.subscribe(self._on_settings))
        )
        self._on_settings(self._parts.settings.current)
        self._show_machine()
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._heard.end()
        super().hideEvent(event)


def _choice(menu: QMenu, group: QActionGroup, name: str, words: str, on: bool) -> QAction:
    action = menu.addAction(words)
    action.setObjectName(name)
    action.setCheckable(True)
    action.setChecked(on)
    group.addAction(action)
    return action
