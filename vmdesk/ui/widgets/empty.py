"""What stands where there is nothing yet: what this is, why it is empty, and what to do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from vmdesk.model.errors import Problem
from vmdesk.model.text import tr
from vmdesk.ui import theme
from vmdesk.ui.plain import PlainLabel
from vmdesk.ui.widgets.glyph import Glyph


@dataclass(frozen=True)
class Emptiness:
    """One empty state. The first action is the primary one. `kind` names it for tests and to avoid rebuilding."""

    kind: str
    picture: str
    title: str
    body: str
    actions: Sequence[tuple[str, Callable[[], None]]] = ()


def of_problem(problem: Problem, again: Callable[[], None]) -> Emptiness:
    """Where something could not be read."""
    body = " ".join(str(part) for part in (problem.why, problem.what_next) if part)
    return Emptiness("problem", "alert-circle", str(problem.what), body, ((tr("Try again"), again),))


class EmptyView(QWidget):
    """Shows one Emptiness in the middle."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("empty")
        self.setAutoFillBackground(True)
        self.setBackgroundRole(self.palette().ColorRole.Base)
        self._shown: Emptiness | None = None
        self._picture = Glyph("", 56, theme.muted, self)
        self._title = PlainLabel(parent=self)
        self._title.setFont(theme.title_font(self.font()))
        self._body = PlainLabel(parent=self)
        self._body.setWordWrap(True)
        self._body.setFixedWidth(52 * theme.GRID)
        self._body.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        for label in (self._title, self._body):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(theme.GRID)
        box = QVBoxLayout(self)
        box.setSpacing(theme.GRID)
        box.addStretch(2)
        box.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignHCenter)
        box.addSpacing(theme.GRID)
        box.addWidget(self._title)
        box.addWidget(self._body, 0, Qt.AlignmentFlag.AlignHCenter)
        box.addSpacing(theme.GRID)
        box.addLayout(self._buttons)
        box.addStretch(3)

    @property
    def kind(self) -> str:
        return self._shown.kind if self._shown else ""

    def _do(self, place: int) -> None:
        if self._shown:
            self._shown.actions[place][1]()

    def show_state(self, state: Emptiness) -> None:
        old, self._shown = self._shown, state
        self._picture.show_glyph(state.picture, theme.muted)
        self._title.setText(state.title)
        self._body.setText(state.body)
        self._body.setFixedHeight(self._body.heightForWidth(self._body.width()) if state.body else 0)
        self.setAccessibleName(state.title)
        self.setAccessibleDescription(state.body)
        if old and old.kind == state.kind and [text for text, _ in old.actions] == [text for text, _ in state.actions]:
            return
        while item := self._buttons.takeAt(0):
            if widget := item.widget():
                widget.deleteLater()
        self._buttons.addStretch(1)
        for place, (text, _do) in enumerate(state.actions):
            button = QPushButton(text, self)
            button.setObjectName(f"empty-action-{place}")
            button.setDefault(place == 0)
            # What is shown at the click: the same words may have come again with something else to do.
            button.clicked.connect(lambda _checked=False, place=place: self._do(place))
            self._buttons.addWidget(button)
        self._buttons.addStretch(1)
