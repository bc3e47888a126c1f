"""The dialog of scheduled snapshots."""

from pytestqt.qtbot import QtBot

from vmdesk.core.schedules import Schedule
from vmdesk.model.errors import Problem
from vmdesk.model.text import text
from vmdesk.ui.dialogs.schedule import ScheduleDialog, said

ONE = Schedule("qemu:///system", "u", "web-01", "daily", 1)
TWO = Schedule("qemu:///system", "u", "web-01", "Mon 08:00", 9)


def dialog(qtbot: QtBot, *there: Schedule, unable: Problem | None = None) -> ScheduleDialog:
    made = ScheduleDialog(None, "web-01", there, unable)
    qtbot.addWidget(made)
    return made


def test_one_more(qtbot: QtBot) -> None:
    made = dialog(qtbot)
    assert made.wish() == ("daily", 7, ()) and made.action.isEnabled() and not made.calendar.isEnabled()
    assert not made.list.isEnabled() and not made.end.isEnabled()
    made.every.setCurrentIndex(made.every.findData(""))
    made.calendar.setText(" Sat 03:00 ")
    made.keep.setValue(3)
    made.external.setChecked(True)
    assert made.wish() == ("Sat 03:00", 3, ("--external",))
    made.calendar.clear()
    assert not made.action.isEnabled() and made._wrong.text() == "Give a calendar."


def test_what_is_there_can_be_ended(qtbot: QtBot) -> None:
    made = dialog(qtbot, ONE, TWO)
    assert [made.list.item(row).text() for row in range(2)] == [
        "every day, at midnight; 1 is kept",
        "Mon 08:00; 9 are kept",
    ]
    assert said(TWO) == "Mon 08:00; 9 are kept"
    made.list.setCurrentRow(1)
    made.end.click()
    assert made.ended() == (TWO,) and made.list.count() == 1
    made.list.setCurrentRow(0)
    made.end.click()
    assert made.ended() == (TWO, ONE) and not made.end.isEnabled() and made.list.item(0).text() == "Nothing yet."


def test_a_failed_one_says_so_and_how_to_see_why(qtbot: QtBot) -> None:
    made = ScheduleDialog(None, "web-01", (ONE, TWO), None, {TWO.unit})
    qtbot.addWidget(made)
    assert "failed" not in made.list.item(0).text() and made.list.item(1).text().endswith("the last one failed")
    assert f"journalctl --user -u {TWO.unit}.service" in made._why.text()
    made.list.setCurrentRow(1)
    made.end.click()
    assert made._why.text() == ""


def test_where_nothing_can_be_scheduled_it_says_why(qtbot: QtBot) -> None:
    made = dialog(qtbot, ONE, unable=Problem(text("Snapshots cannot be scheduled here.")))
    assert not made.action.isEnabled() and "cannot be scheduled" in made._wrong.text()
    made.list.setCurrentRow(0)
    assert made.end.isEnabled()  # what is there can be ended all the same
