"""What Qt itself says, in our language: the menus of text fields, buttons of dialogs. Qt brings no Vietnamese."""

from PySide6.QtCore import QTranslator

from vmdesk.model.text import Text, text

_TEXTS: tuple[Text, ...] = (
    text("&Undo"),
    text("&Redo"),
    text("Cu&t"),
    text("&Copy"),
    text("&Paste"),
    text("Delete"),
    text("Select All"),
    text("Copy &Link Location"),
    text("&Step up"),
    text("Step &down"),
    text("Press shortcut"),
    text("OK"),
    text("&OK"),
    text("Cancel"),
    text("&Cancel"),
    text("Close"),
    text("&Close"),
    text("&Yes"),
    text("&No"),
    text("Scroll Left"),
    text("Scroll Right"),
)
_SOURCES = {one.source: one for one in _TEXTS}


class QtWords(QTranslator):
    """Asked by Qt for each text of its own; what is not known stays English."""

    def isEmpty(self) -> bool:
        return False

    def translate(self, context: str, sourceText: str, disambiguation: str | None = None, n: int = -1) -> str:
        """Qt's own text in our language."""
        return str(_SOURCES.get(sourceText, sourceText))
