"""Which operating system: found out from the medium, or chosen by searching for its name."""

from PySide6.QtCore import QStringListModel, Qt, Signal
from PySide6.QtWidgets import QCompleter

from vmdesk.model.system import System
from vmdesk.model.text import fold, tr
from vmdesk.ui.wizards.new.desk import Desk
from vmdesk.ui.wizards.new.line import Line


class SystemSearch(Line):
    """chosen(short id): "" for what is found out by itself."""

    chosen = Signal(str)

    def __init__(self, desk: Desk) -> None:
        super().__init__("system")
        self._desk = desk
        self._ids: dict[str, str] = {}
        self._asked = False
        self._chosen = ""
        self.setPlaceholderText(tr("found out by itself; type to choose another"))
        self.setClearButtonEnabled(True)
        self._names = QStringListModel(self)
        completer = QCompleter(self._names, self)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setMaxVisibleItems(12)
        self.setCompleter(completer)
        self.typed.connect(self._on_edited)
        completer.activated.connect(self._on_activated)
        self.editingFinished.connect(self._on_finished)

    def show_system(self, short_id: str) -> None:
        self._chosen = short_id
        if not self.hasFocus():
            self.show_text(next((name for name, one in self._ids.items() if one == short_id), short_id))

    def read(self) -> None:
        """The database, once: it takes a second, elsewhere."""
        if not self._asked:
            self._asked = True
            self._desk.parts.jobs.spawn("operating systems", self._read())

    def read_again(self) -> None:
        """It is another one now."""
        self._asked = False
        self.read()

    async def _read(self) -> None:
        systems: tuple[System, ...] = await self._desk.workshop.systems()
        self._ids = {f"{one.name} ({one.short_id})": one.short_id for one in systems if one.short_id}
        self._names.setStringList(list(self._ids))
        if not self.hasFocus():
            self._on_finished()  # what was typed before the names were there

    def _on_edited(self, words: str) -> None:
        self.read()
        if not words.strip():
            self._tell("")
        elif words in self._ids:
            self._tell(self._ids[words])

    def _on_activated(self, words: str) -> None:
        if found := self._ids.get(str(words)):
            self._tell(found)

    def _on_finished(self) -> None:
        """A short id may be typed as it is, and a part of a name that only one has; all else means nothing."""
        words = self.text().strip()
        if words and not self._ids:
            return  # they are on their way
        alike = [one for name, one in self._ids.items() if fold(words) in fold(name)]
        if words in self._ids.values():
            self._tell(words)
        elif words and words not in self._ids and len(alike) == 1:
            self._tell(alike[0])
        if words not in self._ids:
            self.show_text(next((name for name, one in self._ids.items() if one == self._chosen), self._chosen))

    def _tell(self, short_id: str) -> None:
        if short_id != self._chosen:
            self._chosen = short_id
            self.chosen.emit(short_id)
