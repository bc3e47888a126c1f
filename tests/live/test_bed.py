"""The test bed itself: what later tests count on, checked with libvirt alone."""

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import libvirt
import pytest

from tests.testbed.client import KeeperClient, Ssh
from tests.testbed.guests import Guest, Guests, connection, wait_for

RUNNING, PAUSED, OFF = libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_SHUTOFF


def test_daemon_serves_an_unprivileged_user(system_uri: str) -> None:
    assert os.geteuid() != 0
    with connection(system_uri) as opened:
        assert opened.getType() == "QEMU"
        assert [network.name() for network in opened.listAllNetworks()] == ["default"]
    assert not os.access("/var/lib/libvirt/images", os.R_OK)
    assert not os.access("/var/log/libvirt/qemu", os.R_OK)


def test_guest_boots_answers_and_powers_off(make_guest: Guests) -> None:
    guest = make_guest("boots")
    guest.wait_until_booted()
    assert _echo(guest, "ping") == "ping"
    guest.ask(lambda d: d.shutdown())
    wait_for(lambda: guest.state() == OFF, "the power button works")


def test_deaf_guest_ignores_the_power_button(make_guest: Guests) -> None:
    guest = make_guest("deaf", deaf=True)
    guest.wait_until_booted()
    guest.ask(lambda d: d.shutdown())
    dots = guest.serial().count(".")
    wait_for(lambda: guest.serial().count(".") > dots + 1, "it goes on printing")
    assert guest.state() == RUNNING


def test_rescue_cd_boots(make_guest: Guests, rescue_cd: Path) -> None:
    guest = make_guest("cd", memory=64, iso=rescue_cd, graphics="vnc")
    assert guest.state() == RUNNING
    wait_for(lambda: guest.ask(lambda d: d.blockStats("hda"))[1] > 500_000, "it reads its CD")


def test_guest_fills_a_small_file_system(make_guest: Guests, keeper: KeeperClient) -> None:
    disk = Path(keeper.small_make(8)) / "disk.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "64M"], check=True)
    disk.chmod(0o666)
    guest = make_guest("full", writes=True, disks=[disk])
    guest.wait_until_booted()
    keeper.small_fill()
    wait_for(lambda: guest.ask(lambda d: d.state()) == [PAUSED, libvirt.VIR_DOMAIN_PAUSED_IOERROR], "it pauses")
    keeper.small_free()
    guest.ask(lambda d: d.resume())
    assert guest.state() == RUNNING


def test_nat_network_starts(fresh_uri: str, make_guest: Guests) -> None:
    with connection(fresh_uri) as opened:
        network = opened.networkLookupByName("default")
        network.create()
        try:
            guest = make_guest("net", network="default")
            assert guest.ask(lambda d: d.info())[0] == RUNNING
            assert Path(f"/sys/class/net/{network.bridgeName()}").exists()
        finally:
            network.destroy()


def test_quota_reaches_the_guest(make_guest: Guests) -> None:
    guest = make_guest("quota", start=True)
    try:
        guest.ask(lambda d: d.setSchedulerParameters({"vcpu_quota": 20_000}))
    except libvirt.libvirtError as error:
        pytest.skip(f"no control groups here: {error}")
    assert guest.ask(lambda d: d.schedulerParameters())["vcpu_quota"] == 20_000


def test_guests_outlive_a_killed_daemon(make_guest: Guests, keeper: KeeperClient, reps: Callable[[int], int]) -> None:
    made = [make_guest("outlives") for _ in range(3)]
    pids = [keeper.guest_pid(guest.name) for guest in made]
    for _ in range(reps(20)):
        keeper.daemon_kill()
        assert keeper.daemon_pid() is None
        keeper.daemon_start()
        wait_for(lambda: [g.state() for g in made] == [RUNNING] * 3, "the daemon knows its guests again")
    assert [keeper.guest_pid(guest.name) for guest in made] == pids


