"""The guest's sound: handed to a screen.Speaker, or played by the library itself through GStreamer."""

import ctypes
from collections.abc import Callable
from typing import Any, Final

from vmdesk.console.screen import Speaker

_BLOCK_MAX: Final = 1 << 20  # bytes
_SIGNED_16: Final = 1  # SPICE_AUDIO_FMT_S16


class Sound:
    """A playback channel for a Speaker. Everything is for the library's thread."""

    def __init__(self, channel: Any, speaker: Speaker) -> None:
        self._channel = channel
        self._speaker = speaker
        self._playing = False

    @property
    def signals(self) -> tuple[tuple[str, Callable[..., None]], ...]:
        return (("playback-start", self._start), ("playback-data", self._data), ("playback-stop", self._stop))

    def end(self) -> None:
        self._stop(self._channel)
        self._channel = None

    def _start(self, _channel: Any, kind: int, channels: int, rate: int) -> None:
        self._stop(None)
        if kind == _SIGNED_16 and 1 <= channels <= 8 and 4000 <= rate <= 384_000:
            self._playing = True
            self._speaker.audio_begin(rate, channels, 16)

    def _data(self, channel: Any, address: int, size: int) -> None:
        if self._playing and address and 0 < size <= _BLOCK_MAX and not channel.get_property("mute"):
            self._speaker.audio(ctypes.string_at(address, size))

    def _stop(self, _channel: Any) -> None:
        if self._playing:
            self._playing = False
            self._speaker.audio_end()
