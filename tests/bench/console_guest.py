"""The guest that draws, in QEMU under TCG: Debian's own QEMU, and a newer one unpacked aside (never installed)."""

import array
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).with_name("console_guest.c")
KEPT = Path(__file__).resolve().parents[2] / "build" / "bench"
WIDTH, HEIGHT = 1920, 1080
BOOT = 30.0  # seconds
TRACED = "qemu_spice_display_refresh"
BACKPORTS = "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian {suite} main"
PACKAGES = (
    "qemu-system-x86",
    "qemu-system-common",
    "qemu-system-data",
    "qemu-system-modules-opengl",
    "qemu-system-modules-spice",
)


@dataclass(frozen=True, slots=True)
class Qemu:
    """A QEMU to run, and the version that it says it is."""

    command: tuple[str, ...]
    version: str
    modules: str = ""

    @property
    def shares_memory(self) -> bool:
        """Whether its D-Bus display passes the frame buffer itself."""
        major, minor = (int(part) for part in self.version.split(".")[:2])
        return (major, minor) >= (9, 2)


class Unavailable(RuntimeError):
    """Something that a row needs is not to be had; says what."""


def build(folder: Path) -> Path:
    """The guest's program."""
    guest = folder / "guest"
    compiler = shutil.which("gcc")
    if not compiler:
        raise Unavailable("no gcc for the guest's program")
    options = "-m32 -march=i686 -msse2 -O2 -ffreestanding -fno-pic -fno-stack-protector -nostdlib -static -no-pie"
    linker = "-Wl,-Ttext=0x100000,-estart,--build-id=none,-n,--no-warn-rwx-segments"
    done = subprocess.run(
        [compiler, *options.split(), linker, "-o", str(guest), str(SOURCE)], capture_output=True, text=True
    )
    if done.returncode:
        raise Unavailable(f"gcc: {done.stderr[-300:]}")
    return guest


def installed() -> Qemu:
    """The system's."""
    command = shutil.which("qemu-system-x86_64")
    if not command:
        raise Unavailable("no qemu-system-x86_64")
    return Qemu((command,), _version((command,)))


def newer() -> Qemu:
    """The one of Debian's backports, kept in build/bench."""
    suite = _suite()
    root = KEPT / suite
    if not (root / "usr/bin/qemu-system-x86_64").exists():
        _unpack(suite, root)
    modules = str(root / "usr/lib/x86_64-linux-gnu/qemu")
    data = [str(root / "usr/share/qemu"), "/usr/share/seabios", "/usr/share/qemu"]
    command = [str(root / "usr/bin/qemu-system-x86_64"), *(part for one in data for part in ("-L", one))]
    return Qemu(tuple(command), _version(command), modules)


def _suite() -> str:
    lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    release = dict(line.split("=", 1) for line in lines if "=" in line)
    if release.get("ID") != "debian":
        raise Unavailable("only Debian has its backports")
    return release.get("VERSION_CODENAME", "").strip('"') + "-backports"


def _unpack(suite: str, root: Path) -> None:
    """Lists and packages in a folder of their own; apt checks the signatures, the system's state stays as it is."""
    if not shutil.which("apt-get"):
        raise Unavailable("no apt-get")
    work = root.with_name(f"{root.name}.new")
    shutil.rmtree(work, ignore_errors=True)
    (work / "lists/partial").mkdir(parents=True)
    (work / "cache/archives/partial").mkdir(parents=True)
    (work / "list").write_text(BACKPORTS.format(suite=suite) + "\n", encoding="ascii")
    places = {
        "Dir::Etc::sourcelist": work / "list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::lists": work / "lists",
        "Dir::Cache": work / "cache",
        "APT::Sandbox::User": "",
        "Acquire::Retries": 2,
    }
    options = [part for name, value in places.items() for part in ("-o", f"{name}={value}")]
    # By their version: the priority of backports is below the release's own.
    for command in (["update"], ["download", *(f"{name}/{suite}" for name in PACKAGES)]):
        done = subprocess.run(
            ["apt-get", "-qq", *options, *command], cwd=work, capture_output=True, text=True, timeout=300
        )
        if done.returncode:
            raise Unavailable(f"{suite}: {done.stderr.strip()[-200:]}")
    for package in work.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", str(package), str(work / "root")], check=True)
    shutil.rmtree(root, ignore_errors=True)
    (work / "root").rename(root)
    shutil.rmtree(work)


def _version(command: tuple[str, ...] | list[str]) -> str:
    said = subprocess.run([*command, "--version"], capture_output=True, text=True)
    if said.returncode:
        raise Unavailable(f"QEMU does not start: {said.stderr.strip()[-200:]}")
    return said.stdout.split("version ", 1)[1].split()[0].split("(")[0]


