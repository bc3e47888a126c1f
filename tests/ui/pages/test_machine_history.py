"""The tab "History", over libvirt's test driver."""

import re
from collections.abc import Callable

import pytest
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from tests.ui.desk import until
from tests.ui.pages.xml_bench import PASSWORD, Bench, Talk
from vmdesk.core import definitions
from vmdesk.model.domain import Domain
from vmdesk.ui.dialogs.way_back import WayBackDialog
from vmdesk.ui.pages import machine_history
from vmdesk.ui.pages.machine_history import MachineHistory
from vmdesk.ui.widgets.xml_diff import WordsList

CARD = "<interface type='network'><mac address='52:54:00:11:22:33'/><source network='gone'/></interface>"


@pytest.fixture
def talk(talk: Callable[..., None]) -> Callable[..., None]:
    """The same with the watcher, who keeps what is seen."""

    def run(work: Talk) -> None:
        async def watched(made: Bench) -> None:
            parts = made.parts
            parts.watcher = definitions.watch(
                parts.store, parts.sessions, parts.jobs, parts.activity, parts.paths.definitions_file, print
            )
            try:
                await work(made)
            finally:
                made.clear()
                parts.watcher.close()
                await parts.watcher.definitions.close()

        talk(watched)

    return run


async def page_of(made: Bench, domain: Domain, qtbot: QtBot) -> MachineHistory:
    page = MachineHistory(made.parts, domain.key)
    made.show(page, qtbot)
    await until(lambda: page.moments, "something is kept")
    return page


async def kept(made: Bench, page: MachineHistory, count: int) -> None:
    made.parts.watcher.look_at((page._machine,))
    await until(lambda: page.moments and len(page.moments) >= count, f"{count} are kept")


def rows(page: MachineHistory) -> list[str]:
    return [page.list.item(row).text() for row in range(page.list.count())]


async def dialog_of(page: MachineHistory) -> WayBackDialog:
    page.back.click()
    await until(lambda: isinstance(QApplication.activeModalWidget(), WayBackDialog), "the plan is shown")
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, WayBackDialog)
    return dialog


def listed(dialog: WayBackDialog, name: str) -> list[str]:
    found = dialog.findChild(WordsList, name)
    return [found.item(row).text() for row in range(found.count())] if found is not None else []


def test_every_definition_in_plain_words_newest_first(
    talk: Callable[..., None], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine_history, "LOOK", 30)

    async def work(made: Bench) -> None:
        page = await page_of(made, made.star, qtbot)
        assert len(rows(page)) == 1 and rows(page)[0].endswith("First seen")
        assert not page.back.isEnabled() and page.back.toolTip() == "This is the one of now."
        await made.change(made.star, "<on_crash>restart", "<on_crash>destroy")
        await until(lambda: len(rows(page)) == 2, "it is seen by itself")
        assert rows(page)[0].endswith("When the guest crashes: restart → destroy")
        page.list.setCurrentRow(0)
        assert "+  <on_crash>destroy</on_crash>" in page.lines.toPlainText()
        page.list.setCurrentRow(1)
        assert page.back.isEnabled() and "nothing before it" in page.words.item(0).text()
        page.sides["now"].click()
        assert "When the guest crashes: restart → destroy" in page.words.item(0).text()
        assert PASSWORD not in page.lines.toPlainText()

    talk(work)


