"""SpiceClientGLib, loaded when the first SPICE screen opens, and the thread that all of it belongs to.

That thread is whichever runs GLib's default main context: libvirt's event thread does. Objects of the library are made,
used and let go of there only; signals arrive there.
"""

import concurrent.futures
import ctypes
import importlib
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from vmdesk.console.spice import words
from vmdesk.model.errors import VirtError

_G_TYPE_ARRAY_GETTER: Final = "g_array_get_type"
_MONITORS_MAX = 16


class _GValue(ctypes.Structure):
    _fields_ = (("type", ctypes.c_size_t), ("data", ctypes.c_uint64 * 2))


class _GArray(ctypes.Structure):
    _fields_ = (("data", ctypes.c_void_p), ("length", ctypes.c_uint))


# A handler's arguments: the channel, x, y, width, height, nothing
_Rectangle = ctypes.CFUNCTYPE(None, ctypes.c_void_p, *[ctypes.c_int] * 4, ctypes.c_void_p)


class _Monitor(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_uint) for name in ("id", "surface", "x", "y", "width", "height"))


@dataclass(frozen=True, slots=True)
class Monitor:
    """A part of a display channel's picture, `id` in that channel."""

    id: int
    x: int
    y: int
    width: int
    height: int


class Library:
    """The modules, and what the binding gets wrong done right."""

    def __init__(self) -> None:
        # Loaded here, with the first SPICE screen: most people have none, and PyGObject may be absent.
        try:
            gi = importlib.import_module("gi")
        except ImportError as error:
            raise VirtError(words.no_python_binding(str(error))) from None
        try:
            gi.require_version("SpiceClientGLib", "2.0")
            self.spice: Any = importlib.import_module("gi.repository.SpiceClientGLib")
            self.glib: Any = importlib.import_module("gi.repository.GLib")
            self.gio: Any = importlib.import_module("gi.repository.Gio")
            self.gobject: Any = importlib.import_module("gi.repository.GObject")
        except (ImportError, ValueError) as error:
            raise VirtError(words.no_library(str(error))) from None
        self._object = ctypes.CDLL("libgobject-2.0.so.0")
        for name, result, *arguments in (
            (_G_TYPE_ARRAY_GETTER, ctypes.c_size_t),
            ("g_value_init", ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t),
            ("g_value_get_boxed", ctypes.c_void_p, ctypes.c_void_p),
            ("g_value_unset", None, ctypes.c_void_p),
            ("g_object_get_property", None, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p),
            (
                "g_signal_connect_data",
                ctypes.c_ulong,
                ctypes.c_void_p,
                ctypes.c_char_p,
                _Rectangle,
                ctypes.c_void_p,
                ctypes.c_void_p,
                ctypes.c_int,
            ),
        ):
            function = getattr(self._object, name)
            function.restype, function.argtypes = result, arguments
        self._send: Any = None  # spice_record_channel_send_data
        self._callbacks: dict[int, Any] = {}  # what C code calls must not be collected
        self._tasks: deque[Callable[[], None]] = deque()
        self._lock = threading.Lock()
        self._asked = False

    def post(self, task: Callable[[], None]) -> None:
        """Run it soon on the library's thread, in the order posted. From any thread."""
        with self._lock:
            self._tasks.append(task)
            asked, self._asked = self._asked, True
        if not asked:
            # Before the pictures: a key must not wait for them.
            self.glib.idle_add(self._work, priority=self.glib.PRIORITY_HIGH)

    def _work(self) -> bool:
        with self._lock:
            tasks, self._tasks = self._tasks, deque()
            self._asked = False
        while tasks:
            task = tasks.popleft()
            try:
                task()
            except BaseException:
                with self._lock:  # our own mistake, reported by the binding; what came after it is still done
                    self._tasks.extendleft(reversed(tasks))
                    again, self._asked = bool(self._tasks) and not self._asked, True
                if again:
                    self.glib.idle_add(self._work, priority=self.glib.PRIORITY_HIGH)
                raise
        return False

    def after(self, seconds: float, task: Callable[[], None]) -> None:
        """Run it later on the library's thread."""

        def once() -> bool:
            task()
            return False

        self.glib.timeout_add(round(seconds * 1000), once)

    def when_idle(self, task: Callable[[], None]) -> None:
        """Run it on the library's thread once there is nothing else to do."""

        def once() -> bool:
            task()
            return False

        self.glib.idle_add(once, priority=self.glib.PRIORITY_LOW)

    def on(self, thing: Any, signal: str, handler: Callable[..., Any]) -> int:
        """Session and Channel have a `connect` of their own, which hides GObject's."""
        number: int = self.gobject.GObject.connect(thing, signal, handler)
        return number

    def on_rectangle(self, thing: Any, signal: str, handler: Callable[[int, int, int, int], None]) -> int:
        """The same for a signal that comes thousands of times a second: the binding takes five times as long."""
        callback = _Rectangle(lambda _, x, y, width, height, __: handler(x, y, width, height))
        number: int = self._object.g_signal_connect_data(_address(thing), signal.encode(), callback, None, None, 0)
        self._callbacks[number] = callback
        return number

    def off(self, thing: Any, number: int) -> None:
        self.gobject.GObject.disconnect(thing, number)
        if number in self._callbacks:
            self.when_idle(lambda: self._forget(number))  # it may be what runs right now

    def _forget(self, number: int) -> None:
        del self._callbacks[number]

    def say(self, channel: Any, data: bytes) -> None:
        """Into a record channel. The binding takes no bytes there."""
        if self._send is None:
            self._send = ctypes.CDLL("libspice-client-glib-2.0.so.8").spice_record_channel_send_data
            self._send.restype = None
            self._send.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint32)
        self._send(_address(channel), data, len(data), int(time.monotonic() * 1000) & 0xFFFFFFFF)

    def monitors(self, channel: Any) -> list[Monitor]:
        """A display channel's `monitors`, an array of structures, which the binding cannot read."""
        value = _GValue()
        reference = ctypes.byref(value)
        self._object.g_value_init(reference, getattr(self._object, _G_TYPE_ARRAY_GETTER)())
        self._object.g_object_get_property(_address(channel), b"monitors", reference)
        found: list[Monitor] = []
        if pointer := self._object.g_value_get_boxed(reference):
            array = _GArray.from_address(pointer)
            if array.data:
                size = ctypes.sizeof(_Monitor)
                for index in range(min(array.length, _MONITORS_MAX)):
                    one = _Monitor.from_address(array.data + index * size)
                    found.append(Monitor(one.id, one.x, one.y, one.width, one.height))
        self._object.g_value_unset(reference)
        return found


def _address(thing: Any) -> int:
    """Where a GObject lies. Its hash() is that in some versions of the binding and not in others."""
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)
    address: int = get(thing.__gpointer__, None)
    return address


_loaded: list[Library] = []
_loading = threading.Lock()


def load() -> Library:
    """VirtError if it is not installed."""
    with _loading:
        if not _loaded:
            with warnings.catch_warnings():  # PyGObject's importer is an old one
                warnings.simplefilter("ignore", ImportWarning)
                warnings.simplefilter("ignore", DeprecationWarning)
                _loaded.append(Library())
        return _loaded[0]


def load_aside() -> "concurrent.futures.Future[Library]":
    """The same in a thread of its own: the first time it reads files for some tens of milliseconds."""
    future: concurrent.futures.Future[Library] = concurrent.futures.Future()
    future.set_running_or_notify_cancel()
    if _loaded:
        future.set_result(_loaded[0])
        return future

    def run() -> None:
        try:
            future.set_result(load())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, name="spice library", daemon=True).start()
    return future
