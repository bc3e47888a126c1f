"""Passwords in a definition: hidden before it is shown or kept, carried over into one that was kept without them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from vmdesk.model.text import Text, text
from vmdesk.virtxml import devices as naming
from vmdesk.virtxml.edit.tree import Definition

HIDDEN = "***"
_QEMU = "{http://libvirt.org/schemas/domain/qemu/1.0}"
# QEMU's options with a secret in them; a comma is doubled inside a value.
OPTION = re.compile(r"((?:^|,)(?:password|passwd|data|secret|key)=)((?:[^,]|,,)+)")


@dataclass(frozen=True, slots=True)
class _Secret:
    """`name`: by which it is found again in another definition of the machine; attribute "" for the element's text."""

    name: tuple[str, ...]
    what: Text
    element: etree._Element
    attribute: str

    @property
    def value(self) -> str | None:
        if self.attribute == "value":
            found = OPTION.search(self.element.get("value") or "")
            return found.group(2) if found else None
        return self.element.get(self.attribute) if self.attribute else self.element.text

    def put(self, value: str) -> None:
        if self.attribute == "value":
            said = self.element.get("value") or ""
            self.element.set("value", OPTION.sub(lambda found: found.group(1) + value, said, count=1))
        elif self.attribute:
            self.element.set(self.attribute, value)
        else:
            self.element.text = value


def hide(xml: str) -> str:
    """The definition with each secret replaced by HIDDEN. Raises XmlError."""
    definition = Definition(xml)
    for one in _secrets(definition.domain):
        if one.value is not None:
            one.put(HIDDEN)
    return definition.text


def hide_both(old: str, new: str) -> tuple[str, str]:
    """The same of two: a secret that is another one in the second is seen to be. Raises XmlError."""
    before = {one.name: one.value for one in _secrets(Definition(old).domain)}
    definition = Definition(new)
    for one in _secrets(definition.domain):
        if one.value is not None:
            other = one.name in before and before[one.name] not in (None, one.value)
            one.put(f"{HIDDEN} (*)" if other else HIDDEN)
    return hide(old), definition.text


def carry_over(xml: str, current: str, *, complete: bool = True) -> tuple[str, tuple[Text, ...]]:
    """`xml` (kept without secrets) with the secrets of `current`, and what those are that have no counterpart there.

    complete  `xml` says where secrets were; if not, each place gets the secret that is there now
    """
    definition = Definition(xml)
    now = {one.name: one.value for one in _secrets(Definition(current).domain) if one.value}
    missing = []
    for one in _secrets(definition.domain):
        if one.value == HIDDEN or (one.value is None and not complete):
            if secret := now.get(one.name):
                one.put(secret)
            elif one.value == HIDDEN:
                missing.append(one.what)
    return definition.text, tuple(missing)


def fill_in(xml: str, answers: tuple[str, ...]) -> str:
    """`xml` with what was asked for, in `carry_over`'s order; "" takes the secret out. Raises XmlError."""
    definition = Definition(xml)
    open_ones = [one for one in _secrets(definition.domain) if one.value == HIDDEN]
    for one, answer in zip(open_ones, answers, strict=True):
        if answer or one.attribute != "passwd":
            one.put(answer)
        else:
            del one.element.attrib["passwd"]
    return definition.text


def _secrets(domain: etree._Element) -> Iterator[_Secret]:
    for key, element in naming.keyed(domain):
        if element.tag == "graphics" and element.get("type") in ("vnc", "spice"):
            what = text("the password of the {kind} screen", kind=str(element.get("type")).upper())
            yield _Secret((key, "passwd"), what, element, "passwd")
        elif element.tag == "disk":
            for cookie in element.iterfind(".//cookies/cookie"):
                name = cookie.get("name") or ""
                yield _Secret((key, name), text("the cookie {name} of {device}", name=name, device=key), cookie, "")
    for place, element in enumerate(domain.findall(f"{_QEMU}commandline/{_QEMU}arg")):
        found = OPTION.search(element.get("value") or "")
        if found is not None:
            start = (element.get("value") or "")[: found.end(1)]
            what = text("a secret in QEMU's arguments ({start}…)", start=start)
            yield _Secret(("arg", str(place), start), what, element, "value")
