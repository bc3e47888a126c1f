"""Whether the disks can be: their sizes, and the space there is."""

from collections import Counter
from collections.abc import Iterator

from vmdesk.model import names
from vmdesk.model.abilities import HostAbilities
from vmdesk.model.sizes import MIB, TIB
from vmdesk.model.storage import Pool
from vmdesk.model.system import System
from vmdesk.model.text import text
from vmdesk.model.wish import DiskWish, From, Wish
from vmdesk.virtxml.build.choose import disk_bytes_for
from vmdesk.virtxml.build.complaint import Complaint, Weight, in_words, short
from vmdesk.virtxml.build.platform import platform

DEFAULT = "default"
LARGEST = 64 * TIB
LEAST = 1 * MIB
MOST = 60
_IDE = 4
_BUSES = ("", "virtio", "sata", "scsi", "ide", "usb", "xen", "sd")


def check(wish: Wish, system: System, host: HostAbilities) -> Iterator[Complaint]:
    if wish.source is From.CONTAINER:  # its root is a folder, it gets no disks
        return
    if len(wish.disks) > MOST:
        yield Complaint("disks", text("A machine has at most {most} disks here.", most=MOST))
        return
    if platform(wish, system, host).machine == "pc" and sum(disk.bus == "ide" for disk in wish.disks) > _IDE - 1:
        yield Complaint("disks", text("IDE has room for three disks and a CD."))
    pools = {pool.name: pool for pool in host.pools}
    if host.room:
        pools[""] = Pool(DEFAULT, "", available=host.room)  # the one that is going to be made
    wanted: Counter[str] = Counter()
    all_now: Counter[str] = Counter()
    for place, disk in enumerate(wish.disks):
        field = f"disks[{place}]"
        if disk.bus not in _BUSES:
            yield Complaint(f"{field}.bus", text("There is no disk bus called {bus}.", bus=short(disk.bus)))
        if disk.format not in ("", "qcow2", "raw") and disk.source is None:
            yield Complaint(f"{field}.format", text("New disks are qcow2 or raw."))
        if disk.name and ("/" in disk.name or disk.name in (".", "..") or names.problem(disk.name)):
            yield Complaint(f"{field}.name", text("{name} is not the name of a file.", name=short(disk.name)))
        if disk.pool and host.pools and disk.pool not in pools:
            yield Complaint(f"{field}.pool", text("The host has no pool {pool}.", pool=short(disk.pool)))
        size = _disk_size(disk, system, place == 0 and wish.source in (From.DISK, From.CLOUD))
        if size is None:
            continue
        yield from _disk_range(field, size, system, wish)
        pool = disk.pool or _first_pool(host)
        wanted[pool] += size
        all_now[pool] += size if disk.full else 0
    count = len(names.names(wish)) or 1
    for name, size in wanted.items():
        if (pool_of := pools.get(name)) is not None and pool_of.active:
            yield from _space(pool_of, size * (1 if wish.linked else count), all_now[name] * count)


def _disk_size(disk: DiskWish, system: System, imported: bool) -> int | None:
    """None if no new volume is made, or its size comes from its source."""
    if (imported or disk.source is not None) and not disk.bytes:
        return None
    return disk.bytes or disk_bytes_for(system)[0]


def _disk_range(field: str, size: int, system: System, wish: Wish) -> Iterator[Complaint]:
    if size < 0:
        yield Complaint(f"{field}.bytes", text("A size cannot be negative: {size}.", size=size))
    elif size < LEAST:
        yield Complaint(f"{field}.bytes", text("A disk has at least {least}.", least=in_words(LEAST)))
    elif size > LARGEST:
        most = text("A disk has at most {most}.", most=in_words(LARGEST))
        yield Complaint(f"{field}.bytes", most)
    elif field == "disks[0]" and size < system.minimum.disk and wish.source is not From.DISK:
        yield Complaint(
            f"{field}.bytes",
            text("{system} needs a disk of at least {size}.", system=system.name, size=in_words(system.minimum.disk)),
            Weight.WARNING,
        )


def _space(pool: Pool, size: int, all_now: int) -> Iterator[Complaint]:
    if all_now > pool.available:
        yield Complaint(
            "disks",
            text(
                "The pool {pool} has {left} left, the disks take {size} at once.",
                pool=pool.name,
                left=in_words(pool.available),
                size=in_words(all_now),
            ),
        )
    elif size > pool.available:
        yield Complaint(
            "disks",
            text(
                "The pool {pool} has {left} left, the disks may grow to {size}: machines pause when it is full.",
                pool=pool.name,
                left=in_words(pool.available),
                size=in_words(size),
            ),
            Weight.WARNING,
        )


def _first_pool(host: HostAbilities) -> str:
    """Where a disk goes whose pool was not chosen: "default", else the first that keeps files."""
    if any(pool.name == DEFAULT for pool in host.pools):
        return DEFAULT
    return next((pool.name for pool in host.pools if pool.active and pool.keeps_files), "")
