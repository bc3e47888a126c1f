"""What a text console printed, in a file: written by a thread of its own, since disks can be slow."""

import contextlib
import os
import queue
import re
import threading
from collections.abc import Callable
from pathlib import Path

LARGEST = 64 * 1024 * 1024  # bytes; then the file becomes FILE.1 and a new one begins
_WAITING = 512  # pieces that may wait for the disk
_LONGEST_TAIL = 4400

# Escape sequences and what else does not belong into a file to be read.
_NOT_TEXT = re.compile(
    rb"\x1b\[[0-?]{0,256}[ -/]{0,2}[@-~]|\x1b[\]PX^_][^\x07\x18\x1a\x1b]{0,4096}(?:\x07|\x1b\\)?"
    rb"|\x1b[ -/]{0,2}[0-~]|[\x00-\x08\x0b-\x1f\x7f]"
)
# A sequence, whole or not, at the end of a piece: the next piece tells.
_TAIL = re.compile(rb"\x1b(?:\[[0-?]{0,256}[ -/]{0,2}|[\]PX^_][^\x07\x18\x1a\x1b]{0,4096}\x1b?|[ -/]{0,2})\Z")


class Log:
    """Appends to `file`, readable by the owner only. Raises OSError at once if it cannot be opened.

    raw     with escape sequences, as it came (`less -R` shows it); otherwise the text only
    failed  called on the log's thread if writing fails later; nothing more is written then
    """

    def __init__(
        self,
        file: Path,
        raw: bool = False,
        largest: int = LARGEST,
        failed: Callable[[OSError], None] = lambda _error: None,
    ) -> None:
        self.file = file
        self._raw, self._largest, self._failed = raw, largest, failed
        self._fd = self._open()
        self._size = os.fstat(self._fd).st_size
        self._rest = b""
        self._lost = 0
        self._pieces: queue.Queue[bytes | None] = queue.Queue(_WAITING)
        self._thread = threading.Thread(target=self._work, name=f"log {file.name}", daemon=True)
        self._thread.start()

    def write(self, data: bytes) -> None:
        """Returns at once; what comes faster than the disk takes it is counted and left out."""
        note = f"\n[{self._lost} bytes left out]\n".encode() if self._lost else b""
        try:
            self._pieces.put_nowait(note + data)
            self._lost = 0
        except queue.Full:
            self._lost += len(data)

    def close(self, seconds: float = 0.2) -> None:
        """Write what waits, for `seconds` at most."""
        with contextlib.suppress(queue.Full):
            self._pieces.put(None, timeout=seconds)
        self._thread.join(seconds)

    def _open(self) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        return os.open(self.file, flags, 0o600)

    def _work(self) -> None:
        try:
            while (piece := self._pieces.get()) is not None:
                self._write(piece if self._raw else self._text(piece))
        except OSError as error:
            self._failed(error)
        finally:
            os.close(self._fd)

    def _text(self, piece: bytes) -> bytes:
        data = self._rest + piece
        tail = _TAIL.search(data, max(0, len(data) - _LONGEST_TAIL))
        self._rest = tail.group() if tail else b""
        return _NOT_TEXT.sub(b"", data[: len(data) - len(self._rest)])

    def _write(self, data: bytes) -> None:
        if self._size and self._size + len(data) > self._largest:
            older = self.file.with_name(self.file.name + ".1")
            os.replace(self.file, older)
            os.close(self._fd)
            self._fd = self._open()
            self._size = 0
        view = memoryview(data)
        while view:
            view = view[os.write(self._fd, view) :]
        self._size += len(data)
