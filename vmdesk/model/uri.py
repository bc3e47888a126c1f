"""libvirt connection URIs: built from fields, read back, and refused unless everything in them is known.

A libvirt URI can start a local program (`command=`, `netcat=`, `+ext`) and libvirt's own parser is forgiving, so the
grammar here is narrower than libvirt's: what is read here means the same there, or it is not opened.
Form: driver[+transport]://[user@][host][:port]/path[?name=value&name=value]
"""

import os.path
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import Text, text

TRANSPORTS = ("", "unix", "ssh", "tls", "tcp")
# These speak to the host by themselves, over HTTPS; libvirt has no daemon there.
DIRECT = ("esx", "vpx", "gsx", "hyperv")
# The paths that libvirt knows for each driver. None: the path names a place in a data centre, or a file.
PATHS: dict[str, tuple[str, ...] | None] = {
    "qemu": ("/system", "/session"),
    "test": None,
    "xen": ("", "/", "/system"),
    "lxc": ("", "/", "/system"),
    "ch": ("/system", "/session"),
    "bhyve": ("/system", "/session"),
    "vz": ("", "/", "/system"),
    "vbox": ("/session", "/system"),
    "esx": None,
    "gsx": None,
    "vpx": None,
    "vmwareplayer": ("/session",),
    "vmwarews": ("/session",),
    "vmwarefusion": ("/session",),
    "hyperv": None,
    "openvz": ("/system",),
}
DRIVERS = tuple(PATHS)

