"""Volumes: a new one, a larger one, a copy or a move to another storage pool, the name of one that is uploaded."""

from collections.abc import Callable, Collection, Sequence

from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget

from vmdesk.core import units
from vmdesk.core.storage.making import LEAST
from vmdesk.core.storage.moving import not_into
from vmdesk.core.storage.rows import Row, User
from vmdesk.core.storage.work import VolumeWish
from vmdesk.model import sizes
from vmdesk.model.storage import Pool
from vmdesk.model.text import Text, text, tr
from vmdesk.ui.dialogs.dialog import Dialog
from vmdesk.ui.dialogs.lines import Warned
from vmdesk.ui.plain import PlainLabel
from vmdesk.ui.theme import GRID
from vmdesk.ui.widgets.check_box import CheckBox
from vmdesk.ui.widgets.form import Form, Heading, Muted
from vmdesk.ui.widgets.radio_button import RadioButton

FORMATS = ("qcow2", "raw")
_ENDINGS = {"qcow2": ".qcow2", "raw": ".img"}
Names = Callable[[str], Collection[str]]  # the names that are taken in a pool


def name_problem(name: str, taken: Collection[str]) -> Text | None:
    """Why it cannot be the name of a new volume."""
    if not name.strip() or name in (".", ".."):
        return text("Give it a name.")
    if "/" in name or any(ord(letter) < 32 for letter in name):
        return text('A name cannot have "/" or control characters in it.')
    if len(name.encode()) > 255:
        return text("The name is too long.")
    return text("There is a volume of this name already.") if name in taken else None


def free_name(name: str, taken: Collection[str]) -> str:
    """`web.qcow2`, else `web-2.qcow2`."""
    stem, dot, ending = name.rpartition(".")
    stem, ending = (stem, dot + ending) if stem else (name, "")
    found, number = name, 2
    while found in taken:
        found, number = f"{stem}-{number}{ending}", number + 1
    return found


class _Checked(Dialog):
    """With a line that says what is wrong; its button works once nothing is."""

    def __init__(self, parent: QWidget | None, title: str, action: str) -> None:
        super().__init__(parent, title, action)
        self.setMinimumWidth(62 * GRID)
        self.body.addWidget(Heading(title))
        self.form = Form()
        self._wrong = Warned()

    def _finish(self) -> None:
        self.body.addLayout(self.form)
        self.body.addWidget(self._wrong)
        self.check()

    def problem(self) -> Text | None:
        raise NotImplementedError

    def check(self) -> None:
        wrong = self.problem()
        self._wrong.tell(wrong)
        self.action.setEnabled(wrong is None)

    def _line(self, name: str, words: str = "") -> QLineEdit:
        line = QLineEdit(words)
        line.setObjectName(name)
        line.textChanged.connect(self.check)
        return line


