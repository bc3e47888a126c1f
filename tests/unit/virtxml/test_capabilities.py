"""From capabilities to facts."""

from vmdesk.model.facts import Cell, Cpu, Guest, Pages, SecurityModel
from vmdesk.virtxml import capabilities

HOST = """<capabilities><host>
  <cpu><arch>x86_64</arch><model>Skylake-Client-IBRS</model><vendor>Intel</vendor><feature name='vmx'/></cpu>
  <iommu support='yes'/>
  <topology><cells num='1'><cell id='0'><memory unit='KiB'>4548812</memory>
    <pages unit='KiB' size='4'>1137203</pages><pages unit='KiB' size='2048'>512</pages>
    <distances><sibling id='0' value='10'/></distances>
    <cpus num='1'><cpu id='0' socket_id='1' die_id='0' core_id='2' siblings='0,4-5'/></cpus></cell></cells></topology>
  <secmodel><model>dac</model><doi>0</doi><baselabel type='kvm'>+1:+1</baselabel></secmodel>
  </host>
  <guest><os_type>hvm</os_type><arch name='x86_64'><wordsize>64</wordsize><emulator>/q</emulator>
    <machine>pc</machine><machine>q35</machine><domain type='qemu'/><domain type='kvm'/></arch></guest>
</capabilities>"""

DOMAIN = """<domainCapabilities><path>/q</path><domain>kvm</domain><machine>q35</machine><arch>x86_64</arch>
  <vcpu max='288'/><os supported='yes'><enum name='firmware'><value>efi</value></enum>
  <loader supported='yes'><enum name='secure'><value>yes</value><value>no</value></enum></loader></os>
  <cpu><mode name='host-passthrough' supported='yes'/><mode name='maximum' supported='no'/>
    <mode name='host-model' supported='yes'><model>EPYC</model><feature policy='require' name='svm'/></mode>
    <mode name='custom' supported='yes'><model usable='yes'>qemu64</model><model usable='no'>486</model></mode></cpu>
  <devices><graphics supported='yes'><enum name='type'><value>vnc</value></enum></graphics>
    <tpm supported='no'><enum name='backendModel'><value>emulator</value></enum></tpm></devices>
  <features><sev supported='no'/></features></domainCapabilities>"""


def test_host() -> None:
    found = capabilities.parse(HOST)
    assert (found.arch, found.cpu_model, found.cpu_vendor) == ("x86_64", "Skylake-Client-IBRS", "Intel")
    assert found.features == ("vmx",)
    assert found.iommu is True
    assert found.cells == (
        Cell(0, 4548812, None, (Cpu(0, 1, 2, (0, 4, 5)),), (Pages(4, 1137203), Pages(2048, 512)), ((0, 10),)),
    )
    assert found.security == (SecurityModel("dac", (("kvm", "+1:+1"),)),)
    assert found.guests == (Guest("x86_64", "hvm", ("qemu", "kvm"), "/q", 2),)


def test_nothing_told_is_nothing() -> None:
    assert capabilities.parse("<capabilities><host/></capabilities>") == capabilities.HostCapabilities()


def test_free_memory_is_put_in() -> None:
    (cell,) = capabilities.with_free(capabilities.parse(HOST).cells, {0: 77}, {0: {2048: 12}})
    assert cell.free_kib == 77
    assert cell.pages == (Pages(4, 1137203, None), Pages(2048, 512, 12))


def test_domain() -> None:
    found = capabilities.parse_domain(DOMAIN)
    assert found.cpu_modes == ("host-passthrough", "host-model", "custom")
    assert (found.cpu_models, found.max_vcpus) == (("qemu64",), 288)
    assert (found.firmware, found.secure_boot, found.tpm) == (("efi",), True, ())
    assert found.nested is True


def test_numbers() -> None:
    assert capabilities.numbers("0-2,8, 10") == (0, 1, 2, 8, 10)
    assert capabilities.numbers("") == capabilities.numbers("x,-3,1-y") == ()
