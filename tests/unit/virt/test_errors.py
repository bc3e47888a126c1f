"""libvirt's errors in words."""

import grp
import os
import pwd
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import libvirt
import pytest

from vmdesk.model.text import text
from vmdesk.virt import errors, packages

ME = pwd.getpwuid(os.getuid()).pw_name
SOCKET = "Failed to connect socket to '/var/run/libvirt/libvirt-sock': "


def error(code: int, message: str, domain: int = 0) -> libvirt.libvirtError:
    made = libvirt.libvirtError(message)
    made.err = (code, domain, message, 2, "", None, None, 0, 0)
    return made


@pytest.mark.parametrize(
    ("code", "domain", "message", "uri", "name"),
    [
        (38, 0, SOCKET + "No such file or directory", "qemu:///system", "no-daemon"),
        (38, 7, SOCKET + "Connection refused", "qemu:///system", "no-daemon"),
        (38, 7, SOCKET + "Permission denied", "qemu+ssh://ann@lab/system", "permission"),
        (94, 0, "authentication unavailable: no polkit agent available", "qemu+ssh://lab/system", "permission"),
        (45, 0, "authentication failed: bad password", "esx://h", "auth"),
        (88, 0, "access denied", "qemu:///system", "permission"),
        (38, 7, "Cannot recv data: Host key verification failed.", "qemu+ssh://lab/system", "host-key"),
        (38, 7, "End of file while reading data: ann@lab: Permission denied (publickey).", "qemu+ssh://lab/", "auth"),
        (39, 7, "packet 1213486156 bytes received from server too large, want 33554432", "qemu+tcp://h", "not-libvirt"),
        (38, 7, "unable to connect to server at 'h:16509': No route to host", "qemu+tcp://h", "unreachable"),
        (38, 7, "End of file while reading data: Input/output error", "qemu:///system", "closed"),
        (1, 7, "internal error: client socket is closed", "qemu:///system", "closed"),
        (5, 0, "no connection driver available for bhyve:///", "bhyve:///", "no-driver"),
        (3, 0, "this function is not supported by the connection driver", "test:///default", "no-support"),
        (42, 0, "Domain not found", "", "gone"),
        (29, 0, "operation virDomainCreate forbidden for read only access", "", "read-only"),
        (1, 0, "internal error: process exited: Could not access KVM kernel module: Permission denied", "", "no-kvm"),
        (8, 0, "invalid argument: could not get preferred machine for /usr/bin/qemu", "", "libvirt"),
        (55, 10, "cannot migrate domain: The vdagent chardev doesn't yet support migration", "", "vdagent"),
        (49, 18, "Storage pool not found: no storage pool with matching name 'x'", "", "no-pool"),
        (50, 18, "Storage volume not found: no storage vol with matching name 'x'", "", "no-volume"),
        (43, 19, "Network not found: no network with matching name 'x'", "", "no-network"),
        (90, 18, "storage volume 'a' exists already", "", "taken"),
        (9, 12, "operation failed: storage vol already exists", "", "taken"),
        (55, 18, "Requested operation is not valid: volume target path '/p/a' already exists", "", "taken"),
        (9, 20, "operation failed: domain 'q' already exists with uuid 6b38", "", "taken"),
        (9, 20, "operation failed: domain 'q' is already defined with uuid 6b38", "", "taken"),
        (9, 18, "operation failed: Storage source conflict with pool: 'k'", "", "taken"),
        (55, 18, "Requested operation is not valid: storage pool 'k' is not active", "", "pool-off"),
        (38, 0, "cannot open directory '/nowhere/x': No such file or directory", "", "no-folder"),
        (1, 0, "internal error: Network is already in use by interface eth0", "", "subnet"),
        (38, 38, "Unable to write /p/big.raw: No space left on device", "", "disk-full"),
        (38, 7, "Cannot write data: No space left on device", "", "disk-full"),
        (38, 38, "Unable to write to pipe: Broken pipe", "qemu:///system", "libvirt"),
        (38, 0, "Cannot write data: Broken pipe", "qemu:///system", "closed"),
        (1, 0, "internal error: cannot execute binary /sbin/pvs: No such file or directory", "", "no-program"),
        (1, 0, "internal error: missing backend for pool type 9 (rbd)", "", "no-backend"),
        (1, 0, "internal error: Something quite new", "", "libvirt"),
    ],
)
def test_kinds(code: int, domain: int, message: str, uri: str, name: str) -> None:
    problem = errors.problem(error(code, message, domain), text("Connecting"), uri)
    assert problem.name == name
    assert problem.details == message
    assert problem.code == code
    assert str(problem.what) == "Connecting did not work."


