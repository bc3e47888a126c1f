"""A small Debian with cloud-init, as makers of systems publish it: ``python -m tests.testbed.debian``.

It is build/debian-cloud.qcow2, made by debootstrap, which needs root and the network: so it is made before the sandbox
is entered, and kept. With packages from the network that takes about four minutes, once. A disk with a partition and
GRUB, put together without mounting anything: GRUB's first sector and its core are written where they belong, the file
system is filled by mkfs.
"""

import os
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
IMAGE = CHECKOUT / "build" / "debian-cloud.qcow2"
PACKAGES = (
    "systemd-sysv", "cloud-init", "linux-image-cloud-amd64", "openssh-server", "udev", "netbase", "iproute2",
    "ifupdown", "isc-dhcp-client", "grub-pc-bin", "sudo",
    "python3-cffi-backend",  # python3-cryptography needs it by another name, which debootstrap does not see
)  # fmt: skip
_SECTOR = 512
_START = 2048  # sectors before the partition: GRUB's core lies there
_MIB = 1 << 20
_SIZE = 1024 * _MIB  # of the file system
_GRUB = """\
serial --unit=0 --speed=115200
terminal_input serial
terminal_output serial
set timeout=0
menuentry Debian {
  search --no-floppy --label --set=root cloud
  linux /vmlinuz root=LABEL=cloud ro console=ttyS0 net.ifnames=0 systemd.show_status=0 mitigations=off no_timer_check
  initrd /initrd.img
}
"""
# What only costs time in an emulated machine.
_MASKED = (
    "apt-daily.timer", "apt-daily-upgrade.timer", "e2scrub_all.timer", "fstrim.timer", "dpkg-db-backup.timer",
    "systemd-random-seed.service", "systemd-journal-flush.service", "getty@tty1.service",
    "systemd-networkd-wait-online.service",
)  # fmt: skip
_CLOUD = """\
datasource_list: [NoCloud, None]
manage_resolv_conf: false
apt_preserve_sources_list: true
"""


def make(image: Path = IMAGE) -> None:
    """Make it unless it is there. CalledProcessError if that is not possible here."""
    if image.exists():
        return
    image.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="vmdesk-debian-", dir="/var/tmp") as folder:
        root = Path(folder, "root")
        _bootstrap(root)
        _set_up(root)
        disk = Path(folder, "disk.raw")
        _disk(root, disk)
        new = image.with_suffix(".new")
        _run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", "-c", "-W", "-m", "8", disk, new)
        new.rename(image)


def possible() -> bool:
    """Is what it takes there?"""
    return os.geteuid() == 0 and all(shutil.which(name) for name in ("debootstrap", "mkfs.ext4", "qemu-img"))


def _bootstrap(root: Path) -> None:
    kept = CHECKOUT / "build" / "debs"
    kept.mkdir(exist_ok=True)
    options = ("--variant=minbase", f"--include={','.join(PACKAGES)}", f"--cache-dir={kept}")
    _run("debootstrap", *options, "bookworm", root)


def _set_up(root: Path) -> None:
    files = {
        "etc/fstab": "LABEL=cloud / ext4 defaults 0 1\n",
        "etc/hostname": "unset\n",
        "etc/cloud/cloud.cfg.d/90-test.cfg": _CLOUD,
        "boot/grub/grub.cfg": _GRUB,
        "etc/initramfs-tools/conf.d/test": "MODULES=list\n",
        "etc/initramfs-tools/modules": "virtio_pci\nvirtio_blk\nvirtio_scsi\nsd_mod\nsr_mod\nahci\next4\n",
    }
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    for name in _MASKED:
        link = root / "etc/systemd/system" / name
        link.unlink(missing_ok=True)
        link.symlink_to("/dev/null")
    _run("chroot", root, "update-initramfs", "-u")
    core = ("grub-mkimage", "-O", "i386-pc", "-o", "/tmp/core.img", "-p", "(hd0,msdos1)/boot/grub")
    modules = ("biosdisk", "part_msdos", "ext2", "normal", "configfile", "linux", "search", "search_label", "serial")
    _run("chroot", root, *core, *modules)
    for name in ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/man", "usr/share/locale"):
        shutil.rmtree(root / name, ignore_errors=True)
    for name in ("etc/ssh/ssh_host_*", "etc/machine-id", "boot/System.map*", "var/log/*.log"):
        for file in root.glob(name):
            file.unlink()
    (root / "etc/machine-id").touch()


def _disk(root: Path, disk: Path) -> None:
    system = disk.with_suffix(".ext4")
    # An old 64bit layout would do as well; without metadata_csum_seed GRUB 2.06 reads it.
    options = ("-q", "-F", "-L", "cloud", "-O", "^metadata_csum_seed,^orphan_file", "-E", "lazy_itable_init=1")
    _run("mkfs.ext4", *options, "-d", root, system, f"{_SIZE // 1024}k")
    boot = bytearray((root / "usr/lib/grub/i386-pc/boot.img").read_bytes()[:440].ljust(440, b"\0"))
    core = (root / "tmp/core.img").read_bytes()
    assert len(core) < (_START - 1) * _SECTOR
    entry = struct.pack("<B3sB3sII", 0x80, b"\xfe\xff\xff", 0x83, b"\xfe\xff\xff", _START, _SIZE // _SECTOR)
    table = struct.pack("<IH", 0x766D6465, 0) + entry + bytes(48) + b"\x55\xaa"
    with disk.open("wb") as file, system.open("rb") as content:
        file.write(bytes(boot) + table)
        file.write(core)
        file.seek(_START * _SECTOR)
        shutil.copyfileobj(content, file, 1 << 22)
    system.unlink()


def _run(*words: str | Path) -> None:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    subprocess.run(words, check=True, env=environment, stdin=subprocess.DEVNULL, stdout=sys.stderr)


if __name__ == "__main__":
    make()
