"""What libvirt does not keep of a definition's text: comments outside of what stands in <metadata>, and its layout."""

from lxml import etree

from vmdesk.virtxml.document import root

_DROPPED: tuple[object, ...] = (etree.Comment, etree.ProcessingInstruction)


def dropped(xml: str) -> tuple[str, ...]:
    """The comments that libvirt will not keep. Raises XmlError."""
    domain = root(xml)
    before, after = domain.itersiblings(etree.Comment, preceding=True), domain.itersiblings(etree.Comment)
    inner = (one for one in domain.iter(etree.Comment) if not _kept(one, domain))
    return tuple(one.text or "" for found in (before, inner, after) for one in found)


def meaning(xml: str) -> bytes:
    """The same for two texts that are the same to libvirt: all but comments and layout. Raises XmlError."""
    domain = root(xml)
    for one in list(domain.iter()):
        if _kept(one, domain):
            continue
        if one.tag in _DROPPED:
            _take_out(one)
        elif len(one):
            one.text = _bare(one.text)
        if one is not domain:
            one.tail = _bare(one.tail)
    found: bytes = etree.tostring(domain, method="c14n", with_comments=True)
    return found


def _kept(one: etree._Element, domain: etree._Element) -> bool:
    """Whether it stands in what somebody keeps in <metadata>: that is libvirt's no business."""
    above = list(one.iterancestors())
    return len(above) > 2 and above[-1] is domain and above[-2].tag == "metadata"


def _bare(words: str | None) -> str | None:
    return words if words and words.strip() else None


def _take_out(one: etree._Element) -> None:
    parent, before = one.getparent(), one.getprevious()
    if parent is None:
        return
    if one.tail and one.tail.strip():
        if before is not None:
            before.tail = (before.tail or "") + one.tail
        else:
            parent.text = (parent.text or "") + one.tail
    one.tail = None
    parent.remove(one)
