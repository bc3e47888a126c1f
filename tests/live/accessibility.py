"""Looks at a window as a screen reader does: through AT-SPI, from outside, by roles and names."""

import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import gi

gi.require_version("Atspi", "2.0")
with warnings.catch_warnings():
    # Debian 12's gi still has a loader of the old kind.
    warnings.simplefilter("ignore", ImportWarning)
    from gi.repository import Atspi, GLib

T = TypeVar("T")
PATIENCE = 20.0  # seconds; a busy machine is slow, a broken program never comes


def wait_for(what: str, look: Callable[[], T | None], patience: float = PATIENCE) -> T:
    """What `look` finds, asked again and again; an AssertionError if it finds nothing in time."""
    end = time.monotonic() + patience
    while True:
        try:
            if found := look():
                return found
        except GLib.Error:
            pass  # what was looked at went away meanwhile
        assert time.monotonic() < end, f"not seen in {patience:g} s: {what}"
        time.sleep(0.05)


def walk(root: Any) -> Iterator[Any]:
    """Everything below `root`, without the cells of tables (there may be thousands)."""
    todo = [root]
    while todo:
        one = todo.pop()
        if one is None:  # it went away meanwhile
            continue
        try:
            if one is not root:
                yield one
            if one.get_role() not in (Atspi.Role.TABLE, Atspi.Role.TREE_TABLE, Atspi.Role.LIST):
                todo += [one.get_child_at_index(n) for n in range(one.get_child_count())][::-1]
        except GLib.Error:
            continue


def application(pid: int) -> Any:
    """The program with this process id, once it is on the accessibility bus."""

    def look() -> Any:
        desktop = Atspi.get_desktop(0)
        desktop.clear_cache()
        for n in range(desktop.get_child_count()):
            found = desktop.get_child_at_index(n)
            if found and found.get_process_id() == pid:
                return found
        return None

    return wait_for(f"a program with process id {pid}", look)


def find(root: Any, role: Any, name: str = "", having: Callable[[Any], bool] = bool) -> Any:
    """The first thing of that role (or roles) and accessible name below `root`, waited for."""
    roles = role if isinstance(role, tuple) else (role,)

    def look() -> Any:
        for one in walk(root):
            if one.get_role() in roles and (not name or one.get_name() == name) and having(one):
                return one
        return None

    return wait_for(f"{roles} {name!r}", look)


def has(one: Any, state: Any) -> bool:
    """Whether it is in that state now (Atspi.StateType)."""
    one.clear_cache()
    return bool(one.get_state_set().contains(state))


def press(one: Any) -> None:
    """Do what a click does."""
    wait_for(f"{one.get_name()!r} to be enabled", lambda: has(one, Atspi.StateType.ENABLED))
    action = one.get_action_iface()
    names = [Atspi.Action.get_action_name(action, n).lower() for n in range(Atspi.Action.get_n_actions(action))]
    assert Atspi.Action.do_action(action, next(n for n, name in enumerate(names) if name in ("press", "click")))


class Table:
    """A table of the window; cells by row number and by column title."""

    def __init__(self, table: Any) -> None:
        self.table = table
        self._grid = table.get_table_iface()

    def column(self, title: str) -> int:
        """The number of the column with that title."""
        count = Atspi.Table.get_n_columns(self._grid)
        titles = [Atspi.Table.get_column_description(self._grid, n) for n in range(count)]
        assert title in titles, titles
        return titles.index(title)

    def rows(self) -> int:
        self.table.clear_cache()
        return int(Atspi.Table.get_n_rows(self._grid))

    def text(self, row: int, column: int) -> str:
        """What is read out for a cell."""
        cell = Atspi.Table.get_accessible_at(self._grid, row, column)
        if cell is None:
            return ""
        cell.clear_cache()
        return str(cell.get_name())

    def row_of(self, name: str, column: int) -> int:
        """The row that has `name` in that column, waited for."""

        def look() -> int | None:
            for row in range(self.rows()):
                if self.text(row, column) == name:
                    return row + 1
            return None

        return wait_for(f"a row called {name!r}", look) - 1

    def select(self, row: int) -> None:
        """Select this row only."""
        assert Atspi.Table.add_row_selection(self._grid, row)
        wait_for(f"row {row} selected", lambda: Atspi.Table.is_row_selected(self._grid, row))
