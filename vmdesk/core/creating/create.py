"""One job: check, make or convert disks, define, start. What does not come to its end is taken back."""

import contextlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vmdesk.core.creating import answering, spent
from vmdesk.core.creating.bringing import Bringing, Brought
from vmdesk.core.creating.edited import Edited, carry_over
from vmdesk.core.creating.findings import Findings
from vmdesk.core.creating.knowledge import Knowledge
from vmdesk.core.creating.making import CREATE, Making
from vmdesk.core.jobs import Report
from vmdesk.core.journal import Entry, Journal
from vmdesk.media import seed
from vmdesk.media.unattended import Answers, Way
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.names import names
from vmdesk.model.storage import Pool, Volume
from vmdesk.model.text import Text, text
from vmdesk.model.wish import CloudWish, DiskWish, From, Here, Nets, NicWish, Place, Reach, There, Wish
from vmdesk.virt import making, networks, pools, secrets, volumes
from vmdesk.virt.connection import Connection
from vmdesk.virtxml.build.choose import disk_bytes_for
from vmdesk.virtxml.build.complaint import Weight
from vmdesk.virtxml.build.definitions import build
from vmdesk.virtxml.build.prepared import DiskAt, Prepared


@dataclass(frozen=True, slots=True)
class Tools:
    """What making machines needs besides a host. `scratch`: a folder here for files that are converted or fetched."""

    journal: Journal
    knowledge: Knowledge
    scratch: Path


@dataclass(frozen=True, slots=True)
class Created:
    """What came of it. `set_up`: what was done to the host on the way, in words; that stays."""

    machines: tuple[tuple[str, str], ...]  # (name, UUID)
    set_up: tuple[Text, ...] = ()


async def create(
    tools: Tools,
    connection: Connection,
    wish: Wish,
    found: Findings,
    report: Report,
    confirmed: bool = False,
    edited: Edited | None = None,
) -> Created:
    """Make all machines of the wish. VirtError: nothing of this run is left, but for pools and networks.

    confirmed  the person said yes to what has to be confirmed (more memory than the host has, ...)
    edited  the person's own changes of the definition; of one machine only
    """
    for one in found.complaints:
        if one.weight is Weight.ERROR or (one.weight is Weight.CONFIRM and not confirmed):
            raise _refused(one.what)
    return await _Run(tools, connection, wish, found, report, edited).run()


