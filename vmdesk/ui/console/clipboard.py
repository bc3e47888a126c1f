"""The clipboards of desktop and guest, joined only where and while the person wants it."""

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication

from vmdesk.console.screen import Backend
from vmdesk.core.screens import Screens
from vmdesk.model.display import Displays
from vmdesk.model.domain import DomainKey
from vmdesk.model.text import Text, text, tr

LONGEST = 1024 * 1024  # characters that go over


class ClipboardLink(QObject):
    """One machine's. Both directions are off at the start, and off again for the next VMDesk."""

    def __init__(
        self, screens: Screens, key: DomainKey, backend: Callable[[], Backend | None], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._screens, self._key, self._backend = screens, key, backend
        self._from_guest = ""
        QGuiApplication.clipboard().dataChanged.connect(self._on_ours)

    @property
    def allowed(self) -> tuple[bool, bool]:
        """(to the guest, from the guest)"""
        return self._screens.allowed(self._key)

    def allow(self, to_guest: bool, from_guest: bool) -> None:
        """Holds at once. What is on the desktop's clipboard goes over only when it is copied from now on."""
        self._screens.allow(self._key, to_guest, from_guest)

    def take(self, words: str) -> None:
        """The guest copied something."""
        if self.allowed[1]:
            self._from_guest = words[:LONGEST]
            QGuiApplication.clipboard().setText(self._from_guest)

    def _on_ours(self) -> None:
        backend = self._backend() if self.allowed[0] else None
        if backend is None or QGuiApplication.applicationState().name != "ApplicationActive":
            return
        words = QGuiApplication.clipboard().text()
        if words and words != self._from_guest:
            backend.clipboard_set(words[:LONGEST])


def locked(found: Displays, protocol: str) -> Text | None:
    """Why no clipboard can pass, whatever is switched on."""
    display = next((one for one in found.graphics if one.kind == protocol), None)
    if protocol == "spice":
        if display is not None and not display.copy_paste:
            return text("Locked by the machine's definition (copypaste='no').")
        if not any(channel.kind == "spicevmc" for channel in found.channels):
            return text("The machine has no channel for the clipboard (spicevmc).")
        return None
    channel = next((one for one in found.channels if one.kind == "qemu-vdagent"), None)
    if channel is None:
        return text("The machine has no channel for the clipboard (qemu-vdagent).")
    if not channel.copy_paste:
        return text("Locked by the machine's definition (copypaste='no').")
    return None


def not_yet(found: Displays) -> Text | None:
    """Why nothing comes over although it may."""
    agents = [one for one in found.channels if one.kind in ("qemu-vdagent", "spicevmc")]
    if agents and all(one.connected is False for one in agents):
        return text("Agent missing: install spice-vdagent in the guest.")
    return None


def state_words(allowed: tuple[bool, bool]) -> str:
    """For the button: what passes now."""
    if allowed == (True, True):
        return tr("Clipboard: both ways")
    if allowed[0]:
        return tr("Clipboard: to the guest")
    return tr("Clipboard: from the guest") if allowed[1] else tr("Clipboard: off")
