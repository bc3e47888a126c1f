"""stdin, stdout and stderr, as they must be before anything else is opened."""

import os
import sys


def fill_closed() -> None:
    """Whoever started us with one of them closed (`>&-`, some timers) wants silence: it leads nowhere from now on.

    Left closed, the next file that is opened would get its number: a connection to a host, say, into which every
    message to stderr is written.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            os.set_inheritable(number, True)
        if getattr(sys, name) is None:
            # Open for as long as the program runs.
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115
