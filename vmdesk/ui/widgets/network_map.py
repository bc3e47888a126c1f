"""The picture of a host's networks: interfaces at the left, networks in the middle, machines at the right."""

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPalette,
    QPen,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QToolTip, QWidget

from vmdesk.core.networks import forward_words
from vmdesk.core.networks_map import Column, Edge, NetworkMap, Node
from vmdesk.model.text import tr, trn
from vmdesk.ui.colors import faded
from vmdesk.ui.icons import draw_glyph
from vmdesk.ui.plain import plain_tip
from vmdesk.ui.theme import GRID, caption_font, draw_shape, muted, state_color, state_shape
from vmdesk.ui.widgets.scroll_bar import thin

WIDTHS = {Column.HOST: 212.0, Column.NETWORK: 224.0, Column.MACHINE: 216.0}
HEIGHTS = {Column.HOST: 40.0, Column.NETWORK: 44.0, Column.MACHINE: 28.0}
ROW = 36.0
BESIDE = 72.0  # the least room for the lines between two columns
MOST = 340.0
HEAD = 36.0
EDGE = 3.0 * GRID
READABLE = 0.7
ZOOMS = (0.2, 0.3, 0.4, 0.5, 0.65, 0.8, 1.0, 1.25, 1.5, 2.0)
_GLYPHS = {"uplink": "open-in-new", "interface": "host", "bridge": "link", "direct": "link", "user": "machine"}


