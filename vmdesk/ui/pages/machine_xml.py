"""The machine's page, tab "XML": its definitions as they are, what differs between them, and an editor."""

import os
from collections.abc import Sequence

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from vmdesk.core import redefining
from vmdesk.core.checker import Checker
from vmdesk.core.commands import questions
from vmdesk.core.redefining import Begun, Definitions, Plan
from vmdesk.core.store import Changes
from vmdesk.model.domain import Domain, DomainKey
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import Text, text, tr, trn
from vmdesk.ui.dialogs.apply_xml import ApplyDialog
from vmdesk.ui.heard import Heard
from vmdesk.ui.icons import icon
from vmdesk.ui.parts import Level, Notice, Parts
from vmdesk.ui.plain import PlainLabel, plain_tip
from vmdesk.ui.subject import Subject
from vmdesk.ui.tasks import Tasks
from vmdesk.ui.theme import GRID, warning_color
from vmdesk.ui.widgets.empty import Emptiness, EmptyView, of_problem
from vmdesk.ui.widgets.form import Muted, Section
from vmdesk.ui.widgets.glyph import Glyph
from vmdesk.ui.widgets.primary import PrimaryButton
from vmdesk.ui.widgets.xml_diff import DiffView, WordsList
from vmdesk.ui.widgets.xml_editor import XmlEditor
from vmdesk.ui.widgets.xml_three_way import XmlThreeWay
from vmdesk.virt.connection import is_local
from vmdesk.virtxml.document import XmlError
from vmdesk.virtxml.masks import MARK
from vmdesk.virtxml.source import Mistake

FOLLOW = 5000  # ms between two looks at a definition that is on the screen: libvirt tells of few changes
STORED, RUNNING, DIFFERENCES = "stored", "running", "differences"


