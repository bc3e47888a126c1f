"""What a page is built from, and what it can ask of the window.

A page is a QWidget with `title: str`, `icon: str` (a name in ui/icons.py), `key: str` (for remembering it:
"machine:<host>/<uuid>", "host:<id>", "activity") and `watched() -> set[DomainKey]`. Constructors, parts first:
`MachinePage(parts, key: DomainKey)`, `HostPage(parts, host_id: str)`, `ActivityPage(parts)`, `PreferencesPage(parts)`.
A page may have a signal `title_changed(str)`; it listens to store and history while it is visible and lets go of both
when it is destroyed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from PySide6.QtWidgets import QWidget

from vmdesk.core.jobs import Jobs
from vmdesk.core.paths import Paths
from vmdesk.core.store import Store
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import Problem


class Level(Enum):
    """How a notice looks and whether it goes away by itself (INFO does)."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Notice:
    """One thing to tell. `actions` are buttons: text and what it does. `subject`: by which it can be withdrawn."""

    problem: Problem
    level: Level = Level.ERROR
    actions: tuple[tuple[str, Callable[[], None]], ...] = ()
    subject: str = ""


class Shell(Protocol):
    """The window, as pages see it."""

    def notify(self, notice: Notice) -> None:
        """Show in the notice bar."""

    def open_machine(self, key: DomainKey) -> None:
        """Open the machine's page as a tab, or raise it."""

    def open_console(self, key: DomainKey) -> None:
        """The same, at its console."""

    def open_host(self, host_id: str) -> None:
        """Open the host's page as a tab, or raise it."""

    def open_checks(self, host_id: str) -> None:
        """The same, at what it can do for machines."""

    def open_storage(self, host_id: str) -> None:
        """The same, at its storage."""

    def open_page(self, name: str) -> QWidget:
        """Open "machines", "activity", "preferences" ... as a tab, or raise it."""

    def run(self, command_id: str, keys: Sequence[DomainKey]) -> None:
        """Run a command of COMMANDS on machines, with its questions."""

    def begin(self, work: str, key: DomainKey) -> None:
        """Begin what asks in a dialog of its own: "take-snapshot", "clone", "delete"."""

    def copy(self, text: str) -> None:
        """To the clipboard, with a word about it in the window."""

    def widget(self) -> QWidget:
        """The parent for dialogs."""


@dataclass
class Parts:
    """Built in app.py, handed down. `shell` is set when the window is there."""

    paths: Paths
    store: Store
    jobs: Jobs
    sessions: Any
    history: Any
    archive: Any
    activity: Any
    settings: Any
    trace: Any
    context: Any
    sampler: Any
    shell: Shell
    screens: Any = None  # core.screens.Screens
    workshop: Any = None  # core.creating.workshop.Workshop
    layers: Any = None  # core.layers.Layers
    storage: Any = None  # core.storage.work.Storage
    remembered: Any = None  # ui.remembered.Remembered, for what pages keep of themselves
    watcher: Any = None  # core.definitions.Watcher
