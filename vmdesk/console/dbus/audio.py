"""org.qemu.Display1.AudioOutListener: the sound that the guest plays, handed to a screen.Speaker."""

import array
import sys
from collections.abc import Callable
from dataclasses import dataclass

from vmdesk.console.dbus import wire
from vmdesk.console.dbus.frames import serve
from vmdesk.console.dbus.link import Link
from vmdesk.console.screen import Speaker

PATH = "/org/qemu/Display1/Audio"
AUDIO = "org.qemu.Display1.Audio"
LISTENER = "org.qemu.Display1.AudioOutListener"
_BLOCK_MAX = 1 << 20
_STREAMS_MAX = 16


@dataclass(slots=True)
class _Stream:
    rate: int
    channels: int
    bits: int
    playable: bool
    enabled: bool = False
    mute: bool = False
    volume: bytes = b""  # a channel: 255 is full


class Sound:
    """One stream plays at a time: the first that the guest enables."""

    def __init__(self, speaker: Speaker) -> None:
        self._speaker = speaker
        self._streams: dict[int, _Stream] = {}
        self._playing: int | None = None

    def attach(self, link: Link) -> None:
        """Read from this connection from now on."""
        self._link = link

    def handle(self, header: wire.Header) -> None:
        """One message whose body is still on the wire. ProtocolError."""
        if header.kind != wire.CALL:
            return
        fields = header.fields
        call = (fields.member, fields.signature)
        if fields.interface != LISTENER:
            serve(self._link, header, {LISTENER: []})
            return
        known: dict[tuple[str, str], Callable[..., None]] = {
            ("Init", "tybbuyuub"): self._init,
            ("Fini", "t"): self._end,
            ("SetEnabled", "tb"): self._enable,
            ("SetVolume", "tbay"): self._set_volume,
            ("Write", "tay"): self._write,
        }
        if call not in known:
            serve(self._link, header, {})
            return
        known[call](*wire.decode(fields.signature, self._link.rest(_BLOCK_MAX)))
        self._link.answer(header)

    def close(self) -> None:
        self._stop()
        self._streams.clear()

    def _init(
        self, number: int, bits: int, signed: bool, floating: bool, rate: int, channels: int,
        _frame: int, _second: int, big_endian: bool,
    ) -> None:  # fmt: skip
        plain = bits in (8, 16, 32) and signed == (bits > 8) and not floating and not (big_endian and bits > 8)
        sane = 4000 <= rate <= 384_000 and 1 <= channels <= 8
        if number in self._streams or len(self._streams) < _STREAMS_MAX:
            self._end(number)
            self._streams[number] = _Stream(rate, channels, bits, plain and sane)

    def _end(self, number: int) -> None:
        if self._playing == number:
            self._stop()
        self._streams.pop(number, None)

    def _enable(self, number: int, enabled: bool) -> None:
        stream = self._streams.get(number)
        if stream is None:
            return
        stream.enabled = enabled
        if enabled and stream.playable and self._playing is None:
            self._playing = number
            self._speaker.audio_begin(stream.rate, stream.channels, stream.bits)
        elif not enabled and self._playing == number:
            self._stop()

    def _set_volume(self, number: int, mute: bool, volume: bytes) -> None:
        if stream := self._streams.get(number):
            stream.mute, stream.volume = mute, volume

    def _write(self, number: int, data: bytes) -> None:
        stream = self._streams.get(number)
        if stream and number == self._playing and not stream.mute:
            self._speaker.audio(_scaled(data, stream))

    def _stop(self) -> None:
        if self._playing is not None:
            self._playing = None
            self._speaker.audio_end()


def _scaled(data: bytes, stream: _Stream) -> bytes:
    """At the guest's volume. Other than 16 bits, which nobody uses, stay as loud as they are."""
    if stream.bits != 16 or all(level == 255 for level in stream.volume[: stream.channels]):
        return data
    samples = array.array("h", data[: len(data) // 2 * 2])
    if sys.byteorder == "big":
        samples.byteswap()
    for channel, level in enumerate(stream.volume[: stream.channels]):
        own = slice(channel, None, stream.channels)
        samples[own] = array.array("h", [sample * level // 255 for sample in samples[own]])
    if sys.byteorder == "big":
        samples.byteswap()
    return samples.tobytes()
