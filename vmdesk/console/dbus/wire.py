"""The D-Bus wire format, as far as QEMU's display speaks it: values, message headers, and their limits. No sockets.

Little endian only: GLib sends in its host's order, and QEMU's display is never on another host than we are.
Every length that the other side names is checked before memory is taken or a loop runs.
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

CALL, RETURN, ERROR, SIGNAL = 1, 2, 3, 4
NO_REPLY = 1  # flag: the caller waits for no answer

FIXED = struct.Struct("<cBBBIII")  # byte order, type, flags, version, length of body, serial, length of fields
FIELDS_MAX = 16 << 10  # D-Bus allows 64 MiB; QEMU's are about 200 bytes
ARRAY_MAX = 64 << 20  # D-Bus's own limit
BODY_MAX = ARRAY_MAX + 4096
DEPTH_MAX = 16
UNIX_FDS_MAX = 4

# codes of header fields
_PATH, _INTERFACE, _MEMBER, _ERROR_NAME, _REPLY_SERIAL, _SIGNATURE, _UNIX_FDS = 1, 2, 3, 4, 5, 8, 9
_FIELD_TYPES = {
    _PATH: "o", _INTERFACE: "s", _MEMBER: "s", _ERROR_NAME: "s", _REPLY_SERIAL: "u", _SIGNATURE: "g", _UNIX_FDS: "u",
}  # fmt: skip
_NUMBERS = {
    "y": struct.Struct("<B"), "b": struct.Struct("<I"), "n": struct.Struct("<h"), "q": struct.Struct("<H"),
    "i": struct.Struct("<i"), "u": struct.Struct("<I"), "x": struct.Struct("<q"), "t": struct.Struct("<Q"),
    "d": struct.Struct("<d"), "h": struct.Struct("<I"),
}  # fmt: skip
_ALIGN = {"s": 4, "o": 4, "a": 4, "g": 1, "v": 1, "(": 8, "{": 8} | {code: s.size for code, s in _NUMBERS.items()}


class ProtocolError(Exception):
    """The other side sent what D-Bus or QEMU's display does not allow."""


@dataclass(frozen=True, slots=True)
class Fields:
    """The variable part of a message's header."""

    path: str = ""
    interface: str = ""
    member: str = ""
    error: str = ""
    signature: str = ""
    reply_serial: int = 0
    unix_fds: int = 0


@dataclass(frozen=True, slots=True)
class Header:
    """A message's header; its body of `length` bytes follows on the wire."""

    kind: int
    flags: int
    length: int
    serial: int
    fields: Fields


def aligned(position: int, boundary: int) -> int:
    return (position + boundary - 1) & ~(boundary - 1)


# ---------------------------------------------------------------- signatures


def complete_types(signature: str) -> list[str]:
    """ "ua{sv}" -> ["u", "a{sv}"]."""
    if len(signature) > 255:
        raise ProtocolError("signature too long")
    types, at = [], 0
    while at < len(signature):
        end = _type_end(signature, at, 0)
        types.append(signature[at:end])
        at = end
    return types


def _type_end(signature: str, at: int, depth: int) -> int:
    code = signature[at : at + 1]
    if depth > DEPTH_MAX:
        raise ProtocolError("types nested too deep")
    if code == "a":
        return _type_end(signature, at + 1, depth + 1)
    if code in ("(", "{"):
        close, members = (")", 0) if code == "(" else ("}", 0)
        at += 1
        while signature[at : at + 1] != close:
            at = _type_end(signature, at, depth + 1)
            members += 1
        if not members or (code == "{" and members != 2):
            raise ProtocolError(f"signature {signature!r}")
        return at + 1
    if code and code in _ALIGN:
        return at + 1
    raise ProtocolError(f"signature {signature!r}")


# ---------------------------------------------------------------- reading


