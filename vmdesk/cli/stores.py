"""Storage pools, volumes and networks without a window: what may stand on the command line."""

import argparse
import importlib
import ipaddress
from typing import Any

from vmdesk.cli.arguments import Usage
from vmdesk.cli.files import places
from vmdesk.cli.session import Session
from vmdesk.model import sizes
from vmdesk.model.sizes import SizeError
from vmdesk.model.text import tr

_POOLS = ("dir", "fs", "netfs", "logical", "disk", "iscsi", "rbd", "zfs", "gluster", "scsi", "vstorage")
_MODES = ("nat", "route", "open", "isolated", "bridge")


def pool(parser: argparse.ArgumentParser) -> None:
    below = places(parser)
    below.add_parser("list", help=tr("show them"))
    create = below.add_parser("create", help=tr("make one, start it, and let it start with the host"))
    create.add_argument("name", metavar="POOL")
    create.add_argument("--type", dest="kind", choices=_POOLS, default="dir", help=tr("its kind; dir without it"))
    create.add_argument("--target", default="", metavar="PATH", help=tr("where its volumes are on the host"))
    create.add_argument("--source-host", default="", metavar="HOST", help=tr("the server it comes from"))
    create.add_argument("--source-path", default="", metavar="PATH", help=tr("the folder there"))
    create.add_argument("--source-device", default="", metavar="DEVICE", help=tr("the block device, or the target"))
    create.add_argument("--source-name", default="", metavar="NAME", help=tr("the volume group, the RBD pool ..."))
    create.add_argument("--source-format", default="", metavar="FORMAT", help=tr("nfs, ext4, lvm2 ..."))
    _named(below, "start", "POOL", tr("switch it on"))
    _named(below, "stop", "POOL", tr("switch it off; its volumes stay where they are"))
    _named(below, "refresh", "POOL", tr("look again what is in it"))
    _autostart(below, "POOL")
    _named(below, "delete", "POOL", tr("forget it; its volumes stay where they are"))


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
    for verb, help_ in (("upload", tr("write a file into a new volume")), ("download", tr("save it as a file"))):
        one = below.add_parser(verb, help=help_)
        one.add_argument("pool", metavar="POOL")
        one.add_argument("name", metavar="VOLUME")
        one.add_argument("file", metavar="FILE")
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
    create.add_argument("--subnet", type=_subnet, metavar="ADDRESS/LENGTH", help=tr("its addresses: 10.7.0.0/24"))
    create.add_argument("--no-dhcp", action="store_true", help=tr("give no addresses out"))
    create.add_argument("--bridge", default="", metavar="NAME", help=tr("with --mode bridge: the host's bridge"))
    create.add_argument("--device", default="", metavar="NAME", help=tr("forward to this interface of the host only"))
    _named(below, "start", "NETWORK", tr("switch it on"))
    _named(below, "stop", "NETWORK", tr("switch it off: its machines lose it"))
    _autostart(below, "NETWORK")
    _named(below, "delete", "NETWORK", tr("stop it and forget it"))


def _named(below: Any, verb: str, metavar: str, help_: str) -> None:
    below.add_parser(verb, help=help_).add_argument("name", metavar=metavar)


def _autostart(below: Any, metavar: str) -> None:
    parser = below.add_parser("autostart", help=tr("start it with the host, or not"))
    parser.add_argument("on", choices=("on", "off"))
    parser.add_argument("name", metavar=metavar)


def _subnet(word: str) -> ipaddress.IPv4Network:
    found = ipaddress.IPv4Network(word, strict=False)
    if found.num_addresses < 8:
        raise ValueError(word)
    return found


def check_network(options: argparse.Namespace) -> None:
    """Wrong usage is told before any host is opened."""
    if options.what != "create":
        return
    if (options.mode == "bridge") != bool(options.bridge):
        raise Usage(tr("--bridge goes with --mode bridge, which needs it."))
    if options.mode == "bridge" and options.subnet:
        raise Usage(tr("A bridge of the host has the addresses of the network it is in: no --subnet."))


def check_volume(options: argparse.Namespace) -> None:
    """Sizes are read before any host is opened."""
    if options.what in ("create", "grow"):
        try:
            options.bytes = sizes.disk_bytes(options.size)
        except SizeError as error:
            raise Usage(str(error.why)) from None


async def run_pool(session: Session, options: argparse.Namespace) -> int:
    return await _run("pool", session, options)


async def run_volume(session: Session, options: argparse.Namespace) -> int:
    return await _run("volume", session, options)


async def run_network(session: Session, options: argparse.Namespace) -> int:
    return await _run("network", session, options)


async def _run(what: str, session: Session, options: argparse.Namespace) -> int:
    # What they need is loaded here: no other verb pays for it.
    done: int = await getattr(importlib.import_module("vmdesk.cli.storing"), what)(session, options)
    return done