class NewVolumeDialog(_Checked):
    """`wish()`. `encrypts`: the host keeps passphrases."""

    def __init__(self, parent: QWidget | None, pool: Pool, taken: Collection[str], encrypts: bool) -> None:
        super().__init__(parent, tr("New volume in {pool}", pool=pool.name), tr("Make"))
        self._pool, self._taken = pool, frozenset(taken)
        self._touched = False
        self._name = self._line("name", free_name("disk.qcow2" if pool.keeps_files else "disk", taken))
        self.form.add(tr("&Name"), self._name)
        self._size = self._line("size", "20G")
        self.form.add(tr("&Size"), self._size, tr("Like 512M, 20G or 1.5T; a bare figure is GiB."))
        self._format = QComboBox()
        self._format.setObjectName("format")
        if pool.keeps_files:
            self._format.addItem(tr("qcow2: grows with what is in it, can have snapshots"), "qcow2")
            self._format.addItem(tr("raw: nothing but the data"), "raw")
            self.form.add(tr("&Format"), self._format)
        self._thin = RadioButton(tr("&Thin: takes room as it is written"))
        self._full = RadioButton(tr("F&ull: takes all its room now"))
        for radio, name in ((self._thin, "thin"), (self._full, "full")):
            radio.setObjectName(name)
            radio.setAccessibleName(radio.text().replace("&", ""))
            radio.setVisible(pool.keeps_files)
            self.form.add("", radio)
        (self._thin if pool.keeps_files else self._full).setChecked(True)
        self._encrypted = CheckBox(tr("&Encrypted (LUKS)"))
        self._encrypted.setObjectName("encrypted")
        self._encrypted.setEnabled(encrypts and pool.keeps_files)
        why = tr("This host keeps no passphrases.") if not encrypts else ""
        why = why or ("" if pool.keeps_files else tr("Only in pools that keep files."))
        hint = why or tr("libvirt keeps the passphrase as a secret, and a machine's definition names it.")
        self._encrypted.setToolTip(why)
        self.form.add("", self._encrypted, hint)
        self._passphrase = self._line("passphrase")
        self._again = self._line("passphrase-again")
        for line in (self._passphrase, self._again):
            line.setEchoMode(QLineEdit.EchoMode.Password)
            line.setEnabled(False)
            line.setToolTip(tr("Tick “Encrypted” first."))
        if self._encrypted.isEnabled():
            self.form.add(tr("&Passphrase"), self._passphrase)
            self.form.add(tr("&Again"), self._again)
        else:  # there is nothing to type
            self._passphrase.setParent(self)
            self._passphrase.hide()
            self._again.setParent(self)
            self._again.hide()
        self._full.toggled.connect(self.check)
        self._encrypted.toggled.connect(self._on_encrypted)
        self._format.currentIndexChanged.connect(self._on_format)
        self._name.textEdited.connect(self._on_named)
        self._finish()
        self._name.setFocus()
        self._name.setSelection(0, len(self._name.text().removesuffix(".qcow2")))

    def wish(self) -> VolumeWish:
        passphrase = self._passphrase.text() if self._encrypted.isChecked() else ""
        return VolumeWish(self._name.text().strip(), self._bytes(), self._kind(), self._full.isChecked(), passphrase)

    def problem(self) -> Text | None:
        wrong = name_problem(self._name.text().strip(), self._taken)
        if wrong is not None:
            return wrong
        try:
            size = self._bytes()
        except sizes.SizeError as error:
            return error.why
        if size <= 0:
            return text("It needs a size.")
        if self._full.isChecked() and size > self._pool.available:
            return text(
                "There are only {free} left in {pool}.", free=units.size(self._pool.available), pool=self._pool.name
            )
        if self._encrypted.isChecked():
            if len(self._passphrase.text()) < LEAST:
                return text("A passphrase has at least {n} letters.", n=LEAST)
            if self._passphrase.text() != self._again.text():
                return text("The two passphrases are not the same.")
        return None

    def _bytes(self) -> int:
        return sizes.disk_bytes(self._size.text())

    def _kind(self) -> str:
        return str(self._format.currentData() or "") if self._pool.keeps_files else ""

    def _on_encrypted(self, on: bool) -> None:
        for line in (self._passphrase, self._again):
            line.setEnabled(on)
            line.setToolTip("" if on else tr("Tick “Encrypted” first."))
        self.check()

    def _on_named(self, _words: str) -> None:
        self._touched = True

    def _on_format(self) -> None:
        if not self._touched:
            self._name.setText(free_name(f"disk{_ENDINGS[self._kind()]}", self._taken))
        self.check()


class GrowDialog(_Checked):
    """`capacity()`, in bytes."""

    def __init__(self, parent: QWidget | None, row: Row) -> None:
        super().__init__(parent, tr("Enlarge {volume}", volume=row.name), tr("Enlarge"))
        self._least = row.image.capacity or 0
        self._size = self._line("size", sizes.written(self._least) if self._least else "")
        now = tr(
            "It has {size} now. It cannot become smaller: that would destroy what is in it.",
            size=units.size(self._least),
        )
        self.form.add(tr("New &size"), self._size, now)
        hint = Muted(tr("Partitions and file systems in it stay as they are: enlarge them in the guest afterwards."))
        self._finish()
        self.body.insertWidget(2, hint)
        self._wrong.tell(None)
        self._size.selectAll()
        self._size.setFocus()

    def capacity(self) -> int:
        return sizes.disk_bytes(self._size.text())

    def problem(self) -> Text | None:
        try:
            return None if self.capacity() > self._least else text("It must be larger than it is.")
        except sizes.SizeError as error:
            return error.why


