"""The wizard for new machines: its pages, what is told where, what is made in the end."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import shiboken6
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLabel, QLineEdit, QWidget

from tests.fakes.workshop import BROKEN, CLOSED, UUID, FakeWorkshop
from tests.ui.desk import parts_of
from tests.ui.machines import LAPTOP, machine, store_of
from tests.ui.windows import windows_shown
from tests.unit.core.creating_host import DEBIAN12, HOST
from vmdesk.core.creating import draft as drafts
from vmdesk.core.creating.draft import Page, Size
from vmdesk.core.store import Store
from vmdesk.media.image import Image
from vmdesk.model.domain import DomainKey, State
from vmdesk.model.errors import Problem
from vmdesk.model.host import Host, Link
from vmdesk.model.text import text
from vmdesk.model.wish import Firmware, From, Here, NicWish, Reach, There
from vmdesk.ui.wizards.new.card import Card, Cards
from vmdesk.ui.wizards.new.wizard import NewPage

ISO = "/home/anna/debian-12.7.0-amd64-netinst.iso"
Run = Callable[[Any], Any]


class Standing:
    def __init__(self, folder: Path, store: Store | None = None, **options: Any) -> None:
        self.parts = parts_of(folder, store or store_of(6))
        self.workshop = FakeWorkshop(folder, **options)
        self.parts.workshop = self.workshop
        self.page = NewPage(self.parts, "laptop" if store is None else "")
        self.page.resize(900, 640)
        self.page.show()

    @property
    def draft(self) -> drafts.Draft:
        return self.page.desk.draft

    def type(self, name: str, words: str) -> None:
        line = self.page.findChild(QLineEdit, name)
        assert line is not None and line.isVisibleTo(self.page)
        line.setFocus()
        line.setText(words)

    def words(self) -> str:
        """All that can be read now."""
        seen = [one for one in self.page.findChildren(QWidget) if one.isVisibleTo(self.page)]
        labels = [one.text() for one in seen if isinstance(one, QLabel)]
        return "\n".join([*labels, *(one.accessibleName() for one in seen)])

    async def looked(self) -> None:
        await asyncio.sleep(0.02)
        for _ in range(300):
            if not self.page.desk.looking and self.draft.found is not None:
                return
            await asyncio.sleep(0.01)
        raise AssertionError("nothing was found")

    async def until(self, what: Callable[[], Any]) -> None:
        for _ in range(500):
            if what():
                return
            await asyncio.sleep(0.01)
        raise AssertionError("did not come")

    async def ready(self) -> None:
        """With an ISO, on the first page."""
        await self.looked()
        self.type("media-line", ISO)
        await self.looked()

    async def close(self) -> None:
        self.page.desk.close()
        await self.parts.jobs.close()
        self.page.close()
        shiboken6.delete(self.page)  # with its timers: the loop that they need ends now


@pytest.fixture
def walk(run_async: Run, tmp_path: Path) -> Callable[..., None]:
    """`walk(steps)`: runs them with a standing wizard."""

    def run(steps: Callable[[Standing], Awaitable[None]], **options: Any) -> None:
        async def whole() -> None:
            standing = Standing(tmp_path, **options)
            try:
                await steps(standing)
            finally:
                await standing.close()

        run_async(whole())

    return run


def test_the_first_page_is_there_before_the_host_has_answered(walk: Any) -> None:
    async def steps(on: Standing) -> None:
        assert on.page.page is Page.WHERE and not on.page.next.isEnabled()
        assert on.page.why_not.text()
        await on.looked()
        assert "ISO" in on.page.why_not.text()

    walk(steps)


def test_what_is_built_ahead_is_no_window(walk: Any) -> None:
    async def steps(on: Standing) -> None:
        with windows_shown() as shown:
            await on.until(lambda: set(on.page.way) <= set(on.page.pages))
        assert shown == []

    walk(steps)


def test_from_an_iso_to_a_console(walk: Any) -> None:
    async def steps(on: Standing) -> None:
        await on.ready()
        assert "set up like Debian 11" in on.words()
        on.page.go_on()
        assert on.page.page is Page.MACHINE
        assert on.page.findChild(QLineEdit, "name").text() == "debian-12"
        on.page.go_on()
        assert on.page.page is Page.SUMMARY and on.page.next.text() == "&Create"
        on.page.go_on()
        await on.until(lambda: on.workshop.made)
        made = machine(90, "laptop", "debian-12", state=State.RUNNING)
        on.parts.store.update([replace(made, key=DomainKey("laptop", UUID))])
        await on.until(lambda: on.parts.shell.opened)
        assert on.parts.shell.opened == [("console", DomainKey("laptop", UUID))]
        (wish, edited), *_ = on.workshop.made
        assert wish.media == Here(ISO) and wish.name == "debian-12" and edited is None

    walk(steps)


def test_by_keys(walk: Any) -> None:
    async def steps(on: Standing) -> None:
        await on.looked()
        line = on.page.findChild(QLineEdit, "media-line")
        QTest.keyClicks(line, ISO)
        await on.looked()
        QTest.keyClick(line, Qt.Key.Key_Return)
        name = on.page.findChild(QLineEdit, "name")
        assert on.page.page is Page.MACHINE and name.hasSelectedText()
        QTest.keyClicks(name, "web")
        QTest.keyClick(name, Qt.Key.Key_Return)
        assert on.page.page is Page.SUMMARY and on.draft.wish.name == "web"
        QTest.keyClick(on.page, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
        assert on.page.page is Page.MACHINE

    walk(steps)


def test_a_host_that_comes_later_is_taken(walk: Any) -> None:
    store = Store()
    store.put_host(Host(LAPTOP, Link.CONNECTING))

    async def steps(on: Standing) -> None:
        assert "Connecting to" in on.page.why_not.text() and not on.workshop.looked
        store.put_host(Host(LAPTOP, Link.UP))
        await on.looked()
        assert on.draft.host == LAPTOP.id

    walk(steps, store=store)


def test_a_medium_that_cannot_be_used_is_told_and_stops(walk: Any) -> None:
    async def steps(on: Standing) -> None:
        await on.looked()
        on.type("media-line", BROKEN)
        await on.until(lambda: on.draft.problem is not None)
        assert "not a CD image" in on.words() and not on.page.next.isEnabled()
        on.type("media-line", ISO)
        await on.looked()
        await on.until(lambda: on.page.next.isEnabled())

    walk(steps)


def test_a_closed_home_is_told_with_the_line_and_the_choice(walk: Any) -> None:
    async def steps(on: Standing) -> None:
        await on.looked()
        on.type("media-line", CLOSED)
        await on.looked()
        assert "may not pass the folder" in on.words() and on.draft.wish.reach is Reach.COPY
        blocked = on.page.findChild(QWidget, "blocked")
        assert any(
            "setfacl -m u:q:x /home/anna" in one.text() for one in blocked.findChildren(QWidget) if hasattr(one, "text")
        )
        grant = on.page.findChild(QAbstractButton, "reach-grant")
        grant.click()
        assert on.draft.wish.reach is Reach.GRANT
        on.page.findChild(QAbstractButton, "reach-copy").toggle()  # as a screen reader does it
        assert on.draft.wish.reach is Reach.COPY
        on.type("media-line", ISO)
        await on.looked()
        assert not blocked.isVisibleTo(on.page)

    walk(steps)


def test_each_source_asks_for_its_own_medium(walk: Any) -> None:
    async def steps(on: Standing) -> None:
        await on.ready()
        for source in (From.CLOUD, From.DISK, From.LOCATION, From.KERNEL, From.PXE, From.EMPTY, From.XML, From.CDROM):
            on.page.findChild(QAbstractButton, f"source-{source.value}").click()
            await on.looked()
            assert on.draft.wish.source is source
            shown = on.page.findChild(QWidget, "media").isVisibleTo(on.page)
            assert shown is (source not in (From.KERNEL, From.PXE, From.EMPTY))
        assert on.draft.wish.media == Here(ISO)

    walk(steps)


def test_the_practice_host_says_what_it_cannot(walk: Any) -> None:
    async def steps(on: Standing) -> None:
        await on.looked()
        cloud = on.page.findChild(QAbstractButton, "source-cloud-image")
        assert not cloud.isEnabled() and "practice host" in cloud.toolTip() and "practice host" in on.words()
        await on.ready()
        on.page.go_on()
        on.page.go_on()
        on.page.go_on()
        made = machine(90, "laptop", "debian-12", state=State.RUNNING)
        on.parts.store.update([replace(made, key=DomainKey("laptop", UUID))])
        await on.until(lambda: on.parts.shell.opened)
        assert on.parts.shell.opened == [DomainKey("laptop", UUID)]  # its page: a practice machine has no screen

    walk(steps, host=replace(HOST, driver="TEST"))


def test_sizes_and_own_figures(walk: Any) -> None:
    async def steps(on: Standing) -> None:
        await on.ready()
        on.page.go_on()
        on.page.findChild(QAbstractButton, "size-large").click()
        assert on.draft.size is Size.LARGE
        large = drafts.current(on.draft)
        box = on.page.findChild(QWidget, "memory-box")
        box.setValue(3000)
        assert on.draft.size is Size.OWN and on.draft.wish.memory_kib == 3000 * 1024
        assert drafts.current(on.draft).vcpus == large.vcpus
        assert on.page.findChild(QAbstractButton, "size-own").isChecked()
        box.setValue(20 * 1024)
        assert "more than all the host's memory" in on.words()
        on.page.go_on()
        assert not on.page.next.isEnabled()
        on.page.findChild(QAbstractButton, "confirm").click()
        assert on.page.next.isEnabled()

    walk(steps)


@pytest.mark.parametrize(("typed", "mib"), [("2G", 2048), ("1.5 GiB", 1536), ("512", 512)])
def test_sizes_are_typed_as_people_write_them(walk: Any, typed: str, mib: int) -> None:
    async def steps(on: Standing) -> None:
        await on.ready()
        on.page.go_on()
        box = on.page.findChild(QWidget, "memory-box")
        box.lineEdit().setText(typed)
        box.interpretText()
        assert on.draft.wish.memory_kib == mib * 1024

    walk(steps)


def test_a_wrong_name_stands_beside_its_field(walk: Any) -> None:
    async def steps(on: Standing) -> None:
        await on.ready()
        on.page.go_on()
        on.type("name", "a/b")
        assert "slash" in on.page.why_not.text() and not on.page.next.isEnabled()
        assert "slash" in on.page.findChild(QLineEdit, "name").accessibleDescription()
        on.type("name", next(one.name for one in on.parts.store.domains.values() if one.key.host == "laptop"))
        assert "already" in on.page.why_not.text()
        on.type("name", "lab-{01..03}")
        assert on.page.next.isEnabled() and "lab-01 … lab-03" in on.words()

    walk(steps)


def test_networks_and_disks(walk: Any) -> None:
    async def steps(on: Standing) -> None:
        await on.ready()
        on.page.go_on()
        network = on.page.findChild(QComboBox, "network")
        assert "will be switched on" in network.currentText()
        network.setCurrentIndex(network.count() - 1)
        assert on.draft.wish.nics == ()
        network.setCurrentIndex(0)
        assert on.draft.wish.nics == (NicWish(),)
        kind = on.page.findChild(QComboBox, "disk-kind")
        kind.setCurrentIndex(1)
        assert "volume" in on.page.why_not.text()
        on.type("disk-volume-line", "vol:default/data.qcow2")
        assert on.draft.wish.disks[0].source == There("default", "data.qcow2") and on.page.next.isEnabled()
        kind.setCurrentIndex(2)
        assert on.draft.wish.disks == ()
        kind.setCurrentIndex(0)
        assert on.draft.wish.disks[0].source is None

    walk(steps)


def test_five_thousand_volumes_are_found_by_typing(walk: Any) -> None:
    async def steps(on: Standing) -> None:
        await on.looked()
        on.page.findChild(QAbstractButton, "media-pool").click()
        picker = on.page.pages[Page.WHERE].media.picker
        await on.until(lambda: picker.list.model().rowCount() == 5000)
        QTest.keyClicks(picker.search, "4321")
        assert picker.list.model().rowCount() == 1
        QTest.keyClick(picker.search, Qt.Key.Key_Return)
        assert on.draft.wish.media == There("default", "volume-4321.qcow2")
        assert on.page.page is Page.WHERE  # that Enter was the list's
        assert len(picker.findChildren(QWidget)) < 60  # rows are no widgets

    walk(steps)


def test_details_explain_and_change(walk: Any) -> None:
    async def steps(on: Standing) -> None:
        await on.ready()
        on.page.go_on()
        on.page.details.click()
        assert on.page.page is Page.DETAILS
        firmware = on.page.findChild(QComboBox, "firmware")
        assert "BIOS: it starts fastest" in firmware.accessibleDescription()
        firmware.setCurrentIndex(3)
        await on.looked()
        assert on.draft.wish.firmware is Firmware.SECURE
        assert "no UEFI" in firmware.accessibleDescription()
        forwards = on.page.findChild(QLineEdit, "forwards")
        assert not forwards.isEnabled()
        on.page.go_on()
        assert on.page.page is Page.MACHINE
        on.page.go_on()
        assert on.page.page is Page.SUMMARY and not on.page.next.isEnabled()
        assert "no UEFI" in on.page.why_not.text()

    walk(steps)


def test_forwards_say_their_consequence(walk: Any) -> None:
    async def steps(on: Standing) -> None:
        await on.ready()
        on.page.go_on()
        on.page.details.click()
        on.type("forwards", "2222:22 nonsense")
        assert "2222:22" in on.words() and on.draft.wish.nics[0].forwards == ()
        assert not on.page.next.isEnabled() and on.page.why_not.text()  # else it would be left out in silence
        on.type("forwards", "2222:22")
        assert on.draft.wish.nics[0].forwards[0].guest == 22
        assert "QEMU does it directly" in on.page.findChild(QLineEdit, "forwards").accessibleDescription()
        on.page.go_on()
        on.page.go_on()
        assert "QEMU does it directly" in on.words()  # and once more before it is made

    walk(steps, host=replace(HOST, session=True, networks=()))


def test_changes_by_hand_outlive_other_choices(walk: Any) -> None:
    async def steps(on: Standing) -> None:
        await on.ready()
        on.page.go_on()
        on.page.go_on()
        summary = on.page.pages[Page.SUMMARY]
        summary.tabs.setCurrentIndex(1)
        edit: Any = on.page.findChild(QWidget, "xml")
        edit.setPlainText(edit.toPlainText().replace("</name>", "</name>\n  <title>mine</title>", 1))
        on.page.findChild(QAbstractButton, "start").click()
        on.page.desk.wish(memory_kib=3 << 20)
        assert "mine" in edit.toPlainText() and f">{3 << 20}<" in edit.toPlainText()
        assert on.draft.edited is not None and not summary.stopping
        # Both on one line: the choice wins, and it is said.
        edit.setPlainText(edit.toPlainText().replace(f">{3 << 20}<", f">{2 << 20}<"))
        on.page.desk.wish(memory_kib=1 << 20)
        assert "mine" not in edit.toPlainText() and on.draft.edited is None
        assert "your changes are gone" in on.words()

    walk(steps)


def test_a_system_that_is_typed_before_the_names_are_there(walk: Any) -> None:
    async def steps(on: Standing) -> None:
        await on.ready()
        on.type("system", "debian gnu/linux 12")
        on.page.findChild(QLineEdit, "media-line").setFocus()
        await on.until(lambda: on.draft.wish.os == DEBIAN12.short_id)

    walk(steps)


def test_the_definition_can_be_changed_by_hand(walk: Any) -> None:
    async def steps(on: Standing) -> None:
        await on.ready()
        on.page.go_on()
        on.page.go_on()
        summary = on.page.pages[Page.SUMMARY]
        summary.tabs.setCurrentIndex(1)
        edit = on.page.findChild(QWidget, "xml")
        before = edit.toPlainText()
        assert "<name>debian-12</name>" in before and on.draft.edited is None
        edit.setPlainText(before.replace("</devices>", ""))
        assert not on.page.next.isEnabled() and "definition" in on.page.why_not.text()
        edit.setPlainText(before.replace("debian-12<", "other<"))
        assert "page Machine" in on.page.why_not.text()
        edit.setPlainText(before.replace("<devices>", "<devices><!-- mine -->"))
        assert on.page.next.isEnabled()
        on.page.go_on()
        await on.until(lambda: on.workshop.made)
        _wish, edited = on.workshop.made[0]
        assert edited.shown == before and "mine" in edited.text

    walk(steps)


def test_changes_by_hand_can_be_undone(walk: Any) -> None:
    async def steps(on: Standing) -> None:
        await on.ready()
        on.page.go_on()
        on.page.go_on()
        summary = on.page.pages[Page.SUMMARY]
        summary.tabs.setCurrentIndex(1)
        edit = on.page.findChild(QWidget, "xml")
        edit.setPlainText(edit.toPlainText().replace("<devices>", "<devices><!-- mine -->"))
        on.page.findChild(QAbstractButton, "xml-undo").click()
        assert "mine" not in edit.toPlainText() and on.draft.edited is None

    walk(steps)


def test_commands_are_shown_and_copied(walk: Any) -> None:
    async def steps(on: Standing) -> None:
        await on.ready()
        on.page.go_on()
        on.page.go_on()
        on.page.pages[Page.SUMMARY].tabs.setCurrentIndex(2)
        on.page.findChild(QAbstractButton, "command-vmdesk-copy").click()
        (copied,) = on.parts.shell.copied
        assert copied.startswith("vmdesk create --connect") and ISO in copied
        assert "virt-install" in on.words()

    walk(steps)


def test_a_failure_leaves_everything_as_it_was(walk: Any) -> None:
    async def steps(on: Standing) -> None:
        await on.ready()
        on.page.go_on()
        on.type("name", "web")
        on.page.go_on()
        on.workshop.failing = Problem(text("It did not work."), text("The disk is full."))
        on.page.go_on()
        assert on.page.key.startswith("making:")
        await on.until(lambda: on.page.key == "new")
        assert "The disk is full." in on.words() and on.page.page is Page.SUMMARY
        assert on.draft.wish.name == "web" and on.draft.wish.media == Here(ISO)
        on.workshop.failing = None
        await on.looked()
        on.page.go_on()
        await on.until(lambda: on.workshop.made)

    walk(steps)


def test_it_can_be_cancelled(walk: Any) -> None:
    async def steps(on: Standing) -> None:
        await on.ready()
        on.page.go_on()
        on.page.go_on()
        on.workshop.going.clear()
        on.page.go_on()
        await on.until(lambda: "Copying" in on.page.running.words.text())
        on.page.running.cancel.click()
        await on.until(lambda: on.page.key == "new")
        assert "nothing of it is left" in on.words() and not on.workshop.made

    walk(steps)


def test_the_tab_can_be_closed_while_it_works(walk: Any) -> None:
    async def steps(on: Standing) -> None:
        await on.ready()
        on.page.go_on()
        on.page.go_on()
        on.workshop.going.clear()
        on.page.go_on()
        await on.until(lambda: on.parts.jobs.running)
        desk, page, other = on.page.desk, on.page, QWidget()
        other.show()  # without a window the loop would end
        page.deleteLater()
        await on.until(lambda: desk.closed)
        on.workshop.going.set()
        await on.until(lambda: on.workshop.made)
        await asyncio.sleep(0.05)
        assert not on.parts.shell.opened
        on.page = NewPage(on.parts, "laptop")

    walk(steps)


def test_a_definition_from_a_file_is_reviewed_and_not_started(walk: Any, tmp_path: Path) -> None:
    file = tmp_path / "guest.xml"
    file.write_text(
        "<domain type='kvm'><name>guest</name><memory>65536</memory><vcpu>1</vcpu><os><type>hvm</type></os>"
        "<devices><emulator>/opt/strange</emulator></devices></domain>"
    )

    async def steps(on: Standing) -> None:
        await on.looked()
        on.page.findChild(QAbstractButton, "source-xml").click()
        on.type("media-line", str(file))
        await on.until(lambda: on.page.next.isEnabled())
        on.page.go_on()
        assert on.page.page is Page.REVIEW
        await on.until(lambda: on.page.next.isEnabled())
        finding = on.page.findChild(QAbstractButton, "finding-0")
        assert not finding.isChecked()
        assert "/opt/strange" not in on.page.pages[Page.REVIEW].definition
        finding.click()
        assert "/opt/strange" in on.page.pages[Page.REVIEW].definition
        on.page.go_on()
        await on.until(lambda: on.workshop.defined)
        assert not on.workshop.made

    walk(steps)


def test_a_dropped_file_begins_a_machine(walk: Any) -> None:
    async def steps(on: Standing) -> None:
        await on.looked()
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile("/home/anna/x.iso")])
        drop = QDropEvent(
            QPointF(5, 5), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        )
        on.page.pages[Page.WHERE].media.dropEvent(drop)
        assert on.draft.wish.media == Here("/home/anna/x.iso")
        on.page.take_file("/home/anna/debian-12-generic-amd64.qcow2")
        await on.looked()
        assert on.draft.wish.source is From.CLOUD
        assert on.draft.wish.cloud is not None and on.draft.wish.cloud.ssh_keys == tuple(await on.workshop.keys())

    walk(steps)


def test_everything_has_a_name(walk: Any) -> None:
    """Each control of each page, for those who do not see it."""

    async def steps(on: Standing) -> None:
        await on.ready()
        on.page.findChild(QAbstractButton, "source-cloud-image").click()
        on.type("media-line", "/home/anna/debian-12-generic-amd64.qcow2")
        await on.looked()
        for page in (Page.WHERE, Page.MACHINE, Page.DETAILS, Page.SHOWN, Page.SUMMARY):
            if page is Page.MACHINE:
                on.page.show_page(page)
                on.page.findChild(QComboBox, "cloud-network").setCurrentIndex(1)
            elif page is Page.DETAILS:
                on.page.details.click()
                for name in ("more-disks-add", "more-disks-add", "more-cards-add"):
                    on.page.findChild(QAbstractButton, name).click()
                on.page.findChild(QComboBox, "more-disk-3-kind").setCurrentIndex(1)
            else:
                on.page.show_page(page)
            for kind in (QAbstractButton, QLineEdit, QComboBox):
                for one in on.page.stack.currentWidget().findChildren(kind):
                    ours = one.objectName() and not one.objectName().startswith("qt_")
                    if ours and one.isVisibleTo(on.page):
                        assert one.accessibleName() or (kind is QAbstractButton and one.text()), one.objectName()

    walk(steps)


def test_xml_and_command_from_every_page(walk: Any) -> None:
    async def steps(on: Standing) -> None:
        await on.ready()
        on.page.shown.click()
        assert on.page.page is Page.SHOWN and on.page.next.isEnabled()
        edit: Any = on.page.findChild(QWidget, "shown-xml")
        assert "<name>debian-12</name>" in edit.toPlainText()
        edit.setPlainText(edit.toPlainText().replace("</name>", "</name>\n  <title>mine</title>", 1))
        on.page.pages[Page.SHOWN].tabs.setCurrentIndex(1)
        assert "virt-install" in on.words()
        on.page.go_on()
        assert on.page.page is Page.WHERE
        on.page.go_on()
        on.page.details.click()
        on.page.shown.click()
        on.page.go_on()
        assert on.page.page is Page.DETAILS
        on.page.go_on()
        assert on.page.page is Page.MACHINE
        on.type("name", "lab-{03..01}")
        on.page.shown.click()
        on.page.pages[Page.SHOWN].tabs.setCurrentIndex(0)
        assert "no definition yet" in on.words()
        on.page.go_on()
        on.type("name", "debian-12")
        on.page.go_on()
        on.page.pages[Page.SUMMARY].tabs.setCurrentIndex(1)
        shown: Any = on.page.findChild(QWidget, "xml")
        assert on.draft.edited is None and "mine" not in shown.toPlainText()  # it went with the name that was none

    walk(steps)


def test_what_was_changed_beside_the_way_is_on_the_last_page(walk: Any) -> None:
    async def steps(on: Standing) -> None:
        await on.ready()
        on.page.shown.click()
        edit: Any = on.page.findChild(QWidget, "shown-xml")
        edit.setPlainText(edit.toPlainText().replace("</name>", "</name>\n  <title>mine</title>", 1))
        on.page.go_on()
        on.page.go_on()
        on.type("name", "other")
        on.page.go_on()
        on.page.pages[Page.SUMMARY].tabs.setCurrentIndex(1)
        shown: Any = on.page.findChild(QWidget, "xml")
        assert "<title>mine</title>" in shown.toPlainText() and "<name>other</name>" in shown.toPlainText()
        on.page.go_on()
        await on.until(lambda: on.workshop.made)
        _wish, edited = on.workshop.made[0]
        assert "mine" in edited.text and "mine" not in edited.shown

    walk(steps)


def test_more_disks_and_cards(walk: Any) -> None:
    async def steps(on: Standing) -> None:
        await on.ready()
        on.page.go_on()
        on.page.details.click()
        add, card = (on.page.findChild(QAbstractButton, name) for name in ("more-disks-add", "more-cards-add"))
        add.click()
        add.click()
        assert len(on.draft.wish.disks) == 3
        on.page.findChild(QComboBox, "more-disk-2-format").setCurrentIndex(1)
        on.page.findChild(QComboBox, "more-disk-2-bus").setCurrentIndex(3)
        assert (on.draft.wish.disks[1].format, on.draft.wish.disks[1].bus) == ("raw", "scsi")
        on.page.findChild(QWidget, "more-disk-3-size").setValue(5 * 1024)
        on.page.findChild(QComboBox, "more-disk-2-kind").setCurrentIndex(1)
        on.page.go_on()
        on.page.go_on()
        assert "volume" in on.page.why_not.text()
        on.page.go_back()
        on.page.details.click()
        on.page.findChild(QAbstractButton, "more-disk-2-remove").click()
        assert [disk.bytes for disk in on.draft.wish.disks[1:]] == [5 << 30]
        card.click()
        on.page.findChild(QComboBox, "more-card-2-model").setCurrentIndex(2)
        assert [nic.model for nic in on.draft.wish.nics] == ["", "e1000e"]
        on.page.go_on()
        on.page.go_on()
        assert "Disk 2" in on.words() and "up to 5 GiB" in on.words() and "Network 2" in on.words()
        on.page.go_back()
        on.page.findChild(QComboBox, "disk-kind").setCurrentIndex(2)
        on.page.details.click()
        assert not add.isEnabled() and "page Machine" in add.toolTip()

    walk(steps)


def test_the_network_need_not_stay_on(walk: Any) -> None:
    async def steps(on: Standing) -> None:
        await on.ready()
        on.page.go_on()
        stays = on.page.findChild(QAbstractButton, "network-stays")
        assert stays.isVisibleTo(on.page) and stays.isChecked()
        stays.click()
        assert not on.draft.wish.network_stays
        on.page.findChild(QComboBox, "network").setCurrentIndex(1)
        assert not stays.isVisibleTo(on.page)

    walk(steps)


def test_a_cloud_image_with_a_fixed_address(walk: Any) -> None:
    async def steps(on: Standing) -> None:
        await on.looked()
        on.page.findChild(QAbstractButton, "source-cloud-image").click()
        on.type("media-line", "/home/anna/debian-12-generic-amd64.qcow2")
        await on.looked()
        on.page.go_on()
        way = on.page.findChild(QComboBox, "cloud-network")
        assert not on.page.findChild(QLineEdit, "cloud-address").isVisibleTo(on.page)
        way.setCurrentIndex(1)
        on.type("cloud-address", "192.168.7.10")
        assert "prefix" in on.page.why_not.text()
        on.type("cloud-address", "192.168.7.10/24")
        on.type("cloud-gateway", "192.168.7.1")
        on.type("cloud-dns", "9.9.9.9, 192.168.7.1")
        assert on.page.next.isEnabled()
        cloud = on.draft.wish.cloud
        assert cloud is not None and (cloud.address, cloud.dns) == ("192.168.7.10/24", ("9.9.9.9", "192.168.7.1"))
        way.setCurrentIndex(0)
        assert on.draft.wish.cloud is not None and not on.draft.wish.cloud.address
        way.setCurrentIndex(2)
        own: Any = on.page.findChild(QWidget, "cloud-network-config")
        own.setPlainText("a: [b")
        assert not on.page.next.isEnabled()
        way.setCurrentIndex(1)
        assert on.draft.wish.cloud == cloud  # as it was typed

    walk(steps)


def test_an_installation_that_asks_nobody(walk: Any) -> None:
    async def steps(on: Standing) -> None:
        await on.ready()
        on.page.go_on()
        on.page.findChild(QAbstractButton, "unattended").click()
        asked = on.draft.wish.unattended
        assert asked is not None and asked.profile == "jeos"
        assert "Nobody is asked" in on.page.why_not.text()
        on.type("answers-user", "ann")
        on.type("answers-password", "sesame")
        on.type("answers-language", "vi_VN")
        assert on.page.next.isEnabled()
        on.type("answers-password", "with space")
        assert not on.page.next.isEnabled()
        on.type("answers-password", "sesame")
        on.page.findChild(QComboBox, "answers-kind").setCurrentIndex(1)
        on.page.go_on()
        assert "by itself, user ann" in on.words()
        on.page.go_on()
        await on.until(lambda: on.workshop.made)
        asked = on.workshop.made[0][0].unattended
        assert asked is not None and (asked.profile, asked.password, asked.language) == ("desktop", "sesame", "vi_VN")

    walk(steps)


def test_no_answers_where_nobody_asks(walk: Any) -> None:
    async def steps(on: Standing) -> None:
        await on.ready()
        on.page.go_on()
        form = on.page.findChild(QWidget, "answers")
        assert form.isVisibleTo(on.page)
        on.page.findChild(QAbstractButton, "unattended").click()
        on.page.go_back()
        on.page.findChild(QAbstractButton, "source-empty").click()
        await on.looked()
        on.page.go_on()
        assert not form.isVisibleTo(on.page) and on.draft.wish.unattended is None

    walk(steps)


def test_an_unattended_definition_is_shown_as_it_will_be(walk: Any) -> None:
    async def steps(on: Standing) -> None:
        await on.ready()
        on.page.go_on()
        on.page.findChild(QAbstractButton, "unattended").click()
        on.type("answers-user", "ann")
        on.page.shown.click()
        edit, stage = on.page.findChild(QWidget, "shown-xml"), on.page.findChild(QComboBox, "shown-xml-stage")
        await on.until(lambda: "has to be told" in on.words())
        assert "<cmdline>" not in edit.toPlainText()
        on.page.go_on()
        on.type("answers-password", "sesame")
        on.type("answers-root-password", "sesame2")
        on.type("answers-full-name", "Ann Smith")
        on.page.shown.click()
        await on.until(lambda: "<cmdline>auto=true hostname=debian-12" in edit.toPlainText())
        assert "debian-12-initrd" in edit.toPlainText() and not edit.isReadOnly()
        edit.setPlainText(edit.toPlainText().replace("<devices>", "<devices><!-- mine -->"))
        stage.setCurrentIndex(1)
        assert "<kernel>" not in edit.toPlainText() and "mine" in edit.toPlainText() and edit.isReadOnly()
        stage.setCurrentIndex(0)
        assert "<kernel>" in edit.toPlainText() and "mine" in edit.toPlainText() and not edit.isReadOnly()
        asked = on.draft.wish.unattended
        assert asked is not None and (asked.full_name, asked.root_password) == ("Ann Smith", "sesame2")

    walk(steps)


def test_a_small_window_shows_all_of_it(walk: Any) -> None:
    """Nothing is cut off at the right, and why one cannot go on has a line of its own."""

    async def steps(on: Standing) -> None:
        await on.ready()
        on.page.resize(588, 380)
        assert on.page.findChild(QWidget, "source-cdrom").toolTip()  # names only
        on.page.go_on()
        on.page.findChild(QAbstractButton, "unattended").click()
        area = on.page._areas[Page.MACHINE]
        await on.until(lambda: on.page.why_not.width() > 400)
        assert area.widget().width() <= area.viewport().width()
        on.page.resize(1000, 700)
        await on.until(lambda: on.page._foot._row.indexOf(on.page.why_not) == 2)
        assert not on.page.findChild(QWidget, "source-cdrom").toolTip()

    walk(steps)


def test_cards_stand_two_and_two_where_there_is_no_room_for_four(qtbot: Any) -> None:
    page = QWidget()
    qtbot.addWidget(page)
    cards = Cards("cards", "Cards", 4, page)
    for place in range(4):
        cards.add(Card(f"card-{place}", "Name", "what it is"))
    cards.resize(420, 200)
    page.resize(500, 300)
    page.show()
    first, _, third, _ = cards.cards
    qtbot.waitUntil(lambda: third.y() == first.y() and third.x() > first.x())
    cards.resize(300, 200)
    qtbot.waitUntil(lambda: third.y() > first.y() and third.x() == first.x())
    assert cards.minimumSizeHint().width() < 300


def test_enter_while_it_is_looked_at_goes_on_when_that_is_done(walk: Any) -> None:
    async def steps(on: Standing) -> None:
        await on.looked()
        line = on.page.findChild(QLineEdit, "media-line")
        QTest.keyClicks(line, ISO)
        QTest.keyClick(line, Qt.Key.Key_Return)
        assert on.page.page is Page.WHERE
        await on.until(lambda: on.page.page is Page.MACHINE)
        on.page.go_back()
        QTest.keyClicks(line, "x")
        QTest.keyClick(line, Qt.Key.Key_Return)
        QTest.keyClicks(line, "y")  # another file after all
        await on.until(lambda: on.workshop.looked[-1].media == Here(f"{ISO}xy"))
        await on.looked()
        assert on.page.page is Page.WHERE

    walk(steps)


def test_the_kinds_of_sources_by_arrow_keys(walk: Any) -> None:
    async def steps(on: Standing) -> None:
        await on.looked()
        on.page.findChild(QWidget, "media-line").setFocus()
        QTest.keyClick(on.page.focusWidget(), Qt.Key.Key_Backtab)
        assert on.page.focusWidget().objectName() == "source-cdrom"
        QTest.keyClick(on.page.focusWidget(), Qt.Key.Key_Right)
        assert on.draft.wish.source is From.CLOUD
        QTest.keyClick(on.page.focusWidget(), Qt.Key.Key_Tab)
        assert on.page.focusWidget().objectName() == "media-line"

    walk(steps)


def test_cards_by_the_means_of_a_screen_reader(walk: Any) -> None:
    """Those toggle what they choose, nothing is clicked."""

    async def steps(on: Standing) -> None:
        await on.ready()
        on.page.findChild(QAbstractButton, "source-empty").toggle()
        assert on.draft.wish.source is From.EMPTY
        await on.looked()
        on.page.go_on()
        on.page.findChild(QAbstractButton, "size-small").toggle()
        assert on.draft.size is Size.SMALL

    walk(steps)


def test_an_image_that_has_to_be_converted_is_a_copy(walk: Any) -> None:
    async def steps(on: Standing) -> None:
        await on.looked()
        on.page.findChild(QAbstractButton, "source-import").click()
        on.type("media-line", "/home/anna/old.vmdk")
        await on.looked()
        on.page.go_on()
        use, copy = (on.page.findChild(QAbstractButton, name) for name in ("disk-use", "disk-copy"))
        assert use.isEnabled() and use.isChecked()
        # As a screen reader does it, which never clicks.
        for name, wanted in (("disk-copy", (True, False)), ("disk-link", (False, True)), ("disk-use", (False, False))):
            on.page.findChild(QAbstractButton, name).toggle()
            disk = on.draft.wish.disks[0]
            assert (disk.copy, disk.linked) == wanted
        found = replace(on.draft.found, image=Image("/home/anna/old.vmdk", "vmdk", 1 << 30, 1 << 20))
        on.page.desk.put(replace(on.draft, found=found))
        assert not use.isEnabled() and use.toolTip() and copy.isChecked()
        assert on.page.findChild(QComboBox, "disk-pool").isVisibleTo(on.page)

    walk(steps)
