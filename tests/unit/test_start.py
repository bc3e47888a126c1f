"""What the first picture of the window does not need is not loaded before it: each of these is milliseconds."""

import subprocess
import sys

import pytest

LATER = (
    "decimal",
    "html",
    "platform",
    "ssl",
    "uuid",
    "vmdesk.cli.main",
    "vmdesk.core.screens",
    "vmdesk.model.abilities",
    "vmdesk.model.facts",
    "vmdesk.model.hardware",
    "vmdesk.model.limits",
    "vmdesk.model.pinning",
    "vmdesk.model.storage",
    "vmdesk.model.wish",
    "vmdesk.ui.console",
    "vmdesk.ui.dialogs",
    "vmdesk.ui.pages.activity",
    "vmdesk.ui.pages.host",
    "vmdesk.ui.pages.machine",
    "vmdesk.ui.pages.preferences",
    "vmdesk.virt.abilities",
    "vmdesk.virt.kvm",
    "vmdesk.virtxml.build",
    "vmdesk.virtxml.capabilities",
    "vmdesk.virtxml.edit.devices",
    "vmdesk.virtxml.edit.ranges",
)
_START = """
import sys
import vmdesk.__main__
from vmdesk.ui import binding, later
binding.load()
import vmdesk.app, asyncio
asyncio.run(later.load_window())
print(*sys.modules)
import linecache
print(*("text-of:" + name for name in linecache.cache))
"""


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    done = subprocess.run([sys.executable, "-c", _START], stdout=subprocess.PIPE, text=True, check=True, timeout=60)
    return set(done.stdout.split())


def test_the_window_is_loaded(loaded: set[str]) -> None:
    assert {"PySide6.QtWidgets", "vmdesk.ui.main_window", "vmdesk.ui.front"} <= loaded


@pytest.mark.parametrize("name", LATER)
def test_is_loaded_later(loaded: set[str], name: str) -> None:
    assert name not in loaded


def test_no_text_of_a_module_is_read(loaded: set[str]) -> None:
    """It is compiled already; Qt's binding would look into each for what it may want of it (ui/binding.py)."""
    assert not [word for word in loaded if word.startswith("text-of:") and word.endswith(("_window.py", "app.py"))]
