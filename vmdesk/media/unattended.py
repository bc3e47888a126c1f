"""Answers for installers that ask nobody: libosinfo's scripts, and getting them to where the installer looks.

An answer file is a template into which the values are put as they are: what could leave its place is refused before.
"""

import contextlib
import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from vmdesk.media.new_disc import new_disc
from vmdesk.media.seed import is_host_name
from vmdesk.media.systems import Database
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.system import System
from vmdesk.model.text import Text, text
from vmdesk.model.wish import UnattendedWish

_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}\Z")
_PLAIN = re.compile(r"[A-Za-z0-9!%+,./:=@^_~-]{1,128}\Z")
_NAME = re.compile(r"[^\W_]([\w .-]{0,62}[\w.])?\Z")
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2})?\Z")
_ZONE = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}\Z")
_KEYBOARD = re.compile(r"[A-Za-z0-9_-]{1,32}\Z")


class Way(Enum):
    """Where the installer finds the file."""

    INITRD = "initrd"  # at the end of the first file system
    CD = "cdrom"  # on a CD of its own


@dataclass(frozen=True, slots=True)
class Answers:
    """`append`: what the kernel's command line needs for it."""

    file: str
    content: bytes
    way: Way
    append: str = ""

    @property
    def tail(self) -> bytes:
        """What is added to an initrd."""
        return archive({self.file: self.content})

    @property
    def cd(self) -> bytes:
        """A CD with it."""
        return new_disc("OEMDRV", {self.file: self.content})  # a name where Anaconda looks by itself


def check(wish: UnattendedWish, name: str = "") -> tuple[Text, ...]:
    """What is wrong with it, in sentences; empty if nothing."""
    wrong: list[Text] = []
    host = wish.hostname or name
    if wish.user and not _USER.match(wish.user):
        wrong.append(
            text("The user name {name} must begin with a small letter and have no spaces.", name=_short(wish.user))
        )
    if not is_host_name(host):
        wrong.append(text("{name} is not a host name: letters, digits and dashes only.", name=_short(host)))
    for password in (wish.password, wish.root_password):
        if password and not _PLAIN.match(password):
            wrong.append(
                text(
                    "An installer's answer file takes passwords of letters, digits and ! % + , . / : = @ ^ _ ~ - only."
                )
            )
            break
    for value, pattern, what in (
        (wish.full_name, _NAME, text("full name")),
        (wish.language, _LANGUAGE, text("language (like en_US)")),
        (wish.timezone, _ZONE, text("time zone (like Europe/Berlin)")),
        (wish.keyboard, _KEYBOARD, text("keyboard layout (like us)")),
    ):
        if value and not pattern.match(value):
            wrong.append(text("{value} cannot be the {what}.", value=_short(value), what=what))
    if wish.product_key and not _KEYBOARD.match(wish.product_key):
        wrong.append(text("A product key has letters, digits and dashes only."))
    return tuple(wrong)


def answers(
    database: Database, system: System, wish: UnattendedWish, name: str, *, url: str = "", disk: str = "/dev/vda",
    arch: str = "x86_64",
) -> Answers:  # fmt: skip
    """The answers for this system's installer. VirtError if there are none, or the wish cannot be put into them.

    url   of the tree that is installed from, "" from a CD
    disk  the first disk, as the installer calls it
    """
    if wrong := check(wish, name):
        raise _refused(system, wrong[0])
    profile = wish.profile or "jeos"
    found = _script(database, system, profile)
    if found is None:
        raise _refused(system, text("The OS database has no answers of the kind {profile} for it.", profile=profile))
    script, way = found
    library, native = database.osinfo, database.native(system.id)
    network = library.InstallScriptInstallationSource.NETWORK
    script.set_installation_source(network if url else library.InstallScriptInstallationSource.MEDIA)
    script.set_preferred_injection_method(_method(library, way))
    config = _config(library, wish, name, url, disk, arch)
    given = {"admin-password": wish.root_password or wish.password}  # libosinfo would think up one that nobody knows
    for one in script.get_config_param_list():
        asked = one.get_name()
        if one.is_required() and not given.get(asked, config.get_param_value(asked)):
            raise _refused(system, text("Its installer has to be told: {what}.", what=_asked(one.get_name())))
    with _own_loop():
        content = script.generate(native, config, None)
    append = " ".join((script.generate_command_line(native, config) or "").split())
    # Debian's reads the file in the initrd by itself, but asks for language and keyboard before.
    if script.get_expected_filename() == "preseed.cfg":
        append = f"auto=true priority=critical locale={wish.language or 'en_US'} {append}"
        append += f" hostname={wish.hostname or name} domain="
    return Answers(script.get_expected_filename(), content.strip().encode() + b"\n", way, append)


