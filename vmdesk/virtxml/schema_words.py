"""What is wrong at a step through a definition, said in a sentence."""

import difflib

from lxml import etree

from vmdesk.model.text import Text, text
from vmdesk.virtxml.rng.look import find, has_text, needed, values
from vmdesk.virtxml.rng.pattern import After, Attribute, Choice, Data, Element, Name, Pattern

_SHORT = 60
_NAMED = 8  # names or values told in a sentence


def not_here(pattern: Pattern, element: etree._Element, name: str, above: str) -> Text:
    if not above:
        first = next((one for part in find(pattern, Element) for _ns, one in part.names.listed), "domain")
        return text("It begins with <{name}>, not with <{needed}>.", name=name, needed=first)
    before = [one for one in element.itersiblings(preceding=True) if one.tag == element.tag]
    names = sorted({one for part in find(pattern, Element) for namespace, one in part.names.listed if not namespace})
    if before:
        return text("<{name}> can stand only once in <{above}>.", name=name, above=above)
    if near := difflib.get_close_matches(name, names, 1, 0.7):
        return text(
            "<{name}> cannot stand in <{above}> here. Was <{near}> meant?", name=name, above=above, near=near[0]
        )
    if not names:
        return text("<{above}> has no elements: <{name}> cannot stand here.", name=name, above=above)
    if len(names) <= _NAMED:
        listed = ", ".join(f"<{one}>" for one in names)
        return text("<{name}> cannot stand in <{above}> here, only: {listed}.", name=name, above=above, listed=listed)
    return text("<{name}> cannot stand in <{above}> here.", name=name, above=above)


def wrong_attribute(opened: Pattern, attribute: Name, value: str, name: str) -> Text:
    parts = [one for one in find(opened, Attribute) if attribute in one.names]
    local = attribute[1]
    if parts:
        return _wrong(f"{local}={value!r}" if len(value) <= _SHORT else local, [one.value for one in parts], value)
    names = sorted({one for part in find(opened, Attribute) for namespace, one in part.names.listed if not namespace})
    if near := difflib.get_close_matches(local, names, 1, 0.7):
        return text(
            "<{name}> has no attribute “{attribute}” here. Was “{near}” meant?",
            name=name, attribute=local, near=near[0],
        )  # fmt: skip
    if names and len(names) <= _NAMED:
        return text(
            "<{name}> has no attribute “{attribute}” here, only: {listed}.",
            name=name, attribute=local, listed=", ".join(names),
        )  # fmt: skip
    return text("<{name}> has no attribute “{attribute}” here.", name=name, attribute=local)


def wrong_text(pattern: Pattern, words: str, name: str) -> Text:
    shown = " ".join(words.split())
    if not _has_text_inside(pattern):
        return text("<{name}> has no text in it.", name=name)
    inner = [
        one.inner for one in (pattern.parts if isinstance(pattern, Choice) else (pattern,)) if hasattr(one, "inner")
    ]
    what = f"<{name}> {shown[:_SHORT]}".rstrip() if shown else f"<{name}>"
    return _wrong(what, inner, words)


def _has_text_inside(pattern: Pattern) -> bool:
    if isinstance(pattern, Choice):
        return any(_has_text_inside(part) for part in pattern.parts)
    return has_text(pattern.inner) if isinstance(pattern, After) else has_text(pattern)


def _wrong(what: str, patterns: list[Pattern], value: str) -> Text:
    """Why a value does not fit any of them."""
    words = sorted({one for pattern in patterns for one in values(pattern)})
    kinds = [one.kind for pattern in patterns for one in find(pattern, Data)]
    numbers = [kind for kind in kinds if kind.is_number]
    if words and not kinds:
        if near := difflib.get_close_matches(value, words, 1, 0.7):
            return text("{what} cannot be. Was “{near}” meant?", what=what, near=near[0])
        if len(words) <= 2 * _NAMED:
            return text("{what} cannot be, only: {listed}.", what=what, listed=", ".join(words))
    if numbers and len(numbers) == len(kinds) and not words:
        bounds = [kind.range for kind in numbers]
        least = None if any(low is None for low, _ in bounds) else min(low for low, _ in bounds if low is not None)
        most = None if any(high is None for _, high in bounds) else max(high for _, high in bounds if high is not None)
        if value != value.strip():
            return text("{what}: no spaces around the number.", what=what)
        if least is not None and most is not None:
            return text("{what} must be a number from {least} to {most}.", what=what, least=least, most=most)
        if least is not None:
            return text("{what} must be a number, {least} or more.", what=what, least=least)
        return text("{what} must be a whole number.", what=what)
    forms = [form for kind in kinds for facet, form in kind.facets if facet == "pattern"]
    if len(forms) == 1 and len(forms[0]) <= _SHORT:
        return text("{what} has not the form that is needed here: {form}", what=what, form=forms[0])
    return text("{what} has not the form that is needed here.", what=what)


def without(opened: Pattern, name: str) -> Text:
    must = sorted(needed(opened, Attribute))
    if len(must) == 1:
        return text("<{name}> needs the attribute “{attribute}”.", name=name, attribute=must[0])
    if must:
        return text("<{name}> needs the attributes {listed}.", name=name, listed=", ".join(must))
    names = sorted({one for part in find(opened, Attribute) for _ns, one in part.names.listed})
    return text("<{name}> needs one more attribute: {listed}.", name=name, listed=", ".join(names[:_NAMED]))


def incomplete(inside: Pattern, name: str) -> Text:
    must = sorted(needed(inside, Element))
    if must:
        listed = ", ".join(f"<{one}>" for one in must[:_NAMED])
        return text("In <{name}> is missing: {listed}.", name=name, listed=listed)
    if any(_missing_text(part) for part in (inside.parts if isinstance(inside, Choice) else (inside,))):
        return text("<{name}> needs a text in it.", name=name)
    names = sorted(
        {
            one
            for branch in (inside.parts if isinstance(inside, Choice) else (inside,))
            if isinstance(branch, After)
            for part in find(branch.inner, Element)
            for namespace, one in part.names.listed
            if not namespace
        }
    )
    listed = ", ".join(f"<{one}>" for one in names[:_NAMED])
    return text("In <{name}> something is missing, one of: {listed}.", name=name, listed=listed)


def _missing_text(pattern: Pattern) -> bool:
    return (
        isinstance(pattern, After) and has_text(pattern.inner) and not any(True for _ in find(pattern.inner, Element))
    )
