"""Where a guest's pixel is on the screen, and back: the same numbers for painting and for the pointer.

Everything is in device pixels of the widget, so that a picture at 1:1 is sharp at any scale factor.
"""

import math
from dataclasses import dataclass
from enum import Enum

from vmdesk.console.screen import Rect

_ERROR = 1e-3  # device pixels by which a position may be wrong after it was divided and multiplied by a factor


class Mode(Enum):
    """How a picture is put into the window."""

    FIT = "fit"  # as large as the window allows
    ONE = "one"  # a pixel is a pixel
    GUEST = "guest"  # the guest is asked to have the window's size


@dataclass(frozen=True, slots=True)
class Transform:
    """left, top: where the picture begins; width, height: how large it is there. All whole device pixels.

    shift_x, shift_y  what the widget's own corner lies beside a device pixel (0 to 1), at fractional scale factors
    """

    guest_width: int
    guest_height: int
    left: int
    top: int
    width: int
    height: int
    shift_x: float = 0.0
    shift_y: float = 0.0
    ratio: float = 1.0  # device pixels a logical one

    @property
    def scale(self) -> float:
        return self.width / self.guest_width

    @property
    def exact(self) -> bool:
        """Whether every pixel becomes a whole number of pixels: nothing needs to be smoothed."""
        return self.width % self.guest_width == 0 and self.height % self.guest_height == 0

    def guest(self, x: float, y: float) -> tuple[int, int]:
        """The guest's pixel under a logical position in the widget; outside the picture the nearest one.

        What counts is the middle of the device pixel: on X11 positions are the upper left corners of those.
        """
        across, down = self._beside(x, y)
        return (
            min(max(math.floor(across * self.guest_width / self.width), 0), self.guest_width - 1),
            min(max(math.floor(down * self.guest_height / self.height), 0), self.guest_height - 1),
        )

    def inside(self, x: float, y: float) -> bool:
        """Whether a logical position is on the picture."""
        across, down = self._beside(x, y)
        return 0 <= across < self.width and 0 <= down < self.height

    def _beside(self, x: float, y: float) -> tuple[float, float]:
        """From the picture's corner to the middle of the device pixel there, in device pixels."""
        return (
            math.floor(x * self.ratio + self.shift_x + _ERROR) - self.left + 0.5,
            math.floor(y * self.ratio + self.shift_y + _ERROR) - self.top + 0.5,
        )

    def dirty(self, rect: Rect) -> tuple[int, int, int, int]:
        """Left, top, right, bottom of the logical rectangle in which these pixels of the guest show."""
        more = 0 if self.exact else 1  # smoothing mixes a pixel with its neighbours
        scale_x, scale_y = self.width / self.guest_width, self.height / self.guest_height
        # Whole device pixels first: one that lies across two logical ones belongs to both.
        left = self.left + math.floor((rect.x - more) * scale_x)
        top = self.top + math.floor((rect.y - more) * scale_y)
        right = self.left + math.ceil((rect.x + rect.width + more) * scale_x)
        bottom = self.top + math.ceil((rect.y + rect.height + more) * scale_y)
        return (
            math.floor((left - self.shift_x) / self.ratio),
            math.floor((top - self.shift_y) / self.ratio),
            math.ceil((right - self.shift_x) / self.ratio),
            math.ceil((bottom - self.shift_y) / self.ratio),
        )


def fit(
    guest: tuple[int, int],
    room: tuple[float, float],
    mode: Mode,
    ratio: float = 1.0,
    corner: tuple[float, float] = (0.0, 0.0),
) -> Transform:
    """The picture of a guest (its pixels) in a widget of `room` (logical) whose corner in its window is `corner`."""
    shift_x, shift_y = (_part(one * ratio) for one in corner)
    # Device pixels that are wholly the widget's own.
    wide = max(1, math.floor(room[0] * ratio + shift_x + 1e-6) - math.ceil(shift_x))
    high = max(1, math.floor(room[1] * ratio + shift_y + 1e-6) - math.ceil(shift_y))
    width, height = guest
    fits = width <= wide and height <= high
    if mode is Mode.FIT or (mode is Mode.GUEST and not fits):
        scale = min(wide / width, high / height)
        shown = max(1, min(wide, round(width * scale))), max(1, min(high, round(height * scale)))
    else:
        shown = width, height
    left = math.ceil(shift_x) + max(0, (wide - shown[0]) // 2)
    top = math.ceil(shift_y) + max(0, (high - shown[1]) // 2)
    return Transform(width, height, left, top, *shown, shift_x, shift_y, ratio)


def _part(value: float) -> float:
    """What is beyond the whole number; rounding errors are none."""
    part = value - math.floor(value)
    return 0.0 if part < 1e-6 or part > 1 - 1e-6 else part
