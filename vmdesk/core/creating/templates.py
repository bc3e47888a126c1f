"""Choices that are used again: saved under a name, those of the last time, and media. Never a password.

One JSON file, written whole; one that makes no sense is set aside.
"""

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from vmdesk.core import json_file, options
from vmdesk.core.creating.draft import INSTALLERS, Draft, Size, checked
from vmdesk.core.options import OptionError
from vmdesk.model.errors import Problem
from vmdesk.model.sizes import SizeError
from vmdesk.model.text import text
from vmdesk.model.wish import CloudWish, Cpu, Firmware, From, Place, UnattendedWish, Wish

FORMAT = 1
MEDIA = 12  # that are remembered
_LASTING = ("size", "figures")  # whether it is started is each machine's own question
_ANSWERS = (
    "profile",
    "user",
    "full_name",
    "language",
    "keyboard",
    "timezone",
)  # to an installer; a password is never kept
_LONGEST = 60  # characters of a template's name
_PLAIN = (
    "arch", "kind", "machine", "sealed", "autostart", "start", "vcpus", "memory_kib", "linked", "description",
    "network_stays",
)  # fmt: skip


class Templates:
    """What stands in the file. Whoever reads a value from it gets only what can be."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._values: dict[str, Any] = {}
        self._load()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._table("templates"), key=str.casefold))

    def save(self, name: str, draft: Draft) -> Problem | None:
        """Keep the choices of a draft under a name; what was called so is replaced."""
        return self._put("templates", name.strip()[:_LONGEST], written(draft))

    def remove(self, name: str) -> Problem | None:
        table = self._table("templates")
        table.pop(name, None)
        self._values["templates"] = table
        return self._write()

    def applied(self, name: str, draft: Draft) -> Draft:
        """The draft with the choices of a template; its medium and name stay."""
        return read(self._table("templates").get(name), draft)

    def last(self, draft: Draft) -> Draft:
        """The draft with the choices of the last time on its host."""
        found = self._table("last").get(draft.host)
        kept = {name: found[name] for name in _LASTING if name in found} if isinstance(found, dict) else None
        return read(kept, draft)

    def remember(self, draft: Draft) -> None:
        """What was chosen, for the next time."""
        choices = {name: value for name, value in written(draft).items() if name in _LASTING}
        self._put("last", draft.host, choices)
        if draft.wish.media is not None:
            self.remember_medium(draft.wish.source, draft.wish.media)

    @property
    def left(self) -> dict[str, Any]:
        """The draft of a wizard that was left half-way (kept.py reads it); empty if there is none."""
        return self._table("left")

    def leave(self, values: dict[str, Any]) -> Problem | None:
        """Keep that; {} forgets it."""
        if values == self.left:
            return None
        self._values["left"] = values
        return self._write()

    def remember_medium(self, source: From, media: Place) -> None:
        found = [one for one in self._table("media").get(source.value, []) if isinstance(one, str)]
        place = options.written_place(media)
        self._put("media", source.value, [place, *(one for one in found if one != place)][:MEDIA])

    def media(self, source: From) -> tuple[Place, ...]:
        """The latest first."""
        found = []
        listed = self._table("media").get(source.value, [])
        for one in listed if isinstance(listed, list) else []:
            if isinstance(one, str):
                with contextlib.suppress(OptionError):
                    found.append(options.place(one))
        return tuple(found)

    def _table(self, name: str) -> dict[str, Any]:
        found = self._values.get(name)
        return dict(found) if isinstance(found, dict) else {}

    def _put(self, table: str, name: str, value: Any) -> Problem | None:
        self._values[table] = {**self._table(table), name: value}
        return self._write()

    def _load(self) -> None:
        self._values = json_file.read(self._file, lambda values: values.get("format") == FORMAT)

    def _write(self) -> Problem | None:
        try:
            json_file.write(self._file, {**self._values, "format": FORMAT})
        except OSError as error:
            return Problem(
                text("Your choices cannot be kept."),
                text("{path} cannot be written.", path=str(self._file)),
                details=str(error),
                name="templates",
            )
        return None


def written(draft: Draft) -> dict[str, Any]:
    """The choices of a draft: nothing secret, nothing that can be one machine's only."""
    wish, plain = draft.wish, Wish()
    found: dict[str, Any] = {"size": draft.size.value, "os": wish.os, "start": wish.start}
    found |= {name: getattr(wish, name) for name in _PLAIN if getattr(wish, name) != getattr(plain, name)}
    if draft.size is Size.OWN:
        disk = wish.disks[0].bytes if wish.disks else 0
        found["figures"] = [wish.vcpus, wish.memory_kib, disk]
    found["firmware"] = wish.firmware.value
    found["tpm"] = wish.tpm
    found["cpu"] = wish.cpu.value if isinstance(wish.cpu, Cpu) else wish.cpu
    found["displays"] = list(wish.displays)
    found["disks"] = [options.written_disk(replace(disk, source=None, name="")) for disk in wish.disks]
    if draft.networked:
        found["nics"] = [options.written_network(replace(nic, mac="")) for nic in wish.nics]
    if wish.cloud is not None:
        cloud = wish.cloud
        found["cloud"] = {"user": cloud.user, "ssh_keys": list(cloud.ssh_keys), "packages": list(cloud.packages)}
    if wish.unattended is not None:
        found["unattended"] = {name: getattr(wish.unattended, name) for name in _ANSWERS}
    return found


