"""A machine's screen and text console without a window: what is done."""

import argparse
import asyncio
from pathlib import Path
from typing import Any

from vmdesk.cli.join import join
from vmdesk.cli.output import emit, emit_bytes, emit_json
from vmdesk.cli.session import Session
from vmdesk.console import keys
from vmdesk.console.screen import Backend
from vmdesk.core import plain, typist
from vmdesk.core.doors import open_screens
from vmdesk.core.screen import ONLY, Screen
from vmdesk.core.screen_state import SHARED
from vmdesk.core.screens import Screens
from vmdesk.model.domain import Domain
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import text

DONE, FAILED = 0, 1
SETTLE = 0.3  # seconds after the last key before a picture is taken: what it did is on it then


async def run(session: Session, options: argparse.Namespace) -> int:
    await session.read()
    machines = session.find([options.name])
    if not machines:
        return FAILED
    if options.text:
        return await join(session, machines[0], options.device, options.force)
    return await _screen(session, machines[0], options)


async def _screen(session: Session, machine: Domain, options: argparse.Namespace) -> int:
    screens = open_screens(session.store, session.jobs, session.links, session.paths)
    try:
        screen = await _open(screens, machine, options.protocol)
        backend = screen.backend
        assert backend is not None
        for kind, words in options.strokes:
            await _press(backend, kind, words, options.layout)
        record: dict[str, Any] = {"name": machine.name, "uuid": machine.uuid, "protocol": screen.status.protocol}
        if options.screenshot is not None:
            if options.strokes:
                await asyncio.sleep(SETTLE)
            picture = await screens.png(await screen.first_picture())
            _save(picture, options.screenshot)
            if screen.surface is not None:
                record |= {"width": screen.surface.width, "height": screen.surface.height}
            record["file"] = str(options.screenshot)
    finally:
        screens.close()
    if session.shared.json:
        emit_json([record])
    elif options.screenshot is not None and str(options.screenshot) != "-":
        emit(plain.clean(str(options.screenshot)))
    return DONE


async def _open(screens: Screens, machine: Domain, protocol: str | None) -> Screen:
    """Its screen, live. Without a shared way: the best there is."""
    for wish in (protocol,) if protocol else (SHARED, ""):
        screen = screens.hold(machine.key, wish)
        try:
            await screen.first_picture(ONLY)
            return screen
        except VirtError as error:
            screen.release()
            if protocol or wish != SHARED or error.problem.name != "no-door":
                raise
    raise AssertionError


async def _press(backend: Backend, kind: str, words: str, layout: str) -> None:
    if kind == "keys":
        await typist.press(backend.key, words)
    else:
        await typist.type_strokes(backend.key, keys.plan(words, layout).strokes)


def _save(picture: bytes, file: Path) -> None:
    if str(file) == "-":
        emit_bytes(picture)
        return
    try:
        file.write_bytes(picture)
    except OSError as error:
        what = text("The picture could not be saved as {file}.", file=str(file))
        raise VirtError(Problem(what, details=error.strerror or str(error), name="unwritable")) from error
