"""The menu of keys that cannot be pressed here, or not without the desktop taking them."""

from collections.abc import Callable, Sequence

from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu

from vmdesk.console import keys
from vmdesk.console.screen import Power
from vmdesk.model.errors import VirtError
from vmdesk.model.text import Text, text, tr
from vmdesk.ui.icons import icon

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
LAYOUTS: dict[str, Text] = {
    "us": text("English (US)"),
    "gb": text("English (UK)"),
    "de": text("German"),
    "fr": text("French"),
}
POWERS: dict[Power, tuple[Text, str, Text]] = {
    Power.SHUTDOWN: (text("Shut down"), "power", text("The guest is asked to shut down, as by its power button")),
    Power.REBOOT: (text("Reboot"), "restart", text("The guest is asked to start anew")),
    Power.RESET: (text("Reset…"), "restart-alert", text("As by the reset button: unsaved data is lost")),
}
_WRITTEN = {"delete": "Del", "meta": "Super", "print": "Print", "esc": "Esc"}


def fill(menu: QMenu, own: Sequence[str], send: Callable[[str], None], edit: Callable[[], None]) -> None:
    """Put the entries in: the standard ones, the text consoles, the person's own."""
    menu.clear()
    for old in menu.findChildren(QMenu):
        old.deleteLater()  # clear() leaves them
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


def fill_layouts(menu: QMenu, now: str, choose: Callable[[str], None]) -> None:
    """Which keyboard the guest believes to have: a text is typed by its keys, so it must be known."""
    layouts = menu.addMenu(tr("The guest's keyboard: {layout}", layout=LAYOUTS[now]))
    layouts.setObjectName("console-layouts")
    layouts.setToolTipsVisible(True)
    group = QActionGroup(layouts)
    for layout, name in LAYOUTS.items():
        action = layouts.addAction(str(name))
        action.setObjectName(f"layout-{layout}")
        action.setToolTip(tr("For a text that is typed; keys that you press go by their place"))
        action.setCheckable(True)
        action.setChecked(layout == now)
        group.addAction(action)
        action.triggered.connect(lambda _checked=False, layout=layout: choose(layout))


def fill_power(menu: QMenu, powers: Sequence[Power], do: Callable[[Power], None]) -> None:
    """What the display's server lets its viewers do to the machine; nothing where it lets them do nothing."""
    if powers:
        menu.addSection(tr("Power, through VNC"))
    for power in powers:
        words, picture, tip = POWERS[power]
        action = menu.addAction(icon(picture), str(words))
        action.setObjectName(f"vnc-{power.name.lower()}")
        action.setToolTip(str(tip))
        action.triggered.connect(lambda _checked=False, power=power: do(power))


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
