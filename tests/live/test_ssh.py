"""ssh hosts against a real sshd on 127.0.0.1 and a real libvirtd behind it: one login, everything through it."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import libvirt
import pytest

from tests.testbed.client import KeeperClient, Ssh
from tests.testbed.guests import wait_for
from vmdesk.core.calls import Calls
from vmdesk.core.jobs import Jobs
from vmdesk.core.paths import Paths
from vmdesk.core.practice import Practice
from vmdesk.core.sessions import Sessions
from vmdesk.core.store import Store
from vmdesk.core.ways import Ways
from vmdesk.model.errors import VirtError
from vmdesk.model.host import HostConfig, Link
from vmdesk.model.prompt import Kind, Prompt
from vmdesk.model.uri import Uri, build, check, parse
from vmdesk.virt.ssh import FINAL, Tunnel

pytestmark = pytest.mark.live


class Person:
    """Answers as told; remembers what was asked."""

    def __init__(self, *answers: str | None, wait: float = 0.0) -> None:
        self.answers, self.wait = list(answers), wait
        self.asked: list[Prompt] = []
        self.endings: list[bool] = []
        self.dropped = 0

    async def ask(self, prompt: Prompt) -> str | None:
        self.asked.append(prompt)
        try:
            await asyncio.sleep(self.wait)
        except asyncio.CancelledError:
            self.dropped += 1
            raise
        return self.answers.pop(0)

    async def ended(self, _host: str, success: bool) -> None:
        self.endings.append(success)


@pytest.fixture
def known(tmp_path: Path) -> Path:
    return tmp_path / "known hosts"


@pytest.fixture
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A runtime folder: a unix socket's path has a limit."""
    return Path(os.environ["XDG_RUNTIME_DIR"]) / "vmdesk-test"


def address(server: Ssh, known: Path, path: str = "/system", **parameters: str) -> str:
    values = {"known_hosts": str(known), **({"keyfile": server.key} if server.login == "key" else {}), **parameters}
    uri = build(Uri("qemu", "ssh", server.user, "127.0.0.1", server.port, path, tuple(values.items())))
    check(uri, allow_no_verify=True)
    return uri


def trust(server: Ssh, known: Path) -> None:
    known.write_text(server.known_hosts_line + "\n")


def logins(server: Ssh) -> int:
    return len(re.findall(r"Accepted \S+ for", Path(server.log).read_text()))


def attempts(server: Ssh) -> int:
    return Path(server.log).read_text().count("Failed password")


@asynccontextmanager
async def tunnel(uri: str, folder: Path, person: Person | None = None) -> AsyncIterator[Tunnel]:
    opened = Tunnel(uri, folder, person)
    try:
        yield opened
    finally:
        await opened.close()
        assert not list((folder / "ssh").iterdir())


def look(uri: str) -> list[str]:
    conn = libvirt.open(uri)
    try:
        return [network.name() for network in conn.listAllNetworks()]
    finally:
        conn.close()


async def refusal(opened: Tunnel) -> str:
    with pytest.raises(VirtError) as error:
        await opened.up()
    assert str(error.value.problem)
    return error.value.problem.name


def run(work: Callable[[], object]) -> None:
    asyncio.run(work())  # type: ignore[arg-type]


def test_one_login_for_all_connections(keeper: KeeperClient, known: Path, short: Path) -> None:
    server = keeper.ssh_start("key")
    trust(server, known)

    async def work() -> None:
        async with tunnel(address(server, known), short) as opened:
            uri = await opened.up()
            check(uri)
            assert parse(uri).transport == "unix"
            conns = [libvirt.open(uri) for _ in range(3)]
            assert all(conn.getType() == "QEMU" and conn.getURI() for conn in conns)
            assert [one.name() for one in conns[2].listAllNetworks()] == ["default"]
            for conn in conns:
                conn.close()
            assert await opened.up() == uri
            assert Path(parse(uri).parameter("socket")).stat().st_mode & 0o077 == 0
        assert not opened.alive

    run(work)
    assert logins(server) == 1


