"""Notices that go by themselves, and those that do not."""

from collections.abc import Callable

from pytestqt.qtbot import QtBot

from vmdesk.model.errors import Problem
from vmdesk.model.text import text
from vmdesk.ui.parts import Level, Notice
from vmdesk.ui.widgets.notice_bar import OFFERS, STAYS, NoticeBar


def told(what: str, level: Level, *actions: tuple[str, Callable[[], None]]) -> Notice:
    return Notice(Problem(text("{what}.", what=what)), level, actions)


def bar(qtbot: QtBot) -> NoticeBar:
    made = NoticeBar()
    qtbot.addWidget(made)
    return made


def test_what_can_be_undone_stays_longer_than_a_word_in_passing(qtbot: QtBot) -> None:
    notices = bar(qtbot)
    notices.tell(told("copied", Level.INFO))
    assert notices._going.isActive() and notices._going.interval() == STAYS
    notices.tell(told("in the trash", Level.INFO, ("Undo", lambda: None)))
    assert notices.current is not None and notices.current.actions
    assert notices._going.isActive() and notices._going.interval() == OFFERS
    notices._going.timeout.emit()
    assert notices.current is None and not notices.isVisible()


def test_a_trouble_after_it_does_not_go_with_its_clock(qtbot: QtBot) -> None:
    notices = bar(qtbot)
    notices.tell(told("copied", Level.INFO))
    notices.tell(told("broken", Level.ERROR))
    assert not notices._going.isActive()


def test_the_way_back_waits_behind_a_trouble_and_a_word_in_passing_does_not(qtbot: QtBot) -> None:
    notices, undone = bar(qtbot), []
    notices.tell(told("broken", Level.ERROR))
    notices.tell(told("copied", Level.INFO))
    notices.tell(told("in the trash", Level.INFO, ("Undo", lambda: undone.append(1))))
    notices.dismiss()
    assert notices.current is not None and notices.current.actions
    notices._act(notices.current.actions[0][1])
    assert undone == [1] and notices.current is None
