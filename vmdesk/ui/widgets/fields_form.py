"""A control for each kind of field, and the form that they stand in."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QStandardItemModel, QValidator
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from vmdesk.core.hardware.sheet import Field, Kind, Part, Value
from vmdesk.model.sizes import GIB, MIB
from vmdesk.model.text import tr
from vmdesk.ui.plain import PlainLabel, plain_tip
from vmdesk.ui.theme import GRID, figure_font
from vmdesk.ui.widgets.check_box import CheckBox
from vmdesk.ui.widgets.facts import breakable
from vmdesk.ui.widgets.form import Form
from vmdesk.ui.widgets.order_list import OrderList
from vmdesk.ui.widgets.size_box import SizeBox

Volumes = Callable[[Callable[[str], None]], None]  # lets a person choose one: "POOL/VOLUME"
Systems = Callable[[str, str, Callable[[str], object]], QLineEdit]  # (name, id, tell): a line to search one in
_KIB = MIB // 1024


class _NoWheel(QObject):
    """The wheel scrolls the page; only a control that was clicked takes it."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return False


class _Size(SizeBox):
    """Exact, where the wizard's rounds; `none`: nothing may be said, by 0."""

    def __init__(self, bare: int, none: bool) -> None:
        super().__init__(bare)
        self._none = tr("none")
        self.setRange(0 if none else 1, 2**31 - 1)

    def textFromValue(self, value: int) -> str:
        if not value:
            return self._none
        return f"{value // 1024} GiB" if value % 1024 == 0 else f"{value} MiB"

    def valueFromText(self, words: str) -> int:
        return 0 if self._is_none(words) else super().valueFromText(words)

    def validate(self, words: str, place: int) -> tuple[QValidator.State, str, int]:
        if self._is_none(words):
            return QValidator.State.Acceptable, words, place
        return super().validate(words, place)

    def stepBy(self, steps: int) -> None:
        if steps < 0 and not self.minimum() and self.value() <= 256:
            self.setValue(0)
        else:
            super().stepBy(steps)

    def _is_none(self, words: str) -> bool:
        return not self.minimum() and words.strip() in ("0", "", self._none)


class _Choice(QComboBox):
    """Of one width, as far as there is room."""

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        return QSize(min(max(hint.width(), 38 * GRID), 64 * GRID), hint.height())

    def minimumSizeHint(self) -> QSize:
        return QSize(16 * GRID, super().minimumSizeHint().height())


class FileLine(QWidget):
    """A path of the host, or POOL/VOLUME. `local`: this computer's files are the host's."""

    changed = Signal(str)

    def __init__(self, name: str, folder: bool, local: bool, volumes: Volumes | None, eject: bool = False) -> None:
        super().__init__()
        self._folder = folder
        self.line = QLineEdit()
        self.line.setObjectName(name)
        self.line.textChanged.connect(self.changed)
        self.setFocusProxy(self.line)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID)
        row.addWidget(self.line, 1)
        self.buttons: list[QPushButton] = []
        menu = QMenu(self)
        if local:
            words = tr("Folder…") if folder else tr("File of this computer…")
            menu.addAction(words, self._browse).setObjectName(f"{name}-file")
        if volumes is not None and not folder:
            menu.addAction(tr("Volume of a pool…"), lambda: volumes(self.line.setText)).setObjectName(f"{name}-volume")
        if menu.actions():
            choose = QPushButton(tr("Choose"))
            choose.setObjectName(f"{name}-choose")
            choose.setMenu(menu)
            row.addWidget(choose)
            self.buttons.append(choose)
        if eject:
            self.eject = QPushButton(tr("Eject"))
            self.eject.setObjectName(f"{name}-eject")
            self.eject.clicked.connect(self.line.clear)
            self.line.textChanged.connect(self._show_eject)
            row.addWidget(self.eject)
            self._show_eject("")

    def _show_eject(self, words: str) -> None:
        self.eject.setEnabled(bool(words) and self.line.isEnabled())
        self.eject.setToolTip("" if words else tr("There is nothing in the drive."))

    def _browse(self) -> None:
        dialog = QFileDialog(self, tr("Choose a folder") if self._folder else tr("Choose a file"))
        dialog.setObjectName("hardware-file-dialog")
        if self._folder:
            dialog.setFileMode(QFileDialog.FileMode.Directory)
        else:
            dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.finished.connect(dialog.deleteLater)
        dialog.fileSelected.connect(self.line.setText)
        dialog.open()


