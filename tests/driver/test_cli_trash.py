"""`vmdesk trash` in its own process, on libvirt's test driver."""

from pathlib import Path

import pytest

from tests.driver.test_cli import OFF, RUNNING, Shell, node
from vmdesk.virtxml.marks import NAMESPACE

POOL = """
<pool type="dir"><name>images</name><target><path>/img</path></target>
  <volume type="file"><name>2.qcow2</name><capacity>2000</capacity><allocation>1000</allocation>
    <target><path>/img/2.qcow2</path><format type="qcow2"/></target></volume>
</pool>"""


@pytest.fixture
def vmdesk(tmp_path: Path) -> Shell:
    """`old` is in the trash with its disk, `gone` too; `db` is off, `web` runs."""
    shell = Shell(tmp_path)
    xml = node(("web", RUNNING), ("old", OFF), ("gone", OFF), ("db", OFF))
    for name, since in (("old", 1_700_000_000), ("gone", 1_700_090_000)):
        mark = f'<metadata><m:marks xmlns:m="{NAMESPACE}" trashed="{since}"/></metadata>'
        start = xml.index(f"<name>{name}</name>")
        place = xml.index("<memory", start)
        xml = xml[:place] + mark + xml[place:]
    shell.uri = shell.file(tmp_path / "trash.xml", xml.replace("<node>", f"<node>{POOL}"))
    return shell


def test_a_deletion_that_is_refused_says_that_nothing_goes(vmdesk: Shell) -> None:
    for words in (("--dry-run",), ("--yes",)):
        ended = vmdesk("delete", "web", *words)
        assert ended.code == 1 and "web is not off" in ended.err
        assert ended.out.startswith("Nothing of web is deleted.") and "What goes of" not in ended.out
    ended = vmdesk("delete", "db", "--dry-run")
    assert ended.code == 0 and ended.out.startswith("What goes of db:")


def test_what_is_there(vmdesk: Shell) -> None:
    ended = vmdesk("trash", "list")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert [line.split()[0] for line in lines] == ["Name", "gone", "old"]
    assert "1.0 kB" in lines[2]
    found = vmdesk("trash", "list", "--json").json
    assert [one["name"] for one in found] == ["gone", "old"]
    assert found[1]["goes"] == ["/img/2.qcow2"] and found[1]["frees"] == 1000 and not found[1]["done"]
    assert vmdesk("list", "--names").out.split() == ["db", "web"]


def test_put_there_and_taken_out(vmdesk: Shell) -> None:
    assert vmdesk("trash", "db", "--json").json["trashed"] is True
    ended = vmdesk("trash", "put", "db", "web")
    assert ended.code == 1 and "db is in the trash" in ended.out and "not off" in ended.err
    for words in (("restore", "old"), ("--undo", "old")):
        ended = vmdesk("trash", *words)
        assert (ended.code, ended.err) == (0, "") and "out of the trash" in ended.out


def test_emptying_asks_and_says_what_goes(vmdesk: Shell) -> None:
    ended = vmdesk("trash", "empty", "--dry-run")
    assert ended.code == 0 and "/img/2.qcow2" in ended.out and "Freed: 1.0 kB" in ended.out
    ended = vmdesk("trash", "empty")
    assert ended.code == 1 and "--yes" in ended.err
    ended = vmdesk("trash", "empty", "db", "--yes")
    assert ended.code == 1 and "db is not in the trash" in ended.err
    ended = vmdesk("trash", "empty", "--yes", "--json")
    assert {one["name"]: one["done"] for one in ended.json} == {"old": True, "gone": True}


@pytest.mark.parametrize("words", [("list", "web"), ("put",), ("restore",), ("web", "--yes"), ("list", "--dry-run")])
def test_wrong_usage(vmdesk: Shell, words: tuple[str, ...]) -> None:
    assert vmdesk("trash", *words).code == 2
