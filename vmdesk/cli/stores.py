"""Storage pools, volumes and networks without a window: what may stand on the command line."""

import argparse
import ipaddress
from typing import Any

from vmdesk.cli import later
from vmdesk.cli.arguments import Usage
from vmdesk.cli.files import places
from vmdesk.cli.session import Session
from vmdesk.model import sizes
from vmdesk.model.sizes import SizeError
from vmdesk.model.text import tr

_MODES = ("nat", "route", "open", "isolated", "bridge", "macvtap", "private", "vepa", "passthrough")
_DIRECT = _MODES[5:]


def volume(parser: argparse.ArgumentParser) -> None:
    below = places(parser)
    listed = below.add_parser("list", help=tr("show those of a pool, and who uses them"))
    listed.add_argument("pool", metavar="POOL")
    create = below.add_parser("create", help=tr("make one"))
    create.add_argument("pool", metavar="POOL")
    create.add_argument("name", metavar="VOLUME")
    create.add_argument("size", metavar="SIZE", help=tr("20G, 512M ..."))
    create.add_argument("--format", default="", help=tr("qcow2, raw; by the name without it"))
    create.add_argument("--full", action="store_true", help=tr("take all its space now"))
    create.add_argument("--encrypted", action="store_true", help=tr("with LUKS; libvirt keeps the passphrase"))
    words = tr("the passphrase; - for stdin; asked for without it")
    create.add_argument("--passphrase-file", metavar="FILE", help=words)
    grow = below.add_parser("grow", help=tr("make it larger"))
    grow.add_argument("pool", metavar="POOL")
    grow.add_argument("name", metavar="VOLUME")
    grow.add_argument("size", metavar="SIZE")
    copy = below.add_parser("copy", help=tr("copy it, to another pool or name"))
    copy.add_argument("pool", metavar="POOL")
    copy.add_argument("name", metavar="VOLUME")
    copy.add_argument("to_pool", metavar="TO-POOL")
    copy.add_argument("new", metavar="NEW")
    copy.add_argument("--format", default="", help=tr("convert it: qcow2, raw"))
    move = below.add_parser("move", help=tr("move a machine's disk to another pool, while it works or is off"))
    move.add_argument("pool", metavar="POOL")
    move.add_argument("name", metavar="VOLUME")
    move.add_argument("to_pool", metavar="TO-POOL")
    move.add_argument("--keep", action="store_true", help=tr("do not delete the old volume"))
    below.add_parser("unused", help=tr("show disk images that nobody needs, and what could be freed"))
    for verb, help_ in (("upload", tr("write a file into a new volume")), ("download", tr("save it as a file"))):
        one = below.add_parser(verb, help=help_)
        one.add_argument("pool", metavar="POOL")
        one.add_argument("name", metavar="VOLUME")
        one.add_argument("file", metavar="FILE")
    wipe = below.add_parser("wipe", help=tr("overwrite all that is in it with zeroes, unless somebody needs it"))
    wipe.add_argument("pool", metavar="POOL")
    wipe.add_argument("name", metavar="VOLUME")
    wipe.add_argument("--yes", action="store_true", help=tr("do not ask"))
    delete = below.add_parser("delete", help=tr("delete it, unless somebody needs it"))
    delete.add_argument("pool", metavar="POOL")
    delete.add_argument("name", metavar="VOLUME")
    delete.add_argument("--dry-run", action="store_true", help=tr("say what would be done, do nothing"))


def network(parser: argparse.ArgumentParser) -> None:
    below = places(parser)
    below.add_parser("list", help=tr("show them"))
    create = below.add_parser("create", help=tr("make one, start it, and let it start with the host"))
    create.add_argument("name", metavar="NETWORK")
    create.add_argument("--mode", choices=_MODES, default="nat", help=tr("nat without it"))
    create.add_argument(
        "--subnet", type=_subnet, metavar="ADDRESS/LENGTH", help=tr("its addresses: 10.7.0.0/24; nat finds free ones")
    )
    create.add_argument("--no-dhcp", action="store_true", help=tr("give no addresses out"))
    _ranges(create)
    create.add_argument(
        "--ipv6", nargs="?", const="auto", type=_subnet6, metavar="ADDRESS/LENGTH", help=tr("IPv6, too")
    )
    create.add_argument("--domain", default="", metavar="DOMAIN", help=tr("what machines' names end with"))
    create.add_argument("--bridge", default="", metavar="NAME", help=tr("with --mode bridge: the host's bridge"))
    create.add_argument("--device", default="", metavar="NAME", help=tr("forward to this interface of the host only"))
    create.add_argument("--no-autostart", action="store_true", help=tr("do not start it with the host"))
    _edit(below.add_parser("edit", help=tr("change one, at once where libvirt can")))
    _named(below, "leases", "NETWORK", tr("show the addresses it gave out, and to whom"))
    _named(below, "start", "NETWORK", tr("switch it on"))
    _named(below, "stop", "NETWORK", tr("switch it off: its machines lose it"))
    _autostart(below, "NETWORK")
    delete = _named(below, "delete", "NETWORK", tr("stop it and forget it"))
    delete.add_argument("--yes", action="store_true", help=tr("do not ask, even if machines use it"))
    below.add_parser("filters", help=tr("show the host's packet filters, and who uses them"))
    watch = below.add_parser("filter", help=tr("let a packet filter watch a machine's card, or none"))
    watch.add_argument("machine", metavar="NAME")
    watch.add_argument("mac", metavar="MAC")
    watch.add_argument("filter", metavar="FILTER", help=tr("its name, or “none”"))


