"""Definitions beside libvirt's own schema: as strict as libvirt, but with a place and a sentence."""

import copy
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import etree

from vmdesk.virtxml import schema
from vmdesk.virtxml.document import XmlError
from vmdesk.virtxml.rng.datatypes import Datatype
from vmdesk.virtxml.rng.derive import Derive
from vmdesk.virtxml.rng.pattern import Patterns
from vmdesk.virtxml.schema import Schema
from vmdesk.virtxml.schema_check import Check
from vmdesk.virtxml.source import place, read

GOLDEN = Path(__file__).parent / "golden"
FOLDER = next((one for one in schema.FOLDERS if (one / "domain.rng").is_file()), None)
here = pytest.mark.skipif(FOLDER is None, reason="libvirt's schemas are not installed")
GOOD = """<domain type='kvm'>
  <name>web</name>
  <memory unit='KiB'>2097152</memory>
  <vcpu placement='static'>2</vcpu>
  <os>
    <type arch='x86_64' machine='pc-q35-7.2'>hvm</type>
  </os>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='/var/x.qcow2'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <graphics type='vnc' port='-1' autoport='yes'/>
  </devices>
</domain>
"""


@pytest.fixture(scope="module")
def rules() -> Schema:
    found = schema.load()
    assert found is not None
    return found


@here
def test_nothing_against_a_good_one(rules: Schema) -> None:
    assert rules.mistakes(GOOD) == ()


@here
@pytest.mark.parametrize(
    ("old", "new", "line", "marked", "words"),
    [
        (">2</vcpu>", ">two</vcpu>", 4, "two", "<vcpu> two must be a number from 1 to 65535."),
        ("<name>web</name>", "", 1, "<domain", "In <domain> is missing: <name>."),
        ("bus='virtio'", "bus='virtoi'", 12, "bus='virtoi'", "bus='virtoi' cannot be. Was “virtio” meant?"),
        ("bus=", "bsu=", 12, "bsu='virtio'", "has no attribute “bsu” here, only: bus, removable"),
        ("dev='vda' ", "", 12, "<target", "<target> needs the attribute “dev”."),
        ("type='kvm'", "", 1, "<domain", "<domain> needs the attribute “type”."),
        ("<os>", "<name>b</name><os>", 5, "<name", "<name> can stand only once in <domain>."),
        ("<devices>", "<devices>hello", 8, "hello", "There can be no text between the elements of <devices>."),
        ("hvm", "hmv", 6, "hmv", "<type> hmv cannot be, only: hvm."),
        (">2</vcpu>", "></vcpu>", 4, "<vcpu", "<vcpu> needs a text in it."),
        ("<disk ", "<dsk/><disk ", 9, "<dsk", "<dsk> cannot stand in <devices> here. Was <disk> meant?"),
        ("<os>", "<features><apic>x</apic></features><os>", 5, "x", "<apic> has no text in it."),
        (">2097152<", "> 2097152 <", 3, " 2097152 ", "<memory> 2097152: no spaces around the number."),
        ("</os>", "", 5, "<os", "<os> has no end: write </os>."),
        ("port='-1'", "port='99999'", 14, "port='99999'", "port='99999' must be a number from -1 to 65535."),
    ],
)
def test_what_is_wrong_and_where(rules: Schema, old: str, new: str, line: int, marked: str, words: str) -> None:
    wrong = GOOD.replace(old, new, 1)
    (found,) = rules.mistakes(wrong)
    assert (read(wrong).line(found.start), wrong[found.start : found.end]) == (line, marked)
    assert words in str(found.what)


@here
def test_several_mistakes_are_all_told(rules: Schema) -> None:
    wrong = GOOD.replace("'vda'", "'vda' x='1'").replace(">2<", ">-2<").replace("<os>", "<os><x/>")
    assert [read(wrong).line(one.start) for one in rules.mistakes(wrong)] == [4, 5, 12]


@here
def test_another_document(rules: Schema) -> None:
    (found,) = rules.mistakes("<network><name>a</name></network>")
    assert str(found.what) == "It begins with <network>, not with <domain>."
    assert [str(one.what) for one in rules.mistakes("  ")] == ["There is no element."]
    (found,) = rules.mistakes("<domain>&nbsp;</domain>")
    assert "nbsp" in str(found.what)


def _documents() -> list[etree._Element]:
    texts = [part for file in sorted(GOLDEN.glob("*.xml")) for part in _domains(file.read_text(encoding="utf-8"))]
    return [etree.fromstring(one) for one in texts]


def _domains(words: str) -> list[str]:
    return re.findall(r"<domain\b.*?</domain>", words, re.DOTALL)


