"""New machines on libvirt's test driver: nothing is ever defined over another one."""

from pathlib import Path

import pytest

from tests.testbed.connecting import PRACTICE, problem, run
from vmdesk.core.creating.making import CREATE, DOMAIN
from vmdesk.core.creating.recovery import listed
from vmdesk.core.journal import Journal
from vmdesk.core.tidying import left_behind, recover
from vmdesk.model.errors import VirtError
from vmdesk.virt import domains, making
from vmdesk.virt.connection import Connection
from vmdesk.virt.making import Taken

UUID = "5d5ef1f5-6d5b-4c93-8d9c-8c0a5a8fd1d5"


def definition(name: str = "new", uuid: str = UUID, more: str = "") -> str:
    return (
        f"<domain type='test'><name>{name}</name>{f'<uuid>{uuid}</uuid>' if uuid else ''}<memory>65536</memory>"
        f"<os><type>hvm</type></os>{more}</domain>"
    )


async def names(connection: Connection) -> set[str]:
    return {domain.name for domain in await domains.list_all(connection)}


def test_a_life() -> None:
    async def work(connection: Connection) -> None:
        before = await names(connection)
        assert await making.define(connection, definition()) == UUID
        assert await names(connection) == before | {"new"}
        await making.start(connection, UUID)
        await making.redefine_stored(connection, UUID, definition(more="<description>stored</description>"))
        assert await making.remove(connection, UUID, "new")
        assert not await making.remove(connection, UUID, "new")
        assert await names(connection) == before
        assert await making.define(connection, definition(uuid=""))

    run(PRACTICE, work)


def test_names_and_uuids_are_taken_once() -> None:
    async def work(connection: Connection) -> None:
        await making.define(connection, definition())
        xml = await domains.xml(connection, UUID)
        assert await problem(making.define(connection, definition(more="<title>other</title>"))) == "taken"
        assert await problem(making.define(connection, definition(uuid=""))) == "taken"
        assert await problem(making.define(connection, definition(name="other"))) == "taken"
        assert await domains.xml(connection, UUID) == xml

    run(PRACTICE, work)


def test_what_is_no_definition() -> None:
    async def work(connection: Connection) -> None:
        before = await names(connection)
        assert await problem(making.define(connection, "<domain")) == "xml"
        assert await problem(making.define(connection, definition(uuid="nobody"))) == "invalid"
        assert await problem(making.define(connection, definition(more="<nonsense/>"))) == "invalid"
        # Without validation this number ends the daemon of Debian 12; here it would end the tests.
        wrong = definition(more="<vcpu>99999999999</vcpu>")
        with pytest.raises(VirtError):
            await making.define(connection, wrong)
        assert await names(connection) == before

    run(PRACTICE, work)


def test_a_stored_definition_of_another_machine() -> None:
    async def work(connection: Connection) -> None:
        await making.define(connection, definition())
        assert await problem(making.redefine_stored(connection, UUID, definition(uuid=""))) == "changed"
        assert await problem(making.redefine_stored(connection, UUID, definition(name="other"))) == "changed"
        assert await problem(making.remove(connection, UUID, "other")) == "changed"
        assert "new" in await names(connection)

    run(PRACTICE, work)


def test_read_only() -> None:
    async def work(connection: Connection) -> None:
        assert await problem(making.define(connection, definition())) == "read-only"
        assert (await making.taken(connection)).names

    run(PRACTICE, work, readonly=True)


def test_what_is_taken() -> None:
    async def work(connection: Connection) -> None:
        nic = "<devices><interface type='user'><mac address='52:54:00:AB:CD:EF'/></interface></devices>"
        await making.define(connection, definition(more=nic))
        found = await making.taken(connection)
        assert found.names == await names(connection)
        assert UUID in found.uuids and "52:54:00:ab:cd:ef" in found.macs

    run(PRACTICE, work)


def test_addresses_are_given_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    tickets = iter([b"\x00\x00\x01", b"\x00\x00\x02", b"\x00\x00\x03"])
    monkeypatch.setattr(making.secrets, "token_bytes", lambda _count: next(tickets))
    known = Taken(macs=frozenset({"52:54:00:00:00:01"}))
    assert making.free_mac(known, frozenset({"52:54:00:00:00:02"})) == "52:54:00:00:00:03"
    assert making.free_uuid(known) != making.free_uuid(known)


@pytest.mark.parametrize(
    ("made", "ends"),
    [
        (2, "Made: lab-01, lab-02. Never made: lab-03, lab-04."),
        (4, "cut off when VMDesk ended."),
        (0, "nothing was left."),
    ],
)
def test_what_a_killed_run_never_made_is_said(tmp_path: Path, made: int, ends: str) -> None:
    every = [f"lab-0{number}" for number in range(1, 5)]

    async def work(connection: Connection) -> None:
        entry = Journal(tmp_path).begin(CREATE, connection.config_uri, "lab-{01..04}", names=every)
        for number, name in enumerate(every[:made]):
            uuid = f"{UUID[:-1]}{number}"
            entry.step(DOMAIN, name=name, uuid=uuid, autostart=False)
            await making.define(connection, definition(name, uuid))
        entry.leave()
        ((record, held),) = left_behind(Journal(tmp_path), connection.config_uri)
        said = str(await recover(connection, record, held))
        assert said.endswith(ends), said

    run(PRACTICE, work)


def test_many_names_in_a_sentence() -> None:
    assert listed(["a", "b"]) == "a, b"
    assert listed([f"lab-{number:02}" for number in range(1, 31)]).endswith("lab-05, lab-06, …, lab-30")
