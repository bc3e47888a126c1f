"""A machine's state in words: what it is, and why."""

from vmdesk.model.domain import Domain, State
from vmdesk.model.text import Text, text
from vmdesk.virt.words import job_text

_STATES: dict[State, Text] = {
    State.NOSTATE: text("Unknown"),
    State.RUNNING: text("Running"),
    State.BLOCKED: text("Running"),
    State.PAUSED: text("Paused"),
    State.SHUTDOWN: text("Shutting down"),
    State.SHUTOFF: text("Off"),
    State.CRASHED: text("Crashed"),
    State.PMSUSPENDED: text("Asleep"),
}

# (state, libvirt's reason) that says no more than the state itself, or is what everybody expects, is left out; so is
# "saved": libvirt goes on giving it when the saved state has been discarded.
_REASONS: dict[tuple[State, str], Text] = {
    (State.RUNNING, "migrated"): text("moved here"),
    (State.RUNNING, "restored"): text("from saved state"),
    (State.RUNNING, "from snapshot"): text("from a snapshot"),
    (State.RUNNING, "migration canceled"): text("move was cancelled"),
    (State.RUNNING, "save canceled"): text("saving was cancelled"),
    (State.RUNNING, "event wakeup"): text("woken up"),
    (State.RUNNING, "crashed"): text("guest crashed"),
    (State.RUNNING, "post-copy"): text("being moved"),
    (State.PAUSED, "user"): text("by a person"),
    (State.PAUSED, "migrating"): text("being moved"),
    (State.PAUSED, "saving"): text("being saved"),
    (State.PAUSED, "dumping"): text("being dumped"),
    (State.PAUSED, "I/O error"): text("disk error or no space left"),
    (State.PAUSED, "no space"): text("no space left on the host's disk"),
    (State.PAUSED, "watchdog"): text("guest's watchdog fired"),
    (State.PAUSED, "from snapshot"): text("from a snapshot"),
    (State.PAUSED, "shutting down"): text("shutting down"),
    (State.PAUSED, "creating snapshot"): text("taking a snapshot"),
    (State.PAUSED, "crashed"): text("guest crashed"),
    (State.PAUSED, "starting up"): text("starting"),
    (State.PAUSED, "post-copy"): text("being moved"),
    (State.PAUSED, "post-copy failed"): text("move failed"),
    (State.PAUSED, "api error"): text("an operation failed"),
    (State.SHUTOFF, "destroyed"): text("forced off"),
    (State.SHUTOFF, "crashed"): text("crashed"),
    (State.SHUTOFF, "migrated"): text("moved away"),
    (State.SHUTOFF, "failed"): text("could not start"),
    (State.SHUTOFF, "from snapshot"): text("from a snapshot"),
    (State.SHUTOFF, "daemon"): text("daemon restarted"),
    (State.SHUTDOWN, "user"): text("by a person"),
    (State.CRASHED, "panicked"): text("guest panicked"),
}


def state_word(domain: Domain) -> str:
    """`Running`, `Off`, `Not responding` ..."""
    if not domain.responding:
        return str(text("Not responding"))
    return str(_STATES[domain.state])


def state_why(domain: Domain) -> str:
    """`no space left on the host's disk`; "" when there is nothing to say."""
    if domain.busy:
        return str(text("busy: {what}", what=job_text(domain.busy)))
    if not domain.responding:
        return ""
    reason = _REASONS.get((domain.state, domain.reason))
    if reason is None and domain.state is State.SHUTOFF and domain.managed_save:
        reason = text("state saved")
    if domain.definition.trashed:
        reason = text("in the trash")
    elif domain.definition.template:
        reason = text("template")
    return str(reason) if reason else ""


def state_text(domain: Domain, stale: bool = False, doing: str = "") -> str:
    """The whole cell: word, why, and whether that is still known to be true."""
    parts = [doing] if doing else [state_word(domain), state_why(domain)]
    if stale:
        parts.append(str(text("stale")))
    return " · ".join(part for part in parts if part)
