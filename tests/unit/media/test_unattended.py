"""Answers for installers that ask nobody."""

import io
from collections.abc import Sequence
from pathlib import Path

import pycdlib
import pytest

from vmdesk.media.systems import Database
from vmdesk.media.unattended import Way, answers, archive, check
from vmdesk.model.errors import VirtError
from vmdesk.model.system import System
from vmdesk.model.wish import UnattendedWish

GOLDEN = Path(__file__).parent / "golden"
ANN = UnattendedWish(
    "jeos", "ann", "Ann Lee", "correct.horse", "battery:staple", "demo", "vi_VN", "us", "Asia/Ho_Chi_Minh"
)


@pytest.fixture(scope="module")
def database() -> Database:
    try:
        return Database()
    except VirtError:
        pytest.skip("libosinfo is not installed")


def system(database: Database, name: str) -> System:
    found = database.system(name)
    if found is None:
        pytest.skip(f"the OS database knows no {name}")
    return found


@pytest.mark.parametrize(
    ("name", "url", "words"),
    [
        ("debian11", "http://h/debian", ("auto=true", "priority=critical", "locale=vi_VN", "hostname=demo")),
        ("fedora37", "http://h/fedora", ("inst.ks=file:/fedora.ks", "inst.repo=http://h/fedora")),
    ],
)
def test_golden(database: Database, name: str, url: str, words: Sequence[str]) -> None:
    """The templates are the OS database's: a newer one may say it otherwise, and then these files follow."""
    found = answers(database, system(database, name), ANN, "demo", url=url)
    assert found.way is Way.INITRD
    assert set(words) <= set(found.append.split())
    assert "correct.horse" not in found.append and "battery:staple" not in found.append
    golden = GOLDEN / f"{name}-{found.file}"
    assert found.content.decode() == golden.read_text()


def test_windows_takes_a_cd(database: Database) -> None:
    wish = UnattendedWish("desktop", "ann", "Ann Lee", "sesame", product_key="AAAAA-BBBBB-CCCCC-DDDDD-EEEEE")
    found = answers(database, system(database, "win10"), wish, "demo")
    assert (found.file, found.way) == ("autounattend.xml", Way.CD)
    assert b"AAAAA-BBBBB" in found.content
    iso = pycdlib.PyCdlib()
    iso.open_fp(io.BytesIO(found.cd))
    content = io.BytesIO()
    iso.get_file_from_iso_fp(content, joliet_path="/autounattend.xml")
    assert content.getvalue() == found.content


def test_what_has_to_be_told(database: Database) -> None:
    with pytest.raises(VirtError) as caught:
        answers(database, system(database, "debian11"), UnattendedWish("jeos"), "demo")
    assert "a password" in str(caught.value.problem)
    with pytest.raises(VirtError) as caught:
        answers(database, system(database, "debian11"), UnattendedWish("spaceship", password="x"), "demo")
    assert "spaceship" in str(caught.value.problem)
    with pytest.raises(VirtError):
        answers(database, System(name="Something"), ANN, "demo")


@pytest.mark.parametrize(
    "wish",
    [
        UnattendedWish(user="root; reboot"),
        UnattendedWish(user="ann\nd-i preseed/early_command string reboot"),
        UnattendedWish(full_name="Ann\nd-i x"),
        UnattendedWish(full_name="Ann' --plaintext"),
        UnattendedWish(full_name="<Ann>&"),
        UnattendedWish(password="a b"),
        UnattendedWish(password="a'; reboot; '"),
        UnattendedWish(password="$(reboot)"),
        UnattendedWish(root_password="a\nb"),
        UnattendedWish(hostname="a b"),
        UnattendedWish(hostname="a\n%post"),
        UnattendedWish(language="en_US init=/bin/sh"),
        UnattendedWish(timezone="../../etc/shadow x"),
        UnattendedWish(keyboard="us'"),
        UnattendedWish(product_key="</Key>"),
    ],
)
def test_what_could_leave_its_place(wish: UnattendedWish) -> None:
    assert check(wish, "demo")


def test_what_may_be() -> None:
    assert check(ANN) == ()
    assert check(UnattendedWish(full_name="Nguyễn Văn An", password="p!%+,./:=@^_~-9"), "demo") == ()
    assert check(UnattendedWish(), "máy") != ()


def test_the_kernel_understands_the_archive() -> None:
    made = archive({"preseed.cfg": b"d-i x\n", "empty": b"", "odd": b"123"})
    assert len(made) % 4 == 0
    found, at = {}, 0
    while True:  # as the kernel's init/initramfs.c reads it
        magic, fields = made[at : at + 6], [int(made[at + 6 + 8 * n : at + 14 + 8 * n], 16) for n in range(13)]
        assert magic == b"070701"
        size, length = fields[6], fields[11]
        name = made[at + 110 : at + 110 + length - 1].decode()
        at = (at + 110 + length + 3) // 4 * 4
        if name == "TRAILER!!!":
            break
        assert fields[1] == 0o100600, "a file that only root reads"
        found[name] = made[at : at + size]
        at = (at + size + 3) // 4 * 4
    assert found == {"preseed.cfg": b"d-i x\n", "empty": b"", "odd": b"123"}
