"""What did this do: every action with its libvirt call and the virsh line that does the same."""

import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import VirtError
from vmdesk.model.text import Text, text

KEEP = 1000  # steps remembered


@dataclass(frozen=True, slots=True)
class Step:
    """One thing done to one machine.

    time     Unix seconds when it ended
    doing    the action in words ("Starting web-01")
    call     libvirt's function ("virDomainCreate")
    virsh    the line or lines that do the same, ready to paste into a shell
    outcome  None when it worked, else why not
    """

    time: float
    key: DomainKey
    name: str
    doing: Text
    call: str
    virsh: str
    outcome: Text | None = None

    @property
    def worked(self) -> bool:
        return self.outcome is None


Listener = Callable[[Step], None]


class Trace:
    """The last steps, oldest first."""

    def __init__(self) -> None:
        self._steps: deque[Step] = deque(maxlen=KEEP)
        self._listeners: list[Listener] = []

    @property
    def entries(self) -> tuple[Step, ...]:
        return tuple(self._steps)

    def of(self, key: DomainKey) -> tuple[Step, ...]:
        """The steps of one machine, oldest first."""
        return tuple(step for step in self._steps if step.key == key)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Hear of every new step; returns the function that ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def add(self, step: Step) -> None:
        self._steps.append(step)
        for listener in tuple(self._listeners):
            listener(step)

    @contextlib.contextmanager
    def noting(
        self, key: DomainKey, name: str, doing: Text, call: str | Callable[[], str], virsh: str
    ) -> Iterator[None]:
        """Add the step as the block ends: it worked, or why not (a VirtError, which goes on), or it was cancelled.

        call  a function where only the end shows what was called
        """
        outcome: Text | None = text("cancelled")
        try:
            yield
            outcome = None
        except VirtError as error:
            outcome = error.problem.what
            raise
        finally:
            self.note(key, name, doing, call if isinstance(call, str) else call(), virsh, outcome)

    def note(self, key: DomainKey, name: str, doing: Text, call: str, virsh: str, outcome: Text | None) -> None:
        """Add a step that has just ended."""
        self.add(Step(time.time(), key, name, doing, call, virsh, outcome))
