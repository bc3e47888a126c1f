"""Gathers what `core/slow.py` judges: one machine's readings of the last minute, its definition, its host."""

from collections import deque
from math import isnan

from vmdesk.core.command import Links
from vmdesk.core.history import History
from vmdesk.core.slow import WINDOW, Around, Sample, Verdict, judge
from vmdesk.core.store import Store
from vmdesk.model.domain import DomainKey, State
from vmdesk.model.errors import VirtError
from vmdesk.model.hardware import Hardware
from vmdesk.model.stats import NAN, Throttle
from vmdesk.virt import domains, facts, throttling
from vmdesk.virt.connection import Connection
from vmdesk.virtxml import hardware
from vmdesk.virtxml.document import XmlError

_LOOKED_AT = (State.RUNNING, State.BLOCKED)


class SlowWatch:
    """`take` with each reading, `look` now and then; `verdict` at any time."""

    def __init__(self, store: Store, history: History, key: DomainKey) -> None:
        self._store, self._history, self._key = store, history, key
        self._samples: deque[Sample] = deque()
        self._throttle: Throttle | None = None
        self._hardware: Hardware | None = None
        self._arch = ""

    @property
    def running(self) -> bool:
        """Whether there is anything to be said: a machine that is off or paused is not slow."""
        domain = self._store.domains.get(self._key)
        return domain is not None and domain.state in _LOOKED_AT

    def take(self) -> None:
        """The newest reading, if it is a new one."""
        reading = self._history.reading(self._key)
        if reading is None or (self._samples and reading.time <= self._samples[-1].counters.time):
            return
        self._samples.append(Sample(reading, self._throttle))
        while self._samples[0].counters.time < reading.time - 2 * WINDOW:
            self._samples.popleft()

    async def look(self, links: Links) -> None:
        """Read what does not come by itself. What cannot be read is left as it was."""
        domain = self._store.domains.get(self._key)
        if domain is None or not domain.active:
            return
        try:
            connection = links.of(self._key).require()
            # Each time: of changed limits the store does not know.
            self._hardware = hardware.parse(await domains.xml(connection, self._key.uuid))
            self._throttle = await throttling.throttle(connection, self._key.uuid)
            await self._look_at_host(connection)
        except (VirtError, XmlError):
            return

    async def _look_at_host(self, connection: Connection) -> None:
        """Its kind of processor, which only matters where the guest's is emulated."""
        if self._hardware is not None and self._hardware.overview.kind == "qemu" and not self._arch:
            self._arch = (await facts.facts(connection)).arch

    def verdict(self) -> Verdict | None:
        """None while nothing is known, or where it does not run."""
        if not self.running or self._hardware is None:
            return None
        return judge(tuple(self._samples), self._hardware, self._around())

    def _around(self) -> Around:
        reading = self._history.host_reading(self._key.host)
        values = self._history.host(self._key.host, "cpu").values
        known = [value for value in values[-10:] if not isnan(value)]
        return Around(reading.cpus if reading else 0, sum(known) / len(known) if known else NAN, self._arch)
