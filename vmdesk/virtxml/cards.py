"""The network cards of a definition, as the host's networks and filters see them."""

from vmdesk.model.network import Card
from vmdesk.virtxml import devices
from vmdesk.virtxml import domain as domain_xml
from vmdesk.virtxml.build import forwards
from vmdesk.virtxml.document import root


def cards(xml: str) -> tuple[Card, ...]:
    """Of a `<domain>`, those that are given to QEMU past libvirt with them. Raises XmlError."""
    domain = root(xml)
    uuid = (domain.findtext("uuid") or "").strip()
    ways = {one.mac.lower(): one for one in forwards.parse(xml)}
    found = []
    for key, element in devices.keyed(domain):
        if not key.startswith("interface/"):
            continue
        brief, filter_ = domain_xml.nic(element), element.find("filterref")
        way = ways.get(brief.mac.lower())
        found.append(
            Card(
                uuid,
                brief.mac.lower(),
                brief.kind,
                brief.source,
                brief.target,
                (filter_.get("filter") or "") if filter_ is not None else "",
                way.forwards if way and not way.ours else (),
            )
        )
    found += [Card(uuid, one.mac.lower(), "user", forwards=one.forwards) for one in forwards.parse(xml) if one.ours]
    return tuple(found)
