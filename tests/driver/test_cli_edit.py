"""`vmdesk edit` in its own process, on libvirt's test driver and on plain files."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UUID = "10000000-0000-4000-8000-000000000001"
MAC = "52:54:00:00:00:01"
NODE = f"""<node><domain type="test"><name>web</name><uuid>{UUID}</uuid>
<memory unit="KiB">2097152</memory><currentMemory unit="KiB">1048576</currentMemory><vcpu>2</vcpu>
<os><type arch="x86_64">hvm</type></os>
<devices>
<disk type="file" device="disk"><source file="/img/1.qcow2"/><target dev="vda" bus="virtio"/></disk>
<disk type="file" device="cdrom"><target dev="sda" bus="sata"/></disk>
<interface type="network"><mac address="{MAC}"/><source network="default"/></interface>
<graphics type="vnc" passwd="sesame"/></devices></domain>
<network><name>default</name><bridge name="virbr0"/><ip address="192.168.122.1" netmask="255.255.255.0"/></network>
<pool type="dir"><name>default</name><target><path>/nowhere/pool</path></target></pool></node>"""
OWN = """<!-- mine -->
<domain type='kvm'>
  <name>x</name>
  <memory unit='MiB'>512</memory>
  <vcpu>1</vcpu>
  <devices>
    <disk type='file' device='cdrom'>
      <target dev='sda' bus='sata'/>  <!-- keep <me> -->
    </disk>
    <graphics type='vnc' passwd='geheim'/>
  </devices>
