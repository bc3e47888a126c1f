"""What is going to be made, in lines to be read before it is."""

from dataclasses import dataclass

from vmdesk.core.creating.draft import Draft, choices, current
from vmdesk.model import names
from vmdesk.model.sizes import KIB
from vmdesk.model.system import Certainty
from vmdesk.model.text import Text, text
from vmdesk.model.wish import Away, CloudWish, Firmware, From, Here, Nets, NicWish, Place, Reach, There
from vmdesk.virt.networks import DEFAULT
from vmdesk.virt.pools import SYSTEM_FOLDER, preferred
from vmdesk.virtxml.build.choose import disk_bytes_for
from vmdesk.virtxml.build.complaint import in_words


@dataclass(frozen=True, slots=True)
class Line:
    label: Text
    value: Text | str


def lines(draft: Draft, host: str) -> tuple[Line, ...]:
    """The machine, what is in it, where it comes from. `host`: its name."""
    wish, chosen = draft.wish, choices(draft)
    figures = current(draft)
    found = [Line(text("Name"), _name(draft)), Line(text("Host"), host)]
    if wish.source is not From.CONTAINER:
        found.append(Line(text("System"), system_words(draft) or text("not known: set up for nearly all")))
    if wish.media is not None:
        found.append(Line(text("Comes from"), place_words(wish.media)))
    found.append(
        Line(
            text("Processors and memory"),
            text("{cpus} CPUs, {memory}", cpus=figures.vcpus, memory=in_words(figures.memory_kib * KIB))
            if figures.vcpus != 1
            else text("1 CPU, {memory}", memory=in_words(figures.memory_kib * KIB)),
        )
    )
    if wish.source is not From.CONTAINER:
        found += _numbered(text("Disk"), [_disk(draft, place) for place in range(len(wish.disks))])
    found += _numbered(text("Network"), [network_words(nic) for nic in wish.nics])
    if chosen is not None and not chosen.platform.container:
        board = "  ".join(filter(None, (chosen.platform.arch, chosen.platform.machine)))
        found.append(Line(text("Board"), board))
        if chosen.efi:
            found.append(Line(text("Firmware"), text("UEFI with Secure Boot") if chosen.secure else text("UEFI")))
        if chosen.tpm:
            found.append(Line(text("TPM 2.0"), text("yes")))
        if chosen.platform.kind:
            found.append(Line(text("Runs by"), _kind(chosen.platform.kind)))
    if wish.unattended is not None:
        found.append(Line(text("Installation"), text("by itself, user {user}", user=wish.unattended.user or "root")))
        goes = text("hold the passwords; deleted when the installation has ended")
        stays = text("hold the passwords; they stay on the host, for the machine is not started here")
        found.append(Line(text("Its answers"), goes if wish.start else stays))
    if wish.cloud is not None and (wish.cloud.address or wish.cloud.network):
        own = text("own network configuration")
        found.append(Line(text("Address"), own if wish.cloud.network else _addresses(draft, wish.cloud)))
    if wish.drivers is not None:
        found.append(Line(text("Drivers CD"), place_words(wish.drivers)))
    if wish.sealed:
        found.append(Line(text("Sealed"), text("neither clipboard nor files may pass")))
    if wish.autostart:
        found.append(Line(text("Starts"), text("with its host")))
    return tuple(found)


def set_up(draft: Draft) -> tuple[Text, ...]:
    """What is done to the host on the way; it stays, whatever comes of the machine."""
    wish, host = draft.wish, draft.abilities
    found = []
    wanted = {disk.pool for place, disk in enumerate(wish.disks) if _makes_volume(draft, place)}
    if wish.cloud is not None or _copies(draft):
        wanted.add("")
    pools = {pool.name: pool for pool in host.pools}
    for name in sorted(wanted):
        pool = pools.get(name) if name else preferred(list(host.pools))
        if pool is None and not name:
            folder: object = text("your home folder") if host.session else SYSTEM_FOLDER
            made = text("The storage pool {pool} is made in {folder}.", pool=DEFAULT, folder=folder)
            found.append(made)
        elif pool is not None and not pool.active:
            found.append(text("The storage pool {pool} is switched on.", pool=pool.name))
    networks = {network.name: network for network in host.networks}
    for name in dict.fromkeys(nic.source for nic in wish.nics if nic.kind is Nets.NETWORK):
        network = networks.get(name)
        if network is None and name == DEFAULT:
            found.append(
                text("The network {network} is made, and starts with the host.", network=name)
                if wish.network_stays
                else text("The network {network} is made.", network=name)
            )
        elif network is not None and not network.active:
            found.append(
                text("The network {network} is switched on, and starts with the host.", network=name)
                if name == DEFAULT and wish.network_stays
                else text("The network {network} is switched on.", network=name)
            )
    if isinstance(wish.media, Here) and (_copies(draft) or _is_base(draft)):
        file = wish.media.path.rpartition("/")[2]
        found.append(text("{file} is copied into a storage pool.", file=file))
    blocked = draft.found.in_the_way(wish) if draft.found is not None else None
    if blocked is not None and wish.reach is Reach.GRANT:
        found += [text("Run: {command}", command=line) for line in blocked.lines]
    return tuple(found)


