"""Snapshots, a clone and the deletion of a real machine, with the window's own commands and dialogs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.accessibility import Atspi, find, has, press, wait_for
from tests.live.chain_bed import Bed, digest, disk, write
from tests.live.test_black_box import Open, Window, window
from tests.testbed.guests import Guest, Guests, connection
from tests.testbed.keys import Keyboard

__all__ = ["window"]
pytestmark = pytest.mark.live
SLOW = 60.0  # seconds: everything is emulated, and all files of the host are looked at


@pytest.fixture
def bed(make_session_guest: Guests, session_uri: str, tmp_path: Path) -> Iterator[Bed]:
    made = Bed(make_session_guest, session_uri, tmp_path / "pool", tmp_path / "bed")
    yield made
    make_session_guest.remove()
    with connection(session_uri) as opened:
        for domain in opened.listAllDomains(0):
            if domain.name() == "window-clone":
                domain.undefine()
    made.close()


def snapshots(guest: Guest) -> list[str]:
    found: list[str] = guest.ask(lambda domain: [one.getName() for one in domain.listAllSnapshots(0)])
    return found


def names(uri: str) -> list[str]:
    with connection(uri) as opened:
        return [domain.name() for domain in opened.listAllDomains(0)]


def agree(opened: Window, title: str, action: str) -> Any:
    """In the dialog that has this title: its button, as soon as it works."""
    find(opened.application, Atspi.Role.LABEL, title)
    button = find(opened.application, Atspi.Role.PUSH_BUTTON, action)
    wait_for(action, lambda: has(button, Atspi.StateType.SENSITIVE) or None, SLOW)
    return button


def test_a_machines_life(window: Open, bed: Bed, session_uri: str, xdisplay: str) -> None:
    guest = bed.guest(start=False)
    path = Path(disk(guest))
    write(path, 1, 7)
    before = digest(path)
    opened = window(session_uri)

    def press_keys(keys: str) -> Keyboard:
        """In the main window: there is no window manager to give it the keyboard after a dialog."""
        keyboard = Keyboard(xdisplay, opened.process.pid)
        keyboard.press(keys)
        return keyboard

    opened.machines.select(opened.row(guest.name))

    keys = press_keys("ctrl+shift+n")
    agree(opened, f"Take a snapshot of {guest.name}", "Take")
    keys.type("first")  # the suggested name is selected: typing replaces it
    keys.press("Return")
    wait_for("the snapshot", lambda: snapshots(guest) == ["first"] or None, SLOW)

    write(path, 2, 9)
    now = digest(path)
    assert now != before
    keys = press_keys("ctrl+shift+d")
    agree(opened, f"Clone {guest.name}", "Clone")
    keys.type("window-clone")
    keys.press("Return")
    wait_for("the clone", lambda: "window-clone" in names(session_uri) or None, SLOW)
    clones = [one for one in bed.folder.glob("window-clone*") if one.suffix == ".qcow2"]
    assert now in [digest(one) for one in clones] and digest(path) == now

    press_keys("alt+Return")
    tab = find(opened.frame, Atspi.Role.PAGE_TAB, "Snapshots")
    assert tab.get_parent().get_selection_iface().select_child(tab.get_index_in_parent())
    button = find(opened.frame, Atspi.Role.PUSH_BUTTON, "Revert…")
    wait_for("Revert…", lambda: has(button, Atspi.StateType.SENSITIVE) or None, SLOW)
    press(button)
    press(agree(opened, f"Revert {guest.name} to first?", "Revert"))
    wait_for("what was before", lambda: len(snapshots(guest)) == 2 or None, SLOW)  # one of now was taken first
    wait_for("the disk", lambda: digest(path) == before or None, SLOW)

    files = {one.name for one in bed.folder.iterdir()}
    press_keys("shift+Delete")
    press(agree(opened, f"Delete {guest.name}?", "Delete"))
    wait_for("it is gone", lambda: guest.name not in names(session_uri) or None, SLOW)
    wait_for("its file, too", lambda: not path.exists() or None, SLOW)
    assert files - {one.name for one in bed.folder.iterdir()} == {path.name}
    assert digest(clones[0])  # the clone's are still there
