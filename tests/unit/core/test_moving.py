"""A disk moves to another storage pool: what it means, and why not. No host is asked."""

import asyncio
from dataclasses import replace

import pytest

from tests.fakes.storage import DB, GB, POOLS, WEB, files, image
from vmdesk.core.storage import moving
from vmdesk.core.storage.offers import offers
from vmdesk.core.storage.rows import Row, rows
from vmdesk.model.chain import Files, Owner, Role, Use
from vmdesk.model.errors import VirtError
from vmdesk.model.storage import Pool
from vmdesk.model.text import text


def seen(found: Files | None = None) -> dict[str, Row]:
    return {row.name: row for row in asyncio.run(rows(found or files()))}


def off(found: Files, uuid: str) -> Files:
    uses = tuple(use for use in found.uses if use.machine != uuid or not use.live)
    return replace(found, owners={**found.owners, uuid: replace(found.owners[uuid], active=False)}, uses=uses)


def refusal(found: Files, uuid: str, target: str, pool: Pool, keep: bool = False) -> str:
    with pytest.raises(VirtError) as told:
        moving.plan(found, uuid, target, pool, keep)
    return told.value.problem.name


def test_moving_a_disk_of_a_machine_that_is_off() -> None:
    plain, roomy = off(files(), DB), replace(POOLS[1], available=100 * GB)
    planned = moving.plan(plain, DB, "vda", POOLS[0])
    assert (planned.running, planned.format, planned.source.volume) == (False, "raw", "db-01")
    scratch = moving.plan(plain, DB, "vdb", roomy)  # what it has from its next start is there already
    assert (scratch.format, scratch.source.volume) == ("", "db-01-scratch.qcow2")
    saved = replace(plain, uses=(*plain.uses, Use("", Role.SAVED, DB)))
    assert refusal(saved, DB, "vda", POOLS[0]) == "saved"
    path = f"{POOLS[1].target}/db-01"
    lost = replace(plain, images={**plain.images, path: replace(plain.images[path], pool="", volume="")})
    assert refusal(lost, DB, "vda", POOLS[0]) == "no-volume"
    odd = replace(plain, images={**plain.images, path: replace(plain.images[path], known=False)})
    assert refusal(odd, DB, "vda", POOLS[0]) == "chain"
    twice = replace(plain, uses=(*plain.uses, Use(path, Role.DISK, DB, "vdc", "raw", writable=True)))
    assert refusal(twice, DB, "vda", POOLS[0]) == "shared"


def test_what_is_not_moved_on_or_off() -> None:
    plain = files()
    path = f"{POOLS[1].target}/db-01"
    locked = replace(plain, images={**plain.images, path: replace(plain.images[path], encrypted=True)})
    blind = replace(plain, blind=(text("The definition of x cannot be read."),))
    for found in (plain, off(plain, DB)):
        assert refusal(found, DB, "vda", replace(POOLS[0], kind="rbd")) == "pool"
    for found in (locked, off(locked, DB)):
        assert refusal(found, DB, "vda", POOLS[0]) == "encrypted"
    assert refusal(blind, DB, "vda", POOLS[0]) == "blind"
    assert moving.plan(blind, DB, "vda", POOLS[0], keep=True).name == "db-01"


def test_what_a_disk_stands_on_goes_with_it_and_needs_room() -> None:
    base, top = image("base.qcow2", 4), image("top.qcow2", 3, backing="base.qcow2")
    use = Use(top.path, Role.DISK, WEB, "vda", "qcow2", writable=True)
    found = Files({base.path: base, top.path: top}, (use,), {WEB: Owner(WEB, "web-01")})
    there = Pool("there", "p9", available=6 * GB)
    assert refusal(found, WEB, "vda", there) == "disk-full"
    assert moving.plan(found, WEB, "vda", replace(there, available=7 * GB)).chain == (top.path, base.path)
    assert refusal(found, WEB, "vda", replace(there, kind="logical", available=19 * GB)) == "disk-full"


def test_whose_disk_it_is() -> None:
    found = off(files(), DB)
    user = seen(found)["db-01"].moving()
    assert user is not None and (user.machine, user.target, user.active) == ("db-01", "vda", False)
    assert offers(POOLS[1], [seen(found)["db-01"]]).move is None
    assert offers(POOLS[0], [seen(found)["db-01-scratch.qcow2"]]).move is None
    assert seen()["db-01-scratch.qcow2"].moving() is None  # it runs without it as yet
    assert "No machine" in str(offers(POOLS[0], [seen()["old-experiment.qcow2"]]).move)
    assert seen()["web-01.qcow2"].moving() is None
