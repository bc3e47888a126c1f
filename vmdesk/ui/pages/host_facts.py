"""What the host page tells of a host besides its checks: pure text from values."""

from vmdesk.core import units
from vmdesk.model.facts import Guest, HostFacts, Ksm
from vmdesk.model.text import tr
from vmdesk.ui.pages.host_checks import topology_words
from vmdesk.ui.widgets.facts import Fact, FactGroup

MOST_ARCHES = 12


def groups_of(facts: HostFacts) -> list[FactGroup]:
    """Processor, memory, versions, KSM, what guests may be."""
    groups = [_processor(facts), _memory(facts), _versions(facts)]
    if facts.ksm is not None:
        groups.append(_ksm(facts.ksm))
    if facts.guests:
        groups.append(_guests(facts))
    return groups


def _processor(facts: HostFacts) -> FactGroup:
    name = facts.cpu_name or facts.cpu_model or units.UNKNOWN
    told = [
        Fact(tr("Name"), name),
        Fact(tr("CPUs"), str(facts.cpus) if facts.cpus else units.UNKNOWN),
        Fact(tr("Made of"), topology_words(facts)),
        Fact(tr("Architecture"), facts.arch or units.UNKNOWN),
    ]
    if facts.cpu_model and facts.cpu_model != name:
        told.append(Fact(tr("Model in libvirt"), facts.cpu_model))
    if facts.mhz:
        told.append(Fact(tr("Clock"), f"{facts.mhz} MHz"))
    return FactGroup(tr("Processor"), tuple(told))


def _memory(facts: HostFacts) -> FactGroup:
    total, free = facts.memory_kib, facts.memory_free_kib
    told = [Fact(tr("All"), units.kib(total) if total else units.UNKNOWN)]
    if free is not None:
        told.append(Fact(tr("Free"), units.kib(free)))
    told += [
        Fact(
            tr("Pages of {size}", size=units.kib(page.size_kib)),
            str(page.total) if page.free is None else tr("{total}, {free} free", total=page.total, free=page.free),
        )
        for page in facts.huge_pages
        if page.total
    ]
    return FactGroup(tr("Memory"), tuple(told))


def _versions(facts: HostFacts) -> FactGroup:
    def version(numbers: tuple[int, int, int] | None) -> str:
        return ".".join(str(part) for part in numbers) if numbers else units.UNKNOWN

    told = (
        Fact("libvirt", version(facts.libvirt_version)),
        Fact(facts.driver or tr("Hypervisor"), version(facts.hypervisor_version)),
        Fact(tr("Computer"), facts.hostname or units.UNKNOWN),
        Fact(tr("Address"), facts.uri),
    )
    return FactGroup(tr("Versions"), told)


def _ksm(ksm: Ksm) -> FactGroup:
    def pages(count: int | None) -> str:
        return units.UNKNOWN if count is None else f"{count:,}".replace(",", "\u202f")

    told = (
        Fact(tr("Saved"), units.kib(ksm.saved_kib) if ksm.saved_kib is not None else units.UNKNOWN),
        Fact(tr("Shared"), pages(ksm.shared), hint=tr("Pages that stand for several equal ones")),
        Fact(tr("Sharing"), pages(ksm.sharing), hint=tr("Pages that need no memory of their own: what is saved")),
        Fact(tr("Unshared"), pages(ksm.unshared), hint=tr("Pages looked at again and again that are like no other")),
        Fact(tr("Changing"), pages(ksm.volatile), hint=tr("Pages that change too fast to be merged")),
        Fact(tr("Full scans"), pages(ksm.full_scans)),
    )
    return FactGroup(tr("Same-page merging"), told)


def _guests(facts: HostFacts) -> FactGroup:
    by_arch: dict[str, Guest] = {}
    for guest in facts.guests:
        by_arch.setdefault(guest.arch, guest)
    fast = [arch for arch, guest in by_arch.items() if "kvm" in guest.kinds]
    slow = [arch for arch in by_arch if arch not in fast]
    told = []
    if fast:
        told.append(Fact(tr("With KVM"), _list(fast), ", ".join(fast)))
    if slow:
        told.append(Fact(tr("Emulated") if facts.driver == "QEMU" else tr("Kinds"), _list(slow), ", ".join(slow)))
    if facts.abilities and facts.abilities.max_vcpus:
        told.append(Fact(tr("Most CPUs"), str(facts.abilities.max_vcpus)))
    return FactGroup(tr("Guests' processors"), tuple(told))


def _list(words: list[str]) -> str:
    if len(words) <= MOST_ARCHES:
        return ", ".join(words)
    return tr("{words} and {n} more", words=", ".join(words[:MOST_ARCHES]), n=len(words) - MOST_ARCHES)
