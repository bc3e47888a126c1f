"""Storage on libvirt's test driver: all that it can, and plain words for what it cannot."""

import io
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from lxml import etree

from tests.testbed.connecting import PRACTICE, problem, run
from vmdesk.core.hardware.additions import far_disks
from vmdesk.core.journal import Journal
from vmdesk.core.storage import making
from vmdesk.core.storage.kinds import Field, PoolWish, new_secret
from vmdesk.model.errors import VirtError
from vmdesk.model.storage import Login, NetworkPlace, Pool, PoolSource, Volume
from vmdesk.virt import pools, storage
from vmdesk.virt.connection import Connection
from vmdesk.virtxml import pools as pools_xml
from vmdesk.virtxml.edit import devices

GIB = 1024**3


def test_pools_and_volumes_are_listed() -> None:
    async def work(connection: Connection) -> None:
        found = {pool.name: pool for pool in await storage.pools(connection)}
        assert {"images", "fast", "archive"} <= set(found)
        assert found["images"].target == "/var/lib/libvirt/images"
        assert found["images"].active and found["images"].available > 0
        assert await storage.pool(connection, "images") == found["images"]
        volumes = await storage.volumes(connection, "images")
        assert [volume.name for volume in volumes] == sorted(volume.name for volume in volumes)
        first = next(volume for volume in volumes if volume.name == "accounting-data.qcow2")
        assert (first.pool, first.format, first.capacity) == ("images", "qcow2", 20 * GIB)
        assert await storage.volume(connection, "images", first.name) == first
        assert await storage.volume_at(connection, first.path) == first
        assert await storage.volume_at(connection, "/nowhere") is None
        brief = await storage.volumes(connection, "images", brief=True)
        assert [(volume.name, volume.path) for volume in brief] == [(volume.name, volume.path) for volume in volumes]

    run(PRACTICE, work)


def test_a_pool_that_is_off() -> None:
    async def work(connection: Connection) -> None:
        await storage.stop_pool(connection, "fast")
        off = await storage.pool(connection, "fast")
        assert (off.active, off.capacity, off.available) == (False, 0, 0)
        assert await problem(storage.volumes(connection, "fast")) == "pool-off"
        await storage.start_pool(connection, "fast")
        await storage.start_pool(connection, "fast")  # it is on: nothing to do
        await storage.set_pool_autostart(connection, "fast", True)
        known = {pool.name: pool for pool in await storage.pools(connection)}
        assert known["fast"].autostart and not known["images"].autostart
        assert await problem(storage.pool(connection, "gone")) == "no-pool"

    run(PRACTICE, work)


def test_a_volume_is_made_and_never_overwritten() -> None:
    async def work(connection: Connection) -> None:
        pool = await storage.pool(connection, "images")
        heard: list[tuple[int, int]] = []
        made = await storage.create_volume(
            connection, pool, "new.qcow2", GIB, format="qcow2", full=True, progress=lambda *how: heard.append(how)
        )
        assert (made.name, made.capacity, made.format) == ("new.qcow2", GIB, "qcow2")
        assert heard[-1] == (GIB, GIB)
        assert await problem(storage.create_volume(connection, pool, "new.qcow2", GIB)) == "taken"
        assert await storage.free_name(connection, "images", "new", ".qcow2") == "new-2.qcow2"
        assert await storage.free_name(connection, "images", "other", ".raw") == "other.raw"
        assert await problem(storage.delete_volume(connection, "images", made.name, "/elsewhere")) == "changed"
        assert await storage.delete_volume(connection, "images", made.name, made.path)
        assert not await storage.delete_volume(connection, "images", made.name, made.path)
        assert await problem(storage.volume(connection, "images", made.name)) == "no-volume"

    run(PRACTICE, work)


@pytest.mark.parametrize("name", ["", " ", ".", "..", "a/b", "/etc/passwd", "a\nb", "a\x00b", "\x7f", "ä" * 128])
def test_names_of_no_file(name: str) -> None:
    async def work(connection: Connection) -> None:
        pool = await storage.pool(connection, "images")
        assert await problem(storage.create_volume(connection, pool, name, GIB)) == "name"

    run(PRACTICE, work)