class CopyDialog(_Checked):
    """A copy in a pool and format of choice: `pool()`, `name()`, `format()`."""

    def __init__(self, parent: QWidget | None, row: Row, pools: Sequence[Pool], names: Names) -> None:
        super().__init__(parent, tr("Copy {volume}", volume=row.name), tr("Copy"))
        self._row, self._names = row, names
        self._touched = False
        self._pools = _pool_box(pools, row.pool)
        self.form.add(tr("To the &pool"), self._pools)
        self._format = QComboBox()
        self._format.setObjectName("format")
        self._format.addItems(list(FORMATS))
        self._format.setCurrentText("raw" if row.image.format == "raw" else "qcow2")
        self.form.add(tr("&Format"), self._format, tr("Another one than it has now converts it."))
        self._name = self._line("name")
        self.form.add(tr("&Name"), self._name)
        self._pools.currentIndexChanged.connect(self._on_place)
        self._format.currentIndexChanged.connect(self._on_place)
        self._name.textEdited.connect(self._on_named)
        self._finish()
        self._on_place()

    def pool(self) -> Pool:
        chosen: Pool = self._pools.currentData()
        return chosen

    def format(self) -> str:
        return self._format.currentText() if self.pool().keeps_files else ""

    def name(self) -> str:
        return self._name.text().strip()

    def problem(self) -> Text | None:
        if self._pools.currentData() is None:
            return text("No storage pool is on.")
        pool = self.pool()
        if 0 < pool.available < self._row.allocation:
            return text("There are only {free} left in {pool}.", free=units.size(pool.available), pool=pool.name)
        return name_problem(self.name(), self._names(pool.name))

    def _on_named(self, _words: str) -> None:
        self._touched = True

    def _on_place(self) -> None:
        if self._pools.currentData() is None:
            return
        pool = self.pool()
        self._format.setEnabled(pool.keeps_files)
        self._format.setToolTip("" if pool.keeps_files else tr("This kind of pool knows no formats."))
        if not self._touched:
            stem = self._row.name
            for ending in _ENDINGS.values():
                stem = stem.removesuffix(ending)
            self._name.setText(
                free_name(stem + (_ENDINGS[self.format()] if self.format() else ""), self._names(pool.name))
            )
        self.check()


class MoveDialog(_Checked):
    """A machine's disk goes elsewhere: `pool()`, `keeps()` the old file."""

    def __init__(self, parent: QWidget | None, row: Row, user: User, pools: Sequence[Pool]) -> None:
        super().__init__(parent, tr("Move {volume} to another pool", volume=row.name), tr("Move"))
        self._row = row
        name, disk = user.machine, user.target
        if user.active:
            words = tr(
                "It is copied while {name} works with it as {disk}. When all is there, {name} goes on with the copy.",
                name=name,
                disk=disk,
            )
        else:
            words = tr(
                "It is copied while {name} is off. When all is there, the copy is its disk {disk}. "
                "If {name} is started before that, the disk stays where it is.",
                name=name,
                disk=disk,
            )
        about = PlainLabel(words)
        about.setWordWrap(True)
        self.body.addWidget(about)
        self._pools = _pool_box([pool for pool in pools if pool.name != row.pool and not_into(pool) is None])
        self._pools.currentIndexChanged.connect(self.check)
        self.form.add(tr("To the &pool"), self._pools)
        self._keep = CheckBox(tr("&Keep the old file"))
        self._keep.setObjectName("keep")
        self.form.add("", self._keep, tr("Else it is deleted, which frees {size}.", size=units.size(row.allocation)))
        if row.image.backing:
            self.form.add(
                "", Muted(tr("It stands on {path}. The copy holds all of that, too.", path=row.image.backing))
            )
        self._finish()

    def pool(self) -> Pool:
        chosen: Pool = self._pools.currentData()
        return chosen

    def keeps(self) -> bool:
        return self._keep.isChecked()

    def problem(self) -> Text | None:
        if self._pools.currentData() is None:
            return text("There is no other storage pool that is on.")
        pool = self.pool()
        if 0 < pool.available < self._row.allocation:
            return text("There are only {free} left in {pool}.", free=units.size(pool.available), pool=pool.name)
        return None


def _pool_box(pools: Sequence[Pool], chosen: str = "") -> QComboBox:
    box = QComboBox()
    box.setObjectName("pool")
    for pool in pools:
        if pool.active:
            box.addItem(tr("{pool}, {free} free", pool=pool.name, free=units.size(pool.available)), pool)
            if pool.name == chosen:
                box.setCurrentIndex(box.count() - 1)
    return box
