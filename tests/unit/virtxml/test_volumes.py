"""Volumes: XML to values and back."""

import pytest

from vmdesk.model.storage import Volume
from vmdesk.virtxml import volumes
from vmdesk.virtxml.document import XmlError, root

OVERLAY = """<volume type='file'><name>web.qcow2</name><key>/p/web.qcow2</key>
  <capacity unit='bytes'>10737418240</capacity><allocation unit='bytes'>200704</allocation>
  <physical unit='bytes'>196928</physical>
  <target><path>/p/web.qcow2</path><format type='qcow2'/>
    <permissions><mode>0640</mode><owner>64055</owner><group>107</group></permissions>
    <timestamps><mtime>1700000000.5</mtime></timestamps><encryption format='luks'/></target>
  <backingStore><path>/p/base.img</path><format type='raw'/></backingStore></volume>"""


def test_everything_that_is_told() -> None:
    assert volumes.parse(OVERLAY, "default") == Volume(
        pool="default",
        name="web.qcow2",
        path="/p/web.qcow2",
        kind="file",
        format="qcow2",
        capacity=10 * 1024**3,
        allocation=200704,
        backing="/p/base.img",
        backing_format="raw",
        encrypted=True,
        owner=64055,
        mode=0o640,
        modified=1700000000.5,
    )


def test_little_is_told() -> None:
    found = volumes.parse("<volume type='block'><name>lv</name><capacity unit='GiB'>2</capacity></volume>", "vg")
    assert found == Volume("vg", "lv", "", "block", capacity=2 * 1024**3)
    odd = (
        "<volume><name>x</name><target><permissions><mode>rw</mode><owner>-1</owner></permissions>"
        "<timestamps><mtime>now</mtime></timestamps></target></volume>"
    )
    found = volumes.parse(odd, "p")
    assert (found.mode, found.owner, found.modified) == (None, None, None)


def test_what_is_built_is_read_back() -> None:
    xml = volumes.build(
        "a <&> 'b'", 5_000_000_000, format="qcow2", allocation=7, backing="/p/ä b", backing_format="raw"
    )
    assert volumes.parse(xml, "p") == Volume("p", "a <&> 'b'", "", "file", "qcow2", 5_000_000_000, 7, "/p/ä b", "raw")
    assert root(xml).findtext("target/compat") == "1.1"
    raw = volumes.build("a", 1, format="raw")
    assert "compat" not in raw and "backingStore" not in raw
    assert "format" not in volumes.build("lv", 1)


@pytest.mark.parametrize("capacity", [0, -1, 2**63, 10**30])
def test_sizes_that_no_file_has(capacity: int) -> None:
    with pytest.raises(XmlError):
        volumes.build("a", capacity)


def test_what_cannot_be_said() -> None:
    with pytest.raises(XmlError):
        volumes.build("a\x00b", 1)
    with pytest.raises(XmlError):
        volumes.build("a", 1, backing="/b")  # whose format somebody would have to guess
    with pytest.raises(XmlError):
        volumes.parse("<pool/>", "p")


def test_an_encrypted_one_names_its_secret() -> None:
    xml = volumes.build("a", 1, format="qcow2", secret="0c7e0f0e-0000-4000-8000-000000000001")
    secret = root(xml).find("target/encryption[@format='luks']/secret")
    assert secret is not None and dict(secret.attrib) == {
        "type": "passphrase", "uuid": "0c7e0f0e-0000-4000-8000-000000000001",
    }  # fmt: skip
    assert volumes.parse(xml, "p").encrypted


@pytest.mark.parametrize(
    ("written", "path", "kind"),
    [
        ("/p/base.qcow2", "/p/base.qcow2", "qcow2"),
        ("file:/p/base.qcow2", "/p/base.qcow2", ""),
        ("file:///p/base.qcow2", "/p/base.qcow2", ""),
        ('json:{"driver": "qcow2", "file": {"driver": "file", "filename": "/p/base.qcow2"}}', "/p/base.qcow2", "qcow2"),
        ('json:{"driver":"qcow2","file.driver":"file","file.filename":"/p/base.qcow2"}', "/p/base.qcow2", "qcow2"),
        ('json:{"driver":"raw","file":{"driver":"qcow2","file.filename":"/p/base.qcow2"}}', "/p/base.qcow2", "raw"),
        ('json:{"file.filename":"/p/base.qcow2"}', "/p/base.qcow2", ""),
        ('json:{"driver":"file","filename":"file:/p/base.qcow2"}', "/p/base.qcow2", ""),
    ],
)
def test_what_an_overlay_stands_on_by_all_names_that_qemu_writes(written: str, path: str, kind: str) -> None:
    xml = volumes.build("a", 1, format="qcow2", backing=written, backing_format="qcow2")
    told = volumes.parse(xml, "p")
    assert (told.backing, told.backing_format) == (path, kind)


@pytest.mark.parametrize(
    "written",
    [
        "nbd://[::1]:10809/x",
        'json:{"driver":"nbd","server.host":"::1"}',
        "json:[",
        "json:[]",
        'json:{"file":7}',
        "file:x",
    ],
)
def test_what_is_no_file_of_the_host_keeps_its_name(written: str) -> None:
    told = volumes.parse(volumes.build("a", 1, format="qcow2", backing=written, backing_format="raw"), "p")
    assert (told.backing, told.backing_format) == (written, "raw")
