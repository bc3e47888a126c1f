"""The columns of the machines table: what each shows and how it sorts. Pure: window and command line can use it."""

import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vmdesk.core import units
from vmdesk.core.words import state_text
from vmdesk.model.domain import Domain, State
from vmdesk.model.host import Host
from vmdesk.model.stats import Figures
from vmdesk.model.text import Text, text

Cell = Callable[[Domain, Host | None, Figures], str]
SortKey = Callable[[Domain, Host | None, Figures], Any]

NO_FIGURES = Figures()
# What needs attention first: the order of a table sorted by state.
_RANK = {
    State.CRASHED: 1,
    State.PAUSED: 3,
    State.SHUTDOWN: 4,
    State.RUNNING: 5,
    State.BLOCKED: 5,
    State.PMSUSPENDED: 6,
    State.SHUTOFF: 7,
    State.NOSTATE: 8,
}
_NUMBERS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    id       never changes: it is remembered
    series   names in the history whose sum is the cell's sparkline; () for none
    instead  the series that stands in where the first is not known
    figure   its text comes from Figures (it changes with every tick)
    live     its text changes with time
    """

    id: str
    title: Text
    text: Cell
    sort: SortKey
    width: int
    visible: bool = False
    right: bool = False
    series: tuple[str, ...] = ()
    instead: str = ""
    figure: bool = False
    live: bool = False
    about: Text | None = None


def natural(word: str) -> tuple[tuple[int, int | str], ...]:
    """A sort key by which web-2 comes before web-10, in any case."""
    return tuple((0, int(part)) if part.isdecimal() else (1, part) for part in _NUMBERS.split(word.casefold()) if part)


def number(value: float) -> float:
    """A figure as a sort key: unknown is less than nothing."""
    return -1.0 if math.isnan(value) else value


def _total(one: float, two: float) -> float:
    """The sum; NaN only if both are."""
    if math.isnan(one):
        return two
    return one if math.isnan(two) else one + two


def memory_whole(domain: Domain, figures: Figures) -> float:
    """KiB that the machine has now: the balloon's figure, else the definition's."""
    return domain.definition.memory_kib if math.isnan(figures.given) else figures.given


def memory_used(domain: Domain, figures: Figures) -> float:
    """KiB in use: what the guest tells, else what it holds of the host's memory; NaN if neither is known."""
    if not math.isnan(figures.used):
        return figures.used
    return min(figures.rss, memory_whole(domain, figures))


def told(domain: Domain, figures: Figures) -> Figures:
    """What is known now: of a machine that does not answer, nothing, whatever it said last."""
    return figures if domain.responding else NO_FIGURES


def _memory(domain: Domain, host: Host | None, figures: Figures) -> str:
    figures = told(domain, figures)
    whole = memory_whole(domain, figures)
    return units.kib_of(memory_used(domain, figures), whole) if domain.definition.memory_kib else ""


def _figure(value: Callable[[Figures], float], form: Callable[[float], str]) -> Cell:
    """A figure's cell: empty for a machine that is off."""

    def cell(domain: Domain, host: Host | None, figures: Figures) -> str:
        return form(value(told(domain, figures))) if domain.active else ""

    return cell


def _uptime(domain: Domain) -> float:
    return time.time() - domain.started if domain.active and domain.started else math.nan


def _yes(value: bool) -> str:
    return str(text("yes")) if value else ""


def _plain(
    column_id: str,
    title: Text,
    value: Callable[[Domain], str],
    width: int,
    visible: bool = False,
    about: Text | None = None,
) -> Column:
    """A column of words."""
    return Column(
        column_id,
        title,
        lambda domain, host, figures: value(domain),
        lambda domain, host, figures: natural(value(domain)),
        width,
        visible,
        about=about,
    )


def _count(column_id: str, title: Text, value: Callable[[Domain], int], width: int) -> Column:
    """A column of whole numbers."""
    return Column(
        column_id,
        title,
        lambda domain, host, figures: str(value(domain) or ""),
        lambda domain, host, figures: value(domain),
        width,
        right=True,
    )


