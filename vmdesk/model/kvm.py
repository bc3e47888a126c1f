"""Whether KVM works on a host."""

from dataclasses import dataclass

from vmdesk.model.text import Text


@dataclass(frozen=True, slots=True)
class KvmProof:
    """Whether a KVM machine could be started there. `works` None: it was not tried, `why` says why not."""

    works: bool | None
    why: Text | None = None
    what_next: Text | None = None
    details: str = ""
    seconds: float = 0.0
    command: str = ""  # what to paste into a terminal
