"""Small text files of this account: public SSH keys, definitions. Everything here blocks."""

from pathlib import Path

from vmdesk.media.image import unreadable
from vmdesk.media.seed import is_public_key
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import text

LARGEST = 4 << 20  # bytes of a definition
_MOST = 20  # files


def public(home: Path) -> tuple[str, ...]:
    """The public SSH keys of a home folder, ed25519 first; () if there are none."""
    found = []
    try:
        files = sorted((home / ".ssh").glob("*.pub"))[:_MOST]
    except OSError:
        return ()
    for file in files:
        try:
            line = file.read_text(encoding="utf-8", errors="replace")[:16_384].strip()
        except OSError:
            continue
        if is_public_key(line):
            found.append(line)
    return tuple(sorted(found, key=lambda line: not line.startswith("ssh-ed25519")))


def text_of(path: str) -> str:
    """The text of a small file. VirtError if it cannot be read, or is none."""
    try:
        with open(path, "rb") as opened:
            data = opened.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    if len(data) > LARGEST:
        raise VirtError(Problem(text("{path} is too large.", path=path), name="too-large"))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise VirtError(Problem(text("{path} is not text in UTF-8.", path=path), name="not-text")) from None
