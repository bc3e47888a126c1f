"""The text console of a machine in this terminal."""

import asyncio
import contextlib
import os
import sys
import termios
import tty
from collections.abc import Callable, Iterator

from vmdesk.cli.output import say
from vmdesk.cli.session import Session
from vmdesk.core import plain
from vmdesk.model.domain import Domain
from vmdesk.model.text import tr
from vmdesk.virt import consoles

LEAVE = b"\x1d"  # Ctrl+]
# When stdin has ended: seconds without a word from the machine after which it is done, and seconds at most.
QUIET, LAST = 1.5, 6.0
_PIECE = 4096


async def join(session: Session, machine: Domain, device: str, force: bool) -> int:
    """Until Ctrl+], the end of stdin, or of the console. VirtError where it cannot be opened."""
    connection = session.links.of(machine.key).require()
    loop = asyncio.get_running_loop()
    heard = loop.time()

    def on_data(data: bytes) -> None:
        nonlocal heard
        heard = loop.time()
        _show(data)

    stream = await consoles.open_text(connection, machine.uuid, device, on_data, force)
    left: asyncio.Future[bool] = loop.create_future()

    def on_typed() -> None:
        data = _typed()
        before, sign, _after = data.partition(LEAVE)
        if before:
            stream.send(before)
        if (sign or not data) and not left.done():
            left.set_result(bool(data))

    say(tr("Connected to {name}. Ctrl+] leaves.", name=plain.clean(machine.name)))
    with _raw():
        reading = _read(loop, on_typed, left)
        try:
            await asyncio.wait((left, stream.ended), return_when=asyncio.FIRST_COMPLETED)
            if left.done() and not left.result():
                heard = loop.time()
                end = heard + LAST
                while not stream.ended.done() and (rest := min(heard + QUIET, end) - loop.time()) > 0:
                    await asyncio.wait((stream.ended,), timeout=rest)
        finally:
            if reading:
                loop.remove_reader(sys.stdin.fileno())
            await stream.close()
    problem = stream.ended.result() if stream.ended.done() else None
    if problem is not None:
        session.complain(plain.clean(str(problem)))
        return 1
    say(tr("The console is closed.") if left.done() else tr("The machine has closed its console."))
    return 0


def _read(loop: asyncio.AbstractEventLoop, on_typed: Callable[[], None], left: "asyncio.Future[bool]") -> bool:
    """Call it when there is something to read; False: stdin is a plain file, and has been read."""
    try:
        loop.add_reader(sys.stdin.fileno(), on_typed)
    except PermissionError:
        while not left.done():
            on_typed()
        return False
    return True


def _typed() -> bytes:
    try:
        return os.read(sys.stdin.fileno(), _PIECE)
    except BlockingIOError:
        return b""


def _show(data: bytes) -> None:
    """As it comes: the terminal understands what the machine sends."""
    sys.stdout.buffer.write(data)
    sys.stdout.flush()


@contextlib.contextmanager
def _raw() -> Iterator[None]:
    """Every key goes to the machine; afterwards the terminal is as it was."""
    if not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setraw(sys.stdin)
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
        sys.stdout.write("\r\n")
        sys.stdout.flush()
