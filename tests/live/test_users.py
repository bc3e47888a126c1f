"""The keeper runs the program as other users: a root smoke test, and who may not use the system daemon."""

import json

from tests.testbed.client import KeeperClient
from tests.testbed.guests import Guests


def test_root_lists_machines(keeper: KeeperClient, make_guest: Guests) -> None:
    guest = make_guest("smoke", start=False)
    ended = keeper.run_as("root", "--connect", guest.uri, "--json", "list")
    assert (ended.status, ended.err) == (0, "")
    assert [machine["name"] for machine in json.loads(ended.out)] == [guest.name]


def test_stranger_is_told_about_the_group(keeper: KeeperClient, system_uri: str) -> None:
    ended = keeper.run_as("stranger", "--connect", system_uri, "list")
    assert ended.status == 1
    assert "usermod -aG libvirt" in ended.err
    assert "Traceback" not in ended.err


def test_newcomer_is_told_to_log_in_again(keeper: KeeperClient, system_uri: str) -> None:
    ended = keeper.run_as("newcomer", "--connect", system_uri, "list")
    assert ended.status == 1
    assert "log out and in once" in ended.err.lower()
