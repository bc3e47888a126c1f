"""The pages of the Hardware tab: what each new value would change, and when; on libvirt's own definitions, too."""

import random
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import pytest

from tests.testbed import corpus, scale
from tests.ui.machines import machine
from vmdesk.core.hardware import adding, pages
from vmdesk.core.hardware.adding import Addition, Around
from vmdesk.core.hardware.reading import Offers, Seen
from vmdesk.core.hardware.sheet import Field, Kind, Sheet, Value, Values
from vmdesk.model.abilities import HostAbilities, Machine, Processor
from vmdesk.model.domain import State
from vmdesk.model.hardware import Hardware, Topology
from vmdesk.model.host_devices import HostDevices, HostMdev, HostPci, HostUsb
from vmdesk.model.network import Network
from vmdesk.model.sizes import GIB
from vmdesk.model.storage import Pool
from vmdesk.virt.making import Taken
from vmdesk.virtxml import hardware
from vmdesk.virtxml.edit import EditError

XML = """<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>web</name>
  <uuid>00000000-0000-0000-0000-000000000001</uuid>
  <title>Shop</title>
  <memory unit='KiB'>4194304</memory>
  <currentMemory unit='KiB'>2097152</currentMemory>
  <vcpu current='2'>4</vcpu>
  <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type><boot dev='hd'/><boot dev='network'/></os>
  <features><apic/><acpi/></features>
  <cpu mode='host-passthrough'><feature policy='disable' name='hle'/></cpu>
  <clock offset='utc'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='/srv/web.qcow2'/>
      <target dev='vda' bus='virtio'/>
      <address type='pci' domain='0x0000' bus='0x04' slot='0x00' function='0x0'/>
    </disk>
    <disk type='file' device='cdrom'><driver name='qemu' type='raw'/><target dev='sda' bus='sata'/><readonly/></disk>
    <controller type='usb' index='0' model='qemu-xhci'/>
    <controller type='pci' index='0' model='pcie-root'/>
    <filesystem type='mount'><driver type='virtiofs'/><source dir='/srv/share'/><target dir='share'/></filesystem>
    <interface type='network'>
      <mac address='52:54:00:00:00:01'/>
      <source network='default'/>
      <model type='virtio'/>
    </interface>
    <serial type='pty'><target port='0'/></serial>
    <console type='pty'><target type='serial' port='0'/></console>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <input type='tablet' bus='usb'/>
    <tpm model='tpm-tis'><backend type='emulator' version='2.0'/></tpm>
    <graphics type='spice'><listen type='none'/></graphics>
    <sound model='ich9'/>
    <video><model type='qxl' ram='65536' vram='65536' vgamem='16384' heads='1'/></video>
    <hostdev mode='subsystem' type='usb' managed='yes'>
      <source><vendor id='0x046d'/><product id='0xc52b'/></source>
    </hostdev>
    <redirdev bus='usb' type='spicevmc'/>
    <watchdog model='i6300esb' action='reset'/>
    <memballoon model='virtio'/>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
    <panic model='isa'/>
    <vsock model='virtio'><cid auto='yes'/></vsock>
    <shmem name='ivshmem'><model type='ivshmem-plain'/></shmem>
  </devices>
  <qemu:commandline><qemu:arg value='-foo'/></qemu:commandline>
</domain>
"""
MAC = "52:54:00:00:00:01"
WITH_OTHERS = ("size", "force", "initrd", "cmdline", "sockets", "cores", "threads", "address", "password", "sure")
MACHINES = ("q35-7.2", "q35-6.2", "i440fx-7.2")
OFFERS = Offers(
    HostAbilities(
        networks=(Network("default", "n1"), Network("lab", "n2", active=False)),
        interfaces=(("br0", "bridge"), ("eth0", "ethernet")),
        pools=(Pool("default", "p1", target="/srv", available=10 * GIB),),
        processors=(Processor("x86_64", machines=tuple(Machine(f"pc-{name}") for name in MACHINES)),),
    )
)


def seen(xml: str = XML, running: str | None = None, **values: object) -> Seen:
    domain = machine(1, "laptop", "web", state=State.RUNNING if running else State.SHUTOFF, **values)
    live = hardware.parse(running) if running else None
    return Seen(domain, hardware.parse(xml), live, xml, sizes=(("vda", 20 * GIB),))


def sheet(found: Seen, key: str) -> Sheet:
    return next(one for one in pages.sheets(found, OFFERS) if one.key == key)


def changed(found: Seen, key: str, values: Values) -> Hardware:
    """As it would be stored."""
    return hardware.parse(edited(found, key, values))


