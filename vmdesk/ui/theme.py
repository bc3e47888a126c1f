"""Light, dark and the desktop's own look; the six state colours with their shapes; the grid and the text sizes."""

import os
from enum import Enum
from typing import Any

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QGuiApplication, QPainter, QPalette, QPen, QPolygonF
from PySide6.QtWidgets import QApplication

from vmdesk.model.domain import State

GRID = 8  # every distance is a multiple (or a half) of it


class Shape(Enum):
    """A state's form: never colour alone."""

    PLAY = "play"
    BARS = "bars"
    RING = "ring"
    CROSS = "cross"
    ARC = "arc"
    HATCH = "hatch"


# Two readings of each: on a light and on a dark ground; all at least 4.5:1 against the base they stand on.
_COLORS: dict[Shape, tuple[str, str]] = {
    Shape.PLAY: ("#1a7f37", "#4cc38a"),
    Shape.BARS: ("#9a6700", "#e3b341"),
    Shape.RING: ("#6e7781", "#8b949e"),
    Shape.CROSS: ("#cf222e", "#ff7b72"),
    Shape.ARC: ("#0969da", "#6cb6ff"),
    Shape.HATCH: ("#57606a", "#adbac7"),
}

_SHAPES: dict[State, Shape] = {
    State.NOSTATE: Shape.RING,
    State.RUNNING: Shape.PLAY,
    State.BLOCKED: Shape.PLAY,
    State.PAUSED: Shape.BARS,
    State.SHUTDOWN: Shape.ARC,
    State.SHUTOFF: Shape.RING,
    State.CRASHED: Shape.CROSS,
    State.PMSUSPENDED: Shape.BARS,
}


def is_dark(palette: QPalette | None = None) -> bool:
    """Whether text is light on dark."""
    palette = palette or QGuiApplication.palette()
    return palette.color(QPalette.ColorRole.Base).lightness() < 128


def shape_color(shape: Shape, palette: QPalette | None = None) -> QColor:
    return QColor(_COLORS[shape][is_dark(palette)])


def state_shape(state: State, responding: bool = True, working: bool = False) -> Shape:
    """Which form a state has; `working`: a job runs on the machine or something holds its monitor."""
    if working:
        return Shape.ARC
    if not responding:
        return Shape.HATCH
    return _SHAPES[state]


def state_color(
    state: State, responding: bool = True, working: bool = False, palette: QPalette | None = None
) -> QColor:
    """The colour that goes with `state_shape`."""
    return shape_color(state_shape(state, responding, working), palette)


def error_color(palette: QPalette | None = None) -> QColor:
    return shape_color(Shape.CROSS, palette)


def warning_color(palette: QPalette | None = None) -> QColor:
    return shape_color(Shape.BARS, palette)


def good_color(palette: QPalette | None = None) -> QColor:
    return shape_color(Shape.PLAY, palette)


