"""The same machine by virt-install: every choice of ours said, in the words of its options."""

import shlex
from collections.abc import Sequence
from dataclasses import replace

from vmdesk.core.recipe import Recipe, options, repeated
from vmdesk.model import names, sizes
from vmdesk.model.abilities import HostAbilities, MachineAbilities
from vmdesk.model.sizes import KIB, MIB
from vmdesk.model.system import System
from vmdesk.model.text import Text, text
from vmdesk.model.wish import Away, DiskWish, From, Here, Nets, NicWish, Place, There, UnattendedWish, Wish
from vmdesk.virtxml.build import forwards
from vmdesk.virtxml.build.choose import Choices, choose, disk_bytes_for

_WINDOWS = "winnt"  # the OS database's family


def virt_install(
    wish: Wish, system: System, host: HostAbilities, machine: MachineAbilities, uri: str = "", *, root: str = ""
) -> Recipe:
    """`virt-install ...` for the same machine, with all that was chosen. `root`: the folder of a container."""
    if wish.source is From.XML and wish.media is not None:
        define = ["virsh", *(("-c", uri) if uri else ()), "define", "--validate", _path(wish.media)]
        return Recipe(shlex.join(define), (text("Look at the file first: a definition can run programs on the host."),))
    choices = choose(wish, system, host, machine)
    every = names.names(wish)
    one = wish if len(every) < 2 else replace(wish, name="$NAME")
    arguments, notes = _install(one, system, choices, uri, root)
    line = shlex.join(arguments).replace("'$NAME'", '"$NAME"')
    if len(every) > 1:
        line = f"for NAME in {shlex.join(every)}; do {line} || break; done"
    if any(nic.forwards for nic in wish.nics) and not host.passt:
        notes = (*notes, forwards.consequence())
    return Recipe(line, notes)


def _quoted(value: str) -> str:
    """As a part of one of virt-install's options, which it reads like a shell with commas for spaces."""
    if not set(value) & set(",'\"\\"):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _path(where: Place) -> str:
    """For other programs, which know no vol:."""
    match where:
        case Here(path):
            return path
        case There(pool, volume):
            return f"vol={_quoted(pool)}/{_quoted(volume)}"
        case Away(url):
            return url


