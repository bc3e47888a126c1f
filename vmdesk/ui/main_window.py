"""The window: toolbar, sidebar, pages as tabs, jobs and notices. It is the Shell that pages speak to."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import QByteArray, QEvent, QPoint, QSize, Qt, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QHideEvent,
    QKeySequence,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QMainWindow, QMenu, QSplitter, QVBoxLayout, QWidget

from vmdesk import __version__
from vmdesk.core.command import launch, reason_many
from vmdesk.core.commands.domain import BY_ID
from vmdesk.core.jobs import Job, JobState
from vmdesk.core.labels import LabelsEdit
from vmdesk.core.settings import Settings
from vmdesk.core.store import Changes
from vmdesk.model.domain import Domain, DomainKey
from vmdesk.model.errors import Problem
from vmdesk.model.host import Link
from vmdesk.model.text import text, tr
from vmdesk.ui import dragged, menu_bar, theme
from vmdesk.ui.actions import Actions
from vmdesk.ui.host_words import Hosts, LinkNotices, host_menu
from vmdesk.ui.icons import icon
from vmdesk.ui.last_tabs import LastTabs, kept
from vmdesk.ui.later import load
from vmdesk.ui.models.domains import Scope
from vmdesk.ui.models.palette import Choice
from vmdesk.ui.models.sidebar import TRASH, SidebarModel
from vmdesk.ui.models.turn import Turn
from vmdesk.ui.pages.machines import MachinesPage
from vmdesk.ui.parts import Level, Notice, Parts
from vmdesk.ui.remembered import Remembered
from vmdesk.ui.tabs import Tabs
from vmdesk.ui.toolbar import toolbar
from vmdesk.ui.widgets.filter_line import FilterLine
from vmdesk.ui.widgets.inspector import Fetch
from vmdesk.ui.widgets.jobs_bar import JobsBar
from vmdesk.ui.widgets.notice_bar import NoticeBar
from vmdesk.ui.widgets.palette import Palette
from vmdesk.ui.widgets.sidebar import Sidebar

_FILES = (".iso", ".qcow2", ".qcow", ".img", ".raw", ".vmdk", ".vdi", ".vhd", ".vhdx", ".xml")


class MainWindow(QMainWindow):
    """close_wanted: the person closed the window; quit_wanted: ... ended the program."""

    close_wanted = Signal()
    quit_wanted = Signal()

    def __init__(self, parts: Parts, remembered: Remembered, hosts: Hosts, fetch: Fetch | None = None) -> None:
        super().__init__()
        self._parts = parts
        parts.shell = self
        self._remembered = remembered
        self._hosts = hosts
        self.last_tabs = LastTabs(parts.store)
        self.leaving = False  # the program ends: close without asking
        self.setObjectName("main-window")
        self.setWindowTitle("VMDesk")
        self.setWindowIcon(icon("machine"))
        self.setAcceptDrops(True)
        self.setMinimumSize(QSize(90 * theme.GRID, 56 * theme.GRID))
        self.actions_ = Actions(parts.store, self.run, self)
        doings: dict[str, Callable[[], None]] = {
            "create": self.open_new,
            "connect": hosts.add,
            "practice": hosts.open_practice,
            "retry": self._on_retry,
            "clear-filter": self._on_clear_filter,
            "show-all": self._on_all,
        }
        self.machines = MachinesPage(parts, self.actions_, fetch, doings, self)
        self.filter = FilterLine(self)
        self.sidebar_model = SidebarModel(parts.store, self)
        self.sidebar = Sidebar(self.sidebar_model, self)
        self.tabs = Tabs(self)
        self.tabs.add_page(self.machines)
        self.notices = NoticeBar(self)
        self._links = LinkNotices(parts.store, hosts, self.notices)
        self.jobs_bar = JobsBar(parts.jobs, self)
        self.palette_ = Palette(self)
        self._build()
        self._connect()
        self._acted = Turn(self._on_selected, parent=self)
        self._leave = [
            parts.jobs.subscribe(self._on_job),
            parts.store.subscribe(self._on_store),
            parts.settings.subscribe(self._on_settings),
        ]
        self._on_settings(parts.settings.current)
        self._recall()
        self._on_store(Changes(hosts=frozenset(parts.store.hosts)))  # some may have been opened by now

    def _build(self) -> None:
        self.split = QSplitter(Qt.Orientation.Horizontal, self)
        self.split.setObjectName("main-splitter")
        self.split.setChildrenCollapsible(False)
        self.split.setHandleWidth(1)
        self.split.addWidget(self.sidebar)
        self.split.addWidget(self.tabs)
        self.split.setStretchFactor(1, 1)
        self.split.setSizes([22 * theme.GRID, 140 * theme.GRID])
        middle = QWidget(self)
        box = QVBoxLayout(middle)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addLayout(toolbar(self.actions_, self.filter, middle))
        box.addWidget(self.split, 1)
        box.addWidget(self.jobs_bar)
        box.addWidget(self.notices)
        self.setCentralWidget(middle)
        menu_bar.fill(self.menuBar(), self.actions_, self)

    def _connect(self) -> None:
        self.actions_.connect_to(
            {
                "window.palette": self.open_palette,
                "window.new": self.open_new,
                "window.filter": self._on_filter,
                "window.all": self._on_all_wanted,
                "window.screens": lambda: self.open_screens([domain.key for domain in self.acted_on()]),
                "window.screens-running": self._on_screens_running,
                "window.add-host": self._hosts.add,
                "window.practice": self._hosts.open_practice,
                "window.activity": lambda: self.open_page("activity"),
                "window.trace": self._on_trace,
                "window.trash": lambda: self.open_page("trash"),
                "window.host": self._on_host_page,
                "window.preferences": lambda: self.open_page("preferences"),
                "window.sidebar": self._on_sidebar,
                "window.inspector": self._on_inspector,
                "window.columns": self._on_columns,
                "window.jobs": self.jobs_bar.turn_list,
                "window.theme-system": lambda: self._parts.settings.set(theme="system"),
                "window.theme-light": lambda: self._parts.settings.set(theme="light"),
                "window.theme-dark": lambda: self._parts.settings.set(theme="dark"),
                "window.detach": lambda: self.tabs.detach(self.tabs.currentWidget()),
                "window.close-tab": lambda: self.tabs.close_at(self.tabs.currentIndex()),
                "window.next-tab": lambda: self._step(1),
                "window.previous-tab": lambda: self._step(-1),
                "window.about": self._on_about,
                "window.close": self.close,
                "window.quit": self.quit_wanted.emit,
            }
        )
        self.filter.changed.connect(self._on_filtered)
        self.filter.left.connect(self.machines.table.setFocus)
        self.sidebar.chosen.connect(self._on_scope)
        self.sidebar.opened.connect(self._on_host_opened)
        self.sidebar.menu_wanted.connect(self._on_host_menu)
        self.sidebar.dropped.connect(self._on_dropped)
        self.machines.table.dragged.connect(self._on_dragged)
        self.machines.selected.connect(self._on_selected)
        self.machines.menu_wanted.connect(self._on_machine_menu)
        self.machines.ground_wanted.connect(self._on_ground_menu)
        self.machines.looked_elsewhere.connect(self._on_looked)
        self.machines.table.columns_changed.connect(self._on_columns_changed)
        self.machines.model.refreshed.connect(self.open_pending)
        self.tabs.changed.connect(self._on_looked)
        self.tabs.changed.connect(self._on_selected)
        self.tabs.changed.connect(self._on_tab)

    # ---------------------------------------------------------------- Shell

    def notify(self, notice: Notice) -> None:
        self.notices.tell(notice)

    def open_machine(self, key: DomainKey) -> None:
        self._open(f"machine:{key.host}/{key.uuid}", "machine", key)

    def open_console(self, key: DomainKey) -> None:
        page: Any = self._open(f"machine:{key.host}/{key.uuid}", "machine", key)
        page.show_console()

    def open_screens(self, keys: Sequence[DomainKey]) -> None:
        """The console wall of these machines, as a tab."""
        if keys:
            page: Any = self._open(load("wall-key")(keys), "wall", keys)
            page.setFocus()
        else:
            what = text("There is no machine to show.")
            self.notify(Notice(Problem(what, what_next=text("Select machines in the table first.")), Level.INFO))

    def open_host(self, host_id: str) -> None:
        self._open(f"host:{host_id}", "host", host_id)

    def open_checks(self, host_id: str) -> None:
        self.open_host(host_id)
        page = self.tabs.page_of(f"host:{host_id}")
        if page is not None:
            page.show_checks()

    def open_storage(self, host_id: str) -> None:
        self.open_host(host_id)
        page = self.tabs.page_of(f"host:{host_id}")
        if page is not None:
            page.show_storage()

    def open_new(self, host_id: str = "", file: str = "") -> None:
        """The wizard for new machines: on a host ("" the chosen one), with a file ("" none)."""
        page: Any = self.tabs.page_of("new")
        if page is None:
            page = self._open("new", "new", host_id or self._host_for_new())
            page.finished.connect(partial(self.tabs.close_page, page))
        else:
            self.tabs.raise_page(page)
            page.take_host(host_id)
        if file:
            page.take_file(file)

    def _host_for_new(self) -> str:
        """Where a new machine is most likely wanted: what is looked at, else the first host that is connected."""
        scope = self.machines.model.scope
        wanted = [scope.value] if scope.kind == "host" else []
        wanted += [domain.key.host for domain in self.acted_on()[:1]]
        hosts = self._parts.store.hosts
        ready = [one.id for one in hosts.values() if one.link is Link.UP and not one.config.readonly]
        return next((one for one in (*wanted, *ready) if one in ready), "")

    def open_page(self, name: str) -> QWidget:
        if name == "machines":
            self.tabs.setCurrentWidget(self.machines)
            return self.machines
        return self._open(name, name)

    def run(self, command_id: str, keys: Sequence[DomainKey], argument: Any = None) -> None:
        command = BY_ID[command_id]
        domains = [self._parts.store.domains[key] for key in keys if key in self._parts.store.domains]
        why = reason_many(command, domains, self._parts.store)
        if why is not None:
            self.notify(Notice(Problem(why), Level.WARNING))
            return
        launch(self._parts.context, command, domains, argument)

    def begin(self, work: str, key: DomainKey) -> None:
        load(work)(self._parts, key)

    def copy(self, text_: str) -> None:
        QGuiApplication.clipboard().setText(text_)
        shown = text_ if len(text_) <= 60 else f"{text_[:60]}…"
        self.notify(Notice(Problem(text("Copied: {text}", text=" ".join(shown.split()))), Level.INFO))

    def widget(self) -> QWidget:
        return self

    def reveal(self, key: DomainKey) -> None:
        """Select a machine in the table, whatever is filtered."""
        self.open_page("machines")
        if not self.machines.reveal(key):
            self._on_all()
            self.machines.settle()
            self.machines.reveal(key)

    def come_forward(self) -> None:
        """A second start raises the first window."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()

    def open_palette(self) -> None:
        """Everything there is to do."""
        domains = self.acted_on()
        word = domains[0].name if len(domains) == 1 else tr("{n} machines", n=len(domains)) if domains else ""
        choices = self.actions_.choices(tr("Command"), word)
        for host in self._parts.store.hosts.values():
            choices.append(Choice(host.config.name, tr("Host"), "host", partial(self.open_host, host.id), order=2))
            stored = tr("Storage of {host}", host=host.config.name)
            choices.append(Choice(stored, tr("Page"), "disk", partial(self.open_storage, host.id), order=2))
        for key, domain in self._parts.store.domains.items():
            if domain.definition.trashed:
                continue
            choices.append(Choice(domain.name, tr("Machine"), "machine", partial(self.open_machine, key), order=3))
        self.palette_.open(choices)

    def _open(self, key: str, name: str, *arguments: Any) -> QWidget:
        page = self.tabs.page_of(key)
        if page is None:
            page = load(name)(self._parts, *arguments)
            self._hear(page)
            self.tabs.add_page(page)
        else:
            self.tabs.raise_page(page)
        assert isinstance(page, QWidget)
        return page

    def _hear(self, page: Any) -> None:
        """A page on which machines can be selected."""
        if hasattr(page, "selected_domains"):
            page.selected.connect(self._on_selected)

    # ---------------------------------------------------------------- what the person does

    def _on_filtered(self, condition: Any) -> None:
        self.machines.set_filter(condition)
        if self.filter.text():
            self.open_page("machines")

    def _on_filter(self) -> None:
        self.filter.setFocus()
        self.filter.selectAll()

    def _on_clear_filter(self) -> None:
        self.filter.clear()
        self.filter.setFocus()

    def _on_all(self) -> None:
        self.filter.clear()
        self.sidebar.choose(Scope())
        self._on_scope(Scope())

    def _on_all_wanted(self) -> None:
        self._on_all()
        self.machines.table.setFocus()  # where one goes on by typing a name

    def _on_scope(self, scope: Scope) -> None:
        if scope == TRASH:
            self.open_page("trash")
            return
        self.machines.set_scope(scope)
        self.open_page("machines")

    def _on_dragged(self, domains: list[Domain]) -> None:
        dragged.drag(self, domains, self.font(), self.palette(), self.devicePixelRatioF())

    def _on_dropped(self, scope: Scope, keys: Sequence[DomainKey]) -> None:
        """Machines from the table on a group, a tag or the trash."""
        if scope == TRASH:
            self.run("domain.trash", keys)
            return
        change = LabelsEdit(group=scope.value) if scope.kind == "group" else LabelsEdit(add=(scope.value,))
        self.run("domain.labels", keys, change)

    def _on_tab(self) -> None:
        self.sidebar.show_trash(getattr(self.tabs.currentWidget(), "key", "") == "trash")

    def _on_retry(self) -> None:
        for host in self._parts.store.hosts.values():
            if host.link in (Link.FAILED, Link.LOST, Link.OFF):
                self._hosts.connect(host.id)

    def acted_on(self) -> list[Domain]:
        """The machines that commands are for: the page's, or those selected in the table."""
        page: Any = self.tabs.currentWidget()
        if hasattr(page, "selected_domains"):
            found: list[Domain] = page.selected_domains()
            return found
        kind, _, rest = str(getattr(page, "key", "")).partition(":")
        host_id, _, uuid = rest.rpartition("/")  # a host of --connect is called as its URI
        domain = self._parts.store.domains.get(DomainKey(host_id, uuid)) if kind == "machine" else None
        return [domain] if domain else []

    def _on_screens_running(self) -> None:
        """Of the host, group or tag that is chosen at the left."""
        scope, domains = self.machines.model.scope, self._parts.store.domains.values()
        found = sorted((one for one in domains if one.active and scope.holds(one)), key=lambda one: one.name)
        self.open_screens([one.key for one in found])

    def _on_selected(self) -> None:
        self.actions_.look_at(self.acted_on())

    def _on_machine_menu(self, point: QPoint) -> None:
        menu = self.actions_.menu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setObjectName("machine-menu")
        menu.popup(point)

    def _on_ground_menu(self, point: QPoint) -> None:
        """Where there is no machine: what is done without one, and to the table."""
        menu, table, do = QMenu(self), self.machines.table, self.actions_
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setObjectName("ground-menu")
        menu.addAction(do["window.new"])
        menu.addAction(do["window.screens-running"])
        menu.addSeparator()
        menu.addAction(tr("Select all"), QKeySequence(QKeySequence.StandardKey.SelectAll), table.selectAll)
        menu.addAction(do["window.filter"])
        menu.addAction(do["window.all"])
        menu.addSeparator()
        columns = table.columns_menu()
        columns.setParent(menu, columns.windowFlags())  # it goes with this one
        columns.setIcon(icon("columns"))
        menu.addMenu(columns)
        menu.addAction(do["window.inspector"])
        menu.popup(point)

    def _on_host_opened(self, host_id: str) -> None:
        host = self._parts.store.hosts.get(host_id)
        if host and host.link in (Link.OFF, Link.FAILED):
            self._hosts.connect(host_id)
        elif host:
            self.open_host(host_id)

    def _on_host_menu(self, host_id: str, point: QPoint) -> None:
        menu = self.host_menu(host_id)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(point)

    def host_menu(self, host_id: str) -> QMenu:
        """What can be done to a host; "" for none in particular."""
        return host_menu(self._parts.store.hosts.get(host_id), self._hosts, self, self.actions_, self)

    def _on_host_page(self) -> None:
        scope = self.machines.model.scope
        domains = self.acted_on()
        if scope.kind == "host":
            self.open_host(scope.value)
        elif domains:
            self.open_host(domains[0].key.host)
        elif self._parts.store.hosts:
            self.open_host(next(iter(self._parts.store.hosts)))
        else:
            self._hosts.add()

    def _on_trace(self) -> None:
        page: Any = self.open_page("activity")
        page.show_trace()

    def _on_sidebar(self) -> None:
        self.sidebar.setVisible(self.sidebar.isHidden())
        self.actions_["window.sidebar"].setChecked(not self.sidebar.isHidden())

    def _on_inspector(self) -> None:
        inspector = self.machines.inspector
        inspector.setVisible(inspector.isHidden())
        self.actions_["window.inspector"].setChecked(not inspector.isHidden())
        self.machines.settle()
        self._on_looked()

    def _on_columns(self) -> None:
        self.open_page("machines")
        header = self.machines.table.horizontalHeader()
        menu = self.machines.table.columns_menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(header.mapToGlobal(QPoint(2 * theme.GRID, header.height())))

    def _on_columns_changed(self) -> None:
        columns = self.machines.table.columns()
        if columns != self._parts.settings.current.columns:
            self._parts.settings.set(columns=columns)

    def _step(self, by: int) -> None:
        self.tabs.setCurrentIndex((self.tabs.currentIndex() + by) % self.tabs.count())

    def _on_about(self) -> None:
        what = text(
            "VMDesk {version}: virtual machines on KVM and every other hypervisor that libvirt speaks to.",
            version=__version__,
        )
        why = text("Free software under the GNU General Public License, version 3 or later.")
        self.notify(Notice(Problem(what, why), Level.INFO))

    # ---------------------------------------------------------------- what happens

    def _on_settings(self, settings: Settings) -> None:
        self.actions_.take_shortcuts(settings)
        for choice in ("system", "light", "dark"):
            self.actions_[f"window.theme-{choice}"].setChecked(settings.theme == choice)
        self.machines.inspector.pictures = settings.thumbnails
        if settings.columns and settings.columns != self.machines.table.columns():
            self.machines.table.show_columns(settings.columns, self.machines.table.widths())

    def _on_job(self, job: Job) -> None:
        if job.state is JobState.FAILED and job.problem is not None:
            self.notify(Notice(job.problem))

    def _on_store(self, changes: Changes) -> None:
        if self.tabs.currentWidget() is not self.machines and (changes.changed or changes.removed or changes.hosts):
            self._acted.ask()
        self._links.take(changes)

    def _on_looked(self) -> None:
        """Which machines and hosts are on the screen: those are read every second."""
        keys: set[DomainKey] = set()
        hosts: set[str] = set()
        for page in self.tabs.seen():
            keys |= page.watched()
            if page.key.startswith("host:"):
                hosts.add(page.key.partition(":")[2])
        self._parts.sampler.watch(keys, hosts)
        page = self.tabs.currentWidget()
        title = getattr(page, "title", "")
        self.setWindowTitle("VMDesk" if page is self.machines else f"VMDesk – {title}")

    def _on_visible(self) -> None:
        seen = (self.isVisible() and not self.isMinimized()) or any(window.isVisible() for window in self.tabs.windows)
        self._parts.sampler.visible(seen)
        self.machines.model.show(seen and self.machines.isVisible())
        self._on_looked()

    # ---------------------------------------------------------------- window

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._on_visible()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._on_visible()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange:
            self._on_visible()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _dropped(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """An image or a definition: a new machine from it."""
        if file := _dropped(event):
            event.acceptProposedAction()
            self.open_new(file=file)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.palette_.isVisible():
            self.palette_.place()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.leaving:
            super().closeEvent(event)
            return
        event.ignore()  # whether it closes is decided once running jobs have been asked about
        self.close_wanted.emit()

    # ---------------------------------------------------------------- remembering

    def remember(self) -> None:
        """Write down how the window looks now."""
        keep = self._remembered
        keep.set("geometry", bytes(self.saveGeometry().toBase64().data()).decode("ascii"))
        keep.set("splitter", self.split.sizes())
        keep.set("sidebar", not self.sidebar.isHidden())
        keep.set("machines", self.machines.remember())
        keep.set("tabs", kept([page.key for page in self.tabs.pages()]) + self.last_tabs.keys)
        keep.save()

    def _recall(self) -> None:
        keep = self._remembered
        geometry = keep.get("geometry", "")
        if not geometry or not self.restoreGeometry(QByteArray.fromBase64(geometry.encode("ascii", "ignore"))):
            room = self.screen().availableSize()
            self.resize(QSize(min(186 * theme.GRID, room.width() - 8), min(114 * theme.GRID, room.height() - 64)))
        sizes = keep.get("splitter", [0])
        if len(sizes) == 2 and all(isinstance(one, int) and one > 0 for one in sizes):
            self.split.setSizes(sizes)
        if not keep.get("sidebar", True):
            self._on_sidebar()
        state: dict[str, Any] = keep.get("machines", {})
        self.machines.recall(state)
        self.actions_["window.inspector"].setChecked(not self.machines.inspector.isHidden())
        self.last_tabs.keys = [key for key in keep.get("tabs", [""]) if isinstance(key, str) and key]

    def open_pending(self) -> None:
        """Tabs of the last time open, behind, as soon as what they show is there."""
        for key, kind, arguments in self.last_tabs.ready():
            if self.tabs.page_of(key) is None:
                page = load(kind)(self._parts, *arguments)
                self._hear(page)
                self.tabs.add_page(page, raised=False)

    def let_go(self) -> None:
        """Hear no more of store, jobs and settings."""
        for leave in self._leave:
            leave()
        self._leave.clear()
        self.jobs_bar.leave()
        self.jobs_bar.close_model()
        self.sidebar_model.close()
        self.machines.close_page()
        self.leaving = True
        self.tabs.close_windows()


def _dropped(event: QDropEvent) -> str:
    """The file that is dropped, if it can become a machine; else ""."""
    paths = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
    return next((path for path in paths if path.lower().endswith(_FILES)), "")
