"""The host's CPUs to choose from: by click, drag and keys."""

import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from vmdesk.model.cpu_set import ALL, EMULATOR
from vmdesk.model.domain import DomainKey
from vmdesk.model.facts import Cell, Cpu, HostFacts
from vmdesk.model.pinning import Pinned
from vmdesk.ui.widgets.host_topology import HostTopology

# Two nodes of four CPUs each, two to a core.
FACTS = HostFacts(
    cells=tuple(
        Cell(node, 8 << 20, 4 << 20, tuple(Cpu(n, node, n // 2, (n // 2 * 2, n // 2 * 2 + 1)) for n in numbers))
        for node, numbers in ((0, range(4)), (1, range(4, 8)))
    )
)


@pytest.fixture
def view(qtbot: QtBot) -> HostTopology:
    view = HostTopology()
    qtbot.addWidget(view)
    view.show_facts(FACTS)
    view.resize(700, view.heightForWidth(700))
    view.show()
    view.choose_for(0, frozenset())
    return view


def at(view: HostTopology, number: int) -> QPoint:
    return view.area_of(number).center().toPoint()


def told(view: HostTopology) -> list[tuple[int, str]]:
    heard: list[tuple[int, str]] = []
    view.chosen.connect(lambda part, cpus: heard.append((part, cpus)))
    return heard


def test_a_click_takes_and_gives_back(view: HostTopology, qtbot: QtBot) -> None:
    heard = told(view)
    for number in (2, 5, 2):
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=at(view, number))
    assert heard == [(0, "2"), (0, "2,5"), (0, "5")]
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(2, 2))  # beside all squares
    qtbot.mouseClick(view, Qt.MouseButton.RightButton, pos=at(view, 1))
    assert len(heard) == 3


def test_a_drag_is_one_choice(view: HostTopology, qtbot: QtBot) -> None:
    heard = told(view)
    view.choose_for(ALL, frozenset({1}))
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=at(view, 0))
    for number in (1, 2, 3):
        qtbot.mouseMove(view, at(view, number))
    assert heard == []
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=at(view, 3))
    assert heard == [(ALL, "0-3")]
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=at(view, 3))  # begun on a chosen one: it takes away
    qtbot.mouseMove(view, at(view, 2))
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=at(view, 2))
    assert heard[-1] == (ALL, "0-1")


def test_keys(view: HostTopology, qtbot: QtBot) -> None:
    heard = told(view)
    view.setFocus()
    qtbot.keyClick(view, Qt.Key.Key_Space)
    qtbot.keyClick(view, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert heard == [(0, "0"), (0, "0-1")]
    qtbot.keyClick(view, Qt.Key.Key_End)
    qtbot.keyClick(view, Qt.Key.Key_Space)
    assert heard[-1] == (0, "0-1,7")
    qtbot.keyClick(view, Qt.Key.Key_Home)
    qtbot.keyClick(view, Qt.Key.Key_Space)
    assert heard[-1] == (0, "1,7")
    qtbot.keyClick(view, Qt.Key.Key_Delete)
    assert heard[-1] == (0, "")
    qtbot.keyClick(view, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert heard[-1] == (0, "0-7")


def test_up_and_down_between_lines(view: HostTopology, qtbot: QtBot) -> None:
    view.resize(300, view.heightForWidth(300))  # the nodes are below each other now
    view.setFocus()
    for key, number in ((Qt.Key.Key_Down, 4), (Qt.Key.Key_Right, 5), (Qt.Key.Key_Up, 1), (Qt.Key.Key_Up, 1)):
        qtbot.keyClick(view, key)
        assert view.accessibleDescription().startswith(f"CPU {number}:"), key


def test_it_tells_who_is_there(view: HostTopology) -> None:
    key = DomainKey("laptop", "1")
    view.show_pinned({0: (Pinned(key, "db", (ALL,)), Pinned(key, "web", (1, EMULATOR))), 3: ()})
    view.choose_for(2, frozenset({0}))
    words = view.words_at(*view.area_of(0).center().toTuple()).split("\n")
    assert words[1:] == ["shares its core with CPU 1", "pinned here:", "db", "web: vCPU 1, emulator", "chosen"]
    many = tuple(Pinned(key, f"m{n}", (0,)) for n in range(11))
    view.show_pinned({1: many})
    assert view.words_at(*view.area_of(1).center().toTuple()).endswith("and 3 more")
    assert view.node_cpus() == {0: {0, 1, 2, 3}, 1: {4, 5, 6, 7}}
    assert not view.grab().isNull()


def test_set_from_outside_is_told_once(view: HostTopology) -> None:
    heard = told(view)
    view.set_cpus(frozenset({4, 5}))
    view.set_cpus(frozenset({4, 5}))
    assert heard == [(0, "4-5")]
    view.choose_for(1, frozenset({0}))
    assert (view.part, view.cpus, len(heard)) == (1, {0}, 1)


def test_a_host_that_tells_nothing_has_no_squares(qtbot: QtBot) -> None:
    view = HostTopology()
    qtbot.addWidget(view)
    view.show_facts(HostFacts())
    qtbot.keyClick(view, Qt.Key.Key_Space)
    qtbot.keyClick(view, Qt.Key.Key_Right)
    assert view.cpus == frozenset() and view.isHidden()
