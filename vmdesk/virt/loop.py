"""libvirt's own event loop, for ever, in one daemon thread. Process-wide: libvirt allows one."""

import atexit
import threading

import libvirt

_lock = threading.Lock()
_threads: list[threading.Thread] = []


def start() -> None:
    """Start the loop; the first call does it. Must come before the first open, or events and keepalive do not work."""
    with _lock:
        if _threads:
            return
        # libvirt's default handler prints each error on stderr; errors reach us as exceptions.
        libvirt.registerErrorHandler(lambda _context, _error: None, None)
        libvirt.virEventRegisterDefaultImpl()
        ended = threading.Event()
        # virEventRunDefaultImpl() sleeps until something happens: this timer, off (-1) until the end, wakes it.
        timer = libvirt.virEventAddTimeout(-1, lambda _timer, _opaque: None, None)
        thread = threading.Thread(target=_run, args=(ended,), name="libvirt events", daemon=True)
        _threads.append(thread)
        thread.start()
        atexit.register(_end, ended, timer, thread)


def _run(ended: threading.Event) -> None:
    while not ended.is_set():
        libvirt.virEventRunDefaultImpl()


def _end(ended: threading.Event, timer: int, thread: threading.Thread) -> None:
    """A callback that starts while the interpreter is being taken down can crash it: end the thread before."""
    ended.set()
    libvirt.virEventUpdateTimeout(timer, 0)
    thread.join(1.0)
