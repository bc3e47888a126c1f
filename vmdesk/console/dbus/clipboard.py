"""org.qemu.Display1.Clipboard: text between our clipboard and the guest's agent, each way only while it is allowed.

Whoever copies "grabs" with a number one higher than the last one seen; the text itself is asked for afterwards.
"""

from collections.abc import Callable, Sequence
from typing import Any

from vmdesk.console.dbus import wire
from vmdesk.console.dbus.frames import serve
from vmdesk.console.dbus.link import Link

PATH = "/org/qemu/Display1/Clipboard"
CLIPBOARD = "org.qemu.Display1.Clipboard"
TEXT_MAX = 1 << 20
_MIME = "text/plain;charset=utf-8"
_SELECTION = 0  # the clipboard proper; 1 and 2 are X11's primary and secondary

Then = Callable[[tuple[Any, ...] | None], None]


class Clipboard:
    """A machine's clipboard. Everything but the attributes is for the display's thread."""

    def __init__(self, link: Link, request: Callable[..., None], told: Callable[[str], None]) -> None:
        """`request(path, interface, member, signature, values, then)`; `told`: the guest has copied this text."""
        self._link = link
        self._request = request
        self._told = told
        self.to_guest = False
        self.from_guest = False
        self._registered = False
        self._serial = 0
        self._text: bytes | None = None  # what we have grabbed the clipboard for

    def update(self) -> None:
        """The attributes have changed."""
        wanted = self.to_guest or self.from_guest
        if wanted and not self._registered:
            self._registered = True
            # A viewer before us may have gone without a word, and QEMU then still counts it as the one viewer.
            self._link.call(PATH, CLIPBOARD, "Unregister")
            self._ask("Register")
        elif not wanted and self._registered:
            self.leave()
        if not self.to_guest and self._text is not None:
            self._text = None
            self._link.call(PATH, CLIPBOARD, "Release", "u", [_SELECTION])

    def leave(self) -> None:
        """Give it back. From any thread."""
        if self._registered:
            self._registered = False
            self._link.call(PATH, CLIPBOARD, "Unregister")

    def set(self, text: str) -> None:
        """We have copied this text."""
        data = text.encode("utf-8", "replace")
        if not (self.to_guest and self._registered) or len(data) > TEXT_MAX:
            return
        self._text = data
        self._serial += 1
        self._ask("Grab", "uuas", [_SELECTION, self._serial & 0xFFFFFFFF, [_MIME]])

    def _ask(self, member: str, signature: str = "", values: Sequence[Any] = (), then: Then = lambda _: None) -> None:
        self._request(PATH, CLIPBOARD, member, signature, values, then)

    def handle(self, header: wire.Header) -> None:
        """QEMU calls us."""
        fields = header.fields
        call = (fields.member, fields.signature)
        if fields.interface != CLIPBOARD:
            serve(self._link, header, {CLIPBOARD: []})
        elif not self._registered:
            self._link.refuse(header, "not registered")
        elif call == ("Register", ""):
            self._serial = 0
            self._link.answer(header)
        elif call == ("Grab", "uuas"):
            self._grabbed(*wire.decode("uuas", self._link.rest(1 << 16)))
            self._link.answer(header)
        elif call == ("Release", "u"):
            self._link.answer(header)
        elif call == ("Request", "uas"):
            self._requested(header, *wire.decode("uas", self._link.rest(1 << 16)))
        else:
            serve(self._link, header, {})

    def _grabbed(self, selection: int, serial: int, mimes: list[str]) -> None:
        if selection != _SELECTION:
            return
        self._serial = max(self._serial, serial)
        self._text = None
        if self.from_guest and _MIME in mimes:
            self._ask("Request", "uas", [_SELECTION, [_MIME]], self._received)

    def _received(self, values: tuple[Any, ...] | None) -> None:
        if not values or len(values) != 2 or not isinstance(values[1], bytes) or not self.from_guest:
            return
        if values[0] == _MIME and len(values[1]) <= TEXT_MAX:
            self._told(values[1].decode("utf-8", "replace").rstrip("\0"))

    def _requested(self, header: wire.Header, selection: int, mimes: list[str]) -> None:
        # QEMU stands still until this is answered.
        if self._text is None or not self.to_guest or selection != _SELECTION or _MIME not in mimes:
            self._link.refuse(header, "nothing to give")
        else:
            self._link.answer(header, "say", [_MIME, self._text])
