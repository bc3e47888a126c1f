"""Daemon workers."""

import asyncio
import threading
import time

import pytest

from vmdesk.virt.lane import Lane


def test_results_and_errors_come_back() -> None:
    lane = Lane(2, "t")
    assert lane.submit(pow, 2, 5).result(5) == 32
    with pytest.raises(ZeroDivisionError):
        lane.submit(lambda: 1 // 0).result(5)
    lane.shutdown()


def test_it_serves_asyncio() -> None:
    async def run() -> str:
        return await asyncio.get_running_loop().run_in_executor(Lane(1, "t"), str, 7)

    assert asyncio.run(run()) == "7"


def test_no_more_than_so_many_at_once() -> None:
    lane, running, most, lock = Lane(3, "t"), [0], [0], threading.Lock()

    def work() -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.01)
        with lock:
            running[0] -= 1

    for future in [lane.submit(work) for _ in range(20)]:
        future.result(5)
    assert most[0] == 3
    lane.shutdown()


def test_shutdown_cancels_what_waits_and_not_what_runs() -> None:
    lane, gate = Lane(1, "t"), threading.Event()
    running = lane.submit(gate.wait, 5)
    waiting = lane.submit(int)
    while not running.running():
        time.sleep(0.001)
    lane.shutdown(cancel_futures=True)
    assert waiting.cancelled()
    gate.set()
    assert running.result(5) is True
    with pytest.raises(RuntimeError):
        lane.submit(int)