def edited(found: Seen, key: str, values: Values) -> str:
    xml = found.base
    for wish in pages.wishes(pages.sheets(found, OFFERS), {key: values}, found):
        if wish.change.edit is not None:
            xml = wish.change.edit(xml)
    return xml


def words(found: Seen, drafts: Mapping[str, Values]) -> list[str]:
    """What, and when."""
    made = pages.wishes(pages.sheets(found, OFFERS), drafts, found)
    return [f"{one.change.what}: {pages.when(one, found)}" for one in made]


def other(field: Field, chance: random.Random) -> Value | None:
    """Another value that such a field could have; None: there is none."""
    match field.kind:
        case Kind.CHOICE | Kind.FREE:
            rest = [value for value, _ in field.choices if value not in (field.value, *dict(field.off))]
            return chance.choice(rest) if rest else None
        case Kind.SWITCH:
            return not field.value
        case Kind.ORDER:
            keys = [str(key) for key, _ in field.choices]
            chance.shuffle(keys)
            return tuple(keys) if tuple(keys) != field.value else tuple(keys[1:])
        case Kind.NUMBER:
            return int(str(field.value)) + 1
        case Kind.MEMORY:
            return int(str(field.value)) * 2 or 2**23
        case Kind.DISK:
            return int(str(field.value)) * 2
        case Kind.FILE | Kind.FOLDER:
            return "/srv/other"
    return {"mac": "52:54:00:00:00:99", "features": "-hle +vmx"}.get(field.name, "another")


def test_everything_has_its_page() -> None:
    found = pages.sheets(seen(), OFFERS)
    assert [str(one.title) for one in found] == [
        "Overview", "Processors", "Memory", "Boot", "Disk vda", "CD drive sda", "Network card", "Display SPICE",
        "Video", "Sound", "Tablet", "Serial 1", "Console 1", "Channel", "USB device", "USB redirection 1", "TPM",
        "Random numbers", "Watchdog", "Panic notifier", "vsock", "Shared folder share", "Other device shmem",
        "Controller usb 0", "Controller pci 0", "QEMU command line",
    ]  # fmt: skip
    assert len({one.key for one in found}) == len(found)
    assert {one.key for one in found if one.device and one.fixed} == {"controller/pci/0"}


def test_the_system_in_it_is_told() -> None:
    def told(xml: str) -> list[str]:
        (field,) = (one for one in sheet(seen(xml), "overview").fields if str(one.label) == "System")
        return [str(field.value), str(field.hint)]

    assert told(XML) == ["", "Nobody wrote down which one was installed."]
    known = "<os id='http://debian.org/debian/12'/></libosinfo></metadata>"
    space = "http://libosinfo.org/xmlns/libvirt/domain/1.0"
    words = told(XML.replace("<devices>", f"<metadata><libosinfo xmlns='{space}'>{known}<devices>", 1))
    assert words[0] == "http://debian.org/debian/12" and "http://debian.org/debian/12" in words[1]


def test_each_field_changes_what_it_says_and_can_be_put_back() -> None:
    """What the page shows after the change is what was asked for; and the old value brings the old definition back."""
    chance, tried = random.Random(scale.SEED), 0
    begun = seen()
    for one in pages.sheets(begun, OFFERS):
        for field in one.fields:
            if field.kind is Kind.FACT or field.name in WITH_OTHERS:
                continue  # the disk's size is not in the definition; the rest goes with another field
            value = other(field, chance)
            assert value is not None, (one.key, field.name)
            xml = edited(begun, one.key, {field.name: value})
            after = hardware.parse(xml)
            assert after != begun.stored, (one.key, field.name, value)
            tried += 1
            if field.name in ("mac", "bus", "target", "model") and one.device:
                continue  # it has another key then, or has lost what only the old one knew
            now = replace(begun, stored=after)
            shown = next(each for each in sheet(now, one.key).fields if each.name == field.name)
            assert shown.value == value, (one.key, field.name)
            if field.name not in (
                "order",
                "firmware",
                "shared",
                "given",
                "room",
                "again",
            ):  # they move more than their own word
                back = hardware.parse(edited(replace(now, base=xml), one.key, {field.name: field.value}))
                assert back == begun.stored, (one.key, field.name)
    assert tried > 45


def test_memory_given_leaves_the_rest_alone() -> None:
    found = changed(seen(), "memory", {"given": 1024 * 1024})
    assert (found.memory.given_kib, found.memory.most_kib) == (1024 * 1024, 4 * 1024 * 1024)
    found = changed(seen(), "memory", {"given": 8 * 1024 * 1024})
    assert (found.memory.given_kib, found.memory.most_kib) == (8 * 1024 * 1024, 8 * 1024 * 1024)


