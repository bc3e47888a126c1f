"""XML as it is written, also half written: tags, mistakes, what is being typed, colours."""

import random

import pytest

from vmdesk.virtxml.source import DOUBLE, TAG, TEXT, Piece, pieces, place, read

WHOLE = """<domain type='kvm'>
  <name>a &amp; b</name>
  <!-- <no> tag -->
  <devices><disk type='file' device="a>b"/></devices>
</domain>
"""


def told(words: str) -> list[tuple[int, str]]:
    source = read(words)
    return [(source.line(one.start), str(one.what)) for one in source.mistakes]


def test_elements_know_where_they_are() -> None:
    source = read(WHOLE)
    assert not source.mistakes
    assert [one.name for one in source.elements] == ["domain", "name", "devices", "disk"]
    assert [source.elements[one.parent].name for one in source.elements[1:]] == ["domain", "domain", "devices"]
    domain, name, _devices, disk = source.elements
    assert WHOLE[domain.start : domain.end] == WHOLE.rstrip()
    assert WHOLE[slice(*source.content(name))] == "a &amp; b"
    assert disk.empty and not disk.open
    kind, device = source.attributes(disk)
    assert (kind.name, kind.value, WHOLE[kind.start : kind.end]) == ("type", "file", "type='file'")
    assert WHOLE[device.value_start : device.value_end] == device.value == "a>b"


def test_the_pair_of_a_tag() -> None:
    source = read(WHOLE)
    found = source.tags_at(WHOLE.index("</devices") + 3)
    assert found is not None
    assert [WHOLE[slice(*one)] for one in found] == ["devices", "devices"]
    assert found == source.tags_at(WHOLE.index("<devices") + 1)
    assert source.tags_at(WHOLE.index("&amp")) is None


@pytest.mark.parametrize(
    ("words", "mistakes"),
    [
        ("<a>\n<b>\n</a>", [(2, "<b> has no end: write </b>.")]),
        ("<a>\n</b>\n</a>", [(2, "</b> ends nothing: <a> of line 1 is open here.")]),
        ("<a></a>\n<b/>", [(2, "Nothing may follow the end of <a>.")]),
        ("<a x='1' x='2'/>", [(1, "“x” stands here twice.")]),
        ("<a x='1'y='2'/>", [(1, "A space is missing before “y”.")]),
        ("<a x/>", [(1, "“x” is no attribute: write name='value'.")]),
        ("<a>1 < 2</a>", [(1, "A lone < stands for the start of a tag: write &lt;")]),
        ("<a><!-- x</a>", [(1, "<a> has no end: write </a>."), (1, "It has no end: --> is missing.")]),
        ("<!DOCTYPE a><a/>", [(1, "A definition has no DOCTYPE.")]),
        ("</a>", [(1, "</a> ends nothing.")]),
        ("", []),
    ],
)
def test_mistakes(words: str, mistakes: list[tuple[int, str]]) -> None:
    assert told(words) == mistakes


@pytest.mark.parametrize("words", ["<a x='1><b/></a>", "<a><b", "<a></", "<a>\n<b x=>\n</a>"])
def test_something_is_told_of_what_is_broken(words: str) -> None:
    assert told(words)


DISK = "<domain><devices><disk type='file'>"


@pytest.mark.parametrize(
    ("words", "kind", "path", "beside", "attribute", "written"),
    [
        ("<", "element", [], (), "", ""),
        ("<domain><na", "element", ["domain"], (), "", "na"),
        ("<domain><name/><", "element", ["domain"], ("name",), "", ""),
        (f"{DISK}</", "close", ["domain", "devices", "disk"], (), "", ""),
        ("<domain><disk ", "attribute", ["domain", "disk"], (), "", ""),
        ("<domain><disk type='f' de", "attribute", ["domain", "disk"], ("type",), "", "de"),
        ("<domain><disk type='fi", "value", ["domain", "disk"], (), "type", "fi"),
        ("<domain><disk a='1' type='", "value", ["domain", "disk"], ("a",), "type", ""),
        ("<domain><on_crash>re", "content", ["domain", "on_crash"], (), "", "re"),
        ("<domain><!-- <di", "", [], (), "", ""),
        ("text", "", [], (), "", ""),
    ],
)
@pytest.mark.parametrize("rest", ["", "'/><name>x</name></domain>"])
def test_what_is_being_written(
    words: str, kind: str, path: list[str], beside: tuple[str, ...], attribute: str, written: str, rest: str
) -> None:
    if rest and kind != "value":
        rest = " <!-- more -->"
    found = place(words + rest, len(words))
    assert (found.kind, found.attribute, found.written) == (kind, attribute, written)
    if kind:
        assert found.start == len(words) - len(written)
        assert [name for name, _ in found.path] == path
    if not rest:
        assert found.beside == beside


def test_the_path_has_attributes() -> None:
    assert place(f"{DISK}<", len(DISK) + 1).path[-1] == ("disk", (("type", "file"),))
    words = "<disk device='' type='file'/>"
    assert place(words, words.index("''") + 1).path == (("disk", (("type", "file"),)),)


def kinds(line: str, state: int = TEXT) -> list[tuple[str, str]]:
    return [(line[one.start : one.start + one.length], one.kind) for one in pieces(line, state)[0]]


def test_colours() -> None:
    assert kinds("<a b='c'>d &lt; & </a>") == [
        ("<a", "tag"), ("b", "name"), ("'c'", "value"), (">", "tag"), ("&lt;", "entity"), ("&", "wrong"),
        ("</a", "tag"), (">", "tag"),
    ]  # fmt: skip
    assert kinds("x --> <a/>", 1) == [("x -->", "comment"), ("<a", "tag"), ("/>", "tag")]
    assert pieces('<a b="c', TEXT)[1] == DOUBLE
    assert pieces("c\" d='e'", DOUBLE) == ([Piece(0, 2, "value"), Piece(3, 1, "name"), Piece(5, 3, "value")], TAG)
    assert pieces("", DOUBLE) == ([], DOUBLE)


def test_anything_can_be_read() -> None:
    signs = ["<", ">", "/", "'", '"', "a", "b ", "=", "<!--", "-->", "<![CDATA[", "]]>", "&", "\n", "é", "\U0001f600"]
    chance = random.Random(5)
    for _ in range(200):
        words = "".join(chance.choices(signs, k=chance.randrange(30)))
        source = read(words)
        for element in source.elements:
            assert 0 <= element.start <= element.head_end <= len(words) and element.end <= len(words)
        for offset in range(len(words) + 1):
            place(words, offset)
            source.around(offset)
            source.tags_at(offset)
        state = TEXT
        for line in words.split("\n"):
            found, state = pieces(line, state)
            ends = [one.start + one.length for one in found]
            assert all(end <= one.start for end, one in zip(ends, found[1:])) and all(end <= len(line) for end in ends)
