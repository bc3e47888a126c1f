"""One ssh login a host, and libvirt's socket of the other side as a private unix socket here.

`ssh -M -N` stays as the master; the socket is forwarded through it, so that all libvirt connections of the host are
one login. What ssh asks comes to the window through the askpass program. All waiting is done in workers.
"""

import asyncio
import contextlib
import json
import os
import shutil
import socket
import stat
import struct
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.prompt import Asker, Kind, Prompt
from vmdesk.model.text import text
from vmdesk.model.uri import Uri, build, parse
from vmdesk.virt import ssh_words, steps
from vmdesk.virt.lane import Lane

T = TypeVar("T")

ASKPASS = Path(__file__).with_name("askpass.py")
CONNECTING = 15  # seconds for the TCP connection
CLOSING = 5.0  # seconds a close may take
COMMAND = 20.0  # seconds for a command through the master
GREETING = 4.0  # seconds for the first word of a server that speaks first
STEP = 0.02  # how often a waiting worker looks around, in seconds
# After these a person must do something first: trying again by itself would only ask again and again.
FINAL = frozenset({"auth", "host-key", "cancelled", "ssh-missing", "refused-uri"})

# libvirt's AUTH_LIST call (program, version, procedure 66, call, serial, ok): what every daemon answers at once.
_GREETING = struct.pack(">7I", 28, 0x20008086, 1, 66, 0, 0, 0)


class Tunnel:
    """The way to one host over ssh. `folder` is the user's private runtime folder.

    asker  who answers ssh's questions; None: the terminal if there is one, else nothing is asked
    """

    def __init__(self, uri: str, folder: Path, asker: Asker | None, readonly: bool = False) -> None:
        self._uri = parse(uri)
        self._readonly = readonly
        self._asker = asker
        self._base = folder / "ssh"
        self._lane = self._new_lane()
        self._lock = asyncio.Lock()
        self._master: _Master | None = None
        self._refusal: Problem | None = None

    @property
    def alive(self) -> bool:
        """Whether the master is there."""
        return self._master is not None and self._master.alive

    def forgive(self) -> None:
        """Ask again, although the last login was refused or cancelled: the person wants it."""
        self._refusal = None

    async def up(self) -> str:
        """Log in if needed; the URI to open instead. Raises VirtError; those in FINAL until `forgive` is called.

        Where the other side does not forward sockets it is libvirt's own ssh, which can ask nothing.
        """
        async with self._lock:
            if self._refusal:
                raise VirtError(self._refusal)
            try:
                path = await self._forward()
            except VirtError as error:
                if error.problem.name in FINAL:
                    self._refusal = error.problem
                raise
        if path is None:
            return build(self._fallback())
        return build(Uri(self._uri.driver, "unix", path=self._uri.path, parameters=(("socket", str(path)),)))

    async def connect(self, target: str, greets: bool = False) -> socket.socket:
        """A connection to "host:port" or a socket's path as the other side sees them, through the login that is there.

        greets  the server speaks first (VNC): it is waited for, so that a refusal over there is told in words
        """

        def connect(stop: threading.Event) -> tuple[socket.socket, _Master, int]:
            master = self._master
            if master is None or not master.alive:
                raise VirtError(ssh_words.no_login(self._uri))
            heard = master.heard
            sock = master.connect(target)
            if stop.is_set():  # nobody waits for it any more
                sock.close()
                raise VirtError(ssh_words.cancelled(self._uri))
            return sock, master, heard

        sock, master, heard = await self._work(connect)
        try:
            if greets and await _is_over(sock):
                raise VirtError(ssh_words.no_answer(self._uri, target, master.said_since(heard)))
        except BaseException:
            sock.close()
            raise
        sock.settimeout(None)
        return sock

    async def close(self) -> None:
        """End the login and everything that goes through it; `up` makes another one."""
        lane, self._lane = self._lane, self._new_lane()
        with contextlib.suppress(TimeoutError):
            end = asyncio.get_running_loop().run_in_executor(lane, self._end)
            await asyncio.wait_for(end, CLOSING)
        lane.shutdown()

    async def _forward(self) -> Path | None:
        if not self.alive:
            await self._log_in()
        return await self._work(lambda _stop: self._master.forward(self._readonly) if self._master else None)

    async def _log_in(self) -> None:
        asker, loop = self._asker, asyncio.get_running_loop()

        def ask(prompt: Prompt) -> "Future[str | None]":
            assert asker
            return asyncio.run_coroutine_threadsafe(asker.ask(prompt), loop)

        def log_in(stop: threading.Event) -> None:
            self._end()
            # Kept from here: the one who waits may have been cancelled.
            self._master = _start(self._uri, self._base, ask if asker else None, stop)

        try:
            await self._work(log_in)
        except VirtError:
            if asker:
                await asker.ended(ssh_words.account(self._uri), False)
            raise
        if asker:
            await asker.ended(ssh_words.account(self._uri), True)

    def _new_lane(self) -> Lane:
        return Lane(1, f"ssh {self._uri.host}")  # one: what was cancelled is cleared away before the next starts

    def _end(self) -> None:
        master, self._master = self._master, None
        if master:
            master.close()

    async def _work(self, fn: Callable[[threading.Event], T]) -> T:
        """Do it in a worker; being cancelled here stops it there."""
        stop = threading.Event()
        try:
            return await asyncio.get_running_loop().run_in_executor(self._lane, fn, stop)
        except asyncio.CancelledError:
            stop.set()
            raise

    def _fallback(self) -> Uri:
        parameters = dict(self._uri.parameters) | {"no_tty": "1"}
        return replace(self._uri, parameters=tuple(parameters.items()))


