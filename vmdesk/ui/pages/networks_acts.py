"""What is done on the networks page: asked for in a dialog, done as a job."""

from collections.abc import Callable, Coroutine
from typing import Any

from vmdesk.core import networks, networks_work
from vmdesk.core.command import Confirm
from vmdesk.core.jobs import Job, JobState, Report
from vmdesk.core.networks import LeaseRow, Wanted
from vmdesk.core.networks_work import Seen
from vmdesk.model.domain import Domain, DomainKey
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.network import Card, NetworkDetails
from vmdesk.model.text import Text, text, tr
from vmdesk.ui.dialogs.network_edit import EditNetworkDialog
from vmdesk.ui.dialogs.network_filter import FilterDialog
from vmdesk.ui.dialogs.network_new import Grounds, NewNetworkDialog
from vmdesk.ui.parts import Level, Notice, Parts
from vmdesk.virt import networks as virt_networks
from vmdesk.virt.connection import Connection


class Acts:
    """Each begins something and comes back at once. `seen()`: what the page shows."""

    def __init__(self, parts: Parts, host: str, seen: Callable[[], Seen]) -> None:
        self._parts, self._host, self._seen = parts, host, seen

    def new(self) -> None:
        self._spawn(self._new())

    def edit(self, details: NetworkDetails) -> None:
        self._spawn(self._edit(details))

    def start(self, details: NetworkDetails) -> None:
        name = details.network.name
        self._job(text("Starting the network {network}", network=name), virt_networks.start_network, name)

    def stop(self, details: NetworkDetails) -> None:
        self._spawn(self._stop(details))

    def autostart(self, details: NetworkDetails) -> None:
        name, on = details.network.name, not details.network.autostart
        title = text("Setting the automatic start of the network {network}", network=name)
        self._job(title, virt_networks.set_network_autostart, name, on)

    def delete(self, details: NetworkDetails) -> None:
        self._spawn(self._delete(details))

    def fix(self, details: NetworkDetails, row: LeaseRow) -> None:
        """Keep an address for its card for good."""
        title = text("Keeping {ip} for {mac}", ip=row.ip, mac=row.mac)
        self._spawn(self._apply(details, networks.with_lease(details, row), title))

    def release(self, details: NetworkDetails, row: LeaseRow) -> None:
        """The opposite."""
        title = text("Giving {ip} free", ip=row.ip)
        self._spawn(self._apply(details, networks.without_lease(details, row.mac), title))

    def set_filter(self, card: Card) -> None:
        self._spawn(self._set_filter(card))

    def machines_on(self, details: NetworkDetails) -> list[Domain]:
        """By name, those that run first."""
        domains = {one.uuid: one for one in self._parts.store.of_host(self._host)}
        found = networks.machines_on(details, self._seen().cards, domains)
        return sorted(found, key=lambda one: not one.active)

    # ---------------------------------------------------------------- asked first

    async def _new(self) -> None:
        try:
            connection = self._connection()
            grounds = Grounds(
                tuple(one.network.name for one in self._seen().networks),
                await virt_networks.free_subnet(connection),
                virt_networks.some_subnet6(),
                await networks_work.taken(connection),
                self._seen().interfaces,
            )
        except VirtError as error:
            self._tell(error.problem, Level.ERROR)
            return
        dialog = NewNetworkDialog(self._parts.shell.widget(), grounds)
        if await dialog.answer():
            wish = dialog.wish()
            title = text("Making the network {network}", network=wish.name)
            self._job(title, networks_work.make, wish.xml, wish.autostart)

    async def _edit(self, details: NetworkDetails) -> None:
        dialog = EditNetworkDialog(self._parts.shell.widget(), details)
        if await dialog.answer():
            title = text("Changing the network {network}", network=details.network.name)
            await self._apply(details, dialog.wanted(), title)

    async def _apply(self, details: NetworkDetails, wanted: Wanted, title: Text) -> None:
        later: list[Text] = []

        async def work(report: Report) -> None:
            done = await networks_work.change(self._connection(), details, wanted)
            later.extend(networks.change_words(one.change) for one in done if one.later is not None)
            if later:
                report(1.0, text("Not all of it holds before the network is restarted"))

        ended: Job = await self._parts.jobs.start(title, work, host=self._host)
        if ended.state is JobState.DONE and later:
            name = details.network.name
            changes = "; ".join(map(str, later))
            what = text(
                "Stored. Once {network} was restarted, this holds, too: {changes}", network=name, changes=changes
            )
            again = (tr("Restart the network…"), lambda: self._spawn(self._restart(details)))
            self._parts.shell.notify(Notice(Problem(what), Level.WARNING, (again,)))

    async def _restart(self, details: NetworkDetails) -> None:
        name = details.network.name
        running = [one.name for one in self.machines_on(details) if one.active]
        message = text(
            "These running machines are cut off until they are restarted, or their network cards are taken out and "
            "put in again:"
        )
        confirm = Confirm(
            "network.restart",
            text("Restart {network}?", network=name),
            message if running else text("No running machine is on it."),
            text("Restart"),
            tuple(running),
            always=True,
        )
        if await self._agreed(confirm):
            self._job(text("Restarting the network {network}", network=name), networks_work.restart, name)

    async def _stop(self, details: NetworkDetails) -> None:
        name = details.network.name
        running = [one.name for one in self.machines_on(details) if one.active]
        message = text("No running machine is on it.")
        if running:
            message = text("These running machines lose their network, and do not get it back by its start alone:")
        if not details.network.persistent:
            message = text("{words} It has no stored definition: it is gone then.", words=message)
        confirm = Confirm(
            "network.stop", text("Stop {network}?", network=name), message, text("Stop"), tuple(running), always=True
        )
        if await self._agreed(confirm):
            self._job(text("Stopping the network {network}", network=name), virt_networks.stop_network, name)

    async def _delete(self, details: NetworkDetails) -> None:
        name = details.network.name
        machines = self.machines_on(details)
        message = text("No machine uses it. Its definition is lost, with its fixed addresses and names.")
        if machines:
            message = text("These machines use it. They do not start until they get another network:")
        items = [text("{name} (running: is cut off)", name=one.name) if one.active else one.name for one in machines]
        confirm = Confirm(
            "network.delete",
            text("Delete {network}?", network=name),
            message,
            text("Delete"),
            tuple(items),
            always=True,
        )
        if await self._agreed(confirm):
            self._job(text("Deleting the network {network}", network=name), networks_work.delete, name)

    async def _set_filter(self, card: Card) -> None:
        key = DomainKey(self._host, card.machine)
        domain = self._parts.store.domains.get(key)
        filters = self._seen().filters
        if domain is None or filters is None:
            return
        dialog = FilterDialog(self._parts.shell.widget(), card, domain.name, filters, domain.active)
        if not await dialog.answer():
            return
        chosen = dialog.chosen()

        async def work(report: Report) -> None:
            for done in await networks_work.set_filter(self._connection(), card, chosen):
                if done.later is not None and domain.active:
                    report(1.0, done.later)

        title = text("Setting the packet filter of {name}", name=domain.name)
        await self._parts.jobs.start(title, work, (key,))

    # ---------------------------------------------------------------- how

    def _connection(self) -> Connection:
        session = self._parts.sessions.get(self._host)
        if session is None:
            raise VirtError(Problem(text("This host was removed from VMDesk."), name="closed"))
        found: Connection = session.require()
        return found

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._parts.jobs.spawn("networks", work)

    def _job(self, title: Text, do: Callable[..., Coroutine[Any, Any, object]], *arguments: object) -> None:
        async def work() -> None:
            await do(self._connection(), *arguments)

        self._parts.jobs.start(title, work(), host=self._host)

    async def _agreed(self, confirm: Confirm) -> bool:
        return bool(await self._parts.context.ask.confirm(confirm))

    def _tell(self, problem: Problem, level: Level) -> None:
        self._parts.shell.notify(Notice(problem, level))
