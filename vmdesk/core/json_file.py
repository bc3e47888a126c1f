"""A small file of ours in JSON: an object, written whole; one that makes no sense is set aside."""

import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vmdesk.core.aside import free_name


def read(file: Path, fits: Callable[[dict[str, Any]], bool] = lambda values: True) -> dict[str, Any]:
    """What is in it; {} where there is none, or none that `fits`."""
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(values, dict) or not fits(values):
            raise ValueError("not our format")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError):
        with contextlib.suppress(OSError):
            file.replace(free_name(file))
        return {}
    return values


def write(file: Path, values: dict[str, Any]) -> None:
    """In one step: whoever reads it finds the old or the new. Raises OSError."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = file.with_name(f"{file.name}.{os.getpid()}.new")
    new.write_text(json.dumps(values, indent=1), encoding="utf-8")
    new.replace(file)
