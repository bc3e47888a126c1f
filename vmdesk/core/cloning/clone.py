"""Making clones. What one run made is removed if it does not come to its end, and nothing else."""

import asyncio
from dataclasses import dataclass, replace
from functools import partial

from vmdesk.core import start_check
from vmdesk.core.chains import Index
from vmdesk.core.cloning import plan as plans
from vmdesk.core.cloning.plan import ClonePlan, Fate
from vmdesk.core.creating.making import DOMAIN, VOLUME, Making, is_ours
from vmdesk.core.jobs import Report, to_its_end
from vmdesk.core.journal import LOST, Entry, Journal, Record
from vmdesk.core.snapshots.desk import View, refused, view
from vmdesk.core.snapshots.reverting import place
from vmdesk.model.errors import VirtError
from vmdesk.model.text import Text, text
from vmdesk.virt import chains as virt_chains
from vmdesk.virt import defining, freezing, making, nvram, removing, snapshots, volumes
from vmdesk.virt.connection import Connection
from vmdesk.virtxml import clone as clone_xml
from vmdesk.virtxml import snapshots as snapshots_xml

CLONE = "clone"  # the journal's word
_SWITCH, _NVRAM = "switch", "nvram"
_TELLING = 0.97  # of the progress, while disks are copied


@dataclass(frozen=True, slots=True)
class Cloned:
    """What came of it: (name, UUID) of the clones; the source's files that are frozen now."""

    machines: tuple[tuple[str, str], ...]
    frozen: tuple[str, ...] = ()
    notes: tuple[Text, ...] = ()


async def plan(connection: Connection, uuid: str, name: str, count: int = 1, linked: bool = False) -> ClonePlan:
    """What it means now, with what the definition shares."""
    seen = await view(connection, uuid)
    found = _plan(seen, name, count, linked)
    with_xml = clone_xml.shared(await snapshots.stored(connection, uuid)) if found.refused is None else ()
    return replace(found, shares=(*found.shares, *with_xml))


async def shared(connection: Connection, uuid: str) -> tuple[Text, ...]:
    """What a clone has in common with it, besides disks."""
    return clone_xml.shared(await snapshots.stored(connection, uuid))


async def clone(
    journal: Journal, connection: Connection, uuid: str, name: str, report: Report, count: int = 1, linked: bool = False
) -> Cloned:
    """Make `count` clones of a machine that is off. VirtError: nothing of this run is left."""
    report(None, text("Looking at the disks"))
    seen = await view(connection, uuid)
    found = _plan(seen, name, count, linked)
    if found.refused is not None:
        raise refused(found.refused)
    return await _Cloning(journal, connection, seen, found, report, linked).run()


def _plan(seen: View, name: str, count: int, linked: bool) -> ClonePlan:
    taken = [one.name for one in seen.files.owners.values()]
    return plans.clone(seen.files, seen.domain, seen.snapshots, name, count, linked, taken)


class _Run(Making):
    """With two more things that are written down: the source's definition is switched, firmware settings are copied."""

    def about_to_switch(self, uuid: str, overlays: dict[str, str]) -> None:
        self._step(_SWITCH, uuid=uuid, overlays=overlays)

    def about_to_copy(self, path: str) -> int:
        return self._step(_NVRAM, path=path)

    def keep(self, paths: set[str]) -> None:
        """These volumes are not taken back."""
        for number, step in enumerate(self._steps):
            if step.what == VOLUME and step.data.get("path") in paths:
                self._did(number, void=True)

    def copied(self) -> list[str]:
        return [step.data["path"] for step in self._steps if step.what == _NVRAM]


