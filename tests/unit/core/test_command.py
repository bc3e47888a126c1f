"""Running commands on one machine and on forty, and every command's record."""

import asyncio
import shlex
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from vmdesk.core import command as commands
from vmdesk.core import start_check
from vmdesk.core.command import AT_ONCE, Command, Confirm, Context, Offer, Question, named, reason, reference, run_on
from vmdesk.core.commands import outside, questions, work
from vmdesk.core.commands.domain import BY_ID, COMMANDS
from vmdesk.core.jobs import Job, Jobs, JobState
from vmdesk.core.labels import LabelsEdit, LocalLabels
from vmdesk.core.settings import SettingsFile
from vmdesk.core.store import Store
from vmdesk.core.trace import Trace
from vmdesk.model.domain import Definition, Domain, DomainKey, File, Labels, State
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.host import Capabilities, Feature, Host, HostConfig, Link
from vmdesk.model.text import Text, text

LAB = Host(HostConfig("lab", "Lab", "qemu+ssh://lab/system"), Link.UP, None, Capabilities(driver="QEMU"))
ON, OFF, PAUSED = State.RUNNING, State.SHUTOFF, State.PAUSED


def machine(name: str = "web", state: State = OFF, host: str = "lab", **more: Any) -> Domain:
    return Domain(DomainKey(host, f"uuid-{name}"), name, state, **more)


class Answers:
    """A person who answers as told."""

    def __init__(self) -> None:
        self.agrees = True
        self.answer: str | None = None
        self.edit: LabelsEdit | None = None
        self.confirms: list[Confirm] = []
        self.questions: list[Question] = []
        self.offers: list[Offer] = []
        self.notes: list[str] = []
        self.copied: list[str] = []
        self.opened: list[DomainKey] = []

    async def confirm(self, confirm: Confirm) -> bool:
        self.confirms.append(confirm)
        return self.agrees

    async def text(self, question: Question) -> str | None:
        self.questions.append(question)
        return self.answer

    async def labels(self, domains: Sequence[Domain]) -> LabelsEdit | None:
        return self.edit

    def offer(self, offer: Offer) -> None:
        self.offers.append(offer)

    def tell(self, note: Text) -> None:
        self.notes.append(str(note))

    def warn(self, note: Text) -> None:
        self.notes.append(str(note))

    def copy(self, what: str) -> None:
        self.copied.append(what)

    def open(self, key: DomainKey) -> None:
        self.opened.append(key)