def read(values: Any, draft: Draft) -> Draft:
    """The draft with these choices; what makes no sense among them is left out."""
    if not isinstance(values, dict):
        return draft
    wish, plain = draft.wish, Wish()
    taken: dict[str, Any] = {}
    for name in _PLAIN:
        value = values.get(name, getattr(plain, name) if "firmware" in values else getattr(wish, name))
        if type(value) is type(getattr(plain, name)) and name not in ("vcpus", "memory_kib"):
            taken[name] = value
    with contextlib.suppress(ValueError):
        taken["firmware"] = Firmware(values.get("firmware", wish.firmware.value))
    if isinstance(cpu := values.get("cpu"), str):
        taken["cpu"] = Cpu(cpu) if cpu in {one.value for one in Cpu} else cpu
    if values.get("tpm", 0) in (None, True, False) and "tpm" in values:
        taken["tpm"] = values["tpm"]
    if _strings(values.get("displays")):
        taken["displays"] = tuple(values["displays"])
    networked = draft.networked
    with contextlib.suppress(OptionError, SizeError):
        if _strings(values.get("disks")):
            disks = tuple(options.disk(one) for one in values["disks"])
            first = wish.disks[0].source if wish.disks else None
            taken["disks"] = (replace(disks[0], source=first), *disks[1:]) if disks else ()
        if _strings(values.get("nics")):
            taken["nics"] = tuple(options.network(one) for one in values["nics"])
            networked = True
    if isinstance(told := values.get("cloud"), dict) and wish.cloud is not None:
        taken["cloud"] = _cloud(wish.cloud, told)
    if isinstance(answers := values.get("unattended"), dict) and wish.source in INSTALLERS:
        known = {name: answers[name] for name in _ANSWERS if isinstance(answers.get(name), str)}
        taken["unattended"] = replace(wish.unattended or UnattendedWish(), **known)
    size = _size(values.get("size"), draft.size)
    taken |= _figures(values.get("figures"), size, taken.get("disks", wish.disks))
    return checked(replace(draft, wish=replace(wish, **taken), size=size, networked=networked))


def _figures(values: Any, size: Size, disks: Any) -> dict[str, Any]:
    if size is not Size.OWN or not isinstance(values, list) or not _whole(values) or len(values) != 3:
        return {}
    found: dict[str, Any] = {"vcpus": values[0], "memory_kib": values[1]}
    if disks and disks[0].source is None and values[2]:
        found["disks"] = (replace(disks[0], bytes=values[2]), *disks[1:])
    return found


def _whole(values: list[Any]) -> bool:
    return all(type(one) is int and 0 <= one < 1 << 62 for one in values)


def _size(value: Any, otherwise: Size) -> Size:
    return Size(value) if value in [one.value for one in Size] else otherwise


def _strings(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(one, str) for one in values)


def _cloud(cloud: CloudWish, told: dict[str, Any]) -> CloudWish:
    user = told.get("user")
    keys, packages = told.get("ssh_keys"), told.get("packages")
    return replace(
        cloud,
        user=user if isinstance(user, str) else cloud.user,
        ssh_keys=tuple(keys) if keys and _strings(keys) else cloud.ssh_keys,
        packages=tuple(packages) if packages and _strings(packages) else cloud.packages,
    )
