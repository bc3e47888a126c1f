"""A wire: calls in flight, watchdogs, what is left behind."""

import asyncio
import gc
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

import libvirt
import pytest

from vmdesk.model.errors import VirtError
from vmdesk.model.host import HostConfig
from vmdesk.virt import loop
from vmdesk.virt.connection import Connection
from vmdesk.virt.wire import IN_FLIGHT, Wire


def wire(**options: Any) -> Wire:
    loop.start()
    return Wire("t", "test:///default", lambda: libvirt.open("test:///default"), **options)


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("never")


def test_at_most_four_in_flight() -> None:
    async def run() -> None:
        ours, running, most, lock = wire(), [0], [0], threading.Lock()

        def work(_conn: object) -> None:
            with lock:
                running[0] += 1
                most[0] = max(most[0], running[0])
            time.sleep(0.005)
            with lock:
                running[0] -= 1

        await asyncio.gather(*(ours.call(work) for _ in range(40)))
        assert most[0] == IN_FLIGHT
        await ours.close(2)

    asyncio.run(run())


def test_a_hung_call_is_left_behind_and_counted_until_it_is_back() -> None:
    async def run() -> None:
        ours, gate = wire(), threading.Event()
        began = time.monotonic()
        with pytest.raises(VirtError) as late:
            await ours.call(lambda _conn: gate.wait(10), timeout=0.1)
        assert time.monotonic() - began < 1
        assert late.value.problem.name == "timeout"
        assert ours.behind == 1
        assert await ours.call(lambda conn: conn.getType(), timeout=1) == "TEST"  # the others go on
        gate.set()
        await until(lambda: ours.behind == 0)
        await ours.close(2)

    asyncio.run(run())


def test_a_cancelled_call_is_counted_too() -> None:
    async def run() -> None:
        ours, gate = wire(), threading.Event()
        task = asyncio.get_running_loop().create_task(ours.call(lambda _conn: gate.wait(10)))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ours.behind == 1
        gate.set()
        await until(lambda: ours.behind == 0)
        await ours.close(2)

    asyncio.run(run())


def test_giving_up_does_not_wait_and_closes_when_the_last_call_is_back() -> None:
    async def run() -> None:
        ours, gate = wire(), threading.Event()
        conns: list[weakref.ref[Any]] = []

        def hang(conn: libvirt.virConnect) -> None:
            conns.append(weakref.ref(conn))
            gate.wait(10)

        hung = [asyncio.get_running_loop().create_task(ours.call(hang)) for _ in range(IN_FLIGHT)]
        waiting = asyncio.get_running_loop().create_task(ours.call(hang))
        await until(lambda: len(conns) == IN_FLIGHT)
        began = time.monotonic()
        await ours.close(0.2)
        assert time.monotonic() - began < 1
        with pytest.raises(VirtError) as lost:
            await waiting
        assert lost.value.problem.name == "closed"
        assert conns[0]() is not None  # not freed under the running calls
        gate.set()
        await asyncio.gather(*hung)
        await until(lambda: gc.collect() >= 0 and conns[0]() is None)

    asyncio.run(run())


def test_a_bug_is_not_an_error_of_libvirts() -> None:
    async def run() -> None:
        ours = wire()
        with pytest.raises(ZeroDivisionError):
            await ours.call(lambda _conn: 1 // 0)
        await ours.close(2)

    asyncio.run(run())


def test_words_of_libvirts_that_are_no_text() -> None:
    """What its binding then raises."""

    def work(_conn: object) -> None:
        try:
            b"Transport endpoint \xd0\x01".decode()
        except UnicodeDecodeError as error:
            raise SystemError("returned a result with an exception set") from error

    async def run() -> None:
        with pytest.raises(VirtError) as met:
            await wire().call(work)
        assert "cannot be read" in str(met.value.problem.why)

    asyncio.run(run())


def test_errors_hold_no_libvirt_object() -> None:
    async def run() -> None:
        ours = wire()
        conns: list[weakref.ref[Any]] = []

        def fail(conn: libvirt.virConnect) -> None:
            conns.append(weakref.ref(conn))
            conn.lookupByName("no such machine")

        with pytest.raises(VirtError) as failed:
            await ours.call(fail)
        assert failed.value.problem.name == "gone"
        assert failed.value.__context__ is None
        await ours.close(2)
        await until(lambda: gc.collect() >= 0 and conns[0]() is None)

    asyncio.run(run())


def test_an_opening_can_be_abandoned(monkeypatch: pytest.MonkeyPatch) -> None:
    gate, made = threading.Event(), []
    real = libvirt.open

    def slow(uri: str) -> libvirt.virConnect:
        gate.wait(10)
        conn = real(uri)
        made.append(weakref.ref(conn))
        return conn

    monkeypatch.setattr(libvirt, "open", slow)

    async def run() -> None:
        opening = Connection.open(HostConfig("h", "x", "test:///default"), 1, lambda _event: None)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(opening, 0.1)
        gate.set()
        await until(lambda: bool(made))
        await until(lambda: gc.collect() >= 0 and made[0]() is None)  # closed, for nobody wants it any more

    asyncio.run(run())


ENDING = """
import asyncio, threading
from vmdesk.model.host import HostConfig
from vmdesk.virt.connection import Connection

async def main():
    connection = await Connection.open(HostConfig("h", "x", "test:///default"), 1, lambda _event: None)
    try:
        await connection.stats.call(lambda _conn: threading.Event().wait(), timeout=0.1)
    except Exception:
        pass
    await connection.close()

asyncio.run(main())
print("ended")
"""


def test_a_call_that_never_returns_does_not_hold_up_the_exit() -> None:
    ended = subprocess.run([sys.executable, "-c", ENDING], capture_output=True, text=True, timeout=20, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "ended\n", "")


def test_the_test_driver_is_one_connection_for_all() -> None:
    for uri, one in (
        ("test:///default", True),
        ("test:///tmp/x.xml", True),
        ("test+unix:///tmp/x.xml?socket=/s", True),
        ("test+unix:///default?socket=/s", False),
        ("qemu:///system", False),
    ):
        connection = Connection(HostConfig("h", "x", uri), 1, lambda _event: None, uri, None)
        assert (connection.stats is connection.control) == one
