"""libvirt's errors in plain words, each with the next step."""

import grp
import os
import pwd
import re
import shlex
from typing import NamedTuple
from urllib.parse import urlsplit

import libvirt

from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import Text, text
from vmdesk.virt import packages, steps, words
from vmdesk.virt.steps import GROUP

_SOCKET = "ls -l /run/libvirt/libvirt-sock"

# Which libvirt call holds a machine's lock -> the word for it. First match wins.
_HOLDERS = (
    ("ManagedSave", "save"),
    ("DomainSave", "save"),
    ("Snapshot", "snapshot"),
    ("Checkpoint", "checkpoint"),
    ("Backup", "backup"),
    ("Migrate", "migration"),
    ("CoreDump", "dump"),
    ("BlockC", "block job"),
    ("BlockPull", "block job"),
    ("BlockRebase", "block job"),
    ("BlockJob", "block job"),
    ("Restore", "restore"),
    ("DomainCreate", "start"),
    ("DomainReset", "reset"),
    ("DomainReboot", "reboot"),
    ("DomainShutdown", "shutdown"),
    ("DomainDestroy", "force off"),
    ("DomainSuspend", "pause"),
    ("DomainResume", "resume"),
    ("Screenshot", "screenshot"),
    ("Agent", "guest agent"),
    ("Attach", "device change"),
    ("Detach", "device change"),
    ("UpdateDevice", "device change"),
)
# Jobs of statistics: held by whoever watches, which is no work done on the machine.
_WATCHING = ("GetStats", "GetAllDomainStats", "MemoryStats", "BlockStats", "GetInfo", "GetJob")


def holder(details: str) -> str:
    """What holds the machine's lock, from the words of VIR_ERR_OPERATION_TIMEOUT; "" if that is not said."""
    if found := re.search(r"async ?(?:job|agent)?=(?!none)([a-z ]+)", details):
        return found.group(1).strip()
    held: list[str] = re.findall(r"(?:monitor|agent|job)=(\w+)", details)
    for call in held:
        if any(word in call for word in _WATCHING):
            continue
        for part, word in _HOLDERS:
            if part in call:
                return word
        return call.removeprefix("remoteDispatch").removeprefix("Domain")
    return ""


def refused(doing: Text | None, why: Text, what_next: Text | None = None, name: str = "refused") -> VirtError:
    """An error of ours: libvirt was not asked."""
    return VirtError(Problem(what=_what(doing), why=why, what_next=what_next, name=name))


def timeout(doing: Text | None, seconds: float) -> VirtError:
    """The watchdog ran out; the call is left behind."""
    return VirtError(
        Problem(
            what=_what(doing),
            why=text("There was no answer within {seconds} seconds.", seconds=f"{seconds:g}"),
            what_next=text(
                "The machine or its host may be hung or very busy. Force off still works on a hung machine."
            ),
            name="timeout",
        )
    )


def problem(error: libvirt.libvirtError, doing: Text | None = None, uri: str = "") -> Problem:
    """`error`, met while `doing` (a sentence like "Starting web-01") on the host at `uri`."""
    code, domain = error.get_error_code() or 0, error.get_error_domain() or 0
    details = error.get_error_message() or str(error)
    name, why, what_next, command = _explain(code, domain, details, uri)
    return Problem(_what(doing), why, what_next, details, code, name, command)


def unreadable(doing: Text | None) -> Problem:
    """libvirt failed, and what it says is no text."""
    why = text("libvirt's own words cannot be read.")
    return Problem(_what(doing), why, text("Its log says why: journalctl -u libvirtd"), name="libvirt")


def _what(doing: Text | None) -> Text:
    return text("{doing} did not work.", doing=doing) if doing else text("libvirt could not do this.")


class _Explained(NamedTuple):
    """Parts of a Problem."""

    name: str
    why: Text | None
    what_next: Text | None = None
    command: str = ""


def _explain(code: int, domain: int, details: str, uri: str) -> _Explained:
    low = details.lower()
    return (
        _explain_full(low)
        or _explain_ssh(low, uri)
        or _explain_connecting(code, domain, low, uri)
        or _explain_rights(code, low, uri)
        or _explain_store(code, low, details)
        or _explain_machine(code, low, details, uri)
        or _Explained("libvirt", text("libvirt says: {words}", words=details))
    )


def _explain_full(low: str) -> _Explained | None:
    """Before anything else: a full disk breaks streams and pipes, which is no connection that was lost."""
    if "no space left" in low:
        return _Explained(
            "disk-full", text("There is no room left on the host's disk."), text("Make room, then try again.")
        )
    return None


