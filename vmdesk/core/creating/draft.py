"""What is being written in the wizard: the wish, what was found out about it, its pages, and what is wrong where.

Pure: a draft is never changed, each function gives the next one.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import Enum

from vmdesk.core.creating.edited import Edited
from vmdesk.core.creating.findings import Findings, room, told
from vmdesk.model import names
from vmdesk.model.abilities import HostAbilities
from vmdesk.model.errors import Problem
from vmdesk.model.sizes import GIB, KIB, MIB
from vmdesk.model.system import System
from vmdesk.model.text import Text, fold, text
from vmdesk.model.wish import CloudWish, DiskWish, From, Here, Nets, NicWish, Place, There, Wish
from vmdesk.virtxml.build import checks
from vmdesk.virtxml.build.choose import Choices, choose, disk_bytes_for, memory_for, vcpus_for
from vmdesk.virtxml.build.complaint import Complaint, Weight

DEFAULT = "default"  # libvirt's name for the first network
NOTHING = There("", "")  # an existing volume that is still to be chosen
INSTALLERS = (From.CDROM, From.LOCATION)  # what answers can be given to
_LEAST_MEMORY = 512 * MIB
_PLAIN = re.compile(r"[^a-z0-9]+")
_LONGEST_NAME = 40


class Page(Enum):
    """The wizard's pages. The values stand in names of widgets."""

    WHERE = "where"
    REVIEW = "review"  # of a definition from a file
    MACHINE = "machine"
    DETAILS = "details"  # beside the way: nobody has to see it
    SHOWN = "shown"  # beside the way: definition and commands as they are now
    SUMMARY = "summary"


class Size(Enum):
    SMALL = "small"
    MEDIUM = "medium"  # what the system recommends
    LARGE = "large"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class Figures:
    """Processors, memory in KiB and disk in bytes."""

    vcpus: int
    memory_kib: int
    disk_bytes: int


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What the person said of a definition from a file.

    digest   of the text that was looked through: of another one nothing was said
    name     of the machine
    allowed  the ids of the findings that stay in
    """

    digest: str
    name: str
    allowed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Draft:
    """Everything of one wizard.

    host       the host's id
    named, networked  the person chose the name, the network; else they follow what is found
    found      what the wish meets on the host; None: not looked yet
    problem    why the medium cannot be used at all
    taken      names of the host's machines
    kept       media of kinds of sources that were looked at before
    edited     the person's own changes of the definition, None if that was left alone
    keys       public SSH keys of this account: the first choice for cloud images
    reviewed   of a definition from a file, None before it was looked through
    """

    host: str = ""
    wish: Wish = field(default_factory=Wish)
    size: Size = Size.MEDIUM
    named: bool = False
    networked: bool = False
    found: Findings | None = None
    problem: Problem | None = None
    taken: frozenset[str] = frozenset()
    kept: tuple[tuple[From, Place], ...] = ()
    edited: Edited | None = None
    keys: tuple[str, ...] = ()
    reviewed: Reviewed | None = None

    @property
    def system(self) -> System:
        return self.found.system if self.found is not None else System()

    @property
    def abilities(self) -> HostAbilities:
        return self.found.host if self.found is not None else HostAbilities()


def pages(source: From) -> tuple[Page, ...]:
    """The way from the first page to the last one."""
    if source is From.XML:
        return (Page.WHERE, Page.REVIEW)
    return (Page.WHERE, Page.MACHINE, Page.SUMMARY)


# ---------------------------------------------------------------- what the person does


def with_source(draft: Draft, source: From) -> Draft:
    """Another kind of source; the medium of each kind is kept for when the person comes back to it."""
    if source is draft.wish.source:
        return draft
    old = draft.wish
    kept = dict(draft.kept)
    if old.media is not None:
        kept[old.source] = old.media
    cloud = (old.cloud or CloudWish(ssh_keys=draft.keys)) if source is From.CLOUD else None
    answers = old.unattended if source in INSTALLERS else None
    disks = () if source is From.CONTAINER else (old.disks or (DiskWish(),))
    wish = replace(old, source=source, media=kept.get(source), cloud=cloud, unattended=answers, disks=disks)
    return replace(draft, wish=wish, kept=tuple(kept.items()), problem=None, edited=None)


def with_media(draft: Draft, media: Place | None) -> Draft:
    """Another medium. What was said of the system before was said of the other one."""
    if media == draft.wish.media:
        return draft
    return replace(draft, wish=replace(draft.wish, media=media, os=""), problem=None, edited=None)


def can_be_told(draft: Draft) -> bool:
    """Whether an installer is started that can be told everything beforehand."""
    here = draft.wish.source is From.LOCATION or isinstance(draft.wish.media, Here)
    return draft.wish.source in INSTALLERS and here and bool(draft.system.unattended)


def with_name(draft: Draft, name: str) -> Draft:
    """Called so by the person; "" lets the name follow the medium again."""
    return _proposed(replace(draft, wish=replace(draft.wish, name=name), named=bool(name)))


def with_network(draft: Draft, nics: tuple[NicWish, ...]) -> Draft:
    return checked(replace(draft, wish=replace(draft.wish, nics=nics), networked=True))


def with_size(draft: Draft, size: Size) -> Draft:
    """One of the sizes; OWN keeps the figures that are there, and lets them be changed."""
    if size is Size.MEDIUM:
        figures_ = Figures(0, 0, 0)  # what suits, whatever is found later
    elif size is Size.OWN:
        figures_ = current(draft)
    else:
        figures_ = figures(draft, size)
    return replace(_with_figures(draft, figures_), size=size)


def with_figures(draft: Draft, figures_: Figures) -> Draft:
    """The person's own."""
    return replace(_with_figures(draft, figures_), size=Size.OWN)


