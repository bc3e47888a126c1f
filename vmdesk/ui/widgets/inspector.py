"""The right pane: the selected machine at a glance, or what forty selected ones have in common."""

import math
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Protocol

from PySide6.QtCore import QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QHideEvent, QPainter, QPaintEvent, QPalette, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from vmdesk.core import units
from vmdesk.core.words import state_text, state_word
from vmdesk.model.domain import Domain, DomainKey, State
from vmdesk.model.errors import VirtError
from vmdesk.model.host import Feature, Host
from vmdesk.model.stats import Figures
from vmdesk.model.text import tr, trn
from vmdesk.ui import theme
from vmdesk.ui.plain import PlainLabel
from vmdesk.ui.widgets.facts import Fact, FactGroup, Facts
from vmdesk.ui.widgets.flow import Flow
from vmdesk.ui.widgets.mini_graph import MiniGraph
from vmdesk.ui.widgets.scroll_bar import thin
from vmdesk.ui.widgets.thumbnail import Thumbnail
from vmdesk.ui.widgets.tool_button import ToolButton

EVERY = 4000  # ms between pictures of the screen

Fetch = Callable[[DomainKey], Awaitable[bytes]]


class Figuring(Protocol):
    """What the inspector needs of the history."""

    def figures(self, key: DomainKey) -> Figures: ...
    def recent(self, key: DomainKey, name: str, n: int) -> list[float]: ...


