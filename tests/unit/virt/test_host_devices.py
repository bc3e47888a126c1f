"""Which disks of this computer are in use: read from the kernel's own files, in a tree of our own."""

from pathlib import Path

from vmdesk.virt.host_devices import used_disks

USB = "sys/devices/pci0000:00/usb1/1-4/1-4:1.0/host3/block/sdb"


def test_what_is_mounted_is_looked_through(tmp_path: Path) -> None:
    for folder in (f"{USB}/sdb1", "sys/devices/virtual/block/dm-0/slaves", "sys/dev/block", "proc/self"):
        (tmp_path / folder).mkdir(parents=True)
    links = {"8:17": f"{USB}/sdb1", "253:0": "sys/devices/virtual/block/dm-0"}
    for number, to in links.items():
        (tmp_path / "sys/dev/block" / number).symlink_to(tmp_path / to)
    mounts = tmp_path / "proc/self/mountinfo"
    mounts.write_text("22 1 0:5 / /dev rw - devtmpfs udev rw\n23 1 8:17 / /mnt rw shared:1 - ext4 label rw\n")
    assert list(used_disks(tmp_path)) == [f"/{USB}/sdb1"]
    # Encrypted: what is mounted stands on the stick.
    (tmp_path / "sys/devices/virtual/block/dm-0/slaves/sdb1").symlink_to(tmp_path / f"{USB}/sdb1")
    mounts.write_text("23 1 253:0 / /mnt rw - ext4 label rw\n")
    assert list(used_disks(tmp_path)) == ["/sys/devices/virtual/block/dm-0", f"/{USB}/sdb1"]
    mounts.unlink()
    assert list(used_disks(tmp_path)) == []
