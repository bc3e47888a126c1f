"""The menu of keys that cannot be pressed here, or not without the desktop taking them."""

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QMenu

from vmdesk.console import keys
from vmdesk.model.errors import VirtError
from vmdesk.model.text import tr

STANDARD = (
    "ctrl-alt-delete",
    "ctrl-alt-backspace",
    "",
    "alt-tab",
    "alt-f4",
    "ctrl-esc",
    "meta",
    "print",
    "alt-print",
    "",
)
CONSOLES = tuple(f"ctrl-alt-f{n}" for n in range(1, 13))
_WRITTEN = {"delete": "Del", "meta": "Super", "print": "Print", "esc": "Esc"}


def fill(menu: QMenu, own: Sequence[str], send: Callable[[str], None], edit: Callable[[], None]) -> None:
    """Put the entries in: the standard ones, the text consoles, the person's own."""
    menu.clear()
    for names in STANDARD:
        if names:
            _add(menu, names, send)
        else:
            menu.addSeparator()
    consoles = menu.addMenu(tr("Ctrl+Alt+F1 to F12"))
    for names in CONSOLES:
        _add(consoles, names, send)
    if own:
        menu.addSeparator()
    for names in own:
        _add(menu, names, send)
    menu.addSeparator()
    menu.addAction(tr("Own entries…"), edit)


def _add(menu: QMenu, names: str, send: Callable[[str], None]) -> None:
    action = menu.addAction(written(names))
    action.setObjectName(f"send-{names}")
    try:
        keys.parse(names)
    except VirtError as error:
        action.setEnabled(False)
        action.setToolTip(str(error.problem))
    action.triggered.connect(lambda _checked=False: send(names))


def written(names: str) -> str:
    """`Ctrl+Alt+Del` for "ctrl-alt-delete"."""
    return "+".join(_WRITTEN.get(one, one.capitalize()) for one in names.split("-"))