class _Reader:
    def __init__(self, data: bytes | bytearray | memoryview) -> None:
        self.data = memoryview(data)
        self.at = 0

    def align(self, boundary: int) -> None:
        self.at = aligned(self.at, boundary)

    def take(self, count: int) -> memoryview:
        part = self.data[self.at : self.at + count]
        if len(part) != count:
            raise ProtocolError("a value goes beyond its message")
        self.at += count
        return part

    def number(self, code: str) -> int | float:
        packed = _NUMBERS[code]
        self.align(packed.size)
        value: int | float = packed.unpack(self.take(packed.size))[0]
        return value

    def length(self) -> int:
        return int(self.number("u"))

    def text(self, length: int) -> str:
        raw = bytes(self.take(length + 1))
        if raw[-1] or 0 in raw[:-1]:
            raise ProtocolError("a text with a zero in it, or none at its end")
        try:
            return raw[:-1].decode()
        except UnicodeDecodeError as error:
            raise ProtocolError(f"a text that is not UTF-8: {error}") from error

    def value(self, kind: str, depth: int) -> Any:
        """One value of the complete type `kind`. Dictionaries become dict, structs tuple, "ay" bytes."""
        if depth > DEPTH_MAX:
            raise ProtocolError("values nested too deep")
        code = kind[0]
        if code in _NUMBERS:
            number = self.number(code)
            return bool(number) if code == "b" else number
        if code in "so":
            return self.text(self.length())
        if code == "g":
            return self.text(self.take(1)[0])
        if code == "v":
            inner = complete_types(self.text(self.take(1)[0]))
            if len(inner) != 1:
                raise ProtocolError("a variant holds one value")
            return self.value(inner[0], depth + 1)
        if code == "a":
            return self._array(kind[1:], depth)
        self.align(8)
        return tuple(self.value(member, depth + 1) for member in complete_types(kind[1:-1]))

    def _array(self, element: str, depth: int) -> Any:
        length = self.length()
        self.align(_ALIGN[element[0]])
        end = self.at + length
        if length > ARRAY_MAX or end > len(self.data):
            raise ProtocolError("an array goes beyond its message")
        if element == "y":
            return bytes(self.take(length))
        items = []
        while self.at < end:
            items.append(self.value(element, depth + 1))
        if self.at != end:
            raise ProtocolError("an array's last value goes beyond it")
        if element[0] != "{":
            return items
        try:
            return dict(items)
        except TypeError as error:
            raise ProtocolError("a dictionary's key is no plain value") from error


def decode(signature: str, data: bytes | bytearray | memoryview) -> tuple[Any, ...]:
    """The values of a message's body."""
    reader = _Reader(data)
    return tuple(reader.value(kind, 0) for kind in complete_types(signature))


def parse_fixed(data: bytes | bytearray | memoryview) -> tuple[int, int, int, int, int]:
    """The first 16 bytes of a message: (kind, flags, length of body, serial, length of fields)."""
    order, kind, flags, version, length, serial, fields = FIXED.unpack(data)
    if order != b"l" or version != 1:
        raise ProtocolError("not a D-Bus message of this machine")
    if not CALL <= kind <= SIGNAL or not serial:
        raise ProtocolError(f"message of kind {kind}, serial {serial}")
    if fields > FIELDS_MAX or length > BODY_MAX:
        raise ProtocolError(f"message too long: {fields} + {length} bytes")
    return kind, flags, length, serial, fields


def parse_fields(data: bytes | bytearray | memoryview, kind: int) -> Fields:
    """The fields of a message's header, without the padding after them; what we do not use is passed over."""
    reader = _Reader(data)
    found: dict[int, Any] = {}
    while reader.at < len(reader.data):
        reader.align(8)
        code = reader.take(1)[0]
        wanted = _FIELD_TYPES.get(code)
        signature = reader.text(reader.take(1)[0])
        if wanted and signature != wanted:
            raise ProtocolError(f"header field {code} of type {signature!r}")
        types = complete_types(signature)
        if len(types) != 1:
            raise ProtocolError("a header field holds one value")
        value = reader.value(types[0], 1)
        if wanted:
            found[code] = value
    fields = Fields(
        found.get(_PATH, ""), found.get(_INTERFACE, ""), found.get(_MEMBER, ""), found.get(_ERROR_NAME, ""),
        found.get(_SIGNATURE, ""), found.get(_REPLY_SERIAL, 0), found.get(_UNIX_FDS, 0),
    )  # fmt: skip
    if fields.unix_fds > UNIX_FDS_MAX:
        raise ProtocolError(f"{fields.unix_fds} files with one message")
    needed = {
        CALL: fields.path and fields.member,
        RETURN: fields.reply_serial,
        ERROR: fields.reply_serial and fields.error,
        SIGNAL: fields.path and fields.member and fields.interface,
    }
    if not needed[kind]:
        raise ProtocolError("a header lacks a field")
    return fields


