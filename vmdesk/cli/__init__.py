"""The same verbs without a window: for scripts, timers and people on a terminal. No Qt.

`wanted(argv)` tells whether the arguments are for the command line; `main(argv, window)` runs them.
"""

from vmdesk.cli.arguments import Usage, wanted
from vmdesk.cli.main import VERBS, check_folder, main

__all__ = ["VERBS", "Usage", "check_folder", "main", "wanted"]
