"""What a cloud image is told at its first start."""

from dataclasses import replace
from typing import Any

from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from vmdesk.core.creating.draft import Draft, complaints
from vmdesk.model import names
from vmdesk.model.text import tr
from vmdesk.model.wish import CloudWish
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.check_box import CheckBox
from vmdesk.ui.wizards.new.data_edit import DataEdit
from vmdesk.ui.wizards.new.desk import Desk
from vmdesk.ui.wizards.new.fields import Fields
from vmdesk.ui.wizards.new.guest_network import GuestNetwork
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
        self.data = DataEdit(desk, "user-data", tr("User-data"), "#cloud-config")
        fields = self.fields = Fields()
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
        self.network = GuestNetwork(desk, fields)
        self.notes = fields.add_notes()
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addLayout(fields)
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
            self.fields.show_row(row, not own)
        self.fields.show_row(self._data, own)
        if self.data.edit.toPlainText() != cloud.user_data and own:
            self.data.edit.setPlainText(cloud.user_data)
        self.network.show_cloud(draft, cloud)
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
            self.fields.show_row(row, not on)
        self.fields.show_row(self._data, on)
        self.notes.setVisible(not on or bool(cloud.user_data))
        self._desk.changed.emit()
