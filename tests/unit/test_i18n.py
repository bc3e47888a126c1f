"""Every text for people has a Vietnamese translation with the same fields, and nothing else has one."""

from pathlib import Path

import pytest

from tests import i18n
from vmdesk.model import text


@pytest.fixture(scope="module")
def findings() -> i18n.Findings:
    return i18n.read(i18n.ROOT / "vmdesk")


@pytest.fixture(scope="module")
def vietnamese() -> dict[str, str]:
    return i18n.catalogue("vi")


def test_every_text_can_be_translated(findings: i18n.Findings) -> None:
    assert findings.sources
    assert not findings.wrong


def test_no_translation_is_missing(findings: i18n.Findings, vietnamese: dict[str, str]) -> None:
    assert not [f"{findings.sources[s]}: {s!r}" for s in i18n.missing(findings, vietnamese)], "python -m tests.i18n"


def test_no_translation_is_stale(findings: i18n.Findings, vietnamese: dict[str, str]) -> None:
    assert not i18n.stale(findings, vietnamese)


def test_fields_are_the_same(findings: i18n.Findings, vietnamese: dict[str, str]) -> None:
    assert not i18n.unlike(findings, vietnamese)


def test_the_reader_sees_what_it_must(tmp_path: Path) -> None:
    """The check itself: literals, choices, other names for tr, fields nobody fills in, texts made at run time."""
    package = tmp_path / "pack"
    package.mkdir()
    (package / "a.py").write_text(
        "from vmdesk.model.text import Text, text, textn, tr as t, trn\n"
        "from vmdesk.model import text as words\n"
        "t('One')\n"
        "t('Two {name}', name=n)\n"
        "t('Yes' if x else 'No')\n"
        "trn('{n} machine', '{n} machines', 3)\n"
        "textn('{n} disk', '{n} disks', 3)\n"
        "T = Text('Starting {name}')\n"
        "text(T.source, name=n)\n"
        "words.tr('Three')\n"
        "widget.text()\n"
        "label.tr('Not ours')\n"
        "t(f'Four {name}')\n"
        "t('Five {name}')\n"
        "t('Six {name}', other=1)\n"
    )
    found = i18n.read(package)
    sources = [
        "One",
        "Two {name}",
        "Yes",
        "No",
        "{n} machine",
        "{n} machines",
        "{n} disk",
        "{n} disks",
        "Starting {name}",
        "Three",
    ]
    assert list(found.sources) == [*sources, "Five {name}", "Six {name}"]
    assert [line.split(": ")[0] for line in found.wrong] == ["pack/a.py:13", "pack/a.py:14", "pack/a.py:15"]
    assert i18n.missing(found, {"One": "Một"})[:2] == ["Two {name}", "Yes"]
    assert i18n.unlike(found, {"Two {name}": "Hai {ten}"}) and not i18n.unlike(found, {"Two {name}": "Hai {name}"})
    assert i18n.stale(found, {"Gone": "Mất"}) == ["Gone"]


def test_a_language_is_used_and_left(tmp_path: Path) -> None:
    (tmp_path / "vi.json").write_text('{"Machines": "Máy ảo", "Delete {name}?": "Xóa {name}?"}', encoding="utf-8")
    try:
        text.use_language(tmp_path, "vi")
        assert text.tr("Machines") == "Máy ảo"
        assert str(text.text("Delete {name}?", name="db")) == "Xóa db?"
        assert text.tr("Not there") == "Not there"
        text.use_language(tmp_path, "xx")
        assert text.tr("Machines") == "Machines"
    finally:
        text.use_language(tmp_path, "en")
