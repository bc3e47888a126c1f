"""The values of `vmdesk create`'s options, written and read back: places, disks, network cards."""

from collections.abc import Iterator
from dataclasses import replace

from vmdesk.model import sizes
from vmdesk.model.text import Text, text
from vmdesk.model.wish import Away, DiskWish, Forward, Here, Nets, NicWish, Place, There

_VOLUME = "vol:"
_CARD = ("network", "bridge", "direct", "user", "model", "mac", "isolated", "forward")
_SCHEMES = ("http://", "https://", "ftp://")


class OptionError(ValueError):
    """An option that cannot be read. `why` is the sentence for people."""

    def __init__(self, why: Text) -> None:
        super().__init__(str(why))
        self.why = why


def written_place(where: Place) -> str:
    """A place as an option: a path, a URL, or vol:POOL/VOLUME."""
    match where:
        case There(pool, volume):
            return f"{_VOLUME}{pool}/{volume}"
        case Away(url):
            return url
        case Here(path):
            # So that nothing else can be read out of it.
            plain = path.startswith(("/", "./", "../", "~"))
            return path if plain or not path.startswith((_VOLUME, *_SCHEMES, "-")) else f"./{path}"


def place(words: str) -> Place:
    """The opposite. Raises OptionError."""
    if words.startswith(_SCHEMES):
        return Away(words)
    if words.startswith(_VOLUME):
        pool, slash, volume = words.removeprefix(_VOLUME).partition("/")
        if not (pool and slash and volume):
            raise OptionError(text("Write a volume like vol:POOL/VOLUME."))
        return There(pool, volume)
    if not words:
        raise OptionError(text("A file, a URL or vol:POOL/VOLUME is needed."))
    return Here(words)


def written_disk(disk: DiskWish) -> str:
    """As the value of --disk."""
    parts = [
        f"{name}={_escaped(value)}"
        for name, value in (
            ("size", sizes.written(disk.bytes) if disk.bytes else ""),
            ("pool", disk.pool),
            ("format", disk.format),
            ("source", written_place(disk.source) if disk.source else ""),
            ("bus", disk.bus),
            ("name", disk.name),
        )
        if value
    ]
    parts += [name for name in ("full", "copy", "linked") if getattr(disk, name)]
    return ",".join(parts) or "default"


def disk(words: str) -> DiskWish:
    """The opposite; a bare figure is GiB. Raises OptionError, SizeError."""
    found = DiskWish()
    if words == "default":
        return found
    for name, value in _parts(words, "--disk"):
        match name:
            case "size":
                found = replace(found, bytes=sizes.disk_bytes(value))
            case "source":
                found = replace(found, source=place(value))
            case "pool" if value:
                found = replace(found, pool=value)
            case "format" if value:
                found = replace(found, format=value)
            case "bus" if value:
                found = replace(found, bus=value)
            case "name" if value:
                found = replace(found, name=value)
            case "full":
                found = replace(found, full=_switch(name, value))
            case "copy":
                found = replace(found, copy=_switch(name, value))
            case "linked":
                found = replace(found, linked=_switch(name, value))
            case _ if not value and name[:1].isdigit():
                found = replace(found, bytes=sizes.disk_bytes(name))
            case _:
                raise _unknown("--disk", name, "size, pool, format, source, bus, name, full, copy, linked")
    return found


def written_network(nic: NicWish) -> str:
    """As the value of --network."""
    match nic.kind:
        case Nets.NETWORK:
            parts = [f"network={_escaped(nic.source)}"]
        case Nets.BRIDGE:
            parts = [f"bridge={_escaped(nic.source)}"]
        case Nets.MACVTAP:
            parts = [f"direct={_escaped(nic.source)}"]
        case Nets.USER:
            parts = ["user"]
    parts += [f"model={_escaped(nic.model)}"] if nic.model else []
    parts += [f"mac={nic.mac}"] if nic.mac else []
    parts += ["isolated"] if nic.isolated else []
    for forward in nic.forwards:
        where = "" if forward.address == "127.0.0.1" else f"{forward.address}:"
        parts.append(f"forward={where}{forward.host}:{forward.guest}{_protocol(forward)}")
    return ",".join(parts)


def network(words: str) -> NicWish:
    """The opposite; a bare name is a libvirt network. Raises OptionError."""
    found = NicWish()
    ways: list[Forward] = []
    for number, (name, value) in enumerate(_parts(words, "--network")):
        match name:
            case "user" if not value:
                found = replace(found, kind=Nets.USER, source="")
            case "network" if value:
                found = replace(found, kind=Nets.NETWORK, source=value)
            case "bridge" if value:
                found = replace(found, kind=Nets.BRIDGE, source=value)
            case "direct" if value:
                found = replace(found, kind=Nets.MACVTAP, source=value)
            case "model" if value:
                found = replace(found, model=value)
            case "mac" if value:
                found = replace(found, mac=value)
            case "isolated":
                found = replace(found, isolated=_switch(name, value))
            case "forward":
                ways.append(_forward(value))
            case _ if number == 0 and not value and name not in _CARD:
                found = replace(found, source=name)
            case _:
                raise _unknown("--network", name, ", ".join(_CARD))
    return replace(found, forwards=tuple(ways))


def _forward(words: str) -> Forward:
    plain, slash, protocol = words.partition("/")
    address, _, ports = plain.rpartition(":")
    address, colon, host = address.rpartition(":")
    try:
        return Forward(int(host), int(ports), protocol if slash else "tcp", address if colon else "127.0.0.1")
    except ValueError:
        raise OptionError(text("Write a forward like 2222:22, 5353:53/udp or 0.0.0.0:8080:80.")) from None


def _protocol(forward: Forward) -> str:
    return "" if forward.protocol == "tcp" else f"/{forward.protocol}"


def _escaped(value: str) -> str:
    """A comma is written twice."""
    return value.replace(",", ",,")


def _parts(words: str, option: str) -> Iterator[tuple[str, str]]:
    for part in words.replace(",,", "\0").split(","):
        name, _, value = part.partition("=")
        if not name:
            raise OptionError(text("{option} has an empty part: {value}", option=option, value=words))
        yield name.replace("\0", ","), value.replace("\0", ",")


def _switch(name: str, value: str) -> bool:
    if value not in ("", "yes", "no"):
        raise OptionError(text("{name} is yes or no.", name=name))
    return value != "no"


def _unknown(option: str, name: str, known: str) -> OptionError:
    return OptionError(text("{option} knows no {name}. It knows: {known}.", option=option, name=name, known=known))
