"""Questions of commands, put to the person in front of the window."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QFrame, QLineEdit, QListWidget, QWidget

from vmdesk.core.command import Confirm, Offer, Question
from vmdesk.core.labels import LabelsEdit
from vmdesk.core.settings import Settings, SettingsFile
from vmdesk.core.store import Store
from vmdesk.model.domain import Domain, DomainKey
from vmdesk.model.errors import Problem
from vmdesk.model.text import Text, tr
from vmdesk.ui.dialogs.dialog import Dialog
from vmdesk.ui.dialogs.labels import LabelsDialog
from vmdesk.ui.parts import Level, Notice, Shell
from vmdesk.ui.plain import PlainLabel, plain_tip
from vmdesk.ui.theme import GRID, error_color
from vmdesk.ui.widgets.check_box import CheckBox
from vmdesk.ui.widgets.form import Heading

ITEMS_MOST = 8  # lines shown without scrolling


class ConfirmDialog(Dialog):
    """What exactly will happen, to be agreed to. Enter cancels where something would be lost."""

    def __init__(self, parent: QWidget | None, confirm: Confirm) -> None:
        super().__init__(parent, str(confirm.title), str(confirm.action))
        self.setMinimumWidth(55 * GRID)
        self.body.addWidget(Heading(str(confirm.title)))
        message = PlainLabel(str(confirm.message))
        message.setWordWrap(True)
        message.setObjectName("message")
        message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.body.addWidget(message)
        self.setAccessibleDescription(str(confirm.message))
        if confirm.items:
            self.body.addWidget(_items([str(item) for item in confirm.items]))
        self.again: CheckBox | None = None
        if not confirm.always:
            self.again = CheckBox(tr("Do not ask this again (see Preferences)"))
            self.again.setObjectName("again")
            self.again.setAccessibleName(self.again.text())
            self.body.addSpacing(GRID)
            self.body.addWidget(self.again)
        if confirm.danger:
            palette = self.action.palette()
            palette.setColor(palette.ColorRole.ButtonText, error_color(palette))
            self.action.setPalette(palette)
            self.action.setDefault(False)
            self.action.setAutoDefault(False)
            self.cancel.setDefault(True)
            self.cancel.setFocus()


class QuestionDialog(Dialog):
    """A line of text; its button works once the answer is fine."""

    def __init__(self, parent: QWidget | None, question: Question) -> None:
        super().__init__(parent, str(question.title), str(question.action))
        self._check = question.check
        self.setMinimumWidth(50 * GRID)
        self.body.addWidget(Heading(str(question.title)))
        label = PlainLabel(str(question.label))
        label.setWordWrap(True)
        self.line = QLineEdit(question.value)
        self.line.setObjectName("answer")
        self.line.setAccessibleName(str(question.label).rstrip(":"))
        self.line.selectAll()
        label.setBuddy(self.line)
        self._wrong = PlainLabel()
        self._wrong.setWordWrap(True)
        self._wrong.setObjectName("wrong")
        palette = self._wrong.palette()
        palette.setColor(palette.ColorRole.WindowText, error_color(palette))
        self._wrong.setPalette(palette)
        self._wrong.setMinimumHeight(self.fontMetrics().height())
        for widget in (label, self.line, self._wrong):
            self.body.addWidget(widget)
        self._untouched = question.value
        self.line.textChanged.connect(self._on_changed)
        self._on_changed(question.value)
        self.line.setFocus()

    def _on_changed(self, answer: str) -> None:
        wrong = self._check(answer.strip())
        # Nothing is wrong with what the person has not touched yet; the button only waits.
        self._wrong.setText(str(wrong) if wrong and answer != self._untouched else "")
        self.line.setAccessibleDescription(self._wrong.text())
        self.action.setEnabled(wrong is None)


class WindowAsk:
    """core's Ask for the window."""

    def __init__(self, shell: Callable[[], Shell], store: Store, settings: SettingsFile) -> None:
        self._shell, self._store, self._settings = shell, store, settings

    async def confirm(self, confirm: Confirm) -> bool:
        dialog = ConfirmDialog(self._parent(), confirm)
        again = dialog.again
        if not await dialog.answer():
            return False
        if again is not None and again.isChecked():
            self._settings.save(lambda settings: _unasked(settings, confirm.id))
        return True

    async def text(self, question: Question) -> str | None:
        dialog = QuestionDialog(self._parent(), question)
        line = dialog.line
        return line.text().strip() if await dialog.answer() else None

    async def labels(self, domains: Sequence[Domain]) -> LabelsEdit | None:
        everyone = [domain.labels for domain in self._store.domains.values()]
        tags = {tag for labels in everyone for tag in labels.tags}
        groups = {labels.group for labels in everyone if labels.group}
        dialog = LabelsDialog(self._parent(), domains, sorted(tags), sorted(groups))
        return dialog.edit() if await dialog.answer() else None

    def offer(self, offer: Offer) -> None:
        def run() -> None:
            self._shell().run(offer.command.id, offer.keys)

        if offer.undo:
            self._shell().notify(Notice(Problem(offer.message), Level.INFO, ((tr("Undo"), run),)))
            return
        actions = ((str(offer.command.text), run),)
        self._shell().notify(Notice(Problem(offer.message), Level.WARNING, actions))

    def tell(self, note: Text) -> None:
        self._shell().notify(Notice(Problem(note), Level.INFO))

    def warn(self, note: Text) -> None:
        """It stays until it is seen."""
        self._shell().notify(Notice(Problem(note), Level.WARNING))

    def copy(self, what: str) -> None:
        self._shell().copy(what)

    def open(self, key: DomainKey) -> None:
        self._shell().open_machine(key)

    def begin(self, work: str, key: DomainKey) -> None:
        self._shell().begin(work, key)

    def _parent(self) -> QWidget:
        return self._shell().widget()


def _unasked(settings: Settings, command_id: str) -> Settings:
    return replace(settings, confirmations={**settings.confirmations, command_id: False})


def _items(items: list[str]) -> QListWidget:
    """The things concerned, a line each; a list, so that a screen reader and a scroll wheel can walk through it."""
    view = QListWidget()
    view.setObjectName("items")
    view.setAccessibleName(tr("What is concerned"))
    view.addItems(items)
    view.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
    view.setFrameShape(QFrame.Shape.StyledPanel)
    view.setWordWrap(True)
    view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    view.setTextElideMode(Qt.TextElideMode.ElideMiddle)
    for row, item in enumerate(items):
        view.item(row).setToolTip(plain_tip(item))
    height = sum(view.sizeHintForRow(row) for row in range(min(len(items), ITEMS_MOST)))
    view.setFixedHeight(height + 2 * view.frameWidth() + GRID // 2)
    return view
