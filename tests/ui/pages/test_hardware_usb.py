"""USB rules and mediated devices in the tab "Hardware", over libvirt's test driver, with devices it has not got."""

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtWidgets import QCheckBox
from pytestqt.qtbot import QtBot

from tests.ui.desk import dialog_of, until
from tests.ui.pages.test_machine_hardware import apply, control, lines, off, page_of, stored
from tests.ui.pages.xml_bench import Bench
from tests.unit.core.test_hardware_usb import CAM, KEYS, MDEV, SLICE
from vmdesk.model.host_devices import HostDevices
from vmdesk.model.replug import UsbRule
from vmdesk.ui.dialogs.hardware import AddDialog

USB = (
    "<hostdev mode='subsystem' type='usb' managed='yes'><source><vendor id='0x046d'/><product id='0x0825'/></source>"
    "</hostdev>"
)
KEY = "hostdev/usb/046d:0825"


def test_the_rule_of_a_device_that_is_there(talk: Callable[..., None], qtbot: QtBot) -> None:
    async def work(made: Bench) -> None:
        domain = off(made)
        await made.change(domain, "</devices>", f"{USB}</devices>")
        page = await page_of(made, domain, qtbot)
        page.list.choose(KEY)
        again, sure = control(page, QCheckBox, "again"), control(page, QCheckBox, "sure")
        assert not again.isChecked() and not sure.isEnabled() and "Only with" in sure.toolTip()
        again.setChecked(True)
        assert sure.isEnabled() and "Given to the machine whenever it is plugged in: 046d:0825" in lines(page)[0]
        await apply(page)
        after = await stored(made, domain)
        assert after.usb_rules == (UsbRule("046d", "0825"),) and after.host_devices[0].startup == "optional"
        assert page.list.key() == KEY and control(page, QCheckBox, "again").isChecked()
        page.remove.click()
        await until(lambda: made.ask.asked and not page._working and page.list.key() != KEY, "it is gone")
        after = await stored(made, domain)
        assert after.usb_rules == () and after.host_devices == ()

    talk(work)


def devices(monkeypatch: pytest.MonkeyPatch, found: list[HostDevices]) -> None:
    """What the host has, the last one again and again."""

    async def read(_connection: Any, usb_only: bool = False) -> HostDevices:
        return found.pop(0) if len(found) > 1 else found[0]

    monkeypatch.setattr("vmdesk.core.hardware.adding.host_devices.host_devices_of", read)


def test_a_port_is_a_rule_with_a_page_of_its_own(
    talk: Callable[..., None], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    devices(monkeypatch, [HostDevices(usb=(CAM, KEYS))])

    async def work(made: Bench) -> None:
        domain = off(made)
        page = await page_of(made, domain, qtbot)
        page.add.click()
        dialog = await dialog_of(AddDialog)
        dialog.choose("usb")
        device, way = dialog.form.controls["device"], dialog.form.controls["way"]
        device.setCurrentIndex(device.findData(KEYS.name))
        assert not dialog.action.isEnabled() and "Tick" in dialog._wrong.text()
        assert "keyboard or mouse" in dialog._notes.words[0]
        dialog.form.controls["sure"].setChecked(True)
        way.setCurrentIndex(way.findData("port"))
        dialog.form.controls["again"].setChecked(True)
        assert dialog.action.isEnabled()
        dialog.action.click()
        await until(lambda: page.list.key() == "usb-rule/1-2", "its page is shown")
        assert (await stored(made, domain)).usb_rules == (UsbRule(port="1-2", sure=True),)
        assert page.title.text() == "USB port 1-2" and page.remove.isEnabled()
        page.remove.click()
        await until(lambda: made.ask.asked and not page._working and page.list.key() != "usb-rule/1-2", "it is gone")
        assert (await stored(made, domain)).usb_rules == ()

    talk(work)


def test_a_mediated_device_that_nobody_has_is_deleted(
    talk: Callable[..., None], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    devices(monkeypatch, [HostDevices(mdev=(MDEV,), slices=(SLICE,)), HostDevices(slices=(SLICE,))])
    deleted: list[str] = []

    async def delete(_connection: Any, uuid: str) -> None:
        deleted.append(uuid)

    monkeypatch.setattr("vmdesk.core.hardware.adding.mdevs.delete", delete)

    async def work(made: Bench) -> None:
        page = await page_of(made, off(made), qtbot)
        page.add.click()
        dialog = await dialog_of(AddDialog)
        assert not dialog.delete.isVisibleTo(dialog)
        dialog.choose("mdev")
        dialog.form.controls["new"].setChecked(True)
        assert not dialog.delete.isEnabled() and dialog.delete.toolTip()
        dialog.form.controls["new"].setChecked(False)
        assert dialog.delete.isEnabled()
        dialog.delete.click()
        await until(lambda: deleted and "device" not in dialog.form.controls, "it is gone from the form")
        assert deleted == [MDEV.uuid] and MDEV.uuid in str(made.ask.asked[-1].title)
        assert dialog.kind.id == "mdev" and not dialog.delete.isVisibleTo(dialog)
        dialog.reject()

    talk(work)


def test_a_new_mediated_device_is_taken_back_if_the_machine_cannot_have_it(
    talk: Callable[..., None], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    devices(monkeypatch, [HostDevices(slices=(SLICE,))])
    made_: list[str] = []

    async def create(_connection: Any, kind: Any, uuid: str, lasting: bool) -> None:
        assert (kind, lasting) == (SLICE, True)
        made_.append(uuid)

    async def delete(_connection: Any, uuid: str) -> None:
        made_.remove(uuid)

    monkeypatch.setattr("vmdesk.core.hardware.adding.mdevs.create", create)
    monkeypatch.setattr("vmdesk.core.hardware.adding.mdevs.delete", delete)

    async def work(made: Bench) -> None:
        domain = made.star
        page = await page_of(made, domain, qtbot)
        page._follow.stop()
        page.add.click()
        dialog = await dialog_of(AddDialog)
        dialog.choose("mdev")
        await made.change(domain, "<on_crash>restart", "<on_crash>destroy")  # so that it is refused
        dialog.action.click()
        await until(lambda: any("Taking back" in one.title.source for one in made.parts.jobs.all), "it is taken back")
        await until(lambda: not made.parts.jobs.running, "all is done")
        assert made_ == [] and (await stored(made, domain)).host_devices == ()

    talk(work)
