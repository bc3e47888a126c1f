"""org.qemu.Display1.AudioOutListener and AudioInListener: what the guest plays goes to a screen.Speaker, what it
records comes from a screen.Talker."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from vmdesk.console.dbus import wire
from vmdesk.console.dbus.frames import serve
from vmdesk.console.dbus.link import Link
from vmdesk.console.screen import Speaker, Talker
from vmdesk.console.sound import scaled

PATH = "/org/qemu/Display1/Audio"
AUDIO = "org.qemu.Display1.Audio"
LISTENER = "org.qemu.Display1.AudioOutListener"
IN_LISTENER = "org.qemu.Display1.AudioInListener"
_BLOCK_MAX = 1 << 20
_STREAMS_MAX = 16
_HEARD_MAX = 0.2  # seconds of what was said that wait for the guest


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
        self.speaker = self._speaker = speaker
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
        if number in self._streams or len(self._streams) < _STREAMS_MAX:
            self._end(number)
            self._streams[number] = _stream(bits, signed, floating, rate, channels, big_endian)

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
    """At the guest's volume."""
    return scaled(data, stream.bits, [level / 255 for level in stream.volume[: stream.channels]])


class Ear:
    """What the guest records. QEMU waits for each answer, and its guest with it: there is always one at once."""

    def __init__(self, talker: Talker) -> None:
        self.talker = talker
        self._streams: dict[int, _Stream] = {}
        self._recording: int | None = None
        self._heard = bytearray()
        self._lock = threading.Lock()
        self._closed = False

    def attach(self, link: Link) -> None:
        """Read from this connection from now on."""
        self._link = link

    def handle(self, header: wire.Header) -> None:
        """One message whose body is still on the wire. ProtocolError."""
        if header.kind != wire.CALL:
            return
        fields = header.fields
        call = (fields.member, fields.signature)
        known: dict[tuple[str, str], Callable[..., None]] = {
            ("Init", "tybbuyuub"): self._init,
            ("Fini", "t"): self._end,
            ("SetEnabled", "tb"): self._enable,
            ("SetVolume", "tbay"): lambda number, mute, volume: None,
        }
        if fields.interface != IN_LISTENER:
            serve(self._link, header, {IN_LISTENER: []})
        elif call == ("Read", "tt"):
            number, size = wire.decode(fields.signature, self._link.rest(_BLOCK_MAX))
            self._link.answer(header, "ay", [self._read(number, size)])
        elif call in known:
            known[call](*wire.decode(fields.signature, self._link.rest(_BLOCK_MAX)))
            self._link.answer(header)
        else:
            serve(self._link, header, {})

    def close(self) -> None:
        """From any thread: from now on the guest hears nothing."""
        with self._lock:
            self._closed = True
            self._heard.clear()
        self._stop()

    def _init(
        self, number: int, bits: int, signed: bool, floating: bool, rate: int, channels: int,
        _frame: int, _second: int, big_endian: bool,
    ) -> None:  # fmt: skip
        stream = _stream(bits, signed, floating, rate, channels, big_endian)
        if number in self._streams or len(self._streams) < _STREAMS_MAX:
            self._end(number)
            self._streams[number] = stream

    def _end(self, number: int) -> None:
        if self._recording == number:
            self._stop()
        self._streams.pop(number, None)

    def _enable(self, number: int, enabled: bool) -> None:
        stream = self._streams.get(number)
        if enabled and stream and stream.playable and self._recording is None and not self._closed:
            self._recording = number
            self.talker.record_begin(stream.rate, stream.channels, stream.bits, self._on_heard)
        elif not enabled and self._recording == number:
            self._stop()

    def _on_heard(self, data: bytes) -> None:
        stream = self._streams.get(self._recording or 0)
        if stream is None:
            return
        frame = stream.channels * stream.bits // 8
        most = int(stream.rate * _HEARD_MAX) * frame
        with self._lock:
            if not self._closed:
                self._heard += data
                late = len(self._heard) - most
                if late > 0:
                    del self._heard[: -(-late // frame) * frame]

    def _read(self, number: int, size: int) -> bytes:
        """What there is, at most `size` bytes."""
        with self._lock:
            if number != self._recording:
                return b""
            part = bytes(self._heard[:size])
            del self._heard[:size]
            return part

    def _stop(self) -> None:
        if self._recording is not None:
            self._recording = None
            self.talker.record_end()
        with self._lock:
            self._heard.clear()


def _stream(bits: int, signed: bool, floating: bool, rate: int, channels: int, big_endian: bool) -> _Stream:
    plain = bits in (8, 16, 32) and signed == (bits > 8) and not floating and not (big_endian and bits > 8)
    sane = 4000 <= rate <= 384_000 and 1 <= channels <= 8
    return _Stream(rate, channels, bits, plain and sane)
