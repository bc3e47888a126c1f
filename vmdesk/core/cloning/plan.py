"""What cloning a machine means: which disks are copied, stood upon or shared. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from vmdesk.core.chains import Index
from vmdesk.model.chain import Files, Image, Role, Use
from vmdesk.model.domain import Domain
from vmdesk.model.names import MOST, expand
from vmdesk.model.snapshot import Kind, Snapshot
from vmdesk.model.text import Text, text


class Fate(Enum):
    """What becomes of a disk."""

    COPY = "copy"
    LINK = "link"  # the clone's is an overlay on it
    SHARE = "share"  # the clone has the same one


@dataclass(frozen=True, slots=True)
class CloneDisk:
    """One disk of the source."""

    target: str
    image: Image
    format: str
    fate: Fate


@dataclass(frozen=True, slots=True)
class ClonePlan:
    """Cloning a machine.

    names     of the clones
    bytes     what has to be copied, for all of them
    freezes   the source's files that nobody writes any more; it goes on with overlays of its own on them
    shares    what they have in common afterwards, in words
    refused   why it cannot be done; None: it can
    """

    names: tuple[str, ...]
    disks: tuple[CloneDisk, ...] = ()
    bytes: int = 0
    freezes: tuple[Image, ...] = ()
    shares: tuple[Text, ...] = ()
    refused: Text | None = None


def clone(
    files: Files,
    domain: Domain,
    snapshots: Sequence[Snapshot],
    name: str,
    count: int = 1,
    linked: bool = False,
    taken: Sequence[str] = (),
) -> ClonePlan:
    """Cloning `domain`. `taken`: names of the host's machines."""
    names = expand(name, count)
    index = Index(files)
    owner = files.owners.get(domain.uuid)
    if why := _names(names, taken) or _state(domain):
        return ClonePlan(names, refused=why)
    disks = tuple(_disk(index, use, linked) for use in _disks(index, domain.uuid))
    if why := _disks_refused(index, domain, snapshots, disks, linked):
        return ClonePlan(names, disks, refused=why)
    template = bool(owner and owner.template)
    freezes = tuple(one.image for one in disks if one.fate is Fate.LINK) if linked and not template else ()
    total = sum(one.image.allocation or one.image.capacity or 0 for one in disks if one.fate is Fate.COPY) * len(names)
    return ClonePlan(names, disks, total, freezes, _shares(disks))


def _names(names: Sequence[str], taken: Sequence[str]) -> Text | None:
    if not names or len(names) > MOST:
        return text("So many names cannot be made of this.")
    for one in names:
        if not one.strip() or one != one.strip() or "/" in one or not one.isprintable() or one in (".", ".."):
            return text("{name} cannot be the name of a machine.", name=one)
        if one in taken:
            return text("There is already a machine {name} on this host.", name=one)
    return None


def _state(domain: Domain) -> Text | None:
    if domain.active:
        return text("{name} runs. Shut it down first: its disks must stand still.", name=domain.name)
    if domain.managed_save:
        return text("{name} has a saved state. Restore or discard it first.", name=domain.name)
    if not domain.persistent:
        return text("{name} has no definition of its own: it vanishes when it stops.", name=domain.name)
    return None


def _disks(index: Index, machine: str) -> tuple[Use, ...]:
    return tuple(
        use for use in index.of(machine) if use.role in (Role.DISK, Role.MEDIUM) and not use.snapshot and not use.live
    )


def _disk(index: Index, use: Use, linked: bool) -> CloneDisk:
    image = index.image(use.path)
    if use.role is Role.MEDIUM or not use.writable or use.shared:
        return CloneDisk(use.target, image, use.format or image.format, Fate.SHARE)
    return CloneDisk(use.target, image, use.format or image.format or "raw", Fate.LINK if linked else Fate.COPY)


def _disks_refused(
    index: Index, domain: Domain, snapshots: Sequence[Snapshot], disks: Sequence[CloneDisk], linked: bool
) -> Text | None:
    own = [one for one in disks if one.fate is not Fate.SHARE]
    for one in own:
        if not one.image.pool:
            return text("{path} is in no storage pool that is on: libvirt cannot copy it.", path=one.image.path)
        if one.image.capacity is None:
            return text("The size of {path} is not told.", path=one.image.path)
        if linked and one.format not in ("qcow2", "raw"):
            return text(
                "The disk {disk} is {format}: only qcow2 and raw can be stood on.", disk=one.target, format=one.format
            )
        if not index.whole(one.image.path):
            return text("What {path} stands on cannot be read.", path=one.image.path)
        if any(index.image(path).encrypted for path in index.chain(one.image.path)):
            if linked:
                return text(
                    "The disk {disk} is encrypted: libvirt starts no machine from what stands on it.", disk=one.target
                )
            return text("{path} is encrypted: what is copied from it would not be.", path=one.image.path)
    if linked and any(one.kind in (Kind.INTERNAL, Kind.MIXED) for one in snapshots):
        return text(
            "{name} has internal snapshots: they are inside the files that would be frozen. Make a full clone.",
            name=domain.name,
        )
    return None


def _shares(disks: Sequence[CloneDisk]) -> tuple[Text, ...]:
    found = []
    for one in disks:
        if one.fate is Fate.LINK:
            found.append(text("{path}: nobody writes it any more, and it must stay.", path=one.image.path))
        elif one.fate is Fate.SHARE and one.image.path:
            found.append(text("{path}, which all of them have.", path=one.image.path))
    return tuple(found)
