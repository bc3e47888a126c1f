"""From virConnectGetCapabilities and virConnectGetDomainCapabilities to facts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lxml import etree

from vmdesk.model.facts import Cell, Cpu, DomainAbilities, Guest, Pages, SecurityModel
from vmdesk.virtxml.document import kibibytes, number, root

NESTING = ("vmx", "svm")


@dataclass(frozen=True, slots=True)
class HostCapabilities:
    """What `<capabilities>` says. `cpu` is the `<cpu>` element as text, for virConnectBaselineCPU; "" if empty."""

    arch: str = ""
    cpu_model: str = ""
    cpu_vendor: str = ""
    features: tuple[str, ...] = ()
    cpu: str = ""
    iommu: bool | None = None
    cells: tuple[Cell, ...] = ()
    security: tuple[SecurityModel, ...] = ()
    guests: tuple[Guest, ...] = ()


def parse(xml: str) -> HostCapabilities:
    """Read `<capabilities>`. Raises XmlError."""
    capabilities = root(xml)
    cpu = capabilities.find("host/cpu")
    iommu = capabilities.find("host/iommu")
    return HostCapabilities(
        arch=capabilities.findtext("host/cpu/arch") or "",
        cpu_model=capabilities.findtext("host/cpu/model") or "",
        cpu_vendor=capabilities.findtext("host/cpu/vendor") or "",
        features=features(cpu),
        cpu=etree.tostring(cpu, encoding="unicode", with_tail=False)
        if cpu is not None and cpu.find("model") is not None
        else "",
        iommu=None if iommu is None else iommu.get("support") == "yes",
        cells=tuple(_cell(cell) for cell in capabilities.findall("host/topology/cells/cell")),
        security=tuple(_security(model) for model in capabilities.findall("host/secmodel")),
        guests=tuple(_guest(guest) for guest in capabilities.findall("guest")),
    )


def with_free(
    cells: tuple[Cell, ...], free_kib: Mapping[int, int], pages: Mapping[int, Mapping[int, int]]
) -> Iterator[Cell]:
    """The cells with what is free: `free_kib` by cell, `pages` by cell and size in KiB."""
    for cell in cells:
        counted = tuple(
            Pages(page.size_kib, page.total, pages.get(cell.id, {}).get(page.size_kib)) for page in cell.pages
        )
        yield Cell(cell.id, cell.memory_kib, free_kib.get(cell.id), cell.cpus, counted, cell.distances)


def features(cpu: etree._Element | None) -> tuple[str, ...]:
    """The names of a `<cpu>`'s features that are not switched off."""
    if cpu is None:
        return ()
    return tuple(
        feature.get("name") or ""
        for feature in cpu.findall("feature")
        if feature.get("policy") not in ("disable", "forbid")
    )


def parse_domain(xml: str) -> DomainAbilities:
    """Read `<domainCapabilities>`. Raises XmlError."""
    found = root(xml)
    modes = [mode for mode in found.findall("cpu/mode") if mode.get("supported") == "yes"]
    host_model = next((mode for mode in modes if mode.get("name") == "host-model"), None)
    vcpu = found.find("vcpu")
    tpm = found.find("devices/tpm")
    return DomainAbilities(
        kind=found.findtext("domain") or "",
        emulator=found.findtext("path") or "",
        machine=found.findtext("machine") or "",
        max_vcpus=number(vcpu.get("max")) if vcpu is not None else None,
        cpu_modes=tuple(mode.get("name") or "" for mode in modes),
        cpu_models=tuple(
            model.text or "" for mode in modes for model in mode.findall("model") if model.get("usable") == "yes"
        ),
        firmware=_values(found, "os/enum[@name='firmware']"),
        secure_boot=_flag(found, "os/loader", "secure"),
        tpm=_values(found, "devices/tpm/enum[@name='backendModel']")
        if tpm is not None and tpm.get("supported") == "yes"
        else (),
        graphics=_values(found, "devices/graphics/enum[@name='type']"),
        video=_values(found, "devices/video/enum[@name='modelType']"),
        nested=any(name in NESTING for name in features(host_model)) or None,
    )


def _values(found: etree._Element, path: str) -> tuple[str, ...]:
    return tuple(value.text or "" for value in found.findall(f"{path}/value"))


def _flag(found: etree._Element, path: str, name: str) -> bool | None:
    """Whether an enum of "yes" and "no" has "yes"."""
    if found.find(f"{path}/enum[@name='{name}']") is None:
        return None
    return "yes" in _values(found, f"{path}/enum[@name='{name}']")


def _supported(element: etree._Element | None) -> bool | None:
    return None if element is None else element.get("supported") == "yes"


def _cell(cell: etree._Element) -> Cell:
    return Cell(
        id=number(cell.get("id")),
        memory_kib=kibibytes(cell.find("memory")),
        cpus=tuple(
            Cpu(
                number(cpu.get("id")),
                number(cpu.get("socket_id")),
                number(cpu.get("core_id")),
                numbers(cpu.get("siblings") or ""),
            )
            for cpu in cell.findall("cpus/cpu")
        ),
        pages=tuple(Pages(number(pages.get("size")), number(pages.text)) for pages in cell.findall("pages")),
        distances=tuple(
            (number(sibling.get("id")), number(sibling.get("value"))) for sibling in cell.findall("distances/sibling")
        ),
    )


def numbers(words: str) -> tuple[int, ...]:
    """libvirt's and the kernel's lists of numbers: "0-2,8" -> (0, 1, 2, 8). What is no number is left out."""
    found: list[int] = []
    for part in words.split(","):
        first, _, last = part.strip().partition("-")
        if first.isdecimal() and (not last or last.isdecimal()):
            found.extend(range(int(first), min(int(last or first), int(first) + 65_535) + 1))
    return tuple(found)


def _security(model: etree._Element) -> SecurityModel:
    labels = tuple((label.get("type") or "", label.text or "") for label in model.findall("baselabel"))
    return SecurityModel(model.findtext("model") or "", labels)


def _guest(guest: etree._Element) -> Guest:
    arch = guest.find("arch")
    if arch is None:
        return Guest("", guest.findtext("os_type") or "")
    return Guest(
        arch=arch.get("name") or "",
        os_type=guest.findtext("os_type") or "",
        kinds=tuple(domain.get("type") or "" for domain in arch.findall("domain")),
        emulator=arch.findtext("emulator") or "",
        machines=len(arch.findall("machine")),
    )
