"""A workshop without hosts and files: everything is found at once, and machines are made of air."""

import asyncio
from pathlib import Path
from typing import Any

from tests.unit.core.creating_host import DEBIAN12, HOST, found
from vmdesk.core.creating.create import Created
from vmdesk.core.creating.findings import Findings
from vmdesk.core.creating.templates import Templates
from vmdesk.media.unattended import Answers, Way
from vmdesk.model.abilities import HostAbilities
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.storage import Volume
from vmdesk.model.system import System
from vmdesk.model.text import text
from vmdesk.model.wish import From, Here, Wish
from vmdesk.virt.reaching import Blocked
from vmdesk.virtxml.build import checks

CLOSED = "/home/anna/closed.iso"  # lies where the hypervisor cannot read it
BROKEN = "/home/anna/broken.iso"
UUID = "5f2f7b6c-6d0a-4d0e-9d64-2f1f9d7f3a10"


class FakeWorkshop:
    """made: the wishes of which machines were made; `failing`: the next one fails."""

    problem: Problem | None = None

    def __init__(self, folder: Path, host: HostAbilities = HOST) -> None:
        self.host = host
        self.templates = Templates(folder / "templates.json")
        self.made: list[tuple[Wish, Any]] = []
        self.defined: list[str] = []
        self.looked: list[Wish] = []
        self.failing: Problem | None = None
        self.going = asyncio.Event()  # cleared: making waits
        self.going.set()

    async def find(self, host: str, wish: Wish) -> Findings:
        self.looked.append(wish)
        path = wish.media.path if isinstance(wish.media, Here) else ""
        if path == BROKEN:
            raise VirtError(Problem(text("{path} is not a CD image.", path=path)))
        blocked = None
        if path == CLOSED:
            why = text("{user}, as whom QEMU runs, may not pass the folder {folder}.", user="q", folder="/home/anna")
            blocked = Blocked("/home/anna", "q", why, (("setfacl", "-m", "u:q:x", "/home/anna"),), True)
        known = DEBIAN12 if wish.media is not None and wish.source is From.CDROM else System()
        result = found(self.host, known, blocked=blocked)
        complaints = checks.check(wish, result.system, self.host, result.machine)
        return Findings(result.host, result.machine, result.medium, blocked=blocked, complaints=complaints)

    async def systems(self) -> tuple[System, ...]:
        return (DEBIAN12,)

    async def volumes(self, host: str, pool: str) -> list[Volume]:
        return [Volume(pool, f"volume-{n:04}.qcow2", "") for n in range(5000)]

    async def keys(self) -> tuple[str, ...]:
        return ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFXo anna@laptop",)

    async def text_of(self, path: str) -> str:
        return Path(path).read_text(encoding="utf-8")

    async def mistakes(self, xml: str) -> tuple[str, ...]:
        return ("3: unknown element",) if "<unknown" in xml else ()

    async def answers(self, wish: Wish, found_: Findings, name: str) -> Answers | None:
        asked = wish.unattended
        if asked is None:
            return None
        if not asked.password:
            raise VirtError(Problem(text("no"), text("Its installer has to be told: {what}.", what=text("a password"))))
        return Answers("preseed.cfg", b"", Way.INITRD, f"auto=true hostname={asked.hostname or name}")

    async def create(self, host: str, wish: Wish, found_: Findings, report: Any, edited: Any = None) -> Created:
        report(0.4, text("Copying {file} to {pool}", file="x.iso", pool="default"))
        await self.going.wait()
        if self.failing is not None:
            raise VirtError(self.failing)
        self.made.append((wish, edited))
        return Created(((wish.name, UUID),))

    async def define(self, host: str, xml: str) -> str:
        self.defined.append(xml)
        return UUID
