"""A machine's sound, from a link to a device in memory."""

import time
from collections.abc import Callable

from tests.fakes.screen import FakeBackend
from tests.fakes.soundcard import FakeCard
from tests.ui.console.viewing import Deaf
from vmdesk.core.screen_link import Link
from vmdesk.core.sound import Hearing, MachineSound, hearing_of


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


def link() -> tuple[Link, FakeBackend]:
    made = Link("vnc", lambda do: do())
    backend = made.backend = FakeBackend(Deaf(), size=(8, 8))
    return made, backend


def test_what_is_remembered() -> None:
    assert hearing_of({}) == Hearing()
    assert hearing_of(Hearing(False, 30, True).kept()) == Hearing(False, 30, False), "the microphone is not"
    assert hearing_of({"sound": "what", "volume": "-3"}) == Hearing()
    assert hearing_of({"volume": "900"}).volume == 100


def test_it_is_heard_and_told() -> None:
    card, told = FakeCard(), list[bool]()
    sound = MachineSound("web-01", lambda do: do(), card.open, card.open)
    stop = sound.subscribe(lambda: told.append(sound.playing))
    one, backend = link()
    sound.join(one)
    assert backend.sounds == [True] and backend.microphones == [False]
    one.audio_begin(8000, 2, 16)
    one.audio(b"\x00\x10" * 200)
    assert told[-1]
    sound.choose(Hearing(volume=50))
    one.audio_end()
    until(lambda: card.closed)
    assert card.played[:2] in (b"\x00\x10", b"\x00\x08")
    assert not sound.playing
    stop()
    count = len(told)
    sound.choose(Hearing())
    assert len(told) == count


def test_one_connection_carries_it() -> None:
    sound = MachineSound("web-01", lambda do: do(), FakeCard().open, FakeCard().open)
    (one, first), (two, second) = link(), link()
    sound.join(one)
    sound.join(two)
    assert (first.sounds[-1], second.sounds[-1]) == (False, True)
    one.audio_begin(8000, 2, 16)
    assert not sound.playing, "nobody hears it twice"
    sound.leave(two)
    assert (first.sounds[-1], second.sounds[-1]) == (True, False)


def test_the_guest_listens_only_while_it_may() -> None:
    card, heard = FakeCard(), list[bytes]()
    card.says = b"la"
    card.go.clear()
    sound = MachineSound("web-01", lambda do: do(), card.open, card.open)
    one, backend = link()
    sound.join(one)
    sound.choose(Hearing(microphone=True))
    assert backend.microphones[-1]
    one.record_begin(8000, 1, 16, heard.append)
    until(lambda: heard)
    assert sound.listening
    sound.choose(Hearing())
    assert not sound.listening and not backend.microphones[-1]
    until(lambda: card.closed)
    count = len(heard)
    time.sleep(0.05)
    assert len(heard) == count
