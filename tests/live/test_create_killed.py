"""`vmdesk create`, killed at any moment: the next start leaves nothing over and touches nothing else."""

import contextlib
import json
import random
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import libvirt
import pytest

from tests.live.creating import STORED, Desk, filled, image
from tests.testbed.client import KeeperClient
from tests.testbed.guests import connection, wait_for
from vmdesk.core.creating.making import CREATE, DOMAIN, STARTED, VOLUME
from vmdesk.core.journal import Journal
from vmdesk.core.tidying import left_behind, recover
from vmdesk.virt.connection import Connection

SMALL = ("--memory", "64M", "--network", "none")


@pytest.fixture(params=["system", "session"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(request.getfixturevalue(f"{request.param}_uri"), tmp_path)
    yield made
    made.closed()


def journal_of(desk: Desk) -> Path:
    return desk.folder / "settings" / "journal"


def lines(folder: Path) -> int:
    """Steps that are written down."""
    count = 0
    for file in folder.glob("*.journal"):
        with contextlib.suppress(FileNotFoundError):  # it ended well, just now
            count += file.read_bytes().count(b"\n")
    return count


def killed(desk: Desk, at: int, later: float, *words: str, verb: str = "create") -> int | None:
    """Run it and kill it when so many lines are in its journal, a moment later; None: it had ended before."""
    with subprocess.Popen(desk.command(verb, *words), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while process.poll() is None and lines(journal_of(desk)) < at:
            time.sleep(0.001)
        time.sleep(later)
        ended = process.poll()
        process.kill()
        process.communicate()
    return ended


def recipes(folder: Path, rescue_cd: Path) -> list[tuple[str, ...]]:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    shutil.copy(rescue_cd, closed / "rescue.iso")
    cloud = filled(folder / "cloud.qcow2", 4, "qcow2")
    vmdk = filled(folder / "disk.vmdk", 4, "vmdk")
    return [
        ("--cdrom", str(closed / "rescue.iso"), "--disk", "16M"),
        ("--cloud-image", str(cloud), "--count", "3", "--linked", "--user", "ann"),
        ("--import", str(vmdk), "--disk", "copy", "--disk", "16M,full"),
        ("--kernel", str(rescue_cd), "--initrd", str(cloud), "--disk", "8M"),
    ]


def whole(desk: Desk, name: str) -> None:
    """All that its definition names is there."""
    there = set(desk.volumes().values())
    with connection(desk.uri) as conn:
        domain = conn.lookupByName(name)
        for line in domain.XMLDesc(STORED).splitlines():
            if "<source file=" in line:
                path = line.split("'")[1]
                assert path in there or Path(path).exists(), f"{name} has no {path}"


@pytest.mark.timeout(1800)
def test_at_any_moment(desk: Desk, rescue_cd: Path, tmp_path: Path, reps: Callable[[int], int]) -> None:
    chance = random.Random()
    chosen = recipes(tmp_path, rescue_cd)
    kept = 0
    for number in range(reps(60)):
        words = chosen[number % len(chosen)]
        name = f"k{number}"
        desk.vmdesk("list")  # the pool is there
        foreign = {desk.make_volume(f"{name}.qcow2"), desk.make_volume(f"{name}-01.qcow2")}
        before = set(desk.volumes().values())
        killed(desk, chance.randint(1, 12), chance.random() * 0.1, "--name", name, *words, *SMALL)
        time.sleep(0.2)
        for _ in range(3):  # a copy that the daemon goes on with may take its time
            said = desk.vmdesk("list").stderr
            if not desk.left:
                break
        assert desk.left == [], said
        machines = {one for one in desk.machines() if one.startswith(name)}
        after = set(desk.volumes().values())
        assert before <= after, "somebody else's volumes"
        assert foreign <= after
        for one in machines:
            whole(desk, one)
        kept += len(machines)
        if not machines:
            assert after == before, said
        else:
            used = "".join(desk.xml(one, flags) for one in machines for flags in (0, STORED))
            backed = {path for path in after - before if path not in used}
            assert len(backed) <= ("--linked" in words), f"{said}: {backed}"
        with connection(desk.uri) as conn:
            for one in machines:
                domain = conn.lookupByName(one)
                if domain.isActive():
                    domain.destroy()
                domain.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_NVRAM)
            for path in sorted(after - before | foreign):
                conn.storageVolLookupByPath(path).delete(0)
    print(f"machines that stayed: {kept}")


def test_a_new_disk_at_any_moment(desk: Desk, reps: Callable[[int], int]) -> None:
    """`vmdesk edit --add-disk`: the machine has it, or there is none."""
    chance = random.Random()
    desk.vmdesk("list")
    desk.make_volume("warm-up", pool=desk.pool)
    with connection(desk.uri) as conn:
        conn.defineXML("<domain type='qemu'><name>grows</name><memory>65536</memory><os><type>hvm</type></os></domain>")
    for number in range(reps(40)):
        before = set(desk.volumes().values())
        lines_then = number % 3 + 1  # begun, about to be made, made
        killed(
            desk, lines_then, chance.random() * 0.05, "grows", "--config", "--add-disk", f"size=8M,pool={desk.pool}",
            verb="edit",
        )  # fmt: skip
        for _ in range(3):  # the daemon may still be at it
            said = desk.vmdesk("list").stderr
            if not desk.left:
                break
        assert desk.left == [], said
        added = set(desk.volumes().values()) - before
        xml = desk.xml("grows", STORED)
        assert all(path in xml for path in added), f"{said}: {added}"
        whole(desk, "grows")


def recovered(desk: Desk) -> list[str]:
    async def work(connection_: Connection) -> list[str]:
        found = left_behind(Journal(desk.folder / "journal"), desk.uri)
        return [str(await recover(connection_, record, entry)) for record, entry in found]

    return desk.run(work)  # type: ignore[no-any-return]


def left(desk: Desk, *steps: tuple[str, dict[str, Any], bool]) -> None:
    """The journal of a killed program."""
    entry = Journal(desk.folder / "journal").begin(CREATE, desk.uri, "web")
    for what, data, done in steps:
        number = entry.step(what, **data)
        if done:
            entry.did(number)
    entry.leave()


def a_volume(desk: Desk, **more: Any) -> dict[str, Any]:
    return {
        "pool": desk.pool, "name": "web.qcow2", "machine": "web", "at": time.time(), "bytes": 1 << 20,
        "format": "qcow2", "backing": "", **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"at": -100.0}, "made long after ours would have been"),
        ({"at": +100.0}, "there before"),
        ({"bytes": 2 << 20}, "another size"),
        ({"format": "raw"}, "another format"),
        ({"backing": "/base.qcow2"}, "ours would stand on another one"),
    ],
)
def test_what_was_written_down_but_made_by_another(desk: Desk, more: dict[str, Any], why: str) -> None:
    desk.make_volume("warm-up")
    path = desk.make_volume("web.qcow2")
    if "at" in more:
        more = {"at": time.time() + more["at"]}
    left(desk, (VOLUME, a_volume(desk, **more), False))
    assert "nothing was left" in recovered(desk)[0], why
    assert path in desk.volumes().values()
    assert desk.left == []