def _ranges(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--range", action="append", default=[], metavar="FROM-TO", help=tr("what DHCP gives out; may stand often")
    )


def _edit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NETWORK")
    _ranges(parser)
    parser.add_argument("--no-range", action="store_true", help=tr("give no addresses out"))
    for option, value, words in (
        ("--lease", "MAC=IP[,NAME]", tr("this card always gets this address; may stand often")),
        ("--no-lease", "MAC", tr("not any more")),
        ("--dns", "IP=NAME[,NAME]", tr("names of an address; may stand often")),
        ("--no-dns", "IP", tr("not any more")),
    ):
        parser.add_argument(option, action="append", default=[], metavar=value, help=words)
    parser.add_argument("--domain", metavar="DOMAIN", help=tr("what machines' names end with; “” for none"))
    parser.add_argument("--local", choices=("on", "off"), help=tr("never ask other servers for names in the domain"))
    parser.add_argument("--nat-ports", metavar="FROM-TO", help=tr("ports of the host that NAT uses; “auto”: any"))
    parser.add_argument("--restart", action="store_true", help=tr("restart it, so that all of it holds now"))


def _named(below: Any, verb: str, metavar: str, help_: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = below.add_parser(verb, help=help_)
    parser.add_argument("name", metavar=metavar)
    return parser


def _autostart(below: Any, metavar: str) -> None:
    parser = below.add_parser("autostart", help=tr("start it with the host, or not"))
    parser.add_argument("on", choices=("on", "off"))
    parser.add_argument("name", metavar=metavar)


def _subnet(word: str) -> ipaddress.IPv4Network:
    found = ipaddress.IPv4Network(word, strict=False)
    if found.num_addresses < 8:
        raise ValueError(word)
    return found


def _subnet6(word: str) -> ipaddress.IPv6Network | str:
    return word if word == "auto" else ipaddress.IPv6Network(word, strict=False)


def check_network(options: argparse.Namespace) -> None:
    """Wrong usage is told before any host is opened."""
    if options.what == "edit":
        _check_edit(options)
    if options.what != "create":
        return
    if options.no_dhcp and options.range:
        raise Usage(tr("--range and --no-dhcp do not go together."))
    if options.mode in _DIRECT and not options.device:
        raise Usage(tr("--mode {mode} needs --device.", mode=options.mode))
    if options.mode in _DIRECT and (options.subnet or options.ipv6 or options.range or options.domain):
        raise Usage(tr("An interface of the host has the addresses of the network it is in: no --subnet."))
    if (options.mode == "bridge") != bool(options.bridge):
        raise Usage(tr("--bridge goes with --mode bridge, which needs it."))
    if options.mode == "bridge" and options.subnet:
        raise Usage(tr("A bridge of the host has the addresses of the network it is in: no --subnet."))


def _check_edit(options: argparse.Namespace) -> None:
    if options.range and options.no_range:
        raise Usage(tr("--range and --no-range do not go together."))
    wanted = (options.range, options.no_range, options.lease, options.no_lease, options.dns, options.no_dns)
    others = (options.domain is not None, options.local, options.nat_ports)
    if not any((*wanted, *others, options.restart)):
        raise Usage(tr("Say what is to be changed."))
    for option, values in (("--lease", options.lease), ("--dns", options.dns)):
        if bad := next((value for value in values if "=" not in value), None):
            raise Usage(tr("{option} {value}: an equals sign is missing.", option=option, value=bad))


def check_volume(options: argparse.Namespace) -> None:
    """Sizes are read before any host is opened."""
    if options.what == "create" and options.passphrase_file and not options.encrypted:
        raise Usage(tr("--passphrase-file goes with --encrypted."))
    if options.what in ("create", "grow"):
        try:
            options.bytes = sizes.disk_bytes(options.size)
        except SizeError as error:
            raise Usage(str(error.why)) from None


async def run_pool(session: Session, options: argparse.Namespace) -> int:
    return await later.run("pooling", session, options, "pool")


async def run_volume(session: Session, options: argparse.Namespace) -> int:
    return await later.run("storing", session, options, "volume")


async def run_network(session: Session, options: argparse.Namespace) -> int:
    return await later.run("networking", session, options, "network")
