"""How alike two pictures are."""

from dataclasses import dataclass

from PySide6.QtGui import QImage

LOUD = 40  # of 255 in a colour channel: less is the drawing of a line's edge
LIMIT = 0.002  # of all pixels may differ loudly


@dataclass(frozen=True, slots=True)
class Difference:
    """`part` of all pixels differs; `picture` has them red. `size`: the sizes differ, nothing else is known."""

    part: float
    size: bool = False
    picture: QImage | None = None

    @property
    def small(self) -> bool:
        return not self.size and self.part <= LIMIT


def compare(expected: QImage, found: QImage) -> Difference:
    """Pixel by pixel."""
    if expected.size() != found.size():
        return Difference(1.0, size=True)
    form = QImage.Format.Format_RGB888
    one, other = expected.convertToFormat(form), found.convertToFormat(form)
    width, height, line = one.width(), one.height(), one.bytesPerLine()
    left, right = bytes(one.constBits()), bytes(other.constBits())
    if left == right:
        return Difference(0.0)
    shown = other.convertToFormat(QImage.Format.Format_RGB32)
    count = 0
    for y in range(height):
        a, b = left[y * line : y * line + width * 3], right[y * line : y * line + width * 3]
        if a == b:
            continue
        loud = [n for n, (p, q) in enumerate(zip(a, b)) if abs(p - q) > LOUD]
        for x in {n // 3 for n in loud}:
            count += 1
            shown.setPixel(x, y, 0xFFFF0000)
    return Difference(count / (width * height), picture=shown)
