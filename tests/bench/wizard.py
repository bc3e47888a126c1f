"""The wizard for new machines on a host with 5,000 volumes in its pool, for tests/bench/inside.py.

A page change is from the press on Next or Back to the end of the painting of the page that comes. The first time each
page is seen it is built, which is in it; then back and forth. The list of volumes is open and full while the first page
is left and come back to, and the medium is one of them.
"""

import asyncio
import statistics
import time
from collections.abc import Callable
from typing import Any

import libvirt

from tests.bench.within import Inside

VOLUMES = 5_000
POOL = "default"
PATIENCE = 60.0
Painted = Callable[[Any], Any]


def fill(connection: "libvirt.virConnect") -> None:
    """A pool with volumes that are only names."""
    pool = connection.storagePoolCreateXML(
        f"<pool type='dir'><name>{POOL}</name><target><path>/var/lib/libvirt/images</path></target></pool>", 0
    )
    for number in range(VOLUMES):
        pool.createXML(
            f"<volume><name>volume-{number:04}.iso</name><capacity>1048576</capacity>"
            "<target><format type='raw'/></target></volume>",
            0,
        )


async def changes(inside: Inside, scale: float, painted: Painted) -> list[float]:
    """Milliseconds of each page change; `painted(widget)` waits until that has been painted."""
    await inside.session.require().control.call(fill, timeout=PATIENCE)
    inside.window.open_new(inside.session.config.id)
    wizard: Any = inside.window.tabs.currentWidget()
    await _until(lambda: wizard.desk.draft.found is not None and not wizard.desk.looking)
    where = wizard.pages[wizard.page]
    where.media.pools.setChecked(True)
    await _until(lambda: where.media.picker.list.model().rowCount() == VOLUMES)
    where.media.line.setText(f"vol:{POOL}/volume-{VOLUMES // 2:04}.iso")
    await _until(lambda: wizard.next.isEnabled())
    times = []
    for _ in range(max(3, round(10 * scale))):
        for press in (wizard.go_on, wizard.go_on, wizard.go_back, wizard.go_back):
            before = wizard.page
            began = time.perf_counter()
            press()
            assert wizard.page is not before, "the page did not change"
            times.append((await painted(wizard.pages[wizard.page]) - began) * 1000)
            await asyncio.sleep(0.05)
    print(
        f"wizard, {VOLUMES:,} volumes: {len(times)} page changes, the first {times[0]:.0f} and {times[1]:.0f} ms, "
        f"median {statistics.median(times):.0f} ms",
        flush=True,
    )
    return times


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not true():
            await asyncio.sleep(0.02)
