"""Snapshots, clones and deletion for the window: a machine by its key, each work with its step in the trace."""

import asyncio
import shlex
from collections.abc import Awaitable, Collection
from typing import TypeVar

from vmdesk.core import practice, schedules
from vmdesk.core.cloning import clone as cloning
from vmdesk.core.cloning.clone import Cloned
from vmdesk.core.command import reference
from vmdesk.core.deleting import delete as deletion
from vmdesk.core.deleting import trash as bin_
from vmdesk.core.deleting.delete import Deleted
from vmdesk.core.deleting.emptying import EmptyPlan
from vmdesk.core.jobs import Report
from vmdesk.core.journal import Journal
from vmdesk.core.paths import Paths
from vmdesk.core.schedules import Schedule
from vmdesk.core.sessions import Sessions
from vmdesk.core.snapshots import deleting, merging, reverting
from vmdesk.core.snapshots.album import Album
from vmdesk.core.snapshots.desk import Desk, View, view
from vmdesk.core.snapshots.reverting import Reverted
from vmdesk.core.snapshots.taking import Wish
from vmdesk.core.store import Store
from vmdesk.core.trace import Trace
from vmdesk.model.domain import Domain, DomainKey
from vmdesk.model.errors import Problem
from vmdesk.model.snapshot import Kind, Snapshot
from vmdesk.model.text import Text, text
from vmdesk.virt import snapshots
from vmdesk.virt.connection import Connection
from vmdesk.virt.lane import Lane

T = TypeVar("T")


