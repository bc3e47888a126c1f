"""The content of volumes: into a pool and out of it, through libvirt, so that it works on other hosts too.

Blocking streams in a worker of the wire for long jobs: what is sent waits for the host's disk, nobody waits for that.
"""

import asyncio
import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import libvirt

from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.storage import Volume
from vmdesk.model.text import Text, text
from vmdesk.virt import errors, room
from vmdesk.virt.connection import Connection
from vmdesk.virt.stopping import Meter, Progress, Stop, stoppable
from vmdesk.virt.things import UNKNOWN_FLAG

PIECE = 262_120  # bytes: the most that libvirt takes in one message of a stream
_DOWN_SPARSE = libvirt.VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM
_PHYSICAL = libvirt.VIR_STORAGE_VOL_GET_PHYSICAL
_STOP_AT_HOLE = libvirt.VIR_STREAM_RECV_STOP_AT_HOLE
_HOLE = -3  # what recvFlags answers at one
_MOST_READ = 64 * 1024 * 1024
_LEAST_HOLE = 1024 * 1024  # the zeroes of a smaller one are sent sooner than another stream is opened


async def upload(
    connection: Connection, volume: Volume, source: Path | BinaryIO, progress: Progress | None = None
) -> None:
    """Write a file, or what can be read and sought like one, into the volume from its first byte on.

    Holes of the file stay holes in an empty raw volume. A qcow2 file belongs into a *raw* volume of the file's size:
    libvirt sees by itself what it has become. VirtError "disk-full" with figures if the pool has no room for it.
    Cancelled or failed, the volume has a part of it and is for the caller to delete, which is possible at once.
    """
    connection.may_write(doing := text("Writing the volume {volume}", volume=volume.name))
    meter = Meter(progress)

    needed = 0

    def work(conn: "libvirt.virConnect", stop: Stop) -> None:
        nonlocal needed
        stop.check()
        pool = conn.storagePoolLookupByName(volume.pool)
        target = pool.storageVolLookupByName(volume.name)
        with _readable(source, doing) as (file, length):
            _check_room(target, length, doing)
            meter.begin(length)
            taken = int(target.info()[2])
            # A hole is skipped, not zeroed: it would show what the volume had there before.
            holes = _has_holes(file) and volume.kind == "file" and volume.format == "raw" and not taken
            parts = tuple(_data(file, length)) if holes else ((0, length),) if length else ()
            needed = sum(end - start for start, end in parts)
            if volume.kind == "file":
                room.check(pool, needed - taken, doing)
            for start, end in parts:
                meter.add(start - meter.done)
                _send(conn, target, file, start, end, stop, meter, doing)

    finished = False
    try:
        await stoppable(connection, work, doing)
        finished = True
    except VirtError as error:
        raise await room.told(connection, volume.pool, volume.name, needed, doing, error) from None
    finally:
        meter.end(finished)


async def download(connection: Connection, volume: Volume, target: Path, progress: Progress | None = None) -> None:
    """Write the volume's content into a new file here, readable by its owner only. VirtError "taken" if it exists.

    Cancelled or failed, the file is removed.
    """
    doing = text("Reading the volume {volume}", volume=volume.name)
    connection.may_write(doing)  # libvirt lets nobody read content on a read-only connection
    meter = Meter(progress)
    made: list[Path] = []

    def work(conn: "libvirt.virConnect", stop: Stop) -> None:
        stop.check()
        source = conn.storagePoolLookupByName(volume.pool).storageVolLookupByName(volume.name)
        meter.begin(_length(source))
        file = _new_file(target, doing)
        made.append(target)
        try:
            with os.fdopen(file, "wb", buffering=0) as sink:
                _receive(conn, source, sink, stop, meter)
                os.fsync(file)
        except BaseException as error:
            with contextlib.suppress(OSError):
                target.unlink()
            made.clear()
            if isinstance(error, OSError):
                raise _of_file(doing, target, error) from None
            raise

    finished = False
    try:
        await stoppable(connection, work, doing)
        finished = True
    except asyncio.CancelledError:
        for file in made:  # it was done at that very moment
            file.unlink(missing_ok=True)
        raise
    finally:
        meter.end(finished)


async def read(connection: Connection, volume: Volume, offset: int, length: int) -> bytes:
    """Some bytes of the volume, 64 MiB at most; fewer at its end."""
    doing = text("Reading the volume {volume}", volume=volume.name)
    connection.may_write(doing)
    wanted = min(length, _MOST_READ)

    def work(conn: "libvirt.virConnect", stop: Stop) -> bytes:
        source = conn.storagePoolLookupByName(volume.pool).storageVolLookupByName(volume.name)
        end = _length(source)
        count = max(0, min(wanted, end - offset))
        if not count:
            return b""
        stream = conn.newStream(0)
        source.download(stream, offset, count, 0)
        with _streaming(stream):
            parts = []
            while data := stream.recv(PIECE):
                stop.check()
                parts.append(data)
        return b"".join(parts)

    return await stoppable(connection, work, doing)


