"""Machines whose disks can be read byte for byte: what tests of snapshots, clones and deletions share."""

import asyncio
import hashlib
import json
import re
import secrets
import struct
import subprocess
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import libvirt

from tests.testbed.guests import Guest, Guests, wait_for
from vmdesk.core.journal import Journal
from vmdesk.core.snapshots.desk import Desk
from vmdesk.model.chain import Files
from vmdesk.model.errors import VirtError
from vmdesk.model.host import HostConfig
from vmdesk.model.text import Text
from vmdesk.virt import chains, storage
from vmdesk.virt.connection import Connection
from vmdesk.virtxml import pools as pools_xml

MIB = 1 << 20
BLOCK = 64 * 512  # what the guest writes at once


def quiet(progress: float | None, note: Text | None = None) -> None:
    pass


class Bed:
    """A pool in a folder of its own, and guests with their disks in it. `folder` can be read by the test."""

    def __init__(self, guests: Guests, uri: str, folder: Path, settings: Path) -> None:
        self.guests, self.uri, self.folder = guests, uri, folder
        self.journal = Journal(settings / "journal")
        self.settings = settings
        self.pool = f"bed-{secrets.token_hex(3)}"
        folder.mkdir(parents=True, exist_ok=True)

        async def make(connection: Connection) -> None:
            await storage.define_pool(connection, pools_xml.build(self.pool, str(folder)))
            await storage.start_pool(connection, self.pool)

        self.run(make)

    def close(self) -> None:
        async def drop(connection: Connection) -> None:
            for undo in (storage.stop_pool, storage.undefine_pool):
                try:
                    await undo(connection, self.pool)
                except VirtError as error:
                    if error.problem.name not in ("pool-off", "no-pool"):
                        raise

        self.run(drop)

    def run(self, work: Callable[[Connection], Coroutine[Any, Any, Any]]) -> Any:
        async def whole() -> Any:
            connection = await Connection.open(HostConfig("h", "h", self.uri), 1, lambda _event: None)
            try:
                return await work(connection)
            finally:
                await connection.close()

        return asyncio.run(whole())

    def at(self, guest: Guest, work: Callable[[Desk], Coroutine[Any, Any, Any]]) -> Any:
        return self.run(lambda connection: work(Desk(self.journal, connection, guest.uuid, quiet)))

    def files(self) -> Files:
        return self.run(chains.files)  # type: ignore[no-any-return]

    def guest(self, name: str = "chain", mib: int = 64, *, start: bool = True, **options: Any) -> Guest:
        """One that writes numbered blocks to vdb, 18 a second."""
        path = self.folder / f"{name}-{secrets.token_hex(3)}.qcow2"
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, f"{mib}M"], check=True)
        return self.guests.make(name, disks=[path], writes=True, quick=True, start=start, **options)

    def journals(self) -> list[Path]:
        return list((self.settings / "journal").glob("*.journal"))


def blocks(path: Path | str) -> int:
    """How many numbered blocks are on a disk, from its begin; AssertionError if one is wrong or one is missing."""
    data = raw(path)
    found = 0
    for number in range(1, len(data) // BLOCK):
        word = struct.unpack_from("<I", data, number * BLOCK)[0]
        if word != number * 64:
            assert word == 0, f"block {number} of {path} holds {word}"
            break
        found = number
    rest = data[(found + 1) * BLOCK :]
    assert rest.count(0) == len(rest), f"something stands after the last block, {found}, of {path}"
    return found


def raw(path: Path | str) -> bytes:
    """What a guest reads from a qcow2 file that nobody writes."""
    out = Path(f"/tmp/raw-{secrets.token_hex(4)}")
    try:
        subprocess.run(["qemu-img", "convert", "-U", "-f", "qcow2", "-O", "raw", str(path), out], check=True)
        return out.read_bytes()
    finally:
        out.unlink(missing_ok=True)


def digest(path: Path | str) -> str:
    return hashlib.sha256(raw(path)).hexdigest()


def write(path: Path | str, block: int, value: int) -> None:
    """From outside, the machine off."""
    command = f"write -q -P {value} {block * BLOCK} {BLOCK}"
    subprocess.run(["qemu-io", "-f", "qcow2", "-c", command, str(path)], check=True, capture_output=True)


def check(*paths: Path | str) -> None:
    """`qemu-img check`, each layer alone."""
    for path in paths:
        options = json.dumps({"driver": "qcow2", "file": {"driver": "file", "filename": str(path)}, "backing": None})
        result = subprocess.run(["qemu-img", "check", "-U", f"json:{options}"], capture_output=True, text=True)
        assert result.returncode == 0, f"{path}: {result.stdout}{result.stderr}"


def chain_of(path: Path | str) -> list[str]:
    """As qemu-img tells it."""
    told = subprocess.run(
        ["qemu-img", "info", "-U", "-f", "qcow2", "--backing-chain", "--output=json", str(path)],
        check=True,
        capture_output=True,
    )
    return [one["filename"] for one in json.loads(told.stdout)]


def disk(guest: Guest, target: str = "vdb", live: bool = False) -> str:
    """The file of a disk, by its definition."""
    xml = guest.ask(lambda domain: domain.XMLDesc(0 if live else libvirt.VIR_DOMAIN_XML_INACTIVE))
    parts = [part for part in xml.split("<disk ") if f"target dev='{target}'" in part]
    return re.search(r"<source file='([^']*)'", parts[0]).group(1)  # type: ignore[union-attr]


def off(guest: Guest) -> None:
    if guest.ask(lambda domain: domain.isActive()):
        guest.ask(lambda domain: domain.destroy())
    wait_for(lambda: guest.state() == 5, "it is off")


def written(guest: Guest, more: int = 5) -> None:
    """Wait until it has written some further blocks."""
    begun = guest.serial().count(".")
    wait_for(lambda: guest.serial().count(".") >= begun + more, f"{guest.name} writes", 30)


async def problem(call: Coroutine[Any, Any, Any]) -> VirtError:
    try:
        await call
    except VirtError as error:
        return error
    raise AssertionError("it was not refused")
