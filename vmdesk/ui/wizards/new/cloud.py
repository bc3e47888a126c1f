"""What a cloud image is told at its first start."""

from dataclasses import replace
from typing import Any

from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from vmdesk.core.creating.draft import Draft, complaints
from vmdesk.model import names
from vmdesk.model.errors import VirtError
from vmdesk.model.text import tr
from vmdesk.model.wish import CloudWish
from vmdesk.ui.parts import Level, Notice
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.check_box import CheckBox
from vmdesk.ui.wizards.new.desk import Desk
from vmdesk.ui.wizards.new.fields import Fields, Notes
from vmdesk.ui.wizards.new.line import Line


class CloudForm(QWidget):
    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self.setObjectName("cloud")
        self.user, self.password, self.hostname, self.packages = (
            Line("user"), Line("password"), Line("hostname"), Line("packages"),
        )  # fmt: skip
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.keys = QPlainTextEdit()
        self.keys.setObjectName("ssh-keys")
        self.keys.setTabChangesFocus(True)
        self.keys.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.keys.setPlaceholderText("ssh-ed25519 AAAA… you@here")
        self.own = CheckBox(tr("My own &user-data instead"))
        self.own.setObjectName("own-data")
        self.data = _Data(desk)
        fields = Fields()
        fields.add_section(tr("At its first start (cloud-init)"))
        self._host = fields.add(tr("&Host name"), self.hostname)
        self._rows = [
            fields.add(tr("&User"), self.user, tr("May become root by sudo.")),
            fields.add(tr("&Password"), self.password, tr("Only its hash is given to the machine; never kept here.")),
            fields.add(tr("SSH &keys"), self.keys, tr("One a line. Those of your account are filled in.")),
            fields.add(tr("Pac&kages"), self.packages, tr("Installed at the first start, with commas between them.")),
        ]
        fields.add("", self.own)
        self._data = fields.add(tr("User-&data"), self.data)
        self._fields = fields
        self.notes = Notes()
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addLayout(fields)
        box.addWidget(self.notes)
        line = self.keys.fontMetrics().lineSpacing()
        self.keys.setFixedHeight(3 * line + 2 * GRID)
        self.user.typed.connect(lambda words: self._set(user=words.strip()))
        self.password.typed.connect(lambda words: self._set(password=words))
        self.hostname.typed.connect(lambda words: self._set(hostname=words.strip()))
        self.packages.typed.connect(lambda words: self._set(packages=tuple(words.replace(",", " ").split())))
        self.keys.textChanged.connect(self._on_keys)
        self.own.toggled.connect(self._on_own)
        self.data.edit.textChanged.connect(lambda: self._set(user_data=self.data.edit.toPlainText()))

    def show_draft(self, draft: Draft) -> None:
        cloud = draft.wish.cloud
        self.setVisible(cloud is not None)
        if cloud is None:
            return
        for line, value in (
            (self.user, cloud.user),
            (self.password, cloud.password),
            (self.hostname, cloud.hostname),
        ):
            if line.text().strip() != value:
                line.show_text(value)
        if tuple(self.packages.text().replace(",", " ").split()) != cloud.packages:
            self.packages.show_text(", ".join(cloud.packages))
        if self._typed_keys() != cloud.ssh_keys:
            self.keys.setPlainText("\n".join(cloud.ssh_keys))
        self.hostname.setPlaceholderText(next(iter(names.names(draft.wish)), draft.wish.name))
        own = self.own.isChecked() or bool(cloud.user_data)
        if own != self.own.isChecked():
            self.own.setChecked(own)
        for row in self._rows:
            self._fields.show_row(row, not own)
        self._fields.show_row(self._data, own)
        if self.data.edit.toPlainText() != cloud.user_data and own:
            self.data.edit.setPlainText(cloud.user_data)
        self.notes.complain(complaints(draft, "cloud"))

    def _set(self, **values: Any) -> None:
        cloud = self._desk.draft.wish.cloud
        if cloud is not None:
            self._desk.wish(cloud=replace(cloud, **values))

    def _typed_keys(self) -> tuple[str, ...]:
        return tuple(line.strip() for line in self.keys.toPlainText().splitlines() if line.strip())

    def _on_keys(self) -> None:
        self._set(ssh_keys=self._typed_keys())

    def _on_own(self, on: bool) -> None:
        if not on:
            self._set(user_data="")
        cloud = self._desk.draft.wish.cloud or CloudWish()
        for row in self._rows:
            self._fields.show_row(row, not on)
        self._fields.show_row(self._data, on)
        self.notes.setVisible(not on or bool(cloud.user_data))


class _Data(QWidget):
    """User-data as text, or from a file."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self.edit = QPlainTextEdit()
        self.edit.setObjectName("user-data")
        self.edit.setAccessibleName(tr("User-data"))
        self.edit.setTabChangesFocus(True)
        self.edit.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.edit.setPlaceholderText("#cloud-config")
        self.edit.setFixedHeight(8 * self.edit.fontMetrics().lineSpacing() + 2 * GRID)
        browse = QPushButton(tr("From a file…"))
        browse.setObjectName("user-data-browse")
        row = QHBoxLayout()
        row.addWidget(browse)
        row.addStretch(1)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self.edit)
        box.addLayout(row)
        self.setFocusProxy(self.edit)
        browse.clicked.connect(self._on_browse)

    def _on_browse(self) -> None:
        dialog = QFileDialog(self, tr("User-data"))
        dialog.fileSelected.connect(lambda path: self._desk.parts.jobs.spawn("user-data", self._read(path)))
        dialog.open()

    async def _read(self, path: str) -> None:
        try:
            self.edit.setPlainText(await self._desk.workshop.text_of(path))
        except VirtError as error:
            self._desk.parts.shell.notify(Notice(error.problem, Level.ERROR))
