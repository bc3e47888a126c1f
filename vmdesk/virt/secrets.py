"""Passphrases of encrypted volumes and passwords of pools, kept by libvirt as secrets that it gives to nobody."""

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
