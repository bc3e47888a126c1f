"""When a machine has been made: what is opened then."""

import asyncio

from vmdesk.core.creating.create import Created
from vmdesk.core.creating.draft import Draft
from vmdesk.core.store import Changes
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import Problem
from vmdesk.model.wish import From
from vmdesk.ui.parts import Level, Notice, Parts

PATIENCE = 10.0  # seconds in which a machine that was made appears in the table


async def show_made(parts: Parts, draft: Draft, created: Created) -> None:
    """Its console; of several, all of them in the table. What was done to the host is told."""
    keys = [DomainKey(draft.host, uuid) for _, uuid in created.machines]
    await _seen_in_store(parts, keys[-1], draft.wish.start)
    for said in created.set_up:
        parts.shell.notify(Notice(Problem(said), Level.INFO))
    if len(keys) > 1:
        parts.shell.open_page("machines")
    elif _has_console(draft):
        parts.shell.open_console(keys[0])
    else:
        parts.shell.open_machine(keys[0])


def _has_console(draft: Draft) -> bool:
    """Whether there is something to be seen of it: it runs, and not on the practice host."""
    return draft.wish.start and draft.wish.source is not From.XML and draft.abilities.driver.upper() != "TEST"


async def _seen_in_store(parts: Parts, key: DomainKey, started: bool) -> None:
    """Until the machine is known here: its host tells of it by an event."""
    there = asyncio.Event()

    def look(_changes: Changes | None) -> None:
        domain = parts.store.domains.get(key)
        if domain is not None and (domain.active or not started):
            there.set()

    leave = parts.store.subscribe(look)
    look(None)
    try:
        async with asyncio.timeout(PATIENCE):
            await there.wait()
    except TimeoutError:
        pass
    finally:
        leave()
