"""Result on stdout, messages on stderr."""

import json
import sys
from typing import Any

from vmdesk.core import plain
from vmdesk.model.errors import Problem


def say(message: object) -> None:
    """To stderr, one message a line."""
    sys.stderr.write(f"vmdesk: {message}\n")


def emit(line: str) -> None:
    """To stdout."""
    sys.stdout.write(line + "\n")


def emit_json(value: Any) -> None:
    ascii_only = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    emit(json.dumps(value, ensure_ascii=ascii_only, indent=2))


def told(problem: Problem, debug: bool) -> str:
    """A problem as one line."""
    details = f" ({problem.details})" if problem.details and (debug or not problem.why) else ""
    return plain.clean(f"{problem}{details}")
