"""Emptying the trash: which machines go, in an order in which nothing ever stands on what is not there. Pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from vmdesk.core.chains import DeletePlan, delete_plan
from vmdesk.model.chain import Files, Image
from vmdesk.model.text import text


@dataclass(frozen=True, slots=True)
class EmptyPlan:
    """What emptying means for one host.

    goes   in this order; each as it is when those before it are gone
    stays  those that cannot go, each with its `refused`
    """

    goes: tuple[DeletePlan, ...] = ()
    stays: tuple[DeletePlan, ...] = ()

    @property
    def frees(self) -> int:
        return sum(plan.frees for plan in self.goes)


def trashed(files: Files) -> tuple[str, ...]:
    """The UUIDs of what is in the trash, what has been there longest first."""
    found = [one for one in files.owners.values() if one.trashed]
    return tuple(one.uuid for one in sorted(found, key=lambda one: (one.trashed, one.name, one.uuid)))


def empty_plan(files: Files, machines: Iterable[str]) -> EmptyPlan:
    """Deleting these with all their disks. A clone goes before what it stands on; what others need stays."""
    waiting = [uuid for uuid in machines if uuid in files.owners]
    goes: list[DeletePlan] = []
    found = True
    while found:
        found = False
        for uuid in tuple(waiting):
            plan = _plan(files, uuid)
            if plan.refused is None:
                goes.append(plan)
                waiting.remove(uuid)
                files = _without(files, uuid, plan.gone)
                found = True
    return EmptyPlan(tuple(goes), tuple(_plan(files, uuid) for uuid in waiting))


def _plan(files: Files, uuid: str) -> DeletePlan:
    plan = delete_plan(files, uuid)
    if plan.owner.active:
        why = text("{name} is not off. Shut it down or force it off first.", name=plan.owner.name)
        return replace(plan, refused=why)
    return plan


def _without(files: Files, machine: str, gone: Collection[Image]) -> Files:
    paths = {image.path for image in gone}
    return replace(
        files,
        images={path: image for path, image in files.images.items() if path not in paths},
        uses=tuple(use for use in files.uses if use.machine != machine),
        owners={uuid: owner for uuid, owner in files.owners.items() if uuid != machine},
    )
