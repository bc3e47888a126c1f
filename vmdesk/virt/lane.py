"""Daemon workers for blocking calls."""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
_Item = tuple["Future[Any]", Callable[[], Any]]


class Lane(Executor):
    """At most `workers` calls at a time, in the order given.

    Unlike ThreadPoolExecutor its threads are daemons: a call that never returns does not hold up the exit.
    `shutdown()` never waits for running calls, whatever `wait` says, for the same reason.
    """

    def __init__(self, workers: int, name: str) -> None:
        self._workers = workers
        self._name = name
        self._items: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._lock = threading.Lock()
        self._started = 0
        self._ended = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        future: Future[T] = Future()
        with self._lock:
            if self._ended:
                raise RuntimeError(f"lane {self._name} has ended")
            self._items.put((future, lambda: fn(*args, **kwargs)))
            if not self._idle.acquire(blocking=False) and self._started < self._workers:
                self._started += 1
                name = f"{self._name} {self._started}"
                threading.Thread(target=self._work, name=name, daemon=True).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more calls. Calls still waiting for a worker are done first, or cancelled with `cancel_futures`."""
        with self._lock:
            if self._ended:
                return
            self._ended = True
            if cancel_futures:
                self._cancel_waiting()
            for _ in range(self._started):
                self._items.put(None)

    def _cancel_waiting(self) -> None:
        while True:
            try:
                item = self._items.get_nowait()
            except queue.Empty:
                return
            if item:
                item[0].cancel()

    def _work(self) -> None:
        while item := self._items.get():
            future, call = item
            if future.set_running_or_notify_cancel():
                try:
                    result = call()
                except BaseException as error:
                    future.set_exception(error)
                else:
                    future.set_result(result)
                    del result
            # Nothing of the last call may live on while waiting: a libvirt object would keep its socket open.
            del item, future, call
            self._idle.release()
