"""Nothing but what was asked for is different afterwards."""

import difflib
from dataclasses import replace

import pytest
from lxml import etree

from vmdesk.model.domain import Labels
from vmdesk.virtxml import displays, edit, metadata
from vmdesk.virtxml.document import XmlError, root

SPICE = """<!-- by hand -->
<domain xmlns:qemu="http://libvirt.org/schemas/domain/qemu/1.0" type="kvm">
  <name>x</name>
  <metadata>
    <my:own xmlns:my="https://example.org/own">  kept &amp; as it is  </my:own>
  </metadata>
  <devices>
    <!-- the screen -->
    <graphics type="spice" port="-1" autoport="yes" passwd="sesame">
      <listen type="address"/>
      <image compression="off"/>
    </graphics>
    <channel type="spicevmc">
      <target type="virtio" name="com.redhat.spice.0"/>
    </channel>
    <unknown>  <thing/></unknown>
  </devices>
  <qemu:commandline>
    <qemu:arg value="-x"/>
  </qemu:commandline>
</domain>
"""
VNC = """<domain type="kvm">
  <devices>
    <serial type="pty"/>
    <console type="pty"/>
    <graphics type="vnc" port="-1"/>
    <graphics type="dbus" p2p="yes"/>
  </devices>
</domain>
"""


def changed(old: str, new: str) -> list[str]:
    """The lines that are not in both."""
    return [line for line in difflib.ndiff(old.splitlines(), new.splitlines()) if line[0] in "+-"]


def test_sealing_a_spice_machine() -> None:
    sealed = edit.seal(SPICE)
    assert changed(SPICE, sealed) == ['+       <clipboard copypaste="no"/>', '+       <filetransfer enable="no"/>']
    (display,) = displays.parse(sealed).graphics
    assert not display.copy_paste and not display.file_transfer
    assert edit.is_sealed(sealed) and not edit.is_sealed(SPICE)
    assert edit.seal(sealed) == sealed
    assert edit.unseal(sealed) == SPICE


def test_what_is_there_is_changed_in_its_place() -> None:
    said = SPICE.replace(
        '<image compression="off"/>',
        '<clipboard copypaste="yes"/><image compression="off"/>'
        '<filetransfer enable="yes" x="1"><!-- why --></filetransfer>',
    )
    sealed = edit.seal(said)
    assert sealed == said.replace('copypaste="yes"', 'copypaste="no"').replace('enable="yes"', 'enable="no"')
    opened = edit.unseal(sealed)
    assert '<filetransfer x="1"><!-- why --></filetransfer>' in opened and "<clipboard" not in opened
    assert not edit.is_sealed(opened)


def test_the_vdagent_channel() -> None:
    added = edit.add_agent(VNC)
    assert changed(VNC, added) == [
        '+     <channel type="qemu-vdagent">',
        "+       <source>",
        '+         <clipboard copypaste="yes"/>',
        "+       </source>",
        '+       <target type="virtio" name="com.redhat.spice.0"/>',
        "+     </channel>",
    ]
    assert edit.add_agent(added) == added
    sealed = edit.seal(added)
    assert changed(added, sealed)[0].strip().startswith("-") and edit.is_sealed(sealed)
    assert edit.unseal(sealed) == added


def test_a_channel_that_says_nothing_of_the_clipboard_is_closed() -> None:
    silent = VNC.replace(
        "  </devices>", '    <channel type="qemu-vdagent"><target type="virtio" name="a"/></channel>\n  </devices>'
    )
    assert edit.is_sealed(silent)
    assert '<source><clipboard copypaste="yes"/></source><target' in edit.unseal(silent)


@pytest.mark.parametrize(
    "xml",
    [
        SPICE,
        VNC.replace("  </devices>", '    <channel type="spicevmc"/>\n  </devices>'),
        VNC.replace(
            "  </devices>", '    <channel type="unix"><target name="com.redhat.spice.0"/></channel>\n  </devices>'
        ),
        "<domain/>",
        "<domain><devices/></domain>",
        "<domain><devices><graphics type='sdl'/></devices></domain>",
    ],
)
def test_never_a_second_agent_channel(xml: str) -> None:
    assert edit.add_agent(xml) == xml


def test_a_machine_with_spice_gets_spices_own_channel() -> None:
    both = VNC.replace("  </devices>", '    <graphics type="spice"/>\n  </devices>')
    (channel,) = displays.parse(edit.add_agent(both)).channels
    assert channel.kind == "spicevmc"


def test_without_anything_to_seal() -> None:
    assert edit.seal(VNC) == VNC and not edit.is_sealed(VNC)


def test_on_one_line() -> None:
    xml = "<domain><devices><graphics type='spice'/></devices></domain>"
    assert edit.seal(xml) == (
        "<domain><devices><graphics type='spice'><clipboard copypaste='no'/><filetransfer enable='no'/></graphics>"
        "</devices></domain>"
    )


@pytest.mark.parametrize("xml", ["", "<a/>", "<!DOCTYPE a><domain/>"])
def test_what_is_no_definition(xml: str) -> None:
    for change in (edit.seal, edit.unseal, edit.add_agent, edit.is_sealed):
        with pytest.raises(XmlError):
            change(xml)


def test_the_rest_is_the_same_tree() -> None:
    """Canonical XML, once what the edit names is taken away."""
    for xml in (SPICE, VNC):
        new = etree.fromstring(edit.seal(edit.add_agent(xml)).encode())
        for path in (".//clipboard", ".//filetransfer", ".//channel[@type='qemu-vdagent']"):
            for element in new.findall(path):
                above = element.getparent()
                assert above is not None
                above.remove(element)
        parser = etree.XMLParser(remove_blank_text=True)
        old, left = (
            etree.fromstring(
                "".join(part.strip() for part in etree.tostring(one, encoding="unicode").splitlines()), parser
            )
            for one in (etree.fromstring(xml.encode()), new)
        )
        assert etree.tostring(old, method="c14n") == etree.tostring(left, method="c14n")


def test_labels_are_written_and_nothing_else() -> None:
    said = Labels("T", "d\ne", "n <&>", "g", ("a", "b c"))
    labelled = edit.label(SPICE, said)
    assert metadata.parse(root(labelled)) == said
    assert [line for line in changed(SPICE, labelled) if line[0] == "-"] == []
    assert "kept &amp; as it is" in labelled
    other = replace(said, title="U", notes="", tags=("z",))
    assert metadata.parse(root(edit.label(labelled, other))) == other
    assert metadata.parse(root(edit.label(labelled, Labels()))) == Labels()
    assert "<metadata>" not in edit.label(edit.label(VNC, said), Labels())
