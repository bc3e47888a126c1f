"""Why a machine cannot be changed: the same words for its limits, its hardware and its definition."""

from dataclasses import replace

import pytest

from vmdesk.core import redefining
from vmdesk.core.store import Store
from vmdesk.model.domain import Domain, DomainKey, State
from vmdesk.model.host import Capabilities, Feature, Host, HostConfig, Link

LAB = Host(HostConfig("lab", "Lab", "qemu:///system"), Link.UP, None, Capabilities(driver="QEMU"))
WEB = Domain(DomainKey("lab", "uuid"), "web", State.RUNNING)
CASES = {
    "gone": (None, LAB, "The machine is not there any more."),
    "unknown host": (WEB, None, "lab is not connected."),
    "away": (WEB, replace(LAB, link=Link.LOST), "Lab is not connected."),
    "asked for": (WEB, replace(LAB, config=replace(LAB.config, readonly=True)), "Lab is connected read-only."),
    "read-only": (WEB, replace(LAB, capabilities=Capabilities(readonly=True)), "Lab is connected read-only."),
    "unable": (
        WEB,
        replace(LAB, capabilities=Capabilities(driver="ESX", lacking=frozenset((Feature.DEFINE,)))),
        f"ESX cannot do this ({Feature.DEFINE.value}).",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_neither_now_nor_stored(case: str) -> None:
    domain, host, words = CASES[case]
    assert str(redefining.why_not(domain, host)) == words == str(redefining.why_not_stored(domain, host))


def test_one_without_a_definition_can_be_changed_as_it_runs() -> None:
    assert redefining.why_not(WEB, LAB) is None and redefining.why_not_stored(WEB, LAB) is None
    passing = replace(WEB, persistent=False)
    assert redefining.why_not(passing, LAB) is None
    assert "no stored definition" in str(redefining.why_not_stored(passing, LAB))


def test_the_store_says_the_same_of_a_host() -> None:
    store = Store()
    assert str(store.away("lab")) == "lab is not connected." and store.read_only("lab") is None
    store.put_host(replace(LAB, capabilities=Capabilities(readonly=True)))
    assert store.away("lab") is None and str(store.read_only("lab")) == "Lab is connected read-only."
