"""Whether there is a display is known before Qt is loaded."""

import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from vmdesk.ui import display
from vmdesk.ui.display import display_problem


def test_none_at_all() -> None:
    assert "no display" in display_problem({})


def test_a_chosen_platform_is_not_doubted() -> None:
    assert display_problem({"QT_QPA_PLATFORM": "offscreen"}) == ""


def test_wayland(tmp_path: Path) -> None:
    place = {"WAYLAND_DISPLAY": "wayland-0", "XDG_RUNTIME_DIR": str(tmp_path)}
    assert display_problem(place)
    (tmp_path / "wayland-0").touch()
    assert display_problem(place) == ""


@pytest.mark.parametrize("name", ["nonsense", ":", ":x", ":98765", "localhost:60001"])
def test_nobody_answers(name: str) -> None:
    assert name in display_problem({"DISPLAY": name})


@pytest.fixture
def server() -> Iterator[tuple[str, list[bytes]]]:
    """An X server that lets in who brings the cookie "key!"."""
    seen: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                hello = connection.recv(200)
                seen.append(hello)
                connection.sendall(b"\x01" if hello.endswith(b"key!") else b"\x00")

    threading.Thread(target=serve, daemon=True).start()
    yield str(listener.getsockname()[1]), seen
    listener.close()


def test_the_cookie_opens(tmp_path: Path, server: tuple[str, list[bytes]], monkeypatch: pytest.MonkeyPatch) -> None:
    port, seen = server
    monkeypatch.setattr(display, "_lets_in", lambda place, cookie: _lets_in(("127.0.0.1", int(port)), cookie))
    place = {"DISPLAY": "127.0.0.1:5", "XAUTHORITY": str(tmp_path / "auth")}
    assert display_problem(place)

    def entry(number: bytes, name: bytes, data: bytes) -> bytes:
        parts = (b"host", number, name, data)
        return struct.pack(">H", 0) + b"".join(struct.pack(">H", len(part)) + part for part in parts)

    good, other = entry(b"5", b"MIT-MAGIC-COOKIE-1", b"key!"), entry(b"7", b"MIT-MAGIC-COOKIE-1", b"nope")
    (tmp_path / "auth").write_bytes(other + good)
    assert display_problem(place) == ""
    assert not any(b"nope" in hello for hello in seen)
    (tmp_path / "auth").write_bytes(b"\x00garbage")
    assert display_problem(place)


_lets_in = display._lets_in
