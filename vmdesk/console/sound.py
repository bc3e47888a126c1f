"""What a guest plays, out of this computer's loudspeaker; what is said here, into the guest. Never late: what cannot be
played in time is left out."""

import array
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from vmdesk.console import soundcard
from vmdesk.console.soundcard import Form, NoSound, Open, Stream
from vmdesk.model.errors import Problem

LATEST: Final = 0.2  # seconds of sound that may wait for the loudspeaker
_PIECE: Final = 0.02  # seconds that are played, or heard, at a time
_AGAIN: Final = 1.0  # seconds until a loudspeaker that went away is tried again
_TRIES: Final = 3

Heard = Callable[[bytes], None]


def scaled(data: bytes, bits: int, levels: Sequence[float]) -> bytes:
    """Louder (1.0 is as it is) or quieter, a level for each channel. Other than 16 bits: all or nothing."""
    if all(level == 1.0 for level in levels):
        return data
    if bits != 16:
        return data if any(levels) else (b"\x80" if bits == 8 else b"\0") * len(data)
    samples = array.array("h", data[: len(data) // 2 * 2])
    if sys.byteorder == "big":
        samples.byteswap()
    if len(set(levels)) == 1:
        level = levels[0]
        samples = array.array("h", [int(sample * level) for sample in samples])
    else:
        for channel, level in enumerate(levels):
            own = slice(channel, None, len(levels))
            samples[own] = array.array("h", [int(sample * level) for sample in samples[own]])
    if sys.byteorder == "big":
        samples.byteswap()
    return samples.tobytes()


class Player:
    """A screen.Speaker. Called on any thread; the device is a thread's own, open only while something is played.

    problem  why nothing is heard; None while all is well, or nothing was tried
    left_out bytes that came too late to be played
    """

    def __init__(self, name: str, told: Callable[[], None], open_device: Open = soundcard.open_output) -> None:
        """`told`: `problem` is another now; called on a thread."""
        self.name = name
        self.volume = 1.0
        self.problem: Problem | None = None
        self.left_out = 0
        self._told = told
        self._open_device = open_device
        self._lock = threading.Lock()
        self._play: _Play | None = None

    @property
    def playing(self) -> bool:
        """The guest makes, or could make, a sound now."""
        return self._play is not None

    def audio_begin(self, rate: int, channels: int, bits: int) -> None:
        with self._lock:
            before = self._play
            if before:
                before.end()
            self._play = _Play(self, Form(rate, channels, bits), before)
        self._play.start()

    def audio(self, data: bytes) -> None:
        if play := self._play:
            self.left_out += play.add(data)

    def audio_end(self) -> None:
        with self._lock:
            play, self._play = self._play, None
        if play:
            play.end()

    def close(self) -> None:
        """At once, whatever still waits."""
        with self._lock:
            play, self._play = self._play, None
        if play:
            play.end(at_once=True)

    def open_device(self, form: Form) -> Stream:
        return self._open_device(form, self.name)

    def tell(self, problem: Problem | None) -> None:
        if problem != self.problem:
            self.problem = problem
            self._told()


class _Play:
    """From one beginning to its end, on a thread."""

    def __init__(self, player: Player, form: Form, before: "_Play | None") -> None:
        self._player, self._form, self._before = player, form, before
        self._most = form.size(LATEST)
        self._pieces: deque[bytes] = deque()
        self._waiting = 0
        self._over = False
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="sound", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def add(self, data: bytes) -> int:
        """Bytes that had to be left out: the oldest."""
        lost = 0
        with self._news:
            self._pieces.append(data)
            self._waiting += len(data)
            while self._waiting > self._most and len(self._pieces) > 1:
                lost += len(self._pieces[0])
                self._waiting -= len(self._pieces.popleft())
            if self._waiting > self._most:  # one long piece: its end is what is now
                keep = self._most // self._form.frame * self._form.frame
                lost += self._waiting - keep
                self._pieces[0] = self._pieces[0][-keep:]
                self._waiting = keep
            self._news.notify()
        return lost

    def end(self, at_once: bool = False) -> None:
        with self._news:
            self._over = True
            if at_once:
                self._pieces.clear()
            self._news.notify()

    def _run(self) -> None:
        if self._before:  # two at a time is more than some devices can
            self._before._thread.join(2.0)
            self._before = None
        for _ in range(_TRIES):
            try:
                stream = self._player.open_device(self._form)
            except NoSound as error:
                self._player.tell(soundcard.no_output(str(error)))
                return
            self._player.tell(None)
            try:
                self._write(stream)
                return
            except NoSound as error:
                self._player.tell(soundcard.no_output(str(error)))
            finally:
                stream.close()
            time.sleep(_AGAIN)

    def _write(self, stream: Stream) -> None:
        while True:
            with self._news:
                while not self._pieces and not self._over:
                    self._news.wait()
                if not self._pieces:
                    break
                data = self._pieces.popleft()
                self._waiting -= len(data)
            volume = self._player.volume
            stream.write(scaled(data, self._form.bits, (volume,) * self._form.channels))
        stream.write((b"\x80" if self._form.bits == 8 else b"\0") * self._form.size(soundcard.LATENCY))


class Microphone:
    """Listens while it is begun, and hands on what it hears, on a thread of its own.

    problem  why it hears nothing
    """

    def __init__(self, name: str, told: Callable[[], None], open_device: Open = soundcard.open_input) -> None:
        self.name = name
        self.problem: Problem | None = None
        self._told = told
        self._open_device = open_device
        self._current: object | None = None  # whose turn it is; a thread whose turn is over ends

    @property
    def listening(self) -> bool:
        return self._current is not None

    def record_begin(self, rate: int, channels: int, bits: int, heard: Heard) -> None:
        turn = self._current = object()
        form = Form(rate, channels, bits)
        threading.Thread(target=self._run, args=(turn, form, heard), name="microphone", daemon=True).start()
        self._told()

    def record_end(self) -> None:
        if self._current is not None:
            self._current = None
            self._told()

    def _run(self, turn: object, form: Form, heard: Heard) -> None:
        problem: Problem | None = None
        try:
            stream = self._open_device(form, self.name)
        except NoSound as error:
            problem = soundcard.no_input(str(error))
        else:
            self._tell(None)
            try:
                while self._current is turn:
                    data = stream.read(form.size(_PIECE))
                    if self._current is turn and data:
                        heard(data)
            except NoSound as error:
                problem = soundcard.no_input(str(error))
            finally:
                stream.close()
        if problem and self._current is turn:
            self._current = None
            self._tell(problem)

    def _tell(self, problem: Problem | None) -> None:
        if problem != self.problem:
            self.problem = problem
            self._told()