# ---------------------------------------------------------------- writing


def _put(out: bytearray, kind: str, value: Any) -> None:
    code = kind[0]
    if code == "v":  # written as (signature, value)
        signature, inner = value
        _put(out, "g", signature)
        _put(out, signature, inner)
        return
    out += bytes(aligned(len(out), _ALIGN[code]) - len(out))
    if code in _NUMBERS:
        out += _NUMBERS[code].pack(value)
    elif code in "so":
        raw = value.encode()
        out += _NUMBERS["u"].pack(len(raw)) + raw + b"\0"
    elif code == "g":
        out += bytes([len(value)]) + value.encode() + b"\0"
    elif code == "a":
        _put_array(out, kind[1:], value)
    else:
        for member, part in zip(complete_types(kind[1:-1]), value, strict=True):
            _put(out, member, part)


def _put_array(out: bytearray, element: str, value: Any) -> None:
    start = len(out)
    out += bytes(4)
    out += bytes(aligned(len(out), _ALIGN[element[0]]) - len(out))
    first = len(out)
    if element == "y":
        out += value
    else:
        items: Iterable[Any] = value.items() if isinstance(value, dict) else value
        for item in items:
            _put(out, element, item)
    _NUMBERS["u"].pack_into(out, start, len(out) - first)


def encode(signature: str, values: Sequence[Any]) -> bytes:
    """A message's body. A variant is given as (signature, value)."""
    out = bytearray()
    for kind, value in zip(complete_types(signature), values, strict=True):
        _put(out, kind, value)
    return bytes(out)


def _message(kind: int, flags: int, serial: int, fields: Iterable[tuple[int, Any]], body: bytes) -> bytes:
    out = bytearray(FIXED.pack(b"l", kind, flags, 1, len(body), serial, 0))
    for code, value in fields:
        out += bytes(aligned(len(out), 8) - len(out))
        out += bytes([code])
        _put(out, "v", (_FIELD_TYPES[code], value))
    struct.pack_into("<I", out, 12, len(out) - FIXED.size)
    out += bytes(aligned(len(out), 8) - len(out))
    return bytes(out + body)


def call(
    serial: int,
    path: str,
    interface: str,
    member: str,
    signature: str = "",
    values: Sequence[Any] = (),
    *,
    fds: int = 0,
    reply: bool = True,
) -> bytes:
    """A method call as it goes on the wire."""
    fields: list[tuple[int, Any]] = [(_PATH, path), (_INTERFACE, interface), (_MEMBER, member)]
    if signature:
        fields.append((_SIGNATURE, signature))
    if fds:
        fields.append((_UNIX_FDS, fds))
    return _message(CALL, 0 if reply else NO_REPLY, serial, fields, encode(signature, values))


def signal(serial: int, path: str, interface: str, member: str, signature: str, values: Sequence[Any]) -> bytes:
    fields = [(_PATH, path), (_INTERFACE, interface), (_MEMBER, member), (_SIGNATURE, signature)]
    return _message(SIGNAL, NO_REPLY, serial, fields, encode(signature, values))


def reply(serial: int, to: int, signature: str = "", values: Sequence[Any] = ()) -> bytes:
    fields: list[tuple[int, Any]] = [(_REPLY_SERIAL, to)]
    if signature:
        fields.append((_SIGNATURE, signature))
    return _message(RETURN, NO_REPLY, serial, fields, encode(signature, values))


def error(serial: int, to: int, name: str, words: str) -> bytes:
    fields = [(_ERROR_NAME, name), (_REPLY_SERIAL, to), (_SIGNATURE, "s")]
    return _message(ERROR, NO_REPLY, serial, fields, encode("s", [words]))
