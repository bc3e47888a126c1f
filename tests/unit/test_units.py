import math

import pytest

from vmdesk.model import units


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("count", "told"),
    [(0, "0 B"), (512, "512 B"), (1023.7, "1 KiB"), (1024, "1 KiB"), (1.2 * 2**30, "1.2 GiB"), (12.4 * 2**30, "12 GiB")],
)
def test_size(count: float, told: str) -> None:
    assert plain(units.size(count)) == told


@pytest.mark.parametrize(("value", "told"), [(0, "0 B/s"), (999.6, "1 kB/s"), (340e6, "340 MB/s"), (math.nan, "—")])
def test_rate(value: float, told: str) -> None:
    assert plain(units.rate(value)) == told


@pytest.mark.parametrize(("value", "told"), [(0, "0 %"), (0.4, "0.4 %"), (11.6, "12 %"), (100, "100 %")])
def test_percent(value: float, told: str) -> None:
    assert plain(units.percent(value)) == told


@pytest.mark.parametrize(("value", "told"), [(0, "0 ms"), (0.34, "340 µs"), (1.24, "1.2 ms"), (2500, "2.5 s")])
def test_milliseconds(value: float, told: str) -> None:
    assert plain(units.milliseconds(value)) == told


@pytest.mark.parametrize("top", [0.0, 0.3, 1, 7, 99, 101, 1e9, math.nan])
@pytest.mark.parametrize("binary", [False, True])
def test_steps_reach_the_top_and_are_few(top: float, binary: bool) -> None:
    steps = units.nice_steps(top, binary)
    assert steps[0] == 0
    assert 2 <= len(steps) <= 6
    if top > 0:
        assert steps[-1] >= top * 0.99999
