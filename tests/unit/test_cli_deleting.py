"""`vmdesk delete --with-disks` is all or nothing."""

from dataclasses import replace

import pytest

from vmdesk.cli.deleting import _chosen, _refused, _with_bases, line
from vmdesk.core.chains import delete_plan
from vmdesk.model.chain import Files, Image, Owner, Role, Use
from vmdesk.model.text import text


def image(name: str, on: str = "") -> Image:
    return Image(f"/p/{name}", "qcow2", 100, 10, f"/p/{on}" if on else "", "qcow2" if on else "", True, "p", name)


def disk(machine: str, name: str, **more: bool) -> Use:
    return Use(f"/p/{name}", Role.DISK, machine, "vda", "qcow2", writable=True, **more)


def host(*uses: Use, active: bool = False) -> Files:
    """web stands on a base, and so does clone if it is there."""
    images = [image("web", "base"), image("clone", "base"), image("base"), image("cd.iso"), image("data")]
    owners = {one.machine: Owner(one.machine, one.machine, active) for one in uses}
    return Files({one.path: one for one in images if one.volume != "clone" or "clone" in owners}, uses, owners)


def refusal(files: Files, with_disks: bool = True, keep_shared: bool = False) -> str:
    return str(_refused(delete_plan(files, "web", None if with_disks else ()), with_disks, keep_shared) or "")


def test_a_base_that_others_stand_on_stops_it_until_it_may_stay() -> None:
    both = host(disk("web", "web"), disk("clone", "clone"))
    told = refusal(both)
    assert "/p/base is needed by the machine clone" in told and "--keep-shared" in told
    assert refusal(both, keep_shared=True) == "" == refusal(both, with_disks=False)
    assert refusal(host(disk("web", "web"))) == ""  # a base of nobody else stays, and is no reason


def test_a_disk_that_others_write_into_stops_it_too() -> None:
    shared = disk("web", "data", shared=True)
    assert "the machine db" in refusal(host(disk("web", "web"), shared, disk("db", "data", shared=True)))
    assert refusal(host(disk("web", "web"), shared)) == ""


@pytest.mark.parametrize("role", [Role.MEDIUM, Role.DISK])
def test_what_it_only_reads_does_not(role: Role) -> None:
    drives = [Use("/p/cd.iso", role, machine, "sda", "raw") for machine in ("web", "db")]
    assert refusal(host(disk("web", "web"), *drives)) == ""


@pytest.mark.parametrize("keep", [False, True])
def test_what_is_refused_anyway_is_not_mended_by_it(keep: bool) -> None:
    on = host(disk("web", "web"), active=True)
    assert "not off" in refusal(on, keep_shared=keep)
    top = host(disk("web", "base"), disk("clone", "clone"))
    template = replace(top, owners={**top.owners, "web": Owner("web", "web", template=True)})
    assert "/p/base is needed by" in refusal(template, keep_shared=keep)
    assert refusal(template, with_disks=False)
    blind = replace(top, blind=(text("A pool is dark."),))
    assert "A pool is dark." in refusal(blind, keep_shared=keep)


def test_its_own_disk_that_others_need_stays_if_it_may() -> None:
    top = host(disk("web", "base"), disk("web", "data"), disk("clone", "clone"))
    assert "/p/base is needed by the machine clone" in refusal(top) and "--keep-shared" in refusal(top)
    assert refusal(top, keep_shared=True) == ""
    assert _chosen(delete_plan(top, "web"), True) == ("/p/data",)
    alone = host(disk("web", "base"), disk("clone", "clone"))
    assert refusal(alone, keep_shared=True) == "" and _chosen(delete_plan(alone, "web"), True) == ()
    kept = next(item for item in delete_plan(alone, "web").items if item.image.path == "/p/base")
    assert "needed" in line(kept) and "the machine clone" in line(kept)


def test_without_files_what_goes_with_disks_goes() -> None:
    none = host(Use("/p/cd.iso", Role.MEDIUM, "web", "sda", "raw"))
    assert _chosen(delete_plan(none, "web"), True) is None and _chosen(delete_plan(none, "web", ()), False) == ()


def test_a_base_of_nobody_else_goes_if_it_is_said() -> None:
    files = host(disk("web", "web"))
    told = delete_plan(files, "web")
    assert _with_bases(told) == ("/p/web", "/p/base") and "--with-base" in line(told.items[1])
    assert [one.path for one in delete_plan(files, "web", _with_bases(told)).gone] == ["/p/web", "/p/base"]
    both = delete_plan(host(disk("web", "web"), disk("clone", "clone")), "web")
    assert _with_bases(both) == ("/p/web",) and "--with-base" not in line(both.items[1])
