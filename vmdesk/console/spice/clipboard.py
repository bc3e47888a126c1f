"""Text between our clipboard and the guest's agent, each way only while it is allowed.

Whoever copies "grabs"; the text itself is asked for afterwards.
"""

import ctypes
from collections.abc import Callable
from typing import Any, Final

from vmdesk.console.spice.glib import Library

TEXT_MAX: Final = 1 << 20
_CLIPBOARD: Final = 0  # the selection; 1 and 2 are X11's primary and secondary
_NONE, _UTF8 = 0, 1  # VD_AGENT_CLIPBOARD_*
_BY_DEMAND, _CRLF = 5, 9  # VD_AGENT_CAP_CLIPBOARD_BY_DEMAND, VD_AGENT_CAP_GUEST_LINEEND_CRLF


class Clipboard:
    """A machine's clipboard. Everything but the attributes is for the library's thread."""

    def __init__(self, told: Callable[[str], None]) -> None:
        """`told`: the guest has copied this text."""
        self._told = told
        self._main: Any = None
        self._text: str | None = None  # what we have grabbed the clipboard for
        self.to_guest = False
        self.from_guest = False

    def begin(self, library: Library, main: Any) -> tuple[tuple[str, Callable[..., Any]], ...]:
        """The main channel is there. The signals to be connected to it."""
        self._main = main
        main.set_property("max-clipboard", TEXT_MAX)
        return (
            ("main-clipboard-selection-grab", self._on_grab),
            ("main-clipboard-selection", self._on_text),
            ("main-clipboard-selection-request", self._on_request),
            ("main-clipboard-selection-release", lambda _main, _selection: None),
        )

    def end(self) -> None:
        self._main = None

    def update(self) -> None:
        """The attributes have changed, or the agent has come."""
        if self._main is None or not self._main.agent_test_capability(_BY_DEMAND):
            return  # no agent, or it has not said yet what it can do
        if self.to_guest and self._text is not None:
            self._main.clipboard_selection_grab(_CLIPBOARD, [_UTF8])
        elif not self.to_guest and self._text is not None:
            self._text = None
            self._main.clipboard_selection_release(_CLIPBOARD)

    def set(self, text: str) -> None:
        """We have copied this text."""
        if self.to_guest and len(text.encode("utf-8", "replace")) <= TEXT_MAX:
            self._text = text
            self.update()

    def _on_grab(self, _main: Any, selection: int, types: list[int], _count: int) -> bool:
        if selection != _CLIPBOARD or self._main is None:
            return False
        self._text = None
        if self.from_guest and _UTF8 in types:
            self._main.clipboard_selection_request(_CLIPBOARD, _UTF8)
        return True

    def _on_text(self, _main: Any, selection: int, kind: int, data: int, size: int) -> None:
        if self._main is None or not self.from_guest:
            return
        if selection == _CLIPBOARD and kind == _UTF8 and data and 0 < size <= TEXT_MAX:
            text = ctypes.string_at(data, size).decode("utf-8", "replace").rstrip("\0")
            self._told(text.replace("\r\n", "\n") if self._crlf() else text)

    def _on_request(self, _main: Any, selection: int, kind: int) -> bool:
        if self._main is None:
            return False
        if self._text is None or not self.to_guest or selection != _CLIPBOARD or kind != _UTF8:
            self._main.clipboard_selection_notify(selection, _NONE, [])
        else:
            text = self._text.replace("\r\n", "\n").replace("\n", "\r\n") if self._crlf() else self._text
            self._main.clipboard_selection_notify(_CLIPBOARD, _UTF8, text.encode("utf-8", "replace"))
        return True

    def _crlf(self) -> bool:
        return bool(self._main.agent_test_capability(_CRLF))
