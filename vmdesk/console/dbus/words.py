"""What can go wrong with QEMU's D-Bus display, in words."""

from vmdesk.model.errors import Problem
from vmdesk.model.text import Text, text

APPARMOR_RULE = "unix (send, receive) type=stream addr=none peer=(label=unconfined),"


def no_frame(details: str = "") -> Problem:
    """QEMU took the connection, but sends no picture over the socket that we passed it."""
    return Problem(
        what=text("The machine's D-Bus display sent no picture."),
        why=text("A security module (AppArmor, SELinux) may keep QEMU from using a socket of yours, or QEMU hangs."),
        what_next=text(
            "Use VNC. With AppArmor, this line in /etc/apparmor.d/local/abstractions/libvirt-qemu allows it: {rule}",
            rule=APPARMOR_RULE,
        ),
        details=details,
        name="no-frame",
    )


def silent() -> Problem:
    return Problem(
        what=text("The machine's D-Bus display does not answer."),
        why=text("QEMU may hang or be very busy."),
        what_next=text("Try again, or use VNC."),
        name="timeout",
    )


def rejected(details: str) -> Problem:
    return Problem(
        what=text("The machine's D-Bus display refused the login."),
        why=text("QEMU runs as another user, and this version of it accepts only its own."),
        what_next=text("Use VNC."),
        details=details,
        name="auth",
    )


def taken() -> Problem:
    return Problem(
        what=text("Another viewer took this display."),
        why=text("QEMU gives its D-Bus display to one viewer at a time, the newest."),
        what_next=text("Take it back, or go on over VNC."),
        name="taken",
    )


def ended() -> Problem:
    return Problem(
        what=text("The machine closed its display."), why=text("It was shut down, or QEMU ended."), name="eof"
    )


def protocol(details: str) -> Problem:
    return Problem(
        what=text("The machine's D-Bus display sent something that makes no sense."),
        why=text("The connection was closed, to be safe."),
        what_next=text("Use VNC."),
        details=details,
        name="protocol",
    )


def closed() -> Problem:
    return Problem(what=text("The console was closed."), name="closed")


def cannot_show(why: Text) -> Problem:
    return Problem(
        what=text("The machine's D-Bus display cannot be shown."), why=why, what_next=text("Use VNC."), name="refused"
    )


def graphics_memory() -> Text:
    return text("The picture lies in a graphics card's memory, which only programs with the same card can read.")


def no_graphics() -> Problem:
    return cannot_show(text("The machine has no graphics card."))


def no_sound() -> Text:
    return text("This machine's QEMU gives no sound over D-Bus: it has no sound device there, or is older than 10.")


def no_head(number: int) -> Problem:
    return cannot_show(text("The machine has no monitor number {number}.", number=number + 1))


def format_unknown(number: int) -> Text:
    return text("Its picture has a format that VMDesk does not know: {number}.", number=f"{number:#x}")


def size_refused(width: int, height: int) -> Text:
    return text("It says that its picture has {width} x {height} pixels.", width=width, height=height)
