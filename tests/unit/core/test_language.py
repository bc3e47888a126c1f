"""One place decides which language is spoken."""

from collections.abc import Iterator

import pytest

from vmdesk.core import language, units
from vmdesk.core.filter import parse
from vmdesk.core.paths import RESOURCES
from vmdesk.core.words import state_text
from vmdesk.model.domain import Domain, DomainKey, Labels, State
from vmdesk.model.text import fold, use_language


@pytest.fixture(autouse=True)
def _english_again() -> Iterator[None]:
    yield
    use_language(RESOURCES / "i18n", "en")


@pytest.mark.parametrize(
    ("chosen", "environment", "spoken"),
    [
        ("", {"LC_ALL": "vi_VN.UTF-8", "LANG": "en_GB.UTF-8"}, "vi"),
        ("", {"LC_MESSAGES": "vi_VN", "LANG": "en_GB.UTF-8"}, "vi"),
        ("", {"LANG": "vi_VN.UTF-8"}, "vi"),
        ("", {"LC_ALL": "C.UTF-8", "LANG": "vi_VN.UTF-8"}, "en"),
        ("", {"LC_ALL": "", "LANG": "vi_VN.UTF-8"}, "vi"),
        ("", {}, "en"),
        ("en", {"LANG": "vi_VN.UTF-8"}, "en"),
        ("vi", {"LANG": "C"}, "vi"),
    ],
)
def test_settings_then_environment(
    chosen: str, environment: dict[str, str], spoken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert language.language(chosen) == spoken


def test_numbers_follow_the_language() -> None:
    language.use("vi")
    assert units.kib(1.2 * 1024 * 1024) == "1,2 GiB"
    assert units.kib_of(0.5 * 1024 * 1024, 2 * 1024 * 1024) == "0,5 / 2,0 GiB"
    assert units.kib_of(4 * 1024 * 1024, 1024**3) == "4,0 GiB / 1,0 TiB"
    assert units.kib_of(0, 1024**3) == "0,0 / 1,0 TiB"
    assert units.rate(1_500_000) == "1,5 MB/s"
    assert [units.duration(n) for n in (5, 300, 3900, 90_000)] == ["5 giây", "5 phút", "1 giờ 05 phút", "1 ngày 1 giờ"]
    language.use("en")
    assert units.kib(1.2 * 1024 * 1024) == "1.2 GiB"


@pytest.mark.parametrize("typed", ["khoi dong", "KHỞI ĐỘNG", "Khởi động", "đong"])
def test_searches_do_not_mind_marks(typed: str) -> None:
    assert fold(typed) in fold("Khởi động máy")


def test_the_filter_finds_without_marks() -> None:
    domain = Domain(
        DomainKey("h", "u"), "may-ao", State.RUNNING, labels=Labels("Máy của Đặng", "", "", "Phòng Kỹ thuật", ("học",))
    )
    for source in ("dang", "ĐẶNG", "group:ky", 'group:"phong ky"', "tag:hoc"):
        assert parse(source)(domain), source
    assert not parse("tag=hoc")(domain)
    assert parse("tag=HỌC")(domain)


def test_what_holds_a_machine_is_told_in_the_language() -> None:
    domain = Domain(DomainKey("h", "u"), "web", State.RUNNING, busy="snapshot")
    assert state_text(domain) == "Running · busy: snapshot"
    language.use("vi")
    assert "snapshot" in state_text(domain) and "busy" not in state_text(domain)
    assert "chụp" in state_text(domain)
