"""When a command on a machine makes sense, and when what it would do is so already."""

from vmdesk.core.commands import outside
from vmdesk.model.domain import Domain, State
from vmdesk.model.text import Text, text


def has_process(domain: Domain) -> bool:
    """Whether there is something to force off; a crashed machine may have been kept for a look."""
    return domain.active or (domain.state is State.CRASHED and domain.live_id >= 0)


def off(domain: Domain) -> Text | None:
    if domain.state is State.PAUSED:
        return text("{name} is paused. Resume it.", name=domain.name)
    if domain.active:
        return text("{name} is already running.", name=domain.name)
    if has_process(domain):
        return text("{name} has crashed and was kept. Force it off first.", name=domain.name)
    if domain.definition.template:
        return text("{name} is a template: clones stand on its disks. Make a clone of it.", name=domain.name)
    if domain.definition.trashed:
        return text("{name} is in the trash. Take it out first.", name=domain.name)
    return None


def running(domain: Domain) -> Text | None:
    if domain.state is State.PAUSED:
        return text("{name} is paused. Resume it first.", name=domain.name)
    if domain.state is State.PMSUSPENDED:
        return text("{name} sleeps. Wake it first.", name=domain.name)
    return None if domain.active else is_off(domain)


def is_off(domain: Domain) -> Text:
    return text("{name} is not running.", name=domain.name)


def can_pause(domain: Domain) -> Text | None:
    if domain.state is State.PAUSED:
        return text("{name} is already paused.", name=domain.name)
    return running(domain)


def can_resume(domain: Domain) -> Text | None:
    if domain.state in (State.PAUSED, State.PMSUSPENDED):
        return None
    if domain.active:
        return text("{name} is already running.", name=domain.name)
    return is_off(domain)


def can_save(domain: Domain) -> Text | None:
    if not domain.active:
        return is_off(domain)
    return _persistent(domain)


def can_restore(domain: Domain) -> Text | None:
    return off(domain) or saved(domain)


def saved(domain: Domain) -> Text | None:
    return None if domain.managed_save else text("{name} has no saved state.", name=domain.name)


def _persistent(domain: Domain) -> Text | None:
    if domain.persistent:
        return None
    return text("{name} has no definition of its own: it vanishes when it stops.", name=domain.name)


def can_autostart(domain: Domain) -> Text | None:
    return _persistent(domain) or (_autostarts(domain) if domain.autostart else None)


def can_not_autostart(domain: Domain) -> Text | None:
    return _persistent(domain) or (None if domain.autostart else _starts_by_hand(domain))


def _autostarts(domain: Domain) -> Text:
    return text("{name} already starts with its host.", name=domain.name)


def _starts_by_hand(domain: Domain) -> Text:
    return text("{name} does not start with its host.", name=domain.name)


def definition_free(domain: Domain) -> Text | None:
    if has_process(domain):
        return text("{name} is not off. Shut it down or force it off first.", name=domain.name)
    return _persistent(domain)


def can_rename(domain: Domain) -> Text | None:
    """libvirt refuses while there is a saved state: it bears the old name."""
    if (why := definition_free(domain)) or not domain.managed_save:
        return why
    return text("{name} has a saved state. Restore or discard it first.", name=domain.name)


def always(domain: Domain) -> Text | None:
    return None


def has_address(domain: Domain) -> Text | None:
    return None if domain.addresses else text("The address of {name} is not known.", name=domain.name)


def can_ssh(domain: Domain) -> Text | None:
    if not domain.active:
        return is_off(domain)
    if outside.terminal("") is None:
        return text("No terminal program was found. Install xterm or your desktop's terminal.")
    if outside.address(domain) is None:
        return text("The address of {name} is not known.", name=domain.name)
    return None


def already_running(domain: Domain) -> Text | None:
    running = domain.active and domain.state not in (State.PAUSED, State.PMSUSPENDED)
    return text("{name} is already running.", name=domain.name) if running else None


def already_paused(domain: Domain) -> Text | None:
    return text("{name} is already paused.", name=domain.name) if domain.state is State.PAUSED else None


def already_off(domain: Domain) -> Text | None:
    return None if has_process(domain) else text("{name} is already off.", name=domain.name)


def already_saved(domain: Domain) -> Text | None:
    if domain.managed_save and not domain.active:
        return text("{name} is already saved.", name=domain.name)
    return None


def already_autostarts(domain: Domain) -> Text | None:
    return _autostarts(domain) if domain.autostart else None


def already_by_hand(domain: Domain) -> Text | None:
    return None if domain.autostart else _starts_by_hand(domain)