class FieldsForm(QWidget):
    """Shows fields, and values that were written instead of theirs.

    changed(name, value): by the person. built(): there are other controls now.
    """

    changed = Signal(str, object)
    built = Signal()

    def __init__(
        self, prefix: str, local: bool = True, volumes: Volumes | None = None, systems: Systems | None = None
    ) -> None:
        super().__init__()
        self._prefix, self._local, self._volumes, self._systems = prefix, local, volumes, systems
        self._rows: tuple[Field | Part, ...] | None = None
        self._key = ""
        self._why = ""
        self.controls: dict[str, QWidget] = {}
        self._no_wheel = _NoWheel(self)
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._inner: QWidget | None = None

    def show_fields(
        self, key: str, rows: Sequence[Field | Part], written: Mapping[str, Value] | None = None, why: str = ""
    ) -> None:
        """`why`: nothing can be changed at all. The same rows are not built again: who writes is not disturbed."""
        rows = tuple(rows)
        if (key, rows, why) == (self._key, self._rows, self._why):
            return
        focused = next((name for name, one in self.controls.items() if one.hasFocus() or _has(one)), "")
        same = key == self._key
        self._key, self._rows, self._why = key, rows, why
        self._build(rows, dict(written or {}))
        self.built.emit()
        if same and focused in self.controls:
            self.controls[focused].setFocus()

    def forget_written(self) -> None:
        """The next time the fields are shown they have their own values again, and the same one the keyboard."""
        self._rows = None

    def stops(self) -> list[QWidget]:
        """Where the Tab key stops, in order."""
        found = self._inner.findChildren(QWidget) if self._inner is not None else []
        return [
            one
            for one in found
            # Lists that fold down are windows of their own.
            if one.focusPolicy() & Qt.FocusPolicy.TabFocus
            and one.focusProxy() is None
            and one.window() is self.window()
        ]

    def _build(self, rows: Sequence[Field | Part], written: dict[str, Value]) -> None:
        if self._inner is not None:
            self._inner.hide()
            self._inner.deleteLater()
        self.controls = {}
        self._inner = QWidget()
        form = Form()
        form.setContentsMargins(0, 0, 0, 0)
        for row in rows:
            if isinstance(row, Part):
                form.add_section(str(row.title))
            else:
                self._add(form, row, written.get(row.name, row.value))
        self._inner.setLayout(form)
        self._box.addWidget(self._inner)
        self._inner.show()  # now, not later: a dialog asks how high it is
        self._show_needs(None)

    def _add(self, form: Form, field: Field, value: Value) -> None:
        control, stretch = self._control(field, value)
        words = [str(field.hint)] if field.hint else []
        if field.now:
            words.append(tr("In use now: {value}", value=field.now))
        why = self._why or (str(field.why) if field.why else "")
        if field.why:
            words.append(str(field.why))
        label = "" if field.kind is Kind.SWITCH else str(field.label)
        form.add(label, control, " ".join(words), stretch)
        if field.kind is Kind.FACT:
            control.setAccessibleName(f"{field.label}: {field.value}")
            return
        if why:
            control.setEnabled(False)
            control.setToolTip(plain_tip(why))
        inner = (
            control.line
            if isinstance(control, FileLine)
            else control.list
            if isinstance(control, OrderList)
            else control
        )
        inner.setAccessibleName(str(field.label))
        inner.setAccessibleDescription(" ".join(words))
        self.controls[field.name] = inner

    def _show_needs(self, _value: object) -> None:
        """What hangs on a switch is off without it."""
        for field in self._rows or ():
            switch = self.controls.get(field.needs) if isinstance(field, Field) and field.needs else None
            if isinstance(field, Field) and isinstance(switch, CheckBox) and not (self._why or field.why):
                control = self.controls[field.name]
                control.setEnabled(switch.isChecked())
                why = tr("Only with “{switch}”.", switch=switch.text())
                control.setToolTip("" if switch.isChecked() else plain_tip(why))

    def _control(self, field: Field, value: Value) -> tuple[QWidget, bool]:
        name = f"{self._prefix}-{field.name}"
        tell = partial(self.changed.emit, field.name)
        if field.kind is Kind.FACT:
            label = PlainLabel(breakable(str(field.value)))
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            label.setContentsMargins(0, GRID // 2, 0, GRID // 2)
            return label, True
        if field.kind is Kind.ORDER:
            order = OrderList(name, str(field.label))
            assert isinstance(value, tuple)
            order.show_order(value, [(str(key), words) for key, words in field.choices])
            order.changed.connect(tell)
            return order, True
        if field.kind in (Kind.FILE, Kind.FOLDER):
            line = FileLine(name, field.kind is Kind.FOLDER, self._local, self._volumes, field.name == "medium")
            line.line.setText(str(value))
            line.changed.connect(tell)
            return line, True
        if field.kind is Kind.SYSTEM and self._systems is not None:
            return self._systems(name, str(value), tell), True
        control = self._plain_control(field, value, tell)
        control.setObjectName(name)
        control.setToolTip("")
        return control, field.kind in (Kind.TEXT, Kind.LINES)

    def _plain_control(self, field: Field, value: Value, tell: Any) -> QWidget:
        if field.kind is Kind.SWITCH:
            box = CheckBox(str(field.label).replace("&", "&&"))
            box.setChecked(bool(value))
            box.toggled.connect(tell)
            box.toggled.connect(self._show_needs)
            return box
        if field.kind is Kind.LINES:
            lines = QPlainTextEdit(str(value))
            lines.setTabChangesFocus(True)
            lines.setFixedHeight(9 * GRID)
            lines.textChanged.connect(lambda: tell(lines.toPlainText()))
            return lines
        if field.kind in (Kind.CHOICE, Kind.FREE):
            return self._choice(field, value, tell)
        if field.kind in (Kind.NUMBER, Kind.MEMORY, Kind.DISK):
            return self._number(field, value, tell)
        line = QLineEdit(str(value))
        if field.kind is Kind.HIDDEN:
            line.setEchoMode(QLineEdit.EchoMode.Password)
            line.setMaximumWidth(38 * GRID)
        line.textChanged.connect(tell)
        return line

    def _choice(self, field: Field, value: Value, tell: Any) -> QComboBox:
        box = _Choice()
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        off = dict(field.off)
        for place, (one, words) in enumerate(field.choices):
            box.addItem(str(words), one)
            box.setItemData(place, plain_tip(str(off.get(one, words))), Qt.ItemDataRole.ToolTipRole)
            model = box.model()
            if one in off and isinstance(model, QStandardItemModel):
                model.item(place).setEnabled(False)
        place = next((n for n, (one, _) in enumerate(field.choices) if one == value), -1)
        if field.kind is Kind.FREE:
            box.setEditable(True)
            box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
            box.setCurrentIndex(place)
            if place < 0:
                box.setEditText(str(value))
            box.currentTextChanged.connect(lambda words: tell(_chosen(field, words)))
        else:
            box.setCurrentIndex(place)
            box.currentIndexChanged.connect(lambda at: tell(box.itemData(at)))
        box.installEventFilter(self._no_wheel)
        box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        return box

    def _number(self, field: Field, value: Value, tell: Any) -> QSpinBox:
        unit = {Kind.MEMORY: _KIB, Kind.DISK: MIB}.get(field.kind, 1)
        bare = GIB if field.kind is Kind.DISK else MIB
        box: QSpinBox = _Size(bare, not field.low) if unit > 1 else QSpinBox()
        if unit == 1:
            box.setRange(field.low, field.high)
            box.setKeyboardTracking(False)
            box.setAlignment(Qt.AlignmentFlag.AlignRight)
        box.setFont(figure_font(self.font()))
        box.setMinimumWidth(14 * GRID)
        assert isinstance(value, int)
        box.setValue(value // unit)
        box.valueChanged.connect(lambda number: tell(number * unit))
        box.installEventFilter(self._no_wheel)
        box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        return box


def _chosen(field: Field, words: str) -> Value:
    """What stands behind the words of an entry; else what was typed."""
    return next((one for one, shown in field.choices if str(shown) == words), words.strip())


def _has(widget: QWidget) -> bool:
    """Whether the focus is in one of its parts."""
    focus = widget.window().focusWidget()
    return focus is not None and widget.isAncestorOf(focus)


def in_tab_order(stops: Sequence[QWidget]) -> None:
    """The Tab key goes from each to the next: what is made later would come last."""
    for one, after in pairwise(stops):
        QWidget.setTabOrder(one, after)
