import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmdesk.model import sizes
from vmdesk.model.sizes import GIB, KIB, MIB, TIB, SizeError


@pytest.mark.parametrize(
    ("words", "kib"),
    [
        ("512", 512 * KIB),
        ("1024M", MIB),
        ("2G", 2 * MIB),
        ("2 GiB", 2 * MIB),
        ("1.5g", 1536 * KIB),
        ("0.5T", 512 * MIB),
        ("64k", 64),
        ("2GB", 2 * MIB),
        (" 4096B ", 4),
        ("0", 0),
    ],
)
def test_memory(words: str, kib: int) -> None:
    assert sizes.memory_kib(words) == kib


@pytest.mark.parametrize(
    ("words", "size"),
    [("20", 20 * GIB), ("512M", 512 * MIB), ("1.5T", 3 * TIB // 2), ("1B", 512), ("1000b", 1024), ("1p", 1024 * TIB)],
)
def test_disks(words: str, size: int) -> None:
    assert sizes.disk_bytes(words) == size


@pytest.mark.parametrize(
    "words",
    [
        "",
        " ",
        "G",
        "12X",
        "1,5G",
        "0x10",
        "1e9",
        "١٢G",
        "²",
        "nan",
        "inf",
        "1.G",
        ".5G",
        "5 5",
        "5iB",
        "9" * 30,
        "1\n2",
        "5GG",
    ],
)
def test_what_is_no_size(words: str) -> None:
    with pytest.raises(SizeError, match="is not a size"):
        sizes.memory_kib(words)


def test_less_than_nothing() -> None:
    with pytest.raises(SizeError, match="negative: -5G"):
        sizes.disk_bytes("-5G")


@given(st.integers(0, 2**70))
def test_written_is_read_back(size: int) -> None:
    assert sizes.disk_bytes(sizes.written(size)) == -(-size // 512) * 512


@given(st.text("0123456789.kKMGTiBb -", max_size=30))
def test_anything_is_a_size_or_an_error(words: str) -> None:
    with contextlib.suppress(SizeError):
        assert sizes.disk_bytes(words) >= 0
