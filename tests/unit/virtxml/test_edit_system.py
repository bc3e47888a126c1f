"""Which system is in the machine: one element of the metadata, and nothing else."""

import pytest

from tests.unit.virtxml.editors import canonical
from vmdesk.virtxml import domain, system
from vmdesk.virtxml.edit import machine

NEW = "http://libosinfo.org/xmlns/libvirt/domain/1.0"
OLD = "http://libosinfo.org/linux/libvirt/domain/1.0"
DEBIAN, ALPINE = "http://debian.org/debian/12", "http://alpinelinux.org/alpinelinux/3.19?a&b"
BARE = "<domain>\n  <name>x</name>\n  <memory>1</memory>\n</domain>"
SIBLING = "<a:own xmlns:a='urn:a'><!-- kept -->  words</a:own>"


def within(metadata: str) -> str:
    return BARE.replace("  <memory>", f"  <metadata>\n    {metadata}\n  </metadata>\n  <memory>")


def os_id(xml: str) -> str:
    return domain.parse(xml)[0].os_id


MORE = f"<l:libosinfo xmlns:l='{NEW}'><l:more/></l:libosinfo>"
PLAIN = f"<libosinfo xmlns='{NEW}'><more/></libosinfo>"


@pytest.mark.parametrize("xml", [BARE, within(SIBLING), within(MORE), within(PLAIN)])
def test_written_where_there_was_none_and_taken_away(xml: str) -> None:
    new = machine.system(xml, ALPINE)
    assert os_id(new) == ALPINE
    assert ("<!-- kept -->  words" in new) is (SIBLING in xml) and ("<l:more/>" in new) is ("<l:more/>" in xml)
    assert machine.system(new, ALPINE) == new and "ns0" not in new
    assert canonical(machine.system(new, "")) == canonical(xml)


@pytest.mark.parametrize("space", [NEW, OLD])
def test_another_one_in_its_place(space: str) -> None:
    xml = within(f"{SIBLING}\n    <info:libosinfo xmlns:info='{space}'><info:os id=\"{DEBIAN}\"/></info:libosinfo>")
    new = machine.system(xml, ALPINE)
    assert os_id(new) == ALPINE and new == xml.replace(DEBIAN, ALPINE.replace("&", "&amp;"))
    assert machine.system(new, DEBIAN) == xml
    gone = machine.system(xml, "")
    assert os_id(gone) == "" and gone == within(SIBLING)


def test_what_is_as_it_should_be_is_left_alone() -> None:
    assert machine.system(BARE, "") == BARE


def test_as_libvirt_takes_it_while_the_machine_runs() -> None:
    """Without its own namespace and prefix, which libvirt adds; what else is in it keeps its own."""
    more = f"<l:libosinfo xmlns:l='{NEW}'><l:os id='{DEBIAN}'/>  <o:x xmlns:o='urn:o'>1</o:x></l:libosinfo>"
    (told,) = system.told(within(more)).items()
    assert told == (NEW, f'<libosinfo><os id="{DEBIAN}"/>  <o:x xmlns:o="urn:o">1</o:x></libosinfo>')
    assert system.told(machine.system(BARE, ALPINE)) == {
        NEW: f'<libosinfo>\n      <os id="{ALPINE.replace("&", "&amp;")}"/>\n    </libosinfo>'
    }
    assert list(system.told(within(more.replace(NEW, OLD)))) == [OLD] and system.told(BARE) == {}
