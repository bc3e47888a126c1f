"""The benchmark's own arithmetic: what it prints must be right even if nobody measures."""

from pathlib import Path

import libvirt
import pytest

from tests.bench import console, fleet, screen
from tests.bench import table as tables
from tests.bench.__main__ import Row


def test_fleet_is_what_it_says(tmp_path: Path) -> None:
    file = fleet.write(tmp_path, 20)
    assert file.read_text() == fleet.write(tmp_path, 20).read_text()
    connection = libvirt.open(fleet.uri(file))
    try:
        machines = connection.listAllDomains()
        assert sorted(machine.name() for machine in machines) == fleet.names(20)
        assert all(machine.isActive() for machine in machines)
        assert len({machine.UUIDString() for machine in machines}) == 20
    finally:
        connection.close()


def test_rows_say_whether_the_target_is_reached() -> None:
    assert Row("a", 60.0, 6.0, "%", "1/10 of theirs", 6.0).cells == (
        "a",
        "60 %",
        "6.00 %",
        "0.10",
        "1/10 of theirs",
        "yes",
    )
    assert Row("a", None, 51.0, "ms", "50 ms", 50.0).cells[-1] == "NO"
    assert Row("a", 3.0, None, "s", "-", None).cells[2:4] == ("-", "-")


def test_the_table_is_aligned() -> None:
    lines = tables.draw(("what", "virt-manager"), [("something", "1.00 s"), ("x", "-")]).splitlines()
    assert len(lines) == 4 and len({len(line) for line in lines}) == 1


def test_pictures_are_compared_by_pixel() -> None:
    one = int.from_bytes(bytes([9, 9, 9, 9]), "little")
    other = int.from_bytes(bytes([9, 200, 9, 10]), "little")
    changed = screen.different(one, other)
    assert changed.to_bytes(4, "little") == bytes([0, 1, 0, 1])
    assert screen.widened(1 << 8 * 5, 1).bit_count() == 6  # three in its own row, the first, and three below


@pytest.mark.parametrize("phase", [0.0, 7.3, 20.9, 34.3])
def test_the_rate_does_not_depend_on_when_the_counting_begins(phase: float) -> None:
    """Counted within two fixed moments, 29.07 a second would be 28.83 or 29.0 or 29.17."""
    now = [phase / 1000]
    begun: list[float] = []

    def sleep(seconds: float) -> None:
        now[0] += seconds

    def look() -> bytes:
        return str(int(now[0] / 0.0344)).encode()  # another picture each 34.4 ms

    count, length = console.pictures(look, 6.0, lambda: begun.append(now[0]), lambda: now[0], sleep)
    assert count / length == pytest.approx(1 / 0.0344, abs=0.02)
    assert count == 175 and len(begun) == 1  # 175 gaps of 34.4 ms are the first that are 6 s


def test_a_picture_that_stops_is_counted_as_it_is() -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    def look() -> bytes:
        return str(int(min(now[0], 3.0) / 0.1)).encode()

    count, length = console.pictures(look, 6.0, lambda: None, lambda: now[0], sleep)
    assert (count, round(length)) == (29, 7)
    assert console.pictures(lambda: b"", 6.0, lambda: None, lambda: now[0], sleep)[0] == 0


def test_what_a_viewer_does_not_show_is_told_apart_from_what_is_not_sent() -> None:
    def shown(fps: float, sent: float | None) -> list[str]:
        ours = console.Cost(fps, 60.0, sent, 17.0, 6.0, 20.0, 30.0, 0.0)
        return [row.cells[-1] for row in console._share("SPICE", None, ours)]

    assert shown(28.8, 28.8) == ["yes"]
    assert shown(28.8, 30.0) == ["NO"]
    assert shown(60.0, None) == []
