"""Where a SPICE server is, and the sockets to it: each channel has one of its own."""

import asyncio
import concurrent.futures
import contextlib
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from vmdesk.console.spice import words
from vmdesk.console.spice.glib import Library
from vmdesk.model.errors import Problem, VirtError

OpenChannel = Callable[[], Awaitable[int]]  # a new socket to the server, ours to close; VirtError
Then = Callable[[int, Problem | None], None]  # a socket, or -1 and why not


@dataclass(frozen=True, slots=True)
class Address:
    """A server on the network. `ca_file`: who may have signed its certificate; "": whom the system trusts."""

    host: str
    port: int = 0
    tls_port: int = 0
    ca_file: str = ""
    subject: str = ""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port or self.tls_port}"


class Sockets:
    """Opened by `loop`, brought to the library's thread."""

    def __init__(self, where: OpenChannel | Address, loop: asyncio.AbstractEventLoop, library: Library) -> None:
        self._where = where
        self._loop = loop
        self._library = library

    def open(self, then: Then) -> None:
        """Another one, where it is us who open them."""
        if not isinstance(self._where, Address):
            self._call(self._where, then)

    def knock(self, then: Callable[[bool], None]) -> None:
        """Whether the server still answers."""
        where = self._where
        if isinstance(where, Address):
            address = where

            async def knock() -> int:
                with contextlib.suppress(OSError, TimeoutError):
                    port = address.port or address.tls_port
                    _, writer = await asyncio.wait_for(asyncio.open_connection(address.host, port), 1.0)
                    writer.close()
                    return -1
                raise VirtError(words.ended())
        else:
            open_channel = where

            async def knock() -> int:
                return await asyncio.wait_for(_awaited(open_channel), 2.0)

        def knocked(fd: int, problem: Problem | None) -> None:
            if fd >= 0:
                os.close(fd)
            then(problem is None)

        self._call(knock, knocked)

    def _call(self, open_channel: OpenChannel, then: Then) -> None:
        """Await it on the loop of asyncio, and bring what it gives here."""

        async def run() -> int:
            return await open_channel()

        def bring(future: "concurrent.futures.Future[int]") -> None:
            fd, problem = -1, None
            try:
                fd = future.result()
            except VirtError as error:
                problem = error.problem
            except concurrent.futures.CancelledError:
                problem = words.closed()
            except OSError as error:
                problem = words.refused("", str(error))
            except Exception as error:
                self._library.post(lambda error=error: then(-1, words.broken(repr(error))))  # type: ignore[misc]
                raise
            self._library.post(lambda: then(fd, problem))

        coroutine = run()
        try:
            asyncio.run_coroutine_threadsafe(coroutine, self._loop).add_done_callback(bring)
        except RuntimeError:  # the loop is closed: the program ends
            coroutine.close()
            then(-1, words.closed())


async def _awaited(open_channel: OpenChannel) -> int:
    return await open_channel()
