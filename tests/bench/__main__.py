"""`python -m tests.bench`: measures and prints the table. It never fails for a figure: a figure is read, not asserted.

--scale X     repetitions and observation times x X (default $BENCH_SCALE or 1; 0.2 is a quick look)
--only WHAT   outside (side by side with virt-manager), inside (VMDesk's own loop), virt-manager or vmdesk (outside),
              console (beside remote-viewer), creating (30 linked machines, beside virt-clone)
--pictures D  keep a picture of each settled window in D
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench import console, creating, fleet, process, programs, table
from tests.bench.programs import VIRT_MANAGER, VMDESK, Program
from tests.bench.screen import Screen

HEADER = ("what", "virt-manager", "VMDesk", "ratio", "target", "reached")
SIZES = (10, 100, 1000)
STARTS = 3
SETTLE = 5.0  # seconds between populated and the measuring of rest


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one program with one file: seconds to the populated window (median), percent of a core at rest, MB."""

    start: float
    rest: float
    memory: float


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `limit` is what VMDesk's figure must not exceed, None where nothing is asked."""

    what: str
    theirs: float | None
    ours: float | None
    unit: str
    target: str
    limit: float | None

    @property
    def cells(self) -> tuple[str, ...]:
        ratio = f"{self.ours / self.theirs:.2f}" if self.ours is not None and self.theirs else "-"
        reached = "-" if self.limit is None or self.ours is None else "yes" if self.ours <= self.limit else "NO"
        return (self.what, self._figure(self.theirs), self._figure(self.ours), ratio, self.target, reached)

    def _figure(self, value: float | None) -> str:
        return "-" if value is None else f"{value:.{2 if value < 10 else 0}f} {self.unit}"


def rest(running: programs.Running, seconds: float) -> tuple[float, float]:
    """Percent of a core while nothing happens for so long, and MB afterwards."""
    time.sleep(SETTLE)
    began, spent = time.monotonic(), process.cpu_seconds(running.pid)
    time.sleep(seconds)
    percent = (process.cpu_seconds(running.pid) - spent) / (time.monotonic() - began) * 100
    return percent, process.resident_mb(running.pid)


def measure(
    who: Sequence[Program], file: Path, screen: Screen, starts: int, scale: float, pictures: Path | None
) -> dict[str, Cost]:
    """Start each `starts` times, in turn, so that what else the machine does is shared; let the last of each rest."""
    times: dict[str, list[float]] = {program.name: [] for program in who}
    costs: dict[str, Cost] = {}
    for last in [False] * (starts - 1) + [True]:
        for program in who:
            try:
                with programs.run(program, fleet.uri(file), screen) as running:
                    times[program.name].append(programs.populated_after(running, screen))
                    if not last:
                        continue
                    if pictures:
                        screen.save(pictures / f"{program.name}-{file.stem}.ppm")
                    # VMDesk does some things once a minute: a minute and a bit has one of each.
                    seconds = 62.0 if program is VMDESK and file.stem != "fleet-100" else 20.0
                    found = rest(running, max(seconds * scale, 5))
                    costs[program.name] = Cost(statistics.median(times[program.name]), *found)
                    each = [round(seconds, 2) for seconds in times[program.name]]
                    say(f"{program.name}, {file.stem}: {costs[program.name]} {each}")
            except programs.NotPopulated as error:
                say(str(error))
    return costs


def side_by_side(folder: Path, scale: float, who: Sequence[Program], pictures: Path | None) -> list[Row]:
    """Both programs, one after the other, for each size."""
    start_rows, rest_rows, memory_rows = [], [], []
    starts = max(1, round(STARTS * scale))
    with Screen() as screen:
        for count in SIZES:
            file = fleet.write(folder, count)
            costs = measure(who, file, screen, starts if count > 10 else starts + 2, scale, pictures)
            theirs, ours = costs.get(VIRT_MANAGER.name), costs.get(VMDESK.name)

            def row(
                what: str, get: Callable[[Cost], float], unit: str, target: str, part: float | None,
                theirs: Cost | None = theirs, ours: Cost | None = ours, count: int = count,
            ) -> Row:  # fmt: skip
                limit = get(theirs) * part if theirs and part else None
                figures = get(theirs) if theirs else None, get(ours) if ours else None
                return Row(f"{what}, {count:,} machines", *figures, unit, target, limit)

            most = count == 1000
            rest_rows.append(
                row("CPU while nothing happens", lambda cost: cost.rest, "%", "1/10 of theirs", 0.1)
                if most
                else row("CPU while nothing happens", lambda cost: cost.rest, "%", "not above theirs", 1)
            )
            start_rows.append(
                row("start to a populated window", lambda cost: cost.start, "s", "1/2 of theirs", 0.5)
                if most
                else row("start to a populated window", lambda cost: cost.start, "s", "not above theirs", 1)
            )
            memory_rows.append(row("resident memory", lambda cost: cost.memory, "MB", "below theirs", 1))
    return [*rest_rows, *start_rows, *memory_rows]


def inside(folder: Path, scale: float, what: str = "inside") -> list[Row]:
    """What only VMDesk can tell of itself: measured in its own process on a display of its own by tests/bench/WHAT."""
    rows = []
    with Screen() as screen, tempfile.TemporaryDirectory(prefix="vmdesk-bench-") as home:
        result = subprocess.run(
            [sys.executable, "-m", f"tests.bench.{what}", str(folder), str(scale)],
            env=programs.environment(Path(home), screen.name), stdout=subprocess.PIPE, text=True, timeout=300,
        )  # fmt: skip
    for line in result.stdout.splitlines():
        try:
            found = json.loads(line)
        except ValueError:
            say(line)
            continue
        rows.append(Row(found["what"], None, found["value"], found["unit"], found["target"], found["limit"]))
    if result.returncode:
        say(f"tests.bench.{what} ended with {result.returncode}")
    return rows


def say(words: str) -> None:
    """To the person waiting, not to the table."""
    print(words, file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench", description="VMDesk beside virt-manager")
    parser.add_argument("--scale", type=float, default=float(os.environ.get("BENCH_SCALE") or 1))
    parser.add_argument("--only", choices=("outside", "inside", "virt-manager", "vmdesk", "console", "creating"))
    parser.add_argument("--pictures", type=Path)
    arguments = parser.parse_args()
    if arguments.pictures:
        arguments.pictures.mkdir(parents=True, exist_ok=True)
    who = [p for p in (VIRT_MANAGER, VMDESK) if arguments.only in (None, "outside", p.name.lower())]
    rows: list[Row] = []
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="vmdesk-bench-") as folder:
        if arguments.only not in ("inside", "console", "creating"):
            rows += side_by_side(Path(folder), arguments.scale, who, arguments.pictures)
        if arguments.only in (None, "inside"):
            rows += inside(Path(folder), arguments.scale)
            rows += inside(Path(folder), arguments.scale, "snapshots")
    if rows:
        print(table.draw(HEADER, [row.cells for row in rows]))
    if arguments.only in (None, "creating"):
        print(creating.draw(creating.measure(arguments.scale)))
    if arguments.only in (None, "console"):
        print(console.draw(console.rows(arguments.scale)))
    say(f"{time.monotonic() - began:.0f} s, scale {arguments.scale:g}, {os.cpu_count()} cores")
    return 0


if __name__ == "__main__":
    sys.exit(main())
