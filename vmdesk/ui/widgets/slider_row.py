"""A figure that can be set: its name, a slider, a field bound to it, and a button that takes the limit away.

At the slider's right end there is no limit. What has a usual value (shares, periods) stands there while it is not set.

What is dragged is told when it rests, and when the slider is let go of: a drag is a few changes, not two hundred.
"""

from PySide6.QtCore import QRectF, QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen, QValidator, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QDoubleSpinBox,
    QGridLayout,
    QSizePolicy,
    QSlider,
    QStyle,
    QStyleOptionSlider,
    QToolButton,
    QWidget,
)

from vmdesk.model.text import tr
from vmdesk.ui.icons import icon
from vmdesk.ui.plain import PlainLabel, plain_tip
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.form import Muted
from vmdesk.ui.widgets.limit_units import Written, no_limit
from vmdesk.ui.widgets.slider_scale import Scale

REST = 350  # ms that a figure has to stand still before it is told
FIELD = 15 * GRID
CLEAR = 3 * GRID
LEAST_SLIDER = 14 * GRID


class AmountField(QDoubleSpinBox):
    """A figure with its unit, typed as people write it. 0 stands for none, which lies beyond the highest.

    usual  what holds while none is set; 0: there is no limit then
    """

    def __init__(
        self, written: Written, scale: Scale, lowest: float, highest: float, optional: bool, usual: float
    ) -> None:
        super().__init__()
        self._usual = usual
        self._nothing = tr("usual") if usual else no_limit()
        self._written, self._scale, self._lowest, self._optional = written, scale, lowest, optional
        self.setDecimals(written.decimals)
        self.setRange(0 if optional else lowest, highest)
        self.setKeyboardTracking(False)
        self.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.UpDownArrows)
        self.setFixedWidth(FIELD)
        if optional:
            self.setSpecialValueText(self._nothing)

    def textFromValue(self, value: float) -> str:
        return self._written.write(value)

    def valueFromText(self, words: str) -> float:
        found = self._read(words)
        return self.value() if found is None else found

    def validate(self, words: str, place: int) -> tuple[QValidator.State, str, int]:
        state = QValidator.State
        found = self._read(words)
        fine = found is not None and self._fitting(found) == found
        return (state.Acceptable if fine else state.Intermediate, words, place)

    def _fitting(self, value: float) -> float:
        return 0.0 if self._optional and value == 0 else min(max(value, self._lowest), self.maximum())

    def fixup(self, words: str) -> str:
        found = self._read(words)
        kept = self.value() if found is None else self._fitting(found)
        return self._nothing if self._optional and not kept else self.textFromValue(kept)

    def _read(self, words: str) -> float | None:
        if self._optional and words.strip().casefold() in ("", self._nothing.casefold(), "none"):
            return 0.0
        return self._written.read(words)

    def stepBy(self, steps: int) -> None:
        """As the slider does: in its places, and beyond the last there is no limit."""
        values = self._scale.values
        if self.value() == 0:
            place = self._scale.place(self._usual) if self._usual else len(values)
        else:
            place = self._scale.place(self.value())
        place = max(place + steps, 0)
        if place < len(values):
            self.setValue(values[place])
        else:
            self.setValue(0 if self._optional and not self._usual else values[-1])

    def stepEnabled(self) -> QAbstractSpinBox.StepEnabledFlag:
        flags = QAbstractSpinBox.StepEnabledFlag
        up = flags.StepNone if self.value() == 0 and not self._usual else flags.StepUpEnabled
        return up | flags.StepDownEnabled

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # the page scrolls; a wheel must not change a machine


