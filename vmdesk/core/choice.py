"""Which host is meant by what stands behind --connect."""

from collections import Counter
from dataclasses import replace

from vmdesk.core.first_start import session_host, system_host
from vmdesk.core.host_draft import draft_of
from vmdesk.core.host_names import spoken
from vmdesk.core.practice import DEMO, ID
from vmdesk.core.settings import Settings
from vmdesk.model import uri
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.host import HostConfig
from vmdesk.model.text import text

_SHOWN = 100  # characters of a word that is no host, in the message that says so

PRACTICE = ID  # also its name on the command line


def local() -> tuple[HostConfig, ...]:
    """Without --connect, the first of these that opens."""
    return system_host(), session_host()


def practice() -> HostConfig:
    """The practice host as it is delivered."""
    return HostConfig(PRACTICE, PRACTICE, uri.of_file(DEMO))


def host(word: str, settings: Settings) -> HostConfig:
    """The host of a URI, of a remembered host's name, or "practice".

    Raises VirtError "refused-uri" for what is not to be opened and "unknown-host" for a name that nobody knows.
    """
    known = settings.host(word) or next((one for one in settings.hosts if spoken(one).name == word), None)
    if word == PRACTICE or (known and known.id == PRACTICE):
        return practice()
    if known:
        if uri.parse(known.uri).driver == "test":
            uri.check(known.uri)  # its file may be gone since it was remembered
        return spoken(known)
    address = uri.tidy(word)
    if not address or ":" in address or "/" in address:
        uri.check(address)
        known = next((one for one in local() if one.uri == address), None)
        return known or HostConfig(address, draft_of(HostConfig(address, "", address)).shown_name, address)
    names = ", ".join([*(spoken(one).name for one in settings.hosts), PRACTICE])
    raise VirtError(
        Problem(
            text('There is no host "{word}".', word=word if len(word) <= _SHOWN else word[:_SHOWN] + "…"),
            None,
            text("Give an address such as qemu:///system, or one of: {names}", names=names),
            name="unknown-host",
        )
    )


def hosts(words: list[str], settings: Settings) -> list[HostConfig]:
    """`host` for several words, each host once. Raises VirtError before anything is opened."""
    found: dict[str, HostConfig] = {}
    for word in words:
        config = host(word, settings)
        found.setdefault(config.uri, config)
    names = Counter(config.name for config in found.values())
    return [config if names[config.name] == 1 else replace(config, name=config.uri) for config in found.values()]
