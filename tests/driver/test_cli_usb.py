"""`vmdesk edit --add-usb`, on libvirt's test driver and on plain files."""

from pathlib import Path

import pytest

from tests.driver.test_cli_edit import OWN, Run, run  # noqa: F401 - the fixture
from tests.driver.test_usb_rules import NODE
from vmdesk.cli import edit
from vmdesk.cli.arguments import Usage, VerbParser
from vmdesk.model.replug import UsbRule
from vmdesk.virtxml import replug
from vmdesk.virtxml.document import root

USB = "<hostdev mode='subsystem' type='usb' managed='yes'>"


def test_a_file_is_given_a_device_and_rules_and_loses_them_again(run: Run) -> None:  # noqa: F811
    words = ("--add-usb", "046D:0825", "--add-usb", "1-1.4", "--on-replug", "--even-if-used")
    edited = run("edit", "--xml", "-", *words, stdin=OWN, host=False)
    assert (edited.returncode, edited.stderr) == (0, "")
    assert edited.stdout.count(USB) == 1 and "startupPolicy='optional'" in edited.stdout
    rules = (UsbRule("046d", "0825", sure=True), UsbRule(port="1-1.4", sure=True))
    assert replug.parse(root(edited.stdout)) == rules
    back = run("edit", "--xml", "-", "--remove", "046d:0825", "--remove", "1-1.4", stdin=edited.stdout, host=False)
    assert (back.returncode, back.stdout) == (0, OWN)


def test_what_is_plugged_into_the_host_is_found(run: Run, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "node.xml").write_text(NODE)
    shown = run("edit", "desk", "--add-usb", "1-4", "--print-xml")
    assert shown.returncode == 0 and "<address bus='1' device='4'/>" in shown.stdout
    wrong = run("edit", "desk", "--add-usb", "1-5", "--config")
    assert wrong.returncode == 1 and "Nothing is plugged into USB port 1-5." in wrong.stderr
    done = run("edit", "desk", "--add-usb", "046d:0825", "--on-replug", "--config")
    assert (done.returncode, done.stderr) == (0, "")
    assert "USB device Logitech Webcam" in done.stdout and "whenever it is plugged in: 046d:0825" in done.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("vm", "--add-usb", "webcam"),
        ("vm", "--vcpus", "1", "--on-replug"),
        ("vm", "--vcpus", "1", "--even-if-used"),
        ("--xml", "x", "--add-usb", "1-4"),
    ],
)
def test_wrong_usage_is_told(words: tuple[str, ...]) -> None:
    parser = VerbParser()
    edit.arguments(parser)
    with pytest.raises(Usage):
        edit.check(parser.parse_args(list(words)))