def test_processors_and_their_topology_together() -> None:
    values: dict[str, Value] = {"count": 8, "maximum": 8, "own": True, "sockets": 1, "cores": 4, "threads": 2}
    found = changed(seen(), "cpu", values)
    assert (found.cpu.count, found.cpu.maximum, found.cpu.topology) == (8, 8, Topology(1, 1, 4, 2))
    with pytest.raises(EditError, match="topology has 6"):
        changed(seen(), "cpu", {**values, "cores": 3})
    made = pages.wishes(pages.sheets(seen(), OFFERS), {"cpu": {**values, "cores": 3}}, seen())
    assert "topology has 6" in str(pages.problem(made, seen()))


def test_when_it_holds() -> None:
    running = seen(running=XML)
    assert words(running, {"memory": {"given": 1024 * 1024}}) == ["Memory: 1024 MiB: now, and from every start on"]
    assert words(running, {"cpu": {"count": 3}}) == ["Virtual processors: 3: now, and from every start on"]
    assert words(running, {"cpu": {"count": 6}})[0].endswith(
        "from the next start. It was started with room for 4 virtual processors."
    )
    alone = seen(running=XML.replace("<vcpu current='2'>4<", "<vcpu>1<"))
    assert words(alone, {"cpu": {"count": 3}})[0].endswith("room for 1 virtual processor.")
    assert words(running, {"memory": {"given": 2**23}})[0].endswith(
        "It was started with 4096 MiB. More can be added as a memory device."
    )
    assert words(running, {f"interface/{MAC}": {"link": False}}) == [
        f"Cable of {MAC} unplugged: now, and from every start on"
    ]
    assert words(running, {"boot": {"menu": "yes"}}) == ["Boot menu: on: from the next start"]
    assert words(running, {"disk/vda": {"size": 30 * GIB}})[0].endswith(": now")
    off = seen()
    assert words(off, {"memory": {"given": 1024 * 1024}})[0].endswith("from the next start: the machine is off")
    assert words(off, {"disk/vda": {"size": 30 * GIB}})[0].endswith("at once")
    saved = replace(off, domain=replace(off.domain, managed_save=True))
    assert "saved state is discarded" in words(saved, {"boot": {"menu": "yes"}})[0]


def test_what_is_only_there_now_and_what_only_later() -> None:
    rng = "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>"
    without = XML.replace(f"    {rng}\n", "")
    assert without != XML
    only = next(one for one in pages.sheets(seen(without, XML), OFFERS) if one.key == "rng/0")
    assert only.state == pages.ONLY_NOW and all(one.why for one in only.fields)
    later = next(one for one in pages.sheets(seen(XML, without), OFFERS) if one.key == "rng/0")
    assert later.state == pages.ONLY_LATER
    nic = XML[XML.index("    <interface") : XML.index("    <serial")]
    found = seen(XML, XML.replace(nic, ""))
    assert words(found, {f"interface/{MAC}": {"link": False}})[0].endswith("There from the next start on.")


def test_what_is_removed_from_where() -> None:
    rng = "    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>\n"
    for stored, live, wanted in (
        (XML, XML, (True, True)),
        (XML.replace(rng, ""), XML, (False, True)),
        (XML, XML.replace(rng, ""), (True, False)),
    ):
        found = seen(stored, live)
        change = pages.removal(next(one for one in pages.sheets(found, OFFERS) if one.key == "rng/0"), found)
        assert (change.edit is not None, change.live is not None) == wanted


def test_in_use_now_is_said_where_it_differs() -> None:
    found = seen(XML, XML.replace(">2097152<", ">1048576<").replace("current='2'", "current='3'"))
    fields = {one.name: one.now for key in ("cpu", "memory") for one in sheet(found, key).fields}
    assert (fields["given"], fields["count"], fields["most"]) == ("1.0 GiB", "3", "")


def test_a_machine_without_a_definition() -> None:
    found = replace(seen(running=XML), domain=machine(1, state=State.RUNNING, persistent=False))
    live = pages.wishes(pages.sheets(found, OFFERS), {"cpu": {"count": 3}}, found)
    assert pages.problem(live, found) is None and str(pages.when(live[0], found)) == "now"
    stored = pages.wishes(pages.sheets(found, OFFERS), {"boot": {"menu": "yes"}}, found)
    assert "only what acts at once" in str(pages.problem(stored, found))


