"""SPICE, through the reference client's own library: `SpiceBackend(Display(open_channel), listener)`.

glib      the library, loaded with the first screen, and its thread     sockets   where the server is, how to get there
display   a machine's session and its channels                          heads     its display channels, their monitors
picture   what a display channel draws                                  pages     ... into memory that is ours as well
backend   one monitor as a screen.Backend                               words     what can go wrong
clipboard, files, sound, usb   what else the session carries
"""

from vmdesk.console.spice.backend import SpiceBackend
from vmdesk.console.spice.display import Display
from vmdesk.console.spice.glib import load
from vmdesk.console.spice.heads import Head
from vmdesk.console.spice.sockets import Address
from vmdesk.console.spice.usb import UsbDevice

__all__ = ["Address", "Display", "Head", "SpiceBackend", "UsbDevice", "load"]
