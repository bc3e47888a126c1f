"""Where a machine runs: its virtual CPUs on which of the host's, its memory from which nodes."""

from collections.abc import Mapping
from dataclasses import replace

from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QToolButton, QVBoxLayout, QWidget

from vmdesk.core import limiting, redefining
from vmdesk.core.commands import questions
from vmdesk.core.limiting import Known
from vmdesk.core.store import Changes
from vmdesk.model import cpu_set
from vmdesk.model.cpu_set import ALL, EMULATOR
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import VirtError
from vmdesk.model.facts import HostFacts
from vmdesk.model.pinning import MODES, STRICT, Place, by_cpu, place_of
from vmdesk.model.text import Text, text, tr
from vmdesk.ui.heard import Heard
from vmdesk.ui.parts import Parts
from vmdesk.ui.plain import PlainLabel, plain_tip
from vmdesk.ui.subject import Subject
from vmdesk.ui.tasks import Tasks
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.check_box import CheckBox
from vmdesk.ui.widgets.fields_form import in_tab_order
from vmdesk.ui.widgets.flow import Flow
from vmdesk.ui.widgets.form import Form, Muted, Section
from vmdesk.ui.widgets.host_topology import HostTopology
from vmdesk.ui.widgets.primary import PrimaryButton
from vmdesk.ui.widgets.topology import part_words
from vmdesk.virt import facts as virt_facts

MOST_BUTTONS = 16  # nodes with a button and a box each
MOST_TOLD = 12  # virtual CPUs told one by one
_MODES: Mapping[str, Text] = {
    STRICT: text("strict: only from there"),
    "preferred": text("preferred: from there as long as there is some"),
    "interleave": text("interleave: from all of them in turn"),
}


