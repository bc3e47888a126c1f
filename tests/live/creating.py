"""What the tests of new machines share: a host, what stands there, and `vmdesk create` as a program."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import libvirt

from tests.testbed.guests import connection
from vmdesk.core.creating.create import Created, Tools, create
from vmdesk.core.creating.findings import find
from vmdesk.core.creating.knowledge import Knowledge
from vmdesk.core.journal import Journal
from vmdesk.model.host import HostConfig
from vmdesk.model.text import Text
from vmdesk.model.wish import Nets, NicWish, Wish
from vmdesk.virt import pools
from vmdesk.virt.connection import Connection

MIB = 1 << 20
STORED = libvirt.VIR_DOMAIN_XML_INACTIVE
VMDESK = (sys.executable, "-m", "vmdesk")


def quiet(progress: float | None, note: Text | None = None) -> None:
    pass


class Desk:
    """A connection and what making machines needs; `clean` removes what was not there at the beginning."""

    def __init__(self, uri: str, folder: Path) -> None:
        self.uri, self.folder = uri, folder
        self.tools = Tools(Journal(folder / "journal"), Knowledge(), folder / "scratch")
        self.nics = (NicWish(Nets.USER, ""),) if uri.endswith("session") else (NicWish(),)
        self._before = self.machines(), self.volumes()

    def run(self, work: Callable[[Connection], Coroutine[Any, Any, Any]]) -> Any:
        async def whole() -> Any:
            connection = await Connection.open(HostConfig("h", "h", self.uri), 1, lambda _event: None)
            try:
                return await work(connection)
            finally:
                await connection.close()

        return asyncio.run(whole())

    def create(self, wish: Wish, report: Any = quiet) -> Created:
        async def work(connection: Connection) -> Created:
            found = await find(connection, self.tools.knowledge, wish)
            return await create(self.tools, connection, wish, found, report, True)

        return self.run(work)  # type: ignore[no-any-return]

    # ------------------------------------------------------------ the program

    def command(self, *words: str) -> list[str]:
        return [*VMDESK, "--settings-dir", str(self.folder / "settings"), "--connect", self.uri, *words]

    def vmdesk(self, *words: str, code: int | None = 0, stdin: str = "", seconds: float = 120) -> Any:
        """Run it; fails unless it ends with `code` (None: any)."""
        command = self.command(*words)
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=seconds, check=False)
        assert code is None or done.returncode == code, (done.returncode, done.stdout, done.stderr)
        return done

    def json(self, *words: str) -> Any:
        return json.loads(self.vmdesk("--json", *words).stdout)

    # ------------------------------------------------------------ what is there

    def ask(self, name: str, ask: Callable[[libvirt.virDomain], Any]) -> Any:
        with connection(self.uri) as conn:
            return ask(conn.lookupByName(name))

    def xml(self, name: str, flags: int = 0) -> str:
        return str(self.ask(name, lambda domain: domain.XMLDesc(flags)))

    def volumes(self) -> dict[str, str]:
        """Path of each, by pool/name; of all pools that are on."""
        with connection(self.uri) as conn:
            found = {}
            for pool in conn.listAllStoragePools(0):
                if pool.isActive():
                    pool.refresh(0)
                    found |= {f"{pool.name()}/{one.name()}": one.path() for one in pool.listAllVolumes()}
            return found

    def machines(self) -> set[str]:
        with connection(self.uri) as conn:
            return {one.name() for one in conn.listAllDomains(0)}

    @property
    def new(self) -> tuple[set[str], set[str]]:
        """Machines and volumes that were not there at the beginning."""
        return self.machines() - self._before[0], set(self.volumes()) - set(self._before[1])

    @property
    def left(self) -> list[str]:
        """Entries of the journals, files for a while."""
        folders = [self.folder / name for name in ("journal", "scratch", "settings/journal", "settings/scratch")]
        return [str(file) for folder in folders if folder.is_dir() for file in folder.iterdir()]

    def networks(self) -> set[tuple[str, bool]]:
        with connection(self.uri) as conn:
            return {(one.name(), bool(one.isActive())) for one in conn.listAllNetworks(0)}

    def make_volume(self, name: str, mib: int = 1, pool: str = "", format: str = "qcow2") -> str:  # noqa: A002
        """Somebody else's; its path."""
        with connection(self.uri) as conn:
            there = conn.storagePoolLookupByName(pool or self.pool)
            xml = f"<volume><name>{name}</name><capacity unit='MiB'>{mib}</capacity>"
            return str(there.createXML(f"{xml}<target><format type='{format}'/></target></volume>", 0).path())

    @property
    def pool(self) -> str:
        """The one that new disks go to; made if there is none."""
        return str(self.run(pools.ensure_default_pool)[0].name)

    def clean(self) -> None:
        with connection(self.uri) as conn:
            for one in conn.listAllDomains(0):
                if one.name() not in self._before[0]:
                    if one.isActive():
                        one.destroy()
                    one.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_NVRAM)
            for volume in self.new[1]:
                pool, _, name = volume.partition("/")
                conn.storagePoolLookupByName(pool).storageVolLookupByName(name).delete(0)

    def closed(self) -> None:
        self.tools.knowledge.close()
        self.clean()


def image(path: Path, mib: int = 1, format: str = "qcow2", *options: str) -> Path:  # noqa: A002 - the word for it
    """A disk image made by qemu-img."""
    subprocess.run(["qemu-img", "create", "-q", "-f", format, *options, path, f"{mib}M"], check=True)
    return path


def filled(path: Path, mib: int = 2, format: str = "raw") -> Path:  # noqa: A002 - the word for it
    """An image with content that can be compared."""
    raw = path.with_suffix(".content")
    raw.write_bytes(b"".join(bytes([number % 251 + 1]) * 65536 for number in range(mib * 16)))
    subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", format, raw, path], check=True)
    raw.unlink()
    return path


def same_content(one: Path | str, format_one: str, other: Path | str, format_other: str) -> bool:
    words: Sequence[str] = ("qemu-img", "compare", "-f", format_one, "-F", format_other, str(one), str(other))
    return subprocess.run(words, capture_output=True, check=False).returncode == 0
