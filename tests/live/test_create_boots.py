"""New machines that boot: what people make on their first day. Emulated, so it takes its minutes; all at once."""

import base64
import contextlib
import hashlib
import os
import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import libvirt
import pytest
from lxml import etree
from PIL import Image

from tests.live.creating import STORED, Desk
from tests.live.looking import is_menu, screenshot
from tests.live.media import debian_cd, served
from tests.live.test_installer import chosen_row
from tests.testbed import debian
from tests.testbed.client import KeeperClient
from tests.testbed.guests import CLOCK, INSTALLER, RESCUE_CD, Guest, System, connection, wait_for
from vmdesk.model.errors import VirtError
from vmdesk.virt import inserting

BOOT = 700  # seconds; about 90 where nothing else runs
PICTURES = Path("build/creating")
pytestmark = [
    pytest.mark.skipif(INSTALLER is None, reason="debian-installer-12-netboot-amd64 is a package of Debian's"),
    pytest.mark.timeout(1800),
]


class Serial:
    """What a machine writes to its console, collected by a thread."""

    def __init__(self, uri: str, name: str) -> None:
        self.data = b""
        self._conn = libvirt.open(uri)
        self._stream = self._conn.newStream(0)  # blocking: without an event loop another kind hears nothing
        self._conn.lookupByName(name).openConsole(None, self._stream, 0)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @property
    def text(self) -> str:
        """Without the escapes that move and colour."""
        plain = re.sub(rb"\x1b[\[(][0-9;?]*[A-Za-z]", b"", self.data)
        return plain.decode(errors="replace")

    def until(self, words: str, seconds: float = BOOT) -> None:
        try:
            wait_for(lambda: words in self.text, f"{words} on the console", seconds)
        except AssertionError:
            print(self.text[-3000:])
            raise

    def close(self) -> None:
        """The machine has ended, and the thread with it."""
        self._thread.join(10)
        with contextlib.suppress(libvirt.libvirtError):
            self._conn.close()

    def _read(self) -> None:
        with contextlib.suppress(libvirt.libvirtError):
            while data := self._stream.recv(1 << 16):
                self.data += data


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    key = tmp_path_factory.mktemp("key") / "id"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ann@desk", "-f", key], check=True)
    return key


class Made:
    """All machines of this module, started together."""

    def __init__(self, desk: Desk, folder: Path, address: str, key: Path) -> None:
        assert INSTALLER is not None
        self.desk, self.port = desk, free_port()
        self.serial: dict[str, Serial] = {}
        self.said: dict[str, str] = {}
        self.cd = debian_cd(folder / "debian-12.5.0-amd64-netinst.iso")
        password = folder / "password"
        password.write_text("correct.horse\n")
        gtk = INSTALLER / "gtk" / "debian-installer" / "amd64"
        small = ("--disk", "2G", "--memory", "1G", "--vcpus", "1")
        self.make("cd", "--cdrom", str(self.cd), *small)
        self.make(
            "gtk",
            "--kernel",
            f"{gtk}/linux",
            "--initrd",
            f"{gtk}/initrd.gz",
            "--append",
            f"vga=normal {CLOCK} quiet ---",
            *small,
        )
        self.make(
            "answers", "--location", address, "--os", "debian11", "--unattended", "jeos", "--user", "ann",
            "--password-file", str(password), "--append", f"console=ttyS0 {CLOCK} DEBIAN_FRONTEND=text",
            *small,
        )  # fmt: skip
        if debian.IMAGE.exists():
            self.make(
                "cloud", "--cloud-image", str(debian.IMAGE), "--user", "ann", "--ssh-key", f"{key}.pub", "--hostname",
                "nguyen", "--network", f"user,forward={self.port}:22", "--memory", "1G", "--vcpus", "1",
            )  # fmt: skip
        if shutil.which("qemu-system-aarch64"):
            self.make("arm", "--arch", "aarch64", "--disk", "none", "--network", "none", "--memory", "512M")

    def make(self, name: str, *words: str) -> None:
        self.said[name] = self.desk.vmdesk("create", "--name", name, *words).stderr
        if name != "gtk":
            self.serial[name] = Serial(self.desk.uri, name)

    def guest(self, name: str) -> Guest:
        return Guest(name, self.desk.ask(name, lambda domain: domain.UUIDString()), System(KeeperClient()))

    def is_seen(self, name: str) -> None:
        """It has done what it was started for: what runs on would only slow the others down."""
        self.desk.ask(name, lambda domain: domain.destroy())

    def close(self) -> None:
        for one in self.serial.values():
            one.close()


