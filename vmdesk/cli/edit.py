"""`vmdesk edit`: what may stand on the command line."""

import argparse

from vmdesk.cli import later, usb
from vmdesk.cli.arguments import Usage
from vmdesk.cli.session import Session
from vmdesk.model import limits, sizes
from vmdesk.model.limits import LimitError, Setting
from vmdesk.model.sizes import SizeError
from vmdesk.model.text import tr

# What changes something, as argparse calls it.
WISHES = (
    *("vcpus", "memory", "title", "os", "boot", "add_disk", "add_nic", "add_usb"),
    *("insert", "eject", "remove", "set_limit"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--vcpus", type=int, metavar="N", help=tr("virtual processors"))
    parser.add_argument("--memory", metavar="M", help=tr("512M, 2G; without a unit MiB"))
    parser.add_argument("--title", metavar="T", help=tr("a line about it"))
    parser.add_argument("--os", metavar="ID", help=tr("which system is in it: debian11, or libosinfo's URL; none"))
    parser.add_argument(
        "--boot", metavar="ORDER", help=tr("what is tried first: cdrom,hd,network or devices, like vda,sda")
    )
    parser.add_argument(
        "--add-disk",
        action="append",
        default=[],
        metavar="size=S,pool=P|path=F",
        help=tr("a new disk (without a unit GiB), or one that is there; repeatable"),
    )
    parser.add_argument(
        "--add-nic", action="append", default=[], metavar="NETWORK", help=tr("a network card; repeatable")
    )
    usb.arguments(parser)
    medium = parser.add_mutually_exclusive_group()
    medium.add_argument("--insert", metavar="ISO", help=tr("put it into the CD drive: a file or vol:POOL/VOLUME"))
    medium.add_argument("--eject", action="store_true", help=tr("take the medium out of the CD drive"))
    parser.add_argument(
        "--remove",
        action="append",
        default=[],
        metavar="DEVICE",
        help=tr("a target (vdb), a MAC, an alias or what --add-usb names; repeatable"),
    )
    parser.add_argument(
        "--set-limit",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help=tr("cpu.quota=50%%, memory.hard=2G, disk.vda.read-bytes=10M, nic.MAC.in=1M; none clears; repeatable"),
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--live", action="store_true", help=tr("only the running machine"))
    where.add_argument("--config", action="store_true", help=tr("only what holds from the next start"))
    parser.add_argument("--print-xml", action="store_true", help=tr("show the definition, change nothing"))
    parser.add_argument("--print-diff", action="store_true", help=tr("show what would be different, change nothing"))
    parser.add_argument(
        "--xml", metavar="FILE", help=tr("edit this definition, print the result, open no host; - for stdin")
    )
    parser.add_argument("name", nargs="?", default="", metavar="NAME")


def check(options: argparse.Namespace) -> None:
    """Wrong usage is told before any host is opened."""
    said = {name: getattr(options, name) for name in WISHES}
    if not any(said.values()) and said["title"] is None and said["os"] is None and said["vcpus"] is None:
        raise Usage(tr("Say what to change: --vcpus N, --memory M, --add-disk ..., --set-limit KEY=VALUE ..."))
    if options.xml is not None:
        if options.name or options.live or options.config:
            raise Usage(tr("--xml goes with no machine's name, and with neither --live nor --config."))
    elif not options.name:
        raise Usage(tr("Here is missing: {what}", what="NAME"))
    if options.vcpus is not None and not 1 <= options.vcpus <= 4096:
        raise Usage(tr("{option} cannot be {value}.", option="--vcpus", value=options.vcpus))
    settings(options)
    usb.check(options)
    if options.memory and not memory_kib(options):
        raise Usage(tr("{option} cannot be {value}.", option="--memory", value=options.memory))
    if why := sizes.too_much(memory_kib(options)):
        raise Usage(str(why))


def alone(options: argparse.Namespace) -> bool:
    """Whether it is done without any host."""
    return options.xml is not None


def settings(options: argparse.Namespace) -> list[Setting]:
    """The limits. Raises Usage."""
    try:
        return [limits.parse(words) for words in options.set_limit]
    except LimitError as error:
        raise Usage(str(error.why)) from None


def memory_kib(options: argparse.Namespace) -> int:
    """0: not said. Raises Usage."""
    try:
        return sizes.memory_kib(options.memory) if options.memory else 0
    except SizeError as error:
        raise Usage(str(error.why)) from None


async def edit(session: Session, options: argparse.Namespace) -> int:
    return await later.run("editing", session, options)


def edit_text(options: argparse.Namespace) -> int:
    """The same for a definition in a file."""
    done: int = later.load("editing").run_alone(options)
    return done
