"""All files of a host's machines and how they stand on one another, read through libvirt: for any user, on any host.

What is under a file says its volume; of a file in no storage pool the running machine's definition, or, here, its head.
Formats are those that definitions and volumes tell, never what a content looks like.
"""

import contextlib
import os
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

import libvirt
from lxml import etree

from vmdesk.model.chain import Files, Image, Marks, Owner, Role, Use
from vmdesk.model.errors import VirtError
from vmdesk.model.storage import Volume
from vmdesk.model.text import Text, text
from vmdesk.virt.connection import Connection
from vmdesk.virt.pools import pools
from vmdesk.virt.volumes import volumes
from vmdesk.virtxml import layers, marks, qcow2
from vmdesk.virtxml import volumes as volumes_xml
from vmdesk.virtxml.document import XmlError, root
from vmdesk.virtxml.layers import Layers

_GONE = (libvirt.VIR_ERR_NO_DOMAIN, libvirt.VIR_ERR_NO_DOMAIN_SNAPSHOT)


async def files(connection: Connection, *, fresh: bool = True, names_only: bool = False) -> Files:
    """All of the host.

    fresh       let libvirt look again what is in the pools first; not on a read-only connection
    names_only  without the volumes that no machine names: quicker, for a check before a start
    """
    found, owners, blind = await connection.long.call(_machines, text("Reading the machines"))
    listed: list[Volume] = []
    if not names_only:
        for pool in await pools(connection):
            if not pool.active:
                continue
            try:
                if fresh and not connection.readonly:
                    await connection.long.call(partial(_refresh, pool.name))
                listed += await volumes(connection, pool.name)
            except VirtError as error:
                if error.problem.name == "closed":
                    raise
                if error.problem.name not in ("no-pool", "pool-off"):
                    blind.append(text("The storage pool {pool} cannot be read.", pool=pool.name))
    doing = text("Reading the backing chains")
    work = partial(_images, connection.local, found, listed)
    images, uses = await connection.long.call(work, doing)
    return Files(images, uses, owners, tuple(blind))


def _refresh(name: str, conn: "libvirt.virConnect") -> None:
    # Refused while something is written into the pool: then the list is as old as that.
    with contextlib.suppress(libvirt.libvirtError):
        conn.storagePoolLookupByName(name).refresh(0)


def _machines(conn: "libvirt.virConnect") -> tuple[Layers, dict[str, Owner], list[Text]]:
    found, owners, blind = Layers(), dict[str, Owner](), list[Text]()
    for domain in conn.listAllDomains(0):
        try:
            owner = _machine(domain, found)
            owners[owner.uuid] = owner
        except libvirt.libvirtError as error:
            if error.get_error_domain() == libvirt.VIR_FROM_RPC:
                raise
            if error.get_error_code() not in _GONE:
                blind.append(text("The definition of {name} cannot be read.", name=domain.name()))
        except XmlError:
            blind.append(text("The definition of {name} cannot be read.", name=domain.name()))
    return found, owners, blind


def _machine(domain: "libvirt.virDomain", found: Layers) -> Owner:
    uuid, active, persistent = domain.UUIDString(), bool(domain.isActive()), bool(domain.isPersistent())
    stored = _definition(domain, libvirt.VIR_DOMAIN_XML_INACTIVE)
    layers.of_domain(stored, uuid, not persistent, found)
    if active and persistent:
        layers.of_domain(_definition(domain, 0), uuid, True, found)
    for snapshot in _snapshots(domain):
        layers.of_snapshot(snapshot, uuid, found)
    with contextlib.suppress(libvirt.libvirtError):
        if domain.hasManagedSaveImage():
            found.uses.append(Use("", Role.SAVED, uuid))
            layers.of_domain(root(domain.managedSaveGetXMLDesc(0)), uuid, False, found)
    mark: Marks = marks.parse(stored)
    return Owner(uuid, domain.name(), active, persistent, mark.template, mark.trashed)


def _definition(domain: "libvirt.virDomain", flags: int) -> etree._Element:
    return root(domain.XMLDesc(flags))


def _snapshots(domain: "libvirt.virDomain") -> Iterable[etree._Element]:
    try:
        listed = domain.listAllSnapshots(0)
    except libvirt.libvirtError as error:
        if error.get_error_domain() == libvirt.VIR_FROM_RPC:
            raise
        return  # the driver has none
    for one in listed:
        with contextlib.suppress(XmlError):
            yield root(one.getXMLDesc(0))