class _StateLine(QWidget):
    """Shape and words."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._shape = theme.Shape.RING
        self._text = PlainLabel(parent=self)
        self._text.setObjectName("inspector-state")
        self._text.setWordWrap(True)
        box = QHBoxLayout(self)
        box.setContentsMargins(theme.GRID * 5 // 2, 0, 0, 0)
        box.addWidget(self._text, 1)

    def show_state(self, shape: theme.Shape, text: str) -> None:
        self._shape = shape
        self._text.setText(text)
        self._text.setAccessibleName(text)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        middle = self._text.y() + self.fontMetrics().height() / 2
        theme.draw_shape(
            painter, QRectF(0, middle - 7, 14, 14), self._shape, theme.shape_color(self._shape, self.palette())
        )
        painter.end()


class Inspector(QScrollArea):
    """actions: the main ones, shared with the menus. fetch: brings a picture of a screen; raises VirtError.
    spawn: runs a coroutine in the background. opened(key): its picture or name was clicked.
    """

    opened = Signal(object)

    def __init__(
        self,
        history: Figuring,
        actions: Sequence[QAction],
        copy: Callable[[str], None],
        fetch: Fetch | None = None,
        spawn: Callable[[str, Coroutine[Any, Any, Any]], object] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._history = history
        self._fetch = fetch
        self._spawn = spawn
        self._domain: Domain | None = None
        self._host: Host | None = None
        self._fetching = False
        self._known: tuple[Any, ...] = ()
        self.pictures = True
        self.setObjectName("inspector")
        self.setAccessibleName(tr("Inspector"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        thin(self, QPalette.ColorRole.Window)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(26 * theme.GRID)
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY)
        self._timer.timeout.connect(self._on_time)

        inner = QWidget(self)
        inner.setAccessibleName(self.accessibleName())
        self._name = PlainLabel(parent=inner)
        self._name.setObjectName("inspector-name")
        self._name.setFont(theme.title_font(self.font()))
        self._name.setWordWrap(True)
        self._name.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._title = PlainLabel(parent=inner)
        self._title.setWordWrap(True)
        self._title.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._state = _StateLine(inner)
        self._picture = Thumbnail(inner)
        self._picture.opened.connect(self._on_opened)
        self._buttons = [self._button(action, inner) for action in actions]
        row = Flow(spacing=theme.GRID // 2)
        for button in self._buttons:
            row.addWidget(button)
        self._graphs = [MiniGraph(name, history.recent, inner) for name in ("cpu", "memory", "disk", "network")]
        self._facts = Facts(copy, inner, label_width=10 * theme.GRID)
        self._hint = PlainLabel(parent=inner)
        self._hint.setWordWrap(True)
        self._hint.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        # As wide as the pane, whatever long word is in it.
        inner.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        box = QVBoxLayout(inner)
        margin = theme.GRID * 3 // 2
        box.setContentsMargins(margin, margin, margin, margin)
        box.setSpacing(theme.GRID)
        for part in (self._name, self._title, self._state, self._picture):
            box.addWidget(part)
        box.addLayout(row)
        for graph in self._graphs:
            box.addWidget(graph)
        box.addWidget(self._facts)
        box.addWidget(self._hint)
        box.addStretch(1)
        self.setWidget(inner)

    def sizeHint(self) -> QSize:
        return QSize(36 * theme.GRID, 60 * theme.GRID)

    @property
    def key(self) -> DomainKey | None:
        """The one machine that is shown."""
        return self._domain.key if self._domain else None

    def _button(self, action: QAction, parent: QWidget) -> QToolButton:
        button = ToolButton(parent)
        button.setDefaultAction(action)
        button.setObjectName(f"inspector-{action.objectName()}")
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        # A dead button takes room from a live one: here the pairs (start/shut down, pause/resume) take turns.
        button.setVisible(action.isEnabled())
        action.enabledChanged.connect(button.setVisible)
        return button

    # ---------------------------------------------------------------- what is shown

    def show_domain(self, domain: Domain, host: Host | None, doing: str = "") -> None:
        """One machine."""
        other = self._domain is None or self._domain.key != domain.key
        self._domain, self._host = domain, host
        known = (domain, host, doing)
        if known == self._known:
            return
        self._known = known
        self._name.setText(domain.name)
        self._title.setText(domain.labels.title)
        self._title.setVisible(bool(domain.labels.title))
        shape = theme.state_shape(domain.state, domain.responding, bool(doing or domain.busy))
        self._state.show_state(shape, state_text(domain, bool(host and host.stale), doing))
        self._state.show()
        self._fill_facts(domain, host)
        self._hint.hide()
        self._facts.show()
        for graph in self._graphs:
            graph.show()
        self._picture.show()
        self.refresh_figures()
        self._watch_screen(other)

    def show_many(self, domains: Sequence[Domain], selected: bool) -> None:
        """Many selected machines, or (nothing selected) all that the table shows."""
        self._domain = self._host = None
        alike: dict[tuple[State, bool], list[Domain]] = {}
        for domain in domains:
            alike.setdefault((domain.state, domain.responding), []).append(domain)
        states: Counter[str] = Counter()
        for some in alike.values():
            states[state_word(some[0])] += len(some)
        known = (tuple(sorted(states.items())), selected, len(domains))
        if known == self._known:
            return
        self._known = known
        self._timer.stop()
        count = len(domains)
        self._name.setText(
            ""
            if not count
            else trn("{n} machine selected", "{n} machines selected", count)
            if selected
            else trn("{n} machine", "{n} machines", count)
        )
        words = ", ".join(f"{n} {word.lower()}" for word, n in states.most_common())
        definitions = [domain.definition for some in alike.values() if some[0].active for domain in some]
        memory = sum(one.memory_kib for one in definitions)
        cpus = sum(one.vcpus for one in definitions)
        lines = [words] if words else []
        if memory:
            lines.append(tr("Running: {cpus} vCPUs, {memory} of memory", cpus=cpus, memory=units.kib(memory)))
        self._title.setText("\n".join(lines))
        self._title.setVisible(bool(lines))
        self._hint.setText(
            tr("What you choose now is done to each of them that it fits.")
            if selected
            else tr("Select a machine to see its screen, its graphs and its facts. Enter opens its page.")
        )
        self._hint.setVisible(bool(domains))
        for part in (self._state, self._picture, self._facts, *self._graphs):
            part.hide()

    def refresh_figures(self) -> None:
        """New figures of the machine that is shown."""
        if self._domain is None or not self.isVisible():
            return
        figures = self._history.figures(self._domain.key)
        for graph in self._graphs:
            graph.show_domain(self._domain, self._host, figures)
        self._fill_facts(self._domain, self._host)

    @staticmethod
    def _uptime(domain: Domain) -> str:
        return units.duration(time.time() - domain.started if domain.active and domain.started else math.nan).replace(
            units.UNKNOWN, ""
        )

    def _fill_facts(self, domain: Domain, host: Host | None) -> None:
        definition, labels = domain.definition, domain.labels
        disks = [disk for disk in definition.disks if disk.device in ("disk", "lun")]
        memory = units.kib(definition.memory_kib) if definition.memory_kib else ""
        if definition.max_memory_kib > definition.memory_kib:
            memory = tr("{now} of at most {most}", now=memory, most=units.kib(definition.max_memory_kib))
        values = {
            tr("IP address"): "\n".join(domain.addresses),
            tr("Host"): host.config.name if host else domain.key.host,
            tr("System"): definition.os_name,
            tr("vCPUs"): str(definition.vcpus or ""),
            tr("Memory"): memory,
            tr("Disks"): "\n".join(f"{disk.target}  {disk.source.rpartition('/')[2]}" for disk in disks[:4]),
            tr("Network"): "\n".join(f"{nic.source or nic.kind}  {nic.model}".strip() for nic in definition.nics[:4]),
            tr("Running for"): self._uptime(domain),
            tr("Autostart"): tr("with its host") if domain.autostart else "",
            tr("Group"): labels.group,
            tr("Tags"): ", ".join(labels.tags),
            tr("Notes"): labels.notes or labels.description,
            tr("UUID"): domain.uuid,
        }
        self._facts.set_groups([FactGroup("", tuple(Fact(what, value) for what, value in values.items() if value))])

    # ---------------------------------------------------------------- the picture of the screen

    def _watch_screen(self, other: bool) -> None:
        domain = self._domain
        why = self._no_picture(domain)
        if why is not None:
            self._timer.stop()
            self._picture.show_nothing(why)
            return
        assert domain is not None
        if other:
            self._picture.show_nothing("")
        if not domain.responding or (self._host and self._host.stale):
            self._timer.stop()
            self._picture.dim()
            return
        if self.isVisible() and (other or not self._timer.isActive()):
            self._timer.start()
            self._on_time()

    def _no_picture(self, domain: Domain | None) -> str | None:
        if domain is None:
            return ""
        if not domain.active:
            return state_word(domain)
        if not self.pictures or self._fetch is None or self._spawn is None:
            return tr("Pictures are switched off.")
        if self._host and self._host.capabilities and not self._host.capabilities.can(Feature.SCREENSHOT):
            return tr("This host gives no pictures of screens.")
        if not domain.definition.graphics:
            return tr("It has no screen.")
        if domain.busy:
            return tr("Busy")
        return None

    def _on_time(self) -> None:
        if self._domain is None or not self._domain.active or not self._domain.responding or self._domain.busy:
            self._timer.stop()
        elif not self._fetching and not self.window().isMinimized() and self._spawn:
            self._fetching = True
            self._spawn("thumbnail", self._fetch_picture(self._domain.key))

    async def _fetch_picture(self, key: DomainKey) -> None:
        assert self._fetch is not None
        try:
            data = await self._fetch(key)
        except VirtError as error:
            if self.key == key and not self._picture.has_picture:
                self._picture.show_nothing(tr("No picture of its screen."))
            if error.problem.name in ("no-support", "no-graphics"):
                self._timer.stop()
        else:
            if self.key == key:
                self._picture.show_picture(data)
        finally:
            self._fetching = False

    def _on_opened(self) -> None:
        if self._domain:
            self.opened.emit(self._domain.key)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._domain:
            self.refresh_figures()
            self._watch_screen(False)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()
