"""All commands with their shortcuts, to be changed; a key that is taken already is told, and who has it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QKeySequenceEdit,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from vmdesk.core.commands.domain import COMMANDS
from vmdesk.model.text import fold, tr
from vmdesk.ui.actions import WINDOW_COMMANDS
from vmdesk.ui.icons import icon
from vmdesk.ui.plain import PlainLabel
from vmdesk.ui.theme import GRID, warning_color
from vmdesk.ui.widgets.glyph import Glyph

# What text fields, lists and menus need for themselves.
_RESERVED = ("Return", "Enter", "Space", "Tab", "Esc", "Up", "Down", "Left", "Right", "Backspace", "Del")


@dataclass(frozen=True, slots=True)
class Keys:
    """One command of the list. `standard`: its key sequence in portable text, "" for none."""

    id: str
    title: str
    icon: str
    standard: str


def all_keys() -> list[Keys]:
    """Every command that can have a shortcut."""
    found = [Keys(one.id, str(one.text), one.icon, _portable(one.shortcut)) for one in COMMANDS]
    return found + [Keys(one.id, str(one.text), one.icon, _portable(one.shortcut)) for one in WINDOW_COMMANDS]


class _Row:
    """The widgets of one command."""

    def __init__(self, keys: Keys, grid: QGridLayout, row: int) -> None:
        self.keys = keys
        self.picture = Glyph(keys.icon)
        self.name = PlainLabel(keys.title)
        self.edit = QKeySequenceEdit()
        self.edit.setMaximumSequenceLength(1)
        self.edit.setClearButtonEnabled(True)
        self.edit.setObjectName(f"keys-{keys.id}")
        self.edit.setAccessibleName(tr("Shortcut of {command}", command=keys.title))
        for inner in self.edit.findChildren(QLineEdit):  # it has the keyboard, and is what is read out
            inner.setAccessibleName(self.edit.accessibleName())
        self.edit.setFixedWidth(24 * GRID)
        self.reset = QToolButton()
        self.reset.setIcon(icon("refresh"))
        self.reset.setAutoRaise(True)
        self.reset.setObjectName(f"reset-{keys.id}")
        self.reset.setToolTip(tr("Back to {keys}", keys=_native(keys.standard) or tr("none")))
        self.reset.setAccessibleName(tr("Standard shortcut of {command}", command=keys.title))
        policy = self.reset.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.reset.setSizePolicy(policy)
        self.wrong = QWidget()
        line = QHBoxLayout(self.wrong)
        line.setContentsMargins(0, 0, 0, GRID // 2)
        self.words = PlainLabel()
        palette = self.words.palette()
        palette.setColor(palette.ColorRole.WindowText, warning_color(palette))
        self.words.setPalette(palette)
        self.take = QPushButton(tr("Use it here"))
        self.take.setObjectName(f"take-{keys.id}")
        line.addWidget(self.words)
        line.addWidget(self.take)
        line.addStretch(1)
        self.wrong.hide()
        for column, widget in enumerate((self.picture, self.name, self.edit, self.reset)):
            grid.addWidget(widget, 2 * row, column)
        grid.addWidget(self.wrong, 2 * row + 1, 1, 1, 3)

    def set_visible(self, wanted: bool) -> None:
        for widget in (self.picture, self.name, self.edit):
            widget.setVisible(wanted)
        self.reset.setVisible(wanted and self.current != self.keys.standard)
        if not wanted:
            self.wrong.hide()

    @property
    def current(self) -> str:
        return self.edit.keySequence().toString(QKeySequence.SequenceFormat.PortableText)


class ShortcutsEditor(QWidget):
    """`changed(command id, keys)` is called for each change; keys None: the standard again, "" for none."""

    def __init__(self, changed: Callable[[str, str | None], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._changed = changed
        self._showing = False
        self._chosen: dict[str, str] = {}
        self._filter = QLineEdit()
        self._filter.setPlaceholderText(tr("Find a command"))
        self._filter.setAccessibleName(tr("Find a command"))
        self._filter.setClearButtonEnabled(True)
        self._filter.setMaximumWidth(60 * GRID)
        self._filter.textChanged.connect(self._on_filter)
        body = QWidget()
        grid = QGridLayout()
        grid.setHorizontalSpacing(GRID + GRID // 2)
        grid.setVerticalSpacing(GRID // 2)
        grid.setColumnStretch(1, 1)
        self._rows = {keys.id: _Row(keys, grid, place) for place, keys in enumerate(all_keys())}
        for row in self._rows.values():
            row.edit.keySequenceChanged.connect(lambda _, row=row: self._on_edited(row))
            row.reset.clicked.connect(lambda _=False, row=row: self._on_reset(row))
            row.take.clicked.connect(lambda _=False, row=row: self._on_take(row))
        within = QWidget()
        within.setMaximumWidth(75 * GRID)
        column = QVBoxLayout(within)
        column.setContentsMargins(GRID, GRID, GRID, 3 * GRID)
        column.addLayout(grid)
        column.addStretch(1)
        line = QHBoxLayout(body)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(within, 1)
        line.addStretch(0)
        area = QScrollArea()
        area.setAccessibleName(tr("Shortcuts"))
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(body)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 2 * GRID, 0, 0)
        layout.setSpacing(GRID)
        layout.addWidget(self._filter)
        layout.addWidget(area, 1)

    def show_shortcuts(self, chosen: Mapping[str, str]) -> None:
        """The person's shortcuts, where they differ from the standard."""
        self._chosen = {name: _portable(keys) for name, keys in chosen.items()}
        self._showing = True
        for row in self._rows.values():
            keys = self._chosen.get(row.keys.id, row.keys.standard)
            if row.current != keys and row.wrong.isHidden():
                row.edit.setKeySequence(QKeySequence(keys))
            row.reset.setVisible(row.current != row.keys.standard and not row.edit.isHidden())
        self._showing = False

    def holder(self, keys: str, besides: str) -> Keys | None:
        """Which other command has these keys now."""
        for row in self._rows.values():
            if row.keys.id != besides and keys and self._chosen.get(row.keys.id, row.keys.standard) == keys:
                return row.keys
        return None

    def _on_edited(self, row: _Row) -> None:
        if self._showing:
            return
        keys = row.current
        if keys in _RESERVED or (len(keys) == 1 and keys.isprintable()):
            self._tell(row, tr("{keys} alone is needed for typing.", keys=_native(keys)), take=False)
            return
        if other := self.holder(keys, row.keys.id):
            self._tell(row, tr("{keys} belongs to “{command}”.", keys=_native(keys), command=other.title), take=True)
            return
        row.wrong.hide()
        self._put(row, keys)

    def _on_take(self, row: _Row) -> None:
        keys = row.current
        if other := self.holder(keys, row.keys.id):
            self._put(self._rows[other.id], "")
        row.wrong.hide()
        self._put(row, keys)

    def _on_reset(self, row: _Row) -> None:
        row.wrong.hide()
        row.edit.setKeySequence(QKeySequence(row.keys.standard))

    def _put(self, row: _Row, keys: str) -> None:
        self._changed(row.keys.id, None if keys == row.keys.standard else keys)

    def _tell(self, row: _Row, words: str, take: bool) -> None:
        row.words.setText(words)
        row.edit.setAccessibleDescription(words)
        row.take.setVisible(take)
        row.wrong.show()

    def _on_filter(self, words: str) -> None:
        wanted = fold(words).split()
        for row in self._rows.values():
            line = fold(f"{row.keys.title} {_native(row.current)}")
            row.set_visible(all(word in line for word in wanted))


def _portable(keys: str) -> str:
    """As Qt spells it ("Shift+Delete" is its "Shift+Del"), so that two spellings of one key are equal."""
    return QKeySequence(keys).toString(QKeySequence.SequenceFormat.PortableText)


def _native(keys: str) -> str:
    return QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)
