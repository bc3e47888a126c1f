"""An installation tree on a server: which kernel and initrd start its installer, and fetching them."""

import configparser
import contextlib
import http.client
import os
import posixpath
import re
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any

from vmdesk.media.image import shown
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import Text, text
from vmdesk.model.wish import Away

SCHEMES = ("http", "https", "ftp")
LARGEST = 1 << 30  # bytes of one kernel or initrd
_SMALL = 1 << 20
_WAIT = 20.0  # seconds without a byte
_DEBIAN = {"x86_64": "amd64", "i686": "i386", "aarch64": "arm64", "ppc64le": "ppc64el"}


@dataclass(frozen=True, slots=True)
class Tree:
    """What is to be started from it. `words`: how it calls itself, "Fedora 41"; "" if it does not say.

    append  what the installer wants on the kernel's command line to find its tree
    """

    url: str
    kernel: str  # URL
    initrd: str  # URL
    words: str = ""
    append: str = ""
    architecture: str = ""

    @property
    def places(self) -> tuple[Away, Away]:
        """Kernel and initrd."""
        return Away(self.kernel), Away(self.initrd)


def find(url: str, arch: str = "x86_64", stop: threading.Event | None = None) -> Tree:
    """Look at the tree as each maker lays it out. Blocks; VirtError with the next step."""
    base = checked(url)
    if tree := _by_treeinfo(base, stop):
        return tree
    for tree in (*_debian(base, arch), *_suse(base, arch)):
        if _is_there(tree.kernel, stop) and _is_there(tree.initrd, stop):
            return tree
    raise VirtError(
        Problem(
            text("No installer was found at {url}.", url=shown(url)),
            text("There is no .treeinfo, and no kernel where Debian, Ubuntu or openSUSE put theirs."),
            text("Give the folder that contains .treeinfo or dists/, or choose the kernel and the initrd yourself."),
            name="no-tree",
        )
    )


def fetch(
    url: str,
    target: str,
    progress: Callable[[float | None], None] = lambda done: None,
    stop: threading.Event | None = None,
) -> None:
    """Save the file at `url` as the new file `target`; what is not finished is removed. Blocks; VirtError."""
    mine = done = False
    try:
        with open(target, "xb") as file:
            mine = True
            for piece, total in _pieces(checked(url), LARGEST, stop):
                file.write(piece)
                progress(min(1.0, file.tell() / total) if total else None)
            file.flush()
            os.fsync(file.fileno())
        done = True
    except FileExistsError:
        raise _failed(url, text("{path} is there already.", path=shown(target))) from None
    except OSError as error:
        raise _failed(url, details=str(error)) from None
    finally:
        if mine and not done:
            with contextlib.suppress(OSError):
                os.unlink(target)


def checked(url: str) -> str:
    """The address, if it is one that we open. VirtError."""
    parts = urllib.parse.urlsplit(url.strip()) if url.isprintable() else urllib.parse.urlsplit("")
    if parts.scheme not in SCHEMES or not parts.hostname or " " in url.strip():
        why = text("It must begin with http://, https:// or ftp://.")
        raise VirtError(Problem(text("{url} is not an address.", url=shown(url)), why, name="bad-url"))
    if parts.password:
        why = text("A password in an address would stand in the machine's definition.")
        raise VirtError(Problem(text("This address is not used."), why, name="bad-url"))
    return url.strip()


def _by_treeinfo(base: str, stop: threading.Event | None) -> Tree | None:
    for name in (".treeinfo", "treeinfo"):
        try:
            content = b"".join(piece for piece, _ in _pieces(_join(base, name), _SMALL, stop))
        except VirtError as error:
            if error.problem.name == "not-found":
                continue
            raise
        info = configparser.ConfigParser(interpolation=None, strict=False)
        try:
            info.read_string(content.decode("utf-8", "replace"))
        except configparser.Error:
            continue
        arch = info.get("general", "arch", fallback=info.get("tree", "arch", fallback="x86_64"))
        section = f"images-{arch}"
        kernel, initrd = info.get(section, "kernel", fallback=""), info.get(section, "initrd", fallback="")
        if not _inside(kernel) or not _inside(initrd):
            continue
        words = info.get("general", "name", fallback="") or " ".join(
            filter(None, (info.get("release", "name", fallback=""), info.get("release", "version", fallback="")))
        )
        suse = "suse" in words.lower()
        append = f"install={base}" if suse else f"inst.repo={base}"
        return Tree(base, _join(base, kernel), _join(base, initrd), words, append, arch)
    return None