def _images(
    local: bool, found: Layers, listed: Iterable[Volume], conn: "libvirt.virConnect"
) -> tuple[dict[str, Image], tuple[Use, ...]]:
    same = _Same(local)
    by_volume = {f"{one.pool}/{one.name}": one.path for one in listed}
    images = {image.path: image for image in (_of_volume(one, same) for one in listed)}
    uses = tuple(
        dict.fromkeys(
            replace(use, path=same.path(_at(conn, by_volume, use.path))) if use.path else use for use in found.uses
        )
    )
    formats: dict[str, set[str]] = {}
    for use in uses:
        if use.role in (Role.DISK, Role.FROZEN, Role.OVERLAY):
            formats.setdefault(use.path, set()).add(use.format)
    below = {same.path(path): (same.path(under), kind) for path, (under, kind) in found.below.items()}
    waiting = [(use.path, use.format) for use in uses if use.path and use.role not in (Role.MEMORY, Role.SAVED)]
    waiting += [(image.backing, image.backing_format) for image in images.values() if image.backing]
    while waiting:
        path, kind = waiting.pop()
        if path in images or not path:
            continue
        image = _look(conn, same, path, kind, below, local)
        if image is not None:
            images[path] = image
            waiting.append((image.backing, image.backing_format))
    for use in uses:
        told = use.path in images or use.role not in (Role.MEMORY, Role.NVRAM, Role.BOOT)
        if not told and (size := _size(local, use.path)):
            images[use.path] = Image(use.path, "raw", size, size)
    for path, kinds in formats.items():
        # Said to be raw by all who name it: what its content looks like is the guest's business.
        if kinds == {"raw"} and path in images:
            images[path] = replace(images[path], format="raw", backing="", backing_format="", known=True)
    return images, uses


class _Same:
    """One name for a file that has several, as far as this computer can tell."""

    def __init__(self, local: bool) -> None:
        self._local = local
        self._folders: dict[str, str] = {}

    def path(self, path: str) -> str:
        if not self._local or not path.startswith("/"):
            return path
        folder, name = os.path.split(path)
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(folder)
        whole = os.path.join(self._folders[folder], name)
        try:
            return os.path.realpath(whole) if os.path.islink(whole) else whole
        except OSError:
            return whole


def _of_volume(volume: Volume, same: _Same) -> Image:
    return Image(
        same.path(volume.path),
        volume.format,
        volume.capacity,
        volume.allocation,
        same.path(volume.backing),
        volume.backing_format,
        True,
        volume.pool,
        volume.name,
        volume.modified,
        volume.encrypted,
    )


def _at(conn: "libvirt.virConnect", by_volume: dict[str, str], path: str) -> str:
    """The path of POOL/VOLUME."""
    if path.startswith("/") or path in by_volume or "/" not in path:
        return by_volume.get(path, path)
    pool, _slash, name = path.partition("/")
    try:
        return str(conn.storagePoolLookupByName(pool).storageVolLookupByName(name).path())
    except libvirt.libvirtError as error:
        if error.get_error_domain() == libvirt.VIR_FROM_RPC:
            raise
        return path


def _look(
    conn: "libvirt.virConnect", same: _Same, path: str, kind: str, below: dict[str, tuple[str, str]], local: bool
) -> Image | None:
    """A file that no listed pool has. None: it is not there."""
    from_pool = _lookup(conn, path)
    if from_pool is not None:
        return _of_volume(from_pool, same)
    if not path.startswith("/"):
        return Image(path, kind, known=kind == "raw" or path in below)
    size = _size(local, path)
    if path in below:
        under, under_kind = below[path]
        return Image(path, kind, None, size, under, under_kind)
    if kind == "raw":
        return None if local and not os.path.lexists(path) and _readable(path) else Image(path, kind, size, size)
    if kind != "qcow2" or not local:
        return Image(path, kind, None, size, known=False)
    try:
        head = qcow2.parse(_head(path))
    except FileNotFoundError:
        return None
    except (OSError, qcow2.NotQcow2):
        return Image(path, kind, None, size, known=False)
    under = same.path(os.path.join(os.path.dirname(path), head.backing)) if head.backing else ""
    return Image(path, kind, head.capacity, size, under, head.backing_format, not head.data_file)


def _lookup(conn: "libvirt.virConnect", path: str) -> Volume | None:
    from_path = getattr(conn, "storageVolLookupByPath", None)
    if from_path is None:
        return None
    try:
        found = from_path(path)
        pool = str(found.storagePoolLookupByVolume().name())
        return _parse(found.XMLDesc(0), pool)
    except libvirt.libvirtError as error:
        if error.get_error_domain() == libvirt.VIR_FROM_RPC:
            raise
        return None


def _parse(xml: str, pool: str) -> Volume | None:
    try:
        return volumes_xml.parse(xml, pool)
    except XmlError:
        return None


def _head(path: str) -> bytes:
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(fd, "rb", buffering=0) as file:
        return file.read(qcow2.HEAD)


def _size(local: bool, path: str) -> int | None:
    if not local:
        return None
    try:
        return os.stat(path).st_blocks * 512
    except OSError:
        return None


def _readable(path: str) -> bool:
    """Whether we may look into its folder at all."""
    return os.access(Path(path).parent, os.X_OK)
