"""What a person can do next: the sentence, and the command in it, ready to be pasted into a terminal.

Of this computer it is known what its system is; of another one it is not.
"""

import os
import pwd
from urllib.parse import urlsplit

from vmdesk.model.text import Text, text
from vmdesk.virt import packages

GROUP = "libvirt"  # whose members may use qemu:///system on the distributions that have it

Step = tuple[Text, str]


def run(command: str) -> Step:
    """On this computer."""
    return text("Run: {command}", command=command), command


def install(thing: str, name: str) -> Step:
    """On this computer; `thing` as in packages.py, `name` for people whose system nobody here knows."""
    if command := packages.install(thing):
        return run(command)
    return text("Install {name} with this system's package manager.", name=name), ""


def install_on(uri: str, thing: str, name: str) -> Step:
    """On the host of that URI, whichever computer it is."""
    if host := urlsplit(uri).hostname:
        return text("Install {name} on {host} with that system's package manager.", name=name, host=host), ""
    return install(thing, name)


def join(group: str) -> Step:
    """Whoever runs this program."""
    command = f"sudo usermod -aG {group} {user_name()}"
    return text("Run: {command}, then log out and in once.", command=command), command


def join_there() -> Step:
    """An account of another computer."""
    command = f"sudo usermod -aG {GROUP} USER"
    return text("Run there: {command}, then connect again.", command=command), command


def start_service(uri: str) -> Step:
    """libvirt's service of this or another computer, or of the session."""
    parts = urlsplit(uri)
    if parts.hostname:
        command = "sudo systemctl start libvirtd"
        return text(
            "Run on {host}: {command} (virtqemud.socket, where libvirt is split up)",
            host=parts.hostname,
            command=command,
        ), command
    if parts.path.startswith("/session") and not packages.is_root():
        return text("It starts by itself with the next connection. Try again."), ""
    return run(packages.start())


def allow_kvm(uri: str) -> Step:
    """On a session host QEMU runs as the user, on the system's as a user of its own."""
    if urlsplit(uri).path.startswith("/session"):
        return join("kvm")
    command = "sudo chgrp kvm /dev/kvm && sudo chmod 660 /dev/kvm"
    return text("QEMU's own user needs it. Run there: {command}", command=command), command


def load_kvm(vendor: str = "") -> Step:
    """Where the processor is not used for virtualization; `vendor` as libvirt names it, "" for not known."""
    names = {"AMD": "AMD-V (SVM)", "Intel": "VT-x"}
    modules = {"AMD": "sudo modprobe kvm_amd", "Intel": "sudo modprobe kvm_intel"}
    command = modules.get(vendor, "sudo modprobe kvm_intel || sudo modprobe kvm_amd")
    what = names.get(vendor, "VT-x / AMD-V")
    return text("Switch on {what} in the firmware set-up; then: {command}", what=what, command=command), command


def user_name() -> str:
    """Who runs this program."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