class MachineXml(QWidget):
    """Reads while it is visible. What was written and not applied stays until it is applied or given up.

    unsaved_changed: whether there is something of that kind may be another now.
    """

    unsaved_changed = Signal()

    def __init__(self, parts: Parts, key: DomainKey, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts, self._machine = parts, key
        self._subject = Subject(parts.store, key)
        self._found: Definitions | None = None
        self._begun: Begun | None = None
        self._view = ""
        self._working = False  # a question is open, or libvirt is at work
        self._comparing = False  # until it is settled, or left for later
        self._heard = Heard()
        self._checker = Checker()
        self._tasks = Tasks(parts.jobs)
        self.destroyed.connect(self._checker.close)
        self.destroyed.connect(self._tasks.end)
        self.setObjectName("machine-xml")
        self.setAccessibleName(tr("XML"))
        self.viewer = XmlEditor("xml-viewer", tr("Definition"))
        self.viewer.set_read_only(True)
        self.editor = XmlEditor("xml-editor", tr("Definition, to be changed"))
        self.editor.set_read_only(False)
        self.three_way: XmlThreeWay | None = None
        self.empty = EmptyView()
        self._follow = QTimer(self)
        self._follow.setInterval(FOLLOW)
        self._follow.timeout.connect(self.refresh)
        self._build()
        self.editor.changed.connect(self._on_typed)
        self.editor.checked.connect(self._show_state)
        self._show_state()

    # ---------------------------------------------------------------- how it is built

    def _build(self) -> None:
        self.stack = QStackedWidget()
        for widget in (self.viewer, self.editor, self._make_differences(), self.empty):
            self.stack.addWidget(widget)
        self._hint = Muted("", caption=False)
        self._hint.setObjectName("xml-hint")
        box = QVBoxLayout(self)
        box.setContentsMargins(3 * GRID, 2 * GRID, 3 * GRID, 2 * GRID)
        box.setSpacing(GRID)
        box.addLayout(self._make_bar())
        box.addWidget(self._hint)
        box.addWidget(self._make_banner())
        box.addWidget(self.stack, 1)

    def _make_bar(self) -> QHBoxLayout:
        bar = QHBoxLayout()
        bar.setSpacing(0)
        self._views = QButtonGroup(self)
        self.views: dict[str, QToolButton] = {}
        for name, words in (
            (STORED, tr("At the next start")),
            (RUNNING, tr("In use now")),
            (DIFFERENCES, tr("Differences")),
        ):
            button = QToolButton()
            button.setText(words)
            button.setAccessibleName(words)
            button.setObjectName(f"xml-view-{name}")
            button.setCheckable(True)
            button.setAutoRaise(True)
            button.setMinimumHeight(3 * GRID + GRID // 2)
            button.clicked.connect(lambda _checked=False, name=name: self.show_view(name))
            self._views.addButton(button)
            self.views[name] = button
            bar.addWidget(button)
        bar.addStretch(1)
        self._tools: list[QToolButton] = []
        for name, picture, words, act in (
            ("find", "search", tr("Find (Ctrl+F)"), self._on_find),
            ("copy", "copy", tr("Copy all"), self._on_copy),
            ("save", "save", tr("Save to a file…"), self._on_save),
        ):
            tool = QToolButton()
            tool.setObjectName(f"xml-{name}")
            tool.setIcon(icon(picture))
            tool.setAutoRaise(True)
            tool.setToolTip(words)
            tool.setAccessibleName(words)
            tool.clicked.connect(act)
            self._tools.append(tool)
            bar.addWidget(tool)
        bar.addSpacing(GRID)
        self.edit = QPushButton(icon("edit"), tr("Edit"))
        self.edit.setObjectName("xml-edit")
        self.edit.clicked.connect(self._on_edit)
        self.discard = QPushButton(tr("Discard"))
        self.discard.setObjectName("xml-discard")
        self.discard.clicked.connect(self._on_discard)
        self.apply = PrimaryButton(tr("Apply…"))
        self.apply.setObjectName("xml-apply")
        self.apply.clicked.connect(self._on_apply)
        buttons = QHBoxLayout()
        buttons.setSpacing(GRID)
        buttons.addWidget(self.edit)
        buttons.addWidget(self.discard)
        buttons.addWidget(self.apply)
        bar.addLayout(buttons)
        return bar

    def _make_banner(self) -> QWidget:
        self._banner = QFrame()
        self._banner.setObjectName("xml-banner")
        self._banner.setFrameShape(QFrame.Shape.StyledPanel)
        words = PlainLabel(tr("Somebody else has changed the definition since you began."))
        words.setWordWrap(True)
        compare = QPushButton(tr("Compare…"))
        compare.setObjectName("xml-compare")
        compare.clicked.connect(self._on_compare)
        row = QHBoxLayout(self._banner)
        row.setContentsMargins(GRID, GRID // 2, GRID, GRID // 2)
        row.setSpacing(GRID)
        row.addWidget(Glyph("alert", 2 * GRID, warning_color, self._banner))
        row.addWidget(words, 1)
        row.addWidget(compare)
        self._banner.hide()
        return self._banner

    def _make_differences(self) -> QWidget:
        self.words = WordsList("xml-words", tr("In plain words"), most=8)
        self.lines = DiffView("xml-lines")
        self._words_title = Section(tr("In plain words"))
        self._differences = QWidget()
        box = QVBoxLayout(self._differences)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(GRID // 2)
        box.addWidget(self._words_title)
        box.addWidget(self.words)
        box.addWidget(Section(tr("Line by line")))
        box.addWidget(self.lines, 1)
        return self._differences

    # ---------------------------------------------------------------- what there is

    @property
    def _elsewhere(self) -> bool:
        """Another host may have another libvirt with another schema, which has the last word."""
        host = self._subject.host
        return host is not None and not is_local(host.config.uri)

    @property
    def editing(self) -> bool:
        return self._begun is not None

    @property
    def unsaved(self) -> bool:
        """Whether something was written that is not applied."""
        return self._begun is not None and self.editor.text() != self._begun.shown

    def refresh(self) -> None:
        """Read again, in the background."""
        if self._subject.domain is not None and not self._working:
            self._tasks.spawn("read definitions", self._read())

    async def _read(self) -> None:
        domain = self._subject.domain
        if domain is None:
            return
        try:
            found = await redefining.read_both(self._parts.context.sessions, domain)
            if self._begun is not None and self._banner.isHidden():
                begun = self._begun
                theirs = await redefining.changed_meanwhile(self._parts.context.sessions, self._machine, begun)
                if begun is self._begun:
                    self._banner.setVisible(bool(theirs) and not self._comparing)
        except VirtError as error:
            if self._found is None:
                self._show_problem(error.problem)
            return
        if found != self._found:
            self._found = found
            self._show_view()

    def _show_problem(self, problem: Problem) -> None:
        self.empty.show_state(of_problem(problem, self.refresh))
        self.stack.setCurrentWidget(self.empty)

    # ---------------------------------------------------------------- what is shown

    def show_view(self, name: str) -> None:
        """STORED, RUNNING or DIFFERENCES."""
        self._view = name
        self._show_view()

    def _show_view(self) -> None:
        found, domain = self._found, self._subject.domain
        if found is None:
            return
        there = {STORED: bool(found.stored), RUNNING: bool(found.running)}
        there[DIFFERENCES] = there[STORED] and there[RUNNING]
        if not there.get(self._view, False):
            self._view = STORED if there[STORED] else RUNNING
        self.views[self._view].setChecked(True)
        reasons = {
            STORED: text("The machine has no stored definition: it is gone once it is switched off."),
            RUNNING: text("{name} is not running.", name=self._subject.name),
        }
        reasons[DIFFERENCES] = reasons[RUNNING] if there[STORED] else reasons[STORED]
        for name, button in self.views.items():
            button.setEnabled(there[name])
            button.setToolTip("" if there[name] else plain_tip(str(reasons[name])))
        if self._view == STORED and self.editing:
            compared = self.three_way if self._comparing else None
            self.stack.setCurrentWidget(compared or self.editor)
        elif self._view == DIFFERENCES:
            self._show_differences(found)
        else:
            words = found.stored if self._view == STORED else found.running
            self.viewer.set_text(words)
            self.viewer.area.setAccessibleName(tr("Definition of {name}", name=self._subject.name))
            self.stack.setCurrentWidget(self.viewer)
        self._show_state(domain)

    def _show_differences(self, found: Definitions) -> None:
        try:
            words, lines = redefining.compare(found)
        except XmlError as error:
            self._show_problem(Problem(text("The definition cannot be read."), details=str(error)))
            return
        if not words and not lines:
            title = tr("No differences")
            body = tr("The machine runs by the definition that is stored for its next start.")
            self.empty.show_state(Emptiness("same", "check-circle", title, body))
            self.stack.setCurrentWidget(self.empty)
            return
        if not words:
            words = (text("Nothing but what libvirt adds for the time that the machine runs."),)
        self.words.show_words(words)
        self.lines.show_diff(lines)
        self.stack.setCurrentWidget(self._differences)

    def _show_state(self, domain: Domain | None = None) -> None:
        domain = domain or self._subject.domain
        why = redefining.why_not_stored(domain, self._subject.host)
        comparing = self.three_way is not None and self.stack.currentWidget() is self.three_way
        shown = self.stack.currentWidget()
        for tool in self._tools:
            tool.setEnabled(shown in (self.viewer, self.editor, self._differences) and self._found is not None)
        self._tools[0].setEnabled(isinstance(shown, XmlEditor) and self._found is not None)
        self.edit.setVisible(not self.editing)
        self.edit.setEnabled(why is None and not self._working)
        self.edit.setToolTip(plain_tip(str(why)) if why else tr("Change the definition for the next start"))
        for button in (self.discard, self.apply):
            button.setVisible(self.editing and not comparing)
        self.discard.setEnabled(not self._working)
        reason = str(why) if why else self._why_not_applied()
        self.apply.setEnabled(not reason and not self._working)
        self.apply.setToolTip(plain_tip(reason or self._doubt()))
        self._hint.setText(self._words_of(domain, why))
        self._hint.setVisible(not comparing)

    def _why_not_applied(self) -> str:
        """Why the text cannot be applied, as far as it was checked; "": it can be tried."""
        if not self.unsaved:
            return tr("Nothing has been changed yet.")
        wrong = next((one for one in self.editor.mistakes if not (one.by_schema and self._elsewhere)), None)
        if wrong is None:
            return ""
        line = self.editor.area.mirror.source.line(min(wrong.start, len(self.editor.text())))
        return tr("Mend this first. Line {line}: {what}", line=line, what=str(wrong.what))

    def _doubt(self) -> str:
        """What this computer's schema has against a text that another computer's libvirt may take."""
        found = len(self.editor.mistakes) if self.editing else 0
        if not found:
            return ""
        return trn(
            "This computer's schema does not know one thing in it; the host's libvirt has the last word.",
            "This computer's schema does not know {n} things in it; the host's libvirt has the last word.",
            found,
        )

    def _words_of(self, domain: Domain | None, why: Text | None) -> str:
        """What is seen here."""
        if self._view == DIFFERENCES:
            return tr("What will be different once the machine was shut down and started again.")
        running = domain is not None and domain.active
        if self._view == STORED and self.editing:
            words = tr("You change the definition for the next start.")
            if self._begun is not None and MARK in self._begun.shown:
                words += " " + tr(
                    "{dots} stands for a password that is kept; write another in its place to change it.", dots=MARK
                )
            return words
        if self._view == RUNNING:
            words = tr("How the machine is now, with all that libvirt has chosen for this run. Passwords are left out.")
        elif running:
            words = tr("How the machine will be at its next start. Passwords are left out.")
        else:
            words = tr("The definition of the machine. Passwords are left out.")
        return words + (" " + tr("It cannot be changed here: {why}", why=str(why)) if why else "")

    # ---------------------------------------------------------------- editing

    def _on_edit(self) -> None:
        if not self._working:
            self._tasks.spawn("edit definition", self._begin())

    async def _begin(self) -> None:
        self._set_working(True)
        try:
            begun = await redefining.begin(self._parts.context.sessions, self._machine)
        except VirtError as error:
            self._parts.shell.notify(Notice(error.problem))
            return
        finally:
            self._set_working(False)
        self.editor.set_text(begun.shown)
        self._start(begun)
        self.editor.area.moveCursor(self.editor.area.textCursor().MoveOperation.Start)
        self._take_place()
        self.editor.setFocus()

    def _start(self, begun: Begun) -> None:
        """Edit from `begun` on, with the text that is in the editor."""
        self._begun = begun
        self._comparing = False
        self._banner.hide()
        self.editor.check_with(self._checker, self._parts.jobs, lambda words: redefining.problems(begun, words))
        self.editor.area.setAccessibleName(tr("Definition of {name}, to be changed", name=self._subject.name))
        self.show_view(STORED)
        self.unsaved_changed.emit()

    def _take_place(self) -> None:
        """The editor looks at what the person looked at."""
        self.editor.area.verticalScrollBar().setValue(self.viewer.area.verticalScrollBar().value())

    def _on_typed(self) -> None:
        self._show_state()
        self.unsaved_changed.emit()

    def _end(self) -> None:
        """No edit any more; the secrets are forgotten with it."""
        held = self.window().focusWidget()
        here = held is not None and self.isAncestorOf(held)
        self._begun = None
        self._comparing = False
        self._banner.hide()
        self.editor.set_text("")
        self.show_view(STORED)
        if here:
            self.viewer.setFocus()  # what had the keyboard is hidden: it would go on outside of this page
        self.unsaved_changed.emit()

    def _on_discard(self) -> None:
        if not self._working:
            self._tasks.spawn("discard", self._ask_discard())

    async def _ask_discard(self) -> None:
        if await self.may_lose():
            self._end()

    async def may_lose(self) -> bool:
        """Whether what was written and not applied may be lost; asks if there is something."""
        if not self.unsaved:
            return True
        message = text("You have changed the definition of {name} and not applied it.", name=self._subject.name)
        return bool(await self._parts.context.ask.confirm(questions.lose_unapplied("xml.discard", message)))

    def _set_working(self, on: bool) -> None:
        if isValid(self):  # closed in the meantime
            self._working = on
            if self.apply.hasFocus() or self.discard.hasFocus():
                self.editor.setFocus()  # they go off: the keyboard would go on outside of this page
            self._show_state()

    # ---------------------------------------------------------------- applying

    def _on_apply(self) -> None:
        if not self._working and self.unsaved:
            self._tasks.spawn("apply definition", self._apply())

    async def _apply(self) -> None:
        begun, domain, shown = self._begun, self._subject.domain, self.editor.text()
        if begun is None or domain is None:
            return
        self._set_working(True)
        try:
            if not await self._is_fine(begun, shown):
                return
            try:
                made: Plan = await self._checker.run(lambda: redefining.plan(begun, shown))
            except XmlError as error:
                self._tell(Problem(text("The definition cannot be read."), details=str(error)), Level.WARNING)
                return
            if made.idle:
                what = text("Nothing is applied: only comments or spaces are others, and libvirt keeps neither.")
                next_ = text("Write what is to stay into the notes, or into <metadata>.")
                self._tell(Problem(what, None, next_))
                return
            if not await ApplyDialog(self.window(), domain.name, made, domain.active).answer():
                return
            theirs = await redefining.apply(self._parts.context, domain, begun, made)
        except VirtError:
            return  # the job has told it; the text is still there
        finally:
            self._set_working(False)
        if theirs is not None:
            self._compare(begun, shown, theirs)
        else:
            self._end()
            self.refresh()

    async def _is_fine(self, begun: Begun, shown: str) -> bool:
        """Whether it may be shown to libvirt; what is wrong is listed below the text."""
        must = await self._checker.run(lambda: redefining.problems(begun, shown))
        mistakes: Sequence[Mistake] = await self._checker.mistakes(shown, lambda words: must)
        self.editor.show_mistakes(mistakes, self._checker.note)
        if not mistakes or (self._elsewhere and not must):
            return True
        what = text("The definition is not applied: it has problems ({n}).", n=len(mistakes))
        self._tell(Problem(what, None, text("Mend what is underlined, then apply it.")), Level.WARNING)
        self.editor.area.select(mistakes[0].start, mistakes[0].end)
        return False

    def _tell(self, problem: Problem, level: Level = Level.INFO) -> None:
        self._parts.shell.notify(Notice(problem, level))

    # ---------------------------------------------------------------- somebody else was faster

    def _on_compare(self) -> None:
        self._tasks.spawn("compare definitions", self._read_theirs())

    async def _read_theirs(self) -> None:
        begun = self._begun
        if begun is None:
            return
        try:
            theirs = await redefining.changed_meanwhile(self._parts.context.sessions, self._machine, begun)
        except VirtError as error:
            self._tell(error.problem, Level.ERROR)
            return
        self._banner.hide()
        if theirs and begun is self._begun:
            self._compare(begun, self.editor.text(), theirs)

    def _compare(self, begun: Begun, shown: str, theirs: str) -> None:
        found = redefining.three_way(begun, shown, theirs)
        if self.three_way is not None:
            self.stack.removeWidget(self.three_way)
            self.three_way.deleteLater()
        view = self.three_way = XmlThreeWay()
        view.theirs_wanted.connect(lambda: self._settle(found.begun, found.theirs))
        view.merge_wanted.connect(lambda: self._settle(found.begun, found.merged.text, apply=True))
        view.mine_wanted.connect(lambda: self._settle(found.begun, found.mine))
        view.left.connect(self._leave_comparing)
        self.stack.addWidget(view)
        self.stack.setCurrentWidget(view)
        view.show_texts(found)
        self._banner.hide()
        self._comparing = True
        self.show_view(STORED)

    def _settle(self, begun: Begun, shown: str, apply: bool = False) -> None:
        """Go on from theirs, with this text."""
        self.editor.replace_text(shown)
        self._start(begun)
        self.refresh()
        if apply:
            self._on_apply()

    def _leave_comparing(self) -> None:
        self._banner.show()
        self._comparing = False
        self.show_view(STORED)

    # ---------------------------------------------------------------- the tools

    def _shown_text(self) -> str:
        shown = self.stack.currentWidget()
        if shown is self._differences:
            return self.lines.toPlainText() + "\n"
        return self.editor.text() if shown is self.editor else self.viewer.text()

    def _on_find(self) -> None:
        shown = self.stack.currentWidget()
        if isinstance(shown, XmlEditor):
            shown.open_find()

    def _on_copy(self) -> None:
        self._parts.shell.copy(self._shown_text())

    def _on_save(self) -> None:
        words, ending = self._shown_text(), "diff" if self._view == DIFFERENCES else "xml"
        name = self._subject.name.replace("/", "_")
        dialog = QFileDialog(self, tr("Save to a file"), f"{name}.{ending}", f"*.{ending}")
        dialog.setObjectName("xml-save-dialog")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(ending)
        dialog.finished.connect(dialog.deleteLater)
        dialog.fileSelected.connect(lambda file: self.save(words, file))
        dialog.open()

    def save(self, words: str, file: str) -> None:
        """Write a text that was shown, for its owner only, and say so."""
        try:
            with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
                stream.write(words)
        except OSError as error:
            what = text("The definition could not be saved as {file}.", file=file)
            self._tell(Problem(what, details=error.strerror or str(error)), Level.ERROR)
            return
        self._tell(Problem(text("The definition is saved as {file}, without passwords.", file=file)))

    # ---------------------------------------------------------------- being seen

    def _on_changes(self, changes: Changes) -> None:
        if self._machine in changes.changed or self._machine in changes.added:
            self.refresh()
        self._show_state()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._heard.begin(lambda: (self._parts.store.subscribe(self._on_changes),))
        self._follow.start()
        self._show_state()
        self.refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._follow.stop()
        self._heard.end()
