"""From arguments to an exit code: 0 done, 1 something failed, 2 wrong usage, 130 Ctrl+C. Never a traceback."""

import argparse
import asyncio
import sys
import traceback
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from vmdesk import __version__
from vmdesk.cli import acting, arguments, console, create, edit, files, pool_options, reading, stores
from vmdesk.cli.arguments import Help, Parser, Shared, Usage, VerbParser, shared_options
from vmdesk.cli.output import Unwritten, finish, give_up, say, told
from vmdesk.cli.session import Session, Window
from vmdesk.core import choice, language
from vmdesk.core.paths import Paths
from vmdesk.core.settings import SettingsFile
from vmdesk.model.errors import VirtError
from vmdesk.model.host import HostConfig
from vmdesk.model.text import Text, text, tr

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130


@dataclass(frozen=True, slots=True)
class Verb:
    """One word of the command line.

    arguments  adds what is its own
    check      looks at the arguments before any host is opened; raises Usage
    acts       changes machines: only when all hosts could be opened, for a name might be another host's, too
    without    does it without any host, where `alone` says so of the arguments
    """

    name: str
    help: Text
    run: Callable[[Session, argparse.Namespace], Awaitable[int]]
    arguments: Callable[[argparse.ArgumentParser], None] = arguments.names
    check: Callable[[argparse.Namespace], None] = lambda options: None
    acts: bool = True
    alias: str = ""
    alone: Callable[[argparse.Namespace], bool] = lambda options: False
    without: Callable[[argparse.Namespace], int] = lambda options: DONE


_VERBS = (
    Verb(
        "list",
        text("the machines and their states"),
        reading.list_machines,
        arguments.list_arguments,
        reading.check_filter,
        acts=False,
    ),
    Verb("show", text("all about machines"), reading.show, acts=False),
    Verb("create", text("make new machines"), create.create, create.arguments, create.check),
    Verb(
        "edit",
        text("change a machine's hardware and limits, now and for its next starts"),
        edit.edit,
        edit.arguments,
        edit.check,
        alone=edit.alone,
        without=edit.edit_text,
    ),
    Verb("start", text("start machines, from their saved state if they have one"), acting.start, arguments.start),
    Verb("shutdown", text("ask guests to shut down"), acting.shut_down, arguments.shutdown),
    Verb("reboot", text("ask guests to restart"), acting.of("domain.reboot")),
    Verb("reset", text("press the reset button: unsaved data is lost"), acting.of("domain.reset")),
    Verb("poweroff", text("force off: unsaved data is lost"), acting.of("domain.poweroff"), alias="destroy"),
    Verb("pause", text("pause machines"), acting.of("domain.pause")),
    Verb("resume", text("let paused machines run on"), acting.of("domain.resume")),
    Verb("save", text("save the memory to disk and stop; the next start goes on from there"), acting.of("domain.save")),
    Verb("discard-save", text("delete the saved memory"), acting.of("domain.discard-save")),
    Verb(
        "autostart",
        text("start machines with their host, or not"),
        acting.autostart,
        arguments.autostart,
        arguments.check_autostart,
    ),
    Verb("rename", text("give a machine another name"), acting.rename, arguments.rename),
    Verb("undefine", text("delete definitions; lists the files that stay"), acting.undefine),
    Verb("snapshot", text("snapshots of a machine"), files.run_snapshot, files.snapshot, files.check_snapshot),
    Verb("clone", text("copy a machine that is off"), files.run_clone, files.clone),
    Verb("template", text("make a machine a template for clones"), files.run_template, files.template),
    Verb(
        "trash",
        text("put a machine into the trash: nothing is deleted"),
        files.run_trash,
        files.trash,
        files.check_trash,
    ),
    Verb("delete", text("delete a machine for good; its disks only if told so"), files.run_delete, files.delete),
    Verb("orphans", text("disk images that nobody needs"), files.run_orphans, arguments.nothing, acts=False),
    Verb("pool", text("storage pools"), stores.run_pool, pool_options.pool, pool_options.check),
    Verb("volume", text("volumes of storage pools"), stores.run_volume, stores.volume, stores.check_volume),
    Verb("network", text("virtual networks"), stores.run_network, stores.network, stores.check_network),
    Verb(
        "stats",
        text("CPU, memory, disk and network of running machines"),
        reading.show_stats,
        arguments.stats,
        acts=False,
    ),
    Verb("slow", text("what holds running machines back"), reading.show_slow, arguments.slow, acts=False),
    Verb("tag", text("show, add and remove tags"), acting.tag, arguments.tag),
    Verb(
        "console",
        text("a picture of the screen, keys to it, the text console"),
        console.console,
        console.arguments,
        console.check,
    ),
    Verb("open", text("open the window at a machine"), acting.open_window, arguments.one_name),
    Verb("host", text("what the host is and can do"), reading.host, arguments.nothing, acts=False),
)

