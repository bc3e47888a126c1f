"""The console's pointer and keys on a real X display, at three scale factors."""

import shutil

import pytest

from tests.testbed import desktop


@pytest.mark.skipif(not shutil.which("xdotool"), reason="xdotool is a package of Debian's")
@pytest.mark.parametrize("factor", ["1", "1.5", "2"])
def test_pointer_and_keys_arrive(factor: str) -> None:
    told = desktop.seen_at(factor, "tests.live.console_on_x")
    assert told["click"] == [[320, 240, 1], [320, 240, 0]]
    assert len(told["corners"]) >= 5
    assert [tuple(wanted) for _, wanted, _ in told["corners"]] == [tuple(got) for _, _, got in told["corners"]]
    assert [qnum for qnum, down in told["keys"] if down] == [0x1E, 0x0F, 0x1D, 0x11], "Tab and Ctrl+W are the guest's"
    assert told["held"] > 5, "a key held down repeats"
    assert told["german"] == [[0x15, True], [0x15, False]], "by where it lies: z is where y is"
    assert told["wheel"] == [8, 0, 16, 0]
    assert told["released"] and told["grabbed"] and told["let_go"]
    ratio = float(factor)
    assert told["motions"] == [[round(30 / ratio), round(-18 / ratio), 0]] * 2
