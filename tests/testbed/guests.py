"""Real guests for the tests: tiny, emulated in software, gone afterwards.

`System` and `Session` are the two daemons a guest can run on; `Guests` makes guests there and removes them.
"""

import contextlib
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from xml.sax.saxutils import escape, quoteattr

import libvirt

from tests.testbed.bootsector import GREETING, boot_sector
from tests.testbed.client import KeeperClient

RESCUE_CD = Path("/usr/lib/grub-rescue/grub-rescue-cdrom.iso")  # Debian's grub-rescue-pc: a CD with a menu
# Debian's debian-installer-12-netboot-amd64, or a later one.
INSTALLER = max(Path("/usr/lib/debian-installer/images").glob("[0-9]*/amd64"), default=None)
# Where the computer is busy an emulated clock may not tick in time for a kernel that starts: it panics.
CLOCK = "no_timer_check"
T = TypeVar("T")


@dataclass(frozen=True)
class Kernel:
    """A Linux to start without a boot loader."""

    file: Path
    initrd: Path
    arguments: str

    @classmethod
    def installer(cls, kind: str, arguments: str) -> "Kernel":
        """Debian's installer; kind: gtk or text."""
        assert INSTALLER is not None
        folder = INSTALLER / kind / "debian-installer" / "amd64"
        return cls(folder / "linux", folder / "initrd.gz", arguments)

    @property
    def xml(self) -> str:
        arguments = escape(f"{CLOCK} {self.arguments}")
        return f"<kernel>{self.file}</kernel><initrd>{self.initrd}</initrd><cmdline>{arguments}</cmdline>"


def wait_for(condition: Callable[[], T], what: str, seconds: float = 20) -> T:
    """Ask until the answer is true; that answer. AssertionError `what` when time is up."""
    end = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.02)


@contextlib.contextmanager
def connection(uri: str) -> Iterator[libvirt.virConnect]:
    """A libvirt connection of one's own, closed at the end."""
    opened = libvirt.open(uri)
    try:
        yield opened
    finally:
        with contextlib.suppress(libvirt.libvirtError):
            opened.close()


def make_fresh(uri: str) -> None:
    """What a new host has: no pool is defined (their files stay), of networks only the default one, switched off."""
    with connection(uri) as conn:
        for pool in conn.listAllStoragePools(0):
            persistent = pool.isPersistent()
            if pool.isActive():
                pool.destroy()
            if persistent:
                pool.undefine()
        for network in conn.listAllNetworks(0):
            persistent = network.isPersistent()
            if network.isActive():
                network.destroy()
            if network.name() == "default":
                network.setAutostart(False)
            elif persistent:
                network.undefine()


class System:
    """The sandbox's system-mode daemon. Its logs are root's: the keeper reads them."""

    uri = "qemu:///system"
    folder = Path("/var/lib/libvirt/bed")

    def __init__(self, keeper: KeeperClient) -> None:
        self._keeper = keeper

    def log(self, name: str) -> Path:
        return Path(f"/var/log/libvirt/qemu/{name}-serial.log")

    def read(self, path: Path) -> str:
        return self._keeper.read(str(path)) or ""

    def kill(self, name: str) -> None:
        self._keeper.guest_kill(name)

    def ready(self) -> None:
        self._keeper.daemon_continue()
        self._keeper.daemon_start()


class Session:
    """The user's own daemon; libvirt starts it with the first connection. `folder` is for disks and logs."""

    uri = "qemu:///session"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._run = Path(os.environ["XDG_RUNTIME_DIR"]) / "libvirt"

    def log(self, name: str) -> Path:
        return self.folder / f"{name}-serial.log"

    def read(self, path: Path) -> str:
        return path.read_text(errors="replace") if path.exists() else ""

    def kill(self, name: str) -> None:
        _end(self._run / "qemu" / "run" / f"{name}.pid", signal.SIGKILL)

    def ready(self) -> None:
        pass

    def end(self) -> None:
        """End the daemons that libvirt started for this session."""
        for name in ("libvirtd", "virtqemud", "virtnetworkd", "virtstoraged", "virtlogd"):
            _end(self._run / f"{name}.pid", signal.SIGTERM)


def _end(pid_file: Path, how: signal.Signals) -> None:
    with contextlib.suppress(OSError, ValueError):
        os.kill(int(pid_file.read_text()), how)


@dataclass(frozen=True)
class Guest:
    """One machine of a test."""

    name: str
    uuid: str
    host: System | Session

    @property
    def uri(self) -> str:
        return self.host.uri

    def ask(self, question: Callable[[libvirt.virDomain], T]) -> T:
        """`guest.ask(lambda d: d.info())`, on a connection of its own."""
        with connection(self.uri) as opened:
            return question(opened.lookupByUUIDString(self.uuid))

    def state(self) -> int:
        """libvirt's number of the state: 1 running, 3 paused, 5 off, 6 crashed."""
        return self.ask(lambda d: d.state()[0])  # type: ignore[no-any-return]

    def start(self) -> None:
        self.ask(lambda d: d.create())

    def serial(self) -> str:
        """What it has printed on its serial port so far."""
        return self.host.read(self.host.log(self.name))

    def wait_until_booted(self, seconds: float = 30) -> None:
        wait_for(lambda: GREETING in self.serial(), f"{self.name} says on its serial port that it runs", seconds)


