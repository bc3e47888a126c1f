"""Passphrases of encrypted volumes and passwords of pools, kept by libvirt as secrets that it gives to nobody."""

import os
import secrets
import uuid as uuids

import libvirt
from lxml import etree

from vmdesk.model.text import text
from vmdesk.virt.connection import Connection
from vmdesk.virt.things import UNKNOWN_FLAG

OURS = "vmdesk/"  # what the names of secrets begin with that were kept for a pool


async def able(connection: Connection) -> bool:
    """Whether the host keeps secrets at all."""

    def ask(conn: "libvirt.virConnect") -> bool:
        try:
            conn.numOfSecrets()
        except libvirt.libvirtError as error:
            if error.get_error_code() not in UNKNOWN_FLAG:
                raise
            return False
        return True

    return await connection.long.call(ask, text("Asking whether the host keeps passphrases"))


async def keep(connection: Connection, passphrase: str, about: str, path: str = "") -> str:
    """Give libvirt a passphrase to keep; the secret's UUID. `about`: what it is for, for people.

    path  of the volume: by it the secret is found again, when a machine is given the volume
    """
    connection.may_write(doing := text("Keeping the passphrase of {volume}", volume=about))
    secret = etree.fromstring(_build(str(uuids.UUID(bytes=secrets.token_bytes(16), version=4)), about))

    def work(conn: "libvirt.virConnect") -> str:
        if path and _is_free(conn, path):
            usage = etree.SubElement(secret, "usage", type="volume")
            etree.SubElement(usage, "volume").text = path
        made = conn.secretDefineXML(etree.tostring(secret, encoding="unicode"), 0)
        try:
            made.setValue(passphrase.encode(), 0)
        except libvirt.libvirtError:
            made.undefine()
            raise
        return str(made.UUIDString())

    return await connection.long.call(work, doing)


async def of_volume(connection: Connection, path: str) -> str:
    """The UUID of the secret with the passphrase of the volume at that path; "" if libvirt has none."""

    def ask(conn: "libvirt.virConnect") -> str:
        found = _of_volume(conn, path)
        return str(found.UUIDString()) if found is not None else ""

    return await connection.long.call(ask, text("Asking whether the host keeps passphrases"))


def _of_volume(conn: "libvirt.virConnect", path: str) -> "libvirt.virSecret | None":
    try:
        return conn.secretLookupByUsage(libvirt.VIR_SECRET_USAGE_TYPE_VOLUME, path)
    except libvirt.libvirtError as error:
        if error.get_error_code() not in (libvirt.VIR_ERR_NO_SECRET, *UNKNOWN_FLAG):
            raise
        return None


def _is_free(conn: "libvirt.virConnect", path: str) -> bool:
    """Whether a secret can be called by that path: that of a volume which is there keeps its name."""
    stale = _of_volume(conn, path)
    if stale is None:
        return True
    try:
        conn.storageVolLookupByPath(path)
    except libvirt.libvirtError as error:
        if error.get_error_code() != libvirt.VIR_ERR_NO_STORAGE_VOL:
            raise
        if _is_named(conn, stale.UUIDString()):  # its volume was moved by hand, and is in use
            return False
        stale.undefine()
        return True
    return False


async def keep_login(connection: Connection, value: bytes, pool: str, kind: str, uuid: str) -> None:
    """Give libvirt what a pool logs in with. `kind`: chap, ceph; `uuid`: the pool's definition names it."""
    connection.may_write(doing := text("Keeping the password of the storage pool {pool}", pool=pool))
    secret = etree.fromstring(_build(uuid, pool))
    # libvirt gives a pool only a secret of its own kind, whose name no other secret of that kind has.
    usage = etree.SubElement(secret, "usage", type="iscsi" if kind == "chap" else kind)
    etree.SubElement(usage, "target" if kind == "chap" else "name").text = f"{OURS}{uuid}"
    xml = etree.tostring(secret, encoding="unicode")

    def work(conn: "libvirt.virConnect") -> None:
        made = conn.secretDefineXML(xml, 0)
        try:
            made.setValue(value, 0)
        except libvirt.libvirtError:
            made.undefine()
            raise

    await connection.long.call(work, doing)


