"""The colours of XML: worked out from the palette, each read well on its ground; and the highlighter that uses them."""

from PySide6.QtGui import QColor, QFont, QPalette, QSyntaxHighlighter, QTextCharFormat, QTextDocument

from vmdesk.ui.colors import line_color
from vmdesk.ui.theme import error_color, muted
from vmdesk.virtxml import source

CONTRAST = 4.5  # WCAG 2.1, level AA
KINDS = ("tag", "name", "value", "comment", "entity", "wrong")
_STEP = 1.08


def contrast(one: QColor, other: QColor) -> float:
    """From 1 (the same) to 21 (black on white)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: QColor) -> float:
    return 0.2126 * _light(color.redF()) + 0.7152 * _light(color.greenF()) + 0.0722 * _light(color.blueF())


def _light(part: float) -> float:
    return part / 12.92 if part <= 0.03928 else float(((part + 0.055) / 1.055) ** 2.4)


def readable(color: QColor, ground: QColor) -> QColor:
    """`color`, as much darker or lighter as it takes to be read on `ground`."""
    dark = _luminance(ground) < 0.18
    hue, saturation, light = max(color.hslHueF(), 0.0), color.hslSaturationF(), color.lightnessF()
    while contrast(color, ground) < CONTRAST and 0.02 < light < 0.98:
        light = min(light * _STEP, 1.0) if dark else light / _STEP
        color = QColor.fromHslF(hue, saturation, light)
    return color


def ink(kind: str, palette: QPalette) -> QColor:
    """The colour of one of KINDS."""
    ground = palette.color(QPalette.ColorRole.Base)
    if kind == "comment":
        return readable(muted(palette), ground)
    if kind == "wrong":
        return readable(error_color(palette), ground)
    return readable(line_color(palette, {"tag": 0, "name": 2, "value": 1, "entity": 5}[kind]), ground)


class XmlColors(QSyntaxHighlighter):
    """Line by line: a change costs the lines that it changes."""

    def __init__(self, document: QTextDocument, palette: QPalette) -> None:
        super().__init__(document)
        self._formats: dict[str, QTextCharFormat] = {}
        self._take(palette)

    def set_palette(self, palette: QPalette) -> None:
        """Another look."""
        before = [form.foreground().color() for form in self._formats.values()]
        self._take(palette)
        if before != [form.foreground().color() for form in self._formats.values()]:
            self.rehighlight()

    def _take(self, palette: QPalette) -> None:
        for kind in KINDS:
            form = QTextCharFormat()
            form.setForeground(ink(kind, palette))
            if kind == "comment":
                form.setFontItalic(True)
            if kind == "tag":
                form.setFontWeight(QFont.Weight.Medium)
            self._formats[kind] = form

    def highlightBlock(self, line: str) -> None:
        state = max(self.previousBlockState(), source.TEXT)
        pieces, state = source.pieces(line, state)
        wide = not line.isascii() and max(line, default="") > "\uffff"
        for piece in pieces:
            start, length = piece.start, piece.length
            if wide:
                start = units(line[:start])
                length = units(line[piece.start : piece.start + length])
            self.setFormat(start, length, self._formats[piece.kind])
        self.setCurrentBlockState(state)


def units(words: str) -> int:
    """How many places Qt counts for it: it counts UTF-16."""
    return len(words.encode("utf-16-le", "surrogatepass")) // 2
