"""Snapshots, clones, deletions, pools, volumes and networks from the command line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.chain_bed import Bed, chain_of, digest, disk, write
from tests.testbed.guests import Guest, Guests
from vmdesk.cli.main import main

pytestmark = pytest.mark.live


@pytest.fixture
def bed(make_session_guest: Guests, session_uri: str, tmp_path: Path) -> Iterator[Bed]:
    made = Bed(make_session_guest, session_uri, tmp_path / "pool", tmp_path / "settings")
    yield made
    make_session_guest.remove()
    made.close()


class Line:
    """`vmdesk ...` in this process."""

    def __init__(self, bed: Bed, capfd: pytest.CaptureFixture[str]) -> None:
        self._bed, self._capfd = bed, capfd
        self.err = ""
        bed.settings.mkdir(exist_ok=True)

    def __call__(self, *words: str, code: int = 0) -> str:
        self._capfd.readouterr()
        got = main(["--connect", self._bed.uri, "--settings-dir", str(self._bed.settings), *words])
        told = self._capfd.readouterr()
        self.err = told.err
        assert got == code, f"{words}: {got}\n{told.out}\n{told.err}"
        return told.out

    def json(self, *words: str, code: int = 0) -> Any:
        return json.loads(self("--json", *words, code=code))


@pytest.fixture
def vmdesk(bed: Bed, capfd: pytest.CaptureFixture[str]) -> Line:
    return Line(bed, capfd)


def adopt(bed: Bed, made: Any, guest: Guest) -> list[Guest]:
    clones = [Guest(one["name"], one["uuid"], guest.host) for one in made]
    bed.guests._made.extend(clones)
    return clones


def test_snapshots(bed: Bed, vmdesk: Line) -> None:
    guest = bed.guest(start=False)
    write(disk(guest), 1, 1)
    before = digest(disk(guest))
    assert vmdesk("snapshot", "list", guest.name) == ""
    assert vmdesk("snapshot", "create", guest.name, "first", "--external", "--note", "a note").strip() == "first"
    assert "mixed" in _err(vmdesk, "snapshot", "create", guest.name, "--internal")
    assert "already" in _err(vmdesk, "snapshot", "create", guest.name, "first")
    made = vmdesk.json("snapshot", "create", guest.name, "--external")
    listed = vmdesk.json("snapshot", "list", guest.name)
    assert [one["name"] for one in listed] == ["first", made["snapshot"]]
    assert listed[0]["kind"] == "external" and listed[0]["note"] == "a note" and listed[1]["current"]
    assert listed[0]["revert"] is None and "a note" in vmdesk("snapshot", "list", guest.name)
    vmdesk("snapshot", "note", guest.name, "first", "other")
    write(disk(guest), 2, 2)
    done = vmdesk.json("snapshot", "revert", guest.name, "first", "--save")
    assert digest(disk(guest)) == before and done["saved"]
    told = vmdesk.json("snapshot", "delete", guest.name, done["saved"], "--dry-run")
    assert told[0]["way"] == "drop" and told[0]["refused"] is None
    vmdesk("snapshot", "delete", guest.name, "first", "--children")
    assert vmdesk.json("snapshot", "list", guest.name) == [] and digest(disk(guest)) == before
    assert "no snapshot" in _err(vmdesk, "snapshot", "revert", guest.name, "nothing")
    vmdesk("snapshot", "create", "no-such-machine", code=1)
    vmdesk("snapshot", "create", guest.name, "--internal", "--memory", code=2)
    vmdesk("snapshot", code=2)


def _err(vmdesk: Line, *words: str) -> str:
    vmdesk(*words, code=1)
    return vmdesk.err


def test_clones_and_deletions(bed: Bed, vmdesk: Line) -> None:
    guest = bed.guest(start=False)
    write(disk(guest), 1, 1)
    before, base = digest(disk(guest)), disk(guest)
    told = vmdesk.json("clone", guest.name, f"{guest.name}-l", "--linked", "--dry-run")
    assert told["freezes"] == [base] and told["refused"] is None
    assert any(base in one for one in told["shares"])
    linked = adopt(bed, vmdesk.json("clone", guest.name, f"{guest.name}-l", "--linked", "--count", "2"), guest)
    (full,) = adopt(bed, vmdesk.json("clone", guest.name, f"{guest.name}-f"), guest)
    assert len(linked) == 2 and {digest(disk(one)) for one in (*linked, full, guest)} == {before}
    assert "already" in _err(vmdesk, "clone", guest.name, full.name)
    listed = {one["path"]: one for one in vmdesk.json("volume", "list", bed.pool)}
    assert set(listed[base]["used_by"]) == {guest.name, *(one.name for one in linked)}
    assert "needed by" in _err(vmdesk, "volume", "delete", bed.pool, Path(base).name)

    # without --yes nothing happens where nobody can be asked
    vmdesk("delete", full.name, "--with-disks", code=1)
    assert Path(disk(full)).exists()
    told = vmdesk.json("delete", full.name, "--with-disks", "--dry-run")
    assert [one["path"] for one in told["goes"]] == [disk(full)] and not told["done"]
    gone = disk(full)
    assert vmdesk.json("delete", full.name, "--with-disks", "--yes")["done"] and not Path(gone).exists()
    mine = disk(guest)
    told = vmdesk.json("delete", guest.name, "--with-disks", "--yes", code=1)  # clones stand on its first disk
    assert base in told["refused"] and linked[0].name in told["refused"] and "--keep-shared" in told["refused"]
    assert not told["done"] and Path(mine).exists() and guest.state() == 5
    out = vmdesk("delete", guest.name, "--with-disks", "--keep-shared", "--yes")
    assert mine in out.partition("What stays")[0] and base in out.partition("What stays")[2]
    assert Path(base).exists() and not Path(mine).exists()
    kept = disk(linked[0])
    vmdesk("delete", linked[0].name, "--yes")  # its disk stays
    assert Path(kept).exists() and [one["path"] for one in vmdesk.json("orphans")] == [kept]
    assert chain_of(disk(linked[1]))[1] == base and digest(disk(linked[1])) == before
    vmdesk("volume", "delete", bed.pool, Path(kept).name)
    last = disk(linked[1])  # the only one that stands on the base now: it may go, too
    told = vmdesk.json("delete", linked[1].name, "--with-disks", "--with-base", "--yes")
    assert [one["path"] for one in told["goes"]] == [last, base] and told["done"]
    assert not Path(last).exists() and not Path(base).exists()


def test_a_disk_that_is_needed_elsewhere_stops_it_all(bed: Bed, vmdesk: Line) -> None:
    guest = bed.guest(start=False)
    vmdesk("template", guest.name)
    (one,) = adopt(bed, vmdesk.json("clone", guest.name, f"{guest.name}-l", "--linked"), guest)
    assert "template" in _err(vmdesk, "start", guest.name)
    for words in (("--with-disks",), ()):
        told = vmdesk.json("delete", guest.name, *words, "--dry-run", code=1)
        assert one.name in told["refused"]
        vmdesk("delete", guest.name, *words, "--yes", code=1)
    assert guest.state() == 5 and Path(disk(guest)).exists()
    assert one.name in _err(vmdesk, "template", "--undo", guest.name)
    vmdesk("start", one.name)
    assert "not off" in _err(vmdesk, "delete", one.name, "--yes")
    vmdesk("trash", guest.name)
    assert guest.name not in vmdesk("list", "--names").split()
    assert guest.name in vmdesk("list", "--names", "--trash").split()
    assert "template" in _err(vmdesk, "start", guest.name)
    vmdesk("trash", "--undo", guest.name)
    vmdesk("poweroff", one.name)
    vmdesk("delete", one.name, "--with-disks", "--yes", code=1)  # it stands on what the template needs
    vmdesk("delete", one.name, "--with-disks", "--keep-shared", "--yes")
    vmdesk("template", "--undo", guest.name)
    vmdesk("start", guest.name)


def test_emptying_the_trash(bed: Bed, vmdesk: Line) -> None:
    guest = bed.guest(start=False)
    vmdesk("template", guest.name)
    (one,) = adopt(bed, vmdesk.json("clone", guest.name, f"{guest.name}-l", "--linked"), guest)
    files = [Path(disk(one)), Path(disk(guest))]
    vmdesk("trash", guest.name)
    (told,) = vmdesk.json("trash", "empty", "--yes", code=1)
    assert one.name in told["refused"] and not told["done"] and all(file.exists() for file in files)
    vmdesk("trash", "put", one.name)
    vmdesk("trash", "empty", code=1)  # nobody can be asked
    assert [len(there["goes"]) for there in vmdesk.json("trash", "list")] == [1, 1]
    told = vmdesk.json("trash", "empty", "--yes")
    assert [there["name"] for there in told] == [one.name, guest.name] and all(there["done"] for there in told)
    assert not any(file.exists() for file in files) and vmdesk.json("trash", "list") == []


def test_scheduled_ones_thin_out_their_own(bed: Bed, vmdesk: Line) -> None:
    guest = bed.guest(start=False)
    write(disk(guest), 1, 1)
    vmdesk("snapshot", "create", guest.name, "mine", "--external")
    before = digest(disk(guest))
    for _ in range(2):
        vmdesk("snapshot", "create", guest.name, "--external", "--keep", "1")
    names = [one["name"] for one in vmdesk.json("snapshot", "list", guest.name)]
    assert len(names) == 2 and names[0] == "mine" and names[1].startswith("auto-kept-")
    assert digest(disk(guest)) == before and len(chain_of(disk(guest))) == 3


def test_pools_and_volumes(bed: Bed, vmdesk: Line, tmp_path: Path) -> None:
    made = vmdesk.json("pool", "create", "cli-pool", "--target", str(tmp_path / "cli"))
    assert made["active"] and made["autostart"]
    try:
        assert "cli-pool" in vmdesk("pool", "list")
        vmdesk("pool", "autostart", "off", "cli-pool")
        assert not vmdesk.json("pool", "stop", "cli-pool")["active"]
        assert vmdesk.json("pool", "start", "cli-pool")["active"]
        volume = vmdesk.json("volume", "create", "cli-pool", "a.qcow2", "1G")
        assert (volume["format"], volume["capacity"]) == ("qcow2", 1 << 30)
        assert vmdesk.json("volume", "grow", "cli-pool", "a.qcow2", "2G")["capacity"] == 2 << 30
        assert "larger" in _err(vmdesk, "volume", "grow", "cli-pool", "a.qcow2", "1G")
        assert (
            vmdesk.json("volume", "copy", "cli-pool", "a.qcow2", bed.pool, "b.raw", "--format", "raw")["format"]
            == "raw"
        )
        (tmp_path / "in").write_bytes(b"what goes in" * 1000)
        vmdesk("volume", "upload", "cli-pool", "c.raw", str(tmp_path / "in"))
        vmdesk("volume", "download", "cli-pool", "c.raw", str(tmp_path / "out"))
        assert (tmp_path / "out").read_bytes() == (tmp_path / "in").read_bytes()
        vmdesk("volume", "upload", "cli-pool", "d.raw", str(tmp_path / "nothing"), code=1)
        assert [one["name"] for one in vmdesk.json("volume", "list", "cli-pool")] == ["a.qcow2", "c.raw"]
        assert not vmdesk.json("volume", "delete", "cli-pool", "a.qcow2", "--dry-run")["done"]
        assert vmdesk.json("volume", "delete", "cli-pool", "a.qcow2")["done"]
        vmdesk("volume", "delete", "cli-pool", "a.qcow2", code=1)
        vmdesk("volume", "create", "cli-pool", "x", "much", code=2)
    finally:
        vmdesk("pool", "delete", "cli-pool")
    assert "cli-pool" not in vmdesk("pool", "list") and (tmp_path / "cli/c.raw").exists()
    assert "no such storage pool" in _err(vmdesk, "pool", "start", "cli-pool")


def test_networks(system_uri: str, bed: Bed, vmdesk: Line, capfd: pytest.CaptureFixture[str]) -> None:
    def system(*words: str, code: int = 0) -> Any:
        capfd.readouterr()
        got = main(["--connect", system_uri, "--settings-dir", str(bed.settings), "--json", *words])
        out, err = capfd.readouterr()
        assert got == code, f"{words}: {got} {err}"
        return json.loads(out) if out else None

    made = system("network", "create", "cli-net", "--mode", "isolated", "--subnet", "10.77.0.0/24")
    try:
        assert (made["forward"], made["address"], made["dhcp"], made["active"]) == ("", "10.77.0.1/24", True, True)
        assert "cli-net" in [one["name"] for one in system("network", "list")]
        assert not system("network", "stop", "cli-net")["active"]
        assert system("network", "start", "cli-net")["active"]
        assert not system("network", "autostart", "off", "cli-net")["autostart"]
        system("network", "create", "cli-net", code=1)
    finally:
        assert system("network", "delete", "cli-net")["deleted"]
    system("network", "create", "x", "--mode", "bridge", code=2)
