"""One notice at a time: what happened, what to do next, libvirt's own words on request."""

from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from vmdesk.model.errors import Problem
from vmdesk.model.text import tr, trn
from vmdesk.ui import theme
from vmdesk.ui.icons import icon, tinted
from vmdesk.ui.parts import Level, Notice
from vmdesk.ui.plain import PlainLabel, plain_tip
from vmdesk.ui.widgets.tool_button import icon_button

STAYS = 6000  # ms an INFO is seen
OFFERS = 20_000  # ms one with a button is: time to read it, to think, and to get there
KEEP = 200  # notices that wait at most

_ICONS = {Level.INFO: "info", Level.WARNING: "alert", Level.ERROR: "alert-circle"}
_SHAPES = {Level.INFO: theme.Shape.ARC, Level.WARNING: theme.Shape.BARS, Level.ERROR: theme.Shape.CROSS}


class NoticeBar(QFrame):
    """Hidden while there is nothing to say. `told(Notice)` is emitted for each new one (the tests listen)."""

    told = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._now: list[Notice] = []  # the one shown, and those that are the same trouble on other machines
        self.setObjectName("notice-bar")
        self.setAccessibleName(tr("Notice"))
        self.setAutoFillBackground(True)
        self.setBackgroundRole(self.palette().ColorRole.Base)
        self._waiting: deque[Notice] = deque(maxlen=KEEP)
        self._going = QTimer(self)
        self._going.setSingleShot(True)
        self._going.timeout.connect(self._on_time)
        self._sign = PlainLabel(parent=self)
        self._text = PlainLabel(parent=self)
        self._text.setObjectName("notice-text")
        self._text.setWordWrap(True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._more = PlainLabel(parent=self)
        self._actions = QHBoxLayout()
        self._actions.setSpacing(theme.GRID)
        self._details_button = icon_button("chevron-right", tr("Details"), parent=self, name="notice-details")
        self._details_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._details_button.setCheckable(True)
        self._details_button.toggled.connect(self._on_details)
        self._command_button = icon_button("console", tr("Copy the command"), parent=self, name="notice-command")
        self._command_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._command_button.clicked.connect(self._on_copy_command)
        copy = icon_button("copy", tr("Copy this notice"), parent=self, name="notice-copy")
        copy.clicked.connect(self._on_copy)
        close = icon_button("close", tr("Dismiss"), parent=self, name="notice-close")
        close.clicked.connect(self.dismiss)
        self._details = QPlainTextEdit(self)
        self._details.setObjectName("notice-details")
        self._details.setAccessibleName(tr("Details"))
        self._details.setReadOnly(True)
        self._details.setMaximumHeight(14 * theme.GRID)
        self._details.hide()
        row = QHBoxLayout()
        row.setSpacing(theme.GRID)
        row.addWidget(self._sign)
        row.addWidget(self._text, 1)
        row.addWidget(self._more)
        row.addLayout(self._actions)
        row.addWidget(self._command_button)
        row.addWidget(self._details_button)
        row.addWidget(copy)
        row.addWidget(close)
        box = QVBoxLayout(self)
        box.setContentsMargins(theme.GRID * 3 // 2, theme.GRID // 2, theme.GRID, theme.GRID // 2)
        box.setSpacing(theme.GRID // 2)
        box.addLayout(row)
        box.addWidget(self._details)
        self.hide()

    @property
    def current(self) -> Notice | None:
        return self._now[0] if self._now else None

    def tell(self, notice: Notice) -> None:
        """Show it, or let it wait behind the one that is shown. The same trouble on forty machines is one notice."""
        self.told.emit(notice)
        if self._now and _same(self._now[0], notice):
            if notice.problem != self._now[0].problem:
                self._now.append(notice)
            self._show()
        elif self._now and self._now[0].level is not Level.INFO:
            if notice.level is Level.INFO and not notice.actions:
                return  # a word in passing is not worth waiting for
            self._waiting.append(notice)
            self._show()
        else:
            self._now = [notice]
            self._details_button.setChecked(False)
            self._show()

    def dismiss(self) -> None:
        """On to the next one."""
        self._going.stop()
        self._now = [self._waiting.popleft()] if self._waiting else []
        while self._now and self._waiting and _same(self._now[0], self._waiting[0]):
            self._now.append(self._waiting.popleft())
        self._details_button.setChecked(False)
        self._show()

    def withdraw(self, gone: Callable[[Notice], bool]) -> None:
        """What these said is no longer true."""
        self._waiting = deque((one for one in self._waiting if not gone(one)), KEEP)
        if self._now and gone(self._now[0]):
            self.dismiss()
        elif self._now:
            self._show()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._now:
            self._show_sign(self._now[0])

    def _show_sign(self, notice: Notice) -> None:
        color = theme.shape_color(_SHAPES[notice.level], self.palette())
        self._sign.setPixmap(tinted(_ICONS[notice.level], color, 20, self.devicePixelRatioF()))

    def _show(self) -> None:
        if not self._now:
            self.hide()
            return
        notice = self._now[0]
        self._show_sign(notice)
        others = len(self._now) - 1
        text = str(notice.problem)
        if others:
            text = f"{text}  " + trn("And {n} more like it.", "And {n} more like it.", others)
        self._text.setText(text)
        self._text.setAccessibleName(text)
        self._more.setText(trn("{n} more notice", "{n} more notices", len(self._waiting)) if self._waiting else "")
        self._more.setForegroundRole(self.palette().ColorRole.PlaceholderText)
        details = _details(self._now)
        self._details.setPlainText(details)
        self._details_button.setVisible(bool(details))
        self._command_button.setVisible(bool(notice.problem.command))
        self._command_button.setToolTip(plain_tip(notice.problem.command))
        self._show_actions(notice.actions)
        if notice.level is Level.INFO:
            self._going.start(OFFERS if notice.actions else STAYS)
        else:
            self._going.stop()
        self.show()

    def _show_actions(self, actions: tuple[tuple[str, Callable[[], None]], ...]) -> None:
        while item := self._actions.takeAt(0):
            if widget := item.widget():
                widget.hide()
                widget.deleteLater()
        for place, (text, do) in enumerate(actions):
            button = QPushButton(text, self)
            button.setObjectName(f"notice-action-{place}")
            button.clicked.connect(lambda _checked=False, do=do: self._act(do))
            self._actions.addWidget(button)

    def _act(self, do: Callable[[], None]) -> None:
        self.dismiss()
        do()

    def _on_time(self) -> None:
        """It goes by itself, but not from under somebody's hand."""
        focus = self.window().focusWidget()
        if self.underMouse() or (focus is not None and self.isAncestorOf(focus) and self.isActiveWindow()):
            self._going.start(STAYS)
        else:
            self.dismiss()

    def _on_details(self, on: bool) -> None:
        self._details_button.setIcon(icon("chevron-down" if on else "chevron-right"))
        self._details.setVisible(on)

    def _on_copy_command(self) -> None:
        QGuiApplication.clipboard().setText(self._now[0].problem.command)

    def _on_copy(self) -> None:
        parts = [str(one.problem) for one in self._now]
        QGuiApplication.clipboard().setText("\n".join([*parts, _details(self._now)]).strip())


def _same(one: Notice, other: Notice) -> bool:
    """The same kind of trouble: the same sentence about another machine, for the same reason."""
    if one.level is not other.level or bool(one.actions) or bool(other.actions):
        return one == other
    return one.problem.what.source == other.problem.what.source and one.problem.why == other.problem.why


def _details(notices: list[Notice]) -> str:
    problems = [one.problem for one in notices]
    if len(problems) == 1:
        return problems[0].details
    return "\n".join(_line(problem) for problem in problems)


def _line(problem: Problem) -> str:
    return f"{problem.what} {problem.details}".strip()
