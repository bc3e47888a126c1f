"""The filter line's language: `web state:running -tag:lab cpu>50 mem>=2G name="db 1"`.

Words and fields stand side by side and all must hold. A word is looked for in name, title, tags and description;
marks do not matter: "ky" finds "Kỹ".
`field:a,b` contains a or b, `field=a` is exactly a; figures take < <= > >= =. A dash before a part turns it round.
Quotes keep blanks, commas and signs together.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isnan
from types import MappingProxyType

from vmdesk.model.domain import Domain, State
from vmdesk.model.host import Host
from vmdesk.model.stats import Figures
from vmdesk.model.text import Text, fold, text

Predicate = Callable[[Domain, Host | None, Figures | None], bool]


class FilterError(Exception):
    """A filter that makes no sense: why, and at which character (from 0)."""

    def __init__(self, message: Text, position: int) -> None:
        super().__init__(str(message))
        self.message = message
        self.position = position


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter ready to be used.

    uses_figures  its result changes with every reading of the statistics
    words         the plain words in it, folded: each has to stand in `haystack` of what passes
    rest          what else has to hold
    """

    source: str
    predicate: Predicate
    uses_figures: bool = False
    words: tuple[str, ...] = ()
    rest: Predicate | None = None

    def __call__(self, domain: Domain, host: Host | None = None, figures: Figures | None = None) -> bool:
        return self.predicate(domain, host, figures)

    @property
    def empty(self) -> bool:
        """Everything passes."""
        return self.predicate is _everything


# What the filter line's help shows.
FIELDS: Mapping[str, Text] = MappingProxyType(
    {
        "state": text("running, paused, off, on, crashed, sleeping, saved, busy, hung"),
        "name": text("the name"),
        "title": text("the title"),
        "tag": text("a tag"),
        "group": text("the group"),
        "host": text("the host's name"),
        "os": text("the operating system"),
        "ip": text("an address"),
        "cpu": text("CPU in percent: cpu>50"),
        "wait": text("time waiting for the host's CPU in percent"),
        "mem": text("memory given: mem>2G"),
        "used": text("memory used in the guest"),
        "disk": text("disk traffic a second: disk>10M"),
        "net": text("network traffic a second: net>1M"),
        "vcpus": text("number of virtual CPUs"),
    }
)

_PART = re.compile(
    r"""(?P<not>-?)
        (?: (?P<field>[A-Za-z]+) (?P<sign><=|>=|<|>|=|:) (?P<value>(?:"[^"]*"?|[^\s"])*)
          | (?P<word>(?:"[^"]*"?|[^\s"])+)
          | (?P<nothing>) )""",
    re.VERBOSE,
)
_NUMBER = re.compile(r"(?P<number>[0-9]+(?:[.,][0-9]+)?|[.,][0-9]+)\s*(?P<unit>[A-Za-z%]*(?:/s)?)")


def parse(source: str) -> Filter:
    """The filter that a text means; raises FilterError, whatever the text is."""
    terms: list[Predicate] = []
    rest: list[Predicate] = []
    words: list[str] = []
    uses_figures = False
    place = 0
    while place < len(source):
        if source[place].isspace():
            place += 1
            continue
        part = _PART.match(source, place)
        assert part is not None
        term, moving = _term(part)
        terms.append(_inverted(term) if part["not"] else term)
        if part["word"] is not None and not part["not"]:
            words.append(fold(_unquoted(part["word"], part.start("word"))))
        else:
            rest.append(terms[-1])
        uses_figures = uses_figures or moving
        place = part.end()
    return Filter(source, _all_of(terms), uses_figures, tuple(words), _all_of(rest) if rest else None)


def haystack(domain: Domain) -> str:
    """All that plain words are looked for in; no word goes across its lines."""
    labels = domain.labels
    if labels is _UNLABELLED:
        return fold(domain.name)
    return fold("\0".join((domain.name, labels.title, labels.description, *labels.tags)))


def _all_of(terms: list[Predicate]) -> Predicate:
    if not terms:
        return _everything
    if len(terms) == 1:
        return terms[0]
    first, *others = terms
    if len(others) == 1:
        second = others[0]
        return lambda domain, host, figures: first(domain, host, figures) and second(domain, host, figures)

    def every(domain: Domain, host: Host | None, figures: Figures | None) -> bool:
        for term in terms:  # noqa: SIM110 - a generator in all() costs twice the time
            if not term(domain, host, figures):
                return False
        return True

    return every


def _everything(domain: Domain, host: Host | None, figures: Figures | None) -> bool:
    return True


def _inverted(term: Predicate) -> Predicate:
    return lambda domain, host, figures: not term(domain, host, figures)


