"""What can go wrong with a VNC server, in words."""

from vmdesk.console import problems
from vmdesk.console.problems import VNC
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import Text, text

_NO_SCREEN = problems.no_screen(VNC)


def protocol(details: str) -> VirtError:
    """The server sent what it may not send."""
    return VirtError(problems.protocol(VNC, details))


def eof(details: str = "") -> VirtError:
    """The server hung up."""
    return VirtError(problems.ended(details))


def timeout(seconds: float) -> VirtError:
    """The server accepted the connection and then said nothing, or stopped in the middle."""
    return VirtError(problems.silent(VNC, seconds))


def refused(where: str, details: str) -> VirtError:
    """No connection at all."""
    return VirtError(problems.refused(VNC, where, details))


def no_such_host(host: str, details: str) -> VirtError:
    return VirtError(
        Problem(
            _NO_SCREEN,
            text("There is no host named {host}.", host=host),
            text("Check the name."),
            details=details,
            name="refused",
        )
    )


def unreachable(where: str, seconds: float) -> VirtError:
    """The connection was neither accepted nor refused."""
    return VirtError(
        Problem(
            _NO_SCREEN,
            text("{where} has not answered for {seconds} seconds.", where=where, seconds=round(seconds)),
            text("Check that the host is switched on and that no firewall stands between, then try again."),
            name="timeout",
        )
    )


def password_wanted(user: bool) -> VirtError:
    """It asks for one and we have none."""
    return VirtError(problems.password_wanted(VNC, user))


def password_wrong(details: str = "") -> VirtError:
    return VirtError(problems.password_wrong(VNC, details))


def turned_away(details: str) -> VirtError:
    """The server gave a reason instead of a way to log in."""
    return VirtError(
        Problem(
            _NO_SCREEN,
            text("The VNC server turned the connection away."),
            text("Wait a little, then try again."),
            details=details,
            name="refused",
        )
    )


def unknown_security(kinds: str) -> VirtError:
    """It offers only ways to log in that we do not take."""
    return VirtError(
        Problem(
            _NO_SCREEN,
            text("The VNC server offers no way to log in that is safe and that VMDesk knows."),
            text("Set the server to a VNC password or to TLS with a certificate (X509)."),
            details=kinds,
            name="auth",
        )
    )


def certificate_expired(host: str, details: str) -> VirtError:
    return _certificate(
        text("The certificate of {host} has expired.", host=host),
        text("Renew it on the host. VMDesk does not connect without a valid certificate."),
        details,
    )


def certificate_not_yet(host: str, details: str) -> VirtError:
    return _certificate(
        text("The certificate of {host} is not valid yet.", host=host),
        text("Compare the clocks of both computers."),
        details,
    )


def certificate_of_another(host: str, details: str) -> VirtError:
    return _certificate(
        text("The certificate belongs to another host than {host}.", host=host),
        text("Connect by the name that stands in the certificate. If that is right: somebody may be listening in."),
        details,
    )


def certificate_unknown(host: str, file: str, details: str) -> VirtError:
    return _certificate(
        text("The certificate of {host} was not signed by anybody that this computer trusts.", host=host),
        text("Put the certificate of the authority that signed it in {file}.", file=file),
        details,
    )


def certificate_bad(host: str, details: str) -> VirtError:
    return _certificate(problems.not_accepted(host), None, details)


def tls_failed(host: str, details: str) -> VirtError:
    return _certificate(
        text("The encrypted connection to {host} could not be set up.", host=host),
        text("Check the TLS settings of the VNC server."),
        details,
    )


def _certificate(why: Text, what_next: Text | None, details: str) -> VirtError:
    return VirtError(problems.certificate(VNC, why, what_next, details))


# ---------------------------------------------------------------- sound


def no_sound() -> Text:
    return text("VNC brings no sound from this machine: its <graphics type='vnc'> names no <audio>.")


def no_microphone() -> Text:
    return text("VNC carries no microphone. SPICE does, and D-Bus with a newer QEMU.")