class _Master:
    """The ssh process and its folder: ctl (its control socket), libvirt (the forwarded one), log (its words)."""

    def __init__(self, uri: Uri, folder: Path, process: "subprocess.Popen[bytes]") -> None:
        self._uri, self._folder, self._process = uri, folder, process
        self._target = ""  # the socket of the other side that is forwarded
        self._count = 0  # connections made to other places there

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def said(self) -> str:
        """What ssh wrote to stderr, its end."""
        with contextlib.suppress(OSError):
            return (self._folder / "log").read_text(errors="replace")[-4000:].replace("\r", "").strip()
        return ""

    @property
    def heard(self) -> int:
        """How much it has written so far, for `said_since`."""
        with contextlib.suppress(OSError):
            return (self._folder / "log").stat().st_size
        return 0

    def said_since(self, heard: int) -> str:
        with contextlib.suppress(OSError), (self._folder / "log").open("rb") as log:
            log.seek(heard)
            return log.read(4000).decode(errors="replace").replace("\r", "").strip()
        return ""

    def logged_in(self) -> bool:
        return (self._folder / "ctl").exists() and self._control("-O", "check").returncode == 0

    def forward(self, readonly: bool) -> Path | None:
        """The forwarded socket, with a libvirt behind it; None if the other side does not let us have one."""
        local = self._folder / "libvirt"
        if self._target and _answers(local):
            return local
        target = self._uri.parameter("socket") or self._search(readonly)
        if ":" in target:
            raise VirtError(ssh_words.no_daemon(self._uri))
        if self._target:
            self._control("-O", "cancel", "-L", f"{local}:{self._target}")
        local.unlink(missing_ok=True)
        self._target = ""
        done = self._control("-O", "forward", "-L", f"{local}:{target}")
        if done.returncode:
            return None
        self._target = target
        if _answers(local):
            return local
        if not self.alive:
            raise VirtError(ssh_words.failure(self._uri, self.said))
        # A dead daemon and a forbidden forwarding look alike from here: ask over there.
        if ssh_words.is_alive(self._control("-T", command=ssh_words.look_alive(self._uri)).stdout):
            self._target = ""
            return None
        raise VirtError(ssh_words.no_daemon(self._uri))

    def connect(self, target: str) -> socket.socket:
        """A connection to `target` over there. The way in is closed again at once: nobody else comes through it."""
        self._count += 1
        local = self._folder / f"to-{self._count}"
        way = ssh_words.forwarding(str(local), target)
        done = self._control("-O", "forward", "-L", way)
        if done.returncode:
            raise VirtError(ssh_words.no_answer(self._uri, target, done.stderr.strip()))
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.settimeout(COMMAND)
            sock.connect(str(local))
        except OSError as error:
            sock.close()
            raise VirtError(ssh_words.no_answer(self._uri, target, str(error))) from None
        finally:
            # ssh takes in our connection before it hears of this: it is asked on another one, made later.
            self._control("-O", "cancel", "-L", way)
            local.unlink(missing_ok=True)
        return sock

    def close(self) -> None:
        """End it, hard if need be, and remove the folder."""
        if self.alive:
            self._process.terminate()
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _search(self, readonly: bool) -> str:
        done = self._control("-T", command=ssh_words.search(self._uri, readonly))
        kind, path = ssh_words.found_socket(done.stdout)
        if kind == "socket":
            return path
        if not self.alive:
            raise VirtError(ssh_words.failure(self._uri, self.said))
        raise VirtError(ssh_words.denied(self._uri, path) if kind == "denied" else ssh_words.no_daemon(self._uri))

    def _control(self, *options: str, command: str = "") -> "subprocess.CompletedProcess[str]":
        """Ask the master for something. No settings file: what it says was said to the master."""
        arguments = ["ssh", "-F", "none", "-S", _control_path(self._folder), *options, "--", self._uri.host]
        try:
            return subprocess.run(
                [*arguments, command] if command else arguments,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=COMMAND,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(arguments, 255, "", "")


_Ask = Callable[[Prompt], "Future[str | None]"]


def _start(uri: Uri, base: Path, ask: _Ask | None, stop: threading.Event) -> _Master:
    """Log in. Blocks until ssh is in, has given up, or `stop` is set."""
    folder = _new_folder(base)
    quiet = uri.parameter("no_tty") == "1" or (ask is None and not _has_terminal())
    questions = _listen(folder) if ask and not quiet else None
    try:
        master = _Master(uri, folder, _spawn(uri, folder, quiet, questions is not None))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    desk = _Desk(uri, questions, ask) if ask and questions else None
    try:
        while not master.logged_in():
            if stop.is_set():
                raise VirtError(ssh_words.cancelled(uri))
            if not master.alive:
                raise VirtError(ssh_words.failure(uri, master.said))
            if desk:
                desk.attend(lambda: stop.is_set() or not master.alive)
            time.sleep(STEP)
    except BaseException:
        master.close()
        raise
    finally:
        if questions:
            questions.close()
    if stop.is_set():  # nobody waits for it any more
        master.close()
        raise VirtError(ssh_words.cancelled(uri))
    return master


def _spawn(uri: Uri, folder: Path, quiet: bool, askpass: bool) -> "subprocess.Popen[bytes]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SSH_ASKPASS")}
    environment["LC_ALL"] = "C"
    if askpass:
        # DISPLAY: older ssh asks the program only where it sees one.
        environment |= {"SSH_ASKPASS": str(ASKPASS), "SSH_ASKPASS_REQUIRE": "force"}
        environment |= {"VMDESK_ASKPASS": str(folder / "ask"), "DISPLAY": os.environ.get("DISPLAY") or ":"}
    settings = {
        "ControlPersist": "no",
        "ExitOnForwardFailure": "yes",
        "ClearAllForwardings": "yes",  # those of the person's settings file are for their own logins
        "ForwardAgent": "no",
        "ForwardX11": "no",
        "PermitLocalCommand": "no",
        "RemoteCommand": "none",
        "StreamLocalBindMask": "0177",
        "ServerAliveInterval": "5",
        "ServerAliveCountMax": "3",
        "ConnectTimeout": str(CONNECTING),
        "BatchMode": "yes" if quiet else "no",
    }
    options = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
    # -T, -x: no terminal and no display over there; -e none: no escape character.
    if shutil.which("ssh") is None:
        raise VirtError(_missing(uri))
    # Should we be killed, the login ends with us (with the worker that starts it here, to be exact: it lives as long).
    bound = ["setpriv", "--pdeathsig", "TERM", "--"] if shutil.which("setpriv") else []
    arguments = [*bound, "ssh", "-M", "-N", "-T", "-x", "-e", "none", "-S", _control_path(folder), *options]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [*arguments, *ssh_words.login_options(uri), "--", uri.host],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            env=environment,
            # Away from our terminal, so that Ctrl+C is ours and nothing is asked there behind the window.
            start_new_session=askpass or quiet,
        )


