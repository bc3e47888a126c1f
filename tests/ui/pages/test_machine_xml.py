"""The tab "XML", over libvirt's test driver."""

import html
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from tests.ui.desk import until
from tests.ui.pages.xml_bench import PASSWORD, Bench
from vmdesk.model.domain import Domain
from vmdesk.ui.dialogs.apply_xml import ApplyDialog
from vmdesk.ui.pages import machine_xml
from vmdesk.ui.pages.machine_xml import MachineXml
from vmdesk.ui.widgets.xml_diff import DiffView
from vmdesk.virtxml.masks import MARK


async def page_of(made: Bench, domain: Domain, qtbot: QtBot) -> MachineXml:
    page = MachineXml(made.parts, domain.key)
    made.show(page, qtbot)
    await until(lambda: page._found is not None or page.empty.kind == "problem", "it was read")
    return page


async def edit(page: MachineXml) -> None:
    page.edit.click()
    await until(lambda: page.editing, "there is something to edit")


async def apply(page: MachineXml, agree: bool = True) -> tuple[list[str], str]:
    """Press it; what the dialog says."""
    page.apply.click()
    await until(lambda: isinstance(QApplication.activeModalWidget(), ApplyDialog), "it asks")
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, ApplyDialog)
    lines = dialog.findChild(DiffView).toPlainText()
    found = dialog.findChild(type(page.words), "apply-words")
    words = [found.item(row).text() for row in range(found.count())] if found else []
    (dialog.accept if agree else dialog.reject)()
    await until(lambda: not page._working, "it is done")
    return words, lines


def write(page: MachineXml, old: str, new: str) -> None:
    assert old in page.editor.text()
    page.editor.replace_text(page.editor.text().replace(old, new, 1))


# ---------------------------------------------------------------- reading