class Layers:
    """One for the program, made when it is first needed. What is done raises VirtError, with the reason."""

    def __init__(self, sessions: Sessions, store: Store, trace: Trace, paths: Paths) -> None:
        self._sessions, self._store, self._trace = sessions, store, trace
        self._journal = Journal(paths.journal_folder)
        self._settings = None if paths.settings == Paths.of().settings else paths.settings
        self._album = Album(paths.pictures_folder)
        self._lane = Lane(1, "schedules")  # its thread begins with the first call

    async def listed(self, key: DomainKey) -> list[Snapshot]:
        """Parents before their children."""
        connection = self._connection(key)
        found = await snapshots.snapshots(connection, key.uuid)
        self._album.forget_others(connection.config_uri, key.uuid, {one.name for one in found})
        return found

    def picture(self, key: DomainKey, name: str) -> bytes:
        """What was on the screen when it was taken, as a PNG file; b"" if that is not known."""
        host = self._store.hosts.get(key.host)
        return self._album.picture(host.config.uri, key.uuid, name) if host else b""

    async def look(self, key: DomainKey) -> View:
        """The machine, its snapshots and all files of its host, read anew."""
        return await view(self._connection(key), key.uuid)

    async def take(self, key: DomainKey, wish: Wish, report: Report) -> str:
        """Take a snapshot; its name."""
        virsh = ["snapshot-create-as", *([wish.name] if wish.name else [])]
        virsh += ["--description", wish.note] if wish.note else []
        virsh += ["--disk-only", "--atomic"] if wish.kind is Kind.EXTERNAL and not wish.memory else []
        virsh += ["--quiesce"] if wish.quiesce else []
        doing = text("Taking a snapshot of {name}", name=self._name(key))
        work = self._album.take(self._desk(key, report), wish)
        return await self._traced(key, doing, "virDomainSnapshotCreateXML", virsh, work)

    async def revert(self, key: DomainKey, name: str, save_now: bool, report: Report) -> Reverted:
        """Revert to a snapshot; `save_now`: with one of now before."""
        doing = text("Reverting {name} to {snapshot}", name=self._name(key), snapshot=name)
        work = reverting.revert(self._desk(key, report), name, save_now)
        return await self._traced(key, doing, "virDomainRevertToSnapshot", ["snapshot-revert", name], work)

    async def delete_snapshot(self, key: DomainKey, name: str, children: bool, report: Report) -> tuple[str, ...]:
        """Delete one, or it and all that stand on it; the names of those that are gone."""
        doing = text("Deleting the snapshot {snapshot} of {name}", name=self._name(key), snapshot=name)
        virsh = ["snapshot-delete", name, *(["--children"] if children else [])]
        work = deleting.delete(self._desk(key, report), name, children)
        return await self._traced(key, doing, "virDomainSnapshotDelete", virsh, work)

    async def set_note(self, key: DomainKey, name: str, note: str) -> None:
        """Write another note."""
        doing = text("Writing the note of {snapshot} of {name}", name=self._name(key), snapshot=name)
        work = snapshots.set_note(self._connection(key), key.uuid, name, note)
        await self._traced(key, doing, "virDomainSnapshotCreateXML", [], work)

    async def shared(self, key: DomainKey) -> tuple[Text, ...]:
        """What a clone would have in common with it, besides disks."""
        return await cloning.shared(self._connection(key), key.uuid)

    async def clone(self, key: DomainKey, name: str, count: int, linked: bool, report: Report) -> Cloned:
        """Clone a machine that is off."""
        doing = text("Cloning {name}", name=self._name(key))
        work = cloning.clone(self._journal, self._connection(key), key.uuid, name, report, count, linked)
        return await self._traced(key, doing, "virDomainDefineXML", [], work)

    async def delete(self, key: DomainKey, name: str, chosen: Collection[str], report: Report) -> Deleted:
        """Delete a machine that is off, with the chosen files; `name` as the person saw it."""
        doing = text("Deleting {name}", name=name)
        virsh = ["undefine", "--snapshots-metadata", *(["--nvram"] if chosen else ["--keep-nvram"])]
        work = deletion.delete(self._journal, self._connection(key), key.uuid, name, report, chosen)
        done = await self._traced(key, doing, "virDomainUndefineFlags", virsh, work)
        self._album.forget_others(self._connection(key).config_uri, key.uuid, ())
        return done

    async def schedules(self, key: DomainKey) -> tuple[list[Schedule], frozenset[str], Problem | None]:
        """What is scheduled for it, the units whose last run failed, and why nothing can be; None: it can."""
        uri, lane = self._connection(key).config_uri, self._lane
        there = await asyncio.get_running_loop().run_in_executor(lane, schedules.listed, uri, key.uuid)
        failed = await asyncio.get_running_loop().run_in_executor(lane, schedules.failed, there)
        if key.host == practice.ID:
            what = text("Snapshots cannot be scheduled here.")
            return there, failed, Problem(what, text("The practice host lives in this window only."), name="practice")
        return there, failed, await asyncio.get_running_loop().run_in_executor(lane, schedules.unable)

    async def schedule(self, key: DomainKey, every: str, keep: int, options: tuple[str, ...]) -> None:
        """Take snapshots by the clock."""
        one = Schedule(self._connection(key).config_uri, key.uuid, self._name(key), every, keep, options)
        await asyncio.get_running_loop().run_in_executor(self._lane, schedules.add, one, self._settings)

    async def unschedule(self, one: Schedule) -> None:
        """End it; its snapshots stay."""
        await asyncio.get_running_loop().run_in_executor(self._lane, schedules.remove, one)

    async def commit(self, key: DomainKey, target: str, path: str, below: str, report: Report) -> None:
        """Merge a layer of a running machine's disk into the file below it."""
        doing = text("Merging {path} into {below}", path=path, below=below)
        virsh = ["blockcommit", target, "--top", path, "--base", below, "--wait", "--pivot"]
        work = merging.commit(self._desk(key, report), target, path, below)
        await self._traced(key, doing, "virDomainBlockCommit", virsh, work)

    async def pull(self, key: DomainKey, target: str, base: str, report: Report) -> None:
        """Copy what is below into the file that is written, down to above `base` ("": all)."""
        doing = text("Copying what is below into the disk {disk} of {name}", disk=target, name=self._name(key))
        virsh = ["blockpull", target, *(["--base", base] if base else []), "--wait"]
        work = merging.pull(self._desk(key, report), target, base)
        await self._traced(key, doing, "virDomainBlockPull", virsh, work)

    async def delete_file(self, key: DomainKey, path: str) -> None:
        """Delete a file that nobody needs; looked at again just before."""
        doing = text("Deleting {path}", path=path)
        await self._traced(key, doing, "virStorageVolDelete", [], deletion.delete_unused(self._connection(key), path))

    async def in_trash(self, host: str, uuids: Collection[str] | None = None) -> EmptyPlan:
        """What emptying the trash of a host means now; `uuids`: of these machines."""
        return await bin_.contents(self._connection(DomainKey(host, "")), uuids)

    async def discard(self, key: DomainKey, name: str, chosen: Collection[str], report: Report) -> Deleted:
        """Delete a machine that is in the trash for good, with the chosen files."""
        doing = text("Deleting {name}", name=name)
        virsh = ["undefine", "--snapshots-metadata", *(["--nvram"] if chosen else ["--keep-nvram"])]
        work = bin_.discard(self._journal, self._connection(key), key.uuid, name, chosen, report)
        done = await self._traced(key, doing, "virDomainUndefineFlags", virsh, work)
        self._album.forget_others(self._connection(key).config_uri, key.uuid, ())
        return done

    def _connection(self, key: DomainKey) -> Connection:
        return self._sessions.of(key).require()

    def _desk(self, key: DomainKey, report: Report) -> Desk:
        return Desk(self._journal, self._connection(key), key.uuid, report)

    def _domain(self, key: DomainKey) -> Domain | None:
        return self._store.domains.get(key)

    def _name(self, key: DomainKey) -> str:
        domain = self._domain(key)
        return domain.name if domain else key.uuid

    async def _traced(self, key: DomainKey, doing: Text, call: str, virsh: list[str], work: Awaitable[T]) -> T:
        domain, host = self._domain(key), self._store.hosts.get(key.host)
        line = ""
        if virsh and domain and host:
            line = shlex.join(("virsh", "-c", host.config.uri, virsh[0], reference(domain), *virsh[1:]))
        with self._trace.noting(key, self._name(key), doing, call, line):
            return await work
