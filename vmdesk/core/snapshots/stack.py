"""What a machine's disks stand on, and who else does, as rows of a picture: bases at the bottom. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vmdesk.core.chains import Break, FilePlan, Index, clones_of, file_plan
from vmdesk.core.snapshots.lanes import Lanes, Mark
from vmdesk.core.snapshots.merging import missed
from vmdesk.model.chain import Files, Image, Role, Use
from vmdesk.model.domain import Domain
from vmdesk.model.text import Text, text

_DISKS = (Role.DISK, Role.BACKING, Role.FROZEN, Role.OVERLAY)


@dataclass(frozen=True, slots=True)
class Layer:
    """One file, in its lane (see core.snapshots.lanes).

    uses    who names it: machines with their disks, snapshots
    mine    this machine stands on it, directly or through others
    target  the disk that is this file now, "" if it is none of this machine's
    """

    image: Image
    uses: tuple[Use, ...]
    mine: bool
    target: str
    lane: int
    joins: tuple[int, ...] = ()
    passing: tuple[int, ...] = ()
    down: bool = False

    @property
    def path(self) -> str:
        return self.image.path

    @property
    def mark(self) -> Mark:
        if self.target:
            return Mark.NOW
        return Mark.DOT if self.mine else Mark.OTHER


def layers(files: Files, machine: str) -> tuple[Layer, ...]:
    """The whole trees that the machine's disks are part of, one below the other, its own line at the left."""
    index = Index(files)
    named = [use for use in index.of(machine) if use.path and use.role in _DISKS]
    mine = index.closure(use.path for use in named)
    tops = {use.path: use.target for use in _tops(named)}
    ordered = sorted(mine, key=lambda path: (path not in tops, tops.get(path, ""), path))
    roots = dict.fromkeys(index.chain(path)[-1] for path in ordered)
    own = index.closure(tops)
    lanes = Lanes()
    found = []
    for root in roots:
        for path in _children_first(index, root, own):
            parent = index.image(path).backing
            place = lanes.put(path, parent if parent and parent != path else "")
            found.append(
                Layer(index.image(path), _distinct(index.uses(path)), path in mine, tops.get(path, ""), *place)
            )
    return tuple(found)


def _tops(named: Iterable[Use]) -> list[Use]:
    """What its disks are now: the running machine's where it runs, else the definition's."""
    disks = [use for use in named if use.role is Role.DISK and not use.snapshot]
    live = [use for use in disks if use.live]
    return live or disks


def _children_first(index: Index, root: str, own: set[str]) -> list[str]:
    """All that stands on it and then itself; of each file's children the machine's own line first. Without recursion:
    a chain may be five hundred long.
    """
    found: list[str] = []
    seen = {root}
    waiting = [(root, iter(_children(index, root, own)))]
    while waiting:
        path, children = waiting[-1]
        following = next((one for one in children if one not in seen), None)
        if following is None:
            found.append(path)
            waiting.pop()
        else:
            seen.add(following)
            waiting.append((following, iter(_children(index, following, own))))
    return found


def _children(index: Index, path: str, own: set[str]) -> list[str]:
    return sorted(index.above(path), key=lambda one: (one not in own, one))


def _distinct(uses: Iterable[Use]) -> tuple[Use, ...]:
    """One for each machine, disk and snapshot: live and stored definition mostly say the same."""
    found = {(use.machine, use.target, use.snapshot, use.role): use for use in uses}
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class Doings:
    """What can be done with one layer. None: it can.

    delete  deleting it alone; told: what that frees and breaks
    commit  merging it into `below`, the file it stands on
    pull    copying what is below the written file into that: all of it, or down to above this one
    target  the disk in whose line it is
    gone    files that go with commit, or with pull
    """

    told: FilePlan
    delete: Text | None
    commit: Text | None
    pull: Text | None
    target: str = ""
    below: str = ""
    base: str = ""
    pulled: tuple[str, ...] = ()


def doings(files: Files, domain: Domain, path: str) -> Doings:
    """What can be done with this file, and what it would break."""
    index = Index(files)
    told = file_plan(index, path)
    target, line = _line(index, domain.uuid, path)
    below = index.image(path).backing
    base = "" if line and path == line[0] else path
    pulled = line[1 : line.index(base)] if base and base in line else line[1:]
    return Doings(
        told,
        _no_delete(files, told),
        _no_job(domain, line) or _no_commit(index, domain, line, path, below),
        _no_job(domain, line) or _no_pull(index, domain, line, pulled),
        target,
        below,
        base,
        tuple(pulled),
    )


def _line(index: Index, machine: str, path: str) -> tuple[str, tuple[str, ...]]:
    for use in _tops(one for one in index.of(machine) if one.path and one.role in _DISKS):
        line = index.chain(use.path)
        if path in line:
            return use.target, line
    return "", ()


def _no_delete(files: Files, told: FilePlan) -> Text | None:
    if told.breaks:
        return text("{path} is needed by {who}.", path=told.image.path, who=_names(told.breaks))
    if files.blind:
        return text("It is not certain who uses its files: {what}", what=str(files.blind[0]))
    if not told.image.pool:
        return text("{path} is in no storage pool that is on: libvirt cannot delete it.", path=told.image.path)
    return None


def _no_job(domain: Domain, line: Sequence[str]) -> Text | None:
    if not line:
        return text("No disk of {name} stands on it now.", name=domain.name)
    if not domain.active:
        return text("{name} is not running: start it first, paused if you like.", name=domain.name)
    return None


def _no_commit(index: Index, domain: Domain, line: Sequence[str], path: str, below: str) -> Text | None:
    if not below:
        return _on_nothing()
    return _needed(missed(index, domain.uuid, line, (path, below)))


def _no_pull(index: Index, domain: Domain, line: Sequence[str], pulled: Sequence[str]) -> Text | None:
    if not pulled and len(line) == 1:
        return _on_nothing()
    if not pulled:
        return text("Nothing lies between it and the file that is written.")
    return _needed([one for one in missed(index, domain.uuid, line, pulled) if one.snapshot])


def _on_nothing() -> Text:
    return text("It stands on nothing: there is nothing to merge.")


def _needed(who: Sequence[Break]) -> Text | None:
    return text("These layers are needed as they are: {names}.", names=_names(who)) if who else None


def _names(who: Iterable[Break]) -> str:
    return ", ".join(dict.fromkeys(str(one.said()) for one in who))


def hanging(files: Files, machine: str) -> tuple[str, ...]:
    """The names of the machines that stand on this one's disks: linked clones."""
    return clones_of(Index(files), machine)
