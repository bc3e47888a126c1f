"""What a host has to offer to a new machine: networks, pools, figures to choose from."""

from dataclasses import replace

from vmdesk.core import options
from vmdesk.core.creating.draft import DEFAULT
from vmdesk.core.options import OptionError
from vmdesk.model.abilities import HostAbilities
from vmdesk.model.network import Network
from vmdesk.model.sizes import GIB, MIB, TIB
from vmdesk.model.text import Text, text
from vmdesk.model.wish import Forward, Nets, NicWish
from vmdesk.virt.pools import preferred
from vmdesk.virtxml.build.complaint import in_words

_MEMORY = (256, 512, 768, 1024, 1536, 2048, 3072, 4096, 6144, 8192, 12288, 16384, 24576, 32768, 49152, 65536)
_DISK = (1, 2, 4, 8, 10, 16, 20, 30, 40, 50, 64, 80, 100, 128, 160, 200, 256, 320, 400, 512, 768, 1024, 2048)


def networks(host: HostAbilities) -> tuple[tuple[Text, NicWish], ...]:
    """What a card can be connected to, the best first."""
    user = (text("Through the host: no rights needed, nobody reaches it from outside"), NicWish(Nets.USER, ""))
    listed = sorted(host.networks, key=lambda one: (one.name != DEFAULT, not one.active, one.name))
    found = [(_network(one), NicWish(Nets.NETWORK, one.name)) for one in listed]
    if not host.session and not any(one.name == DEFAULT for one in host.networks) and host.driver.upper() == "QEMU":
        made = text("{name}: behind the host's address (will be made)", name=DEFAULT)
        found.append((made, NicWish(Nets.NETWORK, DEFAULT)))
    for name, kind in host.interfaces:
        if kind == "bridge":
            found.append((text("{name}: a bridge, straight into the network", name=name), NicWish(Nets.BRIDGE, name)))
        elif not host.session:
            words = text("{name}: directly on the interface (macvtap)", name=name)
            found.append((words, NicWish(Nets.MACVTAP, name)))
    return (user, *found) if host.session else (*found, user)


def _network(network: Network) -> Text:
    match network.forward:
        case "nat":
            words = text("{name}: behind the host's address (NAT)", name=network.name)
        case "":
            words = text("{name}: isolated, only among its machines", name=network.name)
        case "bridge" | "private" | "vepa" | "passthrough" | "hostdev":
            words = text("{name}: straight into the network", name=network.name)
        case _:
            words = text("{name}: routed by the host", name=network.name)
    return words if network.active else text("{network}; off, will be switched on", network=words)


def memory_stops(host: HostAbilities) -> tuple[int, ...]:
    """KiB that a slider stops at: up to all that the host has."""
    most = host.memory or 64 * GIB
    return tuple(one * 1024 for one in _MEMORY if one * MIB <= most) or (_MEMORY[0] * 1024,)


def disk_stops(host: HostAbilities, pool: str) -> tuple[int, ...]:
    """Bytes: up to twice of what the pool has left, for disks grow only as they are filled."""
    left = room(host, pool)
    most = max(left * 2, 20 * GIB) if left else 2 * TIB
    return tuple(one * GIB for one in _DISK if one * GIB <= most)


def cpu_stops(host: HostAbilities) -> tuple[int, ...]:
    return tuple(range(1, max(host.cpus, 2) + 1))


def room(host: HostAbilities, pool: str) -> int:
    """Bytes that a pool has left ("" the host's first choice); 0: not told."""
    found = next((one for one in host.pools if one.name == pool), None) if pool else preferred(list(host.pools))
    return found.available if found is not None else 0 if pool else host.room


def cpus_left(host: HostAbilities) -> Text | None:
    return text("of the host's {n}", n=host.cpus) if host.cpus else None


def memory_left(host: HostAbilities) -> Text | None:
    if not host.memory:
        return None
    if not host.free_memory:
        return text("of {all}", all=in_words(host.memory))
    return text("{free} free, of {all}", all=in_words(host.memory), free=in_words(host.free_memory))


def disk_left(host: HostAbilities, pool: str) -> Text | None:
    left = room(host, pool)
    if left and preferred(list(host.pools)) is None:
        return text("{free} free in the place for disks", free=in_words(left))
    return text("{free} left in the pool", free=in_words(left)) if left else None


def pools(host: HostAbilities) -> tuple[tuple[Text, str], ...]:
    """(words, name), "" the host's first choice."""
    best = preferred(list(host.pools))
    name = best.name if best is not None else DEFAULT
    found: list[tuple[Text, str]] = [(text("in the pool {pool}", pool=name), "")]
    for one in host.pools:
        if one.name != name:
            found.append((text("in the pool {pool}", pool=one.name), one.name))
    return tuple(found)


def may_stay(host: HostAbilities, nics: tuple[NicWish, ...]) -> bool:
    """Whether the network "default" is wanted, and does not start with its host: that can be set on the way."""
    if not any(nic.kind is Nets.NETWORK and nic.source == DEFAULT for nic in nics) or host.driver.upper() == "LXC":
        return False
    known = next((one for one in host.networks if one.name == DEFAULT), None)
    return known is None or (known.persistent and not known.autostart)


def written_forwards(forwards: tuple[Forward, ...]) -> str:
    """As they are typed: "2222:22, 5353:53/udp"."""
    line = options.written_network(NicWish(Nets.USER, "", forwards=forwards))
    return ", ".join(part.removeprefix("forward=") for part in line.split(",") if part.startswith("forward="))


def forwards(words: str) -> tuple[Forward, ...] | Text:
    """What was typed, or what is wrong with it."""
    parts = [part for part in words.replace(",", " ").split() if part]
    try:
        return options.network(",".join(["user", *(f"forward={part}" for part in parts)])).forwards
    except OptionError as error:
        return error.why


def same_place(one: NicWish, other: NicWish) -> bool:
    """Whether two cards are connected to the same thing."""
    return (one.kind, one.source if one.kind is not Nets.USER else "") == (
        other.kind,
        other.source if other.kind is not Nets.USER else "",
    )


def moved(card: NicWish, to: NicWish) -> NicWish:
    """The card, connected to something else: what only goes with the old place is gone."""
    user = to.kind is Nets.USER
    return replace(
        card,
        kind=to.kind,
        source=to.source,
        forwards=card.forwards if user else (),
        isolated=card.isolated and not user,
    )
