"""The one place where parts of the window are loaded when they are first needed.

Pages and dialogs would be a third of the start, and the first picture of the window needs none of them.
"""

import asyncio
import importlib
from typing import Any

# name -> module and what is taken from it
_PARTS = {
    "machine": ("vmdesk.ui.pages.machine", "MachinePage"),
    "screens-ahead": ("vmdesk.core.doors", "load_ahead"),
    "screens": ("vmdesk.core.doors", "open_screens"),
    "machine-console": ("vmdesk.ui.pages.machine_console", "MachineConsole"),
    "machine-snapshots": ("vmdesk.ui.pages.machine_snapshots", "MachineSnapshots"),
    "machine-chain": ("vmdesk.ui.pages.machine_chain", "MachineChain"),
    "take-snapshot": ("vmdesk.ui.dialogs.snapshot", "begin_taking"),
    "clone": ("vmdesk.ui.dialogs.clone", "begin"),
    "delete": ("vmdesk.ui.dialogs.delete", "begin"),
    "layers": ("vmdesk.core.layers", "Layers"),
    "machine-limits": ("vmdesk.ui.pages.machine_limits", "MachineLimits"),
    "machine-history": ("vmdesk.ui.pages.machine_history", "MachineHistory"),
    "machine-pending": ("vmdesk.ui.pages.machine_pending", "PendingBar"),
    "watch-definitions": ("vmdesk.core.definitions", "watch"),
    "machine-hardware": ("vmdesk.ui.pages.machine_hardware", "MachineHardware"),
    "machine-xml": ("vmdesk.ui.pages.machine_xml", "MachineXml"),
    "text-console": ("vmdesk.ui.console.texts", "TextSide"),
    "host": ("vmdesk.ui.pages.host", "HostPage"),
    "host-storage": ("vmdesk.ui.pages.storage", "StoragePage"),
    "new-pool": ("vmdesk.ui.dialogs.pool", "PoolDialog"),
    "host-networks": ("vmdesk.ui.pages.networks", "NetworksPage"),
    "low-space": ("vmdesk.ui.low_space", "follow"),
    "growing-disks": ("vmdesk.ui.low_space", "follow_growth"),
    "replug": ("vmdesk.core.replug.watch", "follow"),
    "storage": ("vmdesk.core.storage.work", "Storage"),
    "trash": ("vmdesk.ui.pages.trash", "TrashPage"),
    "wall": ("vmdesk.ui.pages.wall", "WallPage"),
    "wall-key": ("vmdesk.ui.pages.wall", "key_of"),
    "wall-keys": ("vmdesk.ui.pages.wall", "keys_of"),
    "activity": ("vmdesk.ui.pages.activity", "ActivityPage"),
    "preferences": ("vmdesk.ui.pages.preferences", "PreferencesPage"),
    "host-dialog": ("vmdesk.ui.dialogs.host", "HostDialog"),
    "confirm-dialog": ("vmdesk.ui.dialogs.ask", "ConfirmDialog"),
    "ask": ("vmdesk.ui.dialogs.ask", "WindowAsk"),
    "login-dialog": ("vmdesk.ui.dialogs.askpass", "WindowDialog"),
    "closing": ("vmdesk.ui.dialogs.closing", "ask"),
    "crash-dialog": ("vmdesk.ui.dialogs.crash", "CrashDialog"),
    "announce": ("vmdesk.ui.notify", "show"),
    "new": ("vmdesk.ui.wizards.new.wizard", "NewPage"),
    "workshop": ("vmdesk.core.creating.workshop", "Workshop"),
    "spending": ("vmdesk.core.creating.spent", "Spending"),
    "tidying": ("vmdesk.core.tidying", "Tidying"),
    "front": ("vmdesk.ui.front", "Front"),
    "tour": ("vmdesk.ui.tour", "Tour"),
}

# What the window is made of, in pieces that take about as long.
_WINDOW = (
    "vmdesk.ui.theme",
    "vmdesk.ui.actions",
    "vmdesk.ui.models.domains",
    "vmdesk.ui.widgets.domains_table",
    "vmdesk.ui.widgets.inspector",
    "vmdesk.ui.main_window",
    "vmdesk.ui.front",
)


async def load_window() -> None:
    """Load the window. Between the pieces, what comes from hosts that are being opened has its turn."""
    for module in _WINDOW:
        importlib.import_module(module)
        await asyncio.sleep(0)


def load(name: str) -> Any:
    """The class or function of that name."""
    module, thing = _PARTS[name]
    return getattr(importlib.import_module(module), thing)
