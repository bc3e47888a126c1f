"""Keys as a keyboard makes them, for a window on an X server of the tests."""

import os
import subprocess
import time


class Keyboard:
    """Into the window of one process; there is no window manager, so it is given the keyboard first."""

    def __init__(self, display: str, pid: int) -> None:
        self._environment = os.environ | {"DISPLAY": display}
        end = time.monotonic() + 20
        while not (found := self._do("search", "--onlyvisible", "--pid", str(pid))):
            assert time.monotonic() < end, "no window"
            time.sleep(0.1)
        self._do("windowfocus", "--sync", found.split()[-1])

    def press(self, keys: str) -> None:
        """ "ctrl+n", "Return" """
        self._do("key", "--clearmodifiers", keys)
        time.sleep(0.3)

    def type(self, words: str) -> None:
        self._do("type", "--delay", "15", words)
        time.sleep(0.3)

    def _do(self, *words: str) -> str:
        done = subprocess.run(["xdotool", *words], env=self._environment, capture_output=True, text=True, check=False)
        return done.stdout.strip()
