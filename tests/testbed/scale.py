"""How often the tests repeat things, and with which chance.

TEST_SCALE (default 0.05; 1 is the full number) scales repetitions, TEST_SEED fixes what is drawn.
"""

import os

SCALE = float(os.environ.get("TEST_SCALE", "0.05"))
SEED = int(os.environ.get("TEST_SEED", "20240607"))


def reps(full: int) -> int:
    """How often to repeat what is repeated `full` times at full scale: at least 5 times."""
    return max(min(5, full), round(full * SCALE))
