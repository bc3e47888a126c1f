"""QEMU's own display over D-Bus, peer to peer: `DBusBackend(Display(fd), listener)`.

wire      the format: values, headers, limits       link       a connection: handshake, messages in and out
frames    what QEMU tells of one monitor            pixels     its picture formats
display   a machine's connection and its thread     backend    one monitor as a screen.Backend
clipboard, audio    what else the connection carries
"""

from vmdesk.console.dbus.backend import DBusBackend
from vmdesk.console.dbus.display import Display, Head

__all__ = ["DBusBackend", "Display", "Head"]
