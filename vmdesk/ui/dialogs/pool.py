"""A new storage pool: its kind and the few things that this kind asks for; or its definition, written by hand."""

from collections.abc import Awaitable, Callable, Collection

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QMenu, QPushButton, QVBoxLayout, QWidget

from vmdesk.core.checker import Checker
from vmdesk.core.hardware.sheet import Value
from vmdesk.core.jobs import Jobs
from vmdesk.core.storage import pool_form
from vmdesk.core.storage.kinds import BY_ID, Field, Kind, PoolWish, new_secret, said_of
from vmdesk.core.storage.work import Able
from vmdesk.model.errors import VirtError
from vmdesk.model.storage import PoolSource
from vmdesk.model.text import Text, text, tr
from vmdesk.ui.dialogs.dialog import Dialog
from vmdesk.ui.dialogs.lines import Warned
from vmdesk.ui.plain import plain_tip
from vmdesk.ui.tasks import Tasks
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.fields_form import FieldsForm, in_tab_order
from vmdesk.ui.widgets.form import Form, Heading, Muted
from vmdesk.ui.widgets.inner_tabs import InnerTabs
from vmdesk.ui.widgets.xml_editor import XmlEditor
from vmdesk.virtxml import pools as pools_xml
from vmdesk.virtxml.document import XmlError

Find = Callable[[PoolWish], Awaitable[tuple[PoolSource, ...]]]
_MOST = 30  # of what was found
_LABELS = 24 * GRID


