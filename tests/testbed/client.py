"""The tests' side of the keeper (keeper.py says what each verb does)."""

import json
import os
import socket
from dataclasses import dataclass
from typing import Any

SOCKET = os.environ.get("VMDESK_BED", "")
NEED_ROOT = frozenset({"keeper", "system_uri"})  # a test that uses one of these fixtures needs the sandbox


def present() -> bool:
    """Do we run inside the test bed, with its system-mode libvirtd?"""
    return bool(SOCKET) and os.path.exists(SOCKET)


@dataclass(frozen=True)
class Ssh:
    """A running ssh server and how to log in: `known_hosts_line` is what a client that trusts it has on file."""

    port: int
    user: str
    login: str
    key: str
    password: str
    fingerprint: str
    log: str
    known_hosts_line: str


@dataclass(frozen=True)
class Result:
    """How a program ended, and what it wrote."""

    status: int
    out: str
    err: str


class KeeperError(Exception):
    """The keeper could not do it."""


class KeeperClient:
    """One request, one connection: nothing to keep open, nothing to leak."""

    def ask(self, verb: str, **arguments: Any) -> Any:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(120)
            connection.connect(SOCKET)
            connection.sendall(json.dumps({"verb": verb, **arguments}).encode() + b"\n")
            with connection.makefile("rb") as answers:
                answer = json.loads(answers.readline() or b'{"error": "the keeper is gone"}')
        if "error" in answer:
            raise KeeperError(f"{verb}: {answer['error']}")
        return answer["result"]

    # libvirtd
    def daemon_pid(self) -> int | None:
        return self.ask("daemon_pid")  # type: ignore[no-any-return]

    def daemon_kill(self) -> None:
        """kill -9, and wait until it is gone. Guests run on."""
        self.ask("daemon_signal", signal="KILL")

    def daemon_end(self) -> None:
        """An orderly end, as `systemctl stop` does it."""
        self.ask("daemon_signal", signal="TERM")

    def daemon_start(self) -> int:
        return self.ask("daemon_start")  # type: ignore[no-any-return]

    def daemon_stop(self) -> None:
        """SIGSTOP: it is there and does not answer."""
        self.ask("daemon_signal", signal="STOP")

    def daemon_continue(self) -> None:
        self.ask("daemon_signal", signal="CONT")

    # one guest's QEMU
    def guest_pid(self, name: str) -> int | None:
        return self.ask("guest_pid", name=name)  # type: ignore[no-any-return]

    def guest_stop(self, name: str) -> bool:
        """SIGSTOP: a hung QEMU."""
        return self.ask("guest_signal", name=name, signal="STOP")  # type: ignore[no-any-return]

    def guest_continue(self, name: str) -> bool:
        return self.ask("guest_signal", name=name, signal="CONT")  # type: ignore[no-any-return]

    def guest_kill(self, name: str) -> bool:
        """SIGKILL: libvirt calls this crashed."""
        return self.ask("guest_signal", name=name, signal="KILL")  # type: ignore[no-any-return]

    # ssh
    def ssh_start(self, login: str = "key") -> Ssh:
        """`login`: key, password or keyboard (keyboard-interactive, through PAM)."""
        return Ssh(**self.ask("ssh_start", login=login))

    def ssh_stop(self) -> None:
        self.ask("ssh_stop")

    # files
    def read(self, path: str) -> str | None:
        """A file of libvirt's (its logs, its settings) as root sees it; None if there is none."""
        return self.ask("read", path=path)  # type: ignore[no-any-return]

    def small_make(self, mib: int = 8) -> str:
        return self.ask("small_make", mib=mib)  # type: ignore[no-any-return]

    def small_fill(self, leave: int = 0) -> None:
        self.ask("small_fill", leave=leave)

    def loop_make(self, mib: int = 64) -> str:
        """An empty block device; KeeperError where there are none."""
        return self.ask("loop_make", mib=mib)  # type: ignore[no-any-return]

    def small_free(self) -> None:
        self.ask("small_free")

    def run_as(
        self, who: str, *arguments: str, seconds: float = 60, environment: dict[str, str] | None = None
    ) -> Result:
        """Run vmdesk as `root`, `stranger` (not in group libvirt) or `newcomer` (in it since after the login)."""
        asked = {"who": who, "arguments": arguments, "seconds": seconds, "environment": environment}
        return Result(**self.ask("run_as", **asked))

    def restore(self) -> None:
        self.ask("restore")
