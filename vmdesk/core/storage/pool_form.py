"""The form for a new pool: its rows for a kind, and the wish that their values are."""

from collections.abc import Mapping

from vmdesk.core.hardware.sheet import Field as Row
from vmdesk.core.hardware.sheet import Kind as Control
from vmdesk.core.hardware.sheet import Part, Value, choice, switch
from vmdesk.core.storage.kinds import BY_ID, KINDS, Ask, Field, Kind, Make, PoolWish, refusals
from vmdesk.core.storage.work import Able
from vmdesk.model.storage import PoolSource
from vmdesk.model.text import Text, text

PASSWORD = "password"  # noqa: S105 - the name of a field


def first_kind(able: Able) -> str:
    """What is shown first: what can be made."""
    off = refusals(able.pools)
    return next((kind.id for kind in KINDS if kind.id not in off), KINDS[0].id)


def rows(kind: Kind, able: Able) -> tuple[Row | Part, ...]:
    """Name and kind, what the kind asks for, what becomes of its source."""
    found: list[Row | Part] = [
        Row("name", text("Name"), Control.TEXT, ""),
        Row(
            "kind",
            text("Kind"),
            Control.CHOICE,
            kind.id,
            tuple((one.id, one.title) for one in KINDS),
            kind.about,
            off=tuple(refusals(able.pools).items()),
        ),
    ]
    formats = next((one.formats for one in able.pools if one.kind == kind.id), ())
    found += [_row(ask, formats, able) for ask in kind.asks]
    if kind.login:
        hint = text("Ceph's key of the user.") if kind.login == "ceph" else None
        kept = text("libvirt keeps it and gives it to nobody.")
        why = None if able.encrypts else text("This host keeps no passwords.")
        label = text("Key") if kind.login == "ceph" else text("Password")
        both = text("{hint} {more}", hint=str(hint), more=str(kept)) if hint else kept
        found.append(Row(PASSWORD, label, Control.HIDDEN, "", hint=None if why else both, why=why))
    if kind.makes:
        offered = [(Make.KEEP.value, kind.keep), *((make.value, words) for make, words in kind.makes)]
        found.append(choice("make", text("What is on it"), Make.KEEP.value, offered))
    return tuple(found)


def switches() -> tuple[Row, ...]:
    """When it is switched on."""
    return (
        switch("start", text("Switch it on now"), True),
        switch("autostart", text("Switch it on with the host"), True),
    )


def _row(ask: Ask, formats: tuple[str, ...], able: Able) -> Row:
    name = ask.field.value
    if ask.field is Field.FORMAT:
        # libvirt's list has words for what nobody has any more; those of the table come first.
        words = [one for one in ask.choices if not formats or one in formats]
        words += [one for one in formats if one not in words and one not in ("unknown", "lvm2")]
        words = words or list(ask.choices)
        return choice(name, ask.label, words[0], [(one, one) for one in words], ask.hint)
    why = None
    if ask.field is Field.USER and not able.encrypts:
        why = text("This host keeps no passwords.")
    return Row(name, ask.label, Control.TEXT, "", hint=None if why else ask.hint, why=why)


def examples(kind: Kind) -> dict[str, str]:
    """What stands in an empty field."""
    return {ask.field.value: ask.example for ask in kind.asks if ask.example and not ask.choices}


def wish_of(values: Mapping[str, Value], able: Able, secret: str, written: str = "") -> PoolWish:
    """What the form says; `secret`: the UUID for its password."""
    kind = BY_ID[str(values.get("kind"))]
    said: list[tuple[Field, str]] = []
    for row in rows(kind, able):
        if isinstance(row, Row) and row.name in _FIELDS and row.why is None:
            said.append((_FIELDS[row.name], str(values.get(row.name, row.value))))
    asked = bool(kind.login) and able.encrypts
    return PoolWish(
        str(values.get("name", "")).strip(),
        kind.id,
        tuple(said),
        autostart=bool(values.get("autostart", True)),
        start=bool(values.get("start", True)),
        make=Make(str(values.get("make", Make.KEEP.value))) if kind.makes else Make.KEEP,
        password=str(values.get(PASSWORD, "")) if asked else "",
        secret=secret,
        written=written,
    )


_FIELDS = {field.value: field for field in Field}


def can_look(wish: PoolWish) -> Text | None:
    """Why libvirt cannot look for a source now; None: it can."""
    how = BY_ID[wish.kind].finds
    if not how:
        return text("libvirt cannot look for this kind.")
    if how == "host" and not dict(wish.said).get(Field.HOST, "").strip():
        return text("Say which server first.")
    return None


def found_words(kind: Kind, source: PoolSource) -> str:
    """One of what was found, in a line."""
    words = (source.name, *source.devices[: 1 if not source.name else 0], source.folder, source.adapter)
    said = " ".join(one for one in words if one)
    return f"{said} ({source.format})" if kind.id == "netfs" and source.format else said
