"""A text console in the place of the screen."""

import asyncio
from typing import Any

from PySide6.QtWidgets import QVBoxLayout, QWidget

from vmdesk.model.domain import DomainKey
from vmdesk.ui.widgets.terminal import TerminalPane
from vmdesk.virt.consoles import TextConsole


class TextSide(QWidget):
    """Open as long as it lives: what is printed while nobody looks is there to scroll back to."""

    def __init__(self, sessions: Any, jobs: Any, key: DomainKey, device: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.device = device
        self.terminal = TerminalPane(lambda data: self._console.send(data))
        self._console = TextConsole(
            lambda: sessions.of(key).require(), key.uuid, device, self.terminal.view.feed, self.terminal.show_state
        )
        self.terminal.taking.connect(self._console.take_over)
        self.terminal.again.connect(self._console.wake)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self.terminal)
        self.setFocusProxy(self.terminal)
        task: asyncio.Task[None] = jobs.spawn(f"text console {device}", self._console.run())
        self.destroyed.connect(lambda: task.cancel())

    def wake(self) -> None:
        """The machine or its host may be back."""
        self._console.wake()
