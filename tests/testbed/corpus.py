"""Every domain definition of libvirt's own test data, from the distribution's source package.

`fetch` asks apt for the source in a state of its own (the machine's sources.list and caches are not touched) and packs
the definitions into one file in build/. They are not ours to commit: LGPL-2.1+, libvirt's.
"""

import io
import re
import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from pathlib import Path

FILE = Path(__file__).resolve().parents[2] / "build" / "libvirt-domains.zip"
MISSING = "libvirt's source package is not in build/: `make test` fetches it where apt has deb-src"
_KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_PATIENCE = 120  # seconds
_DOMAIN = re.compile(rb"^\s*(<\?.*?\?>\s*)?(<!--.*?-->\s*)*<domain[\s>]", re.DOTALL)


def fetch() -> str:
    """Make FILE if it is not there; "" or why that did not work."""
    if FILE.exists():
        return ""
    if not (shutil.which("apt-get") and _KEYS.exists()):
        return "this is not Debian"
    with tempfile.TemporaryDirectory(prefix="vmdesk-corpus-") as folder:
        try:
            _pack(_download(Path(folder)))
        except (OSError, subprocess.SubprocessError, StopIteration, tarfile.TarError) as error:
            return f"libvirt's source package could not be fetched: {error}"
    return ""


def definitions() -> dict[str, str]:
    """Path below libvirt's tests/ -> the text. {} where it was not fetched."""
    if not FILE.exists():
        return {}
    with zipfile.ZipFile(FILE) as packed:
        return {name: packed.read(name).decode() for name in packed.namelist()}


def _download(folder: Path) -> Path:
    release = re.search(r"^VERSION_CODENAME=(\w+)", Path("/etc/os-release").read_text(), re.MULTILINE)
    if release is None:
        raise OSError("/etc/os-release names no release")
    for name in ("lists/partial", "cache/archives/partial", "parts", "source"):
        (folder / name).mkdir(parents=True)
    (folder / "parts" / "source.sources").write_text(
        f"Types: deb-src\nURIs: http://deb.debian.org/debian\nSuites: {release[1]}\nComponents: main\n"
        f"Signed-By: {_KEYS}\n"
    )
    own = {
        "Dir::Etc::SourceList": "/dev/null",
        "Dir::Etc::SourceParts": folder / "parts",
        "Dir::State::Lists": folder / "lists",
        "Dir::Cache": folder / "cache",
        "APT::Sandbox::User": "",
        "Acquire::Retries": 2,
    }
    apt = ["apt-get", "-qq", *(word for name, value in own.items() for word in ("-o", f"{name}={value}"))]
    for words in (["update"], ["source", "--download-only", "libvirt"]):
        subprocess.run(
            [*apt, *words], cwd=folder / "source", check=True, timeout=_PATIENCE, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
    return next((folder / "source").glob("libvirt_*.orig.tar.*"))


def _pack(archive: Path) -> None:
    FILE.parent.mkdir(exist_ok=True)
    packed = io.BytesIO()
    with tarfile.open(archive) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as ours:
        for member in source:
            _, _, name = member.name.partition("/tests/")
            if not (name.endswith(".xml") and member.isreg()):
                continue
            opened = source.extractfile(member)
            text = opened.read() if opened else b""
            if _DOMAIN.match(text):
                ours.writestr(name, text)
    new = FILE.with_suffix(".new")
    new.write_bytes(packed.getvalue())
    new.replace(FILE)


if __name__ == "__main__":
    print(fetch() or FILE)
