import io
import threading
from pathlib import Path

import pytest
from PIL import Image, ImageSequence

from tests.fakes.screen import paint
from vmdesk.console.recording import End, Recording
from vmdesk.console.screen import Surface
from vmdesk.model.errors import VirtError


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def fill(surface: Surface, color: int, x: int, y: int, width: int, height: int) -> None:
    row = (color | 0xFF000000).to_bytes(4, "little") * width
    for line in range(y, y + height):
        start = line * surface.stride + x * 4
        surface.data[start : start + len(row)] = row


class Bench:
    def __init__(self, **limits: object) -> None:
        self.ends: list[End] = []
        self.over = threading.Event()
        self.clock = Clock()
        self.recording = Recording(self._ended, clock=self.clock, **limits)  # type: ignore[arg-type]

    def _ended(self, why: End) -> None:
        self.ends.append(why)
        self.over.set()

    def take(self, surface: Surface, after: float = 0.5) -> None:
        self.clock.now += after
        for _ in range(1000):
            if self.recording.frame(surface) or not self.recording.running:
                return
            threading.Event().wait(0.005)
        raise AssertionError("never taken")


def three(bench: Bench) -> Surface:
    surface = Surface.blank(320, 200)
    paint(surface)
    bench.take(surface)
    fill(surface, 0xFF0000, 10, 20, 30, 40)
    bench.take(surface)
    bench.take(surface)  # nothing changed
    fill(surface, 0x0000FF, 100, 120, 30, 40)
    bench.take(surface, 1.0)
    bench.clock.now += 2.0
    return surface


@pytest.mark.parametrize("ending", ["gif", "webp"])
def test_what_was_seen_is_in_the_file(tmp_path: Path, ending: str) -> None:
    bench = Bench()
    three(bench)
    told: list[float] = []
    file = tmp_path / f"screen.{ending}"
    bench.recording.save(file, told.append)
    assert told[-1] == 1.0
    bench.recording.close()
    with Image.open(file) as film:
        assert film.size == (320, 200)
        pictures = [frame.convert("RGB") for frame in ImageSequence.Iterator(film)]
        film.seek(0)
        film.load()
    assert len(pictures) == 3
    assert close(pictures[1].getpixel((20, 40)), (255, 0, 0))
    assert not close(pictures[0].getpixel((20, 40)), (255, 0, 0))
    assert close(pictures[2].getpixel((110, 140)), (0, 0, 255))
    assert close(pictures[2].getpixel((20, 40)), (255, 0, 0))
    assert [one.name for one in tmp_path.iterdir()] == [file.name]
    with Image.open(file) as film:
        durations = []
        for place in range(film.n_frames):
            film.seek(place)
            film.load()
            durations.append(film.info["duration"])
    assert durations == [500, 1500, 2000]


def close(one: object, other: tuple[int, int, int]) -> bool:
    assert isinstance(one, tuple)
    return all(abs(a - b) < 24 for a, b in zip(one, other, strict=True))


def test_not_too_often() -> None:
    bench = Bench()
    surface = Surface.blank(64, 64)
    assert bench.recording.frame(surface)
    bench.clock.now += 0.1
    assert not bench.recording.frame(surface)
    bench.recording.close()


def test_it_ends_when_it_is_long_enough() -> None:
    bench = Bench(longest=2.0)
    surface = Surface.blank(64, 64)
    for _ in range(5):
        bench.take(surface)
    assert bench.over.wait(5)
    assert bench.ends == [End.LONG]
    assert not bench.recording.running
    assert not bench.recording.frame(surface)
    bench.recording.close()


def test_it_ends_when_it_is_large_enough(tmp_path: Path) -> None:
    bench = Bench(largest=5000)
    surface = Surface.blank(320, 200)
    colors = iter(range(0, 0xFFFFFF, 12345))
    while bench.recording.running:
        for place in range(60):
            fill(surface, next(colors), place * 5, place * 3, 4, 3)
        bench.take(surface)
    assert bench.over.wait(5)
    assert bench.ends == [End.LARGE]
    bench.recording.save(tmp_path / "x.gif")
    assert bench.recording.size < 10000
    bench.recording.close()


def test_large_screens_become_smaller_and_another_size_is_put_into_the_first(tmp_path: Path) -> None:
    bench = Bench(room=(160, 100))
    first, second = Surface.blank(320, 200), Surface.blank(200, 200)
    paint(first)
    fill(second, 0x00FF00, 0, 0, 200, 200)
    bench.take(first)
    bench.take(second)
    bench.recording.save(tmp_path / "x.gif")
    bench.recording.close()
    with Image.open(tmp_path / "x.gif") as film:
        assert film.size == (160, 100)
        film.seek(1)
        last = film.convert("RGB")
    assert last.getpixel((80, 50)) == (0, 255, 0)
    assert last.getpixel((10, 50)) == (0, 0, 0)


def test_nothing_to_save(tmp_path: Path) -> None:
    bench = Bench()
    with pytest.raises(VirtError) as caught:
        bench.recording.save(tmp_path / "x.gif")
    assert caught.value.problem.name == "empty"
    bench.recording.close()
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("ending", ["gif", "webp"])
def test_a_folder_that_is_not_there(tmp_path: Path, ending: str) -> None:
    bench = Bench()
    three(bench)
    with pytest.raises(VirtError) as caught:
        bench.recording.save(tmp_path / "none" / f"x.{ending}")
    assert caught.value.problem.name == "save"
    bench.recording.close()


def test_the_thread_ends() -> None:
    bench = Bench()
    bench.take(Surface.blank(64, 64))
    bench.recording.close()
    assert not [one for one in threading.enumerate() if one.name == "recording"]


def test_one_picture_is_a_film_as_well(tmp_path: Path) -> None:
    for ending in ("gif", "webp"):
        bench = Bench()
        bench.take(Surface.blank(64, 48))
        bench.recording.save(tmp_path / f"x.{ending}")
        bench.recording.close()
        with Image.open(io.BytesIO((tmp_path / f"x.{ending}").read_bytes())) as film:
            assert film.size == (64, 48)