class Guests:
    """Makes guests on one daemon; `remove` takes all of them away again, hung or not."""

    def __init__(self, host: System | Session) -> None:
        self._host = host
        self._made: list[Guest] = []
        self._files: list[Path] = []

    def make(
        self,
        name: str = "guest",
        *,
        memory: int = 32,
        vcpus: int = 1,
        iso: Path | None = None,
        kernel: Kernel | None = None,
        disks: Sequence[int | Path] = (),
        network: str | None = None,
        graphics: str | None = None,
        deaf: bool = False,
        busy: bool = False,
        writes: bool = False,
        quick: bool = False,
        kind: str = "qemu",
        machine: str = "pc",
        devices: str = "",
        extra: str = "",
        exact_name: bool = False,
        start: bool = True,
        paused: bool = False,
    ) -> Guest:
        """Define a guest, and start it.

        `name` gets a random ending unless `exact_name`. `memory` in MiB. `iso`: boot this CD, not the boot sector;
        `kernel`: start this.
        `disks`: a number makes a new qcow2 disk of so many MiB, a path (qcow2) is taken as it is; vdb, vdc, ...
        `graphics`: vnc or spice, on a unix socket. `devices` goes into <devices>, `extra` after it.
        `deaf`, `busy`, `writes`, `quick`: bootsector.py.
        """
        name = name if exact_name else f"{name}-{secrets.token_hex(3)}"
        paths = [self._disk(name, number, disk) for number, disk in enumerate(disks)]
        first = _cd(iso) if iso else _disk_xml(self._boot_image(deaf, busy, writes, quick), "raw", 0, "<readonly/>")
        parts = [
            first,
            *(_disk_xml(path, "qcow2", number) for number, path in enumerate(paths, start=1)),
            f"<serial type='pty'><log file={quoteattr(str(self._host.log(name)))} append='on'/></serial>",
            f"<interface type='network'><source network={quoteattr(network)}/><model type='virtio'/></interface>"
            if network
            else "",
            f"<graphics type='{graphics}'><listen type='socket'/></graphics>" if graphics else "",
            "" if "<video" in devices else f"<video><model type='{'vga' if graphics else 'none'}'/></video>",
            devices,
        ]
        xml = (
            f"<domain type='{kind}'><name>{name}</name><memory unit='MiB'>{memory}</memory><vcpu>{vcpus}</vcpu>"
            # As new machines have it: a lesser processor may run where the host's own does not.
            + ("<cpu mode='host-passthrough'/>" if kind == "kvm" else "")
            + f"<os><type arch='x86_64' machine='{machine}'>hvm</type>"
            f"{kernel.xml if kernel else ''}</os>"
            f"<features><acpi/></features><devices>{''.join(parts)}</devices>{extra}</domain>"
        )
        with connection(self._host.uri) as opened:
            domain = opened.defineXML(xml)
            guest = Guest(name, domain.UUIDString(), self._host)
            self._made.append(guest)
            if start or paused:
                domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED if paused else 0)
        return guest

    __call__ = make

    def remove(self) -> None:
        """Kill and undefine what was made (a definition that the test removed itself is no error)."""
        if self._made:
            self._host.ready()
            with connection(self._host.uri) as opened:
                for guest in self._made:
                    self._remove(opened, guest)
        self._made.clear()
        for path in self._files:
            path.unlink(missing_ok=True)
        self._files.clear()

    def _remove(self, opened: libvirt.virConnect, guest: Guest) -> None:
        try:
            domain = opened.lookupByUUIDString(guest.uuid)
        except libvirt.libvirtError:
            return
        self._host.kill(domain.name())  # destroying a stopped QEMU takes libvirt 11 seconds, a dead one none
        with contextlib.suppress(libvirt.libvirtError):
            domain.destroy()
        flags = ("MANAGED_SAVE", "SNAPSHOTS_METADATA", "CHECKPOINTS_METADATA", "NVRAM")
        with contextlib.suppress(libvirt.libvirtError):
            domain.undefineFlags(sum(getattr(libvirt, f"VIR_DOMAIN_UNDEFINE_{flag}", 0) for flag in flags))

    def _boot_image(self, deaf: bool, busy: bool, writes: bool, quick: bool) -> Path:
        """One file a variant, shared by all guests: they only read it."""
        path = self._host.folder / f"boot-{deaf:d}{busy:d}{writes:d}{quick:d}.img"
        if not path.exists():
            path.write_bytes(boot_sector(deaf=deaf, busy=busy, writes=writes, quick=quick).ljust(1 << 20, b"\0"))
        return path

    def _disk(self, name: str, number: int, disk: int | Path) -> Path:
        if isinstance(disk, Path):
            return disk
        path = self._host.folder / f"{name}-{number}.qcow2"
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, f"{disk}M"], check=True)
        self._files.append(path)
        return path


def _cd(iso: Path) -> str:
    return (
        f"<disk type='file' device='cdrom'><driver name='qemu' type='raw'/><source file={quoteattr(str(iso))}/>"
        "<target dev='hda' bus='ide'/><readonly/><boot order='1'/></disk>"
    )


def _disk_xml(path: Path, kind: str, number: int, extra: str = "") -> str:
    """Every disk has a place in the boot order: the BIOS does not see a virtio disk without one."""
    return (
        f"<disk type='file' device='disk'><driver name='qemu' type='{kind}' error_policy='stop'/>"
        f"<source file={quoteattr(str(path))}/><target dev='vd{'abcdefghij'[number]}' bus='virtio'/>{extra}"
        f"<boot order='{number + 1}'/></disk>"
    )
