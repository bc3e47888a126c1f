"""Storage pools of more kinds than folders, on the real daemon, and what is kept for them as libvirt's secrets."""

import asyncio
import json
import os
import secrets
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import libvirt
import pytest

from tests.testbed.client import KeeperClient, KeeperError
from tests.testbed.connecting import opened, problem
from tests.testbed.guests import Guests
from tests.unit.core.pool_wishes import CASES, Case
from vmdesk.cli.main import main
from vmdesk.core.journal import Journal
from vmdesk.core.storage import making
from vmdesk.core.storage.kinds import Field, Make, PoolWish, new_secret
from vmdesk.core.tidying import left_behind, recover
from vmdesk.virt import pools, storage
from vmdesk.virt.connection import Connection
from vmdesk.virt.secrets import keep_login
from vmdesk.virtxml import pools as pools_xml

pytestmark = pytest.mark.live
MIB = 1024**2
BED = Path("/var/lib/libvirt/bed")
JOURNAL = Journal(Path("/tmp/pools-journal"))


def run(uri: str, story: Callable[[Connection], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with opened(uri) as connection:
            await story(connection)

    asyncio.run(whole())


def fresh(kind: str, said: dict[Field, str], **more: Any) -> PoolWish:
    return PoolWish(f"live-{secrets.token_hex(3)}", kind, tuple(said.items()), **more)


def kept(uri: str) -> set[str]:
    """The secrets that libvirt has."""
    conn = libvirt.open(uri)
    try:
        return set(conn.listSecrets())
    finally:
        conn.close()


async def there(connection: Connection) -> set[str]:
    return {one.name for one in await pools.pools(connection)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_libvirt_takes_the_definition_of_every_kind_it_knows(system_uri: str, case: Case) -> None:
    async def story(connection: Connection) -> None:
        supported = {one.kind for one in await pools.abilities(connection) if one.supported}
        name = f"live-{case.name}-{secrets.token_hex(3)}"
        xml = case.wish.xml().replace("<name>machines</name>", f"<name>{name}</name>", 1)
        if case.wish.kind not in supported:
            assert await problem(pools.define_pool(connection, xml))
            return
        assert await pools.define_pool(connection, xml) == name
        try:
            stored = await pools.pool_xml(connection, name)
            told = pools_xml.parse_source(stored)
            wanted = case.wish.source()
            assert (told.devices, told.name or wanted.name, told.folder) == (wanted.devices, wanted.name, wanted.folder)
            assert told.login == wanted.login and pools_xml.parse(stored).kind == case.wish.kind
        finally:
            await pools.undefine_pool(connection, name)

    run(system_uri, story)


def test_a_file_system_on_a_device(system_uri: str, keeper: KeeperClient) -> None:
    if shutil.which("mkfs.ext4", path="/usr/sbin:/sbin") is None:
        pytest.skip("mkfs.ext4 (e2fsprogs) is not installed")
    try:
        device = keeper.loop_make(48)
    except KeeperError as error:
        pytest.skip(f"no loop devices here: {error}")
    said = {Field.DEVICE: device, Field.FORMAT: "ext4", Field.TARGET: str(BED / f"fs-{secrets.token_hex(3)}")}

    async def story(connection: Connection) -> None:
        wish = fresh("fs", said, make=Make.KEEP)
        assert await problem(making.make_pool(JOURNAL, connection, wish))  # there is nothing on it to be mounted
        assert wish.name not in await there(connection)  # and nothing stays
        wish = fresh("fs", said, make=Make.NEW)
        name = await making.make_pool(JOURNAL, connection, wish)
        pool = await pools.pool(connection, name)
        assert pool.active and pool.autostart and 20 * MIB < pool.capacity < 48 * MIB
        await storage.create_volume(connection, pool, "a.qcow2", MIB, format="qcow2")
        await making.forget_pool(connection, name, pool.uuid)
        assert name not in await there(connection)
        wish = fresh("fs", said, make=Make.NEW)
        assert await problem(making.make_pool(JOURNAL, connection, wish))  # there is one on it already
        name = await making.make_pool(JOURNAL, connection, fresh("fs", said))
        assert [one.name for one in await storage.volumes(connection, name) if one.kind == "file"] == ["a.qcow2"]
        await making.forget_pool(connection, name)
        name = await making.make_pool(JOURNAL, connection, fresh("fs", said, make=Make.OVERWRITE))
        assert [one.name for one in await storage.volumes(connection, name) if one.kind == "file"] == []
        await making.forget_pool(connection, name)

    run(system_uri, story)


def test_a_pool_that_is_not_switched_on(system_uri: str) -> None:
    async def story(connection: Connection) -> None:
        target = BED / f"off-{secrets.token_hex(3)}"
        name = await making.make_pool(
            JOURNAL, connection, fresh("dir", {Field.TARGET: str(target)}, start=False, autostart=False)
        )
        pool = await pools.pool(connection, name)
        assert not pool.active and not pool.autostart and not target.exists()
        await making.forget_pool(connection, name)

    run(system_uri, story)


def test_the_password_of_a_pool_is_a_secret_that_nobody_reads(system_uri: str) -> None:
    before = kept(system_uri)
    said = {Field.HOST: "san.invalid", Field.DEVICE: "iqn.2026-01.lan.san:x", Field.USER: "lab"}

    async def story(connection: Connection) -> None:
        wish = fresh("iscsi", said, start=False, password="correct horse", secret=new_secret())
        name = await making.make_pool(JOURNAL, connection, wish)
        assert kept(system_uri) - before == {wish.secret}
        conn = libvirt.open(system_uri)
        try:
            with pytest.raises(libvirt.libvirtError, match="private"):
                conn.secretLookupByUUIDString(wish.secret).value(0)
            assert conn.secretLookupByUUIDString(wish.secret).usageType() == libvirt.VIR_SECRET_USAGE_TYPE_ISCSI
        finally:
            conn.close()
        told = pools_xml.parse_source(await pools.pool_xml(connection, name)).login
        assert told is not None and (told.user, told.secret) == ("lab", wish.secret)
        await making.forget_pool(connection, name)
        assert kept(system_uri) == before
        # What cannot be defined leaves no secret behind.
        taken = fresh("dir", {Field.TARGET: str(BED / secrets.token_hex(3))}, start=False)
        await making.make_pool(JOURNAL, connection, taken)
        wish = PoolWish(taken.name, "iscsi", tuple(said.items()), password="x", secret=new_secret())
        assert await problem(making.make_pool(JOURNAL, connection, wish)) == "taken"
        await making.forget_pool(connection, taken.name)
        assert kept(system_uri) == before

    run(system_uri, story)


def test_a_password_whose_pool_was_never_made_is_forgotten(system_uri: str, tmp_path: Path) -> None:
    before = kept(system_uri)
    said = {Field.HOST: "san.invalid", Field.DEVICE: "iqn.2026-01.lan.san:x", Field.USER: "lab"}
    journal = Journal(tmp_path)

    async def story(connection: Connection) -> None:
        for defined in (False, True):
            wish = fresh("iscsi", said, start=False, password="correct horse", secret=new_secret())
            # As far as a program came that was killed.
            entry = journal.begin(making.POOL, system_uri, wish.name, secret=wish.secret)
            await keep_login(connection, wish.secret_value(), wish.name, wish.login, wish.secret)
            if defined:
                await pools.define_pool(connection, wish.xml())
            entry.leave()
            ((record, found),) = left_behind(journal, connection.config_uri)
            assert ("is forgotten" in str(await recover(connection, record, found))) != defined
            assert (kept(system_uri) - before == {wish.secret}) == defined and not list(tmp_path.iterdir())
            if defined:
                await making.forget_pool(connection, wish.name)
        assert kept(system_uri) == before

    run(system_uri, story)


def names_it(uri: str, secret: str) -> libvirt.virDomain:
    """A machine whose disk is opened with that secret."""
    disk = (
        "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/nowhere/copy.qcow2'>"
        f"<encryption format='luks'><secret type='passphrase' uuid='{secret}'/></encryption></source>"
        "<target dev='vda' bus='virtio'/></disk>"
    )
    return libvirt.open(uri).defineXML(
        f"<domain type='qemu'><name>names-it-{secrets.token_hex(3)}</name><memory unit='MiB'>32</memory><os>"
        f"<type arch='x86_64' machine='pc'>hvm</type></os><devices>{disk}</devices></domain>"
    )


def test_encrypted_and_wiped_from_the_command_line(
    session_uri: str, make_session_guest: Guests, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    name, folder, word = f"live-{secrets.token_hex(3)}", tmp_path / "pool", tmp_path / "word"
    word.write_text("correct horse battery\n")
    before = kept(session_uri)

    def vmdesk(*words: str, code: int = 0) -> Any:
        capfd.readouterr()
        got = main(["--connect", session_uri, "--settings-dir", str(tmp_path / "settings"), "--json", *words])
        told = capfd.readouterr()
        assert got == code, f"{words}: {got}\n{told.out}\n{told.err}"
        assert "correct horse" not in told.out + told.err
        return json.loads(told.out) if told.out else told.err

    def encrypted(volume: str) -> Any:
        """QEMU measures how fast the computer is before it makes one; where that is too busy it gives up."""
        for _ in range(5):
            words = ("volume", "create", name, volume, "1M", "--encrypted", "--passphrase-file", str(word))
            capfd.readouterr()
            got = main(["--connect", session_uri, "--settings-dir", str(tmp_path / "settings"), "--json", *words])
            told = capfd.readouterr()
            assert "correct horse" not in told.out + told.err
            if not got:
                return json.loads(told.out)
            assert "accurate CPU usage" in told.err
        pytest.skip("this computer is too busy for QEMU to encrypt anything")

    vmdesk("pool", "create", name, "--kind", "dir", "--target", str(folder))
    try:
        assert "at least 8" in vmdesk(
            "volume", "create", name, "x.qcow2", "1M", "--encrypted", "--passphrase-file", "/dev/null", code=1
        )
        made = encrypted("x.qcow2")
        assert made["encrypted"] and len(kept(session_uri) - before) == 1
        # QEMU's own header of a LUKS image, and the passphrase nowhere in what VMDesk keeps.
        assert (folder / "x.qcow2").read_bytes()[:4] == b"QFI\xfb" and b"LUKS" in (folder / "x.qcow2").read_bytes()
        for file in (tmp_path / "settings").rglob("*"):
            assert not file.is_file() or b"correct horse" not in file.read_bytes()
        # A machine that is given it reads it: QEMU would not start without the passphrase.
        guest = make_session_guest("locked", start=False)
        vmdesk("edit", guest.name, "--add-disk", f"path={folder / 'x.qcow2'}")
        vmdesk("start", guest.name)
        assert guest.state() == libvirt.VIR_DOMAIN_RUNNING
        make_session_guest.remove()
        # The passphrase goes with the last that it opens.
        (secret,) = kept(session_uri) - before
        encrypted("z.qcow2")
        assert vmdesk("volume", "delete", name, "z.qcow2")["done"] and kept(session_uri) - before == {secret}
        shutil.copy(folder / "x.qcow2", folder / "copy.qcow2")
        assert vmdesk("volume", "delete", name, "x.qcow2")["done"] and kept(session_uri) - before == {secret}
        (folder / "copy.qcow2").rename(folder / "x.qcow2")  # a copy of it had no secret of its own: it is back
        other = names_it(session_uri, secret)
        vmdesk("pool", "refresh", name)
        assert vmdesk("volume", "delete", name, "x.qcow2")["done"] and kept(session_uri) - before == {secret}
        encrypted("x.qcow2")
        assert secret in kept(session_uri)  # a machine needs it: what is new at its path does not take its place
        assert vmdesk("volume", "delete", name, "x.qcow2")["done"] and secret in kept(session_uri)
        other.undefine()
        unnamed = kept(session_uri) - {secret}  # of that new one: two cannot be called by one path
        encrypted("x.qcow2")
        assert secret not in kept(session_uri)  # of what is long gone
        assert vmdesk("volume", "delete", name, "x.qcow2")["done"] and kept(session_uri) == unnamed
        vmdesk("volume", "create", name, "y.raw", "1M", "--format", "raw")
        (folder / "y.raw").write_bytes(os.urandom(MIB))
        assert "--yes" in vmdesk("volume", "wipe", name, "y.raw", code=1)
        assert any((folder / "y.raw").read_bytes())
        assert vmdesk("volume", "wipe", name, "y.raw", "--yes")["wiped"]
        assert (folder / "y.raw").read_bytes() == bytes(MIB)
    finally:
        vmdesk("pool", "delete", name)
        conn = libvirt.open(session_uri)
        for one in kept(session_uri) - before:
            conn.secretLookupByUUIDString(one).undefine()
        conn.close()
