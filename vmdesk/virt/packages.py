"""What this computer's system calls things, and what of it is installed here: for the next steps that are told."""

import functools
import os
import shlex
import shutil
from pathlib import Path

OS_RELEASE = Path("/etc/os-release")
SYSTEMD = Path("/run/systemd/system")
_SBIN = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin"

# family -> how it installs, and the names that packaging/bootstrap.sh has, too
_INSTALL = {"debian": "sudo apt install", "fedora": "sudo dnf install", "arch": "sudo pacman -S"}
_NAMES = {
    "libvirt": {"debian": "libvirt-daemon-system", "fedora": "libvirt-daemon-kvm", "arch": "libvirt"},
    "session": {"debian": "libvirt-daemon", "fedora": "libvirt-daemon-kvm", "arch": "libvirt"},
    "qemu": {"debian": "qemu-system-x86", "fedora": "qemu-system-x86-core", "arch": "qemu-system-x86"},
    "ssh": {"debian": "openssh-client", "fedora": "openssh-clients", "arch": "openssh"},
    "uefi": {"debian": "ovmf", "fedora": "edk2-ovmf", "arch": "edk2-ovmf"},
    "tpm": {"debian": "swtpm", "fedora": "swtpm", "arch": "swtpm"},
}
_SOCKETS = ("virtqemud.socket", "virtnetworkd.socket", "virtstoraged.socket")


@functools.lru_cache(maxsize=1)
def family() -> str:
    """debian, fedora, arch, or "" for another."""
    try:
        lines = OS_RELEASE.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    values = dict(line.split("=", 1) for line in lines if "=" in line)
    try:
        told = [part for key in ("ID", "ID_LIKE") for part in shlex.split(values.get(key, ""))]
    except ValueError:
        return ""
    alike = {"ubuntu": "debian", "rhel": "fedora", "centos": "fedora"}
    words = " ".join(told).split()
    return next((known for word in words if (known := alike.get(word, word)) in _INSTALL), "")


def install(*things: str) -> str:
    """The command that installs them on this computer; "" where nobody knows it."""
    kind = family()
    return " ".join([_INSTALL[kind], *(_NAMES[one][kind] for one in things)]) if kind and things else ""


def daemon() -> str:
    """The service of this computer's libvirt that QEMU's machines need: libvirtd, virtqemud; "" if there is none."""
    there = [name for name in ("libvirtd", "virtqemud") if shutil.which(name, path=_SBIN)]
    if len(there) == 2:
        return "virtqemud" if family() == "fedora" else "libvirtd"
    return there[0] if there else ""


def start() -> str:
    """The command that starts it."""
    if not SYSTEMD.is_dir():
        return f"sudo service {daemon() or 'libvirtd'} start"
    if daemon() == "virtqemud":
        return f"sudo systemctl start {' '.join(_SOCKETS)}"
    return "sudo systemctl start libvirtd"


def is_root() -> bool:
    """Root's own machines are the system's: libvirt has no session for it."""
    return os.geteuid() == 0
