"""VMDesk's own loop, measured in its own process: `python -m tests.bench.inside FOLDER SCALE` prints a JSON line each.

The real window on a real X display, the real session on libvirt's test driver. What happens to the machines is done
through libvirt by one of its worker threads; the events come back as they always do.

* Longest time busy: a timer beats every 2 ms on the window's thread while 10,000 lifecycle events arrive; the longest
  time between two beats, less the 2 ms, is the longest time in which nobody could have clicked. Waiting for Python's
  lock is in it. A first, small burst is not counted: it loads what is loaded once.
* Event to painted row: from the moment before libvirt is told to suspend (or resume) a machine in sight to the end of
  the painting of its row with the new state. Median.
* Volumes: the longest time busy while the storage page lists 10,000 of them, and while they are scrolled through,
  sorted and filtered.
* Wizard: see tests/bench/wizard.py.
* Filter: from the key press to the end of the painting of the table with just the machines that a plain loop over all
  names finds. The worst and the median of a few words typed letter by letter and taken back.
"""

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import libvirt
from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtTest import QTest

from tests.bench import fleet, wizard
from tests.bench.within import Inside, run
from vmdesk.model.domain import Domain, State

BEAT = 2  # milliseconds
EVENTS = 10_000
VOLUMES = 10_000
PATIENCE = 60.0


class Heart(QObject):
    """Remembers the longest time between two beats since `reset`, in milliseconds."""

    def __init__(self) -> None:
        super().__init__()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._timer.start(BEAT)
        self.reset()

    def reset(self) -> None:
        self.longest, self._last = 0.0, time.perf_counter()

    def _beat(self) -> None:
        now = time.perf_counter()
        self.longest = max(self.longest, (now - self._last) * 1000 - BEAT)
        self._last = now

    def stop(self) -> float:
        self._timer.stop()
        self._beat()
        return self.longest


class Painted(QObject):
    """Waits until a widget has been painted with something being true."""

    def __init__(self, widget: Any) -> None:
        super().__init__()
        self._true: Callable[[], bool] = lambda: False
        self._when: asyncio.Future[float] | None = None
        self._watching = False
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if self._when is not None and not self._watching and event.type() == QEvent.Type.Paint and self._true():
            self._watching = True
            QTimer.singleShot(0, self._after)  # comes when the painting that begins now is over
        return False

    def _after(self) -> None:
        self._watching = False
        if self._when and not self._when.done():
            self._when.set_result(time.perf_counter())

    def when(self, true: Callable[[], bool]) -> "asyncio.Future[float]":
        """The moment after the first painting that began while `true()` held."""
        self._true, self._when = true, asyncio.get_running_loop().create_future()
        return self._when


def tell(what: str, value: float, unit: str, limit: float) -> None:
    """One row of the table."""
    line = {"what": what, "value": value, "unit": unit, "target": f"{limit:g} {unit}", "limit": limit}
    print(json.dumps(line), flush=True)


async def quiet(inside: Inside, seconds: float = 1.0) -> None:
    """Wait until the store has not changed for so long."""
    last = time.monotonic()

    def note(_: object) -> None:
        nonlocal last
        last = time.monotonic()

    leave = inside.store.subscribe(note)
    end = time.monotonic() + PATIENCE
    while time.monotonic() - last < seconds and time.monotonic() < end:
        await asyncio.sleep(0.1)
    leave()


