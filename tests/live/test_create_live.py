"""New machines on a real libvirt: made, started, taken back."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import libvirt
import pytest

from vmdesk.core.creating.create import Created, Tools, create
from vmdesk.core.creating.findings import find
from vmdesk.core.creating.knowledge import Knowledge
from vmdesk.core.journal import Journal
from vmdesk.model.errors import VirtError
from vmdesk.model.host import HostConfig
from vmdesk.model.text import Text
from vmdesk.model.wish import DiskWish, From, Here, Nets, NicWish, Wish
from vmdesk.virt.connection import Connection

pytestmark = pytest.mark.live
MIB = 1 << 20
STORED = libvirt.VIR_DOMAIN_XML_INACTIVE


def quiet(progress: float | None, note: Text | None = None) -> None:
    pass


class Desk:
    """A connection and what making machines needs; `gone` are the machines to be removed afterwards."""

    def __init__(self, uri: str, folder: Path) -> None:
        self.uri = uri
        self.tools = Tools(Journal(folder / "journal"), Knowledge(), folder / "scratch")
        self.folder = folder

    def run(self, work: Callable[[Connection], Coroutine[Any, Any, Any]]) -> Any:
        async def whole() -> Any:
            connection = await Connection.open(HostConfig("h", "h", self.uri), 1, lambda _event: None)
            try:
                return await work(connection)
            finally:
                await connection.close()

        return asyncio.run(whole())

    def create(self, wish: Wish, report: Any = quiet) -> Created:
        async def work(connection: Connection) -> Created:
            return await create(
                self.tools, connection, wish, await find(connection, self.tools.knowledge, wish), report, True
            )

        return self.run(work)  # type: ignore[no-any-return]

    def ask(self, name: str, ask: Callable[[libvirt.virDomain], Any]) -> Any:
        conn = libvirt.open(self.uri)
        try:
            return ask(conn.lookupByName(name))
        finally:
            conn.close()

    def volumes(self) -> set[str]:
        conn = libvirt.open(self.uri)
        try:
            found = set()
            for pool in conn.listAllStoragePools(0):
                if pool.isActive():
                    pool.refresh(0)
                    found |= {f"{pool.name()}/{name}" for name in pool.listVolumes()}
            return found
        finally:
            conn.close()

    def machines(self) -> set[str]:
        conn = libvirt.open(self.uri)
        try:
            return {one.name() for one in conn.listAllDomains(0)}
        finally:
            conn.close()

    def clean(self, before: tuple[set[str], set[str]]) -> None:
        conn = libvirt.open(self.uri)
        try:
            for one in conn.listAllDomains(0):
                if one.name() not in before[0]:
                    if one.isActive():
                        one.destroy()
                    one.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_NVRAM)
            for volume in self.volumes() - before[1]:
                pool, _, name = volume.partition("/")
                conn.storagePoolLookupByName(pool).storageVolLookupByName(name).delete(0)
        finally:
            conn.close()


@pytest.fixture(params=["system", "session"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    uri = request.getfixturevalue(f"{request.param}_uri")
    made = Desk(uri, tmp_path)
    before = made.machines(), made.volumes()
    yield made
    made.clean(before)


def nic(desk: Desk) -> tuple[NicWish, ...]:
    return (NicWish(Nets.USER, ""),) if desk.uri.endswith("session") else (NicWish(),)


def test_a_cd_boots_and_puts_itself_right(desk: Desk, rescue_cd: Path) -> None:
    name = f"new-{os.getpid()}"
    wish = Wish(
        name, From.CDROM, Here(str(rescue_cd)), memory_kib=256 * 1024, disks=(DiskWish(64 * MIB),), nics=nic(desk)
    )
    created = desk.create(wish)
    assert [one for one, _ in created.machines] == [name]
    assert desk.ask(name, lambda domain: domain.isActive())
    live, stored = (desk.ask(name, lambda domain, f=flag: domain.XMLDesc(f)) for flag in (0, STORED))
    assert rescue_cd.name in live and rescue_cd.name not in stored
    assert list((desk.folder / "journal").iterdir()) == []


def test_what_cannot_be_started_is_taken_back(desk: Desk, rescue_cd: Path) -> None:
    name = f"bad-{os.getpid()}"
    before = desk.machines(), desk.volumes()
    wish = Wish(
        name,
        From.CDROM,
        Here(str(rescue_cd)),
        memory_kib=256 * 1024,
        disks=(DiskWish(64 * MIB),),
        nics=(NicWish(Nets.BRIDGE, "nobridge0"),),
    )
    with pytest.raises(VirtError):
        desk.create(wish)
    assert (desk.machines(), desk.volumes()) == before
    assert list((desk.folder / "journal").iterdir()) == []