async def drop_login(connection: Connection, uuid: str) -> bool:
    """Forget what a pool logged in with, if it was kept for that and no pool or machine names it; whether it was."""

    def work(conn: "libvirt.virConnect") -> bool:
        try:
            found = conn.secretLookupByUUIDString(uuid)
            if not (found.usageID() or "").startswith(OURS):
                return False
            inactive = libvirt.VIR_DOMAIN_XML_INACTIVE
            if any(uuid in one.XMLDesc(0) for one in conn.listAllStoragePools(0)) or any(
                uuid in one.XMLDesc(flags) for one in conn.listAllDomains(0) for flags in (0, inactive)
            ):
                return False
            found.undefine()
        except libvirt.libvirtError as error:
            if error.get_error_domain() == libvirt.VIR_FROM_RPC:
                raise
            return False  # gone, or nobody knows who needs it: better a secret too many
        return True

    return await connection.long.call(work, text("Forgetting a passphrase"))


def forget_with_volume(conn: "libvirt.virConnect", path: str) -> bool:
    """Forget the passphrase of a volume that was just deleted, if it was kept for it alone; whether it was.

    Blocking; no error: the volume is gone, and where nobody knows who needs it a secret too many is better.
    """
    try:
        found = _of_volume(conn, path)
        if found is None or not _kept_here(found.XMLDesc(0), os.path.basename(path)):
            return False
        if _is_named(conn, found.UUIDString()) or _is_perhaps_of_a_copy(conn):
            return False
        found.undefine()
    except libvirt.libvirtError:
        return False
    return True


def _kept_here(xml: str, name: str) -> bool:
    """Whether it is as `keep` makes them: private, and described by the volume's name."""
    secret = etree.fromstring(xml)
    return secret.get("private") == "yes" and secret.findtext("description") == name


def _is_named(conn: "libvirt.virConnect", uuid: str) -> bool:
    """Whether a machine names it: the stored one, the running one, a saved state, a snapshot; or a storage pool."""
    if any(uuid in one.XMLDesc(0) for one in conn.listAllStoragePools(0)):
        return True
    for domain in conn.listAllDomains(0):
        if uuid in domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE) or uuid in domain.XMLDesc(0):
            return True
        if domain.hasManagedSaveImage() and uuid in domain.managedSaveGetXMLDesc(0):
            return True
        if any(uuid in one.getXMLDesc(0) for one in domain.listAllSnapshots(0)):
            return True
    return False


def _is_perhaps_of_a_copy(conn: "libvirt.virConnect") -> bool:
    """Whether there is an encrypted volume without a secret of its own: perhaps it has this passphrase, too."""
    for pool in conn.listAllStoragePools(libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE):
        for volume in pool.listAllVolumes(0):
            if "<encryption" in volume.XMLDesc(0) and _of_volume(conn, volume.path()) is None:
                return True
    return False


async def drop(connection: Connection, uuid: str) -> None:
    """Forget it; nothing if it is not there."""

    def work(conn: "libvirt.virConnect") -> None:
        try:
            conn.secretLookupByUUIDString(uuid).undefine()
        except libvirt.libvirtError as error:
            if error.get_error_code() != libvirt.VIR_ERR_NO_SECRET:
                raise

    await connection.long.call(work, text("Forgetting a passphrase"))


def _build(uuid: str, about: str) -> str:
    """Private: no client can read it. No usage: the volume's path is not known yet; definitions name the UUID."""
    secret = etree.Element("secret", ephemeral="no", private="yes")
    etree.SubElement(secret, "uuid").text = uuid
    etree.SubElement(secret, "description").text = about
    return etree.tostring(secret, encoding="unicode")
