"""The tour on a real host: ``python -m tests.testbed tour DIR`` comes here.

Inside the sandbox the host is the private libvirtd with a small company's guests, most of them running. Without root it
is the practice host. Either way the display is a virtual one.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import libvirt

from tests.testbed import client, desktop
from tests.testbed.guests import Guests, System, connection

PROGRAM = Path(sys.executable).with_name("vmdesk")
_TITLES = {
    "web-01": "Shop, first front end",
    "web-02": "Shop, second front end",
    "db-01": "Orders and customers",
    "mail": "Mail relay",
    "build-04": "Nightly builds",
    "lab-student-07": "Networking course, seat 7",
    "old-intranet": "Kept until the end of the year",
}


def _company(guests: Guests) -> None:
    """Guests that differ: busy, writing, idle, paused, off."""
    with connection(System.uri) as opened:
        opened.networkLookupByName("default").create()
    guests("web-01", exact_name=True, vcpus=2, memory=64, network="default", graphics="vnc", extra=_title("web-01"))
    guests("web-02", exact_name=True, memory=64, network="default", graphics="vnc", extra=_title("web-02"))
    guests(
        "db-01",
        exact_name=True,
        memory=96,
        graphics="vnc",
        disks=[256],
        writes=True,
        network="default",
        extra=_title("db-01"),
    )
    guests("mail", exact_name=True, memory=48, graphics="vnc", extra=_title("mail"))
    guests("build-04", exact_name=True, memory=48, graphics="vnc", busy=True, extra=_title("build-04"))
    guests("lab-student-07", exact_name=True, memory=32, graphics="vnc", paused=True, extra=_title("lab-student-07"))
    guests("old-intranet", exact_name=True, memory=32, disks=[64], start=False, extra=_title("old-intranet"))


def _title(name: str) -> str:
    return f"<title>{_TITLES[name]}</title>"


def _walk(target: Path, uri: str | None) -> int:
    """Run the program's own tour; its exit status."""
    with desktop.display() as name, tempfile.TemporaryDirectory(prefix="vmd-tour-") as settings:
        host = ["--connect", uri] if uri else ["--demo"]
        command = [PROGRAM, "--tour", target, "--settings-dir", settings, *host]
        environment = os.environ | {"DISPLAY": name, "QT_QPA_PLATFORM": "xcb", "XDG_SESSION_TYPE": "x11"}
        environment.pop("WAYLAND_DISPLAY", None)
        return subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, check=False).returncode


def main() -> int:
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    for old in target.glob("*.png"):
        old.unlink()
    if client.present():
        libvirt.registerErrorHandler(lambda *_: None, None)
        guests = Guests(System(client.KeeperClient()))
        try:
            _company(guests)
            status = _walk(target, System.uri)
        finally:
            guests.remove()
    else:
        print("tour: no root, so no private libvirtd: showing the practice host", flush=True)
        status = _walk(target, None)
    pictures = sorted(target.glob("*.png"))
    print(f"tour: {len(pictures)} pictures in {os.path.relpath(target)}")
    return status or (0 if pictures else 1)


if __name__ == "__main__":
    sys.exit(main())
