"""What stands behind --connect."""

from pathlib import Path

import pytest

from vmdesk.core import choice
from vmdesk.core.settings import Settings
from vmdesk.model.errors import VirtError
from vmdesk.model.host import HostConfig

LAB = HostConfig("lab", "Lab 2", "qemu+ssh://root@lab/system", readonly=True)
SETTINGS = Settings(hosts=(LAB, HostConfig("practice", "Practice host", "test:///somewhere/old/demo.xml")))


def test_remembered_hosts_by_name_id_and_address() -> None:
    for word in ("Lab 2", "lab", LAB.uri):
        assert choice.host(word, SETTINGS) is LAB


def test_the_practice_host_begins_anew() -> None:
    for word in ("practice", "Practice host"):
        assert choice.host(word, SETTINGS) == choice.practice()
    assert choice.practice().uri.endswith("/demo.xml")


def test_addresses() -> None:
    assert choice.host(" qemu:///system ", SETTINGS).id == "qemu-system"
    assert choice.host("qemu+ssh://other/system", SETTINGS).id == "qemu+ssh://other/system"


@pytest.mark.parametrize(
    "word",
    [
        "",
        " ",
        "nobody",
        "qemu",
        "foo://x",
        "qemu+ext:///system",
        "qemu+ssh://h/system?command=/bin/sh",
        "test:///nowhere.xml",
        "/etc/passwd",
        "\x00",
    ],
)
def test_what_is_refused(word: str) -> None:
    with pytest.raises(VirtError) as caught:
        choice.host(word, SETTINGS)
    assert caught.value.problem.name in ("refused-uri", "unknown-host")


def test_a_remembered_file_that_is_gone_is_refused(tmp_path: Path) -> None:
    settings = Settings(hosts=(HostConfig("x", "gone", f"test://{tmp_path}/gone.xml"),))
    with pytest.raises(VirtError):
        choice.host("gone", settings)


def test_each_host_once() -> None:
    assert choice.hosts(["lab", "Lab 2", LAB.uri, "qemu:///system"], SETTINGS) == [LAB, choice.local()[0]]


def test_a_host_is_called_by_a_name_and_not_by_its_address() -> None:
    words = ["qemu:///system", "qemu:///session", "qemu+ssh://ann@lab-2/system", "qemu+ssh://[fe80::1]/system"]
    names = [one.name for one in choice.hosts(words, SETTINGS)]
    assert names == ["This computer", "My machines", "lab-2", "fe80::1"]


def test_two_hosts_of_one_name_are_called_by_their_addresses() -> None:
    words = ["qemu+ssh://ann@lab-2/system", "qemu+ssh://ann@lab-2/session"]
    assert [one.name for one in choice.hosts(words, SETTINGS)] == words