def _term(part: re.Match[str]) -> tuple[Predicate, bool]:
    """The predicate of one part, and whether it reads figures."""
    if part["nothing"] is not None:
        raise FilterError(text("After the dash something to leave out is missing."), part.start())
    if part["word"] is not None:
        return _word(_unquoted(part["word"], part.start("word"))), False
    field, sign, at = part["field"].casefold(), part["sign"], part.start("value")
    if field not in FIELDS:
        raise FilterError(
            text('There is no field "{field}". Fields: {fields}', field=part["field"], fields=", ".join(FIELDS)),
            part.start("field"),
        )
    if field in _FIGURES:
        return _figure(field, sign, part["value"], at)
    if sign not in (":", "="):
        raise FilterError(text('"{field}" takes : or =', field=field), part.start("sign"))
    if not part["value"]:
        raise FilterError(text('What to look for after "{start}" is missing.', start=field + sign), at)
    values = _values(part["value"], at)
    if field == "state":
        return _state(values), False
    return _TEXTS[field]([value for value, _at in values], sign == "="), False


def _unquoted(raw: str, at: int) -> str:
    if raw.count('"') % 2:
        raise FilterError(text("The closing quote is missing."), at + raw.rindex('"'))
    return raw.replace('"', "")


def _values(raw: str, at: int) -> list[tuple[str, int]]:
    """The alternatives between commas, with their places. Commas in quotes are plain characters."""
    _unquoted(raw, at)
    found: list[tuple[str, int]] = []
    for piece in re.finditer(r'((?:"[^"]*"|[^",])+)(?:,|$)|,', raw):
        if piece[1] is None:
            raise FilterError(text("Between the commas something is missing."), at + piece.start())
        found.append((piece[1].replace('"', ""), at + piece.start()))
    if raw.endswith(","):
        raise FilterError(text("After the comma something is missing."), at + len(raw))
    return found


def _word(word: str) -> Predicate:
    folded = fold(word)

    def has_word(domain: Domain, host: Host | None, figures: Figures | None) -> bool:
        if folded in fold(domain.name):
            return True
        labels = domain.labels
        if labels is _UNLABELLED:
            return False
        return (
            folded in fold(labels.title)
            or folded in fold(labels.description)
            or any(folded in fold(tag) for tag in labels.tags)
        )

    return has_word


_UNLABELLED = Domain.__dataclass_fields__["labels"].default


# ---------------------------------------------------------------- texts


def _matches(values: list[str], exact: bool) -> Callable[[str], bool]:
    if exact:
        wanted = frozenset(value.casefold() for value in values)
        return lambda found: found.casefold() in wanted
    folded = [fold(value) for value in values]
    if len(folded) == 1:
        value = folded[0]
        return lambda found: value in fold(found)
    return lambda found: any(value in fold(found) for value in folded)


def _one(read: Callable[[Domain, Host | None], str]) -> Callable[[list[str], bool], Predicate]:
    """A field that is one text."""

    def of(values: list[str], exact: bool) -> Predicate:
        matches = _matches(values, exact)
        return lambda domain, host, figures: matches(read(domain, host))

    return of


def _several(read: Callable[[Domain], tuple[str, ...]]) -> Callable[[list[str], bool], Predicate]:
    """A field that is a list; `field=""` means "has none"."""

    def of(values: list[str], exact: bool) -> Predicate:
        matches = _matches(values, exact)
        none = exact and "" in values

        def any_of(domain: Domain, host: Host | None, figures: Figures | None) -> bool:
            found = read(domain)
            return any(map(matches, found)) if found else none

        return any_of

    return of


def _host_of(domain: Domain, host: Host | None) -> str:
    return host.config.name if host else domain.key.host


_TEXTS: dict[str, Callable[[list[str], bool], Predicate]] = {
    "name": _one(lambda domain, host: domain.name),
    "title": _one(lambda domain, host: domain.labels.title),
    "group": _one(lambda domain, host: domain.labels.group),
    "host": _one(_host_of),
    "os": _one(lambda domain, host: domain.definition.os_name or domain.definition.os_id),
    "tag": _several(lambda domain: domain.labels.tags),
    "ip": _several(lambda domain: domain.addresses),
}


# ---------------------------------------------------------------- state

_RUNNING = frozenset((State.RUNNING, State.BLOCKED))

_STATES: dict[str, Callable[[Domain], bool]] = {
    "running": lambda domain: domain.state in _RUNNING,
    "idle": lambda domain: domain.state is State.BLOCKED,
    "paused": lambda domain: domain.state is State.PAUSED,
    "stopping": lambda domain: domain.state is State.SHUTDOWN,
    "shutdown": lambda domain: domain.state is State.SHUTDOWN,
    "off": lambda domain: domain.state is State.SHUTOFF,
    "shutoff": lambda domain: domain.state is State.SHUTOFF,
    "on": lambda domain: domain.state.active,
    "crashed": lambda domain: domain.state is State.CRASHED,
    "sleeping": lambda domain: domain.state is State.PMSUSPENDED,
    "suspended": lambda domain: domain.state is State.PMSUSPENDED,
    "saved": lambda domain: domain.managed_save,
    "busy": lambda domain: bool(domain.busy),
    "hung": lambda domain: not domain.responding,
}


