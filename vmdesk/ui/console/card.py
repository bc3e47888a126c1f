"""Words in place of a picture, or over a grey one: what is the matter and what to do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from vmdesk.ui import theme
from vmdesk.ui.icons import icon
from vmdesk.ui.theme import GRID

WIDTH = 52 * GRID


@dataclass(frozen=True)
class Words:
    """kind: for tests, and to know whether anything is new. The first action is the primary one."""

    kind: str
    picture: str
    title: str
    body: str = ""
    details: str = ""
    actions: Sequence[tuple[str, Callable[[], None]]] = ()

    @property
    def same(self) -> tuple[object, ...]:
        return self.kind, self.title, self.body, self.details, tuple(name for name, _ in self.actions)


class Card(QWidget):
    """In the middle of what it lies on."""

    _icon = ""  # there before the palette is

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("console-card")
        self._shown: tuple[object, ...] | None = None
        self._picture = QLabel(self)
        self._title = self._label()
        self._title.setObjectName("console-card-title")
        self._body = self._label()
        self._body.setObjectName("console-card-body")
        self._details = self._label()
        self._details.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._details.setFont(theme.caption_font(self.font()))
        title = theme.title_font(self.font())
        self._title.setFont(title)
        self._picture.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(GRID)
        box = QVBoxLayout(self)
        box.setContentsMargins(3 * GRID, 3 * GRID, 3 * GRID, 3 * GRID)
        box.setSpacing(GRID)
        for widget in (self._picture, self._title, self._body, self._details):
            box.addWidget(widget)
        box.addSpacing(GRID)
        box.addLayout(self._buttons)
        self.hide()

    @property
    def kind(self) -> str:
        return str(self._shown[0]) if self._shown else ""

    def _label(self) -> QLabel:
        label = QLabel(self)
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        return label

    def show_words(self, words: Words | None) -> None:
        """None: hide."""
        if words is None:
            self._shown = None
            self.hide()
            return
        if words.same != self._shown:
            self._shown = words.same
            self._icon = words.picture
            self._show_icon()
            for label, said in ((self._title, words.title), (self._body, words.body), (self._details, words.details)):
                label.setText(said)
                label.setVisible(bool(said))
            self.setAccessibleName(words.title)
            self.setAccessibleDescription(words.body)
            self._show_buttons(words.actions)
        self.place()
        self.show()
        self.raise_()

    def _show_icon(self) -> None:
        self._picture.setPixmap(icon(self._icon, QPalette.ColorRole.PlaceholderText).pixmap(QSize(48, 48)))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._icon:
            self._show_icon()  # light and dark have other colours

    def _show_buttons(self, actions: Sequence[tuple[str, Callable[[], None]]]) -> None:
        while item := self._buttons.takeAt(0):
            if widget := item.widget():
                widget.deleteLater()
        self._buttons.addStretch(1)
        for place, (name, do) in enumerate(actions):
            button = QPushButton(name, self)
            button.setObjectName(f"console-card-action-{place}")
            button.setDefault(place == 0)
            button.clicked.connect(lambda _checked=False, do=do: do())
            self._buttons.addWidget(button)
            button.show()  # or it counts for nothing in `place`
        self._buttons.addStretch(1)

    def place(self) -> None:
        """In the middle again: what it lies on has another size."""
        parent = self.parentWidget()
        assert parent is not None
        around = parent.rect()
        width = min(WIDTH, around.width())
        layout = self.layout()
        assert layout is not None
        layout.invalidate()  # the words may be others
        # Not the layout's minimum: that of broken lines is for a narrower card.
        height = min(layout.totalHeightForWidth(width), around.height())
        self.setGeometry((around.width() - width) // 2, (around.height() - height) // 2, width, height)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self.palette().color(QPalette.ColorRole.Mid))
        painter.setBrush(self.palette().color(QPalette.ColorRole.Base))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), GRID, GRID)
        painter.end()


class Strip(QWidget):
    """One line over the picture's upper edge, with a button."""

    _icon = ""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("console-strip")
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Midlight)
        self._picture = QLabel(self)
        self._words = QLabel(self)
        self._words.setWordWrap(True)
        self._button = QPushButton(self)
        self._button.setObjectName("console-strip-action")
        self._button.clicked.connect(lambda: self._do())
        self._do: Callable[[], None] = lambda: None
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * GRID, GRID // 2, 2 * GRID, GRID // 2)
        row.setSpacing(GRID)
        row.addWidget(self._picture)
        row.addWidget(self._words, 1)
        row.addWidget(self._button)
        self.hide()

    @property
    def text(self) -> str:
        return self._words.text() if not self.isHidden() else ""

    def show_words(
        self, words: str, picture: str = "info", action: tuple[str, Callable[[], None]] | None = None
    ) -> None:
        """ "" hides it."""
        self.setVisible(bool(words))
        self._words.setText(words)
        self.setAccessibleName(words)
        self._icon = picture
        self._show_icon()
        self._button.setVisible(action is not None)
        if action is not None:
            self._button.setText(action[0])
            self._do = action[1]

    def _show_icon(self) -> None:
        self._picture.setPixmap(icon(self._icon).pixmap(QSize(18, 18)))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._icon:
            self._show_icon()
