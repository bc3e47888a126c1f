"""What is in a disk image, found out without QEMU's tools: an image is somebody else's file, and can be a trap.

A trap is an image that reaches for another file of this computer (a backing file, an external data file, a description
with paths in it), claims to be larger than any disk, or is something else than its name says.
"""

import logging
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from oslo_utils.imageutils import format_inspector as formats

from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import Text, text

LARGEST = 64 * 1024**4  # bytes a guest may see: more than any disk, less than what only a trap claims
_FOOTER = 512  # bytes of the block at the end of a Virtual PC image of fixed size
_HEAD = 4096
_CHUNK = 65536

# Their names for formats -> QEMU's.
_QEMU = {"vhd": "vpc", "gpt": "raw"}
# What a file name promises. Names that promise nothing (.img, .bin, none) are not held to anything.
_PROMISES = {
    ".qcow2": "qcow2",
    ".qcow": "qcow2",
    ".vmdk": "vmdk",
    ".vdi": "vdi",
    ".vhd": "vpc",
    ".vpc": "vpc",
    ".vhdx": "vhdx",
    ".raw": "raw",
    ".iso": "iso",
}

# The inspectors warn in the log about what we tell the person.
logging.getLogger(formats.__name__).setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class Image:
    """One image that is safe to hand to QEMU's tools, with its format named.

    format   qcow2, raw, vmdk, vdi, vpc, vhdx, iso: QEMU's words
    size     bytes that a guest sees; taken: bytes of the file itself
    """

    path: str
    format: str
    size: int
    taken: int

    @property
    def usable(self) -> bool:
        """Whether a machine can run from it as it is; the other formats are converted first."""
        return self.format in ("qcow2", "raw", "iso")


def inspect(path: str, expected: str = "") -> Image:
    """What the file is. VirtError if it cannot be read, or is not safe.

    expected  the format that a person named; "" whatever it is, but nothing else than its name promises
    """
    with opened(path) as file:
        taken = os.fstat(file.fileno()).st_size
        if _is_block_device(file):
            taken = file.seek(0, os.SEEK_END)
            file.seek(0)
        found = _found(path, file)
        name, size = _name_and_size(path, file, found, taken)
    _check_promise(path, name, expected)
    if size <= 0:
        raise _refused(path, text("It is empty."), name="empty-image")
    if size > LARGEST:
        why = text("It claims to hold {n} TiB, more than any disk.", n=size // 1024**4)
        raise _refused(path, why, name="image-too-large")
    return Image(path, name, size, taken)


@contextmanager
def opened(path: str) -> Iterator[BinaryIO]:
    """A file to read, and nothing else: no folder, no pipe, no terminal. VirtError in words."""
    try:
        # A pipe without a writer would block for ever.
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    mode = os.fstat(fd).st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISBLK(mode)):
        os.close(fd)
        raise VirtError(Problem(_no_file(path, mode), None, text("Choose a file."), name="not-a-file"))
    with os.fdopen(fd, "rb") as file:
        try:
            yield file
        except OSError as error:
            raise unreadable(path, error) from None


def no_file(path: str) -> Text | None:
    """Why it can be no file to start from; None if it is one, or if we may not look where the hypervisor may."""
    try:
        mode = os.stat(path).st_mode
    except PermissionError:
        return None
    except (OSError, ValueError):
        return text("There is no file {path}.", path=shown(path))
    return None if stat.S_ISREG(mode) or stat.S_ISBLK(mode) else _no_file(path, mode)


def _no_file(path: str, mode: int) -> Text:
    if stat.S_ISDIR(mode):
        return text("{path} is a folder.", path=shown(path))
    return text("{path} is neither a file nor a disk.", path=shown(path))


def unreadable(path: str, error: Exception) -> VirtError:
    """The system's reason why a file cannot be read, in words."""
    why: Text | None = None
    if isinstance(error, FileNotFoundError):
        why = text("There is no such file.")
    elif isinstance(error, PermissionError):
        why = text("You may not read it.")
    return VirtError(
        Problem(
            text("{path} cannot be read.", path=shown(path)),
            why,
            text("Choose another file, or change its permissions."),
            # The path stands above, shortened.
            details=(error.strerror or "") if isinstance(error, OSError) else str(error),
            name="unreadable",
        )
    )


def no_disc(path: str) -> VirtError:
    """What was to be an installation medium is something else."""
    return VirtError(
        Problem(
            text("{path} is not a CD image.", path=shown(path)),
            None,
            text("A disk image is imported as an existing disk."),
            name="no-disc",
        )
    )


def shown(path: str) -> str:
    """A path for a sentence: one line, not endless, whatever is in it."""
    plain = "".join(c if c.isprintable() else "?" for c in path)
    return plain if len(plain) <= 200 else f"{plain[:100]}…{plain[-95:]}"