def _explain_ssh(low: str, uri: str) -> _Explained | None:
    """What ssh says comes as text only."""
    host = urlsplit(uri).hostname or ""
    if "host key verification failed" in low or "remote host identification has changed" in low:
        return _Explained(
            "host-key",
            text("The ssh key of {host} is not known here, or it has changed.", host=host),
            text("Check the fingerprint with the host's owner, then run: {command}", command=f"ssh {host}"),
            f"ssh {host}",
        )
    if "permission denied (" in low or "too many authentication failures" in low:
        return _Explained(
            "auth",
            text("{host} refused the ssh login.", host=host),
            text("Check the user name, and that this works: {command}", command=f"ssh {host}"),
            f"ssh {host}",
        )
    if any(words in low for words in ("unable to resolve", "could not resolve", "name or service not known")):
        return _Explained(
            "unreachable",
            text("No computer called {host} was found.", host=host),
            text("Check the spelling, and that the network is up."),
        )
    if "nc: command not found" in low or "virt-ssh-helper: command not found" in low or "nc: not found" in low:
        return _Explained(
            "no-daemon",
            text("libvirt is not installed on {host}.", host=host),
            *steps.install_on(uri, "libvirt", "libvirt"),
        )
    return None


def _explain_connecting(code: int, domain: int, low: str, uri: str) -> _Explained | None:
    socket = "failed to connect socket" in low or "failed to connect to the monitor" in low
    if socket and ("no such file" in low or "connection refused" in low):
        return _explain_daemon(uri)
    if "unable to connect to server" in low or "no route to host" in low or "network is unreachable" in low:
        return _Explained(
            "unreachable",
            text("The host does not answer ({words}).", words=low.rpartition(": ")[2]),
            text("Check that it is switched on, that libvirt listens there, and that no firewall is in between."),
        )
    if code == _code("VIR_ERR_RPC", 39) and ("too large" in low or "packet" in low or "protocol" in low):
        return _Explained(
            "not-libvirt",
            text("Something answers there, but it is not a libvirt server."),
            text("Check the address and the port (libvirt's own are 16509 for tcp and 16514 for tls)."),
        )
    if code == _code("VIR_ERR_NO_CONNECT", 5) or "no connection driver available" in low:
        return _Explained(
            "no-driver",
            text("The libvirt installed here has no driver for this kind of host."),
            *_install_driver(uri),
        )
    if "cannot read ca certificate" in low or "cannot read certificate" in low:
        return _Explained(
            "certificate",
            text("The certificates for such a connection are not set up on this computer."),
            text("Put the CA's certificate at /etc/pki/CA/cacert.pem, or use ssh instead."),
        )
    if code in (_code("VIR_ERR_GNUTLS_ERROR", 40), _code("VIR_ERR_SYSTEM_ERROR", 38)) and "certificate" in low:
        return _Explained(
            "certificate",
            text("The certificates of the two sides do not fit together."),
            text("Check the CA's, the client's and the server's certificate, and the host name in the server's."),
        )
    # The daemon went away, or keepalive gave up: generic codes from the RPC layer.
    lost = (
        "end of file",
        "connection reset",
        "broken pipe",
        "client socket is closed",
        "keepalive",
        "cannot recv data",
    )
    rpc = (_code("VIR_FROM_RPC", 7), _code("VIR_FROM_REMOTE", 13))
    stream = _code("VIR_FROM_STREAMS", 38)  # the pipe that breaks there is the daemon's own
    if code == _code("VIR_ERR_INVALID_CONN", 6) or (
        code in (1, 38, 39)
        and (domain in rpc or (domain != stream and any(word in low for word in lost)))
        and not socket
    ):
        return _Explained(
            "closed",
            text("The connection to the host was lost."),
            text("VMDesk connects again by itself; then try once more."),
        )
    return None


def _explain_daemon(uri: str) -> _Explained:
    """Nobody listens at libvirt's socket. Whether libvirt is installed at all is known of this computer only."""
    if host := urlsplit(uri).hostname:
        why = text("libvirt's service is not running on {host}, or it is not installed there.", host=host)
        return _Explained("no-daemon", why, *steps.start_service(uri))
    if packages.daemon():
        return _Explained("no-daemon", text("libvirt's service is not running."), *steps.start_service(uri))
    own = urlsplit(uri).path.startswith("/session") and not packages.is_root()
    return _Explained(
        "no-daemon",
        text("libvirt's service is not installed on this computer."),
        *steps.install("session" if own else "libvirt", "libvirt"),
    )


