"""The base of all dialogs: opened, awaited, never exec()uted."""

import asyncio

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLayout, QPushButton, QVBoxLayout, QWidget

from vmdesk.model.text import tr
from vmdesk.ui.theme import GRID


class Dialog(QDialog):
    """A dialog with one button that does it and one that leaves everything as it is.

    `if await dialog.answer(): ...`; it is gone afterwards.
    """

    def __init__(self, parent: QWidget | None, title: str, action: str, cancel: bool = True) -> None:
        super().__init__(parent)
        self.setObjectName(type(self).__name__)
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.body = QVBoxLayout()
        self.body.setSpacing(GRID)
        self.buttons = QDialogButtonBox()
        self.action = QPushButton(action)
        self.action.setObjectName("action")
        self.buttons.addButton(self.action, QDialogButtonBox.ButtonRole.AcceptRole)
        self.action.setDefault(True)
        if cancel:
            self.cancel = self.buttons.addButton(tr("Cancel"), QDialogButtonBox.ButtonRole.RejectRole)
            self.cancel.setObjectName("cancel")
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)  # see showEvent
        layout.setContentsMargins(3 * GRID, 3 * GRID, 3 * GRID, 2 * GRID)
        layout.setSpacing(2 * GRID)
        layout.addLayout(self.body)
        layout.addWidget(self.buttons)

    def showEvent(self, event: QShowEvent) -> None:
        # Wrapped labels ask for the height of their narrowest form; what counts is the width the dialog really has.
        width = max(self.sizeHint().width(), self.minimumWidth())
        layout = self.layout()
        if layout is not None and layout.hasHeightForWidth():
            height = layout.totalHeightForWidth(width)
            self.setMinimumHeight(height)
            self.resize(width, height)
        super().showEvent(event)

    async def answer(self) -> bool:
        """Show it and wait until the person has decided: True for the action. Cancelling the task closes it."""
        decided: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def _on_finished(result: int) -> None:
            if not decided.done():
                decided.set_result(result == QDialog.DialogCode.Accepted)

        self.finished.connect(_on_finished)
        self.setWindowModality(Qt.WindowModality.WindowModal if self.parentWidget() else Qt.WindowModality.NonModal)
        self.open()
        try:
            return await decided
        finally:
            self.finished.disconnect(_on_finished)
            self.hide()
            self.deleteLater()