def test_the_way_back_is_shown_first_and_taken_with_the_password(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        before = await made.whole(made.star)
        page = await page_of(made, made.star, qtbot)
        await made.change(made.star, "<on_crash>restart", "<on_crash>destroy")
        await kept(made, page, 2)
        page.list.setCurrentRow(1)
        dialog = await dialog_of(page)
        assert listed(dialog, "back-words") == ["• When the guest crashes: destroy → restart"]
        dialog.reject()
        await until(lambda: not page._working, "it was given up")
        assert "<on_crash>destroy" in await made.whole(made.star)
        dialog = await dialog_of(page)
        dialog.accept()
        await until(lambda: not page._working, "it is done")
        assert await made.whole(made.star) == before and PASSWORD in before
        await kept(made, page, 3)
        assert rows(page)[0].endswith("When the guest crashes: destroy → restart")
        assert made.parts.trace.entries[-1].call == "virDomainDefineXMLFlags"

    talk(work)


def test_what_is_gone_is_listed_and_a_forgotten_password_is_asked_for(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        page = await page_of(made, made.star, qtbot)
        await made.change(made.star, "</devices>", f"{CARD}</devices>")
        await kept(made, page, 2)
        xml = await made.whole(made.star)
        bare = re.sub(
            r"<interface type='network'>\s*<mac address='52:54:00:11:22:33'.*?</interface>", "", xml, flags=re.S
        )
        bare = re.sub(r"<graphics type='vnc'.*?</graphics>", "", bare, flags=re.S)
        await made.call(made.star, lambda one: one.connect().defineXML(bare))
        await kept(made, page, 3)
        page.list.setCurrentRow(1)
        dialog = await dialog_of(page)
        assert listed(dialog, "back-networks") == ["• gone"]
        line = dialog.findChild(QLineEdit, "secret-0")
        assert line is not None and line.echoMode() is QLineEdit.EchoMode.Password
        assert line.accessibleName() == "The password of the VNC screen"
        line.setText("another")
        dialog.accept()
        await until(lambda: not page._working, "it is done")
        assert "passwd='another'" in await made.whole(made.star)

    talk(work)


def test_back_twice_and_forward_again(talk: Callable[..., None], qtbot: QtBot) -> None:
    """Each way is one more place of the time line: nothing of it is lost, the password of today stays."""

    async def take(made: Bench, page: MachineHistory, row: int) -> list[str]:
        count = len(rows(page))
        page.list.setCurrentRow(row)
        await until(page.back.isEnabled, "it can be gone back to")
        dialog = await dialog_of(page)
        words = listed(dialog, "back-words")
        dialog.accept()
        await until(lambda: not page._working, "it is done")
        await kept(made, page, count + 1)
        assert page.list.currentRow() == row + 1  # the same one is looked at, one place further down
        return words

    async def work(made: Bench) -> None:
        page = await page_of(made, made.star, qtbot)
        texts = [await made.whole(made.star)]
        for old, new in (
            ("<on_crash>restart", "<on_crash>destroy"),
            ("<title>Website, trial", "<title>second"),
            ("<on_reboot>restart", "<on_reboot>destroy"),
            ("<title>second", "<title>third"),
            (">2</vcpu>", ">3</vcpu>"),
        ):
            await made.change(made.star, old, new)
            texts.append(await made.whole(made.star))
            await kept(made, page, len(texts))
        assert [one.rpartition("\n")[2].strip() for one in rows(page)] == [
            "Virtual processors: 2 → 3",
            "Title: second → third",
            "When the guest restarts: restart → destroy",
            "Title: Website, trial → second",
            "When the guest crashes: restart → destroy",
            "First seen",
        ]
        assert len(await take(made, page, 3)) == 3  # to the second title
        assert await made.whole(made.star) == texts[2]
        assert await take(made, page, 6) == [
            "• Title: second → Website, trial",
            "• When the guest crashes: destroy → restart",
        ]
        assert await made.whole(made.star) == texts[0]
        assert len(await take(made, page, 2)) == 4  # forward, to the last of the five
        assert await made.whole(made.star) == texts[5] and PASSWORD in texts[5]
        assert len(rows(page)) == 9 and "now" in rows(page)[0]

    talk(work)


def test_somebody_was_faster(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        page = await page_of(made, made.star, qtbot)
        await made.change(made.star, "<on_crash>restart", "<on_crash>destroy")
        await kept(made, page, 2)
        page.list.setCurrentRow(1)
        dialog = await dialog_of(page)
        await made.change(made.star, "<on_crash>destroy", "<on_crash>preserve")
        dialog.accept()
        await until(lambda: any(job.problem for job in made.parts.jobs.all), "it is refused")
        assert "<on_crash>preserve" in await made.whole(made.star)

    talk(work)


def test_a_machine_without_stored_definition(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        xml = "<domain type='test'><name>brief</name><memory>1024</memory><os><type>hvm</type></os></domain>"
        await made.call(made.star, lambda one: one.connect().createXML(xml))
        await until(lambda: any(one.name == "brief" for one in made.parts.store.domains.values()), "it is there")
        page = MachineHistory(made.parts, made.named("brief").key)
        qtbot.addWidget(page)
        made.pages.append(page)
        page.show()
        await until(lambda: page.moments == (), "it was read")
        assert page.stack.currentWidget() is page.empty and page.empty.kind == "nothing"
        assert page.empty.accessibleName() == "No stored definition"

    talk(work)
