"""Loads Qt's binding without what is not needed at once.

Of the ten thousand functions of Qt that it can call, each is looked up when it is first called. (For these libraries
only: others bring copies of the system's, lxml its own libxml2, and what is looked up late may find the wrong one.)

WORKAROUND PySide 6.11: each start compiles three regular expressions that only its error messages and its stub
generator use; that is a twentieth of our start. They are compiled when they are first used. And it reads the text of
each module that is loaded, ours and the standard library's, for whether it may want Qt's functions under other names
(`from __feature__ import`), another twentieth; nobody here does. Later versions that do without them find nothing
changed.
"""

import importlib
import os
import re
import sys
from collections.abc import Callable
from typing import Any

_WHOSE = "shibokensupport."


class Unmade:
    """Stands in for a pattern; what is taken from it is a method, which makes the pattern when it is called."""

    def __init__(self, make: Callable[[], re.Pattern[str]]) -> None:
        self._make = make

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *arguments, **named: getattr(self._make(), name)(*arguments, **named)


def load() -> None:
    """Load it, once; does nothing if it is there already."""
    made = re.compile

    def compile_(pattern: Any, flags: Any = 0) -> Any:
        if str(sys._getframe(1).f_globals.get("__name__")).startswith(_WHOSE):
            return Unmade(lambda: made(pattern, flags))
        return made(pattern, flags)

    flags = sys.getdlopenflags()
    re.compile = compile_
    sys.setdlopenflags(os.RTLD_LAZY)
    try:
        for name in ("shiboken6", "PySide6.QtCore", "PySide6.QtGui", "PySide6.QtWidgets"):
            importlib.import_module(name)
            _read_no_modules()
    finally:
        re.compile = made
        sys.setdlopenflags(flags)


def _read_no_modules() -> None:
    """Each module is taken for one that uses Qt under its usual names, without looking."""
    feature: Any = sys.modules.get("shibokensupport.feature")
    if hasattr(feature, "_mod_uses_pyside"):
        feature._mod_uses_pyside = lambda module: True
