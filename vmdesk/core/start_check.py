"""Before a machine is started: it must not write into a file that somebody else stands on."""

import asyncio

from vmdesk.core.chains import start_problem
from vmdesk.model.chain import Files
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import text
from vmdesk.virt import chains
from vmdesk.virt.connection import Connection

_KEY, _TURN = "files of all machines", "turn to read them"
_FRESH = 2.0  # seconds: forty machines that are started together are looked at once


async def check(connection: Connection, uuid: str, called: str) -> None:
    """VirtError "needed" if it must not be started: a template, in the trash, or a base of somebody's."""
    if connection.capabilities.driver != "QEMU":
        return
    files = await _files(connection)
    if uuid in files.owners and (why := start_problem(files, uuid)) is not None:
        what = text("{name} was not started.", name=called)
        raise VirtError(Problem(what, why, name="needed"))


def forget(connection: Connection) -> None:
    """Chains were changed from here: the next start looks anew."""
    connection.known.pop(_KEY, None)


async def _files(connection: Connection) -> Files:
    lock: asyncio.Lock = connection.known.setdefault(_TURN, asyncio.Lock())
    async with lock:
        now = asyncio.get_running_loop().time()
        known: tuple[float, Files] | None = connection.known.get(_KEY)
        if known is None or now - known[0] > _FRESH:
            known = now, await chains.files(connection, fresh=False, names_only=True)
            connection.known[_KEY] = known
        return known[1]
