"""Devices that are the machine's alone: displays, sound, ports, memory and what watches over it."""

from collections.abc import Sequence

from vmdesk.core.hardware.additions.form import Addition, Around, bare, of_model
from vmdesk.core.hardware.applying import STILL
from vmdesk.core.hardware.devices import ACTIONS, SOUNDS, VIDEOS
from vmdesk.core.hardware.reading import Seen
from vmdesk.core.hardware.sheet import Field, Kind, Values, choice, fact, figure, plain
from vmdesk.model.text import Text, text
from vmdesk.virtxml.edit import EditError, devices

AGENT = "org.qemu.guest_agent.0"
_ONE = text("The machine has one already.")


def graphics(seen: Seen, near: Around) -> Addition:
    names = {"spice": "SPICE", "vnc": "VNC", "dbus": "D-Bus"}
    had = {one.kind for one in seen.stored.graphics}
    told = near.offers.machine.common.graphics
    kinds = [kind for kind in names if kind not in had and (not told or kind in told)]
    fields = (
        choice("kind", text("Kind"), kinds[0] if kinds else "", [(kind, names[kind]) for kind in kinds]),
        fact(text("Listens at"), text("a socket of the host: VMDesk finds it, no port is open")),
    )
    why = None if kinds else text("The machine has every kind of display that the host knows.")

    def make(values: Values) -> tuple[Text, str]:
        kind = str(values["kind"])
        return text("Display {kind}", kind=names.get(kind, kind)), devices.graphics_fragment(kind)

    return Addition("graphics", text("Display"), "monitor", fields, make, why, STILL)


def video(seen: Seen, near: Around) -> Addition:
    return of_model("video", text("Video"), "card", _videos(seen, near), devices.video_fragment)


def _videos(seen: Seen, near: Around) -> Sequence[str]:
    """The best first; a second one is of a kind that need not be the first."""
    known = near.offers.machine.common.video or VIDEOS
    offered = [one for one in VIDEOS if one in known]
    if seen.stored.videos:
        offered = [one for one in offered if one in ("virtio", "qxl")]
    return offered or ("virtio",)


def sound() -> Addition:
    return of_model("sound", text("Sound"), "volume-high", SOUNDS, devices.sound_fragment)


def input_() -> Addition:
    kinds: list[tuple[str, Text | str]] = [
        ("tablet", text("Tablet")),
        ("mouse", text("Mouse")),
        ("keyboard", text("Keyboard")),
    ]
    fields = (
        choice("kind", text("Kind"), "tablet", kinds),
        choice("bus", text("Bus"), "usb", plain("usb", "virtio")),
    )

    def make(values: Values) -> tuple[Text, str]:
        kind = str(values["kind"])
        what = text("{device} {model}", device=dict(kinds)[kind], model=str(values["bus"]))
        return what, devices.input_fragment(kind, str(values["bus"]))

    return Addition("input", text("Input"), "keyboard-outline", fields, make)


def serial() -> Addition:
    return bare("serial", text("Serial port"), "console", devices.serial_fragment, text("A console of VMDesk."))


def channel(seen: Seen) -> Addition:
    had = {one.name for one in seen.stored.channels}
    offered: list[tuple[str, Text | str]] = [
        (AGENT, text("QEMU guest agent: addresses, clean shutdown, file systems at rest")),
        ("com.redhat.spice.0", text("SPICE agent: clipboard, size of the screen")),
    ]
    offered = [one for one in offered if one[0] not in had]
    fields = (choice("name", text("For"), offered[0][0] if offered else "org.example.0", offered, free=True),)

    def make(values: Values) -> tuple[Text, str]:
        name = str(values["name"]).strip()
        if not name or name in had:
            raise EditError(text("A channel needs a name that no other has."))
        kind = "spicevmc" if name == "com.redhat.spice.0" else "unix"
        return text("Channel {name}", name=name), devices.channel_fragment(name, kind)

    return Addition("channel", text("Channel"), "link", fields, make)


def redirection(seen: Seen) -> Addition:
    why = None if any(one.kind == "spice" for one in seen.stored.graphics) else text("It needs a SPICE display.")
    words = text("A port for USB devices of who looks at the screen (SPICE).")
    return bare("redirection", text("USB redirection"), "usb", devices.redirection_fragment, words, why)


