"""New hardware: what can be added, when it is there, and adding it."""

import contextlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from vmdesk.core.command import Context, Links
from vmdesk.core.hardware import applying, new_disk
from vmdesk.core.hardware.additions import disks, far_disks, guest, host, mdev, usb
from vmdesk.core.hardware.additions.form import Addition, Around, Work
from vmdesk.core.hardware.applying import STILL
from vmdesk.core.hardware.new_disk import NewDisk
from vmdesk.core.hardware.reading import Offers, Seen
from vmdesk.core.hardware.sheet import Kind, Value, Values
from vmdesk.core.jobs import Job, JobState, Report
from vmdesk.core.journal import Journal
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.host_devices import HostDevices
from vmdesk.model.storage import NetworkPlace
from vmdesk.model.text import Text, text
from vmdesk.virt import hardware, host_devices, making, mdevs
from vmdesk.virt.connection import Connection
from vmdesk.virt.hardware import Applied
from vmdesk.virtxml.edit import devices

__all__ = ["Added", "Addition", "Around", "add", "additions", "around", "delete", "first", "when"]


async def around(links: Links, seen: Seen, offers: Offers) -> Around:
    """Read what is needed for the forms."""
    connection = links.of(seen.domain.key).require()
    problem, found, taken = None, HostDevices(), making.Taken()
    try:
        found = await host_devices.host_devices_of(connection)
    except VirtError as error:
        problem = error.problem.why or error.problem.what
    with contextlib.suppress(VirtError):  # by chance alone an address is one's own, too
        taken = await making.taken(connection)
    holders: dict[str, str] = {}
    if found.mdev:
        with contextlib.suppress(VirtError):  # libvirt refuses what is in use, too
            holders = await mdevs.users(connection)
    return Around(offers, found, problem, taken, holders)


def additions(seen: Seen, near: Around) -> tuple[Addition, ...]:
    """All kinds, those that people add most often first."""
    return (
        disks.new_disk(seen, near),
        disks.old_disk(seen, near),
        disks.drive(seen, near),
        host.card(seen, near),
        usb.usb(seen, near),
        host.pci(near),
        mdev.mdev(near),
        host.folder(seen),
        guest.graphics(seen, near),
        guest.video(seen, near),
        guest.sound(),
        guest.input_(),
        guest.serial(),
        guest.channel(seen),
        guest.redirection(seen),
        guest.tpm(seen),
        guest.rng(),
        guest.watchdog(seen),
        guest.panic(seen),
        guest.vsock(seen),
        guest.memory(seen),
        guest.controller(),
    )


def first(kind: Addition) -> dict[str, Value]:
    """The values that its form begins with."""
    return {one.name: one.value for one in kind.fields if one.kind is not Kind.FACT}


def when(kind: Addition, seen: Seen) -> Text:
    """For people: when it is there."""
    if not seen.active:
        return text("The machine is off: it is there from the next start on.")
    if kind.later is not None:
        return STILL if kind.later is STILL else text("From the next start on: {why}", why=kind.later)
    if not seen.domain.persistent:
        return text("It is plugged in now, until the machine is switched off.")
    return text("It is plugged in now if host and guest can; else it is there from the next start on.")


@dataclass(frozen=True, slots=True)
class Added:
    """What became of it, and its key in the list."""

    done: tuple[Applied, ...]
    key: str = ""


async def add(ctx: Context, journal: Journal, seen: Seen, kind: Addition, values: Values) -> Added | Problem | None:
    """Add it, as jobs. Why it did not work, which they have told (None: cancelled); its new volume is taken back."""
    made: list[NewDisk] = []
    try:
        added = await _add(ctx, journal, seen, kind, values, made)
    except BaseException:
        for one in made:
            await one.take_back()
        raise
    for one in made:
        if isinstance(added, Added):
            one.finish()
        else:
            doing = text("Taking back the disk {name}", name=one.volume.name)
            await ctx.jobs.start(doing, _take_back(one), cancellable=False, host=seen.domain.key.host)
    return added


async def _add(
    ctx: Context, journal: Journal, seen: Seen, kind: Addition, values: Values, made: list[NewDisk]
) -> Added | Problem | None:
    place: NetworkPlace | None = None
    secret = ""
    if kind.id in ("disk", "existing"):
        found: dict[str, Value] = {}

        async def prepare(_report: Report) -> None:
            nonlocal place, secret
            connection = ctx.sessions.of(seen.domain.key).require()
            if kind.id == "disk":
                disk = await new_disk.make(journal, connection, seen.domain.name, disks.wish_of(values))
                made.append(disk)
                path, place = await far_disks.where(connection, disk.volume)
                found.update(path=path, format=disk.volume.format or "raw")
            else:
                path, said = str(values["path"]), str(values.get("format", ""))
                found.update(format=await disks.format_of(connection, path, said))
                _path, place = await far_disks.where(connection, path)
                secret = await far_disks.passphrase(connection, path)

        doing = text("Making a disk for {name}", name=seen.domain.name)
        if kind.id == "existing":
            doing = text("Looking at the disk {path}", path=str(values.get("path", "")))
        job: Job = await ctx.jobs.start(doing, prepare, (seen.domain.key,))
        if job.state is not JobState.DONE:
            return job.problem
        values = {**values, **found}
    if kind.changes is not None:
        changes, key = kind.changes(values)
        outcome = await applying.apply(ctx, seen, changes)
        return outcome if isinstance(outcome, Problem) else Added(outcome, key)
    what, fragment = kind.make(values) if place is None else far_disks.disk(seen, values, place)
    fragment = devices.encrypted(fragment, secret)
    change = hardware.add_device(what, fragment)
    if kind.later is not None:
        change = hardware.later(what, lambda xml: devices.add_device(xml, fragment), kind.later)
    before = await _on_host(ctx, seen, kind.before(values))
    if before is not None and before.state is not JobState.DONE:
        return before.problem
    done = await applying.apply(ctx, seen, [change])
    if isinstance(done, Problem):
        if kind.undo is not None and kind.before(values) is not None:
            await _on_host(ctx, seen, (text("Taking back {what}", what=what), kind.undo))
        return done
    return Added(done, devices.key_of_added(seen.base, fragment))


async def _on_host(ctx: Context, seen: Seen, made: tuple[Text, Work] | None) -> Job | None:
    """How it ended; None: there was nothing to do."""
    if made is None:
        return None
    doing, work = made

    async def run(_report: Report) -> None:
        await work(ctx.sessions.of(seen.domain.key).require())

    return await ctx.jobs.start(doing, run, (seen.domain.key,), cancellable=False)


async def delete(ctx: Context, seen: Seen, uuid: str) -> bool:
    """Delete a mediated device of the host that nobody has; whether it is gone."""

    async def work(connection: Connection) -> None:
        await mdevs.delete(connection, uuid)

    job = await _on_host(ctx, seen, (text("Deleting the mediated device {uuid}", uuid=uuid), work))
    return job is not None and job.state is JobState.DONE


def _take_back(made: NewDisk) -> Callable[[Report], Coroutine[Any, Any, None]]:
    async def work(_report: Report) -> None:
        await made.take_back()

    return work
