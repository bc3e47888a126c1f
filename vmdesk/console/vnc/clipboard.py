"""The clipboard, both ways, each only while it is allowed: the old message (Latin 1) and the extended one (Unicode)."""

import struct
import threading
import zlib
from collections.abc import Callable
from typing import Final

from vmdesk.console.vnc import messages

LONGEST: Final = 1 << 20  # bytes of text; longer ones do not pass, in either direction
_TEXT: Final = 1
_CAPS, _REQUEST, _PEEK, _NOTIFY, _PROVIDE = (1 << bit for bit in range(24, 29))


class Clipboard:
    """One connection's. The reader calls the `on_...`, anybody the rest."""

    def __init__(self, send: Callable[[bytes], None], deliver: Callable[[str], None]) -> None:
        self.as_is = False  # QEMU passes lines and length on to the guest as they come
        self._send = send
        self._deliver = deliver
        self._lock = threading.Lock()
        self._to_guest = self._from_guest = False
        self._extended = False
        self._notifies = False
        self._ours: str | None = None

    def allow(self, to_guest: bool, from_guest: bool) -> None:
        with self._lock:
            self._to_guest, self._from_guest = to_guest, from_guest
            if not to_guest and self._ours is not None:
                self._ours = None
                if self._extended and self._notifies:
                    self._tell(_NOTIFY)

    def set(self, text: str) -> None:
        """The guest may have this now. An extended server fetches it when the guest pastes."""
        with self._lock:
            if not self._to_guest or len(text.encode("utf-8", "replace")) > LONGEST:
                return
            self._ours = text
            if not self._extended:
                self._send(messages.cut_text(_unix(text).encode("latin-1", "replace")))
            elif self._notifies:
                self._tell(_NOTIFY | _TEXT)
            else:
                self._provide(text)

    def on_text(self, latin1: bytes) -> None:
        if self._from_guest:
            self._deliver(_unix(latin1.decode("latin-1")))

    def on_extended(self, data: bytes) -> None:
        """A message of the extension; what makes no sense is passed over."""
        if len(data) < 4:
            return
        flags = int.from_bytes(data[:4], "big")
        with self._lock:
            if flags & _CAPS:
                self._extended = True
                self._notifies = bool(flags & _NOTIFY)
                self._tell(_CAPS | _REQUEST | _PEEK | _NOTIFY | _PROVIDE | _TEXT, struct.pack(">I", LONGEST))
                return
            if flags & _NOTIFY and flags & _TEXT and self._from_guest:
                self._tell(_REQUEST | _TEXT)
            if flags & _PEEK and self._to_guest:
                self._tell(_NOTIFY | (_TEXT if self._ours is not None else 0))
            if flags & _REQUEST and flags & _TEXT and self._to_guest and self._ours is not None:
                self._provide(self._ours)
        if flags & _PROVIDE and flags & _TEXT and self._from_guest and (text := _unpack(data[4:])) is not None:
            self._deliver(text)

    def _provide(self, text: str) -> None:
        plain = _unix(text)
        data = plain.encode("utf-8", "replace") if self.as_is else plain.replace("\n", "\r\n").encode() + b"\0"
        self._tell(_PROVIDE | _TEXT, zlib.compress(struct.pack(">I", len(data)) + data))

    def _tell(self, flags: int, more: bytes = b"") -> None:
        self._send(messages.extended_cut_text(struct.pack(">I", flags) + more))


def _unpack(packed: bytes) -> str | None:
    try:
        data = zlib.decompressobj().decompress(packed, 4 + LONGEST + 1)
    except zlib.error:
        return None
    if len(data) < 4:
        return None
    size = int.from_bytes(data[:4], "big")
    if size > LONGEST or size > len(data) - 4:
        return None
    return _unix(data[4 : 4 + size].decode("utf-8", "replace").rstrip("\0"))


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n")
