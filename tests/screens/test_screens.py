"""The main pages look as they did when somebody last looked at them."""

import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from tests.screens import draw
from tests.screens.compare import compare

GOLDEN = Path(__file__).resolve().parent / "golden"
NAMES = [(scale, name) for scale, scenes in draw.SCENES.items() for name in scenes]


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with today's pictures."""
    folder = tmp_path_factory.mktemp("screens")
    for scale in draw.SCENES:
        subprocess.run(
            [sys.executable, "-m", "tests.screens.draw", str(folder), str(scale)],
            env=draw.surroundings(folder, scale), cwd=GOLDEN.parent.parent.parent, check=True, timeout=100,
        )  # fmt: skip
    return folder


@pytest.mark.parametrize(("scale", "name"), NAMES, ids=[name for _, name in NAMES])
def test_screen(scale: int, name: str, drawn: Path, update_screens: bool) -> None:
    found = QImage(str(drawn / f"{name}.png"))
    assert not found.isNull()
    file = GOLDEN / f"{name}.png"
    if update_screens:
        found.convertToFormat(QImage.Format.Format_RGB888).save(str(file))
    difference = compare(QImage(str(file)), found)
    if difference.picture:
        difference.picture.save(str(drawn / f"{name}-different.png"))
    assert difference.small, f"{difference.part:.2%} differs: see {drawn}/{name}*.png, then --update-screens"


def test_no_picture_without_a_scene() -> None:
    assert {file.stem for file in GOLDEN.glob("*.png")} == {name for _, name in NAMES}
