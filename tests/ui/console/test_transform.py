import random
from collections.abc import Callable

import pytest

from vmdesk.console.screen import Rect
from vmdesk.ui.console.transform import Mode, Transform, fit

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


def logical(place: Transform, m: int, n: int) -> tuple[float, float]:
    """The position that Qt tells when the pointer is on the m-th device pixel of a row, the n-th of a column."""
    return (m - place.shift_x) / place.ratio, (n - place.shift_y) / place.ratio


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("guest", [(640, 480), (320, 200), (1024, 768)])
def test_corners(ratio: float, guest: tuple[int, int]) -> None:
    """The first and last device pixel of the picture are the first and last of the guest, if all of them are shown."""
    for corner in ((0, 0), (13, 7), (101, 3)):
        place = fit(guest, (1111, 822), Mode.FIT, ratio, corner)
        assert place.scale >= 1
        right, bottom = place.left + place.width - 1, place.top + place.height - 1
        assert place.guest(*logical(place, place.left, place.top)) == (0, 0)
        assert place.guest(*logical(place, right, bottom)) == (guest[0] - 1, guest[1] - 1)
        assert place.inside(*logical(place, place.left, place.top)) and place.inside(*logical(place, right, bottom))
        assert not place.inside(*logical(place, place.left - 1, place.top))
        assert not place.inside(*logical(place, right, bottom + 1))
        assert place.guest(-500, -500) == (0, 0) and place.guest(5000, 5000) == (guest[0] - 1, guest[1] - 1)


def test_pointer_and_paint_agree(reps: Callable[[int], int]) -> None:
    """On a device pixel that shows a guest's pixel the pointer is on that one; its dirty rectangle holds it."""
    chance = random.Random(5)
    for _ in range(reps(20_000)):
        guest = chance.randint(1, 2000), chance.randint(1, 2000)
        room = chance.randint(1, 2000), chance.randint(1, 2000)
        corner = chance.randint(0, 300), chance.randint(0, 300)
        place = fit(guest, room, chance.choice(list(Mode)), chance.choice(RATIOS), corner)
        m, n = chance.randrange(place.width), chance.randrange(place.height)
        # What drawImage puts there: the guest's pixel under the middle of the device pixel.
        x = min(guest[0] - 1, int((m + 0.5) * guest[0] / place.width))
        y = min(guest[1] - 1, int((n + 0.5) * guest[1] / place.height))
        spot = logical(place, place.left + m, place.top + n)
        across, down = place.guest(*spot)
        assert (across, down) == (x, y)
        left, top, right, bottom = place.dirty(Rect(x, y, 1, 1))
        assert left - 1e-6 <= spot[0] <= right and top - 1e-6 <= spot[1] <= bottom
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
