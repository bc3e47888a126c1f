"""Definitions checked while they are written: libvirt's schema, loaded once, asked in a worker."""

import asyncio

from vmdesk.model.text import Text, text
from vmdesk.virt.lane import Lane
from vmdesk.virtxml import masks, review, schema
from vmdesk.virtxml.document import XmlError
from vmdesk.virtxml.schema import Proposal, Schema
from vmdesk.virtxml.source import Mistake, Place, read


class Checker:
    """Nothing is loaded before the first question. `note`: what cannot be checked here, None if all can."""

    def __init__(self) -> None:
        self.note: Text | None = None
        self._schema: Schema | None = None
        self._loaded = False
        self._lane = Lane(1, "schema")

    async def mistakes(self, words: str) -> tuple[Mistake, ...]:
        """What is wrong with a definition: its form, what the schema says, what libvirt must never be shown."""
        return await asyncio.wrap_future(self._lane.submit(self._check, words))

    def proposals(self, here: Place) -> tuple[Proposal, ...]:
        """What may be written at a place; () before the schema was loaded by a first check."""
        return self._schema.proposals(here) if self._schema is not None else ()

    def close(self) -> None:
        self._lane.shutdown(cancel_futures=True)

    def _check(self, words: str) -> tuple[Mistake, ...]:
        if not self._loaded:
            self._load()
        words = masks.stand_in(words)
        found = self._schema.mistakes(words) if self._schema is not None else schema.form(read(words))
        return found or _forbidden(words)

    def _load(self) -> None:
        self._loaded = True
        try:
            self._schema = schema.load()
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
        return (Mistake(0, 1, text("{words}.", words=str(error))),)
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
