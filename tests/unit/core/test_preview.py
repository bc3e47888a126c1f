"""What is shown before a machine is made: both of its definitions, with the installer as it will be started."""

from dataclasses import replace

from lxml import etree

from tests.unit.core.creating_host import DEBIAN12, found
from vmdesk.core.creating.findings import Findings
from vmdesk.core.creating.preview import preview
from vmdesk.media.tree import Tree
from vmdesk.media.unattended import Answers, Way
from vmdesk.model.wish import Away, From, Here, UnattendedWish, Wish

ISO = Wish("web", From.CDROM, Here("/srv/debian.iso"), unattended=UnattendedWish("jeos", "ann", password="sesame"))
IN_INITRD = Answers("preseed.cfg", b"", Way.INITRD, "auto=true hostname=web")
ON_CD = Answers("ks.cfg", b"", Way.CD, "inst.ks=cdrom")


def os_of(xml: str) -> dict[str, str]:
    found_ = etree.fromstring(xml).find("os")
    assert found_ is not None
    return {str(one.tag): one.text or "" for one in found_ if one.tag in ("kernel", "initrd", "cmdline")}


def test_an_installer_out_of_a_cd() -> None:
    shown = preview(ISO, found(system=DEBIAN12), IN_INITRD)
    first = os_of(shown.first)
    assert first["kernel"].endswith("/web-kernel") and first["initrd"].endswith("/web-initrd")
    assert first["cmdline"] == "auto=true hostname=web"
    assert "<on_reboot>destroy</on_reboot>" in shown.first
    assert os_of(shown.stored) == {} and '<source file="/srv/debian.iso"' not in shown.stored
    assert "sesame" not in shown.first


def test_a_tree_with_answers() -> None:
    tree = Tree("http://h/d/", "http://h/d/linux", "http://h/d/initrd.gz")
    wish = replace(ISO, source=From.LOCATION, media=Away("http://h/d"), append="quiet")
    met = replace(found(system=DEBIAN12), tree=tree)
    first = os_of(preview(wish, met, IN_INITRD).first)
    assert first["kernel"].endswith("/web-kernel") and first["initrd"].endswith("/web-initrd")
    assert first["cmdline"].endswith("quiet auto=true hostname=web")
    # Without answers the files come from the same place.
    plain = os_of(preview(replace(wish, unattended=None), met).first)
    assert plain["kernel"] == first["kernel"] and plain["cmdline"] == "quiet"


def test_answers_on_a_cd_of_their_own() -> None:
    shown = preview(ISO, found(system=DEBIAN12), ON_CD)
    assert "web-answers.iso" in shown.first and "web-answers.iso" not in shown.stored
    assert os_of(shown.first) == {}


def test_nobody_is_told_anything() -> None:
    met: Findings = found(system=DEBIAN12)
    assert os_of(preview(replace(ISO, unattended=None), met).first) == {}
