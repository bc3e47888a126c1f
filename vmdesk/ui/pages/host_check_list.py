"""Checks under each other: a shape and a word for the verdict, what it is, and what mends it."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from vmdesk.model.text import Text, text, tr
from vmdesk.ui.pages.host_checks import Check, Verdict
from vmdesk.ui.parts import Shell
from vmdesk.ui.plain import PlainLabel
from vmdesk.ui.theme import GRID, good_color, muted, warning_color
from vmdesk.ui.widgets.form import Muted
from vmdesk.ui.widgets.glyph import Glyph
from vmdesk.ui.widgets.trace import CodeLine

_GLYPHS = {Verdict.GOOD: "check", Verdict.MISSING: "alert", Verdict.PLAIN: "info", Verdict.UNKNOWN: "info"}
_COLORS = {Verdict.GOOD: good_color, Verdict.MISSING: warning_color}
_WORDS: dict[Verdict, Text] = {
    Verdict.GOOD: text("good"),
    Verdict.MISSING: text("missing"),
    Verdict.PLAIN: text("for your information"),
    Verdict.UNKNOWN: text("not known"),
}


class _Row(QWidget):
    def __init__(self, check: Check, shell: Shell) -> None:
        super().__init__()
        self.setObjectName(f"check-{check.id}")
        self._glyph = Glyph(size=20)
        self._title = PlainLabel()
        self._title.setTextFormat(Qt.TextFormat.RichText)
        self._title.setWordWrap(True)
        self._title.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._about = Muted()
        self._mend = PlainLabel()
        self._mend.setWordWrap(True)
        self._mend.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._command = CodeLine(tr("command"), shell)
        self.button = QPushButton()
        self.button.hide()
        words = QVBoxLayout()
        words.setSpacing(GRID // 2)
        for widget in (self._title, self._about, self._mend, self._command):
            words.addWidget(widget)
        words.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, GRID, 0, GRID)
        layout.setSpacing(GRID + GRID // 2)
        layout.addWidget(self._glyph, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(words, 1)

    def show_check(self, check: Check) -> None:
        self._glyph.show_glyph(_GLYPHS[check.verdict], _COLORS.get(check.verdict, muted))
        self._glyph.setAccessibleName(str(_WORDS[check.verdict]))
        self._glyph.setToolTip(str(_WORDS[check.verdict]))
        self._title.setText(f"<b>{_plain(check.title)}</b>&nbsp; {_plain(check.value)}")
        self.setAccessibleName(f"{check.title}: {check.value} ({_WORDS[check.verdict]})")
        self.setAccessibleDescription(" ".join(filter(None, (check.about, check.mend, check.command))))
        self._about.setText(check.about)
        self._mend.setText(check.mend)
        self._mend.setVisible(bool(check.mend))
        self._command.set_text(check.command)
        self._command.setVisible(bool(check.command))


class CheckList(QFrame):
    """`offer(check id, text, do)` puts a button under a check."""

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shell = shell
        self._rows: dict[str, _Row] = {}
        self._checks: tuple[Check, ...] = ()
        self.setObjectName("checks")
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)

    def show_checks(self, checks: Sequence[Check]) -> None:
        for check in checks:
            row = self._rows.get(check.id)
            if row is None:
                row = self._rows[check.id] = _Row(check, self._shell)
                self._layout.addWidget(row)
            if check not in self._checks:
                row.show_check(check)
        self._checks = tuple(checks)

    def offer(self, check_id: str, words: str, do: Callable[[], None], wanted: bool) -> None:
        """A button under a check; `wanted`: whether it is there now."""
        row = self._rows.get(check_id)
        if row is None:
            return
        if not row.button.text():
            row.button.setText(words)
            row.button.setObjectName(f"do-{check_id}")
            row.button.setAccessibleName(words)
            row.button.clicked.connect(do)
        row.button.setVisible(wanted)

    def button(self, check_id: str) -> QPushButton:
        return self._rows[check_id].button


def _plain(words: str) -> str:
    return words.replace("&", "&amp;").replace("<", "&lt;")