class PoolDialog(Dialog):
    """`wish()`. `able`: what the host can have; `taken`: names; `find` looks for sources."""

    def __init__(self, parent: QWidget | None, able: Able, taken: Collection[str], find: Find, jobs: Jobs) -> None:
        title = tr("New storage pool")
        super().__init__(parent, title, tr("Make"))
        self._able, self._taken, self._find = able, frozenset(taken), find
        self._secret = new_secret()
        self._values: dict[str, Value] = {"kind": pool_form.first_kind(able)}
        self._jobs, self._tasks = jobs, Tasks(jobs)
        self._checker: Checker | None = None
        self.destroyed.connect(self._tasks.end)
        self.finished.connect(self._on_finished)
        self._touched = False
        self._written = ""  # what the form made of itself, to see whether the text was changed
        self.setMinimumWidth(88 * GRID)
        self.body.addWidget(Heading(title))
        self.tabs = InnerTabs("pool-tabs")
        self.tabs.addTab(self._make_form(), tr("Form"))
        self.tabs.addTab(self._make_xml(), tr("XML"))
        self.body.addWidget(self.tabs, 1)
        self._wrong = Warned()
        self.body.addWidget(self._wrong)
        self.form.changed.connect(self._on_changed)
        self.switches.changed.connect(self._on_changed)
        self.form.built.connect(self._on_built)
        self.editor.changed.connect(self._check)
        self.tabs.currentChanged.connect(self._on_tab)
        self._show()
        self._check()
        self.form.controls["name"].setFocus()

    # ---------------------------------------------------------------- what it is made of

    def _make_form(self) -> QWidget:
        page = QWidget()
        box = QVBoxLayout(page)
        box.setContentsMargins(0, GRID, 0, 0)
        box.setSpacing(GRID)
        self.form = FieldsForm("pool")
        box.addWidget(self.form)
        line = QHBoxLayout()
        line.setContentsMargins(_LABELS + 2 * GRID, 0, 0, GRID)
        line.setSpacing(2 * GRID)
        self.look = QPushButton()
        self.look.setAutoDefault(False)
        self.look.setObjectName("pool-look")
        self.look.setAccessibleName(tr("Look for what the pool can be made of"))
        self.look.clicked.connect(self._on_look)
        self.found = Muted()
        self.found.setObjectName("pool-found")
        line.addWidget(self.look)
        line.addWidget(self.found, 1)
        box.addLayout(line)
        self.switches = FieldsForm("pool")
        self.switches.show_fields("switches", pool_form.switches())
        _widen(self.switches, _LABELS + 2 * GRID)  # without labels there is no space between the columns
        box.addWidget(self.switches)
        box.addStretch(1)
        return page

    def _make_xml(self) -> QWidget:
        page = QWidget()
        box = QVBoxLayout(page)
        box.setContentsMargins(0, GRID, 0, 0)
        box.setSpacing(GRID)
        box.addWidget(
            Muted(
                tr(
                    "What the form says. What you change here counts instead, as long as this page is open; what the "
                    "form says of passwords, of what is on a device, and of switching on counts, too."
                )
            )
        )
        self.editor = XmlEditor("pool-xml", tr("The pool's definition"))
        self.editor.setMinimumHeight(30 * GRID)
        box.addWidget(self.editor, 1)
        return page

    # ---------------------------------------------------------------- what is wanted

    @property
    def _kind(self) -> Kind:
        return BY_ID[str(self._values["kind"])]

    def wish(self) -> PoolWish:
        by_hand = self.tabs.currentIndex() == 1 and self.editor.text() != self._written
        wish = pool_form.wish_of(self._values, self._able, self._secret, self.editor.text() if by_hand else "")
        return _named(wish) if by_hand else wish

    def problem(self) -> Text | None:
        wish = self.wish()
        if wish.name in self._taken:
            return text("There is a storage pool of this name already.")
        return wish.problem()

    # ---------------------------------------------------------------- what is shown

    def _show(self) -> None:
        kind = self._kind
        self.form.show_fields("pool", pool_form.rows(kind, self._able), self._values)
        self._dress()
        self.look.setVisible(bool(kind.finds))
        self.look.setText(tr("As&k the server…") if kind.finds == "host" else tr("&Look on the host…"))
        self.found.setText("")

    def _on_built(self) -> None:
        self._dress()

    def _dress(self) -> None:
        for name, example in pool_form.examples(self._kind).items():
            control = self.form.controls.get(name)
            if isinstance(control, QLineEdit):
                control.setPlaceholderText(example)
        _widen(self.form)
        in_tab_order([*self.form.stops(), self.look, *self.switches.stops(), self.cancel, self.action])

    def event(self, event: QEvent) -> bool:
        done = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest and self.isVisible():
            self._fit()
        return done

    def _fit(self) -> None:
        """Another kind has another number of rows: the dialog becomes higher, and stays so."""
        layout = self.layout()
        if layout is not None:
            height = max(layout.totalHeightForWidth(self.width()), layout.totalMinimumSize().height())
            self.setMinimumHeight(max(height, self.minimumHeight()))

    def _on_changed(self, name: str, value: Value) -> None:
        self._values[name] = value
        self._touched = True
        if name == "kind":
            self._show()
        self._check()

    def _on_tab(self, at: int) -> None:
        if at == 1:
            wish = pool_form.wish_of(self._values, self._able, self._secret)
            try:
                self._written = wish.xml()
            except XmlError:
                self._written = ""
            self.editor.set_text(self._written)
            if self._checker is None:
                self._checker = Checker("storagepool.rng")
                self.editor.check_with(self._checker, self._jobs, lambda _words: ())
        self._check()

    def _on_finished(self) -> None:
        self._tasks.end()
        self.editor.close()
        if self._checker is not None:
            self._checker.close()

    def _check(self) -> None:
        wrong = self.problem()
        # Nothing is wrong with what nobody has touched yet.
        self._wrong.tell(wrong if self._touched or self.tabs.currentIndex() else None)
        self.action.setEnabled(wrong is None)
        self.action.setToolTip(plain_tip(str(wrong)) if wrong is not None else "")
        cannot = pool_form.can_look(pool_form.wish_of(self._values, self._able, self._secret))
        self.look.setEnabled(cannot is None)
        self.look.setToolTip(plain_tip(str(cannot)) if cannot is not None else "")

    # ---------------------------------------------------------------- sources

    def _on_look(self) -> None:
        self.look.setEnabled(False)
        self.found.setText(tr("Looking…"))
        self._tasks.spawn("pool sources", self._looked(pool_form.wish_of(self._values, self._able, self._secret)))

    async def _looked(self, wish: PoolWish) -> None:
        try:
            sources = await self._find(wish)
        except VirtError as error:
            self.found.setText(str(error.problem.why or error.problem.what))
            self._check()
            return
        self._check()
        if wish.kind != self._kind.id:
            return
        self.found.setText("" if sources else tr("Nothing was found."))
        if sources:
            self._offer(sources)

    def _offer(self, sources: tuple[PoolSource, ...]) -> None:
        menu = QMenu(self)
        menu.setObjectName("pool-sources")
        menu.aboutToHide.connect(menu.deleteLater)
        for source in sources[:_MOST]:
            words = pool_form.found_words(self._kind, source)
            menu.addAction(words.replace("&", "&&")).triggered.connect(
                lambda _on=False, chosen=source: self._take(chosen)
            )
        menu.popup(self.look.mapToGlobal(self.look.rect().bottomLeft()))

    def _take(self, source: PoolSource) -> None:
        for field, words in said_of(self._kind, source).items():
            control = self.form.controls.get(field.value)
            if isinstance(control, QLineEdit):
                # The server stays as it was called: libvirt may call it otherwise.
                control.setText(control.text() if field is Field.HOST and control.text().strip() else words)
            elif isinstance(control, QComboBox) and (at := control.findData(words)) >= 0:
                control.setCurrentIndex(at)


def _widen(form: FieldsForm, width: int = _LABELS) -> None:
    """The fields of all kinds begin at the same place."""
    inner = next(iter(form.controls.values())).parentWidget()
    layout = inner.layout() if inner is not None else None
    if isinstance(layout, Form):
        layout.setColumnMinimumWidth(0, width)


def _named(wish: PoolWish) -> PoolWish:
    """By the name and kind that its definition says."""
    try:
        pool = pools_xml.parse(wish.written)
    except XmlError:
        return wish
    return PoolWish(
        pool.name,
        pool.kind,
        wish.said,
        wish.autostart,
        wish.start,
        wish.make,
        wish.password,
        wish.secret,
        wish.written,
    )
