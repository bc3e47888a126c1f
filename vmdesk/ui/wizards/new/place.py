"""A file here, or a volume in a pool: typed, browsed for, dropped, or one of the last time."""

import asyncio
import os
from pathlib import Path

from PySide6.QtCore import QSortFilterProxyModel, QStringListModel, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import (
    QComboBox,
    QCompleter,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from vmdesk.core import options, own_files
from vmdesk.core.options import OptionError
from vmdesk.model.errors import VirtError
from vmdesk.model.text import tr
from vmdesk.model.wish import Away, Here, Place, There
from vmdesk.ui.icons import icon
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.form import Muted
from vmdesk.ui.widgets.scroll_bar import thin
from vmdesk.ui.wizards.new.desk import Desk
from vmdesk.ui.wizards.new.fields import fill
from vmdesk.ui.wizards.new.line import Line

_ROWS = 7  # of volumes that are seen at once
_PATIENCE = 1.0  # seconds for a folder to say that it is there


def place_of(words: str) -> Place | None:
    """What was typed; None for nothing, or what is no place yet."""
    words = words.strip()
    if words.startswith("file://"):
        words = words.removeprefix("file://")
    try:
        place = options.place(words) if words else None
    except OptionError:
        return None
    return Here(os.path.abspath(os.path.expanduser(place.path))) if isinstance(place, Here) else place


class PlaceChooser(QWidget):
    """chosen(place or None, typing): what is meant now; typing: more letters may follow.

    volumes  whether a volume of the host will do
    """

    chosen = Signal(object, bool)

    def __init__(self, desk: Desk, name: str, title: str, volumes: bool = True, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._title = title
        self.setObjectName(name)
        self.setAcceptDrops(True)
        self.line = Line(f"{name}-line")
        self.line.setAccessibleName(title)
        self.line.setClearButtonEnabled(True)
        self.line.setAcceptDrops(False)  # as a whole, below
        self.line.setPlaceholderText(tr("Type a path, drop a file here, or browse"))
        self._recent = QStringListModel(self)
        completer = QCompleter(self._recent, self)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.line.setCompleter(completer)
        self.browse = QPushButton(tr("&Browse…"))
        self.browse.setObjectName(f"{name}-browse")
        self.browse.setIcon(icon("folder"))
        self.browse.setAccessibleName(tr("Browse for a file: {title}", title=title))
        self.pools = QPushButton(tr("From a &pool…"))
        self.pools.setObjectName(f"{name}-pool")
        self.pools.setIcon(icon("disk"))
        self.pools.setCheckable(True)
        self.pools.setAccessibleName(tr("Choose a volume in a pool: {title}", title=title))
        if not volumes:
            self.pools.hide()  # not setVisible: it has no parent yet, and would be a window for a moment
        self.picker: VolumePicker | None = None
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(self.line, 1)
        row.addWidget(self.browse)
        row.addWidget(self.pools)
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(GRID)
        self._box.addLayout(row)
        self.setFocusProxy(self.line)
        self.line.typed.connect(lambda words: self.chosen.emit(place_of(words), True))
        completer.activated.connect(lambda words: self.chosen.emit(place_of(str(words)), False))
        self.browse.clicked.connect(self._on_browse)
        self.pools.toggled.connect(self._on_pools)

    def show_place(self, place: Place | None) -> None:
        """What is chosen; a line that means the same is left as it was typed."""
        words = options.written_place(place) if place is not None else ""
        if place_of(self.line.text()) != place or (place is None and not self.line.hasFocus()):
            self.line.show_text(words)
            self.line.setCursorPosition(len(words))

    def offer(self, recent: tuple[Place, ...]) -> None:
        """Those of the last times, as one types."""
        self._recent.setStringList([options.written_place(one) for one in recent])

    def ask_for(self, title: str, hint: str) -> None:
        """Another kind of medium."""
        self._title = title
        self.line.setAccessibleName(title)
        self.browse.setAccessibleName(tr("Browse for a file: {title}", title=title))
        self.line.setPlaceholderText(hint)

    def show_ways(self, files: bool, volumes: bool) -> None:
        self.browse.setVisible(files)
        self.pools.setVisible(volumes)
        if not volumes:
            self.pools.setChecked(False)

    # ---------------------------------------------------------------- ways

    def _on_browse(self) -> None:
        """Where the last file was, if that answers."""
        old = place_of(self.line.text())
        if isinstance(old, Here):
            self._desk.parts.jobs.spawn("browse", self._browse_from(Path(old.path).parent))
        else:
            self._browse(None)

    async def _browse_from(self, folder: Path) -> None:
        there = await own_files.is_folder(folder, _PATIENCE)
        if not self._desk.closed:
            self._browse(folder if there else None)

    def _browse(self, folder: Path | None) -> None:
        if self.findChild(QFileDialog, "browse-dialog") is not None:
            return  # clicked twice
        dialog = QFileDialog(self, self._title)
        dialog.setObjectName("browse-dialog")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        if folder is not None:
            dialog.setDirectory(str(folder))
        dialog.fileSelected.connect(self._on_file)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _on_file(self, path: str) -> None:
        self.line.show_text(path)
        self.chosen.emit(Here(path), False)

    def _on_pools(self, on: bool) -> None:
        if on and self.picker is None:
            self.picker = VolumePicker(self._desk, f"{self.objectName()}-volumes", self)
            self.picker.chosen.connect(self._on_volume)
            self._box.addWidget(self.picker)
        if self.picker is not None:
            self.picker.setVisible(on)
            if on:
                self.picker.refresh()
                self.picker.setFocus()

    def _on_volume(self, place: There) -> None:
        self.line.show_text(options.written_place(place))
        self.pools.setChecked(False)
        self.line.setFocus()
        self.chosen.emit(place, False)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        for url in event.mimeData().urls()[:1]:
            place: Place = Here(url.toLocalFile()) if url.isLocalFile() else Away(url.toString())
            self.line.show_text(options.written_place(place))
            self.chosen.emit(place, False)
            event.acceptProposedAction()


class VolumePicker(QWidget):
    """The volumes of one pool, thousands if need be, found by typing. chosen(There): Enter or a click."""

    chosen = Signal(object)

    def __init__(self, desk: Desk, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._task: asyncio.Task[None] | None = None
        self.setObjectName(name)
        self.pool = QComboBox()
        self.pool.setObjectName(f"{name}-pool")
        self.pool.setAccessibleName(tr("Storage pool"))
        self.search = QLineEdit()
        self.search.setObjectName(f"{name}-search")
        self.search.setAccessibleName(tr("Search for a volume"))
        self.search.setPlaceholderText(tr("Search for a volume"))
        self.search.setClearButtonEnabled(True)
        self._model = QStringListModel(self)
        self._shown = QSortFilterProxyModel(self)
        self._shown.setSourceModel(self._model)
        self._shown.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.list = QListView()
        self.list.setObjectName(f"{name}-list")
        self.list.setAccessibleName(tr("Volumes"))
        self.list.setModel(self._shown)
        self.list.setUniformItemSizes(True)  # so that thousands need not be measured
        self.list.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        thin(self.list)
        self.list.setFixedHeight(_ROWS * (self.fontMetrics().height() + 4) + GRID)
        self.words = Muted()
        head = QHBoxLayout()
        head.setSpacing(GRID)
        head.addWidget(self.pool)
        head.addWidget(self.search, 1)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(GRID // 2)
        box.addLayout(head)
        box.addWidget(self.list)
        box.addWidget(self.words)
        self.setFocusProxy(self.search)
        self.pool.currentIndexChanged.connect(lambda _place: self._read())
        self.search.textChanged.connect(self._on_search)
        self.list.activated.connect(lambda index: self._choose(index.data()))
        self.list.clicked.connect(lambda index: self._choose(index.data()))

    def refresh(self) -> None:
        """The pools of the host as they are now."""
        pools = self._desk.draft.abilities.pools
        old = self.pool.currentData()
        chosen = old if any(pool.name == old for pool in pools) else (pools[0].name if pools else "")
        fill(self.pool, [(pool.name, pool.name) for pool in pools if pool.active], chosen)
        self._read()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """From the search line down into the list, and Enter takes what is found alone."""
        if event.key() == Qt.Key.Key_Down and self.search.hasFocus() and self._shown.rowCount():
            self.list.setFocus()
            self.list.setCurrentIndex(self._shown.index(0, 0))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.search.hasFocus():
            if self._shown.rowCount():
                self._choose(self._shown.index(0, 0).data())
        else:
            super().keyPressEvent(event)

    def _on_search(self, words: str) -> None:
        self._shown.setFilterFixedString(words)
        self._count()

    def _choose(self, name: str) -> None:
        self.chosen.emit(There(str(self.pool.currentData()), name))

    def _read(self) -> None:
        if self._task is not None:
            self._task.cancel()
        pool = self.pool.currentData()
        self._model.setStringList([])
        if not pool:
            self.words.setText(tr("The host has no storage pool that is switched on."))
            return
        self.words.setText(tr("Reading …"))
        self._task = self._desk.parts.jobs.spawn("volumes", self._list(str(pool)))

    async def _list(self, pool: str) -> None:
        try:
            found = await self._desk.workshop.volumes(self._desk.draft.host, pool)
        except VirtError as error:
            self.words.setText(str(error.problem.why or error.problem.what))
            return
        self._model.setStringList([volume.name for volume in found])
        self._count()

    def _count(self) -> None:
        every, shown = self._model.rowCount(), self._shown.rowCount()
        if not every:
            self.words.setText(tr("There is nothing in this pool."))
        else:
            self.words.setText(tr("{n} of {all}", n=shown, all=every))
