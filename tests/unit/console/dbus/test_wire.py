"""The wire format: against GLib's own, and against whatever bytes come."""

import random
import string
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from vmdesk.console.dbus import wire
from vmdesk.console.dbus.wire import ProtocolError

BASIC = "ybnqiuxtdsog"
RANGES = {"y": (0, 255), "n": (-(2**15), 2**15 - 1), "q": (0, 2**16 - 1), "i": (-(2**31), 2**31 - 1),
          "u": (0, 2**32 - 1), "x": (-(2**63), 2**63 - 1), "t": (0, 2**64 - 1)}  # fmt: skip


def some_type(depth: int = 0) -> str:
    kind = random.choice(BASIC + ("aav(" if depth < 3 else ""))
    if kind == "a":
        if random.random() < 0.4:
            return "a{" + random.choice("ysu") + some_type(depth + 1) + "}"
        return "a" + some_type(depth + 1)
    if kind == "(":
        return "(" + "".join(some_type(depth + 1) for _ in range(random.randint(1, 3))) + ")"
    return kind


def some_value(kind: str) -> Any:
    code = kind[0]
    if code in RANGES:
        return random.randint(*RANGES[code])
    if code == "b":
        return random.random() < 0.5
    if code == "d":
        return random.uniform(-1e9, 1e9)
    if code == "s":
        return "".join(random.choices(string.printable + "äộ漢😀", k=random.randint(0, 9)))
    if code == "o":
        return "/org/qemu/" + "".join(random.choices(string.ascii_letters, k=random.randint(1, 9)))
    if code == "g":
        return random.choice(["", "a{sv}", "uuuuay"])
    if code == "v":
        inner = some_type(3)
        return (inner, some_value(inner))
    if kind == "ay":
        return random.randbytes(random.randint(0, 20))
    if kind[:2] == "a{":
        key, value = wire.complete_types(kind[2:-1])
        return {some_value(key): some_value(value) for _ in range(random.randint(0, 3))}
    if code == "a":
        return [some_value(kind[1:]) for _ in range(random.randint(0, 3))]
    return tuple(some_value(member) for member in wire.complete_types(kind[1:-1]))


def plain(kind: str, value: Any) -> Any:
    """What decoding gives: variants without their type."""
    if kind == "v":
        return plain(*value)
    if kind[:2] == "a{":
        _, inner = wire.complete_types(kind[2:-1])
        return {key: plain(inner, item) for key, item in value.items()}
    if kind[0] == "a" and kind != "ay":
        return [plain(kind[1:], item) for item in value]
    if kind[0] == "(":
        return tuple(plain(member, part) for member, part in zip(wire.complete_types(kind[1:-1]), value))
    return value


def variant(glib: Any, kind: str, value: Any) -> Any:
    """The value as GLib builds it."""
    if kind == "v":
        return glib.Variant.new_variant(variant(glib, *value))
    if kind[:2] == "a{":
        key, inner = wire.complete_types(kind[2:-1])
        builder = glib.VariantBuilder.new(glib.VariantType.new(kind))
        for name, item in value.items():
            builder.add_value(glib.Variant.new_dict_entry(variant(glib, key, name), variant(glib, inner, item)))
        return builder.end()
    if kind[0] in "a(":
        kinds = [kind[1:]] * len(value) if kind[0] == "a" else wire.complete_types(kind[1:-1])
        builder = glib.VariantBuilder.new(glib.VariantType.new(kind))
        for member, item in zip(kinds, value):
            builder.add_value(variant(glib, member, item))
        return builder.end()
    return glib.Variant(kind, value)