@pytest.mark.parametrize("size", [0, -1, 2**63, 2**80])
def test_sizes_of_no_file(size: int) -> None:
    async def work(connection: Connection) -> None:
        pool = await storage.pool(connection, "images")
        assert await problem(storage.create_volume(connection, pool, "x", size)) == "size"

    run(PRACTICE, work)


def test_more_than_there_is_room_for() -> None:
    async def work(connection: Connection) -> None:
        pool = await storage.pool(connection, "images")
        asked = storage.create_volume(connection, pool, "x", pool.available + 1, format="raw", full=True)
        assert await problem(asked) == "disk-full"

    run(PRACTICE, work)


def test_what_this_driver_cannot() -> None:
    async def work(connection: Connection) -> None:
        (volume, *_) = await storage.volumes(connection, "images")
        assert await problem(storage.grow(connection, "images", volume.name, volume.capacity * 2)) == "no-support"
        assert await problem(storage.grow(connection, "images", volume.name, 1)) == "smaller"
        assert await problem(storage.upload(connection, volume, io.BytesIO(b"x"))) == "no-support"
        assert await problem(storage.read(connection, volume, 0, 1)) == "no-support"

    run(PRACTICE, work)


def test_a_file_that_is_none(tmp_path: Path) -> None:
    async def work(connection: Connection) -> None:
        (volume, *_) = await storage.volumes(connection, "images")
        assert await problem(storage.upload(connection, volume, tmp_path)) == "not-a-file"
        assert await problem(storage.upload(connection, volume, tmp_path / "gone.iso")) == "file"
        assert await problem(storage.upload(connection, volume, Path("/dev/zero"))) == "not-a-file"
        assert await problem(storage.download(connection, volume, tmp_path)) == "taken"
        large = tmp_path / "large"
        with large.open("wb") as file:
            file.truncate(volume.capacity + 1)
        assert await problem(storage.upload(connection, volume, large)) == "too-large"

    run(PRACTICE, work)


def test_download_leaves_no_file_behind(tmp_path: Path) -> None:
    async def work(connection: Connection) -> None:
        (volume, *_) = await storage.volumes(connection, "images")
        assert await problem(storage.download(connection, volume, tmp_path / "new")) == "no-support"
        assert not list(tmp_path.iterdir())

    run(PRACTICE, work)


def test_the_place_for_new_disks() -> None:
    async def work(connection: Connection) -> None:
        pool, made = await storage.ensure_default_pool(connection)
        assert not made and pool.name in ("images", "fast", "archive")
        for name in ("images", "fast", "archive"):
            await storage.stop_pool(connection, name)
        pool, made = await storage.ensure_default_pool(connection)
        assert pool.active and not made
        for name in ("images", "fast", "archive"):
            if name == pool.name:
                await storage.stop_pool(connection, name)
            await storage.undefine_pool(connection, name)
        pool, made = await storage.ensure_default_pool(connection)
        assert made and (pool.name, pool.active, pool.autostart) == ("default", True, True)
        assert pool.target == "/var/lib/libvirt/images"
        assert await storage.ensure_default_pool(connection) == (pool, False)

    run(PRACTICE, work)


def test_the_preferred_pool() -> None:
    small = Pool("small", "1", available=1)
    large = Pool("large", "2", available=9)
    off = Pool("off", "3", active=False)
    lvm = Pool("vg", "4", "logical", available=99)
    default = Pool("default", "5", active=False)
    assert storage.preferred([small, large, off, lvm]) is large
    assert storage.preferred([large, default]) is default
    assert storage.preferred([off, lvm]) is off
    assert storage.preferred([lvm]) is None


def test_a_pool_is_defined_once() -> None:
    async def work(connection: Connection) -> None:
        assert await storage.define_pool(connection, pools_xml.build("more & more", "/srv/more")) == "more & more"
        await storage.start_pool(connection, "more & more", build=True)
        await storage.refresh(connection, "more & more")
        assert (await storage.pool(connection, "more & more")).active
        assert await problem(storage.define_pool(connection, pools_xml.build("images", "/srv/other"))) == "taken"

    run(PRACTICE, work)


