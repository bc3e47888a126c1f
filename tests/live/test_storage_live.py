"""Storage on the real daemon: full pools, uploads cancelled and cut off, 10,000 volumes; nothing is left half made."""

import asyncio
import hashlib
import io
import os
import secrets
import subprocess
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.testbed.client import KeeperClient
from tests.testbed.connecting import Ears, opened, problem
from vmdesk.model.errors import VirtError
from vmdesk.model.event import Kind
from vmdesk.model.storage import Pool, Volume
from vmdesk.virt import room, storage
from vmdesk.virt.connection import Connection
from vmdesk.virtxml import pools as pools_xml

MIB = 1024**2
BED = Path("/var/lib/libvirt/bed")


@asynccontextmanager
async def pool_in(connection: Connection, folder: Path, name: str = "live") -> AsyncIterator[Pool]:
    await storage.define_pool(connection, pools_xml.build(name, str(folder)))
    try:
        await storage.start_pool(connection, name, build=True)
        yield await storage.pool(connection, name)
    finally:
        for undo in (storage.stop_pool, storage.undefine_pool):
            try:
                await undo(connection, name)
            except VirtError as error:
                if error.problem.name not in ("pool-off", "closed", "no-pool"):
                    raise


def run(uri: str, folder: Path, work: Callable[[Connection, Pool], Coroutine[Any, Any, None]]) -> None:
    async def whole() -> None:
        async with opened(uri) as connection, pool_in(connection, folder) as pool:
            await work(connection, pool)

    asyncio.run(whole())


async def names(connection: Connection, pool: Pool) -> list[str]:
    await storage.refresh(connection, pool.name)
    return [volume.name for volume in await storage.volumes(connection, pool.name)]


class Slow(io.RawIOBase):
    """A source that never ends by itself and tells when it is read."""

    def __init__(self, length: int, begun: "asyncio.Event", loop: asyncio.AbstractEventLoop) -> None:
        self.length, self.begun, self.loop, self.at = length, begun, loop, 0

    def seek(self, offset: int, whence: int = 0) -> int:
        self.at = self.length if whence == os.SEEK_END else offset
        return self.at

    def read(self, size: int = -1) -> bytes:
        if self.at > 2 * MIB:
            self.loop.call_soon_threadsafe(self.begun.set)
        count = min(size, self.length - self.at)
        self.at += count
        return b"\1" * count


@pytest.fixture
def folder(system_uri: str) -> Path:
    """A fresh one, ours, so that we can look into it."""
    made = BED / f"pool-{secrets.token_hex(3)}"
    made.mkdir()
    return made


@pytest.mark.parametrize(("format", "full"), [("qcow2", False), ("qcow2", True), ("raw", False), ("raw", True)])
def test_volumes_are_what_was_asked_for(system_uri: str, folder: Path, format: str, full: bool) -> None:  # noqa: A002
    async def work(connection: Connection, pool: Pool) -> None:
        name = f"a b-é.{format}"
        heard: list[tuple[int, int]] = []
        made = await storage.create_volume(
            connection, pool, name, 64 * MIB, format=format, full=full, progress=lambda *how: heard.append(how)
        )
        assert (made.capacity, made.format, made.path) == (64 * MIB, format, str(folder / name))
        assert (made.allocation >= 64 * MIB) == full
        assert heard[-1] == (64 * MIB, 64 * MIB)
        assert await problem(storage.create_volume(connection, pool, name, MIB, format=format)) == "taken"
        await storage.grow(connection, pool.name, name, 96 * MIB)
        assert (await storage.volume(connection, pool.name, name)).capacity == 96 * MIB
        assert await problem(storage.grow(connection, pool.name, name, MIB)) == "smaller"
        if format == "qcow2":  # version 3, which keeps the bitmaps of backups
            assert (await storage.read(connection, made, 4, 4)) == b"\0\0\0\3"
            over = await storage.create_volume(
                connection, pool, "over", 96 * MIB, format="qcow2", backing=made.path, backing_format="qcow2"
            )
            assert (over.backing, over.backing_format) == (made.path, "qcow2")
            assert await storage.delete_volume(connection, pool.name, "over", over.path)
        assert await storage.delete_volume(connection, pool.name, name, made.path)
        assert await names(connection, pool) == []

    run(system_uri, folder, work)


def test_a_file_that_libvirt_does_not_know_of_is_not_overwritten(system_uri: str, folder: Path) -> None:
    async def work(connection: Connection, pool: Pool) -> None:
        other = folder / "others"
        other.mkdir()
        async with pool_in(connection, other, "others") as mine:
            (other / "mine.qcow2").write_text("precious")
            for format in ("raw", "qcow2"):  # noqa: A001
                asked = storage.create_volume(connection, mine, "mine.qcow2", MIB, format=format)
                assert await problem(asked) == "taken"
            assert (other / "mine.qcow2").read_text() == "precious"

    run(system_uri, folder, work)


