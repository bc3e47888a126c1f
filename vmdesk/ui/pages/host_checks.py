"""What a host can do for its machines, each in words for somebody who learns it, with the step that mends it."""

from dataclasses import dataclass
from enum import Enum
from urllib.parse import urlsplit

from vmdesk.core import units
from vmdesk.model.facts import HostFacts
from vmdesk.model.kvm import KvmProof
from vmdesk.model.text import in_language, tr, trn
from vmdesk.ui.pages.machine_facts import security_name
from vmdesk.virt import packages


class Verdict(Enum):
    """GOOD: there; MISSING: not there, and it is a loss; PLAIN: neither good nor bad; UNKNOWN: nobody told."""

    GOOD = "good"
    MISSING = "missing"
    PLAIN = "plain"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the page. `about` explains, `mend` says what to do, `command` is what to paste into a terminal."""

    id: str
    title: str
    verdict: Verdict
    value: str
    about: str
    mend: str = ""
    command: str = ""


def checks_of(facts: HostFacts, proof: KvmProof | None) -> list[Check]:
    """All of them, the most important first."""
    return [
        _virtualization(facts),
        _kvm(facts, proof),
        _nested(facts),
        _security(facts),
        _iommu(facts),
        _ksm(facts),
        _huge_pages(facts),
        _firmware(facts),
    ]


def _yes(value: bool | None, optional: bool = False) -> Verdict:
    if value is None:
        return Verdict.UNKNOWN
    if value:
        return Verdict.GOOD
    return Verdict.PLAIN if optional else Verdict.MISSING


def _amd(facts: HostFacts) -> bool:
    return facts.virtualization == "svm" or "amd" in f"{facts.cpu_vendor} {facts.cpu_name}".lower()


def _module(facts: HostFacts) -> str:
    return "kvm_amd" if _amd(facts) else "kvm_intel"


def _virtualization(facts: HostFacts) -> Check:
    found = facts.virtualization
    names = {"vmx": "Intel VT-x", "svm": "AMD-V", "": tr("not there"), None: tr("not told")}
    mend = ""
    if found == "":
        mend = tr(
            "Switch it on in the computer's firmware set-up (VT-x, SVM). Where this host is itself a virtual machine, "
            "its own host must allow nested virtualization."
        )
    return Check(
        "virtualization",
        tr("Hardware virtualization"),
        _yes(None if found is None else bool(found)),
        names.get(found, str(found)),
        tr("The processor runs a guest's code itself and stops it only where it could touch the host."),
        mend,
    )


def _kvm(facts: HostFacts, proof: KvmProof | None) -> Check:
    about = tr(
        "The part of Linux that gives machines the processor. Without it they are emulated: 10 to 50 times slower."
    )
    title = tr("KVM")
    if proof is None or (proof.works is None and proof.why is None):
        if facts.kvm is False:
            value, verdict = tr("not offered by libvirt"), Verdict.MISSING
        elif facts.kvm:
            value, verdict = tr("offered, not tried yet"), Verdict.UNKNOWN
        else:
            value, verdict = tr("not told"), Verdict.UNKNOWN
        mend = tr("Load the kernel's module, then connect again.") if verdict is Verdict.MISSING else ""
        command = f"sudo modprobe {_module(facts)}" if verdict is Verdict.MISSING else ""
        return Check("kvm", title, verdict, value, about, mend, command)
    if proof.works:
        value = tr("works: a machine started in {time} s", time=in_language(f"{proof.seconds:.1f}"))
        return Check("kvm", title, Verdict.GOOD, value, about)
    why, mend = str(proof.why or ""), str(proof.what_next or "")
    if proof.works is None:
        return Check("kvm", title, Verdict.UNKNOWN, tr("not tried"), about, " ".join(filter(None, (why, mend))))
    words = " ".join(filter(None, (why, mend)))
    return Check("kvm", title, Verdict.MISSING, tr("does not work"), about, words, proof.command)


def _nested(facts: HostFacts) -> Check:
    module = _module(facts)
    off = facts.nested is False
    return Check(
        "nested",
        tr("Nested virtualization"),
        _yes(facts.nested, optional=True),
        {True: tr("on"), False: tr("off"), None: tr("not told")}[facts.nested],
        tr("Machines can run machines of their own with full speed: a hypervisor lab inside one machine."),
        tr("With all machines off:") if off else "",
        f"sudo modprobe -r {module} && sudo modprobe {module} nested=1" if off else "",
    )


def _security(facts: HostFacts) -> Check:
    names = [security_name(one.model) for one in facts.security if one.model != "none"]
    strong = any(one.model in ("selinux", "apparmor") for one in facts.security)
    known = facts.driver.upper() == "QEMU"
    missing = known and not strong
    return Check(
        "security",
        tr("Security model"),
        Verdict.GOOD if strong else Verdict.MISSING if missing else Verdict.PLAIN if names else Verdict.UNKNOWN,
        ", ".join(names) or (tr("none") if known else tr("not told")),
        tr(
            "SELinux or AppArmor fences in each machine's process: a guest that breaks out finds only its own files. "
            "DAC alone is the ordinary file owner."
        ),
        tr("Install AppArmor (Debian, Ubuntu) or switch SELinux on (Fedora), then restart libvirt.") if missing else "",
        f"sudo systemctl restart {(_is_here(facts) and packages.daemon()) or 'libvirtd'}" if missing else "",
    )


def _iommu(facts: HostFacts) -> Check:
    off = facts.iommu is False
    if off and _amd(facts):
        mend, command = tr("Switch on AMD-Vi (IOMMU) in the firmware set-up."), ""
    else:
        mend = tr("Switch on VT-d in the firmware set-up and add this to the kernel's command line:")
        command = "intel_iommu=on"
    return Check(
        "iommu",
        tr("IOMMU"),
        _yes(facts.iommu, optional=True),
        {True: tr("on"), False: tr("off"), None: tr("not told")}[facts.iommu],
        tr("Lets a machine own a real device (a graphics or network card), which then reaches its memory only."),
        mend if off else "",
        command if off else "",
    )


def _ksm(facts: HostFacts) -> Check:
    ksm = facts.ksm
    about = tr(
        "Finds equal memory pages of different machines and keeps them once. Leave it off between people who do not "
        "trust each other: timing can tell which pages are equal."
    )
    title = tr("Same-page merging (KSM)")
    if ksm is None:
        return Check("ksm", title, Verdict.UNKNOWN, tr("not told"), about)
    if ksm.saved_kib:
        return Check("ksm", title, Verdict.GOOD, tr("saves {size}", size=units.kib(ksm.saved_kib)), about)
    if ksm.scanning:
        return Check("ksm", title, Verdict.PLAIN, tr("on; nothing to save now"), about)
    command = "echo 1 | sudo tee /sys/kernel/mm/ksm/run"
    return Check("ksm", title, Verdict.PLAIN, tr("off"), about, tr("To switch it on:"), command)


def _huge_pages(facts: HostFacts) -> Check:
    pages = [page for page in facts.huge_pages if page.total]
    about = tr("Large memory pages save a big machine's processor much looking up. They are set aside beforehand.")
    title = tr("Huge pages")
    if not facts.cells:
        return Check("huge-pages", title, Verdict.UNKNOWN, tr("not told"), about)
    if not pages:
        command = "sudo sysctl vm.nr_hugepages=512"
        mend = tr("To set 1 GiB aside until the next start (512 pages of 2 MiB):")
        return Check("huge-pages", title, Verdict.PLAIN, tr("none set aside"), about, mend, command)
    words = [
        tr("{total} of {size}, {free} free", total=page.total, size=units.kib(page.size_kib), free=page.free)
        if page.free is not None
        else tr("{total} of {size}", total=page.total, size=units.kib(page.size_kib))
        for page in pages
    ]
    return Check("huge-pages", title, Verdict.GOOD, "; ".join(words), about)


def _firmware(facts: HostFacts) -> Check:
    can = facts.abilities
    about = tr("UEFI is the firmware of today's computers; Secure Boot and a TPM are what Windows 11 asks for.")
    title = tr("UEFI, Secure Boot, TPM")
    if can is None:
        return Check("firmware", title, Verdict.UNKNOWN, tr("not told"), about)
    efi = "efi" in can.firmware
    parts = [
        tr("UEFI") if efi else tr("no UEFI"),
        tr("Secure Boot") if can.secure_boot else tr("no Secure Boot"),
        tr("TPM") if can.tpm else tr("no TPM"),
    ]
    if efi and can.secure_boot and can.tpm:
        return Check("firmware", title, Verdict.GOOD, ", ".join(parts), about)
    mend, command = _install_firmware(facts, efi and bool(can.secure_boot), bool(can.tpm))
    return Check(
        "firmware",
        title,
        Verdict.MISSING if not efi else Verdict.PLAIN,
        ", ".join(parts),
        about,
        mend,
        command,
    )


def _install_firmware(facts: HostFacts, uefi: bool, tpm: bool) -> tuple[str, str]:
    """What mends it, and the command; "" where nothing is missing. Of another computer the system is not known."""
    missing = [thing for thing, there in (("uefi", uefi), ("tpm", tpm)) if not there]
    if not missing:
        return "", ""
    if _is_here(facts) and (command := packages.install(*missing)):
        return tr("Install what is missing:"), command
    names = " ".join({"uefi": "ovmf", "tpm": "swtpm"}[thing] for thing in missing)
    return tr("On Debian or Ubuntu:"), f"sudo apt install {names}"


def _is_here(facts: HostFacts) -> bool:
    """Whether the host is this computer."""
    return not urlsplit(facts.uri).hostname


def topology_words(facts: HostFacts) -> str:
    """`2 sockets, 8 cores each, 2 threads each`."""
    if not facts.sockets or not facts.cores or not facts.threads:
        return units.UNKNOWN if facts.cpus is None else trn("{n} CPU", "{n} CPUs", facts.cpus)
    return ", ".join(
        (
            trn("{n} socket", "{n} sockets", facts.sockets),
            trn("{n} core each", "{n} cores each", facts.cores),
            trn("{n} thread each", "{n} threads each", facts.threads),
        )
    )
