"""What `vmdesk snapshot delete --dry-run` says of external snapshots."""

from vmdesk.cli.snapshotting import deletion_lines
from vmdesk.core.snapshots.plan import delete
from vmdesk.model.chain import Files, Image, Owner, Role, Use
from vmdesk.model.snapshot import Kind, Snapshot, SnapshotDisk


def image(name: str, on: str = "") -> Image:
    return Image(f"/p/{name}", "qcow2", 100, 10, f"/p/{on}" if on else "", "qcow2" if on else "", True, "p", name)


def test_after_a_revert_the_branch_goes_and_the_machine_keeps_what_it_stands_on() -> None:
    """The machine stands on a fresh overlay on what the snapshot froze; what was written before the revert is a
    branch that nobody names any more once the snapshot is gone.
    """
    images = [image("disk"), image("disk.a", "disk"), image("disk.from-a", "disk")]
    uses = (
        Use("/p/disk.from-a", Role.DISK, "web", "vda", "qcow2", writable=True),
        Use("/p/disk", Role.FROZEN, "web", "vda", "qcow2", snapshot="a"),
        Use("/p/disk.a", Role.OVERLAY, "web", "vda", "qcow2", snapshot="a"),
    )
    files = Files({one.path: one for one in images}, uses, {"web": Owner("web", "web")})
    disk = SnapshotDisk("vda", Kind.EXTERNAL, "/p/disk", "qcow2", "/p/disk.a", "qcow2")
    taken = Snapshot("a", kind=Kind.EXTERNAL, disks=(disk,))
    assert deletion_lines(delete(files, "web", (taken,), "a")) == [
        "a: it is forgotten, and files go that nobody needs:",
        "  /p/disk.a",
        "  what stays is needed by the machine web",
    ]
