"""The context menu of a text console."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import Qt, SignalInstance
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from vmdesk.console.text import Span, Terminal
from vmdesk.model.text import tr
from vmdesk.ui.icons import icon

SIZES = ((80, 24), (100, 30), (132, 43))


class Console(Protocol):
    """What the menu does, and what it depends on."""

    terminal: Terminal
    searching: SignalInstance

    @property
    def selection(self) -> Span | None: ...
    @property
    def readonly(self) -> bool: ...
    @property
    def fixed_size(self) -> tuple[int, int] | None: ...
    def copy(self) -> None: ...
    def paste(self, selection: bool = False) -> None: ...
    def select_all(self) -> None: ...
    def set_readonly(self, readonly: bool) -> None: ...
    def clear_history(self) -> None: ...
    def log_to(self, file: Path | None) -> None: ...
    def set_fixed_size(self, size: tuple[int, int] | None) -> None: ...
    def tell_size(self) -> None: ...
    def zoom(self, steps: int) -> None: ...


def terminal_menu(view: Console, parent: QWidget) -> QMenu:
    """Made anew each time: what it offers depends."""
    menu = QMenu(parent)
    menu.setObjectName("terminal-menu")
    _add(menu, tr("Copy"), "Ctrl+Shift+C", view.copy, bool(view.selection), "copy")
    _add(menu, tr("Paste"), "Ctrl+Shift+V", view.paste, not view.readonly, "clipboard-text-outline")
    _add(menu, tr("Select all"), "Ctrl+Shift+A", view.select_all)
    menu.addSeparator()
    _add(menu, tr("Find ..."), "Ctrl+Shift+F", view.searching.emit, picture="search")
    only = _add(menu, tr("View only"), "", lambda: view.set_readonly(not view.readonly), picture="eye")
    only.setCheckable(True)
    only.setChecked(view.readonly)
    _add(menu, tr("Clear what scrolled away"), "", view.clear_history)
    if view.terminal.log_file:
        words = tr("Stop writing to {file}", file=view.terminal.log_file.name)
        _add(menu, words, "", lambda: view.log_to(None))
    else:
        _add(menu, tr("Write to a file ..."), "", lambda: _ask_for_file(view, parent), picture="save")
    menu.addSeparator()
    _add_sizes(menu.addMenu(tr("Size")), view)
    letters = menu.addMenu(tr("Letters"))
    _add(letters, tr("Larger"), "Ctrl+Shift++", lambda: view.zoom(1))
    _add(letters, tr("Smaller"), "Ctrl+Shift+-", lambda: view.zoom(-1))
    _add(letters, tr("As usual"), "Ctrl+Shift+0", lambda: view.zoom(0))
    return menu


def _add_sizes(sizes: QMenu, view: Console) -> None:
    group = QActionGroup(sizes)
    for size in (*SIZES, None):
        words = tr("{columns} x {lines}", columns=size[0], lines=size[1]) if size else tr("As the window")
        action = _add(sizes, words, "", partial(view.set_fixed_size, size))
        action.setCheckable(True)
        action.setChecked(size == view.fixed_size)
        group.addAction(action)
    sizes.addSeparator()
    _add(sizes, tr("Tell the machine (types stty)"), "", view.tell_size, not view.readonly)


def _add(
    menu: QMenu, words: str, keys: str, act: Callable[[], object], enabled: bool = True, picture: str = ""
) -> QAction:
    action = menu.addAction(words)
    if keys:
        # Shown only: the view reads its keys itself.
        action.setShortcut(QKeySequence(keys))
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
    if picture:
        action.setIcon(icon(picture))
    action.setEnabled(enabled)
    action.triggered.connect(lambda _checked=False: act())
    return action


def _ask_for_file(view: Console, parent: QWidget) -> None:
    dialog = QFileDialog(parent, tr("Write to a file"))
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix("log")
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.fileSelected.connect(lambda name: view.log_to(Path(name)))
    dialog.open()
