"""What Qt itself says, in our language: the menus of text fields, buttons of dialogs. Qt brings no Vietnamese."""

from PySide6.QtCore import QCoreApplication, QLocale, QObject, QTranslator

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

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._asked = False

    def speak(self, language: str) -> None:
        """From now on, in a language of two letters; numbers and dates as the system has them where it speaks it."""
        system = QLocale.system()
        QLocale.setDefault(system if system.name().startswith(language) else QLocale(language))
        # Qt asks about a thousand times while the window is built: in English, it need not.
        if self._asked:
            QCoreApplication.removeTranslator(self)
        self._asked = language != "en"
        if self._asked:
            QCoreApplication.installTranslator(self)

    def isEmpty(self) -> bool:
        return False

    def translate(self, context: str, sourceText: str, disambiguation: str | None = None, n: int = -1) -> str:
        """Qt's own text in our language."""
        return str(_SOURCES.get(sourceText, sourceText))
