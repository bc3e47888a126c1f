"""Storage pools: `<pool>` to values and back."""

from lxml import etree

from vmdesk.model.storage import Login, NetworkPlace, Pool, PoolAbility, PoolSource
from vmdesk.virtxml.document import XmlError, root, size

_NOWHERE = PoolSource()


def parse(xml: str, *, active: bool = True, autostart: bool = False, persistent: bool = True) -> Pool:
    """Read a `<pool>`; the flags are not in it. Raises XmlError."""
    pool = root(xml)
    if pool.tag != "pool":
        raise XmlError("not a <pool>")
    return Pool(
        name=pool.findtext("name") or "",
        uuid=pool.findtext("uuid") or "",
        kind=pool.get("type") or "dir",
        target=pool.findtext("target/path") or "",
        active=active,
        autostart=autostart,
        persistent=persistent,
        capacity=size(pool.find("capacity")) if active else 0,
        allocation=size(pool.find("allocation")) if active else 0,
        available=size(pool.find("available")) if active else 0,
    )


def parse_abilities(xml: str) -> tuple[PoolAbility, ...]:
    """The kinds of pools that a host knows of, from `<storagepoolCapabilities>`. Raises XmlError."""
    told = root(xml)
    if told.tag != "storagepoolCapabilities":
        raise XmlError("not <storagepoolCapabilities>")
    return tuple(
        PoolAbility(
            one.get("type") or "",
            one.get("supported") == "yes",
            tuple(value.text or "" for value in one.iterfind("poolOptions/enum[@name='sourceFormatType']/value")),
        )
        for one in told.findall("pool")
    )


def parse_source(xml: str) -> PoolSource:
    """Where the pool of that definition comes from. Raises XmlError."""
    found = root(xml).find("source")
    return _source(found) if found is not None else PoolSource()


def parse_sources(xml: str) -> tuple[PoolSource, ...]:
    """What libvirt found: `<sources>`. Raises XmlError."""
    return tuple(_source(one) for one in root(xml).findall("source"))


def network_place(xml: str, volume: str) -> NetworkPlace | None:
    """How QEMU reaches a volume of the pool of that definition; None where libvirt does that itself. Raises XmlError.

    Kinds that libvirt does not take as `<disk type='volume'>`.
    """
    kind, source = root(xml).get("type") or "", parse_source(xml)
    if kind not in ("rbd", "gluster", "sheepdog"):
        return None
    folder = source.folder.strip("/") if kind == "gluster" else ""
    names = (source.name, folder, volume) if kind != "sheepdog" else (volume,)
    return NetworkPlace(kind, "/".join(one for one in names if one), source.hosts, source.login)


def build(name: str, target: str = "", *, kind: str = "dir", source: PoolSource = _NOWHERE) -> str:
    """A `<pool>` to be defined. `target`: the folder (or /dev/GROUP) of its volumes on the host.

    Raises XmlError if XML has no way to write one of them.
    """
    pool = etree.Element("pool", type=kind)
    try:
        etree.SubElement(pool, "name").text = name
        if source != _NOWHERE:
            _write(etree.SubElement(pool, "source"), source)
        if target:
            etree.SubElement(etree.SubElement(pool, "target"), "path").text = target
    except ValueError as error:  # control characters
        raise XmlError(str(error)) from None
    return etree.tostring(pool, encoding="unicode", pretty_print=True)


def build_source(source: PoolSource) -> str:
    """A `<source>`, to look for others like it. Raises XmlError."""
    found = etree.Element("source")
    try:
        _write(found, source)
    except ValueError as error:
        raise XmlError(str(error)) from None
    return etree.tostring(found, encoding="unicode")


def _write(into: etree._Element, source: PoolSource) -> None:
    for host in source.hosts:
        server, port = host_and_port(host)
        etree.SubElement(into, "host", {"name": server, **({"port": port} if port else {})})
    if source.folder:
        etree.SubElement(into, "dir", path=source.folder)
    for device in source.devices:
        etree.SubElement(into, "device", path=device)
    if source.adapter:
        etree.SubElement(into, "adapter", type="scsi_host", name=source.adapter)
    elif source.wwnn or source.wwpn:
        etree.SubElement(into, "adapter", type="fc_host", wwnn=source.wwnn, wwpn=source.wwpn)
    if source.name:
        etree.SubElement(into, "name").text = source.name
    if source.format:
        etree.SubElement(into, "format", type=source.format)
    if source.version:
        etree.SubElement(into, "protocol", ver=source.version)
    if source.initiator:
        etree.SubElement(etree.SubElement(into, "initiator"), "iqn", name=source.initiator)
    if source.login is not None:
        auth = etree.SubElement(into, "auth", type=source.login.kind, username=source.login.user)
        login = source.login
        etree.SubElement(auth, "secret", {"uuid": login.secret} if login.secret else {"usage": login.usage})


def _source(found: etree._Element) -> PoolSource:
    def said(path: str, attribute: str) -> str:
        one = found.find(path)
        return (one.get(attribute) or "") if one is not None else ""

    auth, secret = found.find("auth"), found.find("auth/secret")
    login = None
    if auth is not None and secret is not None:
        kind, user = auth.get("type") or "", auth.get("username") or ""
        login = Login(kind, user, secret.get("uuid") or "", secret.get("usage") or "")
    return PoolSource(
        hosts=tuple(_joined(one.get("name") or "", one.get("port") or "") for one in found.findall("host")),
        folder=said("dir", "path"),
        devices=tuple(one.get("path") or "" for one in found.findall("device")),
        name=(found.findtext("name") or "").strip(),
        format=said("format", "type"),
        initiator=said("initiator/iqn", "name"),
        adapter=said("adapter", "name"),
        wwnn=said("adapter", "wwnn"),
        wwpn=said("adapter", "wwpn"),
        version=said("protocol", "ver"),
        login=login,
    )


def host_and_port(host: str) -> tuple[str, str]:
    """Name and port; "[::1]:80" is an IPv6 address with one, "::1" one without."""
    if host.startswith("["):
        server, _, port = host[1:].partition("]")
        return server, port.removeprefix(":")
    server, colon, port = host.rpartition(":")
    return (server, port) if colon and ":" not in server else (host, "")


def _joined(server: str, port: str) -> str:
    if port in ("", "0"):
        return server
    return f"[{server}]:{port}" if ":" in server else f"{server}:{port}"
