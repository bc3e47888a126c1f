"""`vmdesk create`: what may stand on the command line, and the wish it means."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vmdesk.cli import later
from vmdesk.cli.arguments import Usage
from vmdesk.cli.session import Session
from vmdesk.core import options as values
from vmdesk.core.options import OptionError
from vmdesk.model import sizes
from vmdesk.model.sizes import SizeError
from vmdesk.model.text import tr
from vmdesk.model.wish import (
    Away,
    CloudWish,
    Cpu,
    DiskWish,
    Firmware,
    From,
    Here,
    NicWish,
    Place,
    Reach,
    UnattendedWish,
    Wish,
)

STDIN = "-"
INSTALLATION, AFTERWARDS = "installation", "afterwards"  # the definitions that --print-xml shows
LONGEST = 4 << 20  # characters of a definition, a password, user data
# Options that name where the machine comes from, and what each means.
_SOURCES = {
    "cdrom": From.CDROM,
    "import_": From.DISK,
    "cloud_image": From.CLOUD,
    "location": From.LOCATION,
    "kernel": From.KERNEL,
    "xml": From.XML,
    "container": From.CONTAINER,
}
# Options that cloud-init is told of.
_CLOUD = (
    "user", "ssh_key", "password_file", "hostname", "packages", "user_data", "address", "gateway", "dns",
    "network_config",
)  # fmt: skip
# Options that only an installer is told of.
_ANSWERS = ("language", "keyboard", "timezone", "full_name", "root_password_file", "product_key_file")


@dataclass(frozen=True, slots=True)
class Read:
    """A wish, and what could not be in it yet: whether the network was chosen (a session has another default)."""

    wish: Wish
    network_chosen: bool


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options, in groups; a file is a path, vol:POOL/VOLUME or a URL."""
    shown = tr("of the machine; {pattern} makes thirty", pattern="lab-{01..30}")
    parser.add_argument("--name", required=True, help=shown)
    _add_sources(parser)
    machine = parser.add_argument_group(tr("the machine"))
    machine.add_argument("--memory", metavar="M", help=tr("512M, 2G; without a unit MiB"))
    machine.add_argument("--vcpus", type=int, metavar="N", help=tr("virtual processors"))
    machine.add_argument("--os", metavar="ID", help=tr("which system, like debian11; found out from the medium"))
    machine.add_argument("--arch", metavar="A", help=tr("x86_64, aarch64, riscv64 ...; the host's own"))
    machine.add_argument("--virt-type", metavar="TYPE", help=tr("kvm, qemu ...; the best that works"))
    machine.add_argument("--machine", metavar="TYPE", help=tr("the chipset: q35, pc, virt ..."))
    machine.add_argument("--firmware", choices=("bios", "uefi", "secure"), help=tr("secure: UEFI with Secure Boot"))
    machine.add_argument("--tpm", choices=("yes", "no"), help=tr("a TPM 2.0"))
    machine.add_argument("--cpu", metavar="MODEL", help=tr("fast on this host, movable to others, or a model's name"))
    machine.add_argument(
        "--disk",
        action="append",
        metavar="size=S,pool=P,format=qcow2|raw",
        help=tr("a disk, without a unit GiB; repeatable; none"),
    )
    machine.add_argument(
        "--network",
        action="append",
        metavar="NAME|user[,forward=HOST:GUEST]|bridge=B",
        help=tr("a network card; repeatable; none"),
    )
    shown = tr("libvirt's network default, where it is switched on for this, is not set to start with the host")
    machine.add_argument("--no-network-autostart", action="store_true", help=shown)
    machine.add_argument("--display", action="append", metavar="KIND", help=tr("dbus, vnc, spice; repeatable; none"))
    machine.add_argument("--sealed", action="store_true", help=tr("neither clipboard nor files may pass"))
    machine.add_argument("--drivers", metavar="ISO", help=tr("a second CD with drivers, for Windows"))
    machine.add_argument("--title", metavar="T", help=tr("a line about it"))
    machine.add_argument("--description", metavar="D", help=tr("more about it"))
    machine.add_argument("--uuid", metavar="UUID", help=tr("a fresh one without it"))
    _add_cloud(parser)
    answers = parser.add_argument_group(tr("an installation that asks nobody"))
    answers.add_argument(
        "--unattended",
        choices=("jeos", "desktop"),
        help=tr("the little that is needed, or a desktop; with --user, --password-file and --hostname"),
    )
    answers.add_argument("--language", metavar="L", help=tr("of the installed system, like en_US"))
    answers.add_argument("--keyboard", metavar="K", help=tr("its layout, like us"))
    answers.add_argument("--timezone", metavar="Z", help=tr("like Europe/Berlin"))
    answers.add_argument("--full-name", metavar="NAME", help=tr("the user's, as it is shown"))
    shown = tr("root's own password, the user's without it; - for stdin")
    answers.add_argument("--root-password-file", metavar="FILE", help=shown)
    answers.add_argument("--product-key-file", metavar="FILE", help=tr("Windows asks for it; - for stdin"))
    run = parser.add_argument_group(tr("what is done"))
    run.add_argument("--count", type=int, default=1, metavar="N", help=tr("so many: N-01, N-02 ..."))
    run.add_argument("--linked", action="store_true", help=tr("overlays of one image instead of copies"))
    run.add_argument("--autostart", action="store_true", help=tr("start it with its host"))
    run.add_argument("--no-start", action="store_true", help=tr("define it only"))
    run.add_argument("--grant", action="store_true", help=tr("let the hypervisor into the folder, instead of a copy"))
    run.add_argument("--anyway", action="store_true", help=tr("more memory than the host has, and the like"))
    run.add_argument(
        "--print-xml",
        nargs="?",
        const=INSTALLATION,
        choices=(INSTALLATION, AFTERWARDS),
        help=tr("show the definition, change nothing; afterwards: the one that stays when the system is installed"),
    )
    run.add_argument(
        "--allow", action="append", default=[], metavar="N", help=tr("with --xml: leave this thing in; repeatable")
    )