def archive(files: dict[str, bytes]) -> bytes:
    """A cpio archive (newc), which the kernel unpacks after what is before it in an initrd."""
    found = bytearray()
    for number, (name, content) in enumerate([*files.items(), ("TRAILER!!!", b"")], 1):
        plain = name.encode() + b"\0"
        mode = 0o100600 if name in files else 0
        fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(plain), 0)
        found += b"070701" + b"".join(b"%08X" % field for field in fields) + plain
        found += bytes(-len(found) % 4)
        found += content
        found += bytes(-len(found) % 4)
    return bytes(found)


@contextlib.contextmanager
def _own_loop() -> Iterator[None]:
    """libosinfo waits for a file by running a loop: on GLib's common one, which libvirt's thread has, for ever."""
    context = importlib.import_module("gi.repository.GLib").MainContext.new()
    context.push_thread_default()
    try:
        yield
    finally:
        context.pop_thread_default()


def _script(database: Database, system: System, profile: str) -> tuple[Any, Way] | None:
    """Into the initrd where that is possible: nothing is left of it afterwards."""
    library = database.osinfo
    native = database.native(system.id) if system.id else None
    if native is None:
        return None
    # Windows' older way, a script, would have to be put onto a floppy disk.
    known = [
        one
        for one in native.get_install_script_list().get_elements()
        if not one.get_expected_filename().endswith((".cmd", ".sif"))
    ]
    for way in Way:
        for one in known:
            if one.get_profile() == profile and one.get_injection_methods() & _method(library, way):
                return one, way
    return None


def _method(library: Any, way: Way) -> Any:
    methods = library.InstallScriptInjectionMethod
    return methods.INITRD if way is Way.INITRD else methods.CDROM


def _config(library: Any, wish: UnattendedWish, name: str, url: str, disk: str, arch: str) -> Any:
    config = library.InstallConfig.new("https://vmdesk.org/unattended")
    config.set_hostname(wish.hostname or name)
    config.set_l10n_language(wish.language or "en_US")
    config.set_l10n_keyboard(wish.keyboard or "us")
    config.set_l10n_timezone(wish.timezone or "Etc/UTC")
    config.set_target_disk(disk)
    config.set_hardware_arch(arch)
    for put, value in (
        (config.set_user_login, wish.user),
        (config.set_user_realname, wish.full_name or wish.user),
        (config.set_user_password, wish.password),
        (config.set_admin_password, wish.root_password or wish.password),
        (config.set_reg_product_key, wish.product_key),
        (config.set_installation_url, url),
    ):
        if value:
            put(value)
    return config


def _asked(name: str) -> Text:
    known = {
        "user-login": text("a user's name"),
        "user-password": text("a password"),
        "admin-password": text("a password"),
        "user-realname": text("a user's name"),
        "reg-product-key": text("product key"),
    }
    return known.get(name) or text("{field}", field=name)


def _refused(system: System, why: Text) -> VirtError:
    what = text("{system} cannot be installed unattended.", system=system.name or "?")
    return VirtError(Problem(what, why, text("Install it by hand: leave the answers out."), name="unattended"))


def _short(words: str) -> str:
    plain = "".join(c if c.isprintable() else "?" for c in words)
    return plain if len(plain) <= 60 else f"{plain[:57]}…"
