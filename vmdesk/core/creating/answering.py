"""What the installer is told, worked out the same way for what is shown beforehand and for what is made."""

from vmdesk.core.creating.findings import Findings
from vmdesk.core.creating.knowledge import Knowledge
from vmdesk.media.unattended import Answers
from vmdesk.model.wish import Wish
from vmdesk.virtxml.build.choose import choose

_DEBIAN = ("install.amd/vmlinuz", "install.amd/initrd.gz")  # where its CDs keep kernel and initrd


async def answers(knowledge: Knowledge, wish: Wish, found: Findings, name: str) -> Answers | None:
    """Of the machine `name`; None if somebody is there to be asked. VirtError if it cannot be told."""
    if wish.unattended is None:
        return None
    chosen = choose(wish, found.system, found.host, found.machine)
    return await knowledge.answers(
        found.system,
        wish.unattended,
        name,
        url=found.tree.url if found.tree is not None else "",
        disk="/dev/vda" if chosen.disk_bus == "virtio" else "/dev/sda",
        arch=chosen.platform.arch,
    )


def boot_files(found: Findings) -> tuple[str, str]:
    """Kernel and initrd of the installer, as paths on its CD."""
    medium = found.medium
    return (medium.kernel, medium.initrd) if medium.kernel else _DEBIAN


def key(wish: Wish, found: Findings, name: str) -> tuple[object, ...]:
    """What the answers depend on: while it is the same, so are they."""
    chosen = choose(wish, found.system, found.host, found.machine)
    url = found.tree.url if found.tree is not None else ""
    return wish.unattended, name, found.system.id, url, chosen.disk_bus, chosen.platform.arch
