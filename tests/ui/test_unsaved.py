"""Where something was written and not applied, closing asks first."""

from collections.abc import Callable

from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from vmdesk.ui.tabs import Tabs


class Page(QWidget):
    title, icon = "web-01", "machine"

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key
        self.unsaved = True
        self.close_: Callable[[], None] | None = None

    def keeps_open(self, close: Callable[[], None]) -> bool:
        self.close_ = close
        return self.unsaved


def tabs_of(qtbot: QtBot, page: Page) -> Tabs:
    tabs = Tabs()
    qtbot.addWidget(tabs)
    home = Page("machines")
    for one in (home, page):
        tabs.add_page(one)
    tabs.show()
    return tabs


def test_a_tab_stays_until_the_answer(qtbot: QtBot) -> None:
    page = Page("machine:a/b")
    tabs = tabs_of(qtbot, page)
    tabs.close_page(page)
    assert tabs.page_of(page.key) is page and page.close_ is not None
    page.close_()
    assert tabs.page_of(page.key) is None


def test_a_tab_without_anything_to_lose_goes_at_once(qtbot: QtBot) -> None:
    page = Page("machine:a/b")
    tabs = tabs_of(qtbot, page)
    page.unsaved = False
    tabs.close_page(page)
    assert tabs.page_of(page.key) is None


def test_a_window_of_its_own_asks_too(qtbot: QtBot) -> None:
    page = Page("machine:a/b")
    tabs = tabs_of(qtbot, page)
    tabs.detach(page)
    (window,) = tabs.windows
    window.close()
    assert tabs.windows == [window] and window.isVisible() and page.close_ is not None
    page.close_()
    assert tabs.windows == [] and tabs.page_of(page.key) is None


def test_the_end_of_the_program_does_not_ask_again(qtbot: QtBot) -> None:
    page = Page("machine:a/b")
    tabs = tabs_of(qtbot, page)
    tabs.detach(page)
    tabs.close_windows()
    assert tabs.windows == [] and page.close_ is None
