"""Where a file goes that cannot be used: beside the place it had, under a name of its own."""

import time
from pathlib import Path


def free_name(file: Path) -> Path:
    """`NAME.broken-TIME`, or with a number where that is taken: nothing set aside earlier is lost."""
    stem = file.name + time.strftime(".broken-%Y%m%d-%H%M%S")
    names = (stem, *(f"{stem}-{n}" for n in range(1, 1000)))
    return next(path for name in names if not (path := file.with_name(name)).exists())
