"""Text for the guest, typed or taken from a file."""

from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from vmdesk.model.errors import VirtError
from vmdesk.model.text import tr
from vmdesk.ui.parts import Level, Notice
from vmdesk.ui.theme import GRID
from vmdesk.ui.wizards.new.desk import Desk


class DataEdit(QWidget):
    def __init__(self, desk: Desk, name: str, title: str, hint: str) -> None:
        super().__init__()
        self._desk, self._title = desk, title
        self.edit = QPlainTextEdit()
        self.edit.setObjectName(name)
        self.edit.setAccessibleName(title)
        self.edit.setTabChangesFocus(True)
        self.edit.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.edit.setPlaceholderText(hint)
        self.edit.setFixedHeight(8 * self.edit.fontMetrics().lineSpacing() + 2 * GRID)
        browse = QPushButton(tr("From a file…"))
        browse.setObjectName(f"{name}-browse")
        browse.setAccessibleName(tr("From a file: {title}", title=title))
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
        dialog = QFileDialog(self, self._title)
        dialog.fileSelected.connect(lambda path: self._desk.parts.jobs.spawn(self._title, self._read(path)))
        dialog.open()

    async def _read(self, path: str) -> None:
        try:
            self.edit.setPlainText(await self._desk.workshop.text_of(path))
        except VirtError as error:
            self._desk.parts.shell.notify(Notice(error.problem, Level.ERROR))
