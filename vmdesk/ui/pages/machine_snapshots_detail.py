"""One snapshot beside the list: the screen at its moment, its note, what it holds."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from vmdesk.core import units
from vmdesk.model.snapshot import Kind, Snapshot
from vmdesk.model.text import tr
from vmdesk.ui.models.snapshots import kind_words, when
from vmdesk.ui.plain import PlainLabel
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.form import Muted, Section
from vmdesk.ui.widgets.thumbnail import Thumbnail

WIDTH = 34 * GRID


class SnapshotDetail(QWidget):
    """As wide as it is, whatever it shows."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("snapshot-detail")
        self.setAccessibleName(tr("The chosen snapshot"))
        self.setFixedWidth(WIDTH)
        self._shown: tuple[Snapshot | None, bytes] | None = None
        self.thumbnail = Thumbnail()
        self.thumbnail.setObjectName("snapshot-screen")
        self.thumbnail.setAccessibleName(tr("The screen when it was taken"))
        self.name = Section()
        self.facts = Muted(caption=False)
        self.note = PlainLabel()
        self.note.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.files = Muted()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * GRID, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addWidget(self.thumbnail)
        for label in (self.name, self.facts, self.note, self.files):
            label.setWordWrap(True)
            layout.addWidget(label)
        self.files.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)  # they have breaks of ours in them
        layout.addStretch(1)
        self.show_snapshot(None, b"")

    def show_snapshot(self, snapshot: Snapshot | None, picture: bytes) -> None:
        """None: what the machine is now. `picture`: a PNG file, b"" if there is none."""
        if self._shown == (snapshot, picture):
            return
        self._shown = snapshot, picture
        self.thumbnail.setVisible(snapshot is not None)
        if picture:
            self.thumbnail.show_picture(picture)
            self.thumbnail.setAccessibleDescription(tr("a picture of the screen"))
        else:
            self.thumbnail.show_nothing(_why_none(snapshot))
        self.name.setText(snapshot.name if snapshot else tr("Now"))
        self.facts.setText("\n".join(_facts(snapshot)))
        self.note.setText(snapshot.note if snapshot else "")
        self.files.setText("\n".join(_files(snapshot)))
        for label in (self.note, self.files):
            label.setVisible(bool(label.text()))


def _why_none(snapshot: Snapshot | None) -> str:
    if snapshot is not None and snapshot.state == "shutoff":
        return tr("It was off")
    return tr("No picture was taken")


def _facts(snapshot: Snapshot | None) -> list[str]:
    if snapshot is None:
        return [tr("What the machine holds now. Take a snapshot to be able to come back to it.")]
    found = [tr("Taken {when}", when=when(snapshot.created)), kind_words(snapshot)]
    if snapshot.bytes is not None:
        found.append(tr("{size} on disk", size=units.size(snapshot.bytes)))
    if snapshot.parent:
        found.append(tr("after {snapshot}", snapshot=snapshot.parent))
    return found


def _files(snapshot: Snapshot | None) -> list[str]:
    """What holds the disks as they were."""
    if snapshot is None:
        return []
    found = [
        tr("{disk}: {file}", disk=disk.target, file=_wrapped(disk.frozen))
        for disk in snapshot.disks
        if disk.kind is Kind.EXTERNAL and disk.frozen
    ]
    return [*found, *([tr("memory: {file}", file=_wrapped(snapshot.memory_file))] if snapshot.memory_file else [])]


def _wrapped(path: str) -> str:
    """A path that may be broken after each folder."""
    return path.replace("/", "/\u200b")
