"""Reverting. To an external snapshot by ourselves where libvirt cannot: the machine off, a fresh overlay on the file
that the snapshot froze, the stored definition switched to it, the mark of the current one moved. The old overlay stays
as a branch.
"""

import asyncio
from dataclasses import dataclass
from functools import partial

from vmdesk.core.chains import Index
from vmdesk.core.creating.making import Making, undo
from vmdesk.core.jobs import to_its_end
from vmdesk.core.journal import LOST, Entry, Record
from vmdesk.core.snapshots import plan as plans
from vmdesk.core.snapshots.desk import Desk, View, refused, view
from vmdesk.core.snapshots.offers import EXTERNAL_REVERT
from vmdesk.core.snapshots.taking import Wish, take
from vmdesk.model.chain import Role
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.snapshot import Kind, Snapshot
from vmdesk.model.storage import Pool
from vmdesk.model.text import Text, text
from vmdesk.virt import chains as virt_chains
from vmdesk.virt import defining, pools, snapshots
from vmdesk.virt.connection import Connection
from vmdesk.virtxml import snapshots as snapshots_xml

REVERT = "snapshot-revert"  # the journal's word
_SWITCH, _MARK, _MEMORY = "switch", "mark", "memory"


@dataclass(frozen=True, slots=True)
class Reverted:
    """What came of it. `saved`: the snapshot of now; `branch`: the files that were in use, which stay."""

    saved: str = ""
    branch: tuple[str, ...] = ()


async def revert(desk: Desk, name: str, save_now: bool = False) -> Reverted:
    """Revert to it. VirtError, with the reason, if it cannot be done here; then nothing is changed.

    save_now  take a snapshot of now first, of the same kind
    """
    desk.report(None, text("Looking at the disks"))
    seen = await view(desk.connection, desk.uuid)
    found = seen.named(name)
    if (why := seen.offers.revert[name]) is not None:
        raise refused(why)
    external = found.kind is Kind.EXTERNAL
    ours = external and desk.connection.capabilities.libvirt_version < EXTERNAL_REVERT
    if ours and (why := plans.revert(seen.files, desk.uuid, seen.snapshots, name).refused) is not None:
        raise refused(why)
    saved = ""
    if save_now:
        kind = Kind.EXTERNAL if external else Kind.INTERNAL
        memory = external and seen.domain.active
        saved = await take(desk, Wish(note="", kind=kind, memory=memory))
        seen = await view(desk.connection, desk.uuid)
    desk.report(None, text("Reverting to {snapshot}", snapshot=name))
    if not ours:
        await to_its_end(snapshots.revert(desk.connection, desk.uuid, name))
        return Reverted(saved)
    plan = plans.revert(seen.files, desk.uuid, seen.snapshots, name)
    await _Reverting(desk, seen, plan, found).run()
    return Reverted(saved, tuple(image.path for image in plan.leaves))


