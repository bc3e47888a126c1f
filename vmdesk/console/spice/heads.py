"""A session's display channels and the monitors on them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from vmdesk.console.screen import Listener, Rect
from vmdesk.console.spice import words
from vmdesk.console.spice.glib import Library
from vmdesk.console.spice.picture import CannotShow, Picture
from vmdesk.model.errors import Problem

_HEADS_MAX: Final = 16


@dataclass(frozen=True, slots=True)
class Head:
    """A monitor of the machine: `number` counts from 0."""

    number: int
    channel: int
    monitor: int
    rect: Rect

    @property
    def id(self) -> int:
        """What the guest's agent calls it."""
        return self.channel or self.monitor


class Member(Protocol):
    """What a Display tells each of its backends, on the library's thread."""

    listener: Listener
    paused: bool

    def heads_changed(self) -> None: ...
    def damaged(self, channel: int, rects: tuple[Rect, ...]) -> None: ...
    def cursor_changed(self) -> None: ...
    def mode_changed(self) -> None: ...
    def guest_copied(self, text: str) -> None: ...
    def ended(self, problem: Problem | None) -> None: ...


class Session(Protocol):
    """What the display channels need of the session that they are of (display.py)."""

    @property
    def binding(self) -> Library: ...
    @property
    def members(self) -> tuple[Member, ...]: ...
    @property
    def ending(self) -> bool: ...
    def on(self, thing: Any, signal: str, handler: Callable[..., Any]) -> None: ...
    def on_rectangle(self, thing: Any, signal: str, handler: Callable[[int, int, int, int], None]) -> None: ...
    def heads_changed(self, heads: tuple[Head, ...]) -> None: ...
    def end(self, problem: Problem | None) -> None: ...


@dataclass(slots=True)
class _Screen:
    """A display channel."""

    channel: Any
    picture: Picture
    wanted: bool = True
    busy: bool = True  # connected, or on its way in or out


class Screens:
    """All of it for the library's thread."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._found: dict[int, _Screen] = {}

    def has(self, channel: Any) -> bool:
        return any(screen.channel is channel for screen in self._found.values())

    def close(self) -> None:
        """Before the library frees its pictures."""
        for screen in self._found.values():
            screen.picture.destroy()
        self._found.clear()

    def add(self, channel: Any, number: int) -> bool:
        """Another channel; whether it is to be connected."""
        if number in self._found or len(self._found) >= _HEADS_MAX:
            return False
        session, library = self._session, self._session.binding
        picture = Picture(lambda rects: self._damaged(number, rects), self.look, library.when_idle, library.after)
        screen = self._found[number] = _Screen(channel, picture)

        def create(_channel: Any, kind: int, width: int, height: int, stride: int, _shm: int, data: int) -> None:
            try:
                picture.create(kind, width, height, stride, data)
            except CannotShow as error:
                why = words.size_refused(*error.size) if error.size else words.format_unknown(error.kind)
                session.end(words.cannot_show(why))

        def monitors(_channel: Any, _property: Any) -> None:
            picture.monitors = library.monitors(channel)
            self.look()

        session.on(channel, "display-primary-create", create)
        session.on(channel, "display-primary-destroy", lambda _: picture.destroy())
        session.on(channel, "display-mark", lambda _, marked: picture.mark() if marked else None)
        session.on_rectangle(channel, "display-invalidate", picture.damage)
        session.on(channel, "notify::monitors", monitors)
        session.on(channel, "channel-event", lambda _, event: self._on_screen_event(screen, event))
        screen.wanted = not self._all_paused()
        screen.busy = screen.wanted
        return screen.wanted

    def look(self) -> None:
        """Which monitors there are now."""
        found = [
            (channel, monitor, rect)
            for channel, screen in sorted(self._found.items())
            for monitor, rect in screen.picture.heads()
        ]
        self._session.heads_changed(tuple(Head(number, *head) for number, head in enumerate(found[:_HEADS_MAX])))

    def _damaged(self, channel: int, rects: tuple[Rect, ...]) -> None:
        for member in self._session.members:
            member.damaged(channel, rects)

    def picture(self, channel: int) -> Picture:
        return self._found[channel].picture

    def _on_screen_event(self, screen: _Screen, event: Any) -> None:
        events = self._session.binding.spice.ChannelEvent
        if event in (events.OPENED, events.NONE, events.SWITCHING):
            return
        screen.busy = False
        if screen.wanted and not self._session.ending:
            # Perhaps the first sign of the session's end; the main channel tells more about that.
            self._session.binding.after(1.0, lambda: self._still_without(screen, event.value_nick))

    def _still_without(self, screen: _Screen, details: str) -> None:
        if screen.wanted and not screen.busy and not self._session.ending:
            self._session.end(words.broken(details))

    def _all_paused(self) -> bool:
        members = self._session.members
        return bool(members) and all(member.paused for member in members)

    def balance(self) -> None:
        """Some backend has been paused or goes on: without anybody who looks, pictures are not sent."""
        if self._session.ending:
            return
        wanted, spice = not self._all_paused(), self._session.binding.spice
        for screen in self._found.values():
            if screen.wanted == wanted:
                continue
            screen.wanted = wanted
            if not wanted:
                spice.Channel.disconnect(screen.channel, spice.ChannelEvent.NONE)
            else:
                self._reconnect(screen, 100)

    def _reconnect(self, screen: _Screen, tries: int) -> None:
        """The channel's former connection may be on its way out."""
        if self._session.ending or not screen.wanted:
            return
        if not screen.busy:
            screen.busy = True
            self._session.binding.spice.Channel.connect(screen.channel)
        elif tries:
            self._session.binding.after(0.01, lambda: self._reconnect(screen, tries - 1))
