"""Alt and a letter in the wizard: on no page, in no language, does a letter mean two things."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtWidgets import QAbstractButton, QCheckBox, QComboBox, QLabel

from tests.ui.wizards.test_new import Standing, walk
from vmdesk.core import language
from vmdesk.core.creating import draft as drafts
from vmdesk.core.creating.draft import Page
from vmdesk.core.paths import RESOURCES
from vmdesk.model.text import use_language
from vmdesk.model.wish import CloudWish, DiskWish, From, Here
from vmdesk.ui.widgets.mnemonics import letter

__all__ = ["walk"]


@pytest.fixture(params=["en", "vi"], autouse=True)
def _spoken(request: Any) -> Iterator[None]:
    language.use(request.param)
    yield
    use_language(RESOURCES / "i18n", "en")


def letters(on: Standing) -> dict[str, str]:
    """What each letter means now; fails if one means two things."""
    found = dict[str, str]()
    for one in on.page.findChildren(QLabel) + on.page.findChildren(QAbstractButton):
        key = letter(one.text()) if isinstance(one, QAbstractButton) or one.buddy() is not None else ""
        if key and one.isVisibleTo(on.page):
            assert key not in found, (key, found[key], one.text())
            assert key.isascii()
            found[key] = one.text()
    return found


@pytest.mark.parametrize("source", [one for one in From if one not in (From.XML, From.CONTAINER)])
def test_each_letter_means_one_thing(walk: Any, source: From) -> None:
    async def steps(on: Standing) -> None:
        await on.ready()
        desk = on.page.desk
        if source is not From.CDROM:
            desk.put(drafts.with_source(on.draft, source))
        if source in (From.DISK, From.CLOUD):
            desk.put(drafts.with_media(on.draft, Here("/home/anna/debian-12-generic-amd64.qcow2")))
        await on.looked()
        for page in (Page.WHERE, Page.MACHINE, Page.DETAILS, Page.SHOWN, Page.SUMMARY):
            on.page.show_page(page)
            found = letters(on)
            buttons = [on.page.next, on.page.back, on.page.details, on.page.shown]
            assert all(letter(one.text()) in found for one in buttons if one.isVisibleTo(on.page))
        on.page.show_page(Page.MACHINE)
        assert len(letters(on)) > 8
        desk.wish(name="lab-{01..03}", disks=(DiskWish(bytes=1 << 31), DiskWish(bytes=1 << 31)))
        letters(on)

    walk(steps)


def test_rows_that_come_and_go(walk: Any) -> None:
    async def steps(on: Standing) -> None:
        await on.ready()
        desk = on.page.desk
        desk.put(drafts.with_media(drafts.with_source(on.draft, From.CLOUD), Here("/home/anna/debian.qcow2")))
        await on.looked()
        on.page.show_page(Page.MACHINE)
        for way in range(3):
            on.page.findChild(QComboBox, "cloud-network").setCurrentIndex(way)
            letters(on)
        on.page.findChild(QCheckBox, "own-data").click()
        letters(on)
        desk.wish(cloud=replace(on.draft.wish.cloud or CloudWish(), user_data="#cloud-config\n"))
        letters(on)

    walk(steps)


def test_an_installation_that_asks_nobody(walk: Any) -> None:
    async def steps(on: Standing) -> None:
        await on.ready()
        on.page.show_page(Page.MACHINE)
        on.page.findChild(QCheckBox, "unattended").click()
        assert len(letters(on)) > 15

    walk(steps)
