"""The page of snapshots: what is there, what can be done and why not, each work with its dialog."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QBuffer, QByteArray, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from tests.fakes.layers import QEMU, FakeLayers, line, tree, view_of
from tests.ui.desk import Desk as PageDesk
from tests.ui.desk import dialog_of, full_machine, until
from vmdesk.core.jobs import JobState
from vmdesk.core.store import Store
from vmdesk.model.domain import State
from vmdesk.model.host import Host, HostConfig, Link
from vmdesk.model.snapshot import Kind, Snapshot
from vmdesk.model.text import text
from vmdesk.ui.models.snapshots import Column
from vmdesk.ui.pages.machine import MachinePage
from vmdesk.ui.pages.machine_snapshots import MachineSnapshots

Story = Callable[["Desk"], Coroutine[Any, Any, None]]
NOW = 1_790_000_000.0


class Desk(PageDesk):
    """The page over a machine with these snapshots."""

    size = (900, 500)

    def __init__(self, folder: Path, snapshots: tuple[Snapshot, ...], **values: Any) -> None:
        self.domain = full_machine(**values)
        store = Store()
        store.put_host(Host(HostConfig("laptop", "laptop", "qemu:///system"), Link.UP, capabilities=QEMU))
        view = view_of(self.domain, snapshots)
        self.domain = view.domain
        store.update([self.domain])
        super().__init__(folder, store)
        self.layers = FakeLayers(view)
        self.parts.layers = self.layers
        self.page = MachineSnapshots(self.parts, self.domain.key)

    def ready(self) -> bool:
        return bool(self.layers.listings) and not self.page.reading.busy

    async def settled(self) -> None:
        await until(lambda: self.layers.done and not self.parts.jobs.running, "something was done")

    def choose(self, name: str) -> None:
        self.page.table.selectRow(self.page.model.place_of(name))


@pytest.fixture
def play(tmp_path: Path, qtbot: QtBot, run_async: Any) -> Any:
    def run(story: Story, snapshots: tuple[Snapshot, ...] = tree(NOW), **values: Any) -> None:
        async def whole() -> None:
            await Desk(tmp_path, snapshots, **values).play(story, qtbot)

        run_async(whole())

    return run


def test_the_tree_with_all_that_is_known(play: Any) -> None:
    async def story(desk: Desk) -> None:
        model = desk.page.model

        def words(row: int) -> list[str]:
            return [model.index(row, column).data() for column in Column]

        assert [words(row)[0] for row in range(model.rowCount())] == [
            "Now", "try-nginx", "before-certificate (current)", "try-php", "patched", "fresh",
        ]  # fmt: skip
        assert words(3)[2:] == ["External, with memory", "2.0 GB", "PHP 8.4: did not work out"]
        described = model.index(3, 0).data(Qt.ItemDataRole.AccessibleDescriptionRole)
        assert described == "after patched"
        assert desk.page.table.selected_rows() == [2]  # the current one
        assert desk.page.stack.currentWidget() is desk.page.table

    play(story, state=State.SHUTOFF, reason="shutdown")


def test_nothing_yet_teaches_and_offers(play: Any) -> None:
    async def story(desk: Desk) -> None:
        assert desk.page.empty.kind == "none" and "go back" in desk.page.empty.accessibleDescription()
        desk.page.findChild(QPushButton, "empty-action-0").click()
        dialog = await dialog_of()
        dialog.name.setText("first")
        dialog.note.setPlainText("all is well")
        await desk.accept(dialog)
        wish = desk.layers.done[0][1]
        assert (wish.name, wish.note, wish.kind, wish.memory) == ("first", "all is well", Kind.EXTERNAL, True)
        await until(lambda: desk.page.model.rowCount() == 2)  # read again when the job had ended

    play(story, ())


def test_what_cannot_be_is_off_with_its_reason(play: Any) -> None:
    async def story(desk: Desk) -> None:
        desk.choose("patched")
        assert not desk.page.revert.isEnabled() and "Shut it down first" in desk.page.revert.toolTip()
        assert "Shut it down first" in desk.page.why.text()
        assert desk.page.delete.isEnabled() and desk.page.take.isEnabled() and desk.page.note.isEnabled()
        desk.page.take.trigger()
        dialog = await dialog_of()
        assert not dialog.internal.isEnabled()
        assert "must not be mixed" in dialog.internal.accessibleDescription()
        assert dialog.memory.isChecked() and not dialog.quiesce.isEnabled()
        dialog.external.click()
        assert dialog.quiesce.isEnabled()
        dialog.quiesce.click()
        assert dialog.wish().quiesce and not dialog.wish().memory
        dialog.name.setText("patched")
        assert not dialog.action.isEnabled() and "already" in dialog._wrong.text()
        dialog.reject()

    play(story)


def test_now_can_be_neither_reverted_to_nor_deleted(play: Any) -> None:
    async def story(desk: Desk) -> None:
        desk.page.table.selectRow(0)
        assert [one.isEnabled() for one in (desk.page.revert, desk.page.delete, desk.page.note)] == [False] * 3

    play(story)


def test_reverting_offers_a_snapshot_of_now_and_says_what_stays(play: Any) -> None:
    async def story(desk: Desk) -> None:
        desk.choose("fresh")
        desk.page.table.setFocus()
        desk.page.table.opened.emit(desk.page.model.place_of("fresh"))
        dialog = await dialog_of()
        lines = dialog.findChild(object, "lines")
        assert "before-certificate.qcow2" in lines.item(0).text()
        assert dialog.save_now() and not dialog.action.isDefault() and dialog.cancel.isDefault()
        await desk.accept(dialog)
        assert desk.layers.done == [("revert", "fresh", True)]

    play(story, state=State.SHUTOFF, reason="shutdown")


def test_an_internal_one_says_what_is_lost(play: Any) -> None:
    async def story(desk: Desk) -> None:
        desk.choose("try-php")
        desk.page.revert.trigger()
        dialog = await dialog_of()
        words = " ".join(one.text() for one in dialog.findChildren(object) if hasattr(one, "wordWrap"))
        assert "is lost, unless" in words and "with its memory" in words
        dialog.save.setChecked(False)
        await desk.accept(dialog)
        assert desk.layers.done == [("revert", "try-php", False)]

    play(story, tree(NOW, Kind.INTERNAL), definition=replace(full_machine().definition, firmware=""))


def test_deleting_says_what_is_merged_what_stays_and_what_goes(play: Any) -> None:
    async def story(desk: Desk) -> None:
        def told() -> str:
            return "\n".join(dialog.lines.item(row).text() for row in range(dialog.lines.count()))

        desk.choose("patched")
        desk.page.delete.trigger()
        dialog = await dialog_of()
        assert "What stands on it stays: try-php, before-certificate" in told()
        dialog.with_children.click()
        assert "In this order, each looked at again just before: try-php, before-certificate, patched" in told()
        await desk.accept(dialog)
        assert desk.layers.done == [("delete-snapshot", "patched", True)]

    play(story, state=State.SHUTOFF, reason="shutdown")


def test_a_leaf_has_no_children_to_delete(play: Any) -> None:
    async def story(desk: Desk) -> None:
        desk.choose("try-nginx")
        desk.page.delete.trigger()
        dialog = await dialog_of()
        assert not dialog.with_children.isEnabled()
        await desk.accept(dialog)
        assert desk.layers.done == [("delete-snapshot", "try-nginx", False)]

    play(story, state=State.SHUTOFF, reason="shutdown")


def test_notes_keep_their_lines(play: Any) -> None:
    async def story(desk: Desk) -> None:
        desk.choose("fresh")
        desk.page.note.trigger()
        dialog = await dialog_of()
        dialog._edit.setPlainText("one\ntwo <b>")
        await desk.accept(dialog)
        assert desk.layers.done == [("note", "fresh", "one\ntwo <b>")]

    play(story)


def test_a_failed_work_is_told_by_its_job_and_read_again(play: Any) -> None:
    async def story(desk: Desk) -> None:
        desk.layers.failing = text("It did not work.")
        desk.choose("fresh")
        before = desk.layers.listings
        desk.page.note.trigger()
        dialog = await dialog_of()
        dialog._edit.setPlainText("new")
        await desk.accept(dialog)
        assert [job.state for job in desk.parts.jobs.all][-1] is JobState.FAILED
        await until(lambda: desk.layers.listings > before)

    play(story)


def test_while_work_is_done_on_it_nothing_else_begins(play: Any) -> None:
    async def story(desk: Desk) -> None:
        held = asyncio.Event()
        task = desk.parts.jobs.start(text("Cloning {name}", name="web-01"), held.wait(), (desk.domain.key,))
        assert not desk.page.take.isEnabled() and "Cloning web-01" in desk.page.take.toolTip()
        held.set()
        await task
        assert desk.page.take.isEnabled()

    play(story)


def test_what_is_chosen_stays_chosen_when_others_come(play: Any) -> None:
    async def story(desk: Desk) -> None:
        desk.choose("try-php")
        desk.layers.view = replace(desk.layers.view, snapshots=(*tree(NOW), Snapshot("late", "fresh", NOW + 9e6)))
        desk.parts.store.update([replace(desk.domain, autostart=False)])
        await until(lambda: desk.page.model.rowCount() == 7)
        assert desk.page._chosen().name == "try-php"

    play(story)


def test_a_host_that_goes_away_and_a_machine_that_is_gone(play: Any) -> None:
    async def story(desk: Desk) -> None:
        desk.parts.store.put_host(replace(desk.parts.store.hosts["laptop"], link=Link.LOST))
        await until(lambda: not desk.page.take.isEnabled())
        assert "not connected" in desk.page.why.text() and desk.page.model.rowCount() == 6

    play(story)


def test_five_hundred_are_rows_of_one_height(play: Any) -> None:
    async def story(desk: Desk) -> None:
        assert desk.page.model.rowCount() == 501
        assert desk.page.table.columnWidth(Column.NAME) < desk.page.width() / 2
        desk.page.grab()

    play(story, line(500), definition=replace(full_machine().definition, firmware=""))


def test_the_menu_has_the_same_actions(play: Any) -> None:
    async def story(desk: Desk) -> None:
        menu = desk.page.table.menu_for(2)
        assert [one.text() for one in menu.actions()][:4] == ["Take…", "Revert…", "Delete…", "Edit note…"]
        menu.deleteLater()

    play(story)


def test_it_is_a_tab_that_reads_nothing_before_it_is_seen(tmp_path: Path, qtbot: QtBot, run_async: Any) -> None:
    async def whole() -> None:
        desk = Desk(tmp_path, tree(NOW))
        page = MachinePage(desk.parts, desk.domain.key)
        qtbot.addWidget(page)
        page.show()
        await asyncio.sleep(0.05)
        assert not desk.layers.listings and page.snapshots.inner is None
        page.tabs.setCurrentWidget(page.snapshots)
        await until(lambda: desk.layers.listings)
        page.hide()
        assert not page.snapshots.inner._timer.isActive()
        await desk.parts.jobs.close()

    run_async(whole())


def test_the_chosen_one_at_the_side_with_its_screen(play: Any) -> None:
    async def story(desk: Desk) -> None:
        image = QImage(48, 30, QImage.Format.Format_RGB32)
        image.fill(0x336699)
        data = QByteArray()
        buffer = QBuffer(data)
        image.save(buffer, "PNG")
        desk.layers.pictures["try-php"] = data.data()
        detail = desk.page.detail
        desk.choose("try-php")
        assert detail.isVisible() and detail.thumbnail.has_picture
        assert detail.name.text() == "try-php" and "PHP 8.4" in detail.note.text()
        assert "with memory" in detail.facts.text() and "after patched" in detail.facts.text()
        desk.choose("fresh")
        assert not detail.thumbnail.has_picture and detail.thumbnail.accessibleDescription() == "No picture was taken"
        desk.page.table.selectRow(0)
        assert detail.name.text() == "Now" and not detail.thumbnail.isVisible()
        desk.page.resize(700, 500)
        assert not detail.isVisible()

    play(story)