Here = Callable[..., None]


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Here:
    """`here(family, *daemons, root=False)`: a computer like that, with systemd."""

    def make(family: str, *daemons: str, root: bool = False) -> None:
        monkeypatch.setattr(packages, "family", lambda: family)
        monkeypatch.setattr(packages, "SYSTEMD", tmp_path)
        monkeypatch.setattr(packages, "is_root", lambda: root)
        monkeypatch.setattr(shutil, "which", lambda name, path=None: name if name in daemons else None)

    return make


@pytest.mark.parametrize(
    ("family", "daemons", "root", "uri", "why", "command"),
    [
        ("debian", ["libvirtd"], False, "qemu:///system", "not running", "sudo systemctl start libvirtd"),
        ("debian", [], False, "qemu:///system", "not installed", "sudo apt install libvirt-daemon-system"),
        ("debian", [], False, "qemu:///session", "not installed", "sudo apt install libvirt-daemon"),
        ("debian", [], True, "qemu:///session", "not installed", "sudo apt install libvirt-daemon-system"),
        ("debian", ["libvirtd"], True, "qemu:///session", "not running", "sudo systemctl start libvirtd"),
        ("debian", ["libvirtd"], False, "qemu:///session", "not running", ""),
        (
            "fedora",
            ["libvirtd", "virtqemud"],
            False,
            "qemu:///system",
            "not running",
            "sudo systemctl start virtqemud.socket virtnetworkd.socket virtstoraged.socket",
        ),
        ("fedora", [], False, "qemu:///system", "not installed", "sudo dnf install libvirt-daemon-kvm"),
        ("arch", ["libvirtd", "virtqemud"], False, "qemu:///system", "not running", "sudo systemctl start libvirtd"),
        ("arch", [], False, "qemu:///system", "not installed", "sudo pacman -S libvirt"),
        ("", [], False, "qemu:///system", "not installed", ""),
    ],
)
def test_not_running_and_not_installed_are_two_things(
    here: Here, family: str, daemons: list[str], root: bool, uri: str, why: str, command: str
) -> None:
    here(family, *daemons, root=root)
    problem = errors.problem(error(38, SOCKET + "No such file or directory"), None, uri)
    assert problem.name == "no-daemon"
    assert why in str(problem.why)
    assert problem.command == command
    assert command in str(problem.what_next) and str(problem.what_next)


def test_no_package_of_qemu_for_another_hypervisor(here: Here) -> None:
    here("debian")
    assert not errors.problem(error(5, "no connection driver available for xen:///"), None, "xen:///system").command
    assert errors.problem(error(5, "no connection driver available for qemu:///"), None, "qemu:///system").command


@pytest.mark.parametrize(
    ("words", "family"),
    [
        ("ID=debian\n", "debian"),
        ("NAME=x\nID=ubuntu\nID_LIKE=debian\n", "debian"),
        ("ID=linuxmint\nID_LIKE='ubuntu debian'\n", "debian"),
        ('ID="rocky"\nID_LIKE="rhel centos fedora"\n', "fedora"),
        ("ID=fedora", "fedora"),
        ("ID=manjaro\nID_LIKE=arch\n", "arch"),
        ("ID=opensuse\nID_LIKE=suse\n", ""),
        ('ID="cut', ""),
        ("\0\1=\n", ""),
    ],
)
def test_families(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: str, family: str) -> None:
    file = tmp_path / "os-release"
    file.write_text(words)
    monkeypatch.setattr(packages, "OS_RELEASE", file)
    assert packages.family.__wrapped__() == family
    monkeypatch.setattr(packages, "OS_RELEASE", tmp_path / "none")
    assert packages.family.__wrapped__() == ""


