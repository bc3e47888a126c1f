"""The list of what was done."""

import asyncio

import pytest

from vmdesk.core.trace import KEEP, Step, Trace
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import Problem, VirtError
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


def test_a_block_is_noted_as_it_ends() -> None:
    trace, calls = Trace(), list[str]()
    with trace.noting(WEB, "web", text("x"), lambda: ", ".join(calls), "virsh edit web"):
        calls.append("virDomainAttachDevice")
    with pytest.raises(VirtError), trace.noting(WEB, "web", text("x"), "virDomainCreate", ""):
        raise VirtError(Problem(text("It has none.")))
    with pytest.raises(asyncio.CancelledError), trace.noting(WEB, "web", text("x"), "virDomainSave", ""):
        raise asyncio.CancelledError
    assert [(step.call, step.outcome and step.outcome.source) for step in trace.entries] == [
        ("virDomainAttachDevice", None),
        ("virDomainCreate", "It has none."),
        ("virDomainSave", "cancelled"),
    ]