def test_what_goes_in_comes_out(system_uri: str, folder: Path, tmp_path: Path) -> None:
    async def work(connection: Connection, pool: Pool) -> None:
        source = tmp_path / "sparse file.raw"
        with source.open("wb") as file:
            file.truncate(64 * MIB)
            for place in (3 * MIB + 5, 40 * MIB):
                file.seek(place)
                file.write(os.urandom(MIB + 17))
        heard: list[tuple[int, int]] = []
        made = await storage.create_volume(connection, pool, "in.raw", 64 * MIB, format="raw")
        await storage.upload(connection, made, source, lambda *how: heard.append(how))
        assert heard[-1] == (64 * MIB, 64 * MIB) and heard == sorted(heard)
        stored = await storage.volume(connection, pool.name, "in.raw")
        assert stored.allocation < 8 * MIB  # its holes are holes there, too
        out = tmp_path / "out.raw"
        await storage.download(connection, made, out, lambda *how: heard.append(how))
        assert digest(out) == digest(source)
        assert out.stat().st_mode & 0o777 == 0o600 and out.stat().st_blocks * 512 < 8 * MIB
        assert await problem(storage.download(connection, made, out)) == "taken"
        assert await storage.read(connection, made, 3 * MIB, 64) == source.read_bytes()[3 * MIB : 3 * MIB + 64]
        assert await storage.read(connection, made, 64 * MIB - 3, 64) == b"\0\0\0"
        assert await storage.read(connection, made, 65 * MIB, 64) == b""
        # A hole over old content must not show it.
        await storage.upload(connection, stored, io.BytesIO(b"\xff" * 8 * MIB))
        await storage.upload(connection, await storage.volume(connection, pool.name, "in.raw"), source)
        again = tmp_path / "again.raw"
        await storage.download(connection, made, again)
        assert digest(again) == digest(source)
        copied = await storage.copy_volume(connection, pool, "copy.qcow2", stored, format="qcow2")
        assert copied.format == "qcow2" and copied.capacity == 64 * MIB
        back = await storage.copy_volume(connection, pool, "back.raw", copied, format="raw")
        await storage.download(connection, back, tmp_path / "back.raw")
        assert digest(tmp_path / "back.raw") == digest(source)

    run(system_uri, folder, work)


def test_a_qcow2_file_becomes_a_qcow2_volume(system_uri: str, folder: Path, tmp_path: Path) -> None:
    async def work(connection: Connection, pool: Pool) -> None:
        source = tmp_path / "image.qcow2"
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", source, "1G"], check=True)
        subprocess.run(["qemu-io", "-f", "qcow2", "-c", "write -P 7 5M 3M", source], check=True, capture_output=True)
        made = await storage.create_volume(connection, pool, "i.qcow2", source.stat().st_size, format="raw")
        await storage.upload(connection, made, source)
        found = await storage.volume(connection, pool.name, "i.qcow2")
        assert (found.format, found.capacity) == ("qcow2", 1024 * MIB)
        await storage.download(connection, found, tmp_path / "out.qcow2")
        assert digest(tmp_path / "out.qcow2") == digest(source)

    run(system_uri, folder, work)