def _install(wish: Wish, system: System, choices: Choices, uri: str, root: str) -> tuple[list[str], tuple[Text, ...]]:
    found = ["virt-install", *(("--connect", uri) if uri else ()), "--name", wish.name]
    found += options(uuid=wish.uuid, virt_type=choices.platform.kind, arch=choices.platform.arch)
    found += options(memory=str(choices.memory_kib * KIB // MIB), vcpus=str(choices.vcpus))
    notes: tuple[Text, ...] = ()
    if choices.platform.container:
        found += ["--container", "--filesystem", f"{_quoted(root or '/')},/"]
    else:
        found += ["--osinfo", system.short_id or "detect=on,require=off"]
        found += options(machine=choices.platform.machine, cpu=_cpu(choices))
        found += _boot(choices)
        found += ["--tpm", f"backend.type=emulator,backend.version=2.0,model={choices.tpm}"] if choices.tpm else []
        source, notes = _install_source(wish, system.family)
        found += source
        if wish.unattended is not None:
            answers, told = _install_answers(wish.unattended)
            found += answers
            notes = (*notes, *told)
        found += repeated("--disk", _install_disks(wish, system, choices) or ["none"])
    found += repeated("--network", [_install_nic(nic, choices) for nic in wish.nics] or ["none"])
    for nic, place_ in ((nic, place_) for place_, nic in enumerate(wish.nics) if nic.forwards):
        found += _install_forwards(nic, choices, place_)
    if not choices.platform.container:
        found += _install_displays(wish, choices)
    metadata = ",".join(
        f"{name}={_quoted(value)}"
        for name, value in (("title", wish.title), ("description", wish.description))
        if value
    )
    found += ["--metadata", metadata] if metadata else []
    found += ["--autostart"] if wish.autostart else []
    found += ["--noautoconsole"] if wish.start else ["--print-xml"]
    return found, notes


def _cpu(choices: Choices) -> str:
    bounded = f",topology.sockets=1,topology.cores={choices.vcpus}" if choices.bounded and choices.vcpus > 1 else ""
    # Of "maximum" alone it would make a model of that name.
    name = "mode=maximum" if choices.cpu == "maximum" else choices.cpu
    return f"{name}{bounded}" if name else ""


def _boot(choices: Choices) -> list[str]:
    if not choices.efi:
        return []
    if choices.efi != "auto":
        return ["--boot", f"loader={choices.efi},loader.readonly=yes,loader.type=pflash"]
    on = "yes" if choices.secure else "no"
    features = ""
    if choices.features:
        features = "".join(
            f",firmware.feature{number}.name={name},firmware.feature{number}.enabled={on}"
            for number, name in enumerate(("secure-boot", "enrolled-keys"))
        )
    return ["--boot", f"firmware=efi{features}", *(["--features", "smm.state=on"] if choices.secure else [])]


def _install_source(wish: Wish, family: str) -> tuple[list[str], tuple[Text, ...]]:
    media = _path(wish.media) if wish.media is not None else ""
    extra = options(extra_args=wish.append)
    match wish.source:
        case From.CDROM if isinstance(wish.media, There):
            return ["--disk", f"{media},device=cdrom", "--install", "bootdev=cdrom"], ()
        case From.CDROM if wish.unattended is not None and family != _WINDOWS:
            return ["--location", _quoted(media)], ()  # it has to get at the installer's kernel
        case From.CDROM:
            return ["--cdrom", media], ()
        case From.LOCATION:
            return ["--location", _quoted(media), *extra], ()
        case From.KERNEL:
            parts = [f"kernel={_quoted(_path(wish.kernel))}"] if wish.kernel else []
            parts += [f"initrd={_quoted(_path(wish.initrd))}"] if wish.initrd else []
            parts += [f"kernel_args={_quoted(wish.append)}"] if wish.append else []
            return ["--install", ",".join(parts)], ()
        case From.PXE:
            return ["--pxe"], ()
        case From.CLOUD:
            note = text("virt-install asks for cloud-init's data as files; see its manual page, --cloud-init.")
            return ["--import", "--cloud-init"], (note,) if wish.cloud else ()
    return ["--import"], ()


def _install_answers(asked: UnattendedWish) -> tuple[list[str], tuple[Text, ...]]:
    """What virt-install 4.1 can be told beforehand; secrets are files for it too."""
    parts = [f"profile={asked.profile or 'jeos'}", f"user-login={_quoted(asked.user)}" if asked.user else ""]
    parts += ["user-password-file=password"] if asked.password else []
    parts += ["admin-password-file=root-password"] if asked.root_password or asked.password else []
    parts += ["product-key=KEY"] if asked.product_key else []
    notes = [text("virt-install reads the passwords from the files password and root-password: put them there.")]
    if asked.product_key:
        notes.append(text("Write the product key where KEY stands."))
    if asked.hostname or asked.full_name or asked.language or asked.keyboard or asked.timezone:
        notes.append(text("Host name, full name, language, keyboard and time zone cannot be told to virt-install."))
    return ["--unattended", ",".join(filter(None, parts))], tuple(notes if asked.password else notes[1:])


def _install_disks(wish: Wish, system: System, choices: Choices) -> Sequence[str]:
    found = []
    disks = wish.disks
    if wish.source in (From.DISK, From.CLOUD) and wish.media is not None and not any(disk.source for disk in disks):
        disks = (replace(disks[0] if disks else DiskWish(), source=wish.media), *disks[1:])
    for disk_ in disks:
        bus = f"bus={disk_.bus or choices.disk_bus}"
        if disk_.source is not None:
            where = _path(disk_.source)
            source = where if where.startswith("vol=") else f"path={_quoted(where)}"
            found.append(f"{source},{bus}" + (f",format={disk_.format}" if disk_.format else ""))
            continue
        # virt-install counts in GiB.
        size = (disk_.bytes or disk_bytes_for(system)[0]) / sizes.GIB
        parts = [f"size={size:.6f}".rstrip("0").rstrip("."), f"pool={_quoted(disk_.pool)}" if disk_.pool else ""]
        parts += [f"format={disk_.format}" if disk_.format else "", "sparse=no" if disk_.full else "", bus]
        found.append(",".join(filter(None, parts)))
    if wish.drivers is not None:
        where = _path(wish.drivers)
        found.append(f"{where if where.startswith('vol=') else f'path={_quoted(where)}'},device=cdrom")
    return found


def _install_nic(nic: NicWish, choices: Choices) -> str:
    if nic.kind is Nets.USER and nic.forwards:
        return "none"  # given to QEMU directly, below
    match nic.kind:
        case Nets.NETWORK:
            parts = [f"network={_quoted(nic.source)}"]
        case Nets.BRIDGE:
            parts = [f"bridge={_quoted(nic.source)}"]
        case Nets.MACVTAP:
            parts = ["type=direct", f"source={_quoted(nic.source)}"]
            parts.append(f"source.mode={'private' if nic.isolated else 'bridge'}")
        case Nets.USER:
            parts = ["user"]
    model = nic.model or choices.nic
    parts += [f"model.type={model}"] if model and not choices.platform.container else []
    parts += [f"mac.address={nic.mac}"] if nic.mac else []
    parts += (
        ["xpath.set=./port/@isolated,xpath.value=yes"]
        if nic.isolated and nic.kind in (Nets.NETWORK, Nets.BRIDGE)
        else []
    )
    return ",".join(parts)


def _install_forwards(nic: NicWish, choices: Choices, number: int) -> list[str]:
    """virt-install 4.1 knows no forwards: QEMU's own."""
    ways = ",".join(f"hostfwd={one.protocol}:{one.address}:{one.host}-:{one.guest}" for one in nic.forwards)
    model = nic.model or choices.nic
    device = "virtio-net-pci" if model == "virtio" else model
    device += f",netdev=user{number}" + (f",mac={nic.mac}" if nic.mac else "")
    bus = f",bus=pcie.0,addr={0x10 + number:#x}" if choices.platform.express else f",bus=pci.0,addr={0x1F - number:#x}"
    return [f"--qemu-commandline=-netdev user,id=user{number},{ways} -device {device}{bus}"]


def _install_displays(wish: Wish, choices: Choices) -> list[str]:
    found: list[str] = []
    for kind in choices.displays:
        if kind == "spice":
            sealed = ",clipboard.copypaste=no,filetransfer.enable=no" if wish.sealed else ""
            found += ["--graphics", f"spice,listen=none{sealed}"]
        elif kind == "vnc":
            found += ["--graphics", "vnc,listen=none"]
    if not found:
        return ["--graphics", "none"]
    return [*found, *options(video=choices.video)]
