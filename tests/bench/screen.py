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

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 1600, 1000
Picture = NDArray[np.uint8]


class Screen:
    """`with Screen() as screen`: an Xvfb of 1600 x 1000; `screen.name` is its DISPLAY."""

    def __enter__(self) -> "Screen":
        self._folder = tempfile.TemporaryDirectory(prefix="vmdesk-bench-screen-")
        ours, theirs = os.pipe()
        self._server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(theirs), "-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-fbdir", self._folder.name,
             "-nolisten", "tcp"],
            pass_fds=(theirs,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(theirs)
        with os.fdopen(ours, encoding="ascii") as number:
            self.name = f":{number.readline().strip()}"
        with (Path(self._folder.name) / "Xvfb_screen0").open("rb") as file:
            self._memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        # An XWD file: a header of big-endian words, the colour map (12 bytes each), then the pixels.
        words = struct.unpack(">25I", self._memory[:100])
        header, row, colours = words[0], words[12], words[19]
        pixels = np.frombuffer(self._memory, np.uint8, offset=header + colours * 12, count=row * HEIGHT)
        self._pixels = pixels.reshape(HEIGHT, row // 4, 4)[:, :WIDTH]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.terminate()
        self._server.wait()
        self._folder.cleanup()

    def picture(self) -> Picture:
        """The green of every second pixel in both directions, now."""
        return self._pixels[::2, ::2, 1].copy()

    def save(self, file: Path) -> None:
        """All of it as a PPM file: to be looked at."""
        rgb = self._pixels[:, :, 2::-1].tobytes()
        file.write_bytes(f"P6 {WIDTH} {HEIGHT} 255\n".encode() + rgb)
