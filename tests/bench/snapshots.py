"""How long the snapshots of a machine take to be seen: `python -m tests.bench.snapshots FOLDER` prints a JSON line.

The real window on libvirt's test driver, one machine with 500 snapshots, every tenth with a branch. From the raising
of its tab (which has never been seen before) to the end of the first painting with all rows. Median of some machines.
"""

import asyncio
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import libvirt

from tests.bench import fleet
from tests.bench.inside import PATIENCE, Painted, quiet, tell
from tests.bench.within import Inside, run

MANY = 500


def _take(many: int, machines: int) -> Any:
    """Take so many of each of the first machines."""

    def work(connection: "libvirt.virConnect") -> list[str]:
        chosen = sorted(connection.listAllDomains(), key=lambda one: one.name())[:machines]
        for machine in chosen:
            for number in range(many):
                if number > 10 and number % 10 == 0:
                    machine.revertToSnapshot(machine.snapshotLookupByName(f"s{number - 2}"), 0)
                xml = (
                    f"<domainsnapshot><name>s{number}</name><description>the {number}th</description></domainsnapshot>"
                )
                machine.snapshotCreateXML(xml, 0)
        return [machine.UUIDString() for machine in chosen]

    return work


async def measure(inside: Inside, scale: float) -> None:
    """500 snapshots, from the click to the picture."""
    many = max(50, round(MANY * min(scale * 2, 1)))
    uuids = await inside.session.require().control.call(_take(many, 3), timeout=PATIENCE)
    await quiet(inside)
    times = []
    for uuid in uuids:
        key = next(one for one in inside.store.domains if one.uuid == uuid)
        inside.window.open_machine(key)
        await asyncio.sleep(1.0)
        page: Any = inside.window.tabs.currentWidget()
        began = time.perf_counter()
        page.tabs.setCurrentWidget(page.snapshots)
        table = page.snapshots.inner.table
        painted = Painted(table.viewport())  # gone with its last reference
        done = painted.when(lambda table=table: table.model().rowCount() == many + 1)
        times.append((await asyncio.wait_for(done, PATIENCE) - began) * 1000)
        inside.window.tabs.close_page(page)
    tell(f"the page of {many} snapshots opens, median", statistics.median(times), "ms", 200)
    print(f"the page of {many} snapshots: first {times[0]:.0f} ms, all {[round(one) for one in times]}", flush=True)


def main() -> int:
    folder = Path(sys.argv[1])
    scale = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0

    async def alone(inside: Inside) -> None:
        await quiet(inside, 2.0)
        await measure(inside, scale)

    run(fleet.uri(fleet.write(folder, 20)), folder / "settings-snapshots", alone)
    return 0


if __name__ == "__main__":
    sys.exit(main())
