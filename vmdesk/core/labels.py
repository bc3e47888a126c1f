"""Changing labels, and where they are kept when a driver cannot keep them itself."""

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from vmdesk.core.aside import free_name
from vmdesk.model.domain import Domain, DomainKey, Labels
from vmdesk.model.errors import Problem
from vmdesk.model.text import text


@dataclass(frozen=True, slots=True)
class LabelsEdit:
    """What to change; None and empty leave things as they are. Works on one machine or on many."""

    title: str | None = None
    description: str | None = None
    notes: str | None = None
    group: str | None = None
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()

    def apply(self, old: Labels) -> Labels:
        """The labels after this edit. Tags keep their order, new ones at the end, none twice."""
        gone = {tag.casefold() for tag in self.remove}
        tags = {tag.casefold(): tag for tag in self.add if tag.casefold() not in gone}
        kept = [tag for tag in old.tags if tag.casefold() not in gone]
        known = {tag.casefold() for tag in kept}
        return Labels(
            title=old.title if self.title is None else self.title.strip(),
            description=old.description if self.description is None else self.description.strip(),
            notes=old.notes if self.notes is None else self.notes.strip(),
            group=old.group if self.group is None else self.group.strip(),
            tags=(*kept, *(tag for folded, tag in tags.items() if folded not in known)),
        )


def tags_of(written: str) -> tuple[str, ...]:
    """The tags in a text a person wrote: separated by commas or blanks, none twice."""
    found: dict[str, str] = {}
    for tag in written.replace(",", " ").split():
        found.setdefault(tag.casefold(), tag)
    return tuple(found.values())


class LocalLabels:
    """Labels of machines whose driver has no metadata: one JSON file, `host id -> uuid -> labels`.

    A file that cannot be read is set aside and counts as empty.

    notices  problems met with it, each told to `hear` as well
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._labels: dict[DomainKey, Labels] | None = None
        self.notices: list[Problem] = []
        self.hear: Callable[[Problem], None] = lambda problem: None
        self._listeners: list[Callable[[DomainKey], None]] = []

    def subscribe(self, listener: Callable[[DomainKey], None]) -> Callable[[], None]:
        """Hear of each machine whose local labels changed (it must be re-read); returns the function that ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def get(self, key: DomainKey) -> Labels | None:
        """What is kept here of a machine, None if nothing."""
        return self._read().get(key)

    def merged(self, domain: Domain) -> Domain:
        """The machine with its local labels, if it has some."""
        labels = self.get(domain.key)
        return domain if labels is None else replace(domain, labels=labels)

    def merge(self, domains: Iterable[Domain]) -> list[Domain]:
        return [self.merged(domain) for domain in domains] if self._read() else list(domains)

    def put(self, key: DomainKey, labels: Labels) -> None:
        """Keep the labels of one machine (all empty: forget them). Raises OSError where the folder is not writable."""
        self._labels = None  # another process may have written since
        known = dict(self._read())
        known.pop(key, None)
        if labels != Labels():
            known[key] = labels
        self._write(known)
        self._labels = known
        for listener in tuple(self._listeners):
            listener(key)

    def _read(self) -> dict[DomainKey, Labels]:
        if self._labels is None:
            try:
                self._labels = _parse(json.loads(self._file.read_text(encoding="utf-8")))
            except FileNotFoundError:
                self._labels = {}
            except (OSError, ValueError, RecursionError) as error:
                self._labels = {}
                self._set_aside(_why(error))
        return self._labels

    def _set_aside(self, why: str) -> None:
        aside = free_name(self._file)
        try:
            self._file.replace(aside)
            next_step = text(
                "It was set aside as {file}. Labels that libvirt itself keeps are not in it.", file=str(aside)
            )
        except OSError as error:
            why = why if _why(error) == why else f"{why}; {_why(error)}"
            next_step = text("Check the owner of {file}.", file=str(self._file))
        what = text("The file with labels of machines cannot be read.")
        problem = Problem(what, None, next_step, why, name="labels-broken")
        if problem not in self.notices:
            self.notices.append(problem)
            self.hear(problem)

    def _write(self, known: dict[DomainKey, Labels]) -> None:
        tree: dict[str, dict[str, Any]] = {}
        for key, labels in known.items():
            tree.setdefault(key.host, {})[key.uuid] = asdict(labels)
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = self._file.with_name(f"{self._file.name}.{os.getpid()}.new")
        new.write_text(json.dumps(tree, ensure_ascii=False, indent=1), encoding="utf-8")
        new.replace(self._file)


def _why(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)


def _parse(tree: Any) -> dict[DomainKey, Labels]:
    """Labels from the file's JSON; entries that make no sense are left out. Raises ValueError if nothing does."""
    if not isinstance(tree, dict):
        raise ValueError("not an object")
    found: dict[DomainKey, Labels] = {}
    names = {field.name for field in fields(Labels)}
    for host, machines in tree.items():
        for uuid, values in machines.items() if isinstance(machines, dict) else ():
            if isinstance(values, dict):
                words: dict[str, Any] = {
                    name: value for name, value in values.items() if name in names and isinstance(value, str)
                }
                tags = values.get("tags")
                words["tags"] = tuple(str(tag) for tag in tags) if isinstance(tags, list) else ()
                found[DomainKey(host, uuid)] = Labels(**words)
    return found