def test_of_a_running_machine_both_are_shown(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        page = await page_of(made, made.star, qtbot)
        assert made.star.active and page.viewer.read_only
        assert "id=" not in page.viewer.text().split("\n")[0] and page.views["stored"].isChecked()
        page.views["running"].click()
        assert " id='" in page.viewer.text().split("\n")[0]
        assert PASSWORD not in page.viewer.text()
        page.views["differences"].click()
        assert page.stack.currentWidget() is page._differences
        assert any("Display" in page.words.item(row).text() for row in range(page.words.count()))
        assert "+    <graphics type='vnc'" in page.lines.toPlainText() and PASSWORD not in page.lines.toPlainText()

    talk(work)


def test_of_a_machine_that_is_off(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        off = next(one for one in made.parts.store.domains.values() if not one.active)
        page = await page_of(made, off, qtbot)
        assert f"<name>{off.name}</name>" in page.viewer.text()
        for name in ("running", "differences"):
            assert not page.views[name].isEnabled()
            assert page.views[name].toolTip() == f"{off.name} is not running."
        assert page.edit.isEnabled()

    talk(work)


def test_what_changes_is_followed(talk: Callable[..., None], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_xml, "FOLLOW", 50)

    async def work(made: Bench) -> None:
        page = await page_of(made, made.star, qtbot)
        await made.change(made.star, "<on_crash>restart", "<on_crash>destroy")
        await until(lambda: "<on_crash>destroy" in page.viewer.text(), "it is seen")
        page.hide()
        assert not page._follow.isActive()

    talk(work)


def test_why_it_cannot_be_changed(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        page = await page_of(made, made.star, qtbot)
        assert not page.edit.isEnabled() and page.edit.toolTip() == "Practice host is connected read-only."
        assert "cannot be changed here: Practice host is connected read-only." in page._hint.text()
        assert "<name>" in page.viewer.text()

    talk(work, readonly=True)


def test_a_transient_machine(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        xml = "<domain type='test'><name>brief</name><memory>1024</memory><os><type>hvm</type></os></domain>"
        await made.call(made.star, lambda one: one.connect().createXML(xml))
        await until(lambda: any(one.name == "brief" for one in made.parts.store.domains.values()), "it is listed")
        page = await page_of(made, made.named("brief"), qtbot)
        assert page.views["running"].isChecked() and not page.views["stored"].isEnabled()
        assert not page.edit.isEnabled() and "gone once it is switched off" in page.edit.toolTip()

    talk(work)


def test_a_host_that_is_gone(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        star = made.star
        await made.parts.sessions.get("practice").close()
        made.parts.store.update([star])
        page = await page_of(made, star, qtbot)
        assert page.empty.kind == "problem" and "not connected" in page.empty.accessibleName()
        assert not page.edit.isEnabled()

    talk(work)


# ---------------------------------------------------------------- editing


def test_a_password_survives_and_is_never_shown(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        page = await page_of(made, made.star, qtbot)
        await edit(page)
        assert f"passwd='{MARK}'" in page.editor.text() and PASSWORD not in page.editor.text()
        assert MARK in page._hint.text() and not page.apply.isEnabled()
        write(page, "<vcpu placement='static'>2<", "<vcpu placement='static'>3<")
        assert page.apply.isEnabled() and page.unsaved
        words, lines = await apply(page)
        assert "• Virtual processors: 2 → 3" in words
        assert "+  <vcpu placement='static'>3</vcpu>" in lines and PASSWORD not in lines
        assert not page.editing and not page.unsaved and page.editor.text() == ""
        xml = await made.whole(made.star)
        assert f"passwd='{PASSWORD}'" in xml and ">3</vcpu>" in xml
        await until(lambda: ">3</vcpu>" in page.viewer.text(), "it is seen")
        (step,) = made.parts.trace.entries
        assert step.worked and step.call == "virDomainDefineXMLFlags" and PASSWORD not in repr(step)
        assert PASSWORD not in repr(page.__dict__)

    talk(work)


def test_the_keyboard_stays_on_the_page(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        page = await page_of(made, made.star, qtbot)
        for button in ("apply", "discard"):
            page.window().activateWindow()
            await edit(page)
            if button == "apply":
                write(page, ">2</vcpu>", ">3</vcpu>")
            getattr(page, button).setFocus()
            await until(getattr(page, button).hasFocus, "the keyboard")
            if button == "apply":
                await apply(page)
            else:
                page.discard.click()
            await until(lambda: not page.editing, "it is done")
            await until(lambda: page.window().focusWidget() is page.viewer.area, "the keyboard again")

    talk(work)


def test_a_password_can_be_replaced(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        page = await page_of(made, made.star, qtbot)
        await edit(page)
        write(page, f"passwd='{MARK}'", "passwd='other'")
        _words, lines = await apply(page)
        assert "other" not in lines and f"passwd='{MARK}2'" in lines
        assert "passwd='other'" in await made.whole(made.star)

    talk(work)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("<name>web-staging", "<name>..", "would take that for a folder"),
        ("<name>web-staging", "<name>other", "use Rename"),
        ("<uuid>8", "<uuid>9", "The UUID says which machine it is"),
        (f"'{MARK}'", "'•••'", "The dots stand for a password."),
        (">2</vcpu>", ">99999</vcpu>", "99999"),
        (">2</vcpu>", ">2</vcpux>", "ends nothing"),
        ("bus='virtio'", "bsu='virtio'", "no attribute “bsu”"),
    ],
)
def test_what_is_wrong_is_not_applied(talk: Callable[..., None], qtbot: QtBot, old: str, new: str, words: str) -> None:
    async def work(made: Bench) -> None:
        before = await made.whole(made.star)
        page = await page_of(made, made.star, qtbot)
        await edit(page)
        write(page, old, new)
        page.apply.click()
        await until(lambda: made.shell.notices, "it is told")
        await until(lambda: not page._working, "it is done")
        assert any(words in page.editor.problems.item(row).text() for row in range(page.editor.problems.count()))
        assert page.editing and page.unsaved and QApplication.activeModalWidget() is None
        assert await made.whole(made.star) == before
        assert not page.apply.isEnabled()
        first = page.editor.problems.item(0).text()
        assert html.unescape(page.apply.toolTip()).count(f"Mend this first. {first}") == 1
        write(page, new, old)
        write(page, "</devices>", "<!-- mended --></devices>")
        await until(page.apply.isEnabled, "it can be applied again")
        assert page.apply.toolTip() == ""

    talk(work)


def test_what_the_schema_does_not_know_may_be_tried_on_another_computer(
    talk: Callable[..., None], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine_xml, "is_local", lambda _uri: False)

    async def work(made: Bench) -> None:
        page = await page_of(made, made.star, qtbot)
        await edit(page)
        write(page, "bus='virtio'", "bsu='virtio'")
        await until(lambda: page.editor.mistakes, "it was checked")
        assert page.apply.isEnabled() and "does not know one thing" in page.apply.toolTip()
        write(page, "</vcpu>", "</vcpux>")
        await until(lambda: not page.apply.isEnabled(), "it is no XML any more")
        assert "has no end" in page.apply.toolTip()

    talk(work)


def test_what_libvirt_refuses_stays_in_the_editor(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        page = await page_of(made, made.star, qtbot)
        await edit(page)
        again = "<disk type='file'><source file='/x'/><target dev='vda' bus='virtio'/></disk>"
        write(page, "</disk>", f"</disk>{again}")
        await apply(page)
        assert page.editing and again in page.editor.text()
        (job,) = [job for job in made.parts.jobs.all if job.problem]
        assert job.problem and PASSWORD not in repr(job)
        assert "'/x'" not in await made.whole(made.star)

    talk(work)


def test_comments_alone_change_nothing_and_that_is_said(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        page = await page_of(made, made.star, qtbot)
        await edit(page)
        write(page, "<name>", "<!-- mine -->\n  <name>")
        await until(page.apply.isEnabled, "it can be tried")
        page.apply.click()
        await until(lambda: made.shell.notices and not page._working, "it is told")
        assert "libvirt keeps neither" in str(made.shell.notices[-1].problem.what)
        assert page.editing and page.unsaved and "<!-- mine -->" in page.editor.text()

    talk(work)


def test_given_up_in_the_dialog(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        before = await made.whole(made.star)
        page = await page_of(made, made.star, qtbot)
        await edit(page)
        write(page, ">2</vcpu>", ">3</vcpu>")
        await apply(page, agree=False)
        assert page.unsaved and page.apply.isEnabled() and await made.whole(made.star) == before

    talk(work)


def test_unsaved_changes_stay_and_are_asked_about(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        page = await page_of(made, made.star, qtbot)
        assert await page.may_lose() and not made.ask.asked
        await edit(page)
        write(page, ">2</vcpu>", ">3</vcpu>")
        page.hide()
        page.show()
        page.show_view("running")
        assert page.stack.currentWidget() is page.viewer
        page.show_view("stored")
        assert page.stack.currentWidget() is page.editor and ">3</vcpu>" in page.editor.text()
        made.ask.agree = False
        page.discard.click()
        await until(lambda: made.ask.asked, "it asks")
        assert page.unsaved
        made.ask.agree = True
        page.discard.click()
        await until(lambda: not page.editing, "it is given up")
        assert page.stack.currentWidget() is page.viewer and ">2</vcpu>" in page.viewer.text()

    talk(work)


# ---------------------------------------------------------------- somebody else


async def conflict(made: Bench, qtbot: QtBot, mine: tuple[str, str], theirs: tuple[str, str]) -> MachineXml:
    page = await page_of(made, made.star, qtbot)
    await edit(page)
    write(page, *mine)
    await made.change(made.star, *theirs)
    await apply(page)
    await until(lambda: page.three_way is not None, "it compares")
    return page


def press(page: MachineXml, name: str) -> None:
    assert page.three_way is not None
    button = page.three_way.findChild(QPushButton, name)
    assert button.isEnabled()
    button.click()


def test_mine_on_top_of_theirs(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        page = await conflict(made, qtbot, (">2</vcpu>", ">3</vcpu>"), ("<on_crash>restart", "<on_crash>destroy"))
        view = page.three_way
        assert view is not None and page.stack.currentWidget() is view
        assert "<on_crash>destroy" in view.areas["theirs"].text() and ">2<" in view.areas["theirs"].text()
        assert ">3</vcpu>" in view.areas["mine"].text()
        assert all(PASSWORD not in area.text() and MARK in area.text() for area in view.areas.values())
        assert [view.words["mine"].item(0).text()] == ["• Virtual processors: 2 → 3"]
        assert ">2</vcpu>" in await made.whole(made.star)
        press(page, "xml-merge")
        await until(lambda: isinstance(QApplication.activeModalWidget(), ApplyDialog), "it asks")
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, ApplyDialog)
        assert "on_crash" not in dialog.findChild(DiffView).toPlainText()
        dialog.accept()
        await until(lambda: not page.editing, "it is applied")
        xml = await made.whole(made.star)
        assert ">3</vcpu>" in xml and "<on_crash>destroy" in xml and PASSWORD in xml

    talk(work)


def test_the_same_place_takes_a_person(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        page = await conflict(made, qtbot, (">2</vcpu>", ">3</vcpu>"), (">2</vcpu>", ">4</vcpu>"))
        assert page.three_way is not None
        assert not page.three_way.merge.isEnabled() and "a person" in page.three_way._state.text()
        page.refresh()
        await until(lambda: page._found is not None and ">4</vcpu>" in page._found.stored, "it was read again")
        assert page.stack.currentWidget() is page.three_way, "what was read again does not end the comparison"
        page.show_view(machine_xml.RUNNING)
        assert page.stack.currentWidget() is page.viewer
        page.show_view(machine_xml.STORED)
        assert page.stack.currentWidget() is page.three_way
        press(page, "xml-later")
        assert page.stack.currentWidget() is page.editor and not page._banner.isHidden()
        page._banner.findChild(QPushButton, "xml-compare").click()
        await until(lambda: page.stack.currentWidget() is page.three_way, "it compares again")
        press(page, "xml-go-on")
        assert page.unsaved and ">3</vcpu>" in page.editor.text()
        words, _lines = await apply(page)
        assert "• Virtual processors: 4 → 3" in words
        assert ">3</vcpu>" in await made.whole(made.star)

    talk(work)


def test_theirs_is_taken(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        page = await conflict(made, qtbot, (">2</vcpu>", ">3</vcpu>"), (">2</vcpu>", ">4</vcpu>"))
        press(page, "xml-take-theirs")
        assert page.editing and not page.unsaved and ">4</vcpu>" in page.editor.text()

    talk(work)


def test_it_is_told_while_one_edits(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        page = await page_of(made, made.star, qtbot)
        await edit(page)
        page.refresh()
        await until(lambda: not page._tasks._running, "it was read")
        assert page._banner.isHidden()
        await made.change(made.star, f"passwd='{PASSWORD}'", "passwd='theirs'")
        page.refresh()
        await until(lambda: not page._banner.isHidden(), "it is told")
        page._banner.findChild(QPushButton, "xml-compare").click()
        await until(lambda: page.three_way is not None, "it compares")
        assert page.three_way is not None
        assert f"passwd='{MARK}2'" in page.three_way.areas["theirs"].text()
        assert all("passwd='theirs'" not in area.text() for area in page.three_way.areas.values())
        press(page, "xml-take-theirs")
        write(page, ">2</vcpu>", ">3</vcpu>")
        await apply(page)
        assert "passwd='theirs'" in await made.whole(made.star)

    talk(work)


# ---------------------------------------------------------------- tools


def test_copy_and_save(talk: Callable[..., None], qtbot: QtBot, tmp_path: Path) -> None:
    async def work(made: Bench) -> None:
        page = await page_of(made, made.star, qtbot)
        page.findChild(QToolButton, "xml-copy").click()
        assert made.shell.copied == [page.viewer.text()]
        file = tmp_path / "web.xml"
        old = os.umask(0)
        page.save(page._shown_text(), str(file))
        os.umask(old)
        assert file.read_text(encoding="utf-8") == page.viewer.text()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        page.save("x", str(tmp_path / "no" / "web.xml"))
        assert "could not be saved" in str(made.shell.notices[-1].problem.what)
        page.findChild(QToolButton, "xml-find").click()
        assert not page.viewer.find_bar.isHidden()
        page.views["differences"].click()
        assert not page.findChild(QToolButton, "xml-find").isEnabled()

    talk(work)


def test_closed_while_it_reads(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        page = MachineXml(made.parts, made.star.key)
        page.show()
        page.edit.click()
        page.hide()
        page.deleteLater()
        gone: list[bool] = []
        page.destroyed.connect(lambda: gone.append(True))
        await until(lambda: gone, "it is gone")
        QGuiApplication.sendPostedEvents()

    talk(work)
