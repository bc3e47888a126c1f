"""Key presses on an X display as hardware makes them (XTEST), and who gets them."""

import ctypes
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
        self._x.XDefaultRootWindow.argtypes = [ctypes.c_void_p]
        self._x.XDefaultRootWindow.restype = ctypes.c_ulong
        self._x.XQueryPointer.argtypes = [ctypes.c_void_p, ctypes.c_ulong, *[ctypes.c_void_p] * 7]
        self._x.XSetInputFocus.argtypes = [ctypes.c_void_p, ctypes.c_ulong, ctypes.c_int, ctypes.c_ulong]
        self._test.XTestFakeMotionEvent.argtypes = [ctypes.c_void_p, *[ctypes.c_int] * 3, ctypes.c_ulong]
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
        """Give the keyboard to the window there, as a click does where there is a window manager."""
        x11, line = self._x, self._line
        root, child = x11.XDefaultRootWindow(line), ctypes.c_ulong()
        other, places, mask = ctypes.c_ulong(), [ctypes.c_int() for _ in range(4)], ctypes.c_uint()
        self._test.XTestFakeMotionEvent(line, -1, x, y, 0)
        x11.XQueryPointer(
            line, root, ctypes.byref(other), ctypes.byref(child), *map(ctypes.byref, places), ctypes.byref(mask)
        )
        x11.XSetInputFocus(line, child.value or root, 1, 0)  # RevertToPointerRoot, now
        x11.XFlush(line)
        time.sleep(0.3)
