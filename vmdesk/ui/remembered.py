"""What the window remembers of itself: one JSON file, written whole; one that makes no sense is set aside."""

import contextlib
import json
import os
from pathlib import Path
from typing import Any, TypeVar

from vmdesk.core.aside import free_name

VERSION = 1

T = TypeVar("T")


class Remembered:
    """Values by name. Whoever reads one checks it: `get` gives it only if it is of the kind of the default."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._values: dict[str, Any] = {}

    def load(self) -> None:
        try:
            values = json.loads(self._file.read_text(encoding="utf-8"))
            if not isinstance(values, dict):
                raise ValueError("not an object")
        except FileNotFoundError:
            return
        except (OSError, ValueError, RecursionError):
            with contextlib.suppress(OSError):
                self._file.replace(free_name(self._file))
            return
        self._values = values

    def get(self, name: str, default: T) -> T:
        value = self._values.get(name)
        return value if type(value) is type(default) else default

    def set(self, name: str, value: Any) -> None:
        self._values[name] = value

    def save(self) -> None:
        """Write the file; where that is not possible the window simply forgets."""
        new = self._file.with_name(f"{self._file.name}.{os.getpid()}.new")
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            new.write_text(json.dumps({**self._values, "version": VERSION}, indent=1), encoding="utf-8")
            new.replace(self._file)
