"""The host's page: checks with their mending step, who uses it, facts."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtWidgets import QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from tests.ui.desk import Shell, feed, feed_host, parts_of
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import Problem
from vmdesk.model.facts import (
    Cell,
    Cpu,
    DomainAbilities,
    Guest,
    HostFacts,
    Ksm,
    Pages,
    SecurityModel,
)
from vmdesk.model.host import Host, Link
from vmdesk.model.kvm import KvmProof
from vmdesk.model.text import text
from vmdesk.ui.models.users import Column
from vmdesk.ui.pages import host as host_module
from vmdesk.ui.pages.host import HostPage
from vmdesk.ui.pages.host_checks import Check, Verdict, checks_of
from vmdesk.ui.pages.host_facts import groups_of
from vmdesk.ui.parts import Parts
from vmdesk.virt import packages

Run = Callable[[Any], Any]
GIB = 1024 * 1024
FULL = HostFacts(
    uri="qemu:///system",
    hostname="laptop",
    driver="QEMU",
    libvirt_version=(9, 0, 0),
    hypervisor_version=(7, 2, 11),
    arch="x86_64",
    cpu_model="EPYC",
    cpu_vendor="AMD",
    cpu_name="AMD EPYC 7B13",
    cpus=4,
    sockets=1,
    cores=2,
    threads=2,
    memory_kib=16 * GIB,
    memory_free_kib=9 * GIB,
    cells=(
        Cell(
            0,
            16 * GIB,
            9 * GIB,
            tuple(Cpu(n, 0, n // 2, (n // 2 * 2, n // 2 * 2 + 1)) for n in range(4)),
            (Pages(4, 4_000_000), Pages(2048, 512, 100)),
        ),
    ),
    ksm=Ksm(4, 12_000, 340_000, 5_000, 120, 88),
    security=(SecurityModel("apparmor"), SecurityModel("dac")),
    virtualization="svm",
    kvm=True,
    nested=True,
    iommu=True,
    guests=(Guest("x86_64", "hvm", ("qemu", "kvm")), Guest("aarch64", "hvm", ("qemu",))),
    abilities=DomainAbilities("kvm", firmware=("bios", "efi"), secure_boot=True, tpm=("emulator",)),
)
BARE = HostFacts(
    uri="qemu:///system",
    driver="QEMU",
    cpu_vendor="Intel",
    security=(SecurityModel("dac"),),
    virtualization="",
    kvm=False,
    nested=False,
    iommu=False,
    ksm=Ksm(4, 0, 0, 0, 0, 0),
    cells=(Cell(0, GIB, pages=(Pages(4, 1000), Pages(2048, 0))),),
    abilities=DomainAbilities("qemu", firmware=("bios",), secure_boot=False),
)


def by_id(checks: list[Check]) -> dict[str, Check]:
    return {check.id: check for check in checks}


def test_a_host_that_has_everything() -> None:
    checks = by_id(checks_of(FULL, KvmProof(True, seconds=0.21)))
    assert {check.verdict for check in checks.values()} == {Verdict.GOOD}
    assert checks["ksm"].value == "saves 1.3 GiB"
    assert checks["kvm"].value == "works: a machine started in 0.2 s"
    assert checks["huge-pages"].value == "512 of 2.0 MiB, 100 free"


def test_what_is_missing_comes_with_its_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "family", lambda: "fedora")
    checks = by_id(checks_of(BARE, None))
    assert all(check.about for check in checks.values())
    for name in ("virtualization", "kvm", "security", "firmware"):
        assert checks[name].verdict is Verdict.MISSING
        assert checks[name].mend, name
    assert checks["kvm"].command == "sudo modprobe kvm_intel"
    assert checks["nested"].command.endswith("kvm_intel nested=1")
    assert checks["iommu"].command == "intel_iommu=on"
    assert checks["firmware"].command == "sudo dnf install edk2-ovmf swtpm"
    elsewhere = by_id(checks_of(replace(BARE, uri="qemu+ssh://lab/system"), None))["firmware"]
    assert (elsewhere.mend, elsewhere.command) == ("On Debian or Ubuntu:", "sudo apt install ovmf swtpm")


def test_kvm_that_is_offered_but_does_not_work() -> None:
    proof = KvmProof(False, text("No."), text("Switch it on; then run something."), command="sudo modprobe kvm_intel")
    check = by_id(checks_of(FULL, proof))["kvm"]
    assert (check.verdict, check.command) == (Verdict.MISSING, "sudo modprobe kvm_intel")


def test_nothing_told_is_not_missing() -> None:
    verdicts = {check.verdict for check in checks_of(HostFacts(driver="TEST"), None)}
    assert verdicts == {Verdict.UNKNOWN}
    assert groups_of(HostFacts())


def test_facts() -> None:
    told = {fact.label: fact.value for group in groups_of(FULL) for fact in group.facts}
    assert told["Made of"] == "1 socket, 2 cores each, 2 threads each"
    assert (told["QEMU"], told["libvirt"]) == ("7.2.11", "9.0.0")
    assert (told["With KVM"], told["Emulated"]) == ("x86_64", "aarch64")


class Session:
    """An open session whose facts are given."""

    def __init__(self) -> None:
        self.connected = True
        self.connection = SimpleNamespace(kvm_proof=None)

    def require(self) -> Any:
        return self.connection


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    parts = parts_of(tmp_path)
    session = Session()
    parts.sessions = SimpleNamespace(get=lambda host: session, connect=lambda host: parts.shell.open_host(host))
    for n, domain in enumerate(parts.store.domains.values()):
        if domain.active and domain.key.host == "laptop":
            feed(parts.history, domain.key, 20, 2, n)
    feed_host(parts.history, "laptop", 20)
    return parts


@pytest.fixture
def page(parts: Parts, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> HostPage:
    async def facts(connection: Any) -> HostFacts:
        return FULL

    async def prove(connection: Any) -> KvmProof:
        return KvmProof(True, seconds=0.5)

    monkeypatch.setattr(host_module, "virt_facts", SimpleNamespace(facts=facts, prove_kvm=prove))
    page = HostPage(parts, "laptop")
    qtbot.addWidget(page)
    page.resize(1280, 1000)
    return page


def shown(run_async: Run, page: HostPage, talk: Callable[[], Any]) -> None:
    async def main() -> None:
        page.show()
        await asyncio.sleep(0.05)
        await talk()
        page.hide()
        await page._parts.jobs.close()

    run_async(main())


def test_kvm_is_tried_on_demand(run_async: Run, page: HostPage) -> None:
    async def talk() -> None:
        button = page.findChild(QPushButton, "do-kvm")
        assert button.isVisible()
        button.click()
        await asyncio.sleep(0.05)
        assert not button.isVisible()
        row = page._checks._rows["kvm"]
        assert "works" in row.accessibleName()

    shown(run_async, page, talk)


def test_who_is_pinned_where(run_async: Run, page: HostPage, parts: Parts) -> None:
    async def talk() -> None:
        domain = next(one for one in parts.store.domains.values() if one.key.host == "laptop" and one.active)
        pinned = replace(domain, name="painter", definition=replace(domain.definition, vcpus=2, pins=((1, "2"),)))
        parts.store.update([pinned])
        (node,) = page._map._nodes
        words = {cpu.id: page._map.words_of(cpu) for _, cpu in node.threads}
        assert words[2].endswith("pinned here:\npainter: vCPU 1")
        assert not any("painter" in words[other] for other in (0, 1, 3))
        assert not page._map.grab().isNull()

    shown(run_async, page, talk)


def test_who_uses_it(run_async: Run, page: HostPage, parts: Parts) -> None:
    async def talk() -> None:
        model, table = page._usage.model, page._usage.table
        cpu = [share.cpu for share in model.rows]
        assert len(cpu) == len([one for one in parts.store.of_host("laptop") if one.active]) and cpu == sorted(
            cpu, reverse=True
        )
        page._usage.sort_by(Column.MEMORY)
        memory = [share.memory for share in model.rows]
        assert memory == sorted(memory, reverse=True)
        table.opened.emit(0)
        assert isinstance(parts.shell, Shell) and parts.shell.opened == [model.rows[0].key]
        page.grab()

    shown(run_async, page, talk)


def test_who_uses_it_is_read_every_second(run_async: Run, page: HostPage, parts: Parts, qtbot: QtBot) -> None:
    told: list[set[DomainKey]] = []
    page.looked_elsewhere.connect(lambda: told.append(page.watched()))

    async def talk() -> None:
        running = {one.key for one in parts.store.of_host("laptop") if one.active}
        assert running and page.watched() == running
        assert told == [running]

    shown(run_async, page, talk)


def test_who_uses_it_costs_nothing_behind_another_tab(
    run_async: Run, page: HostPage, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    real = parts.history.shares
    monkeypatch.setattr(parts.history, "shares", lambda host: (asked.append(host), real(host))[1])

    async def talk() -> None:
        page.tabs.addTab(QWidget(), "another")
        page.tabs.setCurrentIndex(page.tabs.count() - 1)
        asked.clear()
        page._on_host_reading("laptop")
        assert asked == []
        page.tabs.setCurrentIndex(0)
        assert asked

    shown(run_async, page, talk)


def test_of_many_only_the_greatest_users(page: HostPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_module, "WATCH_ALL", 1)
    monkeypatch.setattr(host_module, "WATCH_MOST", 1)
    page._refresh_usage()
    assert page.watched() == {page._usage.model.rows[0].key}


def test_connection_is_told_with_its_problem(run_async: Run, page: HostPage, parts: Parts) -> None:
    async def talk() -> None:
        host = parts.store.hosts["laptop"]
        state = page.findChild(QLabel, "host-state")
        assert state.text() == "Connected · qemu:///system"
        parts.store.put_host(replace(host, link=Link.FAILED, problem=Problem(text("Not allowed."))))
        assert state.text() == "Could not connect · qemu:///system\nNot allowed."
        page.findChild(QPushButton, "connect").click()
        assert isinstance(parts.shell, Shell) and parts.shell.opened == ["laptop"]
        parts.store.drop_host("laptop")
        assert "removed" in state.text()

    shown(run_async, page, talk)


def test_lets_go_when_it_is_not_seen(run_async: Run, page: HostPage, parts: Parts) -> None:
    async def talk() -> None:
        page.hide()
        assert not parts.store._listeners and not parts.history._listeners and not parts.history._host_listeners

    shown(run_async, page, talk)


def test_a_host_that_is_not_connected_shows_no_checks(run_async: Run, page: HostPage, parts: Parts) -> None:
    parts.sessions.get("laptop").connected = False
    parts.store.put_host(Host(parts.store.hosts["laptop"].config, Link.OFF))

    async def talk() -> None:
        assert page._known.isHidden()
        assert page.findChild(QPushButton, "connect").isVisible()

    shown(run_async, page, talk)