class NetworkPicture(QWidget):
    """`chosen(node)`: clicked, or Enter. `moved(area)`: what the keyboard is at, to be scrolled to."""

    chosen = Signal(object)
    moved = Signal(QRectF)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._map = NetworkMap()
        self._areas: dict[str, QRectF] = {}  # unzoomed
        self._spans: list[tuple[float, float, Edge]] = []  # from where to where an edge goes, downwards
        self._columns: dict[Column, float] = dict.fromkeys(Column, 0.0)
        self._zoom = 1.0
        self._hot = self._current = ""
        self._walking = False  # the keyboard was used: what hangs on `current` stands out
        self.setObjectName("network-picture")
        self.setAccessibleName(tr("Picture of the networks"))
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    @property
    def zoom(self) -> float:
        return self._zoom

    @property
    def current(self) -> Node | None:
        """Where the keyboard is."""
        return self._map.node(self._current) if self._current in self._areas else None

    def show_map(self, found: NetworkMap) -> None:
        if found == self._map:
            return
        self._map = found
        self._place()
        if self._current not in self._areas:
            self._current = ""
        if self._hot not in self._areas:
            self._hot = ""
        self._tell()
        self._resized()

    def set_zoom(self, zoom: float) -> None:
        zoom = min(max(zoom, ZOOMS[0]), ZOOMS[-1])
        if zoom != self._zoom:
            self._zoom = zoom
            self._resized()

    def step_zoom(self, step: int) -> None:
        """One step larger or smaller."""
        nearest = min(range(len(ZOOMS)), key=lambda at: abs(ZOOMS[at] - self._zoom))
        self.set_zoom(ZOOMS[min(max(nearest + step, 0), len(ZOOMS) - 1)])

    def natural(self) -> tuple[float, float]:
        """Width and height at 100 %."""
        width = 2 * EDGE + sum(WIDTHS.values()) + 2 * BESIDE
        return width, HEAD + (max(self._map.rows, 1) + bool(self._map.without)) * ROW + 2 * EDGE

    def sizeHint(self) -> QSize:
        width, height = self.natural()
        return QSize(round(width * self._zoom), round(height * self._zoom))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def area_of(self, id_: str) -> QRectF:
        """Where a node is, in the widget's own pixels."""
        area = self._areas[id_]
        return QRectF(area.topLeft() * self._zoom, area.size() * self._zoom)

    def _resized(self) -> None:
        self.setMinimumSize(self.sizeHint())
        self.updateGeometry()
        self._place()
        self.update()

    # ---------------------------------------------------------------- where things are

    def _place(self) -> None:
        width = max(self.width() / self._zoom, self.natural()[0])
        between = (width - 2 * EDGE - sum(WIDTHS.values())) / 2
        between = min(between, MOST)
        left = (width - sum(WIDTHS.values()) - 2 * between) / 2
        columns: dict[Column, float] = {}
        for column in Column:
            columns[column] = left
            left += WIDTHS[column] + between
        self._areas = {
            node.id: QRectF(
                columns[node.column],
                EDGE + HEAD + node.row * ROW + (ROW - HEIGHTS[node.column]) / 2,
                WIDTHS[node.column],
                HEIGHTS[node.column],
            )
            for node in self._map.nodes
        }
        self._columns = columns
        self._spans = []
        for edge in self._map.edges:
            one, other = self._areas[edge.left].center().y(), self._areas[edge.right].center().y()
            self._spans.append((min(one, other), max(one, other), edge))

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._place()
        super().resizeEvent(event)

    def node_at(self, point: QPointF) -> Node | None:
        """What is at a place of the widget."""
        unzoomed = point / self._zoom
        return next((node for node in self._map.nodes if self._areas[node.id].contains(unzoomed)), None)

    # ---------------------------------------------------------------- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.scale(self._zoom, self._zoom)
        focus = self._hot or (self._current if self._walking and self.hasFocus() else "")
        near = self._map.beside(focus) if focus else frozenset[str]()
        self._paint_titles(painter)
        top, bottom = event.rect().top() / self._zoom - GRID, event.rect().bottom() / self._zoom + GRID
        edges = [edge for upper, lower, edge in self._spans if upper <= bottom and lower >= top]
        for bright in (False, True):
            for edge in edges:
                if (not near or {edge.left, edge.right} <= near) is bright:
                    self._paint_edge(painter, edge, bright, bool(near) and bright)
        for node in self._map.nodes:
            if top - HEIGHTS[Column.NETWORK] <= self._areas[node.id].top() <= bottom:
                painter.setOpacity(1.0 if not near or node.id in near else 0.35)
                self._paint_node(painter, node)
        painter.setOpacity(1.0)
        if self._map.without:
            self._paint_without(painter)

    def _paint_titles(self, painter: QPainter) -> None:
        painter.setFont(caption_font(self.font()))
        painter.setPen(muted(self.palette()))
        titles = {Column.HOST: tr("Host"), Column.NETWORK: tr("Networks"), Column.MACHINE: tr("Machines")}
        for column, title in titles.items():
            area = QRectF(self._columns[column], EDGE, WIDTHS[column], HEAD - GRID)
            painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, title)

    def _paint_without(self, painter: QPainter) -> None:
        painter.setFont(caption_font(self.font()))
        painter.setPen(muted(self.palette()))
        words = trn("{n} machine has no network card", "{n} machines have no network card", self._map.without)
        rows = sum(node.column is Column.MACHINE for node in self._map.nodes)
        area = QRectF(self._columns[Column.MACHINE], EDGE + HEAD + rows * ROW, WIDTHS[Column.MACHINE] + EDGE, ROW)
        painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)

    def _paint_edge(self, painter: QPainter, edge: Edge, bright: bool, lit: bool) -> None:
        palette = self.palette()
        ink = palette.color(QPalette.ColorRole.Accent if lit else QPalette.ColorRole.Text)
        alpha = 0.9 if lit else 0.42 if bright else 0.12
        pen = QPen(faded(ink, alpha * (1.0 if edge.on else 0.7)), 2.0 if lit else 1.4)
        if not edge.on:
            pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        start, end = self._ends(edge)
        path = QPainterPath(start)
        half = (end.x() - start.x()) / 2
        path.cubicTo(start.x() + half, start.y(), end.x() - half, end.y(), end.x(), end.y())
        painter.drawPath(path)
        if edge.forwards and bright:
            self._paint_forwards(painter, edge, end)

    def _ends(self, edge: Edge) -> tuple[QPointF, QPointF]:
        left, right = self._areas[edge.left], self._areas[edge.right]
        return QPointF(left.right(), left.center().y()), QPointF(right.left(), right.center().y())

    def _paint_forwards(self, painter: QPainter, edge: Edge, end: QPointF) -> None:
        """A label on the line, at the machine's side."""
        first = edge.forwards[0]
        words = f"{first.host} → {first.guest}"
        if len(edge.forwards) > 1:
            words = tr("{forward}, {n} more", forward=words, n=len(edge.forwards) - 1)
        painter.setFont(caption_font(self.font()))
        width = painter.fontMetrics().horizontalAdvance(words) + GRID + 4
        area = QRectF(end.x() - width - GRID, end.y() - 10, width, 20)
        palette = self.palette()
        accent = palette.color(QPalette.ColorRole.Accent)
        painter.setPen(QPen(faded(accent, 0.8), 1))
        painter.setBrush(palette.color(QPalette.ColorRole.Base))
        painter.drawRoundedRect(area.adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        painter.setPen(palette.color(QPalette.ColorRole.Text))
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, words)

    def _paint_node(self, painter: QPainter, node: Node) -> None:
        palette, area = self.palette(), self._areas[node.id].adjusted(0.5, 0.5, -0.5, -0.5)
        ink, accent = palette.color(QPalette.ColorRole.Text), palette.color(QPalette.ColorRole.Accent)
        here = node.id == self._current and self.hasFocus() and self._walking
        pen = QPen(faded(ink, 0.3), 1)
        if here:
            pen = QPen(accent, 2)
        elif node.id == self._hot:
            pen = QPen(accent, 1.2)
        elif not node.on:
            pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        ground = palette.color(QPalette.ColorRole.Window)
        if node.column is Column.NETWORK and node.on:
            ground = _mixed(palette.color(QPalette.ColorRole.Base), accent, 0.12)
        painter.setBrush(ground)
        painter.drawRoundedRect(area, 7, 7)
        self._paint_glyph(painter, node, area)
        self._paint_words(painter, node, area)

    def _paint_glyph(self, painter: QPainter, node: Node, area: QRectF) -> None:
        side = 12.0 if node.state is not None else 18.0
        box = QRectF(area.left() + 12 + (18 - side) / 2, area.center().y() - side / 2, side, side)
        if node.state is not None:
            draw_shape(painter, box, state_shape(node.state), state_color(node.state, palette=self.palette()))
        else:
            draw_glyph(painter, box, _GLYPHS.get(node.kind, "network"), muted(self.palette()))

    def _paint_words(self, painter: QPainter, node: Node, area: QRectF) -> None:
        palette = self.palette()
        ink = palette.color(QPalette.ColorRole.Text) if node.on else muted(palette)
        words = area.adjusted(38, 0, -10, 0)
        detail = str(node.detail)
        lines = [(node.title, self.font(), ink)]
        if detail and node.column is not Column.MACHINE:
            lines.append((detail, caption_font(self.font()), muted(palette)))
        height = words.height() / 2 - 3 if len(lines) > 1 else words.height()
        top = words.top() + 3 if len(lines) > 1 else words.top()
        for at, (line, font, color) in enumerate(lines):
            painter.setFont(font)
            painter.setPen(color)
            line = painter.fontMetrics().elidedText(line, Qt.TextElideMode.ElideMiddle, int(words.width()))
            area_ = QRectF(words.left(), top + at * height, words.width(), height)
            painter.drawText(area_, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, line)

    # ---------------------------------------------------------------- what it says

    def words_of(self, node: Node) -> str:
        """A node and what hangs on it, as lines."""
        lines = [node.title if not node.detail else f"{node.title}: {node.detail}"]
        if not node.on:
            lines[0] = tr("{what} (off)", what=lines[0])
        if node.column is Column.MACHINE:
            lines += [line for edge in self._map.edges if edge.right == node.id for line in self._edge_words(edge)]
        elif node.column is Column.NETWORK:
            titles = self._titles(edge.right for edge in self._map.edges if edge.left == node.id)
            lines.append(_listed(titles) if titles else tr("No machine is on it."))
        else:
            titles = self._titles(edge.right for edge in self._map.edges if edge.left == node.id)
            if titles:
                lines.append(tr("Networks: {names}", names=_listed(titles)))
        return "\n".join(lines)

    def _titles(self, ids: Iterable[str]) -> list[str]:
        return [self._map.node(id_).title for id_ in ids]

    def _edge_words(self, edge: Edge) -> list[str]:
        network = self._map.node(edge.left).title
        lines = [tr("{network}, by {mac}", network=network, mac=", ".join(edge.words))]
        if edge.filter:
            lines.append(tr("Filter: {filter}", filter=edge.filter))
        lines += [tr("Port forward: {forward}", forward=forward_words(one)) for one in edge.forwards]
        return lines

    def _tell(self) -> None:
        """For screen readers: where the keyboard is, else what there is."""
        node = self.current
        if node is not None:
            self.setAccessibleDescription(self.words_of(node))
            return
        count = sum(one.column is Column.MACHINE for one in self._map.nodes)
        networks = sum(one.column is Column.NETWORK for one in self._map.nodes)
        words = (trn("{n} network", "{n} networks", networks), trn("{n} machine", "{n} machines", count))
        self.setAccessibleDescription(", ".join(words))

    # ---------------------------------------------------------------- pointer and keys

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        node = self.node_at(event.position())
        self._heat(node.id if node else "")
        super().mouseMoveEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._heat("")
        super().leaveEvent(event)

    def _heat(self, id_: str) -> None:
        if id_ != self._hot:
            self._hot = id_
            self.setCursor(Qt.CursorShape.PointingHandCursor if id_ else Qt.CursorShape.ArrowCursor)
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        node = self.node_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and node is not None:
            self._go(node.id)
            self.chosen.emit(node)
            return
        super().mousePressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier and event.angleDelta().y():
            self.step_zoom(1 if event.angleDelta().y() > 0 else -1)
            event.accept()
            return
        super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self._walking = True
        key, node = event.key(), self.current
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if control and key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus, Qt.Key.Key_0):
            if key == Qt.Key.Key_0:
                self.set_zoom(1.0)
            else:
                self.step_zoom(-1 if key == Qt.Key.Key_Minus else 1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and node is not None:
            self.chosen.emit(node)
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self._go(self._below(node, 1 if key == Qt.Key.Key_Down else -1))
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self._go(self._across(node, key == Qt.Key.Key_Right))
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self._walking = event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        if not self._current and self._map.nodes:
            networks = [one for one in self._map.nodes if one.column is Column.NETWORK] or list(self._map.nodes)
            self._current = min(networks, key=lambda one: one.row).id
            self._tell()
        self.update()
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._walking = False
        self.update()
        super().focusOutEvent(event)

    def _go(self, id_: str) -> None:
        if id_ and id_ in self._areas:
            self._current = id_
            self._tell()
            self.moved.emit(self.area_of(id_))
            self.update()

    def _below(self, node: Node | None, step: int) -> str:
        column = node.column if node else Column.NETWORK
        ids = [one.id for one in sorted(self._map.nodes, key=lambda one: one.row) if one.column is column]
        if not ids:
            return ""
        at = ids.index(node.id) + step if node else 0
        return ids[min(max(at, 0), len(ids) - 1)]

    def _across(self, node: Node | None, right: bool) -> str:
        """To what it hangs together with there, else to the nearest in that column."""
        if node is None:
            return self._below(None, 0)
        wanted = node.column + (1 if right else -1)
        there = [one for one in self._map.nodes if one.column == wanted]
        beside = {edge.right if right else edge.left for edge in self._map.edges if node.id in (edge.left, edge.right)}
        found = [one for one in there if one.id in beside] or there
        return min(found, key=lambda one: abs(one.row - node.row)).id if found else ""

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            node = self.node_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), plain_tip(self.words_of(node)) if node else "", self)
            return True
        return super().event(event)


