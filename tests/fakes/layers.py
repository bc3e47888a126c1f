"""Snapshots, clones and deletion without a hypervisor: a machine with files, and a neighbour on the same base."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from vmdesk.core.cloning.clone import Cloned
from vmdesk.core.deleting.delete import Deleted
from vmdesk.core.deleting.emptying import EmptyPlan, empty_plan, trashed
from vmdesk.core.jobs import Report
from vmdesk.core.snapshots.desk import View, refused
from vmdesk.core.snapshots.offers import offers
from vmdesk.core.snapshots.reverting import Reverted
from vmdesk.core.snapshots.taking import Wish
from vmdesk.model.chain import Files, Image, Owner, Role, Use
from vmdesk.model.domain import Disk, Domain, DomainKey
from vmdesk.model.host import Capabilities
from vmdesk.model.snapshot import Kind, Snapshot, SnapshotDisk
from vmdesk.model.text import Text, text

QEMU = Capabilities(driver="QEMU", hostname="laptop", libvirt_version=(9, 0, 0))
POOL = "/var/lib/libvirt/images"
GB = 1_000_000_000
HOUR = 3600.0


def tree(begin: float, kind: Kind = Kind.EXTERNAL) -> tuple[Snapshot, ...]:
    """Five of them with a branch, the fourth the current one."""

    def one(number: int, name: str, parent: str, note: str = "", **more: Any) -> Snapshot:
        disks = ()
        if kind is Kind.EXTERNAL:
            below = f"{POOL}/web-01.{parent}.qcow2" if parent else f"{POOL}/web-01.qcow2"
            disks = (SnapshotDisk("vda", kind, below, "qcow2", f"{POOL}/web-01.{name}.qcow2", "qcow2"),)
        given: dict[str, Any] = {"bytes": number * 310_000_000, "state": "disk-snapshot"}
        given.update(more)
        return Snapshot(name, parent, begin + number * 5 * HOUR, note, kind=kind, disks=disks, **given)

    return (
        one(1, "fresh", "", "Straight after the installation"),
        one(2, "patched", "fresh", "All updates of May"),
        one(3, "try-php", "patched", "PHP 8.4: did not work out", memory=kind.value, state="running", bytes=2 * GB),
        one(4, "before-certificate", "patched", current=True),
        one(5, "try-nginx", "fresh", "Another web server, side by side with the old one"),
    )


def line(count: int, begin: float = 1_700_000_000.0) -> tuple[Snapshot, ...]:
    """One after the other; every tenth has a branch of one."""
    found = []
    for number in range(count):
        parent = f"s{number - 1 - (number % 10 == 1)}" if number > 1 else "s0" if number else ""
        found.append(
            Snapshot(f"s{number}", parent, begin + number * HOUR, kind=Kind.INTERNAL, current=number == count - 1)
        )
    return tuple(found)


def files_of(domain: Domain, snapshots: Sequence[Snapshot] = ()) -> Files:
    """The machine and a neighbour on one base image; the machine has a CD, too."""
    base = f"{POOL}/debian-12.qcow2"
    images = {
        base: Image(base, "qcow2", 20 * GB, 3 * GB, pool="default", volume="debian-12.qcow2"),
        f"{POOL}/debian.iso": Image(f"{POOL}/debian.iso", "raw", GB, GB, pool="default", volume="debian.iso"),
    }
    uses = [Use(f"{POOL}/debian.iso", Role.MEDIUM, domain.uuid, "sda", "raw")]
    top = base
    paths = [f"{POOL}/web-01.qcow2", *(disk.overlay for one in snapshots for disk in one.disks)]
    backing = {disk.overlay: disk.frozen for one in snapshots for disk in one.disks}
    for place, path in enumerate(paths):
        below = backing.get(path, base)
        name = path.rpartition("/")[2]
        images[path] = Image(
            path, "qcow2", 20 * GB, GB + place * 200_000_000, below, "qcow2", pool="default", volume=name
        )
    for one in snapshots:
        for disk in one.disks:
            uses.append(Use(disk.frozen, Role.FROZEN, domain.uuid, "vda", "qcow2", snapshot=one.name))
            uses.append(Use(disk.overlay, Role.OVERLAY, domain.uuid, "vda", "qcow2", snapshot=one.name))
            top = disk.overlay if one.current else top
    top = paths[0] if top == base else top
    for live in {False, domain.active}:
        uses.append(Use(top, Role.DISK, domain.uuid, "vda", "qcow2", writable=True, live=live))
    owners = {domain.uuid: Owner(domain.uuid, domain.name, domain.active), "other": Owner("other", "db-01")}
    over = f"{POOL}/db-01.qcow2"
    images[over] = Image(over, "qcow2", 20 * GB, GB, base, "qcow2", pool="default", volume="db-01.qcow2")
    uses.append(Use(over, Role.DISK, "other", "vda", "qcow2", writable=True))
    return Files(images, tuple(uses), owners)


def needed_by_clone(files: Files, domain: Domain) -> Files:
    """The same, and a machine stands on the disk of this one."""
    top = next(use.path for use in files.uses if use.machine == domain.uuid and use.role is Role.DISK)
    over = f"{POOL}/shop-02.qcow2"
    images = {
        **files.images,
        over: Image(over, "qcow2", 20 * GB, GB, top, "qcow2", pool="default", volume="shop-02.qcow2"),
    }
    use = Use(over, Role.DISK, "clone", "vda", "qcow2", writable=True)
    return replace(
        files, images=images, uses=(*files.uses, use), owners={**files.owners, "clone": Owner("clone", "shop-02")}
    )


def view_of(
    domain: Domain, snapshots: Sequence[Snapshot] = (), files: Files | None = None, capabilities: Capabilities = QEMU
) -> View:
    """As it is looked at."""
    definition = replace(domain.definition, disks=(Disk("vda", "disk", f"{POOL}/web-01.qcow2", "qcow2", False),))
    domain = replace(domain, definition=definition)
    told = offers(domain, capabilities, snapshots)
    return View(domain, tuple(snapshots), files or files_of(domain, snapshots), told)


class FakeLayers:
    """core.layers.Layers. `done`: what it was told to do; `failing`: the next work fails."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.done: list[tuple[Any, ...]] = []
        self.listings = 0
        self.pictures: dict[str, bytes] = {}
        self.failing: Text | None = None

    async def listed(self, key: DomainKey) -> list[Snapshot]:
        self.listings += 1
        return list(self.view.snapshots)

    def picture(self, key: DomainKey, name: str) -> bytes:
        return self.pictures.get(name, b"")

    async def look(self, key: DomainKey) -> View:
        return self.view

    async def take(self, key: DomainKey, wish: Wish, report: Report) -> str:
        self._do("take", wish)
        new = Snapshot(wish.name, "", 1_800_000_000.0, wish.note, kind=wish.kind or Kind.INTERNAL, current=True)
        self.view = replace(self.view, snapshots=(*(replace(one, current=False) for one in self.view.snapshots), new))
        return wish.name

    async def revert(self, key: DomainKey, name: str, save_now: bool, report: Report) -> Reverted:
        self._do("revert", name, save_now)
        return Reverted("now" if save_now else "")

    async def delete_snapshot(self, key: DomainKey, name: str, children: bool, report: Report) -> tuple[str, ...]:
        self._do("delete-snapshot", name, children)
        return (name,)

    async def set_note(self, key: DomainKey, name: str, note: str) -> None:
        self._do("note", name, note)

    async def shared(self, key: DomainKey) -> tuple[Text, ...]:
        return (text("What is inside the guest: host name, SSH host keys, machine ID, saved passwords."),)

    async def clone(self, key: DomainKey, name: str, count: int, linked: bool, report: Report) -> Cloned:
        self._do("clone", name, count, linked)
        return Cloned(((name, "uuid"),))

    async def delete(self, key: DomainKey, name: str, chosen: Collection[str], report: Report) -> Deleted:
        self._do("delete", name, tuple(chosen))
        return Deleted(name, tuple(chosen))

    def _do(self, *what: Any) -> None:
        self.done.append(what)
        if self.failing is not None:
            raise refused(self.failing)


