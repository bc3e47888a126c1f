"""The OS database (libosinfo): all systems, what they need, and which one a medium holds.

Loading takes about half a second and reading all of it a third, so this belongs in a worker thread; everything here
blocks, and one `Database` is used by one thread at a time.
"""

import importlib
import re
import subprocess
import warnings
from collections.abc import Iterable
from dataclasses import replace
from datetime import date as date_type
from pathlib import Path
from typing import Any

from vmdesk.media.disc import Disc
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.system import Certainty, Medium, Needs, System
from vmdesk.model.text import text

_FAMILIES_WITH_LOCAL_TIME = ("winnt", "win9x", "win16", "msdos")
# How makers spell themselves on their media -> libosinfo's "distro".
_SPELLINGS = {
    "red hat enterprise linux": "rhel",
    "rhel": "rhel",
    "centos stream": "centos-stream",
    "opensuse leap": "opensuse",
    "opensuse": "opensuse",
    "almalinux": "almalinux",
    "rocky": "rocky",
    "arch": "archlinux",
    "archlinux": "archlinux",
    "oracle linux": "oraclelinux",
    "alpine": "alpinelinux",
    "freebsd": "freebsd",
    "openbsd": "openbsd",
    "netbsd": "netbsd",
}
_VERSION = re.compile(r"\d+(?:\.\d+)*")
# In a label or a file's name: neither the 2 of "qcow2" nor the 64 of "amd64" or "x86_64".
_SAID_VERSION = re.compile(r"(?<![a-z\d.])(?!(?:32|64)(?:bit)?\b)\d+(?:\.\d+)*")
_NO_RELEASE = ("cloud", "cloudimg", "generic", "genericcloud", "nocloud", "server", "live", "disk", "image", "base")
_ARCHITECTURES = {"amd64": "x86_64", "x86_64": "x86_64", "x64": "x86_64", "arm64": "aarch64", "aarch64": "aarch64"}
_ARCHITECTURES |= {"i386": "i686", "i686": "i686", "riscv64": "riscv64", "ppc64el": "ppc64le", "ppc64le": "ppc64le"}
_ARCHITECTURES |= {"s390x": "s390x", "armhf": "armv7l"}


