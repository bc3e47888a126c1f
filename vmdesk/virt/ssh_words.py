"""What ssh says and asks, understood; and what we say to it. Pure."""

import re

from vmdesk.model.errors import Problem
from vmdesk.model.prompt import Kind, Prompt
from vmdesk.model.text import Text, text
from vmdesk.model.uri import Uri, refused
from vmdesk.virt import steps

# The daemon of each driver where libvirt is split into many; the others have libvirtd only.
_DAEMONS = {
    "qemu": "virtqemud",
    "xen": "virtxend",
    "lxc": "virtlxcd",
    "ch": "virtchd",
    "bhyve": "virtbhyved",
    "vbox": "virtvboxd",
    "vz": "virtvzd",
}
_METHODS = {"agent": "publickey", "privkey": "publickey", "password": "password"}  # libvirt's words -> ssh's
_MARK = "vmdesk-"

# One line without quotes and exclamation marks: the login shell of the other side may be any, csh included.
_LOOK = (
    "for n in {names}; do for d in {folders}; do s=$d/$n; if [ -S $s ]; then "
    "if [ -w $s ]; then echo " + _MARK + "socket:$s; exit 0; fi; echo " + _MARK + "denied:$s; fi; done; done; "
)
_START = (
    "PATH=$PATH:/usr/sbin:/sbin; (virsh -c {driver}:///session uri || {daemon} -d || libvirtd -d) "
    ">/dev/null 2>&1 </dev/null; sleep 0.2; "
)


def account(uri: Uri) -> str:
    """Whom we log in to, as people write it."""
    host = f"[{uri.host}]" if ":" in uri.host else uri.host
    return (f"{uri.user}@" if uri.user else "") + host + (f":{uri.port}" if uri.port else "")


def login_options(uri: Uri) -> list[str]:
    """ssh's arguments that say who logs in where and how; what they say was checked (model/uri.py)."""
    options: list[str] = []
    if uri.port:
        options += ["-p", str(uri.port)]
    if uri.user:
        options += ["-l", uri.user]
    if key := uri.parameter("keyfile"):
        options += ["-i", _plain(key), "-o", "IdentitiesOnly=yes"]
    if known := uri.parameter("known_hosts"):
        options += ["-o", f'UserKnownHostsFile="{_plain(known)}"']
    if uri.parameter("no_verify") == "1":
        options += ["-o", "StrictHostKeyChecking=no"]
    if methods := uri.parameter("sshauth"):
        wanted = dict.fromkeys(_METHODS.get(method, method) for method in methods.split(","))
        options += ["-o", "PreferredAuthentications=" + ",".join(wanted)]
    return options


def _plain(path: str) -> str:
    """A path as ssh takes it literally: it replaces %x and ${x}, and takes quotes away."""
    if '"' in path or "${" in path:
        raise refused(text("The path {path} contains characters that ssh does not take.", path=path))
    return path.replace("%", "%%")


def forwarding(local: str, target: str) -> str:
    """ssh's -L for a local socket to `target`, "host:port" or a socket's path. VirtError for what ssh would misread."""
    if target.startswith("/"):
        if "${" in target or not target.isprintable():
            raise refused(text("The path {path} contains characters that ssh does not take.", path=target))
        target = _field(target)
    elif not re.fullmatch(r"([\w.-]+|\[[\w.:%-]+\]):\d{1,5}", target, re.ASCII):
        raise refused(text("{where} is not an address.", where=target))
    return f"{_field(local)}:{target}"


def _field(path: str) -> str:
    """A path within -L: a colon would end it, and ssh replaces %x."""
    return path.replace("\\", "\\\\").replace(":", "\\:").replace("%", "%%")


def search(uri: Uri, readonly: bool) -> str:
    """The command that finds libvirt's socket on the other side, and for a session starts its daemon."""
    daemon = _DAEMONS.get(uri.driver, "libvirtd")
    legacy, split = ["libvirt-sock"], [f"{daemon}-sock"] if daemon != "libvirtd" else []
    names = {"legacy": legacy, "direct": split or legacy}.get(uri.parameter("mode"), split + legacy)
    session = uri.path == "/session"
    if readonly and not session:
        names = [f"{name}-ro" for name in names] + names
    if session:
        folders = "${XDG_RUNTIME_DIR:-$HOME/.cache}/libvirt /run/user/$(id -u)/libvirt"
        begin = _START.format(driver=uri.driver, daemon=daemon)
    else:
        folders, begin = "/run/libvirt /var/run/libvirt", ""
    return f"exec sh -c '{begin}{_LOOK.format(names=' '.join(names), folders=folders)}echo {_MARK}none'"


def found_socket(output: str) -> tuple[str, str]:
    """What `search` printed: ("socket", path), ("denied", path) or ("none", "")."""
    found = re.findall(rf"^{_MARK}(socket|denied|none)(?::(/[^\s:]+))?\s*$", output, re.MULTILINE)
    return next((one for one in found if one[0] == "socket"), found[0] if found else ("none", ""))


def look_alive(uri: Uri) -> str:
    """The command that tells whether libvirt answers over there to those who are there."""
    path = "/session" if uri.path == "/session" else "/system"
    return f"exec sh -c 'virsh -c {uri.driver}://{path} uri >/dev/null 2>&1 </dev/null && echo {_MARK}alive'"


def is_alive(output: str) -> bool:
    """What `look_alive` printed."""
    return re.search(rf"^{_MARK}alive\s*$", output, re.MULTILINE) is not None


