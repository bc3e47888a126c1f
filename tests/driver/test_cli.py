"""The real command line in its own process, on libvirt's test driver."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from vmdesk.cli import arguments
from vmdesk.cli import main as cli
from vmdesk.core import single

ROOT = Path(__file__).parents[2]
VMDESK = (sys.executable, "-m", "vmdesk")
FIELDS = [
    "name",
    "uuid",
    "state",
    "reason",
    "responding",
    "vcpus",
    "memory_kib",
    "max_memory_kib",
    "autostart",
    "persistent",
    "title",
    "tags",
    "host",
]
WEB, DB = "10000000-0000-4000-8000-000000000001", "10000000-0000-4000-8000-000000000002"

DOMAIN = """
<domain type="test" xmlns:test="http://libvirt.org/schemas/domain/test/1.0">
  <name>{name}</name><uuid>10000000-0000-4000-8000-{number:012}</uuid>{title}
  <memory unit="KiB">2097152</memory><currentMemory unit="KiB">1048576</currentMemory><vcpu>2</vcpu>
  <os><type arch="x86_64">hvm</type></os>
  <devices>
    <disk type="file" device="disk"><source file="/img/{number}.qcow2"/><target dev="vda" bus="virtio"/></disk>
    <interface type="network"><mac address="52:54:00:00:00:{number:02x}"/><source network="default"/></interface>
  </devices>
  <test:runstate>{state}</test:runstate>
</domain>"""
RUNNING, OFF, PAUSED = 1, 5, 3


def node(*machines: tuple[str, int], start: int = 1) -> str:
    domains = "".join(
        DOMAIN.format(name=name, number=number, state=state, title="<title>The Web</title>" if name == "web" else "")
        for number, (name, state) in enumerate(machines, start)
    )
    return f"<node>{domains}</node>"


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Shell:
    """Runs `vmdesk ...` with a settings folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.settings = folder / "settings"
        self.uri = self.file(
            folder / "one.xml", node(("web", RUNNING), ("db", OFF), ("old", PAUSED), ("-x", OFF), ("42", OFF))
        )
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "XDG_RUNTIME_DIR": str(folder / "run"),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "LC_ALL": "C.UTF-8",
        }
        (folder / "run").mkdir(mode=0o700)

    @staticmethod
    def file(path: Path, content: str) -> str:
        path.write_text(content)
        return f"test://{path}"

    def raw(self, *words: str) -> Ended:
        done = subprocess.run(
            [*VMDESK, *words],
            capture_output=True,
            text=True,
            timeout=60,
            env=self.environment,
            stdin=subprocess.DEVNULL,
        )
        assert "Traceback" not in done.stderr
        assert "Traceback" not in done.stdout
        return Ended(done.returncode, done.stdout, done.stderr)

    def __call__(self, *words: str) -> Ended:
        """With the host and the settings folder."""
        return self.raw("--connect", self.uri, "--settings-dir", str(self.settings), *words)


@pytest.fixture
def vmdesk(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_list_for_people(vmdesk: Shell) -> None:
    ended = vmdesk("list")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0].split() == ["Name", "State", "vCPUs", "Memory", "Tags"]
    assert [line.split()[0] for line in lines[1:]] == ["-x", "42", "db", "old", "web"]
    assert not vmdesk.settings.exists()


def test_list_as_json(vmdesk: Shell) -> None:
    for place in (0, 1):
        words = ["list"]
        words.insert(place, "--json")
        machines = vmdesk(*words).json
        assert [list(one) for one in machines] == [FIELDS] * 5
    [web] = [one for one in machines if one["name"] == "web"]
    assert web == {
        "name": "web",
        "uuid": WEB,
        "state": "running",
        "reason": web["reason"],
        "responding": True,
        "vcpus": 2,
        "memory_kib": 1048576,
        "max_memory_kib": 2097152,
        "autostart": False,
        "persistent": True,
        "title": "The Web",
        "tags": [],
        "host": vmdesk.uri,
    }


