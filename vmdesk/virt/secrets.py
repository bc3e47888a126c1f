"""Passphrases of encrypted volumes, kept by libvirt as secrets that it gives to nobody."""

import secrets
import uuid as uuids

import libvirt
from lxml import etree

from vmdesk.model.text import text
from vmdesk.virt.connection import Connection
from vmdesk.virt.things import UNKNOWN_FLAG


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


async def keep(connection: Connection, passphrase: str, about: str) -> str:
    """Give libvirt a passphrase to keep; the secret's UUID. `about`: what it is for, for people."""
    connection.may_write(doing := text("Keeping the passphrase of {volume}", volume=about))
    xml = _build(str(uuids.UUID(bytes=secrets.token_bytes(16), version=4)), about)

    def work(conn: "libvirt.virConnect") -> str:
        made = conn.secretDefineXML(xml, 0)
        try:
            made.setValue(passphrase.encode(), 0)
        except libvirt.libvirtError:
            made.undefine()
            raise
        return str(made.UUIDString())

    return await connection.long.call(work, doing)


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
