"""The menu "Sound": whether and how loud the guest is heard, and whether it may listen."""

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QToolButton, QWidget, QWidgetAction

from vmdesk.core.screens import Screens
from vmdesk.core.sound import Hearing, hearing_of
from vmdesk.model.domain import DomainKey
from vmdesk.model.text import Text, text, tr
from vmdesk.ui.console.bar import menu_of
from vmdesk.ui.console.pane import ConsolePane
from vmdesk.ui.icons import icon
from vmdesk.ui.theme import GRID

Keep = Callable[[str, str], None]


class SoundMenu(QObject):
    """Fills the button's menu. `keep(name, value)` remembers a choice for the machine."""

    def __init__(self, screens: Screens, key: DomainKey, pane: ConsolePane, button: QToolButton, keep: Keep) -> None:
        super().__init__(pane)
        self._pane, self._button, self._keep = pane, button, keep
        self._sound = screens.sound(key)
        menu = menu_of(button)
        self.play = menu.addAction(tr("Play the guest's sound"))
        self.play.setObjectName("console-sound-play")
        self.play.setCheckable(True)
        self.volume = _Volume(menu)
        line = QWidgetAction(menu)
        line.setDefaultWidget(self.volume)
        menu.addAction(line)
        menu.addSeparator()
        self.microphone = menu.addAction(tr("The guest may listen to the microphone"))
        self.microphone.setObjectName("console-microphone")
        self.microphone.setCheckable(True)
        self.note = menu.addAction("")
        self.note.setEnabled(False)
        self.play.triggered.connect(self._on_choice)
        self.microphone.triggered.connect(self._on_choice)
        self.volume.slider.valueChanged.connect(self._on_volume)
        self.volume.slider.sliderReleased.connect(self._remember)
        menu.aboutToShow.connect(self.show)
        menu.aboutToHide.connect(self._remember)
        pane.changed.connect(self.show)
        self.destroyed.connect(self._sound.subscribe(self.show))
        self.show()

    def recall(self, kept: dict[str, str]) -> None:
        """What was chosen at another time."""
        self._sound.choose(replace(hearing_of(kept), microphone=self._sound.hearing.microphone))

    # ---------------------------------------------------------------- what it shows

    def show(self) -> None:
        hearing, deaf = self._sound.hearing, self._deaf()
        self.play.setChecked(hearing.on)
        self.volume.show_volume(hearing)
        self.microphone.setChecked(hearing.microphone)
        self.microphone.setEnabled(deaf is None or hearing.microphone)
        self.microphone.setToolTip(str(deaf or self.microphone.text()))
        note = self._note(deaf)
        self.note.setText(str(note) if note else "")
        self.note.setVisible(note is not None)
        words, picture = self._words()
        self._button.setText(str(words))
        self._button.setAccessibleName(str(words))
        self._button.setIcon(icon(picture))
        self._button.setToolTip(str(self._why_not() or text("The guest's sound, and the microphone")))

    def _words(self) -> tuple[Text, str]:
        hearing = self._sound.hearing
        if self._sound.listening:
            return text("The guest listens"), "microphone"
        if hearing.microphone:
            return text("Microphone: on"), "microphone"
        if not hearing.loud:
            return text("Sound: off"), "volume-off"
        if self._why_not() is not None:
            return text("Sound: none"), "volume-off"
        return text("Sound"), "volume-high"

    def _why_not(self) -> Text | None:
        """Why nothing is heard, whatever is switched on."""
        screen, backend = self._pane.screen_held, self._pane.backend
        if screen is not None and screen.found.displays.graphics and not screen.found.displays.sound:
            return text("This machine has no sound card.")
        if backend is not None and backend.silent is not None:
            return backend.silent
        return self._sound.problem.what if self._sound.problem else None

    def _deaf(self) -> Text | None:
        backend = self._pane.backend
        return backend.deaf if backend is not None else None

    def _note(self, deaf: Text | None) -> Text | None:
        if (why := self._why_not()) is not None:
            return why
        return deaf or (text("Off again when VMDesk ends.") if self._sound.hearing.microphone else None)

    # ---------------------------------------------------------------- what the person does

    def _on_choice(self) -> None:
        before = self._sound.hearing
        hearing = replace(before, on=self.play.isChecked(), microphone=self.microphone.isChecked())
        if hearing.on and not before.on and hearing.volume == 0:
            hearing = replace(hearing, volume=100)
        self._sound.choose(hearing)
        self._remember()

    def _on_volume(self, volume: int) -> None:
        if volume != self._sound.hearing.volume:
            self._sound.choose(replace(self._sound.hearing, volume=volume, on=self._sound.hearing.on or volume > 0))

    def _remember(self) -> None:
        for name, value in self._sound.hearing.kept().items():
            self._keep(name, value)


class _Volume(QWidget):
    """A slider in a menu, with its figure."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        name = QLabel(tr("Volume"), self)
        self.slider = QSlider(Qt.Orientation.Horizontal, self)
        self.slider.setObjectName("console-volume")
        self.slider.setAccessibleName(tr("Volume"))
        self.slider.setRange(0, 100)
        self.slider.setPageStep(10)
        self.slider.setMinimumWidth(16 * GRID)
        self.figure = QLabel(self)
        self.figure.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.figure.setMinimumWidth(self.fontMetrics().horizontalAdvance("100 %"))
        row = QHBoxLayout(self)
        row.setContentsMargins(3 * GRID, GRID // 2, 2 * GRID, GRID // 2)
        row.setSpacing(GRID)
        row.addWidget(name)
        row.addWidget(self.slider, 1)
        row.addWidget(self.figure)
        self.setFocusProxy(self.slider)

    def show_volume(self, hearing: Hearing) -> None:
        self.slider.blockSignals(True)
        self.slider.setValue(hearing.volume)
        self.slider.blockSignals(False)
        self.figure.setText(tr("{n} %", n=hearing.volume))