def test_messages_are_what_glib_makes_of_them(reps: Callable[[int], int]) -> None:
    pytest.importorskip("gi")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ImportWarning)  # the system's PyGObject loads its modules in an old way
        from gi.repository import Gio, GLib

    for _ in range(reps(2000)):
        kinds = [some_type() for _ in range(random.randint(1, 4))]
        values = [some_value(kind) for kind in kinds]
        signature = "".join(kinds)
        if len(signature) > 255:
            continue
        ours = wire.call(7, "/org/qemu/x", "org.qemu.I", "Do", signature, values)
        theirs = Gio.DBusMessage.new_method_call(None, "/org/qemu/x", "org.qemu.I", "Do")
        theirs.set_serial(7)
        theirs.set_byte_order(Gio.DBusMessageByteOrder.LITTLE_ENDIAN)
        theirs.set_body(variant(GLib, f"({signature})", tuple(values)))
        blob = bytes(theirs.to_blob(Gio.DBusCapabilityFlags.UNIX_FD_PASSING))
        _, _, length, serial, size = wire.parse_fixed(blob[:16])
        fields = wire.parse_fields(blob[16 : 16 + size], wire.CALL)
        assert (serial, fields.path, fields.interface, fields.member, fields.signature) == (
            7, "/org/qemu/x", "org.qemu.I", "Do", signature,
        )  # fmt: skip
        expected = tuple(plain(kind, value) for kind, value in zip(kinds, values))
        assert wire.decode(signature, blob[len(blob) - length :]) == expected
        assert ours[len(ours) - wire.parse_fixed(ours[:16])[2] :] == blob[len(blob) - length :]
        read = Gio.DBusMessage.new_from_blob(ours, Gio.DBusCapabilityFlags.UNIX_FD_PASSING)
        assert read.get_signature() == signature
        assert read.get_member() == "Do"


@pytest.mark.parametrize(
    "header",
    [
        b"B" + bytes(15),  # big endian
        b"l\x01\x00\x02" + bytes(12),  # version 2
        wire.FIXED.pack(b"l", 5, 0, 1, 0, 1, 0),  # no such kind
        wire.FIXED.pack(b"l", 1, 0, 1, 0, 0, 0),  # serial 0
        wire.FIXED.pack(b"l", 1, 0, 1, wire.BODY_MAX + 1, 1, 0),
        wire.FIXED.pack(b"l", 1, 0, 1, 0, 1, wire.FIELDS_MAX + 1),
    ],
)
def test_bad_beginning(header: bytes) -> None:
    with pytest.raises(ProtocolError):
        wire.parse_fixed(header)


@pytest.mark.parametrize("signature", ["a", "(", "()", "{sv}x{", "a{s}", "a{sss}", "z", "a" * 30 + "y", "y" * 256])
def test_bad_signature(signature: str) -> None:
    with pytest.raises(ProtocolError):
        wire.complete_types(signature) and wire.decode(signature, bytes(64))


@pytest.mark.parametrize(
    ("signature", "data"),
    [
        ("s", b"\xff\xff\xff\xff"),
        ("s", b"\x01\0\0\0ab"),  # no zero at the end
        ("s", b"\x02\0\0\0\xff\xfe\0"),  # not UTF-8
        ("ay", b"\xff\xff\xff\x7f"),
        ("au", b"\x03\0\0\0" + bytes(8)),  # not a multiple of 4
        ("u", b"\0\0\0"),
        ("v", b"\x02uu\0" + bytes(8)),
        ("a{av}", bytes(4)),
    ],
)
def test_bad_values(signature: str, data: bytes) -> None:
    if signature == "a{av}":
        with pytest.raises(ProtocolError):
            wire.decode("a{ayay}", b"\x10\0\0\0" + bytes(4) + bytes(16)) and wire.decode(signature, data)
        return
    with pytest.raises(ProtocolError):
        wire.decode(signature, data)


def test_variants_in_variants_end() -> None:
    with pytest.raises(ProtocolError):
        wire.decode("v", b"\x01v\0" * 50 + b"\x01y\0\0")


def test_mutated_bodies_are_read_or_refused(reps: Callable[[int], int]) -> None:
    """A million at full scale."""
    samples = []
    for _ in range(50):
        signature = "".join(some_type() for _ in range(3))
        if len(signature) < 256:
            values = [some_value(kind) for kind in wire.complete_types(signature)]
            samples.append((signature, wire.call(1, "/a", "b.c", "D", signature, values)))
    for _ in range(reps(1_000_000)):
        signature, message = random.choice(samples)
        data = bytearray(message)
        for _ in range(random.randint(1, 4)):
            data[random.randrange(len(data))] = random.choice((0, 1, 0x7F, 0x80, 0xFF, random.randrange(256)))
        try:
            kind, _, length, _, size = wire.parse_fixed(data[:16])
            fields = wire.parse_fields(data[16 : 16 + size], kind)
            wire.decode(fields.signature or signature, data[len(data) - min(length, len(data)) :])
        except ProtocolError:
            pass
