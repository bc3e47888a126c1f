"""Whether the hypervisor can read a file of this computer where it lies, found out before anything is started.

libvirt starts QEMU of qemu:///system as a user of its own. Two things stop that one: a folder on the way that it may
not pass (a home with mode 0700), and the file's own mode. libvirt would "help" with the second by giving the file
to QEMU's user: measured with libvirt 9.0, an ISO is never given back, whether the start succeeds or fails, and a disk
ends as root's if the daemon is killed meanwhile. So a file that is used where it lies gets `<seclabel model='dac'
relabel='no'/>` in its <source> (`Reached.keep_owner`), and what is asked here is what QEMU's user can do by itself.
"""

import asyncio
import contextlib
import errno
import os
import pwd
import re
import shlex
import stat
import struct
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntFlag
from pathlib import Path, PurePath

import libvirt

from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import Text, text
from vmdesk.virt import errors
from vmdesk.virt.connection import Connection
from vmdesk.virt.lane import Lane
from vmdesk.virt.pools import is_session
from vmdesk.virtxml import capabilities
from vmdesk.virtxml.document import XmlError

_USERS = ("libvirt-qemu", "qemu")  # Debian's, everybody else's: for a host that does not tell
_GRANTING = 10.0  # seconds for one setfacl
_MOST_LINKS = 40  # symbolic links on one way, as in the kernel
_ACL = "system.posix_acl_access"
_MOUNTS = Path("/proc/self/mountinfo")


class Right(IntFlag):
    """As in a file's mode."""

    PASS = 1
    WRITE = 2
    READ = 4


@dataclass(frozen=True, slots=True)
class Reached:
    """The hypervisor can use the file. keep_owner: say `<seclabel model='dac' relabel='no'/>` in its <source>."""

    keep_owner: bool = False


@dataclass(frozen=True, slots=True)
class Blocked:
    """It cannot. `commands`, run in this order, let it; none if that is not to be had, then copy the file.

    folder  the first folder (or the file itself) that `user` may not pass
    ours    we own everything that the commands change: `grant` can run them, without root
    """

    folder: str
    user: str
    why: Text
    commands: tuple[tuple[str, ...], ...] = ()
    ours: bool = False

    @property
    def lines(self) -> tuple[str, ...]:
        """The commands for a terminal."""
        return tuple(shlex.join(command) for command in self.commands)


@dataclass(frozen=True, slots=True)
class Account:
    """Whom QEMU runs as."""

    uid: int
    gids: frozenset[int]
    name: str


async def reach(connection: Connection, path: str, *, write: bool = False) -> Reached | Blocked:
    """Can the hypervisor read (and write) the file here? VirtError "file" if there is no such file for us.

    A host that is another computer is Blocked: the file is not there.
    """
    doing = text("Looking whether the hypervisor can reach {file}", file=path)
    return await connection.long.call(lambda conn: _reach(connection, conn, path, write, doing), doing)


async def grant(commands: Sequence[Sequence[str]]) -> None:
    """Run the commands of a Blocked that is `ours`. VirtError with what the first one said that failed.

    Of one that is not ours nothing is run: VirtError "root".
    """
    if any(command[0] == "sudo" for command in commands):
        lines = "\n".join(shlex.join(command) for command in commands)
        raise VirtError(
            Problem(
                text("Letting the hypervisor read the file did not work."),
                text("Not all of the folders are yours."),
                text("Run: {command}", command=lines),
                command=lines,
                name="root",
            )
        )
    lane = Lane(1, "setfacl")
    try:
        for command in commands:
            await asyncio.wrap_future(lane.submit(_grant, command))
    finally:
        lane.shutdown()


