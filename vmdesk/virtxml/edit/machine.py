"""Everything but devices and limits: what it is called, processors, memory, start, firmware, features.

None takes a thing away, so that libvirt's default holds.
"""

from collections.abc import Sequence

from lxml import etree

from vmdesk.model.hardware import Topology
from vmdesk.model.text import text
from vmdesk.virtxml import devices as naming
from vmdesk.virtxml import system as naming_systems
from vmdesk.virtxml.document import kibibytes, number
from vmdesk.virtxml.edit.tree import Definition, EditError, add, drop, ensure, put
from vmdesk.virtxml.metadata import clean

_UNITS = {"KiB": 1, "k": 1, "K": 1, "MiB": 1024, "M": 1024, "GiB": 1024**2, "G": 1024**2, "TiB": 1024**3, "T": 1024**3}
BOOTABLE = ("disk", "interface", "hostdev", "redirdev")
_KINDS = {"hd": "disk", "cdrom": "cdrom", "fd": "floppy", "network": "interface"}
_MOST_VCPUS = 4096


def title(xml: str, words: str | None) -> str:
    """One line about it."""
    return _put(xml, "title", " ".join((words or "").split()) or None)


def description(xml: str, words: str | None) -> str:
    """More about it."""
    return _put(xml, "description", words or None)


def system(xml: str, os_id: str) -> str:
    """Which operating system is in it, by libosinfo's id (a URL); "" takes that away. All else in <metadata> stays."""
    definition = Definition(xml)
    domain = definition.domain
    found = naming_systems.elements(domain)
    space, info = found[0] if found else (naming_systems.OSINFO[0], None)
    element = info.find(f"{space}os") if info is not None else None
    if os_id:
        if info is None:
            uri = space.strip("{}")
            info = add(ensure(domain, "metadata"), etree.Element(f"{space}libosinfo", nsmap={"libosinfo": uri}))
        if element is None:
            element = add(info, etree.Element(f"{space}os"))
        if element.get("id") != os_id:
            element.set("id", clean(os_id))
    elif info is not None and element is not None:
        drop(element)
        if not len(info) and not (info.text or "").strip():
            drop(info)
            _drop_empty(domain, "metadata")
    return definition.text


def _put(xml: str, path: str, value: str | None) -> str:
    definition = Definition(xml)
    put(definition.domain, path, None, value)
    return definition.text


# ---------------------------------------------------------------- processors


def vcpus(xml: str, count: int, maximum: int | None = None) -> str:
    """So many at the next start; without a maximum the old one stays as far as it is enough."""
    definition = Definition(xml)
    domain = definition.domain
    old = max(1, number(domain.findtext("vcpu"), 1))
    most = max(old, count) if maximum is None else maximum
    if not 1 <= count <= most <= _MOST_VCPUS:
        raise EditError(text("Virtual processors: {n} of {most} is not possible.", n=count, most=most))
    element = ensure(domain, "vcpu")
    if most != old or not (element.text or "").strip():
        put(domain, "vcpu", None, str(most))
    if number(element.get("current"), most) != count or (most != old and element.get("current") is not None):
        put(domain, "vcpu", "current", None if count == most else str(count))
    each = domain.find("vcpus")
    if each is not None:
        drop(each)
    if most != old:
        _fit(domain, most)
    return definition.text


