"""The console's record button: starts, shows how long it runs, stops, asks where to save."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QFileDialog, QToolButton, QWidget

from vmdesk.core.film import Film
from vmdesk.core.jobs import Report
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import Problem
from vmdesk.model.text import Text, text, tr
from vmdesk.ui.parts import Level, Notice, Parts

EVERY = 500  # ms between two looks at the clock


class Filming(QObject):
    """wish()  how the screen is reached and which monitor: (protocol or "", number)
    name()  the machine's name now
    """

    def __init__(
        self,
        parts: Parts,
        key: DomainKey,
        button: QToolButton,
        wish: Callable[[], tuple[str, int]],
        name: Callable[[], str],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._parts, self._key, self._button, self._wish, self._name = parts, key, button, wish, name
        self._place = parent
        self._held = _Held()
        self._why_not: Text | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY)
        self._timer.timeout.connect(self._show)
        button.clicked.connect(self._on_clicked)
        self.destroyed.connect(self._held.let_go)  # a method of ours would not be called any more
        self._show()

    @property
    def film(self) -> Film | None:
        """The one that runs or is not saved yet."""
        return self._held.film

    @property
    def running(self) -> bool:
        return self.film is not None and self.film.running

    def allow(self, why_not: Text | None) -> None:
        """Whether a recording can begin; one that runs can always be stopped."""
        self._why_not = why_not
        self._show()

    def _on_clicked(self) -> None:
        if self.running:
            self.stop()
        else:
            self.start()

    def start(self) -> None:
        self._held.let_go()
        wish, head = self._wish()
        self._held.film = Film(self._parts.screens, self._key, wish, self._on_ended, head)
        self._timer.start()
        self._show()

    def stop(self) -> None:
        """Ask where it goes."""
        film = self.film
        if film is None:
            return
        film.stop()
        self._timer.stop()
        self._show()
        if film.empty:
            self._held.let_go()
            self._tell(text("Nothing was recorded: no picture came."))
        else:
            self._ask()

    def _on_ended(self, why: Text) -> None:
        self._tell(why)
        self.stop()

    def _ask(self) -> None:
        name = f"{self._name().replace('/', '-')}.gif"
        kinds = f"{tr('GIF pictures (*.gif)')};;{tr('WebP pictures (*.webp)')}"
        dialog = QFileDialog(self._place, tr("Save the recording"), name, kinds)
        dialog.setObjectName("console-record-dialog")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("gif")
        dialog.filterSelected.connect(lambda kind: dialog.setDefaultSuffix("webp" if "webp" in kind else "gif"))
        dialog.fileSelected.connect(lambda file: self.save(Path(file)))
        dialog.rejected.connect(self._on_rejected)
        dialog.open()

    def _on_rejected(self) -> None:
        """Nothing is lost by one click."""
        words = text("The recording is not saved. It is kept until the next one, or until the console is closed.")
        self._parts.shell.notify(Notice(Problem(words), Level.INFO, ((tr("Save…"), self._again),)))

    def _again(self) -> None:
        if self.film is not None and not self.running:
            self._ask()

    def save(self, file: Path) -> None:
        """As a job: a long one takes its time."""
        film = self._held.take()
        if film is None:
            return

        async def work(report: Report) -> None:
            try:
                await film.save(file, report)
            finally:
                film.close()
            self._parts.shell.notify(
                Notice(Problem(text("The recording is saved as {file}.", file=str(file))), Level.INFO)
            )

        self._parts.jobs.start(
            text("Saving the recording of {name}", name=self._name()), work, (self._key,), cancellable=False
        )

    def _show(self) -> None:
        button, film = self._button, self.film
        if film is not None and film.running:
            minutes, seconds = divmod(int(film.seconds), 60)
            button.setText(tr("Recording {time}", time=f"{minutes}:{seconds:02}"))
            button.setToolTip(tr("Stop, and save what was recorded"))
            said = tr("Stop the recording")
        else:
            button.setText(tr("Record"))
            tip = tr("Record the screen as a GIF or WebP, without sound")
            button.setToolTip(str(self._why_not) if self._why_not else tip)
            said = tr("Record the screen")
        button.setEnabled(self.running or self._why_not is None)
        button.setChecked(self.running)
        style = Qt.ToolButtonStyle
        button.setToolButtonStyle(style.ToolButtonTextBesideIcon if self.running else style.ToolButtonIconOnly)
        if button.accessibleName() != said:
            button.setAccessibleName(said)

    def _tell(self, words: Text) -> None:
        self._parts.shell.notify(Notice(Problem(words), Level.INFO))


class _Held:
    """What goes when the console goes."""

    def __init__(self) -> None:
        self.film: Film | None = None

    def take(self) -> Film | None:
        film, self.film = self.film, None
        return film

    def let_go(self) -> None:
        film = self.take()
        if film is not None:
            film.close()