def _with_figures(draft: Draft, figures_: Figures) -> Draft:
    disks = draft.wish.disks
    if disks and _sized(draft, disks[0]):
        disks = (replace(disks[0], bytes=figures_.disk_bytes), *disks[1:])
    wish = replace(draft.wish, vcpus=figures_.vcpus, memory_kib=figures_.memory_kib, disks=disks)
    return checked(replace(draft, wish=wish))


def _sized(draft: Draft, disk: DiskWish) -> bool:
    """Whether the size is the wish's to say: an existing disk has its own."""
    return disk.source is None and draft.wish.source is not From.DISK


# ---------------------------------------------------------------- sizes


def figures(draft: Draft, size: Size) -> Figures:
    """What a size means for this system on this host."""
    system, host = draft.system, draft.abilities
    plain = replace(draft.wish, vcpus=0, memory_kib=0)
    usual = Figures(
        vcpus_for(plain, system, host)[0], memory_for(plain, system, host)[0], disk_bytes_for(system)[0]
    )  # fmt: skip
    if draft.wish.source is From.CLOUD and draft.found is not None and draft.found.image is not None:
        usual = replace(usual, disk_bytes=max(draft.found.image.size, 10 * GIB))
    match size:
        case Size.SMALL:
            least = max(system.minimum.memory, _LEAST_MEMORY) // KIB
            return Figures(
                max(system.minimum.vcpus, 1),
                min(max(usual.memory_kib // 2, least), usual.memory_kib),
                max(usual.disk_bytes // 2, system.minimum.disk),
            )
        case Size.LARGE:
            most = host.memory // KIB // 2 if host.memory else usual.memory_kib * 2
            return Figures(
                max(min(usual.vcpus * 2, host.cpus or usual.vcpus * 2), usual.vcpus),
                max(min(usual.memory_kib * 2, most // KIB * KIB), usual.memory_kib),
                usual.disk_bytes * 2,
            )
        case Size.OWN:
            return current(draft)
    return usual


def current(draft: Draft) -> Figures:
    """As the wish is now, with what suits where it leaves that open."""
    system, host = draft.system, draft.abilities
    disks = draft.wish.disks
    size = disks[0].bytes if disks else 0
    return Figures(
        vcpus_for(draft.wish, system, host)[0],
        memory_for(draft.wish, system, host)[0],
        size or figures(draft, Size.MEDIUM).disk_bytes,
    )


# ---------------------------------------------------------------- what was found


def search_key(draft: Draft) -> tuple[object, ...]:
    """What `findings.find` depends on: while it is the same, nothing has to be looked at again."""
    wish = draft.wish
    first = wish.disks[0].format if wish.disks else ""
    platform = wish.arch, wish.kind, wish.machine, wish.firmware
    return draft.host, wish.source, wish.media, wish.os, *platform, first, wish.kernel, wish.initrd, wish.drivers


def take(draft: Draft, found: Findings) -> Draft:
    """What was found out about the wish: what the person left open follows it."""
    draft = replace(draft, found=found, problem=None)
    if not draft.networked:
        draft = replace(draft, wish=replace(draft.wish, nics=standard_nics(found.host, draft.wish.source)))
    if draft.size in (Size.SMALL, Size.LARGE):
        draft = replace(_with_figures(draft, figures(draft, draft.size)), size=draft.size)
    return _proposed(draft)


def refuse(draft: Draft, problem: Problem) -> Draft:
    """The medium cannot be used; what the host can is still known."""
    return checked(replace(draft, problem=problem))


def standard_nics(host: HostAbilities, source: From) -> tuple[NicWish, ...]:
    """One card, on what this host has: a session has user networking, others a network."""
    if host.session and source is not From.CONTAINER:
        return (NicWish(Nets.USER, ""),)
    known = [network.name for network in host.networks]
    if not known or DEFAULT in known:
        return (NicWish(),)
    best = max(host.networks, key=lambda one: (one.active, one.forward == "nat", one.dhcp))
    return (NicWish(Nets.NETWORK, best.name),)


def proposed_name(system: System, media: Place | None, taken: Iterable[str]) -> str:
    """debian-12 for "Debian GNU/Linux 12.7.0", else what the file is called; with a number where that is taken."""
    stem = ""
    if system.name:
        plain = system.distro or system.name
        version = system.version.split(".")[0]
        stem = _slug(f"{plain} {version}" if version not in plain else plain)
    elif media is not None:
        stem = _slug(_stem(media))
    stem = stem or "machine"
    used = set(taken)
    if stem not in used:
        return stem
    return next(name for number in range(2, len(used) + 3) if (name := f"{stem}-{number}") not in used)


def _stem(media: Place) -> str:
    match media:
        case Here(path):
            name = path.rstrip("/").rpartition("/")[2]
        case There(_, volume):
            name = volume
        case _:
            name = ""
    return name.rpartition(".")[0] or name


def _slug(words: str) -> str:
    return _PLAIN.sub("-", fold(words))[:_LONGEST_NAME].strip("-")


def _proposed(draft: Draft) -> Draft:
    if not draft.named:
        name = proposed_name(draft.system, draft.wish.media, draft.taken)
        draft = replace(draft, wish=replace(draft.wish, name=name))
    return checked(draft)


# ---------------------------------------------------------------- what is wrong


def checked(draft: Draft) -> Draft:
    """With the complaints of the wish as it is now."""
    found = draft.found
    if found is None:
        return draft
    wish = draft.wish
    complaints = list(
        checks.check(wish, found.system, found.host, found.machine, medium_arch=found.medium.architecture)
    )
    complaints += (*found.missing, *room(wish, found))
    if clash := next((name for name in names.names(wish) if name in draft.taken), ""):
        complaints.append(Complaint("name", text("There is a machine called {name} on this host already.", name=clash)))
    for place, disk in enumerate(wish.disks):
        if disk.source == NOTHING:
            complaints.append(Complaint(f"disks[{place}].source", text("Choose the volume that is to be its disk.")))
    complaints += told(wish, found.system)
    complaints += _answers(wish)
    cloud = wish.cloud if wish.source is From.CLOUD else None
    if cloud is not None and not (cloud.user_data or cloud.ssh_keys or cloud.password):
        nobody = text("Nobody will be able to log in: give a user with a password, or an SSH key.")
        complaints.append(Complaint("cloud", nobody, Weight.WARNING))
    return replace(draft, found=replace(found, complaints=tuple(complaints)))


def _answers(wish: Wish) -> Iterable[Complaint]:
    """Nobody is there who could be asked."""
    if wish.unattended is not None and not (wish.unattended.user and wish.unattended.password):
        yield Complaint("unattended", text("Nobody is asked: say the user's name and password here."))


_WHERE = ("media", "kernel", "initrd", "append")
_MACHINE = ("name", "count", "vcpus", "memory_kib", "disks", "nics", "cloud", "unattended")
_DEEP = ("model", "mac", "forwards", "bus")  # parts of disks and cards that stand among the details
_FURTHER = re.compile(r"(disks|nics)\[[1-9]")  # so do all of them but the first


def page_of(place: str) -> Page:
    """Where the choice stands that a complaint is about."""
    head = re.split(r"[\[.]", place)[0]
    if head in _WHERE:
        return Page.WHERE
    if head in _MACHINE and not _FURTHER.match(place) and not any(f".{part}" in place for part in _DEEP):
        return Page.MACHINE
    return Page.DETAILS


def complaints(draft: Draft, *fields: str) -> tuple[Complaint, ...]:
    """Those about one of these fields, or a part of it; all without a field."""
    found = draft.found.complaints if draft.found is not None else ()
    if not fields:
        return found
    return tuple(one for one in found if any(_is_part(one.field, part) for part in fields))


def _is_part(place: str, of: str) -> bool:
    return place == of or place.startswith((f"{of}.", f"{of}["))


def stopping(draft: Draft, page: Page) -> Text | None:
    """Why one cannot go on from this page; None if one can."""
    if page is Page.WHERE and draft.problem is not None:
        return draft.problem.what
    if draft.found is None:
        return text("The host is being looked at …")
    order = (Page.WHERE, Page.MACHINE, Page.DETAILS, Page.SUMMARY)
    upto = order[: order.index(page) + 1] if page in order else (Page.WHERE,)
    for one in complaints(draft):
        if one.weight is Weight.ERROR and page_of(one.field) in upto:
            return one.what
    return None


def to_confirm(draft: Draft) -> tuple[Text, ...]:
    """What is only done when the person says so once more."""
    return tuple(one.what for one in complaints(draft) if one.weight is Weight.CONFIRM)


def warnings(draft: Draft) -> tuple[Text, ...]:
    return tuple(one.what for one in complaints(draft) if one.weight is Weight.WARNING)


def choices(draft: Draft) -> Choices | None:
    """What suits, with the reasons; None until the host has been looked at."""
    if draft.found is None:
        return None
    return choose(draft.wish, draft.system, draft.found.host, draft.found.machine)
