"""One display channel's picture: what the library draws, in memory that viewers may keep (pages.py).

QEMU sends a frame as some 60 columns, from left to right: they are joined as they come, and told of together. Where
the memory cannot be shared, or the picture has another format, the rectangle around them is copied.
"""

import contextlib
import ctypes
import functools
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from vmdesk.console.screen import Rect, Surface, pillow, size_allowed
from vmdesk.console.spice.glib import Monitor
from vmdesk.console.spice.pages import Pages

# SPICE_SURFACE_FMT_*: what Pillow calls it ("" as it is)
FORMATS: Final = {32: "", 96: "", 16: "BGR;15", 80: "BGR;16"}
_RECTS = 8  # changes told apart; more become one
_LATE = 0.02  # seconds a change waits at most while others come
_QUIET = 0.008  # seconds without another change after which a large one is thought to be whole
_LARGE = 256 * 256  # pixels; a smaller change does not wait for others: it may be what a key wrote
_MOVING = 0.1  # seconds after a large change in which a small one is thought to be the beginning of the next
_UNMARKED = 0.25  # seconds after which a new picture is shown though the server has not said that it is ready

_Four = tuple[int, int, int, int]


class CannotShow(Exception):
    """width, height or format is not for us: `size` or `format` tells."""

    def __init__(self, size: tuple[int, int] | None = None, kind: int = 0) -> None:
        super().__init__(size or kind)
        self.size = size
        self.kind = kind


