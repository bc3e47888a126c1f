"""`vmdesk create` with what it should not be given: a clear sentence, nothing lost, nothing left over."""

import io
import os
import re
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.live.creating import Desk, filled, image
from tests.testbed import scale
from tests.testbed.client import KeeperClient
from tests.testbed.guests import connection
from vmdesk.cli.main import main
from vmdesk.core.journal import Journal

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA ann@home"
EMPTY = ("--disk", "16M", "--network", "none")
Files = Callable[[Path], Sequence[str]]


class Case:
    """`words` may need files, made in a folder. `code`: how it ends; `says`: a word of the sentence."""

    def __init__(self, name: str, words: Sequence[str] | Files, says: str, code: int = 1, stdin: str = "") -> None:
        self.name, self.words, self.says, self.code, self.stdin = name, words, says, code, stdin

    def arguments(self, folder: Path) -> list[str]:
        return list(self.words(folder) if callable(self.words) else self.words)


def named(name: str) -> list[str]:
    return [f"--name={name}", *EMPTY]


def of(option: str, make: Callable[[Path], Path | str]) -> Files:
    """A file that is made for it."""
    return lambda folder: ["--name", "x", option, str(make(folder)), "--network", "none"]


def given(*words: str) -> list[str]:
    return ["--name", "x", *words]


def written(name: str, content: bytes | str, mode: int = 0o644) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        path.chmod(mode)
        return path

    return make


def pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe.iso")
    return folder / "pipe.iso"


def a_socket(folder: Path) -> Path:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(folder / "s.iso"))
    return folder / "s.iso"


def loop(folder: Path) -> Path:
    (folder / "loop.iso").symlink_to("loop.iso")
    return folder / "loop.iso"


def backed(folder: Path) -> Path:
    subprocess.run(
        ["qemu-img", "create", "-q", "-u", "-f", "qcow2", "-b", "/etc/passwd", "-F", "raw", folder / "b.qcow2", "1M"],
        check=True,
    )
    return folder / "b.qcow2"


def outside(folder: Path) -> Path:
    return image(folder / "d.qcow2", 1, "qcow2", "-o", f"data_file={folder / 'data'},data_file_raw=on")


def petabyte(folder: Path) -> Path:
    path = folder / "huge.qcow2"
    size = ["-o", "cluster_size=2M"]
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", *size, path, "1P"], check=True)
    with path.open("r+b") as file:  # its tables are zeroes: of the file only 200 kB are kept
        file.truncate(200_000)
    return path


def cut(folder: Path) -> Path:
    path = image(folder / "cut.qcow2")
    os.truncate(path, 60)
    return path


def parts(folder: Path) -> Path:
    text = '# Disk DescriptorFile\nversion=1\ncreateType="monolithicFlat"\nRW 2048 FLAT "/etc/passwd" 0\n'
    return written("parts.vmdk", text)(folder)


def hidden_parts(folder: Path) -> Path:
    """A sparse VMDK whose description names another file."""
    path = image(folder / "sparse.vmdk", 1, "vmdk")
    data = path.read_bytes()
    path.write_bytes(re.sub(rb'SPARSE "[^"]*"', b'FLAT "/etc/passwd" 0 ', data))
    return path


def differing(folder: Path) -> Path:
    path = image(folder / "child.vhd", 1, "vpc")
    data = bytearray(path.read_bytes())
    for start in (0, len(data) - 512):
        data[start + 60 : start + 64] = struct.pack(">I", 4)
    path.write_bytes(data)
    return path


def misnamed(folder: Path) -> Path:
    return image(folder / "x.qcow2").rename(folder / "really.raw")


def polyglot(folder: Path) -> Path:
    """A CD image whose first bytes are a qcow2 with a backing file."""
    path = folder / "both.iso"
    data = bytearray(backed(folder).read_bytes().ljust(64 * 1024, b"\0"))
    data[32768 : 32768 + 6] = b"\x01CD001"
    path.write_bytes(data)
    return path


def unreadable(folder: Path) -> Path:
    return written("secret.iso", "x", 0)(folder)


