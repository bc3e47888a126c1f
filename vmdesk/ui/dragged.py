"""Machines on their way from the table to a group, a tag or the trash; anywhere else they are their names."""

from collections.abc import Sequence

from PySide6.QtCore import QMimeData, QObject, QPoint, QSize, Qt
from PySide6.QtGui import QColor, QDrag, QFont, QFontMetrics, QPainter, QPalette, QPixmap

from vmdesk.model.domain import Domain, DomainKey
from vmdesk.model.text import trn
from vmdesk.ui import theme

FORMAT = "application/x-vmdesk-domains"
_SHOWN = 40  # letters of a name beside the pointer


def pack(domains: Sequence[Domain]) -> QMimeData:
    """One line for each."""
    data = QMimeData()
    data.setData(FORMAT, "\n".join(f"{one.key.host}\t{one.key.uuid}" for one in domains).encode())
    data.setText("\n".join(one.name for one in domains))
    return data


def unpack(data: QMimeData) -> tuple[DomainKey, ...]:
    """() if it is something else."""
    lines = bytes(data.data(FORMAT).data()).decode(errors="replace").splitlines() if data.hasFormat(FORMAT) else []
    found = (line.partition("\t") for line in lines)
    return tuple(DomainKey(host, uuid) for host, _, uuid in found if uuid)


def drag(source: QObject, domains: Sequence[Domain], font: QFont, palette: QPalette, ratio: float) -> None:
    """From here until the button is let go."""
    carried = QDrag(source)
    carried.setMimeData(pack(domains))
    carried.setPixmap(_label(domains, font, palette, ratio))
    carried.setHotSpot(QPoint(-theme.GRID, -theme.GRID))
    carried.exec(Qt.DropAction.LinkAction | Qt.DropAction.CopyAction, Qt.DropAction.LinkAction)


def _label(domains: Sequence[Domain], font: QFont, palette: QPalette, ratio: float) -> QPixmap:
    words = domains[0].name[:_SHOWN] if len(domains) == 1 else trn("{n} machine", "{n} machines", len(domains))
    metrics = QFontMetrics(font)
    size = QSize(metrics.horizontalAdvance(words) + 2 * theme.GRID, metrics.height() + theme.GRID)
    picture = QPixmap(size * ratio)
    picture.setDevicePixelRatio(ratio)
    picture.fill(QColor(0, 0, 0, 0))
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setFont(font)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(palette.color(QPalette.ColorRole.Highlight))
    painter.drawRoundedRect(0, 0, size.width(), size.height(), 4, 4)
    painter.setPen(palette.color(QPalette.ColorRole.HighlightedText))
    painter.drawText(0, 0, size.width(), size.height(), Qt.AlignmentFlag.AlignCenter, words)
    painter.end()
    return picture
