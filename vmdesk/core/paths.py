"""Where files are."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
# In an installed wheel the resources lie in the package, in a checkout beside it.
RESOURCES = PACKAGE / "resources" if (PACKAGE / "resources").is_dir() else PACKAGE.parent / "resources"


@dataclass(frozen=True, slots=True)
class Paths:
    """The folders of one user (or of one `--settings-dir`)."""

    settings: Path
    runtime: Path

    @classmethod
    def of(cls, settings_dir: Path | None = None) -> "Paths":
        """`settings_dir`, else $XDG_CONFIG_HOME/vmdesk; the runtime folder is private to that choice."""
        home = Path.home()
        settings = settings_dir or Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "vmdesk"
        settings = settings.absolute()
        base = os.environ.get("XDG_RUNTIME_DIR") or f"/tmp/vmdesk-{os.getuid()}"  # noqa: S108 - made 0700 and checked
        # A unix socket's path may have 107 bytes at most: a short digest, not the path.
        digest = hashlib.sha256(os.fsencode(settings)).hexdigest()[:12]
        return cls(settings, Path(base) / "vmdesk" / digest)

    def make(self) -> None:
        """Create the folders, readable by the user only."""
        for folder in (self.settings, self.runtime):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @property
    def settings_file(self) -> Path:
        return self.settings / "settings.json"

    @property
    def window_file(self) -> Path:
        return self.settings / "window.json"

    @property
    def history_file(self) -> Path:
        return self.settings / "history.sqlite"

    @property
    def activity_file(self) -> Path:
        return self.settings / "activity.sqlite"

    @property
    def definitions_file(self) -> Path:
        return self.settings / "definitions.sqlite"

    @property
    def labels_file(self) -> Path:
        return self.settings / "labels.json"

    @property
    def templates_file(self) -> Path:
        return self.settings / "templates.json"

    @property
    def room_file(self) -> Path:
        """How much was left in storage pools, and when."""
        return self.settings / "room.json"

    @property
    def practice_file(self) -> Path:
        return self.settings / "practice.xml"

    @property
    def pictures_folder(self) -> Path:
        """What was on the screen when a snapshot was taken."""
        return self.settings / "pictures"

    @property
    def journal_folder(self) -> Path:
        return self.settings / "journal"

    @property
    def scratch(self) -> Path:
        """For large files that are on their way somewhere else."""
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vmdesk"

    @property
    def socket(self) -> Path:
        return self.runtime / "window.sock"
