"""Plans over files: who needs what, what goes, what stays and why."""

from dataclasses import replace

from vmdesk.core.chains import Index, Keep, clones_of, delete_plan, file_plan, orphans, start_problem
from vmdesk.core.snapshots.plan import Way, delete, delete_each, delete_with_children, is_mixed, revert
from vmdesk.model.chain import Files, Image, Owner, Role, Use
from vmdesk.model.snapshot import Kind, Snapshot, SnapshotDisk
from vmdesk.model.text import text


def image(name: str, on: str = "", pool: str = "p", bytes: int = 10) -> Image:  # noqa: A002 - the word for it
    backing = f"/p/{on}" if on else ""
    return Image(f"/p/{name}", "qcow2", 100, bytes, backing, "qcow2" if on else "", True, pool, name if pool else "")


def use(machine: str, name: str, role: Role = Role.DISK, **more: object) -> Use:
    return Use(f"/p/{name}", role, machine, "vda", "qcow2", writable=role is Role.DISK, **more)  # type: ignore[arg-type]


def host(images: list[Image], uses: list[Use], *owners: Owner) -> Files:
    found = {one.machine: Owner(one.machine, one.machine) for one in uses} | {one.uuid: one for one in owners}
    return Files({one.path: one for one in images}, tuple(uses), found)


def keeps(files: Files, machine: str) -> dict[str, Keep | None]:
    return {item.image.path.removeprefix("/p/"): item.keep for item in delete_plan(files, machine).items}


def test_a_disk_goes_and_what_it_stands_on_stays() -> None:
    files = host([image("a", "base"), image("base")], [use("m", "a")])
    plan = delete_plan(files, "m")
    assert [one.path for one in plan.gone] == ["/p/a"] and plan.frees == 10 and plan.refused is None
    assert keeps(files, "m") == {"a": None, "base": Keep.BASE}
    assert [item.image.path for item in plan.bases] == ["/p/base"] and all(item.free for item in plan.items)
    others = host([image("a", "base"), image("b", "base"), image("base")], [use("m", "a"), use("n", "b")])
    assert not delete_plan(others, "m").bases and not delete_plan(others, "m", {"/p/a", "/p/base"}).items[1].ticked
    chosen = delete_plan(files, "m", {"/p/a", "/p/base"})
    assert [one.path for one in chosen.gone] == ["/p/a", "/p/base"]
    assert [one.path for one in delete_plan(files, "m", {"/p/base"}).gone] == []  # its overlay would lose it


def test_what_is_never_ticked() -> None:
    cd = replace(use("m", "cd", Role.MEDIUM), writable=False)
    shared = replace(use("m", "shared"), shared=True)
    readonly = replace(use("m", "ro"), writable=False)
    kernel = replace(use("m", "linux", Role.BOOT), writable=False)
    names = ["cd", "shared", "ro", "linux", "mine"]
    images = [image(name) for name in names] + [image("far", pool="")]
    files = host(images, [cd, shared, readonly, kernel, use("m", "mine"), use("m", "far"), use("m", "lost")])
    assert keeps(files, "m") == {
        "cd": Keep.MEDIUM,
        "shared": Keep.SHARED,
        "ro": Keep.READONLY,
        "linux": Keep.MEDIUM,
        "mine": None,
        "far": Keep.ELSEWHERE,
        "lost": Keep.GONE,
    }


def test_a_disk_that_somebody_needs_refuses_it_all() -> None:
    files = host([image("a"), image("b", "a")], [use("m", "a"), use("n", "b")])
    plan = delete_plan(files, "m")
    assert str(plan.refused) == "/p/a is needed by the machine n." and not plan.gone
    assert plan.barred is None  # what else it has may go without it
    nobody = host([image("a"), image("b", "a")], [use("m", "a")])
    assert "the volume /p/b" in str(delete_plan(nobody, "m").refused)
    assert delete_plan(files, "n").refused is None
    blind = replace(host([image("a")], [use("m", "a")]), blind=(text("A pool is dark."),))
    assert "A pool is dark." in str(delete_plan(blind, "m").refused)
    assert delete_plan(blind, "m").barred == delete_plan(blind, "m").refused


def test_deleting_one_file() -> None:
    snapshot = use("m", "a", Role.FROZEN, snapshot="s")
    files = host([image("a"), image("b", "a"), image("c")], [use("m", "b"), snapshot])
    index = Index(files)
    assert {str(one.said()) for one in file_plan(index, "/p/a").breaks} == {"the machine m", "the snapshot s of m"}
    assert file_plan(index, "/p/c").breaks == () and file_plan(index, "/p/c").frees == 10
    assert [one.path for one in orphans(files)] == ["/p/c"]


def test_what_must_not_be_started() -> None:
    files = host([image("a"), image("b", "a")], [use("m", "a"), use("n", "b")])
    assert "n stands on it" in str(start_problem(files, "m")) and start_problem(files, "n") is None
    assert clones_of(Index(files), "m") == ("n",)
    template = host([image("a")], [use("m", "a")], Owner("m", "m", template=True))
    assert "template" in str(start_problem(template, "m"))
    trashed = host([image("a")], [use("m", "a")], Owner("m", "m", trashed=1.0))
    assert "trash" in str(start_problem(trashed, "m"))
    branch = host([image("a"), image("b", "a")], [use("m", "a"), use("m", "b", Role.OVERLAY, snapshot="s")])
    assert start_problem(branch, "m") is not None


def external(name: str, frozen: str, overlay: str, parent: str = "") -> Snapshot:
    disk = SnapshotDisk("vda", Kind.EXTERNAL, f"/p/{frozen}", "qcow2", f"/p/{overlay}", "qcow2")
    return Snapshot(name, parent, kind=Kind.EXTERNAL, disks=(disk,))


