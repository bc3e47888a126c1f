"""A virtual X display whose pixels are read from its frame buffer file: looking costs neither program anything.

The server starts afresh when its last window has gone, so every start is the first one on its display. (GTK keeps on
the display what it found out about OpenGL: a second GTK program starts 0.1 s faster and 50 MB smaller.)
"""

import mmap
import os
import struct
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType

WIDTH, HEIGHT = 1600, 1000
STEP = 2  # every second pixel in both directions is looked at
COLUMNS, ROWS = WIDTH // STEP, HEIGHT // STEP
_ONES = int.from_bytes(b"\1" * (COLUMNS * ROWS), "little")

# A picture is one long integer with a byte for each pixel looked at, row by row: comparing two is an XOR.
Picture = int


def different(one: Picture, other: Picture) -> int:
    """The pixels that differ: a mask with the lowest bit of their bytes set."""
    bits = one ^ other
    bits |= bits >> 4
    bits |= bits >> 2
    bits |= bits >> 1
    return bits & _ONES


def widened(mask: int, by: int) -> int:
    """The mask with a border of `by` pixels around everything in it."""
    for distance in (8, COLUMNS * 8):
        for _ in range(by):
            mask |= (mask << distance | mask >> distance) & _ONES
    return mask


class Screen:
    """`with Screen() as screen`: an Xvfb of 1600 x 1000; `screen.name` is its DISPLAY.

    `picture` and `save` are for that size only, `pixel` and `part` for any.
    """

    def __init__(self, width: int = WIDTH, height: int = HEIGHT) -> None:
        self._size = width, height

    def __enter__(self) -> "Screen":
        self._folder = tempfile.TemporaryDirectory(prefix="vmdesk-bench-screen-")
        ours, theirs = os.pipe()
        size = f"{self._size[0]}x{self._size[1]}x24"
        self._server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(theirs), "-screen", "0", size, "-fbdir", self._folder.name, "-nolisten", "tcp"],
            pass_fds=(theirs,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(theirs)
        with os.fdopen(ours, encoding="ascii") as number:
            self.name = f":{number.readline().strip()}"
        with (Path(self._folder.name) / "Xvfb_screen0").open("rb") as file:
            self._memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        # An XWD file: a header of big-endian words, the colour map (12 bytes each), then the pixels, BGRX.
        words = struct.unpack(">25I", self._memory[:100])
        self._begin, self._row = words[0] + words[19] * 12, words[12]
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._server.terminate()
        self._server.wait()
        self._memory.close()
        self._folder.cleanup()

    def picture(self) -> Picture:
        """The green of the pixels looked at, now."""
        memory, begin, row = self._memory, self._begin + 1, self._row
        lines = (memory[begin + y * row : begin + y * row + WIDTH * 4 : 4 * STEP] for y in range(0, HEIGHT, STEP))
        return int.from_bytes(b"".join(lines), "little")

    def pixel(self, x: int, y: int) -> bytes:
        """Its blue, green, red, now."""
        at = self._begin + y * self._row + x * 4
        return self._memory[at : at + 3]

    def part(self, x: int, y: int, width: int, height: int) -> bytes:
        """Four bytes a pixel, now."""
        starts = (self._begin + (y + row) * self._row + x * 4 for row in range(height))
        return b"".join(self._memory[at : at + width * 4] for at in starts)

    def save(self, file: Path) -> None:
        """All of it as a PPM file: to be looked at."""
        pixels = self._memory[self._begin : self._begin + self._row * HEIGHT]
        rgb = bytearray(WIDTH * HEIGHT * 3)
        rgb[0::3], rgb[1::3], rgb[2::3] = pixels[2::4], pixels[1::4], pixels[0::4]
        file.write_bytes(f"P6 {WIDTH} {HEIGHT} 255\n".encode() + rgb)
