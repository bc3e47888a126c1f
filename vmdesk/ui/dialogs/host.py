"""Add or edit a host: fields by kind, the libvirt address that comes of them, and whether it works."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import Any, TypeVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import (
    QComboBox,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from vmdesk.core.host_draft import DIRECT, HYPERVISORS, KINDS, REMOTE, Draft, Kind, draft_of
from vmdesk.model import uri as uris
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.host import HostConfig
from vmdesk.model.text import Text, tr
from vmdesk.ui.dialogs.dialog import Dialog
from vmdesk.ui.icons import icon
from vmdesk.ui.plain import PlainLabel, plain_tip
from vmdesk.ui.theme import GRID, error_color, good_color, warning_color
from vmdesk.ui.widgets.check_box import CheckBox
from vmdesk.ui.widgets.form import Form, Heading, Muted
from vmdesk.ui.widgets.glyph import Color, Glyph, ink

# Opens the host, closes it, and says in one line what was found. Raises VirtError.
Probe = Callable[[HostConfig], Awaitable[Text]]
W = TypeVar("W", bound=QWidget)
Spawn = Callable[[str, Coroutine[Any, Any, None]], "asyncio.Task[None]"]
_WITH_ACCOUNT = DIRECT | {Kind.SSH}
_CERTIFIED = DIRECT | {Kind.TLS}


class HostDialog(Dialog):
    """`draft` is what the person entered; it is complete and allowed when the dialog is accepted."""

    def __init__(self, parent: QWidget | None, config: HostConfig | None, probe: Probe, spawn: Spawn) -> None:
        title = tr("Edit host") if config else tr("Add host")
        super().__init__(parent, title, tr("Save") if config else tr("Add"))
        self._probe, self._spawn = probe, spawn
        self._testing: asyncio.Task[None] | None = None
        self._accepted: Draft | None = None
        self._id = config.id if config else ""
        self.setMinimumWidth(76 * GRID)
        self.body.addWidget(Heading(title))
        self._form = Form()
        self.body.addLayout(self._form)
        self._rows: list[tuple[QWidget, QWidget | None, QWidget | None, frozenset[Kind]]] = []
        self._add_fields()
        self._add_address()
        self._test = QPushButton(tr("&Test connection"))
        self._test.setObjectName("test")
        self._test.setAccessibleName(tr("Test connection"))
        self._test.setAutoDefault(False)
        self._test.clicked.connect(self._on_test)
        self.buttons.addButton(self._test, QDialogButtonBox.ButtonRole.ResetRole)
        self._fill(draft_of(config) if config else Draft())
        self._on_changed()
        (self._kind if config else self._host).setFocus()
        self.finished.connect(self._stop_testing)

    @property
    def draft(self) -> Draft:
        """What is entered; after the dialog was accepted also when its widgets are gone."""
        return self._accepted or self._entered()

    def accept(self) -> None:
        self._accepted = self._entered()
        super().accept()

    def _entered(self) -> Draft:
        return Draft(
            kind=self._kind.currentData(),
            name=self._name.text(),
            host=self._host.text(),
            port=self._port.value(),
            user=self._user.text(),
            driver=self._driver.currentData(),
            session=bool(self._machines.currentData()),
            keyfile=self._keyfile.text(),
            certificates=self._certificates.text(),
            place=self._place.text(),
            unchecked=self._unchecked.isChecked() and self._unchecked.isVisibleTo(self),
            address=self._address.text(),
            readonly=self._readonly.isChecked(),
            connect_at_start=self._at_start.isChecked(),
        )

    # ------------------------------------------------------------ building

    def _add_fields(self) -> None:
        self._kind = _named(QComboBox(), "kind")
        for kind, words in KINDS.items():
            self._kind.addItem(str(words), kind)
        self._form.add(tr("&Kind"), self._kind)
        self._host = _named(QLineEdit(), "host")
        self._host.setPlaceholderText(tr("name or IP address"))
        self._row(tr("&Host"), self._host, REMOTE | DIRECT)
        self._user = _named(QLineEdit(), "user")
        self._user.setPlaceholderText(tr("if it is another one than here"))
        self._row(tr("&User"), self._user, _WITH_ACCOUNT)
        self._port = _named(QSpinBox(), "port")
        self._port.setRange(0, 65535)
        self._port.setSpecialValueText(tr("standard"))
        self._port.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        self._port.setFixedWidth(12 * GRID)
        self._port.lineEdit().setAccessibleName(tr("Port"))
        self._row(tr("P&ort"), self._port, REMOTE | DIRECT, stretch=False)
        self._place = _named(QLineEdit(), "place")
        self._place.setPlaceholderText(tr("datacenter/cluster/host"))
        self._row(tr("&Place"), self._place, frozenset({Kind.VCENTER}))
        self._driver = _named(QComboBox(), "driver")
        for driver, name in HYPERVISORS.items():
            self._driver.addItem(name, driver)
        self._row(tr("H&ypervisor"), self._driver, REMOTE)
        self._machines = _named(QComboBox(), "machines")
        self._machines.addItem(tr("Those of the computer (system)"), False)
        self._machines.addItem(tr("My own only (session)"), True)
        self._row(tr("&Machines"), self._machines, frozenset({Kind.SSH}))
        self._keyfile = _named(QLineEdit(), "keyfile")
        self._keyfile.setPlaceholderText(tr("found by ssh"))
        self._row(tr("Key &file"), self._with_browser(self._keyfile, folder=False), frozenset({Kind.SSH}))
        self._certificates = _named(QLineEdit(), "certificates")
        self._certificates.setPlaceholderText("/etc/pki/libvirt")
        self._row(
            tr("&Certificates"),
            self._with_browser(self._certificates, folder=True),
            frozenset({Kind.TLS}),
            tr("The folder with cacert.pem, clientcert.pem and clientkey.pem."),
        )
        self._address = _named(QLineEdit(), "address")
        self._address.setPlaceholderText("qemu+ssh://user@host/system")
        self._row(tr("Add&ress"), self._address, frozenset({Kind.OTHER}))
        self._unchecked = _named(CheckBox(tr("Do not &verify that this is the right host")), "unchecked")
        self._row("", self._unchecked, _CERTIFIED | {Kind.OTHER})
        self._name = _named(QLineEdit(), "name")
        self._form.add(tr("&Name"), self._name)
        self._at_start = _named(CheckBox(tr("Connect when VMDesk &starts")), "connect_at_start")
        self._form.add("", self._at_start)
        self._readonly = _named(CheckBox(tr("Rea&d-only: look, do not touch")), "readonly")
        self._form.add("", self._readonly)
        for line in (self._host, self._user, self._place, self._address, self._name):
            line.textChanged.connect(self._on_changed)
        for line in (self._keyfile, self._certificates):
            line.textChanged.connect(self._on_changed)
        for box in (self._kind, self._driver, self._machines):
            box.currentIndexChanged.connect(self._on_changed)
        self._port.valueChanged.connect(self._on_changed)
        self._unchecked.toggled.connect(self._on_changed)

    def _row(self, label: str, control: QWidget, kinds: frozenset[Kind], hint: str = "", stretch: bool = True) -> None:
        """A row of the form that only some kinds have."""
        row = self._form.rowCount()
        self._form.add(label, control, hint, stretch)
        if inner := control.focusProxy():
            inner.setAccessibleName(control.accessibleName())
        items = (self._form.itemAtPosition(row, 0), self._form.itemAtPosition(row + 1, 1))
        name, words = (item.widget() if item else None for item in items)
        self._rows.append((control, name, words, kinds))

    def _with_browser(self, line: QLineEdit, folder: bool) -> QWidget:
        """A line for a path, with a button that looks for it."""
        both = QWidget()
        layout = QHBoxLayout(both)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID // 2)
        layout.addWidget(line)
        button = QToolButton()
        button.setIcon(icon("folder"))
        button.setObjectName(f"{line.objectName()}_browse")
        button.setAccessibleName(tr("Choose a folder") if folder else tr("Choose a file"))
        button.setToolTip(button.accessibleName())
        layout.addWidget(button)
        both.setFocusProxy(line)
        button.clicked.connect(lambda: self._browse(line, folder))
        return both

    def _browse(self, line: QLineEdit, folder: bool) -> None:
        dialog = QFileDialog(self, tr("Choose a folder") if folder else tr("Choose a file"))
        if folder:
            dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(line.setText)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _add_address(self) -> None:
        """What comes of the fields: the address, and in words what is wrong with it or to be known."""
        self.body.addSpacing(GRID)
        self._uri_title = Muted(tr("libvirt address"))
        self.body.addWidget(self._uri_title)
        self._uri = PlainLabel()
        self._uri.setObjectName("uri")
        self._uri.setAccessibleName(tr("libvirt address"))
        self._uri.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._uri.setWordWrap(True)
        self._uri.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.body.addWidget(self._uri)
        self._notes = _Notes()
        self.body.addWidget(self._notes)

    # ------------------------------------------------------------ living

    def _fill(self, draft: Draft) -> None:
        self._kind.setCurrentIndex(self._kind.findData(draft.kind))
        self._host.setText(draft.host)
        self._port.setValue(draft.port)
        self._user.setText(draft.user)
        self._driver.setCurrentIndex(max(0, self._driver.findData(draft.driver)))
        self._machines.setCurrentIndex(int(draft.session))
        self._keyfile.setText(draft.keyfile)
        self._certificates.setText(draft.certificates)
        self._place.setText(draft.place)
        self._unchecked.setChecked(draft.unchecked)
        self._address.setText(draft.address)
        self._name.setText(draft.name)
        self._readonly.setChecked(draft.readonly)
        self._at_start.setChecked(draft.connect_at_start)

    def _on_changed(self) -> None:
        self._stop_testing()
        kind = self._kind.currentData()
        for control, name, words, kinds in self._rows:
            shown = kind in kinds
            if control is self._unchecked and kind is Kind.OTHER:
                shown = replace(self.draft, unchecked=True).unchecked_address
            for widget in (control, name, words):
                if widget is not None:
                    widget.setVisible(shown)
        draft = self.draft
        problem = draft.problem if draft.complete else None
        for label in (self._uri_title, self._uri):
            label.setVisible(kind is not Kind.OTHER)
        self._uri.setText(draft.uri if draft.complete else "…")
        self._name.setPlaceholderText(draft.proposed_name if draft.complete else "")
        self._notes.show_refusal(problem.problem if problem else None)
        if draft.complete and problem is None:
            self._notes.show_warnings(uris.warnings(draft.uri))
        why = str(problem.problem.why) if problem else tr("Something that is needed is not filled in yet.")
        fine = draft.complete and problem is None
        for button in (self.action, self._test):
            button.setEnabled(fine)
            button.setToolTip("" if fine else plain_tip(why))
        self._fit()

    def _on_test(self) -> None:
        self._stop_testing()
        self._testing = self._spawn("testing a host", self._try(self.draft.config(self._id or "test")))

    async def _try(self, config: HostConfig) -> None:
        self._notes.show_trial(tr("Connecting …"))
        self._test.setEnabled(False)
        try:
            found = await self._probe(config)
        except VirtError as error:
            problem = error.problem
            words = "\n".join(str(part) for part in (problem.why or problem.what, problem.what_next) if part)
            self._notes.show_trial(words, worked=False, details=problem.details)
        else:
            self._notes.show_trial(str(found), worked=True)
        finally:
            self._test.setEnabled(True)
            self._fit()

    def _stop_testing(self) -> None:
        task, self._testing = self._testing, None
        if task and not task.done():
            task.cancel()
        self._notes.show_trial("")

    def _fit(self) -> None:
        """Rows come and go: as high as what is in it."""
        if self.isVisible() and (layout := self.layout()) is not None:
            layout.activate()
            height = layout.totalHeightForWidth(self.width())
            self.setMinimumHeight(height)
            self.resize(self.width(), height)


class _Notes(QWidget):
    """Lines of words with an icon: what is wrong, what to know, how the test went."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("notes")
        self._lines = QVBoxLayout(self)
        self._lines.setContentsMargins(0, 0, 0, 0)
        self._lines.setSpacing(GRID // 2)
        self._words: list[_Line] = []
        self._trial = _Line()
        self._trial.setObjectName("trial")
        self._trial.hide()
        self._lines.addWidget(self._trial)

    def show_refusal(self, problem: Problem | None) -> None:
        self._clear()
        if problem:
            words = "\n".join(str(part) for part in (problem.why, problem.what_next) if part)
            self._add(words, "alert-circle", wrong=True)

    def show_warnings(self, warnings: list[Text]) -> None:
        for warning in warnings:
            self._add(str(warning), "alert", wrong=False)

    def show_trial(self, words: str, worked: bool | None = None, details: str = "") -> None:
        """`worked` None: still under way."""
        glyph, color = _TRIALS[worked]
        self._trial.set(words, glyph, color)
        self._trial.setToolTip(plain_tip(details))
        self._trial.setVisible(bool(words))

    def _add(self, words: str, glyph: str, wrong: bool) -> None:
        line = _Line()
        line.setObjectName("wrong" if wrong else "warning")
        line.set(words, glyph, error_color if wrong else warning_color)
        self._lines.insertWidget(len(self._words), line)
        line.show()
        self._words.append(line)

    def _clear(self) -> None:
        for line in self._words:
            self._lines.removeWidget(line)
            line.hide()
            line.deleteLater()
        self._words.clear()


class _Line(QWidget):
    def __init__(self) -> None:
        super().__init__()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        self._glyph = Glyph()
        self.words = PlainLabel()
        self.words.setWordWrap(True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        layout.addWidget(self._glyph, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self.words, 1)

    def set(self, words: str, glyph: str, color: Color) -> None:
        self.words.setText(words)
        self.setAccessibleName(words)
        self._glyph.show_glyph(glyph, color)


_TRIALS: dict[bool | None, tuple[str, Color]] = {
    None: ("clock", ink),
    True: ("check-circle", good_color),
    False: ("alert-circle", error_color),
}


def _named(widget: W, name: str) -> W:
    widget.setObjectName(name)
    return widget