def _state(values: list[tuple[str, int]]) -> Predicate:
    """`state:run` is enough; a whole word means itself only."""
    tests: list[Callable[[Domain], bool]] = []
    for value, at in values:
        word = re.sub(r"[\s_-]", "", value.casefold())
        found = (
            [_STATES[word]] if word in _STATES else [test for name, test in _STATES.items() if name.startswith(word)]
        )
        if not found or not word:
            raise FilterError(
                text('There is no state "{value}". States: {states}', value=value, states=_state_words()), at
            )
        tests += found
    if len(tests) == 1:
        test = tests[0]
        return lambda domain, host, figures: test(domain)
    return lambda domain, host, figures: any(test(domain) for test in tests)


def _state_words() -> str:
    return FIELDS["state"].source


# ---------------------------------------------------------------- figures

_PERCENT = {"": 1.0, "%": 1.0}
_COUNT = {"": 1.0}
# Memory is counted in binary units, traffic in decimal ones: as they are shown.
_KIB = {"": 1 / 1024, "b": 1 / 1024} | {
    unit + tail: 1024.0**power for power, unit in enumerate("kmgt") for tail in ("", "b", "ib")
}
_RATE = (
    {"": 1.0, "b": 1.0, "b/s": 1.0}
    | {unit + tail: 1000.0**power for power, unit in enumerate("kmgt", 1) for tail in ("", "b", "b/s", "/s")}
    | {unit + tail: 1024.0**power for power, unit in enumerate("kmgt", 1) for tail in ("ib", "ib/s")}
)


@dataclass(frozen=True, slots=True)
class _Figure:
    """How a number is read; `moving`: from the statistics. NaN and "not running" compare with nothing."""

    read: Callable[[Domain, Figures], float]
    units: Mapping[str, float]
    moving: bool = True


_FIGURES: dict[str, _Figure] = {
    "cpu": _Figure(lambda domain, figures: figures.cpu, _PERCENT),
    "wait": _Figure(lambda domain, figures: figures.wait, _PERCENT),
    "mem": _Figure(lambda domain, figures: domain.definition.memory_kib, _KIB, moving=False),
    "used": _Figure(lambda domain, figures: figures.used, _KIB),
    "disk": _Figure(lambda domain, figures: _sum(figures.read, figures.write), _RATE),
    "net": _Figure(lambda domain, figures: _sum(figures.rx, figures.tx), _RATE),
    "vcpus": _Figure(lambda domain, figures: domain.definition.vcpus, _COUNT, moving=False),
}

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<": lambda found, limit: found < limit,
    "<=": lambda found, limit: found <= limit,
    ">": lambda found, limit: found > limit,
    ">=": lambda found, limit: found >= limit,
    "=": lambda found, limit: found == limit,
    ":": lambda found, limit: found == limit,
}
_NO_FIGURES = Figures()


def _sum(one: float, other: float) -> float:
    """The sum of what is known."""
    return other if isnan(one) else one if isnan(other) else one + other


def _figure(field: str, sign: str, raw: str, at: int) -> tuple[Predicate, bool]:
    figure = _FIGURES[field]
    if not raw:
        raise FilterError(text('The number after "{start}" is missing.', start=field + sign), at)
    number = _NUMBER.fullmatch(_unquoted(raw, at))
    if number is None:
        raise FilterError(text('"{value}" is not a number.', value=raw), at)
    unit = number["unit"].casefold()
    if unit not in figure.units:
        known = ", ".join(sorted({name.upper() for name in figure.units if len(name) == 1}))
        if known:
            raise FilterError(text('"{unit}" is no unit here. Units: {units}', unit=unit, units=known), at)
        raise FilterError(text('"{field}" takes a number without a unit.', field=field), at)
    limit = float(number["number"].replace(",", ".")) * figure.units[unit]
    compare, read = _COMPARISONS[sign], figure.read
    if not figure.moving:
        return (lambda domain, host, figures: compare(read(domain, _NO_FIGURES), limit)), False
    if sign in ("=", ":"):
        compare = _near
    elif figure.units is _PERCENT and limit.is_integer():
        compare = _as_shown(compare)

    def holds(domain: Domain, host: Host | None, figures: Figures | None) -> bool:
        # What a machine that does not answer did last is not known to be so now.
        return figures is not None and domain.responding and compare(read(domain, figures), limit)

    return holds, True


def _as_shown(compare: Callable[[float, float], bool]) -> Callable[[float, float], bool]:
    """A percentage is shown rounded, and that is what whoever types a whole number looks at."""
    return lambda found, limit: not isnan(found) and compare(round(found), limit)


def _near(found: float, limit: float) -> bool:
    return abs(found - limit) <= max(0.5, abs(limit) * 0.005)
