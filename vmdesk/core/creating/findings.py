"""What is found out before anything is made: what the host can, what the medium holds, what is wrong with the wish."""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, replace

from vmdesk.core.creating.knowledge import Knowledge
from vmdesk.media import seed, unattended
from vmdesk.media.image import Image, no_file
from vmdesk.media.tree import Tree
from vmdesk.model.abilities import HostAbilities, MachineAbilities
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.names import names
from vmdesk.model.storage import Pool, Volume
from vmdesk.model.system import Certainty, Medium, System
from vmdesk.model.text import Text, text
from vmdesk.model.wish import Away, DiskWish, From, Here, Place, Reach, There, Wish
from vmdesk.virt import abilities, reaching, volumes
from vmdesk.virt.connection import Connection
from vmdesk.virt.pools import DEFAULT, preferred
from vmdesk.virt.reaching import Blocked
from vmdesk.virtxml.build import checks
from vmdesk.virtxml.build.complaint import Complaint, in_words
from vmdesk.virtxml.build.platform import platform


@dataclass(frozen=True, slots=True)
class Findings:
    """What one wish meets on one host.

    image    the disk image of the wish, if it is a file here
    blocked  the medium is a file here that the hypervisor cannot read
    missing  what of the further files is none
    complaints  what is wrong with the wish, or worth being told
    """

    host: HostAbilities
    machine: MachineAbilities
    medium: Medium
    image: Image | None = None
    tree: Tree | None = None
    blocked: Blocked | None = None
    missing: tuple[Complaint, ...] = ()
    complaints: tuple[Complaint, ...] = ()

    @property
    def system(self) -> System:
        return self.medium.system

    def in_the_way(self, wish: Wish) -> Blocked | None:
        """`blocked`, where the hypervisor itself is to read that file: what is copied or converted, we read."""
        if wish.source in (From.DISK, From.CLOUD):
            disk = wish.disks[0] if wish.disks else DiskWish()
            whole = disk.copy or disk.linked or wish.linked or len(names(wish)) > 1
            if whole or wish.source is From.CLOUD or (self.image is not None and not self.image.usable):
                return None
        return self.blocked


async def find(connection: Connection, knowledge: Knowledge, wish: Wish, host: HostAbilities | None = None) -> Findings:
    """Look at everything that the wish names. VirtError if the medium cannot be used at all."""
    host = host or await abilities.host_abilities(connection)
    medium, image, tree = await _medium(connection, knowledge, wish, host.native)
    if wish.os:
        system = await knowledge.system(wish.os)
        if system is None:
            raise _unknown_system(wish.os)
        medium = replace(medium, system=replace(system, certainty=Certainty.CHOSEN))
    where = platform(wish, medium.system, host, medium.architecture)
    machine = await abilities.machine_abilities(connection, where.kind, where.arch, where.machine)
    blocked = None
    if host.local and isinstance(wish.media, Here) and wish.source is not From.XML:
        reached = await reaching.reach(connection, wish.media.path)
        blocked = reached if isinstance(reached, Blocked) else None
    missing = await knowledge.run(lambda: tuple(_missing(wish)))
    complaints = (
        *missing,
        *told(wish, medium.system),
        *checks.check(wish, medium.system, host, machine),
    )
    found = Findings(host, machine, medium, image, tree, blocked, missing, complaints)
    return replace(found, complaints=(*complaints, *room(wish, found)))


def _missing(wish: Wish) -> Iterator[Complaint]:
    """Of the files besides the medium; in a worker."""
    fields = [("kernel", wish.kernel), ("initrd", wish.initrd)] if wish.source is From.KERNEL else []
    for field, place in (*fields, ("drivers", wish.drivers)):
        if isinstance(place, Here) and (why := no_file(place.path)) is not None:
            yield Complaint(field, why)


