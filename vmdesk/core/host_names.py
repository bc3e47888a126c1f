"""The names of hosts that nobody named: they are in the language that is spoken, also when that changes."""

from dataclasses import replace

from vmdesk.model.host import HostConfig
from vmdesk.model.text import text

_STANDARD = {
    "qemu-system": text("This computer"),
    "qemu-session": text("My machines"),
    "practice": text("Practice host"),
}


def standard() -> dict[str, str]:
    """Their names now, by id."""
    return {host_id: str(name) for host_id, name in _STANDARD.items()}


def spoken(config: HostConfig) -> HostConfig:
    """A remembered host as it is shown."""
    name = _STANDARD.get(config.id)
    return replace(config, name=str(name)) if name and config.name == name.source else config


def stored(config: HostConfig) -> HostConfig:
    """A host as it is remembered: a standard name in English."""
    name = _STANDARD.get(config.id)
    return replace(config, name=name.source) if name and config.name == str(name) else config