def _install_driver(uri: str) -> steps.Step:
    if uri.startswith("qemu") and (command := packages.install("libvirt")):
        return text("Install it (for QEMU: {command}), or check the address.", command=command), command
    return text("Install it, or check the address."), ""


def _explain_rights(code: int, low: str, uri: str) -> _Explained | None:
    socket_denied = "failed to connect socket" in low and "permission denied" in low
    polkit = code in (_code("VIR_ERR_AUTH_UNAVAILABLE", 94), _code("VIR_ERR_AUTH_CANCELLED", 79)) or "polkit" in low
    if socket_denied or polkit:
        return _explain_group(uri)
    if code == _code("VIR_ERR_AUTH_FAILED", 45):
        return _Explained("auth", text("The host refused the login."), text("Check the user name and the password."))
    if code == _code("VIR_ERR_ACCESS_DENIED", 88):
        return _Explained(
            "permission",
            text("The host's rules do not let you do this."),
            text("Ask the administrator of the host."),
        )
    if code == _code("VIR_ERR_OPERATION_DENIED", 29):
        return _Explained(
            "read-only",
            text("The connection is read-only."),
            text('Connect again without "read-only".'),
        )
    return None


def _explain_group(uri: str) -> _Explained:
    """Not allowed to speak to the system's libvirt: which of the two mends is needed."""
    if urlsplit(uri).hostname:
        return _Explained(
            "permission",
            text("Your user on that host may not manage its machines."),
            *steps.join_there(),
        )
    granted, in_login = membership(steps.user_name())
    if granted and not in_login:
        return _Explained(
            "permission-login",
            text("You are in the group {group}, but this login began before that.", group=GROUP),
            text("Log out and in once."),
        )
    if granted:
        return _Explained(
            "permission",
            text("You are in the group {group}, and still libvirt refuses.", group=GROUP),
            text("Look at the rights of the socket: {command}", command=_SOCKET),
            _SOCKET,
        )
    return _Explained(
        "permission",
        text("You may not manage the machines of this computer yet."),
        *steps.join(GROUP),
    )


def membership(user: str) -> tuple[bool, bool]:
    """Whether group libvirt is granted to `user` in the group database, and whether this login has it."""
    try:
        group = grp.getgrnam(GROUP)
    except KeyError:
        return False, False
    try:
        primary = pwd.getpwnam(user).pw_gid == group.gr_gid
    except KeyError:
        primary = False
    return user in group.gr_mem or primary, group.gr_gid in (*os.getgroups(), os.getegid())


# What libvirt calls for storage pools, and what it comes with.
_TOOLS = {
    **dict.fromkeys(("pvs", "vgs", "lvs", "vgscan", "vgchange", "vgcreate", "pvcreate", "lvcreate"), "lvm2"),
    "iscsiadm": "open-iscsi",
    "showmount": "nfs-common",
    "zpool": "zfsutils-linux",
    "gluster": "glusterfs-cli",
    "mkfs": "util-linux",
}


def _explain_store(code: int, low: str, details: str) -> _Explained | None:
    """Pools, volumes, networks; and names that somebody has already."""
    if code == _code("VIR_ERR_NO_STORAGE_POOL", 49):
        return _Explained("no-pool", text("There is no such storage pool."), None)
    if code == _code("VIR_ERR_NO_STORAGE_VOL", 50):
        return _Explained("no-volume", text("There is no such volume in the storage pool."), None)
    if code == _code("VIR_ERR_NO_NETWORK", 43):
        return _Explained("no-network", text("There is no such network."), None)
    if found := re.search(r"cannot execute binary (\S+): No such file|[Cc]annot find '(\S+)' in path", details):
        program = (found.group(1) or found.group(2)).rpartition("/")[2]
        package = _TOOLS.get(program, program)
        return _Explained(
            "no-program",
            text("The host lacks the program {program}.", program=program),
            text("Install {package} on the host.", package=package),
        )
    if "missing backend for pool type" in low:
        return _Explained("no-backend", text("This host's libvirt lacks its part for this kind of storage pool."), None)
    volume = code == _code("VIR_ERR_STORAGE_VOL_EXIST", 90) or "storage vol already exists" in low
    if volume or ("volume target path" in low and "already exists" in low):
        return _Explained(
            "taken",
            text("There is a file of this name already, and nothing is ever overwritten."),
            text("Choose another name."),
        )
    if found := re.search(r"'([^']*)' (?:already exists|is already defined) with uuid", details):
        return _Explained(
            "taken", text("The name {name} is taken already.", name=found.group(1)), text("Choose another name.")
        )
    if found := re.search(r"Storage source conflict with pool: '([^']*)'", details):
        return _Explained(
            "taken",
            text("The storage pool {pool} is in the same place already.", pool=found.group(1)),
            text("Use that one, or choose another place."),
        )
    if "storage pool" in low and "is not active" in low:
        return _Explained("pool-off", text("The storage pool is off."), text("Start the storage pool."))
    if found := re.search(r"cannot open directory '([^']*)'", details):
        return _Explained(
            "no-folder",
            text("The host has no folder {folder}, or may not read it.", folder=found.group(1)),
            text("Make the folder on the host, or choose another one."),
        )
    if found := re.search(r"is already in use by interface (\S+)", details):
        return _Explained(
            "subnet",
            text("The host's interface {interface} has the same addresses already.", interface=found.group(1)),
            text("Give the network another range of addresses."),
        )
    return None