VERBS = (*(verb.name for verb in _VERBS), *(verb.alias for verb in _VERBS if verb.alias))
_BY_NAME = {verb.name: verb for verb in _VERBS} | {verb.alias: verb for verb in _VERBS if verb.alias}


def main(argv: Sequence[str], window: Window | None = None) -> int:
    """Run `vmdesk ARGUMENTS` without a window; the exit code.

    window  starts the window with these arguments and gives its exit code; for `open` when no window is open yet
    """
    code, then_window = DONE, list[str]()
    try:
        try:
            code, then_window = _main(argv)
        finally:
            finish()
    except Usage as error:
        say(error)
        code = USAGE
    except KeyboardInterrupt:
        say(tr("interrupted"))
        code = INTERRUPTED
    except BrokenPipeError:  # whoever read our result has seen enough
        give_up(sys.stdout)
        code = FAILED
    except Unwritten as error:
        if not isinstance(error.why, BrokenPipeError):
            say(tr("The result could not be written: {why}", why=error.why.strerror))
        code = FAILED
    except SystemExit as end:  # argparse's way after --help and --version
        code = end.code if isinstance(end.code, int) else FAILED
    except Exception as error:
        _tell_mistake(error, "--debug" in argv)
        code = FAILED
    if then_window:
        if window is None:
            say(tr("The window cannot be opened from here."))
            return FAILED
        return window(then_window)
    return code


def _tell_mistake(error: BaseException, debug: bool) -> None:
    say(tr("The program made a mistake: {error}", error=repr(error)))
    if debug:
        traceback.print_exception(error)


def _main(argv: Sequence[str]) -> tuple[int, list[str]]:
    """The exit code, and the arguments of the window that is to be opened now (none: no window)."""
    _let_everything_be_printed()
    language.use()  # until the settings are read
    shared, rest = shared_options(argv)
    check_folder(shared.settings_dir)
    paths = Paths.of(shared.settings_dir)
    settings = SettingsFile(paths.settings_file)
    settings.load()
    language.use(settings.current.language)
    for notice in settings.notices:
        say(told(notice, shared.debug))
    options = _parser().parse_args(rest)
    verb = _BY_NAME[options.verb]
    verb.check(options)
    if verb.alone(options):
        return verb.without(options), []
    configs = _chosen(shared, settings)
    session = Session(shared, paths, settings)
    with asyncio.Runner() as runner:
        code = runner.run(_run(session, verb, options, configs))
    for bug in session.bugs:
        _tell_mistake(bug, shared.debug)
    then = _window_arguments(shared, session.then_window) if session.then_window else []
    return (FAILED if session.failed or session.bugs else code), then


def check_folder(folder: Path | None) -> None:
    """`--settings-dir list` has swallowed a verb: raises Usage unless there is such a folder."""
    if folder is not None and str(folder) in VERBS and not folder.is_dir():
        message = tr(
            'After --settings-dir a folder is wanted, and "{word}" is a verb. For a folder of that name: ./{word}',
            word=folder,
        )
        raise Usage(message)


