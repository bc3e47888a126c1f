"""Files dropped on the screen: copied into the guest by its agent, to the folder it has for that."""

import concurrent.futures
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from vmdesk.console.spice import words
from vmdesk.console.spice.glib import Library
from vmdesk.model.errors import VirtError

Progress = Callable[[int, int], None]  # bytes done, bytes in all; called on the library's thread
_TRANSFER_DISABLED = 13  # VD_AGENT_CAP_FILE_XFER_DISABLED


class Copy:
    """One copy of one or more files."""

    def __init__(self, library: Library, paths: Sequence[Path], progress: Progress | None) -> None:
        self._library = library
        self._paths = tuple(paths)
        self._progress = progress
        self._cancel: Any = library.gio.Cancellable()
        self._tasks: list[tuple[Any, int]] = []
        self.done: concurrent.futures.Future[None] = concurrent.futures.Future()
        self.done.set_running_or_notify_cancel()

    def start(self, main: Any) -> None:
        """On the library's thread; `main`: the main channel, None if there is none."""
        if self.done.done():
            return
        if main is None or not main.get_property("agent-connected"):
            self.fail(VirtError(words.no_agent() if main is not None else words.not_open()))
        elif main.agent_test_capability(_TRANSFER_DISABLED):
            self.fail(VirtError(words.files_locked("")))
        else:
            none = self._library.gio.FileCopyFlags.NONE
            sources = [self._library.gio.File.new_for_path(str(path)) for path in self._paths]
            # Not with its progress callback: the binding frees that when the call returns.
            number = self._library.on(main, "new-file-transfer", self._on_task)
            main.file_copy_async(sources, none, self._cancel, None, None, self._on_done, None)
            self._library.off(main, number)

    def cancel(self) -> None:
        """On the library's thread."""
        self._cancel.cancel()
        self._end()

    def fail(self, error: VirtError) -> None:
        if not self.done.done():
            self.done.set_exception(error)

    def _on_task(self, _main: Any, task: Any) -> None:
        """A file is about to be copied."""
        self._tasks.append((task, self._library.on(task, "notify::progress", self._on_progress)))

    def _on_progress(self, *_: Any) -> None:
        if self._progress and not self.done.done():
            done = sum(task.get_transferred_bytes() for task, _ in self._tasks)
            self._progress(done, sum(task.get_total_bytes() for task, _ in self._tasks))

    def _end(self) -> None:
        for task, number in self._tasks:
            self._library.off(task, number)
        self._tasks.clear()

    def _on_done(self, main: Any, result: Any, *_: Any) -> None:
        gio = self._library.gio
        self._on_progress()
        self._end()
        try:
            main.file_copy_finish(result)
        except self._library.glib.Error as error:
            io = gio.io_error_quark()
            if error.matches(io, gio.IOErrorEnum.PERMISSION_DENIED) or error.matches(io, gio.IOErrorEnum.NOT_FOUND):
                problem = words.file_unreadable(error.message)
            elif "disabled" in error.message:
                problem = words.files_locked(error.message)
            else:
                problem = words.file_failed(error.message)
            self.fail(VirtError(problem))
        else:
            if not self.done.done():
                self.done.set_result(None)