class Database:
    """All that libosinfo knows, read once."""

    def __init__(self) -> None:
        """Load it. VirtError if libosinfo is not installed."""
        self._library = _library()
        loader = self._library.Loader()
        loader.process_default_path()
        self._database = loader.get_db()
        self._systems: dict[str, System] = {}
        self._by_distro: dict[str, list[Any]] = {}
        for one in self._database.get_os_list().get_elements():
            self._by_distro.setdefault(one.get_distro() or "", []).append(one)

    @property
    def systems(self) -> tuple[System, ...]:
        """All of them, newest first within a distribution, families in the order of their names."""
        found = [self._system(one) for one in self._database.get_os_list().get_elements()]
        return tuple(sorted(found, key=lambda one: (one.distro, _newest_first(one.released), one.name)))

    def system(self, id_or_short: str) -> System | None:
        """By URL or short id ("debian11"), chosen by a person; None if unknown."""
        one = self._database.get_os(id_or_short) or next(
            (os for os in self._database.get_os_list().get_elements() if id_or_short in _short_ids(os)), None
        )
        return self._system(one) if one else None

    def identify(self, disc: Disc, arch: str = "") -> Medium:
        """What the disc is: by the database's own patterns, else by what it says of itself."""
        said = architecture(f"{disc.volume} {disc.info}") or arch
        for candidate in dict.fromkeys((said, "x86_64", "aarch64", "i686", "all")):
            if candidate and (found := self._identified(disc, candidate)):
                return found
        system = self._relative(disc.info or disc.volume) or self._relative(disc.volume)
        return Medium(system or System(), said, disc.volume, disc.info, bytes=disc.size)

    def relative(self, words: str) -> System | None:
        """The system that `words` (a label, a name) mean: its newest relative's defaults under its own name."""
        return self._relative(words)

    def native(self, system_id: str) -> Any:
        """libosinfo's own object, for its install scripts."""
        return self._database.get_os(system_id)

    @property
    def osinfo(self) -> Any:
        return self._library

    def _identified(self, disc: Disc, arch: str) -> Medium | None:
        library = self._library
        medium = library.Media.new("vmdesk", arch)
        fields = {
            library.MEDIA_PROP_VOLUME_ID: disc.volume,
            library.MEDIA_PROP_SYSTEM_ID: disc.system,
            library.MEDIA_PROP_PUBLISHER_ID: disc.publisher,
            library.MEDIA_PROP_APPLICATION_ID: disc.application,
        }
        for name, value in fields.items():
            if value:
                medium.set_param(name, value)
        medium.set_param_int64(library.MEDIA_PROP_VOLUME_SIZE, disc.size)
        if not self._database.identify_media(medium):
            return None
        os = medium.get_os()
        if os is None or (os.get_short_id() or "").endswith("unknown"):  # "some Fedora": its own words say more
            return None
        system = _as(self._system(os), Certainty.MEDIA)
        return Medium(
            system,
            medium.get_architecture() if medium.get_architecture() != "all" else arch,
            disc.volume,
            disc.info,
            medium.get_kernel_path() or "",
            medium.get_initrd_path() or "",
            bool(medium.get_live()),
            disc.size,
        )

    def _relative(self, words: str) -> System | None:
        plain = re.sub(r"[\s_/-]+", " ", words).strip().lower()
        for distro in sorted({*_SPELLINGS, *filter(None, self._by_distro)}, key=len, reverse=True):
            spelt = distro.replace("-", " ")
            if not re.search(rf"(?<![a-z0-9]){re.escape(spelt)}(?![a-z])", plain):
                continue
            family = self._by_distro.get(_SPELLINGS.get(distro, distro))
            if not family:
                continue
            after = plain.partition(spelt)[2]
            version = _SAID_VERSION.search(after)
            wanted = _numbers(version.group()) if version else ()
            best = _newest(family, wanted)
            system = self._system(best)
            same = bool(wanted) and _numbers(system.version) == wanted[: len(_numbers(system.version))]
            if same:
                return _as(system, Certainty.MEDIA)
            number = version.group() if version else ""
            name = _spoken(words)
            if name.islower() and system.version and system.version in system.name:  # a file's name: "debian-12-..."
                words_after = (one for one in after.split() if one.isalpha() and one not in _NO_RELEASE)
                spoken = number or next(words_after, "")  # "debian bookworm"
                name = system.name.replace(system.version, spoken).strip()
            return _named(system, name, number)
        return None

    def _system(self, os: Any) -> System:
        system_id = os.get_id()
        if system_id not in self._systems:
            self._systems[system_id] = self._read(os)
        return self._systems[system_id]

    def _read(self, os: Any) -> System:
        firmware = list(os.get_complete_firmware_list(None).get_elements())
        needs_efi = any(one.get_firmware_type() == "bios" and not one.is_supported() for one in firmware)
        distro, version = os.get_distro() or "", os.get_version() or ""
        windows_11 = distro == "win" and needs_efi
        return System(
            id=os.get_id(),
            short_id=os.get_short_id() or "",
            name=os.get_name() or os.get_id(),
            family=os.get_family() or "",
            distro=distro,
            version=version,
            released=os.get_release_date_string() or "",
            ended=_is_past(os.get_eol_date_string() or ""),
            architectures=tuple(sorted({one.get_architecture() for one in os.get_media_list().get_elements()})),
            minimum=_needs(os.get_minimum_resources()),
            recommended=_needs(os.get_recommended_resources()),
            devices=frozenset(one.get_name() for one in os.get_all_devices(None).get_elements() if one.get_name()),
            firmware=frozenset(one.get_firmware_type() for one in firmware if one.is_supported()),
            secure_boot=windows_11,
            tpm=windows_11,
            local_clock=(os.get_family() or "") in _FAMILIES_WITH_LOCAL_TIME,
            unattended=tuple(
                sorted({one.get_profile() for one in os.get_install_script_list().get_elements() if one.get_profile()})
            ),
            certainty=Certainty.CHOSEN,
        )


