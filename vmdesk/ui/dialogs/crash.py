"""A mistake of the program: said once, with what somebody needs to mend it, and the window goes on."""

import platform
import traceback

from PySide6 import __version__ as qt_version
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QDialogButtonBox, QPlainTextEdit, QPushButton, QWidget

from vmdesk import __version__
from vmdesk.model.text import tr
from vmdesk.ui.dialogs.dialog import Dialog
from vmdesk.ui.plain import PlainLabel
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.form import Heading, Muted


def report(error: BaseException) -> str:
    """What a bug report needs; no machine's name is added to what the error itself says."""
    lines = traceback.format_exception(error)
    versions = f"VMDesk {__version__}\nPython {platform.python_version()}, PySide6 {qt_version}\n{platform.platform()}"
    return versions + "\n\n" + "".join(lines)


class CrashDialog(Dialog):
    """Not modal: whatever else was going on goes on. Later mistakes are added to the one that is open."""

    def __init__(self, parent: QWidget | None, error: BaseException) -> None:
        super().__init__(parent, tr("VMDesk made a mistake"), tr("Go on"), cancel=False)
        self.setMinimumWidth(80 * GRID)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.body.addWidget(Heading(tr("VMDesk made a mistake")))
        words = PlainLabel(tr("Your machines are not affected: they run on their own. You can go on working."))
        words.setWordWrap(True)
        self.body.addWidget(words)
        self.details = QPlainTextEdit(report(error))
        self.details.setObjectName("details")
        self.details.setReadOnly(True)
        self.details.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.details.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.details.setMinimumHeight(25 * GRID)
        self.details.setAccessibleName(tr("Details"))
        self.body.addWidget(self.details)
        self.body.addWidget(
            Muted(tr("The details may contain names of machines and hosts. Read them before you send them."))
        )
        copy = QPushButton(tr("Copy details"))
        copy.setObjectName("copy")
        self.buttons.addButton(copy, QDialogButtonBox.ButtonRole.ActionRole)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.details.toPlainText()))

    def add(self, error: BaseException) -> None:
        """One more mistake while the dialog is open."""
        self.details.appendPlainText("\n" + report(error))
