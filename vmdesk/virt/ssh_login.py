"""Logging in to a host by ssh: a private folder, the ssh process, and its questions put to the person."""

import contextlib
import json
import os
import shutil
import socket
import stat
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.prompt import Kind, Prompt
from vmdesk.model.text import text
from vmdesk.model.uri import Uri
from vmdesk.virt import ssh_words, steps
from vmdesk.virt.ssh_master import COMMAND, Master, control_path

ASKPASS = Path(__file__).with_name("askpass.py")
CONNECTING = 15  # seconds for the TCP connection
STEP = 0.02  # how often a waiting worker looks around, in seconds

Ask = Callable[[Prompt], "Future[str | None]"]


def log_in(uri: Uri, base: Path, ask: Ask | None, stop: threading.Event) -> Master:
    """Log in. Blocks until ssh is in, has given up, or `stop` is set."""
    folder = _new_folder(base)
    quiet = uri.parameter("no_tty") == "1" or (ask is None and not _has_terminal())
    questions = _listen(folder) if ask and not quiet else None
    try:
        master = Master(uri, folder, _spawn(uri, folder, quiet, questions is not None))
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
    arguments = [*bound, "ssh", "-M", "-N", "-T", "-x", "-e", "none", "-S", control_path(folder), *options]
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

    def __init__(self, uri: Uri, questions: socket.socket, ask: Ask) -> None:
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
        ["ssh", "-F", "none", "-S", control_path(folder), "-O", "exit", "--", "orphan"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=COMMAND,
        check=False,
    )
    shutil.rmtree(folder, ignore_errors=True)


def _running(number: str) -> bool:
    return number.isdecimal() and Path("/proc", number).exists()


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC | os.O_NOCTTY))
    except OSError:
        return False
    return True
