"""The master: the ssh process that holds a host's one login, and what is asked of it."""

import contextlib
import shutil
import socket
import struct
import subprocess
from pathlib import Path

from vmdesk.model.errors import VirtError
from vmdesk.model.uri import Uri
from vmdesk.virt import ssh_words

COMMAND = 20.0  # seconds for a command through the master

# libvirt's AUTH_LIST call (program, version, procedure 66, call, serial, ok): what every daemon answers at once.
_GREETING = struct.pack(">7I", 28, 0x20008086, 1, 66, 0, 0, 0)


class Master:
    """The ssh process and its folder: ctl (its control socket), libvirt (the forwarded one), log (its words)."""

    def __init__(self, uri: Uri, folder: Path, process: "subprocess.Popen[bytes]") -> None:
        self._uri, self._folder, self._process = uri, folder, process
        self._target = ""  # the socket of the other side that is forwarded
        self._count = 0  # connections made to other places there

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def said(self) -> str:
        """What ssh wrote to stderr, its end."""
        with contextlib.suppress(OSError):
            return (self._folder / "log").read_text(errors="replace")[-4000:].replace("\r", "").strip()
        return ""

    @property
    def heard(self) -> int:
        """How much it has written so far, for `said_since`."""
        with contextlib.suppress(OSError):
            return (self._folder / "log").stat().st_size
        return 0

    def said_since(self, heard: int) -> str:
        with contextlib.suppress(OSError), (self._folder / "log").open("rb") as log:
            log.seek(heard)
            return log.read(4000).decode(errors="replace").replace("\r", "").strip()
        return ""

    def logged_in(self) -> bool:
        return (self._folder / "ctl").exists() and self._control("-O", "check").returncode == 0

    def forward(self, readonly: bool) -> Path | None:
        """The forwarded socket, with a libvirt behind it; None if the other side does not let us have one."""
        local = self._folder / "libvirt"
        if self._target and _answers(local):
            return local
        target = self._uri.parameter("socket") or self._search(readonly)
        if ":" in target:
            raise VirtError(ssh_words.no_daemon(self._uri))
        if self._target:
            self._control("-O", "cancel", "-L", f"{local}:{self._target}")
        local.unlink(missing_ok=True)
        self._target = ""
        done = self._control("-O", "forward", "-L", f"{local}:{target}")
        if done.returncode:
            return None
        self._target = target
        if _answers(local):
            return local
        if not self.alive:
            raise VirtError(ssh_words.failure(self._uri, self.said))
        # A dead daemon and a forbidden forwarding look alike from here: ask over there.
        if ssh_words.is_alive(self._control("-T", command=ssh_words.look_alive(self._uri)).stdout):
            self._target = ""
            return None
        raise VirtError(ssh_words.no_daemon(self._uri))

    def connect(self, target: str) -> socket.socket:
        """A connection to `target` over there. The way in is closed again at once: nobody else comes through it."""
        self._count += 1
        local = self._folder / f"to-{self._count}"
        way = ssh_words.forwarding(str(local), target)
        done = self._control("-O", "forward", "-L", way)
        if done.returncode:
            raise VirtError(ssh_words.no_answer(self._uri, target, done.stderr.strip()))
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.settimeout(COMMAND)
            sock.connect(str(local))
        except OSError as error:
            sock.close()
            raise VirtError(ssh_words.no_answer(self._uri, target, str(error))) from None
        finally:
            # ssh takes in our connection before it hears of this: it is asked on another one, made later.
            self._control("-O", "cancel", "-L", way)
            local.unlink(missing_ok=True)
        return sock

    def close(self) -> None:
        """End it, hard if need be, and remove the folder."""
        if self.alive:
            self._process.terminate()
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _search(self, readonly: bool) -> str:
        done = self._control("-T", command=ssh_words.search(self._uri, readonly))
        kind, path = ssh_words.found_socket(done.stdout)
        if kind == "socket":
            return path
        if not self.alive:
            raise VirtError(ssh_words.failure(self._uri, self.said))
        raise VirtError(ssh_words.denied(self._uri, path) if kind == "denied" else ssh_words.no_daemon(self._uri))

    def _control(self, *options: str, command: str = "") -> "subprocess.CompletedProcess[str]":
        """Ask the master for something. No settings file: what it says was said to the master."""
        arguments = ["ssh", "-F", "none", "-S", control_path(self._folder), *options, "--", self._uri.host]
        try:
            return subprocess.run(
                [*arguments, command] if command else arguments,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=COMMAND,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(arguments, 255, "", "")


def _answers(path: Path) -> bool:
    """Whether a libvirt daemon answers at a unix socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(COMMAND)
        try:
            probe.connect(str(path))
            probe.sendall(_GREETING)
            return probe.recv(8)[4:8] == _GREETING[4:8]
        except OSError:
            return False


def control_path(folder: Path) -> str:
    return str(folder / "ctl").replace("%", "%%")
