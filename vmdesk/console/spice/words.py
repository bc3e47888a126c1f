"""What can go wrong with a SPICE display, in words."""

from vmdesk.model.errors import Problem
from vmdesk.model.text import Text, text

_NO_SCREEN = text("The screen could not be opened over SPICE.")


def no_python_binding(details: str) -> Problem:
    return Problem(
        _NO_SCREEN,
        text("PyGObject is not installed."),
        text("Install python3-gi (Debian, Ubuntu), python3-gobject-base (Fedora), python-gobject (Arch), or use VNC."),
        details=details,
        name="missing",
    )


def no_library(details: str) -> Problem:
    return Problem(
        _NO_SCREEN,
        text("The SPICE client library is not installed."),
        text("Install gir1.2-spiceclientglib-2.0 (Debian, Ubuntu), spice-glib (Fedora), spice-gtk (Arch), or use VNC."),
        details=details,
        name="missing",
    )


def silent(seconds: float) -> Problem:
    return Problem(
        text("The SPICE server has not answered for {seconds} seconds.", seconds=round(seconds)),
        text("The machine or its host hangs, or something else than a SPICE server listens there."),
        text("Try again."),
        name="timeout",
    )


def no_picture(seconds: float) -> Problem:
    """Logged in, but no monitor has a picture."""
    return Problem(
        text("The SPICE server sent no picture for {seconds} seconds.", seconds=round(seconds)),
        text("The machine has no graphics card, or its monitor is switched off."),
        text("Try again, or use another display."),
        name="timeout",
    )


def refused(where: str, details: str) -> Problem:
    if where:
        why = text("Nothing answers at {where}.", where=where)
    else:
        why = text("The connection that libvirt opened does not work.")
    return Problem(
        _NO_SCREEN,
        why,
        text("Check that the machine runs and that no firewall stands between, then try again."),
        details=details,
        name="refused",
    )


def password_wanted(details: str) -> Problem:
    return Problem(
        _NO_SCREEN,
        text("The SPICE server asks for a password."),
        text("Enter it and try again."),
        details=details,
        name="auth",
    )


def password_wrong(details: str) -> Problem:
    return Problem(
        _NO_SCREEN,
        text("The password is wrong, or it has expired."),
        text("Enter it again."),
        details=details,
        name="auth",
    )


def not_spice(details: str) -> Problem:
    """The greetings did not fit."""
    return Problem(
        _NO_SCREEN,
        text("The server speaks another protocol, or wants an encrypted connection only."),
        text("Check the port, or use its TLS port."),
        details=details,
        name="protocol",
    )


def certificate(where: str, details: str) -> Problem:
    return Problem(
        _NO_SCREEN,
        text("The certificate of {host} was not accepted.", host=where),
        text("Give the file of the authority that signed it. If that is right: somebody may be listening in."),
        details=details,
        name="certificate",
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


def taken() -> Problem:
    return Problem(
        text("Another viewer took this display."),
        text("QEMU gives its SPICE display to one viewer at a time, the newest."),
        text("Take it back, or go on over VNC."),
        name="taken",
    )


def ended() -> Problem:
    return Problem(text("The machine closed its display."), text("It was shut down, or QEMU ended."), name="eof")


def closed() -> Problem:
    return Problem(text("The console was closed."), name="closed")


def no_head(number: int) -> Problem:
    return cannot_show(text("The machine has no monitor number {number}.", number=number + 1))


def size_refused(width: int, height: int) -> Problem:
    return cannot_show(
        text("It says that its picture has {width} x {height} pixels.", width=width, height=height),
    )


def format_unknown(number: int) -> Problem:
    return cannot_show(text("Its picture has a format that VMDesk does not know: {number}.", number=f"{number:#x}"))


def cannot_show(why: Text) -> Problem:
    return Problem(text("The machine's SPICE display cannot be shown."), why, text("Use VNC."), name="refused")


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
