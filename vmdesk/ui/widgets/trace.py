"""What did this do: each action with the libvirt call and the virsh line that does the same, ready to be copied."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontDatabase, QHideEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from vmdesk.core.trace import Trace
from vmdesk.model.domain import DomainKey
from vmdesk.model.text import tr
from vmdesk.ui.icons import icon
from vmdesk.ui.models.trace import TraceModel
from vmdesk.ui.parts import Shell
from vmdesk.ui.plain import PlainLabel
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.form import Muted
from vmdesk.ui.widgets.plain_table import PlainTable


class CodeLine(QFrame):
    """A line of code on its own ground, with a button that copies it."""

    def __init__(self, name: str, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(self.palette().ColorRole.Base)
        self._label = PlainLabel()
        self._label.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._label.setWordWrap(True)
        self._label.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self._label.setSizePolicy(policy)
        copy = QToolButton()
        copy.setAutoRaise(True)
        copy.setIcon(icon("copy"))
        copy.setIconSize(QSize(16, 16))
        copy.setToolTip(tr("Copy"))
        copy.setObjectName("copy")
        copy.setAccessibleName(tr("Copy {name}", name=name))
        copy.clicked.connect(lambda: shell.copy(self._label.text()))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(GRID, GRID // 2, GRID // 2, GRID // 2)
        layout.addWidget(self._label, 1)
        layout.addWidget(copy, 0, Qt.AlignmentFlag.AlignTop)

    def text(self) -> str:
        return self._label.text()

    def set_text(self, code: str) -> None:
        self._label.setText(code)
        self._label.setAccessibleName(f"{self._name}: {code}")


class TracePane(QWidget):
    """The steps (of one machine), and the chosen one in full."""

    def __init__(self, trace: Trace, shell: Shell, key: DomainKey | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("trace")
        self.model = TraceModel(trace, key, self)
        empty = tr("Start, stop or change something: here stands what VMDesk told libvirt, and how to do it yourself.")
        self.table = PlainTable(self.model, "steps", empty)
        self.table.setAccessibleName(tr("What did this do"))
        self.table.set_widths(20 * GRID, 30 * GRID, 25 * GRID)
        self._details = QWidget()
        self._call_title = Muted(tr("The libvirt function that was called"))
        self.call = CodeLine(tr("libvirt call"), shell)
        self._virsh_title = Muted(tr("The same in a terminal"))
        self.virsh = CodeLine(tr("virsh line"), shell)
        details = QVBoxLayout(self._details)
        details.setContentsMargins(0, 0, 0, 0)
        details.setSpacing(GRID // 2)
        for widget in (self._call_title, self.call, self._virsh_title, self.virsh):
            details.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addWidget(self.table, 1)
        layout.addWidget(self._details)
        self.table.selectionModel().currentRowChanged.connect(lambda *_: self._show())
        self.model.rowsInserted.connect(lambda *_: self._on_inserted())
        self.model.modelReset.connect(self._on_inserted)
        self._show()

    def _on_inserted(self) -> None:
        """The newest step is what one wants to read."""
        if self.model.rowCount():
            self.table.selectRow(0)
            self.table.scrollToTop()
        self._show()

    def _show(self) -> None:
        row = self.table.currentIndex().row()
        self._details.setVisible(row >= 0)
        if row >= 0:
            step = self.model.step(row)
            self.call.set_text(step.call)
            self.virsh.set_text(step.virsh)
            for widget, code in ((self.call, step.call), (self.virsh, step.virsh)):
                widget.setVisible(bool(code))
            self._call_title.setVisible(bool(step.call))
            self._virsh_title.setVisible(bool(step.virsh))

    def showEvent(self, event: QShowEvent) -> None:
        self.model.start()
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self.model.stop()
        super().hideEvent(event)
