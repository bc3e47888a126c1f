"""Which system a medium holds, with the real database of this computer."""

import pytest

from vmdesk.media.disc import Disc
from vmdesk.media.systems import Database, add_to_database, architecture
from vmdesk.model.errors import VirtError
from vmdesk.model.system import Certainty


@pytest.fixture(scope="module")
def database() -> Database:
    return Database()


def test_the_database_is_read_whole(database: Database) -> None:
    systems = database.systems
    assert len(systems) > 500
    assert len({system.id for system in systems}) == len(systems)
    assert all(system.name and system.id.startswith("http") for system in systems)


def test_needs_and_drivers(database: Database) -> None:
    debian = database.system("debian11")
    assert debian is not None and debian == database.system("http://debian.org/debian/11")
    assert debian.family == "linux" and debian.drives("virtio1.0-block", "virtio-block")
    assert debian.recommended.memory >= 1 << 30 and debian.recommended.disk >= 10 << 30
    assert "jeos" in debian.unattended and not debian.tpm
    windows = database.system("win11")
    assert windows is not None
    assert windows.tpm and windows.secure_boot and windows.local_clock
    assert windows.firmware == {"efi"} and not windows.drives("virtio-block", "virtio1.0-block")
    assert database.system("no-such-system") is None


@pytest.mark.parametrize(
    ("label", "info", "short_id", "name", "certainty"),
    [
        ("Debian 11.5.0 amd64 n", "", "debian11", "Debian 11", Certainty.MEDIA),
        (
            "Debian 12.7.0 amd64 n",
            'Debian GNU/Linux 12.7.0 "Bookworm" - Official amd64 NETINST',
            "debian11",
            'Debian GNU/Linux 12.7.0 "Bookworm"',
            Certainty.RELATIVE,
        ),
        ("CentOS-Stream-99-BaseOS-x86_64", "", "centos-stream9", "CentOS Stream 99", Certainty.RELATIVE),
        ("ISOIMAGE", "", "", "", Certainty.NONE),
        ("", "", "", "", Certainty.NONE),
        ("Gnu's own 3", "", "", "", Certainty.NONE),
    ],
)
def test_media(database: Database, label: str, info: str, short_id: str, name: str, certainty: Certainty) -> None:
    # A newer database may know what Debian 12's did not: then it is no relative any more.
    system = database.identify(Disc(volume=label, info=info, size=600 << 20)).system
    if certainty is Certainty.RELATIVE and system.certainty is Certainty.MEDIA:
        pytest.skip("this computer's OS database knows that system itself")
    assert (system.short_id, system.name, system.certainty) == (short_id, name, certainty)
    assert bool(system.stands_for) == (certainty is Certainty.RELATIVE)


def test_a_relative_is_never_newer_if_there_is_an_older_one(database: Database) -> None:
    relative = database.relative("Debian GNU/Linux 99.1")
    assert relative is not None and relative.stands_for and relative.version == "99.1"
    older = database.relative("Ubuntu 18.04.6 LTS")
    assert older is not None and older.short_id == "ubuntu18.04"


@pytest.mark.parametrize(
    ("words", "version"),
    [
        ("debian-cloud.qcow2", ""),
        ("debian-cloud", ""),
        ("debian-live-x86_64", ""),
        ("debian-generic-64bit", ""),
        ("debian-99-genericcloud-amd64.qcow2", "99"),
        ("debian99-nocloud", "99"),
    ],
)
def test_what_is_no_version(database: Database, words: str, version: str) -> None:
    relative = database.relative(words)
    assert relative is not None and relative.version == version and "cloud" not in relative.name
    newest = database.relative("Debian 99")
    assert newest is not None and relative.stands_for == newest.stands_for


@pytest.mark.parametrize(
    ("words", "expected"),
    [("Debian 12 arm64 n", "aarch64"), ("RHEL-9-x86_64", "x86_64"), ("Debian amd64", "x86_64"), ("nothing", "")],
)
def test_architecture(words: str, expected: str) -> None:
    assert architecture(words) == expected


def test_a_database_that_is_none_is_refused(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "x.tar.xz").write_text("no archive")
    with pytest.raises(VirtError, match="not an archive"):
        add_to_database(tmp_path / "x.tar.xz")
