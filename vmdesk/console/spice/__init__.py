"""SPICE, through the reference client's own library: `SpiceBackend(Display(open_channel), listener)`.

library   the library, loaded with the first screen, and its thread     picture   a display channel's picture
display   a machine's session and its channels                          backend   one monitor as a screen.Backend
clipboard, files, sound, usb   what else the session carries            words     what can go wrong
"""

from vmdesk.console.spice.backend import SpiceBackend
from vmdesk.console.spice.display import Address, Display, Head
from vmdesk.console.spice.usb import UsbDevice

__all__ = ["Address", "Display", "Head", "SpiceBackend", "UsbDevice"]
