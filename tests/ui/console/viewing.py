"""Helpers for tests of the view."""

from typing import Any


class Deaf:
    """A listener that hears nothing."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None
