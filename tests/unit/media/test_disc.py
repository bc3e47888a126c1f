"""CD images: what they say of themselves, and that no length in them is believed."""

import io
import random
from pathlib import Path

import pycdlib
import pytest

from vmdesk.media.disc import Disc, read_disc, read_file

INFO = b'Debian GNU/Linux 12.7.0 "Bookworm" - Official amd64 NETINST with firmware'


def cd(label: str, files: dict[str, bytes], joliet: bool, rock_ridge: bool) -> bytes:
    """A CD with files one folder deep."""
    iso = pycdlib.PyCdlib()
    iso.new(
        interchange_level=3,
        joliet=3 if joliet else None,
        rock_ridge="1.09" if rock_ridge else None,
        vol_ident=label,
    )
    for number, (path, content) in enumerate(files.items()):
        folder, _, name = path.rpartition("/")
        inside = ""
        if folder:
            inside = f"/DIR{number}"
            names = {"rr_name": folder} if rock_ridge else {}
            names |= {"joliet_path": f"/{folder}"} if joliet else {}
            iso.add_directory(inside, **names)
        names = {"rr_name": name} if rock_ridge else {}
        names |= {"joliet_path": f"/{path}"} if joliet else {}
        iso.add_fp(io.BytesIO(content), len(content), f"{inside}/FILE{number}.;1", **names)
    out = io.BytesIO()
    iso.write_fp(out)
    iso.close()
    return out.getvalue()


def reader(data: bytes):  # type: ignore[no-untyped-def]
    return lambda offset, length: data[offset : offset + length]


@pytest.mark.parametrize(("joliet", "rock_ridge"), [(True, True), (True, False), (False, True)])
def test_label_and_info(joliet: bool, rock_ridge: bool) -> None:
    data = cd("Debian 12.7.0 n", {".disk/info": INFO}, joliet, rock_ridge)
    disc = read_disc(reader(data))
    assert disc is not None
    assert (disc.volume, disc.info) == ("Debian 12.7.0 n", INFO.decode())
    assert disc.size == len(data)


def test_a_real_one() -> None:
    disc = read_file("/usr/lib/grub-rescue/grub-rescue-cdrom.iso")
    assert disc is not None and disc.volume == "ISOIMAGE"


def test_no_cd(tmp_path: Path) -> None:
    (tmp_path / "a.iso").write_bytes(b"x" * 100_000)
    assert read_file(f"{tmp_path}/a.iso") is None
    (tmp_path / "b.iso").write_bytes(b"")
    assert read_file(f"{tmp_path}/b.iso") is None


def test_nothing_in_it_is_believed() -> None:
    """Damaged at random: an answer or none, but never an exception, and never more read than a bound."""
    data = cd("LABEL", {".disk/info": INFO}, True, True)
    chance = random.Random(11)
    for _ in range(400):
        broken = bytearray(data)
        for _ in range(chance.randrange(1, 40)):
            at = chance.randrange(16 * 2048, min(len(broken), 40 * 2048))
            broken[at] = chance.randrange(256)
        asked: list[int] = []

        def read(offset: int, length: int, broken: bytes = bytes(broken), asked: list[int] = asked) -> bytes:
            asked.append(length)
            return broken[offset : offset + length]

        assert isinstance(read_disc(read), Disc | None)
        assert max(asked) <= 1 << 20
        assert len(asked) < 64
