"""What the tab "Limits" has to offer for a machine: parts with their figures, and the graphs beside them."""

from collections.abc import Mapping
from dataclasses import dataclass

from vmdesk.core.limiting import GIVEN, Figure
from vmdesk.model.hardware import DiskDevice, Hardware, Nic
from vmdesk.model.limits import LIMITS
from vmdesk.model.text import tr
from vmdesk.ui.widgets import limit_units as units
from vmdesk.ui.widgets.graph import COUNT, KIB, PERCENT, RATE, Limit
from vmdesk.ui.widgets.graphs import Curve, Plan
from vmdesk.ui.widgets.limit_units import Written
from vmdesk.ui.widgets.slider_scale import Scale
from vmdesk.virtxml.edit.limits import PERIOD

_MIB, _GIB = 1024, 1024 * 1024  # in KiB
_BURST = Scale(1, 60)
_PERIOD = Scale(1000, 1_000_000)
_BYTES = Scale(64 * 1024, 4 * 1024**3, binary=True)
_REQUESTS = Scale(10, 200_000)
_NIC = Scale(8, 4 * _GIB, binary=True)


@dataclass(frozen=True)
class Row:
    """One figure. `bounds`: what may be typed; `more`: seen when it is asked for."""

    key: str
    title: str
    written: Written
    scale: Scale
    bounds: tuple[float, float]
    more: bool = False
    optional: bool = True
    usual: float = 0
    tip: str = ""


@dataclass(frozen=True)
class Part:
    """One section. `more`: the words for what is behind its switch."""

    id: str
    title: str
    rows: tuple[Row, ...]
    plans: tuple[Plan, ...]
    more: str = ""


def parts_of(found: Hardware, host_kib: int) -> tuple[Part, ...]:
    """`host_kib`: the host's memory, 0 if it is not known."""
    disks = tuple(one for one in found.disks if not one.removable)
    parts = [_cpu(found), _memory(found, host_kib)]
    if disks:
        parts.append(_all_disks(len(disks)))
    parts += [_disk(one) for one in disks]
    parts += [_nic(one) for one in found.nics if one.mac]
    return tuple(parts)


_USUAL = {"cpu.shares": 1024, "disk.weight": 500} | {name: PERIOD for name in LIMITS if name.endswith("-period")}
_USUAL["cpu.period"] = PERIOD


def _row(key: str, title: str, written: Written, scale: Scale, more: bool = False, tip: str = "") -> Row:
    limit = LIMITS[_name(key)]
    bounds: tuple[float, float] = (limit.low, min(limit.high, 2**53))
    if limit.percent:
        bounds = (1, 100_000)
    return Row(key, title, written, scale, bounds, more, usual=_USUAL.get(key, 0), tip=tip)


def _name(key: str) -> str:
    area, _, rest = key.partition(".")
    return f"{area}.{rest.rpartition('.')[2]}" if area in ("disk", "nic") else key


def _cpu(found: Hardware) -> Part:
    most = max(found.cpu.maximum, 1)
    whole = Scale(1, 100 * most, 1 if most < 4 else 5)
    percent, threads = units.PERCENT, Scale(1, 100, 1)
    usual = tr("In what time the share is counted. Usual: {time}.", time=units.PERIOD.write(PERIOD))
    busy = tr("Counts only while the host has too little time for all. Twice the shares are twice the time.")
    one = tr("Of one of the host's processors, for each virtual one.")
    rows = (
        _row("cpu.quota", tr("Each virtual CPU"), percent, Scale(1, 100, 1), tip=one),
        _row("cpu.total-quota", tr("The whole machine"), percent, whole, tip=tr("100 % is one of the host's CPUs.")),
        _row("cpu.shares", tr("Shares"), units.COUNT, Scale(2, 10_000), tip=busy),
        _row("cpu.emulator-quota", tr("Emulator"), percent, threads, True, tr("QEMU's own work beside the guest's.")),
        _row("cpu.io-quota", tr("I/O threads"), percent, threads, True),
        _row("cpu.period", tr("Period of each virtual CPU"), units.PERIOD, _PERIOD, True, usual),
        _row("cpu.total-period", tr("Period of the machine"), units.PERIOD, _PERIOD, True, usual),
        _row("cpu.emulator-period", tr("Period of the emulator"), units.PERIOD, _PERIOD, True, usual),
        _row("cpu.io-period", tr("Period of I/O threads"), units.PERIOD, _PERIOD, True, usual),
    )
    plans = (Plan("cpu", tr("CPU"), PERCENT, (Curve("", "cpu"),)),)
    return Part("cpu", tr("CPU"), rows, plans, tr("Emulator and periods"))


