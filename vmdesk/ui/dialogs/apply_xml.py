"""Before a definition is defined: what that will change, in words and line by line."""

from PySide6.QtWidgets import QWidget

from vmdesk.core.redefining import Plan
from vmdesk.model.text import tr
from vmdesk.ui.dialogs.dialog import Dialog
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.form import Heading, Muted, Section
from vmdesk.ui.widgets.xml_diff import DiffView, WordsList


class ApplyDialog(Dialog):
    """`running`: it holds from the next start only."""

    def __init__(self, parent: QWidget | None, name: str, plan: Plan, running: bool) -> None:
        title = tr("Change the definition of {name}?", name=name)
        super().__init__(parent, title, tr("Apply"))
        self.setMinimumWidth(95 * GRID)
        self.body.addWidget(Heading(title))
        when = (
            tr("The machine runs on as it is. The changes hold once it was shut down and started again.")
            if running
            else tr("The changes hold from the next start.")
        )
        self.body.addWidget(Muted(when, caption=False))
        for note in plan.notes:
            self.body.addWidget(Muted(str(note), caption=False))
        self.setAccessibleDescription(" ".join((when, *map(str, plan.notes))))
        words = WordsList("apply-words", tr("What changes"))
        words.show_words(plan.words)
        lines = DiffView("apply-diff")
        lines.setMinimumHeight(40 * GRID)
        lines.show_diff(plan.lines)
        if plan.words:
            self.body.addWidget(Section(tr("What changes")))
            self.body.addWidget(words)
        else:
            words.deleteLater()
        self.body.addWidget(Section(tr("Line by line")))
        self.body.addWidget(lines, 1)
