"""XML Schema's datatypes, as far as schemas of libvirt use them."""

import re
from dataclasses import dataclass, field

_WHOLE = re.compile(r"[+-]?[0-9]+")
_DOUBLE = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([Ee][+-]?[0-9]+)?|-?INF|NaN")
_NAME = re.compile(r"[^\W\d][\w.·-]*")
_TIME = re.compile(r"-?[0-9]{4,}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})?")
_RANGES = {
    "byte": (-(2**7), 2**7 - 1),
    "short": (-(2**15), 2**15 - 1),
    "int": (-(2**31), 2**31 - 1),
    "long": (-(2**63), 2**63 - 1),
    "unsignedByte": (0, 2**8 - 1),
    "unsignedShort": (0, 2**16 - 1),
    "unsignedInt": (0, 2**32 - 1),
    "unsignedLong": (0, 2**64 - 1),
    "integer": (None, None),
    "positiveInteger": (1, None),
    "nonNegativeInteger": (0, None),
}
_MOST_DIGITS = 40


@dataclass(frozen=True, slots=True)
class Datatype:
    """`name` and what narrows it: XML Schema's facets. `accepts` is lenient about what it does not know."""

    name: str
    facets: tuple[tuple[str, str], ...] = ()
    patterns: tuple[re.Pattern[str], ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        made = tuple(_regex(value) for name, value in self.facets if name == "pattern")
        object.__setattr__(self, "patterns", made)

    @property
    def is_number(self) -> bool:
        return self.name in _RANGES or self.name == "double"

    @property
    def range(self) -> tuple[int | None, int | None]:
        """The least and the most, None for no bound."""
        least, most = _RANGES.get(self.name, (None, None))
        for name, value in self.facets:
            if name == "minInclusive" and _WHOLE.fullmatch(value):
                least = int(value) if least is None else max(least, int(value))
            elif name == "maxInclusive" and _WHOLE.fullmatch(value):
                most = int(value) if most is None else min(most, int(value))
        return least, most

    def accepts(self, words: str) -> bool:
        # Like libxml2, which libvirt asks: no spaces around it.
        if not all(pattern.fullmatch(words) for pattern in self.patterns):
            return False
        if self.name in _RANGES:
            return self._is_in_range(words)
        for name, value in self.facets:
            if name == "maxLength" and len(words) > int(value):
                return False
            if name == "minLength" and len(words) < int(value):
                return False
        form = {"double": _DOUBLE, "NCName": _NAME, "dateTime": _TIME}.get(self.name)
        return form is None or form.fullmatch(words) is not None

    def _is_in_range(self, words: str) -> bool:
        if not _WHOLE.fullmatch(words) or len(words) > _MOST_DIGITS:
            return False
        least, most = self.range
        return (least is None or int(words) >= least) and (most is None or int(words) <= most)


def _regex(words: str) -> re.Pattern[str]:
    """XML Schema's regular expression as Python's: there ^ and $ are signs like any other."""
    made, inside, at = "", False, 0
    while at < len(words):
        sign = words[at]
        if sign == "\\":
            made += words[at : at + 2]
            at += 2
            continue
        if sign == "[" and inside:
            sign = r"\["
        elif sign == "[":
            inside = True
        elif sign == "]":
            inside = False
        elif sign in "^$" and not inside:
            sign = "\\" + sign
        made += sign
        at += 1
    try:
        return re.compile(made)
    except re.error:
        return re.compile(".*", re.DOTALL)
