"""The XML tab over libvirt's test driver: everything but QEMU is real."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import libvirt
from pytestqt.qtbot import QtBot

from tests.ui.desk import FakeAsk, Shell, parts_of
from vmdesk.core.command import Context
from vmdesk.core.labels import LocalLabels
from vmdesk.core.paths import RESOURCES
from vmdesk.core.sessions import Sessions
from vmdesk.core.store import Store
from vmdesk.model.domain import Domain
from vmdesk.model.host import HostConfig, Link
from vmdesk.model.uri import of_file
from vmdesk.ui.parts import Parts

WHOLE = libvirt.VIR_DOMAIN_XML_SECURE | libvirt.VIR_DOMAIN_XML_INACTIVE
PASSWORD = "0pen-sesame"


class Bench:
    """A host with the practice machines. `star` is off and has a VNC password, `runner` runs."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.ask: FakeAsk = parts.context.ask
        self.shell: Shell = parts.shell  # type: ignore[assignment]
        self.pages: list[Any] = []

    def show(self, page: Any, qtbot: QtBot, size: tuple[int, int] = (1000, 700)) -> None:
        """Until the bench is cleared."""
        qtbot.addWidget(page)
        self.pages.append(page)
        page.resize(*size)
        page.show()
        self.shell.parent = page

    def clear(self) -> None:
        """The pages ask for nothing more."""
        for page in self.pages:
            page.hide()
            page._tasks.end()
        self.pages.clear()

    @property
    def star(self) -> Domain:
        return self.named("web-staging")

    @property
    def runner(self) -> Domain:
        return next(one for one in sorted(self.parts.store.domains.values(), key=lambda one: one.name) if one.active)

    def named(self, name: str) -> Domain:
        return next(one for one in self.parts.store.domains.values() if one.name == name)

    async def call(self, domain: Domain, what: Callable[["libvirt.virDomain"], Any]) -> Any:
        """On the same host as the program's, past the program."""
        connection = self.parts.sessions.of(domain.key).require()
        return await connection.control.call(lambda conn: what(conn.lookupByUUIDString(domain.uuid)))

    async def whole(self, domain: Domain) -> str:
        return str(await self.call(domain, lambda one: one.XMLDesc(WHOLE)))

    async def change(self, domain: Domain, old: str, new: str) -> None:
        """As somebody else does it."""

        def work(one: "libvirt.virDomain") -> None:
            xml = one.XMLDesc(WHOLE)
            assert old in xml
            one.connect().defineXML(xml.replace(old, new, 1))

        await self.call(domain, work)


Talk = Callable[[Bench], Awaitable[None]]


@asynccontextmanager
async def bench(folder: Path, readonly: bool = False) -> AsyncIterator[Bench]:
    """Opened, and closed at the end."""
    store = Store()
    parts = parts_of(folder, store)
    parts.sessions = Sessions(store, parts.jobs)
    parts.context = Context(
        store, parts.sessions, parts.jobs, parts.settings, parts.trace, LocalLabels(folder / "labels"),
        FakeAsk(),  # type: ignore[arg-type]
    )  # fmt: skip
    config = HostConfig("practice", "Practice host", of_file(RESOURCES / "demo.xml"), readonly=readonly)
    parts.sessions.add(config)
    await parts.sessions.connect("practice")
    assert store.hosts["practice"].link is Link.UP
    made = Bench(parts)
    if not readonly:
        graphics = f"<graphics type='vnc' port='-1' autoport='yes' passwd='{PASSWORD}'/>"
        await made.change(made.star, "</devices>", f"{graphics}</devices>")
    try:
        yield made
    finally:
        made.clear()
        await parts.sessions.close()
        await parts.jobs.close()