@pytest.fixture(scope="module")
def all_made(_quiet_libvirt: None, tmp_path_factory: pytest.TempPathFactory, keys: Path) -> Iterator[Made]:
    assert INSTALLER is not None
    folder = tmp_path_factory.mktemp("boots")
    desk = Desk("qemu:///system", folder)
    with served(INSTALLER / "text") as address:
        made = None
        try:
            made = Made(desk, folder, address, keys)
            yield made
        finally:
            desk.closed()
            if made is not None:
                made.close()


@pytest.fixture
def made(system_uri: str, all_made: Made) -> Made:
    return all_made


def disks(xml: str) -> list[tuple[str, str, str]]:
    """(device, source, boot order) of each."""
    found = []
    for disk in etree.fromstring(xml).findall("devices/disk"):
        source, boot = disk.find("source"), disk.find("boot")
        where = (source.get("file") or "") if source is not None else ""
        found.append((disk.get("device") or "", where, (boot.get("order") or "") if boot is not None else ""))
    return found


@pytest.mark.skipif(not shutil.which("qemu-system-aarch64"), reason="no emulator for aarch64")
def test_another_architecture(made: Made) -> None:
    made.serial["arm"].until("Shell>")
    xml = etree.fromstring(made.desk.xml("arm"))
    assert xml.find("os/type").get("arch") == "aarch64"  # type: ignore[union-attr]
    made.is_seen("arm")


def test_a_system_that_the_database_does_not_know(made: Made) -> None:
    """Debian 12's own CD: named by what it says of itself, set up like its newest relative; boots to its first page."""
    assert "Debian GNU/Linux 12.5.0" in made.said["cd"] and "set up like Debian 11" in made.said["cd"]
    stored = disks(made.desk.xml("cd", STORED))
    assert [(device, bool(source), order) for device, source, order in stored] == [
        ("disk", True, "1"),
        ("cdrom", False, "2"),
    ]
    assert made.cd.name in made.desk.xml("cd")
    made.serial["cd"].until("Select a language")
    made.is_seen("cd")


def test_graphical_from_a_kernel(made: Made) -> None:
    guest = made.guest("gtk")
    live, stored = (etree.fromstring(made.desk.xml("gtk", flags)) for flags in (0, STORED))
    assert (live.findtext("on_reboot"), stored.findtext("on_reboot")) == ("destroy", "restart")
    assert live.find("os/kernel") is not None and stored.find("os/kernel") is None

    def there() -> Image.Image | None:
        picture = screenshot(guest)
        return picture if chosen_row(picture) else None

    picture = wait_for(there, "the page of the languages", BOOT)
    PICTURES.mkdir(parents=True, exist_ok=True)
    picture.save(PICTURES / "installer-from-kernel.png")
    made.is_seen("gtk")


def test_unattended(made: Made) -> None:
    """From a web server, with answers in its initrd: neither language nor keyboard is asked for."""
    serial = made.serial["answers"]
    xml = made.desk.xml("answers")
    assert "correct.horse" not in xml
    wait_for(
        lambda: re.search("mirror|partition|Partition|Configuring apt|base system", serial.text), "it goes on", BOOT
    )
    assert "Choose the language" not in serial.text
    # What only the start needed is gone, and the password with it.
    assert not [one for one in made.desk.new[1] if "answers-" in one]
    made.is_seen("answers")