def _grant(command: Sequence[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_GRANTING, check=False)
        words, worked = done.stderr.strip(), done.returncode == 0
    except (OSError, subprocess.TimeoutExpired) as error:
        words, worked = str(error), False
    if not worked:
        raise VirtError(
            Problem(
                text("{command} did not work.", command=shlex.join(command)),
                text("The file system may not know access control lists, or the package acl is not installed."),
                text("Copy the file into a storage pool instead."),
                details=words,
                name="setfacl",
            )
        )


def check(path: str, account: Account, write: bool = False) -> Blocked | None:
    """What stops that account on the way to the file; None if nothing does. OSError if we cannot look ourselves."""
    wanted = Right.READ | (Right.WRITE if write else Right(0))
    if account.uid == 0:
        return None
    stops: list[tuple[str, Right]] = []
    for folder in _folders(path):
        _note(stops, folder, Right.PASS, account)
    real = os.path.realpath(path)
    _note(stops, real, wanted, account)
    if private := _private_mount(real):
        why = text("{folder} is a file system of yours that no other user may look into.", folder=private)
        return Blocked(private, account.name, why)
    if not stops:
        return None
    first, _right = stops[0]
    if first == real:
        why = text("{user}, as whom QEMU runs, may not read {file}.", user=account.name, file=first)
    else:
        why = text("{user}, as whom QEMU runs, may not pass the folder {folder}.", user=account.name, folder=first)
    owned = [os.stat(place).st_uid == os.geteuid() for place, _right in stops]
    commands = tuple(
        (*(() if own else ("sudo",)), "setfacl", "-m", f"u:{account.name}:{_letters(right)}", place)
        for own, (place, right) in zip(owned, stops, strict=True)
    )
    return Blocked(first, account.name, why, commands, all(owned))


def allowed(path: str, account: Account) -> Right:
    """What the account may do with a file or folder, by its mode and access control list (POSIX.1e)."""
    status = os.stat(path)
    mode = stat.S_IMODE(status.st_mode)
    try:
        entries = _entries(os.getxattr(path, _ACL))
    except OSError:  # none, or the file system has no such thing
        entries = ()
    if status.st_uid == account.uid:
        return Right(mode >> 6 & 7)
    if not entries:
        return Right((mode >> 3 if status.st_gid in account.gids else mode) & 7)
    mask = next((right for tag, right, _who in entries if tag == _MASK), Right(7))
    for tag, right, who in entries:
        if tag == _USER and who == account.uid:
            return right & mask
    groups = [
        right
        for tag, right, who in entries
        if (tag == _GROUP_OF_FILE and status.st_gid in account.gids) or (tag == _GROUP and who in account.gids)
    ]
    if groups:
        together = Right(0)
        for right in groups:
            together |= right & mask
        return together
    return next((right for tag, right, _who in entries if tag == _OTHERS), Right(0))


_USER, _GROUP_OF_FILE, _GROUP, _MASK, _OTHERS = 0x02, 0x04, 0x08, 0x10, 0x20


def _entries(raw: bytes) -> tuple[tuple[int, Right, int], ...]:
    """(tag, right, id) of the kernel's form of an access control list: version 2, then tag, right, id."""
    if len(raw) < 4 or struct.unpack_from("<I", raw)[0] != 2:
        return ()
    return tuple((tag, Right(right & 7), who) for tag, right, who in struct.iter_unpack("<HHI", raw[4:]))


def account(conn: "libvirt.virConnect") -> Account:
    """Whom the system daemon's QEMU runs as, from the host's security labels."""
    for model in capabilities.parse(conn.getCapabilities()).security:
        if model.model != "dac":
            continue
        for _kind, label in model.labels:
            if found := re.fullmatch(r"\+(\d+):\+(\d+)", label.strip()):
                return _account(int(found.group(1)), int(found.group(2)))
    for name in _USERS:
        with contextlib.suppress(KeyError):
            known = pwd.getpwnam(name)
            return _account(known.pw_uid, known.pw_gid)
    raise XmlError("no security label of QEMU's user")


def _account(uid: int, gid: int) -> Account:
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        return Account(uid, frozenset((gid,)), str(uid))
    return Account(uid, frozenset((gid, *os.getgrouplist(name, gid))), name)


def _reach(
    connection: Connection, conn: "libvirt.virConnect", path: str, write: bool, doing: Text
) -> Reached | Blocked:
    if not connection.local:
        return Blocked(path, "", text("The host is another computer: the file is not there."))
    if connection.capabilities.driver != "QEMU":
        return Reached()  # libvirt's test driver opens nothing; Xen's and LXC's helpers are root's
    try:
        mode = os.stat(path).st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISBLK(mode):
            why = text("{file} is not a file with content.", file=path)
            raise errors.refused(doing, why, text("Choose a file."), "not-a-file")
        if not os.access(path, os.R_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        if stat.S_ISBLK(mode):
            return Reached()  # QEMU sees a /dev of its own, in which libvirt may do what it wants
        if is_session(connection):
            if write and not os.access(path, os.W_OK):
                return Blocked(path, _our_name(), text("You may not write {file}.", file=path))
            return Reached()
        stopped = check(os.path.abspath(path), account(conn), write)
    except OSError as error:
        what_next = text("Check that the file is there and may be read.")
        why = text("{file}: {words}", file=path, words=error.strerror or str(error))
        raise errors.refused(doing, why, what_next, "file") from None
    except XmlError as error:
        raise VirtError(Problem(text("The host does not say whom QEMU runs as."), details=str(error))) from None
    return stopped or Reached(keep_owner=True)


def _folders(path: str) -> Iterator[str]:
    """All folders that must be passed on the way to a file, each once, symbolic links followed as the kernel does."""
    seen: dict[str, None] = {}
    ahead = list(reversed(PurePath(os.path.abspath(path)).parts[1:]))
    here, links = "/", 0
    seen[here] = None
    while ahead:
        part = ahead.pop()
        if part == "..":
            here = os.path.dirname(here)
            continue
        step = os.path.join(here, part)
        if os.path.islink(step):
            links += 1
            if links > _MOST_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
            target = os.readlink(step)
            if target.startswith("/"):
                here = "/"
            ahead.extend(reversed([part for part in target.split("/") if part not in ("", ".")]))
            continue
        if ahead:
            here = step
            seen[here] = None
    return iter(seen)


def _note(stops: list[tuple[str, Right]], place: str, wanted: Right, account: Account) -> None:
    has = allowed(place, account)
    if wanted & ~has:
        # What it had already must be in the new entry, which is the only one that counts for it from then on.
        stops.append((place, wanted | has))


def _private_mount(path: str) -> str:
    """The mount point above a file if it is a FUSE file system of one user (encrypted folder, sshfs): "" if not."""
    best, private = "", False
    with contextlib.suppress(OSError):
        for line in _MOUNTS.read_text(errors="replace").splitlines():
            before, _, after = line.partition(" - ")
            fields, kinds = before.split(), after.split()
            if len(fields) < 6 or len(kinds) < 3:
                continue
            point = re.sub(r"\\([0-7]{3})", lambda found: chr(int(found.group(1), 8)), fields[4])
            if (path == point or path.startswith(point.rstrip("/") + "/")) and len(point) >= len(best):
                best = point
                private = kinds[0].startswith("fuse") and "allow_other" not in kinds[2].split(",")
    return best if private else ""


def _letters(right: Right) -> str:
    return "".join(letter for letter, one in (("r", Right.READ), ("w", Right.WRITE), ("x", Right.PASS)) if right & one)


def _our_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