def _spoil(document: etree._Element, chance: random.Random) -> None:
    """One thing about it is different."""
    elements = list(document.iter(etree.Element))
    one, other = chance.choice(elements), chance.choice(elements)
    above, what = one.getparent(), chance.randrange(6)
    if what == 0 and above is not None:
        above.remove(one)
    elif what == 1 and one.attrib:
        del one.attrib[chance.choice(list(one.attrib))]
    elif what == 2 and one.attrib:
        one.set(str(chance.choice(list(one.attrib))), chance.choice(["", "x", "-1", "yes", "9" * 12, "virtio", "/a b"]))
    elif what == 3 and above is not None:
        one.addnext(copy.deepcopy(one))
    elif what == 4 and not len(one):
        one.text = chance.choice(["", "abc", "-3", " 12 ", "hvm", "/x"])
    elif one is not other:
        other.append(copy.deepcopy(one))


@here
def test_as_strict_as_libxml2(rules: Schema, reps: Callable[[int], int]) -> None:
    assert FOLDER is not None
    times = reps(3000)
    judge = etree.RelaxNG(etree.parse(str(FOLDER / "domain.rng")))
    documents, chance = _documents(), random.Random(7)
    valid = 0
    for turn in range(times):
        document = copy.deepcopy(chance.choice(documents))
        for _ in range(turn % 3):
            _spoil(document, chance)
        words = etree.tostring(document, encoding="unicode")
        document = etree.fromstring(words)
        found = Check(rules._grammar.start, read(words)).run(document)
        assert (not found) == judge.validate(document), (words, judge.error_log, found)
        valid += not found
    assert 0 < valid < times


@here
@pytest.mark.parametrize(
    ("words", "some", "none"),
    [
        ("<domain type='kvm'><", {"name", "devices", "cputune"}, {"disk"}),
        ("<domain type='kvm'><name>a</name><devices/><", {"os", "vcpu"}, {"name", "devices"}),
        ("<domain><devices><disk/><", {"disk", "interface"}, {"vcpu"}),
        ("<domain><devices><disk type='network'><source ", {"protocol", "name"}, {"file"}),
        ("<domain><devices><disk type='file'><source ", {"file", "startupPolicy"}, {"protocol"}),
        ("<domain><devices><disk type='", {"file", "network", "nvme"}, {"qcow2"}),
        ("<domain><devices><disk type='file' ", {"device", "snapshot"}, {"type"}),
        ("<domain><devices><disk type='file'><driver name='qemu' cache='", {"none", "writeback"}, {"yes"}),
        ("<domain><on_crash>", {"restart", "destroy"}, {"reboot"}),
        ("<domain><devices></", {"devices"}, {"domain"}),
        ("<domain><nonsense><", set(), {"name"}),
        ("<", {"domain"}, {"network"}),
    ],
)
def test_what_may_be_written(rules: Schema, words: str, some: set[str], none: set[str]) -> None:
    found = {one.words for one in rules.proposals(place(words, len(words)))}
    assert some <= found and not none & found


@here
def test_proposals_say_what_is_needed(rules: Schema) -> None:
    words = "<domain><devices><disk type='file'><"
    found = {one.words: one for one in rules.proposals(place(words, len(words)))}
    assert found["target"].needed and not found["driver"].needed
    assert found["target"].leaf and not found["source"].leaf
    words = "<domain><devices><disk type='file'><target "
    assert [one.words for one in rules.proposals(place(words, len(words))) if one.needed] == ["dev"]


@here
def test_what_was_derived_can_be_compared(rules: Schema) -> None:
    derive = Derive(Patterns())
    start = rules._grammar.start
    assert derive.open(start, ("", "domain")) is derive.open(start, ("", "domain"))


def test_without_schemas(tmp_path: Path) -> None:
    assert schema.load(folders=(tmp_path,)) is None
    assert "libvirt0" in str(schema.missing())
    (tmp_path / "domain.rng").write_text("<grammar")
    with pytest.raises(XmlError):
        schema.load(folders=(tmp_path,))
    assert schema.form(read(GOOD)) == ()
    assert [str(one.what) for one in schema.form(read("<a>"))] == ["<a> has no end: write </a>."]


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (Datatype("unsignedInt", (("pattern", "[0-9]+"),)), ["0", "4294967295"], ["", "-1", "4294967296", "1 ", "x"]),
        (Datatype("integer", (("minInclusive", "-1"), ("maxInclusive", "5"))), ["-1", "5"], ["-2", "6", "9" * 50]),
        (Datatype("string", (("pattern", "$[a-z^$]+|a.b"),)), ["$a^$", "axb"], ["a", "xy"]),
        (Datatype("string", (("maxLength", "2"),)), ["", "ab"], ["abc"]),
        (Datatype("double"), ["1", "-1.5e3"], ["one", ""]),
        (Datatype("NCName"), ["a-b", "é.1"], ["1a", "a:b", ""]),
        (Datatype("anyURI"), ["http://x"], []),
    ],
)
def test_datatypes(kind: Datatype, good: list[str], bad: list[str]) -> None:
    assert all(kind.accepts(one) for one in good)
    assert not any(kind.accepts(one) for one in bad)
