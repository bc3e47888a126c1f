"""The tab "Hardware" of the real window, driven from outside: the memory of a machine that is off, a card's cable."""

from collections.abc import Callable
from typing import Any

import libvirt
import pytest

from tests.live.accessibility import Atspi, find, has, press, wait_for
from tests.live.test_black_box import Open, Window, window
from tests.live.test_edit_live import apply as apply_changes
from tests.live.test_edit_live import both, found, run
from tests.testbed.guests import Guest, Guests
from tests.testbed.keys import Keyboard
from vmdesk.model.text import text
from vmdesk.virt import hardware
from vmdesk.virtxml.edit import devices

__all__ = ["window"]
pytestmark = pytest.mark.live
SLOW = 40.0  # seconds: everything is emulated


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

    def look() -> Any:
        listed.clear_cache()
        items = [listed.get_child_at_index(n) for n in range(listed.get_child_count())]
        return next((one for one in items if one and one.get_name().startswith(start)), None)

    item = wait_for(start, look, SLOW)
    assert listed.get_selection_iface().select_child(item.get_index_in_parent())


def apply(opened: Window) -> None:
    button = find(opened.frame, Atspi.Role.PUSH_BUTTON, "Apply")
    wait_for("Apply", lambda: has(button, Atspi.StateType.SENSITIVE) or None, SLOW)
    press(button)


def shown(opened: Window, role: Any, name: str) -> Any:
    """The control that is on the screen: other tabs may have one of the same name."""
    return find(opened.frame, role, name, lambda one: has(one, Atspi.StateType.SHOWING))


def test_what_the_pages_do_to_a_running_machine(make_guest: Guests) -> None:
    """Besides what `vmdesk edit` does, too."""
    guest = make_guest("pages", memory=64, disks=[8], graphics="vnc", start=False)
    assert both(apply_changes(guest, hardware.update_device(text("x"), "graphics/vnc", password("first")))) == [
        (False, True)
    ]
    guest.start()
    applied = apply_changes(
        guest,
        hardware.description("Two\nlines"),
        hardware.balloon_period(5),
        hardware.update_device(text("x"), "graphics/vnc", password("second")),
    )
    assert both(applied) == [(True, True)] * 3
    for stored in (False, True):
        now = found(guest, stored=stored)
        assert (now.overview.description, now.memory.balloon_period) == ("Two\nlines", 5)
    secure = libvirt.VIR_DOMAIN_XML_SECURE
    assert "passwd='second'" in guest.ask(lambda domain: domain.XMLDesc(secure))
    target = now.disks[-1].target
    sizes = run(guest.uri, lambda opened: hardware.disk_sizes(opened, guest.uuid, (target, "none")))
    assert sizes == ((target, 8 << 20),)


def password(words: str) -> Callable[[str], str]:
    return lambda xml: devices.graphics_password(xml, "graphics/vnc", words)


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
    wait_for("the stored cable", lambda: not found(guest, stored=True).nics[0].link or None, SLOW)
