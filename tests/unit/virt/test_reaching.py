"""Rights of another user on files here: modes, access control lists, links; nothing of libvirt's."""

import asyncio
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from vmdesk.model.errors import VirtError
from vmdesk.virt import reaching
from vmdesk.virt.reaching import Account, Right

# A user that exists everywhere, is nobody here, and is in no group of ours.
OTHER = Account(65534, frozenset((65534,)), "nobody")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder above which all may pass."""
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    if Right.PASS not in reaching.allowed(str(tmp_path.parents[2]), OTHER):
        pytest.skip("the folder of temporary files is closed")
    made = tmp_path / "home ann"
    made.mkdir()
    made.chmod(0o700)
    return made


def file(folder: Path, mode: int = 0o644) -> str:
    path = folder / "a.iso"
    path.write_bytes(b"x")
    path.chmod(mode)
    return str(path)


def test_modes(home: Path) -> None:
    path = file(home, 0o640)
    own = os.stat(path)
    assert reaching.allowed(path, Account(own.st_uid, frozenset(), "me")) == Right.READ | Right.WRITE
    assert reaching.allowed(path, Account(65534, frozenset((own.st_gid,)), "x")) == Right.READ
    assert reaching.allowed(path, OTHER) == Right(0)
    os.chmod(path, 0o647)
    assert reaching.allowed(path, OTHER) == Right.READ | Right.WRITE | Right.PASS
    # The owner's bits count for the owner, however much others may.
    assert reaching.allowed(path, Account(own.st_uid, frozenset(), "me")) == Right.READ | Right.WRITE


def test_a_closed_home_blocks_and_the_commands_open_it(home: Path) -> None:
    if shutil.which("setfacl") is None:
        pytest.skip("no setfacl here")
    path = file(home, 0o600)
    blocked = reaching.check(path, OTHER)
    assert blocked and blocked.folder == str(home) and blocked.ours and blocked.user == "nobody"
    assert blocked.lines == (f"setfacl -m u:nobody:x '{home}'", f"setfacl -m u:nobody:r '{path}'")
    asyncio.run(reaching.grant(blocked.commands))
    assert reaching.check(path, OTHER) is None
    assert reaching.allowed(str(home), OTHER) == Right.PASS  # not one bit more
    assert reaching.allowed(path, OTHER) == Right.READ
    more = reaching.check(path, OTHER, write=True)
    assert more and [command[2] for command in more.commands] == ["u:nobody:rw"]
    asyncio.run(reaching.grant(more.commands))
    assert reaching.check(path, OTHER, write=True) is None
    assert reaching.allowed(path, Account(12345, frozenset(), "12345")) == Right(0)  # nobody else was let in
    os.chmod(path, 0o600)  # which takes the list's mask away
    assert reaching.allowed(path, OTHER) == Right(0)


def test_lists_of_groups_and_masks(home: Path) -> None:
    if shutil.which("setfacl") is None:
        pytest.skip("no setfacl here")
    path = file(home, 0o600)
    subprocess.run(["setfacl", "-m", "g:65533:rw,g:65532:x,m::rx", path], check=True)
    assert reaching.allowed(path, Account(7, frozenset((65533,)), "7")) == Right.READ  # the mask cuts
    assert reaching.allowed(path, Account(7, frozenset((65533, 65532)), "7")) == Right.READ | Right.PASS
    assert reaching.allowed(path, Account(7, frozenset(), "7")) == Right(0)
    subprocess.run(["setfacl", "-m", "u:7:-", path], check=True)
    assert reaching.allowed(path, Account(7, frozenset((65533,)), "7")) == Right(0)  # the user's entry comes first


def test_links_are_followed_through_every_folder(home: Path) -> None:
    path = file(home)
    outside = home.parent / "open"
    outside.mkdir()
    (outside / "link").symlink_to("../home ann/a.iso")
    (outside / "absolute").symlink_to(path)
    (outside / "folder").symlink_to(home)
    for way in ("link", "absolute", "folder/a.iso"):
        blocked = reaching.check(str(outside / way), OTHER)
        assert blocked and blocked.folder == str(home), way
    home.chmod(0o711)
    for way in ("link", "absolute", "folder/a.iso"):
        assert reaching.check(str(outside / way), OTHER) is None, way
    (home / "inner").symlink_to(outside / "link")
    home.chmod(0o700)  # the link itself lies in the closed folder
    assert reaching.check(str(home / "inner"), OTHER)
    (outside / "loop").symlink_to("loop")
    with pytest.raises(OSError, match="symbolic links"):
        reaching.check(str(outside / "loop"), OTHER)


def test_root_passes_everywhere(home: Path) -> None:
    assert reaching.check(file(home, 0), Account(0, frozenset(), "root")) is None


def test_what_is_not_ours_needs_root(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = file(home)
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    blocked = reaching.check(path, OTHER)
    assert blocked and not blocked.ours and blocked.lines == (f"sudo setfacl -m u:nobody:x '{home}'",)
    with pytest.raises(VirtError) as error:
        asyncio.run(reaching.grant(blocked.commands))
    assert error.value.problem.name == "root" and error.value.problem.command == blocked.lines[0]


def test_a_file_system_of_one_user(home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = file(home)
    home.chmod(0o755)
    table = tmp_path / "mountinfo"
    point = str(home).replace(" ", "\\040")
    line = "36 35 98:0 / {point} rw,noatime shared:1 - fuse.gocryptfs /x rw,user_id=1000{more}\n"
    monkeypatch.setattr(reaching, "_MOUNTS", table)
    table.write_text("1 1 0:1 / / rw - ext4 /dev/x rw\n" + line.format(point=point, more=""))
    blocked = reaching.check(path, OTHER)
    assert blocked and blocked.folder == str(home) and not blocked.commands
    table.write_text(line.format(point=point, more=",allow_other"))
    assert reaching.check(path, OTHER) is None


def test_a_grant_that_fails_says_so(home: Path) -> None:
    with pytest.raises(VirtError) as error:
        asyncio.run(reaching.grant([("setfacl", "-m", "u:nobody:x", str(home / "gone"))]))
    assert error.value.problem.name == "setfacl" and error.value.problem.details
    with pytest.raises(VirtError):
        asyncio.run(reaching.grant([("no-such-program", str(home))]))