def test_state_and_reason_are_virshs_words(vmdesk: Shell) -> None:
    for one in vmdesk("list", "--json").json:
        virsh = ["virsh", "-c", vmdesk.uri, "domstate", "--reason", one["uuid"]]
        said = subprocess.run(virsh, capture_output=True, text=True, check=True, env=vmdesk.environment).stdout
        assert said.strip() == f"{one['state']} ({one['reason']})"


def test_names_only(vmdesk: Shell) -> None:
    assert vmdesk("list", "--names", "state:off").out == "-x\n42\ndb\n"


def test_empty_list(vmdesk: Shell, tmp_path: Path) -> None:
    assert vmdesk("list", "--json", "nothing-like-it").json == []
    empty = vmdesk.file(tmp_path / "empty.xml", "<node/>")
    ended = vmdesk.raw("list", "--json", "--connect", empty)
    assert (ended.code, ended.json, ended.err) == (0, [], "")


def test_filter(vmdesk: Shell) -> None:
    assert [one["name"] for one in vmdesk("list", "--json", "state:running", "the").json] == ["web"]
    assert [one["name"] for one in vmdesk("list", "--json", "--", "-state:off", "-web").json] == ["old"]
    # "old" is paused, and on the test driver has no figures then.
    assert [one["name"] for one in vmdesk("list", "--json", "mem>=1G", "cpu>=0").json] == ["web"]
    ended = vmdesk("list", "web", "foo:bar")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.splitlines()[-1] == "      ^"


@pytest.mark.parametrize(
    ("verb", "name", "said"),
    [
        ("start", "db", "Starting db"),
        ("start --paused", "db", "Starting db paused"),
        ("shutdown", "web", "Shutting down web"),
        ("shutdown --wait 5", "web", "Shutting down web"),
        ("reboot", "web", "Rebooting web"),
        ("poweroff", "web", "Forcing off web"),
        ("destroy", "old", "Forcing off old"),
        ("pause", "web", "Pausing web"),
        ("resume", "old", "Resuming old"),
        ("save", "web", "Saving web"),
        ("autostart on", "db", "Setting db to start with its host"),
        ("start", "42", "Starting 42"),
    ],
)
def test_verbs(vmdesk: Shell, verb: str, name: str, said: str) -> None:
    ended = vmdesk(*verb.split(), name)
    assert (ended.code, ended.out, ended.err) == (0, f"{said}: done\n", "")


@pytest.mark.parametrize(
    ("verb", "name"),
    [
        ("start", "web"),
        ("shutdown", "db"),
        ("poweroff", "db"),
        ("pause", "old"),
        ("resume", "web"),
        ("discard-save", "web"),
        ("autostart off", "db"),
    ],
)
def test_already_so_is_fine_and_noted(vmdesk: Shell, verb: str, name: str) -> None:
    ended = vmdesk(*verb.split(), name)
    assert (ended.code, ended.out) == (0, "")
    assert name in ended.err
    assert len(ended.err.splitlines()) == 1
    [record] = vmdesk(*verb.split(), name, "--json").json
    assert record["done"]
    assert record["note"]


@pytest.mark.parametrize(
    ("verb", "name"), [("reboot", "db"), ("pause", "db"), ("start", "old"), ("undefine", "web"), ("save", "db")]
)
def test_what_makes_no_sense_is_refused(vmdesk: Shell, verb: str, name: str) -> None:
    ended = vmdesk(verb, name)
    assert (ended.code, ended.out) == (1, "")
    assert name in ended.err


def test_several_names_are_all_tried(vmdesk: Shell) -> None:
    ended = vmdesk("start", "nobody", "db", "web", "42", "db")
    assert ended.code == 1
    assert ended.out == "Starting db: done\nStarting 42: done\n"
    assert len(ended.err.splitlines()) == 2


def test_names_after_two_dashes_and_uuids(vmdesk: Shell) -> None:
    assert vmdesk("start", "--", "-x").out == "Starting -x: done\n"
    assert vmdesk("start", DB.upper().replace("-", "")).out == "Starting db: done\n"
    assert vmdesk("start", "-x").code == 2
    # After the dashes even a shared option's name is a name.
    assert vmdesk("start", "--", "--json").code == 1


