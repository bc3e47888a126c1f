"""Pools: XML to values and back."""

import pytest

from vmdesk.model.storage import Login, NetworkPlace, Pool, PoolAbility, PoolSource
from vmdesk.virtxml import network_disk, pools
from vmdesk.virtxml.document import XmlError, root
from vmdesk.virtxml.edit import devices

POOL = """<pool type='netfs'><name>nas</name><uuid>u</uuid><capacity unit='bytes'>100</capacity>
  <allocation unit='bytes'>60</allocation><available unit='bytes'>40</available>
  <source><host name='nas'/><dir path='/x'/></source><target><path>/mnt/nas</path></target></pool>"""
LOGIN = Login("ceph", "lab", "u-u-i-d")


def test_read() -> None:
    assert pools.parse(POOL, autostart=True) == Pool("nas", "u", "netfs", "/mnt/nas", True, True, True, 100, 60, 40)
    off = pools.parse(POOL, active=False, persistent=False)
    assert (off.active, off.persistent, off.capacity, off.available) == (False, False, 0, 0)
    assert pools.parse("<pool type='rbd'><name>r</name></pool>").keeps_files is False
    with pytest.raises(XmlError):
        pools.parse("<volume/>")


def test_built() -> None:
    xml = pools.build("a & b", "/srv/a b")
    assert pools.parse(xml) == Pool("a & b", "", "dir", "/srv/a b")
    assert root(xml).find("source") is None
    found = root(pools.build("n", "/mnt", kind="netfs", source=PoolSource(("h",), "/f", ("/dev/x",), "s", "nfs")))
    source = found.find("source")
    assert source is not None and [child.tag for child in source] == ["host", "dir", "device", "name", "format"]
    with pytest.raises(XmlError):
        pools.build("a\x01", "/x")


def test_the_kinds_that_a_host_can_have() -> None:
    told = (
        "<storagepoolCapabilities><pool type='dir' supported='yes'><poolOptions/></pool>"
        "<pool type='rbd' supported='no'/></storagepoolCapabilities>"
    )
    assert pools.parse_abilities(told) == (PoolAbility("dir", True), PoolAbility("rbd", False))
    with pytest.raises(XmlError):
        pools.parse_abilities("<capabilities/>")


@pytest.mark.parametrize(
    ("host", "parts"),
    [("a", ("a", "")), ("a:1", ("a", "1")), ("::1", ("::1", "")), ("[::1]:2", ("::1", "2")), ("[::1]", ("::1", ""))],
)
def test_servers_and_their_ports(host: str, parts: tuple[str, str]) -> None:
    assert pools.host_and_port(host) == parts
    again = pools.parse_source(pools.build("x", kind="rbd", source=PoolSource(hosts=(host,)))).hosts
    assert [pools.host_and_port(one) for one in again] == [parts]


@pytest.mark.parametrize(
    ("kind", "source", "place"),
    [
        (
            "rbd",
            PoolSource(("a", "b:6789"), name="vms", login=LOGIN),
            NetworkPlace("rbd", "vms/d", ("a", "b:6789"), LOGIN),
        ),
        ("gluster", PoolSource(("g",), "/in/it", name="vol"), NetworkPlace("gluster", "vol/in/it/d", ("g",))),
        ("sheepdog", PoolSource(("s",), name="vol"), NetworkPlace("sheepdog", "d", ("s",))),
        ("iscsi-direct", PoolSource(("s",), login=LOGIN), None),  # libvirt reads the pool's login by itself
        ("dir", PoolSource(), None),
    ],
)
def test_how_qemu_reaches_a_volume(kind: str, source: PoolSource, place: NetworkPlace | None) -> None:
    assert pools.network_place(pools.build("p", kind=kind, source=source), "d") == place


def test_a_disk_on_the_network_has_the_login_of_its_pool() -> None:
    place = NetworkPlace("rbd", "vms/d", ("a", "b:6789"), LOGIN)
    source = network_disk.source(place)
    auth, secret = source.find("auth"), source.find("auth/secret")
    assert (source.get("protocol"), source.get("name")) == ("rbd", "vms/d")
    assert [dict(one.attrib) for one in source.findall("host")] == [{"name": "a"}, {"name": "b", "port": "6789"}]
    assert auth is not None and auth.get("username") == "lab"
    assert secret is not None and dict(secret.attrib) == {"type": "ceph", "uuid": "u-u-i-d"}
    plain = network_disk.source(NetworkPlace("gluster", "vol/d"))
    assert plain.find("auth") is None


def test_an_encrypted_disk_names_its_passphrase() -> None:
    plain = devices.disk_fragment("vdb", "virtio", file="/srv/x.qcow2", format="qcow2")
    found = root(devices.encrypted(plain, "u-u-i-d")).find("source[@file='/srv/x.qcow2']/encryption[@format='luks']")
    assert found is not None
    assert [dict(one.attrib) for one in found] == [{"type": "passphrase", "uuid": "u-u-i-d"}]
    assert devices.encrypted(plain, "") == plain
    empty = devices.disk_fragment("sda", "sata", device="cdrom")
    assert devices.encrypted(empty, "u-u-i-d") == empty
