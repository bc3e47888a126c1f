"""The system's machines if this user may see them, else their own."""

import asyncio

from vmdesk.core import first_start
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.host import HostConfig
from vmdesk.model.text import text


def test_system_where_it_opens() -> None:
    async def opens(config: HostConfig) -> None:
        assert config.uri == "qemu:///system"

    chosen = asyncio.run(first_start.choose(opens))
    assert chosen.host.uri == "qemu:///system" and chosen.problem is None and chosen.lasting


def test_session_where_it_does_not() -> None:
    problem = Problem(text("x"), text("You are in the group libvirt, but this login began before that."))

    async def refuses(_config: HostConfig) -> None:
        raise VirtError(problem)

    chosen = asyncio.run(first_start.choose(refuses))
    assert chosen.host.uri == "qemu:///session" and chosen.problem == problem
    assert not chosen.lasting  # the next login may have the group
