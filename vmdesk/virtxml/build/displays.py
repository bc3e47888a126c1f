"""What a person sees, hears and holds: displays, video, sound, keyboard and pointer, the clipboard's channel."""

from lxml import etree

from vmdesk.virtxml.build.elements import add, yes
from vmdesk.virtxml.build.plan import Plan

_AUDIO = (7, 2, 0)  # libvirt that knows <audio>
_LOOPBACK = "127.0.0.1"
_CLIPBOARD = "com.redhat.spice.0"  # the channel's name for spice-vdagent, whatever it is connected to


def add_displays(devices: etree._Element, plan: Plan) -> None:
    choices = plan.choices
    if not choices.displays:
        if plan.where.qemu:
            # Nothing said would be a card that nobody sees.
            add(add(devices, "video"), "model", type="none")
        return
    _agent(devices, plan)
    _inputs(devices, plan)
    for kind in choices.displays:
        _graphics(devices, plan, kind)
    if choices.sound:
        _sound(devices, plan)
    if _tells_sound(plan):
        # WORKAROUND libvirt 9.0: a D-Bus display without <audio> does not start as soon as there is sound.
        backend = next((kind for kind in ("spice", "dbus") if kind in choices.displays), "none")
        add(devices, "audio", id="1", type=backend)
    if choices.video:
        add(add(devices, "video"), "model", type=choices.video, heads="1", primary="yes")
    if "spice" in choices.displays and plan.where.qemu and choices.usb and not plan.wish.sealed:
        for _ in range(2):
            add(devices, "redirdev", bus="usb", type="spicevmc")


def _graphics(devices: etree._Element, plan: Plan, kind: str) -> None:
    if kind == "dbus":
        add(devices, "graphics", type="dbus", p2p="yes")
        return
    if plan.host.local and plan.where.qemu:
        # No port at all: libvirt hands a connection to whoever may ask it for one.
        graphics = add(devices, "graphics", type=kind)
        add(graphics, "listen", type="none")
    else:
        graphics = add(devices, "graphics", type=kind, autoport="yes", listen=_LOOPBACK)
        add(graphics, "listen", type="address", address=_LOOPBACK)
    if kind == "vnc" and _tells_sound(plan):
        add(graphics, "audio", id="1")
    if kind == "spice":
        add(graphics, "image", compression="off")
        if plan.wish.sealed:
            add(graphics, "clipboard", copypaste="no")
            add(graphics, "filetransfer", enable="no")


def _agent(devices: etree._Element, plan: Plan) -> None:
    """The clipboard may pass as soon as the viewer is told to; sealed, never."""
    if not plan.choices.agent:
        return
    channel = add(devices, "channel", type=plan.choices.agent)
    if plan.choices.agent == "qemu-vdagent":
        add(add(channel, "source"), "clipboard", copypaste=yes(not plan.wish.sealed))
    add(channel, "target", type="virtio", name=_CLIPBOARD)


def _inputs(devices: etree._Element, plan: Plan) -> None:
    if not plan.where.qemu:
        return
    bus = "virtio" if plan.where.arch == "s390x" else "usb"
    # A tablet says where the pointer is, so that it need not be caught.
    add(devices, "input", type="tablet", bus=bus)
    if not plan.where.x86:
        add(devices, "input", type="keyboard", bus=bus)


def _sound(devices: etree._Element, plan: Plan) -> None:
    sound = add(devices, "sound", model=plan.choices.sound)
    if _tells_sound(plan):
        add(sound, "audio", id="1")


def _tells_sound(plan: Plan) -> bool:
    """Whether it is said where sound goes."""
    return plan.where.qemu and plan.host.libvirt_version >= _AUDIO
