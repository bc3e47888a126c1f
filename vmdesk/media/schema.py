"""libvirt's own schema of definitions, where it is installed. Everything here blocks; the first use takes a moment."""

import functools
from pathlib import Path

from lxml import etree

from vmdesk.virtxml.document import XmlError, root

_FOLDERS = (Path("/usr/share/libvirt/schemas"), Path("/usr/local/share/libvirt/schemas"))
_MOST = 5  # complaints


def mistakes(xml: str) -> tuple[str, ...]:
    """What the schema has against a definition, in its own words; () where it fits, or there is no schema."""
    try:
        domain = root(xml)
    except XmlError as error:
        return (str(error),)
    schema = _schema()
    if schema is None or schema.validate(domain):
        return ()
    return tuple(f"{one.line}: {one.message}" for one in list(schema.error_log)[:_MOST])


@functools.cache
def _schema() -> etree.RelaxNG | None:
    for folder in _FOLDERS:
        file = folder / "domain.rng"
        if file.is_file():
            try:
                return etree.RelaxNG(etree.parse(str(file)))
            except (etree.LxmlError, OSError):
                return None
    return None
