"""Which language is spoken: one place decides, for window and command line."""

import os

from vmdesk.core.paths import RESOURCES
from vmdesk.model.text import use_language


def language(chosen: str = "") -> str:
    """`chosen` in the settings, else the environment's, as two letters; English where that says nothing."""
    if chosen:
        return chosen
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):  # the first that is set counts, as everywhere
        if value := os.environ.get(name):
            return "en" if value.partition(".")[0] in ("C", "POSIX") else value[:2].lower()
    return "en"


def use(chosen: str = "") -> str:
    """Speak it from now on; returns its two letters."""
    found = language(chosen)
    use_language(RESOURCES / "i18n", found)
    return found
