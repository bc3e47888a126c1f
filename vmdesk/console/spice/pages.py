"""The memory that SPICE's library draws into, seen a second time.

The library frees that memory as soon as the guest changes its mode, whoever may be reading it, and to copy each frame
takes as long as drawing it. So the pages under it are changed for pages of ours, which are mapped here as well: what
the library draws is there at once, and stays when the library's memory goes. Before it goes, it gets pages like those
that it had. Where its memory begins and ends in the middle of a page, that page stays, and its part is copied.
"""

import ctypes
import functools
import mmap
import os
import weakref
from typing import Any, Final

_FIXED, _ANONYMOUS = 0x10, 0x20  # MAP_*, for mmap with an address
_FAILED: Final = ctypes.c_void_p(-1).value
_WRITABLE: Final = mmap.PROT_READ | mmap.PROT_WRITE


class Pages:
    """The `size` bytes at `address`, which are all 0, and `more` behind them that only `view` has. OSError."""

    def __init__(self, address: int, size: int, more: int) -> None:
        page = mmap.PAGESIZE
        before = address % page  # bytes of the first page that are somebody else's
        self._address, self._size = address, size
        self._first, self._end = -(-address // page) * page, (address + size) // page * page
        if self._end <= self._first:
            raise OSError("less than a page")
        length = -(-(before + size + more) // page) * page
        fd = os.memfd_create("spice picture", os.MFD_CLOEXEC)
        try:
            os.ftruncate(fd, length)
            ours = _map(None, length, mmap.MAP_SHARED, fd, 0)
            try:
                _map(self._first, self._end - self._first, mmap.MAP_SHARED | _FIXED, fd, self._first - address + before)
            except OSError:
                _libc().munmap(ours, length)
                raise
        finally:
            os.close(fd)
        self._ours = ours + before
        array = (ctypes.c_ubyte * (size + more)).from_address(self._ours)
        weakref.finalize(array, _libc().munmap, ours, length).atexit = False
        self.view = memoryview(array).cast("B")

    def settle(self) -> None:
        """Have what was drawn into the pages that are not ours."""
        head, tail = self._first - self._address, self._address + self._size - self._end
        ctypes.memmove(self._ours, self._address, head)
        ctypes.memmove(self._ours + self._size - tail, self._end, tail)

    def leave(self) -> None:
        """Let the library have pages of its own again: before it frees them. `view` stays. Idempotent."""
        if self._end > self._first:
            self.settle()
            _map(self._first, self._end - self._first, mmap.MAP_PRIVATE | _ANONYMOUS | _FIXED, -1, 0)
            self._end = self._first


def _map(address: int | None, size: int, flags: int, fd: int, offset: int) -> int:
    found: int = _libc().mmap(address, size, _WRITABLE, flags, fd, offset)
    if found == _FAILED:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return found


@functools.cache
def _libc() -> Any:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
    libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    return libc
