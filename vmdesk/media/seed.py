"""cloud-init's NoCloud seed: a small CD called "cidata" with what the guest is to be at its first start."""

import base64
import binascii
import ctypes
import re
import secrets
import string
import threading
from types import NoneType
from typing import Any

import yaml

from vmdesk.media import fixed_address
from vmdesk.media.new_disc import new_disc
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import Text, text
from vmdesk.model.wish import CloudWish

LARGEST = 256 * 1024  # bytes of user data

_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}\Z")
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\Z")
_PACKAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9+.:=~_/-]{0,200}\Z")
_KEY = re.compile(r"(ssh-(ed25519|rsa|dss)|ecdsa-sha2-nistp\d+|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)\Z")
# What cloud-init takes for user data, by its first line.
_KINDS = (
    "#cloud-config",
    "#!",
    "#include",
    "#cloud-boothook",
    "#part-handler",
    "## template:",
    "Content-Type:",
    "MIME",
)
_SALT = string.ascii_letters + string.digits + "./"
_hashing = threading.Lock()  # crypt() has one answer for all threads


def check(cloud: CloudWish, name: str = "", count: int = 1, cards: int = 1) -> tuple[Text, ...]:
    """What is wrong with it, in sentences; empty if nothing.

    count  of machines, the first of which is called `name`; cards: of the network, in each
    """
    wrong: list[Text] = []
    if cloud.user and not _USER.match(cloud.user):
        wrong.append(
            text("The user name {name} must begin with a small letter and have no spaces.", name=_short(cloud.user))
        )
    if not is_host_name(cloud.hostname or name):
        host = cloud.hostname or name
        wrong.append(text("{name} is not a host name: letters, digits and dashes only.", name=_short(host)))
    wrong += [
        text("{package} is not a package name.", package=_short(one))
        for one in cloud.packages
        if not _PACKAGE.match(one)
    ]
    wrong += [
        text("This is not a public SSH key: {line}", line=_short(one))
        for one in cloud.ssh_keys
        if not is_public_key(one)
    ]
    if "\n" in cloud.password or "\0" in cloud.password:
        wrong.append(text("A password has one line."))
    if not cloud.network:
        wrong += fixed_address.check(cloud, count, cards)
    elif len(cloud.network) > LARGEST or not isinstance(_loaded(cloud.network), dict):
        wrong.append(text("The network configuration is not valid YAML."))
    if cloud.user_data:
        wrong += _check_user_data(cloud.user_data)
    elif cloud.password and not cloud.user:
        wrong.append(text("Whose password is it? Give a user name."))
    return tuple(wrong)


def is_host_name(name: str) -> bool:
    """Whether a computer can be called so (RFC 1123), dots allowed."""
    return bool(name) and len(name) <= 253 and all(_LABEL.match(part) for part in name.split("."))


def is_public_key(line: str) -> bool:
    """Whether it is one line of authorized_keys, without options before the key."""
    parts = line.strip().split(None, 2)
    if len(parts) < 2 or "\n" in line.strip() or not _KEY.match(parts[0]):
        return False
    try:
        blob = base64.b64decode(parts[1], validate=True)
    except (binascii.Error, ValueError):
        return False
    length = int.from_bytes(blob[:4], "big")
    return blob[4 : 4 + length] == parts[0].encode()


def seed(cloud: CloudWish, name: str, instance: str, mac: str = "", number: int = 0) -> bytes:
    """The CD's bytes. VirtError if something is wrong with the wish.

    instance  a new one makes the guest set itself up again
    mac       of the first card; number: which of several machines, from 0
    """
    if wrong := check(cloud, name, number + 1, 1 if mac else 0):
        raise VirtError(Problem(text("cloud-init cannot be given this."), wrong[0], name="cloud"))
    host = cloud.hostname or name
    meta = {"instance-id": instance, "local-hostname": host}
    files = {"meta-data": _dumped(meta), "user-data": user_data(cloud, host)}
    if cloud.network:
        files["network-config"] = cloud.network.rstrip() + "\n"
    elif config := fixed_address.config(cloud, mac, number):
        files["network-config"] = _dumped(config)
    return new_disc("cidata", {file: content.encode() for file, content in files.items()})


def user_data(cloud: CloudWish, host: str) -> str:
    """The text of user-data; of a password only its hash."""
    if cloud.user_data:
        return cloud.user_data
    config: dict[str, Any] = {"hostname": host, "manage_etc_hosts": True, "preserve_hostname": False}
    if cloud.user:
        user: dict[str, Any] = {
            "name": cloud.user,
            "shell": "/bin/bash",
            "groups": "sudo",
            # With a password it is asked for; without one nobody could answer.
            "sudo": "ALL=(ALL) ALL" if cloud.password else "ALL=(ALL) NOPASSWD:ALL",
            "lock_passwd": not cloud.password,
        }
        if cloud.password:
            user["passwd"] = hashed(cloud.password)
        if cloud.ssh_keys:
            user["ssh_authorized_keys"] = [key.strip() for key in cloud.ssh_keys]
        config["users"] = [user]
    elif cloud.ssh_keys:
        config["ssh_authorized_keys"] = [key.strip() for key in cloud.ssh_keys]
    if cloud.password:
        config["ssh_pwauth"] = True
    if cloud.packages:
        config |= {"package_update": True, "packages": list(cloud.packages)}
    return "#cloud-config\n" + _dumped(config)


def hashed(password: str) -> str:
    """The password as /etc/shadow keeps it (SHA-512 crypt). VirtError where the system's library is missing."""
    salt = "$6$" + "".join(secrets.choice(_SALT) for _ in range(16))
    with _hashing:
        library = _crypt()
        library.crypt.restype = ctypes.c_char_p
        found = library.crypt(password.encode(), salt.encode())
    if not found or not found.startswith(b"$6$"):
        raise VirtError(Problem(text("The password could not be encrypted."), name="crypt"))
    return str(found.decode())


def _crypt() -> ctypes.CDLL:
    # Python's own crypt module is gone from 3.13 on.
    for name in ("libcrypt.so.1", "libcrypt.so.2"):
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    why = text("The library libcrypt is not installed.")
    raise VirtError(Problem(text("The password could not be encrypted."), why, name="crypt"))


def _check_user_data(data: str) -> list[Text]:
    if len(data.encode()) > LARGEST:
        return [text("The user data are longer than {n} KiB.", n=LARGEST // 1024)]
    if not data.startswith(_KINDS):
        return [text("The user data must begin with #cloud-config, or with #! for a script.")]
    if data.startswith("#cloud-config") and not isinstance(_loaded(data), dict | NoneType):
        return [text("The user data are not valid YAML.")]
    return []


def _loaded(data: str) -> Any:
    """What YAML it is; False if it is none."""
    try:
        return yaml.safe_load(data)
    except (yaml.YAMLError, RecursionError, ValueError):
        return False


def _dumped(data: dict[str, Any]) -> str:
    return str(yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=1000))


def _short(line: str) -> str:
    plain = "".join(c if c.isprintable() else "?" for c in line)
    return plain if len(plain) <= 60 else f"{plain[:57]}…"
