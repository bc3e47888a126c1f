"""Dataclasses whose methods are compiled when they are first called.

WORKAROUND Python 3.11 and 3.12: `dataclass` writes and compiles each method of each class by itself, as soon as the
class is loaded. That is half a millisecond a class and a tenth of the start, and most of them are not called before the
first picture, or ever. From 3.13 on it is done once a class; nothing is changed there.
"""

import dataclasses
import sys
from collections.abc import Callable
from typing import Any

_Method = Callable[..., Any]


def put_off() -> None:
    """From now on, for every dataclass that is loaded; once."""
    module: Any = dataclasses  # what is changed is not public
    if sys.version_info < (3, 13) and module._create_fn.__module__ == module.__name__:
        module._create_fn = _put_off(module._create_fn)


def _put_off(compiled: Callable[..., _Method]) -> Callable[..., _Method]:
    """`compiled` makes a method of its name, its text and what it needs; so does what is returned, but later."""

    def later(name: str, *arguments: Any, **named: Any) -> _Method:
        made: _Method | None = None

        def method(self: Any, /, *given: Any, **given_named: Any) -> Any:
            nonlocal made
            if made is None:
                made = compiled(name, *arguments, **named)
                made.__qualname__ = method.__qualname__
                _put_in_place(type(self), method, made)
            return made(self, *given, **given_named)

        method.__name__ = name
        return method

    return later


def _put_in_place(kind: type, method: _Method, made: _Method) -> None:
    """The class that has `method`, `kind` or one above it, has `made` instead."""
    for one in kind.__mro__:
        if one.__dict__.get(made.__name__) is method:
            type.__setattr__(one, made.__name__, made)
