"""Storage pools of every kind: their definitions, what is wrong with a wish, what the form shows of each."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree

from tests.unit.core.pool_wishes import CASES, GOLDEN, KEY, PASSWORD, SECRET, Case
from vmdesk.core.hardware.sheet import Field as Row
from vmdesk.core.storage import pool_form
from vmdesk.core.storage.kinds import BY_ID, KINDS, Field, Make, PoolWish, holders, kind_words, refusals, said_of
from vmdesk.core.storage.rows import Row as VolumeRow
from vmdesk.core.storage.work import Able
from vmdesk.model.storage import PoolAbility, PoolSource
from vmdesk.virtxml import pools as pools_xml

by_name = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
by_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.id)
ALL = Able(tuple(PoolAbility(kind.id, True) for kind in KINDS), encrypts=True)
SCHEMA = Path("/usr/share/libvirt/schemas/storagepool.rng")


# ---------------------------------------------------------------- definitions


@by_name
def test_golden(case: Case) -> None:
    """Changed on purpose: `python -m tests.unit.core.pool_wishes` writes them anew; look at the difference."""
    assert case.wish.problem() is None
    assert case.wish.xml() == (GOLDEN / f"{case.name}.xml").read_text()


def test_every_kind_has_a_golden_file_and_each_file_its_case() -> None:
    assert {case.wish.kind for case in CASES} == {kind.id for kind in KINDS}
    assert {file.stem for file in GOLDEN.iterdir()} == {case.name for case in CASES}


@pytest.mark.skipif(not SCHEMA.is_file(), reason="libvirt's schemas come with libvirt-daemon or libvirt0")
@by_name
def test_libvirts_schema_accepts_it(case: Case) -> None:
    schema = etree.RelaxNG(file=str(SCHEMA))
    found = etree.fromstring(case.wish.xml())
    assert schema.validate(found), schema.error_log
    found.append(etree.Element("nonsense"))
    assert not schema.validate(found)


@pytest.mark.skipif(
    shutil.which("virt-xml-validate") is None or shutil.which("xmllint") is None,
    reason="virt-xml-validate (libvirt-clients) needs xmllint (libxml2-utils)",
)
@by_name
def test_virt_xml_validate_accepts_it(case: Case) -> None:
    done = subprocess.run(["virt-xml-validate", str(GOLDEN / f"{case.name}.xml")], capture_output=True)
    assert done.returncode == 0, done.stderr


@by_name
def test_what_is_written_is_read_again(case: Case) -> None:
    assert pools_xml.parse_source(case.wish.xml()) == case.wish.source()


def test_passwords_are_nowhere_but_in_the_secret() -> None:
    for case in CASES:
        assert PASSWORD not in case.wish.xml() and KEY not in case.wish.xml()
        assert PASSWORD not in repr(case.wish) and KEY not in repr(case.wish)
    rbd = next(case.wish for case in CASES if case.name == "rbd-login")
    assert rbd.keeps_secret and len(rbd.secret_value()) == 28  # the key itself, not its letters
    chap = next(case.wish for case in CASES if case.name == "iscsi-login")
    assert chap.keeps_secret and chap.secret_value() == PASSWORD.encode()
    assert not replace(chap, written=chap.xml().replace(SECRET, "another")).keeps_secret


# ---------------------------------------------------------------- what is wrong with it


@by_kind
def test_what_a_kind_needs_is_asked_for(kind: object) -> None:
    case = next(case for case in CASES if case.wish.kind == kind.id)  # type: ignore[attr-defined]
    for ask in kind.asks:  # type: ignore[attr-defined]
        less = replace(case.wish, said=tuple(one for one in case.wish.said if one[0] is not ask.field))
        if not ask.optional:
            assert str(ask.label) in str(less.problem())


@pytest.mark.parametrize(
    ("name", "changed", "words"),
    [
        ("fs-new", {Field.FORMAT: "auto"}, "which file system"),
        ("fs", {Field.DEVICE: "/dev/sdb, /dev/sdc"}, "only one"),
        ("fs", {Field.DEVICE: ","}, "Say this, too"),
        ("dir", {Field.TARGET: "srv"}, "begins with /"),
        ("dir", {Field.TARGET: "/srv\x07"}, "cannot be written"),
        ("netfs-nfs", {Field.FOLDER: "export"}, "begins with /"),
        ("netfs-nfs", {Field.HOST: "nas.lan/export"}, "without anything else"),
        ("logical-new", {Field.DEVICE: ""}, "Its devices"),
        ("iscsi", {Field.DEVICE: "/dev/sda"}, "begins with iqn"),
        ("iscsi", {Field.USER: "lab"}, "has a password"),
        ("iscsi-login", {Field.USER: ""}, "needs a user"),
        ("rbd-login", {Field.USER: ""}, "needs a user"),
        ("scsi", {Field.WWNN: "2"}, "either the adapter"),
        ("scsi-fc", {Field.WWPN: ""}, "either the adapter"),
    ],
)
def test_what_does_not_go_together(name: str, changed: dict[Field, str], words: str) -> None:
    wish = next(case.wish for case in CASES if case.name == name)
    said = tuple({**dict(wish.said), **changed}.items())
    assert words in str(replace(wish, said=said).problem())


def test_a_key_that_is_none() -> None:
    wish = next(case.wish for case in CASES if case.name == "rbd-login")
    assert "no key of Ceph" in str(replace(wish, password="correct horse").problem())


def test_a_definition_by_hand() -> None:
    wish = PoolWish("x", "dir", written="<pool type='dir'><name>a</name><target><path>/x</path></target></pool>")
    assert wish.problem() is None and wish.xml() == wish.written
    assert "cannot be read" in str(replace(wish, written="<pool").problem())
    assert "name" in str(replace(wish, written="<pool type='dir'/>").problem())


def test_a_definition_by_hand_decides_which_login_it_is() -> None:
    rbd = next(case.wish for case in CASES if case.name == "rbd-login")
    by_hand = replace(rbd, written=rbd.xml())
    assert by_hand.keeps_secret and by_hand.login == "ceph" and by_hand.problem() is None
    assert "no key of Ceph" in str(replace(by_hand, password="correct horse").problem())
    without = replace(by_hand, written="<pool type='dir'><name>a</name></pool>", password="correct horse")
    assert not without.keeps_secret and without.problem() is None  # nobody asks for it any more


def test_what_is_destroyed() -> None:
    new, fs = (next(case.wish for case in CASES if case.name == name) for name in ("logical-new", "fs-new"))
    assert new.destroys == ("/dev/sdb", "/dev/sdc") and fs.destroys == ()
    assert replace(fs, make=Make.OVERWRITE).destroys == ("/dev/sdb1",)


# ---------------------------------------------------------------- what a host can have


def test_what_the_host_lacks_says_why() -> None:
    told = (
        "<storagepoolCapabilities><pool type='dir' supported='yes'/><pool type='rbd' supported='no'/>"
        "<pool type='fs' supported='yes'><poolOptions><enum name='sourceFormatType'><value>auto</value>"
        "<value>xfs</value></enum></poolOptions></pool></storagepoolCapabilities>"
    )
    able = pools_xml.parse_abilities(told)
    assert able[2] == PoolAbility("fs", True, ("auto", "xfs"))
    off = refusals(able)
    assert {"dir", "fs"}.isdisjoint(off) and len(off) == len(KINDS) - 2
    assert "libvirt-daemon-driver-storage-rbd" in str(off["rbd"]) and "does not know" in str(off["zfs"])
    rows = {row.name: row for row in pool_form.rows(BY_ID["fs"], Able(able)) if isinstance(row, Row)}
    assert dict(rows["kind"].off) == off
    assert [one for one, _words in rows["format"].choices] == ["auto", "xfs"]
    assert pool_form.first_kind(Able(able)) == "dir"


@by_kind
def test_the_form_of_a_kind_makes_its_wish(kind: object) -> None:
    case = next(case.wish for case in CASES if case.wish.kind == kind.id)  # type: ignore[attr-defined]
    values = {field.value: words for field, words in case.said}
    values |= {"name": case.name, "kind": case.kind, "password": case.password, "make": case.make.value}
    made = pool_form.wish_of(values, ALL, SECRET)
    assert made.xml() == case.xml() and made.make is case.make and made.password == case.password
    names = [row.name for row in pool_form.rows(kind, ALL) if isinstance(row, Row)]  # type: ignore[arg-type]
    assert len(set(names)) == len(names) and names[:2] == ["name", "kind"]
    assert ("password" in names) == bool(kind.login)  # type: ignore[attr-defined]


def test_a_host_without_secrets_takes_no_login() -> None:
    able = replace(ALL, encrypts=False)
    rows = {row.name: row for row in pool_form.rows(BY_ID["iscsi"], able) if isinstance(row, Row)}
    assert rows["user"].why is not None and rows["password"].why is not None
    case = next(case.wish for case in CASES if case.name == "iscsi-login")
    values = {"name": "x", "kind": "iscsi", "password": PASSWORD, **{field.value: one for field, one in case.said}}
    made = pool_form.wish_of(values, able, SECRET)
    assert made.problem() is None and "auth" not in made.xml() and made.password == ""


def test_what_was_found_fills_the_fields() -> None:
    told = """<sources><source><device path='/dev/sdb'/><name>vg0</name><format type='lvm2'/></source>
      <source><host name='nas' port='0'/><dir path='/x'/><format type='nfs'/></source>
      <source><host name='san' port='3260'/><device path='iqn.2026-01.a:b'/></source></sources>"""
    group, export, target = pools_xml.parse_sources(told)
    assert said_of(BY_ID["logical"], group) == {Field.SOURCE: "vg0"}
    assert said_of(BY_ID["netfs"], export) == {Field.FOLDER: "/x", Field.FORMAT: "nfs", Field.HOST: "nas"}
    assert said_of(BY_ID["iscsi"], target) == {Field.DEVICE: "iqn.2026-01.a:b", Field.HOST: "san:3260"}
    words = [
        pool_form.found_words(BY_ID[kind], one)
        for kind, one in (("logical", group), ("netfs", export), ("iscsi", target))
    ]
    assert words == ["vg0", "/x (nfs)", "iqn.2026-01.a:b"]
    assert pool_form.found_words(BY_ID["scsi"], PoolSource(adapter="scsi_host2")) == "scsi_host2"


def test_looking_needs_a_server_where_there_is_one() -> None:
    assert pool_form.can_look(PoolWish("x", "logical")) is None
    assert "server" in str(pool_form.can_look(PoolWish("x", "netfs")))
    assert pool_form.can_look(PoolWish("x", "netfs", ((Field.HOST, "nas"),))) is None
    assert pool_form.can_look(PoolWish("x", "rbd")) is not None


def test_who_has_a_disk_on_a_device() -> None:
    class User:
        machine = "web"

    class Image:
        path = "/dev/sdb1"

    class One:
        users, image = (User(),), Image()

    rows: list[VolumeRow] = [One()]  # type: ignore[list-item]
    assert holders(rows, ("/dev/sdb",)) == [("web", "/dev/sdb1")] and holders(rows, ("/dev/sdc",)) == []


def test_kinds_have_names() -> None:
    assert kind_words("dir") == "Folder" and kind_words("unheard-of") == "unheard-of"
    assert {field for kind in KINDS for field in kind.fields} == set(Field)  # each is asked for by some kind
