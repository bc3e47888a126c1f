"""The form for a new storage pool: kinds that the host lacks, sources that libvirt finds, XML as a second way."""

from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLineEdit, QMenu
from pytestqt.qtbot import QtBot

from tests.ui.desk import until
from vmdesk.core.jobs import Jobs
from vmdesk.core.storage.kinds import Field, Make, PoolWish
from vmdesk.core.storage.work import Able
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.pool_kinds import KINDS
from vmdesk.model.storage import PoolAbility, PoolSource
from vmdesk.model.text import text
from vmdesk.ui.dialogs.pool import PoolDialog

ABLE = Able(tuple(PoolAbility(kind.id, kind.id != "rbd") for kind in KINDS if kind.id != "zfs"), encrypts=True)
Story = Callable[["Bench"], Coroutine[Any, Any, None]]


class Bench:
    """The dialog over a host that finds `sources`."""

    def __init__(self, qtbot: QtBot, able: Able) -> None:
        self.jobs = Jobs(lambda error: pytest.fail(repr(error)))
        self.sources: tuple[PoolSource, ...] = ()
        self.problem: VirtError | None = None
        self.looked: list[PoolWish] = []
        self.dialog = PoolDialog(None, able, ["taken"], self.find, self.jobs)
        qtbot.addWidget(self.dialog)
        self.dialog.show()

    async def find(self, wish: PoolWish) -> tuple[PoolSource, ...]:
        self.looked.append(wish)
        if self.problem:
            raise self.problem
        return self.sources

    def choose(self, name: str, value: object) -> None:
        box = self.dialog.form.controls[name]
        assert isinstance(box, QComboBox)
        box.setCurrentIndex(box.findData(value))

    def say(self, **words: str) -> None:
        for name, said in words.items():
            line = self.dialog.form.controls[name]
            assert isinstance(line, QLineEdit)
            line.setText(said)

    def menu(self) -> QMenu | None:
        return next((one for one in self.dialog.findChildren(QMenu, "pool-sources") if one.isVisible()), None)


@pytest.fixture
def play(qtbot: QtBot, run_async: Any) -> Callable[..., None]:
    def run(story: Story, able: Able = ABLE) -> None:
        async def whole() -> None:
            bench = Bench(qtbot, able)
            await story(bench)
            if bench.dialog.editor.isVisible():  # the check of what is in it has come back
                await until(lambda: "…" not in bench.dialog.editor._state.text())
            bench.dialog.close()
            await bench.jobs.close()

        run_async(whole())

    return run


def test_what_the_host_lacks_is_off_and_says_why(play: Any) -> None:
    async def story(bench: Bench) -> None:
        box = bench.dialog.form.controls["kind"]
        assert isinstance(box, QComboBox) and box.count() == len(KINDS)
        on = {box.itemData(at): bool(box.model().index(at, 0).flags() & Qt.ItemFlag.ItemIsEnabled) for at in range(14)}
        assert [kind for kind, able in on.items() if not able] == ["rbd", "zfs"]
        tip = box.itemData(box.findData("rbd"), Qt.ItemDataRole.ToolTipRole)
        assert "libvirt-daemon-driver-storage-rbd" in tip
        assert not bench.dialog.action.isEnabled() and bench.dialog.action.toolTip()

    play(story)


def test_each_kind_asks_for_its_own(play: Any) -> None:
    async def story(bench: Bench) -> None:
        dialog = bench.dialog
        bench.say(name="machines")
        for kind in KINDS:
            if kind.id in ("rbd", "zfs"):
                continue
            bench.choose("kind", kind.id)
            shown = set(dialog.form.controls) - {"name", "kind", "make", "password"}
            assert shown == {field.value for field in kind.fields}
            assert ("make" in dialog.form.controls) == bool(kind.makes)
            assert dialog.look.isVisible() == bool(kind.finds)
            assert dialog.wish().name == "machines" and dialog.wish().kind == kind.id  # what was said stays
            named = [one.accessibleName() for one in dialog.form.controls.values()]
            assert all(named) and len(set(named)) == len(named)

    play(story)