def draw_shape(painter: QPainter, rect: QRectF, shape: Shape, color: QColor) -> None:
    """Paint the form into the square `rect`."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    unit = rect.width() / 10
    box = rect.adjusted(unit, unit, -unit, -unit)
    thick = QPen(color, 1.7 * unit)
    thick.setCapStyle(Qt.PenCapStyle.RoundCap)
    if shape is Shape.PLAY:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        left = box.left() + unit
        painter.drawPolygon(
            QPolygonF(
                [
                    QPointF(left, box.top()),
                    QPointF(box.right() + unit * 0.5, box.center().y()),
                    QPointF(left, box.bottom()),
                ]
            )
        )
    elif shape is Shape.BARS:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        for x in (box.left() + unit * 0.8, box.right() - unit * 3.2):
            painter.drawRect(QRectF(x, box.top(), unit * 2.4, box.height()))
    elif shape is Shape.RING:
        painter.setPen(QPen(color, 1.5 * unit))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(box.adjusted(unit * 0.6, unit * 0.6, -unit * 0.6, -unit * 0.6))
    elif shape is Shape.CROSS:
        painter.setPen(QPen(thick.color(), 2 * unit, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        inner = box.adjusted(unit, unit, -unit, -unit)
        painter.drawLine(inner.topLeft(), inner.bottomRight())
        painter.drawLine(inner.topRight(), inner.bottomLeft())
    elif shape is Shape.ARC:
        painter.setPen(thick)
        painter.drawArc(box.adjusted(unit * 0.5, unit * 0.5, -unit * 0.5, -unit * 0.5), 30 * 16, 270 * 16)
    else:
        painter.setPen(QPen(color, unit))
        painter.setBrush(QBrush(color, Qt.BrushStyle.BDiagPattern))
        painter.drawRect(box)
    painter.restore()


def title_font(base: QFont) -> QFont:
    """The largest of the three sizes."""
    font = QFont(base)
    font.setPointSizeF(base.pointSizeF() * 1.35)
    font.setWeight(QFont.Weight.DemiBold)
    return font


def caption_font(base: QFont) -> QFont:
    """The smallest of the three sizes."""
    font = QFont(base)
    font.setPointSizeF(base.pointSizeF() * 0.88)
    return font


def figure_font(base: QFont) -> QFont:
    """`base` with digits of one width."""
    font = QFont(base)
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


def muted(palette: QPalette) -> QColor:
    """Text of second rank."""
    return palette.color(QPalette.ColorRole.PlaceholderText)


_LIGHT = {
    QPalette.ColorRole.Window: "#f4f5f7",
    QPalette.ColorRole.WindowText: "#1c2126",
    QPalette.ColorRole.Base: "#ffffff",
    QPalette.ColorRole.AlternateBase: "#f7f8fa",
    QPalette.ColorRole.Text: "#1c2126",
    QPalette.ColorRole.Button: "#f4f5f7",
    QPalette.ColorRole.ButtonText: "#1c2126",
    QPalette.ColorRole.BrightText: "#ffffff",
    QPalette.ColorRole.Light: "#ffffff",
    QPalette.ColorRole.Midlight: "#e9ebef",
    QPalette.ColorRole.Mid: "#d3d7dd",
    QPalette.ColorRole.Dark: "#a9b0b9",
    QPalette.ColorRole.Shadow: "#767d86",
    QPalette.ColorRole.Highlight: "#2f6fde",
    QPalette.ColorRole.HighlightedText: "#ffffff",
    QPalette.ColorRole.Accent: "#2f6fde",
    QPalette.ColorRole.Link: "#1f5fc9",
    QPalette.ColorRole.LinkVisited: "#6b4fbb",
    QPalette.ColorRole.ToolTipBase: "#1c2126",
    QPalette.ColorRole.ToolTipText: "#f4f5f7",
    QPalette.ColorRole.PlaceholderText: "#69727d",
}
_DARK = {
    QPalette.ColorRole.Window: "#22262b",
    QPalette.ColorRole.WindowText: "#e3e6ea",
    QPalette.ColorRole.Base: "#1a1d21",
    QPalette.ColorRole.AlternateBase: "#1e2226",
    QPalette.ColorRole.Text: "#e3e6ea",
    QPalette.ColorRole.Button: "#2a2f35",
    QPalette.ColorRole.ButtonText: "#e3e6ea",
    QPalette.ColorRole.BrightText: "#ffffff",
    QPalette.ColorRole.Light: "#3a4048",
    QPalette.ColorRole.Midlight: "#30353c",
    QPalette.ColorRole.Mid: "#3b414a",
    QPalette.ColorRole.Dark: "#15181b",
    QPalette.ColorRole.Shadow: "#0c0e10",
    QPalette.ColorRole.Highlight: "#2f63b8",
    QPalette.ColorRole.HighlightedText: "#ffffff",
    QPalette.ColorRole.Accent: "#6ba4f8",
    QPalette.ColorRole.Link: "#7fb2ff",
    QPalette.ColorRole.LinkVisited: "#b39df3",
    QPalette.ColorRole.ToolTipBase: "#343a42",
    QPalette.ColorRole.ToolTipText: "#e3e6ea",
    QPalette.ColorRole.PlaceholderText: "#959da8",
}
# On a dark ground Qt's frame around a field is hardly seen: the field itself stands out instead.
_DARK_FIELD = "#30363d"
# WORKAROUND PySide6: its stubs ask for bytes, the function itself takes text only.
_FIELDS: tuple[Any, ...] = ("QLineEdit", "QAbstractSpinBox", "QPlainTextEdit")
_DISABLED = (
    QPalette.ColorRole.WindowText,
    QPalette.ColorRole.Text,
    QPalette.ColorRole.ButtonText,
)


def own_palette(dark: bool) -> QPalette:
    """The palette for desktops that have none to give."""
    palette = QPalette()
    for role, color in (_DARK if dark else _LIGHT).items():
        palette.setColor(role, QColor(color))
    for role in _DISABLED:
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor("#69707a" if dark else "#9aa1aa"))
    palette.setColor(
        QPalette.ColorGroup.Disabled, QPalette.ColorRole.Highlight, QColor("#3b414a" if dark else "#d3d7dd")
    )
    return palette


def _desktop_has_palette() -> bool:
    """Whether Qt takes its colours from the desktop (KDE and its kin); GNOME and bare X11 only tell light or dark."""
    return "KDE" in os.environ.get("XDG_CURRENT_DESKTOP", "").upper() or bool(os.environ.get("QT_QPA_PLATFORMTHEME"))


class Theme:
    """Which look is in force. `apply` may be called at any time; every open window follows."""

    def __init__(self, app: QApplication) -> None:
        self._app = app
        self._choice = "system"
        app.styleHints().colorSchemeChanged.connect(self._on_scheme_changed)

    @property
    def choice(self) -> str:
        return self._choice

    def apply(self, choice: str) -> None:
        """`choice`: "system", "light" or "dark"."""
        self._choice = choice if choice in ("system", "light", "dark") else "system"
        hints = self._app.styleHints()
        wanted = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}.get(self._choice, Qt.ColorScheme.Unknown)
        hints.setColorScheme(wanted)
        self._paint(wanted)

    def _paint(self, wanted: Qt.ColorScheme) -> None:
        if self._choice == "system":
            if _desktop_has_palette():
                for kind in _FIELDS:
                    self._app.setPalette(QPalette(), kind)
                self._app.setPalette(QPalette())
                return
            wanted = self._app.styleHints().colorScheme()
        # The offscreen platform and bare X11 ignore setColorScheme, so the palette is always set here.
        palette = own_palette(wanted == Qt.ColorScheme.Dark)
        self._app.setPalette(palette)
        if wanted == Qt.ColorScheme.Dark:
            palette.setColor(QPalette.ColorRole.Base, QColor(_DARK_FIELD))
        for kind in _FIELDS:
            self._app.setPalette(palette, kind)

    def _on_scheme_changed(self, scheme: Qt.ColorScheme) -> None:
        self._paint(scheme)
