"""What waits for a restart of a real machine: done now where QEMU can, dropped where it is not wanted."""

import asyncio
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any

import libvirt
import pytest

from tests.testbed.guests import Guest, Guests
from vmdesk.core import pending
from vmdesk.core.jobs import Job, Jobs
from vmdesk.core.trace import Trace
from vmdesk.model import limits
from vmdesk.model.domain import Domain, DomainKey
from vmdesk.model.errors import VirtError
from vmdesk.model.host import HostConfig
from vmdesk.model.text import text
from vmdesk.virt import defining, hardware, listing
from vmdesk.virt.connection import Connection
from vmdesk.virt.hardware import Affect
from vmdesk.virtxml.edit import devices, machine
from vmdesk.virtxml.hardware import parse

pytestmark = pytest.mark.live
MAC = "52:54:00:0a:0b:0c"
DEVICES = (
    f"<interface type='user'><mac address='{MAC}'/><model type='virtio'/></interface>"
    "<graphics type='vnc' passwd='sesame'><listen type='socket'/></graphics>"
)
Talk = Callable[["Bench"], Coroutine[Any, Any, None]]


class Bench:
    """The machine with all that the window would do it with."""

    def __init__(self, connection: Connection, domain: Domain) -> None:
        def bug(error: BaseException) -> None:
            raise error

        self.connection, self.domain = connection, domain
        self.jobs = Jobs(bug)
        self.told: list[Job] = []
        self.jobs.subscribe(lambda job: self.told.append(job) if job.problem else None)
        link = SimpleNamespace(require=lambda: connection)
        sessions, store = SimpleNamespace(of=lambda _key: link), SimpleNamespace(hosts={})
        self.ctx: Any = SimpleNamespace(sessions=sessions, jobs=self.jobs, trace=Trace(), store=store)

    async def items(self) -> dict[str, pending.Item]:
        found = pending.items(await pending.read(self.ctx.sessions, self.domain))
        return {str(one.words): one for one in found}


def over(guest: Guest, talk: Talk) -> None:
    async def whole() -> None:
        opened = await Connection.open(HostConfig("h", "h", guest.uri), 1, lambda _event: None)
        try:
            ((domain,), _gone) = await listing.read(opened, [guest.uuid])
            assert domain.key == DomainKey("h", guest.uuid)
            bench = Bench(opened, domain)
            await talk(bench)
            await bench.jobs.close()
        finally:
            await opened.close()

    asyncio.run(whole())


def test_now_or_dropped(make_guest: Guests) -> None:
    guest = make_guest("waits", disks=[64], devices=DEVICES)
    guest.wait_until_booted()

    async def talk(bench: Bench) -> None:
        uuid = guest.uuid
        target = parse(await defining.whole(bench.connection, uuid)).disks[-1].target
        card = devices.nic_fragment("user", "", "52:54:00:0a:0b:0d", "virtio")
        wishes = (
            hardware.title("Later"),
            hardware.system("http://debian.org/debian/12"),
            hardware.link(MAC, False),
            hardware.limit(limits.parse(f"disk.{target}.write-bytes=10M")),
            hardware.add_device(text("added"), card),
            hardware.later(text("crash"), lambda xml: machine.on_event(xml, "crash", "preserve")),
            hardware.later(text("cpus"), lambda xml: machine.vcpus(xml, 3)),
        )
        await hardware.apply(bench.connection, uuid, wishes, Affect.CONFIG)
        waits = await bench.items()
        assert len(waits) == 7, list(waits)
        able = [one for one in waits.values() if one.why_not is None]
        assert len(able) == 5, {words: str(one.why_not) for words, one in waits.items()}
        await pending.apply_now(bench.ctx, bench.domain, able)
        assert not bench.told, bench.told[0].problem
        left = await bench.items()
        assert all(one.why_not is not None for one in left.values()) and len(left) == 2, list(left)
        running = guest.ask(lambda domain: str(domain.XMLDesc(0)))
        assert parse(running).overview.os_id == "http://debian.org/debian/12"
        assert "52:54:00:0a:0b:0d" in running and "<link state='down'/>" in running

        stored = await defining.whole(bench.connection, uuid)
        dropped = await pending.drop(bench.ctx, bench.domain, tuple(left.values()))
        assert dropped is not None and not await bench.items()
        after = await defining.whole(bench.connection, uuid)
        assert "passwd='sesame'" in after and "vnet" not in after and "<alias" not in after
        assert await pending.take_back(bench.ctx, bench.domain, dropped)
        assert await defining.whole(bench.connection, uuid) == stored and set(await bench.items()) == set(left)

    over(guest, talk)


def test_a_device_that_is_only_in_use_is_stored_or_goes(make_guest: Guests) -> None:
    guest = make_guest("plugged")
    guest.wait_until_booted()

    async def talk(bench: Bench) -> None:
        card = devices.nic_fragment("user", "", MAC, "virtio")
        await hardware.apply(bench.connection, guest.uuid, [hardware.add_device(text("added"), card)], Affect.LIVE)
        (one,) = (await bench.items()).values()
        assert str(one.words) == f"Network card {MAC}: gone after restart"
        assert await pending.drop(bench.ctx, bench.domain, [one]) is not None
        assert not await bench.items()
        flags = libvirt.VIR_DOMAIN_XML_INACTIVE
        assert MAC in guest.ask(lambda domain: str(domain.XMLDesc(flags)))

    over(guest, talk)


def test_one_users_machine_keeps_no_limit_with_which_it_would_not_start(make_session_guest: Guests) -> None:
    guest = make_session_guest("mine")

    async def talk(bench: Bench) -> None:
        before = await defining.whole(bench.connection, guest.uuid)
        for words in ("cpu.quota=50%", "memory.hard=2G", "disk.weight=300"):
            for affect in (Affect.BOTH, Affect.CONFIG):
                with pytest.raises(VirtError) as refused:
                    await hardware.apply(bench.connection, guest.uuid, [hardware.limit(limits.parse(words))], affect)
                assert refused.value.problem.name == "session"
        assert await defining.whole(bench.connection, guest.uuid) == before

    over(guest, talk)
