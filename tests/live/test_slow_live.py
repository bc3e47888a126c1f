"""Why a real machine is slow: its own quota, by the kernel's figures; no KVM. Where its memory comes from."""

import asyncio
import contextlib
import time

import libvirt
import pytest

from tests.testbed.guests import Guests
from vmdesk.core.slow import Cause, Sample, Verdict, judge
from vmdesk.model import limits
from vmdesk.model.errors import VirtError
from vmdesk.model.host import HostConfig
from vmdesk.virt import domains, hardware, stats, throttling
from vmdesk.virt.connection import Connection
from vmdesk.virt.hardware import Affect
from vmdesk.virtxml import hardware as hardware_xml

pytestmark = pytest.mark.live


async def found(connection: Connection, uuid: str, cause: Cause, seconds: float = 40.0) -> Verdict:
    """The first verdict that has this cause, or the last one."""
    samples: list[Sample] = []
    verdict = Verdict()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(VirtError):  # its monitor was busy just then
            counters = await stats.single(connection, uuid)
            samples.append(Sample(counters, await throttling.throttle(connection, uuid)))
        verdict = judge(samples, hardware_xml.parse(await domains.xml(connection, uuid)))
        if any(one.cause is cause for one in verdict.findings):
            break
        await asyncio.sleep(0.5)
    return verdict


def test_a_quota_by_the_kernels_figures(make_guest: Guests) -> None:
    guest = make_guest("slow", busy=True)

    async def work() -> tuple[Verdict, bool]:
        connection = await Connection.open(HostConfig("h", "h", guest.uri), 1, lambda _event: None)
        try:
            quota = hardware.limit(limits.parse("cpu.quota=5%"))
            await hardware.apply(connection, guest.uuid, (quota,), Affect.LIVE)
            verdict = await found(connection, guest.uuid, Cause.QUOTA)
            return verdict, await throttling.throttle(connection, guest.uuid) is not None
        except VirtError as error:
            if "cgroup" in f"{error} {error.problem.details}".lower():
                pytest.skip(f"no control groups for machines here: {error.problem.details}")
            raise
        finally:
            await connection.close()

    verdict, told = asyncio.run(work())
    causes = {one.cause: one for one in verdict.findings}
    quota = causes[Cause.QUOTA]
    assert quota.control == "cpu.quota" and "5 %" in str(quota.numbers)
    assert told, "the kernel's figures are read"
    assert "held back" in str(quota.numbers)
    kvm = "type='kvm'" in guest.ask(lambda domain: domain.XMLDesc(0))
    assert (Cause.EMULATED in causes) is not kvm


def test_nodes_and_mode_of_memory(make_guest: Guests) -> None:
    guest = make_guest("nodes")

    async def work() -> list[tuple[bool, bool, bool]]:
        connection = await Connection.open(HostConfig("h", "h", guest.uri), 1, lambda _event: None)
        try:
            told = []
            for words in ("memory.nodes=0", "memory.mode=interleave", "memory.nodes=none"):
                change = hardware.limit(limits.parse(words))
                (done,) = await hardware.apply(connection, guest.uuid, (change,), Affect.BOTH)
                told.append((done.live, done.stored, done.later is not None))
            return told
        finally:
            await connection.close()

    nodes, mode, none = asyncio.run(work())
    # Where the host has no control group for it, it waits for the next start, with the reason.
    assert nodes in ((True, True, False), (False, True, True))
    assert mode == (False, True, True)
    assert none in ((True, True, False), (False, True, True))
    stored = guest.ask(lambda domain: str(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)))
    assert hardware_xml.parse(stored).limits.numa_nodes == ""