def _send(
    conn: "libvirt.virConnect",
    target: "libvirt.virStorageVol",
    file: BinaryIO,
    start: int,
    end: int,
    stop: Stop,
    meter: Meter,
    doing: Text,
) -> None:
    """From `start` to `end` of the file, to the same place of the volume.

    WORKAROUND libvirt 9.0: a stream that is told of holes ends badly when the pool fills up. The daemon hangs up, or
    never answers again. So each stretch of data has a stream of its own, which knows of no hole.
    """
    stream = conn.newStream(0)
    target.upload(stream, start, end - start, 0)
    with _streaming(stream):
        file.seek(start)
        while meter.done < end:
            stop.check()
            data = file.read(min(PIECE, end - meter.done))
            if not data:
                why = text("The file became shorter while it was read.")
                raise errors.refused(doing, why, text("Try again."), "changed")
            meter.add(len(data))
            while data:
                data = data[stream.send(data) :]


def _receive(
    conn: "libvirt.virConnect", source: "libvirt.virStorageVol", sink: BinaryIO, stop: Stop, meter: Meter
) -> None:
    stream = conn.newStream(0)
    flags = _STOP_AT_HOLE
    try:
        source.download(stream, 0, 0, _DOWN_SPARSE)
    except libvirt.libvirtError as error:
        if error.get_error_code() not in UNKNOWN_FLAG:
            raise
        flags = 0
        stream = conn.newStream(0)
        source.download(stream, 0, 0, 0)
    with _streaming(stream):
        while True:
            stop.check()
            data = stream.recvFlags(PIECE, flags)
            if data == _HOLE:
                hole = stream.recvHole()
                sink.seek(hole, os.SEEK_CUR)
                meter.add(hole)
                continue
            if not data:
                break
            meter.add(len(data))
            while data:
                data = data[sink.write(data) :]
        sink.truncate(sink.tell())  # a hole at the end


@contextlib.contextmanager
def _streaming(stream: "libvirt.virStream") -> Iterator[None]:
    """Finished at the end, which tells of errors that are not told yet; aborted by an exception."""
    try:
        yield
    except BaseException:
        with contextlib.suppress(libvirt.libvirtError):
            stream.abort()
        raise
    stream.finish()


@contextlib.contextmanager
def _readable(source: Path | BinaryIO, doing: Text) -> Iterator[tuple[BinaryIO, int]]:
    """The source, open, and its length. Errors of this computer's files become VirtErrors."""
    try:
        if isinstance(source, Path):
            with os.fdopen(_opened(source, doing), "rb", buffering=0) as file:
                yield file, file.seek(0, os.SEEK_END)
        else:
            yield source, source.seek(0, os.SEEK_END)
    except OSError as error:
        raise _of_file(doing, source if isinstance(source, Path) else None, error) from None


def _opened(path: Path, doing: Text) -> int:
    # NONBLOCK: opening a pipe would wait for somebody to write into it.
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    mode = os.fstat(fd).st_mode
    if stat.S_ISREG(mode) or stat.S_ISBLK(mode):
        return fd
    os.close(fd)
    why = text("{file} is not a file with content.", file=path)
    raise errors.refused(doing, why, text("Choose a file."), "not-a-file")


def _new_file(path: Path, doing: Text) -> int:
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _of_file(doing, path, error) from None


def _of_file(doing: Text, path: Path | None, error: OSError) -> VirtError:
    what = text("{doing} did not work.", doing=doing)
    why = text("{file}: {words}", file=path or "", words=error.strerror or str(error))
    if isinstance(error, FileExistsError):
        why = text("There is a file of this name already, and nothing is ever overwritten.")
        return VirtError(Problem(what, why, text("Choose another name."), str(error), name="taken"))
    return VirtError(Problem(what, why, text("Check that the file is there and may be read."), str(error), name="file"))


def _check_room(target: "libvirt.virStorageVol", length: int, doing: Text) -> None:
    """libvirt would write beyond the volume's end."""
    if length > target.info()[1]:
        raise errors.refused(doing, text("The file is larger than the volume."), name="too-large")


def _length(source: "libvirt.virStorageVol") -> int:
    """Bytes of the file itself, which for qcow2 is not what the guest sees."""
    try:
        return int(source.infoFlags(_PHYSICAL)[2])
    except libvirt.libvirtError as error:
        if error.get_error_code() not in UNKNOWN_FLAG:
            raise
    return int(source.info()[1])


def _has_holes(file: BinaryIO) -> bool:
    """Whether it is a file of which less is on disk than it is long."""
    try:
        status = os.fstat(file.fileno())
    except OSError:  # no file at all
        return False
    return stat.S_ISREG(status.st_mode) and status.st_blocks * 512 < status.st_size


def _data(file: BinaryIO, length: int) -> Iterator[tuple[int, int]]:
    """Where its data begin and end; between them are holes that are worth it."""
    found: tuple[int, int] | None = None
    for start, end in _all_data(file, length):
        if found and start - found[1] < _LEAST_HOLE:
            found = found[0], end
            continue
        if found:
            yield found
        found = start, end
    if found:
        yield found


def _all_data(file: BinaryIO, length: int) -> Iterator[tuple[int, int]]:
    end = 0
    while end < length:
        try:
            start = os.lseek(file.fileno(), end, os.SEEK_DATA)
        except OSError:  # nothing but a hole from here on (ENXIO)
            return
        end = min(os.lseek(file.fileno(), start, os.SEEK_HOLE), length)
        yield start, end
