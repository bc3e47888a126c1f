"""A storage pool that is wanted: what its kind asks for, what is wrong with it, its definition."""

import base64
import binascii
import re
import uuid as uuids
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as part

from vmdesk.core.storage.rows import Row
from vmdesk.model.pool_kinds import BY_ID, KINDS, SEVERAL, Ask, Field, Kind, Make
from vmdesk.model.storage import Login, PoolAbility, PoolSource
from vmdesk.model.text import Text, text
from vmdesk.virtxml import pools as pools_xml
from vmdesk.virtxml.document import XmlError

__all__ = [
    "BY_ID",
    "KINDS",
    "Ask",
    "Field",
    "Kind",
    "Make",
    "PoolWish",
    "holders",
    "kind_words",
    "new_secret",
    "refusals",
    "said_of",
]

_IQN = re.compile(r"(iqn|eui|naa)\.\S+")
_HOST = re.compile(r"[^\s,/]+")
_FIELDS = {
    Field.FOLDER: "folder",
    Field.SOURCE: "name",
    Field.FORMAT: "format",
    Field.INITIATOR: "initiator",
    Field.ADAPTER: "adapter",
    Field.WWNN: "wwnn",
    Field.WWPN: "wwpn",
    Field.VERSION: "version",
}


def kind_words(kind: str) -> str:
    """`Folder`; libvirt's own word for what is not known here."""
    return str(BY_ID[kind].title) if kind in BY_ID else kind


def refusals(known: Iterable[PoolAbility]) -> dict[str, Text]:
    """The kinds that cannot be made on a host, with the reason."""
    able = {one.kind: one.supported for one in known}
    return {kind.id: _refusal(kind, kind.id in able) for kind in KINDS if not able.get(kind.id, False)}


def _refusal(kind: Kind, heard_of: bool) -> Text:
    if not heard_of or kind.id == "sheepdog":
        return text("This host's libvirt does not know this kind.")
    if not kind.package:
        return text("This host's libvirt was built without it.")
    return text(
        "This host's libvirt lacks its part for it; the package is libvirt-daemon-driver-storage-{part}.",
        part=kind.package,
    )


def said_of(kind: Kind, source: PoolSource) -> dict[Field, str]:
    """What libvirt found, as the fields of that kind."""
    found = {field: str(getattr(source, name)) for field, name in _FIELDS.items()}
    found[Field.HOST], found[Field.DEVICE] = ", ".join(source.hosts), ", ".join(source.devices)
    if kind.id == "logical":
        found[Field.DEVICE] = ""  # those of a group that is there are its own affair
    return {field: words for field, words in found.items() if words and field in kind.fields}


def holders(rows: Iterable[Row], devices: Iterable[str]) -> list[tuple[str, str]]:
    """Machines with a disk on one of these devices or on a partition of it, each with the path."""
    found = {
        (user.machine, row.image.path)
        for row in rows
        for user in row.users
        if any(row.image.path.startswith(device) for device in devices)
    }
    return sorted(found)


def new_secret() -> str:
    """The UUID for a secret that is not kept yet."""
    return str(uuids.uuid4())


