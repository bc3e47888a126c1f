"""Which operating system: found out from the medium, or chosen by searching for its name."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from PySide6.QtCore import QStringListModel, Qt, Signal
from PySide6.QtWidgets import QCompleter
from shiboken6 import isValid

from vmdesk.model.system import System
from vmdesk.model.text import fold, tr
from vmdesk.ui.wizards.new.line import Line
from vmdesk.virtxml import system as naming


class SystemSearch(Line):
    """chosen(short id): "" for what is found out by itself, or not told.

    `whole`: ids are the database's URLs, and what is not in it is called by its id.
    """

    chosen = Signal(str)

    def __init__(
        self,
        name: str,
        spawn: Callable[[str, Coroutine[Any, Any, None]], object],
        systems: Callable[[], Awaitable[tuple[System, ...]]],
        whole: bool = False,
    ) -> None:
        super().__init__(name)
        self._spawn, self._systems, self._whole = spawn, systems, whole
        self._short: dict[str, str] = {}
        self._ids: dict[str, str] = {}
        self._asked = False
        self._chosen = ""
        self.setPlaceholderText(
            tr("not told; type to choose one") if whole else tr("found out by itself; type to choose another")
        )
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
            self.show_text(self._words())

    def _words(self) -> str:
        """What the chosen one is called, in the list or by its id alone."""
        found = next((name for name, one in self._ids.items() if one == self._chosen), "")
        return found or (naming.name(self._chosen) if self._whole else "") or self._chosen

    def read(self) -> None:
        """The database, once: it takes a second, elsewhere."""
        if not self._asked:
            self._asked = True
            self._spawn("operating systems", self._read())

    def read_again(self) -> None:
        """It is another one now."""
        self._asked = False
        self.read()

    async def _read(self) -> None:
        systems: tuple[System, ...] = await self._systems()
        if not isValid(self):
            return
        if not systems:
            self.setToolTip(tr("Operating systems cannot be recognised."))
        untouched = self.text() == self._words()
        self._ids = {
            f"{one.name} ({one.short_id})": one.id if self._whole else one.short_id for one in systems if one.short_id
        }
        self._short = {one.short_id: one.id if self._whole else one.short_id for one in systems if one.short_id}
        self._names.setStringList(list(self._ids))
        if not self.hasFocus() and untouched:
            self.show_text(self._words())
        elif not self.hasFocus():
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
            if self._whole and self.toolTip():
                self.show_text(self._words())  # there are none
            return  # they are on their way
        if words == self._words():
            return
        alike = [one for name, one in self._ids.items() if fold(words) in fold(name)]
        if words in self._short:
            self._tell(self._short[words])
        elif self._whole and naming.name(words):
            self._tell(words)  # one that a newer database knows
        elif words and words not in self._ids and len(alike) == 1:
            self._tell(alike[0])
        if words not in self._ids:
            self.show_text(self._words())

    def _tell(self, short_id: str) -> None:
        if short_id != self._chosen:
            self._chosen = short_id
            self.chosen.emit(short_id)
