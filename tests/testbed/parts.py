"""All the tests in two processes at the same time, each in a bed of its own: what is live mostly waits for its guests.

Both collect all tests, each in an order of its own (`Claims.rank`); whoever comes to a file first runs it whole, so
both end at about the same time, on every computer. What the first says is shown as it comes, what the second says
when both have ended. pytest's closing lines become one, after the names of what failed.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import IO

# What takes longest is begun first, by both: the other's short tests fill what is left at the end.
LONGEST = (
    "tests/live/test_create_boots.py",
    "tests/live/test_installer.py",
    "tests/live/test_console_endures.py",  # it weighs its own process, which better has not run all tests of the window
)
_CHECKOUT = Path(__file__).resolve().parents[2]
_CLAIMS = "TEST_CLAIMS"
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_CLOSING = re.compile(r"^=* ?(\d+ [a-z]+(?:, \d+ [a-z]+)*) in [0-9.]+s")
_BAD = re.compile(r"^(?:FAILED|ERROR) tests/")
_ORDER = ("failed", "passed", "skipped", "xfailed", "xpassed", "warning", "error")  # pytest's own
_MANY = {"warning": "warnings", "error": "errors"}


# ---------------------------------------------------------------- in each process


@dataclass
class Claims:
    """Which files of tests are ours: those that we named in a common folder before the other did."""

    folder: Path
    first: bool
    known: dict[str, bool] = field(default_factory=dict)

    @classmethod
    def of_environment(cls) -> "Claims | None":
        """None where there is no other process."""
        who, _, folder = os.environ.get(_CLAIMS, "").partition(":")
        return cls(Path(folder), who == "first") if who else None

    def ours(self, file: str) -> bool:
        """Decided when its first test is to be run, for good."""
        if file not in self.known:
            try:
                (self.folder / file.replace("/", ".")).touch(exist_ok=False)
            except FileExistsError:
                self.known[file] = False
            else:
                self.known[file] = True
        return self.known[file]

    def rank(self, file: str) -> int:
        """Files are run in this order: the first process has the live ones first, the second has them last."""
        if file in LONGEST:
            return 0 if self.first else 3
        return 1 if file.startswith("tests/live/") == self.first else 2


# ---------------------------------------------------------------- around both


def run(pytest: list[str], before_first: Callable[[], object]) -> int:
    """Run `pytest` in two processes; the worse exit status. `before_first` is what only the first has to wait for."""
    began = time.monotonic()
    if sys.stdout.isatty():
        pytest = [*pytest, "--color=yes"]
    build = _CHECKOUT / "build"
    build.mkdir(exist_ok=True)
    with tempfile.TemporaryFile() as kept, tempfile.TemporaryDirectory(prefix="claims-", dir=build) as claims:
        second = _start(pytest, kept, f"second:{claims}")
        before_first()
        first = _start(pytest, subprocess.PIPE, f"first:{claims}")
        assert first.stdout
        with first.stdout:
            ended = [(_shown(first.stdout), first.wait() & 0xFF)]
        status = second.wait() & 0xFF
        kept.seek(0)
        ended.append((_shown(kept), status))
    print("\n".join(summary(ended, time.monotonic() - began)), flush=True)
    return max(status for _, status in ended)


def _start(pytest: list[str], output: int | IO[bytes], claims: str) -> "subprocess.Popen[bytes]":
    """It dies with this process, whatever happens, and its bed with it."""
    bed = ["setpriv", "--pdeathsig", "KILL", sys.executable, "-m", "tests.testbed", "run"]
    return subprocess.Popen(
        [*bed, *pytest], stdout=output, stderr=subprocess.STDOUT, env=os.environ | {_CLAIMS: claims}
    )


def _shown(output: IO[bytes]) -> str:
    """What is read from there until its end, each bit written out at once."""
    whole = bytearray()
    while bit := os.read(output.fileno(), 1 << 16):
        whole += bit
        sys.stdout.buffer.write(bit)
        sys.stdout.buffer.flush()
    return whole.decode(errors="replace")


def summary(ended: Iterable[tuple[str, int]], seconds: float) -> list[str]:
    """Of each process what it wrote and its exit status -> what failed, by name, and one closing line as pytest's."""
    counts: Counter[str] = Counter()
    lines = []
    for text, status in ended:
        plain = [_ANSI.sub("", line) for line in text.splitlines()]
        lines += [line for line in plain if _BAD.match(line)]
        closing = [found[1] for line in plain if (found := _CLOSING.match(line))]
        if not closing:
            lines.append(f"ERROR half of the tests ended without a closing line, status {status}")
            counts["error"] += 1
        for count, what in re.findall(r"(\d+) ([a-z]+)", closing[-1] if closing else ""):
            counts[what if what in _ORDER else what.removesuffix("s")] += int(count)
    told = ", ".join(
        f"{counts[what]} {_MANY.get(what, what) if counts[what] > 1 else what}" for what in _ORDER if counts[what]
    )
    closing_line = f" {told} in {seconds:.2f}s ({timedelta(seconds=int(seconds))}) "
    return [*lines, closing_line.center(80, "=")]
