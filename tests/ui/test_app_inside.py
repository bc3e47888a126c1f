"""The composition root inside this process: closing with work under way, mistakes, opening by name."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QAbstractButton, QApplication, QPlainTextEdit, QSystemTrayIcon, QWidget

from vmdesk.app import App, Options
from vmdesk.core import activity_words, language
from vmdesk.core.commands.conditions import has_process
from vmdesk.core.notify import Announcement
from vmdesk.core.paths import Paths
from vmdesk.core.settings import SettingsFile
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.host import Link
from vmdesk.model.text import text
from vmdesk.ui import notify
from vmdesk.ui.parts import Level

Script = Callable[[App], Coroutine[Any, Any, None]]
Play = Callable[..., int]


async def until(ready: Callable[[], Any], seconds: float = 15.0) -> None:
    async with asyncio.timeout(seconds):
        while not ready():
            await asyncio.sleep(0.02)


def _said(app: App) -> str:
    notice = app.window.notices.current
    return str(notice.problem) if notice else "nothing"


@pytest.fixture
def play(qapp: QApplication, run_async: Any, tmp_path: Path) -> Play:
    """`play(script)`: the program with the practice host, and somebody who does what the script says."""
    theme = qapp.palette()

    def run(script: Script, **options: Any) -> int:
        paths = Paths(tmp_path, tmp_path / "run")
        paths.make()
        settings = SettingsFile(paths.settings_file)
        settings.load()

        async def act(app: App) -> None:
            await until(lambda: app.front)
            try:
                await script(app)
            except TimeoutError as error:
                raise TimeoutError(f"what the window said last: {_said(app)}; jobs: {app.jobs.running}") from error

        async def main() -> int:
            app = App(qapp, Options(**({"connect": ("practice",)} | options)), paths, settings)
            acting = asyncio.create_task(act(app))
            async with asyncio.timeout(40):
                code = await app.run()
                await acting
            return code

        try:
            return int(run_async(main()))
        finally:
            qapp.setPalette(theme)

    return run


def test_lists_and_ends(play: Play, tmp_path: Path) -> None:
    async def script(app: App) -> None:
        await until(lambda: len(app.store.domains) == 30)
        app.window.machines.settle()
        assert app.window.machines.model.rowCount() == 30
        app.window.close()

    assert play(script) == 0
    assert (tmp_path / "practice.xml").exists()


def test_closing_waits_for_work_if_told_so(play: Play) -> None:
    ended: list[str] = []

    async def work() -> None:
        await asyncio.sleep(1.0)
        ended.append("work")

    async def script(app: App) -> None:
        await until(lambda: any(host.link is Link.UP for host in app.store.hosts.values()))
        app.jobs.start(text("Copying"), work())
        app.window.close()
        await until(lambda: app.window.findChild(QWidget, "ClosingDialog"))
        dialog = app.window.findChild(QWidget, "ClosingDialog")
        assert dialog is not None
        dialog.findChild(QAbstractButton, "cancel").click()  # type: ignore[union-attr]
        await until(lambda: not app.window.findChild(QWidget, "ClosingDialog"))
        assert app.window.isVisible()
        app.window.close()
        await until(lambda: app.window.findChild(QWidget, "ClosingDialog"))
        dialog = app.window.findChild(QWidget, "ClosingDialog")
        assert dialog is not None
        dialog.findChild(QAbstractButton, "action").click()  # type: ignore[union-attr]

    assert play(script) == 0
    assert ended == ["work"]


def test_a_mistake_is_one_dialog(play: Play) -> None:
    async def wrong() -> None:
        raise ZeroDivisionError("a mistake of ours")

    async def script(app: App) -> None:
        app.jobs.spawn("wrong", wrong())
        asyncio.get_running_loop().call_soon(lambda: 1 / 0)
        await until(lambda: app.window.findChild(QWidget, "CrashDialog"))
        await asyncio.sleep(0.1)
        assert len(app.window.findChildren(QWidget, "CrashDialog")) == 1
        details = app.window.findChild(QPlainTextEdit, "details")
        assert details is not None and details.toPlainText().count("Traceback") == 2
        app.end()

    assert play(script) == 0


def test_opens_the_machine_it_was_started_for(play: Play) -> None:
    async def script(app: App) -> None:
        await until(lambda: app.store.domains)
        key, domain = next(iter(app.store.domains.items()))
        app.front.on_message({"do": "open", "uri": "", "uuid": key.uuid, "name": domain.name})
        await until(lambda: app.window.tabs.count() == 2)
        assert app.window.windowTitle() == f"VMDesk – {domain.name}"
        app.end()

    assert play(script) == 0


def test_what_a_second_start_wants_that_cannot_be(play: Play) -> None:
    async def script(app: App) -> None:
        app.front.on_message({"do": "raise", "connect": ["qemu+ext:///system"]})
        assert app.window.notices.current is not None
        assert app.window.notices.current.level is Level.WARNING
        app.end()

    assert play(script) == 0


@pytest.mark.parametrize("name", ["settings.json", "history.sqlite", "activity.sqlite", "practice.xml"])
@pytest.mark.parametrize(
    "content", [b'{"language": "vi", "hos', bytes(range(256)) * 40, b"SQLite format 3\0and no more"]
)
def test_a_broken_file_is_set_aside_and_told(name: str, content: bytes, play: Play, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_bytes(content)

    def told(app: App) -> str:
        bar = app.window.notices
        return " ".join(str(notice.problem) for notice in (*bar._now, *bar._waiting))

    async def script(app: App) -> None:
        await until(lambda: len(app.store.domains) == 30)
        if name == "history.sqlite":
            key = next(iter(app.store.domains))
            await app._archive.read(key, "cpu", 0.0, 1e5)
        await until(lambda: f"{name}.broken" in told(app), 5.0)
        assert app.window.isVisible()
        app.end()

    assert play(script) == 0
    [aside] = tmp_path.glob(f"{name}.broken*")
    assert aside.read_bytes() == content


def test_notifications_quote_what_they_say(monkeypatch: pytest.MonkeyPatch) -> None:
    words = notify.call_of(Announcement("it's \\ down", "two\nlines"))
    assert words[-5:] == ["'it\\'s \\\\ down'", "'two\\nlines'", "[]", "{}", "8000"]
    started: list[str] = []
    monkeypatch.setattr("vmdesk.ui.notify.shutil.which", lambda name: "/usr/bin/gdbus")
    notify.show(Announcement("web-01", "Crashed"), None, lambda program, _words: started.append(program))
    assert started == ["/usr/bin/gdbus"]
    monkeypatch.setattr("vmdesk.ui.notify.shutil.which", lambda name: None)
    notify.show(Announcement("web-01", "Crashed"), QSystemTrayIcon(), lambda program, _words: started.append(program))
    assert len(started) == 1


def test_another_language_speaks_at_once(play: Play, tmp_path: Path) -> None:
    async def script(app: App) -> None:
        await until(lambda: len(app.store.domains) == 30)
        old = app.window
        old.open_page("preferences")
        old.open_machine(next(iter(app.store.domains)))
        old.open_page("preferences")
        old.filter.setText("web")
        old.open_page("preferences")
        old.machines.settle()
        pages, rows = [page.key for page in old.tabs.pages()], old.machines.model.rowCount()
        app._settings.set(language="vi")
        await until(lambda: app.window is not old)
        window = app.window
        assert [page.key for page in window.tabs.pages()] == pages
        assert window.tabs.currentWidget().key == "preferences"  # type: ignore[attr-defined]
        assert window.filter.text() == "web" and window.machines.model.rowCount() == rows < 30
        assert window.isVisible()
        await until(lambda: [host.config.name for host in app.store.hosts.values()] == ["Máy chủ thử"])
        words = [action.text() for action in window.actions_.by_id.values()]
        assert "Khởi động" in words and "Start" not in words
        # Both the commands and the jobs of the new window work, and the old one hears nothing any more.
        app.jobs.start(text("Copying"), asyncio.sleep(0.01))
        await asyncio.sleep(0.2)
        window.filter.clear()
        window.open_page("preferences")
        app._settings.set(language="en")
        await until(lambda: app.window is not window)
        assert [page.key for page in app.window.tabs.pages()] == pages
        assert app.window.tabs.currentWidget().key == "preferences"  # type: ignore[attr-defined]
        assert "Start" in [action.text() for action in app.window.actions_.by_id.values()]
        await until(lambda: [host.config.name for host in app.store.hosts.values()] == ["Practice host"])
        app.end()

    try:
        assert play(script) == 0
    finally:
        language.use("en")


def test_what_failed_stands_in_the_activity(play: Play) -> None:
    async def refuse() -> None:
        raise VirtError(Problem(text("No."), text("A disk is missing.")))

    async def script(app: App) -> None:
        await until(lambda: len(app.store.domains) == 30)
        page: Any = app.window.open_page("activity")
        key, domain = next(iter(app.store.domains.items()))
        await app.jobs.start(text("Starting {name}", name=domain.name), refuse(), (key,))
        model = page.view.model
        await until(lambda: any(model.entry(row).uuid == key.uuid for row in range(model.rowCount())))
        entry = next(one for one in map(model.entry, range(model.rowCount())) if one.uuid == key.uuid)
        assert activity_words.what(entry) == f"Failed: Starting {domain.name}"
        assert activity_words.why(entry) == "A disk is missing."
        app.end()

    assert play(script) == 0


def test_what_did_this_do_of_all_machines(play: Play) -> None:
    async def script(app: App) -> None:
        await until(lambda: len(app.store.domains) == 30)
        app.window.actions_["window.trace"].trigger()
        page: Any = app.window.tabs.currentWidget()
        assert page.key == "activity" and page.trace.isVisible()
        off = next(one for one in app.store.domains.values() if not has_process(one) and not one.managed_save)
        app.window.run("domain.start", [off.key])
        await until(lambda: page.trace.model.rowCount() == 1)
        assert "virsh" in page.trace.virsh.text() and off.name in page.trace.virsh.text()
        app.end()

    assert play(script) == 0
