"""The wizard's state: names, sizes, complaints beside their fields, what is done to the host."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.core.creating_host import DEBIAN12, HOST, ISO, SESSION, drafted, found
from vmdesk.core.creating import draft as drafts
from vmdesk.core.creating import offers
from vmdesk.core.creating.draft import Draft, Figures, Page, Size
from vmdesk.core.creating.edited import Edited, carry_over, merge
from vmdesk.core.creating.sources import of_file, sources
from vmdesk.core.creating.summary import lines, set_up, system_words
from vmdesk.core.creating.templates import Templates, read, written
from vmdesk.media.image import Image
from vmdesk.model.abilities import HostAbilities
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.network import Network
from vmdesk.model.sizes import GIB, KIB
from vmdesk.model.storage import Pool
from vmdesk.model.system import System
from vmdesk.model.text import text
from vmdesk.model.wish import (
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
    Wish,
)
from vmdesk.virt.reaching import Blocked
from vmdesk.virtxml.build.complaint import Complaint, Weight
from vmdesk.virtxml.build.prepared import Definitions


def test_the_name_follows_the_medium_until_the_person_chooses_one() -> None:
    draft = drafted()
    assert draft.wish.name == "debian-12"
    named = drafts.with_name(draft, "web")
    assert drafts.take(named, found(system=System(name="Fedora 40", distro="fedora", version="40"))).wish.name == "web"
    assert drafts.with_name(named, "").wish.name == "debian-12"


@pytest.mark.parametrize(
    ("system", "media", "taken", "name"),
    [
        (DEBIAN12, ISO, (), "debian-12"),
        (DEBIAN12, ISO, ("debian-12", "debian-12-2"), "debian-12-3"),
        (System(), Here("/x/My Tools (2).iso"), (), "my-tools-2"),
        (System(), There("images", "Trạm.qcow2"), (), "tram"),
        (System(), Here("/x/…"), (), "machine"),
        (System(), None, ("machine",), "machine-2"),
        (System(name="Windows 11", distro="win", version="11"), None, (), "win-11"),
    ],
)
def test_proposed_names(system: System, media: Here | None, taken: tuple[str, ...], name: str) -> None:
    assert drafts.proposed_name(system, media, taken) == name


def test_a_session_has_user_networking_and_others_a_network() -> None:
    assert drafted(SESSION).wish.nics == (NicWish(Nets.USER, ""),)
    assert drafted().wish.nics == (NicWish(),)
    other = replace(HOST, networks=(Network("lab", "1", forward=""), Network("office", "2", forward="nat", dhcp=True)))
    assert drafted(other).wish.nics == (NicWish(source="office"),)
    chosen = drafts.with_network(drafted(), ())
    assert drafts.take(chosen, found(SESSION)).wish.nics == ()


def test_sizes_suit_system_and_host() -> None:
    draft = drafted()
    small, medium, large = (drafts.figures(draft, size) for size in (Size.SMALL, Size.MEDIUM, Size.LARGE))
    assert medium == drafts.current(draft)
    assert small.vcpus <= medium.vcpus <= large.vcpus <= HOST.cpus
    assert small.memory_kib < medium.memory_kib < large.memory_kib <= HOST.memory // KIB
    assert small.disk_bytes < medium.disk_bytes < large.disk_bytes
    tiny = drafted(replace(HOST, memory=1 * GIB, cpus=1))
    for size in (Size.SMALL, Size.MEDIUM, Size.LARGE):
        assert drafts.figures(tiny, size).memory_kib <= GIB // KIB and drafts.figures(tiny, size).vcpus == 1


def test_medium_leaves_the_figures_open_and_own_keeps_them() -> None:
    large = drafts.with_size(drafted(), Size.LARGE)
    assert large.wish.memory_kib and large.wish.disks[0].bytes
    medium = drafts.with_size(large, Size.MEDIUM)
    assert (medium.wish.vcpus, medium.wish.memory_kib, medium.wish.disks[0].bytes) == (0, 0, 0)
    own = drafts.with_figures(medium, Figures(3, 3 * GIB // KIB, 33 * GIB))
    assert own.size is Size.OWN and drafts.current(own) == Figures(3, 3 * GIB // KIB, 33 * GIB)
    assert drafts.take(own, found(system=System())).wish.vcpus == 3


def test_media_of_each_source_are_kept() -> None:
    draft = drafts.with_source(drafted(), From.DISK)
    assert draft.wish.media is None and draft.wish.cloud is None
    draft = drafts.with_media(draft, Here("/x/disk.vmdk"))
    assert drafts.with_source(draft, From.CDROM).wish.media == ISO
    cloud = drafts.with_source(replace(draft, keys=("ssh-ed25519 AAAA",)), From.CLOUD)
    assert cloud.wish.cloud == CloudWish(ssh_keys=("ssh-ed25519 AAAA",))
    assert drafts.with_source(cloud, From.EMPTY).wish.cloud is None


def test_only_what_matters_is_looked_at_again() -> None:
    draft = drafted()
    key = drafts.search_key(draft)
    assert drafts.search_key(drafts.with_size(draft, Size.LARGE)) == key
    assert drafts.search_key(drafts.with_name(draft, "web")) == key
    assert drafts.search_key(drafts.with_media(draft, Here("/other.iso"))) != key
    assert drafts.search_key(replace(draft, wish=replace(draft.wish, firmware=Firmware.UEFI))) != key


def test_complaints_stand_beside_their_field_and_stop_their_page() -> None:
    draft = drafts.with_name(drafted(), "a/b")
    assert [one.weight for one in drafts.complaints(draft, "name")] == [Weight.ERROR]
    assert drafts.complaints(draft, "vcpus") == ()
    assert drafts.stopping(draft, Page.WHERE) is None
    assert "slash" in str(drafts.stopping(draft, Page.MACHINE))
    empty = drafts.checked(drafts.with_media(drafted(), None))
    assert "ISO" in str(drafts.stopping(empty, Page.WHERE))
    secure = drafts.checked(replace(drafted(), wish=replace(drafted().wish, firmware=Firmware.SECURE)))
    assert drafts.stopping(secure, Page.MACHINE) is None
    assert "UEFI" in str(drafts.stopping(secure, Page.SUMMARY))


def test_a_further_file_that_is_none_is_told_where_it_stands() -> None:
    none = (Complaint("kernel", text("/boot is a folder.")),)
    wish = Wish("w", From.KERNEL, kernel=Here("/boot"))
    draft = drafts.take(Draft("h", wish, named=True), found(missing=none))
    assert str(drafts.stopping(draft, Page.WHERE)) == "/boot is a folder."
    changed = replace(draft, wish=replace(wish, kernel=Here("/vmlinuz")))
    assert drafts.search_key(changed) != drafts.search_key(draft)


def test_a_taken_name_and_a_volume_to_be_chosen() -> None:
    draft = drafts.checked(replace(drafts.with_name(drafted(), "web"), taken=frozenset(("web",))))
    assert "already" in str(drafts.stopping(draft, Page.MACHINE))
    wish = replace(drafted().wish, disks=(DiskWish(source=drafts.NOTHING),))
    assert "volume" in str(drafts.stopping(drafts.checked(replace(drafted(), wish=wish)), Page.MACHINE))


def test_more_than_the_host_has_is_told_before_the_last_page_and_has_to_be_confirmed() -> None:
    draft = drafts.with_figures(drafted(), Figures(2, 20 * GIB // KIB, 20 * GIB))
    (complaint,) = drafts.complaints(draft, "memory_kib")
    assert complaint.weight is Weight.CONFIRM and "16 GiB" in str(complaint.what)
    assert drafts.stopping(draft, Page.SUMMARY) is None and drafts.to_confirm(draft) == (complaint.what,)


def test_too_large_a_disk_is_told_on_a_host_without_a_pool() -> None:
    fresh = replace(HOST, pools=(), room=10 * GIB)
    draft = drafts.with_figures(drafted(fresh), Figures(1, 1 << 20, 20 * 1024 * GIB))
    (said,) = drafts.complaints(draft, "disks")
    assert "10 GiB left" in str(said.what) and drafts.page_of(said.field) is Page.MACHINE
    assert str(offers.disk_left(fresh, "")) == "10 GiB free in the place for disks"
    assert not drafts.complaints(drafts.with_figures(draft, Figures(1, 1 << 20, 5 * GIB)), "disks")
    full = drafts.checked(replace(draft, wish=replace(draft.wish, disks=(DiskWish(20 * GIB, full=True),))))
    assert drafts.stopping(full, Page.MACHINE) is not None


def test_a_copy_that_does_not_fit_is_told_in_the_wizard_too() -> None:
    blocked = Blocked("/home/anna", "q", text("no"), (), True)
    what = found(blocked=blocked)
    medium = replace(what.medium, bytes=900 * GIB)
    draft = drafts.take(drafted(), replace(what, medium=medium))
    assert "the copy takes 900 GiB at once" in str(drafts.stopping(draft, Page.MACHINE))


def test_a_cloud_image_nobody_can_log_in_to() -> None:
    draft = drafts.checked(drafts.with_media(drafts.with_source(drafted(), From.CLOUD), Here("/x.qcow2")))
    assert any("log in" in str(one) for one in drafts.warnings(draft))
    wrong = replace(draft, wish=replace(draft.wish, cloud=CloudWish(user="Anna B")))
    assert "user name" in str(drafts.stopping(drafts.checked(wrong), Page.MACHINE))


def test_a_refused_medium_stops_the_first_page() -> None:
    draft = drafts.refuse(drafted(), Problem(text("It is a folder.")))
    assert str(drafts.stopping(draft, Page.WHERE)) == "It is a folder."
    assert drafts.take(draft, found()).problem is None


def test_pages() -> None:
    assert drafts.pages(From.XML) == (Page.WHERE, Page.REVIEW)
    assert drafts.pages(From.CDROM) == (Page.WHERE, Page.MACHINE, Page.SUMMARY)
    assert drafts.page_of("nics[0].forwards[1]") is Page.DETAILS
    assert drafts.page_of("nics[0].source") is Page.MACHINE


def test_set_up_of_the_host_is_told() -> None:
    said = " ".join(map(str, set_up(drafted())))
    assert "network default is switched on" in said and "pool" not in said
    fresh = drafted(replace(HOST, pools=(), networks=()))
    said = " ".join(map(str, set_up(fresh)))
    assert "pool default is made in /var/lib/libvirt/images" in said and "network default is made" in said
    assert "your home folder" in " ".join(map(str, set_up(drafted(replace(SESSION, pools=())))))
    once = drafted(replace(HOST, networks=()), network_stays=False)
    assert "network default is made." in " ".join(map(str, set_up(once)))
    once = drafted(network_stays=False)
    assert "network default is switched on." in " ".join(map(str, set_up(once)))
    off = Pool("default", "p", target="/x", active=False)
    assert "pool default is switched on" in " ".join(map(str, set_up(drafted(replace(HOST, pools=(off,))))))


def test_a_blocked_medium_is_copied_or_let_in() -> None:
    blocked = Blocked("/home/anna", "libvirt-qemu", text("no"), (("setfacl", "-m", "u:q:x", "/home/anna"),), True)
    draft = drafts.take(drafted(), found(blocked=blocked))
    assert any("netinst.iso is copied" in str(one) for one in set_up(draft))
    granted = replace(draft, wish=replace(draft.wish, reach=Reach.GRANT))
    assert any("setfacl -m u:q:x /home/anna" in str(one) for one in set_up(granted))


def test_only_what_the_hypervisor_reads_itself_has_to_be_let_in() -> None:
    """What is converted or copied, this program reads, as the person."""
    blocked = Blocked("/home/anna", "q", text("no"), (("setfacl", "-m", "u:q:x", "/home/anna"),), True)
    met = replace(found(blocked=blocked), image=Image("/home/anna/d", "qcow2", GIB, GIB))
    disk = Wish("web", From.DISK, Here("/home/anna/d"), disks=(DiskWish(),))
    assert met.in_the_way(disk) is blocked
    assert met.in_the_way(Wish("web", From.CDROM, ISO)) is blocked
    assert replace(met, image=Image("/home/anna/d", "vmdk", GIB, GIB)).in_the_way(disk) is None
    for wish in (
        replace(disk, disks=(DiskWish(copy=True),)),
        replace(disk, disks=(DiskWish(linked=True),)),
        replace(disk, name="web-{1..2}"),
        replace(disk, source=From.CLOUD),
    ):
        assert met.in_the_way(wish) is None


def test_lines_of_the_summary() -> None:
    shown = {str(one.label): str(one.value) for one in lines(drafted(), "Laptop")}
    assert shown["Name"] == "debian-12" and shown["Host"] == "Laptop"
    assert "set up like Debian 11" in shown["System"] and shown["Runs by"] == "KVM"
    assert "qcow2" in shown["Disk"] and "pool default" in shown["Disk"]
    several = drafts.with_name(drafted(), "lab-{01..30}")
    assert "lab-01 … lab-30" in str(lines(several, "x")[0].value)
    assert system_words(drafted(system=System())) is None


def test_sources_of_hosts() -> None:
    assert [one.source for one in sources(HostAbilities(driver="LXC"))] == [From.CONTAINER, From.XML]
    assert all(one.why_not is None for one in sources(HOST))
    practice = {one.source: one.why_not for one in sources(HostAbilities(driver="TEST"))}
    assert practice[From.CDROM] is None and practice[From.CLOUD] is not None
    assert of_file("/a/X.ISO") is From.CDROM and of_file("/a/d.xml") is From.XML
    assert of_file("/a/debian-12-genericcloud-amd64.qcow2") is From.CLOUD and of_file("/a/d.vmdk") is From.DISK


def test_offers_of_networks() -> None:
    words = [str(one) for one, _ in offers.networks(HOST)]
    assert words[0].startswith("default") and "will be switched on" in words[0]
    assert offers.networks(SESSION)[0][1].kind is Nets.USER
    bare = replace(HOST, networks=(), interfaces=(("br0", "bridge"), ("eth0", "ethernet")))
    kinds = [nic.kind for _, nic in offers.networks(bare)]
    assert kinds == [Nets.NETWORK, Nets.BRIDGE, Nets.MACVTAP, Nets.USER]


def test_moving_a_card_drops_what_only_goes_with_the_old_place() -> None:
    card = NicWish(Nets.USER, "", mac="52:54:00:00:00:01", forwards=(Forward(2222, 22),))
    moved = offers.moved(card, NicWish())
    assert moved == NicWish(mac="52:54:00:00:00:01")


@pytest.mark.parametrize("words", ["2222:22", "2222:22, 5353:53/udp", "0.0.0.0:8080:80", ""])
def test_forwards_are_read_as_they_are_written(words: str) -> None:
    found_ = offers.forwards(words)
    assert isinstance(found_, tuple)
    assert offers.written_forwards(found_) == words


def test_forwards_that_make_no_sense() -> None:
    assert "2222:22" in str(offers.forwards("ssh"))


def test_stops_of_sliders_end_with_the_host() -> None:
    assert max(offers.memory_stops(HOST)) == HOST.memory // KIB
    assert offers.cpu_stops(HOST) == tuple(range(1, 9))
    assert max(offers.disk_stops(HOST, "")) <= 200 * GIB


def test_templates_never_keep_secrets(tmp_path: Path) -> None:
    draft = drafts.with_source(drafted(), From.CLOUD)
    cloud = CloudWish(user="anna", password="hunter2", user_data="#cloud-config geheim", ssh_keys=("ssh-ed25519 A",))
    draft = replace(draft, wish=replace(draft.wish, cloud=cloud, firmware=Firmware.UEFI, sealed=True, vcpus=3))
    draft = replace(draft, size=Size.OWN)
    templates = Templates(tmp_path / "templates.json")
    assert templates.save("Lab", draft) is None
    kept = (tmp_path / "templates.json").read_text()
    assert "hunter2" not in kept and "geheim" not in kept
    again = Templates(tmp_path / "templates.json")
    assert again.names == ("Lab",)
    applied = again.applied("Lab", drafts.with_source(drafted(), From.CLOUD))
    assert applied.wish.firmware is Firmware.UEFI and applied.wish.sealed and applied.wish.vcpus == 3
    assert applied.wish.cloud is not None and applied.wish.cloud.user == "anna"
    assert applied.wish.media is None and applied.wish.name == "debian-12"
    again.remove("Lab")
    assert Templates(tmp_path / "templates.json").names == ()


def test_choices_of_the_last_time_and_media(tmp_path: Path) -> None:
    templates = Templates(tmp_path / "templates.json")
    draft = drafts.with_size(drafted(), Size.LARGE)
    templates.remember(replace(draft, wish=replace(draft.wish, start=False)))
    again = Templates(tmp_path / "templates.json")
    last = again.last(Draft("h"))
    assert last.size is Size.LARGE and last.wish.media is None
    assert last.wish.start  # that one was not to be started; of the next one nobody has said so
    assert again.last(Draft("other")).size is Size.MEDIUM
    assert again.media(From.CDROM) == (ISO,)
    file = tmp_path / "templates.json"
    file.write_text(file.read_text().replace('"size": "large"', '"size": "large", "start": false'))
    assert Templates(file).last(Draft("h")).wish.start  # as an older program wrote it


@pytest.mark.parametrize(
    "values",
    [
        {"size": "huge", "cpu": 7, "firmware": "moon", "tpm": "maybe", "displays": [1], "disks": ["size=-1"]},
        {"size": "own", "figures": ["a", 1, 2], "nics": ["nonsense=1"], "cloud": [1], "arch": 5, "sealed": "yes"},
        {"size": "own", "figures": [-1, 1, 1]},
        [],
        None,
    ],
)
def test_a_template_with_nonsense_harms_nothing(values: object) -> None:
    draft = drafted()
    wish = read(values, draft).wish
    assert (wish.media, wish.cpu, wish.firmware, wish.arch, wish.nics, wish.vcpus) == (
        draft.wish.media,
        draft.wish.cpu,
        draft.wish.firmware,
        "",
        draft.wish.nics,
        0,
    )


def test_a_broken_file_is_set_aside(tmp_path: Path) -> None:
    file = tmp_path / "templates.json"
    file.write_text('{"format": 99}')
    assert Templates(file).names == ()
    assert not file.exists() and len(list(tmp_path.iterdir())) == 1


def test_what_is_written_is_read_back() -> None:
    nics = (NicWish(Nets.USER, "", forwards=(Forward(2222, 22),)),)
    wish = replace(drafted().wish, nics=nics, displays=("vnc",), cpu="Nehalem", tpm=False, disks=(DiskWish(20 * GIB),))
    draft = replace(drafted(), wish=wish, networked=True)
    assert read(written(draft), drafted()).wish == wish


REAL = "<domain>\n  <name>a</name>\n  <uuid>u</uuid>\n  <memory>1</memory>\n  <source file='/real'/>\n</domain>\n"
SHOWN = "<domain>\n  <name>a</name>\n  <memory>1</memory>\n  <source file='/shown'/>\n</domain>\n"


def test_changes_by_hand_are_carried_over() -> None:
    edited = SHOWN.replace("<memory>1<", "<memory>2<").replace("</domain>", "  <!-- mine -->\n</domain>")
    merged = merge(SHOWN, edited, REAL)
    assert merged is not None
    assert "<memory>2<" in merged and "<uuid>u</uuid>" in merged and "/real" in merged and "mine" in merged


def test_changes_of_the_same_line_are_refused_or_left() -> None:
    edited = SHOWN.replace("/shown", "/mine")
    assert merge(SHOWN, edited, REAL) is None
    assert merge(SHOWN, edited, REAL, lenient=True) == REAL
    with pytest.raises(VirtError) as error:
        carry_over(Edited(SHOWN, edited), Definitions(REAL, REAL))
    assert error.value.problem.name == "edited"
    assert carry_over(Edited(SHOWN, SHOWN), Definitions(REAL, SHOWN)) == Definitions(REAL, SHOWN)


def test_nothing_is_known_of_a_fresh_draft() -> None:
    assert drafts.choices(Draft()) is None and drafts.complaints(Draft()) == ()
    assert drafts.stopping(Draft(), Page.WHERE) is not None
