"""A figure to be chosen: a slider that stops at sensible values, a field for any other, and what the host has left."""

from bisect import bisect_left

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSlider, QSpinBox, QWidget

from vmdesk.model.sizes import GIB, MIB
from vmdesk.model.text import Text
from vmdesk.ui.theme import GRID, figure_font
from vmdesk.ui.widgets.form import Muted
from vmdesk.ui.widgets.size_box import SizeBox


class Figure(QWidget):
    """changed(value): by the person. size: the bytes of one unit of the value (None: a plain number)."""

    changed = Signal(int)

    def __init__(self, name: str, title: str, bare: int | None = None) -> None:
        super().__init__()
        self.setObjectName(name)
        self._stops: tuple[int, ...] = (1, 2)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setObjectName(f"{name}-slider")
        self.slider.setAccessibleName(title)
        self.slider.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # by keyboard the field beside it does the same
        self.slider.setPageStep(1)
        self.slider.setMinimumWidth(10 * GRID)
        self.box: QSpinBox = SizeBox(bare) if bare else QSpinBox()
        self.box.setObjectName(f"{name}-box")
        self.box.setAccessibleName(title)
        self.box.setFont(figure_font(self.font()))
        self.box.setFixedWidth(12 * GRID)
        self.box.setAlignment(Qt.AlignmentFlag.AlignRight)
        if not bare:
            self.box.setRange(1, 4096)
            self.box.setKeyboardTracking(False)
        self.left = Muted()
        self.left.setMinimumWidth(21 * GRID)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID * 3 // 2)
        row.addWidget(self.slider, 1)
        row.addWidget(self.box)
        row.addWidget(self.left)
        self.setFocusProxy(self.box)
        self.slider.valueChanged.connect(self._on_slid)
        self.box.valueChanged.connect(self.changed)

    def show_value(self, value: int, stops: tuple[int, ...], left: Text | None) -> None:
        self._stops = stops
        for one in (self.slider, self.box):
            one.blockSignals(True)
        self.slider.setRange(0, max(len(stops) - 1, 1))
        self.slider.setValue(min(bisect_left(stops, value), len(stops) - 1))
        if self.box.value() != value:
            self.box.setValue(value)
        for one in (self.slider, self.box):
            one.blockSignals(False)
        self.left.setText(str(left or ""))

    def _on_slid(self, place: int) -> None:
        self.changed.emit(self._stops[min(place, len(self._stops) - 1)])


MEMORY, DISK = MIB, GIB  # units of figures that are typed without one

__all__ = ["DISK", "MEMORY", "Figure", "SizeBox"]
