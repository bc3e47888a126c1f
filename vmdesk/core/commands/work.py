"""What the commands on machines do: libvirt's calls."""

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import replace

from vmdesk.core.command import Act, Context, refused
from vmdesk.core.commands import conditions, questions
from vmdesk.core.later import load
from vmdesk.model.domain import Domain
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.host import Feature
from vmdesk.model.text import text
from vmdesk.virt import domains, logs

PROGRESS = 0.5  # seconds between two looks at a job's progress


async def start(act: Act) -> None:
    await _may_start(act)
    await _logged(act, domains.start(act.connection, act.uuid))


async def start_paused(act: Act) -> None:
    await _may_start(act)
    await _logged(act, domains.start(act.connection, act.uuid, paused=True))


async def _may_start(act: Act) -> None:
    """It must not write into what somebody else stands on."""
    await load("check-start")(act.connection, act.uuid, act.domain.name)


async def _logged(act: Act, starting: Awaitable[None]) -> None:
    """Where it fails, QEMU's own log stands in the details."""
    began = time.time()
    try:
        await starting
    except VirtError as error:
        raise VirtError(await _with_log(act, error.problem, began)) from error


async def _with_log(act: Act, problem: Problem, since: float) -> Problem:
    """With what QEMU wrote since then, where that can be read."""
    if act.connection.capabilities.driver != "QEMU" or problem.name in ("gone", "closed", "timeout"):
        return problem
    try:
        log = await logs.qemu_log_tail(act.connection, act.domain.name, since)
    except VirtError:
        return problem
    return replace(problem, details=f"{problem.details}\n\n{log}".strip()) if log else problem


async def shutdown(act: Act) -> None:
    """The guest agent where there is one, then the power button (ACPI); other drivers have their own way."""
    if act.connection.capabilities.driver != "QEMU":
        await domains.shutdown(act.connection, act.uuid)
        return
    if act.domain.definition.agent:
        try:
            await domains.shutdown(act.connection, act.uuid, mode="agent")
            return
        except VirtError as error:
            if error.problem.name == "gone":
                raise
            act.report(None, text("The guest agent does not answer; pressing the power button"))
    await domains.shutdown(act.connection, act.uuid, mode="acpi")


async def until_off(ctx: Context, domain: Domain, seconds: float) -> bool:
    """Wait until the machine has stopped (or vanished); False when it has not in that time."""
    if not ctx.live:
        return await _polled_off(ctx, domain, seconds)
    changed = asyncio.Event()
    leave = ctx.store.subscribe(lambda changes: changed.set())
    try:
        async with asyncio.timeout(seconds):
            while (now := ctx.store.domains.get(domain.key)) and conditions.has_process(now):
                await changed.wait()
                changed.clear()
    except TimeoutError:
        return False
    finally:
        leave()
    return True


async def _polled_off(ctx: Context, domain: Domain, seconds: float) -> bool:
    loop = asyncio.get_running_loop()
    give_up = loop.time() + seconds
    while True:
        found, _gone = await domains.read(ctx.sessions.of(domain.key).require(), [domain.uuid])
        if not found or not conditions.has_process(found[0]):
            return True
        if loop.time() >= give_up:
            return False
        await asyncio.sleep(min(0.5, max(0.0, give_up - loop.time())))


async def reboot(act: Act) -> None:
    await domains.reboot(act.connection, act.uuid)


async def reset(act: Act) -> None:
    await domains.reset(act.connection, act.uuid)


async def poweroff(act: Act) -> None:
    await domains.destroy(act.connection, act.uuid)


async def pause(act: Act) -> None:
    await domains.suspend(act.connection, act.uuid)


async def resume(act: Act) -> None:
    await domains.resume(act.connection, act.uuid)


async def save(act: Act) -> None:
    """Save with progress; cancelling the job cancels the saving, and the machine runs on."""

    async def watch() -> None:
        while True:
            await asyncio.sleep(PROGRESS)
            try:
                act.report(await domains.job_progress(act.connection, act.uuid))
            except VirtError:
                return  # only the picture of the progress is lost; the saving itself tells what is wrong

    watching = act.ctx.jobs.spawn(f"progress of saving {act.domain.name}", watch())
    try:
        await domains.managed_save(act.connection, act.uuid)
    finally:
        watching.cancel()


async def discard_save(act: Act) -> None:
    await domains.managed_save_remove(act.connection, act.uuid)


async def autostart(act: Act) -> None:
    await domains.set_autostart(act.connection, act.uuid, True)


async def no_autostart(act: Act) -> None:
    await domains.set_autostart(act.connection, act.uuid, False)


async def rename(act: Act) -> None:
    new = str(act.argument)
    if wrong := questions.name_problem(act.ctx, act.domain, new):
        raise refused(text("{name} could not be renamed.", name=act.domain.name), wrong)
    await domains.rename(act.connection, act.uuid, new)


async def undefine(act: Act) -> None:
    # The question said that these go; libvirt refuses to leave them without a machine.
    await domains.undefine(act.connection, act.uuid, managed_save=act.domain.managed_save, snapshots=True)


async def labels(act: Act) -> None:
    labels = act.argument.apply(act.domain.labels)
    if act.connection.capabilities.can(Feature.METADATA):
        try:
            await domains.set_labels(act.connection, act.uuid, labels)
            return
        except VirtError as error:
            if error.problem.name != "no-support":
                raise
    try:
        act.ctx.labels.put(act.domain.key, labels)
    except OSError as error:
        problem = Problem(
            text("The labels of {name} could not be saved.", name=act.domain.name),
            text("{file} cannot be written.", file=error.filename) if error.filename else None,
            text("Check the folder's owner and free space."),
            error.strerror or str(error),
            name="labels-unwritable",
        )
        raise VirtError(problem) from error
