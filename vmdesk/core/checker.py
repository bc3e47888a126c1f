"""Definitions checked while they are written: libvirt's schema, loaded once, asked in a worker."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

from vmdesk.model.text import Text, text
from vmdesk.virt.lane import Lane
from vmdesk.virtxml import masks, review, schema
from vmdesk.virtxml.document import XmlError
from vmdesk.virtxml.schema import Proposal, Schema
from vmdesk.virtxml.source import Mistake, Place, read

T = TypeVar("T")
Also = Callable[[str], Sequence[Mistake]]


class Checker:
    """Nothing is loaded before the first question. `note`: what cannot be checked here, None if all can.

    name  the schema's
    """

    def __init__(self, name: str = "domain.rng") -> None:
        self._name = name
        self.note: Text | None = None
        self._schema: Schema | None = None
        self._loaded = False
        self._lane = Lane(1, "schema")

    async def mistakes(self, words: str, also: Also | None = None) -> tuple[Mistake, ...]:
        """What is wrong with a definition: its form, what the schema says, and `also`.

        also  called in a worker; without it: what libvirt must never be shown
        """
        return await self.run(lambda: self._check(words, also or _forbidden))

    async def run(self, work: Callable[[], T]) -> T:
        """Something else that takes a moment, in the same worker."""
        return await asyncio.wrap_future(self._lane.submit(work))

    def proposals(self, here: Place) -> tuple[Proposal, ...]:
        """What may be written at a place; () before the schema was loaded by a first check."""
        return self._schema.proposals(here) if self._schema is not None else ()

    def close(self) -> None:
        self._lane.shutdown(cancel_futures=True)

    def _check(self, words: str, also: Also) -> tuple[Mistake, ...]:
        if not self._loaded:
            self._load()
        plain = masks.stand_in(words)
        found = self._schema.mistakes(plain) if self._schema is not None else schema.form(read(plain))
        if schema.form(read(plain)):
            return found
        # Said once is enough: by the schema, which says what would be right.
        more = [
            one for one in also(words) if not any(one.start < other.end and other.start < one.end for other in found)
        ]
        return tuple(sorted((*found, *more), key=lambda one: one.start))

    def _load(self) -> None:
        self._loaded = True
        try:
            self._schema = schema.load(self._name)
        except XmlError as error:
            self.note = text("libvirt's schema cannot be read: {why}", why=str(error))
            return
        if self._schema is None:
            self.note = schema.missing()


def _forbidden(words: str) -> tuple[Mistake, ...]:
    """What no definition may say, whatever the schema allows; at the machine's name where it is about that."""
    try:
        found = review.problems(words)
    except XmlError as error:
        return (Mistake(0, 1, text("It cannot be read: {words}", words=str(error))),)
    source = read(words)
    named = next((one for one in source.elements if one.name == "name" and one.parent == 0), None)
    start, end = source.content(named) if named is not None else (0, 1)
    mistakes = []
    for one in found:
        value = str(dict(one.values).get("value", "")).rstrip("…")
        place = words.find(value) if value else -1
        where = (place, place + len(value)) if place >= 0 else (start, max(end, start + 1))
        mistakes.append(Mistake(*where, one))
    return tuple(mistakes)
