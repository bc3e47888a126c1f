"""Pools: XML to values and back."""

import pytest

from vmdesk.model.storage import Pool
from vmdesk.virtxml import pools
from vmdesk.virtxml.document import XmlError, root

POOL = """<pool type='netfs'><name>nas</name><uuid>u</uuid><capacity unit='bytes'>100</capacity>
  <allocation unit='bytes'>60</allocation><available unit='bytes'>40</available>
  <source><host name='nas'/><dir path='/x'/></source><target><path>/mnt/nas</path></target></pool>"""


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
    found = root(
        pools.build("n", "/mnt", kind="netfs", host="h", folder="/f", device="/dev/x", source="s", source_format="nfs")
    )
    source = found.find("source")
    assert source is not None and [child.tag for child in source] == ["host", "dir", "device", "name", "format"]
    with pytest.raises(XmlError):
        pools.build("a\x01", "/x")


def test_the_kinds_that_a_host_can_have() -> None:
    told = (
        "<storagepoolCapabilities><pool type='dir' supported='yes'><poolOptions/></pool>"
        "<pool type='rbd' supported='no'/><pool type='zfs' supported='yes'/></storagepoolCapabilities>"
    )
    assert pools.parse_kinds(told) == ("dir", "zfs")
    with pytest.raises(XmlError):
        pools.parse_kinds("<capabilities/>")
