"""What quotas held back, read from control groups of both kinds."""

from pathlib import Path

import pytest

from vmdesk.virt.throttling import from_kernel


def machine(folder: Path, lines: str, groups: dict[str, str]) -> Path:
    """A process 42 in these groups; each group's cpu.stat."""
    process = folder / "proc" / "42"
    process.mkdir(parents=True)
    (process / "cgroup").write_text(lines)
    for path, words in groups.items():
        group = folder / "groups" / path
        group.mkdir(parents=True, exist_ok=True)
        (group / "cpu.stat").write_text(words)
    file = folder / "web.pid"
    file.write_text("42")
    return file


def read(folder: Path, lines: str, groups: dict[str, str]) -> tuple[int, int, int] | None:
    found = from_kernel(machine(folder, lines, groups), folder / "proc", folder / "groups")
    return (found.periods, found.throttled, found.throttled_ns) if found else None


def test_one_hierarchy(tmp_path: Path) -> None:
    top = r"machine.slice/machine-qemu\x2d1\x2dweb.scope/libvirt"
    stat = "usage_usec 9\nnr_periods {}\nnr_throttled {}\nthrottled_usec {}\n"
    groups = {
        top: stat.format(0, 0, 0),
        f"{top}/emulator": "usage_usec 5\n",  # without the controller there is no more than that
        f"{top}/vcpu0": stat.format(100, 40, 2_000),
        f"{top}/vcpu1": stat.format(90, 10, 500),
    }
    assert read(tmp_path, f"0::/{top}/emulator\n", groups) == (190, 50, 2_500_000)


def test_a_hierarchy_for_each_controller(tmp_path: Path) -> None:
    top = "machine/qemu-1-web.libvirt-qemu"
    groups = {f"cpu/{top}/vcpu0": "nr_periods 7\nnr_throttled 3\nthrottled_time 123456\n"}
    lines = f"9:memory:/{top}\n4:cpu,cpuacct:/{top}/emulator\n0::/init.scope\n"
    assert read(tmp_path, lines, groups) == (7, 3, 123456)


@pytest.mark.parametrize(
    "lines",
    ["0::/user.slice/user-1000.slice/session-2.scopes\n", "", "nonsense\n", "0::/machine.slice/away.scope/libvirt\n"],
)
def test_what_libvirt_did_not_put_anywhere_is_not_told(lines: str, tmp_path: Path) -> None:
    stat = "nr_periods 1\nnr_throttled 1\nthrottled_usec 1\n"
    assert read(tmp_path, lines, {"user.slice/user-1000.slice/session-2.scopes": stat}) is None


def test_no_process_and_no_sense(tmp_path: Path) -> None:
    assert from_kernel(tmp_path / "none.pid", tmp_path, tmp_path) is None
    (tmp_path / "web.pid").write_text("x")
    assert from_kernel(tmp_path / "web.pid", tmp_path, tmp_path) is None
