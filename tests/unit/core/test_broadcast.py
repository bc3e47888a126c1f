from tests.fakes.screen import FakeBackend
from tests.ui.console.viewing import Deaf
from vmdesk.core.broadcast import Broadcast
from vmdesk.model.domain import DomainKey

KEYS = [DomainKey("laptop", f"{n}") for n in range(3)]


class Bench:
    def __init__(self) -> None:
        self.backends: dict[DomainKey, FakeBackend] = {key: FakeBackend(Deaf(), size=(8, 8)) for key in KEYS}
        self.changes = 0
        self.broadcast = Broadcast(self.backends.get, self._changed)

    def _changed(self) -> None:
        self.changes += 1

    def keys(self, place: int) -> list[tuple[int, bool]]:
        return self.backends[KEYS[place]].keys


def test_nothing_goes_out_before_it_is_on() -> None:
    bench = Bench()
    bench.broadcast.key(30, True)
    assert not any(bench.keys(n) for n in range(3))
    assert not bench.broadcast.on


def test_only_to_those_chosen() -> None:
    bench = Bench()
    bench.broadcast.start(KEYS[:2])
    bench.broadcast.key(30, True)
    bench.broadcast.key(30, False)
    assert bench.keys(0) == bench.keys(1) == [(30, True), (30, False)]
    assert bench.keys(2) == []
    assert bench.broadcast.reached() == tuple(KEYS[:2])


def test_held_keys_are_let_go_at_the_end() -> None:
    bench = Bench()
    bench.broadcast.start(KEYS[:2])
    for qnum in (29, 56):
        bench.broadcast.key(qnum, True)
    assert bench.broadcast.down == (29, 56)
    bench.broadcast.stop()
    assert bench.keys(0)[2:] == [(56, False), (29, False)]
    assert not bench.broadcast.on
    bench.broadcast.stop()
    assert bench.changes == 2


def test_a_key_is_let_go_where_it_was_pressed() -> None:
    bench = Bench()
    bench.broadcast.start(KEYS)
    bench.broadcast.key(42, True)
    gone = bench.backends.pop(KEYS[0])
    assert bench.broadcast.reached() == tuple(KEYS[1:])
    new = bench.backends[KEYS[0]] = FakeBackend(Deaf(), size=(8, 8))
    bench.broadcast.key(42, True)  # held down: pressed again
    bench.broadcast.key(42, False)
    assert gone.keys == [(42, True), (42, False)]
    assert new.keys == [(42, True), (42, False)]


def test_a_machine_can_be_left_out_and_with_the_last_it_is_off() -> None:
    bench = Bench()
    bench.broadcast.start(KEYS[:2])
    bench.broadcast.key(42, True)
    bench.broadcast.drop(KEYS[0])
    assert bench.keys(0) == [(42, True), (42, False)]
    bench.broadcast.drop(KEYS[2])
    bench.broadcast.key(30, True)
    assert bench.keys(0) == [(42, True), (42, False)]
    bench.broadcast.drop(KEYS[1])
    assert bench.keys(1)[-1] == (30, False)
    assert not bench.broadcast.on
