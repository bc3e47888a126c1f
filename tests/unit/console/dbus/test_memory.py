"""QEMU's memory, and its being taken away while somebody reads. Each in a process of its own: it may die of it."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from vmdesk.console.dbus.memory import Memory, can_map

pytestmark = pytest.mark.skipif(not can_map(), reason="faults are not survived on this kind of computer")

BEGIN = """
import faulthandler, mmap, os, threading
from vmdesk.console.dbus import memory as module
from vmdesk.console.dbus.memory import Memory
SIZE = 640 * 480 * 4
fd = os.memfd_create("frame")
os.truncate(fd, SIZE + 100)
os.pwrite(fd, bytes([200]) * SIZE, 100)
keep = os.dup(fd)
memory = Memory(fd, 100, SIZE)
seen = bytearray(SIZE)
assert memory.copy(0, memoryview(seen)) and seen == bytes([200]) * SIZE

class Os:
    # The file is shortened after it was looked whether it was.
    def __getattr__(self, name):
        return getattr(os, name)
    def fstat(self, fd):
        found = os.fstat(fd)
        os.truncate(keep, LEFT)
        return found
"""


def run(code: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", BEGIN + textwrap.dedent(code)]
    return subprocess.run(command, cwd=Path(__file__).parents[4], capture_output=True, text=True, timeout=60)


def test_memory_that_was_taken_away() -> None:
    done = run("""
        os.truncate(keep, SIZE)
        print(memory.copy(0, memoryview(seen)))
    """)
    assert (done.stdout, done.returncode) == ("False\n", 0), done.stderr


@pytest.mark.parametrize("left", [0, 4096 * 100])
def test_memory_that_is_taken_away_at_that_moment(left: int) -> None:
    done = run(f"""
        LEFT = {left}
        module.os = Os()
        print(memory.copy(0, memoryview(seen)))
        print(seen[-1], seen.count(200) < SIZE)
        module.os = os
        os.truncate(keep, SIZE + 100)
        print(memory.copy(0, memoryview(seen)))  # it was lost once
    """)
    assert (done.stdout, done.returncode) == ("False\n0 True\nFalse\n", 0), done.stderr


def test_memory_that_is_taken_away_from_several_threads() -> None:
    done = run("""
        LEFT = 4096
        module.os = Os()
        others = [Memory(os.dup(keep), 0, SIZE) for _ in range(4)]
        threads = [threading.Thread(target=one.copy, args=(0, memoryview(bytearray(SIZE)))) for one in others]
        for thread in threads: thread.start()
        for number in range(1_000_000): pass  # has Python's lock
        for thread in threads: thread.join()
        print("alive")
    """)
    assert (done.stdout, done.returncode) == ("alive\n", 0), done.stderr


OTHER = """
        other = os.memfd_create("other")
        os.truncate(other, 4096)
        mapping = mmap.mmap(other, 4096)
        os.truncate(other, 0)
        mapping[0]
        print("alive")
"""


def test_other_faults_are_none_of_ours() -> None:
    assert run(OTHER).returncode == -signal.SIGBUS


def test_other_faults_go_to_whoever_was_there_before() -> None:
    done = run("faulthandler.enable()\nMemory(os.dup(keep), 0, 100)\n" + textwrap.dedent(OTHER))
    assert done.returncode < 0
    assert "Fatal Python error: Bus error" in done.stderr


def test_closed_memory_is_unmapped() -> None:
    def mapped() -> int:
        return Path("/proc/self/maps").read_text().count("memfd:once")

    files = len(os.listdir("/proc/self/fd"))
    fd = os.memfd_create("once")
    os.write(fd, b"x" * 10000)
    memory = Memory(fd, 5000, 5000)
    assert mapped() == 1
    memory.close()
    memory.close()
    assert mapped() == 0
    assert len(os.listdir("/proc/self/fd")) == files
    with pytest.raises(ValueError, match="-1"):
        memory.copy(0, memoryview(bytearray(10)))


@pytest.mark.parametrize(("start", "size"), [(-1, 4), (0, 101), (101, 0), (1 << 40, 4)])
def test_nothing_beyond_it_is_read(start: int, size: int) -> None:
    fd = os.memfd_create("frame")
    os.write(fd, bytes(5000))
    memory = Memory(fd, 50, 100)
    with pytest.raises(ValueError, match="of 100"):
        memory.copy(start, memoryview(bytearray(size)))
    memory.close()


def test_file_that_cannot_be_mapped() -> None:
    fd, other = os.pipe()
    with pytest.raises(OSError, match=r"\w"):
        Memory(fd, 0, 4096)
    os.close(fd)
    os.close(other)