def test_session_daemon_is_found_and_started(keeper: KeeperClient, known: Path, short: Path) -> None:
    server = keeper.ssh_start("key")
    trust(server, known)

    async def work() -> None:
        async with tunnel(address(server, known, "/session"), short) as opened:
            conn = libvirt.open(await opened.up())
            assert conn.getURI().startswith("qemu") and "/session" in conn.getURI()
            conn.close()

    run(work)
    assert logins(server) == 1


def test_new_host_key_is_shown_and_kept(keeper: KeeperClient, known: Path, short: Path) -> None:
    server = keeper.ssh_start("key")

    async def work() -> None:
        person = Person(server.fingerprint)
        async with tunnel(address(server, known), short, person) as opened:
            assert look(await opened.up()) == ["default"]
        (prompt,) = person.asked
        assert prompt.kind is Kind.HOST_KEY and prompt.fingerprint == server.fingerprint
        assert prompt.key_type == "ED25519" and str(server.port) in prompt.host
        assert person.endings == [True]
        again = Person()
        async with tunnel(address(server, known), short, again) as opened:
            await opened.up()
        assert not again.asked

    run(work)
    assert server.known_hosts_line.split()[2] in known.read_text()


def test_refused_host_key_is_a_clean_end(keeper: KeeperClient, known: Path, short: Path) -> None:
    server = keeper.ssh_start("key")

    async def work() -> None:
        person = Person(None)
        async with tunnel(address(server, known), short, person) as opened:
            assert await refusal(opened) == "cancelled"
            assert await refusal(opened) == "cancelled"  # at once, nothing is asked again
        assert len(person.asked) == 1 and person.endings == [False]

    run(work)
    assert logins(server) == 0


def test_changed_host_key_is_refused_in_words(keeper: KeeperClient, known: Path, short: Path) -> None:
    server = keeper.ssh_start("key")
    fake = "AAAAC3NzaC1lZDI1NTE5AAAAIJ7RStKx0WGbk8vQrO9bWsPBJ7jX0J6E2rHnzv2m1c9a"
    known.write_text(f"[127.0.0.1]:{server.port} ssh-ed25519 {fake}\n")

    async def work() -> None:
        person = Person()
        async with tunnel(address(server, known), short, person) as opened:
            with pytest.raises(VirtError) as error:
                await opened.up()
        assert error.value.problem.name == "host-key"
        assert "ssh-keygen -R" in str(error.value.problem.what_next)
        assert not person.asked

    run(work)


@pytest.mark.parametrize("login", ["password", "keyboard"])
def test_password(keeper: KeeperClient, known: Path, short: Path, login: str) -> None:
    server = keeper.ssh_start(login)
    trust(server, known)

    async def work() -> None:
        person = Person("wrong", server.password)
        async with tunnel(address(server, known), short, person) as opened:
            uri = await opened.up()
            assert [look(uri) for _ in range(3)] == [["default"]] * 3
            assert not secret_in_sight(server.password)
        assert [prompt.kind for prompt in person.asked] == [Kind.PASSWORD] * 2
        assert [prompt.again for prompt in person.asked] == [False, True]
        assert person.asked[0].subject == f"{server.user}@127.0.0.1"

    run(work)
    assert logins(server) == 1


def secret_in_sight(secret: str) -> bool:
    """In the arguments or the environment of any process that we may look at?"""
    for process in Path("/proc").glob("[0-9]*"):
        for place in ("cmdline", "environ"):
            try:
                if secret.encode() in (process / place).read_bytes():
                    return True
            except OSError:
                continue
    return False


def test_refused_password_does_not_loop(keeper: KeeperClient, known: Path, short: Path) -> None:
    server = keeper.ssh_start("password")
    trust(server, known)

    async def work() -> None:
        person = Person(*["wrong"] * 9)
        async with tunnel(address(server, known), short, person) as opened:
            assert await refusal(opened) == "auth" and "auth" in FINAL
            asked = len(person.asked)
            assert asked <= 3
            for _ in range(5):
                assert await refusal(opened) == "auth"
            assert len(person.asked) == asked and attempts(server) == asked
            person.answers = [server.password]
            opened.forgive()
            assert look(await opened.up()) == ["default"]

    run(work)


