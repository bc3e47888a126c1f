"""libvirt's numbers as the words of `virsh domstate --reason` and `virsh event`."""

from vmdesk.model.domain import State
from vmdesk.model.text import Text, text

_STATES = (
    State.NOSTATE,
    State.RUNNING,
    State.BLOCKED,
    State.PAUSED,
    State.SHUTDOWN,
    State.SHUTOFF,
    State.CRASHED,
    State.PMSUSPENDED,
)

_REASONS: dict[State, tuple[str, ...]] = {
    State.RUNNING: (
        "unknown",
        "booted",
        "migrated",
        "restored",
        "from snapshot",
        "unpaused",
        "migration canceled",
        "save canceled",
        "event wakeup",
        "crashed",
        "post-copy",
        "post-copy failed",
    ),
    State.PAUSED: (
        "unknown",
        "user",
        "migrating",
        "saving",
        "dumping",
        "I/O error",
        "watchdog",
        "from snapshot",
        "shutting down",
        "creating snapshot",
        "crashed",
        "starting up",
        "post-copy",
        "post-copy failed",
        "api error",
    ),
    State.SHUTDOWN: ("unknown", "user"),
    State.SHUTOFF: (
        "unknown",
        "shutdown",
        "destroyed",
        "crashed",
        "migrated",
        "saved",
        "failed",
        "from snapshot",
        "daemon",
    ),
    State.CRASHED: ("unknown", "panicked"),
}

# Lifecycle events: the word, and the words of its details.
_LIFECYCLE: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("defined", ("added", "updated", "renamed", "from snapshot")),
    ("undefined", ("removed", "renamed")),
    ("started", ("booted", "migrated", "restored", "from snapshot", "event wakeup", "recovered")),
    (
        "suspended",
        (
            "paused",
            "migrated",
            "ioerror",
            "watchdog",
            "restored",
            "from snapshot",
            "api error",
            "post-copy",
            "post-copy error",
        ),
    ),
    ("resumed", ("unpaused", "migrated", "from snapshot", "post-copy", "post-copy failed")),
    ("stopped", ("shutdown", "destroyed", "crashed", "migrated", "saved", "failed", "from snapshot", "recovered")),
    ("shutdown", ("finished", "guest request", "host request")),
    ("pmsuspended", ("memory", "disk")),
    ("crashed", ("panicked", "crashloaded")),
)

_IO_ACTIONS = ("none", "pause", "report")
_WATCHDOG_ACTIONS = ("none", "pause", "reset", "poweroff", "shutdown", "debug", "inject-nmi")
_CLOSE_REASONS = ("error", "eof", "keepalive", "client")


def _word(words: tuple[str, ...], number: int, otherwise: str = "unknown") -> str:
    return words[number] if 0 <= number < len(words) else otherwise


def state(number: int, reason: int) -> tuple[State, str]:
    """virDomainState and its reason."""
    found = _STATES[number] if 0 <= number < len(_STATES) else State.NOSTATE
    return found, _word(_REASONS.get(found, ()), reason)


# Reasons of a state in which a job has the machine.
JOBS = {
    "saving": "save",  # internal snapshots too
    "creating snapshot": "snapshot",
    "migrating": "migration",
    "dumping": "dump",
    "starting up": "start",
    "post-copy": "migration",
}


_JOB_TEXTS = (
    text("save"),
    text("snapshot"),
    text("checkpoint"),
    text("backup"),
    text("migration"),
    text("migration out"),
    text("migration in"),
    text("dump"),
    text("block job"),
    text("restore"),
    text("start"),
    text("reset"),
    text("reboot"),
    text("shutdown"),
    text("force off"),
    text("pause"),
    text("resume"),
    text("screenshot"),
    text("guest agent"),
    text("device change"),
    text("job"),
)
_BY_WORD = {one.source: one for one in _JOB_TEXTS}


def job_text(word: str) -> Text | str:
    """What holds a machine, for people; a word we do not know (a call of libvirt) stays as it is."""
    return _BY_WORD.get(word) or word


def job(reason: str) -> str:
    """The word for the job that a state's reason speaks of, else "job"."""
    return JOBS.get(reason, "job")


def lifecycle(event: int, detail: int) -> tuple[str, str]:
    """virDomainEventType and its detail."""
    if not 0 <= event < len(_LIFECYCLE):
        return "unknown", ""
    word, details = _LIFECYCLE[event]
    return word, _word(details, detail, "")


def io_action(number: int) -> str:
    return _word(_IO_ACTIONS, number)


def watchdog_action(number: int) -> str:
    return _word(_WATCHDOG_ACTIONS, number)


def close_reason(number: int) -> str:
    return _word(_CLOSE_REASONS, number, "error")