def test_another_computer_s_system_is_not_guessed(here: Here) -> None:
    here("arch", "libvirtd")
    message = "internal error: Cannot check QEMU binary /usr/bin/qemu-system-x86_64: No such file or directory"
    there = errors.problem(error(1, message), None, "qemu+ssh://lab/system")
    assert (str(there.what_next), there.command) == ("Install QEMU on lab with that system's package manager.", "")
    assert errors.problem(error(1, message), None, "qemu:///system").command == "sudo pacman -S qemu-system-x86"


def test_the_next_step_names_the_host() -> None:
    problem = errors.problem(error(38, SOCKET + "No such file or directory"), None, "qemu+ssh://lab/system")
    assert str(problem.what_next).startswith("Run on lab: sudo systemctl start libvirtd")
    assert "not installed there" in str(problem.why)


@pytest.mark.parametrize(
    ("granted", "in_login", "name", "next_step"),
    [
        (False, False, "permission", "sudo usermod -aG libvirt"),
        (True, False, "permission-login", "Log out and in once."),
        (True, True, "permission", "ls -l"),
    ],
)
def test_group(monkeypatch: pytest.MonkeyPatch, granted: bool, in_login: bool, name: str, next_step: str) -> None:
    monkeypatch.setattr(errors, "membership", lambda _user: (granted, in_login))
    problem = errors.problem(error(38, SOCKET + "Permission denied", 7), None, "qemu:///system")
    assert problem.name == name
    assert next_step in str(problem.what_next)
    assert problem.command in str(problem.what_next)


@pytest.mark.parametrize(
    ("message", "uri", "command"),
    [
        (SOCKET + "No such file or directory", "qemu:///system", "sudo systemctl start libvirtd"),
        (SOCKET + "No such file or directory", "qemu:///session", ""),
        ("Host key verification failed.", "qemu+ssh://lab/system", "ssh lab"),
        ("Could not access KVM kernel module: Permission denied", "qemu:///session", f"sudo usermod -aG kvm {ME}"),
        ("network 'a b' is not active", "qemu:///system", "virsh net-start 'a b'"),
        ("Something quite new: run sudo rm -rf /", "qemu:///system", ""),
    ],
)
def test_commands_are_data(message: str, uri: str, command: str, here: Here) -> None:
    """What is offered to be pasted is ours to the letter, never cut out of a sentence."""
    here("debian", "libvirtd")
    problem = errors.problem(error(38, message), None, uri)
    assert problem.command == command
    assert command in str(problem.what_next or "")


def test_membership(monkeypatch: pytest.MonkeyPatch) -> None:
    def group(members: list[str], number: int) -> Any:
        return grp.struct_group(("libvirt", "x", number, members))

    monkeypatch.setattr(os, "getgroups", lambda: [1, 4711])
    monkeypatch.setattr(grp, "getgrnam", lambda _name: group(["nobody-here"], 4711))
    assert errors.membership("nobody-here") == (True, True)
    monkeypatch.setattr(grp, "getgrnam", lambda _name: group(["nobody-here"], 4712))
    assert errors.membership("nobody-here") == (True, False)
    assert errors.membership("somebody-else") == (False, False)


@pytest.mark.parametrize(
    ("words", "holder"),
    [
        ("cannot acquire state change lock (held by monitor=remoteDispatchDomainSnapshotCreateXML)", "snapshot"),
        ("... (held by monitor=remoteDispatchDomainManagedSave)", "save"),
        ("... (held by monitor=remoteDispatchConnectGetAllDomainStats)", ""),
        ("... (held by monitor=remoteDispatchDomainMemoryStats agent=remoteDispatchDomainShutdownFlags)", "shutdown"),
        ("... (held by monitor=remoteDispatchDomainSetTime)", "SetTime"),
        ("cannot acquire state change lock", ""),
    ],
)
def test_holder(words: str, holder: str) -> None:
    assert errors.holder(words) == holder
