"""Which packet filter watches a network card."""

from collections.abc import Sequence

from PySide6.QtWidgets import QComboBox, QWidget

from vmdesk.model.network import Card, Filter
from vmdesk.model.text import tr
from vmdesk.ui.dialogs.dialog import Dialog
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.form import Form, Heading, Muted


class FilterDialog(Dialog):
    """`chosen()`: the filter's name, "" for none."""

    def __init__(self, parent: QWidget | None, card: Card, machine: str, filters: Sequence[Filter], on: bool) -> None:
        title = tr("Packet filter of {machine}", machine=machine)
        super().__init__(parent, title, tr("Save"))
        self._now = card.filter
        self.setMinimumWidth(60 * GRID)
        self.body.addWidget(Heading(title))
        form = Form()
        self.body.addLayout(form)
        self.filter = QComboBox()
        self.filter.setObjectName("filter")
        self.filter.addItem(tr("none"), "")
        for one in filters:
            self.filter.addItem(one.name, one.name)
        if card.filter and self.filter.findData(card.filter) < 0:
            self.filter.addItem(tr("{name} (not there)", name=card.filter), card.filter)
        self.filter.setCurrentIndex(max(self.filter.findData(card.filter), 0))
        hint = tr(
            "“clean-traffic” lets the machine speak only with its own addresses. libvirt brings the filters along; "
            "others are made with virsh."
        )
        form.add(tr("&Filter of {mac}", mac=card.mac), self.filter, hint)
        words = tr("It holds at once.") if on else tr("It holds when the machine is started.")
        self.body.addWidget(Muted(words))
        self.filter.currentIndexChanged.connect(lambda _at: self._on_changed())
        self._on_changed()
        self.filter.setFocus()

    def chosen(self) -> str:
        return str(self.filter.currentData() or "")

    def _on_changed(self) -> None:
        different = self.chosen() != self._now
        self.action.setEnabled(different)
        self.action.setToolTip("" if different else tr("Nothing was changed."))
