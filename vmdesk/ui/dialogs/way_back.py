"""Before an older definition is taken again: what that changes, what it lacks now, and passwords that nobody knows."""

from collections.abc import Sequence

from PySide6.QtWidgets import QLineEdit, QWidget

from vmdesk.core.definitions import Kept, WayBack
from vmdesk.model.domain import Domain
from vmdesk.model.text import tr
from vmdesk.ui.dialogs.dialog import Dialog
from vmdesk.ui.models.activity import stamp
from vmdesk.ui.plain import PlainLabel
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.form import Form, Heading, Muted, Section
from vmdesk.ui.widgets.xml_diff import DiffView, WordsList
from vmdesk.virtxml import difference
from vmdesk.virtxml.document import XmlError


class WayBackDialog(Dialog):
    """`answers()`: what was typed for the secrets that are asked for, in their order; "" leaves one out."""

    def __init__(self, parent: QWidget | None, domain: Domain, kept: Kept, way: WayBack) -> None:
        title = tr("Go back to the definition of {time}?", time=stamp(kept.time))
        super().__init__(parent, title, tr("Go back"))
        self.setMinimumWidth(95 * GRID)
        self.body.addWidget(Heading(title))
        when = (
            tr("{name} runs on as it is. The older definition holds once it was shut down and started again.",
               name=domain.name)
            if domain.active
            else tr("It holds from the next start of {name}.", name=domain.name)
        )  # fmt: skip
        self.body.addWidget(Muted(when, caption=False))
        self.setAccessibleDescription(when)
        self._list(tr("What changes"), "back-words", [str(difference.plain(one)) for one in way.differences])
        self._list(tr("Files that are not there any more"), "back-files", way.files)
        self._list(tr("Networks that are not there any more"), "back-networks", way.networks)
        if way.files or way.networks:
            hint = tr("The machine cannot start without them: bring them back first, or change the definition after.")
            self.body.addWidget(Muted(hint))
        self._secrets: list[QLineEdit] = []
        if way.asked:
            self._ask([str(one) for one in way.asked])
        self.body.addWidget(Section(tr("Line by line")))
        lines = DiffView("back-lines")
        lines.setMinimumHeight(28 * GRID)
        try:
            lines.show_diff(difference.unified(way.base, way.xml, tr("now"), stamp(kept.time)))
        except XmlError as error:
            lines.show_diff(str(error))
        self.body.addWidget(lines, 1)
        if not way.differences and way.base == way.xml:
            self.action.setEnabled(False)
            self.action.setToolTip(tr("Nothing would change."))

    def _list(self, title: str, name: str, words: Sequence[str]) -> None:
        if words:
            self.body.addWidget(Section(title))
            found = WordsList(name, title)
            found.show_words(words)
            self.body.addWidget(found)

    def _ask(self, asked: Sequence[str]) -> None:
        self.body.addWidget(Section(tr("Passwords")))
        self.body.addWidget(PlainLabel(tr("They are kept nowhere any more. Left empty, there is none.")))
        form = Form()
        for place, what in enumerate(asked):
            line = QLineEdit()
            line.setEchoMode(QLineEdit.EchoMode.Password)
            line.setObjectName(f"secret-{place}")
            form.add(what[:1].upper() + what[1:], line)
            self._secrets.append(line)
        self.body.addLayout(form)

    def answers(self) -> tuple[str, ...]:
        return tuple(line.text() for line in self._secrets)
