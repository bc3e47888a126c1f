"""Which CD a machine was installed from."""

import pytest
from lxml import etree

from tests.unit.virtxml.wishes import CASES
from vmdesk.virtxml import domain, medium
from vmdesk.virtxml.document import XmlError

BASE = next(case for case in CASES if case.build().stored != case.build().first and "medium/1" in case.build().stored)


def test_remembered_and_put_back() -> None:
    made = BASE.build()
    stored = etree.fromstring(made.stored)
    path = medium.remembered(stored)
    assert path and f'<source file="{path}"' in made.first
    assert domain.parse(made.stored)[0].medium == path
    disk = etree.fromstring(medium.inserted(stored) or "")
    assert disk.get("device") == "cdrom"
    assert disk.find("source").get("file") == path  # type: ignore[union-attr]


def test_a_persons_own_file_stays_theirs() -> None:
    xml = "<domain><metadata/><devices><disk device='cdrom'><target dev='sda'/></disk></devices></domain>"
    for keep in (True, False):
        machine = etree.fromstring(xml)
        machine.find("metadata").append(medium.element("/home/a/x.iso", keep))  # type: ignore[union-attr]
        assert ("relabel" in (medium.inserted(machine) or "")) == keep


def test_no_drive_is_empty() -> None:
    machine = etree.fromstring(BASE.build().first)
    assert medium.inserted(machine) is None


def test_nothing_is_remembered() -> None:
    machine = etree.fromstring("<domain><devices/></domain>")
    assert medium.remembered(machine) == ""
    with pytest.raises(XmlError):
        medium.inserted(machine)
