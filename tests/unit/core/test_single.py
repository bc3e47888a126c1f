"""One window for each settings folder."""

import asyncio
import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from vmdesk.core import single
from vmdesk.model.errors import VirtError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "window.sock"


async def in_thread(path: Path, message: dict[str, Any]) -> bool:
    with ThreadPoolExecutor(1) as pool:
        return await asyncio.get_running_loop().run_in_executor(pool, single.send, path, message)


def test_second_start_tells_the_first(path: Path) -> None:
    heard: list[dict[str, Any]] = []

    async def window() -> None:
        first = await single.listen(path, heard.append)
        assert first is not None
        assert await single.listen(path, heard.append) is None
        assert await in_thread(path, {"open": "wéb"})
        assert await in_thread(path, {"raise": True})
        await first.close()
        assert not await in_thread(path, {"raise": True})
        again = await single.listen(path, heard.append)
        assert again is not None
        await again.close()

    asyncio.run(window())
    assert heard == [{"open": "wéb"}, {"raise": True}]
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_socket_of_a_dead_process_is_replaced(path: Path) -> None:
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    assert not single.send(path, {})

    async def window() -> None:
        first = await single.listen(path, lambda message: None)
        assert first is not None
        assert await in_thread(path, {})
        await first.close()

    asyncio.run(window())


def test_nonsense_does_no_harm(path: Path) -> None:
    heard: list[dict[str, Any]] = []

    def talk(data: bytes) -> bytes:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            connection.connect(str(path))
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            return connection.recv(1000)

    async def window() -> None:
        first = await single.listen(path, heard.append)
        assert first is not None
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1) as pool:
            for data in (b"not json\n", b"\xff\xfe\n", b"", b"x" * (single.LONGEST + 10)):
                assert await loop.run_in_executor(pool, talk, data) == b""
            assert await loop.run_in_executor(pool, talk, b"[1]\n") == b'{"ok": false}\n'
        assert await in_thread(path, {"still": "there"})
        await first.close()

    asyncio.run(window())
    assert heard == [{"still": "there"}]


def test_nobody_there(path: Path) -> None:
    assert not single.send(path, {"raise": True})


def test_folder_that_others_may_use_is_closed_to_them_or_refused(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir(mode=0o755)
    single.make_private(mine)
    assert mine.stat().st_mode & 0o777 == 0o700

    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    with pytest.raises(VirtError):
        single.make_private(shared / "run")

    link = tmp_path / "link"
    link.symlink_to(mine)
    with pytest.raises(VirtError):
        single.make_private(link)


_IN_A_NAMESPACE = ("unshare", "--user", "--map-current-user")


@pytest.mark.skipif(
    os.getuid() == 0 or subprocess.run([*_IN_A_NAMESPACE, "true"], stderr=subprocess.DEVNULL).returncode != 0,
    reason="needs a user namespace without root",
)
def test_where_root_has_no_number(tmp_path: Path) -> None:
    """As `make test` runs without root, and as many containers do: / and /tmp belong to nobody there."""
    script = "import sys, pathlib; from vmdesk.core import single; single.make_private(pathlib.Path(sys.argv[1]))"
    done = subprocess.run([*_IN_A_NAMESPACE, sys.executable, "-c", script, tmp_path / "run"], stderr=subprocess.PIPE)
    assert done.returncode == 0, done.stderr.decode()
    assert (tmp_path / "run").stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to give a folder away")
def test_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    os.chown(theirs, 12345, 12345)
    with pytest.raises(VirtError):
        single.make_private(theirs)
    with pytest.raises(VirtError):
        single.make_private(theirs / "below")
