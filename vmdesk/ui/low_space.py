"""Tells of storage pools that are almost full, or will be soon: once each, until that is over. And of growing disks."""

import asyncio
from collections.abc import Callable
from functools import partial

from vmdesk.core.storage.growth import GrowthWatch
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.host import Link
from vmdesk.model.text import text, tr
from vmdesk.ui.parts import Level, Notice, Parts

FIRST = 20.0  # seconds after the start
EVERY = 600.0


async def follow(parts: Parts, tell: Callable[[Notice], None]) -> None:
    """Until it is cancelled."""
    told: set[tuple[str, str]] = set()
    await asyncio.sleep(FIRST)
    while True:
        for host in list(parts.store.hosts.values()):
            if host.link is Link.UP:
                await look(parts, host.id, told, tell)
        await asyncio.sleep(EVERY)


async def look(parts: Parts, host: str, told: set[tuple[str, str]], tell: Callable[[Notice], None]) -> None:
    """One host, now. What cannot be asked is asked another time."""
    try:
        pools = await parts.storage.pools(host)
    except VirtError:
        return
    for pool in pools:
        key, why = (host, pool.uuid), parts.storage.room.low(pool)
        if why is None:
            told.discard(key)
        elif key not in told:
            told.add(key)
            show = (tr("Show storage"), partial(_show, parts, host))
            what = text("A storage pool runs out of room.")
            subject = f"room:{host}/{pool.uuid}"
            tell(Notice(Problem(what, why, text("Make room there."), name="room"), Level.WARNING, (show,), subject))


async def follow_growth(parts: Parts, tell: Callable[[Notice], None]) -> None:
    """Tell of disks that grow as large as they can become. Until it is cancelled."""

    def tell_of(key: DomainKey, target: str, problem: Problem) -> None:
        show = (tr("Show storage"), partial(_show, parts, key.host))
        tell(Notice(problem, Level.WARNING, (show,), f"growth:{key.host}/{key.uuid}/{target}"))

    await asyncio.sleep(FIRST)
    await GrowthWatch(parts.sessions, parts.store, parts.storage.pools, tell_of).run()


def _show(parts: Parts, host: str) -> None:
    parts.shell.open_storage(host)
