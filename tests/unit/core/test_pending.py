"""What waits for a restart: which of it can be done now, and how the definition is without it."""

import random

import pytest

from tests.testbed import corpus, scale
from tests.unit.virtxml.editors import EDITORS
from vmdesk.core import pending, redefining
from vmdesk.core.pending import Item
from vmdesk.core.redefining import Definitions
from vmdesk.model.errors import Problem
from vmdesk.model.text import text
from vmdesk.virtxml import difference
from vmdesk.virtxml.document import XmlError
from vmdesk.virtxml.edit import EditError

STORED = """<domain type='kvm'>
  <name>web</name>
  <uuid>12345678-1234-1234-1234-123456789abc</uuid>
  <title>Shop</title>
  <memory unit='KiB'>2097152</memory>
  <currentMemory unit='KiB'>2097152</currentMemory>
  <vcpu placement='static'>2</vcpu>
  <cputune>
    <shares>2048</shares>
    <quota>50000</quota>
  </cputune>
  <os>
    <type arch='x86_64' machine='pc-q35-7.2'>hvm</type>
    <boot dev='hd'/>
  </os>
  <cpu mode='host-model' check='partial'/>
  <on_crash>destroy</on_crash>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' cache='none'/>
      <source file='/var/a.qcow2'/>
      <target dev='vda' bus='virtio'/>
      <address type='pci' domain='0x0000' bus='0x04' slot='0x00' function='0x0'/>
    </disk>
    <disk type='file' device='cdrom'>
      <target dev='sda' bus='sata'/>
      <readonly/>
    </disk>
    <interface type='network'>
      <mac address='52:54:00:00:00:01'/>
      <source network='default'/>
      <model type='virtio'/>
    </interface>
    <memballoon model='virtio'/>
  </devices>
</domain>
"""
# As libvirt tells of it while it runs.
RUNNING = (
    STORED.replace("<domain type='kvm'>", "<domain type='kvm' id='3'>")
    .replace("<cpu mode='host-model' check='partial'/>", "<cpu mode='custom' match='exact' check='full'>"
             "<model fallback='forbid'>Skylake-Client</model><feature policy='require' name='vmx'/></cpu>")
    .replace("<source file='/var/a.qcow2'/>", "<source file='/var/a.qcow2' index='1'/><backingStore/>")
    .replace("<source network='default'/>", "<source network='default' portid='x' bridge='virbr0'/>"
             "<target dev='vnet7'/>")
    .replace("function='0x0'/>", "function='0x0'/><alias name='virtio-disk0'/>")
)  # fmt: skip
NIC = (
    "<interface type='network'><mac address='52:54:00:00:00:02'/><source network='lab'/>"
    "<model type='virtio'/></interface>"
)
CASES = {
    "memory": ("2097152", "4194304", "Memory: 2 GiB now, 4 GiB after restart"),
    "fewer memory": (
        "2097152</currentMemory>", "1048576</currentMemory>", "Memory: 2 GiB now, 1 GiB after restart",
    ),
    "processors": (">2</vcpu>", ">4</vcpu>", "Virtual processors: 2 now, 4 after restart"),
    "title": ("Shop", "Front", "Title: Shop now, Front after restart"),
    "quota": ("50000</quota>", "25000</quota>", "CPU quota of each vCPU: 50 % now, 25 % after restart"),
    "shares": ("<shares>2048</shares>", "", "CPU shares: 2048 now, none after restart"),
    "processor": ("host-model' check='partial'", "host-passthrough'", "Processor mode: custom now"),
    "crash": ("destroy</on_crash>", "restart</on_crash>", "When the guest crashes: destroy now, restart after restart"),
    "cache": ("cache='none'", "cache='writeback'", "Disk vda: cache: none now, writeback after restart"),
    "boot": ("dev='hd'", "dev='network'", "Boot order: hd now, network after restart"),
    "new card": ("<memballoon", f"{NIC}<memballoon", "Network card 52:54:00:00:00:02: there after restart"),
    "cable": (
        "<model type='virtio'/>\n    </interface>",
        "<model type='virtio'/><link state='down'/></interface>",
        "Network card 52:54:00:00:00:01: cable: plugged in now, unplugged after restart",
    ),
    "network": ("network='default'", "network='lab'", "Network card 52:54:00:00:00:01: source: default now"),
    "card's limit": (
        "<model type='virtio'/>\n    </interface>",
        "<model type='virtio'/><bandwidth><inbound average='100'/></bandwidth></interface>",
        "Network card 52:54:00:00:00:01: limit into the guest: none now",
    ),
    "disk's limit": (
        "<target dev='vda' bus='virtio'/>",
        "<target dev='vda' bus='virtio'/><iotune><read_bytes_sec>1048576</read_bytes_sec></iotune>",
        "Disk vda: Bytes a second read: none now, 1 MiB after restart",
    ),
    "medium": (
        "<target dev='sda' bus='sata'/>",
        "<source file='/isos/x.iso'/><target dev='sda' bus='sata'/>",
        "CD drive sda: source: none now, /isos/x.iso after restart",
    ),
}  # fmt: skip
NOW = {"title", "quota", "new card", "cable", "network", "card's limit", "disk's limit", "medium", "fewer memory"}


