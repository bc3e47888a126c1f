"""A newcomer's ISO in a 0700 home: foreseen before the start, opened by the commands shown, and theirs after it."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import libvirt
import pytest

from tests.testbed.client import KeeperClient
from tests.testbed.connecting import opened
from tests.testbed.guests import connection as plain
from vmdesk.model.errors import VirtError
from vmdesk.virt import making, reaching
from vmdesk.virt.reaching import Blocked, Reached

LABEL = "<seclabel model='dac' relabel='no'/>"
UUID = "8d5c1f3e-9a53-4a4b-8d2b-3f1d9c0e7a10"
MIB = 1024**2


@pytest.fixture
def home(system_uri: str, keeper: KeeperClient) -> Iterator[Path]:
    """A home that only its owner may enter, on a file system that QEMU's user reaches."""
    place = Path("/var/lib/libvirt/bed/home of ann")
    place.mkdir()
    place.chmod(0o700)
    yield place
    for uri in (system_uri,):
        with plain(uri) as conn:
            try:
                domain = conn.lookupByUUIDString(UUID)
            except libvirt.libvirtError:
                continue
            if domain.isActive():
                domain.destroy()
            domain.undefine()
    for file in place.iterdir():
        file.unlink()
    place.rmdir()


def domain(iso: Path, disk: Path | None = None, label: str = LABEL, broken: bool = False) -> str:
    extra = "<qemu:commandline><qemu:arg value='-nonsense'/></qemu:commandline>" if broken else ""
    second = (
        f"<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{disk}'>{label}</source>"
        "<target dev='vda' bus='virtio'/></disk>"
        if disk
        else ""
    )
    return (
        "<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>"
        f"<name>newcomer</name><uuid>{UUID}</uuid><memory>65536</memory><os><type arch='x86_64' machine='pc'>hvm</type>"
        f"</os><devices><disk type='file' device='cdrom'><driver name='qemu' type='raw'/><source file='{iso}'>{label}"
        f"</source><target dev='hda' bus='ide'/><readonly/></disk>{second}<video><model type='none'/></video></devices>"
        f"{extra}</domain>"
    )


def owner(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_uid, status.st_gid


OURS = (os.getuid(), os.getgid())


@pytest.mark.parametrize("mode", [0o644, 0o600])
def test_an_iso_in_a_closed_home(system_uri: str, home: Path, mode: int) -> None:
    iso = home / "debian.iso"
    iso.write_bytes(b"\0" * MIB)
    iso.chmod(mode)

    async def run() -> None:
        async with opened(system_uri) as connection:
            blocked = await reaching.reach(connection, str(iso))
            assert isinstance(blocked, Blocked) and blocked.ours
            assert (blocked.folder, blocked.user) == (str(home), "libvirt-qemu")
            expected = [f"setfacl -m u:libvirt-qemu:x '{home}'"]
            if mode == 0o600:
                expected.append(f"setfacl -m u:libvirt-qemu:r '{iso}'")
            assert list(blocked.lines) == expected
            # What was foreseen is what happens.
            await making.define(connection, domain(iso))
            with pytest.raises(VirtError):
                await making.start(connection, UUID)
            assert owner(iso) == OURS
            await reaching.grant(blocked.commands)
            assert await reaching.reach(connection, str(iso)) == Reached(keep_owner=True)
            await making.start(connection, UUID)
            assert owner(iso) == OURS
            await making.remove(connection, UUID, "newcomer")
            assert owner(iso) == OURS
            assert home.stat().st_mode & 0o7 == 0  # nobody else was let in

    asyncio.run(run())


@pytest.mark.parametrize("how", ["fails", "stops", "daemon killed", "all killed"])
def test_a_users_own_files_stay_theirs(system_uri: str, home: Path, keeper: KeeperClient, how: str) -> None:
    iso, disk = home / "a.iso", home / "disk.raw"
    for file in (iso, disk):
        file.write_bytes(b"\0" * MIB)

    async def run() -> None:
        async with opened(system_uri) as connection:
            for file in (iso, disk):
                found = await reaching.reach(connection, str(file), write=file is disk)
                assert isinstance(found, Blocked) and found.ours
                await reaching.grant(found.commands)
                assert await reaching.reach(connection, str(file), write=file is disk) == Reached(True)
            await making.define(connection, domain(iso, disk, broken=how == "fails"))
            if how == "fails":
                with pytest.raises(VirtError):
                    await making.start(connection, UUID)
            else:
                await making.start(connection, UUID)
            assert owner(iso) == OURS == owner(disk)
            if "killed" in how:
                await asyncio.to_thread(keeper.daemon_kill)
                if how == "all killed":
                    await asyncio.to_thread(keeper.guest_kill, "newcomer")
                await asyncio.to_thread(keeper.daemon_start)
        async with opened(system_uri) as connection:
            assert await making.remove(connection, UUID, "newcomer")
        assert owner(iso) == OURS == owner(disk)

    asyncio.run(run())


def test_why_the_label_is_needed(system_uri: str, home: Path) -> None:
    """libvirt gives an ISO to QEMU's user and never gives it back; once it does, `keep_owner` can go."""
    iso = home / "a.iso"
    iso.write_bytes(b"\0" * MIB)
    home.chmod(0o755)

    async def run() -> None:
        async with opened(system_uri) as connection:
            assert await reaching.reach(connection, str(iso)) == Reached(keep_owner=True)
            await making.define(connection, domain(iso, label="", broken=True))
            with pytest.raises(VirtError):
                await making.start(connection, UUID)
            assert owner(iso) != OURS
            await making.remove(connection, UUID, "newcomer")
            assert owner(iso) != OURS

    asyncio.run(run())


def test_a_session_runs_as_its_user(session_uri: str, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    iso = tmp_path / "a.iso"
    iso.write_bytes(b"\0" * MIB)
    iso.chmod(0o400)

    async def run() -> None:
        async with opened(session_uri) as connection:
            assert await reaching.reach(connection, str(iso)) == Reached()  # the label would stop the start there
            blocked = await reaching.reach(connection, str(iso), write=True)
            assert isinstance(blocked, Blocked) and blocked.commands == ()
            await making.define(connection, domain(iso, label=""))
            await making.start(connection, UUID)
            await making.remove(connection, UUID, "newcomer")
            with pytest.raises(VirtError) as error:
                await reaching.reach(connection, str(tmp_path))
            assert error.value.problem.name == "not-a-file"
            os.mkfifo(tmp_path / "pipe")
            with pytest.raises(VirtError):
                await asyncio.wait_for(reaching.reach(connection, str(tmp_path / "pipe")), 5)
            with pytest.raises(VirtError) as error:
                await reaching.reach(connection, str(tmp_path / "gone"))
            assert error.value.problem.name == "file"

    asyncio.run(run())


def test_roots_files(system_uri: str) -> None:
    async def run() -> None:
        async with opened(system_uri) as connection:
            assert await reaching.reach(connection, "/etc/passwd") == Reached(keep_owner=True)
            with pytest.raises(VirtError) as error:
                await reaching.reach(connection, "/etc/shadow")
            assert error.value.problem.name == "file"

    asyncio.run(run())