class Guest:
    """A running one, with one display."""

    def __init__(self, folder: Path, process: "subprocess.Popen[bytes]", port: int) -> None:
        self.folder = folder
        self.pid = process.pid
        self.port = port  # over TCP
        self._process = process

    @property
    def monitor(self) -> Path:
        return self.folder / "monitor"

    @property
    def display(self) -> Path:
        """The socket of VNC or SPICE."""
        return self.folder / "display"

    @property
    def frames(self) -> int:
        """Drawn since it started."""
        return max(0, (self.folder / "frames").stat().st_size - 1)

    @property
    def sent(self) -> int | None:
        """Frames that SPICE was given since it started. QEMU counts in a line what a refresh found: 1 for itself."""
        file = self.folder / "display.log"
        if not file.exists():
            return None
        words = (line.split() for line in file.read_text(encoding="ascii").splitlines() if TRACED in line)
        return sum(int(found[-1]) > 1 for found in words)

    def press(self, key: str) -> None:
        """From inside: no viewer has to do with it."""
        ask(self.monitor, "send-key", {"keys": [{"type": "qcode", "data": key}]})

    def wait(self) -> None:
        end = time.monotonic() + BOOT
        frames = self.folder / "frames"
        while not (frames.exists() and frames.stat().st_size):
            if self._process.poll() is not None or time.monotonic() > end:
                raise Unavailable(f"the guest did not start: {(self.folder / 'qemu.log').read_text()[-300:]}")
            time.sleep(0.05)


@contextmanager
def run(qemu: Qemu, program: Path, folder: Path, display: str) -> Iterator[Guest]:
    """`display`: dbus, vnc, spice, spice-tcp. VNC is also, spice-tcp only, on a port of the loopback."""
    folder.mkdir()
    port = _free_port()
    options = {
        "dbus": ["-display", "dbus,p2p=yes"],
        "vnc": ["-vnc", f"unix:{folder}/display", "-vnc", f"127.0.0.1:{port - 5900},id=tcp"],
        "spice-tcp": ["-display", "none", "-spice", f"addr=127.0.0.1,port={port},disable-ticketing=on"],
        "spice": ["-display", "none", "-spice", f"unix=on,addr={folder}/display,disable-ticketing=on"],
    }
    command = [
        *qemu.command, "-machine", "pc,accel=tcg", "-cpu", "qemu64", "-smp", "1", "-m", "192", "-nodefaults",
        "-device", f"virtio-vga,xres={WIDTH},yres={HEIGHT}", "-kernel", str(program),
        "-debugcon", f"file:{folder}/frames", "-qmp", f"unix:{folder}/monitor,server=on,wait=off", *options[display],
    ]  # fmt: skip
    if display.startswith("spice") and _traces(qemu):
        command += ["-trace", f"enable={TRACED}", "-D", f"{folder}/display.log"]
    environment = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "HOME")}
    if qemu.modules:
        environment["QEMU_MODULE_DIR"] = qemu.modules
    with (folder / "qemu.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        guest = Guest(folder, process, port)
        guest.wait()
        yield guest
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _traces(qemu: Qemu) -> bool:
    """Whether it can say when it sends a picture: not every build can."""
    said = subprocess.run([*qemu.command, "-trace", "help"], capture_output=True, text=True)
    return TRACED in said.stdout.split()


def _free_port() -> int:
    for port in range(5960, 6000):
        with socket.socket() as one:
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise Unavailable("no free port")


def ask(monitor: Path, command: str, arguments: dict[str, Any], fd: int = -1) -> None:
    """A QMP command, on a connection of its own; `fd` goes with it as "fd"."""
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(monitor))
        words = line.makefile("r", encoding="utf-8")

        def say(name: str, values: dict[str, Any], with_fd: int = -1) -> None:
            text = json.dumps({"execute": name, "arguments": values}).encode() + b"\n"
            passed = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [with_fd]))] if with_fd >= 0 else []
            line.sendmsg([text], passed)
            while True:
                answer = json.loads(words.readline())
                if "error" in answer:
                    raise Unavailable(f"{name}: {answer['error']['desc']}")
                if "return" in answer:
                    return

        words.readline()  # its greeting
        say("qmp_capabilities", {})
        if fd >= 0:
            say("getfd", {"fdname": "fd"}, fd)
        say(command, arguments)


def main() -> int:
    """Fetch what the rows with shared memory need, while there is a network: the bench itself runs without one."""
    try:
        print(f"QEMU {newer().version} is there, aside")
    except (Unavailable, OSError, subprocess.SubprocessError) as error:
        print(f"no newer QEMU: {error}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
