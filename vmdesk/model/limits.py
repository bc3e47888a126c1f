"""What a machine can be limited to, by the names that people type: cpu.quota, memory.hard, disk.vda.read-bytes.

Sizes have binary suffixes, a bare figure is bytes. A quota may be a share of one processor ("50%").
"""

import re
from dataclasses import dataclass
from enum import Enum

from vmdesk.model.sizes import KIB
from vmdesk.model.text import Text, text

_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,6})?)\s*([kmgt]?)(?:i?b)?", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_CPUSET = re.compile(r"\^?[0-9]{1,4}(-[0-9]{1,4})?(,\^?[0-9]{1,4}(-[0-9]{1,4})?)*")
_MODES = ("strict", "preferred", "interleave", "restrictive")
NONE = "none"
NO_GROUPS = text("Machines of one user only have no control groups: with this limit the machine would not start.")


class LimitError(ValueError):
    """Not a limit, or not a value of it. `why` is the sentence for people."""

    def __init__(self, why: Text) -> None:
        super().__init__(str(why))
        self.why = why


class Unit(Enum):
    """How a value is written."""

    COUNT = "count"
    TIME = "time"  # microseconds; of a quota also a percentage of one processor
    KIB = "kib"
    BYTES = "bytes"
    SECONDS = "seconds"
    CPUS = "cpus"
    MODE = "mode"


@dataclass(frozen=True, slots=True)
class Limit:
    """One kind of limit.

    name        without the device: "disk.read-bytes"
    path        where it stands in the definition: in the machine, in the disk, in the card
    low, high   what libvirt and the kernel take
    percent     may be a share of one processor
    """

    name: str
    what: Text
    path: str
    unit: Unit
    low: int = 1
    high: int = 2**53
    percent: bool = False

    @property
    def owner(self) -> str:
        """ "disk", "nic" or "vcpu" where it is of one of those, else ""."""
        area, _, rest = self.name.partition(".")
        if area in ("disk", "nic") and rest != "weight":
            return area
        return "vcpu" if self.name == "cpu.pin" else "iothread" if self.name == "cpu.io-pin" else ""

    @property
    def system(self) -> bool:
        """Whether it needs the control groups that only the system's own daemon has."""
        return self.path.startswith(("memtune/", "blkiotune/", "numatune/")) or (
            self.path.startswith("cputune/") and self.unit is not Unit.CPUS
        )


@dataclass(frozen=True, slots=True)
class Setting:
    """One limit with its value: None takes it away. `percent`: value is a percentage (50.0)."""

    limit: Limit
    value: int | float | str | None
    device: str = ""  # a disk's target, a card's MAC, a processor's number
    percent: bool = False

    @property
    def key(self) -> str:
        if not self.device:
            return self.limit.name
        area, _, rest = self.limit.name.partition(".")
        return f"{self.limit.name}.{self.device}" if area == "cpu" else f"{area}.{self.device}.{rest}"


_T, _QUOTA = Unit.TIME, 17_592_186_044_415
_ALL = [
    Limit("cpu.shares", text("CPU shares"), "cputune/shares", Unit.COUNT, 2, 262_144),
    Limit("cpu.period", text("CPU period"), "cputune/period", _T, 1000, 1_000_000),
    Limit("cpu.quota", text("CPU quota of each vCPU"), "cputune/quota", _T, 1000, _QUOTA, True),
    Limit("cpu.total-period", text("CPU period of the machine"), "cputune/global_period", _T, 1000, 1_000_000),
    Limit("cpu.total-quota", text("CPU quota of the machine"), "cputune/global_quota", _T, 1000, _QUOTA, True),
    Limit("cpu.emulator-period", text("CPU period of the emulator"), "cputune/emulator_period", _T, 1000, 1_000_000),
    Limit("cpu.emulator-quota", text("CPU quota of the emulator"), "cputune/emulator_quota", _T, 1000, _QUOTA, True),
    Limit("cpu.io-period", text("CPU period of I/O threads"), "cputune/iothread_period", _T, 1000, 1_000_000),
    Limit("cpu.io-quota", text("CPU quota of I/O threads"), "cputune/iothread_quota", _T, 1000, _QUOTA, True),
    Limit("cpu.pin", text("Host CPUs of a vCPU"), "cputune/vcpupin", Unit.CPUS),
    Limit("cpu.emulator-pin", text("Host CPUs of the emulator"), "cputune/emulatorpin", Unit.CPUS),
    Limit("cpu.io-pin", text("Host CPUs of an I/O thread"), "cputune/iothreadpin", Unit.CPUS),
    Limit("cpu.io-threads", text("I/O threads"), "iothreads", Unit.COUNT, 1, 1024),
    Limit("memory.hard", text("Hard memory limit"), "memtune/hard_limit", Unit.KIB),
    Limit("memory.soft", text("Soft memory limit"), "memtune/soft_limit", Unit.KIB),
    Limit("memory.swap", text("Memory and swap limit"), "memtune/swap_hard_limit", Unit.KIB),
    Limit("memory.nodes", text("Host NUMA nodes"), "numatune/memory", Unit.CPUS),
    Limit("memory.mode", text("NUMA mode"), "numatune/memory", Unit.MODE),
    Limit("disk.weight", text("Disk weight"), "blkiotune/weight", Unit.COUNT, 100, 1000),
]
_WAYS = {"read": text("read"), "write": text("written"), "total": text("read and written")}
for _way, _word in _WAYS.items():
    for _ours, _theirs, _unit in (("bytes", "bytes", Unit.BYTES), ("requests", "iops", Unit.COUNT)):
        _bytes = _ours == "bytes"
        _what = text("Bytes a second {way}", way=_word) if _bytes else text("Requests a second {way}", way=_word)
        _burst = text("Burst of bytes {way}", way=_word) if _bytes else text("Burst of requests {way}", way=_word)
        _long = text("Seconds of the burst of bytes {way}", way=_word)
        if not _bytes:
            _long = text("Seconds of the burst of requests {way}", way=_word)
        _path = f"iotune/{_way}_{_theirs}_sec"
        _ALL += [
            Limit(f"disk.{_way}-{_ours}", _what, _path, _unit),
            Limit(f"disk.{_way}-{_ours}-burst", _burst, f"{_path}_max", _unit),
            Limit(f"disk.{_way}-{_ours}-burst-seconds", _long, f"{_path}_max_length", Unit.SECONDS, 1, 86_400),
        ]
