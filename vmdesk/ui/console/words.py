"""What is said when there is no picture, and beside it."""

from collections.abc import Callable
from dataclasses import dataclass

from vmdesk.core.screen_state import Phase, Status, protocol_name
from vmdesk.core.words import state_text
from vmdesk.model.display import TextDevice
from vmdesk.model.domain import Domain
from vmdesk.model.text import Text, text, tr
from vmdesk.ui.console.card import Words

_KINDS: dict[str, Text] = {
    "serial": text("Serial port {n}"),
    "console": text("Text console {n}"),
    "parallel": text("Parallel port {n}"),
}


@dataclass(frozen=True)
class Deeds:
    """What the buttons do. `texts`: there is a text console to go to. `over`: show it over this protocol."""

    start: Callable[[], None]
    retry: Callable[[], None]
    take_back: Callable[[], None]
    text_console: Callable[[], None]
    over: Callable[[str], None]
    texts: bool = False


def words_of(
    status: Status, domain: Domain | None, why_not_start: Text | None, deeds: Deeds, shared: str = ""
) -> Words | None:
    """In place of the picture; None while there is one. `shared`: a way in that takes any number of viewers."""
    if status.phase is Phase.LIVE:
        return None
    if status.phase in (Phase.IDLE, Phase.CONNECTING):
        return Words("connecting", "monitor", tr("Connecting to the screen…"))
    if status.phase is Phase.OFF:
        return _off(domain, why_not_start, deeds)
    if status.phase is Phase.TAKEN:
        return _taken(deeds, shared)
    return _failed(status, deeds)


def why_not_live(status: Status) -> Text | None:
    """Why nothing can be done with the screen; None: something can."""
    if status.phase is Phase.LIVE:
        return None
    if status.phase is Phase.OFF:
        return text("The machine is not running.")
    if status.phase is Phase.TAKEN:
        return text("Another viewer took this display.")
    if status.phase is Phase.LOST:
        return text("The screen is not connected.")
    return text("The screen is being connected.")


def _taken(deeds: Deeds, shared: str) -> Words:
    back = (tr("Take back"), deeds.take_back)
    title = tr("Another viewer took this display.")
    if not shared:
        body = tr("Only one viewer at a time can have it, and the machine has no display that is shared.")
        return Words("taken", "account", title, body, actions=(back,))
    name = protocol_name(shared)
    body = tr("Only one viewer at a time can have it. Over {protocol} several can look at once.", protocol=name)
    beside = (tr("Show it over {protocol}", protocol=name), lambda: deeds.over(shared))
    return Words("taken", "account", title, body, actions=(beside, back))


def _off(domain: Domain | None, why_not_start: Text | None, deeds: Deeds) -> Words:
    if domain is None:
        return Words("gone", "monitor-off", tr("This machine is not there any more."))
    title = tr("{name} is not running.", name=domain.name)
    body = tr("Its screen appears here when it starts.")
    if why_not_start is not None:
        return Words("off", "monitor-off", title, str(why_not_start))
    return Words("off", "monitor-off", title, body, state_text(domain), ((tr("Start"), deeds.start),))


def _failed(status: Status, deeds: Deeds) -> Words:
    problem = status.problem
    text_console = ((tr("Open the text console"), deeds.text_console),) if deeds.texts else ()
    if problem is None:
        return Words("lost", "lan-disconnect", tr("The connection to the screen ended."))
    if problem.name == "no-graphics":
        return Words("no-graphics", "monitor-off", str(problem.what), _body(problem.why), actions=text_console)
    picture = "lock" if problem.name in ("auth", "certificate") else "lan-disconnect"
    return Words(
        "failed",
        picture,
        str(problem.what),
        _body(problem.why, problem.what_next),
        problem.details,
        ((tr("Try again"), deeds.retry), *text_console),
    )


def _body(*parts: Text | None) -> str:
    return " ".join(str(part) for part in parts if part)


def shown_over(status: Status, size: tuple[int, int] | None) -> str:
    """The details line: `VNC · 1280 × 720 · D-Bus: no picture came within 1.6 seconds.`"""
    parts = [protocol_name(status.protocol)] if status.protocol else []
    if size is not None and status.phase is Phase.LIVE:
        parts.append(f"{size[0]} × {size[1]}")
    parts += [str(one) for one in status.why if status.phase is Phase.LIVE]
    return " · ".join(parts)


def text_name(device: TextDevice) -> str:
    number = device.number + 1
    if (kind := _KINDS.get(device.kind)) is None:
        return tr("{kind} {n}", kind=device.kind, n=number)
    return str(Text(kind.source, (("n", number),)))
