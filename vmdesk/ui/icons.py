"""Icons: glyphs of the Material Design Icons font, painted in the palette's own colours at any size.

The font file is the one QtAwesome carries. QtAwesome itself is not imported: that costs 250 ms at start.
"""

import importlib.util
from pathlib import Path

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QIcon, QIconEngine, QPainter, QPalette, QPixmap

_FONT_PATTERN = "materialdesignicons6-webfont-*.ttf"

# name -> code point in Material Design Icons 6
GLYPHS: dict[str, int] = {
    "activity": 0xF02DA,
    "add": 0xF0415,
    "alert": 0xF0026,
    "alert-circle": 0xF0028,
    "attach": 0xF10AB,
    "autostart": 0xF0241,
    "check": 0xF012C,
    "chevron-down": 0xF0140,
    "chevron-left": 0xF0141,
    "chevron-right": 0xF0142,
    "clock": 0xF0150,
    "close": 0xF0156,
    "columns": 0xF0835,
    "console": 0xF018D,
    "copy": 0xF018F,
    "cpu": 0xF0EE0,
    "delete": 0xF01B4,
    "detach": 0xF03CC,
    "disk": 0xF02CA,
    "edit": 0xF03EB,
    "filter": 0xF0232,
    "folder": 0xF024B,
    "host": 0xF048B,
    "info": 0xF02FC,
    "inspector": 0xF10AB,
    "link": 0xF0337,
    "link-off": 0xF0338,
    "machine": 0xF0379,
    "memory": 0xF035B,
    "network": 0xF0317,
    "open": 0xF03CC,
    "palette": 0xF0633,
    "pause": 0xF03E4,
    "play": 0xF040A,
    "power": 0xF0425,
    "practice": 0xF0474,
    "preferences": 0xF0493,
    "reboot": 0xF0709,
    "refresh": 0xF0450,
    "rename": 0xF0455,
    "reset": 0xF0453,
    "save": 0xF0193,
    "search": 0xF0349,
    "sidebar": 0xF10AA,
    "stop": 0xF04DB,
    "tag": 0xF04F9,
    "theme": 0xF050E,
    "trace": 0xF0174,
    # by their names in the font, as commands know them
    "power-plug-off": 0xF06A6,
    "open-in-new": 0xF03CC,
    "play-pause": 0xF040E,
    "restart": 0xF0709,
    "restart-alert": 0xF110C,
    "play-circle-outline": 0xF040D,
    "content-save-outline": 0xF0818,
    "backup-restore": 0xF006F,
    "content-save-off-outline": 0xF1644,
    "rocket-launch-outline": 0xF14DF,
    "rocket": 0xF0463,
    "rename-box": 0xF0455,
    "tag-outline": 0xF04FC,
    "content-copy": 0xF018F,
    "identifier": 0xF0EFE,
    "ip-network": 0xF0A60,
    "delete-outline": 0xF09E7,
    "monitor": 0xF0379,
    "server": 0xF048B,
    "chevron-up": 0xF0143,
    "dots-horizontal": 0xF01D8,
    "bell": 0xF009A,
    "tray": 0xF1294,
    "help-circle-outline": 0xF0625,
    "arrow-down": 0xF0045,
    "close-circle": 0xF0159,
    "check-circle": 0xF05E0,
    "eye": 0xF0208,
    "eye-off": 0xF0209,
    "shield-check": 0xF0565,
    "lock": 0xF033E,
    "key": 0xF0306,
    "account": 0xF0004,
    "magnify-close": 0xF0980,
    "monitor-off": 0xF0D90,
    "lan-disconnect": 0xF0319,
    "lan-pending": 0xF031A,
    "dock-left": 0xF10AA,
    "dock-right": 0xF10AB,
    "view-dashboard-outline": 0xF0A1D,
    "text-box-outline": 0xF09ED,
    "layers-outline": 0xF09FE,
    "volume-high": 0xF057E,
    "volume-off": 0xF0581,
    "microphone": 0xF036C,
    "fullscreen": 0xF0293,
    "fullscreen-exit": 0xF0294,
    "fit-to-screen-outline": 0xF18F5,
    "keyboard-outline": 0xF097B,
    "keyboard": 0xF030C,
    "clipboard-outline": 0xF014C,
    "clipboard-text-outline": 0xF0A38,
    "clipboard-off-outline": 0xF161B,
    "camera-outline": 0xF0D5D,
    "speedometer": 0xF04C5,
    "aspect-ratio": 0xF0A24,
    "resize": 0xF0A68,
    "form-textbox": 0xF060E,
    "dock-window": 0xF10AC,
    "view-grid": 0xF0570,
    "record": 0xF044A,
    "disc": 0xF05EE,
    "cloud": 0xF0163,
    "web": 0xF059F,
    "shape-plus": 0xF0660,
    "server-network": 0xF048D,
    "chip": 0xF061A,
    "code": 0xF0174,
    "package": 0xF03D7,
    "source-commit": 0xF0718,
    "source-branch": 0xF062C,
    "content-duplicate": 0xF0191,
    "usb": 0xF0553,
    "card": 0xF08AE,
    "dice": 0xF076E,
    "timer-alert": 0xF1ACD,
    "trash": 0xF0A7A,
    "delete-restore": 0xF0819,
    "delete-forever": 0xF0B89,
    "template": 0xF0D39,
    "calendar-clock": 0xF00F0,
    "file-tree": 0xF13D2,
    "call-merge": 0xF00F8,
    "layers-up": 0xF09C7,
    "upload": 0xF0552,
    "download": 0xF01DA,
    "move": 0xF0252,
    "eraser": 0xF01FE,
}