_NIC = 4_294_967_295 // 1024  # KiB that libvirt's unsigned figures of bytes hold
for _name, _what, _path in (
    ("in", text("Average into the guest"), "inbound/average"),
    ("in-peak", text("Peak into the guest"), "inbound/peak"),
    ("in-burst", text("Burst into the guest"), "inbound/burst"),
    ("out", text("Average out of the guest"), "outbound/average"),
    ("out-peak", text("Peak out of the guest"), "outbound/peak"),
    ("out-burst", text("Burst out of the guest"), "outbound/burst"),
):
    _ALL.append(Limit(f"nic.{_name}", _what, f"bandwidth/{_path}", Unit.KIB, 1, _NIC))

LIMITS: dict[str, Limit] = {one.name: one for one in _ALL}


def parse(words: str) -> Setting:
    """ "cpu.quota=50%", "disk.vda.read-bytes=10M", "nic.52:54:00:00:00:01.in=none". Raises LimitError."""
    key, equals, value = words.partition("=")
    if not equals:
        raise LimitError(text("Write a limit like cpu.quota=50% or memory.hard=2G."))
    limit, device = named(key.strip())
    return read(limit, value.strip(), device)


def named(key: str) -> tuple[Limit, str]:
    """The limit and the device that a key names. Raises LimitError."""
    if key in LIMITS and not LIMITS[key].owner:
        return LIMITS[key], ""
    area, _, rest = key.partition(".")
    if area == "cpu":
        name, _, device = key.rpartition(".")
        found = LIMITS.get(name)
        if found is not None and found.owner and device.isascii() and device.isdigit() and len(device) < 5:
            return found, str(int(device))
    elif area in ("disk", "nic"):
        device, _, name = rest.rpartition(".")
        found = LIMITS.get(f"{area}.{name}")
        if found is not None and found.owner and device:
            return found, device
    shown = key if len(key) <= 60 else key[:59] + "…"
    raise LimitError(text("There is no limit {key}. There are: {known}", key=shown, known=", ".join(names())))


def names() -> list[str]:
    """All keys, with a word for the device."""
    words = {"disk": "TARGET", "nic": "MAC", "vcpu": "N", "iothread": "N"}
    return [Setting(one, None, words.get(one.owner, "")).key for one in LIMITS.values()]


def read(limit: Limit, value: str, device: str = "") -> Setting:
    """A typed value of that limit. Raises LimitError."""
    if value == NONE:
        return Setting(limit, None, device)
    match limit.unit:
        case Unit.CPUS:
            if not _CPUSET.fullmatch(value):
                raise LimitError(text("{value} is no list of numbers: write it like 0-3,^2.", value=_short(value)))
            return Setting(limit, value, device)
        case Unit.MODE:
            if value not in _MODES:
                raise LimitError(
                    text("{value} is none of these: {known}", value=_short(value), known=", ".join(_MODES))
                )
            return Setting(limit, value, device)
        case Unit.KIB | Unit.BYTES:
            found = _SIZE.fullmatch(value)
            if found is None:
                raise LimitError(text("{size} is not a size. Write it like 512M, 20G or 1.5T.", size=_short(value)))
            size = int(float(found[1]) * 1024 ** _POWERS[found[2].lower()])
            return _within(Setting(limit, -(-size // KIB) if limit.unit is Unit.KIB else size, device), value)
        case Unit.TIME if value.endswith("%") and limit.percent:
            try:
                share = float(value[:-1])
            except ValueError:
                share = 0.0
            if not 1 <= share <= 100_000:
                raise LimitError(text("{value} is no share of a processor: write it like 50%.", value=_short(value)))
            return Setting(limit, share, device, percent=True)
    if not (value.isascii() and value.isdigit() and len(value) < 18):
        raise LimitError(text("{value} is not a number.", value=_short(value) or "“”"))
    return _within(Setting(limit, int(value), device), value)


def _within(setting: Setting, typed: str) -> Setting:
    limit = setting.limit
    assert isinstance(setting.value, int)
    if not limit.low <= setting.value <= limit.high:
        why = text("{key} is between {low} and {high}.", key=setting.key, low=limit.low, high=limit.high)
        if limit.unit in (Unit.KIB, Unit.BYTES):
            why = text("{value} is no sensible value of {key}.", value=_short(typed), key=setting.key)
        raise LimitError(why)
    return setting


def _short(words: str) -> str:
    return words if len(words) <= 40 else words[:39] + "…"
