"""The tab "Hardware" of the real window, driven from outside: the memory of a machine that is off, a card's cable."""

from typing import Any

import libvirt
import pytest

from tests.live.accessibility import Atspi, find, has, press, wait_for
from tests.live.test_black_box import Open, Window, window
from tests.testbed.guests import Guest, Guests
from tests.testbed.keys import Keyboard
from vmdesk.virtxml import hardware

__all__ = ["window"]
pytestmark = pytest.mark.live
SLOW = 40.0  # seconds: everything is emulated


def found(guest: Guest, *, stored: bool) -> hardware.Hardware:
    flags = libvirt.VIR_DOMAIN_XML_INACTIVE if stored else 0
    return hardware.parse(guest.ask(lambda domain: str(domain.XMLDesc(flags))))


def open_hardware(window: Open, guest: Guest, display: str) -> Window:
    opened = window(guest.uri)
    opened.machines.select(opened.row(guest.name))
    Keyboard(display, opened.process.pid).press("alt+Return")
    tab = find(opened.frame, Atspi.Role.PAGE_TAB, "Hardware")
    assert tab.get_parent().get_selection_iface().select_child(tab.get_index_in_parent())
    return opened


def choose(opened: Window, start: str) -> None:
    """The entry of the list that begins with these words."""
    listed = find(opened.frame, Atspi.Role.LIST, "Hardware")
    item = find(listed, Atspi.Role.LIST_ITEM, having=lambda one: one.get_name().startswith(start))
    assert listed.get_selection_iface().select_child(item.get_index_in_parent())


def apply(opened: Window) -> None:
    button = find(opened.frame, Atspi.Role.PUSH_BUTTON, "Apply")
    wait_for("Apply", lambda: has(button, Atspi.StateType.SENSITIVE) or None, SLOW)
    press(button)


def shown(opened: Window, role: Any, name: str) -> Any:
    """The control that is on the screen: other tabs may have one of the same name."""
    return find(opened.frame, role, name, lambda one: has(one, Atspi.StateType.SHOWING))


def test_the_memory_of_a_machine_that_is_off(window: Open, make_guest: Guests, xdisplay: str) -> None:
    guest = make_guest("memory", memory=64, start=False)
    opened = open_hardware(window, guest, xdisplay)
    choose(opened, "Memory,")
    given = shown(opened, Atspi.Role.SPIN_BUTTON, "Given")
    assert given.get_value_iface().get_current_value() == 64
    assert Atspi.Value.set_current_value(given.get_value_iface(), 96)
    apply(opened)
    wait_for("its definition", lambda: found(guest, stored=True).memory.given_kib == 96 * 1024 or None, SLOW)
    assert found(guest, stored=True).memory.most_kib == 96 * 1024


def test_the_cable_of_a_machine_that_runs(window: Open, make_guest: Guests, xdisplay: str) -> None:
    card = "<interface type='user'><mac address='52:54:00:0a:0b:01'/><model type='virtio'/></interface>"
    guest = make_guest("cable", memory=64, devices=card)
    opened = open_hardware(window, guest, xdisplay)
    choose(opened, "Network card")
    press(shown(opened, Atspi.Role.CHECK_BOX, "The cable is plugged in"))
    apply(opened)
    wait_for("the cable", lambda: not found(guest, stored=False).nics[0].link or None, SLOW)
    assert not found(guest, stored=True).nics[0].link
