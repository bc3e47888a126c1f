"""Files of the person's, looked at and written in a worker: a network drive that does not answer holds up nobody."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from vmdesk.virt.lane import Lane

T = TypeVar("T")


async def plain(paths: Sequence[Path]) -> tuple[Path, ...]:
    """Those that are plain files."""
    return await _call(lambda: tuple(path for path in paths if path.is_file()))


async def is_folder(path: Path, seconds: float) -> bool:
    """False as well where nothing answers within that time."""
    try:
        async with asyncio.timeout(seconds):
            return await _call(path.is_dir)
    except TimeoutError:
        return False


async def write(file: Path, content: bytes) -> None:
    """Raises OSError."""
    await _call(lambda: file.write_bytes(content))


async def _call(do: Callable[[], T]) -> T:
    """In a thread of its own: one that hangs holds up no other."""
    lane = Lane(1, "own files")
    try:
        return await asyncio.get_running_loop().run_in_executor(lane, do)
    finally:
        lane.shutdown()
