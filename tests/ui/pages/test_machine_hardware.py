"""The tab "Hardware", over libvirt's test driver."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QPushButton,
    QSpinBox,
    QWidget,
)
from pytestqt.qtbot import QtBot

from tests.ui.desk import dialog_of, until
from tests.ui.pages.xml_bench import PASSWORD, Bench
from vmdesk.model.domain import Domain
from vmdesk.model.system import System
from vmdesk.ui.dialogs.hardware import AddDialog, VolumeDialog
from vmdesk.ui.pages import machine_hardware
from vmdesk.ui.pages.machine import MachinePage
from vmdesk.ui.pages.machine_hardware import MachineHardware
from vmdesk.ui.wizards.new.system import SystemSearch
from vmdesk.virtxml import hardware


def off(made: Bench) -> Domain:
    return next(one for one in sorted(made.parts.store.domains.values(), key=lambda one: one.name) if not one.active)


async def page_of(made: Bench, domain: Domain, qtbot: QtBot) -> MachineHardware:
    page = MachineHardware(made.parts, domain.key)
    made.show(page, qtbot, (1100, 700))
    await until(lambda: page.sheet is not None or page.empty.kind == "problem", "it was read")
    return page


def control(page: MachineHardware, kind: type, name: str) -> Any:
    found = page.form.controls[name]
    assert isinstance(found, kind)
    return found


def eject_of(page: MachineHardware) -> QPushButton:
    found: QPushButton = control(page, QLineEdit, "medium").parent().eject
    return found


def lines(page: MachineHardware) -> list[str]:
    return [page.changes.item(row).text() for row in range(page.changes.count())]


async def apply(page: MachineHardware) -> None:
    assert page.apply.isEnabled(), page.apply.toolTip()
    page.apply.click()
    await until(lambda: not page._working and not page._reading and not page.unsaved, "it is applied")


async def stored(made: Bench, domain: Domain) -> hardware.Hardware:
    return hardware.parse(await made.whole(domain))


# ---------------------------------------------------------------- changing


def test_the_memory_of_a_machine_that_is_off(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        domain = off(made)
        before = (await stored(made, domain)).memory
        page = await page_of(made, domain, qtbot)
        assert page.list.key() == "overview" and not page.apply.isEnabled() and not page.undo.isEnabled()
        assert page.apply.toolTip() == "Nothing has been changed yet."
        page.list.choose("memory")
        most, given = control(page, QSpinBox, "most"), control(page, QSpinBox, "given")
        assert given.value() * 1024 == before.given_kib and given.accessibleName() == "Given"
        most.setValue(3072)
        given.setValue(2048)
        assert lines(page) == [
            "Memory: 2048 MiB: from the next start: the machine is off",
            "Memory at most: 3.0 GiB: from the next start: the machine is off",
        ]
        assert page.unsaved
        await apply(page)
        after = (await stored(made, domain)).memory
        assert (after.given_kib, after.most_kib) == (2048 * 1024, 3072 * 1024)
        assert lines(page) == [] and not page.unsaved
        assert page.list.key() == "memory" and control(page, QSpinBox, "given").value() == 2048
        assert "changed, from its next start on" in str(made.shell.notices[-1].problem)
        step = made.parts.trace.entries[-1]
        assert step.call == "virDomainDefineXMLFlags" and "virsh" in step.virsh and step.worked

    talk(work)


class _Workshop:
    """The OS database, in small."""

    async def systems(self) -> tuple[System, ...]:
        return (
            System("http://debian.org/debian/11", "debian11", "Debian 11"),
            System("http://debian.org/debian/12", "debian12", "Debian 12"),
            System("http://alpinelinux.org/alpinelinux/3.19", "alpinelinux3.19", "Alpine Linux 3.19"),
        )


def test_the_system_in_it_is_searched_by_its_name(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        made.parts.workshop = _Workshop()
        domain = off(made)
        page = await page_of(made, domain, qtbot)
        line = control(page, SystemSearch, "system")
        assert line.accessibleName() == "System" and line.text() == "Ubuntu 22.04"
        assert line.placeholderText() == "not told; type to choose one"
        line.setFocus()
        line.selectAll()
        qtbot.keyClicks(line, "an 12")
        await until(lambda: line.completer().model().rowCount() > 0, "the names are there")
        assert lines(page) == []  # not one yet
        qtbot.keyClick(line, Qt.Key.Key_Return)
        assert line.text() == "Debian 12 (debian12)"
        assert lines(page) == ["System: Debian 12: from the next start: the machine is off"]
        await apply(page)
        assert (await stored(made, domain)).overview.os_id == "http://debian.org/debian/12"
        line = control(page, SystemSearch, "system")
        assert line.text() == "Debian 12"
        qtbot.keyClicks(line, " or so")
        await until(lambda: line.completer().model().rowCount() > 0, "the names are there")
        qtbot.keyClick(line, Qt.Key.Key_Return)
        assert line.text() == "Debian 12 (debian12)" and lines(page) == []  # no such system: the old one stays
        line.clear()
        qtbot.keyClicks(line, "https://debian.org/debian/99")  # one that a newer database knows
        qtbot.keyClick(line, Qt.Key.Key_Return)
        assert line.text() == "Debian 99"
        line.clear()
        assert lines(page) == ["System: not told: from the next start: the machine is off"]
        await apply(page)
        assert (await stored(made, domain)).overview.os_id == ""

    talk(work)


def test_processors_of_a_running_machine_now_and_later(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        await made.change(made.runner, f"<vcpu placement='static'>{made.runner.definition.vcpus}<", "<vcpu>8<")
        page = await page_of(made, made.runner, qtbot)
        page.list.choose("cpu")
        control(page, QSpinBox, "count").setValue(6)
        assert "from the next start. It was started with room for" in lines(page)[0]
        await apply(page)
        assert (await stored(made, made.runner)).cpu.count == 6
        assert "from the next start" in str(made.shell.notices[-1].problem)
        assert "In use now: 4" in control(page, QSpinBox, "count").accessibleDescription()

    talk(work)


def test_several_pages_are_applied_together_and_undone_together(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        domain = off(made)
        before = await made.whole(domain)
        page = await page_of(made, domain, qtbot)

        def write() -> None:
            page.list.choose("overview")
            control(page, QLineEdit, "title").setText("Another title")
            page.list.choose("boot")
            box = control(page, QComboBox, "menu")
            box.setCurrentIndex(box.findData("yes"))

        write()
        assert len(lines(page)) == 2
        dots = [row for row in range(page.list.count()) if page.list.item(row).data(Qt.ItemDataRole.UserRole + 2)]
        assert len(dots) == 2
        page.undo.click()
        assert not page.unsaved and control(page, QComboBox, "menu").currentData() == ""
        page.list.choose("overview")
        assert control(page, QLineEdit, "title").text() == (hardware.parse(before).overview.title)
        assert await made.whole(domain) == before
        write()
        await apply(page)
        after = await stored(made, domain)
        assert after.overview.title == "Another title" and after.boot.menu is True

    talk(work)


def test_the_keyboard_stays_on_the_page_when_a_button_goes_off(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        page = await page_of(made, off(made), qtbot)
        page.window().activateWindow()
        for button, count in ((page.undo, 1), (page.apply, 2)):
            page.list.choose("memory")
            most = control(page, QSpinBox, "most")
            most.setValue(most.value() + count)
            button.setFocus()
            await until(button.hasFocus, "the keyboard")
            qtbot.keyClick(button, Qt.Key.Key_Space)
            await until(lambda: not page.unsaved and not page._working and not page._reading, "it is done")
            assert not button.isEnabled() and page.list.hasFocus()
        most = control(page, QSpinBox, "most")
        most.setValue(most.value() + 1)
        most.setFocus()
        await apply(page)  # by its mnemonic, or by a screen reader
        assert control(page, QSpinBox, "most").hasFocus()

    talk(work)


def test_what_is_written_back_is_no_change(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        page = await page_of(made, off(made), qtbot)
        line = control(page, QLineEdit, "title")
        old = line.text()
        line.setText(old + "!")
        assert page.unsaved
        line.setText(old)
        assert not page.unsaved and lines(page) == []

    talk(work)


def test_the_boot_order_by_keyboard(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        domain = off(made)
        page = await page_of(made, domain, qtbot)
        page.list.choose("boot")
        order = control(page, QListWidget, "order")
        keys = [order.item(row).data(Qt.ItemDataRole.UserRole) for row in range(order.count())]
        assert order.item(0).checkState() is Qt.CheckState.Checked
        order.setCurrentRow(1)
        qtbot.keyClick(order, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
        order.item(0).setCheckState(Qt.CheckState.Checked)
        assert "Boot order: " in lines(page)[0]
        await apply(page)
        found = dict((await stored(made, domain)).boot.devices)
        assert found[keys[1]] == 1 and found[keys[0]] == 2

    talk(work)


def test_the_boot_order_by_mouse(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        page = await page_of(made, off(made), qtbot)
        page.list.choose("boot")
        order = control(page, QListWidget, "order")
        order.item(1).setCheckState(Qt.CheckState.Checked)
        before = page._drafts["boot"]["order"]
        nowhere = QModelIndex()
        assert order.dragDropMode() is QListWidget.DragDropMode.InternalMove
        assert order.model().moveRow(nowhere, 1, nowhere, 0)  # as a drop does it
        assert page._drafts["boot"]["order"] == tuple(reversed(before))
        later = order.parent().buttons[1]
        assert later.accessibleName() == "Later"
        order.setCurrentRow(0)
        later.click()
        assert page._drafts["boot"]["order"] == before

    talk(work)


def test_a_mistake_is_told_and_stops_nothing_else(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        page = await page_of(made, off(made), qtbot)
        page.list.choose("cpu")
        control(page, QLineEdit, "features").setText("vmx")
        assert not page.apply.isEnabled() and "is no feature" in page.apply.toolTip()
        assert not control(page, QSpinBox, "cores").isEnabled()
        assert "Only with" in control(page, QSpinBox, "cores").toolTip()
        control(page, QCheckBox, "own").setChecked(True)
        assert control(page, QSpinBox, "cores").isEnabled()

    talk(work)


def test_somebody_else_was_faster(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        domain = made.star
        page = await page_of(made, domain, qtbot)
        page._follow.stop()
        control(page, QLineEdit, "title").setText("Mine")
        await made.change(domain, "<on_crash>restart", "<on_crash>destroy")
        page.apply.click()
        await until(lambda: not page._working and not page._reading, "it was tried")
        assert page.unsaved and control(page, QLineEdit, "title").text() == "Mine"
        ended = made.parts.jobs.all[-1]
        assert ended.problem is not None and ended.problem.name == "changed" and PASSWORD not in ended.problem.details
        await apply(page)  # it was read again
        after = await made.whole(domain)
        assert "Mine" in after and "<on_crash>destroy" in after and PASSWORD in after

    talk(work)


def test_what_others_change_is_followed(
    talk: Callable[..., None], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine_hardware, "FOLLOW", 50)

    async def work(made: Bench) -> None:
        page = await page_of(made, made.star, qtbot)
        control(page, QLineEdit, "title").setText("Mine")
        await made.change(made.star, "<on_crash>restart", "<on_crash>destroy")
        await until(lambda: control(page, QComboBox, "on_crash").currentData() == "destroy", "it is seen")
        assert control(page, QLineEdit, "title").text() == "Mine" and page.unsaved
        page.hide()
        assert not page._follow.isActive()

    talk(work)


# ---------------------------------------------------------------- devices


def test_a_disc_goes_in_and_out(talk: Callable[..., None], qtbot: QtBot, tmp_path: Path) -> None:
    disc = tmp_path / "install.iso"

    async def work(made: Bench) -> None:
        domain = made.runner
        page = await page_of(made, domain, qtbot)
        key = next(one.key for one in page._sheets if one.icon == "disc")
        page.list.choose(key)
        line = control(page, QLineEdit, "medium")
        eject = eject_of(page)
        assert line.text() == "" and not eject.isEnabled() and "nothing in the drive" in eject.toolTip()
        line.setText(str(disc))
        assert eject.isEnabled()
        page.apply.click()
        await until(lambda: any(job.problem for job in made.parts.jobs.all) and not page._working, "it is refused")
        (problem,) = [job.problem for job in made.parts.jobs.all if job.problem]
        assert f"{disc} is not there" in str(problem.why) and control(page, QLineEdit, "medium").text() == str(disc)
        disc.touch()
        await until(page.apply.isEnabled, "it can be tried again")
        await apply(page)
        drive = next(one for one in (await stored(made, domain)).disks if one.key == key)
        assert drive.source == str(disc)
        eject_of(page).click()
        await apply(page)
        drive = next(one for one in (await stored(made, domain)).disks if one.key == key)
        assert drive.source == ""

    talk(work)


def test_a_volume_is_chosen_for_a_drive(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        page = await page_of(made, made.runner, qtbot)
        page.list.choose(next(one.key for one in page._sheets if one.icon == "disc"))
        taken: list[str] = []
        page._choose_volume(taken.append)
        dialog = await dialog_of(VolumeDialog)
        pool = next(n for n in range(dialog.pools.count()) if dialog._found[dialog.pools.itemText(n)])
        dialog.pools.setCurrentIndex(pool)
        chosen = dialog.chosen()
        assert chosen.startswith(dialog.pools.itemText(pool) + "/")
        dialog.accept()
        await until(lambda: taken, "it is chosen")
        assert taken == [chosen]

    talk(work)


def test_a_card_is_added_and_removed(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        domain = off(made)
        before = len((await stored(made, domain)).nics)
        page = await page_of(made, domain, qtbot)
        page.add.click()
        dialog = await dialog_of(AddDialog)
        dialog.choose("nic")
        mac = dialog.form.controls["mac"]
        mac.setText("52:54")
        assert not dialog.action.isEnabled() and "is not a MAC address" in dialog._wrong.text()
        mac.setText("52:54:00:99:99:01")
        assert dialog.action.isEnabled()
        dialog.action.click()
        key = "interface/52:54:00:99:99:01"
        await until(lambda: page.list.key() == key, "it is there and chosen")
        assert len((await stored(made, domain)).nics) == before + 1
        page.remove.click()
        await until(lambda: made.ask.asked and not page._working and page.list.key() != key, "it is gone")
        assert "Remove Network card from" in str(made.ask.asked[-1].title)
        assert len((await stored(made, domain)).nics) == before

    talk(work)


def test_a_new_disk_has_a_volume(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        domain = off(made)
        page = await page_of(made, domain, qtbot)
        page.add.click()
        dialog = await dialog_of(AddDialog)
        assert dialog.kind.id == "disk"
        dialog.form.controls["size"].setValue(1024)
        dialog.form.controls["name"].setText("extra.qcow2")
        dialog.action.click()
        await until(lambda: any("extra.qcow2" in str(one.summary) for one in page._sheets), "it is there")
        disk = (await stored(made, domain)).disks[-1]
        assert disk.source.endswith("/extra.qcow2") and disk.format == "qcow2"
        size = await made.call(domain, lambda one: one.connect().storageVolLookupByPath(disk.source).info()[1])
        assert size == 1024**3

    talk(work)


def test_a_volume_made_for_nothing_is_taken_back(
    talk: Callable[..., None], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(made: Bench) -> None:
        domain = made.star
        page = await page_of(made, domain, qtbot)
        page._follow.stop()
        page.add.click()
        dialog = await dialog_of(AddDialog)
        dialog.form.controls["name"].setText("vain.qcow2")
        await made.change(domain, "<on_crash>restart", "<on_crash>destroy")  # so that it is refused
        dialog.action.click()
        await until(lambda: any("Taking back" in one.title.source for one in made.parts.jobs.all), "it is taken back")
        await until(lambda: dialog.action.isEnabled() and not made.parts.jobs.running, "all is done")
        pools = await made.call(
            domain, lambda one: [p.listVolumes() for p in one.connect().listAllStoragePools() if p.isActive()]
        )
        assert not any("vain.qcow2" in names for names in pools)
        # What was chosen is still there, with the reason; the next try begins with what the machine is now.
        assert dialog.isVisible() and dialog.form.controls["name"].text() == "vain.qcow2"
        assert "changed" in dialog._wrong.text()
        assert dialog.action.isDefault() and not dialog.cancel.isDefault()  # Enter tries again
        dialog.form.controls["name"].setText("kept.qcow2")
        assert not dialog._wrong.text()
        dialog.action.click()
        assert not dialog.action.isEnabled() and dialog.cancel.text() == "Close"
        await until(lambda: any("kept.qcow2" in str(one.summary) for one in page._sheets), "it is there")

    talk(work)


def test_what_is_being_added_goes_on_when_its_dialog_is_closed(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        page = await page_of(made, off(made), qtbot)
        page.add.click()
        dialog = await dialog_of(AddDialog)
        dialog.form.controls["name"].setText("closed.qcow2")
        dialog.action.click()
        dialog.cancel.click()
        await until(lambda: any("closed.qcow2" in str(one.summary) for one in page._sheets), "it is there")

    talk(work)


def test_every_kind_has_its_form_or_its_reason(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        page = await page_of(made, off(made), qtbot)
        page.add.click()
        dialog = await dialog_of(AddDialog)
        for row in range(dialog.kinds.count()):
            dialog.kinds.setCurrentRow(row)
            if dialog.kind.why is not None:
                assert not dialog.action.isEnabled() and dialog.action.toolTip() and dialog._why.text()
            else:
                assert dialog.form.isVisibleTo(dialog) and dialog._when.text()
        dialog.reject()

    talk(work)


# ---------------------------------------------------------------- why not


def test_a_host_that_is_read_only(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        page = await page_of(made, made.runner, qtbot)
        why = "Practice host is connected read-only."
        page.list.choose("memory")
        given = control(page, QSpinBox, "given")
        assert not given.isEnabled() and given.toolTip() == why
        assert not page.add.isEnabled() and page.add.toolTip() == why
        assert not page.apply.isEnabled() and page.apply.toolTip() == why
        page.list.choose(next(one.key for one in page._sheets if one.device))
        assert not page.remove.isEnabled() and page.remove.toolTip() == why

    talk(work, readonly=True)


def test_every_page_can_be_looked_at(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        for domain in (made.runner, off(made)):
            page = await page_of(made, domain, qtbot)
            for sheet in page._sheets:
                assert page.list.choose(sheet.key)
                assert page.title.text() == str(sheet.title)
                for name, one in page.form.controls.items():
                    assert one.accessibleName(), (sheet.key, name)
                    assert one.isEnabled() or one.toolTip(), (sheet.key, name)
            assert not page.unsaved  # looking changes nothing

    talk(work)


def test_the_tab_key_walks_from_left_to_right_and_down(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        page = await page_of(made, made.runner, qtbot)
        page.list.choose("memory")
        page.list.choose(next(one.key for one in page._sheets if one.icon == "disc"))
        control(page, QLineEdit, "medium").setText("/srv/install.iso")
        await until(lambda: control(page, QLineEdit, "medium").isVisible(), "it is laid out")
        walked, widget = [], page.list
        while len(walked) < 30 and "hardware-apply" not in walked:
            if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisible() and widget.isEnabled():
                walked.append(widget.objectName())
            widget = widget.nextInFocusChain()
        assert walked == [
            "hardware-list", "hardware-add", "hardware-xml", "hardware-remove", "hardware-medium",
            "hardware-medium-choose", "hardware-medium-eject", "hardware-force", "hardware-changes", "hardware-undo",
            "hardware-apply",
        ]  # fmt: skip

    talk(work)


def test_by_accessibility_an_entry_is_chosen(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        page = await page_of(made, off(made), qtbot)
        found = QAccessible.queryAccessibleInterface(page.list)
        items = [found.child(row) for row in range(found.childCount())]
        names = [one.text(QAccessible.Text.Name) for one in items]
        row = next(row for row, name in enumerate(names) if name.startswith("Memory, "))
        assert found.selectionInterface().select(items[row])
        assert page.list.key() == "memory" and page.title.text() == "Memory"

    talk(work)


def test_what_a_host_says_is_never_taken_for_html(talk: Callable[..., None], qtbot: QtBot) -> None:
    evil = "<img src='x'>"
    said = evil.replace("<", "&lt;")

    async def work(made: Bench) -> None:
        domain = off(made)
        await made.change(domain, "</devices>", f'<shmem name="{said}"/></devices>')
        await made.change(domain, ".qcow2", f"{said.replace(chr(39), '')}.qcow2")
        page = await page_of(made, domain, qtbot)
        tips = [page.list.item(row).toolTip() for row in range(page.list.count())]
        assert any("&lt;img" in tip for tip in tips) and not any("<img" in tip for tip in tips)
        for sheet in page._sheets:
            page.list.choose(sheet.key)
            labels = [one for one in page.findChildren(QLabel) if "<img" in one.text().replace("\u200b", "")]
            assert all(one.textFormat() is Qt.TextFormat.PlainText for one in labels)
            for widget in page.findChildren(QWidget):
                assert "<img" not in widget.toolTip()

    talk(work)


def test_closing_the_page_asks(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        whole = MachinePage(made.parts, off(made).key)
        qtbot.addWidget(whole)
        whole.tabs.setCurrentWidget(whole.hardware)
        whole.show()
        page = whole.hardware.inner
        made.pages.append(page)
        await until(lambda: page.sheet is not None, "it was read")
        assert not whole.unsaved
        control(page, QLineEdit, "title").setText("Mine")
        assert whole.unsaved
        closed: list[bool] = []
        made.ask.agree = False
        assert whole.keeps_open(lambda: closed.append(True))
        await until(lambda: made.ask.asked, "it asks")
        assert not closed
        made.ask.agree = True
        whole.keeps_open(lambda: closed.append(True))
        await until(lambda: closed, "it closes")
        page.xml.click()
        assert whole.tabs.currentWidget() is whole.xml
        whole.hide()

    talk(work)


def test_more_memory_than_the_host_has_is_a_warning(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        domain = off(made)
        page = await page_of(made, domain, qtbot)
        page.list.choose("memory")
        control(page, QSpinBox, "most").setValue(1 << 20)  # MiB
        await apply(page)
        assert (await stored(made, domain)).memory.most_kib == 1 << 30
        (warning,) = made.ask.warned
        assert warning.endswith("a machine of 1T may not start.")

    talk(work)
