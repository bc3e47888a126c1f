"""Volumes with who uses them, what can be done with them, kinds of pools, room that runs out: no host is asked."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes.storage import DB, GB, POOLS, WEB, falling, files, many
from vmdesk.core.chains import Index, file_plan
from vmdesk.core.forecast import DAY
from vmdesk.core.storage import moving
from vmdesk.core.storage.filling import length
from vmdesk.core.storage.kinds import Field, PoolWish
from vmdesk.core.storage.offers import Offers, offers
from vmdesk.core.storage.room import Room, scarce
from vmdesk.core.storage.rows import Row, reclaimable, rows, used_cell, used_lines
from vmdesk.core.storage.work import _free
from vmdesk.model.chain import Files, Image, Role, Use
from vmdesk.model.errors import VirtError
from vmdesk.model.text import text

NOW = 1_790_000_000.0


def seen(found: Files | None = None) -> dict[str, Row]:
    return {row.name: row for row in asyncio.run(rows(found or files()))}


def able(told: Offers) -> set[str]:
    return {name for name in Offers.__slots__ if getattr(told, name) is None}


# ---------------------------------------------------------------- who uses what


def test_who_uses_each_volume() -> None:
    found = seen()
    assert {name: used_cell(row) for name, row in found.items()} == {
        "debian-12.qcow2": "web-01 (base image)",
        "web-01.qcow2": "web-01 (snapshot before-update)",
        "web-01.before-update.qcow2": "web-01",
        "db-01": "db-01",
        "db-01-scratch.qcow2": "db-01",
        "old-experiment.qcow2": "",
        "debian-12.5.0-amd64-netinst.iso": "db-01 (installation medium)",
    }
    assert [row.name for row in found.values() if row.orphan] == ["old-experiment.qcow2"]
    assert reclaimable(list(found.values())) == int(28.3 * GB)
    assert used_lines(found["db-01-scratch.qcow2"]) == ["db-01: disk vdb, from its next start"]
    assert used_lines(found["debian-12.qcow2"])[-1].endswith("web-01.qcow2 stands on it")


def test_only_the_running_machine_names_it() -> None:
    plain = files()
    hot = Use(f"{POOLS[0].target}/old-experiment.qcow2", Role.DISK, WEB, "vdb", "qcow2", writable=True, live=True)
    row = seen(replace(plain, uses=(*plain.uses, hot)))["old-experiment.qcow2"]
    assert used_lines(row) == ["web-01: disk vdb, only while it runs"] and not row.orphan


def test_ten_thousand_agree_with_the_plan_of_deleting_each() -> None:
    """Users counted in one pass are those that the plan of a deletion finds one by one."""
    found = many(300)
    index = Index(found)
    for row in asyncio.run(rows(found)):
        plan = file_plan(index, row.image.path)
        assert {user.machine for user in row.users} == {one.machine for one in plan.breaks if one.machine}
        assert row.used == bool(plan.breaks), row.name


# ---------------------------------------------------------------- what can be done


def test_what_is_offered_for_whom() -> None:
    found = seen()
    pool = POOLS[0]
    whole = {"new", "upload", "stop", "refresh", "autostart", "forget", "new_pool"}
    assert able(offers(pool, [])) == whole
    assert able(offers(pool, [found["old-experiment.qcow2"]])) - whole == {"download", "copy", "grow", "wipe", "delete"}
    assert able(offers(POOLS[1], [found["db-01"]])) - whole == {"move"}
    assert able(offers(pool, [found["debian-12.qcow2"]])) - whole == {"download", "copy"}
    assert able(offers(pool, [found["web-01.before-update.qcow2"]])) - whole == {"move"}
    told = offers(pool, [found["web-01.qcow2"]])
    assert "web-01" in str(told.delete) and "stands on it" in str(told.grow) and "where it is" in str(told.move)
    assert able(offers(POOLS[2], [])) == {"start", "autostart", "forget", "new_pool"}
    assert able(offers(None, list(found.values())[:2])) == {"new_pool"}
    assert able(offers(pool, [found["old-experiment.qcow2"]], text("read-only"))) == set()


def test_a_base_goes_with_what_stands_on_it_only() -> None:
    base = Image("/p/base", "qcow2", 1, 1, pool="p", volume="base")
    top = Image("/p/top", "qcow2", 1, 1, "/p/base", "qcow2", pool="p", volume="top")
    found = seen(Files({one.path: one for one in (base, top)}))
    assert offers(POOLS[0], [found["base"]]).delete is not None
    assert offers(POOLS[0], [found["base"], found["top"]]).delete is None


def test_nothing_is_deleted_while_it_is_not_certain_who_uses_it() -> None:
    one = seen()["old-experiment.qcow2"]
    blind = (text("The definition of x cannot be read."),)
    assert "cannot be read" in str(offers(POOLS[0], [one], None, blind).delete)
    with pytest.raises(VirtError, match="not certain"):
        _free(replace(files(), blind=blind), [one])
    assert _free(files(), [one])[0].frees == int(28.3 * GB)
    with pytest.raises(VirtError, match="web-01"):
        _free(files(), [one, seen()["debian-12.qcow2"]])


# ---------------------------------------------------------------- moving


@pytest.mark.parametrize(
    ("uuid", "target", "pool", "name"),
    [
        (DB, "vda", POOLS[1], "same"),
        (DB, "vda", POOLS[2], "pool-off"),
        (DB, "vdb", POOLS[1], "no-disk"),  # only from the next start on
        ("none", "vda", POOLS[0], "gone"),
        (DB, "vda", replace(POOLS[0], available=GB), "disk-full"),
    ],
)
def test_what_cannot_be_moved(uuid: str, target: str, pool: object, name: str) -> None:
    with pytest.raises(VirtError) as told:
        moving.plan(files(), uuid, target, pool)  # type: ignore[arg-type]
    assert told.value.problem.name == name


def test_moving_is_refused_where_others_need_the_file() -> None:
    plain = files()
    path = f"{POOLS[1].target}/db-01"
    assert moving.plan(plain, DB, "vda", POOLS[0]).format == "raw"
    other = Use(path, Role.DISK, WEB, "vdc", "raw")
    taken = Use(path, Role.FROZEN, DB, "vda", "raw", snapshot="now")
    for use, name in ((other, "shared"), (taken, "snapshots")):
        with pytest.raises(VirtError) as told:
            moving.plan(replace(plain, uses=(*plain.uses, use)), DB, "vda", POOLS[0])
        assert told.value.problem.name == name
    job = Use("/elsewhere/db-01", Role.OVERLAY, DB, "vda", "raw", live=True)  # where a job copies it to just now
    assert moving.plan(replace(plain, uses=(*plain.uses, job)), DB, "vda", POOLS[0]).source.path == path


# ---------------------------------------------------------------- kinds of pools


@pytest.mark.parametrize("name", ["", " ", "a/b", ".hidden", "bell\x07"])
def test_names_that_no_pool_can_have(name: str) -> None:
    assert PoolWish(name, "dir", ((Field.TARGET, "/srv"),)).problem() is not None
    assert PoolWish("srv", "dir", ((Field.TARGET, "srv"),)).problem() is not None


# ---------------------------------------------------------------- room


def test_room_that_runs_out(tmp_path: Path) -> None:
    room = Room(tmp_path / "room.json")
    pool, low, off = POOLS
    assert not scarce(pool) and scarce(low) and not scarce(off)
    assert room.low(pool, NOW) is None and room.low(off, NOW) is None
    assert str(room.low(low, NOW)) == "fast has 12 GB left, 6 % of it."
    falling(room, pool, NOW, 3)
    assert room.full_in(pool, NOW) == pytest.approx(3 * DAY, rel=0.01)
    assert "in about 3 days" in str(room.low(pool, NOW))
    again = Room(tmp_path / "room.json")  # the next start of the program
    assert again.full_in(pool, NOW) == pytest.approx(3 * DAY, rel=0.05)
    falling(room, replace(pool, uuid="slow"), NOW, 300)
    assert room.low(replace(pool, uuid="slow"), NOW) is None  # in a year is not soon


@pytest.mark.parametrize("words", ["", "[]", "{", '{"p1": 3}', '{"p1": [[1]]}', '{"p1": [["a", 2]]}'])
def test_a_file_that_makes_no_sense_is_none(tmp_path: Path, words: str) -> None:
    file = tmp_path / "room.json"
    file.write_text(words)
    room = Room(file)
    room.saw(POOLS, NOW)
    assert Room(file).full_in(POOLS[0], NOW) is None


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(VirtError, match="cannot be read"):
        length(tmp_path / "none")
