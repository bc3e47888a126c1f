"""Clones, templates and deletions of real machines: the same bytes, nothing shared is written or lost."""

import asyncio
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import libvirt
import pytest

from tests.live.chain_bed import Bed, chain_of, check, digest, disk, off, problem, quiet, write, written
from tests.testbed.guests import Guest, Guests
from vmdesk.core import start_check
from vmdesk.core.chains import Index, Keep, clones_of, orphans
from vmdesk.core.cloning.clone import Cloned, clone, plan
from vmdesk.core.cloning.templates import make_template, unmake_template
from vmdesk.core.deleting import delete as deletion
from vmdesk.core.deleting import trash
from vmdesk.core.snapshots.desk import Desk
from vmdesk.core.snapshots.taking import Wish, take
from vmdesk.model.domain import Domain, DomainKey, State
from vmdesk.model.errors import VirtError
from vmdesk.model.snapshot import Kind
from vmdesk.virt import pools, volumes

pytestmark = pytest.mark.live


@pytest.fixture
def bed(make_session_guest: Guests, session_uri: str, tmp_path: Path) -> Iterator[Bed]:
    made = Bed(make_session_guest, session_uri, tmp_path / "pool", tmp_path / "settings")
    yield made
    make_session_guest.remove()
    made.close()


def cloned(bed: Bed, guest: Guest, name: str, **options: Any) -> tuple[Cloned, list[Guest]]:
    """The clones, which are removed with the other guests."""

    async def work(desk: Desk) -> Cloned:
        return await clone(desk.journal, desk.connection, desk.uuid, name, quiet, **options)

    done: Cloned = bed.at(guest, work)
    made = [Guest(name, uuid, guest.host) for name, uuid in done.machines]
    bed.guests._made.extend(made)
    return done, made


def macs(guest: Guest) -> set[str]:
    return set(re.findall(r"<mac address='([^']*)'", guest.ask(lambda domain: domain.XMLDesc(0))))


def deleted(bed: Bed, guest: Guest, chosen: Any = None) -> deletion.Deleted:
    async def work(desk: Desk) -> deletion.Deleted:
        return await deletion.delete(desk.journal, desk.connection, desk.uuid, guest.name, quiet, chosen)

    return bed.at(guest, work)  # type: ignore[no-any-return]


def test_a_full_clone_is_a_machine_of_its_own(bed: Bed) -> None:
    card = "<interface type='user'><model type='e1000'/></interface>"
    guest = bed.guest(start=False, devices=card)
    write(disk(guest), 3, 9)
    bed.at(guest, lambda desk: take(desk, Wish("s", kind=Kind.EXTERNAL)))
    write(disk(guest), 4, 4)
    before = digest(disk(guest))
    heard: list[float] = []
    done, (one, two) = cloned(bed, guest, f"{guest.name}-{{1..2}}")
    assert done.frozen == () and not heard
    for made in (one, two):
        assert digest(disk(made)) == before and chain_of(disk(made)) == [disk(made)]
        check(disk(made))
    assert len({one.uuid, two.uuid, guest.uuid}) == 3
    assert len(macs(one) | macs(two) | macs(guest)) == 3
    one.start()
    written(_Watched(one, bed), 300)  # type: ignore[arg-type]
    off(one)
    assert digest(disk(guest)) == before == digest(disk(two)) != digest(disk(one))
    with_running = bed.guest()
    assert "Shut it down" in str(bed.at(with_running, lambda desk: problem(_clone(desk, "x"))))
    assert "already" in str(bed.at(guest, lambda desk: problem(_clone(desk, one.name))))
    assert not bed.journals()


class _Watched:
    """A clone writes as its source does; it has no log of its own, so its disk is what shows it."""

    def __init__(self, guest: Guest, bed: Bed) -> None:
        self.guest, self.bed, self.name, self.count = guest, bed, guest.name, 0

    def serial(self) -> str:
        self.count = Path(disk(self.guest)).stat().st_blocks
        return "." * self.count


async def _clone(desk: Desk, name: str) -> Any:
    return await clone(desk.journal, desk.connection, desk.uuid, name, quiet)


