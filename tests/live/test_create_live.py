"""New machines on a real libvirt: made, started, taken back."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.creating import MIB, STORED, Desk, filled, image, same_content
from vmdesk.model.errors import VirtError
from vmdesk.model.wish import DiskWish, From, Here, Nets, NicWish, Wish

pytestmark = pytest.mark.live


@pytest.fixture(params=["system", "session"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(request.getfixturevalue(f"{request.param}_uri"), tmp_path)
    yield made
    made.closed()


def test_a_cd_boots_and_puts_itself_right(desk: Desk, rescue_cd: Path) -> None:
    name = f"new-{os.getpid()}"
    wish = Wish(
        name, From.CDROM, Here(str(rescue_cd)), memory_kib=256 * 1024, disks=(DiskWish(64 * MIB),), nics=desk.nics
    )
    created = desk.create(wish)
    assert [one for one, _ in created.machines] == [name]
    assert desk.ask(name, lambda domain: domain.isActive())
    live, stored = desk.xml(name), desk.xml(name, STORED)
    # (Our metadata remember the medium: it can be put in again.)
    source = f"<source file='{rescue_cd}'"
    assert source in live and source not in stored
    assert desk.left == []


def test_what_cannot_be_started_is_taken_back(desk: Desk, rescue_cd: Path) -> None:
    name = f"bad-{os.getpid()}"
    wish = Wish(
        name,
        From.CDROM,
        Here(str(rescue_cd)),
        memory_kib=256 * 1024,
        disks=(DiskWish(64 * MIB),),
        nics=(NicWish(Nets.BRIDGE, "nobridge0"),),
    )
    with pytest.raises(VirtError):
        desk.create(wish)
    assert desk.new == (set(), set())
    assert desk.left == []


@pytest.mark.parametrize(
    ("kind", "suffix", "stays"),
    [
        ("qcow2", ".qcow2", "qcow2"),
        ("raw", ".raw", "raw"),
        ("vmdk", ".vmdk", "qcow2"),
        ("vdi", ".vdi", "qcow2"),
        ("vpc", ".vhd", "qcow2"),
        ("vhdx", ".vhdx", "qcow2"),
    ],
)
def test_each_format_comes_in_whole(desk: Desk, tmp_path: Path, kind: str, suffix: str, stays: str) -> None:
    source = filled(tmp_path / f"disk{suffix}", 3, kind)
    before = source.read_bytes()
    name = f"in-{kind}"
    desk.vmdesk("create", "--name", name, "--import", str(source), "--disk", "copy", "--network", "none", "--no-start")
    (volume,) = desk.new[1]
    assert f"type='{stays}'" in desk.xml(name)
    with_libvirt = tmp_path / "back"
    subprocess.run(
        ["virsh", "-q", "-c", desk.uri, "vol-download", volume.partition("/")[2], with_libvirt, "--pool", desk.pool],
        check=True,
    )
    assert same_content(source, kind, with_libvirt, stays)
    assert source.read_bytes() == before
    assert desk.left == []


def test_a_copy_of_a_qcow2_may_be_larger(desk: Desk, tmp_path: Path) -> None:
    source = image(tmp_path / "small.qcow2", 8)
    desk.vmdesk(
        "create", "--name", "big", "--import", str(source), "--disk", "size=1G,copy", "--network", "none", "--no-start"
    )
    (volume,) = desk.new[1]
    told = desk.ask("big", lambda domain: domain.connect().storageVolLookupByPath(desk.volumes()[volume]).info())
    assert told[1] == 1 << 30


def test_a_file_that_libvirt_has_not_seen_is_not_overwritten(desk: Desk) -> None:
    """A session's pool is a folder of ours; in the system's only the keeper could put a file there."""
    if desk.uri.endswith("system"):
        pytest.skip("the system's pool is root's")
    there = Path(desk.make_volume("probe")).parent / "unseen.qcow2"
    there.write_bytes(b"precious")
    try:
        desk.vmdesk("create", "--name", "unseen", "--disk", "1M", "--network", "none", "--no-start")
        assert there.read_bytes() == b"precious"
        assert f"{desk.pool}/unseen-2.qcow2" in desk.new[1]
    finally:
        there.unlink()