def _fit(domain: etree._Element, most: int) -> None:
    """Topology and nodes must add up to the number of processors."""
    found = domain.find("cpu/topology")
    if found is not None:
        inner = 1
        for name in ("dies", "clusters", "cores", "threads"):
            inner *= max(1, number(found.get(name), 1))
        if most % inner == 0:
            found.set("sockets", str(most // inner))
        else:
            found.set("sockets", str(most))
            for name in ("dies", "clusters", "cores", "threads"):
                if found.get(name) is not None:
                    found.set(name, "1")
    cells = domain.findall("cpu/numa/cell")
    if len(cells) > 1:
        raise EditError(text("The guest's NUMA nodes share out the processors: change them in the XML."))
    for cell in cells:
        if cell.get("cpus") is not None:
            cell.set("cpus", f"0-{most - 1}" if most > 1 else "0")


def topology(xml: str, wanted: Topology | None) -> str:
    """Sockets, dies, cores and threads, which multiply to the largest number of processors."""
    definition = Definition(xml)
    domain = definition.domain
    most = max(1, number(domain.findtext("vcpu"), 1))
    if wanted is None:
        found = domain.find("cpu/topology")
        if found is not None:
            drop(found)
            _drop_empty(domain, "cpu")
        return definition.text
    if min(wanted.sockets, wanted.dies, wanted.cores, wanted.threads) < 1 or wanted.total != most:
        raise EditError(text("Of processors, the topology has {n} and the machine {most}.", n=wanted.total, most=most))
    found = ensure(domain, "cpu/topology")
    for name in ("sockets", "dies", "cores", "threads"):
        value = getattr(wanted, name)
        if value != max(1, number(found.get(name), 1)) or (name != "dies" and found.get(name) is None):
            found.set(name, str(value))
    return definition.text


def cpu_model(xml: str, mode: str | None, model: str = "") -> str:
    """mode: host-passthrough, host-model, maximum or custom, which has a model; None: the hypervisor's default."""
    definition = Definition(xml)
    domain = definition.domain
    if (mode == "custom") is not bool(model):
        raise EditError(text("A model goes with the mode “custom”, and only with it."))
    cpu = domain.find("cpu")
    if cpu is None:
        if mode is None:
            return xml
        cpu = add(domain, "cpu")
    for name in ("mode", "match", "check", "migratable"):
        if name in cpu.attrib and (name != "mode" or mode is None):
            del cpu.attrib[name]
    for tag in ("model", "vendor"):
        for element in cpu.findall(tag):
            drop(element)
    if mode is not None:
        cpu.set("mode", mode)
    if mode == "custom":
        cpu.set("match", "exact")
        said = add(cpu, "model", first=True)
        said.set("fallback", "forbid")
        said.text = model
    _drop_empty(domain, "cpu")
    return definition.text


def cpu_feature(xml: str, name: str, policy: str | None) -> str:
    """One feature of the processor: require, disable, optional, force, forbid; None: as the model has it."""
    definition = Definition(xml)
    domain = definition.domain
    found = [one for one in domain.findall("cpu/feature") if one.get("name") == name]
    if policy is None:
        for one in found:
            drop(one)
        if found:
            _drop_empty(domain, "cpu")
    elif found:
        found[0].set("policy", policy)
    else:
        cpu = domain.find("cpu")
        if cpu is None:
            raise EditError(text("Choose a processor model first: a feature belongs to one."))
        one = add(cpu, "feature")
        one.set("policy", policy)
        one.set("name", name)
    return definition.text


# ---------------------------------------------------------------- memory


def memory(xml: str, given_kib: int, most_kib: int | None = None) -> str:
    """What the guest has, and what it is built with at the next start.

    Without `most_kib` the two stay apart where they are apart and there is room, else both are what is given.
    """
    definition = Definition(xml)
    domain = definition.domain
    most, current = domain.find("memory"), domain.find("currentMemory")
    old_most = kibibytes(most)
    old_given = kibibytes(current) or old_most
    if most_kib is None:
        most_kib = old_most if old_given < old_most and given_kib <= old_most else given_kib
    if not 1024 <= given_kib <= most_kib < 2**44:
        raise EditError(text("So much memory cannot be given to a machine."))
    _put_size(domain, "memory", most_kib)
    if current is not None or given_kib != most_kib:
        _put_size(domain, "currentMemory", given_kib)
    if most_kib != old_most:
        cells = domain.findall("cpu/numa/cell")
        if len(cells) > 1:
            raise EditError(text("The guest's NUMA nodes share out the memory: change them in the XML."))
        devices = sum(kibibytes(one) for one in domain.findall("devices/memory/target/size"))
        for cell in cells:
            _put_cell(cell, most_kib - devices if devices < most_kib else most_kib)
    return definition.text


def hot_memory(xml: str, room_kib: int | None, slots: int = 16) -> str:
    """Up to where DIMMs may be added while it runs; the guest gets a NUMA node if it has none. None: no room."""
    definition = Definition(xml)
    domain = definition.domain
    if room_kib is None:
        found = domain.find("maxMemory")
        if found is not None:
            drop(found)
        return definition.text
    most = kibibytes(domain.find("memory"))
    if room_kib <= most or not 1 <= slots <= 256:
        raise EditError(text("There must be room above the machine's memory, and 1 to 256 slots."))
    ensure(domain, "maxMemory").set("slots", str(slots))
    _put_size(domain, "maxMemory", room_kib)
    if domain.find("cpu/numa") is None:
        processors = max(1, number(domain.findtext("vcpu"), 1))
        cell = ensure(domain, "cpu/numa/cell")
        cell.set("id", "0")
        cell.set("cpus", f"0-{processors - 1}" if processors > 1 else "0")
        cell.set("memory", str(most))
        cell.set("unit", "KiB")
    return definition.text


def huge_pages(xml: str, on: bool, page_kib: int = 0) -> str:
    """Memory in large pages of the host, of a certain size or its default."""
    definition = Definition(xml)
    domain = definition.domain
    found = domain.find("memoryBacking/hugepages")
    if found is not None:
        drop(found)
        if not on:
            _drop_empty(domain, "memoryBacking")
    if on:
        made = etree.Element("hugepages")
        if page_kib:
            etree.SubElement(made, "page", size=str(page_kib), unit="KiB")
        add(ensure(domain, "memoryBacking"), made)
    return definition.text


def memory_shared(xml: str, on: bool) -> str:
    """Shared with other programs of the host, as virtiofs needs it."""
    definition = Definition(xml)
    domain = definition.domain
    if on:
        put(domain, "memoryBacking/access", "mode", "shared")
        if domain.find("memoryBacking/source") is None and domain.find("memoryBacking/hugepages") is None:
            put(domain, "memoryBacking/source", "type", "memfd")
    else:
        if (source := domain.find("memoryBacking/source")) is not None and source.get("type") == "memfd":
            put(domain, "memoryBacking/source", "type", None)
        put(domain, "memoryBacking/access", "mode", None)
    return definition.text


def memory_locked(xml: str, on: bool) -> str:
    """Never swapped out by the host."""
    return _switch(xml, "memoryBacking/locked", on)


def memory_merging(xml: str, on: bool) -> str:
    """Whether the host may keep equal pages of several machines once (KSM)."""
    return _switch(xml, "memoryBacking/nosharepages", not on)


def balloon_period(xml: str, seconds: int | None) -> str:
    """How often the guest tells what of its memory it uses."""
    definition = Definition(xml)
    found = definition.domain.find("devices/memballoon")
    if found is None:
        raise EditError(text("The machine has no balloon device."))
    put(found, "stats", "period", None if not seconds else str(seconds))
    return definition.text


def _put_size(domain: etree._Element, path: str, kib: int) -> None:
    """In the unit that stands there, if it is a whole number of it."""
    element = ensure(domain, path)
    if kibibytes(element) == kib and (element.text or "").strip():
        return
    unit = element.get("unit")
    factor = _UNITS.get(unit or "KiB", 0)
    if not factor or kib % factor:
        element.set("unit", "KiB")
        factor = 1
    elif unit is None and not (element.text or "").strip():
        element.set("unit", "KiB")
    element.text = str(kib // factor)


def _put_cell(cell: etree._Element, kib: int) -> None:
    factor = _UNITS.get(cell.get("unit") or "KiB", 0)
    if not factor or kib % factor:
        cell.set("unit", "KiB")
        factor = 1
    cell.set("memory", str(kib // factor))


# ---------------------------------------------------------------- starting


def boot(xml: str, order: Sequence[str]) -> str:
    """What is tried first: kinds (hd, cdrom, network, fd) or devices (key, target, MAC). [] leaves it to libvirt.

    Where devices have places of their own, or one is named, the places are the devices'.
    """
    definition = Definition(xml)
    domain = definition.domain
    devices = [(key, one) for key, one in naming.keyed(domain) if one.tag in BOOTABLE]
    placed = any(one.find("boot") is not None for _, one in devices)
    if not placed and all(word in _KINDS for word in order):
        _kinds(domain, order)
        return definition.text
    wanted: list[etree._Element] = []
    for word in order:
        found = [one for _, one in devices if _kind(one) == word] if word in _KINDS else _named(domain, word)
        wanted += [one for one in found if one not in wanted]
    _kinds(domain, ())
    for _, one in devices:
        place = one.find("boot")
        if one in wanted:
            number_ = str(wanted.index(one) + 1)
            if place is None or place.get("order") != number_:
                put(one, "boot", "order", number_)
        elif place is not None:
            drop(place)
    return definition.text


def _kinds(domain: etree._Element, order: Sequence[str]) -> None:
    old = domain.findall("os/boot")
    if [one.get("dev") for one in old] == list(order):
        return
    if len(old) == len(order):
        for one, kind in zip(old, order):
            one.set("dev", kind)
        return
    for one in old:
        drop(one)
    above = ensure(domain, "os") if order else None
    for kind in order:
        assert above is not None
        last = above.findall("boot")
        add(above, "boot", after=last[-1] if last else above.find("type")).set("dev", kind)


def _kind(element: etree._Element) -> str:
    if element.tag == "interface":
        return "network"
    if element.tag != "disk":
        return ""
    return {"cdrom": "cdrom", "floppy": "fd"}.get(element.get("device") or "disk", "hd")


def _named(domain: etree._Element, word: str) -> list[etree._Element]:
    found = [one for _, one in naming.find(domain, word) if one.tag in BOOTABLE]
    if not found:
        raise EditError(text("The machine has nothing called {word} to start from.", word=word))
    return found


def boot_menu(xml: str, on: bool | None) -> str:
    """Whether the firmware offers a choice."""
    definition = Definition(xml)
    put(definition.domain, "os/bootmenu", "enable", None if on is None else "yes" if on else "no")
    return definition.text


def kernel(xml: str, file: str, initrd: str = "", cmdline: str = "") -> str:
    """Start this kernel of the host; "" starts from the devices again."""
    definition = Definition(xml)
    for name, value in (("kernel", file), ("initrd", initrd), ("cmdline", cmdline)):
        put(definition.domain, f"os/{name}", None, value or None)
    return definition.text


def firmware(xml: str, kind: str) -> str:
    """bios, uefi or secure (UEFI with Secure Boot). The firmware's own settings begin anew."""
    definition = Definition(xml)
    domain = definition.domain
    os_element = domain.find("os")
    if os_element is None or kind not in ("bios", "uefi", "secure"):
        raise EditError(text("The firmware is bios, uefi or secure."))
    for name in ("loader", "nvram", "firmware"):
        for one in os_element.findall(name):
            drop(one)
    if "firmware" in os_element.attrib:
        del os_element.attrib["firmware"]
    if kind == "bios":
        return definition.text
    os_element.set("firmware", "efi")
    if kind == "secure":
        made = etree.Element("firmware")
        for name in ("secure-boot", "enrolled-keys"):
            etree.SubElement(made, "feature", enabled="yes", name=name)
        add(os_element, made)
        put(domain, "features/smm", "state", "on")
    return definition.text


def machine_type(xml: str, machine: str) -> str:
    """The chipset: q35, pc, virt ..."""
    definition = Definition(xml)
    put(definition.domain, "os/type", "machine", machine)
    return definition.text


def feature(xml: str, name: str, on: bool) -> str:
    """One of <features> that is there or not: acpi, apic, pae ..."""
    return _switch(xml, f"features/{name}", on)


def clock(xml: str, offset: str) -> str:
    """utc or localtime ..."""
    definition = Definition(xml)
    put(definition.domain, "clock", "offset", offset)
    return definition.text


def on_event(xml: str, event: str, action: str | None) -> str:
    """event: poweroff, reboot or crash; action: destroy, restart, preserve ..."""
    if event not in ("poweroff", "reboot", "crash"):
        raise EditError(text("{event} is none of these: {known}", event=event, known="poweroff, reboot, crash"))
    return _put(xml, f"on_{event}", action)


def _switch(xml: str, path: str, on: bool) -> str:
    definition = Definition(xml)
    domain = definition.domain
    found = domain.find(path)
    if on and found is None:
        ensure(domain, path)
    elif not on and found is not None:
        drop(found)
        _drop_empty(domain, path.partition("/")[0])
    return definition.text


def _drop_empty(domain: etree._Element, tag: str) -> None:
    """What says nothing any more goes."""
    found = domain.find(tag)
    if found is not None and not len(found) and not found.attrib and not (found.text or "").strip():
        drop(found)
