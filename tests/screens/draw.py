"""Draws the scenes of one scale: `python -m tests.screens.draw FOLDER SCALE`; each becomes FOLDER/NAME.png.

A process of its own, because scale, font and the time of day must be set before anything is loaded: the clock stands
still at company.NOW, and of all fonts there is only the one beside this file, drawn without hinting.
"""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.screens import company

HERE = Path(__file__).resolve().parent
SIZE = (1200, 720)
SMALL = (800, 520)
NARROW = (900, 600)

# name -> (what is shown, look, language, size)
SCENES: dict[int, dict[str, tuple[str, str, str, tuple[int, int]]]] = {
    1: {
        "machines-light": ("machines", "light", "en", SIZE),
        "machines-dark": ("machines", "dark", "en", SIZE),
        "machines-vi": ("machines", "light", "vi", SIZE),
        "machine-light": ("machine", "light", "en", SIZE),
        "machine-dark-vi": ("machine", "dark", "vi", SIZE),
        "activity-light": ("activity", "light", "en", SIZE),
        "preferences-dark": ("preferences", "dark", "en", SIZE),
        "preferences-vi": ("preferences", "light", "vi", SIZE),
        "xml-light": ("xml", "light", "en", SIZE),
        "xml-edit-dark": ("xml-edit", "dark", "en", SIZE),
        "xml-edit-vi": ("xml-edit", "light", "vi", SIZE),
        "xml-differences-light": ("xml-differences", "light", "en", SIZE),
        "xml-three-way-light": ("xml-three-way", "light", "en", SIZE),
        "xml-conflict-dark": ("xml-conflict", "dark", "en", SIZE),
        "new-light": ("new", "light", "en", SIZE),
        "new-machine-dark": ("new-machine", "dark", "en", SIZE),
        "new-machine-vi": ("new-machine", "light", "vi", NARROW),
        "new-details-light": ("new-details", "light", "en", SIZE),
        "new-summary-light": ("new-summary", "light", "en", SIZE),
        "snapshots-light": ("snapshots", "light", "en", SIZE),
        "snapshots-dark-vi": ("snapshots", "dark", "vi", NARROW),
        "snapshots-none-light": ("snapshots-none", "light", "en", NARROW),
        "snapshots-files-light": ("snapshots-files", "light", "en", SIZE),
        "snapshots-files-dark-vi": ("snapshots-files", "dark", "vi", NARROW),
        "trash-light": ("trash", "light", "en", SIZE),
        "trash-dark-vi": ("trash", "dark", "vi", NARROW),
        "trash-empty-dark": ("trash-empty", "dark", "en", SIZE),
        "snapshot-take-dark": ("snapshot-take", "dark", "en", NARROW),
        "hardware-light": ("hardware", "light", "en", SIZE),
        "hardware-card-dark-vi": ("hardware-card", "dark", "vi", NARROW),
        "limits-light": ("limits", "light", "en", SIZE),
        "limits-dark-vi": ("limits", "dark", "vi", SIZE),
        "history-dark": ("history", "dark", "en", SIZE),
        "pending-light": ("pending", "light", "en", SIZE),
        "storage-light": ("storage", "light", "en", SIZE),
        "storage-dark-vi": ("storage", "dark", "vi", NARROW),
        "clone-light": ("clone", "light", "en", NARROW),
        "delete-dark": ("delete", "dark", "en", SIZE),
    },
    2: {
        "machines-light-2x": ("machines", "light", "en", SMALL),
        "snapshots-light-2x": ("snapshots", "light", "en", SMALL),
        "xml-edit-light-2x": ("xml-edit", "light", "en", SMALL),
        "hardware-boot-dark-2x": ("hardware-boot", "dark", "en", SMALL),
        "limits-light-2x": ("limits", "light", "en", SMALL),
        "storage-light-2x": ("storage", "light", "en", SMALL),
        "new-dark-2x": ("new", "dark", "en", SMALL),
    },
}

_FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>
<dir>{fonts}</dir><cachedir>{cache}</cachedir>
<match target="font"><edit name="antialias"><bool>true</bool></edit><edit name="hinting"><bool>false</bool></edit>
<edit name="hintstyle"><const>hintnone</const></edit><edit name="autohint"><bool>false</bool></edit>
<edit name="rgba"><const>none</const></edit></match>
<alias binding="same"><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias></fontconfig>
"""


def surroundings(folder: Path, scale: int) -> dict[str, str]:
    """The environment for this program; writes its font settings into `folder`."""
    file = folder / "fonts.conf"
    file.write_text(_FONTS.format(fonts=HERE / "font", cache=folder / "cache"))
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return kept | {
        "HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
        "XDG_RUNTIME_DIR": str(folder),
        "FONTCONFIG_FILE": str(file),
        "QT_QPA_PLATFORM": "offscreen",
        "QT_SCALE_FACTOR": str(scale),
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
    }


def main() -> int:
    folder, scale = Path(sys.argv[1]), int(sys.argv[2])
    time.time = lambda: company.NOW
    from tests.screens import scenes

    for name, picture in _drawn(scale, scenes, folder):
        picture.save(str(folder / f"{name}.png"))
    return 0


def _drawn(scale: int, scenes: "object", folder: Path) -> "Iterator[tuple[str, object]]":
    for name, scene in SCENES[scale].items():
        yield name, scenes.draw(*scene, folder)  # type: ignore[attr-defined]


if __name__ == "__main__":
    sys.exit(main())
