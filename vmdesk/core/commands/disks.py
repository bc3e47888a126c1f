"""What can be done to a machine with all its disks: snapshots, clones, deletion. Each has a dialog that says what."""

from collections.abc import Sequence

from vmdesk.core.command import Command, Context
from vmdesk.core.commands import conditions
from vmdesk.model.domain import Domain
from vmdesk.model.host import Feature
from vmdesk.model.text import Text, text


def _of_its_own(domain: Domain) -> Text | None:
    if not domain.persistent:
        return text("{name} has no definition of its own: it vanishes when it stops.", name=domain.name)
    return None


def _still(domain: Domain) -> Text | None:
    if domain.active:
        return text("{name} runs. Shut it down first: its disks must stand still.", name=domain.name)
    if domain.managed_save:
        return text("{name} has a saved state. Restore or discard it first.", name=domain.name)
    return _of_its_own(domain)


def _snapshot(ctx: Context, machines: Sequence[Domain]) -> None:
    ctx.ask.begin("take-snapshot", machines[0].key)


def _clone(ctx: Context, machines: Sequence[Domain]) -> None:
    ctx.ask.begin("clone", machines[0].key)


def _delete(ctx: Context, machines: Sequence[Domain]) -> None:
    ctx.ask.begin("delete", machines[0].key)


SNAPSHOT = Command(
    "domain.snapshot",
    text("Take a snapshot…"),
    "source-commit",
    "Ctrl+Shift+N",
    when=_of_its_own,
    needs=Feature.SNAPSHOT,
    act=_snapshot,
    single=True,
)

CLONE = Command(
    "domain.clone",
    text("Clone…"),
    "content-duplicate",
    "Ctrl+Shift+D",
    when=_still,
    needs=Feature.DEFINE,
    act=_clone,
    single=True,
)

DELETE = Command(
    "domain.delete",
    text("Delete…"),
    "delete",
    "Shift+Delete",
    when=conditions.definition_free,
    needs=Feature.DEFINE,
    act=_delete,
    danger=True,
    single=True,
)
