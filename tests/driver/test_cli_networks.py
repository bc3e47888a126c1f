"""`vmdesk network` on the practice host, in this process."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.testbed.connecting import PRACTICE
from vmdesk.cli.main import main

CARD = "52:54:00:4c:00:01"  # of the machine "gateway"


class Vmdesk:
    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._shared = ["--connect", PRACTICE, "--settings-dir", str(folder)]
        self._capsys = capsys
        self.error = ""

    def __call__(self, *words: str, code: int = 0) -> Any:
        """What it says in JSON, None if nothing; the practice host begins anew each time."""
        ended = main([*self._shared, "--json", "network", *words])
        out, self.error = self._capsys.readouterr()
        assert ended == code, self.error
        return json.loads(out) if out else None


@pytest.fixture
def vmdesk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Vmdesk:
    return Vmdesk(tmp_path, capsys)


def test_listed_with_machines(vmdesk: Vmdesk) -> None:
    found = {one["name"]: one for one in vmdesk("list")}
    assert found["default"]["kind"] == "nat" and "gateway" in found["default"]["machines"]
    assert found["default"]["addresses"][0]["ranges"] == [{"start": "192.168.122.2", "end": "192.168.122.254"}]
    assert (found["office"]["devices"], found["office"]["domain"]) == (["eno1"], "office.example.com")


def test_made_with_addresses_of_its_own(vmdesk: Vmdesk) -> None:
    made = vmdesk("create", "mine", "--ipv6", "--domain", "x.lan")
    four, six = made["addresses"]
    assert four["address"].startswith("192.168.") and four["address"] != "192.168.122.1/24"
    assert six["address"].startswith("fd") and made["domain"] == "x.lan" and made["active"] and made["autostart"]
    made = vmdesk("create", "mine", "--subnet", "10.9.0.0/24", "--range", "10.9.0.5-10.9.0.9", "--no-autostart")
    assert made["addresses"][0]["ranges"] == [{"start": "10.9.0.5", "end": "10.9.0.9"}] and not made["autostart"]
    direct = vmdesk("create", "mine", "--mode", "macvtap", "--device", "eth0")
    assert (direct["kind"], direct["devices"], direct["addresses"]) == ("macvtap", ["eth0"], [])


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--subnet", "10.20.0.0/16"), "in use on the host"),
        (("--subnet", "10.20.0.0/24"), "10.20.0.0/24 is in use on the host already."),
        (("--subnet", "10.9.0.0/24", "--range", "10.8.0.1-10.8.0.9"), "not in the network's subnet"),
        (("--range", "nonsense"), "nonsense is no range"),
        (("--subnet", "10.9.0.0/24", "--range", "10.9.0.1-10.9.0.9"), "host's own"),
    ],
)
def test_what_cannot_be_made_is_said(vmdesk: Vmdesk, words: tuple[str, ...], why: str) -> None:
    vmdesk("create", "mine", *words, code=1)
    assert why in vmdesk.error


def test_edited(vmdesk: Vmdesk) -> None:
    lease, dns = f"{CARD}=192.168.122.9,gw", "192.168.122.1=host,router"
    done = vmdesk("edit", "default", "--lease", lease, "--dns", dns, "--domain", "x.lan", "--local", "on")
    assert done["addresses"][0]["leases"] == [{"mac": CARD, "ip": "192.168.122.9", "name": "gw"}]
    assert done["dns"] == [{"ip": "192.168.122.1", "names": ["host", "router"]}]
    assert (done["domain"], done["local"]) == ("x.lan", True)
    assert len(done["changes"]) == 3 and all(one["stored"] for one in done["changes"])
    done = vmdesk("edit", "default", "--no-range")
    assert not done["dhcp"] and done["addresses"][0]["ranges"] == []
    assert vmdesk("edit", "default", "--nat-ports", "2000-3000", "--restart")["nat_ports"] == [2000, 3000]
    assert "gateway runs and is cut off" in vmdesk.error


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("default",), 2, "Say what is to be changed"),
        (("default", "--lease", "x"), 2, "equals sign"),
        (("default", "--range", "a-b", "--no-range"), 2, "do not go together"),
        (("default", "--lease", f"{CARD}=10.0.0.1"), 1, "not in the network's subnet"),
        (("default", "--no-lease", CARD), 1, "no fixed address"),
        (("default", "--no-dns", "10.0.0.1"), 1, "no names for"),
        (("servers", "--nat-ports", "1-2"), 1, "Only a network behind"),
        (("nobody", "--domain", "x"), 1, "no such network"),
    ],
)
def test_what_cannot_be_edited_is_said(vmdesk: Vmdesk, words: tuple[str, ...], code: int, why: str) -> None:
    vmdesk("edit", *words, code=code)
    assert why in vmdesk.error


def test_stopped_said_who_loses_it(vmdesk: Vmdesk) -> None:
    assert not vmdesk("stop", "default")["active"]
    assert "gateway runs and loses its network" in vmdesk.error
    assert vmdesk("leases", "default") == []


def test_filters_are_not_everywhere(vmdesk: Vmdesk) -> None:
    vmdesk("filters", code=1)
    vmdesk("filter", "gateway", "52:54:00:00:00:99", "clean-traffic", code=1)
    assert "no device" in vmdesk.error
