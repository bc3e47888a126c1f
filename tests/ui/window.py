"""The main window over a store filled by hand: no host is opened."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from tests.fakes.workshop import FakeWorkshop
from tests.ui.machines import Curves, store_of
from vmdesk.core.command import Ask, Context
from vmdesk.core.jobs import Jobs
from vmdesk.core.labels import LocalLabels
from vmdesk.core.paths import Paths
from vmdesk.core.settings import SettingsFile
from vmdesk.core.store import Store
from vmdesk.core.trace import Trace
from vmdesk.model.domain import DomainKey
from vmdesk.ui.main_window import MainWindow
from vmdesk.ui.parts import Parts, Shell
from vmdesk.ui.remembered import Remembered


class FakeHistory(Curves):
    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.listeners: list[Any] = []

    def subscribe(self, listener: Any) -> Any:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def tell(self, keys: frozenset[DomainKey]) -> None:
        for listener in self.listeners:
            listener(keys)


class FakeSampler:
    def __init__(self) -> None:
        self.watched: set[DomainKey] = set()
        self.is_fast = self.is_visible = False

    def watch(self, keys: Any, hosts: Any = ()) -> None:
        self.watched = set(keys)

    def fast(self, on: bool) -> None:
        self.is_fast = on

    def visible(self, on: bool) -> None:
        self.is_visible = on


class FakeHosts:
    """Notes what was asked of it."""

    def __init__(self) -> None:
        self.done: list[tuple[str, str]] = []

    def is_practice(self, host_id: str) -> bool:
        return host_id == "practice"

    def __getattr__(self, name: str) -> Any:
        return lambda host_id="": self.done.append((name, host_id))


class FakeAsk:
    def __init__(self) -> None:
        self.copied: list[str] = []
        self.told: list[str] = []

    def copy(self, what: str) -> None:
        self.copied.append(what)

    def tell(self, note: Any) -> None:
        self.told.append(str(note))

    def open(self, key: DomainKey) -> None:
        """Nothing is opened."""


class Standing:
    """A window and all that it stands on."""

    def __init__(self, folder: Path, count: int = 24, store: Store | None = None) -> None:
        self.paths = Paths(folder, folder / "run")
        self.store = store or store_of(count)
        self.bugs: list[BaseException] = []
        self.jobs = Jobs(self.bugs.append)
        self.history = FakeHistory(self.store)
        self.sampler = FakeSampler()
        self.settings = SettingsFile(self.paths.settings_file)
        self.settings.load()
        self.hosts = FakeHosts()
        self.ask = FakeAsk()
        self.trace = Trace()
        self.ran: list[tuple[str, Sequence[DomainKey]]] = []
        self.remembered = Remembered(self.paths.window_file)
        self.remembered.load()
        context = Context(
            self.store,
            cast(Any, None),
            self.jobs,
            self.settings,
            self.trace,
            LocalLabels(self.paths.labels_file),
            cast(Ask, self.ask),
        )
        self.parts = Parts(
            self.paths,
            self.store,
            self.jobs,
            None,
            self.history,
            None,
            None,
            self.settings,
            self.trace,
            context,
            self.sampler,
            cast(Shell, None),
        )
        self.parts.workshop = FakeWorkshop(folder)
        self.window = MainWindow(self.parts, self.remembered, cast(Any, self.hosts))
        self.window.resize(1480, 900)

    @property
    def table(self) -> Any:
        return self.window.machines.table

    @property
    def model(self) -> Any:
        return self.window.machines.model

    def names(self) -> list[str]:
        return [self.model.index(row, 0).data() for row in range(self.model.rowCount())]

    def close(self) -> None:
        self.window.let_go()
        self.window.close()
        self.window.deleteLater()
