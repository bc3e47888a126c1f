"""Opens the real window in this process, for the measures that only it can tell."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from vmdesk.app import App, Options
from vmdesk.core.paths import Paths
from vmdesk.core.session import Session
from vmdesk.core.settings import SettingsFile
from vmdesk.core.store import Store
from vmdesk.model.host import Link
from vmdesk.ui.main_window import MainWindow

PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Inside:
    """The open window, the truth behind it, and its only host."""

    store: Store
    window: MainWindow
    session: Session


def run(uri: str, folder: Path, measure: Callable[[Inside], Awaitable[None]]) -> None:
    """Open the window on one host, wait until its machines are there, measure, close."""
    os.environ["QT_NO_GLIB"] = "1"  # as vmdesk/app.py does
    qt = QApplication.instance() or QApplication(["vmdesk"])
    assert isinstance(qt, QApplication)
    with asyncio.Runner(loop_factory=lambda: QEventLoop(qt)) as runner:
        runner.run(_open(qt, uri, folder, measure))


async def _open(qt: QApplication, uri: str, folder: Path, measure: Callable[[Inside], Awaitable[None]]) -> None:
    paths = Paths.of(folder)
    paths.make()
    settings = SettingsFile(paths.settings_file)
    settings.load()
    app = App(qt, Options(connect=(uri,)), paths, settings)
    running = asyncio.create_task(app.run())
    try:
        async with asyncio.timeout(PATIENCE):
            while app.front is None or not any(host.link is Link.UP for host in app.store.hosts.values()):
                await asyncio.sleep(0.05)
        await measure(Inside(app.store, app.window, app.sessions.all[0]))
    finally:
        app.end()
        await running
