"""A display and an accessibility bus of the tests' own, for the real window.

Every process here dies with the one that started it (setpriv --pdeathsig), whatever happens.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_BUS = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><keep_umask/><listen>unix:dir={folder}</listen><auth>EXTERNAL</auth>
<servicedir>{folder}/services</servicedir>
<policy context="default">
<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
</policy>
</busconfig>
"""
_LAUNCHER = (
    "/usr/libexec/at-spi-bus-launcher",
    "/usr/lib/at-spi-bus-launcher",
    "/usr/lib/at-spi2-core/at-spi-bus-launcher",
)


@contextlib.contextmanager
def _running(command: list[str], **options: object) -> "Iterator[subprocess.Popen[str]]":
    process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *command], text=True, **options)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()


@contextlib.contextmanager
def display(size: str = "1600x1000x24") -> Iterator[str]:
    """An X server on a free display; yields its name (":7")."""
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", size, "-nolisten", "tcp", "-noreset"]
    with _running(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        number = server.stdout.readline().strip() if server.stdout else ""
        if not number:
            raise RuntimeError("Xvfb did not start")
        yield f":{number}"


@contextlib.contextmanager
def accessibility(display_name: str) -> Iterator[dict[str, str]]:
    """A session bus and an accessibility bus; yields the environment for programs to be seen on it.

    No service is started by the session bus: no keyring, no portal, no settings daemon of the machine's.
    """
    launcher = next((path for path in _LAUNCHER if os.path.exists(path)), None)
    if launcher is None or not shutil.which("dbus-daemon"):
        raise RuntimeError("at-spi2-core or dbus is not installed: packaging/bootstrap.sh --group test")
    with tempfile.TemporaryDirectory(prefix="vmd-bus-") as name:
        folder = Path(name)
        (folder / "services").mkdir()
        (folder / "bus.conf").write_text(_BUS.format(folder=folder))
        command = ["dbus-daemon", "--nofork", f"--config-file={folder / 'bus.conf'}", "--print-address=1"]
        with _running(command, stdout=subprocess.PIPE) as bus:
            address = bus.stdout.readline().strip() if bus.stdout else ""
            environment = {
                "DISPLAY": display_name,
                "DBUS_SESSION_BUS_ADDRESS": address,
                "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1",
                "QT_QPA_PLATFORM": "xcb",
                "XDG_SESSION_TYPE": "x11",
                "QT_NO_GLIB": "",  # as a person starts it: what conftest.py sets is for pytest's own process
            }
            with _running([launcher, "--launch-immediately"], env=os.environ | environment, stderr=subprocess.DEVNULL):
                yield environment | {"AT_SPI_BUS_ADDRESS": _ask_for_bus(environment)}


def _ask_for_bus(environment: dict[str, str]) -> str:
    """The address of the accessibility bus, from the launcher, which may need a moment to own its name."""
    call = [
        "dbus-send",
        "--session",
        "--print-reply=literal",
        "--dest=org.a11y.Bus",
        "/org/a11y/bus",
        "org.a11y.Bus.GetAddress",
    ]
    for _ in range(100):
        done = subprocess.run(call, env=os.environ | environment, capture_output=True, text=True, check=False)
        if done.returncode == 0 and done.stdout.strip():
            return done.stdout.strip()
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(["sleep", "0.05"], timeout=1, check=False)
    raise RuntimeError(f"no accessibility bus: {done.stderr}")


def seen_at(factor: str, module: str, *arguments: str, seconds: float = 100) -> Any:
    """Run a module of the tests on a real X display with Qt's scale `factor`; what it prints, read as JSON."""
    with display("1700x1300x24") as name:
        of_x = {"DISPLAY": name, "QT_QPA_PLATFORM": "xcb", "QT_SCALE_FACTOR": factor, "XDG_SESSION_TYPE": "x11"}
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            env=os.environ | of_x,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["ratio"] == float(factor)
    return told
