"""The keeper: the sandbox's root process. Does what the unprivileged tests may not, and nothing else.

One JSON object a line on a unix socket: ``{"verb": "guest_signal", "name": "x", "signal": "STOP"}`` ->
``{"result": ...}`` or ``{"error": "..."}``. The verbs are the public methods named in `VERBS`; client.py says the same.
"""

import contextlib
import errno
import fcntl
import json
import os
import signal
import socket
import socketserver
import struct
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from tests.testbed import sandbox
from tests.testbed.sshd import SshServer

ETC = Path("/etc/libvirt")
RUN = Path("/run/libvirt")
LOG = Path("/var/log/libvirt")
IMAGES = Path("/var/lib/libvirt/images")  # root's, as on a real host: its users cannot read it
DISKS = Path("/var/lib/libvirt/bed")  # the test user's: what guests of the tests boot from
SMALL = Path("/var/lib/libvirt/small")  # a file system that can be filled
READABLE = (ETC, RUN, LOG, Path("/var/lib/libvirt"))

_LIBVIRTD = """\
unix_sock_group = "libvirt"
unix_sock_ro_perms = "0777"
unix_sock_rw_perms = "0770"
auth_unix_ro = "none"
auth_unix_rw = "none"
log_level = 3
log_outputs = "3:file:/var/log/libvirt/libvirtd.log"
"""
# No profile of AppArmor or SELinux knows these folders, so the driver is off; DAC (users and modes) stays on.
_QEMU = 'security_driver = "none"\n'
_NETWORK = """\
<network><name>default</name><forward mode='nat'/><bridge name='virbr0' stp='on' delay='0'/>
<ip address='192.168.122.1' netmask='255.255.255.0'>
<dhcp><range start='192.168.122.2' end='192.168.122.254'/></dhcp></ip>
</network>
"""
_LOOP_FREE, _LOOP_SET_FILE, _LOOP_SET_STATUS, _LOOP_CLEARS = 0x4C82, 0x4C00, 0x4C04, 4  # linux/loop.h
VERBS = (
    "daemon_pid", "daemon_start", "daemon_signal", "guest_pid", "guest_signal", "ssh_start", "ssh_stop", "read",
    "small_make", "small_fill", "small_free", "loop_make",
    "run_as", "restore",
)  # fmt: skip


