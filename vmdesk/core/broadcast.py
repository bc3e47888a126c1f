"""Keys to several machines at once: on only after somebody said so, and nothing stays pressed anywhere."""

from collections.abc import Callable, Iterable
from typing import Protocol

from vmdesk.model.domain import DomainKey


class Keys(Protocol):
    """Where keys go."""

    def key(self, qnum: int, down: bool) -> None: ...


class Broadcast:
    """backend   what a machine's keys go to now, None while it takes none
    changed   it was switched on or off
    """

    def __init__(self, backend: Callable[[DomainKey], Keys | None], changed: Callable[[], None]) -> None:
        self._backend = backend
        self._changed = changed
        self._targets: tuple[DomainKey, ...] = ()
        self._down: dict[int, tuple[Keys, ...]] = {}  # a key is let go where it was pressed

    @property
    def on(self) -> bool:
        return bool(self._targets)

    @property
    def targets(self) -> tuple[DomainKey, ...]:
        return self._targets

    @property
    def down(self) -> tuple[int, ...]:
        """The keys that the guests believe to be pressed."""
        return tuple(self._down)

    def start(self, keys: Iterable[DomainKey]) -> None:
        """From now on keys go to these machines."""
        self.let_go()
        self._targets = tuple(dict.fromkeys(keys))
        self._changed()

    def stop(self) -> None:
        """Idempotent."""
        if self._targets:
            self.let_go()
            self._targets = ()
            self._changed()

    def drop(self, key: DomainKey) -> None:
        """This machine gets no more keys; with the last one it is off."""
        if key in self._targets:
            self.let_go()
            self._targets = tuple(one for one in self._targets if one != key)
            self._changed()

    def reached(self) -> tuple[DomainKey, ...]:
        """The targets that take keys now."""
        return tuple(key for key in self._targets if self._backend(key) is not None)

    def key(self, qnum: int, down: bool) -> None:
        """To all of them. A key held down is pressed again and again, as keyboards do."""
        if not down:
            for one in self._down.pop(qnum, ()):
                one.key(qnum, False)
            return
        found = tuple(backend for key in self._targets if (backend := self._backend(key)) is not None)
        before = self._down.get(qnum, ())
        for one in before:
            if one not in found:
                one.key(qnum, False)
        for one in found:
            one.key(qnum, True)
        if found:
            self._down[qnum] = found
        else:
            self._down.pop(qnum, None)

    def let_go(self) -> None:
        """Release everything that is down."""
        for qnum in reversed(tuple(self._down)):
            self.key(qnum, False)
