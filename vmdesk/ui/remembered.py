"""What the window remembers of itself: one file."""

import contextlib
from pathlib import Path
from typing import Any, TypeVar

from vmdesk.core import json_file

VERSION = 1

T = TypeVar("T")


class Remembered:
    """Values by name. Whoever reads one checks it: `get` gives it only if it is of the kind of the default."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._values: dict[str, Any] = {}

    def load(self) -> None:
        self._values = json_file.read(self._file)

    def get(self, name: str, default: T) -> T:
        value = self._values.get(name)
        return value if type(value) is type(default) else default

    def set(self, name: str, value: Any) -> None:
        self._values[name] = value

    def save(self) -> None:
        """Write the file; where that is not possible the window simply forgets."""
        with contextlib.suppress(OSError):
            json_file.write(self._file, {**self._values, "version": VERSION})
