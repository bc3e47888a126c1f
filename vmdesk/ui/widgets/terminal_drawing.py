"""How a line of a terminal is painted: on a grid of whole pixels, in colours that can be read on their ground."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPalette, QPen
from pyte.graphics import FG_BG_256

from vmdesk.console.text import Line, Style
from vmdesk.ui import theme

CONTRAST = 4.5  # of text against its ground, whatever the guest asks for
_MOST_KEPT = 2048

# As pyte calls them, in the order of the numbers; on a light and on a dark ground.
_NAMES = ("black", "red", "green", "brown", "blue", "magenta", "cyan", "white")
_LIGHT = ("#1c2126", "#c01c28", "#1a7f37", "#9a6700", "#1f5fc9", "#8e3cad", "#0b7285", "#d3d7dd")
_LIGHT_BRIGHT = ("#69727d", "#e5484d", "#2b9a4a", "#b98500", "#2f6fde", "#a94fc9", "#1590a6", "#ffffff")
_DARK = ("#0c0e10", "#e5565c", "#3fb26f", "#c9982e", "#4a8df0", "#b97fe0", "#35a8bd", "#d0d5db")
_DARK_BRIGHT = ("#7a828c", "#ff7b72", "#4cc38a", "#e3b341", "#7fb2ff", "#d2a8ff", "#56c8dc", "#ffffff")
_ALL = (*_NAMES, *(f"bright{name}" for name in _NAMES))
_INKS = {
    False: dict(zip(_ALL, (*_LIGHT, *_LIGHT_BRIGHT), strict=True)),
    True: dict(zip(_ALL, (*_DARK, *_DARK_BRIGHT), strict=True)),
}
# Deep ones in both: programs that paint a ground mostly write on it in white.
_GROUNDS = _INKS[False] | {"black": "#0c0e10"}
# The first sixteen of the 256 are the same colours.
_SIXTEEN = dict(zip(FG_BG_256[:16], _ALL, strict=True))

# What every fixed font has, at the width that it should have.
_PLAIN = re.compile(r"[ -~]+|[^ -~]+")
# Lines of frames: where they go from the middle of the cell (left, right, up, down).
_FRAMES = dict(zip("─│┌┐└┘├┤┬┴┼╴╵╶╷", (3, 12, 10, 9, 6, 5, 14, 13, 11, 7, 15, 1, 4, 2, 8), strict=True))


@dataclass(frozen=True, slots=True)
class Mark:
    """Columns [start, end) of a line that stand out."""

    start: int
    end: int
    ground: QColor
    ink: QColor


class Drawing:
    """Fonts, cell size and colours of one terminal."""

    def __init__(self, font: QFont, palette: QPalette) -> None:
        self.set_font(font)
        self.set_palette(palette)

    def set_font(self, font: QFont) -> None:
        """`cell_width` and `cell_height` in whole pixels."""
        self.font = font
        metrics = QFontMetricsF(font)
        self.cell_width = max(1, round(metrics.horizontalAdvance("M")))
        self.cell_height = max(1, ceil(metrics.height()))
        self._ascent = metrics.ascent()
        self._fonts: dict[tuple[bool, bool], QFont] = {}

    def set_palette(self, palette: QPalette) -> None:
        self.ground = palette.color(QPalette.ColorRole.Base)
        self.ink = palette.color(QPalette.ColorRole.Text)
        self._inks = _INKS[theme.is_dark(palette)]
        self._kept: dict[tuple[str, str, bool], tuple[QColor, QColor]] = {}

    def colors(self, style: Style, reversed_screen: bool = False) -> tuple[QColor, QColor]:
        """(ink, ground). The ink is made lighter or darker where it could not be read."""
        turned = style.reverse != reversed_screen
        key = (style.fg, style.bg, turned)
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) > _MOST_KEPT:
                self._kept.clear()
            ink, ground = self._color(style.fg, self.ink, self._inks), self._color(style.bg, self.ground, _GROUNDS)
            if turned:
                ink, ground = ground, ink
            found = self._kept[key] = (readable(ink, ground), ground)
        return found

    def _color(self, name: str, otherwise: QColor, table: dict[str, str]) -> QColor:
        name = _SIXTEEN.get(name, name)
        if known := table.get(name):
            return QColor(known)
        if len(name) == 6 and name != "default":
            color = QColor(f"#{name}")
            return color if color.isValid() else otherwise
        return otherwise

    def paint_line(
        self, painter: QPainter, y: int, line: Line, columns: int, marks: Sequence[Mark], reversed_screen: bool
    ) -> None:
        """Paint a line whose cells begin at x 0, over a ground that is already there."""
        if reversed_screen:
            painter.fillRect(0, y, columns * self.cell_width, self.cell_height, self.ink)
        for start, end, style in line.runs():
            ink, ground = self.colors(style, reversed_screen)
            if ground != self.ground or reversed_screen:
                self._fill(painter, y, start, end, ground)
            self._paint_text(painter, y, line, start, end, style, ink)
        for mark in marks:
            self._fill(painter, y, mark.start, mark.end, mark.ground)
            for start, end, style in line.runs():
                start, end = max(start, mark.start), min(end, mark.end)
                if start < end:
                    self._paint_text(painter, y, line, start, end, style, mark.ink)

    def paint_cursor(self, painter: QPainter, y: int, column: int, line: Line, full: bool, color: QColor) -> None:
        """A block if the keyboard goes there, else an empty one. It does not blink."""
        width = 2 if line.cells and line.cells[column + 1 : column + 2] == ("",) else 1
        box = QRectF(column * self.cell_width, y, width * self.cell_width, self.cell_height)
        if not full:
            painter.setPen(QPen(color, 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5))
            return
        painter.fillRect(box, color)
        style = next((style for start, end, style in line.runs() if start <= column < end), Style())
        self._paint_text(painter, y, line, column, column + width, style, readable(self.ground, color))

    def paint_words(self, painter: QPainter, y: int, column: int, words: str) -> int:
        """Words that are being put together at the cursor (input methods), underlined; the columns they take."""
        width = ceil(QFontMetricsF(self.font).horizontalAdvance(words) / self.cell_width)
        self._fill(painter, y, column, column + width, self.ground)
        painter.setFont(self.font)
        painter.setPen(self.ink)
        painter.drawText(QPointF(column * self.cell_width, y + self._ascent), words)
        self._underline(painter, y, column, column + width, self.ink, self._ascent + 2)
        return width

    def _fill(self, painter: QPainter, y: int, start: int, end: int, color: QColor) -> None:
        painter.fillRect(start * self.cell_width, y, (end - start) * self.cell_width, self.cell_height, color)

    def _paint_text(
        self, painter: QPainter, y: int, line: Line, start: int, end: int, style: Style, ink: QColor
    ) -> None:
        painter.setPen(ink)
        baseline = y + self._ascent
        if line.cells is None and (words := line.text[start:end]).strip():
            painter.setFont(self._variant(style))
            for part in _PLAIN.finditer(words):
                column = start + part.start()
                if " " <= part.group()[0] <= "~":
                    painter.drawText(QPointF(column * self.cell_width, baseline), part.group())
                else:
                    self._paint_cells(painter, y, column, part.group(), ink)
        elif line.cells is not None:
            painter.setFont(self._variant(style))
            self._paint_cells(painter, y, start, line.cells[start:end], ink)
        if style.underscore:
            self._underline(painter, y, start, end, ink, self._ascent + 2)
        if style.strikethrough:
            self._underline(painter, y, start, end, ink, self._ascent * 0.65)

    def _paint_cells(self, painter: QPainter, y: int, column: int, cells: Iterable[str], ink: QColor) -> None:
        """One at a time: another font may have to help out, with other widths."""
        for place, cell in enumerate(cells, start=column):
            if way := _FRAMES.get(cell, 0):
                self._paint_frame(painter, y, place, way, ink)
            elif cell == "█":
                self._fill(painter, y, place, place + 1, ink)
            elif cell and cell != " ":
                painter.drawText(QPointF(place * self.cell_width, y + self._ascent), cell)

    def _paint_frame(self, painter: QPainter, y: int, column: int, way: int, ink: QColor) -> None:
        """Drawn and not written, so that frames are closed at any size."""
        left, width, height = column * self.cell_width, self.cell_width, self.cell_height
        thick = max(1, round(height / 16))
        x, middle = left + (width - thick) // 2, y + (height - thick) // 2
        if way & 3:
            start = left if way & 1 else x
            end = left + width if way & 2 else x + thick
            painter.fillRect(start, middle, end - start, thick, ink)
        if way & 12:
            start = y if way & 4 else middle
            end = y + height if way & 8 else middle + thick
            painter.fillRect(x, start, thick, end - start, ink)

    def _underline(self, painter: QPainter, y: int, start: int, end: int, ink: QColor, down: float) -> None:
        down = min(down, self.cell_height - 1)
        painter.fillRect(QRectF(start * self.cell_width, y + round(down), (end - start) * self.cell_width, 1), ink)

    def _variant(self, style: Style) -> QFont:
        key = (style.bold, style.italics)
        font = self._fonts.get(key)
        if font is None:
            font = QFont(self.font)
            font.setBold(style.bold)
            font.setItalic(style.italics)
            font.setKerning(False)
            # Whole pixels a cell, in every variant: nothing shifts, nothing is blurred.
            natural = QFontMetricsF(font).horizontalAdvance("M")
            font.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, self.cell_width - natural)
            self._fonts[key] = font
        return font


def readable(ink: QColor, ground: QColor) -> QColor:
    """`ink`, if need be nearer to black or white until it can be read on `ground`."""
    if contrast(ink, ground) >= CONTRAST:
        return ink
    far = QColor("white") if contrast(QColor("white"), ground) > contrast(QColor("black"), ground) else QColor("black")
    for step in range(1, 10):
        share = step / 10
        mixed = QColor.fromRgbF(
            ink.redF() + (far.redF() - ink.redF()) * share,
            ink.greenF() + (far.greenF() - ink.greenF()) * share,
            ink.blueF() + (far.blueF() - ink.blueF()) * share,
        )
        if contrast(mixed, ground) >= CONTRAST:
            return mixed
    return far


def contrast(one: QColor, other: QColor) -> float:
    """1 to 21, as WCAG defines it."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: QColor) -> float:
    parts = (color.redF(), color.greenF(), color.blueF())
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
