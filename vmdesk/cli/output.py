"""Result on stdout, messages on stderr."""

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, TextIO

from vmdesk.core import plain
from vmdesk.model.errors import Problem
from vmdesk.model.text import text


class Unwritten(Exception):
    """The result did not get to where stdout leads; `why` says what stopped it."""

    def __init__(self, why: OSError) -> None:
        super().__init__(str(why))
        self.why = why


def say(message: object) -> None:
    """To stderr, one message a line. Where stderr cannot be written there is nobody to tell."""
    try:
        sys.stderr.write(f"vmdesk: {message}\n")
        sys.stderr.flush()
    except OSError:
        give_up(sys.stderr)


def emit(line: str) -> None:
    """To stdout. Raises Unwritten."""
    with _told_apart():
        sys.stdout.write(line + "\n")


def emit_bytes(content: bytes) -> None:
    """To stdout, as they are. Raises Unwritten."""
    with _told_apart():
        sys.stdout.flush()
        sys.stdout.buffer.write(content)


def finish() -> None:
    """Bring all of the result to where stdout leads. Raises Unwritten."""
    with _told_apart():
        sys.stdout.flush()


@contextlib.contextmanager
def _told_apart() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        give_up(sys.stdout)
        raise Unwritten(error) from error


def give_up(stream: TextIO) -> None:
    """What is still to be written is dropped: the interpreter would complain of it at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def emit_json(value: Any) -> None:
    ascii_only = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    emit(json.dumps(value, ensure_ascii=ascii_only, indent=2))


def told(problem: Problem, debug: bool) -> str:
    """A problem as one line."""
    if problem.name == "closed":  # the window connects again by itself, and we are gone by then
        problem = replace(problem, what_next=text("Try once more."))
    details = f" ({problem.details})" if problem.details and (debug or not problem.why) else ""
    return plain.clean(f"{problem}{details}")
