"""Hosts, groups and tags; a click filters the table."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent, QKeyEvent, QPainter, QPalette
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QTreeView, QWidget

from vmdesk.model.host import Host, Link
from vmdesk.model.text import tr
from vmdesk.ui import dragged, theme
from vmdesk.ui.icons import draw_glyph
from vmdesk.ui.models.domains import Scope
from vmdesk.ui.models.roles import Role
from vmdesk.ui.models.sidebar import TRASH, Entry, SidebarModel
from vmdesk.ui.theme import Shape
from vmdesk.ui.widgets.scroll_bar import thin

_TEXT = Qt.TextFlag.TextSingleLine | Qt.AlignmentFlag.AlignVCenter
_GLYPHS = {"all": "machine", "host": "host", "group": "folder", "tag": "tag", "trash": "trash"}
_TAKING = ("group", "tag", "trash")  # lines that machines can be dropped on
_LINKS = {
    Link.OFF: Shape.RING,
    Link.CONNECTING: Shape.ARC,
    Link.LOST: Shape.BARS,
    Link.FAILED: Shape.CROSS,
}


class _Lines(QStyledItemDelegate):
    """Glyph, name, state of the link, number of machines. `target`: the line that machines are held over."""

    target = QPersistentModelIndex()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        height = option.fontMetrics.height() + theme.GRID + theme.GRID // 2
        return QSize(16 * theme.GRID, height + (theme.GRID if index.data(Role.KIND) in ("heading", "trash") else 0))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        palette, kind = option.palette, index.data(Role.KIND)
        rect = option.rect.adjusted(0, theme.GRID, 0, 0) if kind == "trash" else option.rect
        painter.save()
        if kind == "heading":
            painter.setFont(theme.caption_font(option.font))
            painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
            area = rect.adjusted(theme.GRID, theme.GRID, -theme.GRID, 0)
            painter.drawText(area, _TEXT | Qt.AlignmentFlag.AlignLeft, str(index.data()).upper())
            painter.restore()
            return
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        ink = palette.color(QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.WindowText)
        second = ink if selected else palette.color(QPalette.ColorRole.PlaceholderText)
        if selected:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(palette.brush(QPalette.ColorRole.Highlight))
            painter.drawRoundedRect(QRectF(rect).adjusted(4, 1, -4, -1), 4, 4)
        entry = index.data(Role.VALUE)
        host = entry.host if isinstance(entry, Entry) else None
        inner = rect.adjusted(theme.GRID * 3 // 2, 0, -theme.GRID * 3 // 2, 0)
        draw_glyph(painter, QRectF(inner.left(), inner.center().y() - 7, 16, 16), _GLYPHS[kind], second)
        name = inner.adjusted(3 * theme.GRID, 0, 0, 0)
        count = index.data(Role.COUNT)
        painter.setFont(theme.figure_font(option.font))
        if host is not None and host.link in _LINKS:
            shape = _LINKS[host.link]
            color = ink if selected else theme.shape_color(shape, palette)
            theme.draw_shape(painter, QRectF(name.right() - 11, name.center().y() - 5, 12, 12), shape, color)
            name.adjust(0, 0, -2 * theme.GRID, 0)
        elif count:
            painter.setPen(second)
            painter.drawText(name, _TEXT | Qt.AlignmentFlag.AlignRight, str(count))
            name.adjust(0, 0, -option.fontMetrics.horizontalAdvance(f"{count}  "), 0)
        painter.setFont(option.font)
        painter.setPen(second if host and host.stale and not selected else ink)
        title = option.fontMetrics.elidedText(str(index.data()), Qt.TextElideMode.ElideRight, name.width())
        painter.drawText(name, _TEXT | Qt.AlignmentFlag.AlignLeft, title)
        held_over = self.target.isValid() and self.target == index
        if held_over or (option.state & QStyle.StateFlag.State_HasFocus and not selected):
            painter.setPen(palette.color(QPalette.ColorRole.Highlight))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(rect).adjusted(4, 1, -4, -1), 4, 4)
        painter.restore()


class Sidebar(QTreeView):
    """chosen(Scope)             a click or the arrow keys
    opened(host id)           double click or Enter
    menu_wanted(host id, point)  right click; "" beside the hosts
    dropped(Scope, keys)      machines were let go over a group, a tag or the trash
    """

    chosen = Signal(object)
    opened = Signal(str)
    menu_wanted = Signal(str, QPoint)
    dropped = Signal(object, object)

    def __init__(self, model: SidebarModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines = model
        self._restoring = False
        self._scope = Scope()  # what the table is filtered by
        self._beside = False  # the trash's page is seen instead of the table
        self.setObjectName("sidebar")
        self.setAccessibleName(tr("Hosts, groups and tags"))
        self.setModel(model)
        self._drawing = _Lines(self)
        self.setItemDelegate(self._drawing)
        self.setAcceptDrops(True)
        self.setHeaderHidden(True)
        thin(self, QPalette.ColorRole.Window)
        self.setIndentation(0)
        self.setRootIsDecorated(False)
        self.setExpandsOnDoubleClick(False)
        self.setItemsExpandable(False)
        self.setFrameShape(QTreeView.Shape.NoFrame)
        self.setMinimumWidth(16 * theme.GRID)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        # Not viewport().setBackgroundRole(): the first call of viewport() loads every class of widget there is (15 ms).
        ground = QWidget()
        ground.setAutoFillBackground(True)
        ground.setBackgroundRole(QPalette.ColorRole.Window)
        self.setViewport(ground)
        self.expandAll()
        self.choose(Scope())
        model.rebuilt.connect(self._on_rebuilt)
        self.customContextMenuRequested.connect(self._on_menu)
        self.doubleClicked.connect(self._on_opened)
        self.selectionModel().currentChanged.connect(self._on_current)

    def choose(self, scope: Scope) -> None:
        """Show what the table is filtered by, without telling."""
        self._restoring = True
        index = self._lines.index_of(scope)
        self.setCurrentIndex(index if index.isValid() else self._lines.index_of(Scope()))
        self._restoring = False
        self._scope, self._beside = scope, False

    def show_trash(self, on: bool) -> None:
        """Mark the line of the page that is seen, without telling: the trash, or what the table is filtered by."""
        scope = self._scope
        if on and self._lines.index_of(TRASH).isValid():
            self.choose(TRASH)
        elif self._beside:
            self.choose(scope)
        self._scope, self._beside = scope, on

    def _on_rebuilt(self) -> None:
        self.expandAll()
        scope, beside = self._scope, self._beside
        self.choose(scope)
        self.show_trash(beside)
        if not self._lines.index_of(scope).isValid():  # the tag or host is gone: what it filtered by is, too
            self._scope = Scope()
            self.chosen.emit(Scope())

    def _on_current(self, index: QModelIndex) -> None:
        scope = self._lines.scope_at(index)
        if scope is not None and not self._restoring:
            self._beside = scope == TRASH
            self._scope = self._scope if self._beside else scope
            self.chosen.emit(scope)

    def _host_at(self, index: QModelIndex) -> Host | None:
        entry = index.data(Role.VALUE)
        return entry.host if isinstance(entry, Entry) else None

    def _on_opened(self, index: QModelIndex) -> None:
        if host := self._host_at(index):
            self.opened.emit(host.id)

    def _on_menu(self, point: QPoint) -> None:
        host = self._host_at(self.indexAt(point))
        self.menu_wanted.emit(host.id if host else "", self.viewport().mapToGlobal(point))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._on_opened(self.currentIndex())
        else:
            super().keyPressEvent(event)

    # ---------------------------------------------------------------- machines from the table

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        event.setAccepted(event.mimeData().hasFormat(dragged.FORMAT))

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        takes = event.mimeData().hasFormat(dragged.FORMAT) and index.data(Role.KIND) in _TAKING
        self._hold_over(index if takes else QModelIndex())
        event.setAccepted(takes)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._hold_over(QModelIndex())
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        scope = self._lines.scope_at(self.indexAt(event.position().toPoint()))
        keys = dragged.unpack(event.mimeData())
        self._hold_over(QModelIndex())
        takes = bool(scope is not None and scope.kind in _TAKING and keys)
        event.setAccepted(takes)
        if takes:
            self.dropped.emit(scope, keys)

    def _hold_over(self, index: QModelIndex) -> None:
        self._drawing.target = QPersistentModelIndex(index)
        self.viewport().update()
