"""A field for a size: shown and typed as people write it."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QValidator
from PySide6.QtWidgets import QSpinBox

from vmdesk.model import sizes
from vmdesk.model.sizes import MIB, SizeError
from vmdesk.virtxml.build.complaint import in_words


class SizeBox(QSpinBox):
    """A size in MiB, shown and typed as people write it. bare: the unit of a figure without one."""

    def __init__(self, bare: int) -> None:
        super().__init__()
        self._bare = bare
        self.setRange(1, 2**31 - 1)
        self.setKeyboardTracking(False)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)

    def textFromValue(self, value: int) -> str:
        return in_words(value * MIB)

    def valueFromText(self, words: str) -> int:
        return self._read(words) or self.value()

    def validate(self, words: str, place: int) -> tuple[QValidator.State, str, int]:
        state = QValidator.State.Acceptable if self._read(words) else QValidator.State.Intermediate
        return state, words, place

    def stepBy(self, steps: int) -> None:
        value = self.value()
        step = 256 if value < 4096 else 1024 if value < 65536 else 10240
        self.setValue(max(step, (value // step + steps) * step))

    def _read(self, words: str) -> int | None:
        try:
            found = sizes.memory_kib(words) * 1024 if self._bare == MIB else sizes.disk_bytes(words)
        except SizeError:
            return None
        return max(found // MIB, 1) if found < 2**31 * MIB else None
