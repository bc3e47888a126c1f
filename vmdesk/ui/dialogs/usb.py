"""Which USB devices of this computer the machine has now. Nothing is handed over until it is ticked."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from vmdesk.core.sharing import Device, Session
from vmdesk.model.errors import VirtError
from vmdesk.model.text import tr
from vmdesk.ui.dialogs.dialog import Dialog
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.form import Heading, Muted

Spawn = Callable[[str, Coroutine[Any, Any, None]], "asyncio.Task[None]"]
_ID = Qt.ItemDataRole.UserRole


class UsbDialog(Dialog):
    """Stays beside the window while one plugs in and out. `machine`: its name."""

    def __init__(self, parent: QWidget | None, session: Session, spawn: Spawn, machine: str) -> None:
        title = tr("USB devices for {name}", name=machine)
        super().__init__(parent, title, tr("Close"), cancel=False)
        self._session, self._spawn = session, spawn
        self._loop = asyncio.get_running_loop()
        self._open, self._filling, self._busy = True, False, False
        self.setMinimumWidth(64 * GRID)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.body.addWidget(Heading(title))
        self.body.addWidget(Muted(tr("A ticked device belongs to the guest: this computer cannot use it meanwhile.")))
        self.devices = QListWidget()
        self.devices.setObjectName("usb-devices")
        self.devices.setAccessibleName(tr("USB devices of this computer"))
        self.devices.setMinimumHeight(24 * GRID)
        self.devices.itemChanged.connect(self._on_item)
        self.devices.hide()
        self.body.addWidget(self.devices)
        self.note = Muted(tr("Looking for devices…"))
        self.note.setObjectName("usb-note")
        self.note.setWordWrap(True)
        self.body.addWidget(self.note)
        self.finished.connect(self._on_finished)
        session.usb_changed = self._on_changed
        self._look()

    def _on_changed(self) -> None:
        """On the library's thread."""
        with contextlib.suppress(RuntimeError):  # the program has ended
            self._loop.call_soon_threadsafe(self._look)

    def _look(self) -> None:
        if self._open and not self._busy:
            self._spawn("usb devices", self._fill())

    async def _fill(self, problem: str = "") -> None:
        try:
            found = await self._session.usb_devices()
        except VirtError as error:
            found, problem = (), str(error.problem)
        if not self._open:
            return
        self._filling = True
        self.devices.clear()
        for device in found:
            self.devices.addItem(_item(device))
        self._filling = False
        self.devices.setVisible(bool(found))
        self.note.setText(
            problem or ("" if found else tr("No USB device is plugged in here. Plug one in: it is listed at once."))
        )
        self.note.setVisible(bool(self.note.text()))

    def _on_item(self, item: QListWidgetItem) -> None:
        if self._filling or self._busy:
            return
        self._busy = True
        self.devices.setEnabled(False)
        self.note.setText(tr("One moment… The system may ask for your password."))
        self.note.show()
        self._spawn("usb device", self._hand(item.data(_ID), item.checkState() is Qt.CheckState.Checked))

    async def _hand(self, device: str, on: bool) -> None:
        problem = ""
        try:
            await (self._session.usb_connect(device) if on else self._session.usb_disconnect(device))
        except VirtError as error:
            problem = str(error.problem)
        self._busy = False
        if self._open:
            self.devices.setEnabled(True)
            await self._fill(problem)

    def _on_finished(self) -> None:
        self._open = False
        self._session.usb_changed = lambda: None

    def closeEvent(self, event: QCloseEvent) -> None:
        self._on_finished()
        super().closeEvent(event)


def _item(device: Device) -> QListWidgetItem:
    words = f"{device.text}\n{device.why_not}" if device.why_not else device.text
    item = QListWidgetItem(words)
    item.setData(_ID, device.id)
    item.setCheckState(Qt.CheckState.Checked if device.connected else Qt.CheckState.Unchecked)
    if device.why_not and not device.connected:
        item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEnabled)
    return item
