"""Random trees of snapshots, clones and deletions over a model of a host: what anybody still has reads as it did.

The model carries out plans as libvirt does (a merge rewrites the file below and deletes the overlay), with contents:
a file that was deleted or written although somebody needed it changes what is read.
"""

from dataclasses import dataclass, field, replace

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from vmdesk.core import chains
from vmdesk.core.chains import Index
from vmdesk.core.snapshots import plan as plans
from vmdesk.core.snapshots.plan import Way
from vmdesk.model.chain import Files, Image, Owner, Role, Use
from vmdesk.model.snapshot import Kind, Snapshot, SnapshotDisk

Content = dict[int, int]
PICK = st.integers(0, 10_000)


@dataclass
class File:
    backing: str
    own: Content = field(default_factory=dict)


@dataclass
class Machine:
    active: str
    snapshots: list[Snapshot] = field(default_factory=list)
    current: str = ""
    now: Content = field(default_factory=dict)  # what it must read
    then: dict[str, Content] = field(default_factory=dict)  # by snapshot
    template: bool = False
    readonly: bool = False


class Hosts(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.disk: dict[str, File] = {}
        self.machines: dict[str, Machine] = {}
        self.loose: dict[str, Content] = {}  # volumes of nobody, and what is read in them
        self.count = 0

    # the world

    def fresh(self, kind: str) -> str:
        self.count += 1
        return f"/p/{kind}{self.count}"

    def read(self, path: str) -> Content:
        file = self.disk[path]
        return {**(self.read(file.backing) if file.backing else {}), **file.own}

    def files(self) -> Files:
        uses = []
        for uuid, one in self.machines.items():
            uses.append(Use(one.active, Role.DISK, uuid, "vda", "qcow2", writable=not one.readonly))
            for snapshot in one.snapshots:
                disk = snapshot.disks[0]
                uses.append(Use(disk.frozen, Role.FROZEN, uuid, "vda", "qcow2", snapshot=snapshot.name))
                uses.append(Use(disk.overlay, Role.OVERLAY, uuid, "vda", "qcow2", snapshot=snapshot.name))
        images = {
            path: Image(path, "qcow2", 1, 1, file.backing, "qcow2", pool="p", volume=path[3:])
            for path, file in self.disk.items()
        }
        return Files(images, tuple(uses), {u: Owner(u, u, template=m.template) for u, m in self.machines.items()})

    def pick(self, number: int) -> tuple[str, Machine]:
        uuid = sorted(self.machines)[number % len(self.machines)]
        return uuid, self.machines[uuid]

    def overlay(self, on: str, kind: str = "o") -> str:
        path = self.fresh(kind)
        self.disk[path] = File(on)
        return path

    # what people do

    @precondition(lambda self: len(self.machines) < 2)
    @rule()
    def new_machine(self) -> None:
        path = self.fresh("base")
        self.disk[path] = File("", {0: self.count})
        self.machines[self.fresh("m")] = Machine(path, now={0: self.count})

    @precondition(lambda self: self.machines)
    @rule(number=PICK, place=st.integers(0, 1))
    def write(self, number: int, place: int = 0) -> None:
        uuid, one = self.pick(number)
        if one.readonly or chains.start_problem(self.files(), uuid) is not None:
            return
        self.count += 1  # no two writes are alike
        self.disk[one.active].own[place] = one.now[place] = self.count

    @precondition(lambda self: self.machines)
    @rule(number=PICK)
    def snapshot(self, number: int) -> None:
        _uuid, one = self.pick(number)
        if one.template or one.readonly:
            return
        name, old = self.fresh("s"), one.active
        one.active = self.overlay(old)
        disk = SnapshotDisk("vda", Kind.EXTERNAL, old, "qcow2", one.active, "qcow2")
        one.snapshots.append(Snapshot(name, one.current, kind=Kind.EXTERNAL, disks=(disk,)))
        one.current, one.then[name] = name, dict(one.now)
        self.write(number)

    @precondition(lambda self: any(one.snapshots for one in self.machines.values()))
    @rule(number=PICK, which=PICK)
    def revert(self, number: int, which: int) -> None:
        uuid, one = self.pick(number)
        if not one.snapshots or one.template:
            return
        name = one.snapshots[which % len(one.snapshots)].name
        plan = plans.revert(self.files(), uuid, one.snapshots, name)
        assert plan.refused is None
        one.active = self.overlay(plan.disks[0].frozen, "r")
        one.current, one.now = name, dict(one.then[name])
        self.write(number)

    @precondition(lambda self: any(one.snapshots for one in self.machines.values()))
    @rule(number=PICK, which=PICK)
    def delete_snapshot(self, number: int, which: int) -> None:
        uuid, one = self.pick(number)
        if one.snapshots:
            self._delete_snapshot(uuid, one, one.snapshots[which % len(one.snapshots)].name)

    @precondition(lambda self: any(one.snapshots for one in self.machines.values()))
    @rule(number=PICK, which=PICK)
    def delete_with_children(self, number: int, which: int) -> None:
        uuid, one = self.pick(number)
        if one.snapshots:
            name = one.snapshots[which % len(one.snapshots)].name
            names = plans.delete_with_children(self.files(), uuid, one.snapshots, name)
            for told in plans.delete_each(self.files(), uuid, one.snapshots, names):
                done = self._delete_snapshot(uuid, one, told.name)
                assert (told.way, told.gone) == (done.way, done.gone), "it was foretold otherwise"

    def _delete_snapshot(self, uuid: str, one: Machine, name: str) -> plans.SnapshotPlan:
        plan = plans.delete(self.files(), uuid, one.snapshots, name)
        assert plan.refused is None
        found = next(each for each in one.snapshots if each.name == name)
        if plan.way is Way.LIBVIRT:
            self._merge(one, found.disks[0])
        else:
            for image in plan.gone:
                self._unlink(image.path)
        one.snapshots = [
            replace(each, parent=found.parent if each.parent == name else each.parent)
            for each in one.snapshots
            if each.name != name
        ]
        one.current = found.parent if one.current == name else one.current
        del one.then[name]
        return plan

    def _merge(self, one: Machine, disk: SnapshotDisk) -> None:
        """As libvirt does it: it looks at its own line only."""
        overlay = self.disk.pop(disk.overlay)
        self.disk[disk.frozen].own.update(overlay.own)
        if one.active == disk.overlay:
            one.active = disk.frozen
        at = one.active
        while at:
            if self.disk[at].backing == disk.overlay:
                self.disk[at].backing = disk.frozen
            at = self.disk[at].backing
        one.snapshots = [
            replace(each, disks=(replace(each.disks[0], frozen=disk.frozen),))
            if each.disks[0].frozen == disk.overlay
            else each
            for each in one.snapshots
        ]

    def _unlink(self, path: str) -> None:
        assert not any(file.backing == path for file in self.disk.values()), "something stands on it at that moment"
        del self.disk[path]
        self.loose.pop(path, None)

    @precondition(lambda self: self.machines and len(self.machines) < 4)
    @rule(number=PICK)
    def linked_clone(self, number: int) -> None:
        _uuid, one = self.pick(number)
        base = one.active
        if not one.template:
            one.active = self.overlay(base, "l")
        self.machines[self.fresh("m")] = Machine(self.overlay(base, "c"), now=dict(one.now))
        self.write(number)

    @precondition(lambda self: self.machines and len(self.machines) < 4)
    @rule(number=PICK)
    def overlay_of_nobody(self, number: int) -> None:
        """Somebody made one with another tool."""
        _uuid, one = self.pick(number)
        path = self.overlay(one.active, "x")
        self.loose[path] = dict(one.now)

    @precondition(lambda self: self.machines)
    @rule(number=PICK)
    def make_template(self, number: int) -> None:
        self.pick(number)[1].template = True

    @precondition(lambda self: self.machines)
    @rule(number=PICK)
    def second_reader(self, number: int) -> None:
        """A machine that has another one's disk, read-only."""
        _uuid, one = self.pick(number)
        if one.template:
            self.machines[self.fresh("m")] = Machine(one.active, now=dict(one.now), readonly=True)
        elif one.snapshots and len(self.machines) < 4:
            then = one.snapshots[0]
            content = dict(one.then[then.name])
            self.machines[self.fresh("m")] = Machine(then.disks[0].frozen, now=content, readonly=True)

    @precondition(lambda self: self.machines)
    @rule(number=PICK, ticks=st.one_of(st.none(), st.lists(PICK, max_size=6)))
    def delete_machine(self, number: int, ticks: list[int] | None) -> None:
        uuid, _one = self.pick(number)
        files = self.files()
        plan = chains.delete_plan(files, uuid)
        if ticks is not None:
            chosen = {plan.items[tick % len(plan.items)].image.path for tick in ticks}
            plan = chains.delete_plan(files, uuid, chosen)
            assert {image.path for image in plan.gone} <= chosen
        if plan.refused is not None:
            return
        assert not {item.image.path for item in plan.stays} & {image.path for image in plan.gone}
        assert plan.frees == len(plan.gone)
        del self.machines[uuid]
        for path in chains.top_first(Index(files), {image.path for image in plan.gone}):
            self._unlink(path)

    @rule()
    def sweep(self) -> None:
        """Orphans are what nobody needs: they can all go, top first."""
        files = self.files()
        paths = {image.path for image in chains.orphans(files)}
        assert not paths & Index(files).closure(use.path for use in files.uses)
        for path in chains.top_first(Index(files), paths):
            self._unlink(path)

    # what must always be so

    @invariant()
    def everybody_reads_what_they_had(self) -> None:
        for one in self.machines.values():
            assert self.read(one.active) == one.now
            for snapshot in one.snapshots:
                assert self.read(snapshot.disks[0].frozen) == one.then[snapshot.name]
        for path, content in self.loose.items():
            assert self.read(path) == content

    @invariant()
    def all_that_stands_on_something_finds_it(self) -> None:
        assert all(not file.backing or file.backing in self.disk for file in self.disk.values())

    @invariant()
    def only_what_is_needed_is_in_the_way(self) -> None:
        files = self.files()
        index = Index(files)
        for path in self.disk:
            plan = chains.file_plan(index, path)
            needed = path in index.closure(use.path for use in files.uses) or bool(index.above(path))
            assert bool(plan.breaks) == needed


TestHosts = Hosts.TestCase
TestHosts.settings = settings(max_examples=150, stateful_step_count=30, deadline=None, derandomize=True, database=None)


@given(st.lists(st.integers(-1, 8), min_size=1, max_size=9))
def test_a_chain_that_bites_its_tail_ends(backings: list[int]) -> None:
    images = {
        f"/{number}": Image(f"/{number}", "qcow2", 1, 1, "" if on < 0 else f"/{on}", "qcow2", pool="p", volume="v")
        for number, on in enumerate(backings)
    }
    files = Files(images, (Use("/0", Role.DISK, "m", "vda", writable=True),), {"m": Owner("m", "m")})
    index = Index(files)
    assert index.chain("/0")[0] == "/0" and len(set(index.chain("/0"))) == len(index.chain("/0"))
    chains.delete_plan(files, "m")
    chains.orphans(files)
    chains.start_problem(files, "m")
