"""`vmdesk snapshot create --keep` and `vmdesk snapshot schedule` in their own process, on libvirt's test driver."""

from pathlib import Path

import pytest

from tests.driver.test_cli import OFF, RUNNING, WEB, Shell, node
from tests.unit.core.test_schedules import SYSTEMCTL

SNAPSHOT = """
<test:domainsnapshot>
  <name>{name}</name><state>shutoff</state><creationTime>{created}</creationTime>{parent}<active>{active}</active>
  <domain type="test"><name>db</name><uuid>10000000-0000-4000-8000-000000000002</uuid><memory>1</memory>
    <os><type>hvm</type></os></domain>
</test:domainsnapshot>"""
OLD, NEW, MINE = "auto-daily-2026-01-01-000000", "auto-daily-2026-01-02-000000", "mine"


@pytest.fixture
def vmdesk(tmp_path: Path) -> Shell:
    """`db` is off, with two snapshots of a schedule and one of a person."""
    shell = Shell(tmp_path)
    xml = node(("web", RUNNING), ("db", OFF))
    taken, parent = "", ""
    for created, name in enumerate((OLD, MINE, NEW), 1):
        taken += SNAPSHOT.format(name=name, created=created, parent=parent, active=int(name == NEW))
        parent = f"<parent><name>{name}</name></parent>"
    place = xml.rindex("<test:runstate>")
    shell.uri = shell.file(tmp_path / "schedule.xml", xml[:place] + taken + xml[place:])
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "systemctl").write_text(SYSTEMCTL)
    (programs / "systemctl").chmod(0o755)
    shell.environment["PATH"] = f"{programs}:{shell.environment['PATH']}"
    shell.environment["LOG"] = str(tmp_path / "log")
    return shell


def test_a_schedule_takes_one_and_thins_out_its_own(vmdesk: Shell) -> None:
    assert [one["name"] for one in vmdesk("snapshot", "list", "db", "--json").json] == [OLD, MINE, NEW]
    ended = vmdesk("snapshot", "create", "--keep", "2", "--label", "daily", "db")
    assert ended.code == 0 and ended.out.startswith("auto-daily-20")
    assert OLD in ended.err and NEW not in ended.err and MINE not in ended.err
    ended = vmdesk("snapshot", "create", "db", "--keep", "1", "--json")
    assert ended.code == 0 and ended.json["snapshot"].startswith("auto-kept-") and OLD not in ended.err


def test_deleting_one_inside_the_disks_says_where_it_is(vmdesk: Shell) -> None:
    told = vmdesk("snapshot", "delete", "db", MINE, "--dry-run")
    assert told.code == 0 and told.out == f"{MINE}: taken out of the disks' files\n"
    assert MINE in vmdesk("snapshot", "list", "db").out


def test_a_schedules_life(vmdesk: Shell, tmp_path: Path) -> None:
    ended = vmdesk("snapshot", "schedule", "web", "--every", "weekly", "--keep", "4", "--json")
    assert ended.code == 0 and ended.json["uuid"] == WEB
    service = (tmp_path / "config/systemd/user" / ended.json["unit"]).with_suffix(".service").read_text()
    assert '"--settings-dir"' in service and '"--keep" "4" "--label" "weekly" "--"' in service
    assert vmdesk("snapshot", "schedule", "web", "--every", "daily").code == 0
    assert {one["every"] for one in vmdesk("snapshot", "schedules", "--json").json} == {"weekly", "daily"}
    assert vmdesk("snapshot", "schedules", "db", "--json").json == []
    assert "weekly" in vmdesk("snapshot", "schedules", "web").out
    assert vmdesk("snapshot", "unschedule", "web", "--every", "weekly").code == 0
    assert [one["every"] for one in vmdesk("snapshot", "schedules", "--json").json] == ["daily"]
    assert vmdesk("snapshot", "unschedule", "web").code == 0
    ended = vmdesk("snapshot", "unschedule", "web")
    assert ended.code == 1 and "Nothing is scheduled" in ended.err


def test_what_cannot_be_scheduled(vmdesk: Shell) -> None:
    vmdesk.environment["NO_MANAGER"] = "1"
    ended = vmdesk("snapshot", "schedule", "web", "--every", "daily")
    assert ended.code == 1 and "enable-linger" in ended.err
    ended = vmdesk.raw("--demo", "snapshot", "schedule", "web-01", "--every", "daily")
    assert ended.code == 1 and "forgotten" in ended.err


@pytest.mark.parametrize(
    "words",
    [
        ("db", "name", "--keep", "2"),
        ("db", "--label", "x"),
        ("db", "--keep", "2", "--label", "A b"),
        ("db", "--keep", "0"),
    ],
)
def test_wrong_usage(vmdesk: Shell, words: tuple[str, ...]) -> None:
    assert vmdesk("snapshot", "create", *words).code == 2