_family: list[str] = []  # [] before the font is loaded, then its family or ""


def _load() -> str:
    """The font's family; "" when QtAwesome is not there (icons are then empty, words remain)."""
    if not _family:
        spec = importlib.util.find_spec("qtawesome")
        found = sorted((Path(spec.origin).parent / "fonts").glob(_FONT_PATTERN)) if spec and spec.origin else []
        number = QFontDatabase.addApplicationFont(str(found[-1])) if found else -1
        _family.append(QFontDatabase.applicationFontFamilies(number)[0] if number >= 0 else "")
    return _family[0]


def draw_glyph(painter: QPainter, rect: QRectF | QRect, name: str, color: QColor) -> None:
    """Paint one glyph filling `rect`."""
    family = _load()
    code = GLYPHS.get(name)
    if not family or code is None:
        return
    font = QFont(family)
    font.setPixelSize(max(1, round(min(rect.width(), rect.height()))))
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    painter.save()
    painter.setFont(font)
    painter.setPen(color)
    painter.drawText(QRectF(rect), Qt.AlignmentFlag.AlignCenter, chr(code))
    painter.restore()


class _Engine(QIconEngine):
    """Paints a glyph in the colour that the palette has at that moment: a change of theme needs no new icons."""

    def __init__(self, name: str, role: QPalette.ColorRole) -> None:
        super().__init__()
        self._name = name
        self._role = role

    def clone(self) -> QIconEngine:
        return _Engine(self._name, self._role)

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        role = QPalette.ColorRole.HighlightedText if mode == QIcon.Mode.Selected else self._role
        group = QPalette.ColorGroup.Disabled if mode == QIcon.Mode.Disabled else QPalette.ColorGroup.Active
        draw_glyph(painter, rect, self._name, QGuiApplication.palette().color(group, role))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        painter.end()
        return pixmap


def icon(name: str, role: QPalette.ColorRole = QPalette.ColorRole.WindowText) -> QIcon:
    """The icon called `name` in GLYPHS; an empty one for an unknown name."""
    return QIcon(_Engine(name, role)) if name in GLYPHS else QIcon()


def tinted(name: str, color: QColor, size: int, ratio: float = 1.0) -> QPixmap:
    """A glyph in a colour of its own, `size` pixels at the screen's `ratio`."""
    pixmap = QPixmap(round(size * ratio), round(size * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    draw_glyph(painter, QRect(0, 0, size, size), name, color)
    painter.end()
    return pixmap
