"""Every definition of libvirt's test data, and mutations of them, in a real daemon of its own kind.

The daemon is a private one with libvirt's test driver behind its socket: what it reads, it reads as any libvirtd does.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.testbed import corpus, scale
from tests.testbed.guests import wait_for

pytestmark = [pytest.mark.live, pytest.mark.timeout(round(200 + 3600 * scale.SCALE))]
ROOT = Path(__file__).parents[2]


def child(what: str, count: int, daemon_pid: int, uri: str) -> dict[str, int]:
    """Run `definitions_child.py`: what kills a process there kills no test here."""
    line = [sys.executable, "-m", "tests.live.definitions_child", what, str(count), str(scale.SEED), uri]
    ended = subprocess.run(line, capture_output=True, text=True, timeout=3000, check=False, cwd=ROOT)
    assert ended.returncode == 0, ended.stderr[-3000:]
    os.kill(daemon_pid, 0)  # it lives
    return json.loads(ended.stdout)  # type: ignore[no-any-return]


@pytest.fixture
def daemon(tmp_path: Path):  # type: ignore[no-untyped-def]
    """A libvirtd of one's own, as a user: its pid and the test driver's URI through its socket."""
    run = Path("/tmp") / f"vmd-{os.getpid()}"
    run.mkdir(mode=0o700)
    environment = os.environ | {"XDG_RUNTIME_DIR": str(run), "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    configuration = tmp_path / "libvirtd.conf"
    configuration.write_text(f'unix_sock_dir = "{run}"\nauth_unix_rw = "none"\nlog_outputs = "4:stderr"\n')
    line = ["/usr/sbin/libvirtd", "--config", str(configuration), "--pid-file", str(run / "pid")]
    process = subprocess.Popen(line, env=environment, stderr=subprocess.DEVNULL)
    socket = run / "libvirt-sock"
    try:
        wait_for(lambda: socket.exists() or process.poll() is not None, "the daemon is there")
        if process.poll() is not None:
            pytest.skip("no daemon of one's own can be started here")
        yield process.pid, f"test+unix:///default?socket={socket}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        shutil.rmtree(run, ignore_errors=True)


def test_what_libvirt_drops_is_listed(daemon) -> None:  # type: ignore[no-untyped-def]
    """Defined and fetched back; the differences of what it keeps are listed, and each can be told in words."""
    if not corpus.definitions():
        pytest.skip(corpus.MISSING)
    found = child("fetch", scale.reps(2000), *daemon)
    assert found["defined"] > found["refused"] / 4 and found["defined"] > 20, found
    assert found["listed"] >= found["defined"], found
    print(found)


def test_hostile_definitions(daemon) -> None:  # type: ignore[no-untyped-def]
    """Mutated and hostile ones, 100,000 at full scale: no exception of ours, and the daemon lives."""
    if not corpus.definitions():
        pytest.skip(corpus.MISSING)
    found = child("hostile", scale.reps(100_000), *daemon)
    assert found["read"] + found["refused"] == scale.reps(100_000), found
    assert found["edited"] > found["read"] / 2 and found["shown"] > 100, found
    print(found)
