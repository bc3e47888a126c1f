import random
from collections.abc import Callable

import pytest

from vmdesk.console.screen import Rect
from vmdesk.ui.console.transform import Mode, fit

RATIOS = (1.0, 1.25, 1.5, 1.75, 2.0, 3.0, 1.1)


def test_one_to_one_is_pixel_for_pixel_at_any_factor() -> None:
    for ratio in RATIOS:
        place = fit((300, 200), (800, 600), Mode.ONE, ratio, (33, 47))
        assert (place.width, place.height) == (300, 200) and place.exact
        assert isinstance(place.left, int) and isinstance(place.top, int)


def test_fit_fills_the_smaller_side_and_keeps_the_form() -> None:
    place = fit((1920, 1080), (800, 800), Mode.FIT)
    assert (place.left, place.top, place.width, place.height) == (0, 175, 800, 450)
    exact = fit((640, 480), (1280, 960), Mode.FIT)
    assert exact.exact and exact.scale == 2 and exact.left == exact.top == 0


def test_guest_mode_shows_what_fits_as_it_is() -> None:
    assert fit((800, 600), (800, 600), Mode.GUEST).exact
    assert fit((400, 300), (800, 600), Mode.GUEST).width == 400
    assert fit((1600, 1200), (800, 600), Mode.GUEST).width == 800


@pytest.mark.parametrize("ratio", RATIOS)
def test_corners(ratio: float) -> None:
    """The first and last pixel are met at the first and last device pixel of the picture, and outside of it."""
    for corner in ((0, 0), (13, 7), (101, 3)):
        place = fit((1024, 768), (777, 555), Mode.FIT, ratio, corner)
        left = (place.left - place.shift_x + 0.5) / ratio
        top = (place.top - place.shift_y + 0.5) / ratio
        right = (place.left + place.width - place.shift_x - 0.5) / ratio
        bottom = (place.top + place.height - place.shift_y - 0.5) / ratio
        # Where a device pixel is several of the guest's, its middle is somewhere in the first or last of them.
        slack = max(1, round(1024 / place.width))
        assert place.guest(left, top)[0] < slack and place.guest(left, top)[1] < slack
        assert place.guest(right, bottom)[0] >= 1024 - slack and place.guest(right, bottom)[1] >= 768 - slack
        assert place.guest(-500, -500) == (0, 0) and place.guest(5000, 5000) == (1023, 767)
        assert not place.inside(-500, 0) and place.inside((left + right) / 2, (top + bottom) / 2)


def test_pointer_and_paint_agree(reps: Callable[[int], int]) -> None:
    """The logical middle of a painted guest pixel is that pixel; its dirty rectangle holds it."""
    chance = random.Random(5)
    for _ in range(reps(20_000)):
        guest = chance.randint(1, 2000), chance.randint(1, 2000)
        room = chance.randint(1, 2000), chance.randint(1, 2000)
        corner = chance.randint(0, 300), chance.randint(0, 300)
        place = fit(guest, room, chance.choice(list(Mode)), chance.choice(RATIOS), corner)
        x, y = chance.randrange(guest[0]), chance.randrange(guest[1])
        across = (place.left - place.shift_x + (x + 0.5) * place.width / guest[0]) / place.ratio
        down = (place.top - place.shift_y + (y + 0.5) * place.height / guest[1]) / place.ratio
        assert place.guest(across, down) == (x, y)
        left, top, right, bottom = place.dirty(Rect(x, y, 1, 1))
        assert left <= across <= right and top <= down <= bottom
        assert place.width >= 1 and place.height >= 1


def test_fit_never_leaves_the_widget(reps: Callable[[int], int]) -> None:
    chance = random.Random(6)
    for _ in range(reps(20_000)):
        ratio = chance.choice(RATIOS)
        room = chance.randint(8, 2000), chance.randint(8, 2000)
        corner = chance.randint(0, 300), chance.randint(0, 300)
        place = fit((chance.randint(1, 4000), chance.randint(1, 4000)), room, Mode.FIT, ratio, corner)
        assert place.left >= place.shift_x and place.top >= place.shift_y
        assert place.left + place.width <= room[0] * ratio + place.shift_x + 1e-3
        assert place.top + place.height <= room[1] * ratio + place.shift_y + 1e-3