def test_a_target_with_a_login(play: Any) -> None:
    async def story(bench: Bench) -> None:
        bench.choose("kind", "iscsi")
        bench.say(name="taken", host="san.lan", device="iqn.2026-01.lan.san:x", user="lab", password="correct horse")
        assert not bench.dialog.action.isEnabled() and "of this name already" in bench.dialog.action.toolTip()
        bench.say(name="machines")
        assert bench.dialog.action.isEnabled()
        wish = bench.dialog.wish()
        assert wish.keeps_secret and wish.password == "correct horse" and wish.start and wish.autostart
        line = bench.dialog.form.controls["password"]
        assert isinstance(line, QLineEdit) and line.echoMode() is QLineEdit.EchoMode.Password
        bench.dialog.tabs.setCurrentIndex(1)
        assert wish.secret in bench.dialog.editor.text() and "correct" not in bench.dialog.editor.text()

    play(story)


def test_a_host_without_secrets_says_so(play: Any) -> None:
    async def story(bench: Bench) -> None:
        bench.choose("kind", "iscsi")
        for name in ("user", "password"):
            assert not bench.dialog.form.controls[name].isEnabled()
            assert "keeps no passwords" in bench.dialog.form.controls[name].toolTip()

    play(story, able=Able(ABLE.pools, encrypts=False))


def test_an_export_is_found(play: Any) -> None:
    async def story(bench: Bench) -> None:
        dialog = bench.dialog
        bench.choose("kind", "netfs")
        assert not dialog.look.isEnabled() and "server" in dialog.look.toolTip()
        bench.say(name="nas", host="nas.lan", target="/mnt/nas")
        bench.sources = (
            PoolSource(("10.0.0.1",), "/export/a", format="nfs"),
            PoolSource(("10.0.0.1",), "/export/b", format="nfs"),
        )
        dialog.look.click()
        menu = await until(bench.menu, "what was found is offered")
        assert [action.text() for action in menu.actions()] == ["/export/a (nfs)", "/export/b (nfs)"]
        menu.actions()[1].trigger()
        menu.close()
        said = dict(dialog.wish().said)
        assert (said[Field.HOST], said[Field.FOLDER]) == ("nas.lan", "/export/b")  # the server as it was called
        assert dialog.action.isEnabled()
        bench.sources = ()
        dialog.look.click()
        await until(lambda: dialog.found.text() == "Nothing was found.")
        bench.problem = VirtError(Problem(text("Looking did not work."), text("The server does not answer.")))
        await until(dialog.look.isEnabled)
        dialog.look.click()
        await until(lambda: dialog.found.text() == "The server does not answer.")
        assert len(bench.looked) == 3 and dialog.look.isEnabled()

    play(story)


def test_what_is_on_a_device(play: Any) -> None:
    async def story(bench: Bench) -> None:
        bench.choose("kind", "disk")
        bench.say(name="d", device="/dev/sdc")
        assert bench.dialog.wish().make is Make.KEEP and bench.dialog.wish().destroys == ()
        bench.choose("make", "overwrite")
        assert bench.dialog.wish().destroys == ("/dev/sdc",)

    play(story)


def test_the_definition_by_hand(play: Any) -> None:
    async def story(bench: Bench) -> None:
        dialog = bench.dialog
        bench.say(name="machines", target="/srv/a")
        dialog.tabs.setCurrentIndex(1)
        assert "<path>/srv/a</path>" in dialog.editor.text()
        assert dialog.wish().written == "" and dialog.action.isEnabled()  # nothing was changed
        dialog.editor.replace_text(dialog.editor.text().replace("machines", "taken"))
        await until(lambda: not dialog.action.isEnabled())
        dialog.editor.replace_text(dialog.editor.text().replace("taken", "by-hand"))
        await until(dialog.action.isEnabled)
        wish = dialog.wish()
        assert (wish.name, wish.kind) == ("by-hand", "dir") and "by-hand" in wish.xml()
        dialog.editor.replace_text("<pool")
        await until(lambda: not dialog.action.isEnabled())
        dialog.tabs.setCurrentIndex(0)  # the form counts again
        assert dialog.action.isEnabled() and dialog.wish().name == "machines"

    play(story)
