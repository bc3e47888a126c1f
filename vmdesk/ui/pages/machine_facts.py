"""What the overview tells of a machine: pure text from values."""

from pathlib import PurePosixPath

from vmdesk.core import units
from vmdesk.model.domain import Disk, Domain, Nic
from vmdesk.model.host import Host
from vmdesk.model.text import tr, trn
from vmdesk.ui.models.snapshots import when
from vmdesk.ui.widgets.facts import Fact, FactGroup, short

_FIRMWARE = {"efi": "UEFI", "bios": "BIOS"}
_DEVICES = {"cdrom": "CD", "floppy": "floppy", "lun": "LUN"}


def facts_of(domain: Domain, host: Host | None) -> list[FactGroup]:
    """All facts; the groups are the same for every machine, so that one knows where to look."""
    groups = [_identity(domain, host), _hardware(domain)]
    if domain.definition.disks:
        groups.append(FactGroup(tr("Disks"), tuple(_disk(disk) for disk in domain.definition.disks)))
    if domain.definition.nics:
        groups.append(FactGroup(tr("Network cards"), _nics(domain)))
    groups.append(FactGroup(tr("Access"), _access(domain)))
    return groups


def _identity(domain: Domain, host: Host | None) -> FactGroup:
    facts = [Fact(tr("IP address"), "\n".join(domain.addresses) or units.UNKNOWN)]
    facts.append(Fact(tr("Host"), host.config.name if host else domain.key.host, hint=host.config.uri if host else ""))
    if domain.labels.group:
        facts.append(Fact(tr("Group"), domain.labels.group))
    facts.append(Fact("UUID", f"{domain.uuid[:19]}\n{domain.uuid[19:]}", domain.uuid))
    facts.append(Fact(tr("Starts with host"), tr("yes") if domain.autostart else tr("no")))
    if domain.definition.template:
        facts.append(Fact(tr("Template"), tr("yes: not started, only cloned"), hint=tr("Its clones: Disk files")))
    if domain.definition.trashed:
        facts.append(Fact(tr("In the trash since"), when(domain.definition.trashed)))
    if not domain.persistent:
        facts.append(Fact(tr("Definition"), tr("none: gone once it is off")))
    if domain.managed_save:
        facts.append(Fact(tr("Saved state"), tr("yes: the next start goes on from it")))
    return FactGroup("", tuple(facts))


def _hardware(domain: Domain) -> FactGroup:
    one = domain.definition
    cpus = trn("{n} virtual CPU", "{n} virtual CPUs", one.vcpus)
    if one.max_vcpus > one.vcpus:
        cpus = tr("{cpus}, up to {most}", cpus=cpus, most=one.max_vcpus)
    memory = units.kib(one.memory_kib)
    if one.max_memory_kib > one.memory_kib:
        memory = tr("{memory}, up to {most}", memory=memory, most=units.kib(one.max_memory_kib))
    facts = [
        Fact(tr("Processor"), cpus, hint=one.cpu_mode),
        Fact(tr("Memory"), memory),
        Fact(tr("System"), one.os_name or tr("not told"), one.os_id or one.os_name, one.os_id),
        Fact(tr("Acceleration"), acceleration(one.kind)),
        Fact(tr("Architecture"), one.arch or units.UNKNOWN),
        Fact(tr("Machine type"), one.machine or units.UNKNOWN),
        Fact(tr("Firmware"), _FIRMWARE.get(one.firmware, one.firmware) or tr("as the hypervisor likes")),
    ]
    return FactGroup(tr("Hardware"), tuple(facts))


def acceleration(kind: str) -> str:
    """How the guest's instructions are run, from the domain's type."""
    if kind == "kvm":
        return tr("KVM: runs on the processor itself")
    if kind == "qemu":
        return tr("none: emulated in software, slow")
    if kind == "test":
        return tr("none: this driver only plays machines")
    if kind == "lxc":
        return tr("none needed: a container shares the host's kernel")
    return kind or units.UNKNOWN


def _disk(disk: Disk) -> Fact:
    label = f"{disk.target} ({_DEVICES[disk.device]})" if disk.device in _DEVICES else disk.target
    if not disk.source:
        return Fact(label, tr("empty"))
    path = PurePosixPath(disk.source)
    kind = disk.format + (", " + tr("read-only") if disk.readonly and disk.device == "disk" else "")
    name = short(path.name or disk.source) + (f" ({kind})" if kind else "")
    value = f"{name}\n{short(str(path.parent))}" if path.is_absolute() else name
    return Fact(label, value, disk.source, disk.source)


def _nics(domain: Domain) -> tuple[Fact, ...]:
    facts = []
    for place, nic in enumerate(domain.definition.nics):
        label = nic.target or tr("card {n}", n=place + 1)
        facts.append(Fact(label, f"{nic.mac}\n{_wire(nic)}", nic.mac, nic.model))
    return tuple(facts)


def _wire(nic: Nic) -> str:
    """Where the card is plugged in."""
    if nic.kind == "user":
        return tr("user network (no way in)")
    words = {"network": tr("network {name}", name=nic.source), "bridge": tr("bridge {name}", name=nic.source)}
    words["direct"] = tr("directly on {name}", name=nic.source)
    wire = words.get(nic.kind) or f"{nic.kind} {nic.source}".strip()
    return f"{wire}, {nic.model}" if nic.model else wire


def _access(domain: Domain) -> tuple[Fact, ...]:
    one = domain.definition
    facts = []
    for place, graphics in enumerate(one.graphics):
        label = tr("Screen") if place == 0 else tr("Screen {n}", n=place + 1)
        where = f"{graphics.listen or 'localhost'}:{graphics.port}" if graphics.port > 0 else ""
        facts.append(Fact(label, graphics.kind.upper() + (f"\n{where}" if where else ""), where))
    if not one.graphics:
        facts.append(Fact(tr("Screen"), tr("none")))
    facts.append(Fact(tr("Guest agent"), tr("channel is there") if one.agent else tr("no channel")))
    for model, label in one.security:
        facts.append(Fact(security_name(model), short(label) or tr("as the host sets it"), label, label))
    if not one.security:
        facts.append(Fact(tr("Isolation"), tr("as the host sets it")))
    return tuple(facts)


def security_name(model: str) -> str:
    """The usual spelling of a security model."""
    return {"selinux": "SELinux", "apparmor": "AppArmor", "dac": "DAC"}.get(model, model)