@pytest.mark.skipif(not debian.IMAGE.exists(), reason="no image was made by debootstrap")
def test_a_cloud_image_is_what_it_was_asked_to_be(made: Made, keys: Path) -> None:
    serial = made.serial["cloud"]
    serial.until("nguyen login:", BOOT)
    blob = base64.b64decode(Path(f"{keys}.pub").read_text().split()[1])
    serial.until(hashlib.sha256(blob).digest().hex(":"), BOOT)
    # The port of this computer that leads into it.
    with socket.create_connection(("127.0.0.1", made.port), 30) as one:
        one.settimeout(60)
        assert one.recv(100).startswith(b"SSH-2.0-OpenSSH")
    asked = [f"-o{one}" for one in ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "BatchMode=yes")]
    told = subprocess.run(
        ["ssh", "-p", str(made.port), "-i", keys, *asked, "-oConnectTimeout=60", "ann@127.0.0.1", "hostname"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert told.stdout.strip() == "nguyen", told.stderr
    with pytest.raises(ConnectionRefusedError):  # only this computer's own programs reach it
        socket.create_connection(("192.168.122.1", made.port), 2)
    made.is_seen("cloud")


# ---------------------------------------------------------------- quick ones


@pytest.fixture
def desk(system_uri: str, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(system_uri, tmp_path)
    yield made
    made.closed()


@pytest.mark.skipif(not RESCUE_CD.exists(), reason="grub-rescue-pc is a package of Debian's")
@pytest.mark.parametrize("reach", ["copy", "grant"])
def test_a_cd_in_a_home_that_is_closed(desk: Desk, rescue_cd: Path, tmp_path: Path, reach: str) -> None:
    """Every newcomer's case: the file is in a folder that QEMU may not pass. It boots to its menu."""
    home = tmp_path / "home"
    home.mkdir()
    iso = home / "rescue.iso"
    shutil.copy(rescue_cd, iso)
    home.chmod(0o700)
    before = iso.stat()
    more = ("--grant",) if reach == "grant" else ()
    desk.vmdesk("create", "--name", "home", "--cdrom", str(iso), "--disk", "8M", "--memory", "128M", *more)
    ((_, used, _),) = [one for one in disks(desk.xml("home")) if one[0] == "cdrom"]
    assert (used == str(iso)) == (reach == "grant")
    guest = Guest("home", desk.ask("home", lambda domain: domain.UUIDString()), System(KeeperClient()))
    picture = wait_for(lambda: found if is_menu(found := screenshot(guest)) else None, "GRUB's menu", 60)
    PICTURES.mkdir(parents=True, exist_ok=True)
    picture.save(PICTURES / f"grub-{reach}.png")
    desk.clean()
    after = iso.stat()
    assert (before.st_uid, before.st_gid) == (after.st_uid, after.st_gid), "it is still ours"
    assert os.access(iso, os.R_OK)


def test_a_cd_in_a_pool_is_recognised(desk: Desk, tmp_path: Path) -> None:
    """Its label and .disk/info are read from the pool, which only root may look into."""
    cd = debian_cd(tmp_path / "named-like-nothing.iso")
    pool = desk.pool
    desk.make_volume("named-like-nothing.iso", 0, format="raw")
    with connection(desk.uri) as conn:
        volume = conn.storagePoolLookupByName(pool).storageVolLookupByName("named-like-nothing.iso")
        volume.delete(0)
        size = cd.stat().st_size
        xml = f"<volume><name>named-like-nothing.iso</name><capacity>{size}</capacity></volume>"
        volume = conn.storagePoolLookupByName(pool).createXML(xml, 0)
        stream = conn.newStream(0)
        volume.upload(stream, 0, size, 0)
        with cd.open("rb") as file:
            stream.sendAll(lambda _stream, count, _data: file.read(count), None)
        stream.finish()
    done = desk.vmdesk(
        "create", "--name", "p", "--cdrom", f"vol:{pool}/named-like-nothing.iso", "--no-start", "--disk", "1M"
    )
    assert "Debian GNU/Linux 12.5.0" in done.stderr
    assert "http://debian.org/debian/11" in desk.xml("p")


@pytest.mark.parametrize("source", ["here", "pool"])
def test_several_of_one_disk(desk: Desk, tmp_path: Path, source: str, reps: Callable[[int], int]) -> None:
    """Linked: one copy of the image (or the volume itself), an overlay each. Whole: a copy each."""
    disk = tmp_path / "base.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "4M"], check=True)
    where = str(disk) if source == "here" else f"vol:{desk.pool}/{Path(desk.make_volume('base.qcow2', 4)).name}"
    count = reps(20)
    for linked in (True, False):
        stem = "link" if linked else "copy"
        words = ("--import", where, "--count", str(count), "--network", "none", "--memory", "64M", "--no-start")
        desk.vmdesk("create", "--name", stem, *words, *(("--linked",) if linked else ()))
        machines = {one for one in desk.new[0] if one.startswith(stem)}
        assert machines == {f"{stem}-{n:02d}" for n in range(1, count + 1)}
        used = {disks(desk.xml(name, STORED))[0][1] for name in machines}
        assert len(used) == count
        for path in used:
            with connection(desk.uri) as conn:
                backing = "<backingStore>" in conn.storageVolLookupByPath(path).XMLDesc(0)
            assert backing == linked


def test_the_medium_of_a_cut_installation(desk: Desk, rescue_cd: Path) -> None:
    """Forced off midway, its drive is empty at the next start; the CD is put in again, stored and running."""
    desk.vmdesk("create", "--name", "cut", "--cdrom", str(rescue_cd), "--disk", "8M", "--memory", "128M")
    desk.ask("cut", lambda domain: domain.destroy())
    assert [source for device, source, _ in disks(desk.xml("cut")) if device == "cdrom"] == [""]
    uuid = desk.ask("cut", lambda domain: domain.UUIDString())
    desk.run(lambda one: inserting.insert_medium(one, uuid))
    assert [source for device, source, _ in disks(desk.xml("cut")) if device == "cdrom"] == [str(rescue_cd)]
    desk.ask("cut", lambda domain: domain.create())
    guest = Guest("cut", uuid, System(KeeperClient()))
    wait_for(lambda: is_menu(screenshot(guest)), "GRUB's menu", 60)
    with pytest.raises(VirtError) as caught:
        desk.run(lambda one: inserting.insert_medium(one, uuid))
    assert "no empty CD drive" in str(caught.value.problem)


def test_a_container(keeper: KeeperClient, tmp_path: Path) -> None:
    """Its root is a folder with one program in it."""
    shell = Path("/bin/busybox")
    keeper.daemon_start()
    try:
        with connection("lxc:///system"):
            pass
    except libvirt.libvirtError:
        pytest.skip("libvirt-daemon-driver-lxc is a package of Debian's")
    if not shell.exists() or b"/ld-linux" in shell.read_bytes()[:4096]:
        pytest.skip("busybox-static is a package of Debian's")
    root = System.folder / "root"
    for name in ("bin", "sbin", "proc", "sys", "dev", "etc", "tmp"):
        (root / name).mkdir(parents=True, exist_ok=True)
    shutil.copy(shell, root / "bin" / "busybox")
    for name in ("sh", "sleep", "echo"):
        (root / "bin" / name).unlink(missing_ok=True)
        (root / "bin" / name).symlink_to("busybox")
    init = root / "sbin" / "init"
    init.write_text("#!/bin/sh\nwhile true; do echo I am in; sleep 1; done\n")
    init.chmod(0o755)
    desk = Desk("lxc:///system", tmp_path)
    try:
        desk.vmdesk("create", "--name", "box", "--container", str(root), "--memory", "128M", "--network", "none")
        assert desk.new == ({"box"}, set()), "no disk is made for it"
        serial = Serial(desk.uri, "box")
        serial.until("I am in", 60)
        failed = desk.vmdesk("create", "--name", "none", "--container", "/nowhere", "--network", "none", code=1)
        assert "init" in failed.stderr and desk.new[0] == {"box"} and desk.left == []
    finally:
        with connection(desk.uri) as conn:
            for one in conn.listAllDomains(0):
                if one.isActive():
                    one.destroy()
                one.undefine()
        shutil.rmtree(root)
