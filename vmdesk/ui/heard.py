"""What a page hears of while it is seen."""

from collections.abc import Callable, Iterable

Stop = Callable[[], None]


class Heard:
    """Subscriptions that begin when a page comes into view and end when it leaves it; both as often as wanted."""

    def __init__(self) -> None:
        self._stops: tuple[Stop, ...] = ()

    @property
    def on(self) -> bool:
        return bool(self._stops)

    def begin(self, subscribe: Callable[[], Iterable[Stop]]) -> None:
        """`subscribe` makes them, and is called only if there are none."""
        if not self._stops:
            self._stops = tuple(subscribe())

    def end(self) -> None:
        stops, self._stops = self._stops, ()
        for stop in stops:
            stop()