def prompt_of(words: str, hint: str, uri: Uri) -> Prompt:
    """The question behind an askpass call. OpenSSH speaks English whatever the locale."""
    host = account(uri)
    if hint == "none":
        return Prompt(Kind.NOTICE, host, words)
    if key := re.search(r"(\S+) key fingerprint is:?\s+(\S+?)\.?\s", words):
        return Prompt(Kind.HOST_KEY, host, words, key_type=key[1], fingerprint=key[2])
    if "(yes/no" in words:
        return Prompt(Kind.HOST_KEY, host, words)
    if file := re.search(r"passphrase for (?:key )?'?([^']+?)'?: ?$", words):
        return Prompt(Kind.PASSPHRASE, host, words, subject=file[1])
    # "alice@host's password:" or, where PAM asks, "(alice@host) Password:". Another question (a code, say) is not
    # the password and must not get it.
    if who := re.fullmatch(r"(\S+)'s password: ?|\((\S+)\) ?[Pp]assword(?: for \S+)?: ?", words.strip() + " "):
        return Prompt(Kind.PASSWORD, host, words, subject=who[1] or who[2])
    return Prompt(Kind.ANSWER, host, words)


def failure(uri: Uri, said: str) -> Problem:
    """Why ssh ended, from what it wrote to stderr."""
    host, low = account(uri), said.lower()
    what = text("The ssh connection to {host} did not come about.", host=host)
    if "remote host identification has changed" in low or ("host key for" in low and "has changed" in low):
        name = f"[{uri.host}]:{uri.port}" if uri.port and uri.port != 22 else uri.host
        return Problem(
            what,
            text("The host's key is another one than before. It was set up anew, or somebody poses as it."),
            text("Ask its owner. If the new key is right, run: {command}", command=f"ssh-keygen -R '{name}'"),
            said,
            name="host-key",
        )
    if "host key verification failed" in low:
        return Problem(
            what,
            text("The host's key is not known here."),
            text(
                "Compare the fingerprint with the one that its owner tells you, then accept it: ssh {host}",
                host=_ssh_line(uri),
            ),
            said,
            name="host-key",
        )
    if "permission denied" in low or "too many authentication failures" in low or "no more authentication" in low:
        return Problem(
            what,
            text("The login was refused."),
            text("Check the user name, the password or the key. This must work, too: ssh {host}", host=_ssh_line(uri)),
            said,
            name="auth",
        )
    if "could not resolve" in low or "name or service not known" in low:
        return Problem(
            what,
            text("No computer called {host} was found.", host=uri.host),
            text("Check the spelling, and that the network is up."),
            said,
            name="unreachable",
        )
    return Problem(
        what,
        _reason(low),
        text("Check that it is switched on, that ssh listens there, and that no firewall is in between."),
        said,
        name="unreachable",
    )


def no_login(uri: Uri) -> Problem:
    """The login that a screen was to go through has ended."""
    return Problem(
        text("The screen cannot be reached."),
        text("The ssh connection to {host} has ended.", host=account(uri)),
        text("Connect to the host again."),
        name="closed",
    )


def no_answer(uri: Uri, target: str, said: str) -> Problem:
    """ssh did not come through to a screen; `said` is what it wrote."""
    low, host = said.lower(), account(uri)
    what_next = text("Check that the machine runs, then try again.")
    if "prohibited" in low:
        why = text("The ssh server of {host} does not allow forwarding.", host=host)
        what_next = text("Allow it there: AllowTcpForwarding and AllowStreamLocalForwarding in sshd_config.")
    elif target.startswith("/"):
        why = text(
            "Your user on {host} may not open the display's socket, or it is gone: {path}", host=host, path=target
        )
        what_next = text("Give the display a port on 127.0.0.1 in the machine's definition, or log in as another user.")
    else:
        why = text("Nothing answers at {where} on {host}.", where=target, host=host)
    return Problem(text("The screen cannot be reached."), why, what_next, said, name="refused")


def denied(uri: Uri, path: str) -> Problem:
    """libvirt is there, and the account may not use it."""
    what_next, command = steps.join_there()
    return Problem(
        text("libvirt on {host} cannot be used.", host=account(uri)),
        text("Your user on that host may not manage its machines."),
        what_next,
        path,
        name="permission",
        command=command,
    )


def no_daemon(uri: Uri) -> Problem:
    """No libvirt answers there."""
    what_next, command = steps.start_service(f"//{uri.host}")
    return Problem(
        text("libvirt on {host} cannot be used.", host=account(uri)),
        text("libvirt's service is not running on {host}, or it is not installed there.", host=uri.host),
        what_next,
        name="no-daemon",
        command=command,
    )


def cancelled(uri: Uri) -> Problem:
    """The person did not go on."""
    return Problem(
        text("The ssh connection to {host} did not come about.", host=account(uri)),
        text("It was cancelled."),
        text("Connect again when you like."),
        name="cancelled",
    )


def _reason(low: str) -> Text:
    if "connection refused" in low:
        return text("The host refuses ssh connections.")
    if "timed out" in low or "no route to host" in low or "unreachable" in low:
        return text("The host does not answer.")
    return text("The connection broke off.")


def _ssh_line(uri: Uri) -> str:
    port = f"-p {uri.port} " if uri.port else ""
    return port + (f"{uri.user}@" if uri.user else "") + uri.host
