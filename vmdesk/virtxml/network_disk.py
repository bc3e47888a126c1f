"""What stands in a disk's `<source>`: where QEMU reaches it over the network, with the login that its pool has; the
passphrase of an encrypted one.
"""

from lxml import etree

from vmdesk.model.storage import NetworkPlace
from vmdesk.virtxml.pools import host_and_port

_SECRETS = {"ceph": "ceph", "chap": "iscsi"}  # what libvirt calls the secret of each kind of login


def source(place: NetworkPlace) -> etree._Element:
    """Raises ValueError for what XML has no way to write."""
    found = etree.Element("source", protocol=place.protocol, name=place.name)
    for host in place.hosts:
        server, port = host_and_port(host)
        etree.SubElement(found, "host", {"name": server, **({"port": port} if port else {})})
    login = place.login
    if login is not None:
        auth = etree.SubElement(found, "auth", username=login.user)
        named = {"uuid": login.secret} if login.secret else {"usage": login.usage}
        etree.SubElement(auth, "secret", {"type": _SECRETS.get(login.kind, login.kind), **named})
    return found


def encryption(secret: str) -> etree._Element:
    """LUKS, with the passphrase that libvirt keeps under that UUID."""
    found = etree.Element("encryption", format="luks")
    etree.SubElement(found, "secret", type="passphrase", uuid=secret)
    return found
