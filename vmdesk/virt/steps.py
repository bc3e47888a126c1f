"""What a person can do next: the sentence, and the command in it, ready to be pasted into a terminal. Pure."""

import os
import pwd
from urllib.parse import urlsplit

from vmdesk.model.text import Text, text

GROUP = "libvirt"  # whose members may use qemu:///system on the distributions that have it

Step = tuple[Text, str]


def run(command: str) -> Step:
    """On this computer."""
    return text("Run: {command}", command=command), command


def run_there(command: str) -> Step:
    """On the host itself."""
    return text("Run there: {command}", command=command), command


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
    command = "sudo systemctl start libvirtd"
    if parts.hostname:
        return text("Run on {host}: {command}", host=parts.hostname, command=command), command
    if parts.path.startswith("/session"):
        command = "sudo apt install libvirt-daemon"
        return text("Run: {command} (the service starts by itself)", command=command), command
    return run(command)


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
