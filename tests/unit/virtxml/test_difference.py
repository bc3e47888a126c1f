"""Two definitions, in words and line by line."""

import pytest

from vmdesk.model import limits
from vmdesk.virtxml import difference, edit
from vmdesk.virtxml.edit import devices, machine
from vmdesk.virtxml.edit import limits as edit_limits

MAC = "52:54:00:00:00:01"
XML = f"""<domain type='kvm'>
  <name>web</name>
  <memory unit='MiB'>2048</memory>
  <currentMemory unit='MiB'>2048</currentMemory>
  <vcpu>2</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <boot dev='hd'/>
  </os>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='/a.qcow2'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <disk type='file' device='cdrom'>
      <target dev='sda' bus='sata'/>
    </disk>
    <interface type='network'>
      <mac address='{MAC}'/>
      <source network='default'/>
    </interface>
    <graphics type='vnc' passwd='sesame'/>
  </devices>
</domain>
"""


def told(new: str) -> list[str]:
    return [str(one) for one in difference.differences(XML, new)]


def test_nothing() -> None:
    assert told(XML) == [] and told(XML.replace("  <", "\n\t<")) == []
    assert told(XML.replace("<os>", "<!-- a --><os>")) == []
    assert difference.unified(XML, XML, "a", "b") == ""


@pytest.mark.parametrize(
    ("new", "words"),
    [
        (machine.memory(XML, 4 << 20), "Memory: 2 GiB now, 4 GiB after restart"),
        (machine.vcpus(XML, 4), "Virtual processors: 2 now, 4 after restart"),
        (machine.title(XML, "T"), "Title: none now, T after restart"),
        (devices.remove_device(XML, "vda"), "Disk vda: gone after restart"),
        (devices.link(XML, MAC, False), f"Network card {MAC}: cable: plugged in now, unplugged after restart"),
        (devices.insert(XML, "sda", "/x.iso"), "CD drive sda: source: none now, /x.iso after restart"),
        (devices.add_device(XML, devices.rng_fragment()), "Random numbers 0: there after restart"),
        (
            edit_limits.limit(XML, limits.parse("disk.vda.read-bytes=10M")),
            "Disk vda: Bytes a second read: none now, 10 MiB after restart",
        ),
        (
            XML.replace(
                "</vcpu>",
                "</vcpu><cputune><vcpupin vcpu='0' cpuset='2'/><vcpupin vcpu='1' cpuset='2'/>"
                "<vcpupin vcpu='3' cpuset='4-5'/></cputune>",
            ),
            "Host CPUs of a vCPU: none now, 0-1 on 2, 3 on 4-5 after restart",
        ),
        (
            edit_limits.limit(XML, limits.parse(f"nic.{MAC}.in=1M")),
            f"Network card {MAC}: limit into the guest: none now, 1 MiB/s after restart",
        ),
        (
            XML.replace("</os>", "</os><pm><suspend-to-mem enabled='no'/></pm>"),
            "Other settings of <pm>: different after restart",
        ),
        (
            XML.replace("<driver name='qemu' type='qcow2'/>", "<driver name='qemu' type='qcow2' queues='4'/>"),
            "Disk vda: other settings: different after restart",
        ),
    ],
)
def test_one_thing(new: str, words: str) -> None:
    (one,) = difference.differences(XML, new)
    assert str(difference.pending(one)) == words
    # Each can be taken back alone.
    assert edit.take_over(new, XML, one.scope) == XML


def test_passwords_are_hidden_and_still_seen_to_be_others() -> None:
    lines = difference.unified(XML, XML.replace("sesame", "open"), "a", "b")
    assert "sesame" not in lines and "open" not in lines
    assert (
        "-    <graphics type='vnc' passwd='***'/>" in lines and "+    <graphics type='vnc' passwd='*** (*)'/>" in lines
    )


def test_what_libvirt_adds_for_the_run_is_no_difference() -> None:
    running = (
        XML.replace("<domain type='kvm'>", "<domain type='kvm' id='3'>")
        .replace("file='/a.qcow2'/>", "file='/a.qcow2' index='1'/><backingStore/><alias name='virtio-disk0'/>")
        .replace("network='default'/>", "network='default' portid='1' bridge='virbr0'/><target dev='vnet0'/>")
        .replace("</domain>", "<seclabel type='dynamic' model='dac'/></domain>")
    )
    assert difference.differences(running, XML, running=True) == ()


@pytest.mark.parametrize("tag", ["quota", "global_quota", "emulator_quota", "iothread_quota"])
def test_a_quota_that_was_taken_away_while_it_runs_waits_for_nothing(tag: str) -> None:
    running = XML.replace("</vcpu>", f"</vcpu>\n  <cputune>\n    <{tag}>-1</{tag}>\n  </cputune>")
    assert difference.differences(running, XML, running=True) == ()
    shares = "<cputune><shares>512</shares></cputune>"
    assert difference.differences(running, XML.replace("</vcpu>", f"</vcpu>{shares}"), running=True) != ()
    assert difference.differences(running.replace("-1", "5000"), XML, running=True) != ()


@pytest.mark.parametrize(
    ("section", "tag", "usual"),
    [("cputune", "period", 100_000), ("cputune", "global_period", 100_000), ("blkiotune", "weight", 500)],
)
def test_the_usual_one_of_a_running_machine_is_none(section: str, tag: str, usual: int) -> None:
    def with_it(value: int) -> str:
        return XML.replace("</vcpu>", f"</vcpu><{section}><{tag}>{value}</{tag}></{section}>")

    assert difference.differences(with_it(usual), XML, running=True) == ()
    assert difference.differences(with_it(usual), with_it(usual), running=True) == ()
    for running, stored in ((usual + 100, None), (usual, usual + 100)):
        (one,) = difference.differences(with_it(running), with_it(stored) if stored else XML, running=True)
        assert one.old and bool(one.new) == bool(stored)


def test_an_empty_drive_has_no_format_while_it_runs() -> None:
    drive = "<disk type='file' device='cdrom'>\n"
    running = XML.replace(drive, f"{drive}<driver name='qemu'/>")
    stored = XML.replace(drive, f"{drive}<driver name='qemu' type='raw'/>")
    assert difference.differences(running, stored, running=True) == ()
    full = stored.replace("<target dev='sda'", "<source file='/a.iso'/><target dev='sda'")
    assert difference.differences(running, full, running=True) != ()
    assert difference.differences(running, XML) != ()
