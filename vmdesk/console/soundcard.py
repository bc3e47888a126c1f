"""This computer's loudspeaker and microphone: PulseAudio's simple library (PipeWire answers it as well), else ALSA's.

Both belong to the desktop, not to us: they are loaded with the first sound; where neither is there nothing is heard.
All of it blocks: for threads that do nothing else.
"""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from vmdesk.model.errors import Problem
from vmdesk.model.text import Text, text

LATENCY: Final = 0.06  # seconds of sound that lie with the sound server
_PULSE, _ALSA = "libpulse-simple.so.0", "libasound.so.2"
_PLAYBACK, _RECORD = 1, 2  # pa_stream_direction_t
_PULSE_FORMATS: Final = {8: 0, 16: 3, 32: 7}  # U8, S16LE, S32LE
_ALSA_FORMATS: Final = {8: 1, 16: 2, 32: 10}
_INTERLEAVED: Final = 3  # SND_PCM_ACCESS_RW_INTERLEAVED
_OUR_CHOICE: Final = 0xFFFFFFFF  # pa_buffer_attr: the server's


class NoSound(Exception):
    """There is no device, or it went away; the library's own words."""


@dataclass(frozen=True, slots=True)
class Form:
    """PCM, little endian, interleaved; `bits` 8 (unsigned), 16, 32 (signed)."""

    rate: int
    channels: int
    bits: int

    @property
    def frame(self) -> int:
        """Bytes of one moment."""
        return self.channels * self.bits // 8

    def size(self, seconds: float) -> int:
        """Bytes of so many seconds, whole frames."""
        return int(self.rate * seconds) * self.frame


class Stream(Protocol):
    """An open device. NoSound."""

    def write(self, data: bytes) -> None: ...
    def read(self, size: int) -> bytes: ...
    def close(self) -> None: ...


Open = Callable[[Form, str], Stream]


def open_output(form: Form, name: str) -> Stream:
    """The loudspeaker; `name` is what mixers show. NoSound."""
    return _open(form, name, _PLAYBACK)


def open_input(form: Form, name: str) -> Stream:
    """The microphone. NoSound."""
    return _open(form, name, _RECORD)


def no_output(details: str) -> Problem:
    return Problem(
        text("Nothing is heard: no sound device answers on this computer."), None, _NEXT, details, name="no-sound"
    )


def no_input(details: str) -> Problem:
    return Problem(
        text("The guest hears nothing: no microphone answers on this computer."), None, _NEXT, details, name="no-sound"
    )


_NEXT: Final[Text] = text("Check that PipeWire (package pipewire-pulse) or PulseAudio runs on this desktop.")


def _open(form: Form, name: str, direction: int) -> Stream:
    why = []
    for kind in (_Pulse, _Alsa):
        try:
            return kind(form, name, direction)
        except (OSError, NoSound) as error:  # OSError: there is no such library
            why.append(str(error))
    raise NoSound("; ".join(why))


class _Spec(ctypes.Structure):
    _fields_ = (("format", ctypes.c_int), ("rate", ctypes.c_uint32), ("channels", ctypes.c_uint8))


class _Buffer(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_uint32) for name in ("maxlength", "tlength", "prebuf", "minreq", "fragsize"))


class _Pulse:
    """pa_simple."""

    def __init__(self, form: Form, name: str, direction: int) -> None:
        self._library = ctypes.CDLL(_PULSE)
        new = self._library.pa_simple_new
        new.restype = ctypes.c_void_p
        spec = _Spec(_PULSE_FORMATS[form.bits], form.rate, form.channels)
        size = form.size(LATENCY)
        buffer = _Buffer(_OUR_CHOICE, size, _OUR_CHOICE, _OUR_CHOICE, form.size(0.01))
        error = ctypes.c_int()
        made = new(
            None, b"VMDesk", direction, None, name.encode(), ctypes.byref(spec), None, ctypes.byref(buffer),
            ctypes.byref(error),
        )  # fmt: skip
        if not made:
            raise NoSound(self._words(error))
        self._stream = ctypes.c_void_p(made)

    def _words(self, error: ctypes.c_int) -> str:
        say = ctypes.CDLL("libpulse.so.0").pa_strerror
        say.restype = ctypes.c_char_p
        return f"PulseAudio: {(say(error) or b'').decode(errors='replace')}"

    def write(self, data: bytes) -> None:
        self._do(self._library.pa_simple_write, data, len(data))

    def read(self, size: int) -> bytes:
        data = ctypes.create_string_buffer(size)
        self._do(self._library.pa_simple_read, data, size)
        return data.raw

    def _do(self, function: Any, data: Any, size: int) -> None:
        error = ctypes.c_int()
        if function(self._stream, data, ctypes.c_size_t(size), ctypes.byref(error)) < 0:
            raise NoSound(self._words(error))

    def close(self) -> None:
        self._library.pa_simple_free(self._stream)


_Say = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p)
_HUSH: Final = _Say(lambda *_: None)  # ALSA writes to stderr what it also returns; kept, for it is called by C


class _Alsa:
    """A PCM called "default"."""

    def __init__(self, form: Form, name: str, direction: int) -> None:
        library = self._library = ctypes.CDLL(_ALSA)
        library.snd_lib_error_set_handler(_HUSH)
        library.snd_strerror.restype = ctypes.c_char_p
        for function in (library.snd_pcm_writei, library.snd_pcm_readi):
            function.restype = ctypes.c_long
            function.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_ulong)
        self._frame = form.frame
        self._pcm = ctypes.c_void_p()
        self._check(library.snd_pcm_open(ctypes.byref(self._pcm), b"default", direction - 1, 0))
        try:
            self._check(
                library.snd_pcm_set_params(
                    self._pcm, _ALSA_FORMATS[form.bits], _INTERLEAVED, form.channels, form.rate, 1, int(LATENCY * 1e6)
                )
            )
        except NoSound:
            self.close()
            raise

    def _check(self, result: int) -> int:
        if result < 0:
            raise NoSound(f"ALSA: {self._library.snd_strerror(result).decode(errors='replace')}")
        return result

    def write(self, data: bytes) -> None:
        frames, done = len(data) // self._frame, 0
        while done < frames:
            rest = data[done * self._frame :]
            done += self._again(self._library.snd_pcm_writei(self._pcm, rest, frames - done))

    def read(self, size: int) -> bytes:
        data = ctypes.create_string_buffer(size)
        frames = self._again(self._library.snd_pcm_readi(self._pcm, data, size // self._frame))
        return data.raw[: frames * self._frame]

    def _again(self, result: int) -> int:
        """A gap in what was played is no error: it goes on."""
        if result < 0:
            self._check(self._library.snd_pcm_recover(self._pcm, int(result), 1))
            return 0
        return result

    def close(self) -> None:
        self._library.snd_pcm_close(self._pcm)
