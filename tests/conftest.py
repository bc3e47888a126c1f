"""What holds for every test: no display of the machine's, private folders, a fixed chance, and who needs root."""

import gc
import os
import random
import shutil
import tempfile
from pathlib import Path

import hypothesis
import pytest

from tests.testbed import client, parts, scale

pytest_plugins = ["tests.testbed.fixtures"]
_LIVE = Path(__file__).parent / "live"
_claims = parts.Claims.of_environment()
_not_run: list[str] = []
_ended: list[str] = []


def pytest_configure(config: pytest.Config) -> None:
    """Before anything of Qt or libvirt is loaded: their settings, sockets and caches go to a folder of our own."""
    folder = Path(tempfile.mkdtemp(prefix="vmd-"))
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    for name in ("CONFIG", "CACHE", "DATA", "STATE"):
        os.environ[f"XDG_{name}_HOME"] = str(folder / name.lower())
    # The same examples every time, and nothing written into the checkout, which belongs to somebody else.
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(folder / "hypothesis")
    examples = max(100, scale.reps(1000))
    hypothesis.settings.register_profile("same", database=None, derandomize=True, deadline=None, max_examples=examples)
    hypothesis.settings.load_profile("same")
    if not client.present():  # the sandbox has brought a private one
        (folder / "run").mkdir(mode=0o700)
        os.environ["XDG_RUNTIME_DIR"] = str(folder / "run")
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    # libvirt's default event loop iterates GLib's default main context in its thread, and Qt's GLib dispatcher takes
    # the same one for the main thread: whoever comes second crashes. Here both live in one process for many tests.
    os.environ["QT_NO_GLIB"] = "1"
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS"):
        os.environ.pop(name, None)
    gc.disable()  # as in the program: only the main thread collects, what is Qt's may not be destroyed in another one
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"  # never the machine's wallet


def pytest_report_header() -> list[str]:
    where = "private system libvirtd" if client.present() else "no root: no private system libvirtd"
    return [f"vmdesk: TEST_SCALE={scale.SCALE:g} TEST_SEED={scale.SEED}; {where}"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies in live/, and where there is no sandbox skip what needs one. In two processes: the order."""
    if _claims:
        items.sort(key=lambda item: _claims.rank(_file(item)))
    for item in items:
        if item.path.is_relative_to(_LIVE):
            item.add_marker(pytest.mark.live)
        if not client.present() and client.NEED_ROOT & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.skip(reason="needs root for a private libvirtd"))
            _not_run.append(item.nodeid)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """In two processes: pytest's own loop, over the tests of the files that are ours. A file is claimed while the last
    test of the one before runs: what is set up for both is not taken down between them.
    """
    if not _claims or session.testsfailed or session.config.option.collectonly:
        return None
    ours = (item for item in session.items if _claims.ours(_file(item)))
    item = next(ours, None)
    while item:
        following = next(ours, None)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)
        item = following
    return True


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


def pytest_runtest_logfinish(nodeid: str) -> None:
    """Between two tests, on the main thread."""
    _ended.append(nodeid)
    gc.collect(2 if len(_ended) % 20 == 0 else 1)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _not_run and (not _claims or _claims.first):  # once, by one of two
        terminalreporter.section("not run: no root, so no private libvirtd")
        for name in _not_run:
            terminalreporter.write_line(name)


@pytest.fixture(autouse=True)
def _same_chance() -> None:
    random.seed(scale.SEED)
