"""Rows of the wizard's forms: label, control, a line that explains, and what is wrong with it."""

from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QAbstractButton, QComboBox, QGridLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from vmdesk.model.text import Text
from vmdesk.ui.plain import PlainLabel
from vmdesk.ui.theme import GRID, error_color, good_color, warning_color
from vmdesk.ui.widgets.form import Muted, Section
from vmdesk.ui.widgets.glyph import Color, Glyph
from vmdesk.virtxml.build.complaint import Complaint, Weight

_LETTERS = 24
_LINE = 3 * GRID  # pixels of a field of one line: the label stands beside the first


def _info(palette: QPalette) -> QColor:
    return palette.color(QPalette.ColorRole.Accent)


_KINDS: dict[str, tuple[str, Color]] = {
    "error": ("alert-circle", error_color),
    "confirm": ("alert", warning_color),
    "warning": ("alert", warning_color),
    "good": ("check-circle", good_color),
    "info": ("info", _info),
    "work": ("clock", _info),
}


class Note(QWidget):
    """One sentence with a sign before it: what kind of sentence it is."""

    def __init__(self, words: str = "", kind: str = "info", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._glyph = Glyph("", 2 * GRID)
        self.words = PlainLabel()
        self.words.setWordWrap(True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID)
        row.addWidget(self._glyph, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.words, 1)
        self.say(words, kind)

    def say(self, words: str, kind: str = "info") -> None:
        """ "" hides it."""
        self.setVisible(bool(words))
        if words:
            self.words.setText(words)
            self.setAccessibleName(words)
            self._glyph.show_glyph(*_KINDS[kind])


class Notes(QWidget):
    """Several of them; none takes no room."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: list[tuple[str, str]] = []
        self._notes: list[Note] = []
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(GRID // 2)
        self.hide()

    def show_notes(self, notes: Iterable[tuple[str, str]]) -> None:
        """(words, kind)."""
        wanted = list(notes)
        if wanted == self._shown:
            return
        self._shown = wanted
        while len(self._notes) < len(wanted):
            note = Note()
            self._notes.append(note)
            self._box.addWidget(note)
        for place, note in enumerate(self._notes):
            note.say(*(wanted[place] if place < len(wanted) else ("", "info")))
        self.setVisible(bool(wanted))

    def complain(self, complaints: Iterable[Complaint]) -> None:
        self.show_notes((str(one.what), one.weight.value) for one in complaints)

    @property
    def words(self) -> list[str]:
        return [words for words, _ in self._shown]


class Field(QWidget):
    """A control with its explanation and its complaints below."""

    def __init__(self, control: QWidget, stretch: bool = True) -> None:
        super().__init__()
        self.control = control
        self.hint = Muted()
        self.notes = Notes()
        self._wrong = ""
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(GRID // 2)
        if stretch:
            box.addWidget(control)
        else:
            box.addWidget(control, 0, Qt.AlignmentFlag.AlignLeft)
        box.addWidget(self.hint)
        box.addWidget(self.notes)
        self.hint.hide()

    def explain(self, words: Text | str | None) -> None:
        shown = str(words or "")
        self.hint.setText(shown)
        self.hint.setVisible(bool(shown))
        self._describe()

    def complain(self, complaints: Iterable[Complaint]) -> None:
        found = list(complaints)
        self.notes.complain(found)
        errors = [one for one in found if one.weight is Weight.ERROR]
        self._wrong = " ".join(str(one.what) for one in errors or found)
        self._describe()

    def _describe(self) -> None:
        """For who does not see it: what is wrong is more important than what it is for."""
        self.control.setAccessibleDescription(self._wrong or self.hint.text())


class Fields(QGridLayout):
    """Labels in one column, fields in the other."""

    def __init__(self) -> None:
        super().__init__()
        self.setContentsMargins(0, 0, 0, 0)
        self.setHorizontalSpacing(2 * GRID)
        self.setVerticalSpacing(GRID * 5 // 4)
        self.setColumnStretch(1, 1)
        self._labels: dict[QWidget, PlainLabel] = {}

    def add(self, label: str, control: QWidget, hint: str = "", stretch: bool = True) -> Field:
        """One row. A check box carries its own text: `label` is "" then."""
        row = self.rowCount()
        field = Field(control, stretch)
        if label:
            name = PlainLabel(label)
            name.setBuddy(control)
            name.setMinimumHeight(min(control.sizeHint().height(), _LINE))
            name.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.addWidget(name, row, 0, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight)
            self._labels[field] = name
            control.setAccessibleName(label.replace("&", "").rstrip(":"))
        elif isinstance(control, QAbstractButton):
            control.setAccessibleName(control.text().replace("&", ""))
        self.addWidget(field, row, 1)
        field.explain(hint)
        return field

    def add_section(self, title: str) -> Section:
        section = Section(title)
        row = self.rowCount()
        section.setContentsMargins(0, 2 * GRID if row > 1 else 0, 0, 0)
        self.addWidget(section, row, 0, 1, 2)
        return section

    def add_notes(self) -> Notes:
        """Below the fields, where those stand."""
        notes = Notes()
        self.addWidget(notes, self.rowCount(), 1)
        return notes

    def widest_label(self) -> int:
        """In pixels."""
        return max((label.sizeHint().width() for label in self._labels.values()), default=0)

    def rename(self, field: Field, label: str) -> None:
        self._labels[field].setText(label)

    def show_row(self, field: Field, on: bool) -> None:
        field.setVisible(on)
        if label := self._labels.get(field):
            label.setVisible(on)


def align(*forms: Fields) -> None:
    """Forms below one another: one column of labels."""
    widest = max(form.widest_label() for form in forms)
    for form in forms:
        form.setColumnMinimumWidth(0, widest)


def fill(box: QComboBox, entries: list[tuple[str, object]], chosen: object) -> None:
    """These entries, with the chosen one shown, and nobody told."""
    box.blockSignals(True)
    if [(box.itemText(n), box.itemData(n)) for n in range(box.count())] != entries:
        box.clear()
        for words, value in entries:
            box.addItem(words, value)
    place = next((n for n, (_, value) in enumerate(entries) if value == chosen), 0)
    box.setCurrentIndex(place)
    box.blockSignals(False)


def combo(name: str, width: int = 30) -> QComboBox:
    box = QComboBox()
    box.setObjectName(name)
    box.setMinimumWidth(width * GRID)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
    return box


def wide_combo(name: str) -> QComboBox:
    """As wide as there is room; its list as wide as its words."""
    box = QComboBox()
    box.setObjectName(name)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(_LETTERS)
    box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    return box
