"""The composition root of the window: builds the parts, joins them, closes them. The only importer of qasync.

What is seen is loaded and built (ui/front.py) while the hosts are being opened: both take about as long.
"""

import asyncio
import contextlib
import gc
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from vmdesk import __version__
from vmdesk.core import choice, failures, garbage
from vmdesk.core import practice as practice_host
from vmdesk.core.activity import Activity
from vmdesk.core.answers import Answer, Answers
from vmdesk.core.archive import Archive
from vmdesk.core.calls import Calls
from vmdesk.core.command import Ask, Context
from vmdesk.core.history import History
from vmdesk.core.hosts import Hosts
from vmdesk.core.jobs import Jobs
from vmdesk.core.journal import Journal
from vmdesk.core.labels import LocalLabels
from vmdesk.core.notify import Announcement, Notifier
from vmdesk.core.paths import Paths
from vmdesk.core.practice import Practice
from vmdesk.core.recorder import Recorder
from vmdesk.core.sampler import Sampler
from vmdesk.core.sessions import Sessions
from vmdesk.core.settings import SettingsFile
from vmdesk.core.single import Listening, listen
from vmdesk.core.store import Changes, Store
from vmdesk.core.trace import Trace
from vmdesk.core.wallet import Wallet
from vmdesk.core.ways import Ways
from vmdesk.model.domain import Domain, DomainKey, Labels
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.host import HostConfig, Link
from vmdesk.model.prompt import Prompt
from vmdesk.ui.later import load, load_window
from vmdesk.ui.parts import Parts, Shell
from vmdesk.ui.remembered import Remembered
from vmdesk.virt import guest, listing
from vmdesk.virt.connection import Connection
from vmdesk.virt.lane import Lane

LAST = 4.0  # seconds for everything that has to be written at the end
HEAD_START = 0.06  # seconds for a host to be listed before the window is drawn: drawing it twice takes longer


@dataclass(frozen=True)
class Options:
    """The window's part of the command line."""

    connect: tuple[str, ...] = ()
    debug: bool = False
    tour: Path | None = None
    open: str = ""  # a machine's UUID


class _Labels(LocalLabels):
    """Labels of machines whose driver keeps none; the table hears of a change at once."""

    def __init__(self, file: Path) -> None:
        super().__init__(file)
        self.changed: Callable[[DomainKey], None] = lambda key: None

    def put(self, key: DomainKey, labels: Labels) -> None:
        super().put(key, labels)
        self.changed(key)


