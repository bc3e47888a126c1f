"""Pools and volumes are made and forgotten with their secrets, for the window and for the command."""

from vmdesk.core.journal import Journal, Record
from vmdesk.core.snapshots.desk import refused
from vmdesk.core.storage import filling
from vmdesk.core.storage.kinds import BY_ID, Make, PoolWish
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.storage import Pool, PoolSource, Volume
from vmdesk.model.text import Text, text
from vmdesk.virt import host_devices, pools, secrets, volumes
from vmdesk.virt.connection import Connection
from vmdesk.virt.stopping import Progress
from vmdesk.virtxml import pools as pools_xml
from vmdesk.virtxml.document import XmlError

POOL = "pool"  # the journal's word
LEAST = 8  # letters of a passphrase


async def make_pool(journal: Journal, connection: Connection, wish: PoolWish) -> str:
    """Define it, prepare it, switch it on; its name. Nothing of it stays in libvirt if that does not work."""
    if not wish.keeps_secret:
        return await _define(connection, wish)
    # Nobody sees a secret that no pool names: until one does, it is written down.
    entry = journal.begin(POOL, connection.config_uri, wish.name, secret=wish.secret)
    with entry.kept_if_lost():
        await secrets.keep_login(connection, wish.secret_value(), wish.name, wish.login, wish.secret)
        try:
            return await _define(connection, wish)
        except BaseException:
            await filling.undo(secrets.drop(connection, wish.secret))
            raise


async def _define(connection: Connection, wish: PoolWish) -> str:
    name = await pools.define_pool(connection, wish.xml())
    try:
        await _set_up(connection, name, wish)
    except BaseException:
        await filling.undo(pools.stop_pool(connection, name), pools.undefine_pool(connection, name))
        raise
    return name


async def recover_pool(connection: Connection, record: Record) -> Text:
    """The password is forgotten if no pool came to have it. VirtError."""
    if await secrets.drop_login(connection, record.data["secret"]):
        return text(
            "Making the storage pool {pool} was cut off when VMDesk ended: its password is forgotten.",
            pool=record.title,
        )
    return text(
        "Making the storage pool {pool} was cut off when VMDesk ended: look whether it is as it should be.",
        pool=record.title,
    )


async def _set_up(connection: Connection, name: str, wish: PoolWish) -> None:
    if wish.make is not Make.KEEP:
        await pools.build_pool(connection, name, wish.make)
    elif wish.start and wish.kind in BY_ID and BY_ID[wish.kind].builds:
        await pools.build_pool(connection, name)
    if wish.start:
        await pools.start_pool(connection, name)
    if wish.autostart:
        await pools.set_pool_autostart(connection, name, True)


async def forget_pool(connection: Connection, name: str, uuid: str = "") -> None:
    """Switch it off and forget it, and the password that was kept for it alone; what is in it stays where it is.

    uuid  what it must have
    """
    now = await pools.pool(connection, name)
    if uuid and now.uuid != uuid:
        raise refused(text("Another storage pool has this name meanwhile."), "changed")
    try:
        login = pools_xml.parse_source(await pools.pool_xml(connection, name)).login
    except XmlError:
        login = None
    if now.active:
        await pools.stop_pool(connection, name)
    if now.persistent:
        await pools.undefine_pool(connection, name)
    if login is not None and login.secret:
        await secrets.drop_login(connection, login.secret)


async def find_sources(connection: Connection, wish: PoolWish) -> tuple[PoolSource, ...]:
    """What a pool of that kind could be made of. VirtError if nobody can tell."""
    how = BY_ID[wish.kind].finds
    if how == "disk":
        return tuple(PoolSource(devices=(one,)) for one in await host_devices.disks(connection))
    if how == "adapter":
        return tuple(PoolSource(adapter=one) for one in await host_devices.adapters(connection))
    said = wish.source()
    wanted = PoolSource(hosts=said.hosts, initiator=said.initiator) if how == "host" else PoolSource()
    found = await pools.find_sources(connection, wish.kind, wanted)
    if wish.kind == "netfs" and said.format in ("nfs", "glusterfs"):
        return tuple(one for one in found if one.format == said.format)
    return found


async def make_volume(
    connection: Connection,
    pool: Pool,
    name: str,
    capacity: int,
    *,
    format: str = "",  # noqa: A002 - the word for it
    full: bool = False,
    passphrase: str = "",
    progress: Progress | None = None,
) -> Volume:
    """An empty volume; with a passphrase it is encrypted (LUKS), and libvirt keeps the passphrase."""
    if passphrase and not pool.keeps_files:
        why = text("Only volumes in pools that keep files can be encrypted.")
        raise VirtError(Problem(text("Making the volume {volume} in {pool}", volume=name, pool=pool.name), why))
    path = f"{pool.target}/{name}" if pool.target else ""
    secret = await secrets.keep(connection, passphrase, name, path) if passphrase else ""
    try:
        return await volumes.create_volume(
            connection, pool, name, capacity, format=format, full=full, secret=secret, progress=progress
        )
    except BaseException:
        if secret:
            await filling.undo(secrets.drop(connection, secret))
        raise
