"""`vmdesk volume unused` and `move` on the practice host."""

from pathlib import Path

import pytest

from tests.driver.test_cli import Shell, vmdesk  # noqa: F401 - a fixture
from vmdesk.cli.main import main
from vmdesk.core.practice import DEMO


@pytest.fixture
def practice(vmdesk: Shell) -> Shell:  # noqa: F811
    vmdesk.uri = f"test://{DEMO}"
    return vmdesk


def test_what_nobody_needs(practice: Shell) -> None:
    found = practice("--json", "volume", "unused")
    assert found.code == 0
    assert [(one["pool"], one["name"]) for one in found.json] == [("images", "unused-experiment.qcow2")]
    words = practice("volume", "unused").out.splitlines()
    assert words[1].split()[:2] == ["images", "unused-experiment.qcow2"] and "2.6 GB" in words[-1]


def test_only_a_running_machines_disk_moves(practice: Shell) -> None:
    told = practice("volume", "move", "images", "unused-experiment.qcow2", "fast")
    assert told.code == 1 and "No machine has it as its disk" in told.err
    told = practice("volume", "move", "images", "accounting-data.qcow2", "images")
    assert told.code == 1 and "in images already" in told.err
    told = practice("volume", "move", "images", "accounting-data.qcow2", "fast")  # this driver has no block jobs
    assert told.code == 1 and "of accounting did not work" in told.err
    assert not list(Path(practice.settings, "journal").glob("*.journal"))


def test_a_pool_that_lacks_something_says_which_option(practice: Shell) -> None:
    for kind, option in (("dir", "--target"), ("netfs", "--source-host"), ("logical", "--source-name")):
        told = practice("pool", "create", "new", "--type", kind)
        assert told.code == 2 and f"Say this, too: {option}." in told.err
    told = practice("pool", "create", "new", "--target", "srv")
    assert told.code == 1 and "begins with /" in told.err
    told = practice("--json", "pool", "create", "new", "--type", "logical", "--source-name", "vg0")
    assert told.code == 0 and told.json["target"] == "/dev/vg0"  # libvirt would not take it without


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("pool create new --kind dir --target /x --source-name y", "--source-name is not for the kind dir."),
        ("pool create new --kind iscsi --source-host h --source-device iqn.a:b --make new", "--make new is not for"),
        ("pool create new --kind logical --source-name vg0 --make new", "Say this, too: --source-device."),
        ("pool create new --kind rbd --source-host h --source-name p --password-file -", "Say this, too: --user."),
        ("pool sources --kind netfs", "Say this, too: --source-host."),
        ("volume create images x 1M --passphrase-file /x", "--passphrase-file goes with --encrypted."),
    ],
)
def test_what_does_not_go_together_is_told_before_a_host_is_opened(
    words: str, told: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    given = ["--settings-dir", str(tmp_path), "--connect", "nowhere:///", *words.split()]
    assert main(given) == 2 and told in capfd.readouterr().err


def test_kinds_and_what_destroys(practice: Shell) -> None:
    kinds = {one["kind"]: one for one in practice("--json", "pool", "kinds").json}
    assert kinds["dir"]["supported"] and kinds["dir"]["needs"] == ["--target"]
    assert "--user" in kinds["iscsi"]["takes"] and kinds["fs"]["make"] == ["new", "overwrite"]
    said = ("--kind", "disk", "--source-device", "/dev/sdz", "--make", "overwrite")
    ended = practice("pool", "create", "new", *said)
    assert ended.code == 1 and "Say --yes" in ended.err
    ended = practice("volume", "wipe", "images", "unused-experiment.qcow2")
    assert ended.code == 1 and "Say --yes" in ended.err
    ended = practice("volume", "wipe", "images", "accounting-data.qcow2", "--yes")
    assert ended.code == 1 and "accounting" in ended.err  # a machine needs it
