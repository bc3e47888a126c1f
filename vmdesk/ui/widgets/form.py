"""Rows of label, control and a line that explains it; every control gets its label as accessible name."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QGridLayout, QWidget

from vmdesk.ui.plain import PlainLabel
from vmdesk.ui.theme import GRID, caption_font, title_font


class Muted(PlainLabel):
    """Text of second rank; follows the palette."""

    def __init__(self, text: str = "", caption: bool = True, parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setWordWrap(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        if caption:
            self.setFont(caption_font(self.font()))
        self.setForegroundRole(self.palette().ColorRole.PlaceholderText)


class Heading(PlainLabel):
    """A page's or dialog's title."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setFont(title_font(self.font()))
        self.setWordWrap(True)


class Section(PlainLabel):
    """The heading of a part of a page, in the body size."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        font = self.font()
        font.setBold(True)
        self.setFont(font)


class Form(QGridLayout):
    """Labels right-aligned in one column, controls in the other, hints under their control."""

    def __init__(self) -> None:
        super().__init__()
        self.setHorizontalSpacing(2 * GRID)
        self.setVerticalSpacing(GRID)
        self.setColumnStretch(1, 1)

    def add(self, label: str, control: QWidget, hint: str = "", stretch: bool = True) -> None:
        """One row. A check box carries its own text: give `label` "" then. `stretch`: as wide as the form."""
        row = self.rowCount()
        if label:
            name = PlainLabel(label)
            name.setBuddy(control)
            name.setAlignment(Qt.AlignmentFlag.AlignRight)
            name.setContentsMargins(0, GRID // 2, 0, 0)
            self.addWidget(name, row, 0, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight)
            control.setAccessibleName(label.replace("&", "").rstrip(":"))
        elif isinstance(control, QAbstractButton):
            control.setAccessibleName(control.text().replace("&", ""))
        if stretch:
            self.addWidget(control, row, 1)
        else:
            self.addWidget(control, row, 1, Qt.AlignmentFlag.AlignLeft)
        if hint:
            control.setAccessibleDescription(hint)
            words = Muted(hint)
            words.setContentsMargins(0, 0, 0, GRID // 2)
            self.addWidget(words, row + 1, 1)

    def add_section(self, title: str) -> None:
        """A heading over the rows that follow."""
        row = self.rowCount()
        section = Section(title)
        section.setContentsMargins(0, 2 * GRID if row > 1 else 0, 0, 0)
        self.addWidget(section, row, 0, 1, 2)
