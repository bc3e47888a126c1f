"""What is played, how late at most, and what is said when there is no device."""

import struct
import time
from collections.abc import Callable

from tests.fakes.soundcard import FakeCard
from vmdesk.console.sound import LATEST, Microphone, Player, scaled
from vmdesk.console.soundcard import LATENCY, Form

RATE = 8000
FORM = Form(RATE, 2, 16)


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


def player(card: FakeCard) -> tuple[Player, list[int]]:
    told: list[int] = []
    return Player("web-01", lambda: told.append(1), card.open), told


def test_it_is_played_and_the_device_let_go() -> None:
    card = FakeCard()
    made, told = player(card)
    made.audio_begin(RATE, 2, 16)
    made.audio(b"abcd")
    made.audio(b"efgh")
    made.audio_end()
    until(lambda: card.closed)
    assert card.opened == [(FORM, "web-01")]
    assert card.played == b"abcdefgh" + bytes(FORM.size(LATENCY))
    assert not told and made.problem is None and made.left_out == 0


def test_never_late() -> None:
    card = FakeCard()
    card.go.clear()
    made, _ = player(card)
    made.audio_begin(RATE, 2, 16)
    made.audio(b"\1" * 160)
    until(lambda: card.opened)
    time.sleep(0.05)
    second = b"".join(struct.pack("<HH", number, number) for number in range(RATE))
    for start in range(0, len(second), 320):
        made.audio(second[start : start + 320])
    card.go.set()
    made.audio_end()
    until(lambda: card.closed)
    most = FORM.size(LATEST)
    played = card.played.removeprefix(b"\1" * 160).removesuffix(bytes(FORM.size(LATENCY)))
    assert len(played) <= most
    assert played == second[-len(played) :], "the newest of it, in order"
    assert made.left_out >= len(second) - most


def test_one_long_piece_is_cut_at_a_whole_frame() -> None:
    card = FakeCard()
    card.go.clear()
    made, _ = player(card)
    made.audio_begin(RATE, 2, 16)
    made.audio(bytes(range(256)) * 1000)
    card.go.set()
    made.audio_end()
    until(lambda: card.closed)
    assert (len(card.played) - FORM.size(LATENCY)) % 4 == 0
    assert len(card.played) <= FORM.size(LATEST) + FORM.size(LATENCY)


def test_without_a_device() -> None:
    card = FakeCard(broken=True)
    made, told = player(card)
    made.audio_begin(RATE, 2, 16)
    until(lambda: told)
    assert made.problem is not None and made.problem.details == "no device"
    made.audio(b"abcd")
    made.audio_end()
    card.broken = False
    made.audio_begin(RATE, 2, 16)
    until(lambda: made.problem is None)
    made.close()
    until(lambda: card.closed)


def test_volume() -> None:
    data = struct.pack("<4h", 1000, -1000, 30000, 7)
    assert scaled(data, 16, (1.0, 1.0)) == data
    assert scaled(data, 16, (0.5, 0.5)) == struct.pack("<4h", 500, -500, 15000, 3)
    assert scaled(data, 16, (1.0, 0.0)) == struct.pack("<4h", 1000, 0, 30000, 0)
    assert scaled(b"\x10\xf0", 8, (0.0,)) == b"\x80\x80"
    assert scaled(b"\x10\xf0", 8, (0.5,)) == b"\x10\xf0"


def test_the_microphone_hears_only_while_it_is_asked() -> None:
    card, told, heard = FakeCard(), list[int](), list[bytes]()
    card.says = b"la"
    ear = Microphone("web-01", lambda: told.append(1), card.open)
    assert not ear.listening
    ear.record_begin(RATE, 2, 16, heard.append)
    until(lambda: heard)
    assert ear.listening
    ear.record_end()
    until(lambda: card.closed)
    count = len(heard)
    time.sleep(0.05)
    assert len(heard) == count and not ear.listening
    assert heard[0] == b"la" * (len(heard[0]) // 2)


def test_a_microphone_that_is_not_there() -> None:
    card, told = FakeCard(broken=True), list[int]()
    ear = Microphone("web-01", lambda: told.append(1), card.open)
    ear.record_begin(RATE, 2, 16, lambda data: None)
    until(lambda: ear.problem)
    assert not ear.listening and "microphone" in str(ear.problem)