def _debian(base: str, arch: str) -> Iterator[Tree]:
    """Debian's and Ubuntu's folders: the mirror's root with a suite, dists/SUITE/main/installer-ARCH, or netboot."""
    name = _DEBIAN.get(arch, arch)
    netboot = f"debian-installer/{name}/"
    for inside in ("", "current/images/netboot/", f"main/installer-{name}/current/images/netboot/"):
        folder = _join(base, inside)
        for piece in (netboot, f"ubuntu-installer/{name}/"):
            yield Tree(base, _join(folder, f"{piece}linux"), _join(folder, f"{piece}initrd.gz"), _suite(base), "", arch)
    yield Tree(base, _join(base, "linux"), _join(base, "initrd.gz"), _suite(base), "", arch)


def _suse(base: str, arch: str) -> Iterator[Tree]:
    folder = f"boot/{arch}/loader/"
    append = f"install={base}"
    yield Tree(base, _join(base, f"{folder}linux"), _join(base, f"{folder}initrd"), "openSUSE", append, arch)


def _suite(base: str) -> str:
    """`.../debian/dists/bookworm/...` -> "debian bookworm"."""
    found = re.search(r"/(debian|ubuntu)/dists/([a-z]+)", base)
    return f"{found.group(1)} {found.group(2)}" if found else ""


def _inside(path: str) -> bool:
    """A path of the tree itself: a file from a server must not lead elsewhere."""
    plain = posixpath.normpath(path) if path else ""
    return bool(path) and "://" not in path and not plain.startswith(("/", ".."))


def _join(base: str, path: str) -> str:
    return f"{base.rstrip('/')}/{path}"


def _is_there(url: str, stop: threading.Event | None) -> bool:
    try:
        with contextlib.closing(_pieces(url, 4096, stop, enough=1)) as pieces:
            return next(pieces, None) is not None
    except VirtError as error:
        if error.problem.name != "not-found":
            raise
    return False


def _pieces(
    url: str, largest: int, stop: threading.Event | None, enough: int | None = None
) -> Generator[tuple[bytes, int], None, None]:
    """The file's bytes piece by piece, each with the length that the server promised (0: it did not)."""
    try:
        # `checked` chose the scheme; urllib follows a redirection to http, https and ftp only.
        with urllib.request.urlopen(url, timeout=_WAIT) as answer:  # noqa: S310
            total = _length(answer)
            read = 0
            while piece := answer.read(1 << 18 if enough is None else enough):
                read += len(piece)
                if stop is not None and stop.is_set():
                    raise VirtError(Problem(text("Cancelled."), name="cancelled"))
                if enough is None and max(read, total) > largest:
                    raise _failed(url, text("It is larger than {n} MiB.", n=largest >> 20), "too-large")
                yield piece, total
            if enough is None and read < total:
                raise _failed(url, text("The server stopped in the middle."), "cut-off")
    except urllib.error.HTTPError as error:
        error.close()
        missing = error.code in (403, 404, 410)
        why = text("The server has no such file.") if missing else None
        raise _failed(url, why, "not-found" if missing else "http", f"HTTP {error.code} {error.reason}") from None
    except urllib.error.URLError as error:
        missing = url.startswith("ftp:") and "550" in str(error.reason)
        why = text("The server has no such file.") if missing else text("The server cannot be reached.")
        raise _failed(url, why, "not-found" if missing else "unreachable", str(error.reason)) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _failed(url, text("The server cannot be reached."), "unreachable", str(error)) from None


def _length(answer: Any) -> int:
    said = answer.headers.get("Content-Length", "")
    return int(said) if said.isdigit() and len(said) < 16 else 0


def _failed(url: str, why: Text | None = None, name: str = "fetch", details: str = "") -> VirtError:
    return VirtError(Problem(text("{url} could not be fetched.", url=shown(url)), why, details=details, name=name))
