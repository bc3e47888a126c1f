"""Which hosts a person sees who has never chosen any."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from vmdesk.core.host_names import spoken
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.host import HostConfig
from vmdesk.virt.connection import Connection

SYSTEM = "qemu:///system"
SESSION = "qemu:///session"


@dataclass(frozen=True, slots=True)
class FirstStart:
    """The host to begin with, and what kept us from the better one (None if this is it).

    lasting  remember the choice; False: next time look again (the group will be in the login then, say)
    """

    host: HostConfig
    problem: Problem | None = None
    lasting: bool = True


def system_host() -> HostConfig:
    """This computer's machines that run for everybody."""
    return spoken(HostConfig("qemu-system", "This computer", SYSTEM))


def session_host() -> HostConfig:
    """This computer's machines that belong to this user alone."""
    return spoken(HostConfig("qemu-session", "My machines", SESSION))


async def choose(probe: Callable[[HostConfig], Awaitable[None]] | None = None) -> FirstStart:
    """qemu:///system if this user may open it, else qemu:///session. `probe` raises VirtError where it may not."""
    system = system_host()
    try:
        await (probe or _open_and_close)(system)
    except VirtError as error:
        return FirstStart(session_host(), error.problem, lasting=False)
    return FirstStart(system)


async def _open_and_close(config: HostConfig) -> None:
    connection = await Connection.open(config, 0, lambda _event: None)
    await connection.close()