def line(*more: Use, images: list[Image] | None = None) -> tuple[Files, list[Snapshot]]:
    """base <- o1 (snapshot s1 froze base) <- o2 (s2 froze o1); m is on o2."""
    found = [external("s1", "base", "o1"), external("s2", "o1", "o2", "s1")]
    uses = [use("m", "o2"), *more]
    for one in found:
        (disk,) = one.disks
        uses.append(Use(disk.frozen, Role.FROZEN, "m", "vda", "qcow2", snapshot=one.name))
        uses.append(Use(disk.overlay, Role.OVERLAY, "m", "vda", "qcow2", snapshot=one.name))
    return host([image("base"), image("o1", "base"), image("o2", "o1"), *(images or [])], uses), found


def test_snapshots_of_one_line_are_merged() -> None:
    files, found = line()
    for name in ("s1", "s2"):
        assert delete(files, "m", found, name).way is Way.LIBVIRT
    assert delete_with_children(files, "m", found, "s1") == ("s2", "s1")


def test_nothing_is_merged_into_what_somebody_stands_on() -> None:
    for clone_on in ("base", "o1"):
        files, found = line(use("n", "c"), images=[image("c", clone_on)])
        plan = delete(files, "m", found, "s1")
        assert plan.way is Way.FORGET and not plan.gone and plan.needed
    files, found = line(replace(use("n", "base"), writable=False))
    assert delete(files, "m", found, "s1").way is Way.FORGET


def test_a_branch_that_nobody_needs_goes_with_its_snapshot() -> None:
    """After a revert to s1: m is on r, above base; o1 and o2 are a branch."""
    files, found = line(images=[image("r", "base")])
    uses = tuple(use("m", "r") if one.path == "/p/o2" and one.role is Role.DISK else one for one in files.uses)
    files = replace(files, uses=uses)
    plan = delete(files, "m", found, "s2")
    assert plan.way is Way.DROP and [one.path for one in plan.gone] == ["/p/o2", "/p/o1"] and plan.frees == 20
    first = delete(files, "m", found, "s1")
    assert "/p/base" not in {one.path for one in first.gone} and first.way is Way.FORGET


def test_what_only_a_child_needs_goes_with_both() -> None:
    """After a revert to s1: one branch, o1 to o3, whose files the snapshots on it need of one another."""
    files, found = line(images=[image("r", "base"), image("o3", "o2")])
    found.append(external("s3", "o2", "o3", "s2"))
    uses = [use("m", "r") if one.path == "/p/o2" and one.role is Role.DISK else one for one in files.uses]
    uses += [Use(f"/p/{path}", role, "m", "vda", "qcow2", snapshot="s3") for path, role in _OF_S3]
    files = replace(files, uses=tuple(uses))
    assert delete(files, "m", found, "s2").way is Way.FORGET
    names = delete_with_children(files, "m", found, "s1")
    plans = delete_each(files, "m", found, names)
    assert [(one.name, [image.path for image in one.gone], one.needed) for one in plans[:2]] == [
        ("s3", ["/p/o3", "/p/o2"], ()),
        ("s2", ["/p/o1"], ()),
    ]
    assert plans[2].name == "s1" and plans[2].way is Way.FORGET and {one.machine for one in plans[2].needed} == {"m"}


_OF_S3 = (("o2", Role.FROZEN), ("o3", Role.OVERLAY))


def test_merged_one_after_the_other() -> None:
    files, found = line()
    plans = delete_each(files, "m", found, ("s1", "s2"))  # o1 into the base, then o2 into the base
    assert [(one.way, [image.path for image in one.gone]) for one in plans] == [
        (Way.LIBVIRT, ["/p/o1"]),
        (Way.LIBVIRT, ["/p/o2"]),
    ]


def test_the_disk_that_a_machine_was_begun_with_is_never_dropped() -> None:
    found = [external("s", "base", "o")]
    uses = [use("m", "other"), use("m", "base", Role.FROZEN, snapshot="s"), use("m", "o", Role.OVERLAY, snapshot="s")]
    files = host([image("base"), image("o", "base"), image("other")], uses)
    assert [one.path for one in delete(files, "m", found, "s").gone] == ["/p/o"]


def test_mixed_kinds_are_left_alone() -> None:
    files, found = line()
    mixed = [*found, Snapshot("i", kind=Kind.INTERNAL)]
    assert is_mixed(mixed) and not is_mixed(found)
    assert delete(files, "m", mixed, "s1").refused and revert(files, "m", mixed, "s1").refused


def test_reverting_needs_the_whole_chain() -> None:
    files, found = line()
    plan = revert(files, "m", found, "s1")
    assert plan.refused is None and [one.path for one in plan.leaves] == ["/p/o2"]
    lost = replace(files, images={path: one for path, one in files.images.items() if path != "/p/base"})
    assert "/p/base is not there" in str(revert(lost, "m", found, "s2").refused)
    dark = replace(files, images={**files.images, "/p/base": replace(files.images["/p/base"], known=False)})
    assert "cannot be read" in str(revert(dark, "m", found, "s2").refused)


def test_an_internal_one_inside_a_base_stays() -> None:
    disk = SnapshotDisk("vda", Kind.INTERNAL, "/p/a", "qcow2")
    found = [Snapshot("s", kind=Kind.INTERNAL, disks=(disk,))]
    uses = [use("m", "a"), use("m", "a", Role.FROZEN, snapshot="s")]
    assert delete(host([image("a")], uses), "m", found, "s").refused is None
    standing = host([image("a"), image("b", "a")], [*uses, use("n", "b")])
    assert "n stands on it" in str(delete(standing, "m", found, "s").refused)
