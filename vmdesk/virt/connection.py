"""One host: its wires, its events, and what it can do."""

import asyncio
import contextlib
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import libvirt

from vmdesk.model.domain import Definition, Labels
from vmdesk.model.errors import VirtError
from vmdesk.model.event import Event, Kind
from vmdesk.model.host import Capabilities, Feature, HostConfig
from vmdesk.model.kvm import KvmProof
from vmdesk.model.text import Text, text
from vmdesk.virt import drivers, errors, events, loop
from vmdesk.virt.ssh import Tunnel
from vmdesk.virt.wire import Wire

T = TypeVar("T")
Post = Callable[[Event], None]  # called from any thread; must be cheap

KEEPALIVE = (5, 3)  # a dead peer is noticed after 5 s x (3 + 1)
CLOSING = 2.0  # seconds a close may take before it is given up


@dataclass(frozen=True, slots=True)
class Question:
    """What a host asks at log-in. `secret`: do not echo it."""

    prompt: str
    secret: bool
    otherwise: str  # the answer when nothing is entered


# Called in a worker, and may take its time; None: cancelled.
Credentials = Callable[[Sequence[Question]], Sequence[str] | None]


class Connection:
    """One open host. Made by `open`, ended by `close`; after that, or after Kind.CLOSED, its calls raise "closed".

    control  events and quick reading
    stats    statistics; may be given up and renewed
    long     what may take minutes
    actions  what may wait for a machine's monitor: start, shut down, ... (opened at first use)
    """

    def __init__(self, config: HostConfig, generation: int, post: Post, uri: str, ask: Credentials | None) -> None:
        self.host = config.id
        self.generation = generation
        self.readonly = config.readonly
        self.uri = uri
        self.config_uri = config.uri
        self.local = is_local(config.uri)
        self.pid_folder = _pid_folder(config.uri)
        self.capabilities = Capabilities(readonly=config.readonly)
        self.started: dict[str, float] = {}  # uuid -> Unix time of a "started" event seen here
        self.names: dict[str, str] = {}  # uuid -> name as last seen, for messages
        self.parsed: dict[str, tuple[int, Definition, Labels]] = {}  # uuid -> hash of the XML, and what it says
        self.kvm_proof: KvmProof | None = None
        self.known: dict[Any, Any] = {}  # what does not change while it is open, by whoever asked for it
        self.unanswered: set[str] = set()  # machines with a monitor call left behind
        self.closers: set[Callable[[], Awaitable[None]]] = set()  # what must end before the wires do: open streams
        self.tunnel: Tunnel | None = None  # the host's ssh login, for what does not go through libvirt
        self._post = post
        self._ask = ask
        self._closed = False
        self._registered: list[int] = []
        self._pools_heard: list[int] = []
        self._networks_heard: list[int] = []
        self._devices_heard: list[int] = []
        self._left: list[Wire] = []
        self.control = Wire(f"control {config.id}", uri, self._open_control, self._goodbye, heals=False)
        # Each open of a test:///FILE is another host with another state.
        shared = is_one_of_its_own(uri)
        self.stats = self.control if shared else self._wire("stats")
        self.long = self.control if shared else self._wire("long")
        self.actions = self.control if shared else self._wire("actions")

    @classmethod
    async def open(
        cls,
        config: HostConfig,
        generation: int,
        post: Post,
        uri: str | None = None,
        ask: Credentials | None = None,
    ) -> "Connection":
        """Open the host. Cancelling abandons the opening; a connection that still comes is closed.

        uri  used instead of config.uri (a tunnel)
        ask  asked for user names and passwords
        """
        loop.start()
        connection = cls(config, generation, post, uri or config.uri, ask)
        doing = text('Connecting to "{host}"', host=config.name or config.uri)
        try:
            connection.capabilities = await connection.control.call(connection._first_look, doing)
        except BaseException:
            connection.control.leave()
            raise
        return connection

    async def close(self) -> None:
        """Deregister, close; what is not closed in 2 s is given up."""
        self._closed = True
        await asyncio.gather(*(closer() for closer in tuple(self.closers)))
        wires = {self.control, self.stats, self.long, self.actions}
        await asyncio.gather(*(wire.close(CLOSING) for wire in wires))

    async def renew_stats(self) -> None:
        """Give up the stats wire with the calls stuck on it; the next call opens another one."""
        if self._closed or self.stats is self.control:
            return
        old, self.stats = self.stats, self._wire("stats")
        old.leave()
        self._left = [wire for wire in [*self._left, old] if wire.behind]

    @property
    def outstanding(self) -> int:
        """Calls left behind on this daemon and not back."""
        return sum(wire.behind for wire in {self.control, self.stats, self.long, self.actions, *self._left})

    def lacks(self, feature: Feature) -> None:
        """libvirt said that this host cannot do it: remember, and tell (Kind.LEARNT)."""
        if self.capabilities.can(feature):
            self.capabilities = replace(self.capabilities, lacking=self.capabilities.lacking | {feature})
            self._post(Event(self.host, self.generation, Kind.LEARNT, detail=feature.value, time=time.time()))

    def may_write(self, doing: Text | None, feature: Feature | None = None) -> None:
        """Raise VirtError if the connection is read-only or the host is known to lack `feature`."""
        if self.readonly:
            why = text("The connection to this host is read-only.")
            raise errors.refused(doing, why, text('Connect again without "read-only".'), "read-only")
        if feature and not self.capabilities.can(feature):
            raise errors.refused(doing, text("This kind of host cannot do that."), None, "no-support")

    async def learning(
        self,
        feature: Feature,
        wire: Wire,
        fn: Callable[["libvirt.virConnect"], T],
        doing: Text | None = None,
        timeout: float | None = None,
    ) -> T:
        """`wire.call`, remembering that the host lacks `feature` if libvirt says so."""
        try:
            return await wire.call(fn, doing, timeout)
        except VirtError as error:
            if error.problem.name == "no-support":
                self.lacks(feature)
            raise

    def _wire(self, name: str) -> Wire:
        return Wire(f"{name} {self.host}", self.uri, self._open_plain)

    def _open_plain(self) -> "libvirt.virConnect":
        flags = libvirt.VIR_CONNECT_RO if self.readonly else 0
        if self._ask is None:
            conn = libvirt.openReadOnly(self.uri) if self.readonly else libvirt.open(self.uri)
        else:
            conn = libvirt.openAuth(self.uri, [list(_ASKED), self._answer, None], flags)
        # Drivers in this process have none; they cannot lose what they do not have.
        with contextlib.suppress(libvirt.libvirtError):
            conn.setKeepAlive(*KEEPALIVE)
        return conn

    def _open_control(self) -> "libvirt.virConnect":
        conn = self._open_plain()
        # libvirt-python keeps the connection for ever when this fails, as it does on the test driver.
        if not is_in_process(self.uri):
            with contextlib.suppress(libvirt.libvirtError):
                conn.registerCloseCallback(self._on_close, None)
        self._registered = events.register(conn, self._on_event)
        self._pools_heard = events.register_pools(conn, self._on_event)
        self._networks_heard = events.register_networks(conn, self._on_event)
        self._devices_heard = events.register_devices(conn, self._on_event)
        return conn

    def _goodbye(self, conn: "libvirt.virConnect") -> None:
        for number in self._registered:
            with contextlib.suppress(libvirt.libvirtError):
                conn.domainEventDeregisterAny(number)
        for number in self._pools_heard:
            with contextlib.suppress(libvirt.libvirtError):
                conn.storagePoolEventDeregisterAny(number)
        for number in self._networks_heard:
            with contextlib.suppress(libvirt.libvirtError):
                conn.networkEventDeregisterAny(number)
        for number in self._devices_heard:
            with contextlib.suppress(libvirt.libvirtError):
                conn.nodeDeviceEventDeregisterAny(number)
        with contextlib.suppress(libvirt.libvirtError):
            conn.unregisterCloseCallback()

    def _first_look(self, conn: "libvirt.virConnect") -> Capabilities:
        capabilities = drivers.look(conn, self.readonly)
        if not self._registered:
            capabilities = replace(capabilities, lacking=capabilities.lacking | {Feature.EVENTS})
        if not self._devices_heard:
            capabilities = replace(capabilities, lacking=capabilities.lacking | {Feature.DEVICE_EVENTS})
        return capabilities

    def _on_event(self, event: Event) -> None:
        """On libvirt's thread: only note and pass on."""
        if event.kind is Kind.LIFECYCLE:
            if event.detail == "started":
                self.started[event.uuid] = event.time
            elif event.detail in ("stopped", "crashed"):
                self.started.pop(event.uuid, None)
        if not self.control.ended:
            self._post(replace(event, host=self.host, generation=self.generation))

    def _on_close(self, _conn: "libvirt.virConnect", reason: int, _opaque: None) -> None:
        self._on_event(events.closed(reason))

    def _answer(self, asked: list[list[object]], _opaque: None) -> int:
        questions = [
            Question(str(prompt or challenge or ""), kind in _SECRET, str(otherwise or ""))
            for kind, prompt, challenge, otherwise, _result in asked
        ]
        answers = self._ask(questions) if self._ask else None
        if answers is None:
            return -1
        for item, answer in zip(asked, answers, strict=True):
            item[4] = answer
        return 0


