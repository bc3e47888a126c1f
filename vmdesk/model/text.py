"""Words for people: English in the source, other languages from one catalogue file each.

The catalogue is `resources/i18n/<language>.json`, a flat object from the English source to its translation.
A test fails when a source text has no Vietnamese translation. Read by both the window and the command line,
which is why it is not Qt's own translation machinery.
"""

import functools
import json
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_COMMA = ("vi",)  # languages that write 1,5
_catalogue: dict[str, str] = {}
_current: list[str] = ["en"]


def use_language(folder: Path, language: str) -> None:
    """Take the translations of `language` ("vi", "en") from `folder`. Missing file or text: English."""
    _catalogue.clear()
    _current[0] = language
    file = folder / f"{language}.json"
    if file.is_file():
        _catalogue.update(json.loads(file.read_text(encoding="utf-8")))


def in_language(number: str) -> str:
    """A number as Python writes it (1.5), with the decimal sign of the language."""
    return number.replace(".", ",") if _current[0] in _COMMA else number


def fold(words: str) -> str:
    """For searches: "khoi dong" finds "Khởi động"."""
    return words.lower() if words.isascii() else _plain(words)


@functools.lru_cache(65536)
def _plain(words: str) -> str:
    """Small letters without their marks; đ is a letter of its own to Unicode."""
    parts = unicodedata.normalize("NFD", words.casefold())
    return "".join(part for part in parts if not unicodedata.combining(part)).replace("đ", "d")


def tr(source: str, /, **values: object) -> str:
    """The translation of `source` with `{name}` fields filled in. `source` must be a literal: the check reads it."""
    text = _catalogue.get(source, source)
    return text.format(**values) if values else text


def trn(one: str, many: str, n: int, /, **values: object) -> str:
    """`one` or `many` for the number `n`, translated, with `{n}` filled in."""
    return tr(one if n == 1 else many, n=n, **values)


@dataclass(frozen=True, slots=True)
class Text:
    """A text to be translated when it is shown: `Text("Starting {name}", {"name": "web-01"})`."""

    source: str
    values: tuple[tuple[str, Any], ...] = ()

    def __str__(self) -> str:
        return tr(self.source, **{k: str(v) for k, v in self.values}) if self.values else tr(self.source)


def text(source: str, /, **values: object) -> Text:
    """A `Text` from a literal and its fields."""
    return Text(source, tuple(values.items()))


def textn(one: str, many: str, n: int, /, **values: object) -> Text:
    """A `Text` from `one` or `many` for the number `n`, with `{n}` filled in."""
    return Text(one if n == 1 else many, (("n", n), *values.items()))