class _Slider(QSlider):
    """Left alone by the wheel: the page scrolls. Pale while there is no limit."""

    free = False

    def paintEvent(self, event: QPaintEvent) -> None:
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        option.subControls = QStyle.SubControl.SC_SliderGroove | QStyle.SubControl.SC_SliderHandle
        if self.free and self.isEnabled():
            palette = QPalette(option.palette)
            palette.setColor(QPalette.ColorRole.Highlight, palette.color(QPalette.ColorRole.Mid))
            option.palette = palette
        painter = QPainter(self)
        self.style().drawComplexControl(QStyle.ComplexControl.CC_Slider, option, painter, self)
        if self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Accent), 2))
            handle = self.style().subControlRect(
                QStyle.ComplexControl.CC_Slider, option, QStyle.SubControl.SC_SliderHandle, self
            )
            painter.drawRoundedRect(QRectF(handle).adjusted(0, 1, 0, -1), 3, 3)
        painter.end()

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class SliderRow(QWidget):
    """`changed(key, figure)`: a person wants it so; None for no limit."""

    changed = Signal(str, object)

    def __init__(
        self,
        key: str,
        title: str,
        written: Written,
        scale: Scale,
        bounds: tuple[float, float],
        optional: bool = True,
        usual: float = 0,
        tip: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.key = key
        self._written, self._scale, self._optional, self._usual = written, scale, optional, usual
        self._tip = tip or (tr("At the right end there is no limit.") if optional and not usual else "")
        self._why = ""
        self._touched = False
        self.setObjectName(f"limit-{key}")
        self.label = PlainLabel(title)
        self.label.setWordWrap(True)
        self.slider = _Slider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, len(scale.values) - (0 if optional and not usual else 1))
        self.slider.setPageStep(max(1, len(scale.values) // 10))
        self.slider.setMinimumWidth(LEAST_SLIDER)
        self.slider.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.slider.setAccessibleName(title)
        self.slider.setObjectName(f"slider-{key}")
        self.field = AmountField(written, scale, *bounds, optional, usual)
        self.field.setAccessibleName(title)
        self.field.setObjectName(f"field-{key}")
        self.label.setBuddy(self.field)
        self.clear = QToolButton()
        self.clear.setObjectName(f"clear-{key}")
        self.clear.setIcon(icon("close"))
        self.clear.setAutoRaise(True)
        self.clear.setFixedSize(CLEAR, CLEAR)
        words = tr("Back to the usual") if usual else tr("Take the limit away")
        self.clear.setToolTip(words)
        self.clear.setAccessibleName(tr("{what}: {title}", what=words, title=title))
        policy = self.clear.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # the fields stand under each other
        self.clear.setSizePolicy(policy)
        self.clear.clicked.connect(self._on_cleared)
        self.note = Muted("")
        self.note.setObjectName(f"note-{key}")
        self.note.hide()
        box = QGridLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setHorizontalSpacing(GRID + GRID // 2)
        box.setVerticalSpacing(0)
        box.addWidget(self.label, 0, 0)
        box.addWidget(self.slider, 0, 1)
        box.addWidget(self.field, 0, 2)
        box.addWidget(self.clear, 0, 3)
        box.addWidget(self.note, 1, 1, 1, 3)
        box.setColumnStretch(1, 1)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST)
        self._rest.timeout.connect(self._tell)
        self.slider.valueChanged.connect(self._on_slid)
        self.slider.sliderReleased.connect(self._on_released)
        self.field.valueChanged.connect(self._on_typed)
        self.field.editingFinished.connect(self._on_entered)
        self._describe()

    # -- what it shows

    @property
    def figure(self) -> float | None:
        """What it stands at."""
        value = self.field.value()
        return None if self._optional and value == 0 else value

    @property
    def busy(self) -> bool:
        """In a person's hands: what is so must not be put in its place now."""
        return self._touched or self.slider.isSliderDown()

    def show_figure(self, value: float | None, note: str = "", why: str = "") -> None:
        """What is so; `note` stands below; `why` it cannot be changed, "" if it can."""
        self._why = why
        for control in (self.slider, self.field):
            if control.isEnabled() is bool(why):
                control.setEnabled(not why)
        tip = plain_tip(why or self._tip)
        for widget in (self.slider, self.field, self.label):
            if widget.toolTip() != tip:
                widget.setToolTip(tip)
        if note != self.note.text():
            self.note.setText(note)
            self.note.setVisible(bool(note))
        if self.busy:
            self._describe()
        else:
            self._put(value)

    def write(self, value: object) -> str:
        """A figure of this kind in words."""
        if isinstance(value, int | float) and value:
            return self._written.write(value)
        return tr("usual") if self._usual else no_limit()

    def _put(self, value: float | None) -> None:
        with QSignalBlocker(self.field), QSignalBlocker(self.slider):
            self.field.setValue(0 if value is None else value)
            self.slider.setValue(self._place(value))
        self._describe()

    def _place(self, value: float | None) -> int:
        if value is None and not self._usual:
            return len(self._scale.values)
        return self._scale.place(self._usual if value is None else value)

    def _describe(self) -> None:
        words = self.field.text()
        free = self.figure is None
        self.clear.setVisible(not free and self._optional and not self._why)
        if free is not self.slider.free:
            self.slider.free = free
            self.slider.update()
        tip = self._why or self._tip
        self.slider.setAccessibleDescription(f"{words}. {tip}" if tip else words)
        self.field.setAccessibleDescription(self._why or self._tip)

    # -- what a person does

    def _on_slid(self, place: int) -> None:
        values = self._scale.values
        with QSignalBlocker(self.field):
            self.field.setValue(values[place] if place < len(values) else 0)
        self._describe()
        self._touch()

    def _on_typed(self, value: float) -> None:
        with QSignalBlocker(self.slider):
            self.slider.setValue(self._place(None if self._optional and value == 0 else value))
        self._describe()
        self._touch()

    def _touch(self) -> None:
        self._touched = True
        self._rest.start()

    def _on_cleared(self) -> None:
        self._put(None)
        self._tell()

    def _on_released(self) -> None:
        if self._touched:
            self._tell()

    def _on_entered(self) -> None:
        if self._touched:
            self._tell()

    def _tell(self) -> None:
        self._rest.stop()
        self._touched = False
        self.changed.emit(self.key, self.figure)