class _Cloning:
    """One run."""

    def __init__(
        self, journal: Journal, connection: Connection, seen: View, found: ClonePlan, report: Report, linked: bool
    ) -> None:
        self._journal, self._connection, self._seen, self._plan = journal, connection, seen, found
        self._report, self._linked = report, linked
        self._uuid, self._name = seen.domain.uuid, seen.domain.name
        self._overlays: dict[str, tuple[str, str]] = {}
        self._old = ""
        self._copied = 0

    async def run(self) -> Cloned:
        self._old = await snapshots.stored(self._connection, self._uuid)
        self._taken = await making.taken(self._connection)
        entry = self._journal.begin(CLONE, self._connection.config_uri, self._name, uuid=self._uuid)
        work = _Run(self._connection, entry)
        try:
            frozen = await self._freeze(work) if self._plan.freezes else ()
            machines = []
            given = set[str]()
            for number, name in enumerate(self._plan.names):
                self._report(None, text("{name}, {n} of {all}", name=name, n=number + 1, all=len(self._plan.names)))
                machines.append(await self._one(work, name, given))
        except BaseException as error:
            await self._take_back(work, entry, error)
            raise
        work.finish()
        return Cloned(tuple(machines), tuple(frozen))

    async def _freeze(self, work: _Run) -> tuple[str, ...]:
        """The source goes on with overlays; its files are bases from now on."""
        work.machine = self._name
        for disk in self._plan.disks:
            if disk.fate is Fate.LINK:
                self._overlays[disk.target] = await self._overlay(work, disk, self._name), "qcow2"
        work.about_to_switch(self._uuid, {target: path for target, (path, _format) in self._overlays.items()})
        doing = text("Putting {name} on overlays of its own", name=self._name)
        edit = partial(_on, self._overlays)
        await to_its_end(defining.change(self._connection, self._uuid, edit, doing))
        start_check.forget(self._connection)
        for image in self._plan.freezes:
            freezing.freeze(self._connection, image.path)
        return tuple(image.path for image in self._plan.freezes)

    async def _overlay(self, work: _Run, disk: plans.CloneDisk, machine: str) -> str:
        assert disk.image.capacity is not None
        pool = await place(self._connection, disk.image.pool)
        made = await work.volume(
            pool,
            _file(machine, disk.target, "qcow2", len(self._plan.disks)),
            disk.image.capacity,
            format="qcow2",
            backing=disk.image.path,
            backing_format=disk.format,
        )
        return made.path

    async def _one(self, work: _Run, name: str, given: set[str]) -> tuple[str, str]:
        work.machine = name
        disks: dict[str, tuple[str, str]] = {}
        for disk in self._plan.disks:
            if disk.fate is Fate.LINK:
                disks[disk.target] = await self._overlay(work, disk, name), "qcow2"
            elif disk.fate is Fate.COPY:
                disks[disk.target] = await self._copy(work, disk, name), disk.format
        uuid = making.free_uuid(self._taken)
        macs = []
        for _ in range(clone_xml.cards(self._old)):
            macs.append(making.free_mac(self._taken, frozenset(given)))
            given.add(macs[-1])
        variables = await self._firmware(work, name)
        xml = clone_xml.definition(self._old, name=name, uuid=uuid, macs=macs, disks=disks, nvram=variables)
        await work.define(name, uuid, xml)
        return name, uuid

    async def _copy(self, work: _Run, disk: plans.CloneDisk, name: str) -> str:
        source = await volumes.volume(self._connection, disk.image.pool, disk.image.volume)
        pool = await place(self._connection, disk.image.pool)
        before = self._copied

        def tell(done: int, total: int) -> None:
            self._copied = before + done
            if self._plan.bytes:
                self._report(
                    min(1.0, self._copied / self._plan.bytes) * _TELLING, text("Copying the disks of {name}", name=name)
                )

        file = _file(name, disk.target, disk.format, len(self._plan.disks))
        made = await work.copy(pool, file, source, disk.format, tell)
        self._copied = before + (disk.image.allocation or disk.image.capacity or 0)
        return made.path

    async def _firmware(self, work: _Run, name: str) -> str:
        source = clone_xml.nvram(self._old)
        if not source.startswith("/"):
            return ""
        folder, _slash, _file_name = source.rpartition("/")
        target = f"{folder}/{name}_VARS.fd"
        work.about_to_copy(target)
        return target if await to_its_end(nvram.copy(self._connection, source, target)) else ""

    async def _take_back(self, work: _Run, entry: Entry, error: BaseException) -> None:
        if isinstance(error, VirtError) and error.problem.name in LOST:
            entry.leave()
            return
        await asyncio.shield(self._undo(work))

    async def _undo(self, work: _Run) -> None:
        if self._overlays and not await self._switched_back():
            work.keep({path for path, _format in self._overlays.values()})
        for path in work.copied():
            try:
                await nvram.remove(self._connection, path)
            except VirtError as left:
                if left.problem.name in LOST:
                    raise
        await work.take_back()

    async def _switched_back(self) -> bool:
        """Whether the source is as it was; not if somebody started or changed it meanwhile."""
        paths = {path for path, _format in self._overlays.values()}
        now = await virt_chains.files(self._connection, fresh=False, names_only=True)
        if not any(use.path in paths and use.machine == self._uuid for use in now.uses):
            return True
        owner = now.owners.get(self._uuid)
        if owner is None or owner.active:
            return False
        old = {one.target: (one.image.path, one.format) for one in self._plan.disks if one.fate is Fate.LINK}
        doing = text("Putting {name} back on its disks", name=self._name)
        for path, _format in old.values():
            freezing.thaw(self._connection, path)
        await defining.change(self._connection, self._uuid, partial(_on, old), doing)
        return True


def _on(disks: dict[str, tuple[str, str]], xml: str) -> str:
    return snapshots_xml.moved(xml, disks)


def _file(machine: str, target: str, kind: str, disks: int) -> str:
    """web-02.qcow2; of several disks web-02-vdb.qcow2."""
    ending = {"qcow2": ".qcow2", "raw": ".raw"}.get(kind, f".{kind}")
    return f"{machine}{f'-{target}' if disks > 1 else ''}{ending}"


async def recover_clone(connection: Connection, record: Record) -> Text:
    """Clones that were defined stay; what no machine uses goes. A source that was switched goes on with its overlay."""
    title = record.title
    names = []
    for step in record.steps:
        if step.what == DOMAIN and not step.data.get("void") and await making.standing(connection, step.data["uuid"]):
            names.append(step.data["name"])
    files = await virt_chains.files(connection)
    index = Index(files)
    used = index.closure(use.path for use in files.uses if use.path)
    gone = []
    for step in reversed(record.steps):
        if step.what == _NVRAM and step.data["path"] not in {use.path for use in files.uses}:
            await nvram.remove(connection, step.data["path"])
        if step.what != VOLUME or not await is_ours(connection, step):
            continue
        found = await volumes.volume(connection, step.data["pool"], step.data["name"])
        if (
            found.path not in used
            and not index.above(found.path)
            and await removing.delete_path(connection, found.path)
        ):
            gone.append(found.path)
    if names:
        return text("Clones of {name} had been made when VMDesk ended: {names}.", name=title, names=", ".join(names))
    if gone:
        things = ", ".join(gone)
        return text("Cloning {name} was cut off when VMDesk ended. Removed: {things}.", name=title, things=things)
    return text("Cloning {name} had only just begun when VMDesk ended: nothing was left.", name=title)