def _chosen(shared: Shared, settings: SettingsFile) -> list[HostConfig] | None:
    """The hosts of --connect; refused before anything is opened."""
    try:
        return choice.hosts(shared.connect, settings.current) if shared.connect else None
    except VirtError as error:
        raise Usage(told(error.problem, shared.debug)) from error


async def _run(session: Session, verb: Verb, options: argparse.Namespace, configs: Sequence[HostConfig] | None) -> int:
    try:
        whole = await session.connect(configs)
        if not session.links.open or (verb.acts and not whole):
            return FAILED
        await session.tidy_up()
        code = await verb.run(session, options)
    except VirtError as error:
        session.complain(told(error.problem, session.shared.debug))
        code = FAILED
    finally:
        await session.close()
    # Ctrl+C while a job was awaited ended the job, and was taken for its end: it was meant for all of us.
    if (task := asyncio.current_task()) and task.cancelling():
        raise asyncio.CancelledError
    return code


def _window_arguments(shared: Shared, more: list[str]) -> list[str]:
    given = [word for one in shared.connect for word in ("--connect", one)]
    given += ["--settings-dir", str(shared.settings_dir)] if shared.settings_dir else []
    return [*given, *(["--debug"] if shared.debug else []), *more]


def _let_everything_be_printed() -> None:
    """A name that the terminal's encoding lacks is no reason to stop."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _parser() -> Parser:
    common = _common_help()
    parser = Parser(
        "vmdesk",
        description=tr("Virtual machines in a window. With a verb the same is done without one, here."),
        usage="vmdesk [OPTION]...\n       vmdesk [OPTION]... " + tr("VERB") + " ...",
        epilog=f"{_window_help()}\n\n{common}",
        formatter_class=Help,
        allow_abbrev=False,
    )
    shown = tr("show the version and end")
    parser.add_argument("--version", action="version", version=f"VMDesk {__version__}", help=shown)
    places = parser.add_subparsers(
        dest="verb", metavar=tr("VERB"), required=True, prog="vmdesk", parser_class=VerbParser
    )
    for verb in _VERBS:
        sub = places.add_parser(
            verb.name,
            aliases=[verb.alias] if verb.alias else [],
            help=str(verb.help),
            description=str(verb.help),
            epilog=common,
            formatter_class=Help,
            allow_abbrev=False,
        )
        verb.arguments(sub)
    return parser


def _window_help() -> str:
    return "\n".join(
        (
            tr("Options of the window:"),
            "  --connect URI|HOST  " + tr("only this host; repeatable. Without it: the hosts of the last time"),
            "  --demo              " + tr("only the practice host"),
            "  --tour DIR          " + tr("walk through the window by itself, leave a picture of each page in DIR"),
            "  --settings-dir DIR  " + tr("the settings of another folder"),
            "  --debug             " + tr("tell more on stderr"),
        )
    )


def _common_help() -> str:
    return "\n".join(
        (
            tr("Before or after the verb:"),
            "  --connect URI|HOST  " + tr("a libvirt address or a remembered host's name; repeatable. Without it:"),
            "                      " + tr("the first of qemu:///system, qemu:///session that opens."),
            "                      " + tr('"practice" is the practice host. Here it lives for one command:'),
            "                      " + tr("whatever is done to it is forgotten at the end."),
            "  --demo              " + tr("the same as --connect practice"),
            "  --json              " + tr("the result as JSON"),
            "  --settings-dir DIR  " + tr("the settings of another folder"),
            "  --debug             " + tr("tell more on stderr"),
            tr("NAME is a machine's name or UUID; names that begin with a dash stand behind --."),
            tr("Exit code: 0 done, 1 something failed, 2 wrong usage, 130 interrupted."),
        )
    )
