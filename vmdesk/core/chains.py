"""What stands on what, who needs it, and what a deletion would break. Pure: no host is asked.

The one rule behind all plans: a file goes only if nothing that stays needs it, directly or through a backing chain.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import Enum

from vmdesk.model.chain import Files, Image, Owner, Role, Use
from vmdesk.model.text import Text, text

_MEDIA = (Role.MEDIUM, Role.BOOT)
_OWN = (Role.DISK, Role.FROZEN, Role.OVERLAY, Role.MEMORY)


class Index:
    """Who stands on whom; made once for a question of several parts."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self._above: dict[str, list[str]] = {}
        for image in files.images.values():
            if image.backing:
                self._above.setdefault(image.backing, []).append(image.path)
        self._uses: dict[str, list[Use]] = {}
        for use in files.uses:
            if use.path:
                self._uses.setdefault(use.path, []).append(use)

    def image(self, path: str) -> Image:
        """What is known of it."""
        return self.files.images.get(path) or Image(path, known=False)

    def chain(self, path: str) -> tuple[str, ...]:
        """The file and all below it, the base last."""
        found: dict[str, None] = {}
        while path and path not in found:
            found[path] = None
            path = self.image(path).backing
        return tuple(found)

    def whole(self, path: str) -> bool:
        """Whether the chain is known down to its base."""
        return all(self.image(one).known for one in self.chain(path))

    def above(self, path: str) -> tuple[str, ...]:
        """The files that stand directly on it."""
        return tuple(self._above.get(path, ()))

    def all_above(self, path: str) -> tuple[str, ...]:
        """Those, and what stands on them; it itself not."""
        found: dict[str, None] = {}
        waiting = list(self.above(path))
        while waiting:
            one = waiting.pop()
            if one not in found and one != path:
                found[one] = None
                waiting += self.above(one)
        return tuple(found)

    def uses(self, path: str) -> tuple[Use, ...]:
        """Who names it directly."""
        return tuple(self._uses.get(path, ()))

    def of(self, machine: str) -> tuple[Use, ...]:
        return tuple(use for use in self.files.uses if use.machine == machine)

    def name(self, machine: str) -> str:
        owner = self.files.owners.get(machine)
        return owner.name if owner else machine

    def closure(self, paths: Iterable[str]) -> set[str]:
        """All files that these need."""
        found = set[str]()
        for path in paths:
            for one in self.chain(path):
                if one in found:
                    break
                found.add(one)
        return found


@dataclass(frozen=True, slots=True)
class Break:
    """What a deletion would break. `machine`: its name, "" for a volume that no machine uses; `path`: what it needs."""

    machine: str
    path: str
    snapshot: str = ""

    def said(self) -> Text:
        if not self.machine:
            return text("the volume {path}", path=self.path)
        if self.snapshot:
            return text("the snapshot {snapshot} of {name}", snapshot=self.snapshot, name=self.machine)
        return text("the machine {name}", name=self.machine)


def breaks(index: Index, paths: Collection[str], without: Collection[Use] = ()) -> tuple[Break, ...]:
    """Who would miss these files; `without`: uses that end with them."""
    going = set(paths)
    found: dict[tuple[str, str], Break] = {}
    for use in index.files.uses:
        if use not in without and use.path and going.intersection(index.chain(use.path)):
            name = index.name(use.machine)
            found.setdefault((name, use.snapshot), Break(name, use.path, use.snapshot))
    for path in going:
        for one in index.all_above(path):
            if one not in going and not index.uses(one) and not any(map(index.uses, index.all_above(one))):
                found.setdefault(("", one), Break("", one))
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class FilePlan:
    """Deleting one file: what it frees and breaks. It can be done if it breaks nothing."""

    image: Image
    frees: int
    breaks: tuple[Break, ...]


def file_plan(index: Index, path: str) -> FilePlan:
    """ "Deleting this frees X and breaks Y"."""
    image = index.image(path)
    return FilePlan(image, image.allocation or 0, breaks(index, (path,)))


class Keep(Enum):
    """Why a file stays when its machine is deleted."""

    NEEDED = "needed"  # somebody else needs it: deleting it is refused
    SHARED = "shared"  # the definition says others write into it, too
    READONLY = "readonly"
    MEDIUM = "medium"  # a CD, a kernel, firmware
    BASE = "base"  # an image below it which it did not make
    ELSEWHERE = "elsewhere"  # in no storage pool that is on: libvirt cannot delete it
    GONE = "gone"  # it is not there
    CHOSEN = "chosen"  # the person wants to keep it


