"""The ways from the window into the wizard, and out of it."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QAbstractButton, QLineEdit

from tests.ui.machines import LAPTOP
from tests.ui.window import Standing
from vmdesk.core.creating.draft import Page
from vmdesk.core.store import Store
from vmdesk.model.host import Host, Link
from vmdesk.model.wish import CloudWish, From, Here
from vmdesk.ui import takeover
from vmdesk.ui.models.domains import Scope

Run = Callable[[Any], Any]


def inside(run_async: Run, folder: Path, steps: Callable[[Standing], None], store: Store | None = None) -> None:
    async def whole() -> None:
        standing = Standing(folder, store=store)
        standing.window.show()
        steps(standing)
        await asyncio.sleep(0.05)
        await standing.jobs.close()
        standing.close()
        assert not standing.bugs

    run_async(whole())


def drop(path: str) -> QDropEvent:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(path)])
    drop.kept = data  # type: ignore[attr-defined]  # the event does not keep it alive
    return QDropEvent(
        QPointF(5, 5), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )


def test_new_opens_one_wizard_on_the_chosen_host(run_async: Run, tmp_path: Path) -> None:
    def steps(on: Standing) -> None:
        lab = next(one.id for one in on.store.hosts.values() if one.id != LAPTOP.id and one.link is Link.UP)
        on.window.machines.set_scope(Scope("host", lab))
        on.window.actions_["window.new"].trigger()
        page: Any = on.window.tabs.currentWidget()
        assert page.key == "new" and page.desk.draft.host == lab
        on.window.open_page("machines")
        on.window.actions_["window.new"].trigger()
        assert on.window.tabs.currentWidget() is page
        page.key = "making:1"  # at work: the next one is another
        on.window.actions_["window.new"].trigger()
        other: Any = on.window.tabs.currentWidget()
        assert other is not page
        on.window.remember()
        assert not any(key.startswith(("new", "making")) for key in on.remembered.get("tabs", [""]))

    inside(run_async, tmp_path, steps)


def test_the_empty_table_offers_to_create(run_async: Run, tmp_path: Path) -> None:
    store = Store()
    store.put_host(Host(LAPTOP, Link.UP))

    def steps(on: Standing) -> None:
        button = on.window.machines.empty.findChild(QAbstractButton, "empty-action-0")
        assert button.text() == "Create one…"
        button.click()
        assert on.window.tabs.currentWidget().key == "new"

    inside(run_async, tmp_path, steps, store)


def test_a_file_dropped_on_the_window(run_async: Run, tmp_path: Path) -> None:
    def steps(on: Standing) -> None:
        on.window.dropEvent(drop("/home/anna/notes.txt"))
        assert on.window.tabs.currentWidget().key == "machines"
        on.window.dropEvent(drop("/home/anna/debian.iso"))
        page: Any = on.window.tabs.currentWidget()
        assert page.key == "new"
        assert (page.desk.draft.wish.source, page.desk.draft.wish.media) == (From.CDROM, Here("/home/anna/debian.iso"))

    inside(run_async, tmp_path, steps)


def test_menus_offer_it(run_async: Run, tmp_path: Path) -> None:
    def steps(on: Standing) -> None:
        offered = [action.text() for action in on.window.host_menu(LAPTOP.id).actions()]
        assert "New machine on this host" in offered
        assert on.window.actions_["window.new"].shortcut().toString() == "Ctrl+N"
        assert any(choice.title == "New machine" for choice in on.window.actions_.choices("Command", ""))

    inside(run_async, tmp_path, steps)


def test_a_closed_wizard_hears_no_more(run_async: Run, tmp_path: Path) -> None:
    def steps(on: Standing) -> None:
        before = len(on.store._listeners)
        on.window.open_new()
        page: Any = on.window.tabs.currentWidget()
        assert len(on.store._listeners) == before + 1
        page.desk.close()
        page.desk.close()
        assert len(on.store._listeners) == before
        on.window.tabs.close_page(page)

    inside(run_async, tmp_path, steps)


def test_another_language_keeps_what_was_typed(run_async: Run, tmp_path: Path) -> None:
    async def whole() -> None:
        old, new = Standing(tmp_path / "old"), Standing(tmp_path / "new")
        old.window.show()
        old.window.open_new(LAPTOP.id)
        page: Any = old.window.tabs.currentWidget()
        page.take_file("/home/anna/debian-12.iso")
        for _ in range(200):
            await asyncio.sleep(0.01)
            if page.next.isEnabled():
                break
        page.go_on()
        page.findChild(QLineEdit, "name").setText("mine")
        page.details.click()
        page.findChild(QAbstractButton, "more-disks-add").click()
        assert not takeover.is_busy(old.window)
        draft = page.desk.draft
        takeover.take_over(new.window, old.window)
        again: Any = new.window.tabs.currentWidget()
        assert again.key == "new" and again.page is Page.DETAILS and again.desk.draft.wish == draft.wish
        again.go_on()
        assert again.findChild(QLineEdit, "name").text() == "mine" and len(again.desk.draft.wish.disks) == 2
        again._task = asyncio.get_running_loop().create_task(asyncio.sleep(0))
        assert takeover.is_busy(new.window)  # a machine is being made: the window waits with its new language
        await again._task
        again._task = None
        await asyncio.sleep(0.05)
        for one in (old, new):
            await one.jobs.close()
        new.close()
        assert not old.bugs and not new.bugs

    run_async(whole())


def test_another_language_keeps_a_review(run_async: Run, tmp_path: Path) -> None:
    file = tmp_path / "guest.xml"
    file.write_text(
        "<domain type='kvm'><name>guest</name><memory>65536</memory><vcpu>1</vcpu><os><type>hvm</type></os>"
        "<devices><emulator>/opt/strange</emulator></devices></domain>"
    )

    async def whole() -> None:
        old, new = Standing(tmp_path / "old"), Standing(tmp_path / "new")
        old.window.show()
        old.window.open_new(LAPTOP.id, str(file))
        page: Any = old.window.tabs.currentWidget()
        for _ in range(200):
            await asyncio.sleep(0.01)
            if page.next.isEnabled():
                break
        page.go_on()
        for _ in range(200):
            await asyncio.sleep(0.01)
            if page.findChild(QAbstractButton, "finding-0") is not None:
                break
        page.findChild(QAbstractButton, "finding-0").click()
        page.findChild(QLineEdit, "review-name").setText("other")
        takeover.take_over(new.window, old.window)
        again: Any = new.window.tabs.currentWidget()
        assert again.page is Page.REVIEW and again.findChild(QAbstractButton, "finding-0").isChecked()
        definition = again.pages[Page.REVIEW].definition
        assert "/opt/strange" in definition and "<name>other</name>" in definition
        await asyncio.sleep(0.05)
        for one in (old, new):
            await one.jobs.close()
        new.close()
        assert not old.bugs and not new.bugs

    run_async(whole())


def test_a_review_that_was_left_is_gone_on_with(run_async: Run, tmp_path: Path) -> None:
    """Ticks and name; of a text that is another one by then nothing is ticked."""
    file = tmp_path / "guest.xml"
    words = (
        "<domain type='kvm'><name>guest</name><memory>65536</memory><vcpu>1</vcpu><os><type>hvm</type></os>"
        "<devices><emulator>/opt/strange</emulator></devices></domain>"
    )
    file.write_text(words)

    async def gone_on(on: Standing) -> Any:
        on.window.open_new(LAPTOP.id)
        page: Any = on.window.tabs.currentWidget()
        await until(lambda: page.offer.isVisible())
        page.offer.go_on.click()
        await until(lambda: page.findChild(QAbstractButton, "finding-0") is not None)
        assert page.page is Page.REVIEW
        return page

    async def whole() -> None:
        on = Standing(tmp_path)
        on.window.show()
        on.window.open_new(LAPTOP.id, str(file))
        page: Any = on.window.tabs.currentWidget()
        await until(page.next.isEnabled)
        page.go_on()
        await until(lambda: page.findChild(QAbstractButton, "finding-0") is not None)
        page.findChild(QAbstractButton, "finding-0").click()
        page.findChild(QLineEdit, "review-name").setText("other")
        on.window.tabs.close_page(page)
        page = await gone_on(on)
        assert page.findChild(QAbstractButton, "finding-0").isChecked()
        assert page.findChild(QLineEdit, "review-name").text() == "other"
        assert "/opt/strange" in page.pages[Page.REVIEW].definition
        on.window.tabs.close_page(page)
        file.write_text(words.replace("strange", "stranger"))
        page = await gone_on(on)
        assert not page.findChild(QAbstractButton, "finding-0").isChecked()
        assert page.findChild(QLineEdit, "review-name").text() == "guest"
        assert "/opt/strange" not in page.pages[Page.REVIEW].definition
        on.window.tabs.close_page(page)
        await on.jobs.close()
        on.close()
        assert not on.bugs

    run_async(whole())


async def until(what: Callable[[], Any]) -> None:
    for _ in range(500):
        if what():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("did not come")


async def filled(page: Any) -> None:
    page.take_file("/home/anna/debian-12.iso")
    for _ in range(200):
        await asyncio.sleep(0.01)
        if page.next.isEnabled():
            break
    page.go_on()
    page.findChild(QLineEdit, "name").setText("mine")


def test_a_half_filled_wizard_is_offered_again(run_async: Run, tmp_path: Path) -> None:
    async def whole() -> None:
        on = Standing(tmp_path)
        on.window.show()
        on.window.open_new(LAPTOP.id)
        page: Any = on.window.tabs.currentWidget()
        templates = page.desk.workshop.templates
        assert not page.offer.isVisible()
        await filled(page)
        on.window.tabs.close_page(page)
        assert on.window.tabs.page_of("new") is None and templates.left["name"] == "mine"
        on.window.open_new(LAPTOP.id)
        page = on.window.tabs.currentWidget()
        assert page.offer.isVisible() and "mine" in page.offer._words.words.text()
        page.offer.go_on.click()
        for _ in range(200):
            await asyncio.sleep(0.01)
            if page.page is Page.MACHINE:
                break
        assert page.findChild(QLineEdit, "name").text() == "mine" and not page.offer.isVisible()
        assert page.desk.draft.wish.media == Here("/home/anna/debian-12.iso")
        on.window.tabs.close_page(page)
        on.window.open_new(LAPTOP.id)
        page = on.window.tabs.currentWidget()
        page.offer.fresh.click()
        assert not page.offer.isVisible() and templates.left == {} and page.page is Page.WHERE
        on.window.tabs.close_page(page)
        assert templates.left == {}  # nothing was filled in
        await on.jobs.close()
        on.close()
        assert not on.bugs

    run_async(whole())


def test_what_cannot_be_kept_is_asked_about(run_async: Run, tmp_path: Path) -> None:
    async def whole() -> None:
        on = Standing(tmp_path)
        on.window.show()
        on.window.open_new(LAPTOP.id)
        page: Any = on.window.tabs.currentWidget()
        page.take_file("/home/anna/debian-12-genericcloud.qcow2")
        await asyncio.sleep(0.1)
        page.desk.wish(cloud=CloudWish("ann", password="sesame", user_data="#cloud-config\nsesame"))
        assert page.unsaved and not takeover.is_busy(on.window)
        asked: list[str] = []

        async def confirm(question: Any) -> bool:
            asked.append(str(question.title))
            return len(asked) > 1

        page._parts.context.ask.confirm = confirm
        on.window.tabs.close_page(page)
        await asyncio.sleep(0.05)
        assert asked and on.window.tabs.page_of("new") is page
        on.window.tabs.close_page(page)
        await asyncio.sleep(0.05)
        assert len(asked) == 2 and on.window.tabs.page_of("new") is None
        kept = (tmp_path / "templates.json") if (tmp_path / "templates.json").exists() else None
        for file in [kept] if kept else tmp_path.rglob("*.json"):
            assert file is not None and "sesame" not in file.read_text(encoding="utf-8")
        await on.jobs.close()
        on.close()

    run_async(whole())