def changed(case: str) -> str:
    old, new, _ = CASES[case]
    assert old in STORED
    return STORED.replace(old, new)


def items(stored: str, running: str = RUNNING) -> tuple[Item, ...]:
    return pending.items(Definitions(running, stored))


def test_nothing_waits() -> None:
    assert items(STORED) == () and pending.items(Definitions("", STORED)) == ()


@pytest.mark.parametrize("case", CASES)
def test_in_plain_words_with_its_reason(case: str) -> None:
    one = items(changed(case))[0]
    assert str(one.words).startswith(CASES[case][2])
    assert (one.why_not is None) is (case in NOW)


@pytest.mark.parametrize("case", CASES)
def test_dropped_it_is_as_it_runs_and_nothing_else_is_touched(case: str) -> None:
    stored = changed(case)
    wanted = [one.difference for one in items(stored)]
    dropped = pending.kept(RUNNING, stored, wanted)
    assert items(dropped) == ()
    for word in ("alias", "backingStore", "portid", "vnet7", "index="):
        assert word not in dropped  # what is of the run only does not get stored
    assert dropped.count("<address") == STORED.count("<address")
    if case not in ("processor",):  # a model that is spelled out while it runs
        assert not difference.differences(dropped, STORED)


@pytest.mark.parametrize("case", ["memory", "cable", "new card", "cache"])
def test_one_is_dropped_and_the_others_wait_on(case: str) -> None:
    stored = (
        changed(case).replace("destroy</on_crash>", "preserve</on_crash>").replace("50000</quota>", "30000</quota>")
    )
    one = next(one for one in items(stored) if str(one.words).startswith(CASES[case][2]))
    left = items(pending.kept(RUNNING, stored, [one.difference]))
    assert sorted(str(found.difference.what) for found in left) == ["CPU quota of each vCPU", "When the guest crashes"]


def test_a_device_that_is_in_use_only_is_stored_without_the_run() -> None:
    plugged = NIC.replace("<model", "<target dev='vnet9'/><alias name='net1'/><model")
    running = RUNNING.replace("<memballoon", f"{plugged}<memballoon")
    (one,) = items(STORED, running)
    assert str(one.words) == "Network card 52:54:00:00:00:02: gone after restart" and one.why_not is None
    assert [str(side) for side in one.sides] == ["there", "not there"]
    dropped = pending.kept(running, STORED, [one.difference])
    assert "52:54:00:00:00:02" in dropped and "vnet9" not in dropped and not items(dropped, running)


def test_what_cannot_be_done_now_says_why() -> None:
    (one,) = items(changed("memory"))
    assert str(one.why_not).startswith("It was started with 2048 MiB")
    (one,) = items(changed("processors"))
    assert str(one.why_not).startswith("It was started with room for 2")
    (one,) = items(changed("crash"))
    assert str(one.why_not) == "It is chosen when the machine starts."
    (one,) = items(changed("shares"))
    assert str(one.why_not) == "What the host gives without shares is chosen at the start."


def test_what_nothing_removes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pending, "_edits", lambda running, one: iter([lambda xml: xml]))
    (one,) = items(changed("crash"))
    with pytest.raises(EditError) as refused:
        pending.kept(RUNNING, changed("crash"), [one.difference])
    assert "cannot be dropped by itself" in str(refused.value.why)


def test_a_way_that_brings_other_differences_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = changed("title")
    worse = lambda xml: xml.replace("Front", "Shop").replace("50000", "10000")  # noqa: E731
    monkeypatch.setattr(pending, "_edits", lambda running, one: iter([worse]))
    with pytest.raises(EditError):
        pending.kept(RUNNING, stored, [one.difference for one in items(stored)])


def test_what_libvirt_quotes_has_no_password_in_it() -> None:
    screen = "<graphics type='vnc' passwd='sesame'/></devices>"
    problem = Problem(text("No."), details="internal error: cannot parse passwd='sesame'")
    told = redefining.censored(problem, STORED.replace("</devices>", screen), RUNNING)
    assert "sesame" not in told.details and told.details.startswith("internal error")


def test_whatever_an_editor_has_changed_can_be_dropped() -> None:
    """On libvirt's own definitions."""
    found = corpus.definitions()
    if not found:
        pytest.skip(corpus.MISSING)
    chance = random.Random(scale.SEED)
    done = 0
    for name in chance.sample(sorted(found), scale.reps(200)):
        running = found[name]
        for editor in chance.sample(EDITORS, 8):
            try:
                stored = editor.edit(running)
                waits = pending.items(Definitions(running, stored))
            except (EditError, XmlError):
                continue
            dropped = pending.kept(running, stored, [one.difference for one in waits])
            assert not pending.items(Definitions(running, dropped)), (name, editor.name)
            done += bool(waits)
    assert done
