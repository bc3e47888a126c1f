"""What deleting and reverting snapshots means for files. Pure.

libvirt merges an external snapshot's overlay into the file below it, and looks at nobody else's files: it may do so
only where all that stands on either of them is this machine's own line. Everywhere else the snapshot is only
forgotten, and its files go if nobody needs them.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from vmdesk.core.chains import Break, Index, breaks, settled, top_first
from vmdesk.model.chain import Files, Image, Role, Use
from vmdesk.model.snapshot import Kind, Snapshot, SnapshotDisk
from vmdesk.model.text import Text, text


class Way(Enum):
    """How a snapshot is deleted."""

    LIBVIRT = "libvirt"  # taken out of the disk's file, or merged into the file below
    DROP = "drop"  # forgotten, and its files deleted: nobody needs them
    FORGET = "forget"  # forgotten; its files stay, for somebody needs them


@dataclass(frozen=True, slots=True)
class SnapshotPlan:
    """Deleting one snapshot.

    gone     files that go; top first
    frees    bytes, as far as they are told
    needed   who needs the files that stay
    refused  why it cannot be done; None: it can
    """

    name: str
    way: Way
    gone: tuple[Image, ...] = ()
    frees: int = 0
    needed: tuple[Break, ...] = ()
    refused: Text | None = None


def delete(files: Files, machine: str, snapshots: Sequence[Snapshot], name: str) -> SnapshotPlan:
    """Deleting this one; its children stay, with its parent as theirs. KeyError if there is none."""
    found = {one.name: one for one in snapshots}[name]
    index = Index(files)
    if found.kind is Kind.MIXED or is_mixed(snapshots):
        return SnapshotPlan(name, Way.LIBVIRT, refused=mixed_reason())
    if files.blind:
        why = text("It is not certain who uses its files: {what}", what=str(files.blind[0]))
        return SnapshotPlan(name, Way.LIBVIRT, refused=why)
    if found.kind is not Kind.EXTERNAL:
        return _internal(index, machine, found)
    external = [disk for disk in found.disks if disk.kind is Kind.EXTERNAL]
    memory = tuple(index.image(path) for path in (found.memory_file,) if path)
    if external and all(_mergeable(index, machine, found.name, disk) for disk in external):
        overlays = tuple(index.image(disk.overlay) for disk in external)
        return SnapshotPlan(name, Way.LIBVIRT, (*overlays, *memory), _bytes(memory))
    return _forgotten(index, machine, snapshots, found)


def delete_each(
    files: Files, machine: str, snapshots: Sequence[Snapshot], names: Iterable[str]
) -> tuple[SnapshotPlan, ...]:
    """One after the other: what is needed by one that goes before is needed no more. KeyError if there is none."""
    told: list[SnapshotPlan] = []
    for name in names:
        told.append(found := delete(files, machine, snapshots, name))
        if found.refused is None:
            files, snapshots = _after(files, machine, snapshots, found)
    return tuple(told)


def _after(
    files: Files, machine: str, snapshots: Sequence[Snapshot], done: SnapshotPlan
) -> tuple[Files, Sequence[Snapshot]]:
    """What there is when that one is deleted."""
    found = {one.name: one for one in snapshots}[done.name]
    merges = done.way is Way.LIBVIRT and found.kind is Kind.EXTERNAL
    merged = {disk.overlay: disk.frozen for disk in found.disks if merges and disk.kind is Kind.EXTERNAL}
    gone = {image.path for image in done.gone}
    images = {
        path: replace(image, backing=merged.get(image.backing, image.backing))
        for path, image in files.images.items()
        if path not in gone
    }
    uses = tuple(
        replace(use, path=merged.get(use.path, use.path))
        for use in files.uses
        if use.machine != machine or use.snapshot != done.name
    )
    left = [
        replace(
            one,
            parent=found.parent if one.parent == done.name else one.parent,
            disks=tuple(replace(disk, frozen=merged.get(disk.frozen, disk.frozen)) for disk in one.disks),
        )
        for one in snapshots
        if one.name != done.name
    ]
    return replace(files, images=images, uses=uses), left


def delete_with_children(files: Files, machine: str, snapshots: Sequence[Snapshot], name: str) -> tuple[str, ...]:
    """The snapshots that go, leaf by leaf, the named one last."""
    children: dict[str, list[str]] = {}
    for one in snapshots:
        children.setdefault(one.parent, []).append(one.name)
    found: list[str] = []

    def walk(at: str) -> None:
        for child in children.get(at, ()):
            walk(child)
        found.append(at)

    walk(name)
    return tuple(found)


def is_mixed(snapshots: Iterable[Snapshot]) -> bool:
    """Whether internal and external ones are in one machine."""
    kinds = {one.kind for one in snapshots}
    return Kind.MIXED in kinds or {Kind.INTERNAL, Kind.EXTERNAL} <= kinds


def mixed_reason() -> Text:
    return text(
        "Internal and external snapshots are mixed in this machine: libvirt has lost disks in such a case. "
        "Make a full clone, and go on with that."
    )


def _internal(index: Index, machine: str, found: Snapshot) -> SnapshotPlan:
    """Only inside the disks' own files: nobody else may stand on them, who would read what is being written."""
    for disk in found.disks:
        if disk.kind is Kind.INTERNAL and (standing := index.all_above(disk.frozen)):
            others = [use for one in standing for use in index.uses(one) if use.machine != machine]
            who = index.name(others[0].machine) if others else standing[0]
            why = text("{path} cannot be written: {other} stands on it.", path=disk.frozen, other=who)
            return SnapshotPlan(found.name, Way.LIBVIRT, refused=why)
    return SnapshotPlan(found.name, Way.LIBVIRT, frees=found.bytes or 0)