def architecture(words: str) -> str:
    """The architecture that a label names, in libvirt's word; "" if none."""
    for word in re.split(r"[^a-z0-9_]+", words.lower().replace("x86-64", "x86_64")):
        if word in _ARCHITECTURES:
            return _ARCHITECTURES[word]
    return ""


def add_to_database(archive: Path) -> None:
    """Bring a newer database from a file for this user alone (osinfo-db-import --user). VirtError."""
    what = text("The OS database was not renewed.")
    try:
        result = subprocess.run(
            ["osinfo-db-import", "--user", "--", str(archive.absolute())],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=120,
        )
    except FileNotFoundError:
        next_ = text("Install the package osinfo-db-tools.")
        raise VirtError(Problem(what, text("osinfo-db-import is missing."), next_, name="missing")) from None
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise VirtError(Problem(what, details=str(error), name="osinfo-import")) from None
    if result.returncode:
        why = text("The file is not an archive of the OS database.")
        next_ = text("It is called osinfo-db-DATE.tar.xz; libosinfo.org has the newest.")
        words = result.stderr.decode(errors="replace").strip()
        raise VirtError(Problem(what, why, next_, details=words, name="osinfo-import"))


def _library() -> Any:
    try:
        gi = importlib.import_module("gi")
        gi.require_version("Libosinfo", "1.0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyGObject's own, about the version of the loop's library
            return importlib.import_module("gi.repository.Libosinfo")
    except (ImportError, ValueError) as error:
        raise VirtError(
            Problem(
                text("Operating systems cannot be recognised."),
                text("The OS database (libosinfo) is not installed."),
                text("Install the package gir1.2-libosinfo-1.0 (Fedora, Arch: libosinfo)."),
                details=str(error),
                name="no-osinfo",
            )
        ) from None


def _short_ids(os: Any) -> Iterable[str]:
    return (os.get_short_id(), *(os.get_short_id_list() or ()))


def _needs(resources: Any) -> Needs:
    """Of all architectures the largest wish; libosinfo says -1 where it does not know."""
    vcpus = memory = disk = 0
    for one in resources.get_elements():
        vcpus = max(vcpus, one.get_n_cpus())
        memory = max(memory, one.get_ram())
        disk = max(disk, one.get_storage())
    return Needs(vcpus, memory, disk)


def _numbers(version: str) -> tuple[int, ...]:
    found = _VERSION.search(version)
    return tuple(int(one[:9]) for one in found.group().split(".")[:3]) if found else ()


def _newest(family: list[Any], wanted: tuple[int, ...]) -> Any:
    """The newest of a family that is not newer than `wanted`, else its newest; those without a number come last."""

    def age(os: Any) -> tuple[tuple[int, ...], str]:
        return _numbers(os.get_version() or ""), os.get_release_date_string() or ""

    family = [os for os in family if not (os.get_short_id() or "").endswith("unknown")] or family
    older = [os for os in family if _numbers(os.get_version() or "") and _numbers(os.get_version())[:1] <= wanted[:1]]
    older = [os for os in older if _numbers(os.get_version()) <= wanted] or older
    return max(older if wanted and older else family, key=age)


def _named(relative: System, name: str, version: str) -> System:
    return replace(
        relative,
        name=name,
        version=version,
        released="",
        ended=False,
        stands_for=relative.name,
        certainty=Certainty.RELATIVE,
    )


def _as(system: System, certainty: Certainty) -> System:
    return replace(system, certainty=certainty)


def _spoken(words: str) -> str:
    """`Debian GNU/Linux 12.7.0 "Bookworm" - ...` -> up to the dash; `Fedora-WS-Live-41-1-4` -> `Fedora 41`."""
    if " " in words:
        return words.split(" - ")[0].strip()
    version = _VERSION.search(words)
    name = words[: version.start()] if version else words
    plain = re.sub(r"[-_]+", " ", name.partition("-WS-")[0].partition("-Server-")[0]).strip()
    return f"{plain} {version.group()}" if version else plain


def _newest_first(date: str) -> tuple[int, ...]:
    return tuple(-int(part) for part in date.split("-") if part.isdigit())


def _is_past(date: str) -> bool:
    return bool(date) and date < date_type.today().isoformat()
