"""The one place where parts are loaded by core when they are first needed.

What reads backing chains would make loading the window a sixth longer (measured: 38 ms of CPU beside 244), and nothing
needs it before somebody starts a machine or puts one into the trash. So it is with the screens and the keyring.
"""

import importlib
from typing import Any

# name -> module and what is taken from it; "": the module itself
PARTS = {
    "check-start": ("vmdesk.core.start_check", "check"),
    "trash": ("vmdesk.core.deleting.trash", "trash"),
    "take-out": ("vmdesk.core.deleting.trash", "take_out"),
    "make-template": ("vmdesk.core.cloning.templates", "make_template"),
    "unmake-template": ("vmdesk.core.cloning.templates", "unmake_template"),
    "screen-vnc": ("vmdesk.console.vnc.client", ""),
    "screen-dbus": ("vmdesk.console.dbus", ""),
    "screen-spice": ("vmdesk.console.spice", ""),
    "keyring": ("keyring", "get_keyring"),  # it looks through all installed backends
}


def load(name: str) -> Any:
    """The function of that name. Of some tens of milliseconds: in a worker where somebody is watching."""
    module, thing = PARTS[name]
    found = importlib.import_module(module)
    return getattr(found, thing) if thing else found