class _Later:
    """Stands in for something until it is first used."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make

    def __getattr__(self, name: str) -> Any:
        thing = self._make()
        self.__dict__.update({one: getattr(thing, one) for one in dir(thing) if not one.startswith("_")})
        return getattr(thing, name)


LOCK = 0.0005  # seconds after which a thread that holds Python's lock must offer it


class App:
    """One run of the window, from the first part to the last one closed."""

    def __init__(self, qt: QApplication, options: Options, paths: Paths, settings: SettingsFile) -> None:
        """Inside the running loop: parts may start work at once."""
        # Each cell's painting takes Python's lock anew; a busy worker would keep it for 5 ms every time.
        sys.setswitchinterval(LOCK)
        self._qt = qt
        self._options = options
        self._paths = paths
        self._settings = settings
        self._ended = asyncio.Event()
        self._shown = asyncio.Event()
        self._listening: Listening | None = None
        self._ending = False
        self._code = 0
        self.front: Any = None  # vmdesk.ui.front.Front, as soon as it is there
        self._untold: list[Problem] = []  # what happened before
        self._mistakes: list[BaseException] = []
        self.store = Store()
        self.jobs = Jobs(self.bug)
        self._files = Lane(1, "files")
        self._archive = Archive(paths.history_file, self._files, self._tell)
        self._activity = Activity(paths.activity_file, Lane(1, "activity"), self.jobs, self._tell)
        self._history = History()
        self._labels = _Labels(paths.labels_file)
        self._practice = Practice(paths)
        self._practice.hear = self._tell
        self._answers = Answers(self._prompt, Wallet())
        self._ways = Ways(paths.runtime, self._answers, self._practice)
        self.sessions = Sessions(self.store, self.jobs, self._activity, self._calls())
        self._labels.changed = self._on_labels
        self._labels.hear = self._tell
        self.sampler = Sampler(self.sessions, self.store, self._history, self.jobs, settings)
        self._screens: Any = None
        self._workshop: Any = None
        self._tidying: Any = None
        self._spending: Any = None
        self._watcher: Any = None
        self._recorder = Recorder(self._history, self._archive, lambda: settings.current.archive)
        self._hosts = Hosts(settings, self.sessions, self._practice, self._ways)
        failures.follow(self._activity, self.jobs, self.store)
        self._notifier = Notifier(self._activity, self.jobs, settings, self._announce)

    @property
    def window(self) -> Any:
        """The vmdesk.ui.main_window.MainWindow; there is one when `front` is there."""
        return self.front.window

    # ---------------------------------------------------------------- run

    async def run(self) -> int:
        """Until the person has had enough."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._on_loop_error)
        for one in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            loop.add_signal_handler(one, self.end)
        self.jobs.spawn("hosts", self._start_hosts())
        await load_window()
        self._build()
        await self._first_listing()
        self.front.show()
        self._shown.set()
        for problem in self._settings.notices:
            self._tell(problem)
        if self._options.open:
            self.front.visits.open_when_there(self._options.open)
        if self._options.tour is not None:
            self.jobs.spawn("tour", self._walk(self._options.tour))
        else:
            self.jobs.spawn("after the first picture", self._later())
        with contextlib.suppress(asyncio.CancelledError):
            await self._ended.wait()
        await self.close()
        return self._code

    def _build(self) -> None:
        """What is seen; what was to be told meanwhile is told."""
        remembered = Remembered(self._paths.window_file)
        remembered.load()
        parts = self._parts()
        parts.remembered = remembered
        self.front = load("front")(self._qt, parts, self._hosts, self._settings, remembered, self._picture, self.end)
        self.front.tell_notices()
        for problem in self._untold:
            self._tell(problem)
        for error in self._mistakes:
            self.bug(error)

    def _parts(self) -> Parts:
        trace = Trace()
        context = Context(
            self.store,
            self.sessions,
            self.jobs,
            self._settings,
            trace,
            self._labels,
            cast(Ask, _Later(lambda: load("ask")(lambda: self.window, self.store, self._settings))),
        )
        return Parts(
            self._paths,
            self.store,
            self.jobs,
            self.sessions,
            self._history,
            self._archive,
            self._activity,
            self._settings,
            trace,
            context,
            self.sampler,
            cast(Shell, None),  # the window puts itself there
            _Later(self._open_screens),
            _Later(self._open_workshop),
            _Later(lambda: load("layers")(self.sessions, self.store, trace, self._paths)),
            _Later(lambda: load("storage")(self.sessions, self.store, trace, self._paths)),
            watcher=_Later(self._open_watcher),
        )

    async def _first_listing(self) -> None:
        """Until a host is listed, but no longer than nobody notices."""
        there = asyncio.Event()

        def look(_changes: Changes) -> None:
            if any(host.link is Link.UP for host in self.store.hosts.values()):
                there.set()

        leave = self.store.subscribe(look)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HEAD_START):
                await there.wait()
        leave()

    async def _later(self) -> None:
        """What the first picture of the window does not need."""
        gc.freeze()
        self.jobs.spawn("garbage", garbage.collect(lambda: len(self.store.domains)))
        try:
            self._listening = await listen(self._paths.socket, self.front.on_message)
        except VirtError as error:
            self._tell(error.problem)
        if self._ending:  # it was closed meanwhile, and had nothing to close here
            if self._listening:
                await self._listening.close()
            return
        self.jobs.spawn("recorder", self._recorder.run())
        self._tidy_up()
        self._open_watcher().go_round(lambda: self.sampler.shown)
        self.front.follow_storage()
        self.front.follow_devices()

    async def _walk(self, folder: Path) -> None:
        """The tour, and then the end."""
        tour = load("tour")(self.window, self.store, self.front.theme, folder)
        try:
            self._code = 0 if await tour.run() else 1
        finally:
            self.end()

    def end(self) -> None:
        """The end of the program; running jobs are not asked about."""
        self._ended.set()

    async def close(self) -> None:
        """Commands stop, jobs are cancelled, hosts are disconnected, what is remembered is written."""
        if self._ending:
            return
        self._ending = True
        self.front.close()
        self._notifier.close()
        self.sampler.close()
        if self._screens is not None:
            self._screens.close()
        if self._tidying is not None:
            self._tidying.close()
        if self._spending is not None:
            self._spending.close()
        if self._watcher is not None:
            self._watcher.close()
        if self._listening:
            await self._listening.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST):
                await self._hosts.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST):
                await self.jobs.close()
                await self._archive.close()
                await self._activity.close()
                if self._watcher is not None:
                    await self._watcher.definitions.close()
        if self._workshop is not None:
            self._workshop.close()
        self.window.let_go()
        self.window.close()

    # ---------------------------------------------------------------- hosts

    def _calls(self) -> Calls:
        """Listings with the labels that are kept here."""

        async def list_all(connection: Connection) -> list[Domain]:
            return self._labels.merge(await listing.list_all(connection))

        async def read(connection: Connection, uuids: Sequence[str]) -> tuple[list[Domain], list[str]]:
            found, gone = await listing.read(connection, uuids)
            return self._labels.merge(found), gone

        return Calls(way=self._ways.way, list_all=list_all, read=read)

    async def _start_hosts(self) -> None:
        await self._hosts.start(self._only())
        if self.front is not None:
            self.front.tell_notices()

    def _only(self) -> list[HostConfig]:
        """The hosts of --connect; they were checked before the window was made."""
        found = choice.hosts(list(self._options.connect), self._settings.current) if self._options.connect else []
        return [self._practice.config() if one.id == practice_host.ID else one for one in found]

    def _open_screens(self) -> Any:
        self._screens = load("screens")(self.store, self.jobs, self.sessions, self._paths, self._answers)
        return self._screens

    def _open_workshop(self) -> Any:
        self._workshop = load("workshop")(self.sessions, self._paths)
        self._follow_answers()
        return self._workshop

    def _open_watcher(self) -> Any:
        """Every definition that is seen is kept, from now on."""
        if self._watcher is None:
            watch, file = load("watch-definitions"), self._paths.definitions_file
            self._watcher = watch(self.store, self.sessions, self.jobs, self._activity, file, self._tell)
        return self._watcher

    def _tidy_up(self) -> None:
        """What a killed program left behind, if there is anything."""
        if any(self._paths.journal_folder.glob("*.journal")):
            journal = Journal(self._paths.journal_folder)
            self._tidying = load("tidying")(journal, self.store, self.sessions, self.jobs)
            self._follow_answers()

    def _follow_answers(self) -> None:
        """Those of installations go when these have ended."""
        if self._spending is None:
            journal = Journal(self._paths.journal_folder)
            self._spending = load("spending")(journal, self.store, self.sessions, self.jobs)

    async def _picture(self, key: DomainKey) -> bytes:
        """A machine's screen."""
        _mime, data = await guest.screenshot(self.sessions.of(key).require(), key.uuid)
        return data

    async def _prompt(self, prompt: Prompt, offer: bool) -> Answer | None:
        """What a host asks at log-in."""
        await self._shown.wait()
        answer: Answer | None = await load("login-dialog")(lambda: self.window)(prompt, offer)
        return answer

    def _on_labels(self, key: DomainKey) -> None:
        if session := self.sessions.get(key.host):
            session.refresh((key.uuid,))

    # ---------------------------------------------------------------- what happens

    def _announce(self, announcement: Announcement) -> None:
        if self.front is not None:
            self.front.announce(announcement)

    # ---------------------------------------------------------------- mistakes

    def bug(self, error: BaseException) -> None:
        """A mistake of the program: one dialog, however many there are."""
        if self._options.debug:
            sys.__excepthook__(type(error), error, error.__traceback__)
        if self.front is None:
            self._mistakes.append(error)
        elif not self._ending:
            self.front.confess(error)

    def _on_loop_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.bug(context.get("exception") or RuntimeError(str(context.get("message"))))

    def _tell(self, problem: Problem) -> None:
        if self.front is None:
            self._untold.append(problem)
        elif not self._ending:
            self.front.tell(problem)


def run(options: Options, paths: Paths, settings: SettingsFile) -> int:
    """The window, from start to end; the exit code. There is a display, and no other window of these settings."""
    # libvirt's loop serves GLib's default context; so would Qt, and each would run the other's callbacks in its thread.
    os.environ["QT_NO_GLIB"] = "1"
    qt = QApplication.instance() or QApplication(["vmdesk"])
    assert isinstance(qt, QApplication)
    qt.setApplicationName("vmdesk")
    qt.setApplicationVersion(__version__)
    qt.setDesktopFileName("vmdesk")
    qt.setQuitOnLastWindowClosed(False)  # a closed window would end the loop in the middle of what it is doing
    with asyncio.Runner(loop_factory=lambda: QEventLoop(qt), debug=options.debug or None) as runner:
        return int(runner.run(_main(qt, options, paths, settings)))


async def _main(qt: QApplication, options: Options, paths: Paths, settings: SettingsFile) -> int:
    app = App(qt, options, paths, settings)
    hook = sys.excepthook
    sys.excepthook = lambda kind, error, trace: app.bug(error)
    try:
        return await app.run()
    finally:
        sys.excepthook = hook
