"""The menu "Share": files, USB devices and a folder over SPICE, and what the machine's definition allows at all."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, QUrl
from PySide6.QtGui import QAction, QDropEvent
from PySide6.QtWidgets import QFileDialog, QMenu

from vmdesk.core import own_files, permissions, sharing
from vmdesk.core.jobs import JobState
from vmdesk.core.permissions import Permissions
from vmdesk.core.sharing import Session
from vmdesk.model.display import Displays
from vmdesk.model.domain import DomainKey
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import Text, text, tr
from vmdesk.ui.console.pane import ConsolePane
from vmdesk.ui.console.words import why_not_live
from vmdesk.ui.dialogs.usb import UsbDialog
from vmdesk.ui.parts import Level, Notice, Parts


class Sharing(QObject):
    """Fills `menu`. Everything is off until it is switched on, and off again with the connection."""

    def __init__(self, parts: Parts, key: DomainKey, pane: ConsolePane, menu: QMenu) -> None:
        super().__init__(pane)
        self._parts, self._machine, self._pane, self._menu = parts, key, pane, menu
        self._shared_by: Session | None = None  # whose folder is shared
        self._folder: Path | None = None
        self._permissions: Permissions | None = None
        self._usb: UsbDialog | None = None
        self.drop = self._add("console-files", tr("Files dropped on the screen go into the guest"), True)
        self.send = self._add("console-send", tr("Send files…"))
        self.usb = self._add("console-usb", tr("USB devices…"))
        self.folder = self._add("console-folder", tr("Share a folder…"), True)
        self.writable = self._add("console-folder-writable", tr("The guest may change the shared folder"), True)
        menu.addSeparator()
        self.seal = self._add("console-seal", tr("Sealed: neither clipboard nor files can pass"), True)
        self.agent = self._add("console-agent", tr("Add a channel for the clipboard"))
        self.agent.setToolTip(
            tr("With it, QEMU below 10.1 can neither save the machine nor take a snapshot of it while it runs.")
        )
        self.note = self._add("console-share-note", "")
        self.note.setEnabled(False)
        menu.aboutToShow.connect(self._on_menu)
        self.drop.triggered.connect(self._show)
        self.send.triggered.connect(self._on_send)
        self.usb.triggered.connect(self._on_usb)
        self.folder.triggered.connect(self._on_folder)
        self.writable.triggered.connect(self._on_writable)
        self.seal.triggered.connect(self._on_seal)
        self.agent.triggered.connect(self._on_agent)
        pane.changed.connect(self._on_pane)
        pane.setAcceptDrops(True)
        pane.installEventFilter(self)
        self._show()

    def _add(self, name: str, words: str, checkable: bool = False) -> QAction:
        action = self._menu.addAction(words)
        action.setObjectName(name)
        action.setCheckable(checkable)
        return action

    # ---------------------------------------------------------------- what is possible

    @property
    def session(self) -> Session | None:
        """The SPICE connection, while it is open."""
        return sharing.session_of(self._pane.backend)

    @property
    def _displays(self) -> Displays | None:
        screen = self._pane.screen_held
        return screen.found.displays if screen is not None else None

    def _name(self) -> str:
        domain = self._parts.store.domains.get(self._machine)
        return domain.name if domain else self._machine.uuid

    def _why_not_spice(self) -> Text | None:
        """Why there is no SPICE connection; None: there is one."""
        if self.session is not None:
            return None
        if (why := why_not_live(self._pane.screen_status)) is not None:
            return why
        found = self._displays
        if found is not None and not any(one.kind == "spice" for one in found.graphics):
            return text("Only over SPICE, and this machine has no SPICE display.")
        return text("Only over SPICE: choose it under Display.")

    def _why_no_files(self) -> Text | None:
        if (why := self._why_not_spice()) is not None:
            return why
        found = self._displays
        spice = next((one for one in found.graphics if one.kind == "spice"), None) if found else None
        if spice is not None and not spice.file_transfer:
            return text("Locked by the machine's definition (filetransfer enable='no').")
        return None

    def _on_pane(self) -> None:
        if self._shared_by is not None and self.session is not self._shared_by:
            self._shared_by = self._folder = None
            self.folder.setChecked(False)
            self.writable.setChecked(False)
        self._show()

    def _show(self) -> None:
        no_files, no_spice = self._why_no_files(), self._why_not_spice()
        if no_files is not None:
            self.drop.setChecked(False)
        no_send = no_files or (None if self.drop.isChecked() else text("First allow files: the entry above."))
        shared = str(self._folder).replace("&", "&&")
        self.folder.setText(tr("Shared folder: {folder}", folder=shared) if self._folder else tr("Share a folder…"))
        no_write = no_spice or (None if self._folder else text("No folder is shared yet."))
        for action, why in (
            (self.drop, no_files),
            (self.send, no_send),
            (self.usb, no_spice),
            (self.folder, no_spice),
            (self.writable, no_write),
        ):
            action.setEnabled(why is None)
            action.setToolTip(str(why) if why else action.text())
        known = self._permissions
        self.seal.setEnabled(known is not None and known.can_seal)
        if known is None:
            self.seal.setToolTip(tr("The machine's definition is not read."))
        elif not known.can_seal:
            self.seal.setToolTip(tr("There is nothing to seal: no SPICE display, no channel for the clipboard."))
        else:
            self.seal.setToolTip(tr("Written into the machine's definition; holds from the next cold start."))
        self.seal.setChecked(known is not None and known.sealed_then)
        self.agent.setVisible(known is not None and not known.has_agent)
        self.note.setText(self._words())
        self.note.setVisible(bool(self.note.text()))

    def _words(self) -> str:
        known = self._permissions
        if known is not None and known.waits:
            if known.sealed_then:
                return tr("Sealed from the next cold start: shut it down and start it again.")
            return tr("Open from the next cold start: shut it down and start it again.")
        why = self._why_not_spice()
        return str(why) if why else ""

    # ---------------------------------------------------------------- files

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.DragEnter, QEvent.Type.DragMove) and isinstance(event, QDropEvent):
            return self._on_drag(event)
        if event.type() == QEvent.Type.Drop and isinstance(event, QDropEvent):
            self._on_drop(event)
            return True
        return super().eventFilter(watched, event)

    def _on_drag(self, event: QDropEvent) -> bool:
        if self.drop.isChecked() and _files(event.mimeData().urls()):
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
        else:
            event.ignore()
        return True

    def _on_drop(self, event: QDropEvent) -> None:
        paths = _files(event.mimeData().urls())
        if self.drop.isChecked() and paths:
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
            self.take(paths)

    def _on_send(self) -> None:
        dialog = QFileDialog(self._pane, tr("Files for {name}", name=self._name()))
        dialog.setObjectName("console-send-dialog")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(lambda files: self.take([Path(file) for file in files]))
        dialog.open()

    def take(self, paths: Sequence[Path]) -> None:
        """Copy them into the guest; the job can be cancelled where jobs are."""
        if self.session is not None and self.drop.isChecked():
            self._parts.jobs.spawn("files for the guest", self._take(paths))

    async def _take(self, paths: Sequence[Path]) -> None:
        files = await own_files.plain(paths)
        session = self.session
        if session is None or not self.drop.isChecked():  # switched off meanwhile
            return
        if len(files) < len(paths):
            self._tell(text("Folders are left out: the guest takes files only."))
        if files:
            task = sharing.send(self._parts.jobs, session, files, self._machine, self._name())
            task.add_done_callback(lambda ended: None if ended.cancelled() else self._on_sent(ended.result()))

    def _on_sent(self, job: Any) -> None:
        if job.state is JobState.DONE:
            self._tell(text("The files are in the guest."))

    # ---------------------------------------------------------------- USB, a folder

    def _on_usb(self) -> None:
        if (session := self.session) is None:
            return
        self._usb = UsbDialog(self._pane.window(), session, self._parts.jobs.spawn, self._name())
        self._usb.destroyed.connect(self._on_usb_gone)
        self._usb.show()

    def _on_usb_gone(self) -> None:
        self._usb = None

    def _on_folder(self, on: bool) -> None:
        self.folder.setChecked(self._folder is not None)
        if not on:
            self.share(None)
            return
        dialog = QFileDialog(self._pane, tr("A folder for {name}", name=self._name()))
        dialog.setObjectName("console-folder-dialog")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(lambda folder: self.share(Path(folder)))
        dialog.open()

    def share(self, folder: Path | None) -> None:
        """Let the guest see a folder; None: no longer. It may change nothing there until that is switched on."""
        session = self.session
        if session is None:
            return
        self._folder, self._shared_by = folder, session if folder else None
        self.folder.setChecked(folder is not None)
        self.writable.setChecked(False)
        session.share_folder(folder, writable=False)
        if folder is not None:
            self._tell(text("The guest sees {folder} if spice-webdavd runs in it.", folder=str(folder)))
        self._show()

    def _on_writable(self, on: bool) -> None:
        if self._folder is not None and (session := self.session) is not None:
            session.share_folder(self._folder, writable=on)

    # ---------------------------------------------------------------- the definition

    def _on_menu(self) -> None:
        self._show()
        self._parts.jobs.spawn("permissions", self._read())

    async def _read(self) -> None:
        try:
            self._permissions = await permissions.read(self._parts.sessions, self._machine)
        except VirtError:
            self._permissions = None  # its host is away: nothing can be changed
        self._show()

    def _on_seal(self, on: bool) -> None:
        self._parts.jobs.spawn("seal", self._seal(on))

    async def _seal(self, on: bool) -> None:
        await self._change(permissions.seal(self._parts.sessions, self._machine, on))

    def _on_agent(self) -> None:
        self._parts.jobs.spawn("agent channel", self._add_agent())

    async def _add_agent(self) -> None:
        if await self._change(permissions.add_agent(self._parts.sessions, self._machine)):
            self._tell(permissions.agent_missing())

    async def _change(self, work: Any) -> bool:
        try:
            changed: bool = await work
        except VirtError as error:
            self._parts.shell.notify(Notice(error.problem))
            changed = False
        if changed:
            domain = self._parts.store.domains.get(self._machine)
            self._tell(permissions.after(domain is not None and domain.active))
        await self._read()
        return changed

    def _tell(self, words: Text) -> None:
        self._parts.shell.notify(Notice(Problem(words), Level.INFO))


def _files(urls: Sequence[QUrl]) -> list[Path]:
    return [Path(url.toLocalFile()) for url in urls if url.isLocalFile()]