def test_what_was_made_and_not_written_down(desk: Desk) -> None:
    step = a_volume(desk)
    path = desk.make_volume("web.qcow2")
    left(desk, (VOLUME, step, False))
    assert "Removed: the volume web.qcow2" in recovered(desk)[0]
    assert path not in desk.volumes().values()


def test_what_a_machine_uses_meanwhile_stays(desk: Desk) -> None:
    path = desk.make_volume("web.qcow2")
    left(desk, (VOLUME, a_volume(desk, path=path), True))
    disk = f"<disk type='file'><source file='{path}'/><target dev='vda' bus='virtio'/></disk>"
    with connection(desk.uri) as conn:
        conn.defineXML(
            f"<domain type='qemu'><name>other</name><memory>65536</memory><os><type>hvm</type></os>"
            f"<devices>{disk}</devices></domain>"
        )
    assert "In use, and kept: the volume web.qcow2" in recovered(desk)[0]
    assert path in desk.volumes().values()
    assert desk.left == []


def test_a_machine_that_was_used_since_stays_as_it_is(desk: Desk) -> None:
    """It ran, was changed and switched off before VMDesk was started again: nothing of it is taken back."""
    path = desk.make_volume("web.qcow2")
    with connection(desk.uri) as conn:
        uuid = conn.defineXML(
            "<domain type='qemu'><name>web</name><memory>65536</memory><os><type>hvm</type></os></domain>"
        ).UUIDString()
    before = desk.xml("web", STORED)
    stored = before.replace("</name>", "</name><title>put right</title>")
    left(
        desk,
        (VOLUME, a_volume(desk, path=path), True),
        (DOMAIN, {"name": "web", "uuid": uuid, "autostart": False, "mark": "as it was"}, True),
        (STARTED, {"name": "web", "uuid": uuid, "stored": stored}, True),
    )
    recovered(desk)
    assert desk.xml("web", STORED) == before
    assert path in desk.volumes().values()


