"""What a person may choose. Every change holds at once and is kept; there is nothing to press."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from vmdesk.core.command import Confirm
from vmdesk.core.commands.domain import COMMANDS
from vmdesk.core.settings import LIMITS, Settings
from vmdesk.model.domain import DomainKey
from vmdesk.model.text import Text, text, tr
from vmdesk.ui.dialogs.ask import ConfirmDialog
from vmdesk.ui.heard import Heard
from vmdesk.ui.parts import Level, Notice, Parts
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.check_box import CheckBox
from vmdesk.ui.widgets.form import Form, Heading
from vmdesk.ui.widgets.inner_tabs import InnerTabs
from vmdesk.ui.widgets.keys_line import KeysLine
from vmdesk.ui.widgets.shortcuts import ShortcutsEditor

WIDTH = 90 * GRID  # a form wider than that is hard to read
TYPING = 600  # ms after the last key in a line before it is kept

_LANGUAGES: tuple[tuple[str, Text], ...] = (
    ("", text("As the desktop")),
    ("en", text("English")),
    ("vi", text("Tiếng Việt")),
)
_THEMES: tuple[tuple[str, Text], ...] = (
    ("system", text("As the desktop")),
    ("light", text("Light")),
    ("dark", text("Dark")),
)
_CLOSINGS: tuple[tuple[str, Text], ...] = (
    ("ask", text("Ask")),
    ("wait", text("Close when they are done")),
    ("tray", text("Go on in the tray")),
)


class PreferencesPage(QWidget):
    """Follows the settings, too: another window or the command line may change them."""

    icon = "preferences"
    key = "preferences"

    def __init__(self, parts: Parts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts = parts
        self.title = tr("Preferences")
        self.setObjectName("preferences-page")
        self.setAccessibleName(self.title)
        self._show: list[Callable[[Settings], None]] = []
        self._showing = False
        self._heard = Heard()
        self.tabs = InnerTabs("preferences-tabs")
        self.tabs.addTab(_scrolled(self._make_general()), tr("General"))
        self.tabs.addTab(_scrolled(self._make_readings()), tr("Readings"))
        self.tabs.addTab(_scrolled(self._make_questions()), tr("Questions"))
        self.tabs.addTab(_scrolled(self._make_console()), tr("Console"))
        self.shortcuts = ShortcutsEditor(self._on_shortcut)
        self.tabs.addTab(self.shortcuts, tr("Shortcuts"))
        self._show.append(lambda settings: self.shortcuts.show_shortcuts(settings.shortcuts))
        reset = QPushButton(tr("Reset all to standard"))
        reset.setObjectName("reset")
        reset.setAccessibleName(reset.text())
        reset.clicked.connect(lambda: parts.jobs.spawn("reset the preferences", self._reset()))
        head = QHBoxLayout()
        head.addWidget(Heading(self.title), 1)
        head.addWidget(reset)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3 * GRID, 2 * GRID, 3 * GRID, 0)
        layout.setSpacing(GRID)
        layout.addLayout(head)
        layout.addWidget(self.tabs, 1)
        self._refresh(parts.settings.current)

    def watched(self) -> set[DomainKey]:
        return set()

    # -- the tabs

    def _make_general(self) -> QWidget:
        form = Form()
        form.add_section(tr("Look"))
        self._choice(form, tr("&Language"), "language", _LANGUAGES)
        self._choice(form, tr("&Theme"), "theme", _THEMES)
        form.add_section(tr("Window"))
        self._choice(
            form, tr("Closing with jobs &running"), "closing", _CLOSINGS, tr("Closing VMDesk never stops a machine.")
        )
        self._switch(form, "thumbnails", tr("Show a picture of the screen beside the table"))
        form.add_section(tr("Desktop notifications"))
        self._switch(form, "notify_crash", tr("A machine crashed"))
        self._switch(form, "notify_io_error", tr("A machine has a disk error or no space left"))
        self._switch(form, "notify_jobs", tr("A long job has ended"))
        form.add_section(tr("Into the guest"))
        hint = tr("Who logs in by ssh; empty: as ssh itself would.")
        self._line(form, tr("&User name"), "ssh_user", tr("your own"), hint)
        hint = tr("A program that takes -e, for example: xterm")
        self._line(form, tr("T&erminal"), "terminal", tr("the desktop's"), hint)
        return _page(form)

    def _make_readings(self) -> QWidget:
        form = Form()
        form.add_section(tr("How often machines are read"))
        hint = tr("Those whose page or picture you look at.")
        self._number(form, tr("&Looked at"), "looked", hint)
        hint = tr("All machines, while the table is sorted or filtered by a figure.")
        self._number(form, tr("&Sorted by figures"), "sorted", hint)
        hint = tr("More seconds: less work for the host.")
        self._number(form, tr("All &others"), "others", hint)
        form.add_section(tr("Graphs"))
        hint = tr("CPU, memory, disk and network of each machine for a year; at most 300 MB with 1,000 machines.")
        self._switch(form, "archive", tr("Keep graphs across restarts"), hint)
        return _page(form)

    def _make_questions(self) -> QWidget:
        form = Form()
        form.add_section(tr("Ask before"))
        for command in COMMANDS:
            # Deleting always asks: it tells what stays on the disk.
            if command.confirm is not None and command.id != "domain.undefine":
                self._question(form, command.id, str(command.text))
        form.add_section(tr("Shut-down of a guest"))
        hint = tr("A guest may take its time or not listen at all. After this time VMDesk offers Force off.")
        self._number(form, tr("&Wait for the guest"), "shutdown_wait", hint)
        return _page(form)

    def _make_console(self) -> QWidget:
        form = Form()
        form.add_section(tr("Keyboard"))
        hint = tr("Pressed and let go, they take the keyboard back from a guest's screen.")
        self._keys(form, tr("&Release keys"), "release_keys", hint, several=False)
        hint = tr("Key combinations with commas between. They never go to a guest: alt-tab, ctrl-pagedown")
        self._keys(form, tr("&Keep for the desktop"), "passed_keys", hint)
        hint = tr('Your own entries of the menu "Send keys": ctrl-alt-f9, meta-l')
        self._keys(form, tr("Own &entries"), "send_keys", hint)
        return _page(form)

    # -- kinds of controls

    def _keys(self, form: Form, label: str, name: str, hint: str, several: bool = True) -> None:
        line = KeysLine(name, several)
        line.chosen.connect(lambda found: self._save(name, found if several else found[0]))
        form.add(label, line, hint, stretch=False)

        def show(settings: Settings) -> None:
            value = getattr(settings, name)
            line.show_keys(value if several else (value,))

        self._show.append(show)

    def _choice(self, form: Form, label: str, name: str, choices: tuple[tuple[str, Text], ...], hint: str = "") -> None:
        box = QComboBox()
        box.setObjectName(name)
        box.setMinimumWidth(25 * GRID)
        for value, words in choices:
            box.addItem(str(words), value)
        box.currentIndexChanged.connect(lambda _: self._save(name, box.currentData()))
        form.add(label, box, hint, stretch=False)
        self._show.append(lambda settings: box.setCurrentIndex(max(box.findData(getattr(settings, name)), 0)))

    def _switch(self, form: Form, name: str, words: str, hint: str = "") -> None:
        box = CheckBox(words)
        box.setObjectName(name)
        box.toggled.connect(lambda on: self._save(name, on))
        form.add("", box, hint)
        self._show.append(lambda settings: box.setChecked(getattr(settings, name)))

    def _question(self, form: Form, command_id: str, words: str) -> None:
        box = CheckBox(words)
        box.setObjectName(f"ask-{command_id}")
        box.toggled.connect(lambda on: self._on_question(command_id, on))
        form.add("", box)
        self._show.append(lambda settings: box.setChecked(settings.confirms(command_id)))

    def _number(self, form: Form, label: str, name: str, hint: str) -> None:
        box = QDoubleSpinBox()
        box.setObjectName(name)
        low, high = LIMITS[name]
        box.setRange(low, high)
        box.setDecimals(0 if low >= 1 else 1)
        box.setSingleStep(1.0 if low >= 1 else 0.5)
        box.setSuffix(tr(" s"))
        box.setMinimumWidth(12 * GRID)
        box.setKeyboardTracking(False)
        box.setAlignment(Qt.AlignmentFlag.AlignRight)
        box.valueChanged.connect(lambda value: self._save(name, float(value)))
        form.add(label, box, hint, stretch=False)
        self._show.append(lambda settings: box.setValue(getattr(settings, name)))

    def _line(self, form: Form, label: str, name: str, empty: str, hint: str) -> None:
        line = QLineEdit()
        line.setObjectName(name)
        line.setPlaceholderText(empty)
        line.setMinimumWidth(25 * GRID)
        typing = QTimer(line)
        typing.setSingleShot(True)
        typing.setInterval(TYPING)
        typing.timeout.connect(lambda: self._save(name, line.text().strip()))
        line.textEdited.connect(lambda _: typing.start())
        line.editingFinished.connect(lambda: self._save(name, line.text().strip()))
        form.add(label, line, hint, stretch=False)

        def show(settings: Settings) -> None:
            if not line.hasFocus() and line.text() != getattr(settings, name):
                line.setText(getattr(settings, name))

        self._show.append(show)

    # -- keeping and following

    def _save(self, name: str, value: Any) -> None:
        if not self._showing and getattr(self._parts.settings.current, name) != value:
            self._keep(lambda settings: replace(settings, **{name: value}))

    def _on_question(self, command_id: str, on: bool) -> None:
        if not self._showing:
            self._keep(lambda settings: replace(settings, confirmations={**settings.confirmations, command_id: on}))

    def _on_shortcut(self, command_id: str, keys: str | None) -> None:
        """`keys` None: the standard again."""

        def change(settings: Settings) -> Settings:
            shortcuts = {name: value for name, value in settings.shortcuts.items() if name != command_id}
            if keys is not None:
                shortcuts[command_id] = keys
            return replace(settings, shortcuts=shortcuts)

        self._keep(change)

    def _keep(self, change: Callable[[Settings], Settings]) -> None:
        problem = self._parts.settings.save(change)
        if problem is not None:
            self._parts.shell.notify(Notice(problem, Level.WARNING))

    async def _reset(self) -> None:
        confirm = Confirm(
            "preferences.reset",
            text("Reset all preferences to standard?"),
            text("Your hosts and the table's columns stay as they are. Shortcuts and questions go back, too."),
            text("Reset"),
            danger=True,
            always=True,
        )
        if await ConfirmDialog(self._parts.shell.widget(), confirm).answer():
            self._keep(lambda settings: Settings(hosts=settings.hosts, columns=settings.columns))

    def _refresh(self, settings: Settings) -> None:
        self._showing = True
        try:
            for show in self._show:
                show(settings)
        finally:
            self._showing = False

    def showEvent(self, event: QShowEvent) -> None:
        self._heard.begin(lambda: (self._parts.settings.subscribe(self._refresh),))
        self._refresh(self._parts.settings.current)
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._heard.end()
        super().hideEvent(event)


def _page(form: Form) -> QWidget:
    page = QWidget()
    page.setMaximumWidth(WIDTH)
    layout = QVBoxLayout(page)
    layout.setContentsMargins(GRID, 2 * GRID, GRID, 3 * GRID)
    layout.addLayout(form)
    layout.addStretch(1)
    return page


def _scrolled(page: QWidget) -> QScrollArea:
    """The page at the left of an area that scrolls."""
    holder = QWidget()
    layout = QHBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(page, 1)
    layout.addStretch(0)
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidget(holder)
    return area