def test_cancelled_password_ends_at_once(keeper: KeeperClient, known: Path, short: Path) -> None:
    server = keeper.ssh_start("password")
    trust(server, known)

    async def work() -> None:
        async with tunnel(address(server, known), short, Person(None)) as opened:
            assert await refusal(opened) == "cancelled"

    run(work)
    assert attempts(server) == 0


def test_cancelled_connecting_withdraws_the_question(keeper: KeeperClient, known: Path, short: Path) -> None:
    server = keeper.ssh_start("password")
    trust(server, known)

    async def work() -> None:
        person = Person(wait=60)
        async with tunnel(address(server, known), short, person) as opened:
            task = asyncio.create_task(opened.up())
            while not person.asked:
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            until = time.monotonic() + 5
            while not person.dropped and time.monotonic() < until:
                await asyncio.sleep(0.01)
            assert person.dropped == 1

    run(work)


def test_without_a_person_nothing_hangs(keeper: KeeperClient, known: Path, short: Path) -> None:
    server = keeper.ssh_start("password")
    trust(server, known)

    async def work() -> None:
        async with tunnel(address(server, known, no_tty="1"), short) as opened:
            assert await refusal(opened) == "auth"

    run(work)


def test_dead_master_is_replaced(keeper: KeeperClient, known: Path, short: Path) -> None:
    server = keeper.ssh_start("key")
    trust(server, known)

    async def work() -> None:
        async with tunnel(address(server, known), short, Person()) as opened:
            uri = await opened.up()
            conn = libvirt.open(uri)
            os.kill(master_pid(short), signal.SIGKILL)
            with pytest.raises(libvirt.libvirtError):
                conn.listAllNetworks()
            conn.close()
            while opened.alive:
                await asyncio.sleep(0.01)
            assert look(await opened.up()) == ["default"]

    run(work)
    assert logins(server) == 2


def master_pid(folder: Path) -> int:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if words[:2] == [b"ssh", b"-M"] and any(str(folder).encode() in word for word in words):
            return int(process.name)
    raise AssertionError("no master")


def test_restarted_daemon_is_reached_through_the_same_login(keeper: KeeperClient, known: Path, short: Path) -> None:
    server = keeper.ssh_start("key")
    trust(server, known)

    async def work() -> None:
        async with tunnel(address(server, known), short) as opened:
            await opened.up()
            keeper.daemon_kill()
            assert await refusal(opened) == "no-daemon"
            keeper.daemon_start()
            assert look(await opened.up()) == ["default"]

    run(work)
    assert logins(server) == 1


def test_unreachable_hosts_are_told_in_words(known: Path, short: Path) -> None:
    async def work() -> None:
        for uri in ("qemu+ssh://127.0.0.1:1/system", "qemu+ssh://no-such-host.invalid/system"):
            async with tunnel(uri, short, Person()) as opened:
                assert await refusal(opened) == "unreachable"

    run(work)


def test_leftovers_of_a_killed_program_are_cleared(keeper: KeeperClient, known: Path, short: Path) -> None:
    server = keeper.ssh_start("key")
    trust(server, known)
    left = short / "ssh" / "999999999-0"
    left.mkdir(parents=True)
    (left / "log").write_text("old")

    async def work() -> None:
        async with tunnel(address(server, known), short) as opened:
            await opened.up()
            assert not left.exists()

    run(work)