def _explain_machine(code: int, low: str, details: str, uri: str) -> _Explained | None:
    if code == _code("VIR_ERR_NO_SUPPORT", 3):
        return _Explained("no-support", text("This kind of host cannot do that."), None)
    if code == _code("VIR_ERR_NO_DOMAIN", 42):
        return _Explained("gone", text("The machine is not there any more."), None)
    if code == _code("VIR_ERR_OPERATION_TIMEOUT", 68):
        return _Explained(
            "busy",
            text("Something else is at work on the machine: {holder}.", holder=words.job_text(who))
            if (who := holder(details))
            else text("Something else is at work on the machine."),
            text("Wait until it is done, or cancel it."),
        )
    if code == _code("VIR_ERR_AGENT_UNRESPONSIVE", 86) or "guest agent is not" in low:
        return _Explained(
            "agent",
            text("The guest agent does not answer."),
            text("Install and start qemu-guest-agent inside the machine, or choose another way."),
        )
    if "vdagent chardev" in low:
        return _Explained(
            "vdagent",
            text("Below 10.1, QEMU cannot save the memory of a machine that has its clipboard channel (qemu-vdagent)."),
            text("Take the channel out of the machine's hardware and start the machine anew, or shut it down first."),
        )
    if "kvm" in low and "permission denied" in low:
        return _Explained("no-kvm", text("QEMU is not allowed to use /dev/kvm."), *steps.allow_kvm(uri))
    if "kvm" in low and any(words in low for words in ("could not access", "not available")):
        return _Explained(
            "no-kvm",
            text("The host cannot use its processor for virtualization (KVM)."),
            *steps.load_kvm(),
        )
    if "failed to initialize kvm" in low or "no accelerator found" in low or "does not support virt type 'kvm'" in low:
        return _Explained(
            "no-kvm",
            text("The host cannot use its processor for virtualization (KVM)."),
            *steps.load_kvm(),
        )
    no_emulator = "cannot check qemu binary" in low or "unable to find any emulator" in low
    if no_emulator or ("failed to find an emulator" in low):
        return _Explained(
            "no-qemu",
            text("QEMU, which runs the machines, is not installed on the host."),
            *steps.install_on(uri, "qemu", "QEMU"),
        )
    if found := re.search(r"[Cc]annot access storage file '([^']+)'", details):
        return _Explained(
            "disk-missing",
            text("Its disk {file} is not there, or QEMU may not read it.", file=found.group(1)),
            text("Put it back, or take the disk out of the machine's definition."),
        )
    if code == _code("VIR_ERR_OPERATION_ABORTED", 78):
        return _Explained("aborted", text("It was cancelled."), None)
    if found := re.search(r"network '([^']+)' is not active", details):
        return _Explained(
            "network",
            text("Its network {network} is not running.", network=found.group(1)),
            text("Start the network: {command}", command=f"virsh net-start {shlex.quote(found.group(1))}"),
            f"virsh net-start {shlex.quote(found.group(1))}",
        )
    if code == _code("VIR_ERR_OPERATION_INVALID", 55):
        return _Explained("state", text("libvirt says: {words}", words=details), None)
    if code == _code("VIR_ERR_XML_INVALID_SCHEMA", 92):
        return _Explained("invalid", text("libvirt finds the definition not valid."), None)
    return None


def _code(name: str, number: int) -> int:
    """A constant by name; newer ones are missing in older libvirt."""
    return int(getattr(libvirt, name, number))