class Keeper:
    """Starts and torments libvirtd, its guests and an ssh server."""

    def __init__(self) -> None:
        self._daemon: subprocess.Popen[bytes] | None = None
        self._ssh = SshServer(sandbox.BASE / "ssh", sandbox.USER, sandbox.HOME)
        self._lock = threading.RLock()
        self._loops: list[int] = []  # open as long as their devices are to be there

    def open(self) -> None:
        """Write libvirt's settings, start its log daemon, listen for the tests."""
        (ETC / "libvirtd.conf").write_text(_LIBVIRTD)
        (ETC / "qemu.conf").write_text(
            _QEMU + ("" if os.access("/sys/fs/cgroup", os.W_OK) else "cgroup_controllers = []\n")
        )
        (ETC / "virtlogd.conf").write_text("")
        networks = ETC / "qemu" / "networks"
        networks.mkdir(parents=True)
        (networks / "default.xml").write_text(_NETWORK)
        (LOG / "qemu").mkdir(mode=0o700)
        IMAGES.mkdir(mode=0o711)
        DISKS.mkdir()
        os.chown(DISKS, sandbox.USER_ID, sandbox.USER_ID)
        _spawn(["virtlogd", "--config", str(ETC / "virtlogd.conf")], LOG / "virtlogd.out")
        server = _Server(str(sandbox.BASE / "keeper.sock"), _Handler)
        server.keeper = self
        os.chown(server.server_address, sandbox.USER_ID, sandbox.USER_ID)  # type: ignore[arg-type]
        os.chmod(server.server_address, 0o600)  # type: ignore[arg-type]
        threading.Thread(target=server.serve_forever, daemon=True).start()

    # ------------------------------------------------------------ libvirtd

    def daemon_pid(self) -> int | None:
        return self._daemon.pid if self._daemon and self._daemon.poll() is None else None

    def daemon_start(self) -> int:
        """Start libvirtd unless it runs; returns its process id once it answers."""
        with self._lock:
            if not self.daemon_pid():
                self._daemon = _spawn(["libvirtd", "--config", str(ETC / "libvirtd.conf")], LOG / "libvirtd.out")
            assert self._daemon
            _wait_for_socket(RUN / "libvirt-sock", self._daemon)
            return self._daemon.pid

    def daemon_signal(self, signal: str) -> None:
        """KILL, TERM, STOP or CONT; after KILL and TERM it is waited for."""
        with self._lock:
            if self._daemon and self._daemon.poll() is None:
                self._daemon.send_signal(_signal(signal))
                if signal in {"KILL", "TERM"}:
                    self._daemon.wait(30)

    # ------------------------------------------------------------ guests

    def guest_pid(self, name: str) -> int | None:
        """The process id of a guest's QEMU."""
        try:
            pid = int((RUN / "qemu" / f"{Path(name).name}.pid").read_text())
            os.kill(pid, 0)
        except (OSError, ValueError):
            return None
        return pid

    def guest_signal(self, name: str, signal: str) -> bool:
        """STOP, CONT, KILL or TERM to a guest's QEMU; False if there is none."""
        pid = self.guest_pid(name)
        if pid:
            os.kill(pid, _signal(signal))
        return bool(pid)

    # ------------------------------------------------------------ ssh

    def ssh_start(self, login: str = "key") -> dict[str, Any]:
        """An sshd on 127.0.0.1 that takes only this login: key, password or keyboard."""
        with self._lock:
            return self._ssh.start(login)

    def ssh_stop(self) -> None:
        with self._lock:
            self._ssh.stop()

    # ------------------------------------------------------------ files

    def read(self, path: str) -> str | None:
        """The text of a file of libvirt's, or None."""
        real = Path(path).resolve()
        if not any(real.is_relative_to(folder) for folder in READABLE):
            raise ValueError(f"not a file of libvirt's: {path}")
        return real.read_text(errors="replace") if real.is_file() else None

    def small_make(self, mib: int = 8) -> str:
        """A small empty file system for disk images; returns its folder."""
        self._small_end()
        SMALL.mkdir(exist_ok=True)
        sandbox.mount("-t", "tmpfs", "-o", f"size={mib}M,mode=1777", "tmpfs", SMALL)
        return str(SMALL)

    def small_fill(self, leave: int = 0) -> None:
        """Leave only so many bytes free on it."""
        room = os.statvfs(SMALL)
        # A guest may take the last bytes first; with buffering off no write is left for close() to fail on.
        with contextlib.suppress(OSError), (SMALL / "filler").open("ab", buffering=0) as file:
            file.write(b"\0" * max(0, room.f_bavail * room.f_frsize - leave))

    def small_free(self) -> None:
        (SMALL / "filler").unlink(missing_ok=True)

    def loop_make(self, mib: int = 64) -> str:
        """A block device of that size, empty; its path. It goes with `restore`, or with this process.

        OSError where there are no loop devices.
        """
        with tempfile.TemporaryFile() as file, open("/dev/loop-control", "rb") as control:
            file.truncate(mib << 20)
            for _ in range(8):  # another program may take the free one first
                path = f"/dev/loop{fcntl.ioctl(control, _LOOP_FREE)}"
                device = os.open(path, os.O_RDWR | os.O_CLOEXEC)
                try:
                    fcntl.ioctl(device, _LOOP_SET_FILE, file.fileno())
                except OSError as error:
                    os.close(device)
                    if error.errno != errno.EBUSY:
                        raise
                    continue
                # The kernel lets go of it when nobody has it open any more, however that comes about.
                fcntl.ioctl(device, _LOOP_SET_STATUS, struct.pack("=5Q4I176x", 0, 0, 0, 0, 0, 0, 0, 0, _LOOP_CLEARS))
                self._loops.append(device)
                return path
        raise OSError(errno.EBUSY, "no loop device is free")

    def _loops_end(self) -> None:
        while self._loops:
            os.close(self._loops.pop())

    def _small_end(self) -> None:
        while SMALL.is_mount():
            subprocess.run(["umount", "--lazy", SMALL], check=True)

    # ------------------------------------------------------------ other users

    def run_as(
        self, who: str, arguments: list[str], seconds: float = 60, environment: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """Run the checkout's vmdesk with `arguments` as root, as stranger (not in group libvirt) or as newcomer.

        The newcomer is the test user in a login from before it was put into group libvirt.
        """
        change, user, number = {
            "root": ([], "root", 0),
            "stranger": (_become(sandbox.STRANGER_ID, "--init-groups"), sandbox.STRANGER, sandbox.STRANGER_ID),
            "newcomer": (_become(sandbox.USER_ID, "--clear-groups"), sandbox.USER, sandbox.USER_ID),
        }[who]
        home = {0: sandbox.BASE / "root", sandbox.USER_ID: sandbox.HOME}.get(number, sandbox.BASE / user)
        home.mkdir(exist_ok=True)
        # The environment is bare on purpose: PATH, HOME and what the test names.
        bare = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "USER": user,
            "LANG": "C.UTF-8",
            "QT_QPA_PLATFORM": "offscreen",
        }
        if number:
            bare["XDG_RUNTIME_DIR"] = f"/run/user/{number}"
        done = subprocess.run(
            [*change, sandbox.CHECKOUT / ".venv" / "bin" / "vmdesk", *arguments],
            env=bare | (environment or {}), capture_output=True, text=True, timeout=seconds,
            stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        return {"status": done.returncode, "out": done.stdout, "err": done.stderr}

    # ------------------------------------------------------------ afterwards

    def restore(self) -> None:
        """What every test may count on: the daemon runs, no ssh server, no small file system."""
        self.daemon_signal("CONT")
        self.daemon_start()
        self.ssh_stop()
        self._small_end()
        self._loops_end()


def _become(number: int, groups: str) -> list[str]:
    return ["setpriv", f"--reuid={number}", f"--regid={number}", groups, "--"]


def _signal(name: str) -> signal.Signals:
    if name not in {"STOP", "CONT", "KILL", "TERM"}:
        raise ValueError(f"no such signal here: {name}")
    return signal.Signals[f"SIG{name}"]


def _spawn(command: list[str], output: Path) -> "subprocess.Popen[bytes]":
    """A daemon in a session of its own: Ctrl+C in the terminal is not for it."""
    with output.open("ab") as file:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True)


def _wait_for_socket(path: Path, daemon: "subprocess.Popen[bytes]", seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(path))
            except OSError:
                if daemon.poll() is not None:
                    break
                time.sleep(0.01)
            else:
                return
    raise RuntimeError(f"libvirtd does not answer; its output: {(LOG / 'libvirtd.out').read_text()[-2000:]}")


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    keeper: Keeper


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        for line in self.rfile:
            request = json.loads(line)
            verb = request.pop("verb")
            try:
                if verb not in VERBS:
                    raise ValueError(f"no such verb: {verb}")
                answer = {"result": getattr(self.server.keeper, verb)(**request)}
            except Exception as error:
                answer = {"error": f"{type(error).__name__}: {error}"}
            self.wfile.write(json.dumps(answer).encode() + b"\n")
