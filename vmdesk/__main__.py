"""Arguments to the window or to a command."""

import gc
import signal
import sys

# Until there is somebody to answer it, Ctrl+C ends the program as it ends others: without a traceback. (Not where this
# is a module of another program.)
_OURS = sys.argv[:1] and sys.argv[0].endswith(("/vmdesk", "vmdesk/__main__.py"))
if _OURS and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

# What is loaded and built now stays: looking for garbage in it is a tenth of the start. App takes it up again.
gc.disable()
# asyncio would load TLS for its own connections; ours have none, or bring it themselves (console/vnc).
_TLS = "ssl" not in sys.modules
if _TLS:
    sys.modules["ssl"] = None  # type: ignore[assignment]

# ruff: noqa: E402
import asyncio  # noqa: F401

if _TLS:
    del sys.modules["ssl"]

from vmdesk.model import dataclass_methods

if _OURS:
    dataclass_methods.put_off()

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from vmdesk.cli.arguments import Help, Parser, Usage, wanted
from vmdesk.cli.output import say
from vmdesk.core import choice, language, streams
from vmdesk.core.paths import Paths
from vmdesk.core.settings import SettingsFile
from vmdesk.core.single import send
from vmdesk.model.errors import VirtError
from vmdesk.model.text import tr
from vmdesk.ui import binding
from vmdesk.ui.display import display_problem


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code of `vmdesk ARGUMENTS`."""
    streams.fill_closed()
    words = list(sys.argv[1:] if argv is None else argv)
    if not wanted(words):
        return _window(words)
    # Not loaded for the window: it would be a tenth of the start.
    from vmdesk.cli.main import main as run

    gc.enable()
    with _ctrl_c_raises():
        return run(words, _window)


@contextlib.contextmanager
def _ctrl_c_raises() -> Iterator[None]:
    """Ctrl+C is answered by the command line: everything is closed first. Not where whoever started us ignores it."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def _window(words: Sequence[str]) -> int:
    """The window, or why there is none. All that can be said without Qt is said before Qt is loaded."""
    language.use()  # until the settings are read
    parser = Parser("vmdesk", usage="vmdesk [OPTION]...", formatter_class=Help, allow_abbrev=False)
    parser.add_argument("--connect", action="append", default=[])
    parser.add_argument("--demo", action="store_true")
    parser.add_argument("--settings-dir", type=Path)
    parser.add_argument("--debug", action="store_true")
    parser.add_argument("--tour", type=Path)
    parser.add_argument("--open", default="")
    try:
        given = parser.parse_args(words)
        _check_folder(given.settings_dir)
    except Usage as error:
        return _refused(2, str(error))
    connect = [*given.connect, *(["practice"] if given.demo else [])]
    paths = Paths.of(given.settings_dir)
    settings = SettingsFile(paths.settings_file)
    settings.load()
    language.use(settings.current.language)
    try:
        choice.hosts(connect, settings.current)
    except VirtError as error:
        return _refused(2, str(error.problem))
    message = {"do": "open" if given.open else "raise", "uuid": given.open, "connect": connect}
    if given.tour is None and send(paths.socket, message):
        print(tr("VMDesk runs already: its window was raised."), file=sys.stderr)
        return 0
    if problem := display_problem():
        return _refused(1, problem)
    try:
        paths.make()
    except OSError as error:
        return _refused(1, tr("The folder {folder} cannot be used: {why}", folder=error.filename, why=error.strerror))
    binding.load()
    # Not loaded for the command line: it works where there is no Qt, and starts in a tenth of the time.
    from vmdesk import app

    return app.run(app.Options(tuple(connect), given.debug, given.tour, given.open), paths, settings)


def _check_folder(folder: Path | None) -> None:
    """Raises Usage where a verb was taken for the folder. A path with more than one part is no verb."""
    if folder is not None and len(folder.parts) == 1 and not folder.is_dir():
        from vmdesk.cli.main import check_folder

        check_folder(folder)


def _refused(code: int, why: str) -> int:
    say(why)
    return code


if __name__ == "__main__":
    sys.exit(main())
