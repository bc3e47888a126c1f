"""Colours that are worked out from the palette: for lines of graphs, pieces of bars, tints."""

from PySide6.QtGui import QColor, QPalette


def line_color(palette: QPalette, index: int) -> QColor:
    """The colour of the n-th line: the accent, then hues far from it, as light as the theme wants it."""
    accent = palette.color(QPalette.ColorRole.Accent)
    dark = palette.color(QPalette.ColorRole.Base).lightnessF() < 0.5
    hue = (max(accent.hueF(), 0.0) + (0.0, 0.48, 0.8, 0.27, 0.62, 0.12, 0.9, 0.38)[index % 8]) % 1.0
    saturation = max(accent.hslSaturationF(), 0.55) * (1.0 if index == 0 else 0.85)
    lightness = 0.66 if dark else 0.45
    return QColor.fromHslF(hue, min(saturation, 0.9), lightness)


def faded(color: QColor, alpha: float) -> QColor:
    """The same colour, see-through."""
    color = QColor(color)
    color.setAlphaF(alpha)
    return color
