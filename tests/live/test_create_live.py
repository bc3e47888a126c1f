"""New machines on a real libvirt: made, started, taken back."""

import io
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pycdlib
import pytest
import yaml

from tests.live.creating import MIB, STORED, Desk, filled, image, same_content
from tests.testbed.guests import connection
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


def test_each_of_several_has_its_own_address(desk: Desk, tmp_path: Path) -> None:
    name = f"lab-{os.getpid()}"
    disk = filled(tmp_path / "cloud.qcow2", 1, "qcow2")
    words = ("--cloud-image", str(disk), "--linked", "--count", "2", "--no-start", "--memory", "64M", "--user", "ann")
    cards = ("--network", "user") if desk.nics[0].kind is Nets.USER else ("--network", "default")
    fixed = ("--address", "192.168.7.10/24", "--gateway", "192.168.7.1", "--dns", "9.9.9.9")
    desk.vmdesk("create", "--name", name, *words, *cards, "--no-network-autostart", *fixed)
    for number in (1, 2):
        one = f"{name}-0{number}"
        card = yaml.safe_load(on_cd(desk, f"{one}-seed.iso", "network-config"))["ethernets"]["eth0"]
        assert card["addresses"] == [f"192.168.7.{9 + number}/24"]
        assert f"<mac address='{card['match']['macaddress']}'/>" in desk.xml(one)
    wrong = desk.vmdesk("create", "--name", "x", *words, *cards, "--address", "192.168.7.255/24", code=1)
    assert "no room for 2 addresses" in wrong.stderr


def on_cd(desk: Desk, volume: str, file: str) -> str:
    """A file of a CD that was made, as a guest reads it."""
    path = next(path for name, path in desk.volumes().items() if name.endswith(f"/{volume}"))
    whole, out = io.BytesIO(), io.BytesIO()
    with connection(desk.uri) as conn:
        stream = conn.newStream()
        conn.storageVolLookupByPath(path).download(stream, 0, 0)
        stream.recvAll(lambda _stream, data, _more: whole.write(data), None)
        stream.finish()
    iso = pycdlib.PyCdlib()
    iso.open_fp(whole)
    iso.get_file_from_iso_fp(out, rr_path=f"/{file}")
    iso.close()
    return out.getvalue().decode()
