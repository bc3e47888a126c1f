"""A wizard that was left half-way: its draft as JSON, and back. Never a password, nor what may hold one.

Pure: where it is kept is templates.py's.
"""

import contextlib
from dataclasses import replace
from typing import Any

from vmdesk.core import options
from vmdesk.core.creating import templates
from vmdesk.core.creating.draft import NOTHING, Draft, Page, Reviewed, with_source
from vmdesk.core.creating.edited import Edited
from vmdesk.core.options import OptionError
from vmdesk.model.sizes import SizeError
from vmdesk.model.wish import CloudWish, DiskWish, From, Place, Reach, UnattendedWish, Wish

_PLACES = ("media", "kernel", "initrd", "drivers")
_WORDS = ("append", "title", "uuid")
_CLOUD = ("hostname", "network", "address", "gateway")
_SECRETS = ("password", "root_password", "product_key")
_MAY_HOLD_ONE = ("passwd=", "password")  # a definition's screen has its password in it


def written(draft: Draft) -> dict[str, Any]:
    """All that the person chose and that may lie on a disk. `secrets`: there were some."""
    wish, plain = draft.wish, Wish()
    found = templates.written(draft)
    found["source"] = wish.source.value
    found["disks"] = [_disk(disk) for disk in wish.disks]
    if draft.named:
        found["name"] = wish.name
    if draft.networked:
        found["nics"] = [options.written_network(nic) for nic in wish.nics]
    found |= {name: getattr(wish, name) for name in (*_WORDS, "count") if getattr(wish, name) != getattr(plain, name)}
    for name in _PLACES:
        if (place := getattr(wish, name)) is not None:
            found[name] = options.written_place(place)
    if wish.reach is not plain.reach:
        found["reach"] = wish.reach.value
    found |= _told(draft)
    if draft.edited is not None and not _holds_one(draft.edited):
        found["edited"] = [draft.edited.shown, draft.edited.text]
    if draft.reviewed is not None and wish.source is From.XML:
        said = draft.reviewed
        found["reviewed"] = {"digest": said.digest, "name": said.name, "allowed": sorted(said.allowed)}
    if _secret(wish):
        found["secrets"] = True
    return found


def lost(draft: Draft) -> bool:
    """Whether something that was written is not kept, besides passwords of a line."""
    cloud = draft.wish.cloud
    own = cloud is not None and bool(cloud.user_data)
    return own or (draft.edited is not None and _holds_one(draft.edited))


def chosen(values: dict[str, Any]) -> dict[str, Any]:
    """What of it a person must have chosen: a look at another kind of source is no choice yet."""
    left_out = ("source", "secrets", "vcpus", "memory_kib")  # the last two follow the size
    usual = [options.written_disk(DiskWish())]  # a container has none
    return {name: value for name, value in values.items() if name not in left_out and value and value != usual}


def read(values: dict[str, Any], draft: Draft) -> Draft:
    """The draft with all of it; what makes no sense is left out."""
    if values.get("source") in [one.value for one in From]:
        draft = with_source(draft, From(values["source"]))
    draft = templates.read(values, draft)
    wish = draft.wish
    taken: dict[str, Any] = {name: values[name] for name in _WORDS if isinstance(values.get(name), str)}
    for name in _PLACES:
        if (place := _place(values.get(name))) is not None:
            taken[name] = place
    named = isinstance(values.get("name"), str)
    if named:
        taken["name"] = values["name"]
    if type(values.get("count")) is int and values["count"] > 0:
        taken["count"] = values["count"]
    if isinstance(values.get("os"), str):
        taken["os"] = values["os"]
    if values.get("reach") in [one.value for one in Reach]:
        taken["reach"] = Reach(values["reach"])
    with contextlib.suppress(OptionError, SizeError, TypeError):
        taken["disks"] = tuple(options.disk(one) for one in values["disks"]) if "disks" in values else wish.disks
    if isinstance(told := values.get("cloud"), dict) and wish.cloud is not None:
        words = {name: told[name] for name in _CLOUD if isinstance(told.get(name), str)}
        dns = told.get("dns")
        words |= {"dns": tuple(str(one) for one in dns)} if isinstance(dns, list) else {}
        taken["cloud"] = replace(wish.cloud, **words)
    if isinstance(told := values.get("unattended"), dict) and wish.unattended is not None:
        words = {"hostname": told["hostname"]} if isinstance(told.get("hostname"), str) else {}
        taken["unattended"] = replace(wish.unattended, **words)
    edited = values.get("edited")
    mine = None
    if isinstance(edited, list) and len(edited) == 2 and all(isinstance(one, str) for one in edited):
        mine = Edited(edited[0], edited[1])
    return replace(
        draft,
        wish=replace(wish, **taken),
        named=draft.named or named,
        edited=mine,
        reviewed=_reviewed(values.get("reviewed")),
    )


def page(values: dict[str, Any]) -> Page:
    """Where it was left."""
    known = [one.value for one in Page]
    return Page(values["page"]) if values.get("page") in known else Page.WHERE


def called(values: dict[str, Any]) -> str:
    """What it is recognised by: its name, else what it is made from."""
    name = values.get("name")
    if isinstance(name, str) and name:
        return name
    for one in _PLACES:
        if isinstance(place := values.get(one), str):
            return place.rstrip("/").rpartition("/")[2]
    return ""


def _told(draft: Draft) -> dict[str, Any]:
    """What the guest is told, as far as it is no secret."""
    wish, found = draft.wish, dict[str, Any]()
    if wish.cloud is not None:
        cloud, plain = wish.cloud, CloudWish()
        told: dict[str, Any] = {name: getattr(cloud, name) for name in ("user", *_CLOUD) if getattr(cloud, name)}
        told |= {"dns": list(cloud.dns)} if cloud.dns else {}
        told |= {"packages": list(cloud.packages)} if cloud.packages else {}
        if cloud.ssh_keys not in (plain.ssh_keys, draft.keys):
            told["ssh_keys"] = list(cloud.ssh_keys)
        found["cloud"] = told
    if wish.unattended is not None:
        asked = wish.unattended
        names = ("profile", "user", "full_name", "hostname", "language", "keyboard", "timezone")
        found["unattended"] = {name: getattr(asked, name) for name in names}
    return found


def _disk(disk: DiskWish) -> str:
    """One of which the volume is still to be chosen is a new one again."""
    return options.written_disk(replace(disk, source=None) if disk.source == NOTHING else disk)


def _reviewed(said: Any) -> Reviewed | None:
    if not isinstance(said, dict) or not isinstance(said.get("allowed"), list):
        return None
    words = [said.get("digest"), said.get("name"), *said["allowed"]]
    if not all(isinstance(one, str) for one in words):
        return None
    return Reviewed(said["digest"], said["name"], frozenset(said["allowed"]))


def _secret(wish: Wish) -> bool:
    asked = wish.unattended or UnattendedWish()
    return any(getattr(asked, name) for name in _SECRETS) or bool(wish.cloud is not None and wish.cloud.password)


def _holds_one(edited: Edited) -> bool:
    return any(word in edited.text for word in _MAY_HOLD_ONE)


def _place(words: Any) -> Place | None:
    if not isinstance(words, str):
        return None
    with contextlib.suppress(OptionError):
        return options.place(words)
    return None
