"""Process 1 of the sandbox: builds the walls, starts the keeper, runs the command as the unprivileged user.

Only ``tests.testbed.sandbox.run`` starts this, in fresh namespaces.
"""

import os
import signal
import subprocess
import sys

from tests.testbed import sandbox
from tests.testbed.keeper import Keeper

_KEPT = ("PATH", "TERM", "LANG", "COLUMNS", "CI", "NO_COLOR", "FORCE_COLOR", "PYTEST_ADDOPTS")


def environment(user: str, home: object, number: int) -> dict[str, str]:
    """What a program of `user` finds in its environment: nothing of the caller's session or display."""
    kept = {k: v for k, v in os.environ.items() if k in _KEPT or k.startswith(("TEST_", "VMDESK_", "LC_"))}
    return kept | {
        "HOME": str(home),
        "USER": user,
        "LOGNAME": user,
        "SHELL": "/bin/sh",
        "TMPDIR": "/tmp",
        "XDG_RUNTIME_DIR": f"/run/user/{number}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "VMDESK_BED": str(sandbox.BASE / "keeper.sock"),
    }


def _leave_reaper() -> None:
    """Fork: the parent stays as process 1 and buries orphans (a dead QEMU must not linger as a zombie)."""
    child = os.fork()
    if child == 0:
        return
    while True:
        process, status = os.waitpid(-1, 0)
        if process == child:
            os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def main() -> int:
    signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl+C is the command's to answer; not SIG_IGN: that is inherited
    _leave_reaper()
    sandbox.build_walls()
    keeper = Keeper()
    keeper.open()
    keeper.daemon_start()
    return subprocess.run(
        ["setpriv", f"--reuid={sandbox.USER_ID}", f"--regid={sandbox.USER_ID}", "--init-groups", "--", *sys.argv[1:]],
        env=environment(sandbox.USER, sandbox.HOME, sandbox.USER_ID),
        check=False,
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
