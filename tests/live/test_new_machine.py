"""A newcomer's way, by accessibility and by keyboard alone: New, an ISO, a running guest with its console open."""

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import libvirt
import pytest

from tests.live.accessibility import Atspi, find, has, press, wait_for, walk
from tests.live.test_black_box import Open, Window, window
from tests.testbed.guests import connection
from tests.testbed.keys import Keyboard

__all__ = ["window"]
pytestmark = pytest.mark.live
PAGES, CLICKS = 4, 12
SLOW = 60.0  # seconds: the host is looked at for the first time, and everything is emulated

EMPTY = "<domain type='qemu'><name>{}</name>{}<memory>65536</memory><os><type>hvm</type></os></domain>"

Forget = Callable[[str, str], None]


@pytest.fixture
def forget() -> Iterator[Forget]:
    """`forget(uri, name)`: after the test the machine and its disks are gone."""
    made: list[tuple[str, str]] = []
    yield lambda uri, name: made.append((uri, name))
    for uri, name in made:
        with connection(uri) as opened:
            for domain in opened.listAllDomains(0):
                if domain.name() == name:
                    if domain.isActive():
                        domain.destroy()
                    domain.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_NVRAM)
            for pool in opened.listAllStoragePools(libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE):
                for volume in pool.listAllVolumes(0):
                    if volume.name().startswith(name):
                        volume.delete(0)


class Newcomer:
    """Clicks, and counts them; each page that is seen is counted, too."""

    def __init__(self, opened: Window) -> None:
        self.window, self.clicks, self.pages = opened, 0, 0

    def click(self, name: str) -> None:
        button = find(self.window.frame, Atspi.Role.PUSH_BUTTON, name)
        wait_for(f"{name} to be enabled", lambda: has(button, Atspi.StateType.SENSITIVE) or None, SLOW)
        press(button)
        self.clicks += 1

    def type(self, field: str, words: str) -> None:
        """Into a field: a click, and the keys."""
        line = find(self.window.frame, Atspi.Role.TEXT, field)
        assert Atspi.EditableText.set_text_contents(line.get_editable_text_iface(), words)
        self.clicks += 1

    def sees(self, title: str) -> None:
        find(self.window.frame, Atspi.Role.LABEL, title)
        self.pages += 1


def is_running(uri: str, name: str) -> bool:
    with connection(uri) as opened:
        return any(one.name() == name and one.isActive() for one in opened.listAllDomains(0))


def console_is_open(frame: Any) -> bool:
    """Whether the tab Console is the one that is seen."""
    tabs = (one for one in walk(frame) if one.get_role() == Atspi.Role.PAGE_TAB and one.get_name() == "Console")
    return any(has(tab, Atspi.StateType.SELECTED) for tab in tabs)


@pytest.mark.parametrize("daemon", ["system", "session"])
def test_a_newcomers_way(window: Open, rescue_cd: Path, request: Any, forget: Forget, daemon: str) -> None:
    uri = request.getfixturevalue(f"{daemon}_uri")
    name = rescue_cd.stem
    forget(uri, name)
    opened = window(uri)
    person = Newcomer(opened)
    person.click("New machine")
    person.sees("Where does the machine come from?")
    person.type("CD image", str(rescue_cd))
    person.click("Next")
    person.sees("What should it be like?")
    person.click("Next")
    person.sees("Is this right?")
    person.click("Create")
    wait_for(f"{name} runs", lambda: is_running(uri, name) or None, SLOW)
    wait_for("its console", lambda: console_is_open(opened.frame) or None, SLOW)
    wait_for("its page in front", lambda: opened.frame.get_name().endswith(name) or None)
    assert person.pages <= PAGES and person.clicks <= CLICKS
    print(f"{person.clicks} clicks, {person.pages} pages")


def test_by_keyboard_alone(window: Open, rescue_cd: Path, session_uri: str, forget: Forget, xdisplay: str) -> None:
    name = f"keys-{os.getpid()}"
    forget(session_uri, name)
    opened = window(session_uri)
    keys = Keyboard(xdisplay, opened.process.pid)
    keys.press("ctrl+n")
    find(opened.frame, Atspi.Role.LABEL, "Where does the machine come from?")
    keys.type(str(rescue_cd))
    following = find(opened.frame, Atspi.Role.PUSH_BUTTON, "Next")
    wait_for("Next", lambda: has(following, Atspi.StateType.SENSITIVE) or None, SLOW)
    keys.press("Return")
    find(opened.frame, Atspi.Role.LABEL, "What should it be like?")
    keys.type(name)  # the suggested name is selected: typing replaces it
    keys.press("Return")
    find(opened.frame, Atspi.Role.LABEL, "Is this right?")
    keys.press("Return")
    wait_for(f"{name} runs", lambda: is_running(session_uri, name) or None, SLOW)
    wait_for("its console", lambda: console_is_open(opened.frame) or None, SLOW)


def test_a_failure_leaves_what_was_typed(window: Open, rescue_cd: Path, session_uri: str, forget: Forget) -> None:
    """The name is taken meanwhile: the wizard says so, with everything as it was."""
    name = f"taken-{os.getpid()}"
    forget(session_uri, name)
    opened = window(session_uri)
    person = Newcomer(opened)
    person.click("New machine")
    person.type("CD image", str(rescue_cd))
    person.click("Next")
    person.type("Name", name)
    person.click("Next")
    person.sees("Is this right?")
    with connection(session_uri) as other:
        other.defineXML(
            f"<domain type='qemu'><name>{name}</name><memory>65536</memory><os><type>hvm</type></os></domain>"
        )
    person.click("Create")

    def said() -> Any:
        words = (one.get_name() for one in walk(opened.frame))
        return next((one for one in words if "machine called" in one), None)

    assert name in wait_for("the sentence", said, SLOW)
    find(opened.frame, Atspi.Role.PUSH_BUTTON, "Create")
    person.click("Back")
    line = find(opened.frame, Atspi.Role.TEXT, "Name")
    assert Atspi.Text.get_text(line.get_text_iface(), 0, -1) == name


def test_what_was_left_behind_is_tidied_up(window: Open, system_uri: str, tmp_path: Path) -> None:
    """A program that was killed while it made a machine: the next window removes what it made, on that host only."""
    files = [tmp_path / "half-fetched", tmp_path / "for-another-host"]
    folder = tmp_path / "settings" / "journal"
    folder.mkdir(parents=True)
    for number, host in enumerate((system_uri, "qemu+ssh://elsewhere/system")):
        files[number].write_text("half of it")
        head = {"format": 1, "kind": "create", "host": host, "title": "left", "began": time.time(), "data": {}}
        step = {"step": "file", "data": {"path": str(files[number])}}
        lines = "".join(json.dumps(one) + "\n" for one in (head, step))
        (folder / f"20260101-000000-create-{number}.journal").write_text(lines)
    window(system_uri)
    wait_for("the file removed", lambda: not files[0].exists() or None, SLOW)
    wait_for("the entry closed", lambda: [one.stem[-1] for one in folder.glob("*.journal")] == ["1"] or None)
    assert files[1].exists()
