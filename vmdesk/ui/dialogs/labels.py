"""Title, description, notes, group and tags of one machine, or group and tags of many at once."""

from collections import Counter
from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLineEdit, QPlainTextEdit, QWidget

from vmdesk.core.labels import LabelsEdit
from vmdesk.model.domain import Domain
from vmdesk.model.text import tr, trn
from vmdesk.ui.dialogs.dialog import Dialog
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.form import Form, Heading, Muted
from vmdesk.ui.widgets.tags import TagEditor


class LabelsDialog(Dialog):
    """`edit()` says what the person changed; nothing else will be touched."""

    def __init__(
        self, parent: QWidget | None, domains: Sequence[Domain], tags: Sequence[str], groups: Sequence[str]
    ) -> None:
        self._domains = tuple(domains)
        one = len(self._domains) == 1
        name = self._domains[0].name
        title = (
            tr("Labels of {name}", name=name)
            if one
            else trn("Labels of {n} machine", "Labels of {n} machines", len(self._domains))
        )
        super().__init__(parent, title, tr("Save"))
        self.setMinimumWidth(70 * GRID)
        self.body.addWidget(Heading(title))
        self.body.addWidget(
            Muted(tr("Kept with the machine in libvirt where it can: every program and host sees them."))
        )
        self.body.addSpacing(GRID)
        form = Form()
        self.body.addLayout(form)
        self._title: QLineEdit | None = None
        if one:
            self._add_words(form)
        self._add_group(form, groups)
        self._add_tags(form, tags)
        (self._title or self._tags).setFocus()

    def edit(self) -> LabelsEdit:
        """What was changed."""
        now = self._tags.tags
        was = {tag.casefold(): tag for domain in self._domains for tag in domain.labels.tags}
        kept = {tag.casefold() for tag in now}
        # A tag that only some have is in `was`: it stays theirs alone unless it is taken away.
        add = tuple(tag for tag in now if tag.casefold() not in was)
        remove = tuple(tag for folded, tag in was.items() if folded not in kept)
        group = self._group.currentText().strip()
        words = LabelsEdit(group=group if group != self._group_was else None, add=add, remove=remove)
        if self._title is None:
            return words
        old = self._domains[0].labels
        title, description = self._title.text().strip(), self._description.text().strip()
        notes = self._notes.toPlainText().strip()
        return LabelsEdit(
            title=title if title != old.title else None,
            description=description if description != old.description else None,
            notes=notes if notes != old.notes else None,
            group=words.group,
            add=words.add,
            remove=words.remove,
        )

    def _add_words(self, form: Form) -> None:
        labels = self._domains[0].labels
        self._title = QLineEdit(labels.title)
        self._title.setObjectName("title")
        self._title.setPlaceholderText(tr("a short name for people"))
        form.add(tr("&Title"), self._title)
        self._description = QLineEdit(labels.description)
        self._description.setObjectName("description")
        self._description.setPlaceholderText(tr("what it is for, in one line"))
        form.add(tr("&Description"), self._description)
        self._notes = QPlainTextEdit(labels.notes)
        self._notes.setObjectName("notes")
        self._notes.setTabChangesFocus(True)
        self._notes.setFixedHeight(13 * GRID)
        form.add(tr("&Notes"), self._notes)

    def _add_group(self, form: Form, groups: Sequence[str]) -> None:
        self._group = QComboBox()
        self._group.setObjectName("group")
        self._group.setEditable(True)
        self._group.addItems(["", *groups])
        found = {domain.labels.group for domain in self._domains}
        self._group_was = found.pop() if len(found) == 1 else ""
        self._group.setCurrentText(self._group_was)
        if line := self._group.lineEdit():
            line.setPlaceholderText(tr("none") if not found else tr("different; leave empty to keep"))
            line.setAccessibleName(tr("Group"))
        if completer := self._group.completer():
            completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        form.add(tr("&Group"), self._group)

    def _add_tags(self, form: Form, known: Sequence[str]) -> None:
        count = Counter(tag for domain in self._domains for tag in domain.labels.tags)
        total = len(self._domains)
        partly = {tag for tag, times in count.items() if times < total}
        notes = {tag: tr("({some} of {all})", some=count[tag], all=total) for tag in partly}
        self._tags = TagEditor(list(count), known, notes)
        self._tags.setObjectName("tags")
        form.add(tr("Ta&gs"), self._tags, tr("Enter or a comma ends a tag. Find them with tag:name in the filter."))
