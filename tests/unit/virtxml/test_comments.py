"""Comments and layout, which libvirt does not keep."""

from vmdesk.virtxml.comments import dropped, meaning

KEPT = "<metadata><a:x xmlns:a='urn:a'><!-- kept --></a:x></metadata>"
PLAIN = f"<domain><name>n</name>{KEPT}<os><type>hvm</type></os></domain>"
WRITTEN = """<!-- before -->
<domain>
  <name><!-- of it -->n</name>
  <metadata><!-- between --><a:x xmlns:a='urn:a'><!-- kept --></a:x></metadata>
  <os>  <!-- what it starts from -->
    <type>hvm</type></os>
</domain>"""


def test_what_libvirt_drops() -> None:
    assert dropped(WRITTEN) == (" before ", " of it ", " between ", " what it starts from ")
    assert dropped(PLAIN) == ()


def test_the_same_to_libvirt() -> None:
    assert meaning(WRITTEN) == meaning(PLAIN)
    for old, new in ((">n<", ">m<"), ("kept", "other"), ("hvm", "linux"), ("<os>", "<vcpu>1</vcpu><os>")):
        assert meaning(PLAIN.replace(old, new)) != meaning(PLAIN)
