"""What dialogs about files have in common: lines to be read, a reason why not, a button that needs a second thought."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QListWidget, QWidget

from vmdesk.model.text import Text
from vmdesk.ui.dialogs.dialog import Dialog
from vmdesk.ui.plain import PlainLabel, plain_tip
from vmdesk.ui.theme import GRID, error_color
from vmdesk.ui.widgets.scroll_bar import thin


class Lines(QListWidget):
    """A list of lines, so that a screen reader and a scroll wheel can walk through them; always `high` lines high."""

    def __init__(self, lines: Sequence[str], name: str, high: int = 0, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("lines")
        self.setAccessibleName(name)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWordWrap(True)
        self.setSpacing(1)
        thin(self)
        rows = high or min(max(len(lines), 1), 5)
        self.setFixedHeight(rows * (self.fontMetrics().height() + GRID // 2) + GRID)
        self.show_lines(lines)

    def show_lines(self, lines: Sequence[str]) -> None:
        """Others in their place."""
        self.clear()
        self.addItems(list(lines))
        for row, line in enumerate(lines):
            self.item(row).setToolTip(plain_tip(line))


class Warned(PlainLabel):
    """A sentence that says why not, in the colour of errors; keeps its room while there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self.setObjectName("wrong")
        self.setWordWrap(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        palette = self.palette()
        palette.setColor(palette.ColorRole.WindowText, error_color(palette))
        self.setPalette(palette)
        self.setMinimumHeight(2 * self.fontMetrics().height())
        self.setAlignment(Qt.AlignmentFlag.AlignTop)

    def tell(self, why: Text | None) -> None:
        self.setText(str(why) if why is not None else "")


def endanger(dialog: Dialog) -> None:
    """Enter leaves everything as it is."""
    palette = dialog.action.palette()
    palette.setColor(palette.ColorGroup.Active, palette.ColorRole.ButtonText, error_color(palette))
    palette.setColor(palette.ColorGroup.Inactive, palette.ColorRole.ButtonText, error_color(palette))
    dialog.action.setPalette(palette)
    dialog.action.setDefault(False)
    dialog.action.setAutoDefault(False)
    dialog.cancel.setDefault(True)
    dialog.cancel.setFocus()
