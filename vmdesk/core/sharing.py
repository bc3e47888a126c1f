"""What else a SPICE screen can carry: files into the guest, USB devices of this computer, a folder."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, cast

from vmdesk.console.screen import Backend
from vmdesk.core.jobs import Job, Jobs, Report
from vmdesk.model.domain import DomainKey
from vmdesk.model.text import text

STEP = 0.01  # of a copy: progress is told no oftener


class Device(Protocol):
    """A USB device that is plugged in here. `why_not` it cannot be handed over, "" if it can."""

    @property
    def id(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def connected(self) -> bool: ...
    @property
    def why_not(self) -> str: ...


class Session(Protocol):
    """An open SPICE connection (console/spice/display.py). Everything raises VirtError."""

    usb_changed: Callable[[], None]  # called on a thread of its own

    async def send_files(self, paths: Sequence[Path], progress: Callable[[int, int], None] | None = None) -> None: ...
    def share_folder(self, folder: Path | None, *, writable: bool = False) -> None: ...
    async def usb_devices(self) -> Sequence[Device]: ...
    async def usb_connect(self, device: str) -> None: ...
    async def usb_disconnect(self, device: str) -> None: ...


def session_of(backend: Backend | None) -> Session | None:
    """The connection behind a screen, if it is SPICE."""
    if backend is None or backend.protocol != "spice":
        return None
    return cast("Session | None", getattr(backend, "display", None))


def send(jobs: Jobs, session: Session, paths: Sequence[Path], key: DomainKey, machine: str) -> "asyncio.Task[Job]":
    """Copy files into the guest, as a job with progress that can be cancelled."""
    loop = asyncio.get_running_loop()

    async def work(report: Report) -> None:
        told, over = 0.0, False

        def tell(part: float) -> None:
            if not over:
                report(part)

        def progress(done: int, whole: int) -> None:
            nonlocal told
            part = min(1.0, done / whole) if whole > 0 else 0.0
            if part - told >= STEP or part >= 1.0 > told:
                told = part
                with contextlib.suppress(RuntimeError):  # the program has ended
                    loop.call_soon_threadsafe(tell, part)

        try:
            await session.send_files(paths, progress)
        finally:
            over = True

    if len(paths) == 1:
        title = text("Copying {file} into {name}", file=paths[0].name, name=machine)
    else:
        title = text("Copying {n} files into {name}", n=len(paths), name=machine)
    return jobs.start(title, work, (key,))