@dataclass(frozen=True, slots=True)
class Item:
    """One file of a machine that is to be deleted.

    ticked    whether it goes unless the person says otherwise; False for all that stays
    possible  whether it may be ticked
    keep      why not, or why it is not ticked
    used_by   who else needs it
    """

    image: Image
    roles: tuple[Role, ...]
    ticked: bool = True
    possible: bool = True
    keep: Keep | None = None
    used_by: tuple[Break, ...] = ()

    @property
    def spare(self) -> bool:
        """A base image that nobody else needs: somebody may want it for the next machine, or nobody."""
        return self.keep is Keep.BASE and self.possible

    @property
    def free(self) -> bool:
        """Whether the person may tick it, if it is not ticked."""
        return self.possible and self.keep in (None, Keep.CHOSEN, Keep.BASE)


@dataclass(frozen=True, slots=True)
class DeletePlan:
    """Deleting a machine.

    items     its files, the top ones first
    hidden    what goes or stays without a path: nvram (if it is in no pool), TPM state, a saved state
    snapshots their names: they go with the definition
    refused   why it cannot be done with its disks; None: it can
    barred    why no file of it can go, even if what others need stays; None: those that are `possible` can
    """

    owner: Owner
    items: tuple[Item, ...]
    hidden: tuple[Role, ...] = ()
    snapshots: tuple[str, ...] = ()
    refused: Text | None = None
    barred: Text | None = None

    @property
    def gone(self) -> tuple[Image, ...]:
        """What goes if nothing is ticked or unticked by hand."""
        return tuple(item.image for item in self.items if item.ticked)

    @property
    def stays(self) -> tuple[Item, ...]:
        return tuple(item for item in self.items if not item.ticked)

    @property
    def bases(self) -> tuple[Item, ...]:
        """What it was begun on and nobody else needs: it stays unless it is said to go, too."""
        return tuple(item for item in self.items if item.spare)

    @property
    def frees(self) -> int:
        return sum(image.allocation or 0 for image in self.gone)


def settled(index: Index, candidates: Collection[str], without: Collection[Use] = ()) -> set[str]:
    """The most of these files that can go together so that all that stays keeps all it stands on.

    without  uses that end with them
    """
    ending = set(without)
    needed = index.closure(use.path for use in index.files.uses if use.path and use not in ending)
    gone = {path for path in candidates if path and path not in needed}
    while gone:
        below = index.closure(path for path in index.files.images if path not in gone)
        if not gone & below:
            break
        gone -= below
    return gone


def top_first(index: Index, paths: Collection[str]) -> tuple[str, ...]:
    """In the order in which they are to be deleted: nothing ever stands on what is not there."""
    return tuple(sorted(paths, key=lambda path: (-len(index.chain(path)), path)))


def delete_plan(files: Files, machine: str, chosen: Collection[str] | None = None) -> DeletePlan:
    """What deleting a machine with its disks means. KeyError if there is none.

    chosen  the paths that the person ticked; None: what is ticked at first
    """
    index = Index(files)
    owner = files.owners[machine]
    mine = index.of(machine)
    own = _made_by(mine)
    paths = [path for path in _all_files(index, mine) if index.image(path).pool]
    possible = settled(index, paths, mine)
    wanted = {path for path in possible if path in own and not _is_shared(path, mine)}
    ticked = settled(index, wanted if chosen is None else possible.intersection(chosen), mine)
    items = tuple(_item(index, path, mine, own, possible, ticked) for path in _all_files(index, mine))
    hidden = tuple(dict.fromkeys(use.role for use in mine if not use.path or use.role is Role.NVRAM))
    names = tuple(dict.fromkeys(use.snapshot for use in mine if use.snapshot))
    barred = _barred(index, owner)
    return DeletePlan(owner, items, hidden, names, _needed(items, mine) or barred, barred)


def _needed(items: Iterable[Item], mine: Collection[Use]) -> Text | None:
    for item in items:
        if item.keep is Keep.NEEDED and _is_top(item.image.path, mine):
            who = ", ".join(str(one.said()) for one in item.used_by)
            return text("{path} is needed by {who}.", path=item.image.path, who=who)
    return None


