"""Changes to a domain's definition that touch nothing else: pure functions from XML to XML.

Each changes what it names and leaves the rest as it was typed. All raise XmlError for what is no definition, and
EditError for what cannot be. What changes devices, limits and the like is in modules of its own, which listing
machines does not load.
"""

from vmdesk.virtxml.edit.sharing import add_agent, is_sealed, label, seal, unseal
from vmdesk.virtxml.edit.tree import Definition, EditError, take_over

__all__ = [
    "Definition",
    "EditError",
    "add_agent",
    "is_sealed",
    "label",
    "seal",
    "take_over",
    "unseal",
]
