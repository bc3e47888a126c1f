"""The pages about the machine itself: overview, processors, memory, what it starts from."""

from collections.abc import Callable, Sequence

from vmdesk.core import units
from vmdesk.core.hardware.reading import Offers, Seen
from vmdesk.core.hardware.sheet import (
    Field,
    Kind,
    Part,
    Sheet,
    Values,
    Wish,
    choice,
    fact,
    figure,
    on_off,
    plain,
    switch,
)
from vmdesk.model.hardware import Boot, Cpu, Hardware, Topology
from vmdesk.model.text import Text, text, textn
from vmdesk.virt import hardware
from vmdesk.virtxml.edit import EditError, machine

MACHINE = text("Machine")
DEVICES = text("Devices")
_EVENTS = {
    "destroy": text("Switch it off"),
    "restart": text("Start it again"),
    "preserve": text("Keep it as it is, to be examined"),
    "rename-restart": text("Start it again under another name"),
    "coredump-destroy": text("Write its memory to a file, then switch it off"),
    "coredump-restart": text("Write its memory to a file, then start it again"),
}
_MODES = {
    "": text("Hypervisor's default"),
    "host-passthrough": text("The host's own (host-passthrough)"),
    "host-model": text("Like the host's, can move (host-model)"),
    "maximum": text("All that the hypervisor knows (maximum)"),
}
NEXT_START = text("It holds from the next start.")


def later(what: Text, edit: Callable[..., str], *arguments: object) -> Wish:
    """A change of the definition alone: edit(xml, *arguments)."""
    change = hardware.later(what, lambda xml: edit(xml, *arguments))
    return Wish(change, change.later)


# ---------------------------------------------------------------- overview


def overview(seen: Seen, host: Offers) -> Sheet:
    found = seen.stored.overview
    firmware = {"efi": "secure" if found.secure_boot else "uefi"}.get(found.firmware, "bios")
    rows: list[Field | Part] = [
        fact(text("Name"), found.name, text("Another name is given with Rename in the machine's menu.")),
        Field("title", text("Title"), Kind.TEXT, found.title, hint=text("One line that tells people what it is.")),
        Field("description", text("Notes"), Kind.LINES, found.description),
        fact(text("UUID"), found.uuid),
        Part(text("Platform")),
        Field("system", text("System"), Kind.SYSTEM, found.os_id, hint=_system_hint(found.os_id)),
        fact(text("Hypervisor"), found.kind),
        fact(text("Architecture"), found.arch),
        choice(
            "machine",
            text("Chipset"),
            found.machine,
            _machines(found.machine, found.arch, host),
            text("Versions of the same chipset. Another chipset means other addresses for all devices: a new machine."),
        ),
        choice(
            "firmware",
            text("Firmware"),
            firmware,
            [("bios", "BIOS"), ("uefi", "UEFI"), ("secure", text("UEFI with Secure Boot"))],
            text("A system that was installed with one does not start with the other."),
        ),
        switch("acpi", text("ACPI: the guest hears the power button"), "acpi" in found.features),
        choice(
            "clock",
            text("Clock"),
            found.clock,
            [("utc", "UTC"), ("localtime", text("The host's local time, as Windows expects it"))],
        ),
        Part(text("What happens when the guest")),
        choice("on_poweroff", text("switches itself off"), found.on_poweroff, _events(True)),
        choice("on_reboot", text("restarts"), found.on_reboot, _events(True)),
        choice("on_crash", text("crashes"), found.on_crash, _events(False)),
    ]

    def wishes(values: Values) -> Sequence[Wish]:
        made: list[Wish] = []
        for name, value in values.items():
            words = str(value)
            if name == "title":
                made.append(Wish(hardware.title(words)))
            elif name == "description":
                made.append(Wish(hardware.description(words)))
            elif name == "system":
                made.append(Wish(hardware.system(words)))
            elif name == "machine":
                what = text("Chipset: {value}", value=words)
                made.append(later(what, machine.machine_type, words))
            elif name == "firmware":
                what = text("Firmware: {value}", value=words)
                made.append(later(what, machine.firmware, words))
            elif name == "acpi":
                what = text("ACPI: {value}", value=on_off(bool(value)))
                made.append(later(what, machine.feature, "acpi", bool(value)))
            elif name == "clock":
                what = text("Clock: {value}", value=words)
                made.append(later(what, machine.clock, words))
            else:
                event = name.removeprefix("on_")
                what = text("When it {event}: {value}", event=_EVENT_WORDS[event], value=_EVENTS.get(words, words))
                made.append(later(what, machine.on_event, event, words or None))
        return made

    words = found.title or " ".join(part for part in (found.kind, found.arch, found.machine) if part)
    return Sheet("overview", text("Overview"), "info", words, MACHINE, tuple(rows), wishes)


