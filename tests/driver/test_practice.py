"""The practice host keeps its state, and a damaged state file harms nobody."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

import libvirt
import pytest

from vmdesk.core.commands.conditions import has_process
from vmdesk.core.paths import Paths
from vmdesk.core.practice import DEMO, ID, Practice
from vmdesk.model.domain import State
from vmdesk.model.errors import VirtError
from vmdesk.model.host import HostConfig
from vmdesk.model.uri import check, of_file
from vmdesk.virt import domains
from vmdesk.virt import practice as practice_state
from vmdesk.virt.connection import Connection

TRANSIENT = "<domain type='test'><name>guest</name><memory>4096</memory><os><type>hvm</type></os></domain>"


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(tmp_path / "settings", tmp_path / "run")


def with_host(uri: str, work: Callable[[Connection], Awaitable[object]]) -> object:
    """Open `uri`, do `work` on it, close."""

    async def inside() -> object:
        check(uri)
        connection = await Connection.open(HostConfig(ID, "Practice", uri), 1, lambda _event: None)
        try:
            return await work(connection)
        finally:
            await connection.close()

    return asyncio.run(inside())


def change(wire: libvirt.virConnect) -> None:
    """One of everything that a person can do to the practice host."""
    wire.lookupByName("gateway").destroy()
    wire.lookupByName("vpn").suspend()
    wire.lookupByName("ci-03").create()
    wire.lookupByName("mail").managedSave()
    wire.lookupByName("printer-xp").undefine()
    web = wire.lookupByName("web-01")
    web.setAutostart(True)
    web.setMetadata(libvirt.VIR_DOMAIN_METADATA_TITLE, "Tiếng Việt & <more>", None, None, 3)
    web.snapshotCreateXML("<domainsnapshot><name>now</name><description>today</description></domainsnapshot>")
    wire.createXML(TRANSIENT)
    wire.defineXML(TRANSIENT.replace("guest", "kept"))
    wire.networkLookupByName("lab").destroy()
    wire.networkLookupByName("office").setAutostart(True)
    wire.networkDefineXML("<network><name>mine</name><bridge name='virbr9'/></network>")
    fast = wire.storagePoolLookupByName("fast")
    fast.createXML("<volume><name>new.qcow2</name><capacity unit='GiB'>1</capacity></volume>")
    fast.destroy()
    wire.storagePoolLookupByName("archive").setAutostart(True)


def picture(wire: libvirt.virConnect) -> dict[str, object]:
    """What is there, without our own way of writing it down."""
    return {
        "domains": {
            one.name(): (
                one.state()[0], one.UUIDString(), one.autostart(), one.isPersistent(), one.hasManagedSaveImage(),
                one.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE if one.isPersistent() else 0).partition("<name>")[2],
                sorted(snapshot.getName() for snapshot in one.listAllSnapshots()),
            )
            for one in wire.listAllDomains()
        },
        "networks": {one.name(): (one.isActive(), one.autostart(), one.XMLDesc()) for one in wire.listAllNetworks()},
        "pools": {one.name(): (one.isActive(), one.autostart()) for one in wire.listAllStoragePools()},
        "volumes": sorted(
            volume.path() for one in wire.listAllStoragePools() if one.isActive() for volume in one.listAllVolumes()
        ),
        "host": wire.getInfo(),
    }  # fmt: skip


def test_demo_opens_and_looks_like_a_company() -> None:
    async def work(connection: Connection) -> dict[str, object]:
        return await connection.control.call(picture)

    seen = with_host(of_file(DEMO), work)
    assert isinstance(seen, dict)
    states = [facts[0] for facts in seen["domains"].values()]
    assert len(states) >= 24
    assert {libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_SHUTOFF} <= set(states)
    assert len(seen["networks"]) >= 4 and len(seen["pools"]) == 3 and len(seen["volumes"]) > 30
    for facts in seen["domains"].values():
        assert "<title>" in facts[5] and "<vmdesk:group>" in facts[5] and "<libosinfo:os" in facts[5]


def test_demo_pools_are_not_fuller_than_full() -> None:
    def full(wire: libvirt.virConnect) -> list[bool]:
        return [pool.info()[2] <= pool.info()[1] for pool in wire.listAllStoragePools()]

    async def work(connection: Connection) -> list[bool]:
        return await connection.control.call(full)

    assert with_host(of_file(DEMO), work) == [True] * 3


def test_state_comes_back(paths: Paths) -> None:
    async def first(connection: Connection) -> dict[str, object]:
        await ours.opened(connection)
        await connection.control.call(change)
        seen = await connection.control.call(picture)
        await ours.save(connection)
        assert await connection.control.call(picture) == seen  # looking does not change anything
        return seen

    async def later(connection: Connection) -> dict[str, object]:
        await ours.opened(connection)
        seen = await connection.control.call(picture)
        await ours.save(connection)
        return seen

    ours = Practice(paths)
    assert ours.uri() == of_file(DEMO) == ours.config().uri
    before = with_host(ours.uri(), first)
    assert paths.practice_file.stat().st_mode & 0o077 == 0
    for _ in range(3):
        ours = Practice(paths)
        assert ours.uri() == of_file(paths.practice_file)
        assert with_host(ours.uri(), later) == before
    assert not ours.notices
    ours.reset()
    assert ours.uri() == of_file(DEMO)


def test_saving_an_unchanged_state_writes_the_same_file(paths: Paths) -> None:
    async def save(connection: Connection) -> None:
        await ours.opened(connection)
        await ours.save(connection)

    ours = Practice(paths)
    with_host(ours.uri(), save)
    first = paths.practice_file.read_bytes()
    with_host(ours.uri(), save)
    assert paths.practice_file.read_bytes() == first


def test_damaged_state_is_set_aside(paths: Paths) -> None:
    """Cut, flipped, garbage, a folder in its place: a notice, the damaged file kept, and the beginning opened."""

    async def save(connection: Connection) -> None:
        await ours.save(connection)

    ours = Practice(paths)
    with_host(ours.uri(), save)
    sound = paths.practice_file.read_bytes()
    chance = random.Random(7)
    damaged = [b"", b"garbage", b"\xff\xfe\x00", sound[: len(sound) // 2], sound[:-1], sound + b"<!-- -->"]
    for _ in range(20):
        at = chance.randrange(len(sound))
        damaged.append(sound[:at] + bytes([sound[at] ^ 0x15]) + sound[at + 1 :])
    for content in damaged:
        paths.practice_file.write_bytes(content)
        ours = Practice(paths)
        assert ours.uri() == of_file(DEMO)
        assert [notice.name for notice in ours.notices] == ["practice-broken"]
        assert not paths.practice_file.exists()
        # What was set aside before is not overwritten: each has a name of its own.
        assert content in [kept.read_bytes() for kept in paths.settings.glob("practice*broken*")]
    paths.practice_file.mkdir()
    assert Practice(paths).uri() == of_file(DEMO)


def test_unwritable_settings_are_told_in_words(paths: Paths) -> None:
    async def save(connection: Connection) -> None:
        await ours.save(connection)

    paths.settings.write_text("a file where the folder should be")
    ours = Practice(paths)
    with pytest.raises(VirtError) as error:
        with_host(of_file(DEMO), save)
    assert error.value.problem.name == "practice-unwritable"


def test_notes_about_things_that_are_gone_are_passed_over() -> None:
    state = "<node xmlns:v='https://vmdesk.org/xmlns/practice/1'><v:thing kind='network' name='gone' off='1'/></node>"

    async def work(connection: Connection) -> None:
        await practice_state.settle(connection, state)

    with_host(of_file(DEMO), work)


def test_a_crashed_machine_that_was_kept_has_something_to_force_off() -> None:
    async def work(connection: Connection) -> None:
        kept = next(one for one in await domains.list_all(connection) if one.state is State.CRASHED)
        assert has_process(kept)
        await domains.destroy(connection, kept.uuid)
        [ended], _gone = await domains.read(connection, [kept.uuid])
        assert ended.state is State.SHUTOFF and not has_process(ended)

    with_host(of_file(DEMO), work)
