"""What an operation on snapshots works with, and what several of them need."""

import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

from vmdesk.core.jobs import Report
from vmdesk.core.journal import Journal
from vmdesk.core.snapshots.offers import Offers, offers
from vmdesk.model.chain import Files
from vmdesk.model.domain import Domain
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.snapshot import Snapshot
from vmdesk.model.text import Text, text
from vmdesk.virt import chains, domains
from vmdesk.virt import snapshots as virt_snapshots
from vmdesk.virt.connection import Connection

_ODD = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Desk:
    """One machine of one host, to be worked on."""

    journal: Journal
    connection: Connection
    uuid: str
    report: Report


@dataclass(frozen=True, slots=True)
class View:
    """The machine as it is now, its snapshots and what is offered; `files` of the whole host."""

    domain: Domain
    snapshots: tuple[Snapshot, ...]
    files: Files
    offers: Offers

    def named(self, name: str) -> Snapshot:
        """VirtError "no-snapshot" if there is none."""
        for one in self.snapshots:
            if one.name == name:
                return one
        raise refused(text("{name} has no snapshot {snapshot}.", name=self.domain.name, snapshot=name), "no-snapshot")


async def view(connection: Connection, uuid: str) -> View:
    """Look at the machine and its host anew. VirtError "gone" if there is no such machine."""
    found, _gone = await domains.read(connection, [uuid])
    if not found:
        raise refused(text("The machine is not there any more."), "gone")
    listed = await virt_snapshots.snapshots(connection, uuid)
    files = await chains.files(connection)
    owner = files.owners.get(uuid)
    told = offers(found[0], connection.capabilities, listed, bool(owner and owner.template))
    return View(found[0], tuple(listed), files, told)


def refused(why: Text, name: str = "refused", what_next: Text | None = None) -> VirtError:
    """Our own "no"."""
    return VirtError(Problem(why, None, what_next, name=name))


def free_snapshot_name(taken: Sequence[Snapshot]) -> str:
    """A name made of the time."""
    name = time.strftime("%Y-%m-%d-%H%M%S")
    names = {one.name for one in taken}
    found, number = name, 2
    while found in names:
        found, number = f"{name}-{number}", number + 1
    return found


def beside(files: Files, path: str, machine: str, target: str, snapshot: str, ending: str) -> str:
    """A path that nobody has, in the folder of a file: FOLDER/MACHINE-vda.SNAPSHOT.qcow2."""
    plain = _ODD.sub("_", f"{machine}-{target}" if target else machine)[:80]
    stem = os.path.join(os.path.dirname(path), f"{plain}.{_ODD.sub('_', snapshot)[:60]}")
    found, number = f"{stem}.{ending}", 2
    named = {use.path for use in files.uses}
    while found in files.images or found in named:
        found, number = f"{stem}-{number}.{ending}", number + 1
    return found
