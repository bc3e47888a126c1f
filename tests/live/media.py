"""Installation media of the tests' own: a CD like Debian's, a server with an installation tree."""

import contextlib
import functools
import http.server
import io
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pycdlib

from tests.testbed.guests import CLOCK, INSTALLER, RESCUE_CD

INFO = 'Debian GNU/Linux 12.5.0 "Bookworm" - Official amd64 NETINST with firmware 20240210-11:27'
_GRUB = """\
set timeout=0
menuentry Install { linux /install.amd/vmlinuz CLOCK console=ttyS0 quiet ---
initrd /install.amd/initrd.gz
}
"""
_BOOT = "/boot/grub/i386-pc"


def debian_cd(target: Path) -> Path:
    """What the OS database of Debian 12 does not know: its own CD. The installer is netboot's, GRUB the rescue CD's."""
    assert INSTALLER is not None
    folder = INSTALLER / "text" / "debian-installer" / "amd64"
    rescue, made = pycdlib.PyCdlib(), pycdlib.PyCdlib()
    rescue.open(str(RESCUE_CD))
    made.new(interchange_level=4, rock_ridge="1.09", vol_ident="Debian 12.5.0 amd64 n")
    for path in ("/boot", "/boot/grub", _BOOT, "/.disk", "/install.amd"):
        made.add_directory(path.upper(), rr_name=path.rpartition("/")[2])

    def add(path: str, content: bytes) -> None:
        name = path.rpartition("/")[2]
        made.add_fp(io.BytesIO(content), len(content), path.upper() + ";1", rr_name=name)

    for child in rescue.list_children(rr_path=_BOOT):
        if child.is_file():
            content = io.BytesIO()
            name = child.rock_ridge.name().decode()
            rescue.get_file_from_iso_fp(content, rr_path=f"{_BOOT}/{name}")
            add(f"{_BOOT}/{name}", content.getvalue())
    add("/boot/grub/grub.cfg", _GRUB.replace("CLOCK", CLOCK).encode())
    add("/.disk/info", INFO.encode())
    add("/install.amd/vmlinuz", (folder / "linux").read_bytes())
    add("/install.amd/initrd.gz", (folder / "initrd.gz").read_bytes())
    made.add_eltorito(f"{_BOOT}/eltorito.img".upper() + ";1", bootcatfile="/BOOT.CAT;1", boot_info_table=True)
    made.write(str(target))
    made.close()
    rescue.close()
    return target


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - its name there
        pass

    def copyfile(self, source: Any, outputfile: Any) -> None:
        with contextlib.suppress(ConnectionError):  # who only looks whether it is there reads no more than that
            super().copyfile(source, outputfile)


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a web server with that folder."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()
