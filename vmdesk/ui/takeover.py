"""Another language is another window: all its words are new. It takes the place of the old one, as that one was."""

from typing import Any

from PySide6.QtWidgets import QDialog

from vmdesk.ui.main_window import MainWindow


def is_busy(window: MainWindow) -> bool:
    """Whether the person is answering a question, has something unapplied, or waits for what is being made."""
    asked = any(dialog.isVisible() for dialog in window.findChildren(QDialog))
    pages = list(window.tabs.pages())
    unsaved = any(getattr(page, "unsaved", False) and not hasattr(page, "go_on_from") for page in pages)
    return asked or unsaved or any(getattr(page, "at_work", False) for page in pages)


def take_over(new: MainWindow, old: MainWindow) -> None:
    """Give the new window, made from what the old one had `remember`ed, the rest of what was seen; end the old one."""
    page = old.tabs.currentWidget()
    seen = getattr(page, "key", "")
    scope, typed = old.machines.model.scope, old.filter.text()
    selected, current = old.machines.table.selected_keys(), old.machines.table.current_key()
    shown = old.isVisible()
    new.restoreGeometry(old.saveGeometry())
    new.sidebar.choose(scope)
    new.machines.set_scope(scope)
    new.filter.setText(typed)
    new.sidebar_model.settle()
    new.machines.settle()
    new.open_pending()
    new.machines.table.select(selected, current)
    _carry_wizard(new, old)
    if (again := new.tabs.page_of(seen)) is not None:
        new.tabs.raise_page(again)
    if shown:
        new.show()
    old.let_go()
    for one in list(old.tabs.pages()):
        old.tabs.close_page(one)
    old.close()
    old.deleteLater()


def _carry_wizard(new: MainWindow, old: MainWindow) -> None:
    """What was typed for a new machine is not typed again."""
    wizard: Any = old.tabs.page_of("new")
    if wizard is not None:
        new.open_new(wizard.desk.draft.host)
        again: Any = new.tabs.page_of("new")
        again.go_on_from(wizard)
