"""Result on stdout, messages on stderr."""

import json
import sys
from dataclasses import replace
from typing import Any

from vmdesk.core import plain
from vmdesk.model.errors import Problem
from vmdesk.model.text import text


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
    if problem.name == "closed":  # the window connects again by itself, and we are gone by then
        problem = replace(problem, what_next=text("Try once more."))
    details = f" ({problem.details})" if problem.details and (debug or not problem.why) else ""
    return plain.clean(f"{problem}{details}")
