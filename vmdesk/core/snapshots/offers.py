"""Which snapshots can be taken of a machine here, and which can be reverted to: else the reason, in words. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vmdesk.core.snapshots.plan import is_mixed, mixed_reason
from vmdesk.model.abilities import VDAGENT_SAVES
from vmdesk.model.domain import Disk, Domain, State
from vmdesk.model.host import Capabilities, Feature
from vmdesk.model.snapshot import Kind, Snapshot
from vmdesk.model.text import Text, text

# The first libvirt in which ...
UEFI_INTERNAL = (10, 9, 0)  # internal snapshots of running UEFI machines work
EXTERNAL_REVERT = (9, 9, 0)  # libvirt reverts to external ones by itself
EXTERNAL_DELETE = (9, 0, 0)  # libvirt merges external ones


@dataclass(frozen=True, slots=True)
class Offers:
    """Why not; None: it can be done.

    internal, external, memory  taking one: inside the disks' files; on top of them; on top, with memory (runs on)
    quiesce  asking the guest to put its file systems to rest first (external, without memory)
    revert   snapshot's name -> why not
    delete   snapshot's name -> why not; what its files forbid is told by its plan
    best     what is proposed
    """

    internal: Text | None = None
    external: Text | None = None
    memory: Text | None = None
    quiesce: Text | None = None
    revert: Mapping[str, Text | None] = field(default_factory=dict)
    delete: Mapping[str, Text | None] = field(default_factory=dict)
    best: str = "internal"

    @property
    def unable(self) -> Text | None:
        """Why none can be taken at all; None: one kind can. Each kind has a reason of its own: both are said."""
        if self.internal is None or self.external is None:
            return None
        if str(self.internal) == str(self.external):
            return self.internal
        return text("{one} {other}", one=self.internal, other=self.external)


def offers(domain: Domain, capabilities: Capabilities, snapshots: Sequence[Snapshot], template: bool = False) -> Offers:
    """What is offered for this machine now."""
    common = _common(domain, capabilities, template)
    internal = common or _internal(domain, capabilities, snapshots)
    external = common or _external(domain, capabilities, snapshots)
    memory = external or _memory(domain, capabilities)
    quiesce = external or _quiesce(domain)
    mixed = is_mixed(snapshots)  # asked once: each of five hundred would look at all the others
    revert = {one.name: common or _revert(domain, capabilities, mixed, one) for one in snapshots}
    delete = {one.name: common or _delete(domain, capabilities, mixed, one) for one in snapshots}
    best = "internal" if internal is None else "memory" if memory is None else "external"
    return Offers(internal, external, memory, quiesce, revert, delete, best)


def _common(domain: Domain, capabilities: Capabilities, template: bool) -> Text | None:
    if capabilities.readonly:
        return text("The connection to this host is read-only.")
    if not capabilities.can(Feature.SNAPSHOT):
        return text("This kind of host cannot take snapshots.")
    if not domain.persistent:
        return text("{name} has no definition of its own: it vanishes when it stops.", name=domain.name)
    if template:
        return text("{name} is a template: clones stand on its disks.", name=domain.name)
    return None


def written(domain: Domain) -> tuple[Disk, ...]:
    """The disks that a snapshot is about."""
    return tuple(
        disk for disk in domain.definition.disks if disk.device == "disk" and not disk.readonly and disk.source
    )


def _internal(domain: Domain, capabilities: Capabilities, snapshots: Sequence[Snapshot]) -> Text | None:
    if any(one.kind in (Kind.EXTERNAL, Kind.MIXED) for one in snapshots):
        return text("{name} has external snapshots: the two kinds must not be mixed in one machine.", name=domain.name)
    if capabilities.driver == "QEMU":
        disks = written(domain)
        if not disks:
            return text("{name} has no disk that could hold a snapshot.", name=domain.name)
        for disk in disks:
            if disk.format != "qcow2":
                return text("The disk {disk} is not qcow2: only those hold snapshots.", disk=disk.target)
            if disk.encrypted and not domain.active:  # libvirt gives qemu-img no passphrase
                return text(
                    "The disk {disk} is encrypted and the machine is off: start it first, then one can be taken.",
                    disk=disk.target,
                )
        uefi = domain.definition.firmware == "efi"
        if uefi and domain.active and capabilities.libvirt_version < UEFI_INTERNAL:
            return text("libvirt below 10.9 cannot do this while a machine with UEFI runs. Shut it down first.")
        if domain.active:
            return _unsaved(domain, capabilities)
    return None


def _external(domain: Domain, capabilities: Capabilities, snapshots: Sequence[Snapshot]) -> Text | None:
    if capabilities.driver != "QEMU":
        return text("Only QEMU's machines have external snapshots.")
    if any(one.kind in (Kind.INTERNAL, Kind.MIXED) for one in snapshots):
        return text("{name} has internal snapshots: the two kinds must not be mixed in one machine.", name=domain.name)
    disks = written(domain)
    if not disks:
        return text("{name} has no disk that could hold a snapshot.", name=domain.name)
    for disk in disks:
        if "://" in disk.source or disk.source == "nvme":
            return text("The disk {disk} is not a file or volume of the host.", disk=disk.target)
        if disk.encrypted:  # libvirt takes it, and then starts the machine no more
            return text(
                "The disk {disk} is encrypted: libvirt starts no machine from what stands on it.", disk=disk.target
            )
    if domain.managed_save and not domain.active:
        return text("{name} has a saved state. Restore or discard it first.", name=domain.name)
    return None


def _memory(domain: Domain, capabilities: Capabilities) -> Text | None:
    if not domain.active:
        return text("{name} is off: it has no memory to keep.", name=domain.name)
    return _unsaved(domain, capabilities)


def _unsaved(domain: Domain, capabilities: Capabilities) -> Text | None:
    """Why the memory cannot be written down while the machine runs."""
    if domain.definition.vdagent and capabilities.hypervisor_version < VDAGENT_SAVES:
        return text(
            "Below 10.1, QEMU cannot save the memory of a machine that has its clipboard channel (qemu-vdagent)."
        )
    return None


def _quiesce(domain: Domain) -> Text | None:
    if not domain.active or domain.state is State.PAUSED:
        return text("{name} is not running.", name=domain.name)
    if not domain.definition.agent:
        return text("{name} has no guest agent.", name=domain.name)
    return None


def _revert(domain: Domain, capabilities: Capabilities, mixed: bool, one: Snapshot) -> Text | None:
    if one.kind is Kind.MIXED or mixed:
        return mixed_reason()
    if one.kind is not Kind.EXTERNAL:
        return None
    if domain.managed_save and not domain.active:
        return text("{name} has a saved state. Restore or discard it first.", name=domain.name)
    if domain.active and capabilities.libvirt_version < EXTERNAL_REVERT:
        return text("{name} runs. Shut it down first: its disks are exchanged.", name=domain.name)
    return None


def _delete(domain: Domain, capabilities: Capabilities, mixed: bool, one: Snapshot) -> Text | None:
    if one.kind is Kind.MIXED or mixed:
        return mixed_reason()
    if one.kind is Kind.EXTERNAL and capabilities.libvirt_version < EXTERNAL_DELETE:
        return text("libvirt below 9.0 cannot merge external snapshots.")
    if domain.managed_save and not domain.active and one.kind is Kind.EXTERNAL:
        return text("{name} has a saved state. Restore or discard it first.", name=domain.name)
    return None