def _missing(uri: Uri) -> Problem:
    what_next, command = steps.install("ssh", "OpenSSH")
    return Problem(
        text("The ssh connection to {host} did not come about.", host=ssh_words.account(uri)),
        text("The program ssh is not installed."),
        what_next,
        name="ssh-missing",
        command=command,
    )


class _Desk:
    """Where the askpass program comes with ssh's questions."""

    def __init__(self, uri: Uri, questions: socket.socket, ask: _Ask) -> None:
        self._uri, self._questions, self._ask = uri, questions, ask
        self._asked: set[tuple[Kind, str, str]] = set()

    def attend(self, over: Callable[[], bool]) -> None:
        """Answer one question if there is one. Raises VirtError "cancelled" if the person does not want to go on."""
        try:
            client, _ = self._questions.accept()
        except BlockingIOError:
            return
        with client:
            client.settimeout(2)
            try:
                with client.makefile("rb") as lines:
                    question = json.loads(lines.readline())
                prompt = ssh_words.prompt_of(str(question["prompt"]), str(question["hint"]), self._uri)
            except (OSError, ValueError, KeyError, TypeError):
                return
            mark = (prompt.kind, prompt.subject, prompt.words)
            answer = self._answer(replace(prompt, again=mark in self._asked), client, over)
            self._asked.add(mark)
            if answer is None and prompt.kind is not Kind.NOTICE:
                raise VirtError(ssh_words.cancelled(self._uri))
            with contextlib.suppress(OSError):
                client.sendall(json.dumps({"answer": answer}).encode() + b"\n")

    def _answer(self, prompt: Prompt, client: socket.socket, over: Callable[[], bool]) -> str | None:
        """The person's answer; "" once nobody waits for it any more."""
        future = self._ask(prompt)
        client.setblocking(False)
        while not future.done():
            if over() or _hung_up(client):
                future.cancel()
                return ""
            time.sleep(STEP)
        client.settimeout(2)
        return None if future.cancelled() else future.result()