def _found(path: str, file: BinaryIO) -> formats.FileInspector:
    if file.read(_HEAD).lstrip().lower().startswith(b"# disk descriptorfile"):
        why = text("It only describes a disk whose parts lie in other files.")
        raise _refused(path, why, text("Export the disk as one file (monolithic sparse, or an OVA)."), "image-in-parts")
    file.seek(0)
    wrapper = formats.InspectWrapper(file)
    try:
        matches = None
        while matches is None and wrapper.read(_CHUNK):
            matches = wrapper.formats
        if matches is None:
            for inspector in wrapper._inspectors:
                inspector.finish()
            wrapper._finished = True
            matches = wrapper.formats
        assert matches
        return _one(path, matches)
    except formats.SafetyCheckFailed as error:
        raise _unsafe(path, error) from None
    except formats.ImageFormatError as error:
        raise _refused(path, text("It is damaged, or not a disk image."), details=str(error)) from None


def _one(path: str, matches: list[formats.FileInspector]) -> formats.FileInspector:
    """The only format, checked. An ISO for USB sticks has a partition table as well."""
    names = {str(one) for one in matches}
    if names == {"iso", "gpt"}:
        matches = [one for one in matches if str(one) == "iso"]
    if len(matches) > 1:
        why = text("It can be read as several formats: {formats}.", formats=", ".join(sorted(names)))
        raise _refused(path, why, name="ambiguous-image")
    found = matches[0]
    if str(found) == "luks":
        raise _refused(path, text("It is encrypted (LUKS)."), text("Decrypt it first."), "encrypted-image")
    if str(found) == "qed":
        raise _refused(path, text("QED is an old format that nobody checks any more."), name="unsafe-image")
    if str(found) not in ("raw", "iso", "gpt"):
        found.safety_check()
    return found


def _name_and_size(path: str, file: BinaryIO, found: formats.FileInspector, taken: int) -> tuple[str, int]:
    name = _QEMU.get(str(found), str(found))
    if name == "raw":
        # A Virtual PC image of fixed size is a raw one with a block at its end.
        if taken > _FOOTER:
            file.seek(taken - _FOOTER)
            footer = file.read(_FOOTER)
            if footer.startswith(b"conectix"):
                _refuse_difference(path, footer)
                return "vpc", int.from_bytes(footer[48:56], "big")
        return "raw", taken
    if name == "iso":
        return name, taken
    if name == "vpc":
        file.seek(0)
        _refuse_difference(path, file.read(_FOOTER))
    try:
        return name, int(found.virtual_size)
    except Exception as error:  # the inspectors read what the file's author wrote
        raise _refused(path, text("It is damaged, or not a disk image."), details=repr(error)) from None


def _refuse_difference(path: str, block: bytes) -> None:
    """A Virtual PC image that holds only the differences to another one says so in its block."""
    if int.from_bytes(block[60:64], "big") == 4:
        raise _refused(path, text("It stands on another file of this computer (a backing file)."), name="unsafe-image")


def _check_promise(path: str, name: str, expected: str) -> None:
    promise = expected or _PROMISES.get(Path(path).suffix.lower(), "")
    if not promise or promise == name or {promise, name} == {"raw", "iso"}:
        return
    if promise == "raw" and not expected:
        why = text("It is called raw, but its content is {format}.", format=name)
    else:
        why = text("It should be {expected}, but its content is {format}.", expected=promise, format=name)
    next_ = text("If you trust it, give it a name that says what it is.")
    raise _refused(path, why, next_, "wrong-format")


def _unsafe(path: str, error: formats.SafetyCheckFailed) -> VirtError:
    reasons = {
        "backing_file": text("It stands on another file of this computer (a backing file)."),
        "data_file": text("Its data lie in another file of this computer."),
        "unknown_features": text("It has features that are not known here."),
        "descriptor": text("It describes a disk whose parts lie in other files."),
        "footer": text("Its end contradicts its beginning."),
    }
    first = next((reasons[name] for name in error.failures if name in reasons), None)
    return _refused(
        path,
        first or text("It is not safe."),
        text("Only import images that are one whole file: qemu-img convert makes one."),
        "unsafe-image",
        "; ".join(f"{name}: {failure}" for name, failure in error.failures.items()),
    )


def _refused(
    path: str, why: Text, what_next: Text | None = None, name: str = "bad-image", details: str = ""
) -> VirtError:
    what = text("{path} cannot be used as a disk image.", path=shown(path))
    return VirtError(Problem(what, why, what_next, details=details, name=name))


def _is_block_device(file: BinaryIO) -> bool:
    return stat.S_ISBLK(os.fstat(file.fileno()).st_mode)
