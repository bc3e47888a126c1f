"""What stands in the menus of the main window."""

from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from vmdesk.model.text import tr
from vmdesk.ui.actions import Actions
from vmdesk.ui.icons import icon


def fill(bar: QMenuBar, do: Actions, parent: QWidget) -> None:
    """All menus, from left to right."""
    bar.setObjectName("menu-bar")
    _hosts(bar.addMenu(tr("&Hosts")), do)
    bar.addMenu(_machine(do, parent))
    _view(bar.addMenu(tr("&View")), do)
    bar.addMenu(tr("H&elp")).addActions([do["window.palette"], do["window.about"]])
    for toggled in ("window.sidebar", "window.inspector"):
        do[toggled].setCheckable(True)
        do[toggled].setChecked(True)
    for choice in ("system", "light", "dark"):
        do[f"window.theme-{choice}"].setCheckable(True)


def _hosts(menu: QMenu, do: Actions) -> None:
    menu.addActions([do["window.add-host"], do["window.practice"], do["window.host"]])
    menu.addSeparator()
    menu.addActions([do["window.close"], do["window.quit"]])


def _machine(do: Actions, parent: QWidget) -> QMenu:
    menu = do.menu(parent, tr("&Machine"))
    first = menu.actions()[0]
    menu.insertAction(first, do["window.new"])
    menu.insertSeparator(first)
    return menu


def _view(menu: QMenu, do: Actions) -> None:
    menu.addActions([do["window.palette"], do["window.filter"], do["window.all"]])
    menu.addSeparator()
    menu.addActions([do["window.screens"], do["window.screens-running"]])
    menu.addSeparator()
    menu.addActions(
        [do["window.activity"], do["window.trace"], do["window.jobs"], do["window.trash"], do["window.columns"]]
    )
    menu.addSeparator()
    menu.addActions([do["window.sidebar"], do["window.inspector"]])
    look = menu.addMenu(icon("theme"), tr("Look"))
    look.addActions([do["window.theme-system"], do["window.theme-light"], do["window.theme-dark"]])
    menu.addSeparator()
    menu.addActions([do["window.next-tab"], do["window.previous-tab"], do["window.detach"], do["window.close-tab"]])
    menu.addSeparator()
    menu.addAction(do["window.preferences"])
