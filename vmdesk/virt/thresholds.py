"""Marks in the files of running machines: QEMU tells once when one is written beyond its mark."""

import libvirt

from vmdesk.model.host import Feature
from vmdesk.model.text import text
from vmdesk.virt.acting import look, name
from vmdesk.virt.connection import Connection

PATIENCE = 5.0  # seconds


async def length(connection: Connection, uuid: str, target: str) -> tuple[int, int]:
    """How long the file is that a disk writes to, and how large the guest sees the disk. Bytes."""
    doing = text("Looking how large {target} of {name} is", target=target, name=name(connection, uuid))

    def ask(domain: "libvirt.virDomain") -> tuple[int, int]:
        capacity, _allocation, physical = domain.blockInfo(target)
        return int(physical), int(capacity)

    return await look(connection, uuid, ask, doing, wire=connection.long, timeout=PATIENCE)


async def arm(connection: Connection, uuid: str, target: str, mark: int) -> None:
    """Be told (Kind.GROWN) when the file that a disk writes to is written beyond `mark`: once, in place of another."""
    doing = text("Watching how {target} of {name} grows", target=target, name=name(connection, uuid))
    connection.may_write(doing, Feature.BLOCK_THRESHOLD)

    def put(domain: "libvirt.virDomain") -> None:
        domain.setBlockThreshold(target, mark)

    await look(connection, uuid, put, doing, Feature.BLOCK_THRESHOLD, connection.long, PATIENCE)
