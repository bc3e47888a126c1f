"""From capabilities to what new machines may have."""

from vmdesk.model.abilities import Machine
from vmdesk.virtxml import abilities

HOST = """<capabilities><host><cpu><arch>x86_64</arch></cpu></host>
  <guest><os_type>hvm</os_type><arch name='aarch64'><emulator>/a</emulator>
    <machine canonical='virt-7.2' maxCpus='512'>virt</machine><domain type='qemu'/></arch></guest>
  <guest><os_type>hvm</os_type><arch name='x86_64'><emulator>/x</emulator>
    <machine maxCpus='255'>pc-i440fx-7.2</machine>
    <machine canonical='pc-i440fx-7.2' maxCpus='255'>pc</machine>
    <machine maxCpus='255' deprecated='yes'>pc-i440fx-1.7</machine>
    <machine canonical='pc-q35-7.2' maxCpus='288'>q35</machine>
    <domain type='qemu'/><domain type='kvm'><machine maxCpus='16'>microvm</machine></domain></arch></guest>
  <guest><os_type>exe</os_type></guest>
</capabilities>"""

DOMAIN = """<domainCapabilities><path>/q</path><domain>qemu</domain><machine>pc-q35-7.2</machine><arch>x86_64</arch>
  <vcpu max='288'/><os supported='yes'><loader supported='yes'><value>/OVMF.fd</value><value>/S.fd</value>
    <enum name='type'><value>rom</value></enum></loader></os>
  <cpu><mode name='maximum' supported='yes'/>
    <mode name='custom' supported='yes'><model usable='yes'>qemu64</model><model usable='no'>EPYC</model></mode></cpu>
  <devices><disk supported='yes'><enum name='bus'><value>sata</value><value>virtio</value></enum></disk>
    <rng supported='yes'><enum name='backendModel'><value>random</value></enum></rng>
    <channel supported='yes'><enum name='type'><value>unix</value><value>spicevmc</value></enum></channel>{more}
  </devices>
</domainCapabilities>"""


def test_processors_own_one_first_best_kind_first() -> None:
    own, other = abilities.processors(HOST)
    assert (own.arch, own.os_type, own.kinds, own.emulator) == ("x86_64", "hvm", ("kvm", "qemu"), "/x")
    assert own.machines == (
        Machine("pc-i440fx-7.2", "pc", 255),
        Machine("pc-i440fx-1.7", "", 255, True),
        Machine("pc-q35-7.2", "q35", 288),
        Machine("microvm", "", 16),
    )
    assert (other.arch, other.kinds, other.machines) == ("aarch64", ("qemu",), (Machine("virt-7.2", "virt", 512),))


def test_machine() -> None:
    found = abilities.machine(DOMAIN.format(more=""))
    assert (found.arch, found.kind, found.machine) == ("x86_64", "qemu", "pc-q35-7.2")
    assert found.disk_buses == {"sata", "virtio"}
    assert found.loaders == ("/OVMF.fd", "/S.fd")
    assert (found.channels, found.rng) == ({"unix", "spicevmc"}, {"random"})
    assert (found.usable_models, found.maximum_cpu) == (("qemu64",), True)


def test_passt_is_told_or_not() -> None:
    with_it = "<interface><enum name='backendType'><value>default</value><value>passt</value></enum></interface>"
    assert abilities.passt(DOMAIN.format(more="")) is None
    assert abilities.passt(DOMAIN.format(more=with_it)) is True
    assert abilities.passt(DOMAIN.format(more=with_it.replace("<value>passt</value>", ""))) is False