class _Run:
    """One run."""

    def __init__(
        self,
        tools: Tools,
        connection: Connection,
        wish: Wish,
        found: Findings,
        report: Report,
        edited: Edited | None,
    ) -> None:
        self._edited = edited
        self._tools, self._connection, self._wish, self._found = tools, connection, wish, found
        self._report = report
        self._names = names(wish)
        self._pools: dict[str, Pool] = {}
        self._set_up: list[Text] = []
        self._taken = making.Taken()
        self._given: set[str] = set()  # MACs of this run
        self._uuid = ""  # of the machine that is being made
        self._told: Answers | None = None  # what the first machine's installer is told
        self._spent: list[Entry] = []  # what goes when the machines' first run has ended

    async def run(self) -> Created:
        self._report(None, text("Looking at the host"))
        self._taken = await making.taken(self._connection)
        for name in self._names:
            if name in self._taken.names:
                why = text("There is a machine called {name} on this host already.", name=name)
                raise _refused(why, text("Choose another name."), "taken")
        # A question that the installer's answers leave open (a product key) is told before anything is made.
        self._told = await self._answers(self._names[0])
        await self._networks()
        entry = self._tools.journal.begin(CREATE, self._connection.config_uri, self._wish.name, names=list(self._names))
        self._making = Making(self._connection, entry)
        self._bringing = Bringing(
            self._making,
            self._tools.knowledge,
            self._pool,
            self._tools.scratch,
            self._report,
            self._found.host.local,
        )
        try:
            machines = await self._all()
        except BaseException as error:
            await self._take_back(error)
            for noted in self._spent:
                noted.close()
            raise
        self._making.finish()
        for noted in self._spent:
            noted.leave()
        return Created(machines, tuple(self._set_up))

    async def _all(self) -> tuple[tuple[str, str], ...]:
        common = await self._common()
        base = await self._base()
        machines = []
        for number, name in enumerate(self._names):
            if len(self._names) > 1:
                note = text("{name}, {n} of {all}", name=name, n=number + 1, all=len(self._names))
                self._report(number / len(self._names), note)
            machines.append((name, await self._one(name, common, base)))
        if self._wish.start:
            await self._making.drop_once()
        return tuple(machines)

    async def _one(self, name: str, common: Prepared, base: Volume | None) -> str:
        self._making.machine = name
        # A container's root is a folder.
        wanted = () if self._wish.source is From.CONTAINER else self._wish.disks
        disks = [await self._disk(name, number, disk, base) for number, disk in enumerate(wanted)]
        self._uuid = machine = self._wish.uuid or making.free_uuid(self._taken)
        wish = replace(self._wish, uuid=machine, nics=self._addressed(self._wish.nics))
        cdroms = list(common.cdroms)
        if wish.cloud is not None:
            cdroms.append(await self._seed(name, wish.cloud, wish.nics[0].mac if wish.nics else ""))
        prepared = replace(common, disks=tuple(disks), cdroms=tuple(cdroms))
        if wish.unattended is not None:
            prepared = await self._answered(name, prepared)
        definitions = build(wish, self._found.system, self._found.host, self._found.machine, prepared, name)
        one = len(self._names) == 1
        if self._edited is not None:
            definitions = carry_over(self._edited, definitions)
        if one:
            self._report(None, text("Defining {name}", name=name))
        await self._making.define(name, machine, definitions.first, wish.autostart)
        if wish.start:
            if one:
                self._report(None, text("Starting {name}", name=name))
            await self._making.start(name, machine, definitions.stored)
        return machine

    async def _common(self) -> Prepared:
        """The medium, drivers, kernel and initrd: one copy for all machines."""
        wish = self._wish
        media = wish.media if wish.source is From.CDROM else None
        cdroms = [
            _cd(await self._bringing.path(place, wish.reach)) for place in (media, wish.drivers) if place is not None
        ]
        kernel, initrd, append = wish.kernel, wish.initrd, wish.append
        if self._found.tree is not None:
            kernel, initrd = self._found.tree.places
            append = f"{self._found.tree.append} {append}".strip()
        return Prepared(
            cdroms=tuple(cdroms),
            kernel=await self._boot_file(kernel, "kernel"),
            # One with answers in it is made for each machine.
            initrd=await self._boot_file(initrd, "initrd") if wish.unattended is None else "",
            append=append,
            root=wish.media.path if wish.source is From.CONTAINER and isinstance(wish.media, Here) else "",
        )

    async def _answers(self, name: str) -> Answers | None:
        return await answering.answers(self._tools.knowledge, self._wish, self._found, name)

    async def _answered(self, name: str, prepared: Prepared) -> Prepared:
        """With what the installer is told, so that it asks nobody."""
        found, wish = self._found, self._wish
        answers = self._told if name == self._names[0] else await self._answers(name)
        assert answers is not None
        append = f"{prepared.append} {answers.append}".strip()
        if answers.way is Way.CD:
            made = await self._bringing.bytes(answers.cd, f"{name}-answers.iso")
            await self._will_go(name, made)
            # It holds passwords: later starts do not show it to the guest.
            cd = DiskAt(made.path, format="raw", device="cdrom", readonly=True, once=True)
            initrd = await self._boot_file(found.tree.places[1] if found.tree is not None else None, "initrd")
            return replace(prepared, cdroms=(*prepared.cdroms, cd), initrd=initrd, append=append)
        if found.tree is not None:
            brought = await self._bringing.path(found.tree.places[1], wish.reach, f"{name}-initrd", answers.tail)
            return replace(prepared, initrd=self._only_once(brought), append=append)
        if wish.source is not From.CDROM or not isinstance(wish.media, Here):
            why = text("Answers go with a CD image here, or with an installation tree.")
            raise _refused(why, name="unattended")
        kernel, initrd = answering.boot_files(found)
        start = await self._bringing.out_of(wish.media.path, kernel, f"{name}-kernel")
        first = await self._bringing.out_of(wish.media.path, initrd, f"{name}-initrd", answers.tail)
        return replace(prepared, kernel=self._only_once(start), initrd=self._only_once(first), append=append)

    async def _will_go(self, name: str, made: Volume) -> None:
        """With the run that reads it."""
        whole = await volumes.volume(self._connection, made.pool, made.name)
        uri, journal = self._connection.config_uri, self._tools.journal
        self._spent.append(spent.note(journal, uri, name, self._uuid, whole))

    def _only_once(self, brought: Brought) -> str:
        if brought.made is not None:
            # QEMU has read it when it runs.
            self._making.only_once(brought.made)
        return brought.path

    async def _boot_file(self, place: Place | None, what: str) -> str:
        if place is None:
            return ""
        found = await self._bringing.path(place, self._wish.reach, f"{self._names[0]}-{what}")
        return self._only_once(found)

    async def _base(self) -> Volume | None:
        """The image that all machines stand on, or that each gets a copy of."""
        wish = self._wish
        if wish.source not in (From.DISK, From.CLOUD) or wish.media is None:
            return None
        disk = wish.disks[0] if wish.disks else DiskWish()
        if isinstance(wish.media, There):
            return await volumes.volume(self._connection, wish.media.pool, wish.media.volume)
        if self._found.image is None or self._used_in_place(disk):
            return None
        if len(self._names) == 1 and not self._linked(disk):
            return None  # it becomes the machine's own disk at once
        stem = Path(self._found.image.path).stem
        return await self._bringing.disk(self._found.image, f"{stem}{self._suffix()}", disk.pool)

    def _linked(self, disk: DiskWish) -> bool:
        return disk.linked or self._wish.linked

    def _used_in_place(self, disk: DiskWish) -> bool:
        """The person's own file becomes the disk."""
        image = self._found.image
        return (
            self._wish.source is From.DISK
            and image is not None
            and image.usable
            and not disk.copy
            and not self._linked(disk)
            and len(self._names) == 1
            and (self._found.blocked is None or self._wish.reach is not Reach.COPY)
            and self._found.host.local
        )

    def _suffix(self) -> str:
        image = self._found.image
        return ".raw" if image is not None and image.format in ("raw", "iso") else ".qcow2"

    async def _disk(self, name: str, number: int, disk: DiskWish, base: Volume | None) -> DiskAt:
        first = number == 0 and self._wish.source in (From.DISK, From.CLOUD)
        source = self._wish.media if first else disk.source
        if source is None:
            return await self._new_disk(name, number, disk)
        if first and self._found.image is not None and base is None:
            return await self._image(name, disk)
        if isinstance(source, Here) and not first:
            image = await self._tools.knowledge.image(source.path, disk.format)
            made = await self._bringing.disk(image, _called(name, number, ".qcow2", disk), disk.pool)
            return await self._grown(made, disk)
        if base is None and isinstance(source, There):
            base = await volumes.volume(self._connection, source.pool, source.volume)
        if base is None:
            raise _refused(text("A disk is a file here or a volume of the host."))
        return await self._from_volume(name, number, disk, base)

    async def _image(self, name: str, disk: DiskWish) -> DiskAt:
        """The first disk, from an image here."""
        image = self._found.image
        assert image is not None
        if self._used_in_place(disk):
            there = await self._bringing.path(Here(image.path), self._wish.reach)
            format_ = "raw" if image.format == "iso" else image.format
            return DiskAt(there.path, format=format_, ended=True, used=True, keep_owner=there.keep_owner)
        made = await self._bringing.disk(image, _called(name, 0, self._suffix(), disk), disk.pool)
        return await self._grown(made, disk)

    async def _from_volume(self, name: str, number: int, disk: DiskWish, base: Volume) -> DiskAt:
        if self._linked(disk):
            if base.kind not in ("file", "block"):
                raise _refused(text("{volume} is not on the host itself: nothing can stand on it.", volume=base.name))
            pool = await self._pool(disk.pool or base.pool)
            made = await self._making.volume(
                pool,
                _called(name, number, ".qcow2", disk),
                max(disk.bytes, base.capacity),
                format="qcow2",
                backing=base.path,
                backing_format=base.format or "raw",
            )
            return await self._at(made, used=True)
        if not (disk.copy or len(self._names) > 1 or self._wish.source is From.CLOUD):
            return await self._at(base, used=True)
        pool = await self._pool(disk.pool)
        format_ = disk.format or base.format or "qcow2"
        called = _called(name, number, f".{format_}", disk)
        progress = self._telling(text("Copying {file} to {pool}", file=base.name, pool=pool.name))
        return await self._grown(await self._making.copy(pool, called, base, format_, progress), disk)

    async def _grown(self, volume: Volume, disk: DiskWish) -> DiskAt:
        if disk.bytes > volume.capacity:
            await volumes.grow(self._connection, volume.pool, volume.name, disk.bytes)
        return await self._at(volume, used=True)

    async def _at(self, volume: Volume, used: bool = False) -> DiskAt:
        format_, ended = volume.format or "raw", used and not volume.backing
        secret = await secrets.of_volume(self._connection, volume.path) if volume.encrypted else ""
        if volume.kind in ("file", "block"):
            return DiskAt(volume.path, format=format_, kind=volume.kind, used=used, ended=ended, secret=secret)
        if place := await pools.network_place(self._connection, volume.pool, volume.name):
            return DiskAt(place=place, format=format_, kind="place", used=used)
        return DiskAt(pool=volume.pool, volume=volume.name, format=format_, kind="volume", used=used)

    async def _new_disk(self, name: str, number: int, disk: DiskWish) -> DiskAt:
        pool = await self._pool(disk.pool)
        format_ = (disk.format or "qcow2") if pool.keeps_files else ""
        called = _called(name, number, f".{format_}" if format_ else "", disk)
        progress = self._telling(text("Making the disk {volume}", volume=called)) if disk.full else None
        size = disk.bytes or disk_bytes_for(self._found.system)[0]
        return await self._at(
            await self._making.volume(pool, called, size, format=format_, full=disk.full, progress=progress)
        )

    async def _seed(self, name: str, cloud: CloudWish, mac: str) -> DiskAt:
        data = seed.seed(cloud, name, str(uuid.uuid4()), mac, self._names.index(name))
        made = await self._bringing.bytes(data, f"{name}-seed.iso")
        return DiskAt(made.path, format="raw", device="cdrom", readonly=True, stays=True)

    async def _pool(self, name: str) -> Pool:
        """A pool that is on. Without a name the host's first choice, made where there is none: that stays."""
        if name not in self._pools:
            if name:
                await pools.start_pool(self._connection, name)
                self._pools[name] = await pools.pool(self._connection, name)
            else:
                self._pools[name], fresh = await pools.ensure_default_pool(self._connection)
                if fresh:
                    pool = self._pools[name]
                    said = text("Made the storage pool {pool} in {folder}.", pool=pool.name, folder=pool.target)
                    self._set_up.append(said)
            # WORKAROUND libvirt 9.0: a file that it has not seen yet would be overwritten by a volume of that name.
            with contextlib.suppress(VirtError):  # busy with another volume
                await pools.refresh(self._connection, self._pools[name].name)
        return self._pools[name]

    async def _networks(self) -> None:
        """Switch on the networks that the machine is to be on: that stays."""
        for name in dict.fromkeys(nic.source for nic in self._wish.nics if nic.kind is Nets.NETWORK):
            changed = False
            if name == networks.DEFAULT:
                changed = (await networks.ensure_default_network(self._connection, self._wish.network_stays))[1]
            elif not (await networks.network(self._connection, name)).active:
                await networks.start_network(self._connection, name)
                changed = True
            if changed:
                self._set_up.append(text("Switched on the network {network}.", network=name))

    def _addressed(self, nics: Sequence[NicWish]) -> tuple[NicWish, ...]:
        found = []
        for nic in nics:
            mac = nic.mac or making.free_mac(self._taken, frozenset(self._given))
            self._given.add(mac)
            found.append(replace(nic, mac=mac))
        return tuple(found)

    def _telling(self, doing: Text) -> "Telling":
        return Telling(self._report, doing)

    async def _take_back(self, error: BaseException) -> None:
        self._report(None, text("Removing what was made"))
        try:
            await self._making.take_back()
        except VirtError as left:
            for noted in self._spent:
                noted.leave()
            if isinstance(error, VirtError):
                raise VirtError(replace(error.problem, what_next=left.problem.what)) from None
            raise


class Telling:
    """Bytes done as a job's progress."""

    def __init__(self, report: Report, doing: Text) -> None:
        self._report, self._doing = report, doing

    def __call__(self, done: int, total: int) -> None:
        self._report(done / total if total else None, self._doing)


def _called(name: str, number: int, suffix: str, disk: DiskWish) -> str:
    """web.qcow2, web-disk2.qcow2, ..."""
    return disk.name or (f"{name}{suffix}" if number == 0 else f"{name}-disk{number + 1}{suffix}")


def _cd(found: Brought) -> DiskAt:
    return DiskAt(found.path, format="raw", device="cdrom", readonly=True, keep_owner=found.keep_owner)


def _refused(why: Text, what_next: Text | None = None, name: str = "wish") -> VirtError:
    return VirtError(Problem(text("The machine cannot be made like this."), why, what_next, name=name))
