"""Definitions read, edited and shown to a daemon: python -m tests.live.definitions_child fetch|hostile COUNT SEED URI.

A process of its own: libvirt's client library has died of such texts, too. Prints what it counted, as JSON.
"""

import collections
import json
import random
import re
import sys

import libvirt

from tests.testbed import corpus
from tests.unit.virtxml.editors import EDITORS
from vmdesk.virtxml import devices, difference, hardware, secrets
from vmdesk.virtxml.document import XmlError, root
from vmdesk.virtxml.edit import EditError, ranges

VALIDATE = libvirt.VIR_DOMAIN_DEFINE_VALIDATE
WHOLE = libvirt.VIR_DOMAIN_XML_SECURE | libvirt.VIR_DOMAIN_XML_INACTIVE
NASTY = (
    "-1", "0", "4294967296", "99999999999999999999", "18446744073709551615", "", " ", "\u202e", "x" * 5000, "&#1;",
    "%s%n", "../../etc/shadow", "1e9", "0x10", "٣", "yes", "&amp;", "<a/>", "]]>", "\r", "NaN", "1\n2",
)  # fmt: skip
_VALUE = re.compile(r"='([^'<]*)'|>([^<>]+)<")


def as_test(xml: str) -> str:
    """The test driver takes its own kind only."""
    return re.sub(r"<domain type='\w+'", "<domain type='test'", xml, count=1)


def fetch(count: int, chance: random.Random, conn: libvirt.virConnect) -> collections.Counter[str]:
    counted: collections.Counter[str] = collections.Counter()
    known = list(corpus.definitions().items())
    for _name, xml in chance.sample(known, min(count, len(known))):
        xml = re.sub(r"<uuid>.*?</uuid>", "", as_test(xml))
        try:
            domain = conn.defineXMLFlags(xml, VALIDATE)
        except libvirt.libvirtError:
            counted["refused"] += 1
            continue
        counted["defined"] += 1
        back = domain.XMLDesc(WHOLE)
        domain.undefine()
        dropped = _elements(xml) - _elements(back)
        counted["dropped"] += sum(dropped.values())
        listed = [str(difference.plain(one)) for one in difference.differences(xml, back)]
        lines = difference.unified(xml, back, "typed", "kept")
        # Whatever is gone stands in the lines; what is not the same is named.
        for tag in dropped:
            assert re.search(rf"^-.*<{re.escape(tag)}\b", lines, re.MULTILINE), (_name, tag)
        counted["listed"] += bool(lines)
        counted["named"] += bool(listed)
    return counted


def _elements(xml: str) -> collections.Counter[str]:
    return collections.Counter(str(one.tag) for one in root(xml).iter("*") if not str(one.tag).startswith("{"))


def hostile(count: int, chance: random.Random, conn: libvirt.virConnect) -> collections.Counter[str]:
    counted: collections.Counter[str] = collections.Counter()
    known = list(corpus.definitions().values())
    for _ in range(count):
        xml = _mutated(chance.choice(known), chance)
        try:
            found = hardware.parse(xml)
            hidden = secrets.hide(xml)
        except XmlError:
            counted["refused"] += 1
            continue
        counted["read"] += 1
        assert hardware.parse(hidden).overview.uuid == found.overview.uuid
        new = xml
        for editor in chance.sample(EDITORS, 2):
            try:
                new = editor.edit(new)
                counted["edited"] += 1
            except EditError:
                counted["not possible"] += 1
        for one in difference.differences(xml, new, running=chance.random() < 0.3):
            str(difference.plain(one)), str(difference.pending(one))
        difference.unified(xml, new, "a", "b")
        devices.keyed(root(new))
        if chance.random() < 0.25 or counted["shown"] < 200:
            _show(as_test(new), conn, counted)
    return counted


def _show(xml: str, conn: libvirt.virConnect, counted: collections.Counter[str]) -> None:
    """As the program does it: figures out of range are never shown, and always VALIDATE."""
    if ranges.problems(xml):
        counted["out of range"] += 1
        return
    counted["shown"] += 1
    try:
        domain = conn.defineXMLFlags(xml, VALIDATE)
    except libvirt.libvirtError:
        return
    except UnicodeEncodeError:
        return
    counted["taken"] += 1
    domain.undefine()


def _mutated(xml: str, chance: random.Random) -> str:
    for _ in range(chance.choice((1, 1, 2, 3, 8))):
        match chance.randrange(8):
            case 0 | 1 | 2:  # another value
                places = list(_VALUE.finditer(xml))
                if places:
                    found = chance.choice(places)
                    group = 1 if found.group(1) is not None else 2
                    xml = xml[: found.start(group)] + chance.choice(NASTY) + xml[found.end(group) :]
            case 3:  # an element twice, or somewhere else
                places = list(re.finditer(r"<(\w+)[^<>]*?(/>|>[^<]*</\1>)", xml))
                if places:
                    found, other = chance.choice(places), chance.choice(places)
                    xml = xml[: other.start()] + found.group() * chance.choice((1, 2, 30)) + xml[other.start() :]
            case 4:  # an element gone
                places = list(re.finditer(r"<(\w+)[^<>]*?(/>|>[^<]*</\1>)", xml))
                if places:
                    found = chance.choice(places)
                    xml = xml[: found.start()] + xml[found.end() :]
            case 5:  # a few characters
                at = chance.randrange(len(xml) + 1)
                xml = xml[:at] + chance.choice(("<", ">", "&", "'", "\x00", "é", "<!--", "<![CDATA[")) + xml[at:]
            case 6:  # another name
                xml = re.sub(rf"\b{chance.choice(('disk', 'source', 'vcpu', 'memory', 'target'))}\b", "x", xml, count=1)
            case 7:  # cut off, deep, or with entities
                match chance.randrange(4):
                    case 0:
                        xml = xml[: chance.randrange(len(xml) + 1)]
                    case 1:
                        xml = xml.replace("<devices>", "<devices>" + "<a>" * 300 + "</a>" * 300, 1)
                    case 2:
                        xml = "<!DOCTYPE domain [<!ENTITY a 'b'>]>" + xml
                    case 3:
                        xml = xml.replace("\n", "\r\n")
    return xml


if __name__ == "__main__":
    libvirt.registerErrorHandler(lambda *_: None, None)
    _, what, number, seed, uri = sys.argv
    opened = libvirt.open(uri)
    result = {"fetch": fetch, "hostile": hostile}[what](int(number), random.Random(int(seed)), opened)
    opened.close()
    print(json.dumps(result))