_LONGEST = 4096
_FORM = re.compile(
    r"(?P<driver>[a-z][a-z0-9]*)(?:\+(?P<transport>[a-z0-9]+))?://"
    r"(?:(?P<user>[^@/?#\[\]]*)@)?"
    r"(?P<host>\[[^\]@/?#]*\]|[^@/?#:\[\]]*)"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[^?#]*)?"
    r"(?:\?(?P<query>[^?#]*))?"
)
_RAW = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]*")
_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_NAME = re.compile(r"(?!.*\.\.)[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?\.?")
_IPV6 = re.compile(r"(?=.*:.*:)[0-9A-Fa-f:.]{2,45}")
_USER = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.@\\+$-]{0,255}")
_KEY = re.compile(r"[a-z_]{1,32}")
_SESSION = re.compile(r"qemu(\+[a-z0-9]+)?://[^/]*/session/?(\?|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Uri:
    """The fields of a URI, decoded. `host` has no brackets; `port` is 0 when not given."""

    driver: str
    transport: str = ""
    user: str = ""
    host: str = ""
    port: int = 0
    path: str = ""
    parameters: tuple[tuple[str, str], ...] = ()

    def parameter(self, name: str) -> str:
        """The value of a parameter, "" if it is not there."""
        return dict(self.parameters).get(name, "")

    @property
    def remote(self) -> bool:
        """Whether another computer answers (as far as the URI tells)."""
        return bool(self.host) or self.transport in ("ssh", "tls", "tcp")


def _absolute(value: str) -> bool:
    return value.startswith("/") and not value.startswith("//")


def _switch(value: str) -> bool:
    return value in ("0", "1")


def _ssh_methods(value: str) -> bool:
    known = {"agent", "privkey", "password", "keyboard-interactive", "none"}
    return bool(value) and set(value.split(",")) <= known


def _priority(value: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9@:+!%,._-]+", value) is not None


PARAMETERS: dict[str, Callable[[str], bool]] = {
    "socket": _absolute,
    "mode": lambda value: value in ("auto", "legacy", "direct"),
    "keyfile": _absolute,
    "known_hosts": _absolute,
    "no_tty": _switch,
    "sshauth": _ssh_methods,
    "pkipath": _absolute,
    "tls_priority": _priority,
    "no_verify": _switch,
    "auto_answer": _switch,
}
ANSWERING = ("esx", "vpx")  # the drivers that know auto_answer


def refused(why: Text, what_next: Text | None = None, details: str = "") -> VirtError:
    """The error of a URI that is not opened."""
    return VirtError(Problem(text("This address is not opened."), why, what_next, details, name="refused-uri"))


def build(uri: Uri) -> str:
    """The URI of these fields. It may still be refused by `check`."""
    scheme = f"{uri.driver}+{uri.transport}" if uri.transport else uri.driver
    host = f"[{quote(uri.host, safe=':')}]" if ":" in uri.host else quote(uri.host, safe="")
    user = quote(uri.user, safe="") + "@" if uri.user else ""
    port = f":{uri.port}" if uri.port else ""
    query = "&".join(f"{name}={quote(value, safe='/')}" for name, value in uri.parameters)
    return f"{scheme}://{user}{host}{port}{quote(uri.path, safe='/')}" + (f"?{query}" if query else "")


def of_file(path: str | os.PathLike[str]) -> str:
    """The test driver's URI of an XML file."""
    return build(Uri("test", path=os.path.abspath(path)))


def tidy(uri: str) -> str:
    """What a person typed, without blanks around it and with spaces and letters beyond ASCII percent-encoded."""
    return "".join(c if c.isascii() and c != " " else quote(c, errors="surrogateescape") for c in uri.strip())


def parse(uri: str) -> Uri:
    """The fields of a URI. Raises VirtError "refused-uri" for what does not have the form; see also `check`."""
    if not uri:
        raise refused(text("It is empty."), text("A local host is qemu:///system."))
    if len(uri) > _LONGEST:
        raise refused(text("It is too long."))
    if any(ord(c) < 32 or ord(c) == 127 or c.isspace() for c in uri):
        raise refused(text("It contains control characters or blanks."))
    if not _RAW.fullmatch(uri) or _PERCENT.search(uri):
        raise refused(text("It contains characters that must be written as %XX."))
    found = _FORM.fullmatch(uri)
    if found is None:
        raise refused(
            text("It does not have the form of a libvirt address."),
            text("Examples: qemu:///system, qemu+ssh://user@host/system"),
            hide_password(uri),
        )
    user = found["user"]
    if user is not None and (":" in user or ":" in _decoded(user)):
        raise refused(
            text("It contains a password."), text("Leave it out: VMDesk asks for it and the keyring can keep it.")
        )
    host = found["host"]
    return Uri(
        driver=found["driver"],
        transport=found["transport"] or "",
        user=_user(user),
        host=_host(host),
        port=_port(found["port"]),
        path=_decoded(found["path"] or ""),
        parameters=_parameters(found["query"]),
    )


def check(uri: str, *, allow_no_verify: bool = False) -> None:
    """Raise VirtError "refused-uri" unless everything in the URI is on the list of what may be opened.

    allow_no_verify: the person has read the warning and wants it (the dialog's tick, or a host saved with it).
    """
    fields = parse(uri)
    _check_driver(fields)
    _check_parameters(fields)
    _check_path(fields)
    if switches_off_checks(uri) and not allow_no_verify:
        raise refused(
            text("no_verify=1 switches off the check that this is the right host."),
            text("Add the host in the window and agree to the warning there, or leave no_verify out."),
        )


def switches_off_checks(uri: str) -> bool:
    """Whether the URI asks libvirt not to check whom it speaks to."""
    return parse(uri).parameter("no_verify") == "1"


def warnings(uri: str) -> list[Text]:
    """What a person should know before this URI is opened; empty for a good one."""
    fields = parse(uri)
    found = []
    if fields.transport == "tcp":
        found.append(text("TCP is not encrypted: everybody on the way can read and change what is sent."))
    if switches_off_checks(uri):
        found.append(text("Without verification anybody on the way can pose as this host and take its password."))
    if fields.parameter("auto_answer") == "1":
        found.append(text("Questions of the hypervisor are answered with their defaults, unseen."))
    return found


def hide_password(uri: str) -> str:
    """The URI with what looks like a password replaced, for messages."""
    return re.sub(r"(//[^/@:]*):[^/]*@", r"\1:***@", uri)


def _decoded(raw: str) -> str:
    try:
        decoded = unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        raise refused(text("It contains characters that are not UTF-8.")) from None
    if not decoded.isprintable():
        raise refused(text("It contains control characters or blanks."))
    return decoded


def _user(raw: str | None) -> str:
    if raw is None:
        return ""
    user = _decoded(raw)
    if user.startswith("-"):
        raise refused(text("The user name begins with a dash, which a program would take for an option."))
    if not _USER.fullmatch(user):
        raise refused(text("The user name is empty or contains characters that are not allowed."))
    return user


def _host(raw: str) -> str:
    if raw.startswith("-"):
        raise refused(text("The host name begins with a dash, which a program would take for an option."))
    if raw.startswith("["):
        host = raw[1:-1]
        if not _IPV6.fullmatch(host):
            raise refused(text("What stands in brackets is not an IPv6 address."))
        return host
    # No percent signs: libvirt decodes the host, and "%2D" is a dash.
    if raw and not _NAME.fullmatch(raw):
        raise refused(text("The host name contains characters that are not allowed."))
    return raw


def _port(raw: str | None) -> int:
    if raw is None:
        return 0
    if not 1 <= int(raw) <= 65535:
        raise refused(text("The port is not between 1 and 65535."))
    return int(raw)


def _parameters(query: str | None) -> tuple[tuple[str, str], ...]:
    if query is None:
        return ()
    if ";" in query:
        # libvirt takes it for "&".
        raise refused(text("A semicolon between parameters is not allowed."))
    found: list[tuple[str, str]] = []
    for part in query.split("&"):
        name, equals, raw = part.partition("=")
        if not equals or "=" in raw or not _KEY.fullmatch(name):
            raise refused(text("The part after the question mark is not a list of name=value."))
        if name in dict(found):
            raise refused(text("The parameter {name} stands there twice.", name=name))
        found.append((name, _decoded(raw)))
    return tuple(found)


def _check_driver(uri: Uri) -> None:
    if uri.driver not in PATHS:
        raise refused(
            text("There is no driver {driver} that VMDesk knows.", driver=uri.driver),
            text("Known drivers: {drivers}", drivers=", ".join(DRIVERS)),
        )
    if uri.transport == "ext":
        raise refused(text("The transport ext starts a local program, which could be anything."))
    if uri.transport not in TRANSPORTS:
        raise refused(
            text("The transport {transport} is not allowed.", transport=uri.transport),
            text("Allowed transports: none, unix, ssh, tls, tcp"),
        )
    if uri.driver in DIRECT and (uri.transport or not uri.host):
        raise refused(
            text("{driver} is reached directly: it takes a host name and no transport.", driver=uri.driver),
            text("Example: esx://root@esx.example.com/"),
        )
    if uri.transport in ("ssh", "tls", "tcp") and not uri.host:
        raise refused(text("The host name is missing."))
    if uri.transport == "unix" and uri.host:
        raise refused(text("A unix socket is on this computer: a host name does not belong here."))
    if not uri.host and (uri.user or uri.port):
        raise refused(text("The host name is missing."))


def _check_parameters(uri: Uri) -> None:
    for name, value in uri.parameters:
        if name in ("command", "netcat"):
            raise refused(text("The parameter {name} starts a program, which could be anything.", name=name))
        if name not in PARAMETERS or (name == "auto_answer" and uri.driver not in ANSWERING):
            raise refused(
                text("The parameter {name} is not allowed.", name=name),
                text("Allowed parameters: {names}", names=", ".join(PARAMETERS)),
            )
        if not PARAMETERS[name](value):
            raise refused(text("The value of the parameter {name} is not allowed.", name=name))


def _check_path(uri: Uri) -> None:
    if ".." in uri.path.split("/"):
        raise refused(text("The path goes upwards."))
    known = PATHS[uri.driver]
    if known is not None and uri.path not in known:
        raise refused(
            text("{driver} has no path {path}.", driver=uri.driver, path=uri.path or '""'),
            text("Known paths: {paths}", paths=", ".join(path for path in known if path)),
        )
    if uri.driver == "test" and uri.path != "/default":
        _check_file(uri)


def _check_file(uri: Uri) -> None:
    """The test driver reads a file: it must be a plain one, a device or a pipe would block for ever."""
    if uri.host or uri.transport:
        raise refused(
            text("The test driver reads a file on this computer only."), text("Known paths: {paths}", paths="/default")
        )
    try:
        mode = os.stat(uri.path).st_mode
    except (OSError, ValueError) as error:
        raise refused(
            text("The file {path} cannot be read.", path=uri.path or '""'), details=getattr(error, "strerror", "") or ""
        ) from None
    if not stat.S_ISREG(mode):
        raise refused(text("{path} is not a plain file.", path=uri.path))


def is_session(uri: str) -> bool:
    """Whether it is QEMU's daemon of one user, who has no control groups."""
    return _SESSION.match(uri) is not None
