"""Desktop notifications: by the freedesktop service if it is there, else from the tray icon."""

import html
import shutil
from collections.abc import Callable

from PySide6.QtCore import QProcess
from PySide6.QtWidgets import QSystemTrayIcon

from vmdesk.core.notify import Announcement

_STAYS = 8000  # ms

Start = Callable[[str, list[str]], None]

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
    """gdbus's arguments. It reads them as GVariants: quoted, so that nothing in a name is taken for something else.

    The service takes the body for a kind of HTML.
    """
    body = html.escape(announcement.body, quote=False)
    return [*_CALL, _quoted(announcement.title), _quoted(body), "[]", "{}", str(_STAYS)]


def _start(program: str, arguments: list[str]) -> None:
    process = QProcess()
    process.setProgram(program)
    process.setArguments(arguments)
    # Where no notification service runs it complains; that is nobody's concern.
    process.setStandardOutputFile(QProcess.nullDevice())
    process.setStandardErrorFile(QProcess.nullDevice())
    process.startDetached()


def show(announcement: Announcement, tray: QSystemTrayIcon | None, start: Start = _start) -> None:
    """Tell the desktop, and do not wait for it."""
    if tray is not None and tray.isVisible() and tray.supportsMessages():
        tray.showMessage(announcement.title, announcement.body, QSystemTrayIcon.MessageIcon.Information, _STAYS)
    elif program := shutil.which("gdbus"):
        start(program, call_of(announcement))


def _quoted(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"
