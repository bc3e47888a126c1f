"""Which snapshots are offered of a machine: what QEMU would refuse is not, with the reason."""

from dataclasses import replace

import pytest

from vmdesk.core.snapshots.offers import offers
from vmdesk.model.domain import Definition, Disk, Domain, DomainKey, State
from vmdesk.model.host import Capabilities

DISK = Disk("vda", "disk", "/img/web.qcow2", "qcow2", False)
WEB = Domain(DomainKey("lab", "uuid"), "web", State.RUNNING, definition=Definition(disks=(DISK,), vdagent=True))
OLD = Capabilities(driver="QEMU", libvirt_version=(9, 0, 0), hypervisor_version=(7, 2, 0))


def test_a_running_machine_with_qemus_clipboard_keeps_its_disks_only() -> None:
    told = offers(WEB, OLD, ())
    assert "qemu-vdagent" in str(told.internal) and "qemu-vdagent" in str(told.memory)
    assert told.external is None and told.best == "external"


@pytest.mark.parametrize(
    ("machine", "host", "best"),
    [
        (replace(WEB, definition=replace(WEB.definition, vdagent=False)), OLD, "internal"),
        (replace(WEB, state=State.SHUTOFF), OLD, "internal"),
        (WEB, replace(OLD, hypervisor_version=(10, 1, 0)), "internal"),
    ],
)
def test_without_it_off_or_by_a_new_qemu_all_is_offered(machine: Domain, host: Capabilities, best: str) -> None:
    told = offers(machine, host, ())
    assert told.internal is None and told.external is None and told.best == best
    assert (told.memory is None) == machine.active


def test_nothing_is_put_on_top_of_an_encrypted_disk() -> None:
    """libvirt would take the snapshot, and start the machine no more."""
    locked = replace(WEB, definition=Definition(disks=(replace(DISK, encrypted=True),)))
    told = offers(locked, OLD, ())
    assert "vda is encrypted" in str(told.external) and told.internal is None and told.best == "internal"
    off = offers(replace(locked, state=State.SHUTOFF), OLD, ())
    assert "start it first" in str(off.internal) and "vda is encrypted" in str(off.external)
    assert told.unable is None  # one kind is enough
    assert "start it first" in str(off.unable) and "what stands on it" in str(off.unable)  # neither: both reasons
