"""cloud-init's seed."""

import io
import subprocess

import pycdlib
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from vmdesk.media import seed
from vmdesk.model.errors import VirtError
from vmdesk.model.wish import CloudWish

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ4b1C4S0y7a6m0h1c2U8sQ1w3e4r5t6y7u8i9o0pabc ann@laptop"


MAC = "52:54:00:12:34:56"


def files(data: bytes) -> dict[str, str]:
    """What is on the CD, read through Rock Ridge as a guest does."""
    iso = pycdlib.PyCdlib()
    iso.open_fp(io.BytesIO(data))
    assert iso.pvd.volume_identifier.decode().strip() == "cidata"
    found = {}
    for child in iso.list_children(rr_path="/"):
        if child.is_file():
            out = io.BytesIO()
            name = child.rock_ridge.name().decode()
            iso.get_file_from_iso_fp(out, rr_path=f"/{name}")
            found[name] = out.getvalue().decode()
    iso.close()
    return found


def test_what_the_guest_reads() -> None:
    wish = CloudWish(
        "ann", "pass: #word", (KEY, f"  {KEY}  "), "web-01.example.org", ("nginx", "vim"), "version: 2\nethernets: {}"
    )
    assert seed.check(wish) == ()
    found = files(seed.seed(wish, "web", "instance-7"))
    assert yaml.safe_load(found["meta-data"]) == {
        "instance-id": "instance-7",
        "local-hostname": "web-01.example.org",
    }
    assert yaml.safe_load(found["network-config"]) == {"version": 2, "ethernets": {}}
    assert found["user-data"].startswith("#cloud-config\n")
    data = yaml.safe_load(found["user-data"])
    (user,) = data["users"]
    assert (user["name"], user["ssh_authorized_keys"]) == ("ann", [KEY, KEY])
    assert data["packages"] == ["nginx", "vim"] and data["ssh_pwauth"] is True
    assert "pass: #word" not in "".join(found.values())
    # The hash is the one that the guest's own library makes of the password.
    _, kind, salt, _ = user["passwd"].split("$")
    made = subprocess.run(
        ["openssl", "passwd", "-6", "-salt", salt, "-stdin"], input="pass: #word", capture_output=True, text=True
    )
    assert kind == "6" and made.stdout.strip() == user["passwd"]


def test_own_data_go_as_they_are() -> None:
    own = "#!/bin/sh\necho hello\n"
    assert files(seed.seed(CloudWish(user_data=own), "web", "i"))["user-data"] == own


