"""USB devices of this computer, handed to the machine: a list, connect, disconnect."""

import concurrent.futures
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vmdesk.console.spice import words
from vmdesk.console.spice.glib import Library
from vmdesk.model.errors import Problem, VirtError

Done = concurrent.futures.Future[None]
_REFUSED = ("acl", "polkit", "not authorized", "access denied", "libusb_error_access", "permission")


@dataclass(frozen=True, slots=True)
class UsbDevice:
    """A device that is plugged in here. `id` holds while it is; `why_not` it cannot be handed over, "" if it can."""

    id: str
    text: str
    connected: bool
    why_not: str = ""


class Usb:
    """The devices of one session. Everything is for the library's thread."""

    def __init__(self, library: Library, session: Any, changed: Callable[[], None]) -> None:
        """VirtError if the library has no USB. `changed`: a device came or went."""
        self._library = library
        try:
            self._manager: Any = library.spice.UsbDeviceManager.get(session)
        except library.glib.Error as error:
            raise VirtError(words.no_usb(error.message)) from None
        if self._manager is None:
            raise VirtError(words.no_usb())
        self._changed = changed
        self._signals = [
            library.on(self._manager, signal, lambda *_: changed())
            for signal in ("device-added", "device-removed", "device-error")
        ]

    def end(self) -> None:
        for number in self._signals:
            self._library.off(self._manager, number)
        self._manager = None

    def devices(self) -> tuple[UsbDevice, ...]:
        return tuple(self._told(device) for device in self._manager.get_devices())

    def connect(self, id_wanted: str, done: Done) -> None:
        device = self._find(id_wanted)
        if device is None:
            done.set_exception(VirtError(words.usb_gone()))
        elif self._manager.is_device_connected(device):
            done.set_result(None)
        elif not self._manager.get_property("free-channels"):
            done.set_exception(VirtError(words.no_usb_channel()))
        else:
            self._manager.connect_device_async(device, None, self._on_connected, done)

    def disconnect(self, id_wanted: str, done: Done) -> None:
        device = self._find(id_wanted)
        if device is None or not self._manager.is_device_connected(device):
            done.set_result(None)
        else:
            self._manager.disconnect_device_async(device, None, self._on_disconnected, done)

    def _on_connected(self, manager: Any, result: Any, done: Done) -> None:
        self._settle(manager.connect_device_finish, result, done)

    def _on_disconnected(self, manager: Any, result: Any, done: Done) -> None:
        self._settle(manager.disconnect_device_finish, result, done)

    def _settle(self, finish: Callable[[Any], bool], result: Any, done: Done) -> None:
        problem: Problem | None = None
        try:
            finish(result)
        except self._library.glib.Error as error:
            problem = why(error.message)
        if done.done():
            return
        if problem:
            done.set_exception(VirtError(problem))
        else:
            done.set_result(None)
        if self._manager is not None:
            self._changed()

    def _find(self, id_wanted: str) -> Any:
        return next((device for device in self._manager.get_devices() if _id(device) == id_wanted), None)

    def _told(self, device: Any) -> UsbDevice:
        connected = bool(self._manager.is_device_connected(device))
        reason = ""
        if not connected:
            try:
                self._manager.can_redirect_device(device)
            except self._library.glib.Error as error:
                reason = error.message
        return UsbDevice(_id(device), device.get_description("%s %s %s") or "", connected, reason)


def _id(device: Any) -> str:
    """Bus and address, maker and product: `%d-%d` of the library's five arguments are the bus and the address."""
    text: str = device.get_description(None)
    return text


def why(message: str) -> Problem:
    """The library's words in ours."""
    lowered = message.lower()
    if any(word in lowered for word in _REFUSED):
        return words.usb_not_allowed(message)
    return words.usb_failed(message)
