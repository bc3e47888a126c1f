"""The command line on a real libvirtd with real guests."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import libvirt
import pytest

from tests.testbed.client import KeeperClient
from tests.testbed.guests import Guest, Guests, wait_for
from vmdesk.core.commands.domain import BY_ID
from vmdesk.core.labels import LabelsEdit
from vmdesk.model.domain import Definition, Domain, DomainKey, State

VMDESK = (sys.executable, "-m", "vmdesk")
RUNNING, PAUSED, OFF = libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_SHUTOFF
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def vmdesk(tmp_path: Path) -> Run:
    """`vmdesk("list", "--json")`, with a settings folder of its own."""

    def run(*words: str, code: int = 0) -> "subprocess.CompletedProcess[str]":
        command = [*VMDESK, "--settings-dir", str(tmp_path / "settings"), *words]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=100, stdin=subprocess.DEVNULL)
        assert "Traceback" not in ended.stderr
        assert ended.returncode == code, ended.stderr
        return ended

    return run


def listed(ended: "subprocess.CompletedProcess[str]") -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in json.loads(ended.stdout)}


def test_without_connect_the_system_daemon_is_meant(vmdesk: Run, make_guest: Guests) -> None:
    guest = make_guest("web")
    [web] = json.loads(vmdesk("list", "--json", guest.name).stdout)
    assert web["host"] == "qemu:///system"
    assert (web["uuid"], web["state"], web["reason"], web["responding"]) == (guest.uuid, "running", "booted", True)


def test_session_daemon(vmdesk: Run, make_session_guest: Guests) -> None:
    guest = make_session_guest("mine")
    assert guest.name in listed(vmdesk("--connect", "qemu:///session", "list", "--json"))
    vmdesk("poweroff", guest.uuid, "--connect", "qemu:///session")
    assert guest.state() == OFF


def test_a_start_that_fails_tells_what_qemu_said(vmdesk: Run, make_session_guest: Guests, tmp_path: Path) -> None:
    disk = tmp_path / "broken.qcow2"
    disk.write_bytes(b"no image at all" * 1000)
    guest = make_session_guest("broken", disks=[disk], start=False)
    ended = vmdesk("--connect", "qemu:///session", "--debug", "start", guest.name, code=1)
    assert "did not work" in ended.stderr
    assert "starting up libvirt version" in ended.stderr  # its own log, from this start on
    assert "Image is not in qcow2 format" in ended.stderr
    quiet = vmdesk("--connect", "qemu:///session", "start", guest.name, code=1)
    assert "starting up" not in quiet.stderr


def test_a_disk_that_is_not_there(vmdesk: Run, make_guest: Guests, tmp_path: Path) -> None:
    guest = make_guest("lost", disks=[tmp_path / "gone.qcow2"], start=False)
    ended = vmdesk("start", guest.name, code=1)
    assert f"Its disk {tmp_path / 'gone.qcow2'} is not there" in ended.stderr


def test_a_machines_life(vmdesk: Run, make_guest: Guests) -> None:
    guest = make_guest("life", start=False)

    def is_now(state: int, *words: str) -> None:
        vmdesk(*words, guest.name)
        assert guest.state() == state
        one = listed(vmdesk("list", "--json", guest.name))[guest.name]
        virsh = subprocess.run(
            ["virsh", "-c", guest.uri, "domstate", "--reason", guest.name], capture_output=True, text=True, check=True
        )
        assert virsh.stdout.strip() == f"{one['state']} ({one['reason']})"

    is_now(PAUSED, "start", "--paused")
    is_now(RUNNING, "resume")
    guest.wait_until_booted()
    is_now(RUNNING, "reset")
    is_now(PAUSED, "pause")
    is_now(RUNNING, "resume")
    is_now(OFF, "save")
    assert json.loads(vmdesk("show", guest.name, "--json").stdout)[0]["managed_save"]
    is_now(RUNNING, "start")
    is_now(OFF, "save")
    is_now(OFF, "discard-save")
    assert not json.loads(vmdesk("show", guest.name, "--json").stdout)[0]["managed_save"]
    is_now(RUNNING, "start")
    is_now(RUNNING, "reboot")
    is_now(OFF, "poweroff")
    is_now(OFF, "destroy")
    vmdesk("autostart", "on", guest.name)
    assert guest.ask(lambda d: d.autostart()) == 1
    vmdesk("autostart", guest.name, "off")
    assert guest.ask(lambda d: d.autostart()) == 0


def test_shutdown_waits_for_the_guest(vmdesk: Run, make_guest: Guests) -> None:
    guest, deaf = make_guest("polite"), make_guest("deaf", deaf=True)
    guest.wait_until_booted()
    deaf.wait_until_booted()
    ended = vmdesk("shutdown", "--wait", "3", guest.name, deaf.name, code=1)
    assert ended.stdout == f"Shutting down {guest.name}: done\n"
    assert f"vmdesk poweroff {deaf.name}" in ended.stderr
    assert (guest.state(), deaf.state()) == (OFF, RUNNING)
    vmdesk("poweroff", deaf.name, guest.name)
    assert deaf.state() == OFF


@pytest.mark.parametrize("words", [("shutdown", "--wait", "60"), ("stats",)])
def test_interrupted_in_the_middle(words: tuple[str, ...], make_guest: Guests, tmp_path: Path) -> None:
    deaf = make_guest("deaf", deaf=True)
    command = [*VMDESK, "--debug", "--settings-dir", str(tmp_path), *words, deaf.name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        process.stderr.readline()  # the host is open
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, "")
    assert "vmdesk: interrupted" in err
    assert "Traceback" not in err


def test_shutdown_without_wait_returns_at_once(vmdesk: Run, make_guest: Guests) -> None:
    deaf = make_guest("deaf", deaf=True)
    begin = time.monotonic()
    vmdesk("shutdown", deaf.name)
    assert time.monotonic() - begin < 8
    assert deaf.state() == RUNNING


def test_many_at_once(vmdesk: Run, make_guest: Guests, reps: Callable[[int], int]) -> None:
    guests = [make_guest(f"many{n}", start=False) for n in range(reps(40))]
    vmdesk("start", *(guest.name for guest in guests))
    assert {guest.state() for guest in guests} == {RUNNING}
    ended = vmdesk("poweroff", "--json", *(guest.uuid for guest in guests))
    assert all(one["done"] for one in json.loads(ended.stdout))
    assert {guest.state() for guest in guests} == {OFF}


def test_a_hung_machine(vmdesk: Run, make_guest: Guests, keeper: KeeperClient) -> None:
    guests = [make_guest(f"g{n}") for n in range(4)]
    hung = guests[1]
    assert keeper.guest_stop(hung.name)
    machines = listed(vmdesk("list", "--json"))
    assert {guest.name: machines[guest.name]["responding"] for guest in guests} == {
        guest.name: guest is not hung for guest in guests
    }
    assert "Not responding" in vmdesk("list", hung.name).stdout
    ended = vmdesk("stats", "--json", code=1)
    assert hung.name in ended.stderr
    assert set(listed(ended)) >= {guest.name for guest in guests if guest is not hung}
    vmdesk("poweroff", hung.name)
    assert hung.state() == OFF


def test_busy_guest_shows_in_stats_and_filter(vmdesk: Run, make_guest: Guests) -> None:
    busy, idle = make_guest("busy", busy=True), make_guest("idle")
    busy.wait_until_booted()
    idle.wait_until_booted()
    found = listed(vmdesk("stats", busy.name, idle.name, "--json"))
    assert found[busy.name]["cpu_percent"] > 10
    assert found[busy.name]["cpu_percent"] > found[idle.name]["cpu_percent"]
    assert found[busy.name]["rss_kib"] > 1000
    names = listed(vmdesk("list", "--json", "cpu>10"))
    assert busy.name in names


def test_tags_are_seen_by_everybody(vmdesk: Run, make_guest: Guests) -> None:
    guest = make_guest("tags")
    vmdesk("tag", guest.name, "--add", "lab", "--add", "Ü<&>")
    kind = libvirt.VIR_DOMAIN_METADATA_ELEMENT
    for where in (libvirt.VIR_DOMAIN_AFFECT_LIVE, libvirt.VIR_DOMAIN_AFFECT_CONFIG):
        xml = guest.ask(lambda d, where=where: d.metadata(kind, "https://vmdesk.org/xmlns/1", where))
        assert "lab" in xml
    assert listed(vmdesk("list", "--json", "tag=lab"))[guest.name]["tags"] == ["lab", "Ü<&>"]
    vmdesk("tag", guest.name, "--remove", "LAB", "--remove", "Ü<&>")
    assert listed(vmdesk("list", "--json"))[guest.name]["tags"] == []


def test_rename(vmdesk: Run, make_guest: Guests) -> None:
    guest = make_guest("old", start=False)
    vmdesk("rename", guest.name, f"{guest.name}-new")
    assert guest.ask(lambda d: d.name()) == f"{guest.name}-new"
    guest.start()
    vmdesk("rename", guest.uuid, "other", code=1)


def test_undefine_leaves_the_disks(vmdesk: Run, make_guest: Guests) -> None:
    guest = make_guest("gone", disks=[16])
    guest.wait_until_booted()
    vmdesk("undefine", guest.name, code=1)
    vmdesk("save", guest.name)
    disk = guest.ask(lambda d: d.XMLDesc()).split("<source file='")[1].split("'")[0]
    ended = vmdesk("undefine", guest.name)
    assert disk in ended.stdout
    assert guest.name not in listed(vmdesk("list", "--json"))


def test_who_may_not_is_told_the_next_step(keeper: KeeperClient, system_uri: str) -> None:
    for verb in (["list"], ["start", "web"]):
        ended = keeper.run_as("stranger", *verb, "--connect", system_uri)
        assert (ended.status, ended.out) == (1, "")
        assert "libvirt" in ended.err
        assert "Traceback" not in ended.err


def test_without_a_daemon(vmdesk: Run, keeper: KeeperClient, system_uri: str) -> None:
    keeper.daemon_end()
    ended = vmdesk("--connect", system_uri, "list", "--json", code=1)
    assert ended.stdout == ""
    assert system_uri in ended.stderr


def test_a_daemon_that_stands_still_is_not_waited_for_for_ever(
    keeper: KeeperClient, system_uri: str, tmp_path: Path
) -> None:
    keeper.daemon_stop()
    script = "import sys; from vmdesk.cli import main, session; session.OPENING = 1.0; exit(main.main(sys.argv[1:]))"
    command = [sys.executable, "-c", script, "--settings-dir", str(tmp_path), "--connect", system_uri, "list"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "no answer within 1 seconds" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_host(vmdesk: Run, system_uri: str) -> None:
    [host] = json.loads(vmdesk("--connect", system_uri, "--json", "host").stdout)
    assert host["driver"] == "QEMU"
    assert host["memory_kib"] > 100_000
    assert "QEMU" in vmdesk("host", "--connect", system_uri).stdout


# ---------------------------------------------------------------- the virsh lines do what they say

LINES = (
    ("start-paused", OFF, PAUSED),
    ("resume", PAUSED, RUNNING),
    ("poweroff", RUNNING, OFF),
    ("start", OFF, RUNNING),
    ("pause", RUNNING, PAUSED),
    ("resume", PAUSED, RUNNING),
    ("reset", RUNNING, RUNNING),
    ("reboot", RUNNING, RUNNING),
    ("save", RUNNING, OFF),
    ("restore", OFF, RUNNING),
    ("save", RUNNING, OFF),
    ("discard-save", OFF, OFF),
    ("autostart", OFF, OFF),
    ("no-autostart", OFF, OFF),
    ("labels", OFF, OFF),
    ("start", OFF, RUNNING),
    ("labels", RUNNING, RUNNING),
    ("poweroff", RUNNING, OFF),
    ("undefine", OFF, None),
)


def _virsh(guest: Guest, name: str, argument: object = None) -> None:
    domain = Domain(
        DomainKey("qemu-system", guest.uuid),
        guest.name,
        State.RUNNING if guest.state() == RUNNING else State.SHUTOFF,
        definition=Definition(kind="qemu"),
    )
    lines = BY_ID[f"domain.{name}"].virsh_lines(domain, guest.uri, argument)
    assert lines
    done = subprocess.run(
        ["/bin/sh", "-e", "-c", lines], capture_output=True, text=True, env=os.environ | {"LC_ALL": "C"}
    )
    assert (done.returncode, done.stderr) == (0, ""), lines


def test_virsh_lines(make_guest: Guests) -> None:
    guest = make_guest("o'neill $HOME", start=False)
    edit = LabelsEdit(title="It's a title", description="two\nlines", notes="<n>", group="G", add=("a", "b c"))
    for name, before, after in LINES:
        wait_for(lambda before=before: guest.state() == before, f"before {name}")
        _virsh(guest, name, edit if name == "labels" else None)
        if name == "labels":
            assert guest.ask(lambda d: d.metadata(libvirt.VIR_DOMAIN_METADATA_DESCRIPTION, None)) == edit.description
        if after is None:
            with pytest.raises(libvirt.libvirtError):
                guest.state()
        else:
            wait_for(lambda after=after: guest.state() == after, f"after {name}")