class FakeTrash:
    """Layers as far as the trash's page asks: three machines, the second on the first, the third needed by a fourth."""

    def __init__(self, machines: Sequence[Domain]) -> None:
        paths = [f"{POOL}/{one.name}.qcow2" for one in machines]
        below = ("", paths[0], "")
        images = {
            path: Image(path, "qcow2", 20 * GB, (number + 1) * GB, under, pool="default", volume=path[len(POOL) + 1 :])
            for number, (path, under) in enumerate(zip(paths, below, strict=True))
        }
        over, disc = f"{POOL}/shop-02.qcow2", f"{POOL}/debian.iso"
        images[over] = Image(over, "qcow2", 20 * GB, GB, paths[2], pool="default", volume="shop-02.qcow2")
        images[disc] = Image(disc, "raw", GB, GB, pool="default", volume="debian.iso")
        uses = [
            Use(path, Role.DISK, one.uuid, "vda", "qcow2", writable=True)
            for path, one in zip(paths, machines, strict=True)
        ]
        uses.append(Use(disc, Role.MEDIUM, machines[1].uuid, "sda", "raw"))
        uses.append(Use(over, Role.DISK, "other", "vda", "qcow2", writable=True))
        owners = {one.uuid: Owner(one.uuid, one.name, trashed=one.definition.trashed) for one in machines}
        self.files = Files(images, tuple(uses), {**owners, "other": Owner("other", "shop-02")})

    async def in_trash(self, host: str, uuids: Collection[str] | None = None) -> EmptyPlan:
        return empty_plan(self.files, [one for one in trashed(self.files) if uuids is None or one in uuids])