def test_read_only() -> None:
    async def work(connection: Connection) -> None:
        pool = await storage.pool(connection, "images")
        assert await storage.volumes(connection, "images")
        assert await problem(storage.create_volume(connection, pool, "x", GIB)) == "read-only"
        assert await problem(storage.ensure_default_pool(connection)) == "read-only"

    run(PRACTICE, work, readonly=True)


def test_room_for_the_first_pool() -> None:
    """The folder of the first pool need not be there yet."""

    def room(local: bool = True, driver: str = "QEMU") -> int:
        stub = SimpleNamespace(
            local=local, config_uri="qemu:///system", capabilities=SimpleNamespace(driver=driver)
        )  # fmt: skip
        return pools.first_room(cast(Connection, stub), cast(Any, None))

    assert room() > 0
    assert room(local=False) == 0 and room(driver="TEST") == 0


def test_the_home_folder_of_another_computers_session() -> None:
    """Out of QEMU's command line, where libvirt writes it among much else."""
    argv = (
        "LC_ALL=C HOME=/home/ann b/.config/libvirt/qemu/lib/domain--1-x /usr/bin/qemu -object "
        '\'{"qom-type":"secret","file":"/home/ann b/.config/libvirt/qemu/lib/domain--1-x/master-key.aes"}\' -machine pc'
    )
    found = pools._HOME.search(argv)
    assert found and found.group(1) == "/home/ann b"
    assert pools._HOME.search(argv.replace("/.config/", "/settings/")) is None


def test_a_disk_that_libvirt_cannot_take_as_a_volume_is_reached_with_its_pools_login() -> None:
    login = Login("ceph", "lab", "11111111-2222-4333-8444-555555555555")
    ceph = pools_xml.build("ceph", kind="rbd", source=PoolSource(("a.lan",), name="vms", login=login))

    async def work(connection: Connection) -> None:
        await storage.define_pool(connection, ceph)
        place = NetworkPlace("rbd", "vms/d", ("a.lan",), login)
        assert await far_disks.where(connection, "ceph/d") == ("ceph/d", place)
        made = Volume("ceph", "d", "vms/d", kind="network", format="raw")  # its path is no path of the host
        assert await far_disks.where(connection, made) == ("ceph/d", place)
        assert await far_disks.where(connection, "images/d.qcow2") == ("images/d.qcow2", None)
        assert await far_disks.where(connection, "/srv/d.qcow2") == ("/srv/d.qcow2", None)
        plain = Volume("images", "d", "/srv/d", kind="file")
        assert await far_disks.where(connection, plain) == ("/srv/d", None)
        disk = etree.fromstring(devices.far_disk_fragment("vdb", "virtio", place))
        assert disk.get("type") == "network" and disk.find("source/auth/secret[@type='ceph']") is not None
        assert await problem(far_disks.where(connection, "nowhere/d")) == "no-pool"
        await storage.undefine_pool(connection, "ceph")

    run(PRACTICE, work)


def test_secrets_are_asked_of_a_host_that_keeps_none(tmp_path: Path) -> None:
    journal = Journal(tmp_path)

    async def work(connection: Connection) -> None:
        wish = PoolWish(
            "san",
            "iscsi",
            ((Field.HOST, "s"), (Field.DEVICE, "iqn.2026-01.a:b"), (Field.USER, "lab")),
            password="correct horse",
            secret=new_secret(),
        )
        assert await problem(making.make_pool(journal, connection, wish)) == "no-support" and not list(
            tmp_path.iterdir()
        )
        assert "san" not in {pool.name for pool in await storage.pools(connection)}
        pool = await storage.pool(connection, "fast")
        with pytest.raises(VirtError, match="pools that keep files"):
            await making.make_volume(connection, replace(pool, kind="logical"), "x", GIB, passphrase="correct horse")

    run(PRACTICE, work)
