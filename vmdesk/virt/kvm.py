"""KVM proved by a start: a /dev/kvm can be there and still not run a guest."""

import contextlib
import secrets
import time

import libvirt

from vmdesk.model.kvm import KvmProof
from vmdesk.model.text import text
from vmdesk.virt import errors, steps
from vmdesk.virt.connection import Connection
from vmdesk.virtxml import capabilities
from vmdesk.virtxml.document import XmlError

# Nothing to boot, no disk, no network, no screen; paused, so that not one instruction of a guest runs. With the host's
# own processor, as new machines have it: there are hosts where only a lesser one starts, and hangs in its firmware.
_XML = """<domain type='kvm'><name>{name}</name><memory unit='MiB'>16</memory><vcpu>1</vcpu>
<os><type arch='{arch}'>hvm</type></os><cpu mode='host-passthrough'/><on_poweroff>destroy</on_poweroff>
<devices><emulator>{emulator}</emulator><controller type='usb' model='none'/><memballoon model='none'/>
<video><model type='none'/></video></devices></domain>"""


async def prove_kvm(connection: Connection) -> KvmProof:
    """Start a tiny paused KVM machine and destroy it. Done once a connection; what prevents trying it is said."""
    if connection.kvm_proof is None:
        connection.kvm_proof = await _prove(connection)
    return connection.kvm_proof


async def _prove(connection: Connection) -> KvmProof:
    driver = connection.capabilities.driver
    if driver.upper() != "QEMU":
        return KvmProof(None, text("Only QEMU runs machines with KVM; this host is {driver}.", driver=driver))
    if connection.readonly:
        why = text("The connection is read-only, so no machine can be started to try it.")
        return KvmProof(None, why, text('Connect again without "read-only".'))
    return await connection.actions.call(lambda conn: _try_it(conn, connection.uri), text("Trying KVM"))


def _try_it(conn: "libvirt.virConnect", uri: str) -> KvmProof:
    try:
        host = capabilities.parse(conn.getCapabilities())
    except XmlError:
        host = capabilities.HostCapabilities()
    guest = next((guest for guest in host.guests if guest.arch == host.arch and "kvm" in guest.kinds), None)
    if guest is None:
        what_next, command = steps.load_kvm(host.cpu_vendor)
        return KvmProof(False, text("libvirt does not offer KVM on that host."), what_next, command=command)
    xml = _XML.format(name=f"vmdesk-kvm-{secrets.token_hex(6)}", arch=guest.arch, emulator=guest.emulator)
    began = time.monotonic()
    # Should this program or its connection end meanwhile, libvirt destroys the machine by itself.
    flags = libvirt.VIR_DOMAIN_START_PAUSED | libvirt.VIR_DOMAIN_START_AUTODESTROY | libvirt.VIR_DOMAIN_START_VALIDATE
    try:
        domain = conn.createXML(xml, flags)
    except libvirt.libvirtError as error:
        problem = errors.problem(error, uri=uri)
        if problem.name == "closed":
            raise
        why = problem.why or text("A machine with KVM did not start.")
        what_next, command = (
            (problem.what_next, problem.command) if problem.what_next else steps.load_kvm(host.cpu_vendor)
        )
        return KvmProof(False, why, what_next, problem.details, time.monotonic() - began, command)
    seconds = time.monotonic() - began
    with contextlib.suppress(libvirt.libvirtError):
        domain.destroy()
    return KvmProof(True, seconds=seconds)
