"""What new machines may have: from `<capabilities>` and `<domainCapabilities>` to values."""

from lxml import etree

from vmdesk.model.abilities import Machine, MachineAbilities, Processor
from vmdesk.virtxml import capabilities
from vmdesk.virtxml.document import number, root

_BEST = ("kvm", "hvf", "xen", "bhyve", "qemu")  # what may run a machine, fastest first


def processors(xml: str) -> tuple[Processor, ...]:
    """The `<guest>` elements of `<capabilities>`, the host's own processor first. Raises XmlError."""
    found = root(xml)
    native = found.findtext("host/cpu/arch") or ""
    listed = [_processor(guest, arch) for guest in found.findall("guest") if (arch := guest.find("arch")) is not None]
    return tuple(sorted(listed, key=lambda one: one.arch != native))


def machine(xml: str) -> MachineAbilities:
    """`<domainCapabilities>` of one kind, architecture and machine type. Raises XmlError."""
    found = root(xml)
    common = capabilities.parse_domain(xml)
    return MachineAbilities(
        arch=found.findtext("arch") or "",
        kind=common.kind,
        machine=common.machine,
        common=common,
        disk_buses=frozenset(_values(found, "devices/disk/enum[@name='bus']")),
        loaders=_values(found, "os/loader"),
        channels=frozenset(_values(found, "devices/channel/enum[@name='type']")),
        rng=frozenset(_values(found, "devices/rng/enum[@name='backendModel']")),
        usable_models=common.cpu_models,
        maximum_cpu="maximum" in common.cpu_modes,
    )


def passt(xml: str) -> bool | None:
    """Whether `<domainCapabilities>` lists passt among the ways of user-mode cards; None if it lists none (old)."""
    found = root(xml).find("devices/interface/enum[@name='backendType']")
    return None if found is None else "passt" in _values(found, ".")


def _processor(guest: etree._Element, arch: etree._Element) -> Processor:
    kinds = [domain.get("type") or "" for domain in arch.findall("domain")]
    machines: dict[str, Machine] = {}
    aliases: dict[str, str] = {}
    for element in (*arch.findall("machine"), *arch.findall("domain/machine")):
        name, canonical = (element.text or "").strip(), element.get("canonical") or ""
        if canonical:
            aliases[canonical] = name
        machines[canonical or name] = Machine(
            canonical or name,
            max_vcpus=number(element.get("maxCpus")),
            deprecated=element.get("deprecated") == "yes",
        )
    return Processor(
        arch=arch.get("name") or "",
        os_type=guest.findtext("os_type") or "",
        kinds=tuple(sorted(dict.fromkeys(kinds), key=lambda kind: _BEST.index(kind) if kind in _BEST else len(_BEST))),
        emulator=arch.findtext("emulator") or "",
        machines=tuple(
            Machine(one.name, aliases.get(one.name, ""), one.max_vcpus, one.deprecated) for one in machines.values()
        ),
    )


def _values(found: etree._Element, path: str) -> tuple[str, ...]:
    return tuple(value.text or "" for value in found.findall(f"{path}/value"))
