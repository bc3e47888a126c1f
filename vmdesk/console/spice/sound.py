"""The guest's sound handed to a screen.Speaker, and what it records taken from a screen.Talker. Everything is for the
library's thread."""

import ctypes
from collections.abc import Callable
from typing import Any, Final

from vmdesk.console.screen import Speaker, Talker
from vmdesk.console.spice.glib import Library

_BLOCK_MAX: Final = 1 << 20  # bytes
_SIGNED_16: Final = 1  # SPICE_AUDIO_FMT_S16
_TRIES: Final = 100  # ... every 10 ms to connect a channel whose former connection is on its way out

Signals = tuple[tuple[str, Callable[..., None]], ...]


class _Line:
    """A channel that is connected only while somebody wants it."""

    def __init__(self, library: Library, channel: Any) -> None:
        self._library = library
        self._channel = channel
        self._wanted = self._busy = False  # busy: connected, or on its way in or out

    def _want(self, on: bool) -> None:
        if on == self._wanted or self._channel is None:
            return
        self._wanted = on
        if on:
            self._connect(_TRIES)
        else:
            spice = self._library.spice
            spice.Channel.disconnect(self._channel, spice.ChannelEvent.NONE)

    def _connect(self, tries: int) -> None:
        if not self._wanted or self._channel is None:
            return
        if not self._busy:
            self._busy = True
            self._library.spice.Channel.connect(self._channel)
        elif tries:
            self._library.after(0.01, lambda: self._connect(tries - 1))

    def _on_event(self, _channel: Any, event: Any) -> None:
        events = self._library.spice.ChannelEvent
        if event not in (events.OPENED, events.NONE, events.SWITCHING):
            self._busy = False

    def end(self) -> None:
        self._wanted, self._channel = False, None


class Sound(_Line):
    """A playback channel."""

    def __init__(self, library: Library, channel: Any) -> None:
        super().__init__(library, channel)
        self._speaker: Speaker | None = None
        self._form: tuple[int, int, int] | None = None

    @property
    def signals(self) -> Signals:
        return (
            ("playback-start", self._start),
            ("playback-data", self._data),
            ("playback-stop", self._stop),
            ("channel-event", self._on_event),
        )

    def give(self, speaker: Speaker | None) -> None:
        """Who hears it from now on."""
        if speaker is self._speaker:
            return
        if self._form and self._speaker:
            self._speaker.audio_end()
        self._speaker = speaker
        if self._form and speaker:
            speaker.audio_begin(*self._form)
        self._want(speaker is not None)

    def end(self) -> None:
        self._stop(None)
        super().end()

    def _start(self, _channel: Any, kind: int, channels: int, rate: int) -> None:
        self._stop(None)
        if kind == _SIGNED_16 and 1 <= channels <= 8 and 4000 <= rate <= 384_000 and self._speaker:
            self._form = rate, channels, 16
            self._speaker.audio_begin(*self._form)

    def _data(self, channel: Any, address: int, size: int) -> None:
        if self._form and self._speaker and address and 0 < size <= _BLOCK_MAX and not channel.get_property("mute"):
            self._speaker.audio(ctypes.string_at(address, size))

    def _stop(self, _channel: Any) -> None:
        form, self._form = self._form, None
        if form and self._speaker:
            self._speaker.audio_end()

    def _on_event(self, channel: Any, event: Any) -> None:
        super()._on_event(channel, event)
        if not self._busy:
            self._stop(None)


class Ear(_Line):
    """A record channel: without a Talker it is not even connected, so that the guest cannot hear anything."""

    def __init__(self, library: Library, channel: Any) -> None:
        super().__init__(library, channel)
        self._talker: Talker | None = None
        self._recording = False
        self._turn = 0  # what was heard in an earlier turn is not for this one

    @property
    def signals(self) -> Signals:
        return (("record-start", self._start), ("record-stop", self._stop), ("channel-event", self._on_event))

    def give(self, talker: Talker | None) -> None:
        """Whom it hears from now on."""
        if talker is self._talker:
            return
        self._stop(None)
        self._talker = talker
        self._want(talker is not None)

    def end(self) -> None:
        self._stop(None)
        super().end()

    def _start(self, channel: Any, kind: int, channels: int, rate: int) -> None:
        self._stop(None)
        if kind != _SIGNED_16 or not 1 <= channels <= 8 or not 4000 <= rate <= 384_000 or not self._talker:
            return
        self._recording = True
        self._turn += 1
        turn = self._turn

        def heard(data: bytes) -> None:
            self._library.post(lambda: self._say(channel, turn, data))

        self._talker.record_begin(rate, channels, 16, heard)

    def _say(self, channel: Any, turn: int, data: bytes) -> None:
        if self._recording and turn == self._turn and self._channel is not None:
            self._library.say(channel, data)

    def _stop(self, _channel: Any) -> None:
        if self._recording:
            self._recording = False
            if self._talker:
                self._talker.record_end()

    def _on_event(self, channel: Any, event: Any) -> None:
        super()._on_event(channel, event)
        if not self._busy:
            self._stop(None)
