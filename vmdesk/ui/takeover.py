"""Another language is another window: all its words are new. It takes the place of the old one, as that one was."""

from PySide6.QtWidgets import QDialog

from vmdesk.ui.main_window import MainWindow


def is_busy(window: MainWindow) -> bool:
    """Whether the person is answering a question of this window's, or has written what is not applied."""
    asked = any(dialog.isVisible() for dialog in window.findChildren(QDialog))
    return asked or any(getattr(page, "unsaved", False) for page in window.tabs.pages())


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
    if (again := new.tabs.page_of(seen)) is not None:
        new.tabs.raise_page(again)
    if shown:
        new.show()
    old.let_go()
    for one in list(old.tabs.pages()):
        old.tabs.close_page(one)
    old.close()
    old.deleteLater()