def _system_hint(os_id: str) -> Text:
    if os_id:
        return text("The wizard wrote it down, or another program: {id}", id=os_id)
    return text("Nobody wrote down which one was installed.")


_EVENT_WORDS = {"poweroff": text("switches itself off"), "reboot": text("restarts"), "crash": text("crashes")}


def _events(short: bool) -> list[tuple[str, Text | str]]:
    names = ("destroy", "restart", "preserve", "rename-restart") if short else tuple(_EVENTS)
    return [("", text("Hypervisor's default")), *((name, _EVENTS[name]) for name in names)]


def _machines(now: str, arch: str, host: Offers) -> list[tuple[str, Text | str]]:
    """Those of the same kind: pc-q35-7.2 and pc-q35-6.2."""
    family = now.rpartition("-")[0]
    names = [
        one.name
        for processor in host.host.processors
        if processor.arch == arch
        for one in processor.machines
        if family and one.name.rpartition("-")[0] == family and not one.deprecated
    ]
    return plain(*dict.fromkeys([now, *names]))


# ---------------------------------------------------------------- processors


def cpu(seen: Seen, host: Offers) -> Sheet:
    found = seen.stored.cpu
    running = seen.running.cpu if seen.running else None
    own = found.topology is not None
    shape = found.topology or Topology(found.maximum, 1, 1, 1)
    now = str(running.count) if running and running.count != found.count else ""
    most_now = str(running.maximum) if running and running.maximum != found.maximum else ""
    usable = host.machine.usable_models or host.machine.common.cpu_models
    models: list[tuple[str, Text | str]] = [*_MODES.items(), *((one, one) for one in usable)]
    live = (
        text("While it runs, up to {n} can be plugged in.", n=running.maximum)
        if running
        else text("What it has at its start.")
    )
    rows: list[Field | Part] = [
        Field("count", text("Processors"), Kind.NUMBER, found.count, hint=live, now=now, low=1, high=4096),
        Field(
            "maximum",
            text("At most"),
            Kind.NUMBER,
            found.maximum,
            hint=text("So many it is built with: room to add some while it runs."),
            now=most_now,
            low=1,
            high=4096,
        ),
        Part(text("Model")),
        choice(
            "model",
            text("Model"),
            found.model if found.mode == "custom" else found.mode,
            models,
            text("The host's own is fastest; one that several hosts have lets the machine move between them."),
            free=True,
        ),
        Field(
            "features",
            text("Features"),
            Kind.TEXT,
            _features(found),
            hint=text("Beyond the model: +vmx asks for one, -hle takes one away."),
        ),
        fact(text("Machines within it"), _nested(found, host)),
        Part(text("Topology")),
        switch("own", text("Say how the processors are arranged"), own, text("Some systems are licensed by sockets.")),
        Field("sockets", text("Sockets"), Kind.NUMBER, shape.sockets, low=1, high=4096, needs="own"),
        Field("cores", text("Cores per socket"), Kind.NUMBER, shape.cores, low=1, high=4096, needs="own"),
        Field("threads", text("Threads per core"), Kind.NUMBER, shape.threads, low=1, high=64, needs="own"),
    ]
    if found.cells:
        cells = ", ".join(f"{one.id}: CPU {one.cpus}, {units.kib(one.memory_kib)}" for one in found.cells)
        rows += [Part(text("The guest's own NUMA nodes")), fact(text("Nodes"), cells)]

    def wishes(values: Values) -> Sequence[Wish]:
        made: list[Wish] = []
        if "count" in values or "maximum" in values:
            count = figure(values, "count", found.count)
            most = figure(values, "maximum", max(found.maximum, count))
            if "maximum" in values and "count" not in values:
                what = _at_most(most)
                made.append(later(what, lambda xml: machine.vcpus(xml, min(count, most), most)))
            else:
                change = hardware.vcpus(count, most)
                why = None
                if running and count > running.maximum:
                    why = hardware.no_room(running.maximum)
                made.append(Wish(change, why))
                if most != found.maximum:
                    what = _at_most(most)
                    made.append(later(what, lambda xml: machine.vcpus(xml, count, most)))
        if "model" in values:
            wanted = str(values["model"])
            mode = wanted if wanted in _MODES else "custom"
            what = text("Processor model: {value}", value=_MODES.get(wanted, wanted))
            model = "" if mode == wanted else wanted
            made.append(later(what, lambda xml: machine.cpu_model(xml, mode or None, model)))
        if "features" in values:
            made += _feature_wishes(found, str(values["features"]))
        if values.keys() & {"own", "sockets", "cores", "threads"}:
            if not values.get("own", own):
                what = text("Topology: left to the hypervisor")
                made.append(later(what, lambda xml: machine.topology(xml, None)))
            else:
                parts = [figure(values, name, getattr(shape, name)) for name in ("sockets", "cores", "threads")]
                made.append(_arranged(Topology(parts[0], shape.dies, parts[1], parts[2])))
        return made

    words = text("{n} of {most}, {model}", n=found.count, most=found.maximum, model=_model_words(found))
    if found.count == found.maximum:
        words = text("{n}, {model}", n=found.count, model=_model_words(found))
    return Sheet("cpu", text("Processors"), "cpu", words, MACHINE, tuple(rows), wishes)


