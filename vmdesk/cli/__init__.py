"""The same verbs without a window: for scripts, timers and people on a terminal. No Qt.

`wanted(argv)` tells whether the arguments are for the command line; `main(argv, window)` runs them.
"""

from vmdesk.cli.arguments import wanted
from vmdesk.cli.main import VERBS, main

__all__ = ["VERBS", "main", "wanted"]
