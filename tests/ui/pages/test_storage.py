"""The storage page: pools and volumes with who uses them, what can be done and why not, each work with its dialog."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QItemSelectionModel, QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QComboBox, QDialog, QFileDialog, QLabel, QLineEdit, QPushButton
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from tests.fakes.storage import DB, POOLS, FakeStorage, falling, files, many, said
from tests.ui.desk import Desk as PageDesk
from tests.ui.desk import dialog_of, until
from vmdesk.core.storage.room import Room
from vmdesk.core.store import Store
from vmdesk.model.chain import Files
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import Problem
from vmdesk.model.host import Capabilities, Host, HostConfig, Link
from vmdesk.ui import low_space
from vmdesk.ui.dialogs.pool import PoolDialog
from vmdesk.ui.models.pools import ALL, UNUSED
from vmdesk.ui.models.volumes import Column
from vmdesk.ui.pages.storage import StoragePage
from vmdesk.ui.parts import Notice
from vmdesk.ui.remembered import Remembered

Story = Callable[["Desk"], Coroutine[Any, Any, None]]


class Desk(PageDesk):
    """The page over a host with this storage."""

    def __init__(self, folder: Path, readonly: bool = False, **storage: Any) -> None:
        store = Store()
        able = Capabilities(driver="QEMU", readonly=readonly)
        store.put_host(Host(HostConfig("laptop", "laptop", "qemu:///system"), Link.UP, capabilities=able))
        super().__init__(folder, store)
        self.storage = FakeStorage(Room(folder / "room.json"), **storage)
        self.parts.storage = self.storage
        self.parts.remembered = Remembered(folder / "window.json")
        self.page = StoragePage(self.parts, "laptop")

    def ready(self) -> bool:
        return bool(self.storage.asked) and not self.page.reading.busy

    async def settled(self) -> tuple[Any, ...]:
        await until(lambda: self.storage.done and not self.parts.jobs.running, "something was done")
        return self.storage.done[-1]

    async def accept(self, dialog: QDialog) -> Any:
        self.storage.done.clear()
        return await super().accept(dialog)

    def choose(self, *names: str) -> None:
        table, model = self.page.table, self.page.model
        table.clearSelection()
        flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
        for place, row in enumerate(model.rows):
            if row.name in names:
                table.selectionModel().select(model.index(place, 0), flags)
        assert {row.name for row in table.chosen()} == set(names)

    def names(self) -> list[str]:
        return [row.name for row in self.page.model.rows]


@pytest.fixture
def play(tmp_path: Path, qtbot: QtBot, run_async: Any) -> Any:
    def run(story: Story, **values: Any) -> None:
        async def whole() -> None:
            await Desk(tmp_path, **values).play(story, qtbot)

        run_async(whole())

    return run


def test_pools_and_their_volumes(play: Any, qtmodeltester: ModelTester) -> None:
    async def story(desk: Desk) -> None:
        page = desk.page
        listed = [page.pools_model.index(place) for place in range(page.pools_model.rowCount())]
        spoken = [one.data(Qt.ItemDataRole.AccessibleTextRole) for one in listed]
        assert spoken == [
            "All storage pools, 7 volumes",
            "default, 120 GB free of 500 GB",
            "fast, 12 GB free of 200 GB, almost full",
            "nas, Network file system (NFS), off",
            "Used by nobody, 1 volume, 28 GB",
        ]
        assert page.pool() == POOLS[0] and len(desk.names()) == 6 and desk.storage.looked == [True]
        assert page.table.isColumnHidden(Column.POOL)
        page.pools.choose(ALL)
        assert len(desk.names()) == 7 and not page.table.isColumnHidden(Column.POOL)
        page.pools.choose(UNUSED)
        assert desk.names() == ["old-experiment.qcow2"]
        page.pools.choose("nas")
        assert page.empty.kind == "pool-off" and page.stack.currentWidget() is page.empty
        page.findChild(QPushButton, "empty-action-0").click()
        assert await desk.settled() == ("start_pool", "nas")
        qtmodeltester.check(page.model)
        qtmodeltester.check(page.pools_model)

    play(story)


def test_filter_and_order(play: Any) -> None:
    async def story(desk: Desk) -> None:
        page = desk.page
        page.table.sortByColumn(Column.ALLOCATION, Qt.SortOrder.DescendingOrder)
        assert desk.names()[:2] == ["old-experiment.qcow2", "db-01-scratch.qcow2"]
        page.filter.setText("WEB qcow2")  # the base, too: web-01 uses it
        assert set(desk.names()) == {"web-01.qcow2", "web-01.before-update.qcow2", "debian-12.qcow2"}
        page.filter.setText("nothing is called so")
        assert page.empty.kind == "filtered"
        page.findChild(QPushButton, "empty-action-0").click()
        assert len(desk.names()) == 6 and page.stack.currentWidget() is page.table
        desk.choose("web-01.qcow2")
        page.table.sortByColumn(Column.NAME, Qt.SortOrder.DescendingOrder)
        assert [row.name for row in page.table.chosen()] == ["web-01.qcow2"]  # what is selected stays it
        assert page.table.copy_text().startswith("web-01.qcow2\tqcow2\t20 GB\t3.4 GB\tweb-01")

    play(story)


def test_what_is_remembered(play: Any, tmp_path: Path, qtbot: QtBot) -> None:
    async def story(desk: Desk) -> None:
        page = desk.page
        page.table.setColumnWidth(Column.NAME, 333)
        page.table.sortByColumn(Column.CAPACITY, Qt.SortOrder.DescendingOrder)
        page.pools.choose("fast")
        other = StoragePage(desk.parts, "laptop")
        qtbot.addWidget(other)
        other.show()
        await until(lambda: other.seen)
        assert other.table.columnWidth(Column.NAME) == 333 and other.pool() == POOLS[1]
        assert other.table.horizontalHeader().sortIndicatorSection() == Column.CAPACITY
        other.hide()

    play(story)


def test_each_refusal_has_its_reason(play: Any) -> None:
    async def story(desk: Desk) -> None:
        page = desk.page
        for name, action in page.actions_.items():
            assert action.isEnabled() or action.toolTip() not in ("", action.text()), name
        desk.choose("web-01.qcow2")
        assert not page.actions_["delete"].isEnabled()
        assert page.actions_["delete"].toolTip() == "web-01.qcow2 is used by web-01."
        assert page.why.text() == "Delete: web-01.qcow2 is used by web-01."
        assert "stands on it" in page.actions_["grow"].toolTip()
        desk.choose("old-experiment.qcow2", "db-01-scratch.qcow2")
        assert "one volume at a time" in page.actions_["copy"].toolTip()
        assert not page.actions_["delete"].isEnabled()  # the machine's disk is among them

    play(story)


def test_a_growing_disk_is_told_in_the_window(play: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Watch:
        def __init__(self, _sessions: Any, _store: Any, _pools: Any, tell: Any) -> None:
            self.tell = tell

        async def run(self) -> None:
            self.tell(DomainKey("laptop", "1"), "vda", Problem(said("almost full"), name="room"))

    async def story(desk: Desk) -> None:
        notices: list[Notice] = []
        await low_space.follow_growth(desk.parts, notices.append)
        (notice,) = notices
        assert str(notice.problem.what) == "almost full" and notice.subject == "growth:laptop/1/vda"
        notice.actions[0][1]()
        assert desk.shell.opened == [("storage", "laptop")]

    monkeypatch.setattr(low_space, "FIRST", 0.0)
    monkeypatch.setattr(low_space, "GrowthWatch", Watch)
    play(story)


def test_a_pool_that_somebody_else_changes_is_read_again(play: Any) -> None:
    async def story(desk: Desk) -> None:
        fast = replace(POOLS[1], name="faster")
        desk.storage.pools_ = (POOLS[0], fast, POOLS[2])
        desk.parts.store.stir_pools("elsewhere")
        assert not desk.page.reading.busy and desk.storage.looked == [True]
        desk.parts.store.stir_pools("laptop")
        shown = desk.page.pools_model
        await until(lambda: any(shown.index(at).data() == "faster" for at in range(shown.rowCount())))
        assert desk.storage.looked == [True, False]  # libvirt has looked already
        desk.page.hide()
        desk.parts.store.stir_pools("laptop")
        await asyncio.sleep(0)
        assert desk.storage.looked == [True, False]

    play(story)


def test_a_read_only_host_is_looked_at(play: Any) -> None:
    async def story(desk: Desk) -> None:
        assert len(desk.names()) == 6 and desk.storage.looked == [False]
        assert not any(action.isEnabled() for action in desk.page.actions_.values())
        assert "read-only" in desk.page.why.text() and not desk.page.table.takes_files

    play(story, readonly=True)


def test_nothing_there_yet(play: Any) -> None:
    async def story(desk: Desk) -> None:
        assert desk.page.blank.kind == "none" and desk.page.whole.currentWidget() is desk.page.blank
        desk.page.findChild(QPushButton, "empty-action-0").click()
        dialog = await dialog_of()
        dialog.findChild(QLineEdit, "pool-name").setText("machines")
        assert not dialog.action.isEnabled()  # where?
        dialog.findChild(QLineEdit, "pool-target").setText("/srv/machines")
        name, wish = await desk.accept(dialog)
        assert (name, wish.name, wish.kind) == ("make_pool", "machines", "dir") and "/srv/machines" in wish.xml()

    play(story, pools_=(), files=Files())


def test_what_would_be_destroyed_is_said_before(play: Any) -> None:
    async def story(desk: Desk) -> None:
        for agree in (False, True):
            desk.ask.agree = agree
            desk.page.actions_["new_pool"].trigger()
            dialog = await dialog_of(PoolDialog)
            box = dialog.findChild(QComboBox, "pool-kind")
            box.setCurrentIndex(box.findData("logical"))
            said = {"pool-name": "new", "pool-source": "vg7", "pool-device": "/dev/fast/db-01, /dev/sdz"}
            for name, words in said.items():
                dialog.findChild(QLineEdit, name).setText(words)
            make = dialog.findChild(QComboBox, "pool-make")
            make.setCurrentIndex(make.findData("overwrite"))
            asked = len(desk.ask.asked)
            desk.storage.done.clear()
            assert dialog.action.isEnabled()
            dialog.action.click()
            await until(lambda before=asked: len(desk.ask.asked) > before, "it was asked")
            if agree:
                name, wish = await desk.settled()
                assert name == "make_pool" and wish.destroys == ("/dev/fast/db-01", "/dev/sdz")
            assert bool(desk.storage.done) is agree
        confirm = desk.ask.asked[-1]
        assert len(desk.ask.asked) == 2 and "/dev/fast/db-01, /dev/sdz" in str(confirm.title)
        assert [str(line) for line in confirm.items] == ["db-01 uses /dev/fast/db-01"]

    play(story)


def test_a_host_without_storage_says_so(play: Any) -> None:
    async def story(desk: Desk) -> None:
        assert desk.page.blank.kind == "unreadable"
        assert desk.page.blank.accessibleDescription() == "ESX keeps its storage to itself."

    storage = FakeStorage(Room(Path("/nonexistent/room.json")))
    storage.fail(said("ESX keeps its storage to itself."))
    play(story, problem=storage.problem)


def test_new_volumes(play: Any) -> None:
    async def story(desk: Desk) -> None:
        page = desk.page
        page.actions_["new"].trigger()
        dialog = await dialog_of()
        dialog.findChild(QLineEdit, "name").setText("web-01.qcow2")
        assert not dialog.action.isEnabled()  # taken
        dialog.findChild(QLineEdit, "name").setText("web-02.qcow2")
        dialog.findChild(QLineEdit, "size").setText("12 apples")
        assert not dialog.action.isEnabled()
        dialog.findChild(QLineEdit, "size").setText("12")
        dialog._encrypted.setChecked(True)
        dialog._passphrase.setText("correct horse")
        assert not dialog.action.isEnabled()
        dialog._again.setText("correct horse")
        name, pool, wish = await desk.accept(dialog)
        assert (name, pool.name, wish.name) == ("make", "default", "web-02.qcow2")
        assert (wish.capacity, wish.format, wish.full, wish.passphrase) == (12 << 30, "qcow2", False, "correct horse")
        page.pools.choose("fast")
        page.actions_["new"].trigger()
        dialog = await dialog_of()
        assert not dialog.findChild(QLineEdit, "passphrase").isVisible(), "LVM keeps no files: nothing to encrypt"
        dialog.findChild(QLineEdit, "size").setText("100T")
        assert not dialog.action.isEnabled()  # LVM takes all of it at once
        dialog.findChild(QLineEdit, "size").setText("1G")
        wish = (await desk.accept(dialog))[2]
        assert (wish.format, wish.full, wish.passphrase) == ("", True, "")

    play(story)


def test_larger_copied_moved(play: Any) -> None:
    async def story(desk: Desk) -> None:
        page = desk.page
        desk.choose("old-experiment.qcow2")
        page.actions_["grow"].trigger()
        dialog = await dialog_of()
        assert not dialog.action.isEnabled()
        dialog.findChild(QLineEdit, "size").setText("1G")
        assert not dialog.action.isEnabled()
        dialog.findChild(QLineEdit, "size").setText("40G")
        name, row, capacity = await desk.accept(dialog)
        assert (name, row.name, capacity) == ("grow", "old-experiment.qcow2", 40 << 30)
        desk.choose("old-experiment.qcow2")
        page.actions_["copy"].trigger()
        dialog = await dialog_of()
        assert dialog.name() == "old-experiment-2.qcow2"
        dialog.findChild(QComboBox, "format").setCurrentText("raw")
        assert dialog.name() == "old-experiment.img"
        name, row, pool, new, kind = await desk.accept(dialog)
        assert (name, row.name, pool.name, new, kind) == (
            "copy", "old-experiment.qcow2", "default", "old-experiment.img", "raw",
        )  # fmt: skip
        page.pools.choose("fast")
        desk.choose("db-01")
        page.actions_["move"].trigger()
        dialog = await dialog_of()
        box = dialog.findChild(QComboBox, "pool")
        assert [box.itemText(place) for place in range(box.count())] == ["default, 120 GB free"]
        dialog._keep.setChecked(True)
        assert "works with it" in " ".join(label.text() for label in dialog.findChildren(QLabel))
        assert await desk.accept(dialog) == ("move", DB, "vda", "default", True)

    play(story)


def test_a_disk_of_a_machine_that_is_off_moves(play: Any) -> None:
    async def story(desk: Desk) -> None:
        page = desk.page
        page.pools.choose("fast")
        desk.choose("db-01")
        assert page.actions_["move"].isEnabled()
        page.actions_["move"].trigger()
        dialog = await dialog_of()
        assert "while db-01 is off" in " ".join(label.text() for label in dialog.findChildren(QLabel))
        assert await desk.accept(dialog) == ("move", DB, "vda", "default", False)

    there = files()
    owners = {**there.owners, DB: replace(there.owners[DB], active=False)}
    uses = tuple(use for use in there.uses if not (use.machine == DB and use.live))
    play(story, files=replace(there, owners=owners, uses=uses))


def test_deleting_says_what_and_how_much(play: Any) -> None:
    async def story(desk: Desk) -> None:
        page = desk.page
        desk.choose("old-experiment.qcow2")
        desk.ask.agree = False
        page.actions_["delete"].trigger()
        await until(lambda: desk.ask.asked)
        confirm = desk.ask.asked[-1]
        assert confirm.always and confirm.danger and "28 GB" in str(confirm.message)
        assert confirm.items == ("/var/lib/libvirt/images/old-experiment.qcow2 (28 GB)",)
        await asyncio.sleep(0.05)
        assert not desk.storage.done
        desk.ask.agree = True
        page.actions_["delete"].trigger()
        assert await desk.settled() == ("delete", "old-experiment.qcow2")
        assert "28 GB freed" in {str(job.outcome) for job in desk.parts.jobs.all}
        desk.choose("old-experiment.qcow2")
        page.actions_["wipe"].trigger()
        assert (await until(lambda: desk.storage.done[1:] and desk.storage.done[-1]))[0] == "wipe"
        page.actions_["forget"].trigger()
        await until(lambda: desk.storage.done[-1][0] == "forget_pool")
        lines = [str(one) for one in desk.ask.asked[-1].items]
        assert "6 volumes (53 GB) stay where they are." in lines and "Used by web-01" in lines

    play(story)


def test_a_file_that_is_dropped_is_uploaded(play: Any, tmp_path: Path) -> None:
    file = tmp_path / "old-experiment.qcow2"
    file.write_bytes(b"data")

    async def story(desk: Desk) -> None:
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(file)), QUrl("http://elsewhere/x"), QUrl.fromLocalFile(str(tmp_path))])
        drop = QDropEvent(
            QPointF(9, 9),
            Qt.DropAction.CopyAction,
            data,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
        desk.page.table.dropEvent(drop)
        name, pool, volume, source = await desk.settled()
        assert (name, pool.name, volume, source) == ("upload", "default", "old-experiment-2.qcow2", file)
        (told,) = desk.shell.notices[:1]
        assert "no plain file" in str(told.problem), "the folder"
        desk.storage.done.clear()
        desk.page.pools.choose(ALL)
        desk.page.table.dropEvent(drop)  # into which?
        await asyncio.sleep(0.05)
        assert not desk.storage.done

    play(story)


def test_files_are_chosen(play: Any, tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        page = desk.page
        page.actions_["upload"].trigger()
        chooser = await until(lambda: page.findChild(QFileDialog, "upload-dialog"))
        chooser.fileSelected.emit(str(tmp_path / "image.raw"))
        chooser.reject()
        assert (await desk.settled())[0] == "upload"
        desk.choose("old-experiment.qcow2")
        page.actions_["download"].trigger()
        chooser = await until(lambda: page.findChild(QFileDialog, "download-dialog"))
        chooser.fileSelected.emit(str(tmp_path / "saved.qcow2"))
        chooser.reject()
        done = await until(lambda: desk.storage.done[-1][0] == "download" and desk.storage.done[-1])
        assert done[2] == tmp_path / "saved.qcow2"

    play(story)


def test_switches_of_a_pool(play: Any) -> None:
    async def story(desk: Desk) -> None:
        for name, wanted in (
            ("refresh", ("refresh_pool", "default")),
            ("autostart", ("set_autostart", "default", False)),
            ("stop", ("stop_pool", "default")),
        ):
            desk.storage.done.clear()
            desk.page.actions_[name].trigger()
            assert await desk.settled() == wanted
        assert [str(one) for one in desk.ask.asked[-1].items] == ["db-01", "web-01"]

    play(story)


def test_ten_thousand_volumes(play: Any) -> None:
    async def story(desk: Desk) -> None:
        page = desk.page
        assert page.model.rowCount() == 10_000
        page.table.selectAll()
        assert len(page.table.chosen()) == 10_000 and not page.actions_["delete"].isEnabled()
        asked = []
        page.table.scrollToBottom()
        real = page.model.words
        page.model.words = lambda row, column: (asked.append(row), real(row, column))[1]
        page.table.viewport().repaint()
        assert asked and len(set(asked)) < 60  # only what is seen is asked for
        page.filter.setText("lab-0999")
        assert desk.names() == ["base.qcow2", *(f"lab-{number:05}.qcow2" for number in range(9990, 9999))]

    play(story, files=many(10_000))


def test_a_new_reading_keeps_what_is_chosen(play: Any) -> None:
    async def story(desk: Desk) -> None:
        desk.choose("old-experiment.qcow2", "web-01.qcow2")
        plain = files()
        desk.storage.files = replace(plain, images={k: v for k, v in plain.images.items() if "iso" not in k})
        desk.page.look_again()
        await until(lambda: len(desk.page.model.rows) == 5)
        assert {row.name for row in desk.page.table.chosen()} == {"old-experiment.qcow2", "web-01.qcow2"}

    play(story)


def test_what_was_read_last_stays_while_the_host_is_away(play: Any) -> None:
    async def story(desk: Desk) -> None:
        store = desk.parts.store
        store.put_host(replace(store.hosts["laptop"], link=Link.LOST))
        await until(lambda: "not connected" in desk.page.why.text())
        assert len(desk.names()) == 6 and not any(one.isEnabled() for one in desk.page.actions_.values())
        store.put_host(replace(store.hosts["laptop"], link=Link.UP))
        await until(lambda: desk.page.actions_["new"].isEnabled())
        desk.storage.fail(said("The host does not answer."))
        desk.page.look_again()
        await until(lambda: desk.page.why.text() == "The host does not answer.")
        assert len(desk.names()) == 6

    play(story)


def test_a_pool_that_runs_full_is_told_once(play: Any) -> None:
    async def story(desk: Desk) -> None:
        notices: list[Notice] = []
        told: set[tuple[str, str]] = set()
        await low_space.look(desk.parts, "laptop", told, notices.append)
        await low_space.look(desk.parts, "laptop", told, notices.append)
        assert [str(one.problem.why) for one in notices] == ["fast has 12 GB left, 6 % of it."]
        falling(desk.storage.room, POOLS[0], time.time(), 2)
        await low_space.look(desk.parts, "laptop", told, notices.append)
        assert "in about 2 days" in str(notices[-1].problem.why) and len(notices) == 2
        desk.page.look_again()
        await until(lambda: "in about 2 days" in desk.page.low.text())
        notices[-1].actions[0][1]()
        assert desk.shell.opened == [("storage", "laptop")]
        desk.storage.pools_ = (POOLS[0], replace(POOLS[1], available=100_000_000_000))
        await low_space.look(desk.parts, "laptop", told, notices.append)
        desk.storage.pools_ = POOLS
        await low_space.look(desk.parts, "laptop", told, notices.append)
        assert len(notices) == 3  # again full: told again

    play(story)
