"""Command line of the test bed: ``python -m tests.testbed (pytest ARGS... | tour DIR | run PROGRAM ARGS...)``.

As root: builds the sandbox (sandbox.py) and runs the command in it as an unprivileged user.
Otherwise: runs it directly, in a process namespace of its own where the kernel allows one, so that nothing outlives it.
``pytest`` without arguments is all the tests, in parts that run at the same time (parts.py).
"""

import os
import signal
import subprocess
import sys

from tests.testbed import corpus, debian, parts, sandbox

_ALONE = ["unshare", "--user", "--map-current-user", "--pid", "--fork", "--kill-child", "--mount-proc"]
# Process 1 must bury orphans, or libvirt waits for ever for a dead QEMU to go away; a waiting shell does.
_BURY = ["sh", "-c", '"$@"; exit $?', "sh"]


def command(arguments: list[str]) -> list[str]:
    """The program that `arguments` ask for."""
    match arguments:
        case ["pytest", *rest]:
            own_cache = ["-o", "cache_dir=/tmp/pytest-cache"] if os.geteuid() == 0 else []  # the checkout is root's
            return [sys.executable, "-m", "pytest", *own_cache, *rest]
        case ["tour", directory]:
            return [sys.executable, "-m", "tests.testbed.tour", os.path.abspath(directory)]
        case ["run", *program] if program:
            return program
    raise SystemExit(__doc__)


def wants_debian(arguments: list[str]) -> bool:
    """Whether the tests that boot a Debian of our own are among those that are run."""
    match arguments:
        case ["pytest", *rest]:
            paths = [one.rstrip("/") for one in rest if one.startswith("tests")]
            return not paths or any(one in ("tests", "tests/live") or "create_boots" in one for one in paths)
    return False


def prepare_debian() -> None:
    """Made once, from the network; without it its tests are skipped, by name."""
    if debian.IMAGE.exists() or not debian.possible():
        return
    print(f"Making {debian.IMAGE} by debootstrap, once: some minutes.", flush=True)
    try:
        debian.make()
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"It could not be made, and what needs it is skipped: {error}")


def main() -> int:
    program = command(sys.argv[1:])
    if "pytest" in sys.argv[1:2] and (why := corpus.fetch()):
        print(f"test bed: {why}", file=sys.stderr)
    signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl+C is the program's to answer; its status is ours
    if sys.argv[1:] == ["pytest"]:
        return parts.run(program, prepare_debian)
    if os.geteuid() == 0:
        if wants_debian(sys.argv[1:]):
            prepare_debian()
        return sandbox.run(program)
    alone = subprocess.run([*_ALONE, "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0
    return subprocess.run([*_ALONE, *_BURY, *program] if alone else program, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
