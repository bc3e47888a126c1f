"""A mediated device of the host: one that is there, or a new one."""

import uuid as uuids
from collections.abc import Sequence

from vmdesk.core.hardware.additions.form import Addition, Around, Work
from vmdesk.core.hardware.sheet import Field, Kind, Value, Values, choice, switch
from vmdesk.model.host_devices import HostMdev, MdevType
from vmdesk.model.text import Text, text
from vmdesk.virt import mdevs
from vmdesk.virt.connection import Connection
from vmdesk.virtxml.edit import EditError, devices

_API = "vfio-pci"


def mdev(near: Around) -> Addition:
    found, kinds = near.devices.mdev, near.devices.slices
    fresh = str(uuids.uuid4())
    free = next((one.uuid for one in found if one.uuid not in near.holders), "")
    fields: list[Field] = []
    if found:
        offered: list[tuple[str, Text | str]] = [(one.uuid, _words(one, near)) for one in found]
        fields.append(choice("device", text("Device"), free or found[0].uuid, offered))
    if found and kinds:
        fields.append(switch("new", text("Make a new one"), not free))
    if kinds:
        needs = "new" if found else ""
        stays = text("It stays when the host is restarted")
        fields += [_kind(kinds, needs), Field("lasting", stays, Kind.SWITCH, True, needs=needs)]

    def is_new(values: Values) -> bool:
        return bool(kinds) and (not found or bool(values.get("new")))

    def chosen(values: Values) -> MdevType:
        one = next((each for each in kinds if each.key == values.get("kind")), None)
        if one is None or one.left < 1:
            raise EditError(text("None of this kind can be made any more: delete one first."))
        return one

    def make(values: Values) -> tuple[Text, str]:
        if is_new(values):
            uuid, api = fresh, chosen(values).api
        else:
            uuid = str(values["device"])
            if holder := near.holders.get(uuid):
                raise EditError(text("{name} has it. Remove it there first.", name=holder))
            api = _api_of(next((one for one in found if one.uuid == uuid), None), kinds)
        return text("Mediated device {uuid}", uuid=uuid), devices.mdev_fragment(uuid, api or _API)

    def before(values: Values) -> tuple[Text, Work] | None:
        if not is_new(values):
            return None
        kind, lasting = chosen(values), bool(values.get("lasting"))

        async def work(connection: Connection) -> None:
            await mdevs.create(connection, kind, fresh, lasting)

        return text("Making a mediated device of {what}", what=kind.what), work

    async def undo(connection: Connection) -> None:
        await mdevs.delete(connection, fresh)

    def delete(values: Values) -> tuple[str, Text | None]:
        uuid = str(values.get("device") or "")
        if not uuid:
            return "", text("There is none to be deleted.")
        holder = near.holders.get(uuid)
        return uuid, text("{name} has it. Remove it there first.", name=holder) if holder else None

    def notes(values: Values) -> Sequence[Text]:
        if not is_new(values):
            one = next((each for each in found if each.uuid == values.get("device")), None)
            off = one is not None and not one.active
            return (text("It is defined, but not there now: the machine does not start before it is."),) if off else ()
        said = [text("It is made on the host first, and taken back if the machine cannot have it.")]
        if not values.get("lasting"):
            said.append(text("It is gone when the host is restarted; the machine does not start without it."))
        return said

    why: Text | None = None
    if not found and not any(one.left for one in kinds):
        why = near.problem or text("The host has no mediated devices, and no device that can be divided into them.")
        if kinds and near.problem is None:
            why = text("The host's devices are divided up: no mediated device can be made any more.")
    return Addition(
        "mdev",
        text("Mediated device"),
        "card",
        tuple(fields),
        make,
        why,
        notes=notes,
        before=before,
        undo=undo,
        delete=delete if found else None,
    )


def _kind(kinds: Sequence[MdevType], needs: str) -> Field:
    offered: list[tuple[Value, Text | str]] = [
        (
            one.key,
            text("{name} of {what}, {n} left", name=_name(one), what=one.what, n=one.left),
        )
        for one in kinds
    ]
    off = tuple((one.key, text("None of these can be made any more.")) for one in kinds if one.left < 1)
    first = next((one.key for one in kinds if one.left > 0), kinds[0].key)
    return Field("kind", text("Kind"), Kind.CHOICE, first, tuple(offered), off=off, needs=needs)


def _name(one: MdevType) -> str:
    return f"{one.name} ({one.id})" if one.name else one.id


def _words(one: HostMdev, near: Around) -> Text | str:
    if holder := near.holders.get(one.uuid):
        return text("{uuid} ({kind}), {name} has it", uuid=one.uuid, kind=one.type, name=holder)
    return f"{one.uuid} ({one.type})"


def _api_of(one: HostMdev | None, kinds: Sequence[MdevType]) -> str:
    if one is None:
        return ""
    return next((kind.api for kind in kinds if kind.id == one.type and kind.parent == one.parent), "")
