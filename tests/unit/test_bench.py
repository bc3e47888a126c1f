"""The benchmark's own arithmetic: what it prints must be right even if nobody measures."""

from pathlib import Path

import libvirt

from tests.bench import fleet, screen
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