def _hung_up(client: socket.socket) -> bool:
    try:
        return client.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def _listen(folder: Path) -> socket.socket:
    questions = socket.socket(socket.AF_UNIX)
    questions.setblocking(False)
    questions.bind(str(folder / "ask"))
    questions.listen()
    return questions


def _answers(path: Path) -> bool:
    """Whether a libvirt daemon answers at a unix socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(COMMAND)
        try:
            probe.connect(str(path))
            probe.sendall(_GREETING)
            return probe.recv(8)[4:8] == _GREETING[4:8]
        except OSError:
            return False


async def _is_over(sock: socket.socket) -> bool:
    """Whether the other side hung up instead of speaking. False as well if it says nothing for a while."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    sock.setblocking(False)

    def on_ready() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(sock.fileno(), on_ready)
    try:
        async with asyncio.timeout(GREETING):
            await ready
        return sock.recv(1, socket.MSG_PEEK) == b""
    except TimeoutError:
        return False
    except OSError:
        return True
    finally:
        loop.remove_reader(sock.fileno())


def _new_folder(base: Path) -> Path:
    """A private folder for one login; those that a killed VMDesk left are cleared away with their masters."""
    for folder in (*reversed(base.parents), base):
        folder.mkdir(mode=0o700, exist_ok=True)
        _check_private(folder)
    for old in base.iterdir():
        if not _running(old.name.partition("-")[0]):
            _end_orphan(old)
    number = 0
    while True:
        folder = base / f"{os.getpid()}-{number}"
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            number += 1
        else:
            return folder


def _check_private(folder: Path) -> None:
    """Whoever could put another folder in this one's place could answer for ssh, and be told passwords."""
    found = folder.stat()
    others = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not found.st_mode & stat.S_ISVTX
    # Root is whoever owns "/": within a user namespace that leaves root out it has another number.
    if found.st_uid not in (0, os.getuid(), os.stat("/").st_uid) or others:
        raise VirtError(
            Problem(
                text("VMDesk has no private folder for its ssh logins."),
                text("Others may write to {folder}.", folder=str(folder)),
                text("Log in so that XDG_RUNTIME_DIR is set, or mend the folder's owner and rights."),
                name="refused",
            )
        )


def _end_orphan(folder: Path) -> None:
    subprocess.run(
        ["ssh", "-F", "none", "-S", _control_path(folder), "-O", "exit", "--", "orphan"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=COMMAND,
        check=False,
    )
    shutil.rmtree(folder, ignore_errors=True)


def _running(number: str) -> bool:
    return number.isdecimal() and Path("/proc", number).exists()


def _control_path(folder: Path) -> str:
    return str(folder / "ctl").replace("%", "%%")


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC | os.O_NOCTTY))
    except OSError:
        return False
    return True
