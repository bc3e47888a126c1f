"""The display and the accessibility bus themselves: a window of a child process is found by its name."""

import os
import subprocess
import sys

from tests.live.accessibility import Atspi, application, find

PROGRAM = """
from PySide6.QtWidgets import QApplication, QPushButton
app = QApplication([])
button = QPushButton("Press me")
button.setWindowTitle("A window")
button.clicked.connect(app.quit)
button.show()
app.exec()
"""


def test_window_is_seen_and_pressed(a11y_bus: dict[str, str]) -> None:
    with subprocess.Popen([sys.executable, "-c", PROGRAM], env=os.environ | a11y_bus) as process:
        try:
            button = find(application(process.pid), Atspi.Role.PUSH_BUTTON, "Press me")
            assert button.get_action_iface().do_action(0)
            assert process.wait(20) == 0
        finally:
            process.kill()
