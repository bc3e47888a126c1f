"""An ssh server for the tests: on 127.0.0.1, for the test user only, one kind of login at a time. Runs as root."""

import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.testbed.sandbox import PASSWORD

_SETTINGS = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host
PidFile none
AllowUsers {user}
StrictModes no
AllowStreamLocalForwarding yes
LogLevel VERBOSE
"""
_LOGIN = {
    "key": "PubkeyAuthentication yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nUsePAM no\n",
    "password": "PubkeyAuthentication no\nPasswordAuthentication yes\nKbdInteractiveAuthentication no\nUsePAM no\n",
    "keyboard": "PubkeyAuthentication no\nPasswordAuthentication no\nKbdInteractiveAuthentication yes\nUsePAM yes\n",
}


class SshServer:
    """`folder` is root's; the client's key lies in the user's ~/.ssh, as a user's does."""

    def __init__(self, folder: Path, user: str, home: Path) -> None:
        self._folder, self._user, self._home = folder, user, home
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, login: str) -> dict[str, Any]:
        """Start it; returns what a client needs to know. Every start has a new port, the host key stays."""
        settings = _LOGIN[login]
        self.stop()
        self._make_keys()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        (self._folder / "config").write_text(
            _SETTINGS.format(port=port, folder=self._folder, user=self._user) + settings
        )
        log = self._folder / "log"
        program = shutil.which("sshd", path="/usr/sbin:/usr/bin") or "sshd"
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [program, "-D", "-e", "-f", self._folder / "config"],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip
        _wait_for_port(port, self._process, log)
        log.chmod(0o644)
        public = (self._folder / "host.pub").read_text().split()
        printed = subprocess.run(
            ["ssh-keygen", "-lf", self._folder / "host.pub"], capture_output=True, text=True, check=True
        )
        return {
            "port": port, "user": self._user, "login": login, "key": str(self._home / ".ssh" / "id_ed25519"),
            "password": PASSWORD, "fingerprint": printed.stdout.split()[1], "log": str(log),
            "known_hosts_line": f"[127.0.0.1]:{port} {public[0]} {public[1]}",
        }  # fmt: skip

    def stop(self) -> None:
        """End the server; logins that are open end with it."""
        if self._process is None:
            return
        ended = _descendants(self._process.pid)
        self._process.terminate()
        self._process.wait(10)
        self._process = None
        for pid in ended:
            subprocess.run(["kill", "-9", str(pid)], stderr=subprocess.DEVNULL, check=False)

    def _make_keys(self) -> None:
        if (self._folder / "host").exists():
            return
        ssh = self._home / ".ssh"
        self._folder.mkdir(mode=0o711)
        ssh.mkdir(mode=0o700)
        for key in (self._folder / "host", ssh / "id_ed25519"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", key], check=True)
        shutil.copy(ssh / "id_ed25519.pub", ssh / "authorized_keys")
        for path in (ssh, *ssh.iterdir()):
            shutil.chown(path, self._user, self._user)


def _descendants(pid: int) -> list[int]:
    children = [int(c) for c in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [d for child in children for d in (child, *_descendants(child))]


def _wait_for_port(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(500):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.01)
        else:
            return
    raise RuntimeError(f"sshd does not answer: {log.read_text()}")
