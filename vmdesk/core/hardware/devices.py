"""The pages about everything else that is plugged in."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from vmdesk.core import units
from vmdesk.core.hardware import usb
from vmdesk.core.hardware.machine import DEVICES, MACHINE, later
from vmdesk.core.hardware.reading import Offers
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
from vmdesk.core.hardware.storage import put
from vmdesk.model.hardware import GraphicsDevice, Hardware, MemoryDevice
from vmdesk.model.text import Text, text, textn
from vmdesk.virt import hardware
from vmdesk.virtxml.edit import EditError, devices

SOUNDS = ("ich9", "ich6", "ac97", "virtio", "usb")
VIDEOS = ("virtio", "qxl", "vga", "bochs", "cirrus", "ramfb", "none")
ACTIONS = {
    "reset": text("Restart the machine"),
    "poweroff": text("Switch it off"),
    "shutdown": text("Shut it down"),
    "pause": text("Pause it"),
    "inject-nmi": text("Give the guest a non-maskable interrupt"),
    "none": text("Only tell"),
    "dump": text("Write its memory to a file"),
}
_LISTENS = {
    "socket": text("a socket of the host"),
    "none": text("nothing: only programs of this computer"),
    "network": text("a network"),
}
CONTROLLERS = text("Controllers")
Rows = Sequence[Field | Part]
_BUILT_IN = text("It belongs to the chipset: libvirt would add it again.")
_WIRED = text("libvirt adds and removes controllers with the devices that need them.")


def others(found: Hardware, host: Offers, tells: bool = True) -> Iterator[Sheet]:
    """In the order in which people look for them. `tells`: whether the host tells of devices that come and go."""
    yield from _screens(found, host)
    yield from _sound_and_input(found)
    yield from _ports(found)
    yield from _host_devices(found, tells)
    yield from _small(found)
    yield from _folders(found)
    yield from _memory(found)
    yield from _rest(found)
    if found.overview.commandline:
        rows = (Field("", text("Arguments"), Kind.FACT, " ".join(found.overview.commandline)),)
        yield Sheet(
            "commandline",
            text("QEMU command line"),
            "console",
            textn("{n} argument past libvirt", "{n} arguments past libvirt", len(found.overview.commandline)),
            MACHINE,
            rows,
            note=text(
                "Arguments handed to QEMU past libvirt, which does not know what they do. Change them in the XML."
            ),
        )


def _device(
    key: str,
    title: Text,
    icon: str,
    summary: Text | str,
    rows: Rows,
    parts: Sequence[tuple[str, str, str | None, Text]] = (),
) -> Sheet:
    """A device whose fields are single words of its XML: (field, path, attribute, label)."""

    def wishes(values: Values) -> Sequence[Wish]:
        return [
            put(key, path, attribute, str(values[name]).strip(), label)
            for name, path, attribute, label in parts
            if name in values
        ]

    return Sheet(key, title, icon, summary, DEVICES, tuple(rows), wishes, device=True)


def _screens(found: Hardware, host: Offers) -> Iterator[Sheet]:
    names = {"spice": "SPICE", "vnc": "VNC", "dbus": "D-Bus", "sdl": "SDL", "rdp": "RDP", "egl-headless": "EGL"}
    for screen in found.graphics:
        listens = str(_LISTENS.get(screen.listens, screen.listen or text("this computer only")))
        open_ = screen.kind in ("spice", "vnc")
        rows: list[Field | Part] = [fact(text("Kind"), names.get(screen.kind, screen.kind))]
        if open_:
            rows += _access(screen)
        else:
            rows.append(fact(text("Listens at"), listens))
        rows.append(fact(text("3D by the host"), on_off(screen.gl)))
        yield _display(screen, text("Display {kind}", kind=names.get(screen.kind, screen.kind)), listens, rows)
    for video in found.videos:
        known = host.machine.common.video or VIDEOS
        model = choice("model", text("Model"), video.model, plain(*known), text("virtio for systems of today."))
        rows = [
            model,
            fact(text("Memory"), units.kib(video.memory_kib) if video.memory_kib else text("as the model has it")),
            fact(text("Screens"), video.heads),
            fact(text("3D by the host"), on_off(video.accelerated)),
        ]
        yield _video(video.key, video.model, rows)


def _access(screen: GraphicsDevice) -> Rows:
    """Who reaches a SPICE or VNC server."""
    way = screen.listens if screen.listens in ("socket", "none", "network") else "address"
    ways: list[tuple[str, Text | str]] = [
        ("socket", text("a socket of the host: no port is open")),
        ("none", text("nothing: only programs of this computer")),
        ("address", text("an address of the host")),
    ]
    hint = text("Empty: it stays as it is. The first one holds from the next start.")
    if screen.password:
        hint = text("It holds at once. Empty: it stays as it is.")
    return (
        choice("listens", text("Listens at"), way, [*ways, *([(way, _LISTENS[way])] if way == "network" else [])]),
        Field(
            "address",
            text("Address"),
            Kind.TEXT,
            screen.listen if way == "address" else "",
            hint=text("127.0.0.1: this computer only; 0.0.0.0: everybody who reaches the host."),
        ),
        fact(text("Port"), screen.port or text("chosen at the start")),
        Field("password", text("New password"), Kind.HIDDEN, "", hint=hint),
        *((switch("bare", text("No password any more"), False),) if screen.password else ()),
    )


def _display(screen: GraphicsDevice, title: Text, summary: str, rows: Rows) -> Sheet:
    key = screen.key

    def wishes(values: Values) -> Sequence[Wish]:
        made: list[Wish] = []
        if values.keys() & {"listens", "address"}:
            way = str(values.get("listens", screen.listens if screen.listens in ("socket", "none") else "address"))
            address = str(values.get("address", screen.listen)).strip()
            if way != "address" and values.get("address"):
                raise EditError(text("An address goes with “an address of the host”."))
            if way == "address":
                address = address or "127.0.0.1"
                listed = address
            else:
                listed = str(_LISTENS.get(way, way))
            what = text("{device} listens at {value}", device=title, value=listed)
            made.append(later(what, devices.graphics_listen, key, way, address))
        if values.keys() & {"password", "bare"}:
            password = "" if values.get("bare") else str(values.get("password", ""))
            what = text("{device}: another password", device=title)
            if not password:
                what = text("{device}: no password", device=title)
            # The hypervisor changes one while the machine runs; it starts and ends asking for one at the start only.
            if password and screen.password:
                made.append(
                    Wish(hardware.update_device(what, key, lambda xml: devices.graphics_password(xml, key, password)))
                )
            else:
                made.append(later(what, lambda xml: devices.graphics_password(xml, key, password)))
        return made

    return Sheet(key, title, "monitor", summary, DEVICES, tuple(rows), wishes, device=True)


def _video(key: str, model: str, rows: Rows) -> Sheet:
    def wishes(values: Values) -> Sequence[Wish]:
        wanted = str(values["model"])
        return (later(text("Video: {value}", value=wanted), lambda xml: devices.video_model(xml, key, wanted)),)

    return Sheet(key, text("Video"), "card", model, DEVICES, tuple(rows), wishes, device=True)


def _sound_and_input(found: Hardware) -> Iterator[Sheet]:
    for sound in found.sounds:
        label = text("Sound")
        rows: Rows = (choice("model", text("Model"), sound.model, plain(*SOUNDS), free=True),)
        yield _device(sound.key, label, "volume-high", sound.model, rows, (("model", "", "model", label),))
    for one in found.inputs:
        names = {"tablet": text("Tablet"), "mouse": text("Mouse"), "keyboard": text("Keyboard")}
        title = names.get(one.kind, text("Input {kind}", kind=one.kind))
        hint = text("A tablet tells where the pointer is: it follows yours without being caught.")
        rows = (fact(text("Kind"), one.kind, hint if one.kind == "tablet" else None), fact(text("Bus"), one.bus))
        sheet = _device(one.key, title, "keyboard-outline", one.bus, rows)
        yield replace(sheet, fixed=_BUILT_IN if one.bus == "ps2" else None)


def _ports(found: Hardware) -> Iterator[Sheet]:
    for port in found.serials:
        names = {"serial": text("Serial {n}", n=port.port + 1), "parallel": text("Parallel {n}", n=port.port + 1)}
        title = names.get(port.device, text("Console {n}", n=port.port + 1))
        rows = (
            fact(text("Kind"), port.kind),
            fact(text("Leads to"), port.path or text("a console of VMDesk")),
            fact(text("Type"), port.target),
        )
        yield _device(port.key, title, "console", port.path or port.kind, rows)
    for channel in found.channels:
        known = {
            "org.qemu.guest_agent.0": text("QEMU guest agent"),
            "com.redhat.spice.0": text("SPICE agent"),
        }
        rows = (fact(text("Name"), channel.name), fact(text("Kind"), channel.kind), fact(text("Type"), channel.target))
        summary = known.get(channel.name, channel.name or channel.kind)
        yield _device(channel.key, text("Channel"), "link", summary, rows)


def _host_devices(found: Hardware, tells: bool) -> Iterator[Sheet]:
    yield from usb.sheets(found, tells)
    kinds = {"pci": text("PCI device"), "mdev": text("Mediated device")}
    for one in found.host_devices:
        if one.kind == "usb":
            continue
        rows: list[Field | Part] = [
            fact(text("Address"), one.address),
            fact(text("Detached from the host by libvirt"), on_off(one.managed)),
        ]
        yield _device(one.key, kinds.get(one.kind, text("Host device")), "card", one.address, rows)
    for place, port in enumerate(found.redirections):
        rows = [fact(text("Kind"), port.kind), fact(text("Bus"), port.bus)]
        title = text("USB redirection {n}", n=place + 1)
        yield _device(port.key, title, "usb", text("for devices of who looks at the screen"), rows)


def _small(found: Hardware) -> Iterator[Sheet]:
    for tpm in found.tpms:
        label = text("TPM")
        rows: list[Field | Part] = [
            choice("model", text("Model"), tpm.model, plain("tpm-crb", "tpm-tis")),
            fact(text("Kind"), tpm.backend),
        ]
        parts: list[tuple[str, str, str | None, Text]] = [("model", "", "model", label)]
        if tpm.backend == "emulator":
            rows.append(choice("version", text("Version"), tpm.version, plain("2.0", "1.2")))
            parts.append(("version", "backend", "version", text("TPM version")))
        yield _device(tpm.key, label, "shield-check", f"{tpm.model} {tpm.version}".strip(), rows, parts)
    for rng in found.rngs:
        rows = [fact(text("Model"), rng.model), fact(text("Source"), rng.source or rng.backend)]
        if rng.rate:
            rows.append(fact(text("Rate"), text("{n} bytes in {ms} ms", n=rng.rate, ms=rng.period)))
        yield _device(rng.key, text("Random numbers"), "dice", rng.source or rng.backend, rows)
    for dog in found.watchdogs:
        label = text("Watchdog")
        rows = [
            fact(text("Model"), dog.model),
            choice("action", text("If the guest hangs"), dog.action, list(ACTIONS.items())),
        ]
        action = ACTIONS.get(dog.action, dog.action)
        yield _device(dog.key, label, "timer-alert", action, rows, (("action", "", "action", label),))
    for panic in found.panics:
        hint = text("The guest's kernel tells the host that it has crashed.")
        yield _device(panic.key, text("Panic notifier"), "alert", panic.model, [fact(text("Model"), panic.model, hint)])
    for sock in found.vsocks:
        cid = str(sock.cid) if sock.cid else str(text("chosen at the start"))
        rows = [fact(text("Address (CID)"), cid), fact(text("Model"), sock.model)]
        yield _device(sock.key, text("vsock"), "ip-network", cid, rows)


def _folders(found: Hardware) -> Iterator[Sheet]:
    for one in found.folders:
        command = f"mount -t {'virtiofs' if one.driver == 'virtiofs' else '9p'} {one.target} /mnt"
        rows: list[Field | Part] = [
            Field("source", text("Folder"), Kind.FOLDER, one.source),
            Field(
                "target",
                text("Name for the guest"),
                Kind.TEXT,
                one.target,
                hint=text("In the guest: {command}", command=command),
            ),
            fact(text("Driver"), one.driver),
            switch("readonly", text("Read-only"), one.readonly),
        ]
        yield _folder(one.key, one.source, one.target, rows)


def _folder(key: str, source: str, target: str, rows: Rows) -> Sheet:
    def wishes(values: Values) -> Sequence[Wish]:
        made: list[Wish] = []
        if "source" in values:
            made.append(put(key, "source", "dir", str(values["source"]), text("Folder")))
        if "readonly" in values:
            on = bool(values["readonly"])
            what = text("{label}: {value}", label=text("Read-only"), value=on_off(on))
            made.append(later(what, lambda xml: devices.put_in_device(xml, key, "readonly", None, "" if on else None)))
        if "target" in values:
            made.append(put(key, "target", "dir", str(values["target"]).strip(), text("Name for the guest")))
        return made

    return Sheet(
        key, text("Shared folder {name}", name=target), "folder", source, DEVICES, tuple(rows), wishes, device=True
    )


def _memory(found: Hardware) -> Iterator[Sheet]:
    for one in found.memory.devices:
        rows = [
            fact(text("Kind"), one.model),
            fact(text("Size"), units.kib(one.size_kib)),
            fact(text("NUMA node"), one.node),
        ]
        if one.model == "virtio-mem":
            yield _virtio_mem(one, rows)
        else:
            yield _device(one.key, text("Memory device"), "memory", units.kib(one.size_kib), rows)


def _virtio_mem(one: MemoryDevice, rows: Rows) -> Sheet:
    """Memory that is given and taken in blocks while the machine runs."""
    hint = text("Up to its size, in blocks of {size}. The guest gives back what it can.", size=units.kib(one.block_kib))
    wanted = Field("requested", text("Wanted now"), Kind.MEMORY, one.requested_kib, hint=hint)

    def wishes(values: Values) -> Sequence[Wish]:
        kib = figure(values, "requested")
        if kib > one.size_kib or (one.block_kib and kib % one.block_kib):
            raise EditError(text("It gives up to {size}, in whole blocks.", size=units.kib(one.size_kib)))
        what = text("Memory device: {size} wanted", size=units.kib(kib))
        return (Wish(hardware.update_device(what, one.key, lambda xml: devices.requested(xml, one.key, kib))),)

    title, summary = text("Memory device"), units.kib_of(one.requested_kib, one.size_kib)
    shown = (*rows, wanted, fact(text("In use now"), units.kib(one.current_kib)))
    return Sheet(one.key, title, "memory", summary, DEVICES, shown, wishes, device=True)


def _rest(found: Hardware) -> Iterator[Sheet]:
    for one in found.others:
        rows: list[Field | Part] = [fact(text("Kind"), one.tag), fact(text("Model"), one.model)]
        sound = one.tag == "audio"  # where the sound cards' sound goes on the host
        title = text("Sound output") if sound else text("Other device {kind}", kind=one.tag)
        yield _device(one.key, title, "volume-high" if sound else "package", one.model or one.tag, rows)
    for controller in found.controllers:
        rows = [
            fact(text("Kind"), controller.kind),
            fact(text("Number"), controller.index),
            fact(text("Model"), controller.model or text("Hypervisor's default")),
        ]
        title = text("Controller {kind} {n}", kind=controller.kind, n=controller.index)
        words = controller.model or str(text("Hypervisor's default"))
        fixed = _WIRED if controller.kind in ("pci", "ide", "isa", "fdc") else None
        sheet = _device(controller.key, title, "server-network", words, rows)
        yield Sheet(
            sheet.key, sheet.title, sheet.icon, sheet.summary, CONTROLLERS, sheet.rows, sheet.wishes, True, fixed
        )
