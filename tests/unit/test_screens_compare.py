"""Pictures that differ in drawing a line's edge are alike; a missing word is not."""

from PySide6.QtGui import QColor, QImage

from tests.screens.compare import compare


def _picture(width: int = 100, height: int = 50) -> QImage:
    made = QImage(width, height, QImage.Format.Format_RGB32)
    made.fill(QColor("white"))
    return made


def test_the_same() -> None:
    assert compare(_picture(), _picture()).part == 0


def test_another_size() -> None:
    found = compare(_picture(), _picture(101))
    assert found.size and not found.small


def test_a_shade() -> None:
    other = _picture()
    other.setPixelColor(5, 5, QColor(240, 240, 240))
    assert compare(_picture(), other).small


def test_a_word() -> None:
    other = _picture()
    for x in range(20):
        other.setPixelColor(x, 7, QColor("black"))
    found = compare(_picture(), other)
    assert not found.small and found.part == 20 / 5000
    assert found.picture and found.picture.pixelColor(3, 7) == QColor("red")
