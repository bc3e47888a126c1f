"""`vmdesk console` on real guests."""

import contextlib
import json
import os
import pty
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.live.looking import is_menu, screenshot
from tests.testbed.guests import Guest, Guests, wait_for

VMDESK = (sys.executable, "-m", "vmdesk")
BOTH = {"graphics": "vnc", "devices": "<graphics type='dbus' p2p='yes'/>", "memory": 64}
Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture
def vmdesk(tmp_path: Path) -> Run:
    def run(*words: str, code: int = 0) -> "subprocess.CompletedProcess[bytes]":
        command = [*VMDESK, "--settings-dir", str(tmp_path / "settings"), *words]
        ended = subprocess.run(command, capture_output=True, timeout=100, stdin=subprocess.DEVNULL)
        assert b"Traceback" not in ended.stderr
        assert ended.returncode == code, ended.stderr
        return ended

    return run


def at_menu(guest: Guest, vmdesk: Run) -> None:
    """GRUB's menu, and it counts no more."""
    wait_for(lambda: is_menu(screenshot(guest)), "menu", 60)
    vmdesk("console", guest.name, "--keys", "down")


@pytest.mark.parametrize("protocol", ["", "vnc", "dbus"])
def test_screenshot_is_libvirts(
    vmdesk: Run, make_guest: Guests, rescue_cd: Path, tmp_path: Path, protocol: str
) -> None:
    guest = make_guest("grub", iso=rescue_cd, **BOTH)
    at_menu(guest, vmdesk)
    way = ("--protocol", protocol) if protocol else ()
    file = tmp_path / "shot.png"

    def same() -> bool:
        """It may still have been drawing."""
        told = json.loads(vmdesk("console", guest.name, "--screenshot", str(file), *way, "--json").stdout)
        assert told[0]["protocol"] == (protocol or "vnc") and told[0]["width"] == 720
        return Image.open(file).tobytes() == screenshot(guest).tobytes()

    wait_for(same, "the same picture")
    assert vmdesk("console", guest.name, "--screenshot", "-", *way).stdout == file.read_bytes()


def test_keys_and_text_arrive(vmdesk: Run, make_guest: Guests, rescue_cd: Path) -> None:
    guest = make_guest("grub", iso=rescue_cd, **BOTH)
    at_menu(guest, vmdesk)
    vmdesk("console", guest.name, "--keys", "c", "--type", "serial --unit=0 --speed=115200\n")
    vmdesk("console", guest.name, "--type", "terminal_output serial console\n")
    wait_for(lambda: "grub>" in guest.serial(), "GRUB's command line on the serial port")
    vmdesk("console", guest.name, "--protocol", "dbus", "--type", "echo 'Says {me}!'\n")
    wait_for(lambda: "\nSays {me}!\n" in guest.serial().replace("\r", ""), "GRUB says it")


def test_what_cannot_be_is_said(vmdesk: Run, make_guest: Guests) -> None:
    off = make_guest("off", graphics="vnc", start=False)
    assert b"not running" in vmdesk("console", off.name, "--screenshot", "/tmp/x.png", code=1).stderr
    blind = make_guest("blind")
    assert b"no screen" in vmdesk("console", blind.name, "--screenshot", "/tmp/x.png", code=1).stderr
    only = make_guest("only", graphics="vnc")
    assert b"no SPICE display" in vmdesk("console", only.name, "--keys", "a", "--protocol", "spice", code=1).stderr
    assert b"There is no machine" in vmdesk("console", "nobody", "--keys", "a", code=1).stderr
    assert b"could not be saved" in vmdesk("console", only.name, "--screenshot", "/no/such/x.png", code=1).stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), b"Say what to do"),
        (("--keys", "ctrl-nonsense"), b"nonsense"),
        (("--type", "\u65e5"), b"cannot be typed"),
        (("--text", "--keys", "a"), b"no other option"),
        (("--protocol", "rdp", "--keys", "a"), b"none of these"),
    ],
)
def test_wrong_usage(vmdesk: Run, words: tuple[str, ...], said: bytes) -> None:
    assert said in vmdesk("console", "web", *words, code=2).stderr


def test_text_console_in_a_terminal(make_guest: Guests, tmp_path: Path) -> None:
    guest = make_guest("text")
    guest.wait_until_booted()
    ours, theirs = pty.openpty()
    command = [*VMDESK, "--settings-dir", str(tmp_path / "settings"), "console", guest.name, "--text"]
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=subprocess.PIPE, start_new_session=True
    ) as running:
        os.close(theirs)
        os.set_blocking(ours, False)
        seen = bytearray()

        def saw(words: bytes) -> bool:
            with contextlib.suppress(BlockingIOError, OSError):
                seen.extend(os.read(ours, 4096))
            return words in seen

        assert running.stderr is not None and b"Connected to" in running.stderr.readline()
        time.sleep(0.3)
        os.write(ours, b"knock\x03")  # Ctrl+C is the machine's
        wait_for(lambda: saw(b"knock"), "the guest's echo")
        assert running.poll() is None
        os.write(ours, b"\x1d")
        assert running.wait(10) == 0
        assert b"The console is closed." in running.stderr.read()
    os.close(ours)


def test_text_console_of_a_pipe(make_guest: Guests, tmp_path: Path) -> None:
    guest = make_guest("pipe")
    guest.wait_until_booted()
    command = [*VMDESK, "--settings-dir", str(tmp_path / "settings"), "console", guest.name, "--text"]
    ended = subprocess.run(command, input=b"over a pipe", capture_output=True, timeout=60)
    assert ended.returncode == 0 and b"over a pipe" in ended.stdout
