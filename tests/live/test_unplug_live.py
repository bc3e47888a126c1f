"""Devices taken from a guest that answers: Debian's kernel, and an init of three lines beside its installer's."""

import gzip
from pathlib import Path

import pytest

from tests.live.test_edit_live import ADD, apply, both, found, pending
from tests.testbed.guests import INSTALLER, Guest, Guests, Kernel, wait_for
from vmdesk.virt import hardware
from vmdesk.virt.hardware import Affect
from vmdesk.virtxml.edit import devices, machine

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]
MAC = "52:54:00:0a:0b:0c"
READY = "VMDesk test init"
INIT = f"""#!/bin/sh
mount -t devtmpfs none /dev
mount -t sysfs none /sys
mount -t proc none /proc
echo "{READY}" > /dev/ttyS0
while true; do sleep 60; done
"""


def with_init(initrd: Path, made: Path) -> Path:
    """The installer's initial RAM disk with one more file. A cpio archive may follow another."""
    ours = _entry("vmdesk-init", 0o100755, INIT.encode()) + _entry("TRAILER!!!", 0, b"")
    made.write_bytes(_aligned(initrd.read_bytes()) + gzip.compress(ours))
    return made


def _entry(name: str, mode: int, content: bytes) -> bytes:
    figures = (1, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
    head = b"070701" + b"".join(b"%08X" % figure for figure in figures) + name.encode() + b"\0"
    return _aligned(head) + _aligned(content)


def _aligned(words: bytes) -> bytes:
    return words + bytes(-len(words) % 4)


@pytest.fixture
def linux(make_guest: Guests, kvm_works: bool) -> Guest:
    """A running Linux that does nothing."""
    if INSTALLER is None:
        pytest.skip("debian-installer-netboot is a package of Debian's")
    folder = INSTALLER / "text" / "debian-installer" / "amd64"
    initrd = with_init(folder / "initrd.gz", Path("/var/lib/libvirt/bed/with-init.img"))
    card = f"<interface type='user'><mac address='{MAC}'/><model type='virtio'/></interface>"
    guest = make_guest(
        "linux",
        memory=512,
        vcpus=2,
        kernel=Kernel(folder / "linux", initrd, "console=ttyS0 rdinit=/vmdesk-init quiet"),
        disks=[8],
        devices=card,
        kind="kvm" if kvm_works else "qemu",
        start=False,
    )
    apply(guest, hardware.later(ADD, lambda xml: machine.hot_memory(xml, 2 << 20)))
    guest.start()
    wait_for(lambda: READY in guest.serial(), "Linux runs", 200)
    return guest


def test_a_guest_lets_go(linux: Guest) -> None:
    target = found(linux).disks[-1].target
    assert both(apply(linux, hardware.remove_device(ADD, target))) == [(True, True)]
    assert both(apply(linux, hardware.remove_device(ADD, MAC))) == [(True, True)]
    for stored in (False, True):
        now = found(linux, stored=stored)
        assert target not in [one.target for one in now.disks] and not now.nics
    # Plugged in and out again, memory too.
    dimm = devices.dimm_fragment(128 * 1024)
    assert both(apply(linux, hardware.add_device(ADD, dimm))) == [(True, True)]
    (device,) = found(linux).memory.devices
    (gone,) = apply(linux, hardware.remove_device(ADD, device.key), affect=Affect.BOTH)
    assert gone.live and gone.stored, gone
    assert not found(linux).memory.devices
    card = devices.nic_fragment("user", "", MAC, "virtio")
    assert both(apply(linux, hardware.add_device(ADD, card))) == [(True, True)]
    assert both(apply(linux, hardware.remove_device(ADD, MAC))) == [(True, True)]
    assert pending(linux) == []
