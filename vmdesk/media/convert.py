"""`qemu-img convert` on images from outside: inspected before, held on a short lead while it runs."""

import contextlib
import os
import re
import resource
import subprocess
import threading
from collections.abc import Callable

from vmdesk.media.image import Image, inspect, shown
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import Text, text

Progress = Callable[[float], None]  # 0..1

_MEMORY = 2 * 1024**3  # bytes of address space
_CPU = 6 * 3600  # seconds of processor time: a very large disk, not for ever
_SILENCE = 600.0  # seconds without a step forward until it counts as stuck
_STEP = re.compile(rb"\((\d+(?:\.\d+)?)/100%\)")


def convert(
    source: Image,
    target: str,
    format: str,  # noqa: A002 - the word for it
    progress: Progress = lambda done: None,
    stop: threading.Event | None = None,
) -> None:
    """Write what `source` holds to the new file `target`, as qcow2 or raw. Blocks; VirtError.

    A target that is there is never overwritten; one that is not finished is removed.
    stop  set it from another thread to give up: VirtError "cancelled"
    """
    stop = stop or threading.Event()
    again = inspect(source.path, source.format)
    if (again.format, again.size) != (source.format, source.size):
        raise _failed(source, text("It has changed meanwhile."), "changed")
    try:
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        raise _failed(source, text("{path} is there already.", path=shown(target)), "exists") from None
    except OSError as error:
        raise _failed(source, text("{path} cannot be written.", path=shown(target)), "target", str(error)) from None
    done = False
    try:
        _run(source, target, format, progress, stop)
        done = True
    finally:
        if not done:
            with contextlib.suppress(OSError):
                os.unlink(target)


def _run(source: Image, target: str, format: str, progress: Progress, stop: threading.Event) -> None:  # noqa: A002
    input_format = "raw" if source.format == "iso" else source.format
    command = ["qemu-img", "convert", "-p", "-f", input_format, "-O", format, "--", _plain(source.path), _plain(target)]
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "LC_ALL": "C"},
            start_new_session=True,
        )
    except OSError as error:
        why = text("The program qemu-img could not be started.")
        raise _failed(source, why, "no-qemu-img", str(error)) from None
    _limit(process.pid)
    try:
        words = _watched(process, source, progress, stop)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        assert process.stderr is not None
        process.stderr.close()
    if process.returncode:
        full = "No space left" in words
        why = text("There is no space left.") if full else text("qemu-img gave up.")
        raise _failed(source, why, "no-space" if full else "convert", words)
    progress(1.0)


def _watched(process: "subprocess.Popen[bytes]", source: Image, progress: Progress, stop: threading.Event) -> str:
    """Waits for its end; what it said. VirtError when it was told to stop, or is stuck."""
    heard = threading.Event()
    reader = threading.Thread(
        target=_follow, args=(process, progress, heard), name=f"qemu-img {process.pid}", daemon=True
    )
    reader.start()
    silent = 0.0
    while reader.is_alive():
        reader.join(0.1)
        silent = 0.0 if heard.is_set() else silent + 0.1
        heard.clear()
        if stop.is_set() or silent > _SILENCE:
            process.kill()
            reader.join(1.0)
            if stop.is_set():
                raise VirtError(Problem(text("Cancelled."), name="cancelled"))
            raise _failed(source, text("qemu-img made no progress for {n} minutes.", n=round(_SILENCE / 60)), "stuck")
    assert process.stderr is not None
    words = process.stderr.read(65536).decode(errors="replace").strip()
    process.wait()
    return words


def _follow(process: "subprocess.Popen[bytes]", progress: Progress, heard: threading.Event) -> None:
    """Reads `(12.34/100%)` until it ends."""
    assert process.stdout is not None
    with process.stdout as pipe:
        rest = b""
        while piece := os.read(pipe.fileno(), 4096):
            heard.set()
            rest = (rest + piece)[-4096:]
            if steps := _STEP.findall(rest):
                progress(float(steps[-1]) / 100)


def _limit(pid: int) -> None:
    # From outside: code of ours between fork and exec could meet a lock of another thread.
    with contextlib.suppress(OSError):  # it has ended already
        resource.prlimit(pid, resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        resource.prlimit(pid, resource.RLIMIT_CPU, (_CPU, _CPU))
        resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))


def _plain(path: str) -> str:
    """A path that qemu-img takes for nothing else: `json:...` and `nbd:...` would be protocols."""
    return os.path.abspath(path)


def _failed(source: Image, why: Text, name: str, details: str = "") -> VirtError:
    what = text("{path} could not be converted.", path=shown(source.path))
    return VirtError(Problem(what, why, details=details, name=name))
