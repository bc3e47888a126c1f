"""The definitions as they would be, for --print-xml and "Show XML": nothing is made, paths are where files would go."""

from vmdesk.core.creating.findings import Findings
from vmdesk.media.unattended import Answers, Way
from vmdesk.model.names import names
from vmdesk.model.wish import Away, From, Here, Place, There, Wish
from vmdesk.virt.pools import SYSTEM_FOLDER, preferred
from vmdesk.virtxml.build.definitions import build
from vmdesk.virtxml.build.prepared import Definitions, DiskAt, Prepared


def preview(wish: Wish, found: Findings, answers: Answers | None = None) -> Definitions:
    """Of the first machine of the wish. `answers`: what its installer is told, if it is to ask nobody."""
    name = names(wish)[0]
    pool = preferred(list(found.host.pools))
    folder = pool.target if pool is not None else SYSTEM_FOLDER
    folders = {one.name: one.target for one in found.host.pools}
    disks = []
    for number, disk in enumerate(wish.disks):
        first = number == 0 and wish.source in (From.DISK, From.CLOUD)
        source = wish.media if first else disk.source
        where = folders.get(disk.pool, folder)
        in_place = first and wish.source is From.DISK and not (disk.copy or disk.linked or wish.linked)
        if in_place and isinstance(source, Here) and found.image is not None and found.image.usable:
            disks.append(DiskAt(_place(source, folders, where), format=found.image.format, used=True, ended=True))
        elif in_place and isinstance(source, There):
            disks.append(DiskAt(_place(source, folders, where), format=disk.format or "qcow2", used=True))
        else:
            format_ = disk.format or "qcow2"
            called = f"{name}.{format_}" if number == 0 else f"{name}-disk{number + 1}.{format_}"
            disks.append(DiskAt(f"{where}/{disk.name or called}", format=format_, used=source is not None))
    media = wish.media if wish.source is From.CDROM else None
    cdroms = [
        DiskAt(_place(place, folders, folder), format="raw", device="cdrom", readonly=True)
        for place in (media, wish.drivers)
        if place is not None
    ]
    if wish.cloud is not None:
        cdroms.append(DiskAt(f"{folder}/{name}-seed.iso", format="raw", device="cdrom", readonly=True, stays=True))
    if answers is not None and answers.way is Way.CD:
        cdroms.append(DiskAt(f"{folder}/{name}-answers.iso", format="raw", device="cdrom", readonly=True, once=True))
    kernel, initrd = _boot_files(wish, found, answers)
    append = (found.tree.append if found.tree is not None else "", wish.append, answers.append if answers else "")
    prepared = Prepared(
        disks=tuple(disks),
        cdroms=tuple(cdroms),
        kernel=_boot_file(kernel, f"{name}-kernel", folders, folder),
        initrd=_boot_file(initrd, f"{name}-initrd", folders, folder),
        append=" ".join(filter(None, append)),
        root=wish.media.path if wish.source is From.CONTAINER and isinstance(wish.media, Here) else "",
    )
    return build(wish, found.system, found.host, found.machine, prepared, name)


def _boot_files(wish: Wish, found: Findings, answers: Answers | None) -> tuple[Place | None, Place | None]:
    """Kernel and initrd. Away: a copy is made, which one with answers in it always is."""
    kernel, initrd = found.tree.places if found.tree is not None else (wish.kernel, wish.initrd)
    if answers is None or answers.way is Way.CD:
        return kernel, initrd
    return (kernel if found.tree is not None else Away("")), Away("")


def _boot_file(place: Place | None, called: str, folders: dict[str, str], folder: str) -> str:
    if place is None:
        return ""
    return f"{folder}/{called}" if isinstance(place, Away) else _place(place, folders, folder)


def _place(place: Place, folders: dict[str, str], folder: str) -> str:
    if isinstance(place, Here):
        return place.path
    if isinstance(place, There):
        return f"{folders.get(place.pool, folder)}/{place.volume}"
    return f"{folder}/{place.url.rstrip('/').rpartition('/')[2]}"
