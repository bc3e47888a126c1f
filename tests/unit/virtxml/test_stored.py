"""A running machine's device is stored without the run, and with all that somebody has written."""

import pytest

from vmdesk.virtxml.stored import as_stored


@pytest.mark.parametrize(
    ("device", "kept", "gone"),
    [
        (
            "<disk type='file'><source file='/a' index='2'/><backingStore/><target dev='vda'/><alias name='x'/>"
            "<address type='pci' slot='0x04'/></disk>",
            ["file=\"/a\"", "dev=\"vda\""],
            ["index", "backingStore", "alias", "address"],
        ),
        (
            "<interface type='network'><source network='lab' portid='1' bridge='virbr0'/><target dev='vnet3'/>"
            "<mac address='52:54:00:00:00:01'/></interface>",
            ["network=\"lab\"", "<mac"],
            ["portid", "virbr0", "vnet3", "<target"],
        ),
        (
            "<interface type='bridge'><source bridge='br0'/><target dev='web0'/></interface>",
            ["bridge=\"br0\"", "dev=\"web0\""],
            [],
        ),
        ("<serial type='pty'><source path='/dev/pts/3'/><target port='0'/></serial>", ["port=\"0\""], ["/dev/pts"]),
        (
            "<serial type='file'><source path='/var/log/web.log'/><target port='0'/></serial>",
            ["path=\"/var/log/web.log\""],
            [],
        ),
        (
            "<channel type='unix'><source mode='bind' path='/run/libvirt/qemu/channel/3-web/a'/>"
            "<target type='virtio' name='org.qemu.guest_agent.0' state='connected'/></channel>",
            ["org.qemu.guest_agent.0"],
            ["path", "mode", "state"],
        ),
        (
            "<graphics type='vnc' port='5903' autoport='yes' passwd='sesame'><listen type='address'/></graphics>",
            ["port=\"-1\"", "passwd=\"sesame\""],
            ["5903"],
        ),
        ("<graphics type='vnc' port='5999' autoport='no'/>", ["port=\"5999\""], []),
        ("<vsock><cid auto='yes' address='4'/></vsock>", ["auto"], ["address"]),
        ("<vsock><cid auto='no' address='4'/></vsock>", ["address=\"4\""], []),
    ],
)  # fmt: skip
def test_without_the_run(device: str, kept: list[str], gone: list[str]) -> None:
    stored = as_stored(device)
    assert [one for one in kept if one not in stored] == []
    assert [one for one in gone if one in stored] == []


def test_at_the_place_that_is_stored_for_it() -> None:
    stored = as_stored(
        "<sound model='ich9'><address slot='9'/></sound>", "<sound model='ac97'><address slot='4'/></sound>"
    )
    assert 'slot="4"' in stored and 'slot="9"' not in stored and "ich9" in stored
