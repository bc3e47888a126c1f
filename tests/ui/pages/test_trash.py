"""The trash's page: what is there, what deleting it means, the way back."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from tests.ui.desk import parts_of
from tests.ui.machines import machine, store_of
from vmdesk.core.deleting.delete import Deleted
from vmdesk.core.deleting.emptying import EmptyPlan, empty_plan, trashed
from vmdesk.core.snapshots.desk import refused
from vmdesk.model.chain import Files, Image, Owner, Role, Use
from vmdesk.model.domain import Definition, Domain, DomainKey, Labels, State
from vmdesk.model.host import Link
from vmdesk.model.text import text
from vmdesk.ui.dialogs.trash import EmptyDialog
from vmdesk.ui.models.trash import Column
from vmdesk.ui.pages.trash import TrashPage

GB = 1_000_000_000


def in_trash(number: int, name: str, since: float, **more: Any) -> Domain:
    definition = Definition(trashed=since, **more)
    return machine(number, "laptop", name, state=State.SHUTOFF, definition=definition)


TEMPLATE, CLONE = in_trash(1, "gold", 1_700_000_000.0, template=True), in_trash(2, "copy", 1_700_100_000.0)
BASE, OVER, CD = "/pool/gold.qcow2", "/pool/copy.qcow2", "/pool/debian.iso"


def files_of(*others: str) -> Files:
    images = {
        BASE: Image(BASE, "qcow2", 20 * GB, 3 * GB, pool="p", volume="gold.qcow2"),
        OVER: Image(OVER, "qcow2", 20 * GB, GB, BASE, "qcow2", pool="p", volume="copy.qcow2"),
        CD: Image(CD, "raw", GB, GB, pool="p", volume="debian.iso"),
    }
    uses = [
        Use(BASE, Role.DISK, TEMPLATE.uuid, "vda", "qcow2", writable=True),
        Use(OVER, Role.DISK, CLONE.uuid, "vda", "qcow2", writable=True),
        Use(CD, Role.MEDIUM, CLONE.uuid, "sda", "raw"),
    ]
    owners = {
        TEMPLATE.uuid: Owner(TEMPLATE.uuid, "gold", template=True, trashed=1.0),
        CLONE.uuid: Owner(CLONE.uuid, "copy", trashed=2.0),
    }
    for name in others:
        path = f"/pool/{name}.qcow2"
        images[path] = Image(path, "qcow2", 20 * GB, GB, BASE, "qcow2", pool="p", volume=f"{name}.qcow2")
        uses.append(Use(path, Role.DISK, name, "vda", "qcow2", writable=True))
        owners[name] = Owner(name, name)
    return Files(images, tuple(uses), owners)


class Layers:
    """core.layers.Layers as far as the trash needs it."""

    def __init__(self) -> None:
        self.files = files_of()
        self.done: list[tuple[str, tuple[str, ...]]] = []
        self.fails = ""

    async def in_trash(self, host: str, uuids: Any = None) -> EmptyPlan:
        return empty_plan(self.files, [one for one in trashed(self.files) if uuids is None or one in uuids])

    async def discard(self, key: DomainKey, name: str, chosen: Any, report: Any) -> Deleted:
        if name == self.fails:
            raise refused(text("{name} was taken out of the trash meanwhile: nothing was deleted.", name=name))
        self.done.append((name, tuple(chosen)))
        return Deleted(name, tuple(chosen), ("/pool/left",) if name == "gold" else ())


class Desk:
    def __init__(self, folder: Path, *machines: Domain) -> None:
        self.parts = parts_of(folder, store_of(3))
        self.parts.store.update(machines)
        self.layers = Layers()
        self.parts.layers = self.layers
        self.shell: Any = self.parts.shell
        self.page: Any = None

    async def until(self, ready: Callable[[], Any]) -> None:
        async with asyncio.timeout(5):
            while not ready():
                await asyncio.sleep(0.005)

    async def dialog(self) -> Any:
        await self.until(lambda: [one for one in self.page.findChildren(QDialog) if one.isVisible()])
        return next(one for one in self.page.findChildren(QDialog) if one.isVisible())

    def cells(self, row: int) -> list[Any]:
        return [self.page.model.index(row, column).data() for column in Column]


Story = Callable[[Desk], Coroutine[Any, Any, None]]


@pytest.fixture
def play(tmp_path: Path, qtbot: QtBot, run_async: Any) -> Any:
    def run(story: Story, *machines: Domain) -> None:
        async def whole() -> None:
            desk = Desk(tmp_path, *machines)
            desk.page = TrashPage(desk.parts)
            qtbot.addWidget(desk.page)
            desk.page.resize(900, 500)
            desk.shell.parent = desk.page
            desk.page.show()
            await desk.until(lambda: all(row.plan for row in desk.page.model.rows))
            await story(desk)
            desk.page.hide()
            await desk.parts.jobs.close()

        run_async(whole())

    return run


def test_what_is_there_and_what_it_would_free(play: Any) -> None:
    async def story(desk: Desk) -> None:
        assert desk.page.model.rowCount() == 2 and desk.page.title == "Trash (2)"
        assert desk.cells(0)[0] == "copy" and desk.cells(0)[3:] == ["1.0 GB", "1 file goes, 2 stay"]
        # What the template frees is told as it is when its clone is gone.
        assert desk.cells(1)[0] == "gold" and desk.cells(1)[3:] == ["3.0 GB", "1 file goes"]
        assert "4.0 GB would be freed" in desk.page._summary.text()

    play(story, TEMPLATE, CLONE)


def test_an_empty_trash_teaches(play: Any) -> None:
    async def story(desk: Desk) -> None:
        assert desk.page.stack.currentWidget() is desk.page.empty and desk.page.empty.kind == "empty-trash"
        assert not any(one.isEnabled() for one in (desk.page.restore, desk.page.delete, desk.page.empty_all))
        assert "empty" in desk.page.empty_all.toolTip()

    play(story)


def test_restoring_is_the_command(play: Any) -> None:
    async def story(desk: Desk) -> None:
        desk.page.table.selectAll()
        desk.page.restore.trigger()
        assert desk.shell.ran == [("domain.untrash", (CLONE.key, TEMPLATE.key))]
        desk.parts.store.update([replace(CLONE, definition=Definition())])
        await desk.until(lambda: desk.page.model.rowCount() == 1)
        assert desk.page.title == "Trash (1)"

    play(story, TEMPLATE, CLONE)


def test_emptying_shows_its_plan_and_does_it_in_that_order(play: Any) -> None:
    async def story(desk: Desk) -> None:
        desk.page.empty_all.trigger()
        dialog = await desk.dialog()
        tree = dialog.tree
        assert [tree.topLevelItem(n).text(0) for n in range(2)] == ["copy", "gold"]
        under = [tree.topLevelItem(0).child(n) for n in range(tree.topLevelItem(0).childCount())]
        assert [(one.text(0), one.text(3)) for one in under] == [
            (OVER, "is deleted"),
            (BASE, "stays: a base image (also of the machine gold)"),
            (CD, "stays: a medium"),
        ]
        assert dialog.sum.text() == "2 machines go: 4.0 GB are freed." and dialog.cancel.isDefault()
        dialog.action.click()
        await desk.until(lambda: not desk.parts.jobs.running and desk.shell.notices)
        assert desk.layers.done == [("copy", (OVER,)), ("gold", (BASE,))]
        assert "/pool/left" in str(desk.shell.notices[0].problem)

    play(story, TEMPLATE, CLONE)


def test_nothing_is_done_without_a_yes_and_one_that_fails_holds_up_no_other(play: Any) -> None:
    async def story(desk: Desk) -> None:
        desk.page.empty_all.trigger()
        (await desk.dialog()).reject()
        await asyncio.sleep(0.02)
        assert desk.layers.done == []
        desk.layers.fails = "copy"
        desk.page.empty_all.trigger()
        (await desk.dialog()).action.click()
        await desk.until(lambda: not desk.parts.jobs.running and len(desk.shell.notices) == 2)
        assert [name for name, _files in desk.layers.done] == ["gold"]
        assert "taken out" in str(desk.shell.notices[0].problem)

    play(story, TEMPLATE, CLONE)


def test_several_stay_chosen(play: Any) -> None:
    async def story(desk: Desk) -> None:
        table = desk.page.table
        table.select_rows([0, 1])
        desk.parts.store.update([replace(TEMPLATE, labels=Labels(title="other"))])
        desk.page._show()
        assert table.selected_rows() == [0, 1]
        table.select_rows([1])
        assert table.selected_rows() == [1]

    play(story, TEMPLATE, CLONE)


def test_one_of_them_alone(play: Any) -> None:
    async def story(desk: Desk) -> None:
        desk.page.table.selectRow(1)
        desk.page.delete.trigger()
        dialog = await desk.dialog()
        assert "gold" in dialog.windowTitle()
        assert not dialog.action.isEnabled()  # its clone is not chosen, and stands on it
        assert "copy" in dialog.tree.topLevelItem(0).child(0).text(0)
        dialog.reject()

    play(story, TEMPLATE, CLONE)


def test_a_host_that_is_away_and_work_that_goes_on_switch_it_off(play: Any) -> None:
    async def story(desk: Desk) -> None:
        held = asyncio.Event()
        task = desk.parts.jobs.start(text("Cloning {name}", name="copy"), held.wait(), (CLONE.key,))
        await desk.until(lambda: not desk.page.restore.isEnabled())
        assert "Cloning copy" in desk.page.restore.toolTip()
        held.set()
        await task
        await desk.until(desk.page.restore.isEnabled)
        desk.parts.store.put_host(replace(desk.parts.store.hosts["laptop"], link=Link.LOST))
        await desk.until(lambda: not desk.page.restore.isEnabled())
        assert "not connected" in desk.page.restore.toolTip()

    play(story, TEMPLATE, CLONE)


def test_what_others_need_cannot_go(qtbot: QtBot) -> None:
    dialog = EmptyDialog(None, {"laptop": empty_plan(files_of("other"), [TEMPLATE.uuid, CLONE.uuid])})
    qtbot.addWidget(dialog)
    assert [dialog.tree.topLevelItem(n).text(0) for n in range(2)] == ["copy", "gold"]
    stays = dialog.tree.topLevelItem(1)
    assert stays is not None and stays.text(3) == "stays" and "other" in stays.child(0).text(0)
    assert dialog.action.isEnabled() and "1 machine goes" in dialog.sum.text()
