"""One QAction a command: the same object stands in menus, toolbar, context menu, inspector and palette."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from vmdesk.core.command import Command, reason_many
from vmdesk.core.commands.domain import COMMANDS
from vmdesk.core.settings import Settings
from vmdesk.core.store import Store
from vmdesk.model.domain import Domain, DomainKey
from vmdesk.model.text import Text, text
from vmdesk.ui.icons import icon
from vmdesk.ui.models.palette import Choice
from vmdesk.ui.plain import plain_tip

# Where a line is drawn in menus: before these.
_NEW_GROUP = {"domain.start", "domain.pause", "domain.snapshot", "domain.rename", "domain.copy-name", "domain.trash"}
# What is asked for less often stands in menus of its own, where the last of them would be: all of them together
# are taller than many screens.
_WITHIN: Mapping[str, tuple[Text, str]] = {
    command_id: of
    for of, ids in (
        (
            (text("More ways to start and stop"), "power"),
            ("start-paused", "reset", "save", "restore", "discard-save", "autostart", "no-autostart"),
        ),
        ((text("Clone and template"), "content-duplicate"), ("clone", "template", "no-template")),
        ((text("Copy"), "copy"), ("copy-name", "copy-uuid", "copy-address")),
        ((text("Delete and restore"), "trash"), ("trash", "untrash", "delete", "undefine")),
    )
    for command_id in (f"domain.{one}" for one in ids)
}


@dataclass(frozen=True)
class WindowCommand:
    """Something the window does by itself. The preferences page lists it like the commands."""

    id: str
    text: Text
    icon: str
    shortcut: str


WINDOW_COMMANDS: tuple[WindowCommand, ...] = (
    WindowCommand("window.palette", text("Command palette"), "palette", "Ctrl+K"),
    WindowCommand("window.new", text("New machine"), "add", "Ctrl+N"),
    WindowCommand("window.filter", text("Filter machines"), "search", "Ctrl+F"),
    WindowCommand("window.all", text("Show all machines"), "machine", "Ctrl+Shift+A"),
    WindowCommand("window.screens", text("Show screens"), "view-grid", "Ctrl+Shift+M"),
    WindowCommand("window.screens-running", text("Show the screens of all that run"), "view-grid", ""),
    WindowCommand("window.add-host", text("Connect to a host"), "add", "Ctrl+O"),
    WindowCommand("window.practice", text("Open the practice host"), "practice", ""),
    WindowCommand("window.activity", text("Activity"), "activity", "Ctrl+H"),
    WindowCommand("window.trace", text("What did this do"), "console", "Ctrl+Shift+J"),
    WindowCommand("window.trash", text("Trash"), "trash", ""),
    WindowCommand("window.host", text("Host page"), "host", "Ctrl+Shift+O"),
    WindowCommand("window.preferences", text("Preferences"), "preferences", "Ctrl+,"),
    WindowCommand("window.sidebar", text("Sidebar"), "sidebar", "F9"),
    WindowCommand("window.inspector", text("Inspector"), "inspector", "F10"),
    WindowCommand("window.columns", text("Columns"), "columns", ""),
    WindowCommand("window.jobs", text("All jobs"), "clock", "Ctrl+J"),
    WindowCommand("window.theme-system", text("Look: as the desktop"), "theme", ""),
    WindowCommand("window.theme-light", text("Look: light"), "theme", ""),
    WindowCommand("window.theme-dark", text("Look: dark"), "theme", ""),
    WindowCommand("window.detach", text("Move the tab to its own window"), "detach", "Ctrl+Shift+W"),
    WindowCommand("window.close-tab", text("Close the tab"), "close", "Ctrl+W"),
    WindowCommand("window.next-tab", text("Next tab"), "chevron-right", "Ctrl+PgDown"),
    WindowCommand("window.previous-tab", text("Previous tab"), "chevron-left", "Ctrl+PgUp"),
    WindowCommand("window.about", text("About VMDesk"), "info", ""),
    WindowCommand("window.close", text("Close the window"), "close", "Alt+F4"),
    WindowCommand("window.quit", text("Quit"), "power", "Ctrl+Q"),
)


class Actions(QObject):
    """All of them by id. `run(command id, keys)` is what a click on a machine's command does."""

    def __init__(self, store: Store, run: Callable[[str, Sequence[DomainKey]], None], parent: QWidget) -> None:
        super().__init__(parent)
        self._store = store
        self._run = run
        self._domains: Sequence[Domain] = ()
        self.by_id: dict[str, QAction] = {}
        self._commands: dict[str, Command] = {command.id: command for command in COMMANDS}
        for command in COMMANDS:
            action = self._make(command.id, command.text, command.icon, command.shortcut)
            action.triggered.connect(lambda _checked=False, command_id=command.id: self._on_command(command_id))
        for one in WINDOW_COMMANDS:
            self._make(one.id, one.text, one.icon, one.shortcut)
        parent.addActions(list(self.by_id.values()))

    def __getitem__(self, command_id: str) -> QAction:
        return self.by_id[command_id]

    def connect_to(self, doings: Mapping[str, Callable[[], object]]) -> None:
        """What the window's own commands do."""
        for command_id, do in doings.items():
            self.by_id[command_id].triggered.connect(lambda _checked=False, do=do: do())

    def take_shortcuts(self, settings: Settings) -> None:
        """Use the person's shortcuts."""
        standard = {one.id: one.shortcut for one in COMMANDS} | {one.id: one.shortcut for one in WINDOW_COMMANDS}
        for command_id, keys in standard.items():
            self.by_id[command_id].setShortcut(QKeySequence(settings.shortcuts.get(command_id, keys)))

    def look_at(self, domains: Sequence[Domain]) -> None:
        """These machines are selected: which commands make sense, and why the others do not."""
        self._domains = domains
        some = _distinct(domains)
        for command_id, command in self._commands.items():
            why = reason_many(command, domains if command.single else some, self._store)
            action = self.by_id[command_id]
            action.setEnabled(why is None)
            action.setToolTip(plain_tip(str(why or command.text)))
            action.setStatusTip(str(why) if why else "")

    def menu(self, parent: QWidget, title: str = "") -> QMenu:
        """The machines' menu."""
        menu = QMenu(title, parent)
        menu.setToolTipsVisible(True)
        last = {_WITHIN.get(command.id): command.id for command in COMMANDS}
        within: dict[tuple[Text, str], list[QAction]] = {}
        for command in COMMANDS:
            if command.id in _NEW_GROUP:
                menu.addSeparator()
            if of := _WITHIN.get(command.id):
                within.setdefault(of, []).append(self.by_id[command.id])
                if last[of] == command.id:
                    inner = menu.addMenu(icon(of[1]), str(of[0]))
                    inner.setToolTipsVisible(True)
                    inner.addActions(within[of])
            else:
                menu.addAction(self.by_id[command.id])
            if command.id == "domain.open":
                menu.addAction(self.by_id["window.screens"])
        return menu

    def choices(self, command: str, machines_word: str) -> list[Choice]:
        """For the palette; `command` is the word for the kind, `machines_word` what the machines' commands act on."""
        found = []
        for action_id, action in self.by_id.items():
            is_command = action_id in self._commands
            keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            title = f"{action.text().replace('&', '')}" + (f": {machines_word}" if is_command and machines_word else "")
            why = action.toolTip() if is_command and not action.isEnabled() else ""
            picture = action.data()
            found.append(Choice(title, keys or command, str(picture), action.trigger, why, 0 if is_command else 1))
        return found

    def _make(self, command_id: str, title: Text, picture: str, shortcut: str) -> QAction:
        action = QAction(icon(picture), str(title), self)
        action.setObjectName(command_id)
        action.setData(picture)
        action.setShortcut(QKeySequence(shortcut))
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        self.by_id[command_id] = action
        return action

    def _on_command(self, command_id: str) -> None:
        self._run(command_id, [domain.key for domain in self._domains])


def _distinct(domains: Sequence[Domain]) -> Sequence[Domain]:
    """One machine of each sort: of five thousand selected ones most are alike to a command."""
    if len(domains) < 50:
        return domains
    sorts = {
        (
            one.key.host,
            one.state,
            one.reason,
            one.persistent,
            one.autostart,
            one.managed_save,
            one.responding,
            one.busy,
            bool(one.addresses),
            one.definition.template,
            bool(one.definition.trashed),
        ): one
        for one in domains
    }
    return list(sorts.values())