def test_a_pool_that_fills_up_half_way(
    system_uri: str, keeper: KeeperClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = Path(keeper.small_make(16))

    async def work(connection: Connection, pool: Pool) -> None:
        dense, sparse = tmp_path / "dense", tmp_path / "sparse"
        dense.write_bytes(os.urandom(24 * MIB))
        with sparse.open("wb") as file:
            for place in range(0, 96, 4):
                file.seek(place * MIB)
                file.write(os.urandom(2 * MIB))
        for source in (dense, sparse):
            made = await storage.create_volume(connection, pool, "big.raw", source.stat().st_size, format="raw")
            with pytest.raises(VirtError) as told:
                await storage.upload(connection, made, source)
            assert told.value.problem.name == "disk-full" and "16.8 MB left" in str(told.value)
            assert (small / "big.raw").stat().st_blocks == 0  # seen before it was begun
            with monkeypatch.context() as blind:
                blind.setattr(room, "check", lambda *_asked: None)
                with pytest.raises(VirtError) as told:
                    await storage.upload(connection, made, source)
            assert told.value.problem.name == "disk-full"  # libvirt ran into it
            assert (small / "big.raw").stat().st_blocks and "16.8 MB left" in str(told.value)
            assert await storage.delete_volume(connection, pool.name, made.name, made.path)
        full = storage.create_volume(connection, pool, "full", 24 * MIB, format="raw", full=True)
        assert await problem(full) == "disk-full"  # seen before: the pool says how much there is
        unsaid = Pool(pool.name, pool.uuid)
        for format in ("raw", "qcow2"):  # noqa: A001 - seen by libvirt, half-way
            with pytest.raises(VirtError) as told:
                await storage.create_volume(connection, unsaid, f"x.{format}", 24 * MIB, format=format, full=True)
            assert told.value.problem.name == "disk-full" and "16.8 MB left" in str(told.value)
        assert list(small.iterdir()) == []
        assert (await storage.pool(connection, pool.name)).active

    run(system_uri, small, work)


def test_a_cancelled_upload_can_be_deleted_at_once(system_uri: str, folder: Path, reps: Callable[[int], int]) -> None:
    async def work(connection: Connection, pool: Pool) -> None:
        for number in range(reps(20)):
            made = await storage.create_volume(connection, pool, f"c{number}.raw", 1024 * MIB, format="raw")
            begun = asyncio.Event()
            source = Slow(1024 * MIB, begun, asyncio.get_running_loop())
            heard: list[tuple[int, int]] = []
            asked = storage.upload(connection, made, source, partial(hear, heard))  # type: ignore[arg-type]
            task = asyncio.get_running_loop().create_task(asked)
            await begun.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            count, at = len(heard), source.at
            assert await storage.delete_volume(connection, pool.name, made.name, made.path)
            await asyncio.sleep(0.05)
            assert (len(heard), source.at) == (count, at)  # nobody reads on, nobody tells
            assert at < 1024 * MIB
        assert connection.long.behind == 0 and not connection.closers
        assert await names(connection, pool) == []

    run(system_uri, folder, work)


@pytest.mark.parametrize("empty", [False, True])  # one hole is through before the cancelling is noticed
def test_a_cancelled_download_leaves_no_file(system_uri: str, folder: Path, tmp_path: Path, empty: bool) -> None:
    async def work(connection: Connection, pool: Pool) -> None:
        source = tmp_path / "source"
        source.write_bytes(os.urandom(MIB) * 128)
        made = await storage.create_volume(connection, pool, "d.raw", 128 * MIB, format="raw")
        if not empty:
            await storage.upload(connection, made, source)
        source.unlink()
        begun = asyncio.Event()
        asked = storage.download(connection, made, tmp_path / "d.raw", lambda *_how: begun.set())
        task = asyncio.get_running_loop().create_task(asked)
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not list(tmp_path.iterdir())

    run(system_uri, folder, work)


def test_a_cancelled_creation_leaves_no_volume(system_uri: str, folder: Path, reps: Callable[[int], int]) -> None:
    async def work(connection: Connection, pool: Pool) -> None:
        for number in range(reps(40)):
            asked = storage.create_volume(
                connection, pool, f"n{number}", 256 * MIB, format="qcow2", full=True, progress=lambda *_how: None
            )
            task = asyncio.get_running_loop().create_task(asked)
            await asyncio.sleep(0.004 * (number % 10))
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert await names(connection, pool) == []
        assert list(folder.iterdir()) == []

    run(system_uri, folder, work)


def test_the_daemon_is_killed_during_an_upload(system_uri: str, folder: Path, keeper: KeeperClient) -> None:
    async def work(connection: Connection, pool: Pool) -> None:
        await storage.set_pool_autostart(connection, pool.name, True)
        made = await storage.create_volume(connection, pool, "k.raw", 4096 * MIB, format="raw")
        begun = asyncio.Event()
        source = Slow(4096 * MIB, begun, asyncio.get_running_loop())
        asked = storage.upload(connection, made, source)  # type: ignore[arg-type]
        task = asyncio.get_running_loop().create_task(asked)
        await begun.wait()
        await asyncio.to_thread(keeper.daemon_kill)
        assert await problem(asyncio.wait_for(task, 30)) == "closed"
        await asyncio.to_thread(keeper.daemon_start)
        async with opened(system_uri) as fresh:  # the next start of the program finds it in its journal
            assert await storage.delete_volume(fresh, pool.name, made.name, made.path)
            assert await names(fresh, pool) == []
            await storage.set_pool_autostart(fresh, pool.name, False)

    run(system_uri, folder, work)


def test_the_daemon_hangs_during_an_upload(system_uri: str, folder: Path, keeper: KeeperClient) -> None:
    async def work(connection: Connection, pool: Pool) -> None:
        made = await storage.create_volume(connection, pool, "h.raw", 4096 * MIB, format="raw")
        begun = asyncio.Event()
        asked = storage.upload(connection, made, Slow(4096 * MIB, begun, asyncio.get_running_loop()))  # type: ignore[arg-type]
        task = asyncio.get_running_loop().create_task(asked)
        await begun.wait()
        await asyncio.to_thread(keeper.daemon_stop)
        await asyncio.sleep(0.5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task  # it does not wait for the daemon
        await asyncio.to_thread(keeper.daemon_continue)
        assert await storage.delete_volume(connection, pool.name, made.name, made.path)

    run(system_uri, folder, work)


def test_closing_the_connection_ends_an_upload(system_uri: str, folder: Path) -> None:
    async def whole() -> None:
        async with opened(system_uri) as other, pool_in(other, folder) as pool:
            async with opened(system_uri) as connection:
                made = await storage.create_volume(connection, pool, "e.raw", 4096 * MIB, format="raw")
                begun = asyncio.Event()
                source = Slow(4096 * MIB, begun, asyncio.get_running_loop())
                asked = storage.upload(connection, made, source)  # type: ignore[arg-type]
                task = asyncio.get_running_loop().create_task(asked)
                await begun.wait()
            assert await problem(task) == "closed"
            at = source.at
            await asyncio.sleep(0.1)
            assert source.at == at
            assert await storage.delete_volume(other, pool.name, made.name, made.path)

    asyncio.run(whole())


def test_ten_thousand_volumes(system_uri: str, folder: Path) -> None:
    many = folder / "many"
    many.mkdir()
    for number in range(10_000):
        (many / f"v{number:05}.raw").touch()

    async def whole() -> None:
        async with opened(system_uri) as connection, pool_in(connection, many, "many"):
            brief = await storage.volumes(connection, "many", brief=True)
            found = await storage.volumes(connection, "many")
            assert [volume.name for volume in found] == [volume.name for volume in brief]
            assert len(found) == 10_000 and found[7] == await storage.volume_at(connection, found[7].path)
            assert [volume.path for volume in brief] == [volume.path for volume in found]
            assert await storage.free_name(connection, "many", "v00000", ".raw") == "v00000-2.raw"
            listing = asyncio.get_running_loop().create_task(storage.volumes(connection, "many"))
            await asyncio.sleep(0.05)
            (many / "v09999.raw").unlink()  # gone in the middle of it
            assert len(await listing) in (9_999, 10_000)

    asyncio.run(whole())


def test_a_fresh_host_gets_a_place_for_disks(fresh_uri: str) -> None:
    async def whole() -> None:
        async with opened(fresh_uri) as connection:
            assert await storage.pools(connection) == []
            pool, made = await storage.ensure_default_pool(connection)
            assert made and (pool.name, pool.active, pool.autostart, pool.persistent) == ("default", True, True, True)
            assert pool.target == "/var/lib/libvirt/images" and pool.available > 0
            assert await storage.ensure_default_pool(connection) == (pool, False)
            await storage.stop_pool(connection, "default")
            again, made = await storage.ensure_default_pool(connection)
            assert not made and again.active
            await storage.stop_pool(connection, "default")
            await storage.undefine_pool(connection, "default")

    asyncio.run(whole())


def test_a_session_gets_its_own(fresh_session_uri: str) -> None:
    async def whole() -> None:
        async with opened(fresh_session_uri) as connection:
            pool, made = await storage.ensure_default_pool(connection)
            assert made and pool.active and pool.target.endswith("/libvirt/images")
            assert Path(pool.target).is_dir() and Path(pool.target).stat().st_uid == os.getuid()
            volume: Volume = await storage.create_volume(connection, pool, "s.qcow2", MIB, format="qcow2")
            assert volume.owner == os.getuid()
            await storage.delete_volume(connection, pool.name, "s.qcow2")
            await storage.stop_pool(connection, pool.name)
            await storage.undefine_pool(connection, pool.name)

    asyncio.run(whole())


def hear(heard: list[tuple[int, int]], done: int, total: int) -> None:
    heard.append((done, total))


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_what_another_program_does_with_a_pool_is_heard(system_uri: str, folder: Path) -> None:
    async def whole() -> None:
        ears = Ears()
        async with opened(system_uri, ears, readonly=True), opened(system_uri) as other:
            name = f"theirs-{secrets.token_hex(3)}"

            async def heard(work: Coroutine[Any, Any, Any]) -> None:
                ears.heard.clear()
                await work
                await ears.hear(lambda event: event.kind is Kind.POOL and event.name == name)

            await heard(storage.define_pool(other, pools_xml.build(name, str(folder))))
            try:
                await heard(storage.start_pool(other, name))
                await heard(storage.refresh(other, name))
                await heard(storage.stop_pool(other, name))
            finally:
                await heard(storage.undefine_pool(other, name))

    asyncio.run(whole())
