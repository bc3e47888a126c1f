import asyncio
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QToolButton, QWidget

from tests.fakes.screen import FakeDoors
from tests.ui.desk import parts_of
from tests.ui.machines import LAPTOP, machine, store_of
from vmdesk.console.recording import Recording
from vmdesk.console.screen import Rect
from vmdesk.core import film
from vmdesk.core.screens import Screens
from vmdesk.model.domain import State
from vmdesk.model.text import text
from vmdesk.ui.console.filming import Filming
from vmdesk.ui.parts import Parts

Run = Callable[[Coroutine[Any, Any, Any]], Any]


class Bench:
    def __init__(self, folder: Path) -> None:
        store = store_of(0, (LAPTOP,))
        one = machine(0, name="web/1", state=State.RUNNING)
        store.update([one])
        self.parts: Parts = parts_of(folder, store)
        self.doors = FakeDoors()
        self.parts.screens = Screens(store, self.parts.jobs, self.doors, folder / "screens")
        self.place = QWidget()
        self.button = QToolButton(self.place)
        self.button.setCheckable(True)
        self.place.show()
        self.filming = Filming(self.parts, one.key, self.button, lambda: ("vnc", 0), lambda: one.name, self.place)

    @property
    def told(self) -> list[str]:
        return [str(notice.problem.what) for notice in self.parts.shell.notices]  # type: ignore[attr-defined]

    def dialog(self) -> QFileDialog:
        found = [one for one in self.place.findChildren(QFileDialog) if one.isVisible()]
        assert len(found) == 1
        return found[0]

    async def record(self) -> None:
        self.button.click()
        assert self.filming.running
        for color in (0xFF0000, 0x00FF00, 0x0000FF):
            await asyncio.sleep(0.5)
            self.doors.last.draw(Rect(0, 0, 640, 480), color)
        await asyncio.sleep(0.5)


async def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


@pytest.fixture
def filming(tmp_path: Path, run_async: Run) -> Callable[[Callable[[Bench], Coroutine[Any, Any, None]]], None]:
    def run(test: Callable[[Bench], Coroutine[Any, Any, None]]) -> None:
        async def whole() -> None:
            bench = Bench(tmp_path)
            try:
                await test(bench)
            finally:
                bench.place.hide()
                bench.place.deleteLater()
                QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
                bench.parts.screens.close()
                await bench.parts.jobs.close()

        run_async(whole())

    return run


Filmed = Callable[[Callable[[Bench], Coroutine[Any, Any, None]]], None]


def test_from_the_button_to_the_file(filming: Filmed, tmp_path: Path) -> None:
    async def test(bench: Bench) -> None:
        await bench.record()
        assert "Recording 0:0" in bench.button.text() and bench.button.isChecked()
        assert bench.button.accessibleName() == "Stop the recording"
        bench.button.click()
        assert not bench.filming.running and not bench.button.isChecked()
        assert bench.doors.last.closes  # nobody else looks
        assert bench.dialog().selectedFiles()[0].endswith("web-1.gif")
        bench.dialog().fileSelected.emit(str(tmp_path / "a.gif"))
        await until(lambda: (tmp_path / "a.gif").exists() and bench.told)
        assert "a.gif" in bench.told[-1]
        with Image.open(tmp_path / "a.gif") as made:
            assert made.n_frames >= 3  # type: ignore[attr-defined]
        assert bench.filming.film is None
        assert not bench.parts.jobs.running

    filming(test)


def test_one_click_loses_nothing(filming: Filmed, tmp_path: Path) -> None:
    async def test(bench: Bench) -> None:
        await bench.record()
        bench.button.click()
        bench.dialog().reject()
        notice = bench.parts.shell.notices[-1]  # type: ignore[attr-defined]
        notice.actions[0][1]()
        bench.filming.save(tmp_path / "a.webp")
        await until(lambda: (tmp_path / "a.webp").exists())
        notice.actions[0][1]()  # too late: nothing happens

    filming(test)


def test_nothing_came(filming: Filmed) -> None:
    async def test(bench: Bench) -> None:
        bench.doors.prepare = lambda made: setattr(made, "silent", True)
        bench.button.click()
        await asyncio.sleep(0.2)
        bench.button.click()
        assert bench.told == ["Nothing was recorded: no picture came."]

    filming(test)


def test_it_ends_by_itself(filming: Filmed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(film, "Recording", lambda ended: Recording(ended, longest=0.6))

    async def test(bench: Bench) -> None:
        await bench.record()
        await until(lambda: not bench.filming.running)
        assert "as long as it may be" in bench.told[0]
        assert bench.dialog()

    filming(test)


def test_a_folder_that_cannot_be_written(filming: Filmed, tmp_path: Path) -> None:
    async def test(bench: Bench) -> None:
        await bench.record()
        bench.filming.film.stop()  # type: ignore[union-attr]
        bench.filming.save(tmp_path / "none" / "a.gif")
        await until(lambda: not bench.parts.jobs.running)
        assert str(bench.parts.jobs.all[-1].problem.what) == str(  # type: ignore[union-attr]
            text("The recording could not be saved as {file}.", file=str(tmp_path / "none" / "a.gif"))
        )

    filming(test)