class Virt:
    """Stands for virt.domains: every call is noted, and fails if told so."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.fails: dict[str, VirtError] = {}
        self.hold: asyncio.Event | None = None
        self.running = self.most = 0
        self.found: list[File] = []

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def call(connection: Any, uuid: str, *args: Any, **options: Any) -> Any:
            self.calls.append((name, uuid, *args, *options.items()))
            self.running += 1
            self.most = max(self.most, self.running)
            try:
                await asyncio.sleep(0)
                if self.hold:
                    await self.hold.wait()
            finally:
                self.running -= 1
            if failure := self.fails.get(f"{name} {options['mode']}" if "mode" in options else name):
                raise failure
            return self.found if name == "files" else None

        return call


class Desk:
    """A context with fakes around it."""

    def __init__(self, folder: Path, virt: Virt) -> None:
        self.virt, self.ask, self.store, self.trace = virt, Answers(), Store(), Trace()
        self.bugs: list[BaseException] = []
        self.settings = SettingsFile(folder / "settings.json")
        self.settings.current = replace(self.settings.current, shutdown_wait=0.05)
        self.capabilities = Capabilities(driver="QEMU")
        self.labels = LocalLabels(folder / "labels.json")
        self.store.put_host(LAB)
        self.store.put_host(replace(LAB, config=replace(LAB.config, id="other", name="Other")))
        self.ctx = Context(
            self.store,
            self,
            Jobs(self.bugs.append),
            self.settings,
            self.trace,
            self.labels,
            self.ask,  # type: ignore[arg-type]
        )

    def of(self, key: DomainKey) -> Any:
        return SimpleNamespace(require=lambda: SimpleNamespace(capabilities=self.capabilities))

    def run(self, command: Command, *machines: Domain, argument: Any = None) -> list[Job]:
        """The ended jobs."""

        async def go() -> list[Job]:
            self.store.update(machines)
            jobs = [await task for task in await run_on(self.ctx, command, machines, argument)]
            await self.ctx.jobs.close()
            return jobs

        jobs = asyncio.run(go())
        assert not self.bugs
        return jobs


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    virt = Virt()

    async def no_log(connection: Any, name: str, since: float) -> str:
        return ""

    async def allowed(connection: Any, uuid: str, called: str) -> None:
        if wrong := virt.fails.get("check"):
            raise wrong

    monkeypatch.setattr(work.logs, "qemu_log_tail", no_log)
    monkeypatch.setattr(start_check, "check", allowed)
    for module in (work, questions):
        monkeypatch.setattr(module, "domains", virt)
    return Desk(tmp_path, virt)


def failure(name: str = "", what: str = "It broke.") -> VirtError:
    return VirtError(Problem(Text(what), name=name))


# ---------------------------------------------------------------- the list


def test_every_command_of_the_issue_is_there_once() -> None:
    assert len(BY_ID) == len(COMMANDS)
    assert set(BY_ID) == {
        f"domain.{name}"
        for name in [
            "open",
            "start",
            "start-paused",
            "shutdown",
            "reboot",
            "reset",
            "poweroff",
            "pause",
            "resume",
            "save",
            "restore",
            "discard-save",
            "autostart",
            "no-autostart",
            "insert-medium",
            "snapshot",
            "clone",
            "template",
            "no-template",
            "rename",
            "labels",
            "copy-name",
            "copy-uuid",
            "copy-address",
            "ssh",
            "trash",
            "untrash",
            "delete",
            "undefine",
        ]
    }


def test_shortcuts_are_different() -> None:
    shortcuts = [command.shortcut for command in COMMANDS]
    assert all(shortcuts)
    assert len(set(shortcuts)) == len(shortcuts)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.id)
def test_records_are_whole(command: Command) -> None:
    assert (command.run is None) != (command.act is None)
    assert command.text.source
    assert command.icon
    if command.run:
        assert "{name}" in command.doing.source
        assert str(command.doing_to("wéb {x}")).count("wéb {x}") == 1
        assert command.call.startswith("virDomain")
        assert command.writes
    if command.danger:
        assert command.confirm or command.act  # which asks by itself


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.id)
def test_every_state_has_an_answer(command: Command, state: State) -> None:
    for more in ({}, {"persistent": False}, {"managed_save": True, "autostart": True}, {"live_id": 3}):
        domain = machine(state=state, **more)
        why = reason(command, domain, LAB)
        assert why is None or str(why)
        already = command.already(domain)
        assert already is None or domain.name in str(already)


ALLOWED = {
    "domain.start": "shut off,crashed",
    "domain.start-paused": "shut off,crashed",
    "domain.shutdown": "running,idle,in shutdown,no state",
    "domain.reboot": "running,idle,in shutdown,no state",
    "domain.pause": "running,idle,in shutdown,no state",
    "domain.resume": "paused,pmsuspended",
    "domain.poweroff": "running,idle,paused,in shutdown,pmsuspended,no state",
    "domain.rename": "shut off,crashed",
    "domain.undefine": "shut off,crashed",
    "domain.delete": "shut off,crashed",
    "domain.clone": "shut off,crashed",
}


@pytest.mark.parametrize("command_id", ALLOWED)
def test_states_in_which_it_makes_sense(command_id: str) -> None:
    allowed = {state.value for state in State if reason(BY_ID[command_id], machine(state=state), LAB) is None}
    assert allowed == set(ALLOWED[command_id].split(","))


def test_a_crashed_machine_that_was_kept_can_be_forced_off_only() -> None:
    kept = machine(state=State.CRASHED, live_id=7)
    assert reason(BY_ID["domain.poweroff"], kept, LAB) is None
    assert reason(BY_ID["domain.start"], kept, LAB)
    assert reason(BY_ID["domain.undefine"], kept, LAB)


def test_a_saved_machine_is_not_renamed_and_says_why() -> None:
    saved = machine(managed_save=True)
    assert "saved state" in str(reason(BY_ID["domain.rename"], saved, LAB))
    assert reason(BY_ID["domain.undefine"], saved, LAB) is None


# ---------------------------------------------------------------- reasons


def test_reasons_of_the_host_come_first() -> None:
    start, web = BY_ID["domain.start"], machine()
    assert "Lab is not connected" in str(reason(start, web, replace(LAB, link=Link.LOST)))
    assert reason(start, web, None)
    for readonly in (
        replace(LAB, config=replace(LAB.config, readonly=True)),
        replace(LAB, capabilities=Capabilities(readonly=True)),
    ):
        assert "read-only" in str(reason(start, web, readonly))
        assert reason(BY_ID["domain.copy-name"], web, readonly) is None
    lacking = replace(LAB, capabilities=Capabilities("TEST", lacking=frozenset({Feature.RESET})))
    assert "virDomainReset" in str(reason(BY_ID["domain.reset"], machine(state=ON), lacking))
    assert reason(BY_ID["domain.copy-uuid"], web, None) is None


def test_a_machine_that_does_not_answer_can_be_forced_off() -> None:
    for domain in (machine(state=ON, responding=False), machine(state=ON, busy="snapshot")):
        assert reason(BY_ID["domain.poweroff"], domain, LAB) is None
        assert reason(BY_ID["domain.copy-name"], domain, LAB) is None
        why = reason(BY_ID["domain.pause"], domain, LAB)
        assert why
        assert (domain.busy or "Force off") in str(why)


def test_reason_for_many() -> None:
    store = Store()
    store.put_host(LAB)
    start = BY_ID["domain.start"]
    assert commands.reason_many(start, [], store)
    assert commands.reason_many(start, [machine("a", ON), machine("b")], store) is None
    assert "a is already" in str(commands.reason_many(start, [machine("a", ON), machine("b", ON)], store))
    assert commands.reason_many(BY_ID["domain.rename"], [machine("a"), machine("b")], store)


# ---------------------------------------------------------------- virsh


@pytest.mark.parametrize(
    ("command_id", "domain", "argument", "line"),
    [
        ("start", machine("my web"), None, "start 'my web'"),
        ("start", machine("42"), None, "start uuid-42"),
        ("start", machine("-x"), None, "start uuid--x"),
        ("start", machine("$(rm -rf ~)'"), None, """start '$(rm -rf ~)'"'"''"""),
        ("start-paused", machine(), None, "start web --paused"),
        ("shutdown", machine(), None, "shutdown web"),
        ("shutdown", machine(definition=Definition(kind="kvm", agent=True)), None, "shutdown web --mode agent,acpi"),
        ("poweroff", machine(), None, "destroy web"),
        ("pause", machine(), None, "suspend web"),
        ("resume", machine(state=PAUSED), None, "resume web"),
        ("resume", machine(state=State.PMSUSPENDED), None, "dompmwakeup web"),
        ("save", machine(), None, "managedsave web"),
        ("discard-save", machine(), None, "managedsave-remove web"),
        ("no-autostart", machine(), None, "autostart web --disable"),
        ("rename", machine(), "new name", "domrename web 'new name'"),
        (
            "undefine",
            machine(managed_save=True),
            None,
            "undefine web --managed-save --snapshots-metadata",
        ),
        ("labels", machine(), LabelsEdit(title="A b"), "desc web --config --title --new-desc 'A b'"),
        (
            "labels",
            machine(labels=Labels(tags=("a",))),
            LabelsEdit(remove=("a",)),
            "metadata web https://vmdesk.org/xmlns/1 --config --remove",
        ),
    ],
)
def test_virsh_line(command_id: str, domain: Domain, argument: Any, line: str) -> None:
    written = BY_ID[f"domain.{command_id}"].virsh_lines(domain, "qemu:///system?a=1&b=2", argument)
    assert written == f"virsh -c 'qemu:///system?a=1&b=2' {line}"
    assert shlex.split(written)[:2] == ["virsh", "-c"]


def test_virsh_lines_of_labels_hold_the_whole_element() -> None:
    edit = LabelsEdit(description="D", group="G", add=("x y",))
    first, second = BY_ID["domain.labels"].virsh_lines(machine(state=ON), "test:///default", edit).splitlines()
    assert first.endswith("desc web --config --live --new-desc D")
    assert "<group>G</group><tag>x y</tag>" in shlex.split(second)[-1]
    assert reference(machine("6a1d2f9e-3b1c-4f7e-9a53-0f8a5d2c7b11")).startswith("uuid-")


# ---------------------------------------------------------------- running


def test_one_job_and_one_step(desk: Desk) -> None:
    [job] = desk.run(BY_ID["domain.start"], machine())
    assert job.state is JobState.DONE
    assert str(job.title) == "Starting web"
    assert job.keys == (DomainKey("lab", "uuid-web"),)
    assert desk.virt.calls == [("start", "uuid-web")]
    [step] = desk.trace.entries
    assert (step.call, step.virsh, step.worked) == ("virDomainCreate", "virsh -c qemu+ssh://lab/system start web", True)


def test_a_failure_is_the_jobs_and_the_traces(desk: Desk) -> None:
    desk.virt.fails["start"] = failure(what="No memory.")
    [job] = desk.run(BY_ID["domain.start"], machine())
    assert job.state is JobState.FAILED
    assert job.problem == Problem(Text("No memory."))
    assert str(desk.trace.entries[0].outcome) == "No memory."


def test_forty_machines_four_at_once_a_host(desk: Desk) -> None:
    machines = [machine(f"m{n}", host=host) for n in range(40) for host in ("lab", "other")]
    jobs = desk.run(BY_ID["domain.start"], *machines)
    assert len(jobs) == 80
    assert all(job.state is JobState.DONE for job in jobs)
    assert desk.virt.most == 2 * AT_ONCE


def test_those_on_which_it_cannot_run_are_left_out(desk: Desk) -> None:
    assert len(desk.run(BY_ID["domain.start"], machine("a", ON), machine("b"), machine("c", PAUSED))) == 1
    assert desk.run(BY_ID["domain.start"], machine("a", ON)) == []


def test_a_cancelled_job_gives_its_place_back(desk: Desk) -> None:
    async def go() -> list[Job]:
        desk.virt.hold = asyncio.Event()
        machines = [machine(f"m{n}") for n in range(6)]
        desk.store.update(machines)
        tasks = await run_on(desk.ctx, BY_ID["domain.start"], machines)
        await asyncio.sleep(0.01)
        assert desk.virt.running == AT_ONCE
        for job in desk.ctx.jobs.all[:2]:
            desk.ctx.jobs.cancel(job.id)
        await asyncio.sleep(0.01)
        assert desk.virt.running == AT_ONCE
        desk.virt.hold.set()
        return [await task for task in tasks]

    states = [job.state for job in asyncio.run(go())]
    assert states == [JobState.CANCELLED] * 2 + [JobState.DONE] * 4


def test_a_question_may_be_declined_or_switched_off(desk: Desk) -> None:
    poweroff = BY_ID["domain.poweroff"]
    desk.ask.agrees = False
    assert desk.run(poweroff, machine(state=ON)) == []
    assert desk.virt.calls == []
    assert "unsaved data" in str(desk.ask.confirms[0].message)
    desk.settings.current = replace(desk.settings.current, confirmations={"domain.poweroff": False})
    assert len(desk.run(poweroff, machine(state=ON))) == 1
    assert len(desk.ask.confirms) == 1


def test_one_question_for_many_lists_ten_names(desk: Desk) -> None:
    desk.run(BY_ID["domain.poweroff"], *(machine(f"m{n}", ON) for n in range(13)))
    [confirm] = desk.ask.confirms
    assert [str(item) for item in confirm.items] == [*(f"m{n}" for n in range(10)), "and 3 more"]
    assert "13" in str(confirm.title)
    assert named([machine("a"), machine("b")]) == ("a", "b")


# ---------------------------------------------------------------- shut down


def test_shut_down_asks_the_agent_first(desk: Desk) -> None:
    agent = machine(state=ON, definition=Definition(agent=True))
    desk.run(BY_ID["domain.shutdown"], agent)
    assert desk.virt.calls == [("shutdown", "uuid-web", ("mode", "agent"))]


def test_without_answer_of_the_agent_the_power_button_is_pressed(desk: Desk) -> None:
    desk.virt.fails["shutdown agent"] = failure("agent")
    desk.run(BY_ID["domain.shutdown"], machine(state=ON, definition=Definition(agent=True)))
    assert [call[2][1] for call in desk.virt.calls] == ["agent", "acpi"]


def test_other_drivers_have_their_own_way(desk: Desk) -> None:
    desk.capabilities = Capabilities("LXC")
    desk.run(BY_ID["domain.shutdown"], machine(state=ON, definition=Definition(agent=True)))
    assert desk.virt.calls == [("shutdown", "uuid-web")]


def test_force_off_is_offered_when_the_guest_takes_too_long(desk: Desk) -> None:
    [job] = desk.run(BY_ID["domain.shutdown"], machine(state=ON))
    assert job.state is JobState.DONE
    assert (job.progress, job.note) == (1.0, text("the guest did not shut down"))  # not just "done"
    [offer] = desk.ask.offers
    assert offer.command.id == "domain.poweroff"
    assert offer.keys == (DomainKey("lab", "uuid-web"),)


@pytest.mark.parametrize("gone", [True, False])
def test_nothing_is_offered_when_it_stops_in_time(desk: Desk, gone: bool) -> None:
    desk.settings.current = replace(desk.settings.current, shutdown_wait=30.0)

    async def go() -> None:
        web = machine(state=ON)
        desk.store.update([web])
        [task] = await run_on(desk.ctx, BY_ID["domain.shutdown"], [web])
        await asyncio.sleep(0.01)
        assert not task.done()
        if gone:
            desk.store.update(drop=[web.key])
        else:
            desk.store.update([replace(web, state=OFF)])
        await asyncio.wait_for(task, 2)

    asyncio.run(go())
    assert desk.ask.offers == []


def test_waiting_for_guests_holds_no_place(desk: Desk) -> None:
    desk.settings.current = replace(desk.settings.current, shutdown_wait=0.2)
    machines = [machine(f"m{n}", ON) for n in range(20)]
    desk.run(BY_ID["domain.shutdown"], *machines)
    assert len(desk.virt.calls) == len(desk.ask.offers) == 20


# ---------------------------------------------------------------- rename, delete, labels


@pytest.mark.parametrize(
    ("name", "fine"),
    [
        ("new", True),
        ("Máy chủ 1", True),
        ("", False),
        ("  ", False),
        (" a", False),
        ("a/b", False),
        ("a\nb", False),
        ("a\x00b", False),
        (".", False),
        ("..", False),
        ("x" * 201, False),
        ("ø" * 101, False),
        ("other", False),
        ("elsewhere", True),
    ],
)
def test_names(desk: Desk, name: str, fine: bool) -> None:
    web = machine()
    desk.store.update([web, machine("other"), machine("elsewhere", host="other")])
    assert (questions.name_problem(desk.ctx, web, name) is None) == fine
    [job] = desk.run(BY_ID["domain.rename"], web, argument=name) if name else [None]
    assert job is None or (job.state is JobState.DONE) == fine


def test_rename_asks_for_the_name(desk: Desk) -> None:
    desk.ask.answer = "shop"
    assert len(desk.run(BY_ID["domain.rename"], machine())) == 1
    assert desk.virt.calls == [("rename", "uuid-web", "shop")]
    assert desk.ask.questions[0].value == "web"
    assert desk.ask.questions[0].check("a/b")
    for answer in (None, "web"):
        desk.ask.answer = answer
        assert desk.run(BY_ID["domain.rename"], machine()) == []


def test_delete_definition_lists_what_stays(desk: Desk) -> None:
    desk.virt.found = [
        File("/img/web.qcow2", "disk", 5_000_000_000),
        File("/img/b", "backing"),
        File("", "saved-state", 5),
    ]
    desk.settings.current = replace(desk.settings.current, confirmations={"domain.undefine": False})
    desk.run(BY_ID["domain.undefine"], machine(managed_save=True))
    [confirm] = desk.ask.confirms
    assert [str(item) for item in confirm.items] == [
        "/img/web.qcow2 (5.0 GB)",
        "/img/b (base image, perhaps of other machines, too)",
    ]
    assert "saved state" in str(confirm.message)
    assert ("undefine", "uuid-web", ("managed_save", True), ("snapshots", True)) in desk.virt.calls


def test_delete_many_definitions_says_how_much_stays_of_each(desk: Desk) -> None:
    desk.virt.found = [File("/a", "disk", 1000), File("/b", "nvram")]
    desk.run(BY_ID["domain.undefine"], *(machine(f"m{n}") for n in range(12)))
    items = [str(item) for item in desk.ask.confirms[0].items]
    assert items[0] == "m0: 2 files stay, 1.0 kB"
    assert items[-1] == "and 2 more"
    assert len(items) == 11


def test_delete_is_given_up_when_the_files_cannot_be_told(desk: Desk) -> None:
    desk.virt.fails["files"] = failure(what="Not now.")
    assert desk.run(BY_ID["domain.undefine"], machine()) == []
    assert desk.ask.notes == ["Not now."]


def test_labels_go_to_libvirt(desk: Desk) -> None:
    desk.ask.edit = LabelsEdit(add=("lab",))
    desk.run(BY_ID["domain.labels"], machine(labels=Labels("T", tags=("web",))))
    assert desk.virt.calls == [("set_labels", "uuid-web", Labels("T", tags=("web", "lab")))]
    assert desk.labels.get(DomainKey("lab", "uuid-web")) is None


@pytest.mark.parametrize("known", [True, False])
def test_labels_are_kept_here_where_the_driver_cannot(desk: Desk, known: bool) -> None:
    if known:
        desk.capabilities = Capabilities(lacking=frozenset({Feature.METADATA}))
    else:
        desk.virt.fails["set_labels"] = failure("no-support")
    [job] = desk.run(BY_ID["domain.labels"], machine(), argument=LabelsEdit(add=("lab",)))
    assert job.state is JobState.DONE
    assert desk.labels.get(DomainKey("lab", "uuid-web")) == Labels(tags=("lab",))


def test_other_failures_of_labels_are_failures(desk: Desk) -> None:
    desk.virt.fails["set_labels"] = failure("busy")
    [job] = desk.run(BY_ID["domain.labels"], machine(), argument=LabelsEdit(add=("lab",)))
    assert job.state is JobState.FAILED


# ---------------------------------------------------------------- without libvirt


def test_copy_and_open(desk: Desk) -> None:
    web = machine("web", addresses=("10.0.0.1", "fd00::1"))
    for command_id in ("copy-name", "copy-uuid", "copy-address", "open"):
        assert desk.run(BY_ID[f"domain.{command_id}"], web, machine("db")) == []
    assert desk.ask.copied == ["web\ndb", "uuid-web\nuuid-db", "10.0.0.1"]
    assert len(desk.ask.opened) == 2
    assert desk.trace.entries == ()


def test_ssh_is_an_argument_list(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []

    def popen(arguments: list[str], **options: Any) -> Any:
        assert not options.get("shell")
        started.append(arguments)
        return SimpleNamespace(poll=lambda: None)

    monkeypatch.setattr(outside.subprocess, "Popen", popen)
    monkeypatch.setattr(outside, "_which", lambda program, path: f"/bin/{program}" if program == "konsole" else None)
    addresses = ("nonsense; rm -rf /", "fe80::1", "127.0.0.1", "10.0.0.7/24")
    desk.settings.current = replace(desk.settings.current, ssh_user="bình")
    desk.run(BY_ID["domain.ssh"], machine(state=ON, addresses=addresses))
    assert started == [["/bin/konsole", "-e", "ssh", "-l", "bình", "--", "10.0.0.7"]]


def test_ssh_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    ssh = BY_ID["domain.ssh"]
    monkeypatch.setattr(outside, "_which", lambda program, path: None)
    assert "terminal" in str(reason(ssh, machine(state=ON, addresses=("10.0.0.7",)), LAB))
    monkeypatch.setattr(outside, "_which", lambda program, path: "/bin/xterm")
    assert "address" in str(reason(ssh, machine(state=ON, addresses=("fe80::1",)), LAB))
    assert reason(ssh, machine(state=ON, addresses=("10.0.0.7",)), LAB) is None
    assert reason(ssh, machine(addresses=("10.0.0.7",)), LAB)


def test_saving_reports_progress(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "PROGRESS", 0.001)
    heard: list[float | None] = []

    async def go() -> None:
        web = machine(state=ON)
        desk.virt.hold = asyncio.Event()
        desk.store.update([web])
        desk.ctx.jobs.subscribe(lambda job: heard.append(job.progress))
        [task] = await run_on(desk.ctx, BY_ID["domain.save"], [web])
        await asyncio.sleep(0.02)
        desk.virt.hold.set()
        await task
        await desk.ctx.jobs.close()

    asyncio.run(go())
    assert {call[0] for call in desk.virt.calls} == {"managed_save", "job_progress"}
    assert str(desk.trace.entries[0].doing) == "Saving web"


def test_what_must_not_be_started_is_not(desk: Desk) -> None:
    desk.virt.fails["check"] = failure("needed")
    (job,) = desk.run(BY_ID["domain.start"], machine(state=State.SHUTOFF))
    assert job.problem is not None and job.problem.name == "needed" and not desk.virt.calls


def test_a_failed_start_brings_qemus_log(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, float]] = []

    async def log(connection: Any, name: str, since: float) -> str:
        asked.append((name, since))
        return "qemu: that disk is no disk"

    monkeypatch.setattr(work.logs, "qemu_log_tail", log)
    desk.virt.fails["start"] = VirtError(Problem(Text("It broke."), details="exit code 1"))
    [job] = desk.run(BY_ID["domain.start"], machine())
    assert job.problem and job.problem.details == "exit code 1\n\nqemu: that disk is no disk"
    assert asked[0][0] == "web" and asked[0][1] <= time.time()


def test_a_click_does_not_wait(desk: Desk) -> None:
    async def go() -> None:
        desk.store.update([machine()])
        await commands.launch(desk.ctx, BY_ID["domain.start"], [machine()])
        await desk.ctx.jobs.close()

    asyncio.run(go())
    assert desk.virt.calls == [("start", "uuid-web")]


def test_refused_is_a_problem_of_ours() -> None:
    assert commands.refused(text("No.")).problem.name == "refused"
