"""What a CD image says of itself: the fields of its ISO 9660 descriptor and two small files that installers leave.

Only what is asked for is read, by position: the image may lie in a pool of another computer. Every length in it is
somebody else's number and is bounded.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pycdlib

from vmdesk.media.image import opened, shown
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import text

Read = Callable[[int, int], bytes]  # offset, length -> at most so many bytes

SECTOR = 2048
_FIRST = 16  # the sector of the first descriptor
_DESCRIPTORS = 32  # more than any disc has
_FOLDER = 1 << 20  # bytes of one folder's list
_FILE = 64 << 10
_INFO = ".disk/info"


@dataclass(frozen=True, slots=True)
class Disc:
    """The descriptor's texts, without the padding. `info` is .disk/info (Debian and its children), "" if there is none.

    size  bytes that the file system says it has
    """

    volume: str = ""
    system: str = ""
    publisher: str = ""
    application: str = ""
    size: int = 0
    info: str = ""


def read_file(path: str) -> Disc | None:
    """The disc in the file `path`; None if it is no CD image. VirtError if it cannot be read."""
    with opened(path) as file:

        def read(offset: int, length: int) -> bytes:
            file.seek(offset)
            return file.read(length)

        return read_disc(read)


def read_disc(read: Read) -> Disc | None:
    """The disc behind `read`; None if it is no CD image."""
    primary, joliet = b"", b""
    for number in range(_FIRST, _FIRST + _DESCRIPTORS):
        block = read(number * SECTOR, SECTOR)
        if len(block) < SECTOR or block[1:6] != b"CD001" or block[0] == 255:
            break
        if block[0] == 1 and not primary:
            primary = block
        elif block[0] == 2 and block[88:91] in (b"%/@", b"%/C", b"%/E"):
            joliet = block
    if not primary:
        return None
    tree = _Tree(read, joliet or primary, bool(joliet))
    return Disc(
        volume=_text(primary[40:72]),
        system=_text(primary[8:40]),
        publisher=_text(primary[318:446]),
        application=_text(primary[574:702]),
        size=int(struct.unpack_from("<I", primary, 80)[0]) * SECTOR,
        info=tree.file(_INFO).decode("utf-8", "replace").strip(),
    )


def extract(path: str, inner: str, target: Path) -> None:
    """Save the file `inner` ("install.amd/vmlinuz") of the CD image at `path` as the new file `target`. VirtError."""
    iso = pycdlib.PyCdlib()
    try:
        iso.open(path)
        try:
            kinds = {"rr_path": iso.has_rock_ridge(), "joliet_path": iso.has_joliet()}
            kind = next((name for name, there in kinds.items() if there), "iso_path")
            with open(target, "xb") as file:
                iso.get_file_from_iso_fp(file, **{kind: f"/{inner.lstrip('/')}"})
        finally:
            iso.close()
    except (pycdlib.pycdlibexception.PyCdlibException, OSError, struct.error, IndexError) as error:
        raise VirtError(
            Problem(
                text("{path} has no {file} that could be read.", path=shown(path), file=inner),
                None,
                text("Install it by hand: leave the answers out."),
                details=str(error),
                name="extract",
            )
        ) from None


class _Tree:
    """The files of a disc, by their names in Joliet, else in Rock Ridge, else in plain ISO 9660."""

    def __init__(self, read: Read, descriptor: bytes, joliet: bool) -> None:
        self._read, self._joliet = read, joliet
        self._root = descriptor[156:190]

    def file(self, path: str) -> bytes:
        """The beginning of a file; b"" if there is none."""
        record = self._root
        for name in path.split("/"):
            found = next((one for one in self._records(record) if self._name(one) == name), None)
            if found is None:
                return b""
            record = found
        if record[25] & 2:  # a folder
            return b""
        start, length = self._place(record)
        return self._read(start, min(length, _FILE))

    def _records(self, folder: bytes) -> Iterator[bytes]:
        start, length = self._place(folder)
        data = self._read(start, min(length, _FOLDER))
        at = 0
        while at < len(data):
            size = data[at]
            if size == 0:  # a record does not cross a sector's end
                at = (at // SECTOR + 1) * SECTOR
                continue
            record = data[at : at + size]
            if size >= 34 and len(record) == size:
                yield record
            at += size

    def _name(self, record: bytes) -> str:
        length = record[32]
        raw = record[33 : 33 + length]
        if self._joliet:
            return raw.decode("utf-16-be", "replace").partition(";")[0]
        return _rock_ridge(record[33 + length + (length + 1) % 2 :]) or raw.decode("ascii", "replace").partition(";")[0]

    @staticmethod
    def _place(record: bytes) -> tuple[int, int]:
        start, length = struct.unpack_from("<I4xI", record, 2)
        return int(start) * SECTOR, int(length)


def _rock_ridge(extra: bytes) -> str:
    """The name in the NM entries, "" if there are none."""
    name, at = b"", 0
    while at + 5 <= len(extra) and extra[at + 2] >= 5:
        if extra[at : at + 2] == b"NM":
            name += extra[at + 5 : at + extra[at + 2]]
        at += extra[at + 2]
    return name.decode("utf-8", "replace")


def _text(field: bytes) -> str:
    plain = field.decode("utf-8", "replace").split("\0", 1)[0]
    return "".join(c if c.isprintable() else "?" for c in plain).strip()
