"""org.qemu.Display1.Listener: what QEMU tells of one monitor becomes surfaces, damage and cursor.

Pictures come in two ways. Copied: the pixels are the message's last value and are received straight into the frame
buffer. Shared (QEMU 9.2 and later): QEMU passes the file of its own frame buffer and then only names what changed.
What changed is copied from there (memory.py).
"""

import fcntl
import os
import stat
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from vmdesk.console.dbus import wire, words
from vmdesk.console.dbus.link import Link
from vmdesk.console.dbus.memory import Memory, can_map
from vmdesk.console.dbus.pixels import FORMATS, Format, to_bgrx
from vmdesk.console.dbus.wire import ProtocolError
from vmdesk.console.screen import Cursor, Rect, Surface, size_allowed
from vmdesk.model.text import Text

PATH = "/org/qemu/Display1/Listener"
LISTENER = "org.qemu.Display1.Listener"
MAP = "org.qemu.Display1.Listener.Unix.Map"
_CURSOR_MAX = 512  # pixels a side
_PADDING_MAX = 4096  # bytes between two rows


class CannotShow(Exception):
    """The picture comes in a way that we cannot show; why."""

    def __init__(self, why: Text) -> None:
        super().__init__(str(why))
        self.why = why


class Screen(Protocol):
    """The part of screen.Listener that pictures concern."""

    def surface(self, surface: Surface) -> None: ...
    def damage(self, rect: Rect) -> None: ...
    def cursor(self, cursor: Cursor | None) -> None: ...


@dataclass(frozen=True, slots=True)
class _Shared:
    """QEMU's frame buffer, and how the picture lies there."""

    memory: Memory
    stride: int
    form: Format


