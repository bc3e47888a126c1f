"""One SQLite file, used from one worker of its own, shared safely with other processes.

A file that is no database of ours is set aside as NAME.broken-TIME, a notice is given, and work goes on with a new one.
Where nothing can be written at all, a notice is given once and what was to be stored is not.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import TypeVar

from vmdesk.core.aside import free_name
from vmdesk.model.errors import Problem
from vmdesk.model.text import text

T = TypeVar("T")

BUSY = 10.0  # seconds to wait while another process writes
_NOT_OURS = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISMATCH}


class _NotOursError(Exception):
    """A sound database, but somebody else's."""


class Database:
    """`run` gives a function of the caller the connection, in the worker, inside one transaction.

    schema    SQL that makes the tables; `version` its number, kept in user_version
    executor  a lane with one worker
    notice    hears, on the main thread, of what went wrong
    """

    def __init__(
        self,
        file: Path,
        schema: str,
        version: int,
        executor: Executor,
        notice: Callable[[Problem], None],
        page_size: int = 4096,
    ) -> None:
        self._file = file
        self._schema = schema
        self._version = version
        self._executor = executor
        self._notice = notice
        self._page_size = page_size
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._problems: list[Problem] = []
        self._told_unwritable = False
        self._closed = False

    async def run(self, work: Callable[[sqlite3.Connection], T], otherwise: T, write: bool = True) -> T:
        """The result of `work(connection)`; `otherwise` where the file could not be used.

        `work` may be called twice: the second time on a fresh file, when the first one turned out to be broken.
        """
        if self._closed:
            return otherwise
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._executor, self._work, work, otherwise, write)
        finally:
            problems, self._problems = self._problems, []
            for problem in problems:
                self._notice(problem)

    async def close(self) -> None:
        """Finish what is waiting and close the file."""
        if not self._closed:
            self._closed = True
            await asyncio.get_running_loop().run_in_executor(self._executor, self._drop)

    def _work(self, work: Callable[[sqlite3.Connection], T], otherwise: T, write: bool) -> T:
        for attempt in (1, 2):
            try:
                return self._transaction(self._open(), work, write)
            except (sqlite3.Error, _NotOursError, OSError) as error:
                if attempt == 1 and _broken(error) and self._set_aside(error):
                    continue
                self._drop()
                self._unwritable(error)
                break
        return otherwise

    def _transaction(self, connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], T], write: bool) -> T:
        connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
        try:
            result = work(connection)
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
        return result

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file.touch(mode=0o600)
            self._inode = self._file.stat().st_ino
            # Only this worker uses it, but close() may come from a later one of the same lane.
            connection = sqlite3.connect(self._file, timeout=BUSY, isolation_level=None, check_same_thread=False)
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version != self._version:
            (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if version or tables:
                raise _NotOursError(f"user_version is {version}, wanted {self._version}")
            connection.execute(f"PRAGMA page_size = {self._page_size:d}")
        _patiently(lambda: connection.execute("PRAGMA journal_mode = WAL"))
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA journal_size_limit = 4000000")
        connection.execute("PRAGMA wal_autocheckpoint = 250")
        if version != self._version:
            connection.execute("BEGIN IMMEDIATE")
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version != self._version:  # else another process was quicker
                for statement in self._schema.split(";"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {self._version:d}")
            connection.execute("COMMIT")

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _set_aside(self, error: Exception) -> bool:
        """Rename the broken file; False where that is not possible."""
        self._drop()
        aside = free_name(self._file)
        try:
            if self._file.stat().st_ino != self._inode:  # another process has done it meanwhile
                return True
            self._file.rename(aside)
            for ending in ("-wal", "-shm"):
                self._file.with_name(self._file.name + ending).unlink(missing_ok=True)
        except OSError:
            return False
        self._problems.append(
            Problem(
                text("{file} is damaged or is not a file of VMDesk.", file=str(self._file)),
                None,
                text("It was set aside as {aside}; VMDesk goes on with a new one.", aside=str(aside)),
                str(error),
                name="database-broken",
            )
        )
        return True

    def _unwritable(self, error: Exception) -> None:
        if not self._told_unwritable:
            self._told_unwritable = True
            self._problems.append(
                Problem(
                    text("{file} cannot be used.", file=str(self._file)),
                    None,
                    text("Check the folder's owner and free space. Until then nothing is kept for later."),
                    str(error),
                    name="database-unusable",
                )
            )


def _broken(error: Exception) -> bool:
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) & 0xFF in _NOT_OURS
    return isinstance(error, _NotOursError)


def _patiently(step: Callable[[], object]) -> None:
    """The switch to WAL does not wait for other processes by itself."""
    give_up = time.monotonic() + BUSY
    while True:
        try:
            step()
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
        time.sleep(0.02)
