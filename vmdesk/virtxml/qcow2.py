"""The head of a qcow2 file: how large it is for the guest, and what it stands on. Nothing is guessed."""

import json
import struct
from dataclasses import dataclass
from typing import Any

HEAD = 65536  # bytes that hold the header, its extensions and the backing file's name
_MAGIC = b"QFI\xfb"
_BACKING_FORMAT = 0xE2792ACA
_LONGEST = 1023  # of a backing file's name, by the format's definition


class NotQcow2(ValueError):
    """It does not begin as such a file begins, or its head is damaged."""


@dataclass(frozen=True, slots=True)
class Head:
    """`backing`: a path or an address, "" for none: perhaps relative to the file's own folder."""

    version: int
    capacity: int
    backing: str = ""
    backing_format: str = ""
    data_file: bool = False


def parse(data: bytes) -> Head:
    """Of the first bytes of a file that somebody says is qcow2. Raises NotQcow2."""
    if len(data) < 72 or data[:4] != _MAGIC:
        raise NotQcow2
    version, offset, length = struct.unpack_from(">IQI", data, 4)
    (capacity,) = struct.unpack_from(">Q", data, 24)
    if version not in (2, 3) or length > _LONGEST or (length and offset + length > len(data)):
        raise NotQcow2
    end, incompatible = 72, 0
    if version == 3 and len(data) >= 104:
        (incompatible,) = struct.unpack_from(">Q", data, 72)
        (end,) = struct.unpack_from(">I", data, 100)
    backing = data[offset : offset + length].decode("utf-8", "surrogateescape") if length else ""
    return Head(version, capacity, *backing_file(backing, _backing_format(data, end)), bool(incompatible & 4))


def backing_file(name: str, kind: str = "") -> tuple[str, str]:
    """The file below, and its format, by the name that QEMU wrote for it: a path, file:PATH or json:{...}.

    libvirt tells such a name as it is, and says that the format is raw because it does not find the file. Of a name
    that is no file of the host, nothing is changed.
    """
    path, driver = name, ""
    if name.startswith("json:"):
        try:
            node = json.loads(name.removeprefix("json:"))
        except ValueError:
            return name, kind
        path, driver = _file_of(node), _driver(node)
    if path == name and not name.startswith("file:"):
        return name, kind
    path = path.removeprefix("file:")
    return (f"/{path.lstrip('/')}", driver) if path.startswith("/") else (name, kind)


def _file_of(node: Any) -> str:
    """The name of the file at the bottom of a tree of QEMU's block nodes, its keys nested or with dots; "" for none."""
    if not isinstance(node, dict):
        return ""
    for key, value in node.items():
        last = str(key).rpartition(".")[2]
        if last == "filename" and isinstance(value, str):
            return value
        if last == "file" and isinstance(value, dict) and (found := _file_of(value)):
            return found
    return ""


def _driver(node: Any) -> str:
    """What the uppermost node reads; "" where it is not said to be more than the file itself."""
    driver = node.get("driver") if isinstance(node, dict) else ""
    return driver if isinstance(driver, str) and driver not in ("file", "host_device") else ""


def _backing_format(data: bytes, at: int) -> str:
    while at + 8 <= len(data):
        kind, length = struct.unpack_from(">II", data, at)
        if not kind:
            break
        if kind == _BACKING_FORMAT:
            return data[at + 8 : at + 8 + length].decode("ascii", "replace")
        at += 8 + (length + 7) // 8 * 8
    return ""
