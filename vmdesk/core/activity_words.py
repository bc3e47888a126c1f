"""Entries of the activity in words for people."""

from vmdesk.core.activity import Entry, EntryKind
from vmdesk.core.failures import unpacked
from vmdesk.model.text import Text, text, tr

_LIFECYCLE = {
    "defined": text("Defined"),
    "undefined": text("Definition deleted"),
    "started": text("Started"),
    "suspended": text("Paused"),
    "resumed": text("Resumed"),
    "stopped": text("Stopped"),
    "shutdown": text("Guest has shut down"),
    "pmsuspended": text("Guest went to sleep"),
    "crashed": text("Crashed"),
}

_REASONS = {
    ("defined", "added"): text("new"),
    ("defined", "updated"): text("changed"),
    ("defined", "renamed"): text("renamed"),
    ("defined", "from snapshot"): text("from a snapshot"),
    ("undefined", "renamed"): text("renamed"),
    ("started", "booted"): text("booted"),
    ("started", "migrated"): text("moved here"),
    ("started", "restored"): text("from saved state"),
    ("started", "from snapshot"): text("from a snapshot"),
    ("started", "event wakeup"): text("woken up"),
    ("started", "recovered"): text("recovered"),
    ("suspended", "paused"): text("by a person or a program"),
    ("suspended", "migrated"): text("being moved"),
    ("suspended", "ioerror"): text("disk error or no space left"),
    ("suspended", "watchdog"): text("guest's watchdog fired"),
    ("suspended", "restored"): text("from saved state"),
    ("suspended", "from snapshot"): text("from a snapshot"),
    ("suspended", "api error"): text("an operation failed"),
    ("suspended", "post-copy"): text("being moved"),
    ("suspended", "post-copy error"): text("move failed"),
    ("resumed", "unpaused"): text("by a person or a program"),
    ("resumed", "migrated"): text("moved"),
    ("resumed", "from snapshot"): text("from a snapshot"),
    ("resumed", "post-copy"): text("being moved"),
    ("resumed", "post-copy failed"): text("move failed"),
    ("stopped", "shutdown"): text("guest has shut down"),
    ("stopped", "destroyed"): text("forced off"),
    ("stopped", "crashed"): text("crashed"),
    ("stopped", "migrated"): text("moved away"),
    ("stopped", "saved"): text("state saved"),
    ("stopped", "failed"): text("hypervisor process failed or could not start"),
    ("stopped", "from snapshot"): text("from a snapshot"),
    ("stopped", "recovered"): text("recovered"),
    ("shutdown", "guest request"): text("by the guest"),
    ("shutdown", "host request"): text("by the host"),
    ("pmsuspended", "memory"): text("to memory"),
    ("pmsuspended", "disk"): text("to disk"),
    ("crashed", "panicked"): text("guest panicked"),
    ("crashed", "crashloaded"): text("guest panicked and loads its crash kernel"),
}

_IO = {
    "none": text("Disk error"),
    "report": text("Disk error, reported to the guest"),
    "pause": text("Disk error: paused"),
}

_WATCHDOG = {
    "none": text("Guest's watchdog fired"),
    "pause": text("Guest's watchdog fired: paused"),
    "reset": text("Guest's watchdog fired: reset"),
    "poweroff": text("Guest's watchdog fired: forced off"),
    "shutdown": text("Guest's watchdog fired: shut down"),
    "debug": text("Guest's watchdog fired"),
    "inject-nmi": text("Guest's watchdog fired: interrupt sent to the guest"),
}

_FOUND = {
    "running": text("Found running"),
    "paused": text("Found paused"),
    "stopped": text("Found stopped"),
    "new": text("Found new"),
    "gone": text("Found gone"),
}

_HOST = {
    "connected": text("Connected"),
    "lost": text("Connection lost"),
    "returned": text("Connection is back"),
    "failed": text("Connecting failed"),
    "disconnected": text("Disconnected"),
}

_HEALTH = {
    "silent": text("Does not respond"),
    "answers": text("Responds again"),
}

_DEVICE = {
    "plugged in": text("USB device given to it"),
    "unplugged": text("Unplugged USB device taken from it"),
    "not given": text("USB device not given to it"),
}

_CHANGE = {
    "rebooted": text("Restarted"),
    "medium changed": text("Medium changed"),
    "tray opened": text("Drive opened"),
    "tray closed": text("Drive closed"),
    "device added": text("Device added"),
    "device removed": text("Device removed"),
    "device not removed": text("Device not let go by the guest"),
    "limits changed": text("Limits changed"),
    "memory failure": text("The host's memory is faulty"),
}

_CLOSED = {
    "eof": text("the service ended"),
    "keepalive": text("the host does not answer"),
    "error": text("an error on the connection"),
    "client": text("closed by VMDesk"),
}

_KINDS: dict[EntryKind, dict[str, Text]] = {
    EntryKind.LIFECYCLE: _LIFECYCLE,
    EntryKind.IO_ERROR: _IO,
    EntryKind.WATCHDOG: _WATCHDOG,
    EntryKind.FOUND: _FOUND,
    EntryKind.HOST: _HOST,
    EntryKind.HEALTH: _HEALTH,
    EntryKind.DEVICE: _DEVICE,
    EntryKind.CHANGE: _CHANGE,
}

_STEPS = {  # libvirt's codes of I/O errors
    "enospc": text("no space left on the host's disk"),
    "eio": text("the host's disk reports an error"),
    "eperm": text("the host refuses access to the disk"),
}


def what(entry: Entry) -> str:
    """`Stopped`, `Disk error: paused`, ... An unknown word is shown as libvirt says it."""
    if entry.kind is EntryKind.JOB:
        return tr("Failed: {doing}", doing=unpacked(entry.what, entry.reason).doing)
    return str(_KINDS[entry.kind].get(entry.what) or entry.what)


def why(entry: Entry) -> str:
    """`forced off`, `no space left on the host's disk`, ...; "" if nothing is known."""
    if entry.kind is EntryKind.JOB:
        problem = unpacked(entry.what, entry.reason).problem
        return str(problem.why or "") or str(problem.what)
    if entry.kind is EntryKind.HOST:
        return str(_CLOSED.get(entry.reason) or entry.reason)
    if entry.kind is EntryKind.IO_ERROR:
        return str(_STEPS.get(entry.reason.lower()) or entry.reason)
    if entry.reason in ("unknown", "finished", "removed"):
        return ""
    return str(_REASONS.get((entry.what, entry.reason)) or entry.reason)


def whole(entry: Entry) -> str:
    """All that is known of it: libvirt's own words, or what failed, why, what to do next, and what libvirt said."""
    if entry.kind is EntryKind.JOB:
        problem = unpacked(entry.what, entry.reason).problem
        parts = (problem.what, problem.why, problem.what_next, problem.details)
        return "\n".join(words for part in parts if (words := str(part or "")))
    return f"{entry.what} / {entry.reason}" if entry.reason else entry.what


def bad(entry: Entry) -> bool:
    """Whether somebody should look at it: a crash, an I/O error, what failed, a machine that hangs, a host away."""
    if entry.kind in (EntryKind.IO_ERROR, EntryKind.WATCHDOG, EntryKind.JOB):
        return True
    return (entry.what, entry.reason) in (
        ("stopped", "crashed"),
        ("stopped", "failed"),
        ("suspended", "ioerror"),
        ("suspended", "watchdog"),
    ) or entry.what in ("crashed", "lost", "failed", "silent", "memory failure")
