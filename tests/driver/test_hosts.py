"""The list of hosts: first start, remembered ones, the practice host's state over two runs of the program."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from vmdesk.core import choice, language, practice
from vmdesk.core.calls import Calls, Way
from vmdesk.core.hosts import Hosts
from vmdesk.core.jobs import Jobs
from vmdesk.core.paths import Paths
from vmdesk.core.practice import ID, Practice
from vmdesk.core.sessions import Sessions
from vmdesk.core.settings import SettingsFile
from vmdesk.core.store import Store
from vmdesk.core.ways import Ways
from vmdesk.model.domain import State
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.host import HostConfig, Link
from vmdesk.model.text import text
from vmdesk.virt.connection import Connection, Post

FILE = "<node><domain type='test'><name>one</name><memory>4096</memory><os><type>hvm</type></os></domain></node>"


@dataclass
class Program:
    """As much of it as has to do with hosts."""

    hosts: Hosts
    sessions: Sessions
    settings: SettingsFile
    store: Store
    practice: Practice
    bugs: list[BaseException]

    def link(self, host_id: str) -> Link:
        return self.store.hosts[host_id].link

    async def until(self, host_id: str, link: Link) -> None:
        async with asyncio.timeout(10):
            while host_id not in self.store.hosts or self.link(host_id) is not link:
                await asyncio.sleep(0.005)


class Locked:
    """A way that is not open to us; or, for qemu, one to the test driver."""

    def __init__(self, config: HostConfig, refused: tuple[str, ...]) -> None:
        self._config, self._refused = config, refused

    async def open(self, generation: int, post: Post) -> Connection:
        if self._config.uri in self._refused:
            why = text("You may not manage the machines of this computer yet.")
            raise VirtError(Problem(text("x"), why, name="permission"))
        return await Connection.open(self._config, generation, post, "test:///default")

    def forgive(self) -> None: ...

    async def close(self) -> None: ...


@asynccontextmanager
async def program(paths: Paths, *refused: str) -> AsyncIterator[Program]:
    def way(config: HostConfig) -> Way:
        return Locked(config, refused) if config.uri.startswith("qemu:") else ways.way(config)

    bugs: list[BaseException] = []
    store, jobs, settings, ours = Store(), Jobs(bugs.append), SettingsFile(paths.settings_file), Practice(paths)
    settings.load()
    ways = Ways(paths.runtime, None, ours)
    sessions = Sessions(store, jobs, calls=Calls(way=way))
    hosts = Hosts(settings, sessions, ours, ways)
    yield Program(hosts, sessions, settings, store, ours, bugs)
    await hosts.close()
    await jobs.close()
    assert not bugs


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(tmp_path / "settings", tmp_path / "run")


@pytest.fixture
def file(tmp_path: Path) -> str:
    (tmp_path / "one.xml").write_text(FILE)
    return f"test://{tmp_path / 'one.xml'}"


def run(work: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(work())  # type: ignore[arg-type]


def test_first_start_takes_the_system_and_offers_practice(paths: Paths) -> None:
    async def work() -> None:
        async with program(paths) as first:
            await first.hosts.start()
            assert first.link("qemu-system") is Link.UP and first.link(ID) is Link.OFF
            assert len(first.store.hosts) == 2 and not first.hosts.notices
        async with program(paths) as second:
            assert [host.uri for host in second.settings.current.hosts] == ["qemu:///system"]
            await second.hosts.start()
            await second.until("qemu-system", Link.UP)

    run(work)


def test_first_start_without_rights_takes_the_session_and_says_why(paths: Paths) -> None:
    async def work() -> None:
        async with program(paths, "qemu:///system") as first:
            await first.hosts.start()
            await first.until("qemu-session", Link.UP)
            assert set(first.store.hosts) == {"qemu-session", ID}
            assert [notice.name for notice in first.hosts.notices] == ["permission"]
        async with program(paths) as later:  # the right has been given meanwhile
            await later.hosts.start()
            assert later.link("qemu-system") is Link.UP

    run(work)


def test_a_host_that_nobody_named_speaks_the_language_of_now(paths: Paths) -> None:
    async def work() -> None:
        language.use("vi")
        async with program(paths) as first:
            await first.hosts.start()
            name = first.store.hosts["qemu-system"].config.name
            assert name == "Máy tính này"
            assert choice.host(name, first.settings.current).id == "qemu-system"
        language.use("en")
        async with program(paths) as second:
            await second.hosts.start()
            assert second.store.hosts["qemu-system"].config.name == "This computer"
            await second.hosts.edit(replace(second.store.hosts["qemu-system"].config, name="Big one"))
            language.use("vi")
            await second.hosts.speak()
            assert {host.config.name for host in second.store.hosts.values()} == {"Big one", "Máy chủ thử"}
        async with program(paths) as third:
            await third.hosts.start()
            assert third.store.hosts["qemu-system"].config.name == "Big one"

    try:
        run(work)
    finally:
        language.use("en")


def test_with_connect_nothing_else_is_opened_or_remembered(paths: Paths, file: str) -> None:
    async def work() -> None:
        async with program(paths) as one:
            await one.hosts.start([HostConfig("x", "x", file)])
            await one.until("x", Link.UP)
            assert set(one.store.hosts) == {"x"}
            await one.hosts.edit(HostConfig("x", "other name", file))
            assert one.store.hosts["x"].config.name == "other name"
        assert not paths.settings_file.exists()

    run(work)


def test_add_edit_remove(paths: Paths, file: str) -> None:
    async def work() -> None:
        async with program(paths) as one:
            await one.hosts.start()
            host_id = one.hosts.new_id("My File")
            one.hosts.add(HostConfig(host_id, "My File", file, connect_at_start=False))
            await one.until(host_id, Link.UP)
            await one.hosts.edit(HostConfig(host_id, "Mine", file, connect_at_start=False, readonly=True))
            await one.until(host_id, Link.UP)
            assert one.hosts.new_id("My File") != host_id
            with pytest.raises(VirtError):
                one.hosts.add(HostConfig("bad", "bad", "qemu+ext:///system?command=/x"))
            with pytest.raises(VirtError):
                await one.hosts.edit(HostConfig(host_id, "Mine", "qemu+ssh://h/system?netcat=/x"))
        async with program(paths) as two:
            await two.hosts.start()
            assert [host.name for host in two.settings.current.hosts] == ["This computer", "Mine"]
            assert two.link(host_id) is Link.OFF and two.store.hosts[host_id].config.readonly
            await two.hosts.remove(host_id)
            assert host_id not in two.store.hosts and len(two.settings.current.hosts) == 1

    run(work)


def test_practice_host_goes_on_where_it_stopped(paths: Paths) -> None:
    async def state(one: Program) -> State:
        await one.until(ID, Link.UP)
        return next(domain.state for domain in one.store.of_host(ID) if domain.name == "gateway")

    async def stop(one: Program) -> None:
        connection = one.sessions.get(ID).require()  # type: ignore[union-attr]
        await connection.control.call(lambda wire: wire.lookupByName("gateway").destroy())

    async def work() -> None:
        async with program(paths) as one:
            await one.hosts.start([one.practice.config()])
            assert await state(one) is State.RUNNING
            await stop(one)
        async with program(paths) as two:
            await two.hosts.start([two.practice.config()])
            assert await state(two) is State.SHUTOFF
            await two.hosts.disconnect(ID)
            two.hosts.connect(ID)
            assert await state(two) is State.SHUTOFF
            await two.hosts.reset_practice()
            assert await state(two) is State.RUNNING
        async with program(paths) as three:
            await three.hosts.start([three.practice.config()])
            assert await state(three) is State.RUNNING

    run(work)


def test_practice_state_that_libvirt_refuses_is_set_aside(paths: Paths) -> None:
    async def work() -> None:
        async with program(paths) as one:
            await one.hosts.start([one.practice.config()])
            await one.until(ID, Link.UP)
        sealed = paths.practice_file.read_text()
        state = practice._unsealed(sealed)
        assert state
        paths.practice_file.write_bytes(practice._sealed(state.replace("<memory unit", "<nothing unit")))
        async with program(paths) as two:
            await two.hosts.start([two.practice.config()])
            await two.until(ID, Link.UP)
            assert [notice.name for notice in two.practice.notices] == ["practice-broken"]

    run(work)


def test_probe_tells_what_it_found(paths: Paths, file: str) -> None:
    async def work() -> None:
        async with program(paths) as one:
            found = str(await one.hosts.probe(HostConfig("", "", file)))
            assert "machines: 1" in found and "TEST" in found.upper()
            with pytest.raises(VirtError):
                await one.hosts.probe(HostConfig("", "", "qemu+ssh://h/system?command=/x"))

    run(work)
