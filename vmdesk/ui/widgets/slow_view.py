"""Why is it slow: each thing that holds a machine back, with its figures and a button to what changes it."""

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QGridLayout, QPushButton, QVBoxLayout, QWidget

from vmdesk.core import slow
from vmdesk.core.slow import Finding, Verdict
from vmdesk.model.text import tr
from vmdesk.ui.colors import faded
from vmdesk.ui.plain import PlainLabel
from vmdesk.ui.theme import GRID, good_color, warning_color
from vmdesk.ui.widgets.form import Muted
from vmdesk.ui.widgets.glyph import Glyph


class _Row(QWidget):
    """One finding."""

    wanted = Signal(str)

    def __init__(self, finding: Finding) -> None:
        super().__init__()
        self._control = finding.control
        self.setObjectName(f"slow-{finding.cause.value}")
        self._what = PlainLabel()
        self._what.setWordWrap(True)
        self._numbers = Muted("", caption=False)
        self._button = QPushButton()
        self._button.setObjectName("slow-control")
        self._button.clicked.connect(lambda: self.wanted.emit(self._control))
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(GRID)
        grid.setVerticalSpacing(GRID // 4)
        grid.setColumnStretch(1, 1)
        grid.addWidget(Glyph("alert", 18, warning_color), 0, 0, 2, 1, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(self._what, 0, 1)
        grid.addWidget(self._numbers, 1, 1)
        grid.addWidget(self._button, 0, 2, 2, 1, Qt.AlignmentFlag.AlignVCenter)
        self.show_finding(finding)

    def show_finding(self, finding: Finding) -> None:
        self._control = finding.control
        self._what.setText(str(finding.what))
        self._numbers.setText(str(finding.numbers))
        action = str(finding.action or "")
        self._button.setText(action)
        self._button.setAccessibleName(action)
        self._button.setVisible(bool(action and finding.control))
        self.setAccessibleName(f"{finding.what}: {finding.numbers}")


class SlowView(QWidget):
    """`control_wanted(control)`: the person wants what changes it, see core/slow.py."""

    control_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("slow-view")
        self.setAccessibleName(tr("Why is it slow?"))
        self._rows: dict[str, _Row] = {}
        self._sign = Glyph("", 18, good_color)
        self._answer = PlainLabel()
        self._answer.setObjectName("slow-answer")
        self._answer.setWordWrap(True)
        self._looked = Muted()
        self._looked.setObjectName("slow-looked")
        self._untold = Muted()
        self._untold.setObjectName("slow-untold")
        self._list = QVBoxLayout()
        self._list.setSpacing(GRID)
        grid = QGridLayout(self)
        grid.setContentsMargins(GRID + GRID // 2, GRID + GRID // 2, GRID + GRID // 2, GRID + GRID // 2)
        grid.setHorizontalSpacing(GRID)
        grid.setVerticalSpacing(GRID // 2)
        grid.setColumnStretch(1, 1)
        self._list.setContentsMargins(0, 0, 0, GRID // 2)
        grid.addLayout(self._list, 0, 0, 1, 2)
        grid.addWidget(self._sign, 1, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(self._answer, 1, 1)
        grid.addWidget(self._looked, 2, 0, 1, 2)
        grid.addWidget(self._untold, 3, 0, 1, 2)
        self.show_verdict(None)

    def show_verdict(self, verdict: Verdict | None, why: str = "") -> None:
        """What was found; None: nothing is known, `why` says why not, if that is not just for now."""
        findings = verdict.findings if verdict is not None else ()
        self._show_rows(findings)
        looking = verdict is None or not verdict.seconds
        if looking:
            self._answer.setText(why or tr("Looking: two readings are needed."))
        else:
            self._answer.setText(tr("Nothing that can be seen from here holds it back."))
        self._answer.setVisible(looking or not findings)
        self._sign.show_glyph("" if looking else "check-circle", good_color)
        self._sign.setVisible(not looking and not findings)
        self._show_looks(None if looking else verdict)

    def _show_rows(self, findings: tuple[Finding, ...]) -> None:
        # One row for each control: several disks may be slow.
        found = {f"{one.cause.value} {one.control} {one.what}": one for one in findings}
        if list(found) != list(self._rows):
            for name in [name for name in self._rows if name not in found]:
                row = self._rows.pop(name)
                self._list.removeWidget(row)
                row.hide()
                row.deleteLater()
            rows = {name: self._rows.get(name) or self._new_row(one) for name, one in found.items()}
            for place, row in enumerate(rows.values()):
                self._list.removeWidget(row)
                self._list.insertWidget(place, row)
            self._rows = rows
        for name, row in self._rows.items():
            row.show_finding(found[name])

    def _new_row(self, finding: Finding) -> _Row:
        row = _Row(finding)
        row.wanted.connect(self.control_wanted)
        return row

    def paintEvent(self, event: QPaintEvent) -> None:
        """The same ground as the graphs'."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(faded(self.palette().color(QPalette.ColorRole.Text), 0.12), 1))
        painter.setBrush(self.palette().color(QPalette.ColorRole.Base))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        painter.end()

    def _show_looks(self, verdict: Verdict | None) -> None:
        looked = slow.summary(verdict) if verdict is not None else ""
        untold = slow.untold(verdict) if verdict is not None else ""
        if verdict is not None:
            seconds = f"{verdict.seconds:.0f}"
            self._looked.setText(tr("Looked at for {n} s: {looked}", n=seconds, looked=looked))
            self._untold.setText(tr("Not told in this time: {untold}", untold=untold))
        self._looked.setVisible(bool(looked))
        self._untold.setVisible(bool(untold))
