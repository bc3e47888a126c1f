"""Images from outside: told apart, and the traps refused before QEMU's tools see them."""

import os
import random
import subprocess
import threading
from pathlib import Path

import pytest

from vmdesk.media.convert import convert
from vmdesk.media.image import Image, inspect, no_file
from vmdesk.model.errors import VirtError

MIB = 1 << 20
FORMATS = [
    ("qcow2", "", "a.qcow2"),
    ("raw", "", "a.raw"),
    ("vmdk", "", "a.vmdk"),
    ("vmdk", "subformat=streamOptimized", "b.vmdk"),
    ("vdi", "", "a.vdi"),
    ("vdi", "static=on", "b.vdi"),
    ("vpc", "", "a.vhd"),
    ("vpc", "subformat=fixed", "b.vhd"),
    ("vhdx", "", "a.vhdx"),
    ("vhdx", "subformat=fixed", "b.vhdx"),
]


def qemu_img(*arguments: str) -> str:
    return subprocess.run(("qemu-img", *arguments), check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some sectors of noise with holes between them."""
    path = tmp_path_factory.mktemp("content") / "content.img"
    noise = random.Random(4)
    with path.open("wb") as file:
        for at in (0, 3 * MIB, 7 * MIB - 512):
            file.seek(at)
            file.write(noise.randbytes(512 * 3))
        file.truncate(8 * MIB)
    return path


@pytest.mark.parametrize(("format_", "options", "name"), FORMATS)
def test_each_format_is_known_and_converts_to_the_same_content(
    tmp_path: Path, content: Path, format_: str, options: str, name: str
) -> None:
    image = tmp_path / name
    extra = ["-o", options] if options else []
    qemu_img("convert", "-f", "raw", "-O", format_, *extra, str(content), str(image))
    found = inspect(str(image))
    assert (found.format, found.taken) == (format_, image.stat().st_size)
    assert 8 * MIB <= found.size <= 8 * MIB + 64 * 1024  # Virtual PC rounds up to a cylinder
    steps: list[float] = []
    target = tmp_path / "out.qcow2"
    convert(found, str(target), "qcow2", steps.append)
    assert steps[-1] == 1.0 and steps == sorted(steps)
    assert (target.stat().st_mode & 0o777) == 0o600
    assert "identical" in qemu_img("compare", "-f", "raw", "-F", "qcow2", str(content), str(target))


def traps(folder: Path) -> dict[str, str]:
    """Name of the file -> name of the problem."""
    qemu_img("create", "-f", "qcow2", "-b", "/etc/passwd", "-F", "raw", str(folder / "backing.qcow2"))
    qemu_img("create", "-f", "qcow2", "-o", f"data_file={folder}/data.raw", str(folder / "data.qcow2"), "1M")
    qemu_img("create", "-f", "qcow2", "-o", "cluster_size=2M", str(folder / "huge.qcow2"), "1P")
    qemu_img("create", "-f", "vmdk", "-o", "subformat=monolithicFlat", str(folder / "parts.vmdk"), "1M")
    qemu_img("create", "-f", "qed", str(folder / "old.qed"), "1M")
    qemu_img("create", "-f", "qcow2", str(folder / "disguised.raw"), "1M")
    qemu_img("create", "-f", "qcow2", str(folder / "cut.qcow2"), "1M")
    os.truncate(folder / "cut.qcow2", 90)
    (folder / "junk.qcow2").write_bytes(b"hello" * 1000)
    (folder / "junk.vmdk").write_bytes(b"KDMV" + b"\xff" * 4096)
    (folder / "passwd.vmdk").write_text('# Disk DescriptorFile\nRW 63 FLAT "/etc/passwd" 0\n')
    (folder / "empty.img").write_bytes(b"")
    (folder / "folder.iso").mkdir()
    os.mkfifo(folder / "pipe.img")
    parent = bytearray(512)
    parent[:8], parent[60:64] = b"conectix", (4).to_bytes(4, "big")
    (folder / "child.vhd").write_bytes(bytes(MIB) + parent)
    return {
        "backing.qcow2": "unsafe-image",
        "data.qcow2": "unsafe-image",
        "huge.qcow2": "image-too-large",
        "parts.vmdk": "image-in-parts",
        "old.qed": "unsafe-image",
        "disguised.raw": "wrong-format",
        "cut.qcow2": "wrong-format",
        "junk.qcow2": "wrong-format",
        "junk.vmdk": "unsafe-image",
        "passwd.vmdk": "image-in-parts",
        "empty.img": "empty-image",
        "folder.iso": "not-a-file",
        "pipe.img": "not-a-file",
        "child.vhd": "unsafe-image",
        "missing.img": "unreadable",
        "nul\0.img": "unreadable",
        "n" * 300: "unreadable",
    }


def test_every_trap_is_refused_in_words(tmp_path: Path) -> None:
    wrong = {}
    for name, expected in traps(tmp_path).items():
        with pytest.raises(VirtError) as caught:
            inspect(f"{tmp_path}/{name}")
        problem = caught.value.problem
        assert problem.why is not None or problem.details or problem.name == "not-a-file"
        if problem.name != expected:
            wrong[name] = (problem.name, str(caught.value))
    assert not wrong


def test_what_is_no_file_is_told_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(VirtError, match="is a folder"):
        inspect(str(tmp_path))
    assert str(no_file(str(tmp_path))) == f"{tmp_path} is a folder."
    assert str(no_file("/dev/null")) == "/dev/null is neither a file nor a disk."
    assert str(no_file(f"{tmp_path}/x")) == f"There is no file {tmp_path}/x."
    assert no_file(__file__) is None


def test_what_a_person_names_must_be_what_it_is(tmp_path: Path) -> None:
    qemu_img("create", "-f", "qcow2", str(tmp_path / "disk"), "1M")
    assert inspect(f"{tmp_path}/disk").format == "qcow2"
    with pytest.raises(VirtError, match="should be vmdk"):
        inspect(f"{tmp_path}/disk", "vmdk")


def test_a_bootable_stick_image_is_a_cd() -> None:
    assert inspect("/usr/lib/grub-rescue/grub-rescue-cdrom.iso").format == "iso"


def test_an_image_that_changed_after_the_check_is_not_converted(tmp_path: Path) -> None:
    path = tmp_path / "a"
    qemu_img("create", "-f", "qcow2", str(path), "1M")
    image = inspect(str(path))
    path.unlink()
    qemu_img("create", "-f", "qcow2", "-b", "/etc/passwd", "-F", "raw", str(path))
    with pytest.raises(VirtError) as caught:
        convert(image, str(tmp_path / "out"), "qcow2")
    assert caught.value.problem.name == "unsafe-image"
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("precious")
    qemu_img("create", "-f", "qcow2", str(tmp_path / "a"), "1M")
    with pytest.raises(VirtError, match="is there already"):
        convert(inspect(f"{tmp_path}/a"), str(tmp_path / "out"), "qcow2")
    assert (tmp_path / "out").read_text() == "precious"


def test_cancelled_leaves_nothing(tmp_path: Path, content: Path) -> None:
    stop = threading.Event()
    stop.set()
    big = tmp_path / "big.raw"
    with big.open("wb") as file:
        for _ in range(64):
            file.write(os.urandom(MIB))
    with pytest.raises(VirtError) as caught:
        convert(inspect(str(big)), str(tmp_path / "out.qcow2"), "qcow2", stop=stop)
    assert caught.value.problem.name == "cancelled"
    assert sorted(os.listdir(tmp_path)) == ["big.raw"]


def test_a_name_is_never_a_protocol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("nbd:localhost", "json:{}", "-O", "fat:rw:x"):
        Path(name).write_bytes(b"x" * 1024)
        convert(Image(name, "raw", 1024, 1024), f"out-{name}", "raw")
        assert Path(f"out-{name}").read_bytes() == b"x" * 1024
