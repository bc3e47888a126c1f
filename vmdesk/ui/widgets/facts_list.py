"""Facts: what, its value, a button that copies it."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QToolButton, QWidget

from vmdesk.model.text import tr
from vmdesk.ui import theme
from vmdesk.ui.icons import icon


class FactsList(QWidget):
    """Rows by id; a row without a value is hidden."""

    def __init__(
        self, rows: Sequence[tuple[str, str, bool]], copy: Callable[[str], None], parent: QWidget | None = None
    ) -> None:
        """`rows`: id, title, whether it can be copied."""
        super().__init__(parent)
        self._values: dict[str, QLabel] = {}
        self._all: dict[str, list[QWidget]] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(theme.GRID)
        grid.setVerticalSpacing(theme.GRID // 2)
        grid.setColumnStretch(1, 1)
        for place, (fact, title, copyable) in enumerate(rows):
            label = QLabel(title, self)
            label.setForegroundRole(self.palette().ColorRole.PlaceholderText)
            value = QLabel(self)
            value.setObjectName(f"fact-{fact}")
            value.setTextFormat(Qt.TextFormat.PlainText)
            value.setWordWrap(True)
            value.setMinimumWidth(1)  # else a long word would widen the pane
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            value.setFont(theme.figure_font(self.font()))
            widgets: list[QWidget] = [label, value]
            top = Qt.AlignmentFlag.AlignTop
            grid.addWidget(label, place, 0, top)
            grid.addWidget(value, place, 1)
            if copyable:
                button = QToolButton(self)
                button.setObjectName(f"copy-{fact}")
                button.setIcon(icon("copy"))
                button.setAutoRaise(True)
                button.setFixedSize(theme.GRID * 5 // 2, theme.GRID * 5 // 2)
                button.setToolTip(tr("Copy {what}", what=title))
                button.setAccessibleName(tr("Copy {what}", what=title))
                button.clicked.connect(lambda _checked=False, value=value: copy(value.text()))
                grid.addWidget(button, place, 2, top)
                widgets.append(button)
            self._values[fact] = value
            self._all[fact] = widgets

    def set_value(self, fact: str, value: str) -> None:
        label = self._values[fact]
        if label.text() != value:
            label.setText(value)
            label.setAccessibleName(value)
        for widget in self._all[fact]:
            widget.setVisible(bool(value))

    def value(self, fact: str) -> str:
        return self._values[fact].text()
