"""Which scheduled snapshots go when a new one has been taken: only a schedule's own, the oldest first. Pure."""

import re
import time
from collections.abc import Iterable, Sequence

from vmdesk.model.snapshot import Snapshot

MOST = 365  # that may be kept
_LABEL = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")


def is_label(word: str) -> bool:
    """Whether a schedule can be called so in its snapshots' names."""
    return _LABEL.fullmatch(word) is not None


def name_now(label: str, taken: Iterable[Snapshot], now: float | None = None) -> str:
    """`auto-daily-2026-11-23-144500`, with a number where that is taken."""
    stem = f"auto-{label}-{time.strftime('%Y-%m-%d-%H%M%S', time.localtime(now))}"
    names = {one.name for one in taken}
    found, number = stem, 2
    while found in names:
        found, number = f"{stem}-{number}", number + 1
    return found


def own(snapshots: Iterable[Snapshot], label: str) -> list[Snapshot]:
    """Those that this schedule took, the oldest first. A name that a person chose is not of this form."""
    form = re.compile(rf"auto-{re.escape(label)}-\d{{4}}-\d\d-\d\d-\d{{6}}(-\d+)?")
    return sorted((one for one in snapshots if form.fullmatch(one.name)), key=lambda one: (one.created, one.name))


def surplus(snapshots: Sequence[Snapshot], label: str, keep: int) -> tuple[str, ...]:
    """The names of those that go so that `keep` stay. What the machine goes on from stays in any case."""
    found = own(snapshots, label)
    over = found[: max(0, len(found) - max(keep, 1))]
    return tuple(one.name for one in over if not one.current)
