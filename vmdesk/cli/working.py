"""One job without a window: what it is doing goes to stderr, what went wrong, too."""

import sys
from collections.abc import Awaitable, Callable
from typing import Any

from vmdesk.cli.output import emit, emit_json, say, told
from vmdesk.cli.session import Session
from vmdesk.core import plain
from vmdesk.core.jobs import JobState, Report
from vmdesk.model.domain import Domain
from vmdesk.model.text import Text, tr
from vmdesk.virt.connection import Connection

DONE, FAILED = 0, 1


async def job(session: Session, title: Text, work: Callable[[Report], Awaitable[Any]]) -> tuple[bool, Any]:
    """Whether it was done, and what came of it. A problem is complained about."""
    results: list[Any] = []
    watched = sys.stderr.isatty()

    async def telling(report: Report) -> None:
        last = [""]

        def tell(progress: float | None, note: Text | None = None) -> None:
            report(progress, note)
            line = str(note or "")
            if line and line != last[0]:
                last[0] = line
                say(plain.clean(line))
            elif watched and progress is not None:
                sys.stderr.write(f"\r{progress * 100:3.0f} %\r")

        results.append(await work(tell))

    ended = await session.jobs.start(title, telling)
    if ended.state is JobState.DONE:
        return True, results[0]
    if ended.problem is not None:
        session.complain(told(ended.problem, session.shared.debug))
    else:
        session.complain(tr("{doing}: cancelled", doing=plain.clean(str(title))))
    return False, None


def shown(session: Session, record: dict[str, Any]) -> int:
    """What was made or changed: all of it as JSON, else its path or name."""
    if session.shared.json:
        emit_json(record)
    else:
        emit(plain.clean(str(record.get("path") or record["name"])))
    return DONE


async def machine(session: Session, name: str) -> tuple[Domain, Connection] | None:
    """The machine of that name and its host; None if there is none, which was complained about."""
    await session.read()
    found = session.find([name])
    return (found[0], session.links.open[found[0].key.host]) if found else None


def only_host(session: Session) -> Connection | None:
    """The host that is meant; None if there are several, which was complained about."""
    if len(session.links.open) > 1:
        session.complain(tr("This is done on one host: give one --connect."))
        return None
    (connection,) = session.links.open.values()
    return connection