def test_what_cannot_be_is_told() -> None:
    def wrong(key: str, values: Values) -> str:
        try:
            return str(pages.problem(pages.wishes(pages.sheets(seen(), OFFERS), {key: values}, seen()), seen()))
        except EditError as error:
            return str(error.why)

    assert "is not a MAC address" in wrong(f"interface/{MAC}", {"mac": "52:54"})
    assert "is no feature" in wrong("cpu", {"features": "vmx"})
    assert "3 of 2 is not possible" in wrong("cpu", {"count": 3, "maximum": 2})
    assert "belong to a kernel" in wrong("boot", {"cmdline": "quiet"})


def test_another_bus_and_another_adapter_leave_nothing_wrong_behind() -> None:
    found = changed(seen(), "disk/vda", {"bus": "sata", "cache": "none"})
    assert [(one.target, one.bus, one.cache) for one in found.disks] == [("sdb", "sata", "none"), ("sda", "sata", "")]
    assert changed(seen(), "video/0", {"model": "virtio"}).videos[0].memory_kib == 0


def test_the_order_by_kind_becomes_an_order_by_device() -> None:
    field = next(one for one in sheet(seen(), "boot").fields if one.name == "order")
    assert field.value == ("disk/vda", f"interface/{MAC}")
    found = changed(seen(), "boot", {"order": ("disk/sda", "disk/vda")})
    assert found.boot.order == () and found.boot.devices == (("disk/sda", 1), ("disk/vda", 2))
    assert changed(seen(), "boot", {"order": ()}).boot.devices == ()


def test_who_reaches_a_display_and_its_password() -> None:
    key = "graphics/spice"
    found = changed(seen(), key, {"listens": "address", "address": "0.0.0.0", "password": "geheim"})
    (screen,) = found.graphics
    assert (screen.listens, screen.listen, screen.password) == ("address", "0.0.0.0", True)
    with pytest.raises(EditError, match="An address goes with"):
        changed(seen(), key, {"address": "10.0.0.1"})
    locked = XML.replace("<graphics type='spice'>", "<graphics type='spice' passwd='geheim'>")
    assert "geheim" not in repr(sheet(seen(locked), key))
    for xml, values, now in (
        (XML, {"password": "neu"}, False),
        (locked, {"password": "neu"}, True),
        (locked, {"bare": True}, False),
    ):
        there = seen(xml, running=XML)
        made = pages.wishes(pages.sheets(there, OFFERS), {key: values}, there)
        assert "neu" not in repr(made) and "geheim" not in repr(made) and pages.at_once(made[0], there) is now
    assert not changed(seen(locked), key, {"bare": True}).graphics[0].password
    assert changed(seen(locked), key, {"listens": "socket"}).graphics[0].password


def test_a_virtio_mem_device_gives_and_takes() -> None:
    device = (
        "<memory model='virtio-mem'><target><size unit='MiB'>1024</size><node>0</node><block unit='KiB'>2048</block>"
    )
    device += "<requested unit='MiB'>512</requested></target></memory>"
    xml = XML.replace("<memballoon", f"{device}<memballoon")
    found = changed(seen(xml), "memory/0", {"requested": 2048})
    assert found.memory.devices[0].requested_kib == 2048
    for wrong in (1025 * 1024, 3000):
        with pytest.raises(EditError, match="in whole blocks"):
            changed(seen(xml), "memory/0", {"requested": wrong})


def test_a_disk_does_not_shrink() -> None:
    with pytest.raises(EditError, match="never made smaller"):
        changed(seen(), "disk/vda", {"size": GIB})


def test_nested_machines_are_explained() -> None:
    def said(xml: str) -> str:
        return next(str(one.value) for one in sheet(seen(xml), "cpu").fields if str(one.label) == "Machines within it")

    assert "if the host hands on" in said(XML)
    assert "vmx is taken away" in said(XML.replace("name='hle'", "name='vmx'"))
    assert "svm is handed on" in said(XML.replace("policy='disable' name='hle'", "policy='require' name='svm'"))
    assert "Only with the feature" in said(XML.replace("mode='host-passthrough'", ""))


@cache
def definitions() -> dict[str, str]:
    found = corpus.definitions()
    if not found:
        pytest.skip(corpus.MISSING)
    return found


def test_every_definition_of_libvirts_own_has_its_pages() -> None:
    """And some field of each can be changed, or says why not; what was not asked for stays."""
    chance, tried = random.Random(scale.SEED), 0
    for name, xml in definitions().items():
        found = seen(xml)
        sheets = pages.sheets(found, OFFERS)
        assert len({one.key for one in sheets}) == len(sheets), name
        fields = [
            (one, field) for one in sheets for field in one.fields if field.kind is not Kind.FACT and not field.why
        ]
        one, field = chance.choice(fields)
        value = other(field, chance)
        if value is None:
            continue
        try:
            made = pages.wishes(sheets, {one.key: {field.name: value}}, found)
        except EditError:
            continue
        pages.problem(made, found)  # no exception
        tried += bool(made)
    assert tried > 1000