class Frames:
    """One monitor's pictures, over one connection after the other: what was shown stays until there is newer."""

    def __init__(self, screen: Screen, *, shared: bool = True) -> None:
        """`shared`: offer QEMU to pass its frame buffer."""
        self._screen = screen
        self._interfaces = [MAP] if shared and can_map() else []
        self._shared: _Shared | None = None
        self.surface: Surface | None = None
        self._cursor: Cursor | None = None
        self._cursor_shown = False

    def attach(self, link: Link) -> None:
        """Read from this connection from now on."""
        self.close()
        self._link = link
        self._fresh = True  # no picture yet over this connection

    def handle(self, header: wire.Header) -> None:
        """One message whose body is still on the wire. ProtocolError, CannotShow."""
        if header.kind != wire.CALL:
            return
        fields = header.fields
        found = _METHODS.get((fields.interface, fields.member, fields.signature))
        if found is None:
            serve(self._link, header, {LISTENER: self._interfaces})
            return
        arguments, method = found
        if self._link.left < arguments.size:
            raise ProtocolError(f"{fields.member} is too short")
        method(self, header, *arguments.unpack(self._link.read(arguments.size)))

    def close(self) -> None:
        """Let go of QEMU's memory. The surface stays."""
        if self._shared:
            self._shared.memory.close()
            self._shared = None

    # ---------------------------------------------------------------- copied

    def _scanout(self, header: wire.Header, width: int, height: int, stride: int, form: int, size: int) -> None:
        shape = _shape(width, height, stride, form)
        if size != stride * height or size != self._link.left:
            raise ProtocolError(f"Scanout of {width}x{height}, {stride} bytes a row, with {size} bytes")
        self.close()
        surface, new = self._surface_for(width, height, stride, shape)
        if shape.raw:
            surface.data[:] = to_bgrx(shape, width, height, stride, self._link.read(size))
        else:
            self._link.read_into(surface.data[:size])
        self._link.answer(header)
        self._show(surface, new, Rect(0, 0, width, height))

    def _update(
        self, header: wire.Header, x: int, y: int, width: int, height: int, stride: int, form: int, size: int
    ) -> None:
        rect = Rect(x, y, width, height)
        surface = self._target(rect)
        if surface is None or self._fresh or self._shared:
            self._link.answer(header)  # of the picture before this one: passed over
            return
        shape = _shape(width, height, stride, form)
        if size != stride * height or size != self._link.left:
            raise ProtocolError(f"Update of {width}x{height}, {stride} bytes a row, with {size} bytes")
        first = y * surface.stride + x * 4
        if not shape.raw and stride == surface.stride and width == surface.width:
            self._link.read_into(surface.data[first : first + size])
        elif not shape.raw and stride == width * 4:
            self._link.read_rows(_rows(surface, rect))
        else:
            _put(surface, rect, to_bgrx(shape, width, height, stride, self._link.read(size)))
        self._link.answer(header)
        self._screen.damage(rect)

    # ---------------------------------------------------------------- shared

    def _scanout_map(
        self, header: wire.Header, handle: int, offset: int, width: int, height: int, stride: int, form: int
    ) -> None:
        # QEMU stands still until it is answered; after an error it copies instead.
        fd = self._link.take_fd(handle)
        try:
            shape = _shape(width, height, stride, form)
            _check_file(fd, offset + stride * height)
            memory = Memory(fd, offset, stride * height)
        except (ProtocolError, CannotShow, OSError) as error:
            os.close(fd)
            self._link.refuse(header, str(error))
            return
        self._link.answer(header)
        self.close()
        shared = self._shared = _Shared(memory, stride, shape)
        surface, new = self._surface_for(width, height, stride, shape)
        everything = Rect(0, 0, width, height)
        self._fetch(shared, surface, everything)
        self._show(surface, new, everything)

    def _update_map(self, header: wire.Header, x: int, y: int, width: int, height: int) -> None:
        self._link.answer(header)
        rect = Rect(x, y, width, height)
        surface, shared = self._target(rect), self._shared
        if surface and shared:
            self._fetch(shared, surface, rect)
            self._screen.damage(rect)

    def _fetch(self, shared: _Shared, surface: Surface, rect: Rect) -> None:
        """Copy what changed. Whole rows at once where no conversion is needed: one call is cheaper than many."""
        start, size = rect.y * shared.stride, rect.height * shared.stride
        if shared.form.raw:
            rows = memoryview(bytearray(size))
        else:
            first = rect.y * surface.stride
            rows = surface.data[first : first + size]
        if not shared.memory.copy(start, rows):
            raise ProtocolError("QEMU's shared memory was shortened")
        if shared.form.raw:
            pixels = to_bgrx(shared.form, surface.width, rect.height, shared.stride, rows)
            _put(surface, Rect(0, rect.y, surface.width, rect.height), pixels)

    # ---------------------------------------------------------------- the rest

    def _dmabuf(self, header: wire.Header, *_: Any) -> None:
        self._link.answer(header)  # always: QEMU lets the guest draw nothing more until it has its answer
        raise CannotShow(words.graphics_memory())

    def _disable(self, header: wire.Header) -> None:
        self._link.answer(header)
        self.close()
        if self.surface:
            self.surface.data[:] = bytes(len(self.surface.data))
            self._screen.damage(Rect(0, 0, self.surface.width, self.surface.height))

    def _mouse_set(self, header: wire.Header, _x: int, _y: int, shown: int) -> None:
        self._link.answer(header)
        self._show_cursor(bool(shown))

    def _cursor_define(self, header: wire.Header, width: int, height: int, hot_x: int, hot_y: int, size: int) -> None:
        if size != self._link.left:
            raise ProtocolError("CursorDefine of a wrong length")
        if not (0 < width <= _CURSOR_MAX and 0 < height <= _CURSOR_MAX) or size != width * height * 4:
            raise ProtocolError(f"a cursor of {width}x{height} pixels in {size} bytes")
        pixels = bytes(self._link.read(size))
        self._link.answer(header)
        hot_x, hot_y = min(max(hot_x, 0), width - 1), min(max(hot_y, 0), height - 1)
        self._cursor = Cursor(width, height, hot_x, hot_y, pixels)
        self._cursor_shown = False  # a new shape is told, even where one is shown already
        self._show_cursor(True)

    def _show_cursor(self, shown: bool) -> None:
        if shown and self._cursor and not self._cursor_shown:
            self._cursor_shown = True
            self._screen.cursor(self._cursor)
        elif not shown and self._cursor_shown:
            self._cursor_shown = False
            self._screen.cursor(None)

    def _surface_for(self, width: int, height: int, stride: int, shape: Format) -> tuple[Surface, bool]:
        """A surface for such a picture, and whether it is a new one."""
        ours = width * 4 if shape.raw else stride
        old = self.surface
        if old and not old.released and (old.width, old.height, old.stride) == (width, height, ours):
            return old, False
        generation = old.generation + 1 if old else 0
        return Surface(width, height, ours, memoryview(bytearray(ours * height)), generation), True

    def _show(self, surface: Surface, new: bool, rect: Rect) -> None:
        self._fresh = False
        self.surface = surface
        if new:
            self._screen.surface(surface)
        else:
            self._screen.damage(rect)

    def _target(self, rect: Rect) -> Surface | None:
        """The surface, if this lies on it. It may not: what QEMU sent before the guest changed its resolution."""
        surface = self.surface
        if surface is None or rect.empty or rect.clipped(surface.width, surface.height) != rect:
            return None
        return surface