_SECRET = (libvirt.VIR_CRED_PASSPHRASE, libvirt.VIR_CRED_NOECHOPROMPT)
_ASKED = (libvirt.VIR_CRED_AUTHNAME, libvirt.VIR_CRED_ECHOPROMPT, *_SECRET)


def is_in_process(uri: str) -> bool:
    """Whether `uri` is libvirt's test driver inside this process (not through a daemon)."""
    return urlsplit(uri).scheme == "test"


def is_one_of_its_own(uri: str) -> bool:
    """Whether each open of `uri` makes another host: the test driver with a file, here or behind a daemon."""
    parts = urlsplit(uri)
    return parts.scheme == "test" or (parts.scheme.startswith("test+") and parts.path != "/default")


def is_local(uri: str) -> bool:
    """Whether its machines run on this computer."""
    parts = urlsplit(uri)
    return "+" not in parts.scheme and not parts.hostname


def _pid_folder(uri: str) -> Path | None:
    """Where QEMU's pid files are if they are on this computer: their age is the machine's uptime."""
    parts = urlsplit(uri)
    if parts.scheme != "qemu" or parts.hostname:
        return None
    if parts.path == "/system":
        return Path("/run/libvirt/qemu")
    if parts.path == "/session" and (runtime := os.environ.get("XDG_RUNTIME_DIR")):
        return Path(runtime, "libvirt/qemu/run")
    return None