def test_two_at_once(desk: Desk) -> None:
    for _ in range(4):
        path = desk.make_volume("web.qcow2")
        left(desk, (VOLUME, a_volume(desk, path=path), True))
        said: list[str] = []
        both = [threading.Thread(target=lambda told: told.extend(recovered(desk)), args=(said,)) for _ in range(2)]
        for one in both:
            one.start()
        for one in both:
            one.join()
        assert len(said) == 1
        assert path not in desk.volumes().values()
        assert desk.left == []


def test_interrupted(desk: Desk, tmp_path: Path) -> None:
    """Ctrl+C in the middle of a long copy takes everything back at once."""
    source = tmp_path / "large.raw"
    with source.open("wb") as file:
        for _ in range(1200):
            file.write(b"x" * (1 << 20))
    words = ("create", "--name", "stop", "--import", str(source), "--disk", "copy", "--no-start", *SMALL)
    with subprocess.Popen(desk.command(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        wait_for(lambda: lines(journal_of(desk)) >= 3 or process.poll() is not None, "it copies")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, ""), err
    assert "Traceback" not in err
    assert desk.left == []
    assert desk.new[0] == set() and not any("large" in one or "stop" in one for one in desk.new[1])


@pytest.mark.parametrize("moment", [2, 3, 5])
def test_the_daemon_dies(keeper: KeeperClient, system_uri: str, tmp_path: Path, moment: int) -> None:
    """In the middle of an upload or a definition: told, and put right when the daemon is back."""
    desk = Desk(system_uri, tmp_path)
    source = tmp_path / "large.raw"
    with source.open("wb") as file:
        for _ in range(300):
            file.write(b"x" * (1 << 20))
    words = ("create", "--name", "dies", "--import", str(source), "--disk", "copy", *SMALL)
    try:
        with subprocess.Popen(desk.command(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as one:
            wait_for(lambda: lines(journal_of(desk)) >= moment or one.poll() is not None, "it has begun", 60)
            keeper.daemon_kill()
            _, err = one.communicate(timeout=60)
        assert one.returncode == 1, err
        assert "Traceback" not in err and "mistake" not in err
        keeper.daemon_start()
        desk.vmdesk("list")
        assert desk.left == []
        machines, volumes = desk.new
        assert machines <= {"dies"}
        assert bool(machines) == bool(volumes), (machines, volumes, err)
    finally:
        keeper.daemon_start()
        desk.closed()


def test_an_old_journal_is_no_reason_to_stop(desk: Desk) -> None:
    """Of a pool that is gone, of a host that is another one, of nonsense."""
    left(desk, (VOLUME, {**a_volume(desk), "pool": "no-such-pool"}, False))
    folder = desk.folder / "journal"
    (folder / "odd.journal").write_text(json.dumps({"format": 1, "kind": CREATE}) + "\n")
    assert "nothing was left" in recovered(desk)[0]
    assert [Path(one).name for one in desk.left] == ["odd.broken"]


def test_scratch_files_go(desk: Desk, tmp_path: Path) -> None:
    file = image(tmp_path / "half.qcow2")
    left(desk, ("file", {"path": str(file)}, False))
    recovered(desk)
    assert not file.exists()