def test_linked_clones(bed: Bed) -> None:
    guest = bed.guest(start=False)
    write(disk(guest), 3, 9)
    base, before = disk(guest), digest(disk(guest))
    told = bed.at(guest, lambda desk: plan(desk.connection, desk.uuid, "x", linked=True))
    assert [image.path for image in told.freezes] == [base] and told.bytes == 0
    done, (one, two) = cloned(bed, guest, f"{guest.name}-l", count=2, linked=True)
    assert done.frozen == (base,) and Path(base).stat().st_mode & 0o222 == 0
    for machine in (guest, one, two):
        assert chain_of(disk(machine))[1:] == [base] and digest(disk(machine)) == before
    for machine in (guest, one):
        machine.start()
        written(_Watched(machine, bed), 300)  # type: ignore[arg-type]
        off(machine)
    assert digest(base) == before == digest(disk(two))
    # Another tool puts the source back onto the base: we do not start it.
    bed.run(lambda connection: start_check.check(connection, guest.uuid, guest.name))
    mine = disk(guest)
    _put(guest, mine, base)
    why = bed.run(lambda connection: problem(start_check.check(connection, guest.uuid, guest.name)))
    assert base in str(why)
    _put(guest, base, mine)
    # Deleting a clone takes its overlay only; deleting the source leaves what the clone stands on.
    gone = deleted(bed, one)
    assert gone.gone == (chain_first(one, bed, gone),) and Path(base).exists()
    shown = bed.at(guest, lambda desk: deletion.plan(desk.connection, desk.uuid))
    assert {item.image.path: item.keep for item in shown.items}[base] is Keep.BASE
    assert deleted(bed, guest).gone == (mine,)
    assert digest(disk(two)) == before
    deleted(bed, two)
    assert [image.path for image in orphans(bed.files())] == [base]
    assert not bed.journals()


def chain_first(_guest: Guest, _bed: Bed, gone: deletion.Deleted) -> str:
    assert len(gone.gone) == 1 and not gone.left and not Path(gone.gone[0]).exists()
    return gone.gone[0]


def _put(guest: Guest, old: str, new: str) -> None:
    def work(domain: libvirt.virDomain) -> None:
        xml = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE)
        domain.connect().defineXML(xml.replace(f"'{old}'", f"'{new}'"))

    guest.ask(work)


def test_templates(bed: Bed) -> None:
    guest = bed.guest(start=False)
    base = disk(guest)
    assert bed.run(lambda connection: make_template(connection, guest.uuid)) == (base,)
    assert "template" in str(bed.run(lambda connection: problem(start_check.check(connection, guest.uuid, guest.name))))
    done, (one,) = cloned(bed, guest, f"{guest.name}-t", linked=True)
    assert done.frozen == () and disk(guest) == base and chain_of(disk(one))[1:] == [base]
    bed.run(lambda connection: start_check.check(connection, one.uuid, one.name))
    assert clones_of(Index(bed.files()), guest.uuid) == (one.name,)
    for chosen in (None, ()):
        with pytest.raises(VirtError, match=one.name):
            deleted(bed, guest, chosen)
    assert one.name in str(bed.run(lambda connection: problem(unmake_template(connection, guest.uuid))))
    deleted(bed, one)
    bed.run(lambda connection: unmake_template(connection, guest.uuid))
    guest.start()
    written(guest)


def test_the_trash(bed: Bed) -> None:
    guest = bed.guest(start=False)
    guest.ask(lambda domain: domain.setAutostart(1))
    before = guest.ask(lambda domain: domain.XMLDesc(0))
    bed.run(lambda connection: trash.trash(connection, domain_of_now(connection, guest, bed)))
    assert bed.files().owners[guest.uuid].trashed > 1e9
    assert not guest.ask(lambda domain: domain.autostart())
    refused = bed.run(lambda connection: problem(start_check.check(connection, guest.uuid, guest.name)))
    assert "trash" in str(refused)
    bed.run(lambda connection: trash.take_out(connection, guest.uuid))
    after = guest.ask(lambda domain: domain.XMLDesc(0)).replace("  <metadata/>\n", "")  # libvirt leaves it
    assert after == before and guest.ask(lambda domain: domain.autostart())


def domain_of_now(_connection: Any, guest: Guest, _bed: Bed) -> Any:

    return Domain(DomainKey("h", guest.uuid), guest.name, State.SHUTOFF, autostart=True)