def test_hung_guest_still_has_a_state(make_guest: Guests, keeper: KeeperClient) -> None:
    hung, fine = make_guest("hung"), make_guest("fine")
    assert keeper.guest_stop(hung.name)
    began = time.monotonic()
    assert [hung.state(), fine.state()] == [RUNNING, RUNNING]
    with connection(hung.uri) as opened:
        only_state = opened.getAllDomainStats(libvirt.VIR_DOMAIN_STATS_STATE)
    assert {d.name() for d, _ in only_state} >= {hung.name, fine.name}
    assert time.monotonic() - began < 5
    keeper.guest_continue(hung.name)
    hung.ask(lambda d: d.suspend())
    assert hung.state() == PAUSED


def test_killed_guest_is_crashed(make_guest: Guests, keeper: KeeperClient) -> None:
    guest = make_guest("killed")
    keeper.guest_kill(guest.name)
    wait_for(lambda: guest.ask(lambda d: d.state()) == [OFF, libvirt.VIR_DOMAIN_SHUTOFF_CRASHED], "libvirt saw it")


def test_stopped_daemon_does_not_answer(keeper: KeeperClient, system_uri: str) -> None:
    keeper.daemon_stop()
    program = ["virsh", "-c", system_uri, "list"]
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run(program, capture_output=True, timeout=1)
    keeper.daemon_continue()
    assert subprocess.run(program, capture_output=True, timeout=20).returncode == 0


def test_session_daemon_runs_guests(make_session_guest: Guests, session_uri: str) -> None:
    guest = make_session_guest("session")
    guest.wait_until_booted()
    with connection(session_uri) as opened:
        assert [d.name() for d in opened.listAllDomains()] == [guest.name]


def test_kvm_probe_gives_an_answer(kvm_works: bool) -> None:
    assert kvm_works in {True, False}


def test_ssh_login_with_a_key(keeper: KeeperClient, tmp_path: Path) -> None:
    server = keeper.ssh_start("key")
    done = _ssh(server, tmp_path, "-o", "BatchMode=yes")
    assert done.stdout.split() == [server.user]
    known = Path.home() / ".ssh" / "known_hosts"
    known.write_text(server.known_hosts_line + "\n")
    try:
        with connection(f"qemu+ssh://{server.user}@127.0.0.1:{server.port}/system?keyfile={server.key}") as opened:
            assert opened.getHostname()
    finally:
        known.unlink()


@pytest.mark.parametrize("login", ["password", "keyboard"])
def test_ssh_login_with_a_password(keeper: KeeperClient, tmp_path: Path, login: str) -> None:
    server = keeper.ssh_start(login)
    askpass = tmp_path / "askpass"
    askpass.write_text(f"#!/bin/sh\necho '{server.password}'\n")
    askpass.chmod(0o755)
    done = _ssh(server, tmp_path, askpass=str(askpass))
    assert done.stdout.split() == [server.user], done.stderr
    askpass.write_text("#!/bin/sh\necho wrong\n")
    assert _ssh(server, tmp_path, askpass=str(askpass)).returncode == 255


def _ssh(server: Ssh, folder: Path, *options: str, askpass: str = "") -> "subprocess.CompletedProcess[str]":
    known = folder / "known"
    known.write_text(server.known_hosts_line + "\n")
    command = [
        "ssh", "-F", "none", "-p", str(server.port), "-i", server.key, "-o", f"UserKnownHostsFile={known}",
        "-o", "StrictHostKeyChecking=yes", "-o", "NumberOfPasswordPrompts=1", *options,
        f"{server.user}@127.0.0.1", "id -un",
    ]  # fmt: skip
    environment = os.environ | {"SSH_ASKPASS": askpass, "SSH_ASKPASS_REQUIRE": "force"}
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL
    )


def _echo(guest: Guest, text: str) -> str:
    """Type on the serial console through libvirt; what comes back, dots of the clock aside."""
    with connection(guest.uri) as opened:
        stream = opened.newStream()
        opened.lookupByUUIDString(guest.uuid).openConsole(None, stream, libvirt.VIR_DOMAIN_CONSOLE_FORCE)
        stream.send(text.encode())
        back = b""
        while len(back.replace(b".", b"")) < len(text):
            back += stream.recv(64)
        stream.abort()
    return back.replace(b".", b"").decode()