# ---------------------------------------------------------------- new hardware


def near() -> Around:
    pci = (
        HostPci("pci_1", "0000:65:00.0", "Graphics card", "nouveau", 7, ("0000:65:00.0", "0000:65:00.1")),
        HostPci("pci_2", "0000:65:00.1", "Sound of the graphics card", "", 7, ("0000:65:00.0", "0000:65:00.1")),
        HostPci("pci_3", "0000:01:00.0", "Bridge"),
    )
    devices = HostDevices((HostUsb("usb_1", "1d6b", "0002", "Hub", 1, 4),), pci, (HostMdev("m", "0-1-2", "nvidia"),))
    return Around(OFFERS, devices, None, Taken(macs=frozenset(("52:54:00:00:00:07",))))


def kind(id_: str, xml: str = XML, around: Around | None = None) -> Addition:
    return next(one for one in adding.additions(seen(xml), around or near()) if one.id == id_)


BARE = "<domain type='kvm'><name>n</name><memory>1048576</memory><vcpu>1</vcpu><devices/></domain>"


def test_each_kind_makes_a_device_that_is_read_back() -> None:
    given: dict[str, Values] = {
        "existing": {"path": "/srv/b.qcow2", "format": "qcow2"},
        "disk": {"path": "/srv/c.qcow2"},
        "folder": {"folder": "/srv/x"},
    }
    slots = BARE.replace("<devices/>", "<devices><graphics type='spice'/></devices>").replace(
        "<vcpu>", "<maxMemory slots='4' unit='KiB'>4194304</maxMemory><vcpu>"
    )
    for one in adding.additions(seen(slots), near()):
        assert one.why is None, one.id
        what, fragment = one.make({**adding.first(one), **given.get(one.id, {})})
        before = seen(slots)
        xml = adding.devices.add_device(slots, fragment)
        after = hardware.parse(xml)
        assert after != before.stored and str(what), one.id
        assert "{" not in str(what)


def test_what_there_is_but_one_of_is_not_offered_twice() -> None:
    taken = {one.id for one in adding.additions(seen(), near()) if one.why is not None}
    assert taken == {"tpm", "panic", "watchdog", "vsock", "memory"}
    assert "Room for more" in str(kind("memory").why)
    assert "SPICE" in str(kind("redirection", BARE).why)
    nothing = Around(OFFERS)
    assert {"usb", "pci", "mdev"} <= {one.id for one in adding.additions(seen(BARE), nothing) if one.why is not None}


def test_the_iommu_group_is_shown_before_the_choice() -> None:
    pci = kind("pci")
    (field,) = pci.fields
    assert str(dict(field.choices)["0000:65:00.0"]) == "0000:65:00.0  Graphics card (IOMMU group 7)"
    assert [value for value, _ in field.off] == ["0000:01:00.0"] and field.value == "0000:65:00.0"
    said = " ".join(str(one) for one in pci.notes(adding.first(pci)))
    assert "driver nouveau" in said and "group 7" in said and "0000:65:00.1 Sound of the graphics card" in said


def test_wrong_values_are_told() -> None:
    for id_, values, wrong in (
        ("existing", {"path": ""}, "Choose a file"),
        ("existing", {"path": "/srv/web.qcow2"}, "has that disk already"),
        ("existing", {"path": "volume"}, "POOL/VOLUME"),
        ("nic", {"mac": "zz"}, "is not a MAC address"),
        ("folder", {"folder": "relative"}, "whole path"),
        ("folder", {"folder": "/srv", "tag": "share"}, "each folder another"),
        ("channel", {"name": "org.qemu.guest_agent.0"}, "that no other has"),
    ):
        one = kind(id_)
        with pytest.raises(EditError, match=wrong):
            one.make({**adding.first(one), **values})
    nic = kind("nic")
    assert nic.notes({"mac": MAC}) and nic.notes({"mac": "52:54:00:00:00:07"}) and not nic.notes(adding.first(nic))
    disk = kind("disk")
    assert "space" in str(disk.notes({**adding.first(disk), "size": 20 * GIB})[0])


def test_when_it_would_be_there() -> None:
    running = seen(running=XML)
    assert "next start" in str(adding.when(kind("disk"), seen()))
    assert "plugged in now if" in str(adding.when(kind("disk"), running))
    assert str(adding.when(kind("sound"), running)) == "It is there from the next start on."
