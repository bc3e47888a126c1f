"""What a machine may use: written into its definition."""

from lxml import etree

from vmdesk.model.limits import Setting, Unit
from vmdesk.model.text import text
from vmdesk.virtxml import devices as naming
from vmdesk.virtxml.document import number
from vmdesk.virtxml.edit.tree import Definition, EditError, add, drop, ensure, put

PERIOD = 100_000  # libvirt's and the kernel's own
_CELLS = {"vcpupin": "vcpu", "iothreadpin": "iothread"}


def limit(xml: str, setting: Setting) -> str:
    """Set or take away one limit. Raises EditError."""
    definition = Definition(xml)
    domain, path = definition.domain, setting.limit.path
    match setting.limit.owner:
        case "disk":
            disk = find_one(domain, setting.device, "disk")
            _iotune(disk, setting)
        case "nic":
            _bandwidth(find_one(domain, setting.device, "interface"), setting)
        case "vcpu" | "iothread":
            _pin(domain, setting)
        case _ if setting.limit.unit is Unit.CPUS and path == "cputune/emulatorpin":
            put(domain, path, "cpuset", _words(setting))
        case _ if path == "numatune/memory":
            _numa(domain, setting)
        case _ if setting.limit.unit is Unit.KIB:
            _kib(domain, setting)
        case _:
            put(domain, path, None, None if setting.value is None else str(resolved(domain, setting)))
    return definition.text


def resolved(domain: etree._Element, setting: Setting) -> int:
    """The figure in libvirt's unit: a share of a processor in microseconds of the period that holds here."""
    if not setting.percent:
        return int(setting.value or 0)
    period = number(domain.findtext(setting.limit.path.replace("quota", "period")), 0) or PERIOD
    return max(1000, round(period * float(setting.value or 0) / 100))


def find_one(domain: etree._Element, word: str, *tags: str) -> etree._Element:
    """The device called so, of these kinds. Raises EditError for none and for several."""
    found = [(key, one) for key, one in naming.find(domain, word) if not tags or one.tag in tags]
    if len(found) == 1:
        return found[0][1]
    if found:
        keys = ", ".join(key for key, _ in found)
        raise EditError(text("{word} is the name of several devices: {keys}", word=word, keys=keys))
    raise EditError(text("The machine has no device {word}.", word=word))


def _iotune(disk: etree._Element, setting: Setting) -> None:
    if setting.value is not None:
        name = setting.limit.path.removeprefix("iotune/")
        way = name.partition("_")[0]
        rest = name.removeprefix(way)
        others = ("read", "write") if way == "total" else ("total",)
        if any(number(disk.findtext(f"iotune/{other}{rest}")) for other in others):
            raise EditError(
                text(
                    "{key} does not go together with a limit of the other kind: take that away first.", key=setting.key
                )
            )
        base = name.removesuffix("_length").removesuffix("_max")
        needed = base if name.endswith("_max") else f"{base}_max" if name.endswith("_length") else ""
        if needed and not number(disk.findtext(f"iotune/{needed}")):
            raise EditError(text("{key} needs the limit that it goes beyond.", key=setting.key))
        if name.endswith("_max") and number(disk.findtext(f"iotune/{base}")) > int(setting.value):
            raise EditError(text("{key} is below the limit that it goes beyond.", key=setting.key))
    else:
        # What goes beyond a limit goes with it.
        for ending in ("_max_length", "_max"):
            if not setting.limit.path.endswith(("_max", "_length")) or (
                setting.limit.path.endswith("_max") and ending == "_max_length"
            ):
                put(disk, setting.limit.path.removesuffix("_max") + ending, None, None)
    put(disk, setting.limit.path, None, _words(setting))


def _bandwidth(nic: etree._Element, setting: Setting) -> None:
    path, _, name = setting.limit.path.rpartition("/")
    found = nic.find(path)
    if setting.value is None:
        # Peak and burst are nothing without an average.
        for attribute in ("peak", "burst", "average") if name == "average" else (name,):
            put(nic, path, attribute, None)
        return
    if name != "average" and (found is None or not found.get("average")):
        raise EditError(text("{key} needs the limit that it goes beyond.", key=setting.key))
    put(nic, path, name, _words(setting))


def _pin(domain: etree._Element, setting: Setting) -> None:
    tag = setting.limit.path.rpartition("/")[2]
    who = _CELLS[tag]
    known = max(1, number(domain.findtext("vcpu"), 1)) if who == "vcpu" else number(domain.findtext("iothreads"))
    place = int(setting.device)
    if setting.value is not None and not (place < known if who == "vcpu" else 1 <= place <= known):
        raise EditError(text("The machine has no {key}.", key=f"{who} {setting.device}"))
    found = next(
        (one for one in domain.findall(f"cputune/{tag}") if number(one.get(who), -1) == place),
        None,
    )
    if setting.value is not None:
        if found is None:
            above = ensure(domain, "cputune")
            same = above.findall(tag)
            found = add(above, tag, after=same[-1] if same else None)
            found.set(who, setting.device)
        found.set("cpuset", str(setting.value))
    elif found is not None:
        tune = domain.find("cputune")
        drop(found)
        if tune is not None and not len(tune):
            drop(tune)


def _numa(domain: etree._Element, setting: Setting) -> None:
    attribute = "nodeset" if setting.limit.unit is Unit.CPUS else "mode"
    found = domain.find("numatune/memory")
    if setting.value is not None:
        if attribute == "mode" and (found is None or not found.get("nodeset")):
            raise EditError(text("Give the nodes first: {key}.", key="memory.nodes=0"))
        if found is None or not found.get("mode"):
            put(domain, "numatune/memory", "mode", "strict")
    elif attribute == "nodeset" and found is not None and found.get("placement") != "auto":
        put(domain, "numatune/memory", "mode", None)  # one is nothing without the other
    put(domain, "numatune/memory", attribute, _words(setting))


def _kib(domain: etree._Element, setting: Setting) -> None:
    element = domain.find(setting.limit.path)
    if setting.value is None:
        put(domain, setting.limit.path, None, None)
        return
    value = int(setting.value)
    hard = {"memory.swap": "memtune/hard_limit"}.get(setting.limit.name)
    if hard and value < number(domain.findtext(hard)):
        raise EditError(text("{key} holds memory and swap: it cannot be below memory.hard.", key=setting.key))
    put(domain, setting.limit.path, None, str(value))
    if element is None or element.get("unit") not in (None, "KiB"):
        put(domain, setting.limit.path, "unit", "KiB")


def _words(setting: Setting) -> str | None:
    return None if setting.value is None else str(setting.value)
