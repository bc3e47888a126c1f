"""The sandbox's outside and its walls: namespaces, private folders, users. Needs root.

`run` starts ``python -m tests.testbed.inside`` in fresh namespaces and waits. Process 1 of the sandbox is the kernel's
handle on everything in it: when it ends, for whatever reason, all the rest is killed.
"""

import contextlib
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

from tests.testbed import cgroups

CHECKOUT = Path(__file__).resolve().parents[2]
BASE = Path("/run/vmdesk-test")  # the sandbox's own: /run is private
HOME = BASE / "home"
HOSTNAME = "workstation"
USER, USER_ID = "vmdesk-test", 60999  # in group libvirt: who the program is for
STRANGER, STRANGER_ID = "vmdesk-stranger", 60998  # in no group: who is to be told what is missing
PASSWORD = "correct horse"
_HASH = "$6$vmdesk$UDB65C.k7a14/uRBA5fW7MCMcJPM/QlAP5AqMex.51HEoILK6la9VC3WC/aDOZv16Zh/QzLNU8T5UAEcuGg9Z."
_PRIVATE = ("/etc/libvirt", "/var/lib/libvirt", "/var/log/libvirt", "/var/cache/libvirt", "/run", "/tmp")


# ---------------------------------------------------------------- outside


def run(program: list[str]) -> int:
    """Run `program` in a new sandbox as the unprivileged user; returns its exit status."""
    build = CHECKOUT / "build"
    build.mkdir(exist_ok=True)
    build.chmod(0o755)
    for path in (build, *build.rglob("*")):  # the only place in the checkout that the tests may write to
        with contextlib.suppress(FileNotFoundError):  # another bed's, gone by now
            os.chown(path, USER_ID, USER_ID, follow_symlinks=False)
    spaces = ["--mount", "--net", "--pid", "--ipc", "--uts", "--cgroup", "--fork", "--kill-child", "--mount-proc"]
    group = cgroups.Slice()
    group.make()
    try:
        # setpriv: should this process be killed, the kernel kills unshare, and unshare's end kills process 1.
        return subprocess.run(
            [
                "setpriv",
                "--pdeathsig",
                "KILL",
                "unshare",
                *spaces,
                sys.executable,
                "-m",
                "tests.testbed.inside",
                *program,
            ],
            cwd=CHECKOUT,
            preexec_fn=group.join,
            check=False,
        ).returncode
    finally:
        group.remove()


# ---------------------------------------------------------------- inside, as root


def mount(*arguments: str | Path) -> None:
    subprocess.run(["mount", *map(str, arguments)], check=True)


def build_walls() -> None:
    """Hide the machine's libvirt, /run and /tmp; make the network, the users and the checkout ready."""
    os.umask(0o022)
    nwfilters = _read_folder(Path("/etc/libvirt/nwfilter"))
    groups = cgroups.hierarchies()
    checkout = os.open(CHECKOUT, os.O_PATH | os.O_DIRECTORY)
    entries = sorted(os.listdir(CHECKOUT))
    for path in _PRIVATE:
        Path(path).mkdir(parents=True, exist_ok=True)
        mount("-t", "tmpfs", "-o", f"mode={'1777' if path == '/tmp' else '755'}", "tmpfs", path)
    _expose(checkout, entries)
    os.close(checkout)
    os.chdir(CHECKOUT)

    mount("-t", "sysfs", "sysfs", "/sys")  # the network devices of this namespace, not the machine's
    cgroups.remount(groups)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["hostname", HOSTNAME], check=False)

    for path, mode in (("lock", 0o1777), ("sshd", 0o755), (f"user/{USER_ID}", 0o700), (f"user/{STRANGER_ID}", 0o700)):
        made = Path("/run", path)
        made.mkdir(parents=True)
        made.chmod(mode)
    (BASE / "etc").mkdir(parents=True)
    for user, number in ((USER, USER_ID), (STRANGER, STRANGER_ID)):
        home = HOME if user == USER else BASE / user
        home.mkdir(mode=0o755)
        os.chown(home, number, number)
        os.chown(f"/run/user/{number}", number, number)
    _add_users()
    _open_kvm()
    Path("/tmp/.X11-unix").mkdir(mode=0o1777)
    Path("/tmp/.X11-unix").chmod(0o1777)
    nwfilter = Path("/etc/libvirt/nwfilter")
    nwfilter.mkdir(mode=0o700)
    for name, text in nwfilters.items():
        (nwfilter / name).write_bytes(text)


