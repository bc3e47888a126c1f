"""The same machine from a terminal: a wish as a line of `vmdesk create` and of `virt-install`.

Secrets are never in a line: what is asked for instead is said in the notes. options.py reads the values back.
"""

import shlex
from collections.abc import Iterable
from dataclasses import dataclass

from vmdesk.core.options import written_disk, written_network, written_place
from vmdesk.model import names, sizes
from vmdesk.model.sizes import KIB
from vmdesk.model.text import Text, text
from vmdesk.model.wish import CloudWish, Cpu, From, Reach, UnattendedWish, Wish

_NETWORK_FILE = "network-config"


@dataclass(frozen=True, slots=True)
class Recipe:
    """A line ready to be pasted into a shell, and what cannot stand in it."""

    line: str
    notes: tuple[Text, ...] = ()


def vmdesk_create(wish: Wish, uri: str = "") -> Recipe:
    """`vmdesk create ...`, with what the person chose and nothing that is a default."""
    arguments = ["vmdesk", "create", *(("--connect", uri) if uri else ()), "--name", wish.name, *_source(wish)]
    arguments += _several(wish)
    arguments += options(
        os=wish.os,
        arch=wish.arch,
        virt_type=wish.kind,
        machine=wish.machine,
        firmware=wish.firmware.value,
        tpm="" if wish.tpm is None else "yes" if wish.tpm else "no",
        cpu=_processor(wish),
        vcpus=str(wish.vcpus or ""),
        memory=sizes.written(wish.memory_kib * KIB) if wish.memory_kib else "",
        drivers=written_place(wish.drivers) if wish.drivers else "",
    )
    default = Wish()
    if wish.disks != default.disks:
        arguments += repeated("--disk", [written_disk(disk) for disk in wish.disks] or ["none"])
    if wish.nics != default.nics:
        arguments += repeated("--network", [written_network(nic) for nic in wish.nics] or ["none"])
    arguments += [] if wish.network_stays else ["--no-network-autostart"]
    arguments += repeated("--display", wish.displays)
    arguments += ["--sealed"] if wish.sealed else []
    cloud, notes = _cloud(wish.cloud)
    arguments += cloud
    arguments += options(title=wish.title, description=wish.description, uuid=wish.uuid)
    arguments += ["--autostart"] if wish.autostart else []
    arguments += ["--grant"] if wish.reach is Reach.GRANT else []
    arguments += [] if wish.start else ["--no-start"]
    if wish.unattended is not None:
        answers, notes = _unattended(wish.unattended)
        arguments += answers
    return Recipe(shlex.join(arguments), notes)


def _processor(wish: Wish) -> str:
    if isinstance(wish.cpu, Cpu):
        return "" if wish.cpu is Cpu.FAST else wish.cpu.value
    return wish.cpu


def _source(wish: Wish) -> list[str]:
    media = written_place(wish.media) if wish.media is not None else ""
    match wish.source:
        case From.PXE:
            found = ["--pxe"]
        case From.EMPTY:
            found = []
        case From.KERNEL:
            found = options(
                kernel=written_place(wish.kernel) if wish.kernel else "",
                initrd=written_place(wish.initrd) if wish.initrd else "",
            )
        case From.CONTAINER:
            found = ["--container", *([media] if media else [])]
        case _:
            found = [f"--{wish.source.value}", media] if media else []
    return [*found, *options(append=wish.append)]


def _several(wish: Wish) -> list[str]:
    found = ["--count", str(wish.count)] if wish.count != 1 and not names.is_pattern(wish.name) else []
    return [*found, *(["--linked"] if wish.linked else [])]


def _cloud(cloud: CloudWish | None) -> tuple[list[str], tuple[Text, ...]]:
    if cloud is None:
        return [], ()
    found = options(hostname=cloud.hostname)
    if not cloud.network:
        found += options(address=cloud.address, gateway=cloud.gateway, dns=",".join(cloud.dns))
    config: tuple[Text, ...] = ()
    if cloud.network:
        found += ["--network-config", _NETWORK_FILE]
        config = (
            text("Your own network configuration is read from the file {file}: put it there.", file=_NETWORK_FILE),
        )
    if cloud.user_data:
        note = text("Your own cloud-init data is read from standard input: put it into a file, and write < FILE.")
        return [*found, "--user-data", "-"], (note, *config)
    found += options(user=cloud.user, packages=",".join(cloud.packages))
    found += repeated("--ssh-key", cloud.ssh_keys)
    notes: tuple[Text, ...] = ()
    if cloud.password:
        found += ["--password-file", "-"]
        notes = (text("The password is asked for: it is not part of the line."),)
    return found, (*notes, *config)


def _unattended(asked: UnattendedWish) -> tuple[list[str], tuple[Text, ...]]:
    found = options(unattended=asked.profile or "jeos", user=asked.user, full_name=asked.full_name)
    found += options(hostname=asked.hostname)
    found += options(language=asked.language, keyboard=asked.keyboard, timezone=asked.timezone)
    secrets = (
        ("--password-file", asked.password),
        ("--root-password-file", asked.root_password),
        ("--product-key-file", asked.product_key),
    )
    asking = [option for option, value in secrets if value]
    found += [word for option in asking for word in (option, "-")]
    if len(asking) > 1:
        return found, (text("Passwords and keys are asked for one after the other: they are not part of the line."),)
    if asked.product_key:
        return found, (text("The product key is asked for: it is not part of the line."),)
    return found, (text("The password is asked for: it is not part of the line."),) if asking else ()


def options(**values: str) -> list[str]:
    found = []
    for name, value in values.items():
        if value:
            option = "--" + name.replace("_", "-")
            found += [f"{option}={value}"] if value.startswith("-") else [option, value]
    return found


def repeated(option: str, values: Iterable[str]) -> list[str]:
    return [word for value in values for word in (option, value)]