_METHODS: dict[tuple[str, str, str], tuple[struct.Struct, Callable[..., None]]] = {
    (LISTENER, "Scanout", "uuuuay"): (struct.Struct("<5I"), Frames._scanout),
    (LISTENER, "Update", "iiiiuuay"): (struct.Struct("<4i3I"), Frames._update),
    (LISTENER, "ScanoutDMABUF", "huuuutb"): (struct.Struct("<5I4xQI"), Frames._dmabuf),
    (LISTENER, "UpdateDMABUF", "iiii"): (struct.Struct("<4i"), Frames._dmabuf),
    (LISTENER, "Disable", ""): (struct.Struct("<"), Frames._disable),
    (LISTENER, "MouseSet", "iii"): (struct.Struct("<3i"), Frames._mouse_set),
    (LISTENER, "CursorDefine", "iiiiay"): (struct.Struct("<4iI"), Frames._cursor_define),
    (MAP, "ScanoutMap", "huuuuu"): (struct.Struct("<6I"), Frames._scanout_map),
    (MAP, "UpdateMap", "iiii"): (struct.Struct("<4i"), Frames._update_map),
}


def _shape(width: int, height: int, stride: int, form: int) -> Format:
    """The format of a picture, once all its sizes are sane. CannotShow, ProtocolError."""
    known = FORMATS.get(form)
    if known is None:
        raise CannotShow(words.format_unknown(form))
    if not size_allowed(width, height):
        raise CannotShow(words.size_refused(width, height))
    if not width * known.size <= stride <= width * known.size + _PADDING_MAX:
        raise ProtocolError(f"{stride} bytes a row of {width} pixels of {known.name}")
    return known


def _rows(surface: Surface, rect: Rect) -> list[memoryview]:
    data, length = surface.data, rect.width * 4
    first = rect.y * surface.stride + rect.x * 4
    last = first + rect.height * surface.stride
    return [data[at : at + length] for at in range(first, last, surface.stride)]


def _put(surface: Surface, rect: Rect, pixels: bytes) -> None:
    """Copy a picture without padding to its place."""
    if rect.x == 0 and rect.width * 4 == surface.stride:
        surface.data[rect.y * surface.stride : (rect.y + rect.height) * surface.stride] = pixels
        return
    length = rect.width * 4
    for number, row in enumerate(_rows(surface, rect)):
        row[:] = pixels[number * length : (number + 1) * length]


def _check_file(fd: int, size: int) -> None:
    """Whether the file is shared memory and large enough: reading anything else might block, or have effects."""
    try:
        fcntl.fcntl(fd, fcntl.F_GET_SEALS)  # only files of shared memory have seals
    except OSError as error:
        raise ProtocolError("QEMU passed a file that is not shared memory") from error
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode) or status.st_size < size:
        raise ProtocolError(f"QEMU's shared memory has {status.st_size} bytes, its picture needs {size}")


def serve(link: Link, header: wire.Header, interfaces: dict[str, Sequence[str]]) -> None:
    """Answer a call that every D-Bus object understands; refuse any other.

    interfaces  the property "Interfaces" of each interface that has it
    """
    fields = header.fields
    if (fields.interface, fields.signature) == ("org.freedesktop.DBus.Properties", "s") and fields.member == "GetAll":
        (name,) = wire.decode("s", link.rest(4096))
        values = {"Interfaces": ("as", interfaces[name])} if name in interfaces else {}
        link.answer(header, "a{sv}", [values])
    elif (fields.interface, fields.member) == ("org.freedesktop.DBus.Properties", "Get") and fields.signature == "ss":
        name, key = wire.decode("ss", link.rest(4096))
        if key == "Interfaces" and name in interfaces:
            link.answer(header, "v", [("as", interfaces[name])])
        else:
            link.refuse(header, f"no property {key}", "org.freedesktop.DBus.Error.UnknownProperty")
    elif (fields.interface, fields.member) == ("org.freedesktop.DBus.Peer", "Ping"):
        link.answer(header)
    else:
        link.refuse(header, f"no method {fields.member}", "org.freedesktop.DBus.Error.UnknownMethod")