def _at_most(most: int) -> Text:
    return textn("At most {n} virtual processor", "At most {n} virtual processors", most)


def _arranged(wanted: Topology) -> Wish:
    what = text(
        "Topology: {sockets} sockets, {cores} cores, {threads} threads",
        sockets=wanted.sockets,
        cores=wanted.cores,
        threads=wanted.threads,
    )
    return later(what, lambda xml: machine.topology(xml, wanted))


def _model_words(found: Cpu) -> str:
    return found.model or found.mode or str(text("default model"))


def _features(found: Cpu) -> str:
    signs = {"require": "+", "disable": "-"}
    return " ".join(
        f"{signs[policy]}{name}" if policy in signs else f"{name}={policy}" for name, policy in found.features
    )


def _feature_wishes(found: Cpu, words: str) -> list[Wish]:
    wanted: dict[str, str] = {}
    for word in words.replace(",", " ").split():
        name, _, policy = word.partition("=")
        if word[0] in "+-":
            name, policy = word[1:], "require" if word[0] == "+" else "disable"
        if not name or policy not in ("require", "disable", "optional", "force", "forbid"):
            raise EditError(text("{word} is no feature: write +vmx or -hle.", word=word))
        wanted[name] = policy
    had = dict(found.features)
    made = []
    for name in dict.fromkeys([*had, *wanted]):
        policy_ = wanted.get(name)
        if had.get(name) != policy_:
            what = text("Feature {name}: {policy}", name=name, policy=policy_ or text("as the model has it"))
            made.append(later(what, machine.cpu_feature, name, policy_))
    return made


def _nested(found: Cpu, host: Offers) -> Text:
    """Whether the guest can run machines of its own, or what is in the way."""
    for name, policy in found.features:
        if name in ("vmx", "svm"):
            if policy in ("disable", "forbid"):
                return text("Not possible: the feature {name} is taken away here.", name=name)
            return text("Possible: the feature {name} is handed on.", name=name)
    nested = host.machine.common.nested
    if nested is False:
        return text("Not possible: the host's kernel does not hand on vmx or svm (kvm's option “nested”).")
    if found.mode in ("host-passthrough", "host-model", "maximum"):
        return text("Possible, if the host hands on vmx or svm.") if nested is None else text("Possible.")
    return text("Only with the feature +vmx (Intel) or +svm (AMD), or with the host's own model.")


