"""What can go wrong with QEMU's D-Bus display, in words."""

from functools import partial

from vmdesk.console import problems
from vmdesk.console.problems import DBUS
from vmdesk.model.errors import Problem
from vmdesk.model.text import Text, text

APPARMOR_RULE = "unix (send, receive) type=stream addr=none peer=(label=unconfined),"

silent = partial(problems.silent, DBUS)
taken = partial(problems.taken, DBUS)
protocol = partial(problems.protocol, DBUS)
cannot_show = partial(problems.cannot_show, DBUS)
no_head = partial(problems.no_head, DBUS)
ended = problems.ended
closed = problems.closed
format_unknown = problems.format_unknown
size_refused = problems.size_refused


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


def rejected(details: str) -> Problem:
    return Problem(
        what=text("The machine's D-Bus display refused the login."),
        why=text("QEMU runs as another user, and this version of it accepts only its own."),
        what_next=text("Use VNC."),
        details=details,
        name="auth",
    )


def graphics_memory() -> Text:
    return text("The picture lies in a graphics card's memory, which only programs with the same card can read.")


def no_graphics() -> Problem:
    return cannot_show(text("The machine has no graphics card."))


def no_sound() -> Text:
    return text("No sound over D-Bus: the machine has none there, or its QEMU is older than 10. Try VNC or SPICE.")
