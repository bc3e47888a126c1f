"""A host and what was found on it, for tests of the wizard's state."""

from dataclasses import replace

from tests.unit.virtxml.wishes import DEBIAN11
from vmdesk.core.creating.draft import Draft, take
from vmdesk.core.creating.findings import Findings
from vmdesk.model.abilities import HostAbilities, Machine, MachineAbilities, Processor
from vmdesk.model.facts import DomainAbilities
from vmdesk.model.network import Network
from vmdesk.model.sizes import GIB
from vmdesk.model.storage import Pool
from vmdesk.model.system import Certainty, Medium, System
from vmdesk.model.wish import Here, Wish

Q35 = Machine("pc-q35-7.2", "q35", 255)
HOST = HostAbilities(
    driver="QEMU",
    native="x86_64",
    libvirt_version=(9, 0, 0),
    processors=(Processor("x86_64", "hvm", ("kvm", "qemu"), "", (Q35, Machine("pc-i440fx-7.2", "pc", 255))),),
    kvm_works=True,
    cpus=8,
    memory=16 * GIB,
    free_memory=12 * GIB,
    pools=(Pool("default", "p", target="/var/lib/libvirt/images", available=100 * GIB, capacity=200 * GIB),),
    networks=(Network("default", "n", active=False, forward="nat", dhcp=True),),
)
SESSION = replace(HOST, session=True, networks=())
ABILITIES = MachineAbilities("x86_64", "kvm", "q35", DomainAbilities(kind="kvm", machine="q35", graphics=("vnc",)))
DEBIAN12 = replace(
    DEBIAN11,
    name="Debian GNU/Linux 12.7.0",
    distro="debian",
    version="12.7.0",
    stands_for="Debian 11",
    certainty=Certainty.RELATIVE,
    unattended=("desktop", "jeos"),
)
ISO = Here("/home/anna/debian-12.7.0-amd64-netinst.iso")


def found(host: HostAbilities = HOST, system: System = DEBIAN12, **more: object) -> Findings:
    return Findings(host, ABILITIES, Medium(system, "x86_64"), **more)  # type: ignore[arg-type]


def drafted(host: HostAbilities = HOST, system: System = DEBIAN12, **wish: object) -> Draft:
    """A draft with an ISO, as it is after it was looked at."""
    return take(Draft("h", Wish(media=ISO, **wish)), found(host, system))  # type: ignore[arg-type]
