"""The picture of a machine's disk files: what is chosen, what it would break, what is done."""

from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.fakes.layers import POOL, FakeLayers, needed_by_clone, tree, view_of
from tests.ui.desk import Desk as PageDesk
from tests.ui.desk import full_machine, until
from tests.ui.machines import store_of
from vmdesk.core.snapshots.desk import View
from vmdesk.model.chain import Files, Image
from vmdesk.model.domain import DomainKey, State
from vmdesk.model.host import Link
from vmdesk.ui.models.chain import Column
from vmdesk.ui.pages.machine_chain import MachineChain

NOW = 1_700_000_000.0
TOP, BASE = f"{POOL}/web-01.qcow2", f"{POOL}/debian-12.qcow2"


class Layers(FakeLayers):
    async def commit(self, key: DomainKey, target: str, path: str, below: str, report: Any) -> None:
        self._do("commit", target, path, below)

    async def pull(self, key: DomainKey, target: str, base: str, report: Any) -> None:
        self._do("pull", target, base)

    async def delete_file(self, key: DomainKey, path: str) -> None:
        self._do("delete-file", path)


class Desk(PageDesk):
    """The page over a machine with these files."""

    size = (1000, 500)

    def __init__(self, folder: Path, view: View) -> None:
        super().__init__(folder, store_of(0))
        self.parts.store.update([view.domain])
        self.layers = Layers(view)
        self.parts.layers = self.layers
        self.page = MachineChain(self.parts, view.domain.key)

    def ready(self) -> bool:
        return self.page._view is not None

    def choose(self, path: str) -> None:
        self.page.table.selectRow(self.page.model.place_of(path))

    async def press(self, action: Any) -> None:
        before = len(self.ask.asked)
        action.trigger()
        await until(lambda: len(self.ask.asked) > before and not self.parts.jobs.running)


Story = Callable[[Desk], Coroutine[Any, Any, None]]


@pytest.fixture
def play(tmp_path: Path, qtbot: QtBot, run_async: Any) -> Any:
    def run(story: Story, view: View) -> None:
        async def whole() -> None:
            await Desk(tmp_path, view).play(story, qtbot)

        run_async(whole())

    return run


def test_the_whole_picture(play: Any) -> None:
    async def story(desk: Desk) -> None:
        model = desk.page.model

        def words(row: int) -> list[Any]:
            return [model.index(row, column).data() for column in Column]

        assert words(0) == [
            "web-01.before-certificate.qcow2",
            "disk vda, written now",
            "1.8 GB",
            "web-01: snapshot before-certificate, web-01: vda",
        ]
        assert words(model.place_of(BASE))[:3] == ["debian-12.qcow2", "base image", "3.0 GB"]
        assert words(model.place_of(f"{POOL}/db-01.qcow2"))[1:] == ["disk of another machine", "1.0 GB", "db-01: vda"]
        described = model.index(0, 0).data(Qt.ItemDataRole.AccessibleDescriptionRole)
        assert described == f"stands on {POOL}/web-01.patched.qcow2"
        desk.choose(BASE)
        assert desk.page.path.text() == BASE
        assert "frees 3.0 GB and breaks: " in desk.page.told.text() and "the machine db-01" in desk.page.told.text()
        assert not desk.page.delete.isEnabled() and "db-01" in desk.page.delete.toolTip()
        assert desk.page._summary.text().startswith("7 files, ")
        desk.page.grab()

    play(story, view_of(full_machine(), tree(NOW)))


def test_merging_asks_and_does(play: Any) -> None:
    async def story(desk: Desk) -> None:
        desk.choose(TOP)
        assert not desk.page.commit.isEnabled() and "db-01" in desk.page.commit.toolTip()
        assert "db-01" in desk.page.why.text()
        await desk.press(desk.page.pull)
        assert desk.ask.asked[0].items == (BASE,) and desk.layers.done == [("pull", "vda", "")]
        desk.layers.view = replace(desk.layers.view, files=alone(desk.layers.view.files))
        desk.page.reading.ask()
        await until(lambda: desk.page.model.rowCount() == 2)
        desk.choose(TOP)
        desk.ask.agree = False
        await desk.press(desk.page.commit)
        assert len(desk.layers.done) == 1
        desk.ask.agree = True
        await desk.press(desk.page.commit)
        assert desk.layers.done[1] == ("commit", "vda", TOP, BASE)
        assert BASE in str(desk.ask.asked[-1].items[1])

    play(story, view_of(full_machine()))


def alone(files: Files) -> Files:
    """The neighbour is gone."""
    images = {path: image for path, image in files.images.items() if "db-01" not in path}
    return replace(files, images=images, uses=tuple(use for use in files.uses if use.machine != "other"))


def test_a_file_that_nobody_needs_can_go(play: Any) -> None:
    left = f"{POOL}/web-01.old.qcow2"
    view = view_of(full_machine(state=State.SHUTOFF))
    files = replace(
        view.files,
        images={**view.files.images, left: Image(left, "qcow2", 9, 5_000_000, BASE, "qcow2", True, "default", "old")},
    )

    async def story(desk: Desk) -> None:
        desk.choose(left)
        assert desk.page.told.text() == "Deleting this frees 5.0 MB and breaks nothing."
        await desk.press(desk.page.delete)
        assert desk.layers.done == [("delete-file", left)]
        desk.choose(TOP)
        assert not desk.page.commit.isEnabled() and "not running" in desk.page.commit.toolTip()

    play(story, replace(view, files=files))


def test_who_hangs_on_it_is_named(play: Any) -> None:
    async def story(desk: Desk) -> None:
        assert "stood on by shop-02" in desk.page._summary.text()

    view = view_of(full_machine())
    play(story, replace(view, files=needed_by_clone(view.files, view.domain)))


def test_a_machine_without_files_and_a_host_that_is_away(play: Any) -> None:
    async def story(desk: Desk) -> None:
        await until(lambda: desk.page.empty.kind == "none")
        host = desk.parts.store.hosts["laptop"]
        desk.parts.store.put_host(replace(host, link=Link.LOST))
        await until(lambda: desk.page.empty.kind == "unreadable")
        assert "not connected" in desk.page.empty.accessibleDescription()

    view = view_of(full_machine())
    play(story, replace(view, files=Files(owners=view.files.owners)))


def test_what_is_chosen_stays_chosen(play: Any) -> None:
    async def story(desk: Desk) -> None:
        desk.choose(BASE)
        desk.layers.view = replace(
            desk.layers.view, files=needed_by_clone(desk.layers.view.files, desk.layers.view.domain)
        )
        desk.page.reading.ask()
        await until(lambda: desk.page.model.rowCount() == 4)
        assert desk.page._chosen().path == BASE

    play(story, view_of(full_machine()))
