"""What can go wrong with a SPICE display, in words."""

from functools import partial

from vmdesk.console import problems
from vmdesk.console.problems import SPICE
from vmdesk.model.errors import Problem
from vmdesk.model.text import text

silent = partial(problems.silent, SPICE)
refused = partial(problems.refused, SPICE)
taken = partial(problems.taken, SPICE)
no_head = partial(problems.no_head, SPICE)
password_wrong = partial(problems.password_wrong, SPICE)
cannot_show = partial(problems.cannot_show, SPICE)
ended = problems.ended
closed = problems.closed
size_refused = problems.size_refused
format_unknown = problems.format_unknown


def password_wanted(details: str) -> Problem:
    return problems.password_wanted(SPICE, details=details)


def no_python_binding(details: str) -> Problem:
    return problems.missing(
        SPICE,
        text("PyGObject is not installed."),
        text("Install python3-gi (Debian, Ubuntu), python3-gobject-base (Fedora), python-gobject (Arch), or use VNC."),
        details,
    )


def no_library(details: str) -> Problem:
    return problems.missing(
        SPICE,
        text("The SPICE client library is not installed."),
        text("Install gir1.2-spiceclientglib-2.0 (Debian, Ubuntu), spice-glib (Fedora), spice-gtk (Arch), or use VNC."),
        details,
    )


def not_spice(details: str) -> Problem:
    """The greetings did not fit."""
    return Problem(
        problems.no_screen(SPICE),
        text("The server speaks another protocol, or wants an encrypted connection only."),
        text("Check the port, or use its TLS port."),
        details=details,
        name="protocol",
    )


def certificate(where: str, details: str) -> Problem:
    return problems.certificate(
        SPICE,
        problems.not_accepted(where),
        text("Give the file of the authority that signed it. If that is right: somebody may be listening in."),
        details,
    )


def no_picture(seconds: float) -> Problem:
    """Logged in, but no monitor has a picture."""
    return Problem(
        text("The SPICE server sent no picture for {seconds} seconds.", seconds=round(seconds)),
        text("The machine has no graphics card, or its monitor is switched off."),
        text("Try again, or use another display."),
        name="timeout",
    )


def broken(details: str) -> Problem:
    """A channel of an open session failed."""
    return Problem(
        text("The SPICE connection broke."),
        text("The network failed, or the server sent something that makes no sense."),
        text("Try again."),
        details=details,
        name="protocol",
    )


# ---------------------------------------------------------------- files, USB


def no_agent() -> Problem:
    return Problem(
        text("The guest does not take files."),
        text("The SPICE agent does not run in it."),
        text("Install spice-vdagent in the guest (in Windows: the SPICE guest tools) and log in there."),
        name="no-agent",
    )


def file_failed(details: str) -> Problem:
    return Problem(
        text("The files could not be copied into the guest."),
        text("The guest's disk may be full, or its agent refused them."),
        details=details,
        name="files",
    )


def files_locked(details: str) -> Problem:
    return Problem(
        text("The files could not be copied into the guest."),
        text("The definition of the machine, or its agent, does not allow it."),
        details=details,
        name="locked",
    )


def file_unreadable(details: str) -> Problem:
    return Problem(
        text("The files could not be copied into the guest."),
        text("They cannot be read here."),
        text("Check that they are still there and that you may read them."),
        details=details,
        name="files",
    )


def no_usb(details: str = "") -> Problem:
    return Problem(
        text("USB devices cannot be handed to the machine."),
        text("The SPICE library on this computer was built without USB, or it cannot list the devices."),
        details=details,
        name="no-support",
    )


def no_usb_channel() -> Problem:
    return Problem(
        text("The USB device could not be handed to the machine."),
        text("The machine has no free USB redirection channel."),
        text("Give a device back, or add USB redirection devices (redirdev, SPICE) to the machine's definition."),
        name="no-channel",
    )


def usb_gone() -> Problem:
    return Problem(
        text("The USB device could not be handed to the machine."), text("It is not plugged in any more."), name="gone"
    )


def usb_not_allowed(details: str) -> Problem:
    return Problem(
        text("The USB device could not be handed to the machine."),
        text("This computer does not let you use the device directly: its permission helper refused."),
        text(
            "Install spice-client-glib-usb-acl-helper (Debian, Ubuntu; with spice-glib or spice-gtk elsewhere) and "
            "polkit, and answer its question at the screen of this computer."
        ),
        details=details,
        name="permission",
    )


def usb_failed(details: str) -> Problem:
    return Problem(
        text("The USB device could not be handed to the machine."),
        text("Another program may be using it, or the machine's filter forbids it."),
        details=details,
        name="usb",
    )


def not_open() -> Problem:
    return Problem(text("The SPICE display is not open."), name="closed")
