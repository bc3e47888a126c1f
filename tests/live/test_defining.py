"""Definitions changed on a real libvirt: what was not named stays, passwords too."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import libvirt
import pytest

from tests.testbed.guests import Guest, Guests
from vmdesk.core import permissions
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import VirtError
from vmdesk.model.host import HostConfig
from vmdesk.virt import defining
from vmdesk.virt.connection import Connection
from vmdesk.virtxml import edit

pytestmark = pytest.mark.live
WHOLE = libvirt.VIR_DOMAIN_XML_SECURE | libvirt.VIR_DOMAIN_XML_INACTIVE
SPICE = (
    "<graphics type='spice' passwd='sesame' port='-1' autoport='yes'/>"
    "<channel type='spicevmc'><target type='virtio' name='com.redhat.spice.0'/></channel>"
)


class Links:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def of(self, _key: DomainKey) -> "Links":
        return self

    def require(self) -> Connection:
        return self.connection


def run(uri: str, work: Callable[[Links], Coroutine[Any, Any, None]]) -> None:
    async def whole() -> None:
        connection = await Connection.open(HostConfig("h", "h", uri), 1, lambda _event: None)
        try:
            await work(Links(connection))
        finally:
            await connection.close()

    asyncio.run(whole())


def definition(guest: Guest) -> str:
    return guest.ask(lambda domain: str(domain.XMLDesc(WHOLE)))


def test_sealed_after_a_cold_start(make_guest: Guests) -> None:
    guest = make_guest("sealed", devices=SPICE)
    key, before = DomainKey("h", guest.uuid), definition(guest)

    async def work(links: Links) -> None:
        assert await permissions.read(links, key) == permissions.Permissions(False, False, True, True)
        assert await permissions.seal(links, key, True)
        assert not await permissions.seal(links, key, True)
        now = await permissions.read(links, key)
        assert now.waits and now.sealed_then and not now.sealed_now
        guest.ask(lambda domain: domain.destroy())
        guest.start()
        now = await permissions.read(links, key)
        assert now.sealed_now and not now.waits
        assert "passwd='sesame'" in definition(guest)
        assert await permissions.seal(links, key, False)

    run(guest.uri, work)
    assert definition(guest) == before


def test_a_channel_for_the_clipboard(make_guest: Guests) -> None:
    guest = make_guest("agent", graphics="vnc")
    key = DomainKey("h", guest.uuid)

    async def work(links: Links) -> None:
        assert await permissions.add_agent(links, key)
        assert not await permissions.add_agent(links, key)
        now = await permissions.read(links, key)
        assert now.has_agent and now.can_seal and not now.sealed_then
        guest.ask(lambda domain: domain.destroy())
        guest.start()  # QEMU takes it
        assert await permissions.seal(links, key, True)
        assert (await permissions.read(links, key)).sealed_then

    run(guest.uri, work)


def test_somebody_else_was_faster(make_guest: Guests) -> None:
    guest = make_guest("race", devices=SPICE, start=False)

    def meanwhile(xml: str) -> str:
        guest.ask(lambda domain: domain.setMetadata(libvirt.VIR_DOMAIN_METADATA_TITLE, "theirs", None, None, 2))
        return edit.seal(xml)

    async def work(links: Links) -> None:
        with pytest.raises(VirtError) as error:
            await defining.change(links.require(), guest.uuid, meanwhile, permissions.agent_missing())
        assert error.value.problem.name == "changed"

    run(guest.uri, work)
    assert "theirs" in definition(guest) and not edit.is_sealed(definition(guest))


def test_nonsense_is_not_defined(make_guest: Guests) -> None:
    guest = make_guest("nonsense", devices=SPICE, start=False)
    before = definition(guest)

    async def work(links: Links) -> None:
        with pytest.raises(VirtError):
            await defining.change(
                links.require(),
                guest.uuid,
                lambda xml: xml.replace("<devices>", "<devices><nonsense/>"),
                permissions.agent_missing(),
            )

    run(guest.uri, work)
    assert definition(guest) == before