class MachinePinning(QWidget):
    """Reads while it is visible. What was chosen and not applied stays until it is applied or given up."""

    def __init__(self, parts: Parts, key: DomainKey, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts, self._machine = parts, key
        self._subject = Subject(parts.store, key)
        self._facts: HostFacts | None = None
        self._known = Known(None, None)
        self._place = self._draft = self._now = Place({})
        self._outcome = ""
        self._working = False
        self._heard = Heard()
        self._tasks = Tasks(parts.jobs)
        self.destroyed.connect(self._tasks.end)
        self.setObjectName("machine-pinning")
        self.setAccessibleName(tr("Where it runs"))
        self._part = QComboBox()
        self._part.setObjectName("pin-part")
        self._part.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self._part.currentIndexChanged.connect(self._on_part)
        self.picture = HostTopology()
        self.picture.chosen.connect(self._on_chosen)
        self._any = QToolButton()
        self._any.setObjectName("pin-any")
        self._any.setText(tr("Any CPU"))
        self._any.setAccessibleName(tr("Any CPU"))
        self._any.clicked.connect(self._on_any)
        self._summary = Muted("", caption=False)
        self._summary.setObjectName("pin-summary")
        self._nodes: dict[int, tuple[QToolButton, CheckBox]] = {}
        self._mode = QComboBox()
        self._mode.setObjectName("numa-mode")
        for mode in MODES:
            self._mode.addItem(str(_MODES[mode]), mode)
        self._mode.currentIndexChanged.connect(self._on_memory)
        self._apply = PrimaryButton(tr("Apply"))
        self._apply.setObjectName("pin-apply")
        self._apply.setAccessibleName(tr("Apply where it runs"))
        self._apply.clicked.connect(lambda: self._tasks.spawn("pin a machine", self._change()))
        self._discard = QPushButton(tr("Discard"))
        self._discard.setObjectName("pin-discard")
        self._discard.setAccessibleName(tr("Discard"))
        self._discard.clicked.connect(self._on_discard)
        self._note = Muted("", caption=False)
        self._note.setObjectName("pin-note")
        self._build()
        self._show()

    def _build(self) -> None:
        self._choices = Flow()
        label = PlainLabel(tr("Choose for"))
        label.setBuddy(self._part)
        self._part.setAccessibleName(tr("Choose for"))
        for widget in (label, self._part, self._any):
            self._choices.addWidget(widget)
        self._boxes = Flow()
        boxes = QWidget()
        boxes.setLayout(self._boxes)
        form = Form()
        form.add(tr("Memory from"), boxes, tr("None chosen: from wherever there is some."))
        form.add(tr("How"), self._mode, stretch=False)
        buttons = QHBoxLayout()
        buttons.setSpacing(GRID)
        buttons.addWidget(self._apply)
        buttons.addWidget(self._discard)
        buttons.addWidget(self._note, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addWidget(Section(tr("Where it runs")))
        layout.addLayout(self._choices)
        layout.addWidget(self.picture)
        layout.addWidget(
            Muted(
                tr(
                    "A square is a CPU of the host, a frame its core, a colour its node; its corner is marked where "
                    "another machine is pinned. Click or drag, or go with the arrow keys and choose with the space bar."
                )
            )
        )
        layout.addWidget(self._summary)
        layout.addLayout(form)
        layout.addLayout(buttons)

    # -- what it shows

    @property
    def unsaved(self) -> bool:
        """Whether something was chosen and not applied."""
        return bool(self._place.wishes(self._draft))

    async def may_lose(self) -> bool:
        """Whether what was chosen and not applied may be lost; asks if there is something."""
        if not self.unsaved:
            return True
        message = text("You have chosen where {name} runs and not applied it.", name=self._subject.name)
        return bool(await self._parts.context.ask.confirm(questions.lose_unapplied("pinning.discard", message)))

    @property
    def _vcpus(self) -> int:
        return max(self._known.shown.cpu.maximum, 1)

    def _show(self) -> None:
        """All of it, from what is known and what was chosen."""
        domain = self._subject.domain
        host = self._subject.host
        why = redefining.why_not(domain, host)
        if why is None and self._facts is not None and self.picture.isHidden():
            why = text("The host does not tell its CPUs.")
        ready = why is None and self._facts is not None and not self._working
        for widget in (self._part, self._any, self.picture, *(one for pair in self._nodes.values() for one in pair)):
            widget.setEnabled(ready)
            widget.setToolTip(plain_tip(str(why)) if why else "")
        self._show_memory(ready, why)
        self._show_choice()
        changed = self.unsaved
        nothing = why or (None if changed else text("Nothing was changed."))
        for button in (self._apply, self._discard):
            button.setEnabled(ready and changed)
            button.setToolTip(plain_tip(str(nothing)) if nothing else "")
        self._note.setText(str(why) if why else tr("Not applied yet.") if changed else self._outcome)

    def _show_choice(self) -> None:
        part = self._chosen_part()
        cpus = self._draft.cpus(part, self._vcpus)
        if (part, cpus) != (self.picture.part, self.picture.cpus):
            self.picture.choose_for(part, cpus)
        if self._any.isEnabled() and not cpus:
            self._any.setEnabled(False)
            self._any.setToolTip(plain_tip(tr("It runs on any CPU.")))
        self._summary.setText(self._words())

    def _show_memory(self, ready: bool, why: Text | None) -> None:
        for node, (_, box) in self._nodes.items():
            box.blockSignals(True)
            box.setChecked(node in self._draft.nodes)
            box.blockSignals(False)
        self._mode.blockSignals(True)
        self._mode.setCurrentIndex(max(self._mode.findData(self._draft.mode or STRICT), 0))
        self._mode.blockSignals(False)
        if why is None and not self._draft.nodes:
            why = text("Choose the nodes first.")
        self._mode.setEnabled(ready and bool(self._draft.nodes))
        self._mode.setToolTip(plain_tip(str(why)) if why else "")

    def _words(self) -> str:
        """Each part with its CPUs; what the running machine has, where that is something else."""
        lines = [self._words_of(self._draft)]
        if self._now != self._place:
            memory = cpu_set.write(self._now.nodes)
            nodes = " · " + tr("memory from node {n}", n=memory) if memory else ""
            lines.append(tr("Now, until it is restarted: {places}", places=self._words_of(self._now) + nodes))
        return "\n".join(lines)

    def _words_of(self, place: Place) -> str:
        """Equal ones once."""
        each = [place.cpus(part, self._vcpus) for part in range(self._vcpus)]
        told = [(ALL, each[0])] if len(set(each)) == 1 else list(enumerate(each))
        told.append((EMULATOR, place.cpus(EMULATOR, self._vcpus)))
        words = []
        for part, cpus in told[:MOST_TOLD]:
            name = tr("all vCPUs") if part == ALL else part_words(part)
            words.append(tr("{name}: {parts}", name=name, parts=cpu_set.write(cpus) if cpus else self._otherwise()))
        if len(told) > MOST_TOLD:
            words.append(tr("and {n} more", n=len(told) - MOST_TOLD))
        return " · ".join(words)

    def _otherwise(self) -> str:
        """Where a part runs that is not pinned."""
        cpuset = self._known.shown.cpu.cpuset
        return tr("{cpus} as the whole machine", cpus=cpuset) if cpuset else tr("any CPU")

    def _fill_parts(self) -> None:
        parts = [ALL, *range(self._vcpus), EMULATOR]
        if [self._part.itemData(place) for place in range(self._part.count())] == parts:
            return
        chosen = self._chosen_part()
        self._part.blockSignals(True)
        self._part.clear()
        for part in parts:
            words = tr("all vCPUs") if part == ALL else part_words(part)
            self._part.addItem(words[:1].upper() + words[1:] if part in (ALL, EMULATOR) else words, part)
        self._part.setCurrentIndex(max(self._part.findData(chosen), 0))
        self._part.blockSignals(False)

    def _fill_nodes(self) -> None:
        nodes = self.picture.node_cpus()
        if list(nodes)[:MOST_BUTTONS] == list(self._nodes):
            return
        for pair in self._nodes.values():
            for widget in pair:
                widget.hide()
                widget.deleteLater()
        self._nodes = {}
        for node in list(nodes)[:MOST_BUTTONS]:
            button, box = QToolButton(), CheckBox(tr("Node {n}", n=node))
            button.setText(tr("Node {n}", n=node))
            button.setObjectName(f"pin-node-{node}")
            button.setAccessibleName(tr("All CPUs of node {n}", n=node))
            button.clicked.connect(lambda _checked=False, node=node: self._take_node(node))
            box.setObjectName(f"numa-node-{node}")
            box.setAccessibleName(tr("Memory from node {n}", n=node))
            box.toggled.connect(self._on_memory)
            button.setVisible(len(nodes) > 1)
            self._choices.addWidget(button)
            self._boxes.addWidget(box)
            self._nodes[node] = button, box
        buttons, boxes = zip(*self._nodes.values()) if self._nodes else ((), ())
        stops = (self._part, self._any, *buttons, self.picture, *boxes, self._mode, self._apply, self._discard)
        in_tab_order(stops)

    # -- choosing

    def _chosen_part(self) -> int:
        data = self._part.currentData()
        return ALL if data is None else int(data)

    def _on_any(self) -> None:
        self.picture.setFocus()  # the button itself is off then
        self.picture.set_cpus(frozenset())

    def _take_node(self, node: int) -> None:
        self.picture.set_cpus(self.picture.node_cpus()[node])

    def _on_part(self) -> None:
        self._show()

    def _on_chosen(self, part: int, cpus: str) -> None:
        self._draft = self._draft.with_cpus(part, cpu_set.parse(cpus), self._vcpus)
        self._outcome = ""
        self._show()

    def _on_memory(self) -> None:
        nodes = frozenset(node for node, (_, box) in self._nodes.items() if box.isChecked())
        beyond = self._draft.nodes - self._nodes.keys()
        self._draft = replace(self._draft, nodes=nodes | beyond, mode=str(self._mode.currentData()))
        self._outcome = ""
        self._show()

    def _on_discard(self) -> None:
        self._part.setFocus()  # the button itself is off then
        self._draft = self._place
        self._show()

    # -- reading and changing

    async def _load(self) -> None:
        domain = self._subject.domain
        if domain is None:
            return
        try:
            links = self._parts.context.sessions
            if self._facts is None:
                self._facts = await virt_facts.facts(links.of(self._machine).require())
                self.picture.show_facts(self._facts)
                self._fill_nodes()
            known = await limiting.read(links, domain)
        except VirtError as error:
            self._outcome = str(error.problem.what)
            self._show()
            return
        self._take(known)

    def _take(self, known: Known) -> None:
        untouched = not self.unsaved
        self._known = known
        # What is chosen holds from every start on, and now where the host can: the stored one is what is changed.
        self._place = place_of(known.stored or known.shown, self._host_cpus())
        self._now = place_of(known.running, self._host_cpus()) if known.running is not None else self._place
        if untouched:
            self._draft = self._place
        self._show_others()
        self._fill_parts()
        self._show()

    def _host_cpus(self) -> frozenset[int]:
        return frozenset(number for numbers in self.picture.node_cpus().values() for number in numbers)

    def _show_others(self) -> None:
        """Who else is pinned on this host."""
        here = self._machine.host
        domains = self._parts.store.domains.items()
        others = [one for key, one in domains if key.host == here and key != self._machine]
        self.picture.show_pinned(by_cpu(others, self._host_cpus()))

    async def _change(self) -> None:
        domain = self._subject.domain
        if domain is None or not self.unsaved or self._working:
            return
        wishes = {**self._now.wishes(self._draft), **self._place.wishes(self._draft)}
        self._working = True
        if self._apply.hasFocus():
            self.setFocus()  # all of it is off meanwhile: the keyboard would go on in another part of the page
        self._show()
        try:
            done = await limiting.apply(self._parts.context, domain, self._known, wishes)
        finally:
            self._working = False
        if done:
            self._place = self._draft
            if self._parts.watcher is not None:
                self._parts.watcher.look_at((self._machine,))  # libvirt does not tell of it
            waits = next((one.later for one in done.values() if one.later), None)
            if waits is not None:
                self._outcome = tr("Stored. Not all of it holds now: {why}", why=waits)
            elif domain.active:
                self._outcome = tr("It holds now.")
            else:
                self._outcome = tr("It holds from the next start.")
        await self._load()
        self._show()
        if self.hasFocus():
            (self._part if done else self._apply).setFocus()

    def _on_changes(self, changes: Changes) -> None:
        if self._machine in changes.changed or self._machine.host in changes.hosts:
            self._tasks.spawn("read pins", self._load())
        else:
            self._show_others()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._heard.begin(lambda: (self._parts.store.subscribe(self._on_changes),))
        self._tasks.spawn("read pins", self._load())

    def hideEvent(self, event: QHideEvent) -> None:
        self._heard.end()
        super().hideEvent(event)
