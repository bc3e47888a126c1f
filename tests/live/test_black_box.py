"""The real window, driven from outside by accessibility: find a machine, start it, see its row say that it runs."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.live.accessibility import Atspi, Table, application, find, press, wait_for
from tests.testbed.guests import Guests

TEST_HOST = """\
<node xmlns:test="http://libvirt.org/schemas/domain/test/1.0">
{}
</node>
"""
MACHINE = """\
<domain type="test"><test:runstate>{}</test:runstate><name>{}</name><memory unit="MiB">512</memory><vcpu>1</vcpu>
<os><type>hvm</type></os></domain>
"""
RUNNING, OFF = 1, 5


class Window:
    """VMDesk with one host, in settings of its own."""

    def __init__(self, process: "subprocess.Popen[str]", output: Path) -> None:
        self.process = process
        self._output = output
        self.application = application(process.pid)
        self.frame = find(self.application, Atspi.Role.FRAME, having=lambda one: one.get_name().startswith("VMDesk"))
        self.machines = Table(find(self.frame, (Atspi.Role.TABLE, Atspi.Role.TREE_TABLE), "Machines"))

    def row(self, name: str) -> int:
        """The row of the machine of that name."""
        return self.machines.row_of(name, self.machines.column("Name"))

    def state(self, name: str) -> str:
        """What its row says of its state."""
        return self.machines.text(self.row(name), self.machines.column("State")).casefold()

    def press(self, name: str) -> None:
        """Press a button of the window."""
        press(find(self.frame, Atspi.Role.PUSH_BUTTON, name))

    def output(self) -> str:
        return self._output.read_text()


Open = Callable[..., Window]


@pytest.fixture
def window(a11y_bus: dict[str, str], tmp_path: Path) -> Iterator[Callable[[str], "Window"]]:
    """`window(uri)` opens the program; it is ended after the test, and must not have complained."""
    with _processes() as started:

        def run(uri: str) -> Window:
            output = tmp_path / "output"
            with output.open("w") as file:
                process = subprocess.Popen(
                    [sys.executable, "-m", "vmdesk", "--settings-dir", str(tmp_path / "settings"), "--connect", uri],
                    env=os.environ | a11y_bus, stdin=subprocess.DEVNULL, stdout=file, stderr=file, text=True,
                )  # fmt: skip
            started.append(process)
            return Window(process, output)

        yield run
    if (tmp_path / "output").exists():
        assert "Traceback" not in (tmp_path / "output").read_text()


@contextmanager
def _processes() -> "Iterator[list[subprocess.Popen[str]]]":
    started: list[subprocess.Popen[str]] = []
    try:
        yield started
    finally:
        for process in started:
            process.terminate()
        for process in started:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def test_start_a_machine_of_the_test_driver(window: Open, tmp_path: Path) -> None:
    file = tmp_path / "host.xml"
    machines = [(RUNNING, "web-01"), (OFF, "web-02"), (OFF, "db-01"), (RUNNING, "mail")]
    file.write_text(TEST_HOST.format("".join(MACHINE.format(*machine) for machine in machines)))
    opened = window(f"test://{file}")
    wait_for("four rows", lambda: opened.machines.rows() == 4)
    assert opened.state("web-02").startswith("off") or "shut off" in opened.state("web-02")
    opened.machines.select(opened.row("web-02"))
    opened.press("Start")
    wait_for("web-02 runs", lambda: opened.state("web-02").startswith("running"))
    assert not opened.state("db-01").startswith("running")


def test_start_a_real_machine(window: Open, make_guest: Guests) -> None:
    other, guest = make_guest("other", start=False), make_guest("mine", start=False)
    opened = window(guest.uri)
    opened.machines.select(opened.row(guest.name))
    opened.press("Start")
    wait_for(f"{guest.name} runs", lambda: opened.state(guest.name).startswith("running"))
    assert guest.state() == RUNNING and other.state() == OFF
    # What happens without us is seen too.
    guest.ask(lambda d: d.destroy())
    wait_for(f"{guest.name} is off", lambda: not opened.state(guest.name).startswith("running"))
