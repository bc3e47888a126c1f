"""Installation trees, from a real web server on this computer."""

import http.server
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from vmdesk.media import tree
from vmdesk.model.errors import VirtError


class Server(http.server.SimpleHTTPRequestHandler):
    """Serves a folder; /loop redirects to a file of this computer, /cut breaks off, /endless never ends."""

    def do_GET(self) -> None:
        if self.path.startswith("/out"):
            self.send_response(302)
            self.send_header("Location", "file:///etc/passwd")
            self.end_headers()
        elif self.path.startswith("/cut"):
            self.send_response(200)
            self.send_header("Content-Length", "1000000")
            self.end_headers()
            self.wfile.write(b"x" * 1000)
        elif self.path.startswith("/huge"):
            self.send_response(200)
            self.send_header("Content-Length", str(1 << 45))
            self.end_headers()
            self.wfile.write(b"x" * 1000)
        else:
            super().do_GET()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    folder = tmp_path / "site"
    folder.mkdir()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Server, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def put(folder: Path, path: str, content: bytes = b"kernel") -> None:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(content)


@pytest.mark.parametrize(
    ("given", "inside"),
    [
        ("", "debian-installer/amd64"),
        (
            "/debian/dists/bookworm",
            "debian/dists/bookworm/main/installer-amd64/current/images/netboot/debian-installer/amd64",
        ),
        ("/x/installer-amd64", "x/installer-amd64/current/images/netboot/debian-installer/amd64"),
        ("/flat", "flat"),
    ],
)
def test_debian(site: tuple[Path, str], given: str, inside: str) -> None:
    folder, url = site
    put(folder, f"{inside}/linux")
    put(folder, f"{inside}/initrd.gz")
    found = tree.find(url + given)
    assert found.kernel == f"{url}/{inside}/linux" and found.initrd == f"{url}/{inside}/initrd.gz"
    assert found.words == ("debian bookworm" if "bookworm" in given else "")


def test_treeinfo(site: tuple[Path, str]) -> None:
    folder, url = site
    put(
        folder,
        "f/.treeinfo",
        b"[general]\nname = Fedora 41\narch = x86_64\n"
        b"[images-x86_64]\nkernel = images/vmlinuz\ninitrd = images/i.img\n",
    )
    found = tree.find(f"{url}/f/")
    assert (found.words, found.architecture) == ("Fedora 41", "x86_64")
    assert found.kernel == f"{url}/f/images/vmlinuz" and found.append == f"inst.repo={url}/f/"


@pytest.mark.parametrize("kernel", ["../../etc/passwd", "/etc/passwd", "http://elsewhere/x", "file:///etc/passwd", ""])
def test_a_treeinfo_does_not_lead_elsewhere(site: tuple[Path, str], kernel: str) -> None:
    folder, url = site
    put(folder, ".treeinfo", f"[general]\narch=x86_64\n[images-x86_64]\nkernel={kernel}\ninitrd=i\n".encode())
    with pytest.raises(VirtError) as caught:
        tree.find(url)
    assert caught.value.problem.name == "no-tree"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("file:///etc", "bad-url"),
        ("", "bad-url"),
        ("http://", "bad-url"),
        ("http://ann:secret@host/", "bad-url"),
        ("http://h/a b", "bad-url"),
        ("http://h/\n", "bad-url"),
        ("http://127.0.0.1:9/", "unreachable"),
    ],
)
def test_what_is_not_opened(url: str, name: str) -> None:
    with pytest.raises(VirtError) as caught:
        tree.find(url)
    assert caught.value.problem.name == name
    assert "secret" not in str(caught.value)


def test_fetching(site: tuple[Path, str], tmp_path: Path) -> None:
    folder, url = site
    put(folder, "k", b"0123456789" * 100_000)
    steps: list[float | None] = []
    tree.fetch(f"{url}/k", f"{tmp_path}/k", steps.append)
    assert (tmp_path / "k").read_bytes() == (folder / "k").read_bytes()
    assert steps[-1] == 1.0
    with pytest.raises(VirtError, match="is there already"):
        tree.fetch(f"{url}/k", f"{tmp_path}/k")
    assert (tmp_path / "k").stat().st_size == 1_000_000


@pytest.mark.parametrize(
    ("path", "name"), [("out", "http"), ("cut", "cut-off"), ("huge", "too-large"), ("none", "not-found")]
)
def test_a_bad_answer_leaves_no_file(site: tuple[Path, str], tmp_path: Path, path: str, name: str) -> None:
    with pytest.raises(VirtError) as caught:
        tree.fetch(f"{site[1]}/{path}", f"{tmp_path}/got")
    assert caught.value.problem.name == name
    assert not (tmp_path / "got").exists()


def test_cancelled(site: tuple[Path, str], tmp_path: Path) -> None:
    folder, url = site
    put(folder, "k", b"x" * 1_000_000)
    stop = threading.Event()
    stop.set()
    with pytest.raises(VirtError) as caught:
        tree.fetch(f"{url}/k", f"{tmp_path}/got", stop=stop)
    assert caught.value.problem.name == "cancelled" and not (tmp_path / "got").exists()