def test_the_same_name_on_two_hosts_lists_both(vmdesk: Shell, tmp_path: Path) -> None:
    other = vmdesk.file(tmp_path / "two.xml", node(("db", OFF), ("only", OFF), start=20))
    ended = vmdesk("start", "db", "--connect", other)
    assert (ended.code, ended.out) == (1, "")
    assert vmdesk.uri in ended.err
    assert other in ended.err
    assert DB in ended.err
    assert vmdesk("start", "only", DB, "--connect", other).code == 0
    hosts = {one["host"] for one in vmdesk("list", "--json", "--connect", other, "--connect", vmdesk.uri).json}
    assert hosts == {vmdesk.uri, other}
    assert "Host" in vmdesk("list", "--connect", other).out.splitlines()[0]


@pytest.mark.parametrize(
    "words",
    [
        ("list", "--connect"),
        ("--connect", ""),
        ("--connect=", "list"),
        ("--connect", "nonsense", "list"),
        ("--connect", "qemu+ext:///system", "list"),
        ("--connect", "qemu+ssh://h/system?command=/bin/false", "list"),
        ("--connect", "test:///nowhere/at/all.xml", "list"),
        ("--connect", "\x1b[31m", "list"),
        ("nonsense",),
        ("list", "--nonsense"),
        ("start",),
        ("shutdown", "--wait", "long", "web"),
        ("shutdown", "--wait", "-1", "web"),
        ("autostart", "web"),
        ("autostart", "on"),
        ("rename", "web"),
        ("list", "cpu>"),
        ("list", '"open'),
        ("list", "--settings-dir"),
        ("list", "--settings-dir="),
    ],
)
def test_wrong_usage(vmdesk: Shell, words: Sequence[str]) -> None:
    ended = vmdesk.raw("--demo", "--debug", *words)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("vmdesk: ")
    assert "\x1b" not in ended.err


