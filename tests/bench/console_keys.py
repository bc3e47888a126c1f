"""Key presses on an X display as hardware makes them (XTEST), and who gets them."""

import ctypes
import subprocess
import time
from typing import Any


class Keys:
    """On one display; close it at the end."""

    def __init__(self, display: str) -> None:
        self._name = display
        self._x: Any = ctypes.CDLL("libX11.so.6")
        self._test: Any = ctypes.CDLL("libXtst.so.6")
        self._x.XOpenDisplay.restype = ctypes.c_void_p
        self._x.XKeysymToKeycode.argtypes = [ctypes.c_void_p, ctypes.c_ulong]
        self._x.XKeysymToKeycode.restype = ctypes.c_ubyte
        self._x.XFlush.argtypes = self._x.XCloseDisplay.argtypes = [ctypes.c_void_p]
        self._test.XTestFakeKeyEvent.argtypes = [ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_ulong]
        self._line = self._x.XOpenDisplay(display.encode())
        if not self._line:
            raise OSError(f"no display {display}")
        self._code = self._x.XKeysymToKeycode(self._line, ord("a"))

    def close(self) -> None:
        self._x.XCloseDisplay(self._line)

    def press(self, down: bool) -> None:
        self._test.XTestFakeKeyEvent(self._line, self._code, int(down), 0)
        self._x.XFlush(self._line)

    def focus(self, x: int, y: int) -> None:
        """Give the keyboard to the window there, as a click does. There is no window manager."""
        self._xdotool("mousemove", str(x), str(y))
        time.sleep(0.2)
        self._xdotool("getmouselocation", "windowfocus")

    def _xdotool(self, *words: str) -> None:
        subprocess.run(["xdotool", *words], env={"DISPLAY": self._name, "PATH": "/usr/bin:/bin"}, capture_output=True)