def _add_sources(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(tr("where it comes from (without one: an empty machine)"))
    group.add_argument("--cdrom", metavar="ISO", help=tr("install from a CD image"))
    group.add_argument("--import", dest="import_", metavar="DISK", help=tr("use a disk that is there"))
    group.add_argument("--cloud-image", metavar="IMG", help=tr("a copy of a cloud image, set up by cloud-init"))
    group.add_argument("--location", metavar="URL", help=tr("an installation tree on a server"))
    group.add_argument("--kernel", metavar="FILE", help=tr("start this kernel"))
    group.add_argument("--initrd", metavar="FILE", help=tr("with this first file system"))
    group.add_argument("--append", default="", metavar="WORDS", help=tr("the kernel's command line"))
    group.add_argument("--pxe", action="store_true", help=tr("start from the network"))
    group.add_argument(
        "--xml", metavar="FILE", help=tr("a definition: looked through first, never started; - for stdin")
    )
    group.add_argument(
        "--container", nargs="?", const="", metavar="FOLDER", help=tr("LXC: the folder that is its root")
    )


def _add_cloud(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("cloud-init")
    group.add_argument("--user", metavar="U", help=tr("a user who may become root"))
    group.add_argument("--ssh-key", action="append", metavar="FILE", help=tr("a public key, or its file; repeatable"))
    group.add_argument("--password-file", metavar="FILE", help=tr("the user's password; - for stdin"))
    group.add_argument("--hostname", metavar="H", help=tr("the machine's name without it"))
    group.add_argument("--packages", metavar="A,B", help=tr("installed at the first start"))
    group.add_argument("--user-data", metavar="FILE", help=tr("your own data instead; - for stdin"))
    shown = tr("a fixed address, like 192.168.122.10/24, instead of DHCP; with --count each one the next")
    group.add_argument("--address", metavar="A/PREFIX", help=shown)
    group.add_argument("--gateway", metavar="A", help=tr("with --address: the way out"))
    group.add_argument("--dns", metavar="A,B", help=tr("servers that are asked for names"))
    group.add_argument("--network-config", metavar="FILE", help=tr("your own network configuration; - for stdin"))


def check(options: argparse.Namespace) -> None:
    """Wrong usage is told before any host is opened. Secrets are not read yet."""
    _source(options)
    _machine(options)
    if options.unattended is not None and not (options.location or options.cdrom):
        raise Usage(tr("--unattended goes with --cdrom or --location."))
    for name in _ANSWERS if options.unattended is None else ():
        if getattr(options, name) is not None:
            raise Usage(tr("{option} goes with --unattended.", option="--" + name.replace("_", "-")))
    if options.allow and options.xml is None:
        raise Usage(tr("--allow goes with --xml."))


def read(options: argparse.Namespace, stdin: Callable[[str], str]) -> Read:
    """The wish. `stdin(question)` gives what is typed or piped in: a line of it where there are several secrets.

    Raises Usage.
    """
    source, media = _source(options)
    return Read(
        Wish(
            source=source,
            media=media,
            kernel=_place(options.kernel) if options.kernel else None,
            initrd=_place(options.initrd) if options.initrd else None,
            append=options.append,
            cloud=_cloud(options, stdin) if options.unattended is None else None,
            unattended=_unattended(options, stdin) if options.unattended is not None else None,
            reach=Reach.GRANT if options.grant else Reach.COPY,
            **_machine(options),
        ),
        options.network is not None,
    )


def _source(options: argparse.Namespace) -> tuple[From, Place | None]:
    given = [name for name in _SOURCES if getattr(options, name) is not None]
    if options.pxe:
        given.append("pxe")
    if len(given) > 1:
        shown = ", ".join("--" + name.rstrip("_").replace("_", "-") for name in given)
        raise Usage(tr("A machine comes from one place only, not from {options}.", options=shown))
    if options.initrd and options.kernel is None:
        raise Usage(tr("--initrd goes with --kernel."))
    if options.append and options.kernel is None and options.location is None:
        raise Usage(tr("--append goes with --kernel or --location."))
    if not given:
        return From.EMPTY, None
    if given == ["pxe"]:
        return From.PXE, None
    (name,) = given
    value = getattr(options, name)
    if name == "kernel" or value == "":
        return _SOURCES[name], None
    if name == "xml":
        return From.XML, Here(value if value == STDIN else str(Path(value).absolute()))
    place = _place(value)
    if name == "location" and not isinstance(place, Away):
        raise Usage(tr("--location needs an address: http://, https:// or ftp://."))
    return _SOURCES[name], place


def _machine(options: argparse.Namespace) -> dict[str, Any]:
    return {
        "name": options.name,
        "memory_kib": _memory(options.memory) if options.memory else 0,
        "vcpus": 0 if options.vcpus is None else _above_zero("--vcpus", options.vcpus),
        "os": options.os or "",
        "arch": options.arch or "",
        "kind": options.virt_type or "",
        "machine": options.machine or "",
        "firmware": Firmware(options.firmware or ""),
        "tpm": None if options.tpm is None else options.tpm == "yes",
        "cpu": Cpu(options.cpu) if options.cpu in {one.value for one in Cpu} else (options.cpu or Cpu.FAST),
        "disks": _several(options.disk, _disk, (DiskWish(),), "--disk"),
        "nics": _several(options.network, values.network, (NicWish(),), "--network"),
        "network_stays": not options.no_network_autostart,
        "displays": tuple(options.display or ()),
        "sealed": options.sealed,
        "drivers": _place(options.drivers) if options.drivers else None,
        "title": options.title or "",
        "description": options.description or "",
        "uuid": options.uuid or "",
        "count": options.count,
        "linked": options.linked,
        "autostart": options.autostart,
        "start": not options.no_start,
    }


def _memory(words: str) -> int:
    found: int = _read(sizes.memory_kib, words)
    if why := sizes.too_much(found):
        raise Usage(str(why))
    return _above_zero("--memory", found)


def _above_zero(option: str, value: int) -> int:
    """Nothing at all is not "what suits"."""
    if value == 0:
        raise Usage(tr("{option} cannot be {value}.", option=option, value="0"))
    return value


def _disk(words: str) -> DiskWish:
    found = values.disk(words)
    if not found.bytes and any(part.partition("=")[0] == "size" or part[:1].isdigit() for part in words.split(",")):
        raise Usage(tr("{option} cannot be {value}.", option="--disk", value=words))
    if isinstance(found.source, Here):
        found = replace(found, source=_place(found.source.path))
    return found


def _several(given: list[str] | None, one: Callable[[str], Any], otherwise: tuple[Any, ...], option: str) -> Any:
    if given is None:
        return otherwise
    if "none" in given:
        if len(given) > 1:
            raise Usage(tr("{option} none goes with no other {option}.", option=option))
        return ()
    return tuple(_read(one, words) for words in given)


def _cloud(options: argparse.Namespace, stdin: Callable[[str], str]) -> CloudWish | None:
    if options.network_config is not None and (options.address or options.gateway or options.dns):
        raise Usage(tr("--network-config goes without --address, --gateway and --dns."))
    if options.cloud_image is None and not any(getattr(options, name) for name in _CLOUD):
        return None
    if sum(one == STDIN for one in (options.password_file, options.user_data, options.network_config)) > 1:
        raise Usage(tr("Only one thing can come from stdin."))
    return CloudWish(
        user=options.user or "",
        password=_line(options.password_file, tr("Password: "), stdin),
        ssh_keys=tuple(key for words in options.ssh_key or () for key in _keys(words)),
        hostname=options.hostname or "",
        packages=_list(options.packages),
        address=options.address or "",
        gateway=options.gateway or "",
        dns=_list(options.dns),
        network=_secret(options.network_config, "", stdin) if options.network_config else "",
        user_data=_secret(options.user_data, "", stdin) if options.user_data else "",
    )


def _list(words: str | None) -> tuple[str, ...]:
    return tuple(filter(None, (words or "").replace(" ", ",").split(",")))


def _unattended(options: argparse.Namespace, stdin: Callable[[str], str]) -> UnattendedWish:
    """Each secret that comes from stdin is a line of it, in this order."""
    return UnattendedWish(
        options.unattended,
        options.user or "",
        full_name=options.full_name or "",
        password=_line(options.password_file, tr("Password: "), stdin),
        root_password=_line(options.root_password_file, tr("Root's password: "), stdin),
        product_key=_line(options.product_key_file, tr("Product key: "), stdin),
        hostname=options.hostname or "",
        language=options.language or "",
        keyboard=options.keyboard or "",
        timezone=options.timezone or "",
    )


def _keys(words: str) -> list[str]:
    """The keys of a file, or the one that was typed."""
    if words.split(" ")[0].startswith(("ssh-", "ecdsa-", "sk-")):
        return [words]
    lines = file(words).splitlines()
    return [line for line in lines if line.strip() and not line.lstrip().startswith("#")]


def several_secrets(options: argparse.Namespace) -> bool:
    """Whether more than one is to come from stdin."""
    given = [options.password_file, options.root_password_file, options.product_key_file]
    return given.count(STDIN) > 1


def _line(where: str | None, question: str, stdin: Callable[[str], str]) -> str:
    return _secret(where, question, stdin).rstrip("\r\n") if where else ""


def _secret(where: str, question: str, stdin: Callable[[str], str]) -> str:
    return stdin(question) if where == STDIN else file(where)


def file(path: str) -> str:
    """The text of a small file. Raises Usage."""
    try:
        with open(path, encoding="utf-8") as opened:
            return opened.read(LONGEST + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else tr("It is not text in UTF-8.")
        raise Usage(tr("{path} cannot be read: {reason}", path=path, reason=reason)) from None


def _place(words: str) -> Place:
    place: Place = _read(values.place, words)
    return Here(str(Path(place.path).expanduser().absolute())) if isinstance(place, Here) else place


def _read(one: Callable[[str], Any], words: str) -> Any:
    try:
        return one(words)
    except (OptionError, SizeError) as error:
        raise Usage(str(error.why)) from None


async def create(session: Session, options: argparse.Namespace) -> int:
    return await later.run("creation", session, options)