# ---------------------------------------------------------------- memory


def memory(seen: Seen, _host: Offers) -> Sheet:
    found = seen.stored.memory
    running = seen.running.memory if seen.running else None
    now = units.kib(running.given_kib) if running and running.given_kib != found.given_kib else ""
    most_now = units.kib(running.most_kib) if running and running.most_kib != found.most_kib else ""
    no_balloon = found.balloon == "none"
    given_hint = text("While it runs, the balloon gives and takes; never more than it was started with.")
    rows: list[Field | Part] = [
        Field("given", text("Given"), Kind.MEMORY, found.given_kib, hint=given_hint, now=now, low=1),
        Field(
            "most",
            text("At most"),
            Kind.MEMORY,
            found.most_kib,
            hint=text("What it is built with at its start."),
            now=most_now,
            low=1,
        ),
        Field(
            "room",
            text("Room for more"),
            Kind.MEMORY,
            found.slots_kib,
            hint=text("Up to here memory devices can be added while it runs. 0: none."),
        ),
        Part(text("How the host gives it")),
        switch("huge", text("In huge pages of the host"), found.huge_pages, text("Faster; they must be reserved.")),
        switch("shared", text("Shared with other programs of the host"), found.shared, text("virtiofs needs it.")),
        switch("locked", text("Never swapped out"), found.locked, text("Set a hard limit of memory with it.")),
        switch(
            "merging",
            text("Equal pages of machines may be kept once"),
            not found.no_merging,
            text("Saves memory; one machine may guess what is in another's."),
        ),
        Part(text("Balloon")),
        fact(text("Device"), found.balloon or text("Hypervisor's default")),
        Field(
            "period",
            text("Asked every (s)"),
            Kind.NUMBER,
            found.balloon_period,
            hint=text("How often the guest tells what of its memory it uses. 0: never."),
            why=text("It has no balloon device.") if no_balloon or not found.balloon else None,
            high=3600,
        ),
    ]

    def wishes(values: Values) -> Sequence[Wish]:
        made: list[Wish] = []
        given, most = figure(values, "given", found.given_kib), figure(values, "most", found.most_kib)
        if "given" in values:
            most = max(most, given)
            why = None
            if running and given > running.most_kib:
                why = text(
                    "It was started with {n} MiB. More can be added as a memory device.", n=running.most_kib // 1024
                )
            elif running and running.balloon == "none":
                why = text("It has no balloon device to give memory back with.")
            made.append(Wish(hardware.memory(given, most), why))
        if "most" in values and most != found.most_kib:
            what = text("Memory at most: {size}", size=units.kib(most))
            made.append(later(what, lambda xml: machine.memory(xml, min(given, most), most)))
        if "room" in values:
            room = figure(values, "room")
            what = text("Room for memory devices up to {size}", size=units.kib(room))
            made.append(later(what, lambda xml: machine.hot_memory(xml, room or None)))
        if "huge" in values:
            on = bool(values["huge"])
            made.append(later(text("Huge pages: {value}", value=on_off(on)), lambda xml: machine.huge_pages(xml, on)))
        for name, what_, edit in (
            ("shared", text("Shared memory: {value}", value=on_off(bool(values.get("shared")))), machine.memory_shared),
            (
                "locked",
                text("Never swapped out: {value}", value=on_off(bool(values.get("locked")))),
                machine.memory_locked,
            ),
            (
                "merging",
                text("Equal pages kept once: {value}", value=on_off(bool(values.get("merging")))),
                machine.memory_merging,
            ),
        ):
            if name in values:
                made.append(later(what_, edit, bool(values[name])))
        if "period" in values:
            made.append(Wish(hardware.balloon_period(figure(values, "period"))))
        return made

    words = units.kib(found.given_kib)
    if found.given_kib != found.most_kib:
        words = units.kib_of(found.given_kib, found.most_kib)
    return Sheet("memory", text("Memory"), "memory", words, MACHINE, tuple(rows), wishes)


