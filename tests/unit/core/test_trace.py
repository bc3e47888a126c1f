"""The list of what was done."""

from vmdesk.core.trace import KEEP, Step, Trace
from vmdesk.model.domain import DomainKey
from vmdesk.model.text import text

WEB, DB = DomainKey("h", "1"), DomainKey("h", "2")


def test_steps_are_kept_and_told() -> None:
    trace, heard = Trace(), list[Step]()
    leave = trace.subscribe(heard.append)
    trace.note(WEB, "web", text("Starting {name}", name="web"), "virDomainCreate", "virsh start web", None)
    leave()
    trace.note(DB, "db", text("Starting {name}", name="db"), "virDomainCreate", "virsh start db", text("It has none."))
    assert [step.name for step in heard] == ["web"]
    assert [step.worked for step in trace.entries] == [True, False]
    assert [step.name for step in trace.of(DB)] == ["db"]


def test_only_the_last_steps_are_kept() -> None:
    trace = Trace()
    for n in range(KEEP + 5):
        trace.note(WEB, str(n), text("x"), "", "", None)
    assert len(trace.entries) == KEEP
    assert trace.entries[0].name == "5"