async def _medium(
    connection: Connection, knowledge: Knowledge, wish: Wish, native: str
) -> tuple[Medium, Image | None, Tree | None]:
    media = wish.media
    if wish.source is From.LOCATION and isinstance(media, Away):
        tree, system = await knowledge.tree(media.url, wish.arch or native)
        return Medium(system, tree.architecture), None, tree
    if wish.source is From.CDROM:
        if isinstance(media, Here):
            return await knowledge.medium(media.path), None, None
        if isinstance(media, There):
            volume = await _volume(connection, media)
            if (known := await knowledge.volume(connection, volume)) is not None:
                return known, None, None
        return Medium(await knowledge.named(_name(media))), None, None
    if wish.source in (From.DISK, From.CLOUD):
        system = await knowledge.named(_name(media))
        if isinstance(media, Here):
            image = await knowledge.image(media.path, wish.disks[0].format if wish.disks else "")
            return Medium(system, bytes=image.size), image, None
        if isinstance(media, There):
            await _volume(connection, media)
        return Medium(system), None, None
    return Medium(), None, None


async def _volume(connection: Connection, place: There) -> Volume:
    """VirtError that names it if there is none."""
    try:
        return await volumes.volume(connection, place.pool, place.volume)
    except VirtError as error:
        if error.problem.name not in ("no-pool", "no-volume"):
            raise
        what = text("There is no volume {volume} in the pool {pool}.", volume=place.volume, pool=place.pool)
        raise VirtError(Problem(what, error.problem.why, name="no-volume")) from None


def told(wish: Wish, system: System) -> Iterator[Complaint]:
    """What is wrong with what the guest is told: by cloud-init, by an installer's answers."""
    every = names(wish) or (wish.name,)
    if wish.cloud is not None:
        for one in seed.check(wish.cloud, every[0], len(every), len(wish.nics)):
            yield Complaint("cloud", one)
    asked = wish.unattended
    if asked is None:
        return
    for one in unattended.check(asked, every[0]):
        yield Complaint("unattended", one)
    if (asked.profile or "jeos") not in system.unattended:
        none = text("The OS database has no answers of this kind for {system}.", system=system.name or "?")
        yield Complaint("unattended", none)
    if wish.source is From.CDROM and not isinstance(wish.media, Here | None):
        yield Complaint("unattended", text("Answers go with a CD image here, or with an installation tree."))


def room(wish: Wish, found: Findings) -> Iterator[Complaint]:
    """What is copied from here must fit into its pool."""
    host, image, blocked = found.host, found.image, found.blocked
    disk = wish.disks[0] if wish.disks and image is not None else DiskWish()
    stays = wish.source is not From.CLOUD and not (disk.copy or disk.linked or wish.linked)
    if image is not None and not image.usable:
        stays = False
    if not isinstance(wish.media, Here) or (stays and host.local and (blocked is None or wish.reach is not Reach.COPY)):
        return
    size = image.taken if image is not None else found.medium.bytes
    pool = next((one for one in host.pools if one.name == disk.pool), None) or preferred(list(host.pools))
    if pool is None and host.room:
        pool = Pool(DEFAULT, "", available=host.room)
    if pool is not None and pool.active and size > pool.available:
        what = text(
            "The pool {pool} has {left} left, the copy takes {size} at once.",
            pool=pool.name,
            left=in_words(pool.available),
            size=in_words(size),
        )
        yield Complaint("disks", what)


def _name(place: Place | None) -> str:
    """The file's own name: it says more often than not what is in it."""
    if isinstance(place, Here):
        return posixpath.basename(place.path)
    if isinstance(place, There):
        return place.volume
    return posixpath.basename(place.url) if isinstance(place, Away) else ""


def _unknown_system(name: str) -> VirtError:
    what: Text = text("The OS database knows no system {name}.", name=name)
    next_ = text("Search for it in the wizard, or leave it out: then VMDesk finds it out.")
    return VirtError(Problem(what, None, next_, name="unknown-system"))
