"""The storage of a host without a hypervisor: what was asked for is remembered."""

from dataclasses import dataclass, field
from typing import Any

from vmdesk.core.forecast import DAY
from vmdesk.core.storage.room import Room
from vmdesk.core.storage.rows import rows
from vmdesk.core.storage.work import Able, Seen
from vmdesk.model.chain import Files, Image, Owner, Role, Use
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.pool_kinds import KINDS
from vmdesk.model.storage import Pool, PoolAbility, PoolSource
from vmdesk.model.text import Text, text

GB = 1_000_000_000
FOLDER = "/var/lib/libvirt/images"
WEB, DB = "0001", "0002"
POOLS = (
    Pool("default", "p1", "dir", FOLDER, True, True, True, 500 * GB, 380 * GB, 120 * GB),
    Pool("fast", "p2", "logical", "/dev/fast", True, True, True, 200 * GB, 188 * GB, 12 * GB),
    Pool("nas", "p3", "netfs", "/mnt/nas", False, False, True),
)


def image(name: str, size: float = 10, pool: str = "default", backing: str = "", kind: str = "qcow2") -> Image:
    folder = next(one.target for one in POOLS if one.name == pool)
    return Image(
        f"{folder}/{name}",
        kind,
        20 * GB,
        int(size * GB),
        f"{FOLDER}/{backing}" if backing else "",
        "qcow2" if backing else "",
        pool=pool,
        volume=name,
    )


def files() -> Files:
    """Two machines on one base, one of them with a snapshot; an orphan, an installation medium."""
    found = [
        image("debian-12.qcow2", 2.1),
        image("web-01.qcow2", 3.4, backing="debian-12.qcow2"),
        image("web-01.before-update.qcow2", 1.2, backing="web-01.qcow2"),
        image("db-01", 40, "fast", kind="raw"),
        image("db-01-scratch.qcow2", 17.5),
        image("old-experiment.qcow2", 28.3),
        image("debian-12.5.0-amd64-netinst.iso", 0.66, kind="iso"),
    ]
    path = {one.volume: one.path for one in found}
    uses = (
        Use(path["web-01.before-update.qcow2"], Role.DISK, WEB, "vda", "qcow2", writable=True, live=True),
        Use(path["web-01.before-update.qcow2"], Role.DISK, WEB, "vda", "qcow2", writable=True),
        Use(path["web-01.qcow2"], Role.FROZEN, WEB, "vda", "qcow2", snapshot="before-update"),
        Use(path["db-01"], Role.DISK, DB, "vda", "raw", writable=True, live=True),
        Use(path["db-01"], Role.DISK, DB, "vda", "raw", writable=True),
        Use(path["db-01-scratch.qcow2"], Role.DISK, DB, "vdb", "qcow2", writable=True),
        Use(path["debian-12.5.0-amd64-netinst.iso"], Role.MEDIUM, DB, "sda", "raw"),
    )
    owners = {WEB: Owner(WEB, "web-01", True), DB: Owner(DB, "db-01", True)}
    return Files({one.path: one for one in found}, uses, owners)


def many(count: int) -> Files:
    """So many volumes of so many machines, each second one on a base, each tenth of nobody."""
    found = [image("base.qcow2")]
    uses, owners = [], {}
    for number in range(count - 1):
        one = image(f"lab-{number:05}.qcow2", 1 + number % 40, backing="base.qcow2" if number % 2 else "")
        found.append(one)
        if number % 10:
            uuid = f"{number:08}"
            owners[uuid] = Owner(uuid, f"lab-{number:05}", number % 3 == 0)
            uses.append(Use(one.path, Role.DISK, uuid, "vda", "qcow2", writable=True, live=number % 3 == 0))
    return Files({one.path: one for one in found}, tuple(uses), owners)


def falling(room: Room, pool: Pool, now: float, days: float) -> None:
    """As if it had lost room for two days, so that it is full in so many."""
    for hour in range(48, -1, -2):
        left = pool.available * (1 + hour * 3600 / (days * DAY))
        room.saw([Pool(pool.name, pool.uuid, capacity=pool.capacity, available=int(left))], now - hour * 3600)


@dataclass
class FakeStorage:
    """In the place of core.storage.work.Storage."""

    room: Room
    pools_: tuple[Pool, ...] = POOLS
    files: Files = field(default_factory=files)
    kinds: tuple[str, ...] = ("dir", "netfs", "logical")
    unheard: tuple[str, ...] = ()
    encrypts: bool = True
    found: tuple[PoolSource, ...] = ()
    problem: VirtError | None = None
    asked: int = 0
    looked: list[bool] = field(default_factory=list)
    done: list[tuple[Any, ...]] = field(default_factory=list)

    def fail(self, why: Text) -> None:
        self.problem = VirtError(Problem(why, name="no-support"))

    async def pools(self, host: str) -> tuple[Pool, ...]:
        self.asked += 1
        if self.problem:
            raise self.problem
        return self.pools_

    async def look(self, host: str, fresh: bool = False) -> Seen:
        if self.problem:
            raise self.problem
        self.looked.append(fresh)
        return Seen(self.pools_, await rows(self.files), self.files.blind)

    async def able(self, host: str) -> Able:
        return Able(
            tuple(PoolAbility(kind.id, kind.id in self.kinds) for kind in KINDS if kind.id not in self.unheard),
            self.encrypts,
        )

    async def find_sources(self, host: str, wish: Any) -> tuple[PoolSource, ...]:
        if self.problem:
            raise self.problem
        self.done.append(("find_sources", wish.kind))
        return self.found

    async def delete(self, host: str, chosen: Any, report: Any) -> int:
        self.done.append(("delete", *(row.name for row in chosen)))
        return sum(row.allocation for row in chosen)

    async def move(self, host: str, uuid: str, target: str, pool: str, keep: bool, report: Any) -> Any:
        self.done.append(("move", uuid, target, pool, keep))
        return type("Moved", (), {"path": f"/dev/{pool}/x"})()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)

        async def work(host: str, *values: Any) -> None:
            self.done.append((name, *values[:-1]) if callable(values[-1]) else (name, *values))

        return work


def said(words: str) -> Text:
    return text("{words}", words=words)
