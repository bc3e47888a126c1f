"""The pages about network cards."""

from collections.abc import Sequence

from vmdesk.core.hardware.machine import DEVICES, later
from vmdesk.core.hardware.reading import Offers, Seen
from vmdesk.core.hardware.sheet import Field, Kind, Part, Sheet, Values, Wish, choice, fact, plain, switch
from vmdesk.model.hardware import Nic
from vmdesk.model.text import Text, text
from vmdesk.virt import hardware
from vmdesk.virtxml.edit import devices

MODELS = ("virtio", "e1000e", "e1000", "rtl8139", "vmxnet3", "igb")
_KINDS = ("network", "bridge", "direct", "user")


def nic(seen: Seen, one: Nic, host: Offers) -> Sheet:
    running = next((each for each in seen.running.nics if each.key == one.key), None) if seen.running else None
    key, word = one.key, one.mac or one.key
    joined = joined_to(one.kind, one.source)
    now = ""
    if running is not None and (running.kind, running.source) != (one.kind, one.source):
        now = where(running.kind, running.source)
    cable = ""
    if running is not None and running.link is not one.link:
        cable = str(text("plugged in") if running.link else text("unplugged"))
    known = one.kind in _KINDS
    rows: list[Field | Part] = [
        switch("link", text("The cable is plugged in"), one.link, now=cable),
        choice("network", text("Joined to"), joined, networks(host, joined, one), now=now)
        if known
        else fact(text("Joined to"), where(one.kind, one.source)),
        Part(text("How the guest sees it")),
        choice(
            "model",
            text("Model"),
            one.model,
            plain(*MODELS),
            text("virtio is fastest, and needs a driver in the guest."),
            free=True,
        ),
        Field(
            "mac",
            text("MAC address"),
            Kind.TEXT,
            one.mac,
            hint=text("Another address is another card to the guest, and another address from the network."),
            why=None if one.mac else text("It has none in its definition."),
        ),
        Part(text("On the host")),
        fact(text("Interface"), running.target if running else one.target),
        fact(text("Filter"), one.filter or text("none")),
        fact(text("MTU"), one.mtu or text("the network's")),
    ]

    def wishes(values: Values) -> Sequence[Wish]:
        made: list[Wish] = []
        if "link" in values:
            made.append(Wish(hardware.link(word, bool(values["link"]))))
        if "network" in values:
            kind, _, source = str(values["network"]).partition(":")
            made.append(Wish(hardware.nic_source(word, kind, source)))
        if "model" in values:
            model = str(values["model"]).strip()
            what = text("Model of {mac}: {value}", mac=one.mac, value=model)
            made.append(later(what, lambda xml: devices.nic_model(xml, key, model)))
        if "mac" in values:
            mac = str(values["mac"]).strip()
            what = text("MAC address {old}: {value}", old=one.mac, value=mac)
            made.append(later(what, lambda xml: devices.nic_mac(xml, key, mac)))
        return made

    words = ", ".join(part for part in (one.source or where(one.kind, ""), one.mac) if part)
    if not one.link:
        words = str(text("unplugged, {network}", network=words))
    return Sheet(key, text("Network card"), "network", words, DEVICES, tuple(rows), wishes, device=True)


def joined_to(kind: str, source: str) -> str:
    """As a value: "network:default", "user:"."""
    return f"{kind}:{source}"


def where(kind: str, source: str) -> str:
    """In words."""
    match kind:
        case "network":
            return str(text("network {name}", name=source))
        case "bridge":
            return str(text("bridge {name}", name=source))
        case "direct":
            return str(text("{name}, directly", name=source))
        case "user":
            return str(text("user networking"))
    return f"{kind} {source}".strip()


def networks(host: Offers, now: str = "", one: Nic | None = None) -> list[tuple[str, Text | str]]:
    """All that a card can be joined to."""
    found: list[tuple[str, Text | str]] = []
    for net in host.host.networks:
        words = where("network", net.name)
        if not net.active:
            words = str(text("{network} (off)", network=words))
        found.append((joined_to("network", net.name), words))
    for name, kind in host.host.interfaces:
        if kind == "bridge":
            found.append((joined_to("bridge", name), where("bridge", name)))
        else:
            found.append((joined_to("direct", name), where("direct", name)))
    found.append(("user:", where("user", "")))
    if now and one is not None and now not in [value for value, _ in found]:
        found.insert(0, (now, where(one.kind, one.source)))
    return found
