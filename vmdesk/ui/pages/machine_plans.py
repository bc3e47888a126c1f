"""Which graphs a machine has, from the series that its history knows."""

from collections.abc import Sequence

from vmdesk.model.domain import Domain
from vmdesk.model.text import tr
from vmdesk.ui.widgets.graph import COUNT, DURATION, KIB, PERCENT, RATE, Limit
from vmdesk.ui.widgets.graphs import Curve, Plan


def plans_of(domain: Domain, names: Sequence[str]) -> list[Plan]:
    """`names`: the series of the machine that its driver tells; empty while nothing was read yet."""
    known = set(names)
    plans = [
        Plan("cpu", tr("CPU"), PERCENT, (Curve("", "cpu", "cpu"),)),
        _memory(domain, known),
    ]
    vcpus = sorted(int(name[4:]) for name in known if name.startswith("cpu."))
    if len(vcpus) > 1:
        curves = tuple(Curve(f"CPU {n}", f"cpu.{n}") for n in vcpus)
        plans.append(Plan("vcpus", tr("Each virtual CPU"), PERCENT, curves))
    if "wait" in known:
        plans.append(Plan("wait", tr("Waiting for the host's CPU"), PERCENT, (Curve("", "wait"),)))
    disks = _devices(known, "disk.")
    cards = _devices(known, "net.")
    # The totals are what the archive keeps; with one disk they are that disk.
    if len(disks) != 1:
        plans.append(_traffic("disk", tr("All disks"), "read", "write"))
    for disk in disks:
        plans += _disk(disk, f"disk.{disk}", only=len(disks) == 1)
    if len(cards) != 1:
        plans.append(_traffic("net", tr("All network cards"), "rx", "tx"))
    for card in cards:
        plans += _card(card, f"net.{card}", only=len(cards) == 1)
    return plans


def _devices(known: set[str], kind: str) -> list[str]:
    return sorted({name[len(kind) :].rpartition(".")[0] for name in known if name.startswith(kind)})


def _memory(domain: Domain, known: set[str]) -> Plan:
    most = float(domain.definition.max_memory_kib)
    limits = (Limit(tr("at most"), most),) if most else ()
    names = {"used": tr("Used"), "given": tr("Given"), "rss": tr("On host")}
    told = [series for series in names if series in known] or list(names)
    # The archive keeps what the guest uses, else what it was given: so does the first of these two.
    curves = tuple(Curve(names[series], series, "memory" if place == 0 else "") for place, series in enumerate(told))
    return Plan("memory", tr("Memory"), KIB, curves, limits)


def _traffic(plan: str, title: str, first: str, second: str) -> Plan:
    names = {"read": tr("Read"), "write": tr("Written"), "rx": tr("Received"), "tx": tr("Sent")}
    curves = (Curve(names[first], first, first), Curve(names[second], second, second))
    return Plan(plan, title, RATE, curves)


def _disk(name: str, series: str, only: bool) -> list[Plan]:
    read, write = Curve(tr("Read"), f"{series}.read"), Curve(tr("Written"), f"{series}.write")
    if only:
        read, write = Curve(read.name, read.series, "read"), Curve(write.name, write.series, "write")
    requests = (Curve(tr("Read"), f"{series}.read_ops"), Curve(tr("Written"), f"{series}.write_ops"))
    return [
        Plan(f"{series}.bytes", tr("Disk {name}", name=name), RATE, (read, write)),
        Plan(f"{series}.requests", tr("Disk {name}: requests", name=name), COUNT, requests),
        Plan(
            f"{series}.latency",
            tr("Disk {name}: time a request takes", name=name),
            DURATION,
            (Curve("", f"{series}.latency"),),
            nothing=tr("No requests in this time"),
        ),
    ]


def _card(name: str, series: str, only: bool) -> list[Plan]:
    received, sent = Curve(tr("Received"), f"{series}.rx"), Curve(tr("Sent"), f"{series}.tx")
    if only:
        received, sent = Curve(received.name, received.series, "rx"), Curve(sent.name, sent.series, "tx")
    packets = (
        Curve(tr("Received"), f"{series}.rx_packets"),
        Curve(tr("Sent"), f"{series}.tx_packets"),
        Curve(tr("Dropped"), f"{series}.drops"),
    )
    return [
        Plan(f"{series}.bytes", tr("Network {name}", name=name), RATE, (received, sent)),
        Plan(f"{series}.packets", tr("Network {name}: packets", name=name), COUNT, packets),
    ]
