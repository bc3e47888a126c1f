"""A screen recorded: what changed goes to a file of our own as it comes, and becomes a GIF or WebP at the end.

Bounded in time, in pictures waiting and in bytes. One thread a recording, which ends with it.
"""

import importlib
import io
import os
import queue
import struct
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from vmdesk.console.screen import Surface, pillow
from vmdesk.console.small import fitting
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import text

RATE = 5.0  # pictures a second at most
LONGEST = 300.0  # seconds
LARGEST = 96 * 1024 * 1024  # bytes kept
ROOM = (1280, 1024)  # larger screens are made smaller
WAITING = 2  # pictures that may wait for the worker; more are left out
_LAST = 1.0  # seconds for which the last picture is shown at least
_BILINEAR = 2
_ADAPTIVE = 1  # PIL.Image.Palette.ADAPTIVE

Progress = Callable[[float], None]


class End(Enum):
    """Why a recording ended by itself."""

    LONG = "long"
    LARGE = "large"
    DISK = "disk"


@dataclass(frozen=True, slots=True)
class _Piece:
    """What changed at `at` (seconds from the start): `box` in the picture, packed at `offset` of the spool."""

    at: float
    box: tuple[int, int, int, int]
    offset: int
    length: int


class Recording:
    """`ended(why)` is told on the worker's thread when a limit is reached; then nothing more is taken.

    frame   main thread: a copy of the surface is taken, at most RATE times a second
    stop    no more pictures
    save    write the file; blocks, so not on the main thread
    close   forget everything
    """

    def __init__(
        self,
        ended: Callable[[End], None],
        longest: float = LONGEST,
        largest: int = LARGEST,
        room: tuple[int, int] = ROOM,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ended = ended
        self._longest, self._largest, self._room, self._clock = longest, largest, room, clock
        self._spool = tempfile.TemporaryFile(prefix="vmdesk-recording-")  # noqa: SIM115 - closed by close()
        self._pieces: list[_Piece] = []
        self._size: tuple[int, int] | None = None
        self._canvas: Any = None
        self._kept = 0
        self._began: float | None = None
        self._last = -1.0
        self._over: float | None = None
        self._waiting: queue.Queue[tuple[float, int, int, int, bytes] | None] = queue.Queue(WAITING + 1)
        self._thread = threading.Thread(target=self._work, name="recording", daemon=True)
        self._thread.start()

    # ---------------------------------------------------------------- while it runs

    @property
    def running(self) -> bool:
        return self._over is None

    @property
    def seconds(self) -> float:
        """How long it is."""
        if self._began is None:
            return 0.0
        return (self._clock() if self._over is None else self._over) - self._began

    @property
    def size(self) -> int:
        """Bytes kept."""
        return self._kept

    @property
    def empty(self) -> bool:
        return not self._pieces

    def frame(self, surface: Surface) -> bool:
        """Take what is on the screen now. False: too early, too much waiting, or over; come again."""
        now = self._clock()
        if self._over is not None or now - self._last < 1 / RATE or self._waiting.qsize() >= WAITING:
            return False
        self._last = now
        if self._began is None:
            self._began = now
        data = bytes(surface.data[: surface.stride * surface.height])
        self._waiting.put((now - self._began, surface.width, surface.height, surface.stride, data))
        return True

    def stop(self) -> None:
        """Idempotent. Pictures that were taken are still kept."""
        if self._over is None:
            self._over = self._clock()
            self._waiting.put(None)

    def close(self) -> None:
        """After this there is nothing to save."""
        self.stop()
        self._thread.join(timeout=10)
        self._spool.close()

    def _end(self, why: End) -> None:
        self._over = self._clock()
        self._ended(why)

    # ---------------------------------------------------------------- the worker

    def _work(self) -> None:
        while item := self._waiting.get():
            if self._over is not None and self._pieces and self._kept >= self._largest:
                continue
            try:
                self._keep(*item)
            except OSError:
                self._end(End.DISK)
                return
            if self._over is None and item[0] >= self._longest:
                self._end(End.LONG)
                return
            if self._over is None and self._kept >= self._largest:
                self._end(End.LARGE)
                return

    def _keep(self, at: float, width: int, height: int, stride: int, data: bytes) -> None:
        picture = pillow().frombuffer("RGB", (width, height), data, "raw", "BGRX", stride, 1)
        if self._size is None:
            self._size = fitting((width, height), self._room)
        picture = self._fitted(picture)
        box = (0, 0, *self._size)
        if self._canvas is not None:
            box = _changed(self._canvas, picture)
            if not box:
                return
        self._canvas = picture
        packed = zlib.compress(picture.crop(box).tobytes(), 1)
        self._spool.seek(0, os.SEEK_END)
        offset = self._spool.tell()
        self._spool.write(packed)
        self._kept = offset + len(packed)
        self._pieces.append(_Piece(at, box, offset, len(packed)))

    def _fitted(self, picture: Any) -> Any:
        """Every picture has the size of the first: a screen of another size is put into it."""
        assert self._size
        size = fitting(picture.size, self._size)
        if size != picture.size:
            picture = picture.resize(size, _BILINEAR, None, 2.0)
        if size != self._size:
            whole = pillow().new("RGB", self._size)
            whole.paste(picture, ((self._size[0] - size[0]) // 2, (self._size[1] - size[1]) // 2))
            picture = whole
        return picture

    # ---------------------------------------------------------------- afterwards

    def save(self, file: Path, progress: Progress = lambda part: None) -> None:
        """As a GIF or WebP, by the file's ending. VirtError; what could not be finished is not left behind."""
        self.stop()
        self._thread.join()
        if not self._pieces:
            raise VirtError(Problem(text("Nothing was recorded: no picture came."), name="empty"))
        part = file.with_name(f".{file.name}.part")
        try:
            with part.open("wb") as stream:
                (self._webp if file.suffix.lower() == ".webp" else self._gif)(stream, progress)
            part.replace(file)
        except OSError as error:
            part.unlink(missing_ok=True)
            what = text("The recording could not be saved as {file}.", file=str(file))
            raise VirtError(Problem(what, details=error.strerror or str(error), name="save")) from error
        except BaseException:
            part.unlink(missing_ok=True)
            raise

    def _durations(self) -> list[int]:
        """Milliseconds for which each picture is seen."""
        starts = [piece.at for piece in self._pieces]
        end = max(self.seconds, starts[-1] + _LAST)
        return [max(20, round((after - at) * 1000)) for at, after in zip(starts, [*starts[1:], end], strict=True)]

    def _images(self) -> Iterator[tuple[_Piece, Any]]:
        """What changed, piece by piece."""
        for piece in self._pieces:
            self._spool.seek(piece.offset)
            data = zlib.decompress(self._spool.read(piece.length))
            left, top, right, bottom = piece.box
            yield piece, pillow().frombytes("RGB", (right - left, bottom - top), data)

    def _gif(self, stream: io.BufferedWriter, progress: Progress) -> None:
        """Written by hand around Pillow's frames: its own writer keeps all pictures in memory until the end."""
        assert self._size
        gif = _plugin("GifImagePlugin")
        stream.write(b"GIF89a" + struct.pack("<HHBBB", *self._size, 0, 0, 0))
        stream.write(b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00")  # again and again
        durations = self._durations()
        for place, (piece, image) in enumerate(self._images()):
            few = image.convert("P", palette=_ADAPTIVE, colors=256)
            for block in gif.getdata(few, piece.box[:2], duration=durations[place], include_color_table=True):
                stream.write(block)
            progress((place + 1) / len(self._pieces))
        stream.write(b";")

    def _webp(self, stream: io.BufferedWriter, progress: Progress) -> None:
        film = _film(self._whole(progress), len(self._pieces), self._size)
        film.save(stream, "WEBP", save_all=True, duration=self._durations(), quality=80, method=0, loop=0)

    def _whole(self, progress: Progress) -> Iterator[Any]:
        """Whole pictures, one after the other."""
        canvas = pillow().new("RGB", self._size)
        for place, (piece, image) in enumerate(self._images()):
            canvas.paste(image, piece.box[:2])
            progress((place + 1) / len(self._pieces))
            yield canvas


def _changed(old: Any, new: Any) -> Any:
    """The box around what differs; None if nothing does."""
    return _plugin("ImageChops").difference(old, new).getbbox()


def _plugin(name: str) -> Any:
    """A part of Pillow, loaded with the first recording."""
    return importlib.import_module(f"PIL.{name}")


def _film(pictures: Iterator[Any], count: int, size: tuple[int, int] | None) -> Any:
    """A Pillow image of many frames that come from an iterator, one in memory at a time."""
    module = pillow()

    class Film(module.Image):  # type: ignore[misc, name-defined]
        n_frames = count

        def __init__(self) -> None:
            super().__init__()
            self._place = -1
            self._mode, self._size = "RGB", size
            self.seek(0)

        def seek(self, frame: int) -> None:
            while self._place < frame:
                self._place += 1
                self.im = next(pictures).im

        def tell(self) -> int:
            return int(self._place)

    return Film()