def _read_folder(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.glob("*.xml")} if folder.is_dir() else {}


def _expose(checkout: int, entries: list[str]) -> None:
    """Make the checkout readable to everybody at its own path, wherever it lies: below /root, in a closed /tmp/xyz.

    The first folder on the way that others may not pass is covered by an empty one, and the checkout's entries are
    bound into place again. What others may not read even then (a clone made with umask 077) is copied.
    """
    for folder in (*reversed(CHECKOUT.parents), CHECKOUT):
        if not folder.exists() or not folder.stat().st_mode & stat.S_IXOTH:
            if folder.exists():
                mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", folder)
            break
    else:
        if os.fstat(checkout).st_mode & stat.S_IROTH and not _closed(CHECKOUT):
            return
        mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", CHECKOUT)
    CHECKOUT.mkdir(parents=True, exist_ok=True)
    for entry in entries:
        origin, place = Path(f"/proc/{os.getpid()}/fd/{checkout}", entry), CHECKOUT / entry
        if origin.is_symlink():
            place.symlink_to(os.readlink(origin))
        elif entry != "build" and _closed(origin):
            _copy(origin, place)
        else:
            place.mkdir() if origin.is_dir() else place.touch()
            mount("--no-canonicalize", "--bind", origin, place)  # canonical, it would name what is covered now


def _closed(path: Path) -> bool:
    """Is there anything in it that others may not read?"""
    wrong = ["(", "-type", "d", "!", "-perm", "-o=rx", "-o", "-type", "f", "!", "-perm", "-o=r", ")"]
    found = subprocess.run(
        ["find", f"{path}/" if path.is_dir() else path, *wrong, "-print", "-quit"], capture_output=True
    )
    return bool(found.stdout)


def _copy(origin: Path, place: Path) -> None:
    if origin.is_dir():
        shutil.copytree(origin, place, symlinks=True)
    else:
        shutil.copy2(origin, place)
    subprocess.run(["chmod", "-R", "go+rX", place], check=True)


def _open_kvm() -> None:
    """Let QEMU's user open /dev/kvm, as udev does on a real host.

    Where it may not (a container without udev), libvirt 9 believes its probe of QEMU outdated and repeats it for every
    call: each definition takes ten seconds. Whether KVM then runs a guest is another question.
    """
    device = Path("/dev/kvm")
    if device.exists():
        ours = BASE / "kvm"
        os.mknod(ours, stat.S_IFCHR | 0o666, device.stat().st_rdev)
        ours.chmod(0o666)
        mount("--bind", ours, device)


def _add_users() -> None:
    """Put the two users into this sandbox's own copies of passwd, shadow, group and hosts."""
    users = ((USER, USER_ID, HOME), (STRANGER, STRANGER_ID, BASE / STRANGER))
    added = {
        "passwd": [f"{name}:x:{number}:{number}:{name}:{home}:/bin/sh" for name, number, home in users],
        "shadow": [f"{name}:{_HASH}:19000:0:99999:7:::" for name, *_ in users],
        "group": [f"{name}:x:{number}:" for name, number, _ in users],
        "hosts": [f"127.0.0.1 localhost {HOSTNAME}"],
    }
    for name, lines in added.items():
        original = Path("/etc", name)
        kept = original.read_text().splitlines() if original.exists() and name != "hosts" else []
        if name == "group":
            kept = [_with_member(line) for line in kept]
        copy = BASE / "etc" / name
        copy.write_text("\n".join([*kept, *lines]) + "\n")
        copy.chmod(0o640 if name == "shadow" else 0o644)
        shutil.chown(copy, "root", "shadow" if name == "shadow" and _has_group("shadow") else "root")
        mount("--bind", copy, original)


def _with_member(line: str) -> str:
    """A line of /etc/group, with the test user in it if it is that of libvirt."""
    if not line.startswith("libvirt:"):
        return line
    return f"{line},{USER}" if line.rpartition(":")[2] else f"{line}{USER}"


def _has_group(name: str) -> bool:
    return any(line.startswith(f"{name}:") for line in Path("/etc/group").read_text().splitlines())