def bomb(folder: Path) -> Path:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "ha" * 10}">' for n in range(10))
    return written("bomb.xml", f"<!DOCTYPE d [{entities}]><domain><name>&e9;</name></domain>")(folder)


def second(folder: Path) -> list[str]:
    return given("--disk", "1M", "--disk", f"source={backed(folder)}", "--network", "none")


PRIVATE = "-----BEGIN OPENSSH PRIVATE KEY-----\nabc"
DOMAIN = "<domain type='qemu'><name>n</name><memory>65536</memory><os><type>hvm</type></os>{}</domain>"


def cloud(*words: str, file: str = "", content: str = "") -> Files:
    """With a cloud image; `file` is the option of a file of that content."""

    def make(folder: Path) -> list[str]:
        more = [file, str(written("data", content)(folder))] if file else []
        return [
            "--name",
            "x",
            "--cloud-image",
            str(filled(folder / "c.qcow2", 1, "qcow2")),
            "--network",
            "none",
            *words,
            *more,
        ]

    return make


CASES = [
    # names
    Case("slash", named("a/b"), "slash"),
    Case("way-up", named("../x"), "slash"),
    Case("dot", named("."), "folder"),
    Case("dots", named(".."), "folder"),
    Case("nothing", named(""), "needs a name"),
    Case("spaces", named("   "), "needs a name"),
    Case("long", named("x" * 300), "too long"),
    Case("long-bytes", named("é" * 150), "too long"),
    Case("dash", named("-rf"), "dash"),
    Case("dash-without-equals", ["--name", "-rf", *EMPTY], "--name", 2),
    Case("newline", named("a\nb"), "invisible"),
    Case("tab", named("a\tb"), "invisible"),
    Case("delete", named("a\x7fb"), "invisible"),
    Case("turned-round", named("gpj\u202eexe"), "invisible"),
    Case("trailing", named("a "), "space"),
    Case("backwards", named("a-{9..1}"), ""),
    Case("thousands", named("a-{1..5000}"), "Between 1 and 999"),
    # how much of what
    Case("memory-0", given("--memory", "0", *EMPTY), "memory", 2),
    Case("memory-minus", given("--memory=-1", *EMPTY), "size", 2),
    Case("memory-words", given("--memory", "banana", *EMPTY), "banana", 2),
    Case("memory-huge", given("--memory", "9999999T", *EMPTY), "at most 4096T", 2),
    Case("memory-endless", given("--memory", "9" * 400, *EMPTY), "", 2),
    Case("memory-nan", given("--memory", "nanG", *EMPTY), "nan", 2),
    Case("disk-0", given("--disk", "size=0"), "size=0", 2),
    Case("disk-minus", given("--disk=size=-5G"), "size", 2),
    Case("disk-1-byte", given("--disk", "size=1B"), ""),
    Case("disk-huge", given("--disk", "size=9E"), "not a size", 2),
    Case("disk-large", given("--disk", "size=9P"), "at most"),
    Case("disk-endless", given("--disk", "size=" + "9" * 300), "", 2),
    Case("disk-full", given("--disk", "size=900T,full"), ""),
    Case("disk-format", given("--disk", "size=1G,format=vmdk"), "qcow2 or raw"),
    Case("disk-pool", given("--disk", "size=1M,pool=nowhere"), "nowhere"),
    Case("disk-bus", given("--disk", "size=1M,bus=warp"), "warp"),
    Case("disk-name", given("--disk", "size=1M,name=../../etc/shadow"), "not the name"),
    Case("disk-comma", given("--disk", "size=1M,"), "empty part", 2),
    Case("disk-what", given("--disk", "colour=red"), "colour", 2),
    Case("disk-forty", given(*["--disk", "1M"] * 400), "at most"),
    Case("disk-none-and-one", given("--disk", "none", "--disk", "1M"), "none", 2),
    Case("cpus-0", given("--vcpus", "0", *EMPTY), "--vcpus", 2),
    Case("cpus-minus", given("--vcpus", "-3", *EMPTY), "processor"),
    Case("cpus-many", given("--vcpus", "99999999", *EMPTY), "processor"),
    Case("cpus-two", given("--vcpus", "two", *EMPTY), "two", 2),
    Case("count-0", given("--count", "0", *EMPTY), ""),
    Case("count-minus", given("--count=-4", *EMPTY), ""),
    Case("count-many", given("--count", "100000", *EMPTY), "Between 1 and 999"),
    # what is not there
    Case("os", given("--os", "templeos99", *EMPTY), "templeos99"),
    Case("arch", given("--arch", "vax", *EMPTY), "vax"),
    Case("kind", given("--virt-type", "bhyve", *EMPTY), "bhyve"),
    Case("machine", given("--machine", "toaster", *EMPTY), "toaster"),
    Case("cpu", given("--cpu", "Z80", *EMPTY), "Z80"),
    Case("display", given("--display", "hologram", *EMPTY), "hologram"),
    Case("firmware", given("--firmware", "coreboot", *EMPTY), "coreboot", 2),
    Case("uuid", given("--uuid", "not-one", *EMPTY), "UUID"),
    Case("network", given("--disk", "none", "--network", "nonet"), "nonet"),
    Case("bridge", given("--disk", "1M", "--network", "bridge=nobr0"), "nobr0"),
    Case("bridge-long", given("--disk", "1M", "--network", "bridge=" + "b" * 80), ""),
    Case("mac", given("--disk", "1M", "--network", "user,mac=zz:zz"), "zz:zz"),
    Case("mac-of-all", given("--disk", "1M", "--network", "user,mac=ff:ff:ff:ff:ff:ff"), "ff:ff"),
    Case("forward", given("--disk", "1M", "--network", "user,forward=ssh"), "forward", 2),
    Case("forward-port", given("--disk", "1M", "--network", "user,forward=70000:22"), "70000"),
    Case("forward-comma", given("--disk", "1M", "--network", "user,forward=1,,guestfwd:2"), "forward", 2),
    Case("forward-address", given("--disk", "1M", "--network", "user,forward=evil,,x=y:2222:22"), ""),
    # installation media
    Case("iso-missing", of("--cdrom", lambda folder: folder / "no.iso"), "no such file"),
    Case("iso-folder", of("--cdrom", lambda folder: folder), "folder"),
    Case("iso-empty", of("--cdrom", written("e.iso", b"")), "empty"),
    Case("iso-words", of("--cdrom", written("w.txt", "hello\n" * 9000)), "not a CD image"),
    Case("iso-unreadable", of("--cdrom", unreadable), "not read"),
    Case("iso-pipe", of("--cdrom", pipe), "neither"),
    Case("iso-socket", of("--cdrom", a_socket), ""),
    Case("iso-null", of("--cdrom", lambda _: "/dev/null"), "neither"),
    Case("iso-loop", of("--cdrom", loop), "cannot be read"),
    Case("iso-newline", of("--cdrom", lambda folder: f"{folder}/a\nb.iso"), "no such file"),
    Case("iso-long", of("--cdrom", lambda folder: f"{folder}/{'i' * 5000}.iso"), "cannot be read"),
    Case("iso-volume", given("--cdrom", "vol:nowhere/none.iso", "--network", "none"), "nowhere"),
    Case("iso-volume-half", given("--cdrom", "vol:half", "--network", "none"), "vol:POOL", 2),
    # disks
    Case("backing-file", of("--import", backed), "stands on another file"),
    Case("data-file", of("--import", outside), "another file"),
    Case("petabyte", of("--import", petabyte), "TiB"),
    Case("cut-off", of("--import", cut), ""),
    Case("parts", of("--import", parts), "other files"),
    Case("hidden-parts", of("--import", hidden_parts), "other file"),
    Case("difference", of("--import", differing), "another file"),
    Case("called-raw", of("--import", misnamed), "called raw"),
    Case("called-qcow2", of("--import", written("x.qcow2", b"x" * 100_000)), "should be qcow2"),
    Case("two-in-one", of("--import", polyglot), ""),
    Case("encrypted", of("--import", written("l.img", b"LUKS\xba\xbe\0\1".ljust(100_000, b"\0"))), "LUKS"),
    Case("protocol", of("--import", lambda _: "nbd:localhost:10809"), "no such file"),
    Case("json", of("--import", lambda _: 'json:{"file.filename":"/etc/passwd"}'), "no such file"),
    Case("second-backed", second, "another file"),
    Case("url-disk", given("--import", "http://127.0.0.1:1/x.qcow2", "--network", "none"), ""),
    # cloud-init
    Case("user", cloud("--user", "root; reboot"), "user name"),
    Case("user-yaml", cloud("--user", "ann\n  - name: eve"), "user name"),
    Case("host-yaml", cloud("--hostname", "a\nruncmd: [reboot]"), "host name"),
    Case("packages", cloud("--packages", "vim,$(reboot)"), "package"),
    Case("key", cloud("--user", "ann", file="--ssh-key", content="not a key"), "public SSH key"),
    Case("key-private", cloud("--user", "ann", file="--ssh-key", content=PRIVATE), "public SSH key"),
    Case("key-command", cloud("--user", "ann", file="--ssh-key", content=f'command="reboot" {KEY}'), "public SSH key"),
    Case("key-missing", cloud("--ssh-key", "/no/such/key.pub"), "/no/such/key.pub", 2),
    Case("data-no-head", cloud(file="--user-data", content="password: x\n"), "must begin"),
    Case("data-yaml", cloud(file="--user-data", content="#cloud-config\na: [1,\nb: }"), "YAML"),
    Case("data-bomb", cloud(file="--user-data", content="#cloud-config\n" + "a: " + "[" * 5000), "YAML"),
    Case("data-long", cloud(file="--user-data", content="#cloud-config\n" + "#" * 300_000), "longer"),
    Case("password-whose", cloud("--password-file", "-"), "Whose password", stdin="sesame\n"),
    Case("password-lines", cloud("--user", "ann", "--password-file", "-"), "one line", stdin="a\nb\n"),
    Case("address-no-prefix", cloud("--address", "192.168.7.10"), "prefix"),
    Case("address-yaml", cloud("--address", "192.168.7.10/24\nx: [1"), "prefix"),
    Case("address-no-card", cloud("--address", "192.168.7.10/24"), "network card"),
    Case("stdin-twice", cloud("--password-file", "-", "--user-data", "-"), "stdin", 2),
    # other places
    Case("refused", given("--location", "http://127.0.0.1:1/", *EMPTY), "cannot be reached"),
    Case("not-an-address", given("--location", "file:///etc/", *EMPTY), "address", 2),
    Case("password-in-address", given("--location", "http://a:b@127.0.0.1:1/", *EMPTY), "password"),
    Case("kernel-folder", lambda folder: given("--kernel", str(folder), *EMPTY), "is a folder"),
    Case("initrd-missing", given("--kernel", "/etc/hostname", "--initrd", "/no/initrd", *EMPTY), "no file"),
    Case("drivers-folder", lambda folder: given("--drivers", str(folder), *EMPTY), "is a folder"),
    Case("kernel-missing", given("--kernel", "/no/kernel", *EMPTY), "/no/kernel"),
    Case("initrd-alone", given("--initrd", "/x", *EMPTY), "--kernel", 2),
    Case("append-alone", given("--append", "quiet", *EMPTY), "--append", 2),
    Case("two-places", given("--pxe", "--cdrom", "/x.iso"), "one place", 2),
    Case("container", given("--container", "/srv/root", "--network", "none"), ""),
    # definitions
    Case("xml-none", of("--xml", written("x.xml", "hello")), "not a definition"),
    Case("xml-bomb", of("--xml", bomb), "not a definition"),
    Case("xml-other", of("--xml", written("x.xml", "<network><name>x</name></network>")), "not a definition"),
    Case("xml-binary", of("--xml", written("x.xml", b"\xff\xfe\x00" * 50)), "UTF-8", 2),
    Case("xml-cpus", of("--xml", written("x.xml", DOMAIN.format("<vcpu>0</vcpu>"))), ""),
    Case("xml-memory", of("--xml", written("x.xml", DOMAIN.format("").replace("65536", "-5"))), ""),
    Case(
        "xml-allow",
        lambda folder: ["--name", "x", "--xml", str(written("x.xml", DOMAIN.format(""))(folder)), "--allow", "99"],
        "99",
    ),
    Case("allow-alone", given("--allow", "1", *EMPTY), "--xml", 2),
]  # fmt: skip