</domain>
"""
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    (tmp_path / "node.xml").write_text(NODE)
    (tmp_path / "run").mkdir(mode=0o700)
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "LC_ALL": "C.UTF-8",
        "LANGUAGE": "en",
        "XDG_RUNTIME_DIR": str(tmp_path / "run"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
    }

    def run(*words: str, stdin: str = "", host: bool = True) -> "subprocess.CompletedProcess[str]":
        connect = ["--connect", f"test://{tmp_path / 'node.xml'}"] if host else []
        line = [sys.executable, "-m", "vmdesk", *connect, *words]
        return subprocess.run(
            line, input=stdin, capture_output=True, text=True, timeout=60, env=environment, check=False
        )

    return run


def test_a_file_is_edited_without_any_host(run: Run, tmp_path: Path) -> None:
    edited = run("edit", "--xml", "-", "--memory", "1G", "--insert", "/srv/a.iso", stdin=OWN, host=False)
    assert (edited.returncode, edited.stderr) == (0, "")
    expected = OWN.replace(">512<", ">1024<").replace(
        "<target dev='sda' bus='sata'/>", "<source file='/srv/a.iso'/>\n      <target dev='sda' bus='sata'/>"
    )
    assert edited.stdout == expected
    (tmp_path / "own.xml").write_text(edited.stdout)
    back = run("edit", "--xml", str(tmp_path / "own.xml"), "--memory", "512M", "--eject", host=False)
    assert back.stdout == OWN


def test_the_difference_hides_passwords(run: Run) -> None:
    shown = run("edit", "--xml", "-", "--remove", "sda", "--title", "T", "--print-diff", stdin=OWN, host=False)
    assert shown.returncode == 0 and "+  <title>T</title>" in shown.stdout and "-    <disk" in shown.stdout
    assert "geheim" not in shown.stdout + shown.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("edit", "web"),
        ("edit", "--memory", "1G"),
        ("edit", "web", "--memory", "much"),
        ("edit", "web", "--vcpus", "0"),
        ("edit", "web", "--set-limit", "cpu.foo=1"),
        ("edit", "web", "--set-limit", "cpu.shares=many"),
        ("edit", "web", "--live", "--config", "--vcpus", "2"),
        ("edit", "web", "--insert", "a", "--eject"),
        ("edit", "web", "--xml", "-", "--vcpus", "2"),
        ("edit", "web", "--add-disk", "path=/a,size=3"),
        ("edit", "web", "--add-disk", "colour=red"),
        ("edit", "web", "--add-nic", "forward=1:2"),
        ("edit", "--xml", "-", "--add-disk", "size=1"),
    ],
)
def test_wrong_usage_is_2(run: Run, words: tuple[str, ...]) -> None:
    ended = run(*words, stdin=OWN)
    assert ended.returncode == 2 and ended.stdout == "" and ended.stderr.startswith("vmdesk: ")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--insert", "a", "--eject"), "--eject and --insert do not go together."),
        (("--vcpus", "0"), "--vcpus cannot be 0."),
        (("--memory", "0"), "--memory cannot be 0."),
        (("--set-limit", "cpu.shares=1"), "cpu.shares is between 2 and 262144."),
    ],
)
def test_wrong_usage_in_words(run: Run, words: tuple[str, ...], sentence: str) -> None:
    ended = run("edit", "web", *words, host=False)
    assert ended.returncode == 2 and ended.stderr.splitlines()[0] == f"vmdesk: {sentence}"


def test_what_was_done_is_told_as_it_is_typed(run: Run) -> None:
    limits = ("memory.hard=2G", "cpu.quota=50%", "memory.soft=1536M", "memory.swap=none")
    words = [word for one in limits for word in ("--set-limit", one)]
    ended = run("edit", "web", "--config", "--title", "", "--boot", "hd", *words)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines() == [
        "Title: none: from the next start",
        *(f"{one.replace('=', ': ').replace('%', ' %')}: from the next start" for one in limits),
        "Boot order: hd: from the next start",
    ]


@pytest.mark.parametrize(
    "words",
    [("--remove", "vdz"), ("--eject",), ("--boot", "vdz"), ("--set-limit", "disk.vdz.read-bytes=1M")],
)
def test_what_cannot_be_is_1(run: Run, words: tuple[str, ...]) -> None:
    for ended in (run("edit", "web", *words), run("edit", "--xml", "-", *words, stdin=OWN, host=False)):
        assert ended.returncode == 1 and ended.stdout == "" and "vmdesk: " in ended.stderr


def test_nonsense_instead_of_a_definition(run: Run) -> None:
    for nonsense in ("", "<network/>", "<domain>", "<!DOCTYPE domain><domain/>"):
        ended = run("edit", "--xml", "-", "--vcpus", "2", stdin=nonsense, host=False)
        assert ended.returncode == 1 and ended.stdout == ""


def test_printing_changes_nothing(run: Run) -> None:
    shown = run("edit", "web", "--memory", "2G", "--vcpus", "4", "--print-diff", "--print-xml")
    assert shown.returncode == 0
    assert "+  <vcpu placement='static'>4</vcpu>" in shown.stdout and "sesame" not in shown.stdout
    assert "passwd='***'" in shown.stdout


def test_now_and_stored(run: Run) -> None:
    ended = run("--json", "edit", "web", "--memory", "2G", "--title", "The Web")
    assert ended.returncode == 0, ended.stderr
    (record,) = json.loads(ended.stdout)
    assert record["done"] and [(one["live"], one["stored"]) for one in record["changes"]] == [(True, True)] * 2


def test_the_system_in_it_is_written_down_now_and_stored(run: Run) -> None:
    """In the running machine's definition, too. A URL needs no database, which may be too old for it."""
    debian = "http://debian.org/debian/99"
    ended = run("edit", "web", "--os", debian)
    assert (ended.returncode, ended.stdout) == (0, "System: Debian 99: now and from every start on\n"), ended.stderr
    shown = run("edit", "web", "--os", debian, "--print-diff")
    assert shown.returncode == 0 and f"+      <libosinfo:os id='{debian}'/>" in shown.stdout, shown.stdout
    edited = run("edit", "--xml", "-", "--os", debian, stdin=OWN, host=False)
    assert edited.returncode == 0 and debian in edited.stdout
    assert run("edit", "--xml", "-", "--os", "none", stdin=edited.stdout, host=False).stdout == OWN


