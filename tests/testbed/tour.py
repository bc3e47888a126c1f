"""The tour on a real host: ``python -m tests.testbed tour DIR`` comes here.

Inside the sandbox the host is the private libvirtd with a small company's guests, most of them running. Without root it
is the practice host. Either way the display is a virtual one.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import libvirt

from tests.testbed import client, desktop
from tests.testbed.guests import RESCUE_CD, Guests, System, connection
from vmdesk.model.domain import Labels
from vmdesk.virtxml import metadata, pools

TUN = Path("/dev/net/tun")  # what a guest's network card is plugged into
PROGRAM = Path(sys.executable).with_name("vmdesk")
# name -> title, group, tags. "demo": the tour may do something with it.
_LABELS = {
    "web-01": Labels("Shop, first front end", group="Shop", tags=("web", "prod")),
    "web-02": Labels("Shop, second front end", group="Shop", tags=("web", "prod")),
    "db-01": Labels("Orders and customers", group="Shop", tags=("db", "demo", "prod")),
    "mail": Labels("Mail relay", group="Office", tags=("prod",)),
    "build-04": Labels("Nightly builds", group="Lab"),
    "lab-student-07": Labels("Networking course, seat 7", group="Lab", tags=("course",)),
    "old-intranet": Labels("Kept until the end of the year", group="Office"),
    "scanner": Labels("Its disk was lost in a move", group="Office", tags=("demo",)),
}


def _company(guests: Guests) -> None:
    """Guests that differ: busy, writing, idle, paused, off, and one whose disk is gone."""

    def guest(name: str, **options: Any) -> None:
        options = {"graphics": "vnc"} | options
        guests(name, exact_name=True, extra=_labels(name), **options)

    network = _network()
    guest("web-01", vcpus=2, memory=64, network=network)
    guest("web-02", memory=64, network=network)
    guest("db-01", memory=96, disks=[256], writes=True, network=network)
    guest("mail", memory=64, **({"iso": RESCUE_CD} if RESCUE_CD.exists() else {}))
    guest("build-04", memory=48, busy=True)
    guest("lab-student-07", memory=32, paused=True)
    guest("old-intranet", memory=32, graphics=None, disks=[64], start=False)
    guest("scanner", memory=32, graphics=None, disks=[Path("/srv/scans/scanner.qcow2")], start=False)


def _network() -> str | None:
    """The guests' network, started; None where this computer gives them none."""
    if not TUN.exists():
        print(f"tour: {TUN} is missing here (a container?): the guests have no network cards", flush=True)
        return None
    try:
        with connection(System.uri) as opened:
            opened.networkLookupByName("default").create()
    except libvirt.libvirtError as error:
        print(f"tour: the guests have no network cards: {error}", flush=True)
        return None
    return "default"


def _pool() -> None:
    """Where the guests' disks lie, as a storage pool."""
    with connection(System.uri) as opened:
        opened.storagePoolDefineXML(pools.build("images", str(System.folder))).create()


def _labels(name: str) -> str:
    labels = _LABELS[name]
    ours = (metadata.build(labels) or "").replace("<labels>", f"<labels xmlns='{metadata.NAMESPACE}'>")
    return f"<title>{labels.title}</title><metadata>{ours}</metadata>"


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
            _pool()
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