def tpm(seen: Seen) -> Addition:
    fields = (
        choice("model", text("Model"), "tpm-crb", plain("tpm-crb", "tpm-tis")),
        choice("version", text("Version"), "2.0", plain("2.0", "1.2")),
    )

    def make(values: Values) -> tuple[Text, str]:
        version = str(values["version"])
        return text("TPM {version}", version=version), devices.tpm_fragment(str(values["model"]), version)

    return Addition("tpm", text("TPM"), "shield-check", fields, make, _ONE if seen.stored.tpms else None, STILL)


def rng() -> Addition:
    words = text("The host's random numbers for the guest (virtio).")
    return bare("rng", text("Random numbers"), "dice", devices.rng_fragment, words)


def watchdog(seen: Seen) -> Addition:
    fields = (
        choice("model", text("Model"), "i6300esb", plain("i6300esb", "itco", "ib700", "diag288")),
        choice("action", text("If the guest hangs"), "reset", list(ACTIONS.items())),
    )

    def make(values: Values) -> tuple[Text, str]:
        return text("Watchdog"), devices.watchdog_fragment(str(values["model"]), str(values["action"]))

    return Addition("watchdog", text("Watchdog"), "timer-alert", fields, make, _ONE if seen.stored.watchdogs else None)


def panic(seen: Seen) -> Addition:
    models = ("isa", "hyperv", "pvpanic")
    return of_model(
        "panic", text("Panic notifier"), "alert", models, devices.panic_fragment, _ONE if seen.stored.panics else None
    )


def vsock(seen: Seen) -> Addition:
    hint = text("By this number programs of the host reach the guest. 0: chosen at the start.")
    fields = (Field("cid", text("Address (CID)"), Kind.NUMBER, 0, hint=hint),)

    def make(values: Values) -> tuple[Text, str]:
        cid = figure(values, "cid")
        if cid in (1, 2):
            raise EditError(text("1 and 2 are the host's own: choose 3 or more, or 0."))
        return text("vsock"), devices.vsock_fragment(cid or None)

    return Addition("vsock", text("vsock"), "ip-network", fields, make, _ONE if seen.stored.vsocks else None)


def memory(seen: Seen) -> Addition:
    live = seen.running.memory if seen.running else seen.stored.memory
    kinds: list[tuple[str, Text | str]] = [
        ("dimm", text("DIMM")),
        ("virtio", text("virtio-mem: gives and takes in small blocks")),
    ]
    fields = (
        Field("size", text("Size"), Kind.MEMORY, 1024 * 1024, low=1),
        choice("kind", text("Kind"), "dimm", kinds),
        Field("node", text("NUMA node"), Kind.NUMBER, 0, hint=text("Of the guest."), high=1023),
    )
    why = None
    if not live.slots_kib:
        why = text("It was built without room for more: give it some under Memory, “Room for more”.")

    def make(values: Values) -> tuple[Text, str]:
        size = figure(values, "size")
        if size % 2048:
            raise EditError(text("Memory is added in steps of 2 MiB."))
        virtio = values["kind"] == "virtio"
        fragment = devices.dimm_fragment(size, figure(values, "node"), virtio=virtio)
        return text("Memory device of {n} MiB", n=size // 1024), fragment

    return Addition("memory", text("Memory device"), "memory", fields, make, why)


def controller() -> Addition:
    models = {
        "scsi": ("virtio-scsi", "lsilogic", "megasas"),
        "usb": ("qemu-xhci", "ich9-ehci1", "piix3-uhci"),
        "virtio-serial": (),
        "sata": (),
        "pci": ("pcie-root-port", "pci-bridge", "pcie-to-pci-bridge"),
    }
    offered: list[tuple[str, Text | str]] = [
        (f"{kind}:{model}", f"{kind} {model}".strip()) for kind, names in models.items() for model in names or ("",)
    ]
    fields = (choice("kind", text("Kind"), "scsi:virtio-scsi", offered),)

    def make(values: Values) -> tuple[Text, str]:
        kind, _, model = str(values["kind"]).partition(":")
        what = text("{device} {model}", device=text("Controller"), model=f"{kind} {model}".strip())
        return what, devices.controller_fragment(kind, model)

    return Addition("controller", text("Controller"), "server-network", fields, make)