def test_the_system_by_its_short_id(run: Run) -> None:
    pytest.importorskip("gi.repository.Libosinfo", exc_type=ImportError)
    edited = run("edit", "--xml", "-", "--os", "debian11", stdin=OWN, host=False)
    assert edited.returncode == 0 and "http://debian.org/debian/11" in edited.stdout
    wrong = run("edit", "--xml", "-", "--os", "nosuch", stdin=OWN, host=False)
    assert (wrong.returncode, wrong.stdout) == (1, "") and "knows no system nosuch" in wrong.stderr


def test_what_waits_for_the_next_start_says_why(run: Run) -> None:
    ended = run("edit", "web", "--vcpus", "4")
    assert ended.returncode == 0 and "from the next start. It was started with room for 2" in ended.stdout
    refused = run("edit", "web", "--live", "--vcpus", "4")
    assert refused.returncode == 1 and "room for 2" in refused.stderr and refused.stdout == ""
    refused = run("edit", "web", "--live", "--boot", "hd")
    assert refused.returncode == 1 and "next start" in refused.stderr
    added = run("edit", "web", "--add-nic", "default,mac=52:54:00:99:99:99")
    assert added.returncode == 0 and "52:54:00:99:99:99 (default): from the next start." in added.stdout


def test_stored_only(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.iso").touch()
    words = ("--config", "--memory", "512M", "--remove", MAC, "--insert", str(tmp_path / "a.iso"))
    ended = run("--json", "edit", "web", *words)
    (record,) = json.loads(ended.stdout)
    assert [(one["live"], one["stored"]) for one in record["changes"]] == [(False, True)] * 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--config", "--add-nic", "nosuch"), "no network nosuch: the machine could not start. It has: default."),
        (("--print-diff", "--add-disk", "path=/nosuch.img"), "/nosuch.img is not there: the machine could not start."),
        (("--insert", "/nosuch.iso"), "/nosuch.iso is not there"),
        (("--config", "--insert", "vol:default/nosuch.iso"), "default/nosuch.iso is not there"),
        (("--memory", "1G", "--set-limit", "memory.hard=512M"), "limit of 512M is below the machine's memory of 1G"),
        (("--live", "--set-limit", "memory.hard=512M"), "limit of 512M is below the machine's memory of 1G"),
    ],
)
def test_what_could_not_start_is_refused(run: Run, words: tuple[str, ...], said: str) -> None:
    ended = run("edit", "web", *words)
    assert (ended.returncode, ended.stdout) == (1, ""), ended.stderr
    assert said in ended.stderr


def test_more_memory_than_there_is(run: Run) -> None:
    much = run("edit", "web", "--config", "--memory", "3T")
    assert much.returncode == 0 and "a machine of 3T may not start" in much.stderr
    absurd = run("edit", "web", "--config", "--memory", "5000T")
    assert (
        absurd.returncode == 2 and "5000T of memory is more than any machine can have: at most 4096T" in absurd.stderr
    )


def test_a_new_disk_is_taken_back_when_something_else_is_wrong(run: Run, tmp_path: Path) -> None:
    ended = run("edit", "web", "--config", "--add-disk", "size=1", "--add-disk", "path=/nosuch.img")
    assert ended.returncode == 1 and "/nosuch.img is not there" in ended.stderr
    assert list((tmp_path / "config").rglob("*.journal")) == []
    made = run("edit", "web", "--config", "--add-disk", "size=1")
    assert (made.returncode, made.stderr) == (0, "") and "Disk vdb (/nowhere/pool/web.qcow2)" in made.stdout
    assert list((tmp_path / "config").rglob("*.journal")) == []


def test_a_machine_that_is_not_there(run: Run) -> None:
    ended = run("edit", "nobody", "--vcpus", "2")
    assert ended.returncode == 1 and "nobody" in ended.stderr


def test_a_long_definition_and_a_full_disk(tmp_path: Path) -> None:
    """Longer than what Python holds back before it writes."""
    long = OWN.replace("</name>", f"</name><description>{'x' * 20_000}</description>", 1)
    file = tmp_path / "own.xml"
    file.write_text(long)
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "vmdesk", "edit", "--xml", str(file), "--vcpus", "2"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "could not be written" in done.stderr
