import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmdesk.model import names
from vmdesk.model.wish import Wish


@pytest.mark.parametrize(
    ("name", "count", "all_names"),
    [
        ("web", 1, ("web",)),
        ("lab", 3, ("lab-01", "lab-02", "lab-03")),
        ("lab-{01..03}", 1, ("lab-01", "lab-02", "lab-03")),
        ("lab-{9..11}-x", 1, ("lab-9-x", "lab-10-x", "lab-11-x")),
        ("lab{007..008}", 1, ("lab007", "lab008")),
        ("lab-{3..3}", 1, ("lab-3",)),
        ("lab-{3..1}", 1, ()),
        ("{}", 1, ("{}",)),
    ],
)
def test_several(name: str, count: int, all_names: tuple[str, ...]) -> None:
    assert names.names(Wish(name=name, count=count)) == all_names


def test_never_more_than_a_thousand() -> None:
    assert len(names.expand("a", 10**9)) == names.MOST + 1 == len(names.expand("a{1..9999}"))
    assert names.expand("a", 120)[0] == "a-001" and names.expand("a", 999)[-1] == "a-999"


@given(st.text("abc{}.0123456789-", max_size=20), st.integers(-3, 1200))
def test_all_are_different(name: str, count: int) -> None:
    found = names.expand(name, count)
    assert len(set(found)) == len(found) <= names.MOST + 1


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "needs a name"),
        ("   ", "needs a name"),
        ("\u3000", "needs a name"),
        (".", "for a folder"),
        ("..", "for a folder"),
        ("../../etc", "slash"),
        ("a/b", "slash"),
        ("a\nb", "invisible"),
        ("a\tb", "invisible"),
        ("a\x00b", "invisible"),
        ("a\x7fb", "invisible"),
        ("a\u202eb", "invisible"),
        ("a\udc80b", "invisible"),
        ("a\uffffb", "invisible"),
        (" web", "begin or end"),
        ("web ", "begin or end"),
        ("-web", "option"),
        ("--help", "option"),
        ("a" * 300, "too long: 300"),
        ("ệ" * 67, "too long: 201"),
    ],
)
def test_what_no_machine_is_called(name: str, says: str) -> None:
    why = names.problem(name)
    assert why is not None and says in str(why)


@pytest.mark.parametrize(
    "name", ["web", "máy chủ 1", "😀", "👩‍💻", "a" * 200, ".hidden", "a;b", "%s", "<&>'\"", "日本"]
)
def test_what_one_may_be_called(name: str) -> None:
    assert names.problem(name) is None


def test_what_is_unwise() -> None:
    assert names.warning("12") and names.warning("5f2f7b6c-6d0a-4d0e-9d64-2f1f9d7f3a10")
    assert names.warning("web-12") is None


@given(st.text(max_size=80))
def test_what_passes_is_one_line_and_one_file(name: str) -> None:
    if names.problem(name) is None:
        assert "/" not in name and name not in (".", "..") and len(name.encode()) <= names.LONGEST
        assert not any(unicodedata.category(sign) == "Cc" for sign in name)