# ---------------------------------------------------------------- starting


def boot(seen: Seen, _host: Offers) -> Sheet:
    found = seen.stored.boot
    named = bootable(seen.stored)
    order = order_of(found, seen.stored)
    menu = "" if found.menu is None else "yes" if found.menu else "no"
    rows: list[Field | Part] = [
        Field(
            "order",
            text("Order"),
            Kind.ORDER,
            order,
            tuple(named.items()),
            text("What is ticked is tried, from the top. Move with the mouse, or with Alt+Up and Alt+Down."),
        ),
        choice(
            "menu",
            text("Menu"),
            menu,
            [("", text("Hypervisor's default")), ("yes", text("Offer a choice at the start")), ("no", text("No menu"))],
        ),
        Part(text("A kernel of the host instead")),
        Field("kernel", text("Kernel"), Kind.FILE, found.kernel, hint=text("Empty: it starts from its devices.")),
        Field("initrd", text("Initrd"), Kind.FILE, found.initrd),
        Field("cmdline", text("Arguments"), Kind.TEXT, found.cmdline),
    ]

    def wishes(values: Values) -> Sequence[Wish]:
        made: list[Wish] = []
        if "order" in values:
            wanted = values["order"]
            assert isinstance(wanted, tuple)
            words = ", ".join(str(named[key]) for key in wanted)
            what = text("Boot order: {order}", order=words or text("none"))
            made.append(later(what, lambda xml: machine.boot(xml, wanted)))
        if "menu" in values:
            on = {"yes": True, "no": False}.get(str(values["menu"]))
            words = on_off(on) if on is not None else str(text("Hypervisor's default"))
            made.append(later(text("Boot menu: {value}", value=words), lambda xml: machine.boot_menu(xml, on)))
        if values.keys() & {"kernel", "initrd", "cmdline"}:
            parts = [str(values.get(name, getattr(found, name))) for name in ("kernel", "initrd", "cmdline")]
            if not parts[0] and (parts[1] or parts[2]):
                raise EditError(text("An initrd and arguments belong to a kernel."))
            what = text("Kernel: {value}", value=parts[0] or text("none"))
            made.append(later(what, lambda xml: machine.kernel(xml, *parts)))
        return made

    words = ", ".join(str(named[key]) for key in order) or text("Nothing to start from")
    if found.kernel:
        words = found.kernel
    return Sheet("boot", text("Boot"), "power", words, MACHINE, tuple(rows), wishes)


def bootable(found: Hardware) -> dict[str, Text | str]:
    """All that it could start from, by key."""
    named: dict[str, Text | str] = {}
    for disk in found.disks:
        kind = {
            "cdrom": text("CD drive {target}", target=disk.target),
            "floppy": text("Floppy {target}", target=disk.target),
        }
        named[disk.key] = kind.get(disk.device, text("Disk {target}", target=disk.target))
    for nic in found.nics:
        named[nic.key] = text("Network card {mac}", mac=nic.mac or nic.key)
    for one in found.host_devices:
        named[one.key] = text("Host device {address}", address=one.address)
    for place, port in enumerate(found.redirections):
        named[port.key] = text("USB redirection {n}", n=place + 1)
    return named


def order_of(boot: Boot, found: Hardware) -> tuple[str, ...]:
    """The devices in the order in which they are tried."""
    named = bootable(found)
    if boot.devices:
        return tuple(key for key, _ in sorted(boot.devices, key=lambda one: one[1]) if key in named)
    kinds = {"disk": "hd", "lun": "hd", "cdrom": "cdrom", "floppy": "fd"}
    order: list[str] = []
    for word in boot.order:
        order += [one.key for one in found.disks if kinds.get(one.device) == word]
        order += [one.key for one in found.nics if word == "network"]
    return tuple(dict.fromkeys(order))
