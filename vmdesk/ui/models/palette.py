"""What the command palette offers, filtered by what was typed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, Qt

from vmdesk.model.text import fold, tr
from vmdesk.ui.icons import icon
from vmdesk.ui.models.roles import Index, Role
from vmdesk.ui.plain import plain_tip

MOST = 200  # lines shown
_ROOT = QModelIndex()


@dataclass(frozen=True)
class Choice:
    """One line. `kind` stands at its right ("Command", "Machine", "Page" or a shortcut); `why_not` disables it."""

    title: str
    kind: str
    picture: str
    do: Callable[[], None]
    why_not: str = ""
    order: int = 0  # commands before pages before machines, where nothing was typed


def rank(title: str, words: Sequence[str]) -> int | None:
    """How well a title fits what was typed; smaller is better, None: not at all."""
    folded = fold(title)
    total = 0
    for word in words:
        at = folded.find(word)
        if at < 0:
            return None
        # The beginning of the title, then the beginning of a word, then anywhere.
        total += 0 if at == 0 else 1 if not folded[at - 1].isalnum() else 3
    return total


class PaletteModel(QAbstractListModel):
    """Choices that fit, the best first."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._all: Sequence[Choice] = ()
        self._rows: list[Choice] = []

    def offer(self, choices: Sequence[Choice]) -> None:
        self._all = choices
        self.search("")

    def search(self, typed: str) -> None:
        words = fold(typed).split()
        found: list[tuple[bool, int, int, int]] = []
        for place, choice in enumerate(self._all):
            fit = rank(choice.title, words) if words else 0
            if fit is not None:
                found.append((bool(choice.why_not), fit, choice.order, place))
        found.sort()
        self.beginResetModel()
        self._rows = [self._all[place] for *_, place in found[:MOST]]
        self.endResetModel()

    def choice_at(self, row: int) -> Choice | None:
        return self._rows[row] if 0 <= row < len(self._rows) else None

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def flags(self, index: Index) -> Qt.ItemFlag:
        choice = self.choice_at(index.row())
        if choice and choice.why_not:
            return Qt.ItemFlag.ItemIsSelectable
        return super().flags(index)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        choice = self.choice_at(index.row())
        if choice is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return choice.title
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return (
                tr("{title}, not now: {why}", title=choice.title, why=choice.why_not)
                if choice.why_not
                else choice.title
            )
        if role == Qt.ItemDataRole.DecorationRole:
            return icon(choice.picture)
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(choice.why_not) or None
        if role == Role.KIND:
            return choice.kind
        return None