def _mergeable(index: Index, machine: str, name: str, disk: SnapshotDisk) -> bool:
    """Whether the overlay can be merged into the frozen file without anybody noticing."""
    tops = {use.path for use in index.of(machine) if _is_active(use) and use.target == disk.target}
    if len(tops) != 1:
        return False
    line = index.chain(*tops)
    if disk.overlay not in line or index.image(disk.overlay).backing != disk.frozen or not index.whole(*tops):
        return False
    if set(index.above(disk.frozen)) != {disk.overlay} or not set(index.above(disk.overlay)) <= set(line):
        return False
    return all(
        use.machine == machine and (use.snapshot == name or use.role is Role.OVERLAY) for use in index.uses(disk.frozen)
    ) and all(
        use.machine == machine and (_is_active(use) or use.snapshot == name or use.role is Role.FROZEN)
        for use in index.uses(disk.overlay)
    )


def _is_active(use: Use) -> bool:
    return use.role is Role.DISK and not use.snapshot


def _forgotten(index: Index, machine: str, snapshots: Sequence[Snapshot], found: Snapshot) -> SnapshotPlan:
    candidates = {path for disk in found.disks for path in (disk.frozen, disk.overlay) if path}
    candidates |= {found.memory_file} if found.memory_file else set()
    frozen = {disk.frozen for disk in found.disks}
    ending = [
        use
        for use in index.of(machine)
        # What an earlier snapshot put on top is what this one froze: with this one it is nobody's state any more.
        if use.snapshot and (use.snapshot == found.name or (use.role is Role.OVERLAY and use.path in frozen))
    ]
    begun = _begun_on(snapshots, candidates)
    possible = {path for path in candidates - begun if index.image(path).pool}
    gone = top_first(index, settled(index, possible, ending))
    images = tuple(index.image(path) for path in gone)
    way = Way.DROP if gone else Way.FORGET
    return SnapshotPlan(
        found.name, way, images, _bytes(images), breaks(index, candidates - set(gone), ending) if candidates else ()
    )


def _begun_on(snapshots: Sequence[Snapshot], candidates: Collection[str]) -> set[str]:
    """Which of them no snapshot put there: the disk that the machine was begun with. That one is never dropped."""
    made = {disk.overlay for one in snapshots for disk in one.disks} | {one.memory_file for one in snapshots}
    return {path for path in candidates if path not in made}


def _bytes(images: Iterable[Image]) -> int:
    return sum(image.allocation or 0 for image in images)


@dataclass(frozen=True, slots=True)
class RevertPlan:
    """Reverting to an external snapshot by ourselves, the machine off.

    disks    which disks get a fresh overlay on what
    leaves   the files that are in use now and that nothing but a branch will name afterwards
    refused  why it cannot be done; None: it can
    """

    name: str
    disks: tuple[SnapshotDisk, ...] = ()
    leaves: tuple[Image, ...] = ()
    refused: Text | None = None


def revert(files: Files, machine: str, snapshots: Sequence[Snapshot], name: str) -> RevertPlan:
    """Reverting to this one. KeyError if there is none."""
    found = {one.name: one for one in snapshots}[name]
    index = Index(files)
    disks = tuple(disk for disk in found.disks if disk.kind is Kind.EXTERNAL)
    if is_mixed(snapshots):
        return RevertPlan(name, refused=mixed_reason())
    for disk in disks:
        for path in index.chain(disk.frozen):
            if path not in files.images:
                return RevertPlan(name, refused=text("{path} is not there any more.", path=path))
        if not index.whole(disk.frozen):
            return RevertPlan(name, refused=text("What {path} stands on cannot be read.", path=disk.frozen))
    tops = [use.path for use in index.of(machine) if _is_active(use) and use.writable and not use.live]
    leaves = tuple(index.image(path) for path in tops if not index.above(path))
    return RevertPlan(name, disks, leaves)
