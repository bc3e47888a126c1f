"""What cloning a machine means: which disks are refused, copied, stood upon."""

from dataclasses import replace

import pytest

from vmdesk.core.cloning.plan import Fate, clone
from vmdesk.model.chain import Files, Image, Owner, Role, Use
from vmdesk.model.domain import Domain, DomainKey, State

WEB = Domain(DomainKey("lab", "uuid"), "web", State.SHUTOFF, persistent=True)
BASE = Image("/p/base", "qcow2", 100, 10, pool="p", volume="base")
DISK = Image("/p/disk", "qcow2", 100, 10, "/p/base", "qcow2", pool="p", volume="disk")
DATA = Image("/p/data", "raw", 100, 100, pool="p", volume="data")


def files(*images: Image) -> Files:
    uses = tuple(
        Use(one.path, Role.DISK, "uuid", target, one.format, True) for one, target in zip(images, ("vda", "vdb"))
    )
    return Files({one.path: one for one in (*images, BASE)}, uses, {"uuid": Owner("uuid", "web")})


@pytest.mark.parametrize(("linked", "fate", "bytes_"), [(False, Fate.COPY, 220), (True, Fate.LINK, 0)])
def test_all_disks_are_copied_or_stood_upon(linked: bool, fate: Fate, bytes_: int) -> None:
    plan = clone(files(DISK, DATA), WEB, (), "new", 2, linked)
    assert plan.refused is None and [one.fate for one in plan.disks] == [fate, fate] and plan.bytes == bytes_
    assert [one.path for one in plan.freezes] == (["/p/disk", "/p/data"] if linked else [])


@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize("below", [False, True])
def test_an_encrypted_disk_is_never_written_in_the_clear(linked: bool, below: bool) -> None:
    """Nor is a machine made that libvirt cannot start: it does not open what stands on such a disk."""
    told = files(DISK, DATA)
    locked = replace(BASE if below else DATA, encrypted=True)
    plan = clone(replace(told, images={**told.images, locked.path: locked}), WEB, (), "new", 1, linked)
    assert plan.refused is not None and "encrypted" in str(plan.refused)
    assert ("starts no machine" in str(plan.refused)) == linked