def hosts(case: int) -> tuple[str, ...]:
    """Both at full scale, else each case on one of them."""
    return HOSTS if scale.SCALE >= 1 else HOSTS[case % 2 :][:1]


HOSTS = ("system", "session")


@pytest.fixture
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(request.getfixturevalue(f"{request.param}_uri"), tmp_path)
    yield made
    made.closed()


class Shell:
    """`vmdesk` in this process: a new one for each case would take minutes."""

    def __init__(self, desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._desk, self._monkeypatch, self._capsys = desk, monkeypatch, capsys

    def __call__(self, *words: str, stdin: str = "") -> tuple[int, str, str]:
        self._monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        self._capsys.readouterr()
        code = main(self._desk.command(*words)[3:])
        out, err = self._capsys.readouterr()
        return code, out, err


@pytest.fixture
def vmdesk(desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(desk, monkeypatch, capsys)


def clean(desk: Desk, err: str) -> None:
    """What holds for every refusal."""
    assert "Traceback" not in err and "mistake" not in err, err
    said = err.partition("usage:")[0].splitlines()
    assert said and all(line.startswith("vmdesk: ") for line in said), err
    assert max(map(len, said)) < 700, err
    assert desk.new[0] == set()
    assert desk.left == []


WHERE = [(host, case) for number, case in enumerate(CASES) for host in hosts(number)]
IDS = [f"{host}-{case.name}" for host, case in WHERE]


@pytest.mark.parametrize(("desk", "case"), WHERE, ids=IDS, indirect=["desk"])
def test_refused(desk: Desk, vmdesk: Shell, tmp_path: Path, case: Case) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    words = case.arguments(folder)
    files = {path: path.read_bytes() for path in folder.iterdir() if path.is_file() and os.access(path, os.R_OK)}
    before = set(desk.volumes())
    code, out, err = vmdesk("create", *words, stdin=case.stdin)
    print(err)
    assert (code, out) == (case.code, ""), (out, err)
    assert case.says in err, err
    clean(desk, err)
    assert set(desk.volumes()) == before
    assert {path: path.read_bytes() for path in files} == files


@pytest.mark.parametrize(
    "name", ["🙂", "máy ảo", "web 1", "a;rm -rf $HOME", "<&\"'>", "$(reboot)`id`", "%s%n", "x" * 200, "a,b=c"]
)
@pytest.mark.parametrize("desk", ["session"], indirect=True)
def test_odd_names_that_can_be(desk: Desk, vmdesk: Shell, name: str) -> None:
    code, out, err = vmdesk("create", f"--name={name}", *EMPTY, "--memory", "64M", "--no-start")
    assert (code, out) == (0, f"{name}\n"), err
    assert desk.new[0] == {name}
    assert len(desk.new[1]) == 1


@pytest.mark.parametrize("desk", HOSTS, indirect=True)
def test_nothing_is_replaced(desk: Desk, vmdesk: Shell) -> None:
    vmdesk("create", "--name", "twice", *EMPTY, "--memory", "64M", "--no-start")
    before = desk.new
    code, out, err = vmdesk("create", "--name", "twice", *EMPTY, "--memory", "64M", "--no-start")
    assert (code, out) == (1, "") and "twice" in err
    assert desk.new == before and desk.left == []
    uuid = desk.ask("twice", lambda domain: domain.UUIDString())
    code, out, err = vmdesk("create", "--name", "other", "--uuid", uuid, *EMPTY, "--memory", "64M", "--no-start")
    assert (code, out) == (1, "") and "UUID" in err
    assert desk.new == before and desk.left == []


@pytest.mark.parametrize("desk", HOSTS, indirect=True)
def test_a_medium_that_vanishes_between_check_and_use(
    desk: Desk, vmdesk: Shell, rescue_cd: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    iso = tmp_path / "gone.iso"
    iso.write_bytes(rescue_cd.read_bytes())
    begin = Journal.begin

    def vanishing(*arguments: Any, **more: Any) -> Any:
        iso.unlink()
        return begin(*arguments, **more)

    monkeypatch.setattr(Journal, "begin", vanishing)
    code, out, err = vmdesk("create", "--name", "v", "--cdrom", str(iso), *EMPTY, "--memory", "64M")
    assert (code, out) == (1, "") and "gone.iso" in err
    clean(desk, err)
    assert not desk.new[1]


def test_a_pool_that_fills_half_way(
    system_uri: str, keeper: KeeperClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    small = keeper.small_make(8)
    with connection(system_uri) as conn:
        pool = conn.storagePoolDefineXML(
            f"<pool type='dir'><name>small</name><target><path>{small}</path></target></pool>"
        )
        pool.create()
    desk = Desk(system_uri, tmp_path)
    vmdesk = Shell(desk, monkeypatch, capsys)
    try:
        source = filled(tmp_path / "large.raw", 12)
        words = ("--name", "full", "--import", str(source), "--disk", "pool=small,copy", "--network", "none")
        code, out, err = vmdesk("create", *words)
        assert (code, out) == (1, "") and "small has" in err, err  # told beforehand
        clean(desk, err)
        # Somebody else fills it meanwhile.
        monkeypatch.setattr("vmdesk.core.creating.findings.room", lambda *_: ())
        code, out, err = vmdesk("create", *words)
        assert (code, out) == (1, ""), err
        assert re.search("no space|full|room", err, re.IGNORECASE), err
        clean(desk, err)
        assert not desk.new[1]
    finally:
        desk.closed()
        with connection(system_uri) as conn:
            pool = conn.storagePoolLookupByName("small")
            pool.destroy()
            pool.undefine()


@pytest.mark.parametrize("desk", ["session"], indirect=True)
def test_a_password_is_nowhere(desk: Desk, vmdesk: Shell, tmp_path: Path) -> None:
    source = filled(tmp_path / "c.qcow2", 1, "qcow2")
    words = (
        "--cloud-image",
        str(source),
        "--user",
        "ann",
        "--password-file",
        "-",
        "--network",
        "none",
        "--memory",
        "64M",
    )
    code, _, err = vmdesk("--debug", "create", "--name", "pw", *words, "--no-start", stdin="correct horse 77\n")
    assert code == 0, err
    assert "correct horse" not in err
    for path in (*desk.volumes().values(), *map(str, (desk.folder / "settings").rglob("*"))):
        if Path(path).is_file():
            assert b"correct horse" not in Path(path).read_bytes()
    assert "correct horse" not in desk.xml("pw")


@pytest.mark.parametrize("desk", HOSTS, indirect=True)
def test_print_xml_changes_nothing(desk: Desk, vmdesk: Shell, rescue_cd: Path, tmp_path: Path) -> None:
    networks = desk.networks()
    with_media = (
        ("--cdrom", str(rescue_cd)),
        ("--cloud-image", str(filled(tmp_path / "c.qcow2", 1, "qcow2")), "--user", "a"),
    )
    for words in with_media:
        code, out, err = vmdesk("create", "--name", "p", *words, "--print-xml")
        assert code == 0, err
        assert out.startswith("<domain") and "<uuid>" not in out and "<mac " not in out
        assert desk.new == (set(), set()) and desk.left == [] and desk.networks() == networks
    uuid = "7b0e52a5-3c4b-4d55-9d8c-1f0a2b3c4d5e"
    network = "user,mac=52:54:00:01:02:03"
    code, out, _ = vmdesk("create", "--name", "p", "--pxe", "--uuid", uuid, "--network", network, "--print-xml")
    assert code == 0 and uuid in out and "52:54:00:01:02:03" in out
