"""A machine's sound: how loud, and whether it may listen. One player a machine, whoever looks at its screen."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from vmdesk.console.sound import Heard, Microphone, Player
from vmdesk.console.soundcard import Open, open_input, open_output
from vmdesk.core.screen_link import Hop, Link
from vmdesk.model.errors import Problem

_LOUDEST = 100


@dataclass(frozen=True, slots=True)
class Hearing:
    """What the person chose. `volume` in per cent; `microphone` is never remembered: it is switched on each time."""

    on: bool = True
    volume: int = _LOUDEST
    microphone: bool = False

    @property
    def loud(self) -> bool:
        return self.on and self.volume > 0

    def kept(self) -> dict[str, str]:
        """For the settings."""
        return {"sound": "on" if self.on else "off", "volume": str(self.volume)}


def hearing_of(kept: Mapping[str, str]) -> Hearing:
    """From the settings; what makes no sense there is as if it were not there."""
    volume = kept.get("volume", "")
    loud = min(int(volume), _LOUDEST) if volume.isdecimal() else _LOUDEST
    return Hearing(kept.get("sound", "on") != "off", loud)


class MachineSound:
    """What a link's sound goes to and its microphone is. Its first half is called on a backend's thread."""

    def __init__(self, name: str, hop: Hop, output: Open = open_output, microphone: Open = open_input) -> None:
        """`name` is what the desktop's mixer shows."""
        self.hearing = Hearing()
        self._listeners: list[Callable[[], None]] = []
        self._hop = hop
        self._links: list[Link] = []
        self._player = Player(name, self._tell, output)
        self._ear = Microphone(name, self._tell, microphone)

    # ---------------------------------------------------------------- a link's Speaker and Talker

    def audio_begin(self, rate: int, channels: int, bits: int) -> None:
        self._player.audio_begin(rate, channels, bits)
        self._tell()

    def audio(self, data: bytes) -> None:
        self._player.audio(data)

    def audio_end(self) -> None:
        self._player.audio_end()
        self._tell()

    def record_begin(self, rate: int, channels: int, bits: int, heard: Heard) -> None:
        self._ear.record_begin(rate, channels, bits, heard)

    def record_end(self) -> None:
        self._ear.record_end()

    def _tell(self) -> None:
        with contextlib.suppress(RuntimeError):  # the program has ended
            self._hop(self._changed)

    # ---------------------------------------------------------------- the main thread

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Hear when something else is to be said of it; returns the function that ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _changed(self) -> None:
        for listener in tuple(self._listeners):
            listener()

    @property
    def playing(self) -> bool:
        """The guest has its sound card at work, be it with silence."""
        return self._player.playing

    @property
    def listening(self) -> bool:
        """The guest hears what is said here, now."""
        return self._ear.listening

    @property
    def problem(self) -> Problem | None:
        """Why this computer does not play, or does not hear."""
        return self._player.problem or self._ear.problem

    def choose(self, hearing: Hearing) -> None:
        """Holds at once."""
        self.hearing = hearing
        self._player.volume = hearing.volume / _LOUDEST
        self._apply()
        self._changed()

    def join(self, link: Link) -> None:
        """The machine is seen over this connection: it is heard over it, too."""
        self._links.append(link)
        self._apply()

    def leave(self, link: Link) -> None:
        if link in self._links:
            self._links.remove(link)
            link.hear(None, False, False)
            self._player.audio_end()
            self._ear.record_end()
            self._apply()

    def close(self) -> None:
        for link in tuple(self._links):
            self.leave(link)
        self._player.close()

    def _apply(self) -> None:
        """One connection carries it, the newest: two would be an echo."""
        for link in self._links[:-1]:
            link.hear(None, False, False)
        if self._links:
            self._links[-1].hear(self, self.hearing.loud, self.hearing.microphone)
        if not self.hearing.microphone:
            self._ear.record_end()