@dataclass(frozen=True, slots=True)
class PoolWish:
    """A pool to be made.

    said      what the kind asks for
    password  of the user in `said`; libvirt keeps it under the UUID `secret`
    written   its definition as the person wrote it, instead of what the rest says
    """

    name: str
    kind: str
    said: tuple[tuple[Field, str], ...] = ()
    autostart: bool = True
    start: bool = True
    make: Make = Make.KEEP
    password: str = part(default="", repr=False)
    secret: str = ""
    written: str = part(default="", repr=False)

    @property
    def destroys(self) -> tuple[str, ...]:
        """The devices of which nothing is left."""
        if self.make is not Make.OVERWRITE:
            return ()
        try:
            return pools_xml.parse_source(self.xml()).devices
        except XmlError:
            return ()

    @property
    def login(self) -> str:
        """The kind of login that its definition names the secret for: chap, ceph; "" for none."""
        try:
            login = pools_xml.parse_source(self.xml()).login
        except XmlError:
            return ""
        return login.kind if login is not None and login.secret == self.secret else ""

    @property
    def keeps_secret(self) -> bool:
        """Whether there is a password to be kept for it."""
        return bool(self.password) and bool(self.secret) and bool(self.login)

    def secret_value(self) -> bytes:
        """The password as libvirt wants it: Ceph's keys without the letters they are written in. Raises ValueError."""
        if self.kind != "rbd":
            return self.password.encode()
        return base64.b64decode(self.password.strip(), validate=True)

    def problem(self) -> Text | None:
        """What is wrong with it, in words."""
        if self.written:
            return self._problem_written()
        if not self.name.strip():
            return text("Give it a name.")
        if "/" in self.name or self.name.startswith("."):
            return text('A name cannot have "/" in it, and does not begin with a dot.')
        said = dict(self.said)
        for ask in BY_ID[self.kind].asks:
            wrong = self._problem_field(ask, said.get(ask.field, "").strip())
            if wrong is not None:
                return wrong
        wrong = self._problem_together({field: words.strip() for field, words in said.items()})
        if wrong is not None:
            return wrong
        try:
            self.xml()
        except XmlError:
            return text("There is a character in it that cannot be written.")
        return None

    def _problem_written(self) -> Text | None:
        try:
            pool = pools_xml.parse(self.written)
        except XmlError as error:
            return text("It cannot be read: {words}", words=str(error))
        if not pool.name.strip():
            return text("Give it a name.")
        return self._problem_secret() if self.keeps_secret else None

    def _problem_field(self, ask: Ask, words: str) -> Text | None:
        label = str(ask.label)
        if not words:
            needed = not ask.optional or (ask.field is Field.DEVICE and self.make is not Make.KEEP)
            return text("Say this, too: {field}.", field=label) if needed else None
        parts = _parts(words) if ask.field in SEVERAL else [words]
        if not parts:
            return text("Say this, too: {field}.", field=label)
        if ask.most and len(parts) > ask.most:
            return text("{field}: only one.", field=label)
        for one in parts:
            if ask.field is Field.INITIATOR or (ask.field is Field.DEVICE and self.kind.startswith("iscsi")):
                if not _IQN.fullmatch(one):
                    return text("{field}: such a name begins with iqn.", field=label)
            elif ask.field is Field.HOST:
                if not _HOST.fullmatch(one):
                    return text("{field}: a name or an address, without anything else.", field=label)
            elif _is_path(self.kind, ask.field, dict(self.said)) and not one.startswith("/"):
                return text("{field}: a path begins with /.", field=label)
        return None

    def _problem_together(self, said: Mapping[Field, str]) -> Text | None:
        if self.kind == "scsi":
            port = bool(said.get(Field.WWNN)), bool(said.get(Field.WWPN))
            if any(port) != all(port) or all(port) == bool(said.get(Field.ADAPTER)):
                return text("Say either the adapter, or both names of a Fibre Channel port.")
        if self.make is not Make.KEEP and self.kind == "fs" and said.get(Field.FORMAT, "auto") == "auto":
            return text("Say which file system is to be made.")
        if self.password and not said.get(Field.USER):
            return text("A password needs a user.")
        if said.get(Field.USER) and not self.password:
            return text("The user has a password: say it, too.")
        return self._problem_secret() if self.password else None

    def _problem_secret(self) -> Text | None:
        try:
            self.secret_value()
        except (ValueError, binascii.Error):
            user = dict(self.said).get(Field.USER, "")
            return text("This is no key of Ceph: “ceph auth get-key client.{user}” tells it.", user=user)
        return None

    def source(self) -> PoolSource:
        """What is said, as libvirt names it."""
        said = {field: words.strip() for field, words in self.said if words.strip()}
        kind = BY_ID[self.kind]
        plain = {name: said[field] for field, name in _FIELDS.items() if field in said and field in kind.fields}
        if self.kind == "logical":
            plain["format"] = "lvm2"
        if plain.get("format", "nfs") not in ("nfs", "auto"):
            plain.pop("version", None)
        user = said.get(Field.USER, "") if kind.login else ""
        return PoolSource(
            hosts=tuple(_parts(said.get(Field.HOST, ""))),
            devices=tuple(_parts(said.get(Field.DEVICE, ""))),
            login=Login(kind.login, user, self.secret) if user else None,
            **plain,
        )

    def xml(self) -> str:
        """Raises XmlError."""
        if self.written:
            return self.written
        said = {field: words.strip() for field, words in self.said if words.strip()}
        target = said.get(Field.TARGET, "") or BY_ID[self.kind].target.format(source=said.get(Field.SOURCE, ""))
        return pools_xml.build(self.name.strip(), target, kind=self.kind, source=self.source())


def _parts(words: str) -> list[str]:
    return [one.strip() for one in words.split(",") if one.strip()]


def _is_path(kind: str, field: Field, said: Mapping[Field, str]) -> bool:
    if field is Field.FOLDER and kind == "netfs":
        return said.get(Field.FORMAT, "nfs") in ("nfs", "auto")
    return field in (Field.TARGET, Field.FOLDER, Field.DEVICE)
