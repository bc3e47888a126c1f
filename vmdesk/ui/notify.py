"""Desktop notifications: by the freedesktop service if it is there, else from the tray icon."""

import shutil

from PySide6.QtCore import QProcess
from PySide6.QtWidgets import QSystemTrayIcon

from vmdesk.core.notify import Announcement

_STAYS = 8000  # ms

_CALL = (
    "call",
    "--session",
    "--dest=org.freedesktop.Notifications",
    "--object-path=/org/freedesktop/Notifications",
    "--method=org.freedesktop.Notifications.Notify",
    "vmdesk",
    "0",
    "vmdesk",
)


def call_of(announcement: Announcement) -> list[str]:
    """gdbus's arguments. It reads them as GVariants: quoted, so that nothing in a name is taken for something else."""
    return [*_CALL, _quoted(announcement.title), _quoted(announcement.body), "[]", "{}", str(_STAYS)]


def show(announcement: Announcement, tray: QSystemTrayIcon | None) -> None:
    """Tell the desktop, and do not wait for it."""
    if tray is not None and tray.isVisible() and tray.supportsMessages():
        tray.showMessage(announcement.title, announcement.body, QSystemTrayIcon.MessageIcon.Information, _STAYS)
    elif program := shutil.which("gdbus"):
        process = QProcess()
        process.setProgram(program)
        process.setArguments(call_of(announcement))
        # Where no notification service runs it complains; that is nobody's concern.
        process.setStandardOutputFile(QProcess.nullDevice())
        process.setStandardErrorFile(QProcess.nullDevice())
        process.startDetached()


def _quoted(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"