class Picture:
    """All of it for the library's thread.

    flushed(rects)  is called with what has changed
    ready()         is called when a new picture has something to show
    soon(task)      runs the task when nothing else is to be done
    after(seconds, task)
    """

    def __init__(
        self,
        flushed: Callable[[tuple[Rect, ...]], None],
        ready: Callable[[], None],
        soon: Callable[[Callable[[], None]], None],
        after: Callable[[float, Callable[[], None]], None],
    ) -> None:
        self._flushed = flushed
        self._ready = ready
        self._soon = soon
        self._after = after
        self.width = self.height = self.stride = 0
        self.generation = 0
        self.monitors: list[Monitor] = []
        self._format = 32
        self._source = 0  # address of the library's memory, 0: gone
        self._source_stride = 0
        self._pages: Pages | None = None  # the library draws into the memory itself
        self._memory = memoryview(b"")
        self._target = 0  # its address, where it is to be copied to
        self._shown = False
        self._heads: list[tuple[int, Rect]] = []
        self._changes: list[_Four] = []  # x, y, width, height as told, not checked
        self._since = 0.0  # the first change that was not told yet, and
        self._last = 0.0  # the latest
        self._asked = False
        self._corner = (0, 0)  # where the last large change ended: there the next one is whole, too,
        self._large_at = 0.0  # and when

    def create(self, kind: int, width: int, height: int, stride: int, address: int) -> None:
        """The guest has set a mode. CannotShow."""
        self.destroy()
        if not size_allowed(width, height):
            raise CannotShow(size=(width, height))
        least = width * (4 if FORMATS.get(kind) == "" else 2)
        if kind not in FORMATS or not address or not least <= stride <= 4 * least:
            raise CannotShow(kind=kind)
        self._format, self._source, self._source_stride = kind, address, stride
        self._take(width, height, stride if FORMATS[kind] == "" else width * 4)
        # As long as the server has not drawn it, the one before is to be seen.
        self._shown = False
        memory = self._memory
        self._after(_UNMARKED, lambda: self.mark() if memory is self._memory else None)

    def _take(self, width: int, height: int, stride: int) -> None:
        """Memory for it."""
        size = stride * height
        more = stride  # a monitor's last row may end after the picture's
        self._pages = None
        if not FORMATS[self._format]:
            with contextlib.suppress(OSError):
                self._pages = Pages(self._source, size, more)
                self._memory = self._pages.view
        if self._pages is None:
            buffer = bytearray(size + more)
            self._memory = memoryview(buffer)
            self._target = ctypes.addressof((ctypes.c_char * len(buffer)).from_buffer(buffer))
        self.width, self.height, self.stride = width, height, stride

    def mark(self) -> None:
        """The server has drawn all of it."""
        if not self._shown and self._source:
            self._changes.clear()
            self._bring(Rect(0, 0, self.width, self.height))
            self._shown = True
            self.generation += 1
            self._ready()

    def destroy(self) -> None:
        """The library frees its memory when this returns. What was to be seen stays."""
        self.flush()
        self._source = 0
        if self._pages is not None:
            self._pages.leave()
            self._pages = None

    def damage(self, x: int, y: int, width: int, height: int) -> None:
        """Comes some 60 times a frame: what can wait is done in `flush`."""
        now = self._last = time.monotonic()
        end = x + width, y + height
        changes = self._changes
        if not changes:
            self._since = now
            changes.append((x, y, width, height))
        else:
            before = changes[-1]
            if before[0] + before[2] == x and before[1] == y and before[3] == height and before[2] > 0 < width:
                changes[-1] = (before[0], y, before[2] + width, height)  # the next column
            else:
                changes.append((x, y, width, height))
        if end == self._corner or end == (self.width, self.height) or now - self._since > _LATE:
            self.flush()
        elif not self._asked:
            self._asked = True
            self._soon(self._idle)

    def _idle(self) -> None:
        self._asked = False
        now = time.monotonic()
        if not self._changes:
            return
        if (
            (now - self._large_at > _MOVING and self._small())
            or now - self._last >= _QUIET
            or now - self._since > _LATE
        ):
            self.flush()
        else:
            self._asked = True
            self._after(_QUIET, self._idle)

    def _small(self) -> bool:
        return sum(width * height for _, _, width, height in self._changes) < _LARGE

    def flush(self) -> None:
        """Tell what has changed."""
        changes, self._changes = self._changes, []
        if not self._source:
            return
        sides = _sides(dict.fromkeys(changes), self.width, self.height)
        if not sides:
            return
        around = _around(sides)
        if around.width * around.height >= _LARGE:
            self._corner, self._large_at = (around.x + around.width, around.y + around.height), self._last
        if self._shown:
            self._bring(around)
            few = len(sides) <= _RECTS
            self._flushed(tuple(_rect(*one) for one in sides) if few else (around,))
        elif around == Rect(0, 0, self.width, self.height):
            self.mark()

    def _bring(self, part: Rect) -> None:
        """Have it in the viewers' memory."""
        if self._pages is not None:
            self._pages.settle()
        elif FORMATS[self._format] or not self._copy_part(part):
            self._copy_rows(part.y, part.height)

    def _copy_part(self, part: Rect) -> bool:
        """With pixman, which the library draws with too; it cannot on every processor."""
        copy = _pixman_copy()
        if copy is None:
            return False
        strides = self._source_stride // 4, self.stride // 4  # the same, in pixels
        # Lets other threads run meanwhile.
        return bool(
            copy(self._source, self._target, *strides, 32, 32, part.x, part.y, part.x, part.y, part.width, part.height)
        )

    def _copy_rows(self, row: int, rows: int) -> None:
        source = self._source + row * self._source_stride
        size = rows * self._source_stride
        raw = FORMATS[self._format]
        if not raw:
            ctypes.memmove(self._target + row * self.stride, source, size)
            return
        image = pillow().frombuffer(
            "RGB", (self.width, rows), ctypes.string_at(source, size), "raw", raw, self._source_stride, 1
        )
        self._memory[row * self.stride : (row + rows) * self.stride] = image.tobytes("raw", "BGRX")

    def heads(self) -> list[tuple[int, Rect]]:
        """Each monitor and where in the picture it is; one with all of it if the guest tells of none.

        While there is nothing to show yet, those of the picture before.
        """
        if self._shown:
            self._heads = self._heads_now()
        return self._heads

    def _heads_now(self) -> list[tuple[int, Rect]]:
        found: dict[int, Rect] = {}
        for monitor in self.monitors:
            rect = Rect(monitor.x, monitor.y, monitor.width, monitor.height).clipped(self.width, self.height)
            if not rect.empty:
                found.setdefault(monitor.id, rect)
        return sorted(found.items()) or [(0, Rect(0, 0, self.width, self.height))]

    def surface(self, rect: Rect, generation: int) -> Surface:
        """A window on the copy."""
        start = rect.y * self.stride + rect.x * 4
        data = self._memory[start : start + self.stride * rect.height]
        return Surface(rect.width, rect.height, self.stride, data, generation)


def _sides(changes: Iterable[_Four], width: int, height: int) -> list[_Four]:
    """Left, top, right, bottom of what is on a picture of this size, of each. Plain numbers: there may be hundreds."""
    found = []
    for x, y, wide, high in changes:
        left, top, right, bottom = max(x, 0), max(y, 0), min(x + wide, width), min(y + high, height)
        if left < right and top < bottom:
            found.append((left, top, right, bottom))
    return found


def _around(sides: Sequence[_Four]) -> Rect:
    lefts, tops, rights, bottoms = zip(*sides, strict=True)
    return _rect(min(lefts), min(tops), max(rights), max(bottoms))


def _rect(left: int, top: int, right: int, bottom: int) -> Rect:
    return Rect(left, top, right - left, bottom - top)


@functools.cache
def _pixman_copy() -> Any:
    """pixman_blt, None if it is not to be had: both addresses, strides in words, depths, from x y, to x y, size."""
    try:
        copy = ctypes.CDLL("libpixman-1.so.0").pixman_blt
    except (OSError, AttributeError):
        return None
    copy.restype = ctypes.c_int
    copy.argtypes = [ctypes.c_void_p, ctypes.c_void_p, *[ctypes.c_int] * 10]
    return copy
