"""A new storage pool: its kind, and the few things that this kind asks for."""

from collections.abc import Collection, Sequence

from PySide6.QtWidgets import QComboBox, QLineEdit, QStackedWidget, QVBoxLayout, QWidget

from vmdesk.core.storage.kinds import Field, Kind, PoolWish
from vmdesk.model.text import Text, text, tr
from vmdesk.ui.dialogs.dialog import Dialog
from vmdesk.ui.dialogs.lines import Warned
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.check_box import CheckBox
from vmdesk.ui.widgets.form import Form, Heading, Muted


class PoolDialog(Dialog):
    """`wish()`. `kinds`: those that the host can have; `taken`: names."""

    def __init__(self, parent: QWidget | None, kinds: Sequence[Kind], taken: Collection[str]) -> None:
        title = tr("New storage pool")
        super().__init__(parent, title, tr("Make"))
        self._kinds, self._taken = tuple(kinds), frozenset(taken)
        self.setMinimumWidth(66 * GRID)
        self.body.addWidget(Heading(title))
        form = Form()
        form.setColumnMinimumWidth(0, 18 * GRID)
        self._name = QLineEdit()
        self._name.setObjectName("name")
        form.add(tr("&Name"), self._name)
        self._kind = QComboBox()
        self._kind.setObjectName("kind")
        for kind in self._kinds:
            self._kind.addItem(str(kind.title), kind.id)
        form.add(tr("&Kind"), self._kind)
        self.body.addLayout(form)
        self._about = Muted()
        self._about.setMinimumHeight(2 * self._about.fontMetrics().height())
        self.body.addWidget(self._about)
        self._stack = QStackedWidget()
        self._fields: dict[str, dict[Field, QLineEdit | QComboBox]] = {}
        for kind in self._kinds:
            self._stack.addWidget(self._page(kind))
        self.body.addWidget(self._stack)
        self.autostart = CheckBox(tr("&Switch it on with the host"))
        self.autostart.setObjectName("autostart")
        self.autostart.setAccessibleName(self.autostart.text().replace("&", ""))
        self.autostart.setChecked(True)
        self.body.addWidget(self.autostart)
        self._wrong = Warned()
        self.body.addWidget(self._wrong)
        self._name.textChanged.connect(self._on_changed)
        self._kind.currentIndexChanged.connect(self._on_kind)
        self._on_kind(0)
        self._wrong.tell(None)  # nothing is wrong with what nobody has touched yet
        self._name.setFocus()

    def _page(self, kind: Kind) -> QWidget:
        page = QWidget()
        box = QVBoxLayout(page)
        box.setContentsMargins(0, 0, 0, 0)
        form = Form()
        form.setColumnMinimumWidth(0, 18 * GRID)
        fields: dict[Field, QLineEdit | QComboBox] = {}
        for ask in kind.asks:
            if ask.choices:
                chooser = QComboBox()
                chooser.addItems(list(ask.choices))
                chooser.currentIndexChanged.connect(self._on_changed)
                fields[ask.field] = chooser
            else:
                line = QLineEdit()
                line.setPlaceholderText(ask.example)
                line.textChanged.connect(self._on_changed)
                fields[ask.field] = line
            fields[ask.field].setObjectName(f"{kind.id}-{ask.field.value}")
            form.add(str(ask.label), fields[ask.field])
        box.addLayout(form)
        box.addStretch(1)
        self._fields[kind.id] = fields
        return page

    def wish(self) -> PoolWish:
        kind = self._kinds[self._kind.currentIndex()]
        said = tuple(
            (field, widget.currentText() if isinstance(widget, QComboBox) else widget.text())
            for field, widget in self._fields[kind.id].items()
        )
        return PoolWish(self._name.text().strip(), kind.id, said, self.autostart.isChecked())

    def problem(self) -> Text | None:
        if self._name.text().strip() in self._taken:
            return text("There is a storage pool of this name already.")
        return self.wish().problem()

    def _on_kind(self, place: int) -> None:
        self._stack.setCurrentIndex(place)
        self._about.setText(str(self._kinds[place].about))
        self._on_changed()

    def _on_changed(self) -> None:
        wrong = self.problem()
        self._wrong.tell(wrong)
        self.action.setEnabled(wrong is None)
