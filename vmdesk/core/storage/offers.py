"""What can be done with storage pools and volumes now, and why not. No host is asked."""

from collections.abc import Sequence
from dataclasses import dataclass

from vmdesk.core.storage.rows import Row, used_words
from vmdesk.model.chain import Role
from vmdesk.model.storage import Pool
from vmdesk.model.text import Text, text

_WRITTEN = (Role.DISK, Role.NVRAM)


@dataclass(frozen=True, slots=True)
class Offers:
    """For each action why it cannot be done; None: it can."""

    new: Text | None = None
    upload: Text | None = None
    download: Text | None = None
    copy: Text | None = None
    move: Text | None = None
    grow: Text | None = None
    wipe: Text | None = None
    delete: Text | None = None
    start: Text | None = None
    stop: Text | None = None
    refresh: Text | None = None
    autostart: Text | None = None
    forget: Text | None = None
    new_pool: Text | None = None


def offers(pool: Pool | None, chosen: Sequence[Row], host: Text | None = None, blind: Sequence[Text] = ()) -> Offers:
    """pool  the chosen one, None for several; host: why nothing can be done there at all; blind: see Files"""
    if host is not None:
        return Offers(*[host] * 14)
    one = chosen[0] if len(chosen) == 1 else None
    first: Text | None = None
    if not chosen:
        first = text("Select a volume first.")
    elif one is None:
        first = text("This works on one volume at a time.")
    many = None if chosen else text("Select a volume first.")
    place = _place(pool)
    still = first or (_writes(one) if one else None)
    needed = (
        many
        or _needed(chosen)
        or (text("It is not certain who uses its files: {what}", what=str(blind[0])) if blind else None)
    )
    none = text("Choose a storage pool first.") if pool is None else None
    return Offers(
        new=place or _fixed(pool),
        upload=place or _fixed(pool),
        download=still,
        copy=still or (_encrypted(one) if one else None),
        move=first or (moves(one) if one else None),
        grow=still or (_stood_on(one) if one else None) or _fixed_row(pool),
        wipe=needed,
        delete=needed,
        start=none or (text("It is on.") if pool and pool.active else None),
        stop=none or (None if pool and pool.active else text("It is off.")),
        refresh=place,
        autostart=none or (None if pool and pool.persistent else text("It is gone once it is switched off.")),
        forget=none,
    )


def _place(pool: Pool | None) -> Text | None:
    if pool is None:
        return text("Choose a storage pool first.")
    return None if pool.active else text("The storage pool {pool} is off.", pool=pool.name)


def _fixed(pool: Pool | None) -> Text | None:
    if pool is not None and pool.kind in ("iscsi", "iscsi-direct", "scsi", "mpath"):
        return text("Volumes of this kind of pool are made where they come from.")
    return None


def _fixed_row(pool: Pool | None) -> Text | None:
    return text("Volumes of this kind of pool keep their size.") if pool and pool.kind in ("disk", "iscsi") else None


def _writes(row: Row) -> Text | None:
    """Who changes it just now."""
    for user in row.users:
        if user.live and user.role in _WRITTEN:
            return text("{name} runs with it: what is read would not fit together.", name=user.machine)
    return None


def _stood_on(row: Row) -> Text | None:
    return text("{path} stands on it.", path=row.above[0]) if row.above else None


def _encrypted(row: Row) -> Text | None:
    if not row.image.encrypted:
        return None
    return text("{path} is encrypted: what is copied from it would not be.", path=row.image.path)


def moves(row: Row) -> Text | None:
    """Why it cannot be moved to another pool; None: it can."""
    if row.moving() is not None:
        return None
    if not row.users:
        return text("No machine has it as its disk. Copy it and delete this one.")
    return text("Others need it where it is: {names}.", names=used_words(row))


def _needed(chosen: Sequence[Row]) -> Text | None:
    """Who needs one of them. What stands on it may go together with it."""
    paths = {row.image.path for row in chosen}
    for row in chosen:
        if row.users:
            return text("{volume} is used by {names}.", volume=row.name, names=used_words(row))
        if others := [path for path in row.above if path not in paths]:
            return text("{path} stands on {volume}.", volume=row.name, path=others[0])
    return None