def test_a_killed_program_leaves_no_login_behind(keeper: KeeperClient, known: Path, short: Path) -> None:
    server = keeper.ssh_start("key")
    trust(server, known)
    command = [sys.executable, "-c", _HOLD, address(server, known), str(short)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        master = int(holder.stdout.readline())
        assert Path("/proc", str(master)).exists()
        holder.kill()
    wait_for(lambda: not _alive(master), "the ssh master to end")


_HOLD = """
import asyncio, sys
from pathlib import Path
from vmdesk.virt.ssh import Tunnel

async def hold():
    tunnel = Tunnel(sys.argv[1], Path(sys.argv[2]), None)
    await tunnel.up()
    print(tunnel._master._process.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(hold())
"""


def _alive(pid: int) -> bool:
    """Not gone, and no zombie that nobody has buried yet."""
    try:
        return Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_without_forwarding_libvirt_uses_its_own_ssh(keeper: KeeperClient, known: Path, short: Path) -> None:
    server = keeper.ssh_start("key")
    own = Path(server.key).with_name("known_hosts")  # libvirt's ssh takes no other
    trust(server, own)
    keys = Path(server.key).with_name("authorized_keys")
    before = keys.read_text()
    keys.write_text("no-port-forwarding " + before)

    async def work() -> None:
        async with tunnel(address(server, own), short) as opened:
            uri = await opened.up()
            assert parse(uri).transport == "ssh" and parse(uri).parameter("no_tty") == "1"
            assert look(uri) == ["default"]

    try:
        run(work)
    finally:
        keys.write_text(before)
        own.unlink()


def test_session_lives_through_the_loss_of_its_login(keeper: KeeperClient, known: Path, short: Path) -> None:
    """Everything of a host (events, statistics, long jobs) is one login; a lost one is made again and all is well."""
    server = keeper.ssh_start("key")
    trust(server, known)
    config = HostConfig("lab", "lab", address(server, known))
    bugs: list[BaseException] = []

    async def until(store: Store, *links: Link) -> None:
        async with asyncio.timeout(20):
            while store.hosts["lab"].link not in links:
                await asyncio.sleep(0.01)

    async def work() -> None:
        store, jobs = Store(), Jobs(bugs.append)
        ways = Ways(short, None, Practice(Paths(short, short)))
        sessions = Sessions(store, jobs, calls=Calls(way=ways.way))
        session = sessions.add(config)
        await session.open()
        assert store.hosts["lab"].link is Link.UP, store.hosts["lab"].problem
        connection = session.require()
        for wire in (connection.control, connection.stats, connection.long):
            await wire.call(lambda conn: conn.getType())
        assert logins(server) == 1
        os.kill(master_pid(short), signal.SIGKILL)
        await until(store, Link.LOST)
        await until(store, Link.UP)
        assert logins(server) == 2
        await sessions.close()
        await jobs.close()

    run(work)
    assert not bugs
    with pytest.raises(AssertionError):
        master_pid(short)


def test_refused_password_ends_a_session_without_more_questions(keeper: KeeperClient, known: Path, short: Path) -> None:
    server = keeper.ssh_start("password")
    trust(server, known)
    config = HostConfig("lab", "lab", address(server, known))

    async def work() -> None:
        store, jobs, person = Store(), Jobs(lambda _error: None), Person(*["wrong"] * 9)
        ways = Ways(short, person, Practice(Paths(short, short)))
        sessions = Sessions(store, jobs, calls=Calls(way=ways.way))
        session = sessions.add(config)
        await session.open()
        assert store.hosts["lab"].link is Link.FAILED
        asked = len(person.asked)
        await asyncio.sleep(0.5)
        assert len(person.asked) == asked <= 3
        person.answers = [server.password]
        await session.open()  # the person tries again
        assert store.hosts["lab"].link is Link.UP
        await sessions.close()
        await jobs.close()

    run(work)


def test_command_line_is_one_login(keeper: KeeperClient, known: Path, short: Path) -> None:
    server = keeper.ssh_start("key")
    trust(server, known)
    command = [sys.executable, "-m", "vmdesk", "--connect", address(server, known), "list", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    assert (done.returncode, json.loads(done.stdout)) == (0, []), done.stderr
    assert logins(server) == 1
    server = keeper.ssh_start("password")
    trust(server, known)
    command[4] = address(server, known)
    done = subprocess.run(
        command, capture_output=True, text=True, stdin=subprocess.DEVNULL, start_new_session=True, check=False
    )
    assert done.returncode == 1 and "refused" in done.stderr and "Traceback" not in done.stderr


def test_folder_that_others_may_write_to_is_not_used(known: Path, tmp_path: Path) -> None:
    open_folder = tmp_path / "open"
    open_folder.mkdir()
    open_folder.chmod(0o777)

    async def work() -> None:
        opened = Tunnel("qemu+ssh://127.0.0.1/system", open_folder, Person())
        assert await refusal(opened) == "refused"
        await opened.close()

    run(work)
