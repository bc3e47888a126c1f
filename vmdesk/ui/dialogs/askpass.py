"""What a host asks at log-in: is this its key, the password, the passphrase of a key file."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QWidget

from vmdesk.core.answers import Answer
from vmdesk.model.prompt import Kind, Prompt
from vmdesk.model.text import tr
from vmdesk.ui.dialogs.dialog import Dialog
from vmdesk.ui.icons import tinted
from vmdesk.ui.plain import PlainLabel
from vmdesk.ui.theme import GRID, error_color, muted
from vmdesk.ui.widgets.check_box import CheckBox
from vmdesk.ui.widgets.form import Heading, Muted

WORDS_MOST = 500  # characters of the other side's words that are shown


class HostKeyDialog(Dialog):
    """A key that is not known yet. Enter cancels: agreeing is the one step here that must be a decision."""

    def __init__(self, parent: QWidget | None, prompt: Prompt) -> None:
        title = tr("Is this the right host?")
        super().__init__(parent, title, tr("Trust and connect"))
        self.setMinimumWidth(74 * GRID)
        self.body.addWidget(Heading(title))
        words = tr(
            "{host} has never been seen from here. Compare the fingerprint of its key with the one that "
            "its owner tells you: then nobody in between can pose as it.",
            host=prompt.host,
        )
        self.body.addWidget(_wrapped(words))
        if prompt.fingerprint:
            self.body.addSpacing(GRID)
            self.body.addWidget(Muted(tr("Fingerprint of its {kind} key", kind=prompt.key_type)))
            self.fingerprint = _wrapped(prompt.fingerprint)
            self.fingerprint.setObjectName("fingerprint")
            self.fingerprint.setAccessibleName(tr("Fingerprint"))
            self.fingerprint.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
            self.body.addWidget(self.fingerprint)
            command = f"ssh-keygen -lf /etc/ssh/ssh_host_{prompt.key_type.lower()}_key.pub"
            self.body.addWidget(Muted(tr("On the host itself this shows it: {command}", command=command)))
        else:
            self.body.addWidget(_wrapped(_shown(prompt)))
        self.setAccessibleDescription(f"{words} {prompt.fingerprint}")
        self.action.setDefault(False)
        self.action.setAutoDefault(False)
        self.cancel.setDefault(True)
        self.cancel.setFocus()


class SecretDialog(Dialog):
    """A password, a passphrase, a code, a name. `offer`: it may be kept in the keyring."""

    def __init__(self, parent: QWidget | None, prompt: Prompt, offer: bool) -> None:
        title = _title(prompt)
        super().__init__(parent, title, tr("Go on"))
        self._secret = prompt.kind is not Kind.NAME
        self.setMinimumWidth(60 * GRID)
        self.body.addWidget(Heading(title))
        if prompt.again:
            refused = PlainLabel(tr("That was refused. Once more:"))
            refused.setObjectName("refused")
            palette = refused.palette()
            palette.setColor(palette.ColorRole.WindowText, error_color(palette))
            refused.setPalette(palette)
            self.body.addWidget(refused)
        self.body.addWidget(_wrapped(_shown(prompt)))
        self.line = QLineEdit(prompt.otherwise)
        self.line.setObjectName("answer")
        self.line.setAccessibleName(title)
        self.line.setAccessibleDescription(_shown(prompt))
        self.body.addWidget(self.line)
        if self._secret:
            self.line.setEchoMode(QLineEdit.EchoMode.Password)
            self._add_eye()
        self.keep = CheckBox(tr("&Keep it in the keyring"))
        self.keep.setObjectName("keep")
        self.keep.setAccessibleName(tr("Keep it in the keyring"))
        self.keep.setVisible(offer)
        self.body.addWidget(self.keep)
        self.line.setFocus()

    def _add_eye(self) -> None:
        ratio, color = self.devicePixelRatioF(), muted(self.palette())
        self._eye = self.line.addAction(
            tinted("eye", color, 2 * GRID, ratio), QLineEdit.ActionPosition.TrailingPosition
        )
        self._eye.setCheckable(True)
        self._eye.setText(tr("Show what is typed"))
        self._eye.setToolTip(tr("Show what is typed"))
        self._eye.toggled.connect(self._on_eye)

    def _on_eye(self, shown: bool) -> None:
        self.line.setEchoMode(QLineEdit.EchoMode.Normal if shown else QLineEdit.EchoMode.Password)


class TouchDialog(Dialog):
    """Nothing to type: the security key wants to be touched. It goes by itself."""

    def __init__(self, parent: QWidget | None, prompt: Prompt) -> None:
        title = tr("Logging in to {host}", host=prompt.host)
        super().__init__(parent, title, tr("Hide"), cancel=False)
        self.setMinimumWidth(48 * GRID)
        self.body.addWidget(Heading(title))
        self.body.addWidget(_wrapped(_shown(prompt)))


class WindowDialog:
    """core's Dialog for the window (core/answers.py). `parent` is asked each time: a dialog may be open already."""

    def __init__(self, parent: Callable[[], QWidget | None]) -> None:
        self._parent = parent

    async def __call__(self, prompt: Prompt, offer: bool) -> Answer | None:
        parent = QApplication.activeModalWidget() or self._parent()
        if prompt.kind is Kind.HOST_KEY:
            return Answer("yes") if await HostKeyDialog(parent, prompt).answer() else None
        if prompt.kind is Kind.NOTICE:
            await TouchDialog(parent, prompt).answer()
            return None
        dialog = SecretDialog(parent, prompt, offer)
        line, keep = dialog.line, dialog.keep
        accepted = await dialog.answer()
        given = Answer(line.text(), offer and keep.isChecked())
        line.clear()
        return given if accepted else None


def _title(prompt: Prompt) -> str:
    if prompt.kind is Kind.PASSPHRASE:
        return tr("Passphrase of the key {file}", file=prompt.subject)
    if prompt.kind is Kind.NAME:
        return tr("User name for {host}", host=prompt.host)
    if prompt.kind is Kind.PASSWORD:
        return tr("Password for {host}", host=prompt.host)
    return tr("{host} asks", host=prompt.host)


def _shown(prompt: Prompt) -> str:
    """The words of the other side, which may be anybody."""
    return prompt.words.strip()[:WORDS_MOST]


def _wrapped(words: str) -> QLabel:
    label = PlainLabel(words)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