class NetworkMapView(QScrollArea):
    """The picture with scroll bars."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._seen = False
        self.picture = NetworkPicture()
        self.setWidget(self.picture)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setObjectName("network-map")
        self.setAccessibleName(tr("Picture of the networks"))
        self.setFocusProxy(self.picture)
        self.viewport().setBackgroundRole(QPalette.ColorRole.Base)
        thin(self)
        self.picture.moved.connect(self._show)

    def fit(self) -> None:
        """As large as all of it can be seen, but not larger than it is."""
        width, height = self.picture.natural()
        room = self.viewport().size()
        self.picture.set_zoom(min(room.width() / width, room.height() / height, 1.0))

    def showEvent(self, event: QShowEvent) -> None:
        """At first as wide as the room, as long as it can be read."""
        super().showEvent(event)
        if not self._seen:
            self._seen = True
            wide = self.viewport().width() / self.picture.natural()[0]
            if READABLE <= wide < 1:
                self.picture.set_zoom(wide)

    def _show(self, area: QRectF) -> None:
        center = area.center()
        self.ensureVisible(
            round(center.x()), round(center.y()), round(area.width() / 2) + GRID, round(area.height() / 2) + GRID
        )


def _mixed(ground: QColor, color: QColor, share: float) -> QColor:
    return QColor.fromRgbF(
        ground.redF() * (1 - share) + color.redF() * share,
        ground.greenF() * (1 - share) + color.greenF() * share,
        ground.blueF() * (1 - share) + color.blueF() * share,
    )


def _listed(names: Sequence[str], most: int = 12) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else tr("{names} and {n} more", names=shown, n=len(names) - most)
