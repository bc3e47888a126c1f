"""The table's columns: texts, sort keys, choice."""

import math
import time
from dataclasses import replace

from vmdesk.core.columns import BY_ID, COLUMNS, NO_FIGURES, STANDARD, chosen, natural
from vmdesk.core.words import state_text
from vmdesk.model.domain import Definition, Domain, DomainKey, State
from vmdesk.model.host import Host, HostConfig, Link
from vmdesk.model.stats import Figures

HOST = Host(HostConfig("lab", "lab-2", "qemu:///system"), Link.UP)
WEB = Domain(
    DomainKey("lab", "u"), "web-01", State.RUNNING, "booted", definition=Definition(vcpus=2, memory_kib=2 * 1024 * 1024)
)


def shown(column_id: str, domain: Domain = WEB, figures: Figures = NO_FIGURES) -> str:
    return BY_ID[column_id].text(domain, HOST, figures).replace("\u00a0", " ")


def test_numbers_in_names_sort_as_numbers() -> None:
    assert sorted(["web-10", "Web-2", "web-1", "7up"], key=natural) == ["7up", "web-1", "Web-2", "web-10"]


def test_every_column_speaks_and_sorts_for_every_machine() -> None:
    off = replace(WEB, state=State.SHUTOFF, definition=Definition())
    for column in COLUMNS:
        values = []
        for domain in (WEB, off):
            for figures in (Figures(), Figures(1, 1, 1, 1, 1, 1, 1, 1, 1)):
                assert isinstance(column.text(domain, HOST, figures), str)
                values.append(column.sort(domain, HOST, figures))
                column.text(domain, None, figures)
        assert sorted(values) is not None


def test_figures() -> None:
    figures = Figures(cpu=12.3, used=1258291, given=2097152, read=300e6, write=40e6, rx=math.nan, tx=20_000)
    assert shown("cpu", WEB, figures) == "12 %"
    assert shown("memory", WEB, figures) == "1.2 / 2.0 GiB"
    assert shown("disk", WEB, figures) == "340 MB/s"
    assert shown("network", WEB, figures) == "20 kB/s"
    assert shown("cpu", replace(WEB, state=State.SHUTOFF), figures) == ""
    assert shown("memory", replace(WEB, state=State.SHUTOFF)) == "2.0 GiB"


def test_memory_of_a_guest_that_does_not_tell() -> None:
    figures = Figures(given=2097152, rss=1258291)
    assert shown("memory", WEB, figures) == "1.2 / 2.0 GiB"
    assert shown("memory", WEB, replace(figures, rss=9e9)) == "2.0 / 2.0 GiB"
    assert BY_ID["memory"].sort(WEB, HOST, figures) == 1258291
    assert "does not tell" in str(BY_ID["memory"].about)


def test_a_machine_that_does_not_answer_has_no_figures() -> None:
    hung, busy = replace(WEB, responding=False), Figures(cpu=40.0, given=1024.0, used=512.0, read=1e6, rx=1e6)
    assert shown("cpu", WEB, busy) == "40 %"
    assert {shown(one, hung, busy) for one in ("cpu", "disk", "network", "wait", "resident")} == {"–"}
    assert "/" not in shown("memory", hung, busy)
    sort = BY_ID["cpu"].sort
    assert sort(hung, None, busy) == sort(hung, None, NO_FIGURES) < sort(WEB, None, Figures(cpu=0.0))


def test_uptime() -> None:
    assert shown("uptime", replace(WEB, started=time.time() - 3700)) == "1 h 01 min"
    assert shown("uptime") == ""


def test_state_says_why() -> None:
    assert shown("state") == "Running"
    assert (
        shown("state", replace(WEB, state=State.PAUSED, reason="I/O error")) == "Paused · disk error or no space left"
    )
    assert shown("state", replace(WEB, responding=False)) == "Not responding"
    assert state_text(WEB, stale=True) == "Running · stale"
    assert state_text(WEB, doing="Starting …") == "Starting …"


def test_a_saved_state_that_was_discarded_is_not_told_of() -> None:
    saved = replace(WEB, state=State.SHUTOFF, reason="saved", managed_save=True)
    assert state_text(saved) == "Off · state saved"
    assert state_text(replace(saved, managed_save=False)) == "Off"


def test_choice() -> None:
    assert chosen(()) == STANDARD
    assert chosen(("nonsense",)) == STANDARD
    assert chosen(("cpu", "cpu", "nonsense")) == ("name", "cpu")
    assert chosen(("host", "name")) == ("host", "name")
