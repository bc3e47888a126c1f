"""What is done on the storage page: asked for in a dialog, done as a job."""

from collections.abc import Callable, Collection, Coroutine, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QFileDialog, QWidget

from vmdesk.core import units
from vmdesk.core.command import Confirm, Question
from vmdesk.core.jobs import Report
from vmdesk.core.storage.kinds import PoolWish, holders
from vmdesk.core.storage.rows import Row
from vmdesk.core.storage.work import Able, Seen
from vmdesk.model.domain import DomainKey
from vmdesk.model.storage import Pool
from vmdesk.model.text import Text, text, textn, tr
from vmdesk.ui.dialogs.volume import CopyDialog, GrowDialog, MoveDialog, NewVolumeDialog, free_name, name_problem
from vmdesk.ui.later import load
from vmdesk.ui.parts import Parts

LISTED = 50  # volumes written out in a question


class Acts:
    """`run(name, ...)`: by the names of the page's actions. `seen`: what the page read last."""

    def __init__(
        self, parts: Parts, host: str, seen: Callable[[], Seen | None], able: Callable[[], Able | None]
    ) -> None:
        self._parts, self._host = parts, host
        self._look, self._ask_able = seen, able

    @property
    def _seen(self) -> Seen | None:
        return self._look()

    @property
    def _able(self) -> Able:
        return self._ask_able() or Able()

    def run(self, name: str, pool: Pool | None, chosen: Sequence[Row]) -> None:
        """Ask what has to be asked and do it; nothing where it makes no sense."""
        if name == "new_pool":
            self._spawn(self._new_pool())
        elif name in ("new", "upload", "start", "stop", "refresh", "autostart", "forget"):
            if pool is not None:
                self._on_pool(name, pool)
        elif chosen:
            self._on_volumes(name, list(chosen))

    def low_words(self, pool: Pool) -> Text | None:
        """What is to be said of its room."""
        said: Text | None = self._parts.storage.room.low(pool)
        return said

    def open_machine(self, uuid: str) -> None:
        key = DomainKey(self._host, uuid)
        if key in self._parts.store.domains:
            self._parts.shell.open_machine(key)

    def upload(self, pool: Pool | None, file: Path) -> None:
        """A file of this computer becomes a volume of that name, or of the one that is said instead."""
        if pool is not None:
            self._spawn(self._upload(pool, file))

    # ---------------------------------------------------------------- pools

    def _on_pool(self, name: str, pool: Pool) -> None:
        storage = self._parts.storage
        match name:
            case "new":
                self._spawn(self._new(pool))
            case "upload":
                self._choose_file(pool)
            case "start":
                title = text("Starting the storage pool {pool}", pool=pool.name)
                self._job(title, lambda _report: storage.start_pool(self._host, pool.name))
            case "stop":
                self._spawn(self._stop(pool))
            case "refresh":
                title = text("Refreshing the storage pool {pool}", pool=pool.name)
                self._job(title, lambda _report: storage.refresh_pool(self._host, pool.name))
            case "autostart":
                title = text("Setting the automatic start of the storage pool {pool}", pool=pool.name)
                self._job(title, lambda _report: storage.set_autostart(self._host, pool.name, not pool.autostart))
            case "forget":
                self._spawn(self._forget(pool))

    async def _new_pool(self) -> None:
        pools = self._seen.pools if self._seen else ()
        able, storage = self._ask_able(), self._parts.storage
        if able is None:
            return
        dialog = load("new-pool")(
            self._parent(),
            able,
            [pool.name for pool in pools],
            lambda wish: storage.find_sources(self._host, wish),
            self._parts.jobs,
        )
        if not await dialog.answer():
            return
        wish = dialog.wish()
        if wish.destroys and not await self._may_destroy(wish):
            return
        title = text("Making the storage pool {pool}", pool=wish.name)
        self._job(title, lambda _report: self._parts.storage.make_pool(self._host, wish))

    async def _may_destroy(self, wish: PoolWish) -> bool:
        """What would be gone, said before it is."""
        devices = wish.destroys
        users = holders(self._seen.rows if self._seen else (), devices)
        if users:
            lines: list[Text | str] = [text("{name} uses {path}", name=name, path=path) for name, path in users]
        else:
            lines = list(devices)
        confirm = Confirm(
            "pool.overwrite",
            text("Destroy all that is on {devices}?", devices=", ".join(devices)),
            text("Machines need what is on it, and would lose it. Nobody can bring that back.")
            if users
            else text("Files, partitions and volumes on it are gone for good, also those that VMDesk does not know."),
            text("Destroy it and make the pool"),
            tuple(lines),
            always=True,
        )
        return bool(await self._parts.context.ask.confirm(confirm))

    async def _stop(self, pool: Pool) -> None:
        users = self._running(pool)
        confirm = Confirm(
            "pool.stop",
            text("Stop {pool}?", pool=pool.name),
            text("These running machines have disks in it:")
            if users
            else text("Its volumes stay where they are. Machines with disks in it may not start until it is on again."),
            text("Stop"),
            tuple(users),
        )
        if await self._parts.context.ask.confirm(confirm):
            title = text("Stopping the storage pool {pool}", pool=pool.name)
            self._job(title, lambda _report: self._parts.storage.stop_pool(self._host, pool.name))

    def _running(self, pool: Pool) -> list[str]:
        rows = self._seen.of(pool.name) if self._seen else ()
        return sorted({user.machine for row in rows for user in row.users if user.active})

    async def _forget(self, pool: Pool) -> None:
        rows = self._seen.of(pool.name) if self._seen else ()
        users = sorted({user.machine for row in rows for user in row.users})
        lines: list[Text | str] = []
        if pool.active:
            size = units.size(sum(row.allocation for row in rows))
            lines.append(
                textn(
                    "{n} volume ({size}) stays where it is.",
                    "{n} volumes ({size}) stay where they are.",
                    len(rows),
                    size=size,
                )
            )
        else:
            lines.append(text("It is off: nobody knows what is in it. That stays where it is."))
        lines += [pool.target] if pool.target else []
        lines += [text("Used by {name}", name=name) for name in users[:LISTED]]
        confirm = Confirm(
            "pool.forget",
            text("Delete the storage pool {pool}?", pool=pool.name),
            text("libvirt forgets the pool; no volume is deleted. VMDesk and machines that name it find them no more."),
            text("Delete the pool"),
            tuple(lines),
            always=True,
        )
        if await self._parts.context.ask.confirm(confirm):
            title = text("Removing the storage pool {pool}", pool=pool.name)
            self._job(title, lambda _report: self._parts.storage.forget_pool(self._host, pool))

    # ---------------------------------------------------------------- into a pool

    async def _new(self, pool: Pool) -> None:
        dialog = NewVolumeDialog(self._parent(), pool, self._names(pool.name), self._able.encrypts)
        if not await dialog.answer():
            return
        wish = dialog.wish()
        title = text("Making the volume {volume} in {pool}", volume=wish.name, pool=pool.name)
        self._job(title, lambda report: self._parts.storage.make(self._host, pool, wish, report))

    def _choose_file(self, pool: Pool) -> None:
        dialog = QFileDialog(self._parent(), tr("Choose a file to upload"))
        dialog.setObjectName("upload-dialog")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.finished.connect(dialog.deleteLater)
        dialog.fileSelected.connect(lambda file: self.upload(pool, Path(file)))
        dialog.open()

    async def _upload(self, pool: Pool, file: Path) -> None:
        taken = self._names(pool.name)
        question = Question(
            text("Upload {file} to {pool}", file=file.name, pool=pool.name),
            text("Name of the volume:"),
            free_name(file.name, taken),
            text("Upload"),
            lambda answer: name_problem(answer, taken),
        )
        name = await self._parts.context.ask.text(question)
        if name is None:
            return
        title = text("Uploading {file} to {pool}", file=file.name, pool=pool.name)
        self._job(title, lambda report: self._parts.storage.upload(self._host, pool, name, file, report))

    # ---------------------------------------------------------------- volumes

    def _on_volumes(self, name: str, chosen: list[Row]) -> None:
        if name == "delete":
            self._spawn(self._delete(chosen))
        elif name == "wipe":
            self._spawn(self._wipe(chosen))
        elif name == "download":
            self._choose_target(chosen[0])
        elif name == "grow":
            self._spawn(self._grow(chosen[0]))
        elif name == "copy":
            self._spawn(self._copy(chosen[0]))
        elif name == "move":
            self._spawn(self._move(chosen[0]))

    def _choose_target(self, row: Row) -> None:
        dialog = QFileDialog(self._parent(), tr("Save {volume} as", volume=row.name), row.name)
        dialog.setObjectName("download-dialog")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)  # a file that is there is never overwritten
        dialog.finished.connect(dialog.deleteLater)
        dialog.fileSelected.connect(lambda file: self.download(row, Path(file)))
        dialog.open()

    def download(self, row: Row, target: Path) -> None:
        title = text("Downloading {volume}", volume=row.name)
        self._job(title, lambda report: self._parts.storage.download(self._host, row, target, report))

    async def _grow(self, row: Row) -> None:
        dialog = GrowDialog(self._parent(), row)
        if not await dialog.answer():
            return
        capacity = dialog.capacity()
        title = text("Enlarging the volume {volume}", volume=row.name)
        self._job(title, lambda _report: self._parts.storage.grow(self._host, row, capacity))

    async def _copy(self, row: Row) -> None:
        dialog = CopyDialog(self._parent(), row, self._seen.pools if self._seen else (), self._names)
        if not await dialog.answer():
            return
        pool, name, kind = dialog.pool(), dialog.name(), dialog.format()
        title = text("Copying {volume} to {pool}", volume=row.name, pool=pool.name)
        self._job(title, lambda report: self._parts.storage.copy(self._host, row, pool, name, kind, report))

    async def _move(self, row: Row) -> None:
        user = row.moving()
        if user is None:
            return
        pools = self._seen.pools if self._seen else ()
        dialog = MoveDialog(self._parent(), row, user, pools)
        if not await dialog.answer():
            return
        pool, keep = dialog.pool(), dialog.keeps()

        async def work(report: Report) -> None:
            done = await self._parts.storage.move(self._host, user.uuid, user.target, pool.name, keep, report)
            report(1.0, text("It is {path} now", path=done.path))

        title = text("Moving {disk} of {name} to {pool}", disk=user.target, name=user.machine, pool=pool.name)
        self._job(title, work, (DomainKey(self._host, user.uuid),))

    async def _wipe(self, chosen: list[Row]) -> None:
        confirm = Confirm(
            "volume.wipe",
            _asked(chosen, text("Wipe {volume}?", volume=chosen[0].name), text("Wipe {n} volumes?", n=len(chosen))),
            text("All that is in it is overwritten with zeroes. Nobody can bring that back."),
            text("Wipe"),
            _lines(chosen),
            always=True,
        )
        if not await self._parts.context.ask.confirm(confirm):
            return
        for row in chosen:
            title = text("Wiping {volume}", volume=row.name)
            self._job(title, partial(self._wiped, row), cancellable=False)

    async def _wiped(self, row: Row, _report: Report) -> None:
        await self._parts.storage.wipe(self._host, row)

    async def _delete(self, chosen: list[Row]) -> None:
        size = units.size(sum(row.allocation for row in chosen))
        confirm = Confirm(
            "volume.delete",
            _asked(chosen, text("Delete {volume}?", volume=chosen[0].name), text("Delete {n} volumes?", n=len(chosen))),
            text("No machine needs it. It goes for good, which frees {size}.", size=size)
            if len(chosen) == 1
            else text("No machine needs them. They go for good, which frees {size}.", size=size),
            text("Delete"),
            _lines(chosen),
            always=True,
        )
        if not await self._parts.context.ask.confirm(confirm):
            return

        async def work(report: Report) -> None:
            freed = await self._parts.storage.delete(self._host, chosen, report)
            report(1.0, text("{size} freed", size=units.size(freed)))

        title = _asked(
            chosen, text("Deleting {volume}", volume=chosen[0].name), text("Deleting {n} volumes", n=len(chosen))
        )
        self._job(title, work)

    # ----------------------------------------------------------------

    def _names(self, pool: str) -> Collection[str]:
        return {row.name for row in self._seen.of(pool)} if self._seen else set()

    def _parent(self) -> QWidget:
        return self._parts.shell.widget()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._parts.jobs.spawn("storage", work)

    def _job(
        self,
        title: Text,
        work: Callable[[Report], Coroutine[Any, Any, Any]],
        keys: tuple[DomainKey, ...] = (),
        cancellable: bool = True,
    ) -> None:
        self._parts.jobs.start(title, work, keys, cancellable, self._host)


def _asked(chosen: Sequence[Row], one: Text, many: Text) -> Text:
    return one if len(chosen) == 1 else many


def _lines(chosen: Sequence[Row]) -> tuple[Text | str, ...]:
    """Which exactly, with their sizes."""
    lines: list[Text | str] = [f"{row.image.path} ({units.size(row.allocation)})" for row in chosen[:LISTED]]
    if len(chosen) > LISTED:
        lines.append(text("and {n} more", n=len(chosen) - LISTED))
    return tuple(lines)
