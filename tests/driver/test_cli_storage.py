"""`vmdesk volume unused` and `move` on the practice host."""

from pathlib import Path

import pytest

from tests.driver.test_cli import Shell, vmdesk  # noqa: F401 - a fixture
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
    assert told.code == 1 and "copy it instead" in told.err
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