def _barred(index: Index, owner: Owner) -> Text | None:
    if owner.template and (hanging := clones_of(index, owner.uuid)):
        return text("Clones hang on this template: {names}.", names=", ".join(hanging))
    if index.files.blind:
        return text("It is not certain who uses its files: {what}", what=str(index.files.blind[0]))
    return None


def _all_files(index: Index, mine: Iterable[Use]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for use in mine:
        if use.role is not Role.NVRAM:
            found.update(dict.fromkeys(index.chain(use.path)))
    return tuple(found)


def _made_by(mine: Iterable[Use]) -> set[str]:
    """Its own: what it writes into, and all that its snapshots name; not what it was begun on."""
    return {use.path for use in mine if use.path and use.role in _OWN and (use.writable or use.snapshot)}


def _is_shared(path: str, mine: Iterable[Use]) -> bool:
    return any(use.shared for use in mine if use.path == path)


def _item(
    index: Index,
    path: str,
    mine: Collection[Use],
    own: Collection[str],
    possible: Collection[str],
    ticked: Collection[str],
) -> Item:
    image = index.image(path)
    named = [use for use in mine if use.path == path]
    roles = tuple(dict.fromkeys(use.role for use in named)) or (Role.BACKING,)
    if path in ticked:
        return Item(image, roles)
    used_by = breaks(index, (path,), mine)
    if all(role in _MEDIA for role in roles):
        keep = Keep.MEDIUM
    elif any(use.shared for use in named):
        keep = Keep.SHARED
    elif path not in own:
        keep = Keep.READONLY if any(use.role is Role.DISK for use in named) else Keep.BASE
    elif used_by:
        keep = Keep.NEEDED
    elif path not in index.files.images:
        keep = Keep.GONE
    elif not image.pool:
        keep = Keep.ELSEWHERE
    else:
        keep = Keep.NEEDED if path not in possible else Keep.CHOSEN
    return Item(image, roles, False, path in possible, keep, used_by)


def _is_top(path: str, mine: Iterable[Use]) -> bool:
    return any(use.path == path and use.role is Role.DISK and use.writable and not use.snapshot for use in mine)


def clones_of(index: Index, machine: str) -> tuple[str, ...]:
    """The names of other machines, and paths of volumes of nobody, that stand on this one's disks."""
    found: dict[str, None] = {}
    for use in index.of(machine):
        if use.role is not Role.DISK or use.snapshot or not use.writable:
            continue
        for one in index.all_above(use.path):
            others = [index.name(other.machine) for other in index.uses(one) if other.machine != machine]
            found.update(dict.fromkeys(others or ([] if index.uses(one) else [one])))
    return tuple(found)


def orphans(files: Files) -> tuple[Image, ...]:
    """Disk images in storage pools that no machine needs, directly or through a chain, the largest first."""
    index = Index(files)
    needed = index.closure(use.path for use in files.uses if use.path)
    found = [image for image in files.images.values() if image.path not in needed and is_disk_image(image)]
    return tuple(sorted(found, key=lambda image: (-(image.allocation or 0), image.path)))


def is_disk_image(image: Image) -> bool:
    """In a storage pool, and with a format of machines' disks: an ISO file lies there because somebody put it there."""
    return (
        bool(image.pool)
        and image.format in ("qcow2", "qed", "vmdk", "raw", "")
        and not image.path.lower().endswith((".iso", ".img.xz", ".fd"))
    )


def start_problem(files: Files, machine: str) -> Text | None:
    """Why a machine must not be started: it would write into what somebody else stands on. None: it may."""
    index = Index(files)
    owner = files.owners[machine]
    if owner.template:
        return text("{name} is a template: clones stand on its disks. Make a clone of it.", name=owner.name)
    if owner.trashed:
        return text("{name} is in the trash. Take it out first.", name=owner.name)
    for use in index.of(machine):
        if use.role is Role.DISK and use.writable and not use.snapshot and not use.live:
            for one in index.all_above(use.path):
                others = index.uses(one)
                if others and all(other.machine == machine and not other.snapshot for other in others):
                    continue  # two disks of its own: QEMU's lock refuses that by itself
                who = others[0] if others else None
                return text(
                    "{path} would be written, and {other} stands on it: what is there would be destroyed.",
                    path=use.path,
                    other=index.name(who.machine) if who and who.machine != machine else one,
                )
    return None
