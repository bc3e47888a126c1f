"""Definitions written anew on a real libvirt: passwords survive, nobody's change is lost, no name is a folder."""

import asyncio
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any, cast

import libvirt
import pytest

from tests.testbed.guests import Guest, Guests
from vmdesk.core import redefining
from vmdesk.core.checker import Checker
from vmdesk.core.command import Context
from vmdesk.core.jobs import Jobs
from vmdesk.core.redefining import Begun
from vmdesk.core.trace import Trace
from vmdesk.model.domain import Domain, DomainKey, State
from vmdesk.model.errors import VirtError
from vmdesk.model.host import HostConfig
from vmdesk.virt.connection import Connection
from vmdesk.virtxml.masks import MARK

pytestmark = pytest.mark.live
WHOLE = libvirt.VIR_DOMAIN_XML_SECURE | libvirt.VIR_DOMAIN_XML_INACTIVE
SECRET = "0pen-ses"
VNC = f"<graphics type='vnc' port='-1' autoport='yes' passwd='{SECRET}'/>"


class Desk:
    """One machine over one connection, with what a command works with."""

    def __init__(self, guest: Guest, connection: Connection) -> None:
        self.guest, self.connection = guest, connection
        self.trace, self.bugs = Trace(), list[BaseException]()
        self.jobs = Jobs(self.bugs.append)
        state = State.RUNNING if guest.ask(lambda one: one.isActive()) else State.SHUTOFF
        self.domain = Domain(DomainKey("h", guest.uuid), guest.name, state)
        store = SimpleNamespace(hosts={})
        made = SimpleNamespace(store=store, sessions=self, jobs=self.jobs, trace=self.trace)
        self.ctx = cast(Context, made)

    def of(self, _key: DomainKey) -> "Desk":
        return self

    def require(self) -> Connection:
        return self.connection

    async def begin(self) -> Begun:
        return await redefining.begin(self, self.domain.key)

    async def apply(self, begun: Begun, shown: str) -> str | None:
        assert redefining.problems(begun, shown) == ()
        return await redefining.apply(self.ctx, self.domain, begun, redefining.plan(begun, shown))


def run(guest: Guest, work: Callable[[Desk], Coroutine[Any, Any, None]]) -> None:
    async def whole() -> None:
        connection = await Connection.open(HostConfig("h", "h", guest.uri), 1, lambda _event: None)
        desk = Desk(guest, connection)
        try:
            await work(desk)
            assert not desk.bugs
        finally:
            await desk.jobs.close()
            await connection.close()

    asyncio.run(whole())


def definition(guest: Guest) -> str:
    return guest.ask(lambda domain: str(domain.XMLDesc(WHOLE)))


@pytest.mark.parametrize("running", [True, False])
def test_a_vnc_password_survives(make_guest: Guests, running: bool) -> None:
    guest = make_guest("redefined", devices=VNC, start=running)

    async def work(desk: Desk) -> None:
        begun = await desk.begin()
        assert SECRET not in begun.shown and f"passwd='{MARK}'" in begun.shown
        shown = begun.shown.replace("</name>", "</name>\n  <title>Anew</title>")
        made = redefining.plan(begun, shown)
        assert [str(one) for one in made.words] == ["Title: none → Anew"]
        assert "+  <title>Anew</title>" in made.lines and SECRET not in made.lines + repr(made) + repr(begun)
        assert await desk.apply(begun, shown) is None
        (step,) = desk.trace.entries
        assert step.worked and SECRET not in repr(step)
        both = await redefining.read_both(desk, desk.domain)
        assert "<title>Anew" in both.stored and SECRET not in both.stored + both.running
        if running:
            assert "<title>Anew" not in both.running
            words, lines = redefining.compare(both)
            assert [str(one) for one in words] == ["Title: none now, Anew after restart"] and "+  <title>" in lines

    run(guest, work)
    assert f"passwd='{SECRET}'" in definition(guest) and "<title>Anew" in definition(guest)
    if running:
        guest.ask(lambda domain: domain.destroy())
    guest.start()
    running_now = guest.ask(lambda domain: str(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_SECURE)))
    assert f"passwd='{SECRET}'" in running_now and "<title>Anew" in running_now


def test_somebody_else_was_faster(make_guest: Guests) -> None:
    guest = make_guest("faster", devices=VNC, start=False)
    new = "n3w-word"

    async def work(desk: Desk) -> None:
        begun = await desk.begin()
        shown = begun.shown.replace("</name>", "</name>\n  <title>Mine</title>")
        theirs = definition(guest).replace(SECRET, new).replace("<on_crash>destroy", "<on_crash>restart")
        guest.ask(lambda domain: domain.connect().defineXML(theirs))
        found = await desk.apply(begun, shown)
        assert found is not None and "<title>Mine" not in definition(guest)
        compared = redefining.three_way(begun, shown, found)
        assert compared.merged.clean and not any(
            secret in text for secret in (SECRET, new) for text in (compared.base, compared.mine, compared.theirs)
        )
        assert await desk.apply(compared.begun, compared.merged.text) is None

    run(guest, work)
    now = definition(guest)
    assert f"passwd='{new}'" in now and "<title>Mine" in now and "<on_crash>restart" in now


def test_what_qemu_refuses_is_told_without_the_password(make_guest: Guests) -> None:
    guest = make_guest("refused", devices=VNC, start=False)
    before = definition(guest)

    async def work(desk: Desk) -> None:
        begun = await desk.begin()
        with pytest.raises(VirtError) as error:
            await desk.apply(begun, begun.shown.replace("machine='pc", "machine='no-pc"))
        assert SECRET not in repr(error.value.problem)
        assert [step.worked for step in desk.trace.entries] == [False]

    run(guest, work)
    assert definition(guest) == before


def test_no_name_that_is_a_folder(make_guest: Guests) -> None:
    guest = make_guest("folder", start=False)

    async def work(desk: Desk) -> None:
        begun, checker = await desk.begin(), Checker()
        for name in (".", "..", "a/b"):
            shown = begun.shown.replace(f"<name>{guest.name}<", f"<name>{name}<")
            assert shown != begun.shown
            assert redefining.problems(begun, shown)
            assert await checker.mistakes(shown, lambda words: redefining.problems(begun, words))
        checker.close()

    run(guest, work)


def test_its_own_schema_takes_what_libvirt_writes(make_guest: Guests) -> None:
    guest = make_guest("schema", devices=VNC)

    async def work(desk: Desk) -> None:
        checker = Checker()
        both = await redefining.read_both(desk, desk.domain)
        assert await checker.mistakes(both.stored) == () and await checker.mistakes(both.running) == ()
        checker.close()

    run(guest, work)
