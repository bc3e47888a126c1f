"""USB rules: what is done about them (pure), and when it is looked."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from tests.ui.machines import machine
from vmdesk.core.activity import Entry
from vmdesk.core.jobs import Jobs
from vmdesk.core.replug import plan
from vmdesk.core.replug.plan import Do, Running
from vmdesk.core.replug.watch import Hands, Replug
from vmdesk.core.store import Store
from vmdesk.core.trace import Trace
from vmdesk.model.domain import Domain, DomainKey, State
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.host import Capabilities, Feature, Host, HostConfig, Link
from vmdesk.model.host_devices import HostUsb
from vmdesk.model.replug import LiveUsb, UsbRule, rule_of
from vmdesk.model.text import text

STICK = HostUsb("usb_1_4", "0951", "1666", "Kingston DataTraveler", 1, 7, "1-4", disks=("sdb",))
KEYS = HostUsb("usb_1_2", "046d", "c52b", "Logitech Receiver", 1, 3, "1-2", typing=True)
CAM = HostUsb("usb_2_1_3", "046d", "0825", "Webcam C270", 2, 5, "2-1.3")
BY_DEVICE, BY_PORT = UsbRule("046d", "0825"), UsbRule(port="2-1.3")


def running(n: int = 1, *rules: UsbRule, has: tuple[LiveUsb, ...] = (), started: float = 0.0) -> Running:
    return Running(DomainKey("h", f"u{n}"), f"vm-{n}", rules, has, started, n)


def has(device: HostUsb, rule: UsbRule = BY_DEVICE) -> LiveUsb:
    return LiveUsb("hostdev/usb/x", device.vendor, device.product, device.bus, device.device, rule.alias)


def done(machines: list[Running], devices: list[HostUsb]) -> list[tuple[Do, str, str]]:
    return [
        (step.do, step.machine.name, step.device.name if step.device else "") for step in plan.steps(machines, devices)
    ]


# ---------------------------------------------------------------- what a rule is about


def test_a_rule_is_about_a_device_or_about_a_port() -> None:
    assert rule_of(" 046D:C52B ") == rule_of("0x046d:0xc52b") == UsbRule("046d", "c52b")
    assert rule_of("1-1.4") == UsbRule(port="1-1.4")
    assert [rule_of(words) for words in ("", "46d:c52b", "1", "1-", "1-1.", "usb1-4", "1-4:1.0")] == [None] * 7
    assert BY_DEVICE.matches(CAM) and BY_DEVICE.matches(replace(CAM, port="1-1")) and not BY_DEVICE.matches(KEYS)
    assert BY_PORT.matches(replace(STICK, port="2-1.3")) and not BY_PORT.matches(replace(CAM, port="2-1"))
    assert not BY_PORT.matches(replace(CAM, port=""))  # a host that does not tell


# ---------------------------------------------------------------- what is done


@pytest.mark.parametrize("rule", [BY_DEVICE, BY_PORT])
def test_what_is_plugged_in_is_given_and_what_is_gone_is_taken(rule: UsbRule) -> None:
    assert done([running(1, rule)], [CAM, KEYS]) == [(Do.GIVE, "vm-1", "usb_2_1_3")]
    assert done([running(1, rule, has=(has(CAM, rule),))], [CAM]) == [(Do.HAS, "vm-1", "usb_2_1_3")]
    assert done([running(1, rule, has=(has(CAM, rule),))], []) == [(Do.TAKE, "vm-1", "")]
    # Plugged in again, before it was looked: it has another number now, so QEMU's old one is dead.
    again = replace(CAM, device=6)
    assert done([running(1, rule, has=(has(CAM, rule),))], [again]) == [
        (Do.TAKE, "vm-1", ""),
        (Do.GIVE, "vm-1", "usb_2_1_3"),
    ]


def test_what_came_without_a_rule_is_left_alone() -> None:
    other = LiveUsb("hostdev/usb/1-9", bus=1, device=9)  # somebody gave it by hand, and it is unplugged
    assert done([running(1, BY_DEVICE, has=(other,))], []) == []
    assert done([running(1, has=(has(CAM),))], []) == []


def test_a_device_that_was_missing_at_the_start_is_taken_before_it_is_given() -> None:
    missing = LiveUsb("hostdev/usb/046d:0825", "046d", "0825")
    assert done([running(1, BY_DEVICE, has=(missing,))], [CAM]) == [
        (Do.TAKE, "vm-1", ""),
        (Do.GIVE, "vm-1", "usb_2_1_3"),
    ]


def test_the_first_machine_wins_and_the_other_hears_why() -> None:
    late, early = running(1, BY_DEVICE, started=200.0), running(2, BY_PORT, started=100.0)
    found = plan.steps([late, early], [CAM])
    assert [(step.do, step.machine.name) for step in found] == [(Do.GIVE, "vm-2"), (Do.HELD, "vm-1")]
    assert str(plan.refusal(found[1])) == "vm-2 has it. Remove it there, then plug it in again."
    # Whoever has it keeps it, whenever it was started.
    late = replace(late, has=(has(CAM),))
    assert done([late, early], [CAM]) == [(Do.HELD, "vm-2", "usb_2_1_3"), (Do.HAS, "vm-1", "usb_2_1_3")]


def test_two_rules_about_one_device_are_no_quarrel() -> None:
    assert done([running(1, BY_DEVICE, BY_PORT)], [CAM]) == [
        (Do.GIVE, "vm-1", "usb_2_1_3"),
        (Do.HAS, "vm-1", "usb_2_1_3"),
    ]


def test_two_equal_devices_are_one_for_each_machine() -> None:
    twin = replace(CAM, name="usb_2_2", device=9, port="2-2")
    both = [running(1, BY_DEVICE, started=1.0), running(2, BY_DEVICE, started=2.0)]
    assert done(both, [CAM, twin]) == [(Do.GIVE, "vm-1", "usb_2_1_3"), (Do.GIVE, "vm-2", "usb_2_2")]
    assert done([running(1, BY_DEVICE)], [CAM, twin]) == [(Do.GIVE, "vm-1", "usb_2_1_3")]


@pytest.mark.parametrize(
    ("device", "words"),
    [
        (KEYS, "keyboard"),
        (replace(STICK, mounted=True), "mounted"),
        (replace(STICK, mounted=None), "cannot be seen"),
    ],
)
def test_what_the_host_uses_is_not_given_unless_somebody_agreed(device: HostUsb, words: str) -> None:
    for rule in (UsbRule(device.vendor, device.product), UsbRule(port=device.port)):
        (step,) = plan.steps([running(1, rule)], [device])
        assert step.do is Do.USED and words in str(plan.refusal(step))
        (step,) = plan.steps([running(1, replace(rule, sure=True))], [device])
        assert step.do is Do.GIVE and plan.refusal(step) is None
    assert done([running(1, UsbRule("0951", "1666"))], [STICK]) == [(Do.GIVE, "vm-1", "usb_1_4")]  # not mounted


# ---------------------------------------------------------------- when it is looked


class Sessions:
    def of(self, _key: DomainKey) -> Any:
        return self

    def require(self) -> Any:
        return self


class Context:
    """What Replug uses of a core.command.Context."""

    def __init__(self, bug: Any) -> None:
        self.store, self.sessions, self.jobs, self.trace = Store(), Sessions(), Jobs(bug), Trace()


class Desk:
    """A host with devices and machines, and what was done."""

    def __init__(self) -> None:
        self.devices: list[HostUsb] = []
        self.has: dict[str, list[LiveUsb]] = {}
        self.applied: list[str] = []
        self.told: list[str] = []
        self.entries: list[Entry] = []
        self.looks = 0
        self.fails = False
        self.ctx = Context(self._bug)
        self.replug = Replug(self.ctx, self, self._tell, Hands(self._devices, self._has, self._apply))  # type: ignore[arg-type]

    def _bug(self, error: BaseException) -> None:
        raise error

    def add(self, entry: Entry) -> None:
        self.entries.append(entry)

    def _tell(self, _key: DomainKey, problem: Problem) -> None:
        self.told.append(f"{problem.what} {problem.why}")

    async def _devices(self, _connection: Any) -> list[HostUsb]:
        self.looks += 1
        return self.devices

    async def _has(self, _connection: Any, uuid: str) -> list[LiveUsb]:
        return self.has.get(uuid, [])

    async def _apply(self, _connection: Any, uuid: str, change: Any) -> None:
        assert change.edit is None and change.live is not None
        self.applied.append(str(change.what))
        if self.fails:
            raise VirtError(Problem(text("It does not work."), name="x"))
        self.has[uuid] = [has(one) for one in self.devices if one is CAM]

    def put(self, *machines: Domain, lacking: frozenset[Feature] = frozenset(), readonly: bool = False) -> None:
        config = HostConfig("laptop", "laptop", "qemu:///system", readonly=readonly)
        self.ctx.store.put_host(Host(config, Link.UP, None, Capabilities(lacking=lacking)))
        self.ctx.store.update(machines)


def ruled(n: int, *rules: UsbRule, state: State = State.RUNNING) -> Domain:
    made = machine(n, "laptop", f"vm-{n}", state=state)
    return replace(made, definition=replace(made.definition, usb_rules=rules))


def test_a_device_is_offered_once_in_a_run_of_the_machine() -> None:
    async def work() -> None:
        desk = Desk()
        desk.put(ruled(1, BY_DEVICE))
        desk.devices = [CAM]
        await desk.replug.look("laptop")
        assert desk.applied == ["USB device Webcam C270"]
        assert [(one.what, one.reason, one.name) for one in desk.entries] == [("plugged in", "Webcam C270", "vm-1")]
        (step,) = desk.ctx.trace.entries
        assert step.call == "virDomainAttachDeviceFlags" and "attach-device vm-1 FILE --live" in step.virsh
        desk.has.clear()  # somebody took it out of the machine by hand
        await desk.replug.look("laptop")
        assert len(desk.applied) == 1
        desk.devices = []
        await desk.replug.look("laptop")  # unplugged, and plugged in again
        desk.devices = [replace(CAM, device=6)]
        await desk.replug.look("laptop")
        assert len(desk.applied) == 2

    asyncio.run(work())


def test_what_does_not_work_is_told_by_its_job_and_not_tried_for_ever() -> None:
    async def work() -> None:
        desk = Desk()
        desk.put(ruled(1, BY_DEVICE))
        desk.devices, desk.fails = [CAM], True
        for _ in range(3):
            await desk.replug.look("laptop")
        (job,) = desk.ctx.jobs.all
        assert job.problem is not None and str(job.title) == "Giving Webcam C270 to vm-1"
        assert [one.what for one in desk.entries] == ["not given"] and desk.told == []

    asyncio.run(work())


def test_another_window_may_be_faster() -> None:
    async def work() -> None:
        desk = Desk()
        desk.put(ruled(1, BY_DEVICE))
        desk.devices, desk.fails = [CAM], True

        async def quick(_connection: Any, uuid: str, _change: Any) -> None:
            desk.has[uuid] = [has(CAM)]
            raise VirtError(Problem(text("It is in use."), name="x"))

        desk.replug._hands = replace(desk.replug._hands, apply=quick)
        await desk.replug.look("laptop")
        (job,) = desk.ctx.jobs.all
        assert job.problem is None

    asyncio.run(work())


def test_a_machine_that_falls_silent_for_a_while_is_offered_nothing_again() -> None:
    async def work() -> None:
        desk = Desk()
        one, other = ruled(1, BY_DEVICE), ruled(2, UsbRule(port="9-9"))
        desk.put(one, other)
        desk.devices = [CAM]
        await desk.replug.look("laptop")
        desk.has.clear()  # taken out by hand
        desk.put(replace(one, responding=False))
        await desk.replug.look("laptop")
        desk.put(one)
        await desk.replug.look("laptop")
        assert len(desk.applied) == 1

    asyncio.run(work())


def test_who_does_not_get_it_is_told_once() -> None:
    async def work() -> None:
        desk = Desk()
        desk.put(ruled(1, BY_DEVICE), ruled(2, BY_PORT))
        desk.devices = [CAM]
        for _ in range(2):
            await desk.replug.look("laptop")
        assert desk.applied == ["USB device Webcam C270"]
        assert desk.told == ["vm-2 was not given Webcam C270. vm-1 has it. Remove it there, then plug it in again."]

    asyncio.run(work())


@pytest.mark.parametrize("kind", ["off", "no rule", "read-only"])
def test_nothing_is_asked_where_nothing_can_be_done(kind: str) -> None:
    async def work() -> None:
        desk = Desk()
        rules = () if kind == "no rule" else (BY_DEVICE,)
        state = State.SHUTOFF if kind == "off" else State.RUNNING
        desk.put(ruled(1, *rules, state=state), readonly=kind == "read-only")
        desk.devices = [CAM]
        await desk.replug.look("laptop")
        assert desk.looks == 0 and desk.applied == []

    asyncio.run(work())


def test_it_looks_when_a_machine_starts_and_when_a_device_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vmdesk.core.replug.watch.SETTLE", 0.001)

    async def until(condition: Any) -> None:
        async with asyncio.timeout(5):
            while not condition():
                await asyncio.sleep(0.001)

    async def work() -> None:
        desk = Desk()
        desk.put(ruled(1, BY_DEVICE, state=State.SHUTOFF))
        task = asyncio.create_task(desk.replug.run())
        await asyncio.sleep(0)
        desk.ctx.store.stir_devices("laptop")  # no running machine has a rule: nobody asks
        desk.put(ruled(1, BY_DEVICE))
        await until(lambda: desk.looks == 1)
        desk.devices = [CAM]
        desk.ctx.store.stir_devices("laptop")
        await until(lambda: desk.applied)
        assert desk.looks == 2
        task.cancel()
        await asyncio.wait((task,))

    asyncio.run(work())


def test_a_host_that_tells_nothing_is_looked_at_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vmdesk.core.replug.watch.SETTLE", 0.001)
    monkeypatch.setattr("vmdesk.core.replug.watch.POLL", 0.001)

    async def work() -> None:
        desk = Desk()
        desk.put(ruled(1, BY_DEVICE), lacking=frozenset((Feature.DEVICE_EVENTS,)))
        task = asyncio.create_task(desk.replug.run())
        async with asyncio.timeout(5):
            while desk.looks < 3:
                await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.wait((task,))

    asyncio.run(work())
