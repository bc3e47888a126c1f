"""QEMU's frame buffer mapped here, and what happens when QEMU takes it away.

To read the file would be safe and takes three times as long. To touch a mapping beyond the end of its file is deadly
(SIGBUS), and a QEMU that somebody has taken over can shorten the file at any moment: to look before does not help. So
a handler of that signal lays zeros over a mapping of ours that was touched in vain, and the thread goes on; any other
fault goes to whoever was in charge before. X servers and Wayland compositors do the same with their clients' memory.

The handler is Python and needs its lock. So only a thread that has given the lock away, or has it itself, may touch
such memory: not Qt, which paints with several threads while one that waits for them holds the lock. Hence: copy.
"""

import ctypes
import functools
import mmap
import os
import platform
import signal
import sys
from typing import Any, Final

_SIGINFO, _RESTART = 4, 0x10000000  # SA_*
_ADDRESS: Final = 16  # where in siginfo_t the address of the fault is, with 64 bits
_FIXED, _ANONYMOUS = 0x10, 0x20  # MAP_*: not all of them are in the standard library
_FAILED: Final = ctypes.c_void_p(-1).value


class _Action(ctypes.Structure):
    """struct sigaction, as in glibc and musl on the processors below."""

    _fields_ = (
        ("handler", ctypes.c_void_p),
        ("mask", ctypes.c_ulong * (128 // ctypes.sizeof(ctypes.c_ulong))),
        ("flags", ctypes.c_int),
        ("restorer", ctypes.c_void_p),
    )


class _Range:
    """Addresses that are mapped. `lost`: their file was shorter when they were read."""

    __slots__ = ("address", "lost", "size")

    def __init__(self, address: int, size: int) -> None:
        self.address, self.size, self.lost = address, size, False


class Memory:
    """`size` bytes of a file of shared memory, from `offset` on. For one thread."""

    def __init__(self, fd: int, offset: int, size: int) -> None:
        """Takes `fd` over, unless it raises OSError."""
        before = offset % mmap.PAGESIZE
        self._range = _guard().map(fd, offset - before, before + size)
        self._fd = fd
        self._start, self._size, self._end = self._range.address + before, size, offset + size

    def copy(self, start: int, target: memoryview) -> bool:
        """Fill `target` from `start` on; other threads run meanwhile. False: the file was shortened."""
        size = len(target)
        if not 0 <= start <= start + size <= self._size:
            raise ValueError(f"{size} bytes from {start} of {self._size}")
        if os.fstat(self._fd).st_size < self._end:
            return False
        if size:
            # ctypes gives Python's lock away for it.
            ctypes.memmove(ctypes.addressof(ctypes.c_char.from_buffer(target)), self._start + start, size)
        return not self._range.lost

    def close(self) -> None:
        """Idempotent."""
        fd, self._fd, self._size = self._fd, -1, -1
        if fd >= 0:
            _guard().unmap(self._range)
            os.close(fd)


def can_map() -> bool:
    """Whether this computer is one on which a fault is survived."""
    return sys.platform == "linux" and sys.maxsize > 1 << 32 and platform.machine() in ("x86_64", "aarch64")


class _Guard:
    """The process's handler for faults in mappings. One for all, for good: a late fault must still find it."""

    def __init__(self) -> None:
        # PyDLL: keeps Python's lock, so that no mapping comes or goes between a look at the list and what follows.
        self._libc: Any = ctypes.PyDLL(None, use_errno=True)
        self._libc.mmap.restype = ctypes.c_void_p
        self._libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
        self._libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
        self._libc.sigaction.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
        self._ranges: tuple[_Range, ...] = ()
        self._before = _Action()
        # Not PYFUNCTYPE: the thread that faults may not have Python's lock.
        self._entry = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(self._on_fault)

    def map(self, fd: int, offset: int, size: int) -> _Range:
        self._stand()
        address = self._libc.mmap(None, size, mmap.PROT_READ, mmap.MAP_SHARED, fd, offset)
        if address == _FAILED:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        found = _Range(address, size)
        self._ranges = (*self._ranges, found)
        return found

    def unmap(self, gone: _Range) -> None:
        self._ranges = tuple(one for one in self._ranges if one is not gone)
        self._libc.munmap(gone.address, gone.size)

    def _stand(self) -> None:
        """Be the handler. Somebody else may have become it since the last time."""
        entry, now = ctypes.cast(self._entry, ctypes.c_void_p).value, _Action()
        self._libc.sigaction(signal.SIGBUS, None, ctypes.byref(now))
        if now.handler == entry:
            return
        self._before = now
        # On the thread's own stack: Python needs more than there is on the one for signals that some threads have.
        ours = _Action(handler=entry, flags=_SIGINFO | _RESTART)
        if self._libc.sigaction(signal.SIGBUS, ctypes.byref(ours), None):
            raise OSError(ctypes.get_errno(), "sigaction")

    def _on_fault(self, number: int, information: int, _context: int) -> None:
        """In the thread that faulted, in the middle of whatever read the memory: nothing but this is done here."""
        done = False
        try:
            address = ctypes.c_size_t.from_address(information + _ADDRESS).value
            for one in self._ranges:
                if one.address <= address < one.address + one.size:
                    one.lost = True
                    flags = mmap.MAP_PRIVATE | _ANONYMOUS | _FIXED
                    done = self._libc.mmap(one.address, one.size, mmap.PROT_READ, flags, -1, 0) == one.address
        finally:
            if not done:  # the fault comes again, and then to whom it came before
                self._libc.sigaction(number, ctypes.byref(self._before), None)


@functools.cache
def _guard() -> _Guard:
    return _Guard()
