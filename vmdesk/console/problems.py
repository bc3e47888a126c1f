"""What can go wrong with a screen, whatever it comes over, in words. `kind` is the protocol as people write it.

What only one protocol knows stands with it: dbus/words.py, spice/words.py, vnc/problems.py.
"""

from vmdesk.model.errors import Problem
from vmdesk.model.text import Text, text

DBUS, SPICE, VNC = "D-Bus", "SPICE", "VNC"


def no_screen(kind: str) -> Text:
    return text("The screen could not be opened over {protocol}.", protocol=kind)


# ---------------------------------------------------------------- on the way there


def refused(kind: str, where: str, details: str) -> Problem:
    """No connection at all. `where`: the address, "" if libvirt has opened it."""
    if where:
        why = text("Nothing answers at {where}.", where=where)
    else:
        why = text("The connection that libvirt opened does not work.")
    what_next = text("Check that the machine runs and that no firewall stands between, then try again.")
    return Problem(no_screen(kind), why, what_next, details=details, name="refused")


def silent(kind: str, seconds: float) -> Problem:
    """Somebody took the connection, and then said nothing, or stopped in the middle."""
    return Problem(
        text("The {protocol} display has not answered for {seconds} seconds.", protocol=kind, seconds=round(seconds)),
        text("The machine or its host hangs or is very busy, or something else listens there."),
        text("Try again, or use another display."),
        name="timeout",
    )


def password_wanted(kind: str, user: bool = False, details: str = "") -> Problem:
    """It asks for one and we have none."""
    why = text("It asks for a user name and a password.") if user else text("It asks for a password.")
    return Problem(no_screen(kind), why, text("Enter it and try again."), details=details, name="auth")


def password_wrong(kind: str, details: str = "") -> Problem:
    why = text("The password is wrong, or it has expired.")
    return Problem(no_screen(kind), why, text("Enter it again."), details=details, name="auth")


def certificate(kind: str, why: Text, what_next: Text | None, details: str) -> Problem:
    return Problem(no_screen(kind), why, what_next, details=details, name="certificate")


def not_accepted(host: str) -> Text:
    """Of a certificate."""
    return text("The certificate of {host} was not accepted.", host=host)


# ---------------------------------------------------------------- later


def protocol(kind: str, details: str) -> Problem:
    """The other side sent what it may not send."""
    return Problem(
        text("The {protocol} display sent something that makes no sense.", protocol=kind),
        text("The connection was closed, to be safe."),
        text("Try again, or use another display."),
        details=details,
        name="protocol",
    )


def taken(kind: str) -> Problem:
    return Problem(
        text("Another viewer took this display."),
        text("QEMU gives its {protocol} display to one viewer at a time, the newest.", protocol=kind),
        text("Take it back, or go on over VNC."),
        name="taken",
    )


def ended(details: str = "") -> Problem:
    """It hung up."""
    return Problem(
        text("The machine closed its display."), text("It was shut down, or QEMU ended."), details=details, name="eof"
    )


def closed() -> Problem:
    return Problem(text("The console was closed."), name="closed")


# ---------------------------------------------------------------- pictures


def cannot_show(kind: str, why: Text) -> Problem:
    return Problem(
        text("The {protocol} display cannot be shown.", protocol=kind),
        why,
        text("Use another display."),
        name="refused",
    )


def no_head(kind: str, number: int) -> Problem:
    """Counted from 0. Most graphics cards have further monitors only once the guest switches them on."""
    return Problem(
        text("Monitor {number} cannot be shown over {protocol}.", number=number + 1, protocol=kind),
        text("The machine has none, or the guest has not switched it on."),
        text("Choose monitor 1 under Display."),
        name="refused",
    )


def size_refused(width: int, height: int) -> Text:
    return text("It says that its picture has {width} x {height} pixels.", width=width, height=height)


def format_unknown(number: int) -> Text:
    return text("Its picture has a format that VMDesk does not know: {number}.", number=f"{number:#x}")


# ---------------------------------------------------------------- libraries


def missing(kind: str, why: Text, what_next: Text, details: str) -> Problem:
    """Something is to be installed here."""
    return Problem(no_screen(kind), why, what_next, details=details, name="missing")
