"""From the first byte to the log-in: versions, kinds of security, passwords, TLS."""

import ssl
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vmdesk.console.vnc import des, problems
from vmdesk.console.vnc.wire import Wire

_NONE, _PASSWORD, _VENCRYPT = 1, 2, 19
_X509_NONE, _X509_PASSWORD, _X509_PLAIN = 260, 261, 262
_KNOWN: Final = {
    1: "None",
    2: "VNC password",
    5: "RA2",
    16: "Tight",
    18: "TLS",
    19: "VeNCrypt",
    20: "SASL",
    30: "Apple",
    256: "Plain without TLS",
    257: "TLS without certificate",
    258: "TLS without certificate, VNC password",
    259: "TLS without certificate, Plain",
    263: "TLS without certificate, SASL",
    264: "X509, SASL",
}
_REASON: Final = 4096  # bytes of a reason that are kept
_HOME_AUTHORITY: Final = Path("~/.pki/CA/cacert.pem")


@dataclass(frozen=True, slots=True)
class Login:
    """What to answer when the server asks. None: nothing to answer with."""

    password: str | None = None
    user: str | None = None


@dataclass(frozen=True, slots=True)
class Tls:
    """How to check a server's certificate, and what to show of ourselves.

    host         the name that must stand in the certificate
    authorities  files with certificates to trust besides the system's; those that do not exist do not count
    certificate, key  our own, where the server asks for one
    """

    host: str
    authorities: tuple[Path, ...] = (_HOME_AUTHORITY, Path("/etc/pki/CA/cacert.pem"))
    certificate: Path | None = None
    key: Path | None = None


def handshake(wire: Wire, login: Login, tls: Tls | None) -> None:
    """Log in; afterwards the server waits for ClientInit. VirtError: "auth", "certificate", "refused", "protocol"."""
    minor = _version(wire)
    if minor < 7:
        kinds = list(struct.unpack(">I", wire.read(4)))
    else:
        kinds = list(wire.read(wire.read(1)[0]))
    if kinds in ([], [0]):
        raise problems.turned_away(_reason(wire))
    kind = _choose(kinds, tls)
    if minor >= 7:
        wire.send(bytes([kind]))
    if kind == _VENCRYPT:
        assert tls
        _vencrypt(wire, login, tls)
    elif kind == _PASSWORD:
        _answer_challenge(wire, login)
    if minor >= 8 or kind != _NONE:
        _result(wire, minor, kind != _NONE)


def _version(wire: Wire) -> int:
    """The minor version that both speak: 3, 7 or 8."""
    theirs = wire.read(12)
    if not (theirs[:6] == b"RFB 00" and theirs[11:] == b"\n" and theirs[4:7].isdigit() and theirs[8:11].isdigit()):
        raise problems.protocol(f"this is no VNC server: {theirs!r}")
    number = (int(theirs[4:7]), int(theirs[8:11]))
    minor = 8 if number >= (3, 8) else 7 if number == (3, 7) else 3
    wire.send(b"RFB 003.%03d\n" % minor)
    return minor


def _choose(kinds: list[int], tls: Tls | None) -> int:
    """The safest that we can do."""
    for kind in (_VENCRYPT, _NONE, _PASSWORD):
        if kind in kinds and (kind != _VENCRYPT or tls):
            return kind
    raise problems.unknown_security(_names(kinds))


def _names(kinds: list[int]) -> str:
    return ", ".join(_KNOWN.get(kind, str(kind)) for kind in kinds)


def _reason(wire: Wire) -> str:
    """The server's own words on one line. QEMU's end with a zero byte."""
    length = int.from_bytes(wire.read(4), "big")
    words = wire.read(min(length, _REASON)).decode("utf-8", "replace")
    return "".join(c if c.isprintable() else " " for c in words).strip()


def _result(wire: Wire, minor: int, password: bool) -> None:
    result = int.from_bytes(wire.read(4), "big")
    if result == 0:
        return
    reason = _reason(wire) if minor >= 8 else ""
    if password and result == 1:
        raise problems.password_wrong(reason)
    raise problems.turned_away(reason)


def _answer_challenge(wire: Wire, login: Login) -> None:
    if login.password is None:
        raise problems.password_wanted(user=False)
    challenge = wire.read(16)
    wire.send(des.answer(login.password.encode("utf-8"), challenge))


def _vencrypt(wire: Wire, login: Login, tls: Tls) -> None:
    if wire.read(2) < b"\x00\x02":
        raise problems.unknown_security("VeNCrypt 0.1")
    wire.send(b"\x00\x02")
    if wire.read(1) != b"\x00":
        raise problems.turned_away("VeNCrypt 0.2")
    count = wire.read(1)[0]
    kinds = list(struct.unpack(f">{count}I", wire.read(4 * count)))
    kind = next((kind for kind in (_X509_NONE, _X509_PLAIN, _X509_PASSWORD) if kind in kinds), None)
    if kind is None:
        raise problems.unknown_security(_names(kinds))
    # Before the certificates: without an answer there is no point in going on.
    if kind == _X509_PLAIN and (login.password is None or login.user is None):
        raise problems.password_wanted(user=True)
    if kind == _X509_PASSWORD and login.password is None:
        raise problems.password_wanted(user=False)
    wire.send(struct.pack(">I", kind))
    if wire.read(1) != b"\x01":
        raise problems.turned_away("VeNCrypt X509")
    _encrypt(wire, tls)
    if kind == _X509_PASSWORD:
        _answer_challenge(wire, login)
    elif kind == _X509_PLAIN:
        user, password = (login.user or "").encode(), (login.password or "").encode()
        wire.send(struct.pack(">II", len(user), len(password)) + user + password)


def _encrypt(wire: Wire, tls: Tls) -> None:
    try:
        context = ssl.create_default_context()
        for file in (path.expanduser() for path in tls.authorities):
            if file.is_file():
                context.load_verify_locations(file)
        if tls.certificate and tls.key:
            context.load_cert_chain(tls.certificate, tls.key)
        wire.start_tls(context, tls.host)
    except ssl.SSLCertVerificationError as error:
        raise _certificate(tls, error) from None
    except (ssl.SSLError, OSError, ValueError) as error:
        raise problems.tls_failed(tls.host, str(error)) from None


# OpenSSL's numbers, x509_vfy.h
_NOT_YET, _EXPIRED, _OTHER_HOST, _OTHER_ADDRESS = 9, 10, 62, 64
_UNKNOWN = (2, 18, 19, 20, 21, 27)


def _certificate(tls: Tls, error: ssl.SSLCertVerificationError) -> Exception:
    details = str(error.verify_message)
    if error.verify_code == _EXPIRED:
        return problems.certificate_expired(tls.host, details)
    if error.verify_code == _NOT_YET:
        return problems.certificate_not_yet(tls.host, details)
    if error.verify_code in (_OTHER_HOST, _OTHER_ADDRESS):
        return problems.certificate_of_another(tls.host, details)
    if error.verify_code in _UNKNOWN:
        return problems.certificate_unknown(tls.host, str(_HOME_AUTHORITY), details)
    return problems.certificate_bad(tls.host, details)