@pytest.mark.parametrize("words", [("--settings-dir", "list"), ("--settings-dir=host", "list")])
def test_a_verb_is_no_settings_folder(
    vmdesk: Shell, words: Sequence[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = vmdesk.raw("--demo", *words)
    assert (ended.code, ended.out) == (2, "")
    assert "is a verb" in ended.err
    assert list(tmp_path.glob("*/*.json")) == [] and not (tmp_path / "list").exists()


def test_wrong_usage_opens_nothing(vmdesk: Shell, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    for uri in (
        f"qemu+ext:///system?command={marker}",
        f"qemu+ssh://localhost/system?command=/usr/bin/touch%20{marker}",
    ):
        ended = vmdesk("list", "--connect", uri)
        assert ended.code == 2
        assert len(ended.err.splitlines()) == 1
    assert not marker.exists()


def test_a_host_that_cannot_be_opened(vmdesk: Shell, tmp_path: Path) -> None:
    broken = vmdesk.file(tmp_path / "broken.xml", "<node><domain/></node>")
    ended = vmdesk("list", "--connect", broken)
    assert ended.code == 1
    assert broken in ended.err
    assert "web" in ended.out
    # A name might be that host's, too: nothing is done.
    ended = vmdesk("start", "db", "--connect", broken)
    assert (ended.code, ended.out) == (1, "")


def test_rename(vmdesk: Shell) -> None:
    assert vmdesk("rename", "db", "Máy chủ").out == "Renaming db: done\n"
    same = vmdesk("rename", "db", "db")
    assert (same.code, same.out, same.err) == (0, "", "vmdesk: db already has this name.\n")
    for new in ("web", "a/b", "", " x"):
        ended = vmdesk("rename", "db", new)
        assert (ended.code, ended.out) == (1, "")
        assert len(ended.err.splitlines()) == 1


def test_undefine_lists_what_stays(vmdesk: Shell) -> None:
    ended = vmdesk("undefine", "db")
    assert (ended.code, ended.err) == (0, "")
    assert "/img/2.qcow2" in ended.out
    [record] = vmdesk("undefine", "db", "--json").json
    assert [file["path"] for file in record["stays"]] == ["/img/2.qcow2"]


def test_tags(vmdesk: Shell) -> None:
    assert vmdesk("tag", "db").out == "db\n"
    assert vmdesk("tag", "db", "--add", "lab", "--add", "a,b").out == "db: lab, a, b\n"
    ended = vmdesk("tag", "db", "--remove", "lab")
    assert (ended.code, ended.out) == (0, "db\n")
    assert "exactly these tags" in ended.err
    [record] = vmdesk("tag", "--json", "db", "--add", "lab").json
    assert (record["tags"], record["done"]) == (["lab"], True)


def test_show(vmdesk: Shell) -> None:
    shown = vmdesk("show", "web", "db").out
    assert "The Web" in shown
    assert "/img/2.qcow2" in shown
    [web] = vmdesk("show", WEB, "--json").json
    assert web["disks"][0]["source"] == "/img/1.qcow2"
    assert set(FIELDS) < set(web)


def test_stats(vmdesk: Shell) -> None:
    lines = vmdesk("stats").out.splitlines()
    assert [line.split()[0] for line in lines] == ["Name", "old", "web"]
    [web] = vmdesk("stats", "web", "--json").json
    assert web["uuid"] == WEB
    assert web["cpu_percent"] is None or 0 <= web["cpu_percent"] <= 100
    ended = vmdesk("stats", "db")
    assert ended.code == 0
    assert "not running" in ended.err


def test_why_it_is_slow(vmdesk: Shell) -> None:
    lines = vmdesk("slow", "--for", "1", "web").out.splitlines()
    assert lines[0].startswith("web: ") and "Looked at for" in lines[-2] and "Not told" in lines[-1]
    [web] = vmdesk("slow", "web", "--for=1", "--json").json
    assert (web["uuid"], web["looked"]["processor"]) == (WEB, "TEST") and web["seconds"] >= 1
    assert web["looked"]["waiting for the host's CPU"] is None
    off = vmdesk("slow", "db")
    assert (off.code, off.out) == (1, "") and "not running" in off.err


def test_host(vmdesk: Shell) -> None:
    assert "TEST" in vmdesk("host").out
    [host] = vmdesk("host", "--json").json
    assert host["uri"] == vmdesk.uri
    assert host["libvirt_version"]


def test_the_practice_host_lives_for_one_command(vmdesk: Shell) -> None:
    names = [one["name"] for one in vmdesk.raw("list", "--json", "--connect", "practice", "state:off").json]
    assert names
    for _ in range(2):
        assert vmdesk.raw("start", names[0], "--demo").out == f"Starting {names[0]}: done\n"
    whole = vmdesk.raw("--help").out
    for word in ("one command", "--demo", "--tour DIR", "--connect URI|HOST", "--version", "--settings-dir DIR"):
        assert word in whole
    assert "--tour" not in vmdesk.raw("start", "--help").out
    assert "one command" in vmdesk.raw("start", "--help").out


@pytest.mark.parametrize("verb", cli.VERBS)
def test_each_verb_has_help(vmdesk: Shell, verb: str) -> None:
    ended = vmdesk.raw(verb, "--help")
    assert ended.code == 0
    assert ended.out.startswith("usage: vmdesk")


def test_remembered_hosts_by_name(vmdesk: Shell) -> None:
    vmdesk.settings.mkdir()
    hosts = [
        {"id": "a", "name": "My lab", "uri": vmdesk.uri},
        {"id": "b", "name": "RO", "uri": vmdesk.uri, "readonly": True},
    ]
    (vmdesk.settings / "settings.json").write_text(json.dumps({"hosts": hosts}))
    shared = ("--settings-dir", str(vmdesk.settings))
    assert len(vmdesk.raw(*shared, "--connect", "My lab", "list", "--json").json) == 5
    ended = vmdesk.raw("start", "db", *shared, "--connect", "RO")
    assert (ended.code, ended.out) == (1, "")
    assert "read-only" in ended.err
    ended = vmdesk.raw("list", *shared, "--connect", "my lab")
    assert ended.code == 2
    assert "My lab" in ended.err


@pytest.mark.parametrize("content", [b"", b"\xff", b'{"hosts": [', b"[]"])
def test_broken_settings_are_told_and_set_aside(vmdesk: Shell, content: bytes) -> None:
    vmdesk.settings.mkdir()
    (vmdesk.settings / "settings.json").write_bytes(content)
    ended = vmdesk("list", "--json")
    assert ended.code == 0
    assert len(ended.json) == 5
    assert "settings.json.broken-" in ended.err
    assert vmdesk("list").err == ""


def test_a_settings_folder_that_is_none(vmdesk: Shell) -> None:
    vmdesk.settings.write_text("a file")
    ended = vmdesk("list")
    assert ended.code == 0
    assert "Errno" not in ended.err
    assert [line.endswith("(Not a directory)") for line in ended.err.splitlines()] == [True, True]


def test_vietnamese(vmdesk: Shell) -> None:
    vmdesk.settings.mkdir()
    (vmdesk.settings / "settings.json").write_text('{"language": "vi"}')
    assert vmdesk("list").code == 0
    vmdesk.environment["LC_ALL"] = "POSIX"
    vmdesk.environment["PYTHONIOENCODING"] = "ascii"
    assert vmdesk("rename", "db", "Máy chủ").code == 0
    assert vmdesk("list", "--json").code == 0


@pytest.mark.parametrize(
    ("words", "usage"),
    [
        (("start",), "vmdesk start "),
        (("start", "--nonsense", "web"), "vmdesk start "),
        (("host", "more"), "vmdesk host "),
        (("shutdown", "--wait"), "vmdesk shutdown "),
        (("shutdown", "--wait", "long", "web"), "vmdesk shutdown "),
        (("start", "--paused=yes", "web"), "vmdesk start "),
        (("nonsense",), "vmdesk [OPTION]..."),
        (("--nonsense",), "vmdesk [OPTION]..."),
        (("--tour",), "vmdesk [OPTION]..."),
    ],
)
def test_wrong_usage_in_vietnamese(vmdesk: Shell, words: Sequence[str], usage: str) -> None:
    """argparse's own words are English, and so is a usage that is not the verb's no help."""
    vmdesk.environment["LC_ALL"] = "vi_VN.UTF-8"
    ended = vmdesk.raw(*words)
    assert (ended.code, ended.out) == (2, "")
    assert f"cách dùng: {usage}" in ended.err
    for english in ("argument", "required", "expected", "invalid", "unrecognized", "ignored", "choose"):
        assert english not in ended.err


@pytest.mark.parametrize(
    "words",
    [
        ("--connect", "\udcff", "list"),
        ("--connect", "qemu:///\udcff", "list"),
        (
            "--connect",
            "\udcff:",
        ),
        ("--demo", "start", "\udcff"),
        ("--demo", "tag", "cache", "--add", "\udcff"),
        ("--demo", "rename", "cache", "\udcff"),
        ("--demo", "list", "\udcff"),
    ],
)
def test_bytes_that_are_no_text(vmdesk: Shell, words: Sequence[str]) -> None:
    ended = vmdesk.raw(*words)
    assert (ended.code, ended.out) == (2, "")
    assert "mistake" not in ended.err


def test_a_settings_folder_may_have_any_name(vmdesk: Shell) -> None:
    ended = vmdesk.raw("--demo", "--settings-dir", f"{vmdesk.settings}\udcff", "list", "--names")
    assert (ended.code, ended.err) == (0, "")


def test_a_long_word_is_not_repeated(vmdesk: Shell) -> None:
    ended = vmdesk.raw("--connect", "x" * 10_000, "list")
    assert ended.code == 2
    assert len(ended.err) < 400


def test_one_thread_is_one_thread(vmdesk: Shell) -> None:
    assert "16 (4 sockets, 2 cores each, 2 threads each)" in vmdesk.raw("--connect", "test:///default", "host").out


def test_open_tells_the_window(vmdesk: Shell) -> None:
    """A window stands here for itself: what it hears is what matters."""
    heard: list[str] = []
    window = (
        "import asyncio, json, sys\n"
        "from pathlib import Path\n"
        "from vmdesk.core import single\n"
        "from vmdesk.core.paths import Paths\n"
        "async def main():\n"
        "    heard = asyncio.Event()\n"
        "    def hear(message):\n"
        "        print(json.dumps(message), flush=True)\n"
        "        heard.set()\n"
        "    listening = await single.listen(Paths.of(Path(sys.argv[1])).socket, hear)\n"
        "    print('ready', flush=True)\n"
        "    await heard.wait()\n"
        "    await asyncio.sleep(0.2)\n"
        "    await listening.close()\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", window, str(vmdesk.settings)], stdout=subprocess.PIPE, text=True, env=vmdesk.environment
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        assert vmdesk("open", "web").code == 0
        heard = process.stdout.read().splitlines()
    assert [json.loads(line) for line in heard] == [{"do": "open", "uri": vmdesk.uri, "uuid": WEB, "name": "web"}]


def test_open_starts_the_window_when_there_is_none(vmdesk: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def window(arguments: list[str]) -> int:
        asked.append(arguments)
        return 7

    monkeypatch.setattr(single, "send", lambda path, message: False)
    shared = ["--connect", vmdesk.uri, "--settings-dir", str(vmdesk.settings)]
    assert cli.main([*shared, "open", "web"], window) == 7
    assert asked == [[*shared, "--open", WEB]]
    assert cli.main([*shared, "open", "nobody"], window) == 1
    assert len(asked) == 1


def test_a_reader_that_has_seen_enough(vmdesk: Shell) -> None:
    command = [*VMDESK, "list", "--json", "--connect", vmdesk.uri]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=vmdesk.environment) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) == 1


def through_a_shell(vmdesk: Shell, words: str) -> Ended:
    """`vmdesk WORDS`, redirections and all."""
    line = f"{shlex.join(VMDESK)} --connect {vmdesk.uri} --settings-dir {vmdesk.settings} {words}"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=60, env=vmdesk.environment)
    return Ended(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(
    ("words", "code", "out", "err"),
    [
        ("list --json >&-", 0, "", ""),
        ("start db <&- >&- 2>&-", 0, "", ""),
        ("start db nobody 2>&-", 1, "Starting db: done\n", ""),
        ("list foo:bar 2>&-", 2, "", ""),
        ("list foo:bar 2>/dev/full", 2, "", ""),
        ("--help >&-", 0, "", ""),
    ],
)
def test_streams_that_are_closed_or_full_change_nothing_else(
    vmdesk: Shell, words: str, code: int, out: str, err: str
) -> None:
    assert through_a_shell(vmdesk, words) == Ended(code, out, err)


@pytest.mark.parametrize("words", ["list", "list --json", "--help", "--version"])
def test_a_result_that_cannot_be_written_is_told(vmdesk: Shell, words: str) -> None:
    ended = through_a_shell(vmdesk, f"{words} >/dev/full")
    assert ended == Ended(1, "", "vmdesk: The result could not be written: No space left on device\n")


def test_interrupted(vmdesk: Shell) -> None:
    command = [*VMDESK, "list", "cpu>=0", "--connect", vmdesk.uri, "--debug"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=vmdesk.environment
    ) as process:
        assert process.stderr is not None
        process.stderr.readline()  # the host is open: now it waits a second between two readings
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert out == ""
    assert "Traceback" not in err


def test_interrupted_while_it_loads(vmdesk: Shell) -> None:
    """Nobody has seen a traceback; a shell calls the end by the signal 130, too."""
    command = [sys.executable, "-X", "importtime", "-m", "vmdesk", "list", "--connect", vmdesk.uri]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=vmdesk.environment
    ) as process:
        assert process.stderr is not None
        while "vmdesk.model.text" not in process.stderr.readline():  # the first of ours that is loaded
            pass
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode in (-signal.SIGINT, 130)
    assert out == ""
    assert "Traceback" not in err


def test_for_the_command_line_or_the_window() -> None:
    wanted: Callable[..., bool] = lambda *words: arguments.wanted(words)  # noqa: E731
    assert wanted("list")
    assert wanted("--connect", "list", "show", "x")
    assert wanted("--json", "nonsense")
    assert wanted("--help")
    assert not wanted()
    assert not wanted("--connect", "list")
    assert not wanted("--connect=list", "--debug", "--demo", "--tour", "list")


def test_no_qt_comes_with_it() -> None:
    code = "import sys, vmdesk.cli; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert not [name for name in done.stdout.split() if name.startswith(("PySide6", "qasync", "vmdesk.ui"))]