def system_words(draft: Draft) -> Text | str | None:
    """What system it is and how sure that is; None if nothing is known."""
    system = draft.system
    if not system.name:
        return None
    if system.certainty is Certainty.RELATIVE and system.stands_for:
        return text(
            "{system} – not in the OS database, set up like {relative}",
            system=system.name,
            relative=system.stands_for,
        )
    return system.name


def place_words(place: Place) -> str:
    match place:
        case Here(path):
            return path
        case There(pool, volume):
            return f"{pool}/{volume}"
        case Away(url):
            return url


def network_words(nic: NicWish) -> Text:
    match nic.kind:
        case Nets.USER:
            words = text("through the host, as a program of yours")
        case Nets.BRIDGE:
            words = text("bridge {name}", name=nic.source)
        case Nets.MACVTAP:
            words = text("directly on {name}", name=nic.source)
        case _:
            words = text("network {name}", name=nic.source)
    if nic.isolated:
        words = text("{network}, apart from other machines", network=words)
    if nic.forwards:
        ports = ", ".join(f"{one.host} → {one.guest}" for one in nic.forwards)
        words = text("{network}; ports {ports}", network=words, ports=ports)
    return words


def _name(draft: Draft) -> Text | str:
    every = names.names(draft.wish)
    if len(every) < 2:
        return draft.wish.name
    return text("{n} machines: {first} … {last}", n=len(every), first=every[0], last=every[-1])


def _numbered(label: Text, values: list[Text | str]) -> list[Line]:
    """One line each."""
    if not values:
        return [Line(label, text("none"))]
    labels = [label, *(text("{thing} {n}", thing=label, n=number) for number in range(2, len(values) + 1))]
    return [Line(*one) for one in zip(labels, values, strict=True)]


def _addresses(draft: Draft, cloud: CloudWish) -> Text | str:
    count = len(names.names(draft.wish))
    return text("{address} and the {n} after it", address=cloud.address, n=count - 1) if count > 1 else cloud.address


def _disk(draft: Draft, place: int) -> Text | str:
    wish = draft.wish
    disk = wish.disks[place]
    many = len(names.names(wish)) > 1
    pool = disk.pool or next((one.name for one in (preferred(list(draft.abilities.pools)),) if one), DEFAULT)
    if place == 0 and wish.source in (From.DISK, From.CLOUD):
        if disk.linked or wish.linked:
            return text("only the differences, in the pool {pool}", pool=pool)
        if _makes_volume(draft, place) or many:
            return text("a copy, in the pool {pool}", pool=pool)
        return text("the file itself is used")
    if disk.source is not None:
        return text("the volume {name}", name=place_words(disk.source))
    size = in_words(current(draft).disk_bytes if place == 0 else disk.bytes or disk_bytes_for(draft.system)[0])
    format_ = disk.format or "qcow2"
    if disk.full:
        return text("{size} at once, {format}, in the pool {pool}", size=size, format=format_, pool=pool)
    return text("up to {size}, {format}, in the pool {pool}", size=size, format=format_, pool=pool)


def _makes_volume(draft: Draft, place: int) -> bool:
    """Whether a new volume comes of that disk."""
    wish = draft.wish
    disk = wish.disks[place]
    if place or wish.source not in (From.DISK, From.CLOUD):
        return disk.source is None or disk.copy or disk.linked
    found = draft.found
    usable = found is None or found.image is None or found.image.usable
    blocked = found is not None and found.blocked is not None and wish.reach is Reach.COPY
    return wish.source is From.CLOUD or disk.copy or disk.linked or not usable or blocked


def _is_base(draft: Draft) -> bool:
    """Whether the disk image becomes a volume that the machines' own disks stand on."""
    wish = draft.wish
    linked = wish.linked or any(disk.linked for disk in wish.disks[:1])
    return wish.source in (From.DISK, From.CLOUD) and (linked or len(names.names(wish)) > 1)


def _copies(draft: Draft) -> bool:
    """Whether the CD image has to be copied."""
    found = draft.found
    if draft.wish.source is not From.CDROM or not isinstance(draft.wish.media, Here) or found is None:
        return False
    return (found.blocked is not None and draft.wish.reach is Reach.COPY) or not found.host.local


def _kind(kind: str) -> Text | str:
    match kind:
        case "kvm":
            return text("KVM")
        case "qemu":
            return text("emulation (slow)")
    return kind


def firmware_words(firmware: Firmware) -> Text:
    return _FIRMWARE[firmware]


_FIRMWARE = {
    Firmware.DEFAULT: text("What suits the system"),
    Firmware.BIOS: text("BIOS"),
    Firmware.UEFI: text("UEFI"),
    Firmware.SECURE: text("UEFI with Secure Boot"),
}