def _storm(events: int) -> Callable[["libvirt.virConnect"], None]:
    """Suspends and resumes machines until so many events have been caused; every third machine ends suspended."""

    def work(connection: "libvirt.virConnect") -> None:
        machines = connection.listAllDomains()
        for machine in connection.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_PAUSED):
            machine.resume()
        for number in range(events):
            machine = machines[number // 2 % len(machines)]
            if number % 2:
                machine.resume()
            else:
                machine.suspend()
        for machine in machines[::3]:
            machine.suspend()

    return work


def _listing(connection: "libvirt.virConnect") -> dict[str, tuple[str, int]]:
    return {m.UUIDString(): (m.name(), m.state()[0]) for m in connection.listAllDomains()}


async def wizard_pages(inside: Inside, scale: float) -> None:
    """From page to page, with a pool full of volumes."""

    async def painted(widget: Any) -> float:
        watch = Painted(widget)
        return await asyncio.wait_for(watch.when(lambda: True), 10)

    times = await wizard.changes(inside, scale, painted)
    tell("wizard: page change, 5,000 volumes, worst", max(times), "ms", 50)


_NUMBERS = {State.RUNNING: libvirt.VIR_DOMAIN_RUNNING, State.PAUSED: libvirt.VIR_DOMAIN_PAUSED}


async def burst(inside: Inside, scale: float) -> None:
    """10,000 lifecycle events at once."""
    control = inside.session.require().control
    await control.call(_storm(200))
    await quiet(inside)
    heart = Heart()
    began = time.perf_counter()
    await control.call(_storm(int(EVENTS * min(scale * 2, 1))), timeout=PATIENCE)
    caused = time.perf_counter() - began
    await quiet(inside)
    longest = heart.stop()
    inside.window.machines.settle()
    model = inside.window.machines.model
    shown = {d.uuid: (d.name, _NUMBERS.get(d.state, -1)) for d in map(model.domain_at, range(model.rowCount())) if d}
    same = shown == await control.call(_listing)
    tell("longest time busy, 10,000 events at once", longest, "ms", 50)
    print(f"caused in {caused:.1f} s; the table equals a fresh listing: {'yes' if same else 'NO'}", flush=True)


async def event_to_row(inside: Inside, scale: float) -> None:
    """One machine at a time."""
    control = inside.session.require().control
    table, model, store = inside.window.machines.table, inside.window.machines.model, inside.store
    painted = Painted(table.viewport())
    in_sight = max(table.rowAt(table.viewport().height() - 1), 5)
    times: list[float] = []
    for number in range(max(10, int(100 * scale))):
        domain = model.domain_at(number % in_sight)
        assert isinstance(domain, Domain)
        key, suspend = domain.key, domain.state is State.RUNNING
        wanted = State.PAUSED if suspend else State.RUNNING
        done = painted.when(lambda key=key, wanted=wanted: store.domains[key].state is wanted)
        told: list[float] = []

        def act(
            connection: "libvirt.virConnect", uuid: str = key.uuid, suspend: bool = suspend, told: list[float] = told
        ) -> None:
            machine = connection.lookupByUUIDString(uuid)
            told.append(time.perf_counter())
            if suspend:
                machine.suspend()
            else:
                machine.resume()

        await control.call(act)
        times.append((await asyncio.wait_for(done, 10) - told[0]) * 1000)
        await asyncio.sleep(0.1)
    tell("event to painted row, 1,000 machines, median", statistics.median(times), "ms", 20)
    print(f"event to painted row: worst of {len(times)} {max(times):.0f} ms", flush=True)


async def filtering(inside: Inside, scale: float) -> None:
    """Keys, one by one."""
    page, line, store = inside.window.machines, inside.window.filter, inside.store
    painted = Painted(page.table.viewport())
    line.setFocus()
    times: list[float] = []
    for word in ("web-ber", "sgn-1", "monitor", "lab-h")[: max(1, round(4 * scale))]:
        for key in [*word, *["\b"] * len(word)]:
            typed = line.text()[:-1] if key == "\b" else line.text() + key
            right = {one for one, domain in store.domains.items() if typed in domain.name}
            done = painted.when(lambda right=right: set(page.model.keys) == right)
            began = time.perf_counter()
            if key == "\b":
                QTest.keyClick(line, Qt.Key.Key_Backspace)
            else:
                QTest.keyClicks(line, key)
            times.append((await asyncio.wait_for(done, 10) - began) * 1000)
            await asyncio.sleep(0.15)
    tell("filter keystroke to result, 5,000 machines, median", statistics.median(times), "ms", 50)
    tell("filter keystroke to result, 5,000 machines, worst", max(times), "ms", 50)


async def volumes(inside: Inside, scale: float) -> None:
    """Open the host's storage, wait until all are listed, walk through them, sort and filter."""
    inside.window.open_host(inside.session.config.id)  # other figures' business
    await asyncio.sleep(1.0)
    heart = Heart()
    began = time.perf_counter()
    inside.window.open_storage(inside.session.config.id)
    page = inside.window.tabs.currentWidget().storage.inner
    end = time.monotonic() + PATIENCE
    while (page.seen is None or page.model.rowCount() != VOLUMES) and time.monotonic() < end:
        await asyncio.sleep(0.01)
    print(f"{page.model.rowCount():,} volumes listed in {time.perf_counter() - began:.1f} s", flush=True)
    tell("longest time busy, 10,000 volumes listed", heart.stop(), "ms", 50)
    heart = Heart()
    bar = page.table.verticalScrollBar()
    steps = max(20, int(200 * scale))
    for step in range(steps + 1):
        bar.setValue(bar.maximum() * step // steps)
        await asyncio.sleep(0.005)
    for column in (4, 5, 0):
        page.table.sortByColumn(column, Qt.SortOrder.DescendingOrder)
        await asyncio.sleep(0.05)
    for words in ("s", "sp", "spa", "spare-07", "", "web"):
        page.filter.setText(words)
        await asyncio.sleep(0.05)
    tell("longest time busy, 10,000 volumes scrolled, sorted, filtered", heart.stop(), "ms", 50)


def main() -> int:
    folder, scale = Path(sys.argv[1]), float(sys.argv[2])
    file = fleet.write(folder, 1000, volumes=VOLUMES)

    async def stored(inside: Inside) -> None:
        await quiet(inside, 2.0)
        await volumes(inside, scale)

    run(fleet.uri(file), folder / "settings-volumes", stored)
    for count, measures in ((10, (wizard_pages,)), (1000, (event_to_row, burst)), (5000, (filtering,))):

        async def measure(inside: Inside, measures: tuple[Any, ...] = measures) -> None:
            await quiet(inside, 2.0)
            for one in measures:
                await one(inside, scale)

        run(fleet.uri(fleet.write(folder, count)), folder / f"settings-{count}", measure)
    return 0


if __name__ == "__main__":
    sys.exit(main())
