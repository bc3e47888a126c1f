"""What a definition has only while its machine runs: what libvirt adds, or chooses at each start."""

from dataclasses import replace

from lxml import etree

from vmdesk.model.hardware import Hardware, Limits
from vmdesk.virtxml.document import number

PERIOD = 100_000  # microseconds: libvirt's and the kernel's own
WEIGHT = 500  # what a machine has whose disks' weight was taken away while it runs
_QEMU = "{http://libvirt.org/schemas/domain/qemu/1.0}"

_ELEMENTS = ("alias", "backingStore", "mirror", "seclabel", "privateData", "reservations")
# (what it stands in, "" for anything; element) -> attributes.
_ATTRIBUTES = {
    ("", "domain"): ("id",),
    ("disk", "source"): ("index",),
    ("hostdev", "source"): ("missing", "startupPolicy"),
    ("interface", "source"): ("portid", "bridge"),
    ("interface", "target"): ("dev",),
    ("channel", "source"): ("path", "mode"),
    ("channel", "target"): ("state",),
    ("serial", "source"): ("path",),
    ("console", "source"): ("path",),
    ("devices", "graphics"): ("port", "tlsPort", "websocket", "passwd", "listen", "socket"),
    ("graphics", "listen"): ("address", "socket"),
    ("devices", "console"): ("tty",),
    ("vsock", "cid"): ("address",),
}
_QUOTAS = ("quota", "global_quota", "emulator_quota", "iothread_quota")
_PERIODS = ("period", "global_period", "emulator_period", "iothread_period")
SECTIONS = ("seclabel", "resource", "cpu", "iothreadids", f"{_QEMU}commandline")


def as_stored(running: Hardware, stored: Hardware) -> Hardware:
    """The running one, less what the run has changed of the stored one.

    A host model is spelled out while it runs, another one gets the features that QEMU added; screens get sockets.

    An empty drive has no format while it runs; stored it is "raw". What shall be if a device is missing at the start
    means nothing once it runs.
    """
    cpu, now = stored.cpu, running.cpu
    if cpu.mode == "host-model":
        now = replace(now, mode=cpu.mode, model=cpu.model, features=cpu.features)
    elif now.check == "full":
        named = {name for name, _ in cpu.features}
        now = replace(now, features=tuple(one for one in now.features if one[0] in named))
    graphics = {one.key: one for one in stored.graphics}
    screens = tuple(
        replace(one, listen=graphics[one.key].listen, port=graphics[one.key].port)
        if one.key in graphics and (not graphics[one.key].listen or graphics[one.key].listens == "socket")
        else one
        for one in running.graphics
    )
    empty = {one.key: one.format for one in stored.disks if not one.source}
    disks = tuple(
        replace(one, format=empty[one.key]) if one.key in empty and not one.source and not one.format else one
        for one in running.disks
    )
    startup = {one.key: one.startup for one in stored.host_devices}
    given = tuple(replace(one, startup=startup.get(one.key, one.startup)) for one in running.host_devices)
    limits = _usual_is_none(running.limits, stored.limits)
    return replace(running, cpu=now, graphics=screens, disks=disks, host_devices=given, limits=limits)


def _usual_is_none(running: Limits, stored: Limits) -> Limits:
    """A period or a weight that was set while it runs is never none again: it has the usual one."""
    now, then = running.cpu, stored.cpu
    cpu = replace(
        now,
        period=_unless_usual(now.period, then.period),
        global_period=_unless_usual(now.global_period, then.global_period),
        emulator_period=_unless_usual(now.emulator_period, then.emulator_period),
        io_period=_unless_usual(now.io_period, then.io_period),
    )
    return replace(running, cpu=cpu, disk_weight=_unless_usual(running.disk_weight, stored.disk_weight, WEIGHT))


def _unless_usual(running: int | None, stored: int | None, usual: int = PERIOD) -> int | None:
    return None if stored is None and running == usual else running


def strip(domain: etree._Element) -> None:
    """What libvirt adds for the run, or chooses at each start."""
    for element in list(domain.iter("{*}*")):
        if element.tag in _ELEMENTS and element.getparent() is not None and element.getparent() is not domain:
            element.getparent().remove(element)  # type: ignore[union-attr]
            continue
        above = element.getparent()
        if above is not None and _is_usual(str(above.tag), str(element.tag), number(element.text, 1)):
            above.remove(element)  # what a running machine has whose limit was taken away
            continue
        if element.tag == "address" and above is not None and _is_device(above):
            above.remove(element)  # what was plugged in has another place than it will have
            continue
        if element.tag == "address" and above is not None and above.find("vendor") is not None:
            above.remove(element)  # where the USB device of that kind was found
            continue
        if element.tag == "driver" and above is not None and above.tag == "disk" and above.find("source") is None:
            element.attrib.pop("type", "")  # an empty drive: see as_stored
        for name in _ATTRIBUTES.get((str(above.tag) if above is not None else "", str(element.tag)), ()):
            if name in element.attrib:
                del element.attrib[name]
    for element in list(domain.iter("{*}*")):
        if not len(element) and not (element.text or "").strip():
            element.text = None
            parent = element.getparent()
            if element.tag in ("source", "target") and not element.attrib and parent is not None:
                parent.remove(element)
                if not len(parent) and not (parent.text or "").strip():
                    parent.text = None
            elif element.tag in ("cputune", "blkiotune") and parent is not None:
                parent.remove(element)


def _is_usual(above: str, tag: str, value: int) -> bool:
    if above == "cputune":
        return (tag in _QUOTAS and value <= 0) or (tag in _PERIODS and value == PERIOD)
    return (above, tag, value) == ("blkiotune", "weight", WEIGHT)


def _is_device(element: etree._Element) -> bool:
    above = element.getparent()
    return above is not None and above.tag == "devices"
