"""A draft that was left half-way: as JSON and back, never with a password."""

import json
from dataclasses import replace

import pytest

from tests.unit.core.creating_host import drafted
from vmdesk.core.creating import kept
from vmdesk.core.creating.draft import (
    NOTHING,
    Draft,
    Figures,
    Page,
    Reviewed,
    Size,
    with_figures,
    with_network,
    with_source,
)
from vmdesk.core.creating.edited import Edited
from vmdesk.model.sizes import GIB
from vmdesk.model.wish import (
    Away,
    CloudWish,
    DiskWish,
    Firmware,
    Forward,
    From,
    Here,
    Nets,
    NicWish,
    Reach,
    There,
    UnattendedWish,
    Wish,
)

NIC = NicWish(Nets.USER, "", mac="52:54:00:00:00:01", forwards=(Forward(2222, 22),))


def again(draft: Draft) -> Draft:
    values = json.loads(json.dumps(kept.written(draft)))
    return kept.read(values, Draft("h", Wish(name="machine"), keys=draft.keys))


@pytest.mark.parametrize(
    "draft",
    [
        replace(drafted(), named=True),
        replace(drafted(count=5, linked=True, os="debian11", firmware=Firmware.UEFI, tpm=True), named=True),
        replace(drafted(title="T", description="D", drivers=There("p", "v.iso"), sealed=True), named=True),
        replace(drafted(reach=Reach.GRANT, disks=()), named=True),
        replace(drafted(disks=(DiskWish(GIB), DiskWish(source=Here("/a,b"), copy=True))), named=True),
        replace(drafted(unattended=UnattendedWish("jeos", "ann", "Ann", hostname="h", language="vi_VN")), named=True),
        replace(with_network(drafted(), (NIC,)), named=True),
        replace(with_figures(drafted(), Figures(3, 2 << 20, 7 * GIB)), named=True),
        replace(with_source(drafted(), From.EMPTY), named=True),
    ],
)
def test_there_and_back(draft: Draft) -> None:
    found = again(draft)
    assert found.size is draft.size and found.networked == draft.networked
    nics = draft.wish.nics if draft.networked else found.wish.nics
    assert found.wish == replace(draft.wish, nics=nics)


@pytest.mark.parametrize(
    "wish",
    [
        Wish("w", From.LOCATION, Away("http://h/d"), append="quiet"),
        Wish("w", From.KERNEL, kernel=Here("/k"), initrd=Here("/i"), append="a=b"),
        Wish("w", From.PXE),
        Wish("w", From.XML, Here("/d.xml")),
        Wish("w", From.CONTAINER, Here("/srv/root"), disks=()),
        Wish("w", From.DISK, Here("/d.vmdk"), disks=(DiskWish(linked=True),)),
        Wish("w", From.CLOUD, Here("/c"), cloud=CloudWish("u", hostname="h", address="10.0.0.5/24", dns=("9.9.9.9",))),
    ],
)
def test_every_source(wish: Wish) -> None:
    assert again(Draft("h", wish, named=True)).wish == wish


def test_never_a_password() -> None:
    wish = Wish(
        "w",
        From.CLOUD,
        cloud=CloudWish("ann", "sesame", user_data="sesame"),
        unattended=UnattendedWish("jeos", password="sesame", root_password="sesame", product_key="sesame"),
    )
    draft = Draft("h", wish, named=True, edited=Edited("<a/>", "<graphics passwd='sesame'/>"))
    values = kept.written(draft)
    assert "sesame" not in json.dumps(values) and values["secrets"] is True
    assert kept.lost(draft)
    assert not kept.lost(replace(draft, edited=None, wish=replace(wish, cloud=CloudWish("ann", "sesame"))))


def test_changes_by_hand_are_kept() -> None:
    draft = replace(drafted(), named=True, edited=Edited("<a/>", "<b/>"))
    assert again(draft).edited == Edited("<a/>", "<b/>")


def test_only_what_was_chosen_counts() -> None:
    fresh = Draft("h", Wish(name="machine"))
    nothing = kept.chosen(kept.written(fresh))
    for source in From:
        assert kept.chosen(kept.written(with_source(fresh, source))) == nothing, source
    assert kept.chosen(kept.written(replace(fresh, size=Size.LARGE))) != nothing
    assert kept.chosen(kept.written(replace(fresh, wish=Wish(media=Here("/i"))))) != nothing


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"source": 3, "page": [], "name": 5, "count": -1, "disks": 7, "nics": "x", "media": 1, "edited": ["a"]},
        {"source": "cloud-image", "cloud": [], "disks": ["size=x"], "reach": "far", "media": "vol:a", "count": True},
        {"source": "cdrom", "unattended": {"hostname": 3, "password": "p"}, "edited": [1, 2], "os": None},
        {"source": "xml", "reviewed": {"digest": "d", "name": "n", "allowed": [1]}},
        {"source": "xml", "reviewed": {"digest": "d", "allowed": []}},
    ],
)
def test_nonsense_is_left_out(values: dict[str, object]) -> None:
    found = kept.read(values, Draft("h", Wish(name="machine")))
    assert found.wish.name == "machine" and found.wish.count == 1
    assert found.edited is None and found.reviewed is None
    assert found.wish.unattended is None or not found.wish.unattended.password
    assert kept.page(values) is Page.WHERE and kept.called(values) in ("", "vol:a")


def test_what_was_said_of_a_definition() -> None:
    said = Reviewed("0123", "other", frozenset({"Its own emulator:/domain/devices/emulator"}))
    assert again(Draft("h", Wish("w", From.XML, Here("/d.xml")), reviewed=said)).reviewed == said
    assert again(Draft("h", Wish("w", From.EMPTY), reviewed=said)).reviewed is None


def test_a_volume_that_was_not_chosen_yet() -> None:
    draft = Draft("h", Wish(disks=(DiskWish(source=NOTHING),)))
    assert again(draft).wish.disks == (DiskWish(),)


def test_what_it_is_called() -> None:
    assert kept.called({"name": "web", "media": "/a/b.iso"}) == "web"
    assert kept.called({"media": "/a/b.iso"}) == "b.iso" and kept.called({}) == ""
