"""Why is it slow: findings with their buttons, or what was looked at."""

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from vmdesk.core.slow import Cause, Finding, Look, Verdict
from vmdesk.model.text import text
from vmdesk.ui.widgets.slow_view import SlowView

QUOTA = Finding(Cause.QUOTA, text("Its quota"), text("50 of 50"), 0.6, "cpu.quota", text("Change its CPU quota"))
DROPS = Finding(Cause.DROPS, text("It loses packets"), text("9 a second"), 0.1)
LOOKS = (Look(text("processor"), "KVM"), Look(text("packets dropped")))


@pytest.fixture
def view(qtbot: QtBot) -> SlowView:
    view = SlowView()
    qtbot.addWidget(view)
    view.show()
    return view


def seen(view: SlowView) -> list[str]:
    """From top to bottom."""
    QApplication.sendPostedEvents()
    view.adjustSize()
    labels = [label for label in view.findChildren(QLabel) if label.isVisible()]
    return [label.text() for label in sorted(labels, key=lambda label: label.mapTo(view, QPoint()).y())]


def test_before_anything_is_known(view: SlowView) -> None:
    assert seen(view) == ["Looking: two readings are needed."]
    view.show_verdict(None, "It does not run.")
    assert seen(view) == ["It does not run."]


def test_nothing_is_slow(view: SlowView) -> None:
    view.show_verdict(Verdict((), LOOKS, 12.4))
    assert seen(view) == [
        "Nothing that can be seen from here holds it back.",
        "Looked at for 12 s: processor: KVM",
        "Not told in this time: packets dropped",
    ]


def test_findings_with_their_controls(view: SlowView, qtbot: QtBot) -> None:
    view.show_verdict(Verdict((QUOTA, DROPS), LOOKS, 60.0))
    assert seen(view)[:4] == ["Its quota", "50 of 50", "It loses packets", "9 a second"]
    (button,) = [one for one in view.findChildren(QPushButton, "slow-control") if one.isVisible()]
    with qtbot.waitSignal(view.control_wanted) as told:
        button.click()
    assert (button.accessibleName(), told.args) == ("Change its CPU quota", ["cpu.quota"])


def test_rows_stay_while_their_figures_change(view: SlowView) -> None:
    view.show_verdict(Verdict((QUOTA, DROPS), LOOKS, 60.0))
    row = view.findChild(object, "slow-own-cpu-quota")
    other = Finding(Cause.QUOTA, QUOTA.what, text("49 of 50"), 0.5, "cpu.quota", QUOTA.action)
    view.show_verdict(Verdict((other,), LOOKS, 61.0))
    assert view.findChild(object, "slow-own-cpu-quota") is row
    assert row.accessibleName() == "Its quota: 49 of 50"
    assert "It loses packets" not in seen(view)
    view.show_verdict(Verdict((), LOOKS, 62.0))
    assert seen(view)[0].startswith("Nothing")


def test_one_that_needs_no_readings(view: SlowView) -> None:
    emulated = Finding(Cause.EMULATED, text("Emulated"), text("Slow."), 1.0)
    view.show_verdict(Verdict((emulated,)))
    assert seen(view) == ["Emulated", "Slow.", "Looking: two readings are needed."]
