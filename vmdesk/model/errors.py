"""The one expected exception. A bug is not a VirtError."""

from dataclasses import dataclass

from vmdesk.model.text import Text


@dataclass(frozen=True, slots=True)
class Problem:
    """Something went wrong outside the program, in words for people.

    what       one sentence: what did not work
    why        the reason as far as it is known ("" if not)
    what_next  what the person can do, with `command` in it if there is one ("" if nothing)
    details    libvirt's or the system's own words
    code       libvirt's VIR_ERR_* number, 0 if it is not from libvirt
    command    what to paste into a terminal, "" if nothing
    name       a word to tell kinds apart in code: "no-daemon", "permission", "no-support", "gone", "busy", ...
    """

    what: Text
    why: Text | None = None
    what_next: Text | None = None
    details: str = ""
    code: int = 0
    name: str = ""
    command: str = ""

    def __str__(self) -> str:
        return " ".join(str(part) for part in (self.what, self.why, self.what_next) if part)


class VirtError(Exception):
    """A Problem on its way up."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem
