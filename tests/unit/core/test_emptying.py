"""Emptying the trash: the order, and what stays."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from vmdesk.core.chains import Index
from vmdesk.core.deleting.emptying import empty_plan, trashed
from vmdesk.model.chain import Files, Image, Owner, Role, Use
from vmdesk.model.text import text


def image(path: str, backing: str = "") -> Image:
    return Image(path, "qcow2", 10, 5, backing, "qcow2" if backing else "", pool="p", volume=path)


def disk(machine: str, path: str) -> Use:
    return Use(path, Role.DISK, machine, "vda", "qcow2", writable=True)


def host(images: list[Image], uses: list[Use], *owners: Owner) -> Files:
    return Files({one.path: one for one in images}, tuple(uses), {one.uuid: one for one in owners})


# A template with two clones.
FILES = host(
    [image("base"), image("one", "base"), image("two", "base")],
    [disk("t", "base"), disk("a", "one"), disk("b", "two")],
    Owner("t", "template", template=True, trashed=1.0),
    Owner("a", "a", trashed=2.0),
    Owner("b", "b", trashed=3.0),
)


def test_clones_go_before_what_they_stand_on() -> None:
    found = empty_plan(FILES, trashed(FILES))
    assert [plan.owner.name for plan in found.goes] == ["a", "b", "template"]
    assert [[one.path for one in plan.gone] for plan in found.goes] == [["one"], ["two"], ["base"]]
    assert found.stays == () and found.frees == 15


def test_what_others_need_stays_with_its_reason() -> None:
    found = empty_plan(FILES, ["t", "a"])
    assert [plan.owner.name for plan in found.goes] == ["a"]
    (stays,) = found.stays
    assert stays.owner.name == "template" and "b" in str(stays.refused)


def test_what_runs_and_what_is_uncertain_stay() -> None:
    runs = replace(FILES, owners={**FILES.owners, "a": Owner("a", "a", active=True, trashed=2.0)})
    assert "not off" in str(empty_plan(runs, ["a"]).stays[0].refused)
    blind = replace(FILES, blind=(text("The storage pool {pool} cannot be read.", pool="x"),))
    assert not empty_plan(blind, ["a", "b"]).goes


def test_what_is_not_in_the_trash_is_not_asked_about() -> None:
    kept = replace(FILES, owners={**FILES.owners, "b": Owner("b", "b")})
    assert trashed(kept) == ("t", "a")


@given(st.data())
def test_nothing_that_is_left_stands_on_what_went(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 7))
    backing = [data.draw(st.integers(-1, n - 1)) for n in range(count)]
    images = [image(f"f{n}", f"f{below}" if below >= 0 else "") for n, below in enumerate(backing)]
    files = host(
        images, [disk(f"m{n}", f"f{n}") for n in range(count)], *(Owner(f"m{n}", f"m{n}") for n in range(count))
    )
    wanted = data.draw(st.lists(st.sampled_from(sorted(files.owners)), unique=True))
    found = empty_plan(files, wanted)
    assert {plan.owner.uuid for plan in (*found.goes, *found.stays)} == set(wanted)
    left = {use.path for use in files.uses} - {one.path for plan in found.goes for one in plan.gone}
    assert Index(files).closure(use.path for use in files.uses if use.path in left) <= left
    going = {plan.owner.uuid for plan in found.goes}
    for plan in found.stays:  # somebody who is not going stands on it
        path = f"f{plan.owner.uuid[1:]}"
        assert any(use.path in Index(files).all_above(path) for use in files.uses if use.machine not in going)
