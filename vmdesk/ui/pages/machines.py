"""The home page: the table, what stands there when it is empty, and the inspector."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QStackedWidget, QWidget

from vmdesk.core.filter import Filter
from vmdesk.model.domain import Domain, DomainKey
from vmdesk.model.host import Link
from vmdesk.model.text import tr
from vmdesk.ui import theme
from vmdesk.ui.actions import Actions
from vmdesk.ui.models.domains import DomainsModel, Scope
from vmdesk.ui.models.turn import Turn
from vmdesk.ui.parts import Parts
from vmdesk.ui.widgets.domains_table import DomainsTable
from vmdesk.ui.widgets.empty import Emptiness, EmptyView
from vmdesk.ui.widgets.inspector import Fetch, Inspector

_MAIN = ("domain.start", "domain.resume", "domain.shutdown", "domain.pause", "domain.open")


class MachinesPage(QWidget):
    """doings: what the buttons of empty states do: "create", "connect", "practice", "retry" ...

    title_changed(str)  how many machines there are
    selected            other machines are selected, or they changed: commands may make other sense now
    menu_wanted(point)  context menu of the selected ones
    ground_wanted(point) the one where there is no machine
    looked_elsewhere    what is looked at changed (see `watched`)
    """

    title_changed = Signal(str)
    selected = Signal()
    menu_wanted = Signal(QPoint)
    ground_wanted = Signal(QPoint)
    looked_elsewhere = Signal()

    key = "machines"
    icon = "machine"

    def __init__(
        self,
        parts: Parts,
        actions: Actions,
        fetch: Fetch | None,
        doings: Mapping[str, Callable[[], None]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._parts = parts
        self._doings = doings
        self.setObjectName("machines-page")
        self.model = DomainsModel(parts.store, parts.jobs, parts.history.figures, self)
        self.table = DomainsTable(self.model, parts.history.recent, self)
        self.empty = EmptyView(self)
        self.inspector = Inspector(
            parts.history, [actions[one] for one in _MAIN], parts.shell.copy, fetch, parts.jobs.spawn, self
        )
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self.table)
        self._stack.addWidget(self.empty)
        self.splitter = QSplitter(Qt.Orientation.Horizontal, self)
        self.splitter.setObjectName("machines-splitter")
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setHandleWidth(1)
        self.splitter.addWidget(self._stack)
        self.splitter.addWidget(self.inspector)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setSizes([100 * theme.GRID, 35 * theme.GRID])
        box = QHBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self.splitter)
        self._look = Turn(self._on_look, 0.03, self)
        self._filter: Filter | None = None
        self._title = ""
        self.model.refreshed.connect(self._on_refreshed)
        self.model.dataChanged.connect(self._look.ask)
        self.table.selected.connect(self._look.ask)
        self.table.opened.connect(parts.shell.open_machine)
        self.table.asked.connect(self.menu_wanted)
        self.table.ground_asked.connect(self.ground_wanted)
        self.inspector.opened.connect(parts.shell.open_machine)
        self._leave = [parts.history.subscribe(self._on_figures)]
        self._on_refreshed()

    def close_page(self) -> None:
        """Let go of store and history."""
        for leave in self._leave:
            leave()
        self._leave.clear()
        self.model.close()

    # ---------------------------------------------------------------- what a page tells

    @property
    def title(self) -> str:
        scope = self.model.scope
        host = self._parts.store.hosts.get(scope.value) if scope.kind == "host" else None
        name = tr("Machines") if scope == Scope() else host.config.name if host else scope.value
        shown = len(self.model.keys)
        if self._filter is not None:
            return tr("{name} ({n} of {total})", name=name, n=shown, total=self.model.total)
        return f"{name} ({shown})" if self.model.total else name

    def watched(self) -> set[DomainKey]:
        """The machine in the inspector."""
        key = self.inspector.key
        return {key} if key and self.inspector.isVisible() else set()

    def selected_domains(self) -> list[Domain]:
        return self.table.selected_domains()

    # ---------------------------------------------------------------- choosing

    def set_filter(self, condition: Filter | None) -> None:
        self._filter = condition
        self.model.set_filter(condition)
        self._parts.sampler.fast(self.model.by_figures)

    def set_scope(self, scope: Scope) -> None:
        self.model.set_scope(scope)

    def reveal(self, key: DomainKey) -> bool:
        """Select a machine; False if it is not in the table."""
        return self.table.reveal(key)

    # ---------------------------------------------------------------- what changed

    def _on_figures(self, keys: frozenset[DomainKey]) -> None:
        if self.isVisible():
            self.model.on_figures(keys)
            if self.inspector.key in keys:
                self.inspector.refresh_figures()

    def _on_refreshed(self) -> None:
        self._parts.sampler.fast(self.model.by_figures)
        if self.model.rowCount():
            self._stack.setCurrentWidget(self.table)
        else:
            self.empty.show_state(self._emptiness())
            self._stack.setCurrentWidget(self.empty)
        if self._title != self.title:
            self._title = self.title
            self.title_changed.emit(self._title)
        self._look.ask()

    def _on_look(self) -> None:
        """Show in the inspector what is selected now."""
        before = self.inspector.key
        domains = self.selected_domains()
        if len(domains) == 1:
            domain = domains[0]
            key = domain.key
            self.inspector.show_domain(domain, self.model.host_of(key), self.model.doing(key))
        elif self.inspector.isVisible():
            shown: Sequence[Domain] = domains
            if not domains:
                found = map(self._parts.store.domains.get, self.model.keys)
                shown = [domain for domain in found if domain is not None]
            self.inspector.show_many(shown, bool(domains))
        if self.inspector.key != before:
            self.looked_elsewhere.emit()
        self.selected.emit()

    def settle(self) -> None:
        """Do what is due now (tests, tour)."""
        self.model.settle()
        self._look.now()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.model.show(True)
        self._look.ask()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.model.show(False)

    # ---------------------------------------------------------------- nothing to show

    def _emptiness(self) -> Emptiness:
        """Why there is nothing, and what can be done."""
        hosts = list(self._parts.store.hosts.values())
        do = self._doings
        connect = (tr("Connect to a host…"), do["connect"])
        practice = (tr("Open the practice host"), do["practice"])
        if self.model.total:
            return self._nothing_found()
        if not hosts:
            return Emptiness(
                "no-hosts",
                "host",
                tr("No host yet"),
                tr(
                    "A host is a computer that runs virtual machines: this one, or another that you reach by ssh. "
                    "The practice host is a small company in a box: nothing you do there touches anything real."
                ),
                (connect, practice),
            )
        if any(host.link is Link.CONNECTING for host in hosts):
            names = ", ".join(host.config.name for host in hosts if host.link is Link.CONNECTING)
            return Emptiness("connecting", "lan-pending", tr("Connecting to {name} …", name=names), "")
        broken = [host for host in hosts if host.link in (Link.FAILED, Link.LOST)]
        if broken and all(host.link is not Link.UP for host in hosts):
            host = broken[0]
            body = (
                "\n".join(str(part) for part in (host.problem.what, host.problem.why, host.problem.what_next) if part)
                if host.problem
                else ""
            )
            title = tr("{name} cannot be reached", name=host.config.name)
            actions = [(tr("Try again"), do["retry"]), connect, practice]
            if command := host.problem.command if host.problem else "":
                actions.insert(1, (tr("Copy the command"), lambda: self._parts.shell.copy(command)))
            return Emptiness("failed", "lan-disconnect", title, body, actions)
        if all(host.link is Link.OFF for host in hosts):
            return Emptiness(
                "off",
                "link-off",
                tr("Not connected"),
                tr("Double-click a host at the left, or connect to another one."),
                ((tr("Connect"), do["retry"]), connect, practice),
            )
        return Emptiness(
            "no-machines",
            "machine",
            tr("No machines yet"),
            tr(
                "{names}: no virtual machines yet. Machines made with other tools appear here at once.",
                names=", ".join(host.config.name for host in hosts if host.link is Link.UP),
            ),
            ((tr("Create one…"), do["create"]), connect, practice),
        )

    def _nothing_found(self) -> Emptiness:
        if self._filter is not None:
            return Emptiness(
                "no-match",
                "magnify-close",
                tr("No machine matches the filter"),
                tr(
                    "{n} machines are hidden. Try fewer words, or a field such as state:running, tag:web or cpu>50.",
                    n=self.model.total,
                ),
                ((tr("Clear the filter"), self._doings["clear-filter"]),),
            )
        return Emptiness(
            "empty-scope", "folder", tr("No machines here"), "", ((tr("Show all machines"), self._doings["show-all"]),)
        )

    # ---------------------------------------------------------------- remembering

    def remember(self) -> dict[str, Any]:
        column, down = self.table.sorting()
        return {
            "sort": column,
            "down": down,
            "widths": self.table.widths(),
            "splitter": self.splitter.sizes(),
            "inspector": not self.inspector.isHidden(),
        }

    def recall(self, state: Mapping[str, Any]) -> None:
        """Take what was remembered; whatever makes no sense in it is left out."""
        widths = state.get("widths")
        self.table.show_columns(self._parts.settings.current.columns, widths if isinstance(widths, dict) else None)
        if isinstance(state.get("sort"), str):
            self.table.sort_by(state["sort"], state.get("down") is True)
        sizes = state.get("splitter")
        if (
            isinstance(sizes, list)
            and len(sizes) == 2
            and all(isinstance(one, int) and one >= 0 for one in sizes)
            and sizes[1]
        ):
            self.splitter.setSizes(sizes)
        if state.get("inspector") is False:
            self.inspector.hide()
