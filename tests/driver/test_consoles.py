"""Doors of a host that has none."""

import asyncio

import pytest

from vmdesk.model.errors import VirtError
from vmdesk.model.host import HostConfig
from vmdesk.virt import consoles, domains
from vmdesk.virt.connection import Connection
from vmdesk.virt.consoles import TextConsole, TextState, TextStatus


def test_a_driver_without_consoles_says_so() -> None:
    async def run() -> None:
        connection = await Connection.open(HostConfig("h", "test", "test:///default"), 1, lambda _event: None)
        (domain,) = await domains.list_all(connection)
        for opening in (
            consoles.open_text(connection, domain.uuid, "", lambda _data: None),
            consoles.open_graphics_fd(connection, domain.uuid, 0),
        ):
            with pytest.raises(VirtError) as refused:
                await opening
            assert refused.value.problem.name == "no-support"
        states: list[TextState] = []
        console = TextConsole(lambda: connection, domain.uuid, "", lambda _data: None, states.append)
        task = asyncio.create_task(console.run())
        while not states:
            await asyncio.sleep(0.01)
        assert states[0].status is TextStatus.FAILED and not console.send(b"x")
        task.cancel()
        assert not connection.closers
        await connection.close()

    asyncio.run(run())


def test_another_computer_hands_no_screen_over() -> None:
    async def run() -> None:
        connection = await Connection.open(HostConfig("h", "test", "test:///default"), 1, lambda _event: None)
        (domain,) = await domains.list_all(connection)
        connection.local = False
        with pytest.raises(VirtError) as refused:
            await consoles.open_graphics_fd(connection, domain.uuid, 0)
        assert refused.value.problem.name == "remote"
        await connection.close()

    asyncio.run(run())
