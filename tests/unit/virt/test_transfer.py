"""Which stretches of a file are sent."""

from pathlib import Path

from vmdesk.virt import transfer

MIB = 1024**2


def stretches(path: Path, *written: tuple[int, int], length: int) -> list[tuple[int, int]]:
    with path.open("wb") as file:
        file.truncate(length)
        for start, end in written:
            file.seek(start)
            file.write(b"x" * (end - start))
    with path.open("rb") as file:
        return list(transfer._data(file, length))


def test_large_holes_are_left_out_and_small_ones_are_not_worth_it(tmp_path: Path) -> None:
    wanted = [(0, MIB), (4 * MIB, 5 * MIB), (5 * MIB + 65536, 6 * MIB)]
    found = stretches(tmp_path / "a", *wanted, length=64 * MIB)
    assert found == [(0, MIB), (4 * MIB, 6 * MIB)]


def test_a_file_of_holes_alone_sends_nothing(tmp_path: Path) -> None:
    assert stretches(tmp_path / "a", length=64 * MIB) == []


def test_a_file_without_holes_is_one_stretch(tmp_path: Path) -> None:
    assert stretches(tmp_path / "a", (0, 2 * MIB), length=2 * MIB) == [(0, 2 * MIB)]
