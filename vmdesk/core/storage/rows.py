"""The volumes of a host as rows: what each is, what it takes, and who needs it. No host is asked."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from vmdesk.core.chains import Index, is_disk_image
from vmdesk.model.chain import Files, Image, Role, Use
from vmdesk.model.text import Text, text

_AT_ONCE = 250  # volumes or uses looked at before somebody else has a turn
ROLES: dict[Role, Text] = {
    Role.DISK: text("disk"),
    Role.MEDIUM: text("installation medium"),
    Role.BACKING: text("base image"),
    Role.NVRAM: text("firmware settings"),
    Role.TPM: text("TPM state"),
    Role.BOOT: text("kernel or firmware"),
    Role.FROZEN: text("snapshot's disk"),
    Role.OVERLAY: text("snapshot's disk"),
    Role.MEMORY: text("memory of a snapshot"),
    Role.SAVED: text("saved state"),
}


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who needs a volume.

    machine  its name, uuid; active: it runs
    role     what the volume is to it; BACKING where it is needed by what stands on it
    target   of a disk: vda
    live     by the running machine's definition; stored: by the stored one
    snapshot by this snapshot, "" by a definition
    """

    machine: str
    uuid: str
    role: Role
    target: str = ""
    live: bool = False
    stored: bool = False
    snapshot: str = ""
    active: bool = False

    def said(self) -> Text:
        """`web-01: disk vda, running and stored`."""
        if self.snapshot:
            what = text("{name}: snapshot {snapshot}", name=self.machine, snapshot=self.snapshot)
        else:
            role = f"{ROLES[self.role]} {self.target}".strip()
            what = text("{name}: {role}", name=self.machine, role=role)
            if self.live and not self.stored:
                return text("{what}, only while it runs", what=str(what))
            if self.stored and not self.live and self.active:
                return text("{what}, from its next start", what=str(what))
        return what


@dataclass(frozen=True, slots=True)
class Row:
    """One volume.

    above   the files that stand directly on it
    orphan  a disk image that nobody needs
    words   in which a filter looks: its name, path, pool, format and users, case folded
    """

    image: Image
    users: tuple[User, ...] = ()
    above: tuple[str, ...] = ()
    orphan: bool = False
    words: str = ""

    @property
    def pool(self) -> str:
        return self.image.pool

    @property
    def name(self) -> str:
        return self.image.volume

    @property
    def allocation(self) -> int:
        return self.image.allocation or 0

    @property
    def key(self) -> tuple[str, str]:
        return self.image.pool, self.image.volume

    @property
    def used(self) -> bool:
        return bool(self.users or self.above)

    def moving(self) -> User | None:
        """The machine that writes into it, if it is the top of one disk of that machine and nobody else's."""
        disks = [user for user in self.users if user.role is Role.DISK and not user.snapshot]
        tops = [user for user in disks if (user.live if user.active else user.stored)]
        return tops[0] if len(tops) == 1 and len(self.users) == 1 and not self.above else None


async def rows(files: Files) -> tuple[Row, ...]:
    """All volumes of the host's pools, by pool and name. 10,000 of them leave others their turn."""
    index = Index(files)
    await asyncio.sleep(0)
    users: dict[str, dict[tuple[str, Role, str, str], User]] = {}
    for number, use in enumerate(files.uses):
        if number % _AT_ONCE == 0:
            await asyncio.sleep(0)
        for place, path in enumerate(index.chain(use.path)):
            _add(users.setdefault(path, {}), index, use if place == 0 else replace(use, role=Role.BACKING))
    found = []
    for number, image in enumerate(files.images.values()):
        if number % _AT_ONCE == 0:
            await asyncio.sleep(0)
        if image.pool:
            mine = tuple(users.get(image.path, {}).values())
            row = Row(image, mine, index.above(image.path), not mine and is_disk_image(image))
            parts = (image.volume, image.path, image.pool, image.format, used_words(row))
            found.append(replace(row, words="\n".join(parts).casefold()))
    await asyncio.sleep(0)
    found.sort(key=lambda row: row.key)
    await asyncio.sleep(0)
    return tuple(found)


def _add(found: dict[tuple[str, Role, str, str], User], index: Index, use: Use) -> None:
    owner = index.files.owners.get(use.machine)
    key = (use.machine, use.role, use.target, use.snapshot)
    old = found.get(key) or User(
        owner.name if owner else use.machine,
        use.machine,
        use.role,
        use.target,
        snapshot=use.snapshot,
        active=bool(owner and owner.active),
    )
    found[key] = replace(old, live=old.live or use.live, stored=old.stored or not (use.live or use.snapshot))


def used_words(row: Row) -> str:
    """`web-01, db-01`; files that stand on it where no machine does; "" for nobody."""
    names = list(dict.fromkeys(user.machine for user in row.users))
    return ", ".join(names or [path.rpartition("/")[2] for path in row.above])


def used_cell(row: Row) -> str:
    """The same with what it is to them, where it is not simply their disk: `web-01 (base image)`."""
    found: dict[str, list[User]] = {}
    for user in row.users:
        found.setdefault(user.machine, []).append(user)
    words = []
    for name, users in found.items():
        if any(user.role is Role.DISK and not user.snapshot for user in users):
            words.append(name)
            continue
        first = min(users, key=lambda user: user.role is Role.BACKING)  # what it names itself
        what = text("snapshot {snapshot}", snapshot=first.snapshot) if first.snapshot else ROLES[first.role]
        words.append(f"{name} ({what})")
    return ", ".join(words) or used_words(row)


def used_lines(row: Row) -> list[str]:
    """All of it, a line each."""
    lines = list(dict.fromkeys(str(user.said()) for user in row.users))
    return lines + [str(text("{path} stands on it", path=path)) for path in row.above]


def reclaimable(found: Sequence[Row]) -> int:
    """Bytes that those take which nobody needs."""
    return sum(row.allocation for row in found if row.orphan)