class _Reverting:
    """One run."""

    def __init__(self, desk: Desk, seen: View, plan: plans.RevertPlan, found: Snapshot) -> None:
        self._desk, self._seen, self._plan, self._found = desk, seen, plan, found
        self._connection = desk.connection
        self._overlays: dict[str, tuple[str, str]] = {}
        self._old = ""

    async def run(self) -> None:
        desk, name = self._desk, self._found.name
        described = await snapshots.xml(self._connection, desk.uuid, name)
        self._old = await snapshots.stored(self._connection, desk.uuid)
        entry = desk.journal.begin(
            REVERT, self._connection.config_uri, self._seen.domain.name, uuid=desk.uuid, name=name
        )
        making = Making(self._connection, entry)
        making.machine = self._seen.domain.name
        try:
            await self._make(making)
            await to_its_end(self._switch(entry, described))
        except BaseException as error:
            await self._take_back(making, entry, error)
            raise
        making.finish()

    async def _make(self, making: Making) -> None:
        index = Index(self._seen.files)
        for disk in self._plan.disks:
            image = index.image(disk.frozen)
            if image.capacity is None:
                raise refused(text("The size of {path} is not told.", path=disk.frozen))
            pool = await place(self._connection, image.pool)
            stem = f"{self._seen.domain.name}-{disk.target}.from-{self._found.name}.qcow2".replace("/", "_")
            made = await making.volume(
                pool,
                stem[-120:],
                image.capacity,
                format="qcow2",
                backing=disk.frozen,
                backing_format=disk.frozen_format or image.format,
            )
            self._overlays[disk.target] = made.path, "qcow2"
        await self._check()

    async def _check(self) -> None:
        """Each overlay stands on its frozen file, and that on all that it stood on."""
        index = Index(await virt_chains.files(self._connection))
        for disk in self._plan.disks:
            path = self._overlays[disk.target][0]
            if index.chain(path)[1:] != Index(self._seen.files).chain(disk.frozen):
                why = text("The chain of {disk} is not what it should be: nothing was changed.", disk=disk.target)
                raise refused(why, "chain")

    async def _switch(self, entry: Entry, described: str) -> None:
        edit = partial(_definition, described, self._overlays)
        doing = text("Reverting {name}", name=self._seen.domain.name)
        paths = {target: path for target, (path, _format) in self._overlays.items()}
        entry.step(_SWITCH, overlays=paths)
        await defining.change(self._connection, self._desk.uuid, edit, doing)
        entry.step(_MARK)
        await snapshots.redefine(self._connection, self._desk.uuid, described, current=True)
        await self._after()
        if self._found.memory == "external":
            entry.step(_MEMORY)
            await self._memory(described)

    async def _after(self) -> None:
        now = await virt_chains.files(self._connection)
        tops = {
            use.target: use.path
            for use in now.uses
            if use.machine == self._desk.uuid and use.role is Role.DISK and not use.snapshot and not use.live
        }
        index = Index(now)
        for disk in self._plan.disks:
            top, want = tops.get(disk.target, ""), self._overlays[disk.target][0]
            if top != want or index.chain(top)[1:] != Index(self._seen.files).chain(disk.frozen):
                raise refused(text("The chain of {disk} is not what it should be.", disk=disk.target), "chain")

    async def _memory(self, described: str) -> None:
        self._desk.report(None, text("Restoring the memory"))
        running = snapshots_xml.definition(described, self._old, self._overlays, running=True)
        paused = self._found.state == "paused"
        await snapshots.restore_memory(
            self._connection, self._desk.uuid, self._found.memory_file, running, paused=paused
        )

    async def _take_back(self, making: Making, entry: Entry, error: BaseException) -> None:
        if isinstance(error, VirtError) and error.problem.name in LOST:
            entry.leave()
            return
        try:
            await asyncio.shield(self._switch_back())
        except VirtError:
            entry.leave()
            return
        await making.take_back()

    async def _switch_back(self) -> None:
        """To the definition that was, if ours is there; the mark goes back to where it was."""
        doing = text("Taking back the reverting of {name}", name=self._seen.domain.name)
        paths = {path for path, _format in self._overlays.values()}
        if not paths & await _in_use(self._connection, self._desk.uuid):
            return
        await defining.change(self._connection, self._desk.uuid, lambda _now: self._old, doing)
        before = next((one.name for one in self._seen.snapshots if one.current), "")
        if before and before != self._found.name:
            described = await snapshots.xml(self._connection, self._desk.uuid, before)
            await snapshots.redefine(self._connection, self._desk.uuid, described, current=True)


def _definition(described: str, overlays: dict[str, tuple[str, str]], now: str) -> str:
    return snapshots_xml.definition(described, now, overlays)


async def _in_use(connection: Connection, uuid: str) -> set[str]:
    now = await virt_chains.files(connection, fresh=False, names_only=True)
    return {use.path for use in now.uses if use.machine == uuid and use.role is Role.DISK and not use.snapshot}


async def place(connection: Connection, pool: str) -> Pool:
    """The pool for a layer on a volume of `pool`: that one if it keeps files, else where new disks go."""
    listed = [one for one in await pools.pools(connection) if one.active]
    found = next((one for one in listed if one.name == pool and one.keeps_files), None) or pools.preferred(listed)
    if found is None:
        why = text("There is no storage pool that is on and keeps files.")
        raise VirtError(Problem(why, None, text("Make or start a storage pool."), name="no-pool"))
    return found


async def recover_revert(connection: Connection, record: Record) -> Text:
    """Finished if the definition had been switched, else taken back."""
    uuid, snapshot, title = record.data["uuid"], record.data["name"], record.title
    overlays = {path for step in record.steps if step.what == _SWITCH for path in dict(step.data["overlays"]).values()}
    if overlays & await _in_use(connection, uuid):
        described = await snapshots.xml(connection, uuid, snapshot)
        await snapshots.redefine(connection, uuid, described, current=True)
        return text("{name} had been reverted to {snapshot} when VMDesk ended.", name=title, snapshot=snapshot)
    await undo(connection, record.steps)
    return text(
        "Reverting {name} to {snapshot} was cut off when VMDesk ended: it is as it was before.",
        name=title,
        snapshot=snapshot,
    )