def test_deleting_with_snapshots_takes_all_layers(bed: Bed) -> None:
    guest = bed.guest(start=False)
    for name in ("a", "b"):
        bed.at(guest, lambda desk, name=name: take(desk, Wish(name, kind=Kind.EXTERNAL)))
    line = chain_of(disk(guest))
    shown = bed.at(guest, lambda desk: deletion.plan(desk.connection, desk.uuid))
    assert [image.path for image in shown.gone] == line and set(shown.snapshots) == {"a", "b"}
    kept = [item for item in shown.items if not item.ticked]
    assert [item.keep for item in kept] == [Keep.READONLY] or [item.keep for item in kept] == [Keep.ELSEWHERE]
    assert set(deleted(bed, guest).gone) == set(line)
    assert not any(Path(path).exists() for path in line) and guest.uuid not in bed.files().owners


def test_a_name_that_changed_and_files_that_are_needed_stop_it(bed: Bed) -> None:
    guest = bed.guest(start=False)
    path = disk(guest)

    async def other_name(desk: Desk) -> Any:
        return await deletion.delete(desk.journal, desk.connection, desk.uuid, "somebody", quiet, None)

    assert "is called" in str(bed.at(guest, lambda desk: problem(other_name(desk))))

    async def overlay(desk: Desk) -> None:
        pool = await volumes_pool(desk)
        await volumes.create_volume(
            desk.connection, pool, "nobodys.qcow2", 64 << 20, format="qcow2", backing=path, backing_format="qcow2"
        )

    bed.at(guest, overlay)
    with pytest.raises(VirtError, match="nobodys"):
        deleted(bed, guest)
    assert Path(path).exists() and guest.state() == 5
    gone = deleted(bed, guest, ())  # without its disks it goes
    assert gone.gone == () and Path(path).exists()


async def volumes_pool(desk: Desk) -> Any:

    return next(one for one in await pools.pools(desk.connection) if one.name.startswith("bed-"))


def test_firmware_settings_are_copied(bed: Bed, tmp_path: Path) -> None:
    if not Path("/usr/share/OVMF/OVMF_CODE_4M.fd").exists():
        pytest.skip("ovmf is a package of Debian's")
    guest = bed.guest(start=False)
    variables = bed.folder / "nvram" / f"{guest.name}_VARS.fd"
    variables.parent.mkdir()
    variables.write_bytes(b"settings" * 4096)

    def work(domain: libvirt.virDomain) -> None:
        xml = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
        loader = (
            "<loader readonly='yes' type='pflash'>/usr/share/OVMF/OVMF_CODE_4M.fd</loader>"
            f"<nvram template='/usr/share/OVMF/OVMF_VARS_4M.fd'>{variables}</nvram></os>"
        )
        domain.connect().defineXML(xml.replace("</os>", loader))

    guest.ask(work)
    _done, (one,) = cloned(bed, guest, f"{guest.name}-uefi")
    copied = variables.parent / f"{one.name}_VARS.fd"
    assert copied.read_bytes() == variables.read_bytes()
    assert str(copied) in one.ask(lambda domain: domain.XMLDesc(0))
    assert not [name for name in _pools(bed) if name.startswith("vmdesk-nvram")]
    deleted(bed, one)
    assert not copied.exists() and variables.exists()


def _pools(bed: Bed) -> list[str]:
    conn = libvirt.open(bed.uri)
    try:
        return [pool.name() for pool in conn.listAllStoragePools(0)]
    finally:
        conn.close()


def test_a_clone_that_is_cancelled_leaves_nothing(bed: Bed, reps: Callable[[int], int]) -> None:
    guest = bed.guest(start=False)
    for number in range(40):
        write(disk(guest), number, 7)
    before, base = digest(disk(guest)), disk(guest)
    listed = sorted(path.name for path in bed.folder.iterdir())
    machines = set(bed.files().owners)
    for number in range(reps(40)):
        linked = bool(number % 2)

        async def work(desk: Desk, linked: bool = linked, number: int = number) -> None:
            made = clone(desk.journal, desk.connection, desk.uuid, f"{guest.name}-c", quiet, count=3, linked=linked)
            task = asyncio.ensure_future(made)
            await asyncio.sleep(0.05 + 0.07 * number)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        try:
            bed.at(guest, work)
        except BaseException as error:
            if "DID NOT RAISE" not in str(error):
                raise
            for machine in set(bed.files().owners) - machines:
                done = Guest(bed.files().owners[machine].name, machine, guest.host)
                deleted(bed, done)
            if linked:
                _put(guest, disk(guest), base)
                for path in orphans(bed.files()):
                    Path(path.path).unlink()
        assert set(bed.files().owners) == machines
        assert sorted(path.name for path in bed.folder.iterdir()) == listed
        assert disk(guest) == base and digest(base) == before
    assert not bed.journals()