def _of_figure(
    column_id: str,
    title: Text,
    value: Callable[[Figures], float],
    form: Callable[[float], str],
    width: int,
    series: tuple[str, ...],
    visible: bool = False,
    about: Text | None = None,
) -> Column:
    """A column of a figure, with a sparkline if it has a series."""
    return Column(
        column_id,
        title,
        _figure(value, form),
        lambda domain, host, figures: number(value(told(domain, figures))) if domain.active else -2.0,
        width,
        visible,
        right=True,
        series=series,
        figure=True,
        about=about,
    )


# The figures stand side by side: one dataChanged a tick covers them all.
COLUMNS: tuple[Column, ...] = (
    _plain("name", text("Name"), lambda domain: domain.name, 160, True),
    Column(
        "state",
        text("State"),
        lambda domain, host, figures: state_text(domain, bool(host and host.stale)),
        lambda domain, host, figures: (0 if not domain.responding else _RANK[domain.state], domain.reason),
        208,
        True,
        about=text("What the machine does now, and why"),
    ),
    _of_figure(
        "cpu",
        text("CPU"),
        lambda f: f.cpu,
        units.percent,
        104,
        ("cpu",),
        True,
        text("Share of its virtual CPUs in use"),
    ),
    Column(
        "memory",
        text("Memory"),
        _memory,
        lambda domain, host, figures: number(memory_used(domain, told(domain, figures))) if domain.active else -2.0,
        152,
        True,
        right=True,
        series=("used",),
        instead="rss",
        figure=True,
        about=text(
            "Used by the guest / given to it. Where the guest does not tell: what it holds of the host's memory"
        ),
    ),
    _of_figure(
        "disk",
        text("Disk"),
        lambda f: _total(f.read, f.write),
        units.rate,
        108,
        ("read", "write"),
        True,
        text("Read and written per second, all disks"),
    ),
    _of_figure(
        "network",
        text("Network"),
        lambda f: _total(f.rx, f.tx),
        units.rate,
        108,
        ("rx", "tx"),
        True,
        text("Received and sent per second, all network cards"),
    ),
    _of_figure(
        "wait",
        text("Waiting"),
        lambda f: f.wait,
        units.percent,
        104,
        ("wait",),
        False,
        text("Share of time its virtual CPUs waited for a CPU of the host"),
    ),
    _of_figure(
        "resident",
        text("On host"),
        lambda f: f.rss,
        units.kib,
        80,
        (),
        False,
        text("Memory that its process holds on the host"),
    ),
    Column(
        "uptime",
        text("Running for"),
        lambda domain, host, figures: "" if math.isnan(up := _uptime(domain)) else units.duration(up),
        lambda domain, host, figures: number(_uptime(domain)),
        104,
        right=True,
        live=True,
    ),
    _count("vcpus", text("vCPUs"), lambda domain: domain.definition.vcpus, 64),
    _plain("address", text("IP address"), lambda domain: ", ".join(domain.addresses), 124, True),
    Column(
        "host",
        text("Host"),
        lambda domain, host, figures: host.config.name if host else domain.key.host,
        lambda domain, host, figures: natural(host.config.name if host else domain.key.host),
        104,
        True,
    ),
    _plain("group", text("Group"), lambda domain: domain.labels.group, 96),
    _plain("tags", text("Tags"), lambda domain: ", ".join(domain.labels.tags), 112),
    _plain(
        "os", text("System"), lambda domain: domain.definition.os_name, 136, about=text("The guest's operating system")
    ),
    _plain(
        "autostart", text("Autostart"), lambda domain: _yes(domain.autostart), 80, about=text("Starts with its host")
    ),
    _plain("title", text("Title"), lambda domain: domain.labels.title, 152),
    _plain("description", text("Description"), lambda domain: domain.labels.description.replace("\n", " "), 200),
    _plain("uuid", text("UUID"), lambda domain: domain.uuid, 280),
)

BY_ID: dict[str, Column] = {column.id: column for column in COLUMNS}
STANDARD: tuple[str, ...] = tuple(column.id for column in COLUMNS if column.visible)


def chosen(ids: tuple[str, ...]) -> tuple[str, ...]:
    """The columns to show, from what was remembered: unknown ones left out, the name always there."""
    known = tuple(dict.fromkeys(column_id for column_id in ids if column_id in BY_ID))
    if not known:
        return STANDARD
    return known if "name" in known else ("name", *known)
