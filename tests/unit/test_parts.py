"""Two processes of tests look like one."""

import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from tests.testbed import parts

LIVE = """\
..F.
--- Captured log ---
ERROR    root:x.py:1 a line of a log
=========================== short test summary info ============================
SKIPPED [1] tests/live/test_b.py:100: no
FAILED tests/live/test_a.py::test_one[session] - assert False
============= 1 failed, 3 passed, 1 skipped, 2 warnings in 700.00s (0:11:40) =============
"""
OTHERS = """\
....
\x1b[31mERROR\x1b[0m tests/ui/test_c.py::test_two - no
\x1b[31m= \x1b[32m4990 passed\x1b[0m, \x1b[33m1 warning\x1b[0m, \x1b[31m1 error\x1b[0m\x1b[31m in 400.10s\x1b[0m =
"""


def test_one_closing_line_and_what_failed_above_it() -> None:
    *failed, closing = parts.summary([(LIVE, 1), (OTHERS, 1)], 701.5)
    assert failed == [
        "FAILED tests/live/test_a.py::test_one[session] - assert False",
        "ERROR tests/ui/test_c.py::test_two - no",
    ]
    assert closing.strip("= ") == "1 failed, 4993 passed, 1 skipped, 3 warnings, 1 error in 701.50s (0:11:41)"


def test_a_part_that_was_cut_off_is_an_error() -> None:
    *failed, closing = parts.summary([("....\nFatal Python error: Segmentation fault\n", 139), (OTHERS, 0)], 60)
    assert "139" in failed[0]
    assert "4990 passed" in closing and "2 errors" in closing
    assert parts.summary([("", 1), ("no tests ran in 0.01s", 5)], 1)[-1].strip("= ") == "2 errors in 1.00s (0:00:01)"


def test_the_reports_come_one_after_the_other(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture) -> None:
    """The second is at work while what the first needs is made; the worse status counts."""
    said: list[str] = []
    statuses = {"first": 0, "second": 3}

    def start(pytest: list[str], output: int | IO[bytes], claims: str) -> "subprocess.Popen[bytes]":
        who, _, folder = claims.partition(":")
        assert Path(folder).is_dir()
        said.append(who)
        script = f"print('{who} reports'); print('1 passed in 0.1s'); raise SystemExit({statuses[who]})"
        return subprocess.Popen([sys.executable, "-c", script], stdout=output)

    monkeypatch.setattr(parts, "_start", start)
    assert parts.run(["pytest"], lambda: said.append("made")) == 3
    assert said == ["second", "made", "first"]
    first, _, second, _, closing = capfd.readouterr().out.splitlines()
    assert (first, second) == ("first reports", "second reports")
    assert " 2 passed in " in closing


def test_each_file_is_run_by_one_of_the_two(tmp_path: Path) -> None:
    first, second = parts.Claims(tmp_path, True), parts.Claims(tmp_path, False)
    assert first.ours("tests/live/test_a.py") and not second.ours("tests/live/test_a.py")
    assert second.ours("tests/ui/test_a.py") and not first.ours("tests/ui/test_a.py")
    assert first.ours("tests/live/test_a.py"), "and stays so for the next test of the file"


def test_each_process_begins_at_its_own_end(tmp_path: Path) -> None:
    files = ["tests/live/test_a.py", "tests/unit/test_b.py", parts.LONGEST[0]]
    orders = [sorted(files, key=parts.Claims(tmp_path, first).rank) for first in (True, False)]
    assert orders == [[files[2], files[0], files[1]], [files[1], files[0], files[2]]]


def test_the_longest_are_there() -> None:
    assert all((Path(__file__).parents[2] / file).is_file() for file in parts.LONGEST)