def _memory(found: Hardware, host_kib: int) -> Part:
    most = max(found.memory.most_kib, 64 * _MIB)
    above = Scale(64 * _MIB, max(host_kib, 4 * most, 16 * _GIB), binary=True)
    least = min(64 * _MIB, max(most // 8, _MIB))
    given = Row(
        GIVEN, tr("Given to the guest"), units.KIB, Scale(least, most, max(most // 64 // _MIB, 1) * _MIB),
        (1024, most), optional=False, tip=tr("The balloon takes the rest back. The guest needs its driver for that."),
    )  # fmt: skip
    hard = tr("Machine and QEMU together. Above it the host ends the machine: leave room.")
    rows = (
        given,
        _row("memory.hard", tr("Never more than"), units.KIB, above, tip=hard),
        _row("memory.soft", tr("When the host is short"), units.KIB, above, tip=tr("What it is pressed down to then.")),
        _row("memory.swap", tr("With swap"), units.KIB, above, tip=tr("Memory and swap space together.")),
    )
    curves = tuple(
        Curve(name, series) for series, name in (("used", tr("Used")), ("given", tr("Given")), ("rss", tr("On host")))
    )
    return Part("memory", tr("Memory"), rows, (Plan("memory", tr("Memory"), KIB, curves),))


def _all_disks(count: int) -> Part:
    busy = tr("Counts only while the host's disks are busy. Usual: 500.")
    curves = (Curve(tr("Read"), "read"), Curve(tr("Written"), "write"))
    rows = (_row("disk.weight", tr("Weight"), units.COUNT, Scale(100, 1000, 10), tip=busy),)
    plans = (Plan("disk", tr("All disks"), RATE, curves),) if count > 1 else ()
    return Part("disk", tr("All disks"), rows, plans)


def _disk(disk: DiskDevice) -> Part:
    start = f"disk.{disk.target}"
    ways = (("read", tr("Read")), ("write", tr("Written")), ("total", tr("Both together")))
    requests = (
        ("read", tr("Requests to read")), ("write", tr("Requests to write")), ("total", tr("Requests together")),
    )  # fmt: skip
    rows = [_row(f"{start}.{way}-bytes", title, units.BYTES_A_SECOND, _BYTES) for way, title in ways]
    rows += [_row(f"{start}.{way}-requests", title, units.REQUESTS, _REQUESTS) for way, title in requests]
    short = tr("For a short time it may be so much.")
    for what, names, written, scale in (
        ("bytes", ways, units.BYTES_A_SECOND, _BYTES), ("requests", requests, units.REQUESTS, _REQUESTS),
    ):  # fmt: skip
        for way, title in names:
            key = f"{start}.{way}-{what}-burst"
            rows.append(_row(key, tr("{what}, burst", what=title), written, scale, True, short))
            rows.append(_row(f"{key}-seconds", tr("{what}, length", what=title), units.SECONDS, _BURST, True))
    plans = (
        Plan(f"{start}.bytes", tr("Disk {name}", name=disk.target), RATE, _curves(start)),
        Plan(f"{start}.requests", tr("Disk {name}: requests", name=disk.target), COUNT, _curves(start, "_ops")),
    )
    return Part(start, tr("Disk {name}", name=disk.target), tuple(rows), plans, tr("Bursts"))


def _curves(start: str, ending: str = "") -> tuple[Curve, ...]:
    return (Curve(tr("Read"), f"{start}.read{ending}"), Curve(tr("Written"), f"{start}.write{ending}"))


def _nic(nic: Nic) -> Part:
    start = f"nic.{nic.mac}"
    second, amount = units.KIB_A_SECOND, units.KIB
    beyond = tr("The fastest it may be for a short time.")
    rows = (
        _row(f"{start}.in", tr("Into the guest"), second, _NIC, tip=tr("On average.")),
        _row(f"{start}.out", tr("Out of the guest"), second, _NIC, tip=tr("On average.")),
        _row(f"{start}.in-peak", tr("Into the guest, peak"), second, _NIC, True, beyond),
        _row(f"{start}.in-burst", tr("Into the guest, burst"), amount, _NIC, True, tr("So much goes at the peak.")),
        _row(f"{start}.out-peak", tr("Out of the guest, peak"), second, _NIC, True, beyond),
        _row(f"{start}.out-burst", tr("Out of the guest, burst"), amount, _NIC, True, tr("So much goes at the peak.")),
    )
    series = f"net.{nic.target}"
    curves = (Curve(tr("Received"), f"{series}.rx"), Curve(tr("Sent"), f"{series}.tx"))
    title = tr("Network card {mac}", mac=nic.mac)
    name = nic.target or nic.mac
    plans = (Plan(f"{start}.bytes", tr("Network {name}", name=name), RATE, curves),)
    return Part(start, title, rows, plans, tr("Peaks and bursts"))


def limits_of(plan: str, values: Mapping[str, Figure], vcpus: int) -> tuple[Limit, ...]:
    """The dashed lines of a graph: the limits of what it shows."""
    found: list[tuple[str, float]] = []
    if plan == "cpu":
        found += [(tr("each"), _number(values, "cpu.quota"))]
        found += [(tr("whole"), _number(values, "cpu.total-quota") / max(vcpus, 1))]
        found = [(name, value) for name, value in found if value <= 100]
    elif plan == "memory":
        found += [
            (tr("never more"), _number(values, "memory.hard")),
            (tr("pressed to"), _number(values, "memory.soft")),
        ]
    else:
        start, _, what = plan.rpartition(".")
        names = {"read": tr("Read"), "write": tr("Written"), "total": tr("Both together")}
        if start.startswith("disk."):
            found += [(names[way], _number(values, f"{start}.{way}-{what}")) for way in names]
        else:
            ways = {"in": tr("Received"), "out": tr("Sent")}
            found += [(name, _number(values, f"{start}.{way}") * 1024) for way, name in ways.items()]
    return tuple(Limit(name, value) for name, value in found if value > 0)


def _number(values: Mapping[str, Figure], key: str) -> float:
    value = values.get(key)
    return float(value) if isinstance(value, int | float) else 0.0
