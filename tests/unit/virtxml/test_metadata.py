"""Our own element."""

import string

import pytest

from vmdesk.model.domain import Labels
from vmdesk.virtxml import metadata
from vmdesk.virtxml.document import root


@pytest.mark.parametrize(
    "labels",
    [
        Labels(notes="a\nb <&> \"q\" 'é' 🐧", group="g", tags=("one", "two words")),
        Labels(notes=string.punctuation),
        Labels(tags=("x",)),
    ],
)
def test_what_is_written_is_read(labels: Labels) -> None:
    element = metadata.build(labels)
    assert element
    named = element.replace("<labels>", f"<labels xmlns='{metadata.NAMESPACE}'>")
    assert metadata.parse(root(f"<domain><metadata>{named}</metadata></domain>")) == labels


def test_nothing_to_keep_is_no_element() -> None:
    assert metadata.build(Labels(title="t", description="d")) is None


def test_characters_that_xml_cannot_hold_are_dropped() -> None:
    assert metadata.build(Labels(notes="a\x00b\x1bc\ud800d")) == "<labels><notes>abcd</notes></labels>"


def test_a_foreign_element_is_not_ours() -> None:
    foreign = "<o:labels xmlns:o='https://example.org'><o:tag>x</o:tag></o:labels>"
    assert metadata.parse(root(f"<domain><metadata>{foreign}</metadata></domain>")) == Labels()
