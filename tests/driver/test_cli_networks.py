"""`vmdesk network` on the practice host."""

import json
from pathlib import Path

import pytest

from vmdesk.cli.main import main


def test_a_network_that_machines_use_is_not_deleted_unasked(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def vmdesk(*words: str) -> tuple[int, str, str]:
        code = main(["--demo", "--settings-dir", str(tmp_path), *words])
        told = capfd.readouterr()
        return code, told.out, told.err

    code, out, err = vmdesk("network", "delete", "default")
    assert code == 1 and not out and "--yes" in err
    assert "gateway runs and loses its network." in err and "template-debian does not start" in err
    code, out, _err = vmdesk("--json", "network", "delete", "default", "--yes")
    assert code == 0 and json.loads(out)["deleted"]
    code, _out, err = vmdesk("network", "delete", "bridge-eno2")  # nobody is on it
    assert code == 0 and not err