@pytest.mark.parametrize(
    "wish",
    [
        CloudWish(user="Ann"),
        CloudWish(user="ann\nroot"),
        CloudWish(user="x" * 40),
        CloudWish(hostname="a b"),
        CloudWish(hostname="-a"),
        CloudWish(hostname="a" * 64),
        CloudWish(packages=("vim; rm -rf /",)),
        CloudWish(packages=("--option",)),
        CloudWish(packages=("a\n  - b",)),
        CloudWish(ssh_keys=('command="x" ' + KEY,)),
        CloudWish(ssh_keys=(KEY + "\n" + KEY,)),
        CloudWish(ssh_keys=("ssh-rsa AAAA",)),
        CloudWish(ssh_keys=("-----BEGIN OPENSSH PRIVATE KEY-----",)),
        CloudWish(user="ann", password="a\nb"),
        CloudWish(password="x"),
        CloudWish(network="a: [b"),
        CloudWish(address="192.168.1.10"),
        CloudWish(address="192.168.1.300/24"),
        CloudWish(address="192.168.1.0/24"),
        CloudWish(address="192.168.1.255/24"),
        CloudWish(address="192.168.1.10/24\n- x"),
        CloudWish(address="192.168.1.10/24", gateway="10.0.0.1"),
        CloudWish(address="192.168.1.10/24", gateway="fe80::1"),
        CloudWish(address="192.168.1.10/24", gateway="192.168.1.10"),
        CloudWish(address="192.168.1.10/24", gateway="router"),
        CloudWish(gateway="192.168.1.1"),
        CloudWish(dns=("one.one.one.one",)),
        CloudWish(user_data="hello"),
        CloudWish(user_data="#cloud-config\na: [b"),
        CloudWish(user_data="#cloud-config\n- a\n"),
        CloudWish(user_data="#cloud-config\na: !!python/object/apply:os.system [true]"),
        CloudWish(user_data="#cloud-config\n" + "[" * 100_000),
        CloudWish(user_data="#cloud-config\n" + "x" * 300_000),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_made(wish: CloudWish) -> None:
    assert seed.check(wish, "web")
    with pytest.raises(VirtError):
        seed.seed(wish, "web", "i", MAC)


def test_a_fixed_address() -> None:
    wish = CloudWish(address="192.168.1.10/24", gateway="192.168.1.1", dns=("9.9.9.9", "2620:fe::fe"))
    assert seed.check(wish, "lab", 30) == ()
    third = yaml.safe_load(files(seed.seed(wish, "lab-03", "i", MAC, 2))["network-config"])
    card = {
        "match": {"macaddress": MAC},
        "set-name": "eth0",
        "addresses": ["192.168.1.12/24"],
        "routes": [{"to": "0.0.0.0/0", "via": "192.168.1.1"}],
        "nameservers": {"addresses": ["9.9.9.9", "2620:fe::fe"]},
    }
    assert third == {"version": 2, "ethernets": {"eth0": card}}
    six = yaml.safe_load(
        files(seed.seed(CloudWish(address="fd00::a/64", gateway="fe80::1"), "a", "i", MAC))["network-config"]
    )
    assert six["ethernets"]["eth0"]["gateway6"] == "fe80::1"
    names_only = yaml.safe_load(files(seed.seed(CloudWish(dns=("9.9.9.9",)), "a", "i", MAC))["network-config"])
    assert names_only["ethernets"]["eth0"]["dhcp4"] is True
    assert "network-config" not in files(seed.seed(CloudWish(), "a", "i", MAC))


def test_addresses_of_several() -> None:
    def wrong(address: str, count: int, gateway: str = "", cards: int = 1) -> str:
        return " ".join(map(str, seed.check(CloudWish(address=address, gateway=gateway), "lab", count, cards)))

    assert not wrong("10.0.0.1/28", 14) and "no room for 15" in wrong("10.0.0.1/28", 15)
    assert "machine's own" in wrong("10.0.0.2/28", 5, "10.0.0.4")
    assert not wrong("10.0.0.2/28", 5, "10.0.0.1") and not wrong("10.0.0.0/31", 2)
    assert "network card" in wrong("10.0.0.2/28", 1, cards=0)


def test_a_password_is_not_shown() -> None:
    assert "s3cret" not in repr(CloudWish("ann", "s3cret", user_data="s3cret"))


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_word_breaks_out(password: str, gecos: str) -> None:
    """Whatever a password or host is, the document stays the one that was meant."""
    wish = CloudWish("ann", password, hostname=gecos)
    if seed.check(wish, "web"):
        return
    data = yaml.safe_load(seed.user_data(CloudWish("ann", hostname=gecos), gecos or "web"))
    assert data["hostname"] == (gecos or "web")
    assert set(data) == {"hostname", "manage_etc_hosts", "preserve_hostname", "users"}


def test_host_names() -> None:
    assert all(map(seed.is_host_name, ("a", "web-01", "a.b.c", "A1")))
    assert not any(map(seed.is_host_name, ("", ".", "a..b", "a_b", "ü", "a" * 64, "-a", "a-", "a" * 60 + ".b" * 120)))


def test_what_is_wrong_is_said_in_one_line() -> None:
    odd = CloudWish("ann\n- eve", hostname="a\nruncmd", packages=("a\nb",), ssh_keys=("x\ny",), address="1\n2")
    said = [str(one) for one in seed.check(odd, "web")]
    assert len(said) == 5 and all("\n" not in one for one in said)
