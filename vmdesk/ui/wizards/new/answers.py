"""What an installer is told, so that it asks nobody."""

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QLocale, QTimeZone
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from vmdesk.core.creating.draft import Draft, can_be_told, complaints
from vmdesk.model import names
from vmdesk.model.text import tr
from vmdesk.model.wish import UnattendedWish
from vmdesk.ui.widgets.check_box import CheckBox
from vmdesk.ui.wizards.new.desk import Desk
from vmdesk.ui.wizards.new.fields import Fields, combo, fill
from vmdesk.ui.wizards.new.line import Line

_WINDOWS = "winnt"
_PASSWORDS = ("password", "root_password")


class AnswersForm(QWidget):
    """Seen where the OS database has answers for the system that is going to be installed."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._showing = False
        self._kept = _proposed()  # for who switches it off and on again
        self.setObjectName("answers")
        self.on = CheckBox(tr("&Install it without asking anybody"))
        self.on.setObjectName("unattended")
        self.kind = combo("answers-kind", 24)
        self._lines = {
            "user": Line("answers-user"),
            "full_name": Line("answers-full-name"),
            "password": Line("answers-password"),
            "root_password": Line("answers-root-password"),
            "hostname": Line("answers-hostname"),
            "language": Line("answers-language"),
            "keyboard": Line("answers-keyboard"),
            "timezone": Line("answers-timezone"),
            "product_key": Line("answers-product-key"),
        }
        for name in _PASSWORDS:
            self._lines[name].setEchoMode(QLineEdit.EchoMode.Password)
        self._lines["language"].setPlaceholderText("en_US")
        self._lines["keyboard"].setPlaceholderText("us")
        self._lines["timezone"].setPlaceholderText("Etc/UTC")
        fields = self.fields = Fields()
        fields.add_section(tr("The installation"))
        self._on = fields.add("", self.on, tr("By the answers that the OS database has for this installer."))
        self._rows = [
            fields.add(tr("&Kind"), self.kind, stretch=False),
            fields.add(tr("&User"), self._lines["user"], tr("The first user.")),
            fields.add(tr("&Full name"), self._lines["full_name"], tr("As it is shown; empty: like the user.")),
            fields.add(
                tr("&Password"), self._lines["password"], tr("The installer reads it as it is: change it afterwards.")
            ),
            fields.add(tr("Root's p&assword"), self._lines["root_password"], tr("Empty: the same one.")),
            fields.add(tr("&Host name"), self._lines["hostname"]),
            fields.add(tr("Lan&guage"), self._lines["language"], tr("Of the installed system.")),
            fields.add(tr("Keyboa&rd"), self._lines["keyboard"]),
            fields.add(tr("T&ime zone"), self._lines["timezone"]),
        ]
        self._key = fields.add(
            tr("Product ke&y"), self._lines["product_key"], tr("Windows asks for it; never kept here.")
        )
        self.notes = fields.add_notes()
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addLayout(fields)
        self.on.toggled.connect(self._on_toggled)
        self.kind.currentIndexChanged.connect(lambda _place: self._set(profile=self.kind.currentData()))
        for name, line in self._lines.items():
            line.typed.connect(lambda words, name=name: self._typed(name, words))

    def show_draft(self, draft: Draft) -> None:
        asked = draft.wish.unattended
        self.setVisible(can_be_told(draft) or asked is not None)
        self._showing = True
        self.on.setChecked(asked is not None)
        for row in self._rows:
            self.fields.show_row(row, asked is not None)
        self.fields.show_row(self._key, asked is not None and draft.system.family == _WINDOWS)
        self.notes.complain(complaints(draft, "unattended") if asked is not None else ())
        if asked is not None:
            kinds = {"jeos": tr("The little that is needed"), "desktop": tr("With a desktop")}
            known: list[tuple[str, object]] = [
                (words, kind) for kind, words in kinds.items() if kind in (*draft.system.unattended, asked.profile)
            ]
            fill(self.kind, known, asked.profile)
            for name, line in self._lines.items():
                value = getattr(asked, name)
                if _plain(name, line.text()) != value:
                    line.show_text(value)
            self._lines["hostname"].setPlaceholderText(next(iter(names.names(draft.wish)), draft.wish.name))
        self._showing = False

    def _on_toggled(self, on: bool) -> None:
        if self._showing:
            return
        asked = self._desk.draft.wish.unattended
        if not on and asked is not None:
            self._kept = asked
        known = self._desk.draft.system.unattended
        profile = self._kept.profile if self._kept.profile in known else ("jeos" if "jeos" in known else "desktop")
        self._desk.wish(unattended=replace(self._kept, profile=profile) if on else None)
        if on:
            self._lines["user"].setFocus()

    def _typed(self, name: str, words: str) -> None:
        self._set(**{name: _plain(name, words)})

    def _set(self, **values: Any) -> None:
        asked = self._desk.draft.wish.unattended
        if asked is not None and not self._showing:
            self._desk.wish(unattended=replace(asked, **values))


def _plain(name: str, words: str) -> str:
    """A password may begin with a space."""
    return words if name in _PASSWORDS else words.strip()


def _proposed() -> UnattendedWish:
    """As this computer is set."""
    locale = QLocale.system().name()
    zone = bytes(QTimeZone.systemTimeZoneId().data()).decode("ascii", "ignore")
    return UnattendedWish(language=locale if "_" in locale else "", timezone=zone if "/" in zone else "")
